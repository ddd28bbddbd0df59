"""Tokens in Redis: one refresh for many processes, and whoever sleeps past the lease writes over nothing newer."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fencing import CALLS, session
from msgspec.structs import replace
from redis.asyncio import Redis
from servers import redis_server
from test_auth_code import HOME, SCOPES, browse, opened

from xero_async import PKCE, AuthorizationCode, MemoryStore, RedisStore, SignInFailed, TokenSet
from xero_async.auth.stores import LockLost
from xero_async.auth.stores import redis as room
from xero_async.sandbox import Sandbox
from xero_async.wire.operation import Answer

HERE = Path(__file__).parent
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="stops processes as POSIX has it")


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    """A server."""
    with redis_server() as server:
        yield server


@asynccontextmanager
async def stores(address: str, name: str, count: int = 2) -> AsyncGenerator[list[RedisStore]]:
    """Stores for the same tokens, as so many processes have them."""
    made = [RedisStore(address, name) for _ in range(count)]
    yield made
    for store in made:
        await store.aclose()


def tokens(number: int) -> TokenSet:
    """Tokens that are told apart by a number."""
    return TokenSet(access_token=f"access-{number}", refresh_token=f"refresh-{number}", expires_at=2e9)


@asynccontextmanager
async def client(address: str) -> AsyncGenerator[Any]:
    """The server itself."""
    async with Redis.from_url(address) as server:  # pyright: ignore[reportUnknownMemberType] - half typed there
        yield server


async def pass_on(address: str, name: str) -> None:
    """Let the lease of whoever holds the lock be over."""
    async with client(address) as server:
        await server.delete(f"xero_async:{{{name}}}:tokens:lock")


# -- the number -----------------------------------------------------------------------------------------------------


async def test_numbers_grow_even_when_the_server_has_lost_its_memory(address: str) -> None:
    """Each holder's number is greater than those of all before, whichever store it holds and whatever was flushed."""
    numbers: list[int] = []
    async with stores(address, "numbers") as pair, client(address) as server:
        for turn in range(6):
            async with pair[turn % 2].lock() as number:
                numbers.append(number)
            if turn == 3:
                await server.flushdb()
                await asyncio.sleep(0.002)  # numbers begin with the clock's milliseconds
    assert numbers == sorted(set(numbers))


async def test_a_holder_whose_lock_has_passed_on_writes_nothing(address: str) -> None:
    """Refused is who holds an older number, though nobody holds the lock any more; who holds the newest may save."""
    async with stores(address, "passed") as (one, other):
        async with one.lock():
            await one.save(tokens(1))
            await pass_on(address, "passed")
            # Nobody has taken it: what is saved is the newest still.
            await one.save(tokens(2))
            async with other.lock():
                await other.save(tokens(3))
            with pytest.raises(LockLost, match="nothing was written"):
                await one.save(tokens(4))
            # And who it passed on to has let go of it meanwhile, without being harmed by the one before.
            async with other.lock():
                pass
        assert await other.load() == tokens(3)


async def test_a_holder_lets_go_of_no_lock_but_its_own(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the end of a lost lock nor its renewal touches the lock of the next holder."""
    monkeypatch.setattr(room, "LEASE", 0.15)
    lock = "xero_async:{own}:tokens:lock"
    async with stores(address, "own", 1) as (one,), client(address) as server:
        async with one.lock():
            await server.set(lock, "1", px=60_000)  # another holder, that does nothing
            await asyncio.sleep(0.1)  # a renewal of the one before
            assert await server.pttl(lock) > 1000
        assert await server.get(lock) == b"1"
        await server.delete(lock)


async def test_a_save_without_the_lock_is_newer_than_a_refresh_under_way(address: str) -> None:
    """What somebody puts in by hand stays, for the holder of the lock is refused and looks again."""
    async with stores(address, "by hand") as (one, other):
        async with one.lock():
            await other.save(tokens(7))
            with pytest.raises(LockLost):
                await one.save(tokens(1))
        assert await one.load() == tokens(7)


async def test_the_only_tokens_left_are_kept(address: str) -> None:
    """A server that was flushed under a holder takes its tokens, unless somebody else has held the lock since."""
    async with stores(address, "flushed") as (one, other), client(address) as server:
        async with one.lock():
            await server.flushdb()
            await one.save(tokens(1))
            assert await other.load() == tokens(1)
            await server.flushdb()
            async with other.lock():
                await other.save(tokens(2))
            with pytest.raises(LockLost):
                await one.save(tokens(3))
        assert await other.load() == tokens(2)


async def test_two_coroutines_of_one_store_have_a_number_each(address: str) -> None:
    """A number belongs to the coroutine that holds the lock, though both use the same object."""
    async with stores(address, "shared", 1) as (store,):
        has_passed, has_saved = asyncio.Event(), asyncio.Event()

        async def sleeps() -> None:
            async with store.lock():
                await pass_on(address, "shared")
                has_passed.set()
                await has_saved.wait()
                with pytest.raises(LockLost):
                    await store.save(tokens(1))

        async def goes_on() -> None:
            await has_passed.wait()
            async with store.lock():
                await store.save(tokens(2))
            has_saved.set()

        await asyncio.gather(sleeps(), goes_on())
        assert await store.load() == tokens(2)


# -- what the refused one does ----------------------------------------------------------------------------------------


class Strict:
    """An identity server that lets the pair that it gave last live, and no other. It is asked as a session asks."""

    def __init__(self) -> None:
        self.asked, self._given, self.alive = list[str](), 0, {"refresh-0"}

    async def __call__(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """A pair for a refresh token that lives, or is in its grace."""
        asked = form["refresh_token"]
        self.asked.append(asked)
        if asked not in self.alive:
            return Answer(400, {}, b'{"error": "invalid_grant"}')
        self._given += 1
        fresh = f"refresh-{self._given}"
        self.alive = {asked, fresh}  # the one that was asked with is in its grace
        grant = {"access_token": f"access-{self._given}", "refresh_token": fresh, "expires_in": 1800}
        return Answer(200, {}, msgspec.json.encode(grant))


class Passing(MemoryStore):
    """A store whose lock passes on to somebody else amid the first refresh, who refreshes too."""

    def __init__(self, server: Strict, moment: str) -> None:
        super().__init__(TokenSet(access_token="old", refresh_token="refresh-0", expires_at=1.0))
        self._server, self._moment, self._loads = server, moment, 0
        self.refusals = 0

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[None]:
        """Held by nobody else, says the one who has slept."""
        yield

    async def load(self) -> TokenSet | None:
        """The second look is the one under the lock."""
        kept = await super().load()
        self._loads += 1
        if self._loads == 2 and self._moment == "asking":
            await self._others()
        return kept

    async def save(self, tokens: TokenSet, /) -> None:
        """The first is refused, where others were faster."""
        if self._moment == "answered" and not self.refusals:
            self.refusals += 1
            await self._others()
            raise LockLost("refused")
        await super().save(tokens)

    async def _others(self) -> None:
        answer = await self._server("/connect/token", {"refresh_token": "refresh-0"}, {})
        given: Any = msgspec.json.decode(answer.body)
        theirs = TokenSet(access_token=given["access_token"], refresh_token=given["refresh_token"], expires_at=2e9)
        await super().save(theirs)


def flow(store: MemoryStore) -> AuthorizationCode:
    """A web app's sign-in on a store."""
    return AuthorizationCode("id", "secret", redirect_uri="https://app.example", scopes=(), store=store)


@pytest.mark.parametrize("moment", ["asking", "answered"])
async def test_a_refused_answer_leaves_a_token_that_works(moment: str) -> None:
    """Whichever of two pairs is the later, and though Xero should let no other live, the store holds a living one."""
    server = Strict()
    store = Passing(server, moment)
    auth = flow(store)
    access = await auth.token(server)
    kept = await store.load()
    assert kept is not None
    assert kept.refresh_token in server.alive
    assert kept.access_token == access
    assert store.refusals == (moment == "answered")
    # The token in the store was asked with first, and the own one only where that was dead.
    assert server.asked == [
        "refresh-0",
        "refresh-0",
        *(["refresh-1", "refresh-2"] if moment == "asking" else ["refresh-2"]),
    ]
    assert await flow(store).token(server) == access


async def test_both_dead() -> None:
    """Where neither pair lives, signing in has failed, and the next call asks with what is in the store."""
    server = Strict()
    store = Passing(server, "answered")
    auth = flow(store)

    async def dying(path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        if len(server.asked) == 2:  # both have their pair
            server.alive = set()
        return await server(path, form, headers)

    with pytest.raises(SignInFailed, match="invalid_grant"):
        await auth.token(dying)
    server.asked.clear()
    assert await auth.token(server) == "access-2"  # theirs, as it is in the store
    assert server.asked == []


async def test_somebody_signed_out_meanwhile() -> None:
    """A refresh that is refused because the user has signed out brings nobody back in."""
    server = Strict()

    class SignedOut(Passing):
        async def _others(self) -> None:
            await MemoryStore.save(self, TokenSet())

    store = SignedOut(server, "answered")
    with pytest.raises(SignInFailed, match="nobody is signed in"):
        await flow(store).token(server)
    assert await store.load() == TokenSet()


async def test_a_lock_that_never_stays() -> None:
    """A store that refuses for ever is an error after some refreshes, and no endless loop."""

    class Refusing(Passing):
        async def save(self, tokens: TokenSet, /) -> None:
            """None is taken."""
            raise LockLost("refused")

    server = Strict()
    with pytest.raises(LockLost):
        await flow(Refusing(server, "never")).token(server)
    assert len(server.asked) == 3


# -- processes ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def signed_in(address: str, name: str) -> AsyncGenerator[tuple[Sandbox, RedisStore]]:
    """A sandbox with a sign-in in Redis."""
    async with Sandbox(limits=None, automatic_consent=True) as sandbox, stores(address, name, 1) as (store,):
        auth = PKCE(sandbox.apps[2].client_id, redirect_uri=HOME, scopes=SCOPES, store=store)
        async with opened(sandbox, auth) as xero:
            started = xero.start_sign_in()
            await xero.finish_sign_in(started, await browse(started.url))
        yield sandbox, store


@asynccontextmanager
async def process(how: str, address: str, name: str, sandbox: Sandbox, lease: float) -> AsyncGenerator[Process]:
    """A process of `fencing.py`."""
    command = [str(HERE / "fencing.py"), how, address, name, sandbox.base_url, sandbox.apps[2].client_id, str(lease)]
    child = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=PIPE, stdout=PIPE)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def told(child: Process) -> str:
    """The next line of a process."""
    assert child.stdout is not None
    return (await child.stdout.readline()).decode().strip()


async def test_eight_processes_refresh_once(address: str) -> None:
    """8 processes of 10 coroutines, as on as many machines, meet an expired token at once: one refresh for all."""
    async with signed_in(address, "crowd") as (sandbox, _), AsyncExitStack() as stack:
        children = [
            await stack.enter_async_context(process("crowd", address, "crowd", sandbox, 30.0)) for _ in range(8)
        ]
        assert [await told(child) for child in children] == ["ready"] * 8
        before = sandbox.counters.tokens
        sandbox.advance(1800)
        answers = await asyncio.gather(*(child.communicate(b"go\n") for child in children))
        assert [int(out) for out, _ in answers] == [CALLS] * 8
        assert sandbox.counters.tokens - before == 1


@POSIX
@pytest.mark.parametrize("moment", ["asking", "answered"])
async def test_a_holder_that_is_stopped_past_its_lease(
    address: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another refreshes when the lease is over; the one that wakes up writes over nothing, and both go on."""
    name, lease = f"stopped {moment}", 0.4
    async with signed_in(address, name) as (sandbox, store):
        kept = await store.load()
        assert kept is not None
        await store.save(replace(kept, expires_at=0.0))
        async with process(moment, address, name, sandbox, lease) as child:
            assert await told(child) == "asleep"
            monkeypatch.setattr(room, "LEASE", lease)
            asked, began = sandbox.counters.tokens, time.monotonic()
            async with session(store, sandbox.base_url, sandbox.apps[2].client_id) as xero:
                assert await xero.connections()
            assert sandbox.counters.tokens == asked + 1
            assert time.monotonic() - began < 10
            theirs = await store.load()
            child.send_signal(signal.SIGCONT)
            assert await told(child) == f"{CALLS}"
            newest = await store.load()
        # Refused with its own answer, the sleeper has refreshed with what it found, and kept that.
        assert newest != theirs
        assert sandbox.counters.tokens == asked + (3 if moment == "asking" else 2)
        assert newest is not None
        await store.save(replace(newest, expires_at=0.0))
        async with session(store, sandbox.base_url, sandbox.apps[2].client_id) as xero:
            assert await xero.connections()


@POSIX
async def test_a_holder_that_is_killed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of a process that was killed passes on with its lease, and the next one refreshes."""
    async with signed_in(address, "killed") as (sandbox, store):
        kept = await store.load()
        assert kept is not None
        await store.save(replace(kept, expires_at=0.0))
        monkeypatch.setattr(room, "LEASE", 0.4)
        async with process("answered", address, "killed", sandbox, 0.4) as child:
            assert await told(child) == "asleep"
            child.kill()
            await child.wait()
            async with session(store, sandbox.base_url, sandbox.apps[2].client_id) as xero:
                assert await xero.connections()
