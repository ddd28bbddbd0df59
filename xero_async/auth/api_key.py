"""The keys of the Xero Network API v1: one for the partner who calls, and one for each organisation.

Both ride in the address of every call, where logs and errors would tell them to everybody. So a request is made without
them, and they are added as it goes out. Organisations go by a digest of their key: that is what limits, hooks and
errors get to see.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final
from urllib.parse import quote

from ..wire.errors import InvalidArgument
from .base import Sealed, Sender

__all__ = ["ApiKey"]

# http://blog.xero.com/developer/get-apixro10accounts/
NAMES: Final = ("apiKey", "xeroKey")


class ApiKey:
    """The partner's key. Raises `InvalidArgument` for what cannot be one.

    With it, `Xero(ApiKey(key), base_url=...).network_v1(xero_key)` is an organisation.
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = Sealed(key=_checked(api_key, "an API key"))
        self._xero_keys = Sealed()

    def __repr__(self) -> str:
        return "ApiKey(...)"

    def organisation(self, xero_key: str) -> str:
        """What an organisation is known by here, given the key that its owner gave out: a digest, which tells nothing.

        Raises `InvalidArgument` for what cannot be a key.
        """
        checked = _checked(xero_key, "a Xero key")
        known_as = f"network-{sha256(checked.encode()).hexdigest()[:16]}"
        self._xero_keys[known_as] = checked
        return known_as

    def sign(self, target: str, tenant: str | None, /) -> str:
        """Path and query with both keys, for an organisation. Raises `InvalidArgument` for one that is not known."""
        xero_key = self._xero_keys.get(tenant or "")
        if xero_key is None:
            raise InvalidArgument("an ApiKey opens the Network API v1 alone: call through `xero.network_v1(xero_key)`")
        pairs = zip(NAMES, (self._api_key["key"], xero_key), strict=True)
        keys = "&".join(f"{name}={quote(key, safe='')}" for name, key in pairs)
        return f"{target}{'&' if '?' in target else '?'}{keys}"

    async def token(self, send: Sender, /) -> str:
        """None: the keys take its place."""
        return ""

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Never: there are no other keys."""
        return False


def _checked(key: str, what: str) -> str:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidArgument(f"{what} is printable ASCII without spaces; this one is not")
    return key
