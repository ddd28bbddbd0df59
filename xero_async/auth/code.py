"""The authorisation code flows: a user signs in at Xero once, and the app goes on from there with refresh tokens.

`AuthorizationCode` is for web apps, which keep a secret; `PKCE` for programs on somebody's machine, which cannot. Both
go the same way: `start` makes the address that the user's browser is sent to; Xero sends it back to `redirect_uri`
with a code; `finish` changes the code for tokens.

A refresh token is good once, so what must never happen is that a new one is lost:

    lock         the store's, so that one process at a time refreshes; within a process one task does it for all
    look         whether somebody else has refreshed meanwhile: then their tokens are used, and nothing is sent
    ask          with the refresh token in the store; a lost answer is asked for again with the same one
    keep         the new pair is durable before anybody uses it, and asked of no waiter: a cancelled one changes nothing

Whoever dies on the way leaves the old token in the store, which Xero accepts for 30 minutes more, or the new pair.
A store that cannot be written fails the calls; the new pair is held, and kept as soon as the store can.

A lock that is a lease can pass on while its holder is stopped. Whoever then wakes up with an answer of Xero's finds
other tokens in the store, or that it takes no more from it (`LockLost`): the next holder has refreshed with the same
old token, which Xero allowed for its 30 minutes, and saved a pair of its own. Which of the two pairs is the later one
cannot be told from here, for the one who was stopped may have been so before its request left or after it came back;
and whether Xero lets the earlier one live is in no document of its. So neither is trusted: under a lock of its own it
refreshes once more, with the token in the store, and with its own should that one be dead. What is saved then is what
Xero has given last, so it works whatever Xero does with the others; and nothing newer has been written over.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from msgspec import Struct

from ..wire.errors import InvalidArgument, SignInFailed
from .base import Sealed, Sender
from .flight import SingleFlight
from .grants import Grant, ask, basic, revoke
from .stores import Locking, LockLost, MemoryStore, TokenStore
from .tokens import TokenSet

__all__ = ["PKCE", "AuthorizationCode", "CodeFlow", "SignIn"]

_log = logging.getLogger(__name__)

# https://developer.xero.com/documentation/guides/oauth2/auth-flow/
AUTHORIZE_PATH = "/identity/connect/authorize"
OFFLINE = "offline_access"
"""The scope that a refresh token needs."""
NOBODY = TokenSet()
_SCOPE = re.compile(r"[!#-\[\]-~]+")  # https://datatracker.ietf.org/doc/html/rfc6749#section-3.3
LOCKS = 3
"""How often a lock that is lost is taken anew, before it is called an error."""
SETTLING = 10.0
"""Seconds that a refresh may go on when its session is left; an answer that is lost to haste is a token in doubt."""

T = TypeVar("T")


class SignIn(Struct, frozen=True, kw_only=True):
    """A sign-in that has been started: keep it until the user is back, and tell it to nobody else.

    It can be kept as JSON between two requests of a web app: `msgspec.json.encode`, `msgspec.json.decode(type=SignIn)`.
    """

    url: str
    """Where to send the user's browser."""
    state: str
    """Comes back with the user, and shows that it is the same one."""
    nonce: str
    """Comes back in the ID token."""
    verifier: str = ""
    """PKCE's secret: shows that whoever brings the code is the one who started."""

    def __repr__(self) -> str:
        return "SignIn(...)"


class _Unsaved(NamedTuple):
    """A pair that the store did not take, and the refresh token that it was got with."""

    spent: str
    tokens: TokenSet


class CodeFlow:
    """What the flows share: starting and finishing a sign-in, and living on its refresh token."""

    _client = Sealed()
    """What of the app goes into each form."""
    _headers = Sealed()

    def __init__(self, client_id: str, redirect_uri: str, scopes: Iterable[str], store: TokenStore | None) -> None:
        if not client_id:
            raise InvalidArgument("the client id is empty")
        _check_redirect(redirect_uri)
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        self.scopes = _scopes(scopes)
        self._store: TokenStore = MemoryStore() if store is None else store
        self._flight = SingleFlight[TokenSet]()
        self._tokens = NOBODY
        self._rejected = ""
        """An access token that Xero has called expired, whatever the clock says."""
        self._unsaved: _Unsaved | None = None
        self._doubted: TokenSet | None = None
        """A pair that was got under a lock that had passed on: it, or the one in the store, is the later."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    # -- signing in -------------------------------------------------------------------------------------------------

    def start(self, login_url: str, /) -> SignIn:
        """Begin a sign-in at the root of a login server; nothing is sent. `Xero.start_sign_in` knows the root."""
        state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": state,
            "nonce": nonce,
        }
        verifier = self._new_verifier()
        if verifier:
            query |= {"code_challenge": _challenge(verifier), "code_challenge_method": "S256"}
        url = f"{login_url}{AUTHORIZE_PATH}?{urlencode(query, quote_via=quote)}"
        return SignIn(url=url, state=state, nonce=nonce, verifier=verifier)

    async def finish(self, started: SignIn, callback: str | Mapping[str, str], send: Sender, /) -> TokenSet:
        """Change the code for tokens, and keep these.

        `callback` is the address that the browser came back to, or its query. Raises `SignInFailed` where the user
        refused or the code is not taken, `InvalidArgument` where this is not the answer to what was started,
        `TransportError`, `TokenStoreError`.
        """
        form = Sealed(
            self._client,
            grant_type="authorization_code",
            code=_code_of(started, callback),
            redirect_uri=self.redirect_uri,
            code_verifier=started.verifier,
        )
        granted: list[TokenSet] = []  # a code is good once

        async def finish() -> TokenSet:
            if not granted:
                asked = time.time()
                granted.append(NOBODY.renewed(await ask(send, form, self._headers), asked))
            await self._store.save(granted[0])
            return self._settled_on(granted[0])

        return await self._locked(finish)

    async def tokens(self) -> TokenSet | None:
        """The tokens that are kept, or None where nobody is signed in. Raises `TokenStoreError`."""
        tokens = await self._looked_up()
        return None if tokens == NOBODY else tokens

    async def sign_out(self, send: Sender, /) -> None:
        """Make the refresh token worthless, which disconnects the tenants it reached, and forget the tokens.

        Raises `SignInFailed`, `TransportError`, `TokenStoreError`; the tokens are then kept.
        """

        async def sign_out() -> TokenSet:
            tokens = await self._kept()
            if tokens.refresh_token:
                await revoke(send, Sealed(self._client, token=tokens.refresh_token), self._headers)
            await self._store.save(NOBODY)
            return self._settled_on(NOBODY)

        await self._locked(sign_out)

    # -- living on the refresh token --------------------------------------------------------------------------------

    async def token(self, send: Sender, /) -> str:
        """An access token with at least a minute to live.

        Raises `SignInFailed` where nobody is signed in or the refresh token is dead, `TransportError`,
        `TokenStoreError`.
        """
        tokens = self._tokens
        if not self._is_good(tokens):
            tokens = await self._flight.join(send, self._obtain)
        return tokens.access_token

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Refresh, unless somebody else has already. Raises as `token` does."""
        self._rejected = stale
        del stale  # which a report of a traceback's variables would show
        for _ in range(2):  # whoever is under way may have looked before it was known that the token is stale
            if await self.token(send) != self._rejected:
                return True
        return False

    async def settle(self, send: Sender, /) -> None:
        """Let a refresh that is under way end, for its answer must not be lost; in 10 s, come what may."""
        await self._flight.settle(send, SETTLING)

    async def _obtain(self, send: Sender) -> TokenSet:
        async def refresh() -> TokenSet:
            return await self._refreshed(await self._kept(), send)

        tokens = await self._looked_up()
        if not self._is_good(tokens) or self._doubted is not None:
            tokens = await self._locked(refresh)
        self._tokens = tokens
        return tokens

    async def _refreshed(self, tokens: TokenSet, send: Sender) -> TokenSet:
        """Good tokens, from the store or by a refresh; whoever calls holds the lock."""
        while not self._is_good(tokens) or self._doubted is not None:
            if not tokens.refresh_token:
                self._doubted = None
                raise SignInFailed(_lacking(tokens))
            asked = time.time()
            try:
                grant = await self._ask(tokens, send)
            except SignInFailed as error:
                doubted, self._doubted = self._doubted, None
                if error.error != "invalid_grant":
                    raise
                if doubted is None:
                    newer = await self._kept()
                    if newer.refresh_token == tokens.refresh_token:
                        raise
                    # Somebody refreshed without the lock, and theirs is the token that lives.
                    tokens = newer
                    continue
                grant = await self._ask(doubted, send)
            self._doubted = None
            self._unsaved = _Unsaved(tokens.refresh_token, tokens.renewed(grant, asked))
            _log.info("the access token was refreshed, good for %.0f s", grant.expires_in)
            return await self._kept()
        return tokens

    async def _ask(self, tokens: TokenSet, send: Sender) -> Grant:
        return await ask(
            send,
            Sealed(self._client, grant_type="refresh_token", refresh_token=tokens.refresh_token),
            self._headers,
        )

    async def _looked_up(self) -> TokenSet:
        """What the store holds; a pair that it has not taken yet is kept first, which needs the lock."""
        if self._unsaved is None:
            return await self._store.load() or NOBODY
        return await self._locked(self._kept)

    async def _kept(self) -> TokenSet:
        """What the store holds, once it holds what this process has got; whoever calls holds the lock.

        Raises `LockLost` where somebody else has saved since the refresh whose pair is to be kept.
        """
        tokens = await self._store.load() or NOBODY
        if (unsaved := self._unsaved) is None:
            return tokens
        try:
            if tokens.refresh_token not in (unsaved.spent, unsaved.tokens.refresh_token):
                raise LockLost("somebody else has saved tokens amid a refresh")
            await self._store.save(unsaved.tokens)
        except LockLost:
            self._unsaved, self._doubted = None, unsaved.tokens
            raise
        self._unsaved = None
        return unsaved.tokens

    def _settled_on(self, tokens: TokenSet) -> TokenSet:
        """Forget whatever else was held."""
        self._unsaved, self._doubted, self._tokens = None, None, tokens
        return tokens

    def _is_good(self, tokens: TokenSet) -> bool:
        return tokens.is_good(time.time()) and tokens.access_token != self._rejected

    async def _locked(self, deed: Callable[[], Awaitable[T]]) -> T:
        """Do something under the lock; again under a new one, where the lock has passed on meanwhile."""
        for _ in range(LOCKS - 1):
            try:
                async with self._lock():
                    return await deed()
            except LockLost:
                _log.warning("somebody else has saved tokens amid a refresh: the lock is taken anew")
        async with self._lock():
            return await deed()

    def _lock(self) -> AbstractAsyncContextManager[object]:
        return self._store.lock() if isinstance(self._store, Locking) else nullcontext()

    def _new_verifier(self) -> str:
        return ""


class AuthorizationCode(CodeFlow):
    """Sign in a user of a web app, which has a client secret.

    `redirect_uri` is one of the app's; `scopes` are what is asked for, see `xero_async.scopes`; `offline_access` is
    added, without which there is no refresh token. `store` keeps the tokens: in memory, unless told otherwise. One
    object for each sign-in. Raises `InvalidArgument`.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        redirect_uri: str,
        scopes: Iterable[str],
        store: TokenStore | None = None,
    ) -> None:
        super().__init__(client_id, redirect_uri, scopes, store)
        if not client_secret:
            raise InvalidArgument("the client secret is empty: an app without one signs in with `PKCE`")
        self._headers = Sealed(Authorization=basic(client_id, client_secret))


class PKCE(CodeFlow):
    """Sign in a user of a program on their own machine, which can keep no secret.

    `redirect_uri` is one of the app's, such as `http://localhost:8080/callback`; the rest as for `AuthorizationCode`.
    Raises `InvalidArgument`.
    """

    def __init__(
        self, client_id: str, *, redirect_uri: str, scopes: Iterable[str], store: TokenStore | None = None
    ) -> None:
        super().__init__(client_id, redirect_uri, scopes, store)
        self._client = Sealed(client_id=client_id)

    def _new_verifier(self) -> str:
        return secrets.token_urlsafe(64)


def _challenge(verifier: str) -> str:
    # https://datatracker.ietf.org/doc/html/rfc7636#section-4.2
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _code_of(started: SignIn, callback: str | Mapping[str, str]) -> str:
    """The code in an answer to what was started. Raises `SignInFailed` or `InvalidArgument`."""
    query = dict(parse_qsl(urlsplit(callback).query)) if isinstance(callback, str) else callback
    if not hmac.compare_digest(query.get("state", "").encode(), started.state.encode()):
        raise InvalidArgument("the answer does not belong to this sign-in (its state differs): start again")
    if error := query.get("error"):
        raise _refused(error)
    if not (code := query.get("code")):
        raise InvalidArgument("the answer holds no code: give the whole address that the browser came back to")
    return code


def _refused(error: str) -> SignInFailed:
    known = error if error.isidentifier() else "an error"
    words = "the user refused" if error == "access_denied" else f"Xero answered {known}"
    hint = " Check the scopes against those that the app may ask for." if error == "invalid_scope" else ""
    failed = SignInFailed(f"nobody was signed in: {words}.{hint}")
    failed.error = known
    return failed


def _lacking(tokens: TokenSet) -> str:
    again = "`xero-async login`, or `start_sign_in` in your program"
    if tokens == NOBODY:
        return f"nobody is signed in: {again}"
    return f"the access token has ended and there is no refresh token: sign in with the scope {OFFLINE}, by {again}"


def _scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    if isinstance(scopes, str):
        raise InvalidArgument("scopes are a list of names, not one text")
    chosen = tuple(dict.fromkeys([*scopes, OFFLINE]))
    for scope in chosen:
        if not _SCOPE.fullmatch(scope):
            raise InvalidArgument(f"{scope!r} is no scope")
    return chosen


# https://developer.xero.com/documentation/guides/oauth2/pkce-flow/ - https, but for localhost
def _check_redirect(uri: str) -> None:
    parts = urlsplit(uri)
    is_local = parts.scheme == "http" and parts.hostname == "localhost"
    if not parts.hostname or parts.fragment or not (parts.scheme == "https" or is_local):
        raise InvalidArgument("a redirect URI is an https address, or http://localhost with a port: not 127.0.0.1")
