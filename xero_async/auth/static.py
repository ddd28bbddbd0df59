"""A token from elsewhere."""

from __future__ import annotations

from ..wire.errors import InvalidArgument
from .base import Sender

__all__ = ["StaticToken"]


class StaticToken:
    """An access token that somebody else obtained and renews. Raises `InvalidArgument` for one that is no token."""

    def __init__(self, access_token: str) -> None:
        if not access_token or not access_token.isascii() or not access_token.isprintable() or " " in access_token:
            raise InvalidArgument("an access token is printable ASCII without spaces; this one is not")
        self._token = access_token

    def __repr__(self) -> str:
        return "StaticToken(...)"

    async def token(self, send: Sender, /) -> str:
        """The token."""
        return self._token

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Never: there is no other."""
        return False
