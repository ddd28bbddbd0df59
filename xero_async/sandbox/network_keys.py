"""The keys of the Network API v1: one of the partner who calls, and one for each organisation.

Both stood in the query of every call, https://blog.xero.com/developer/get-apixro10accounts/, so wherever an address is
kept or told, they are covered. Like the other secrets of the sandbox they follow from its seed.
"""

from __future__ import annotations

import hmac
import random
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import unquote_plus

__all__ = ["NETWORK_APP", "NetworkKeys", "without_keys"]

NETWORK_APP: Final = "network"
"""The app that all calls of v1 are counted for; the ids of other apps are longer."""
_NAMES: Final = ("apikey", "xerokey")
_PAIR: Final = re.compile(r"(?<=[?&])([^=&]*)=[^&]*")


class NetworkKeys:
    """The partner's key, and the organisations by their keys."""

    def __init__(self, tenants: Sequence[str], seed: int) -> None:
        """Draw a key for the partner and one for each tenant."""
        chance = random.Random(f"network {seed}")
        self.api_key = _drawn(chance)
        self.xero_keys = [_drawn(chance) for _ in tenants]
        self._tenants = dict(zip(self.xero_keys, tenants, strict=True))

    def tenant_of(self, query: Mapping[str, str]) -> str | None:
        """The tenant that a call is for, by the key in its query, whose names are in lower case."""
        return self._tenants.get(query.get("xerokey", ""))

    def are_good(self, query: Mapping[str, str]) -> bool:
        """Whether a call has both its keys."""
        sent = query.get("apikey", "").encode("utf-8", "replace")
        return hmac.compare_digest(sent, self.api_key.encode()) and self.tenant_of(query) is not None


def _drawn(chance: random.Random) -> str:
    return f"{chance.getrandbits(160):040X}"


def without_keys(address: str) -> str:
    """An address with what its query gives as a key covered, however the name is written."""
    return _PAIR.sub(_covered, address) if "=" in address else address


def _covered(found: re.Match[str]) -> str:
    return f"{found[1]}=***" if unquote_plus(found[1]).lower() in _NAMES else found[0]
