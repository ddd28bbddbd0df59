"""Signing in: one request for however many ask, renewed ahead of time, and no secret in anything that is shown."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import pickle
from collections.abc import Mapping
from typing import Any

import pytest
from virtual import VirtualLoop, run

from xero_async.auth import ClientCredentials, StaticToken
from xero_async.wire import Answer
from xero_async.wire.errors import InvalidArgument, ServerError, SignInFailed, TransportError, Unauthorized

SECRET = "sw0rdfish-ß"
LATENCY = 1.0


def grant(number: int, life: float = 1800) -> Answer:
    """A token, as the identity server gives it."""
    document = {"access_token": f"token-{number}", "expires_in": life, "token_type": "Bearer", "scope": "a b"}
    return Answer(200, {}, json.dumps(document).encode())


def refusal(error: str, status: int = 400, **more: str) -> Answer:
    """A refusal, as the identity server words it."""
    return Answer(status, {}, json.dumps({"error": error} | more).encode())


class IdentityServer:
    """The identity server, as the session's sender reaches it: each request takes a second."""

    def __init__(self, *script: Answer | Exception, life: float = 1800) -> None:
        self.forms: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._script, self._life = list(script), life

    @property
    def requests(self) -> int:
        """The requests so far."""
        return len(self.forms)

    async def __call__(self, path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
        """Answer as the script says, and with new tokens when it is used up."""
        self.paths.append(path)
        self.forms.append(dict(form))
        self.headers.append(dict(headers))
        number = self.requests
        answer = self._script.pop(0) if self._script else grant(number, self._life)
        await asyncio.sleep(LATENCY)
        if isinstance(answer, Exception):
            raise answer
        return answer


def credentials(**options: Any) -> ClientCredentials:
    """Credentials with the secret that must never be seen."""
    return ClientCredentials("client", SECRET, **options)


# -- client credentials: what is sent -------------------------------------------------------------------------------


@pytest.mark.parametrize(("scopes", "scope"), [((), ""), (["a.read", "b"], "a.read b")])
def test_what_is_asked(scopes: list[str], scope: str) -> None:
    """The token is asked for with the credentials as HTTP Basic, encoded as in a form, and the scopes in one text."""
    server = IdentityServer()
    assert run(ClientCredentials("my client:1", "a+b:ß", scopes=scopes).token(server)) == "token-1"
    assert server.paths == ["/connect/token"]
    assert server.forms == [{"grant_type": "client_credentials", "scope": scope}]
    basic = base64.b64encode(b"my+client%3A1:a%2Bb%3A%C3%9F").decode()
    assert server.headers == [{"Authorization": f"Basic {basic}"}]


@pytest.mark.parametrize(("id", "secret"), [("", "s"), ("c", ""), ("", "")])
def test_refused_credentials(id: str, secret: str) -> None:
    """Credentials that cannot be right are refused at once, without repeating the secret."""
    with pytest.raises(InvalidArgument, match="client credentials are a client id"):
        ClientCredentials(id, secret)


# -- client credentials: once ---------------------------------------------------------------------------------------


def test_fifty_coroutines_are_one_request() -> None:
    """However many coroutines find no token, one request goes out, and all get its token when it comes."""
    server, auth = IdentityServer(), credentials()

    async def main() -> tuple[list[str], float]:
        tokens = await asyncio.gather(*(auth.token(server) for _ in range(50)))
        return tokens, asyncio.get_running_loop().time()

    assert run(main()) == (["token-1"] * 50, LATENCY)
    assert server.requests == 1


def test_a_token_is_kept() -> None:
    """A token that is good is given without asking anybody."""
    server, auth = IdentityServer(), credentials()

    async def main() -> None:
        for _ in range(10):
            assert await auth.token(server) == "token-1"

    run(main())
    assert server.requests == 1


@pytest.mark.parametrize("cancelled", [[0], [1], [0, 1, 2, 3], [4]])
def test_a_cancelled_waiter_takes_nobody_along(cancelled: list[int]) -> None:
    """Cancelling some of those who wait, the one who asked first among them, leaves the request to the others."""
    server, auth = IdentityServer(), credentials()

    async def main() -> list[object]:
        waiters = [asyncio.create_task(auth.token(server)) for _ in range(5)]
        await asyncio.sleep(LATENCY / 2)
        for index in cancelled:
            waiters[index].cancel()
        return list(await asyncio.gather(*waiters, return_exceptions=True))

    given = run(main())
    assert [index for index, value in enumerate(given) if isinstance(value, asyncio.CancelledError)] == cancelled
    assert {value for index, value in enumerate(given) if index not in cancelled} == {"token-1"}
    assert server.requests == 1


def test_a_token_that_nobody_waits_for_is_kept() -> None:
    """When all who wait are cancelled, the token still comes, and the next one who asks has it."""
    server, auth = IdentityServer(), credentials()

    async def main() -> str:
        waiter = asyncio.create_task(auth.token(server))
        await asyncio.sleep(LATENCY / 2)
        waiter.cancel()
        await asyncio.sleep(LATENCY)
        return await auth.token(server)

    assert run(main()) == "token-1"
    assert server.requests == 1


def test_a_failure_that_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    """A refusal that comes when nobody waits any more makes no noise, and the next one who asks asks anew."""
    server, auth = IdentityServer(refusal("invalid_client")), credentials()

    async def main() -> str:
        waiter = asyncio.create_task(auth.token(server))
        await asyncio.sleep(LATENCY / 2)
        waiter.cancel()
        await asyncio.sleep(LATENCY)
        return await auth.token(server)

    assert run(main()) == "token-2"
    assert caplog.records == []


def test_another_loop() -> None:
    """Credentials outlive an event loop: one that ended while a token was on its way does not hold up the next."""
    server, auth = IdentityServer(), credentials()

    async def leave() -> None:
        asyncio.create_task(auth.token(server)).add_done_callback(lambda task: task.cancelled())
        await asyncio.sleep(LATENCY / 2)

    run(leave())
    assert run(auth.token(server)) == "token-2"


def test_two_loops_at_a_time() -> None:
    """A loop does not wait for what another one has asked for, and the one leaves the other's request alone."""
    server, auth = IdentityServer(), credentials()
    one, two = VirtualLoop(), VirtualLoop()
    try:
        first = one.create_task(auth.token(server))
        one.run_until_complete(asyncio.sleep(LATENCY / 2))
        assert two.run_until_complete(auth.token(server)) == "token-2"
        assert one.run_until_complete(first) == "token-1"
    finally:
        one.close()
        two.close()


# -- client credentials: in time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("life", "used"),
    [(1800, 1740), (120, 60), (90, 45), (60, 30), (10, 5)],
)
def test_tokens_are_renewed_ahead(life: float, used: float) -> None:
    """A token is used until a minute before its end, or half its life when that is short, from when it was asked."""
    server, auth = IdentityServer(life=life), credentials()

    async def main() -> None:
        await auth.token(server)
        await asyncio.sleep(used - LATENCY - 0.01)
        assert await auth.token(server) == "token-1"
        await asyncio.sleep(0.02)
        assert set(await asyncio.gather(auth.token(server), auth.token(server))) == {"token-2"}

    run(main())
    assert server.requests == 2


def test_a_life_written_as_text() -> None:
    """A life that comes as text is a life all the same."""
    server = IdentityServer(Answer(200, {}, b'{"access_token": "t", "expires_in": "1800"}'))
    auth = credentials()

    async def main() -> list[str]:
        return [await auth.token(server), await auth.token(server)]

    assert run(main()) == ["t", "t"]


def test_renewing_a_stale_token() -> None:
    """A token that Xero no longer takes is replaced; for fifty who were refused with it, by one request."""
    server, auth = IdentityServer(), credentials()

    async def main() -> None:
        stale = await auth.token(server)
        assert await asyncio.gather(*(auth.renew(stale, server) for _ in range(50))) == [True] * 50
        assert await auth.token(server) == "token-2"

    run(main())
    assert server.requests == 2


def test_renewing_what_has_been_renewed() -> None:
    """Who comes late with a token that was replaced long ago is given the new one, without a request."""
    server, auth = IdentityServer(), credentials()

    async def main() -> None:
        stale = await auth.token(server)
        await auth.renew(stale, server)
        assert await auth.renew(stale, server)
        assert await auth.renew("a token of somebody else's", server)
        assert await auth.token(server) == "token-2"

    run(main())
    assert server.requests == 2


def test_renewing_in_vain() -> None:
    """When the identity server gives the same token again, there is no other to try."""
    server, auth = IdentityServer(grant(1), grant(1)), credentials()

    async def main() -> None:
        assert not await auth.renew(await auth.token(server), server)

    run(main())
    assert server.requests == 2


# -- client credentials: failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [TransportError("lost"), Answer(503, {}, b"offline"), Answer(500, {}, b"")])
@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_request_is_repeated(failure: Answer | Exception, times: int) -> None:
    """A request without an answer, or with a server's error, is made again, and nobody notices."""
    server, auth = IdentityServer(*[failure] * times), credentials()

    async def main() -> list[str]:
        return list(await asyncio.gather(auth.token(server), auth.token(server)))

    assert run(main()) == [f"token-{times + 1}"] * 2
    assert server.requests == times + 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [(TransportError("lost"), TransportError), (Answer(503, {}, b"offline"), ServerError)],
)
def test_giving_up(failure: Answer | Exception, kind: type[Exception]) -> None:
    """After four attempts all who wait get the error; the next one who asks begins anew."""
    server, auth = IdentityServer(*[failure] * 4), credentials()

    async def main() -> tuple[list[object], str]:
        waiters = await asyncio.gather(*(auth.token(server) for _ in range(3)), return_exceptions=True)
        return list(waiters), await auth.token(server)

    errors, token = run(main())
    assert [type(error) for error in errors] == [kind] * 3
    assert token == "token-5"


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("invalid_client", "Check the client id and the client secret."),
        ("unauthorized_client", "Check that the app is of the kind"),
        ("invalid_scope", "Check the scopes"),
        ("an_error_of_next_year", "(status 400)."),
    ],
)
def test_a_refusal(error: str, hint: str) -> None:
    """A refusal is `SignInFailed` for all who wait, with Xero's code, what to do about it, and no second attempt."""
    server, auth = IdentityServer(refusal(error, error_description="Words of Xero's")), credentials()

    async def main() -> list[object]:
        return list(await asyncio.gather(*(auth.token(server) for _ in range(50)), return_exceptions=True))

    errors = run(main())
    assert server.requests == 1
    for caught in errors:
        assert isinstance(caught, SignInFailed)
        assert isinstance(caught, Unauthorized)
        assert (caught.error, caught.status) == (error, 400)
        assert f"{error}: Words of Xero's" in str(caught)
        assert hint in str(caught)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Gateway</html>",
        b'{"access_tok',
        b"{}",
        b"[]",
        b"null",
        b'{"access_token": ""}',
        b'{"access_token": null}',
        b'{"error": {"a": 1}}',
        b"\xff",
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_no_token_in_the_answer(status: int, body: bytes) -> None:
    """An answer without a token is `SignInFailed` with its status, whatever it is, and the body stays out of it."""
    with pytest.raises(SignInFailed, match=rf"no token in the answer \(status {status}\)") as caught:
        run(credentials().token(IdentityServer(Answer(status, {}, body))))
    assert caught.value.status == status


@pytest.mark.parametrize(
    "script",
    [
        refusal("invalid_client"),
        Answer(400, {}, b"<html>"),
        Answer(503, {}, b""),
        TransportError("no answer"),
        grant(1),
    ],
)
def test_the_secret_is_never_shown(script: Answer | Exception, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the secret, nor what is made of it, nor a token is in a repr, a message, a pickled error or a log."""
    basic = base64.b64encode(b"client:sw0rdfish-%C3%9F").decode()
    auth, shown = credentials(), ""
    with caplog.at_level(logging.DEBUG):
        try:
            run(auth.token(IdentityServer(*[script] * 4)))
        except (SignInFailed, ServerError, TransportError) as error:
            shown += f"{error} {error!r} {vars(error)} {pickle.dumps(error)!r}"
    shown += f"{auth} {auth!r} {caplog.text} {StaticToken('token-1')!r} {StaticToken('token-1')}"
    assert [word for word in (SECRET, "sw0rdfish", basic, "token-1") if word in shown] == []


# -- a static token -------------------------------------------------------------------------------------------------


async def never(path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
    """The identity server of those who never ask it."""
    raise AssertionError("nobody should ask")


async def test_a_static_token() -> None:
    """A static token is given as it is, and there is no other when it has expired."""
    auth = StaticToken("abc.DEF-123_~")
    assert await auth.token(never) == "abc.DEF-123_~"
    assert not await auth.renew("abc.DEF-123_~", never)


@pytest.mark.parametrize("frame", ["{}", "sw0rdfish{}", "{}sw0rdfish"])
@pytest.mark.parametrize("text", ["\n", "\r\nX-Evil: 1", " ", "\t", "\x00", "é", "\ud83d", "Bearer a"])
def test_refused_tokens(frame: str, text: str) -> None:
    """What is no token, or would break out of its header, is refused, and not repeated in the refusal."""
    with pytest.raises(InvalidArgument, match="printable ASCII without spaces") as caught:
        StaticToken(frame.format(text))
    assert "sw0rdfish" not in str(caught.value)


def test_no_token() -> None:
    """An empty token is refused."""
    with pytest.raises(InvalidArgument):
        StaticToken("")
