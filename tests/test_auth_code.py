"""Signing in a user, over real sockets against the sandbox: the code flows, and refresh tokens that are never lost."""

from __future__ import annotations

import asyncio
import logging
import pickle
import time
import traceback
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import msgspec
import pytest
from msgspec.structs import replace

from xero_async import (
    PKCE,
    AuthorizationCode,
    ClientCredentials,
    FileStore,
    MemoryStore,
    SignIn,
    StaticToken,
    TokenSet,
    Xero,
    scopes,
    verify_id_token,
)
from xero_async.auth import CodeFlow, Sender
from xero_async.sandbox import Fault, Sandbox
from xero_async.sandbox.still import StillClock
from xero_async.wire import Answer
from xero_async.wire.errors import (
    DecodeError,
    Forbidden,
    InvalidArgument,
    MissingScope,
    ServerError,
    SignInFailed,
    TokenStoreError,
    TransportError,
)

HOME = "http://localhost:8080/callback"
SCOPES = ("openid", "profile", "email", "accounting.contacts", "accounting.settings.read")
DAY = 86_400.0


def opened(sandbox: Sandbox, auth: CodeFlow) -> Xero:
    """A session with a sandbox."""
    return Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url)


class Line:
    """A sandbox whose user consents at once, and an app that signs in to it."""

    def __init__(self, sandbox: Sandbox, auth: CodeFlow, store: MemoryStore) -> None:
        self.sandbox, self.auth, self.store = sandbox, auth, store
        self.xero = opened(sandbox, auth)

    @property
    def refreshes(self) -> int:
        """Requests for tokens, the one that the code was changed with not among them."""
        return self.sandbox.counters.tokens - 1

    async def sign_in(self) -> TokenSet:
        """Go the whole way once."""
        started = self.xero.start_sign_in()
        return await self.xero.finish_sign_in(started, await browse(started.url))

    async def call(self) -> int:
        """A call of the API; gives the number of contacts."""
        return len(await self.xero.tenant(self.sandbox.tenants[0]).contacts.list(page_size=10))


async def browse(url: str) -> str:
    """Where the user's browser is sent back to, by a sandbox that asks no question."""
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return answer.headers["Location"]


def web(sandbox: Sandbox, store: MemoryStore | None = None, asked: tuple[str, ...] = SCOPES) -> AuthorizationCode:
    """The sandbox's web app."""
    app = sandbox.apps[1]
    return AuthorizationCode(
        app.client_id, app.client_secret or "", redirect_uri=HOME, scopes=asked, store=store or MemoryStore()
    )


def native(sandbox: Sandbox, store: MemoryStore | None = None, asked: tuple[str, ...] = SCOPES) -> PKCE:
    """The sandbox's native app."""
    return PKCE(sandbox.apps[2].client_id, redirect_uri=HOME, scopes=asked, store=store or MemoryStore())


@asynccontextmanager
async def line(
    flow: Callable[..., CodeFlow] = web,
    *faults: Fault,
    store: MemoryStore | None = None,
    asked: tuple[str, ...] = SCOPES,
    signed_in: bool = True,
) -> AsyncGenerator[Line]:
    """A line that is signed in. Waits take no time there."""
    kept = store or MemoryStore()
    with StillClock(silence=0) as clock:
        async with Sandbox(contacts=3, tenants=2, limits=None, automatic_consent=True, clock=clock.now) as sandbox:
            made = Line(sandbox, flow(sandbox, kept, asked), kept)
            async with made.xero:
                if signed_in:
                    await made.sign_in()
                sandbox.inject(faults)
                yield made


FLOWS = pytest.mark.parametrize("flow", [web, native])


# -- the flows ------------------------------------------------------------------------------------------------------


@FLOWS
async def test_the_whole_way(flow: Callable[..., CodeFlow]) -> None:
    """A user is sent to Xero, comes back with a code, and the app has tokens, tenants and the user's name."""
    async with line(flow, signed_in=False) as made:
        started = made.xero.start_sign_in()
        # A web app keeps what was started between two requests.
        started = msgspec.json.decode(msgspec.json.encode(started), type=SignIn)
        tokens = await made.xero.finish_sign_in(started, await browse(started.url))
        assert tokens == await made.store.load() == await made.auth.tokens()
        assert set(tokens.scopes) == {*SCOPES, "offline_access"}
        assert tokens.refresh_token
        assert [one.tenant_id for one in await made.xero.connections()] == made.sandbox.tenants
        assert await made.call() == 3
        assert tokens.claims["email"] == "robin.sandbox@example.com"
        assert tokens.claims == await made.xero.verified_claims(tokens, started)


@FLOWS
async def test_what_is_asked_for(flow: Callable[..., CodeFlow]) -> None:
    """The address names the app, where to come back to, the scopes with `offline_access`, and fresh random values."""
    async with line(flow, signed_in=False) as made:
        one, other = (parse_qs(urlsplit(made.xero.start_sign_in().url).query) for _ in range(2))
        assert one["redirect_uri"] == [HOME]
        assert one["scope"] == [" ".join([*SCOPES, "offline_access"])]
        assert one["client_id"] == [made.auth.client_id]
        fresh = {"state", "nonce"} | ({"code_challenge"} if flow is native else set[str]())
        assert {name for name in one if one[name] != other[name]} == fresh
        assert one.get("code_challenge_method") == (["S256"] if flow is native else None)


def test_a_browser_goes_to_the_login_server() -> None:
    """At Xero itself, the user goes to login.xero.com, while tokens come from identity.xero.com."""
    auth = PKCE("app", redirect_uri=HOME, scopes=["openid"])
    assert Xero(auth).start_sign_in().url.startswith("https://login.xero.com/identity/connect/authorize?")


@pytest.mark.parametrize(
    ("change", "expected", "words"),
    [
        ({"state": "another"}, InvalidArgument, "does not belong to this sign-in"),
        ({"state": ""}, InvalidArgument, "does not belong to this sign-in"),
        ({"code": ""}, InvalidArgument, "holds no code"),
        ({"error": "access_denied"}, SignInFailed, "the user refused"),
        ({"error": "invalid_scope"}, SignInFailed, "Check the scopes"),
        ({"error": "<b>"}, SignInFailed, "Xero answered an error"),
        ({"code": "stolen"}, SignInFailed, "invalid_grant: .* Sign in again: `xero-async login`"),
    ],
)
@FLOWS
async def test_answers_that_are_none(
    flow: Callable[..., CodeFlow], change: dict[str, str], expected: type[Exception], words: str
) -> None:
    """An answer that is not the one that was waited for keeps no tokens, and the error says what to do."""
    async with line(flow, signed_in=False) as made:
        started = made.xero.start_sign_in()
        back = await browse(started.url)
        query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | change
        with pytest.raises(expected, match=words):
            await made.xero.finish_sign_in(started, f"{HOME}?{urlencode(query)}")
        assert await made.auth.tokens() is None
        with pytest.raises(SignInFailed, match="nobody is signed in: `xero-async login`"):
            await made.call()


async def test_the_code_of_somebody_else() -> None:
    """PKCE: a code is worth nothing to whoever did not start the sign-in."""
    async with line(native, signed_in=False) as made:
        mine, theirs = made.xero.start_sign_in(), made.xero.start_sign_in()
        back = await browse(theirs.url)
        with pytest.raises(SignInFailed, match="invalid_grant"):
            await made.xero.finish_sign_in(replace(mine, state=theirs.state), back)


@pytest.mark.parametrize(
    ("uri", "is_right"),
    [
        ("https://app.example/back", True),
        ("http://localhost", True),
        ("http://localhost:9/x", True),
        ("http://127.0.0.1:8080/", False),
        ("http://app.example/", False),
        ("https://app.example/#top", False),
        ("app.example", False),
        ("", False),
    ],
)
def test_redirect_addresses(uri: str, is_right: bool) -> None:
    """An address that Xero would not take is refused before the user is sent anywhere."""
    if is_right:
        PKCE("app", redirect_uri=uri, scopes=())
    else:
        with pytest.raises(InvalidArgument, match=r"http://localhost"):
            PKCE("app", redirect_uri=uri, scopes=())


def test_what_cannot_be() -> None:
    """Empty credentials, scopes that are one text and scopes that are none are refused at once."""
    refused: list[tuple[Callable[[], CodeFlow], str]] = [
        (lambda: PKCE("", redirect_uri=HOME, scopes=()), "client id is empty"),
        (lambda: AuthorizationCode("app", "", redirect_uri=HOME, scopes=()), "signs in with `PKCE`"),
        (lambda: PKCE("app", redirect_uri=HOME, scopes="openid email"), "a list of names"),
        (lambda: PKCE("app", redirect_uri=HOME, scopes=["openid email"]), "is no scope"),
        (lambda: PKCE("app", redirect_uri=HOME, scopes=[""]), "is no scope"),
    ]
    for wrong, words in refused:
        with pytest.raises(InvalidArgument, match=words):
            wrong()


@pytest.mark.parametrize("auth", [StaticToken("token"), ClientCredentials("app", "secret")])
async def test_no_user_to_sign_in(auth: StaticToken | ClientCredentials) -> None:
    """Ways to sign in without a user say so when they are asked to start with one."""
    async with Xero(auth) as xero:
        with pytest.raises(InvalidArgument, match="AuthorizationCode or PKCE"):
            xero.start_sign_in()
        with pytest.raises(InvalidArgument, match="AuthorizationCode or PKCE"):
            await xero.sign_out()


# -- one refresh ----------------------------------------------------------------------------------------------------


@FLOWS
async def test_fifty_meet_an_expired_token(flow: Callable[..., CodeFlow]) -> None:
    """However many coroutines Xero tells that the token has expired, one refresh goes out, and all calls end well."""
    async with line(flow) as made:
        first = await made.auth.tokens()
        made.sandbox.advance(1800)
        assert await asyncio.gather(*(made.call() for _ in range(50))) == [3] * 50
        assert made.refreshes == 1
        second = await made.store.load()
        assert first is not None
        assert second is not None
        assert second.refresh_token != first.refresh_token


async def test_ahead_of_the_end() -> None:
    """A token with less than a minute to live is refreshed before it is used, so no call meets a 401."""
    async with line() as made:
        kept = await made.store.load()
        assert kept is not None
        for left, refreshes in [(61, 0), (59, 1)]:
            store = MemoryStore(replace(kept, expires_at=time.time() + left))
            auth = web(made.sandbox, store)
            async with opened(made.sandbox, auth) as xero:
                await xero.connections()
            assert made.refreshes == refreshes


async def test_a_missing_scope_is_never_refreshed() -> None:
    """Another token would lack the scope as well: the call fails at once, and no refresh token is spent."""
    async with line(asked=("accounting.settings.read",)) as made:
        with pytest.raises(MissingScope):
            await made.call()
        assert made.refreshes == 0


async def test_a_token_that_stays_refused() -> None:
    """A token that is refused for another reason than its age is not refreshed either."""
    async with line() as made:
        with pytest.raises(Forbidden):
            await made.xero.tenant("00000000-0000-4000-8000-000000000000").contacts.list()
        assert made.refreshes == 0


async def test_a_cancelled_waiter_takes_nobody_along() -> None:
    """When whoever began the refresh is cancelled, it goes on for the others, and its tokens are kept."""
    async with line(web, Fault(kind="slow", operation="token", seconds=0.2)) as made:
        made.sandbox.advance(1800)
        waiters = [asyncio.create_task(made.call()) for _ in range(5)]
        await asyncio.sleep(0.1)
        waiters[0].cancel()
        waiters[1].cancel()
        ends = await asyncio.gather(*waiters, return_exceptions=True)
        assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == [3, 3, 3]
        assert made.refreshes == 1


async def test_when_all_who_wait_are_cancelled() -> None:
    """A refresh that nobody waits for any more still keeps its tokens, and the next call uses them."""
    async with line(web, Fault(kind="slow", operation="token", seconds=0.1, times=1)) as made:
        before = await made.store.load()
        made.sandbox.advance(1800)
        waiter = asyncio.create_task(made.call())
        await asyncio.sleep(0.05)
        waiter.cancel()
        await asyncio.sleep(0.3)
        assert await made.store.load() != before
        assert await made.call() == 3
        assert made.refreshes == 1


# -- nothing lost ---------------------------------------------------------------------------------------------------


class Listening(AuthorizationCode):
    """A web app that notes which refresh tokens it spends."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spent: list[str] = []

    async def token(self, send: Sender, /) -> str:
        """Ask through a sender that takes notes."""

        async def told(path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
            self.spent.append(form["refresh_token"])
            return await send(path, form, headers)

        return await super().token(told)


def listening(sandbox: Sandbox, store: MemoryStore, asked: tuple[str, ...]) -> Listening:
    """The sandbox's web app, with notes."""
    app = sandbox.apps[1]
    return Listening(app.client_id, app.client_secret, redirect_uri=HOME, scopes=asked, store=store)


@pytest.mark.parametrize("kind", ["drop_after", "cut", "drop_before", "502", "503"])
async def test_a_lost_answer_is_asked_for_again(kind: str) -> None:
    """When the answer with the new pair is lost, the same old token is sent again, and Xero's grace gives another."""
    async with line(listening, msgspec.convert({"kind": kind, "operation": "token", "times": 2}, Fault)) as made:
        before = await made.store.load()
        made.sandbox.advance(1800)
        assert await made.call() == 3
        assert isinstance(made.auth, Listening)
        assert before is not None
        assert made.auth.spent == [before.refresh_token] * 3


async def test_an_identity_server_that_is_away() -> None:
    """A refresh that never gets through fails the call and keeps the old token, which works later on."""
    async with line(web, Fault(kind="drop_after", operation="token")) as made:
        before = await made.store.load()
        made.sandbox.advance(1800)
        with pytest.raises(TransportError, match="no answer from the identity server"):
            await made.call()
        assert await made.store.load() == before
        made.sandbox.inject([])
        assert await made.call() == 3


class Balky(MemoryStore):
    """A store that can be told to fail."""

    fails = False
    saves = 0

    async def save(self, tokens: TokenSet, /) -> None:
        """Fail, or keep."""
        self.saves += 1
        if self.fails:
            raise TokenStoreError("the disk is full")
        await super().save(tokens)


async def test_kept_before_it_is_used() -> None:
    """While the store cannot be written, no call goes out with a new token; once it can, the held pair is kept."""
    store = Balky()
    async with line(store=store) as made:
        before = await store.load()
        made.sandbox.advance(1800)
        store.fails = True
        calls = made.sandbox.counters.calls
        for _ in range(3):
            with pytest.raises(TokenStoreError, match="the disk is full"):
                await made.call()
        assert await store.load() == before
        # The first call met the 401 of the old token; nothing was sent with the new one.
        assert made.sandbox.counters.calls == calls + 1
        assert made.refreshes == 1
        store.fails = False
        assert await made.call() == 3
        assert made.refreshes == 1
        assert await store.load() != before


async def test_somebody_without_a_lock() -> None:
    """When another program has spent the refresh token, and the grace is over, its newer tokens are used."""
    async with line() as made:
        old = await made.store.load()
        assert old is not None
        other = web(made.sandbox, made.store)
        made.sandbox.advance(1800)
        async with opened(made.sandbox, other) as xero:
            await xero.connections()
        newer = await made.store.load()
        assert newer is not None
        made.sandbox.advance(1801)

        spent = replace(old, expires_at=0.0)

        class Late(MemoryStore):
            """Gives what was there before to the first who asks."""

            given = 0

            async def load(self) -> TokenSet | None:
                self.given += 1
                return spent if self.given < 3 else newer

        auth = web(made.sandbox, Late())
        async with opened(made.sandbox, auth) as xero:
            assert await xero.connections()


async def test_the_end_of_a_refresh_token() -> None:
    """A refresh token that is 60 days old ends in one clear error that says what to do, for each who waits."""
    async with line() as made:
        made.sandbox.advance(60 * DAY)
        ends = await asyncio.gather(*(made.call() for _ in range(10)), return_exceptions=True)
        assert {type(end) for end in ends} == {SignInFailed}
        assert "invalid_grant" in str(ends[0])
        assert "Sign in again: `xero-async login`, or `start_sign_in`" in str(ends[0])
        assert isinstance(ends[0], SignInFailed)
        assert ends[0].error == "invalid_grant"


async def test_signing_out() -> None:
    """Signing out kills the refresh token at Xero, disconnects the tenants and empties the store."""
    async with line() as made:
        kept = await made.store.load()
        await made.xero.sign_out()
        assert await made.auth.tokens() is None
        with pytest.raises(SignInFailed, match="nobody is signed in"):
            await made.call()
        again = web(made.sandbox, MemoryStore(kept and replace(kept, expires_at=0.0)))
        async with opened(made.sandbox, again) as xero:
            with pytest.raises(SignInFailed, match="invalid_grant"):
                await xero.connections()


async def test_no_refresh_token() -> None:
    """Tokens that came without a refresh token are used to their end, and then the error names the scope."""
    async with line() as made:
        kept = await made.store.load()
        assert kept is not None
        await made.store.save(replace(kept, refresh_token=""))
        made.sandbox.advance(1800)
        with pytest.raises(SignInFailed, match="offline_access"):
            await made.call()


# -- the ID token ---------------------------------------------------------------------------------------------------


async def test_a_signature_that_is_wrong() -> None:
    """An ID token that was changed, is another app's, or answers another sign-in is not believed."""
    async with line(signed_in=False) as made:
        started, other = made.xero.start_sign_in(), made.xero.start_sign_in()
        tokens = await made.xero.finish_sign_in(started, await browse(started.url))
        head, body, signature = tokens.id_token.split(".")
        for forged in (f"{head}.{body}.{signature[:-8]}AAAAAAAA", f"{head}.{body[:-4]}AAAA.{signature}", "a.b.c", ""):
            with pytest.raises(SignInFailed, match="cannot be trusted"):
                await made.xero.verified_claims(replace(tokens, id_token=forged))
        with pytest.raises(SignInFailed, match="another sign-in"):
            await made.xero.verified_claims(tokens, other)
        async with aiohttp.ClientSession() as http:
            url = f"{made.sandbox.identity_url}/.well-known/openid-configuration/jwks"
            async with http.get(url) as answer:
                keys = await answer.read()
        with pytest.raises(SignInFailed, match="InvalidAudienceError"):
            verify_id_token(tokens.id_token, keys, client_id="other", issuer=made.sandbox.identity_url)
        with pytest.raises(SignInFailed, match="InvalidIssuerError"):
            verify_id_token(tokens.id_token, keys, client_id=made.auth.client_id)
        with pytest.raises(InvalidArgument, match="no keys"):
            verify_id_token(tokens.id_token, b"{}", client_id=made.auth.client_id)


@pytest.mark.parametrize("text", ["", "a.b", "a.!!!!.c", "a.bm90IGpzb24.c"])
def test_claims_that_are_none(text: str) -> None:
    """An ID token that is no JSON web token raises, and one that is missing claims nothing."""
    if not text:
        assert TokenSet().claims == {}
    else:
        with pytest.raises(DecodeError, match="no JSON web token"):
            _ = TokenSet(id_token=text).claims


# -- secrets --------------------------------------------------------------------------------------------------------


async def test_no_secret_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Through sign-in, refreshes, lost answers and refusals, no token or secret is in any text but the store's."""
    shown: list[str] = []
    secrets: set[str] = set()
    with caplog.at_level(logging.DEBUG):
        async with line(signed_in=False) as made:
            started = made.xero.start_sign_in()
            back = await browse(started.url)
            secrets |= {started.state, started.nonce, parse_qs(urlsplit(back).query)["code"][0]}
            await made.xero.finish_sign_in(started, back)
            secrets.add(made.sandbox.apps[1].client_secret or "")
            for faults in ([], [Fault(kind="drop_after", operation="token")], [Fault(kind="502", operation="token")]):
                kept = await made.store.load()
                assert kept is not None
                secrets |= {kept.access_token, kept.refresh_token, kept.id_token}
                made.sandbox.advance(1800)
                made.sandbox.inject(faults)
                shown += await texts_of(made)
            made.sandbox.advance(61 * DAY)
            made.sandbox.inject([])
            shown += await texts_of(made)
            shown += [repr(each) for each in (started, made.auth, made.xero, kept, made.store)]
    shown += [record.getMessage() for record in caplog.records if record.name.startswith("xero_async")]
    shown += [str(vars(record)) for record in caplog.records if record.name.startswith("xero_async")]
    assert len(secrets) == 10
    assert not [line for secret in secrets for text in shown for line in text.splitlines() if secret in line]


async def texts_of(made: Line) -> list[str]:
    """All that can be seen of the error of a call, if it fails."""
    try:
        await made.call()
    except (SignInFailed, TransportError, ServerError) as error:
        report = traceback.TracebackException.from_exception(error, capture_locals=True)
        return [str(error), repr(error), "".join(report.format()), str(pickle.dumps(error))]
    return []


# -- the least scopes -----------------------------------------------------------------------------------------------


async def test_the_least_scopes_are_enough() -> None:
    """With the scopes that some operations need, these can be called and others cannot."""
    asked = scopes.for_operations("getContacts", "getOrganisations")
    async with line(asked=asked) as made:
        tenant = made.xero.tenant(made.sandbox.tenants[0])
        assert await tenant.contacts.list()
        assert await tenant.organisations.list()
        with pytest.raises(MissingScope):
            await tenant.invoices.list()


async def test_a_file_serves_two_sessions(tmp_path: object) -> None:
    """Two sessions with one file refresh once between them."""
    async with Sandbox(contacts=3, limits=None, automatic_consent=True) as sandbox:
        path = f"{tmp_path}/tokens.json"
        flows = [
            PKCE(sandbox.apps[2].client_id, redirect_uri=HOME, scopes=SCOPES, store=FileStore(path)) for _ in range(3)
        ]
        first, second, third = (opened(sandbox, flow) for flow in flows)
        async with first as one, second as two, third as three:
            started = one.start_sign_in()
            await one.finish_sign_in(started, await browse(started.url))
            sandbox.advance(1800)
            await asyncio.gather(*(each.connections() for each in (one, two, three) for _ in range(10)))
        assert sandbox.counters.tokens == 2
