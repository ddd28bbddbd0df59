"""Client credentials: a custom connection, which is one organisation and needs no user.

There is no refresh token: a new access token is simply asked for, ahead of the old one's end, once for however many
coroutines find it missing or old.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ..wire.errors import InvalidArgument
from .base import Sealed, Sender
from .flight import SingleFlight
from .grants import ask, basic
from .tokens import TokenSet

__all__ = ["ClientCredentials"]


# https://developer.xero.com/documentation/guides/oauth2/custom-connections/
class ClientCredentials:
    """Sign in as the app itself.

    `scopes` narrows the token; none means all that the app was granted. Raises `InvalidArgument` for empty credentials.
    """

    def __init__(self, client_id: str, client_secret: str, *, scopes: Iterable[str] = ()) -> None:
        if not client_id or not client_secret:
            raise InvalidArgument("client credentials are a client id and a client secret, neither of them empty")
        self._headers = Sealed(Authorization=basic(client_id, client_secret))
        self._form = Sealed(grant_type="client_credentials", scope=" ".join(scopes))
        self._tokens = TokenSet()
        self._flight = SingleFlight[TokenSet]()

    def __repr__(self) -> str:
        return "ClientCredentials(...)"

    async def token(self, send: Sender, /) -> str:
        """A token with at least a minute to live. Raises `SignInFailed` or `TransportError`."""
        tokens = self._tokens
        if not tokens.is_good(asyncio.get_running_loop().time()):
            tokens = await self._flight.join(send, self._obtain)
        return tokens.access_token

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Ask for a new token, unless somebody else has already. Raises `SignInFailed` or `TransportError`."""
        rejected = TokenSet(access_token=stale)
        del stale  # which a report of a traceback's variables would show
        if self._tokens.access_token == rejected.access_token:
            self._tokens = TokenSet()
        return await self.token(send) != rejected.access_token

    async def settle(self, send: Sender, /) -> None:
        """End a request that is under way: whoever needs a token asks for another."""
        await self._flight.settle(send, 0.0)

    async def _obtain(self, send: Sender) -> TokenSet:
        asked = asyncio.get_running_loop().time()
        self._tokens = TokenSet().renewed(await ask(send, self._form, self._headers), asked)
        return self._tokens
