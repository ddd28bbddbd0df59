"""Client credentials: a custom connection, which is one organisation and needs no user.

However many coroutines find the token missing or old, one request goes out and all wait for it. The request runs in a
task of its own, so a waiter that is cancelled takes nobody with it. There is no refresh token: a new access token is
simply asked for, ahead of the old one's end.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote_plus

import msgspec
from msgspec import Struct

from ..wire.codec import UNREADABLE
from ..wire.errors import InvalidArgument, ServerError, SessionClosed, SignInFailed, TransportError
from ..wire.operation import Answer
from .base import Sender

__all__ = ["ClientCredentials"]

# https://developer.xero.com/documentation/guides/oauth2/custom-connections/
TOKEN_PATH = "/connect/token"
AHEAD = 60.0
"""Seconds before a token's end at which it is no longer used."""
ATTEMPTS = 4


class _Grant(Struct):
    """The identity server's answer."""

    access_token: str = ""
    expires_in: float = 0
    error: str = ""
    error_description: str = ""

    def __repr__(self) -> str:
        return "_Grant(...)"


class _Token(Struct, frozen=True):
    text: str
    until: float
    """The loop's time at which it is no longer used."""

    def __repr__(self) -> str:
        return "_Token(...)"


class ClientCredentials:
    """Sign in as the app itself.

    `scopes` narrows the token; none means all that the app was granted. Raises `InvalidArgument` for empty credentials.
    """

    def __init__(self, client_id: str, client_secret: str, *, scopes: Iterable[str] = ()) -> None:
        if not client_id or not client_secret:
            raise InvalidArgument("client credentials are a client id and a client secret, neither of them empty")
        self._headers = {"Authorization": _basic(client_id, client_secret)}
        self._form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
        self._token: _Token | None = None
        self._asking: asyncio.Task[_Token] | None = None

    def __repr__(self) -> str:
        return "ClientCredentials(...)"

    async def token(self, send: Sender, /) -> str:
        """A token with at least a minute to live. Raises `SignInFailed` or `TransportError`."""
        token = self._token
        if token is None or token.until <= asyncio.get_running_loop().time():
            token = await self._ask_once(send)
        return token.text

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Ask for a new token, unless somebody else has already. Raises `SignInFailed` or `TransportError`."""
        if self._token is not None and self._token.text == stale:
            self._token = None
        return await self.token(send) != stale

    async def _ask_once(self, send: Sender) -> _Token:
        asking = self._asking
        if asking is None or asking.get_loop() is not asyncio.get_running_loop():
            return await asyncio.shield(self._begin(send))
        try:
            return await asyncio.shield(asking)
        except SessionClosed:
            # The session that was asking has been left; this one has not.
            return await asyncio.shield(self._begin(send) if self._asking in (None, asking) else self._asking)

    def _begin(self, send: Sender) -> asyncio.Task[_Token]:
        self._asking = asyncio.create_task(self._ask(send))
        self._asking.add_done_callback(self._asked)
        return self._asking

    def _asked(self, task: asyncio.Task[_Token]) -> None:
        if self._asking is task:
            self._asking = None
        if not task.cancelled():
            # Looked at, so that a failure nobody waits for any more is not reported as forgotten.
            task.exception()

    async def _ask(self, send: Sender) -> _Token:
        # Imported when it is needed, since it takes longer than the rest of this room.
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        retrying = AsyncRetrying(
            retry=retry_if_exception_type((TransportError, ServerError)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.5, max=8),
            reraise=True,
        )
        grant: _Grant = await retrying(self._ask_for_grant, send)
        life = max(grant.expires_in - AHEAD, grant.expires_in / 2)
        self._token = _Token(grant.access_token, asyncio.get_running_loop().time() + life)
        return self._token

    async def _ask_for_grant(self, send: Sender) -> _Grant:
        return _grant_of(await send(TOKEN_PATH, self._form, self._headers))


def _basic(client_id: str, client_secret: str) -> str:
    # https://datatracker.ietf.org/doc/html/rfc6749#section-2.3.1 wants both encoded as in a form first.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _grant_of(answer: Answer) -> _Grant:
    try:
        grant = msgspec.json.decode(answer.body, type=_Grant, strict=False)
    except UNREADABLE:
        grant = _Grant()
    if answer.is_success and grant.access_token:
        return grant
    if answer.status >= 500:
        raise ServerError(f"the identity server answered {answer.status}", status=answer.status)
    words = ": ".join(word for word in (grant.error, grant.error_description) if word) or "no token in the answer"
    error = SignInFailed(f"sign-in failed, {words} (status {answer.status}). {_HINTS.get(grant.error, '')}".strip())
    error.status, error.error = answer.status, grant.error
    raise error


_HINTS = {
    "invalid_client": "Check the client id and the client secret.",
    "unauthorized_client": "Check that the app is a custom connection and that its organisation has authorised it.",
    "invalid_scope": "Check the scopes against those that the app was granted.",
}
