"""Idempotency keys: how they are made, and how long they may be used.

Xero remembers a key for six minutes from the first call that carried it, whatever is sent after; later the same key
runs the write again. So all attempts of one write end well before that. Keys belong to the app and not to the tenant,
which is why the tenant is part of them; and a key made from the body alone would take the third of three updates
A, B, A for the first, which is why the rest is random.
"""

from __future__ import annotations

from uuid import uuid4

from ..wire.errors import InvalidArgument

__all__ = ["KEY_LENGTH", "KEY_LIFE", "KEY_USE", "check_key", "new_key"]

# https://developer.xero.com/documentation/guides/idempotent-requests/idempotency/
KEY_LENGTH = 128
"""The most characters that Xero takes."""
KEY_LIFE = 360.0
"""Seconds for which Xero remembers a key."""
KEY_USE = 240.0
"""Seconds for which this package sends a key again, so that the last attempt is answered while the key lives."""


def new_key(tenant: str) -> str:
    """Return a key for one write of a tenant, never made before: `<tenant>:<uuid>`, cut to what Xero takes."""
    unique = f":{uuid4()}"
    return check_key(tenant[: KEY_LENGTH - len(unique)] + unique)


def check_key(key: str) -> str:
    """Return a key that the caller brings, or raise `InvalidArgument` where a header cannot carry it to Xero."""
    if not 0 < len(key) <= KEY_LENGTH:
        raise InvalidArgument(f"An idempotency key has 1 to {KEY_LENGTH} characters, and this one {len(key)}.")
    if not (key.isascii() and key.isprintable()) or key != key.strip():
        raise InvalidArgument("An idempotency key is plain ASCII, with no control characters and no space at its ends.")
    return key
