"""The address of a Redis server, and what is wrong with one: told with the cure, wherever something is kept there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import pytest
from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError
from servers import free_port, redis_server

from xero_async import InvalidArgument, RedisLimits, RedisStore, TokenSet
from xero_async.bulk.queue import ledger
from xero_async.bulk.queue.ledger import Ledger
from xero_async.pacing import server as room
from xero_async.pacing.server import what_is_wrong
from xero_async.wire.errors import TokenStoreError, XeroError

PASSWORD, WRONG = "planted-secret", "another-secret"
Ways: TypeAlias = dict[str, Callable[[str], object]]
MADE: Ways = {
    "limits": RedisLimits,
    "tokens": lambda address: RedisStore(address, "app"),
    "queue": Ledger,
}
everyone = pytest.mark.parametrize("who", MADE)


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is not tried again."""
    for each in (ledger, room):
        monkeypatch.setattr(each, "RETRIES", 0)


async def use(who: str, address: str) -> None:
    """Write something into a server."""
    if who == "limits":
        async with RedisLimits(address) as limits:
            (await limits.acquire("t")).release()
    elif who == "tokens":
        store = RedisStore(address, "app")
        try:
            await store.save(TokenSet())
        finally:
            await store.aclose()
    else:
        async with Ledger(address):
            pass


async def refused(who: str, address: str) -> str:
    """The sentence with which somebody is refused."""
    with pytest.raises(XeroError) as caught:
        await use(who, address)
    assert not isinstance(caught.value, InvalidArgument)
    sentence = str(caught.value)
    assert PASSWORD not in sentence
    assert WRONG not in sentence
    return sentence


# -- addresses ------------------------------------------------------------------------------------------------------


@everyone
@pytest.mark.parametrize(
    ("address", "words"),
    [
        (f"redis://:{PASSWORD}@localhost/0?foo=bar", "options"),
        (f"redis://:{PASSWORD}@localhost/0?decode_responses=1", "options"),
        (f"redis://:{PASSWORD}@localhost/0?protocol=9", "options"),
        (f"redis://:{PASSWORD}@localhost/0?socket_timeout=long", "options"),
        (f"redis://:{PASSWORD}@localhost/0?ssl_ca_certs=/x", "options"),
        (f"redis://:{PASSWORD}@localhost/0nodb", "number of a database"),
        (f"redis://:{PASSWORD}@localhost/0/1", "number of a database"),
        (f"redis://:{PASSWORD}@localhost?db=", "number of a database"),
        (f"redis://:1/{PASSWORD}@localhost/0", "number of a database"),
        (f"redis://:{PASSWORD}@localhost:99999", "redis://localhost:6379/0"),
        (f"redis://:{PASSWORD}@[::1", "redis://localhost:6379/0"),
        (f"http://:{PASSWORD}@localhost", "redis://localhost:6379/0"),
    ],
)
def test_an_address_that_cannot_be_right(who: str, address: str, words: str) -> None:
    """It is refused before anything is sent, in a sentence that says what is wrong and repeats nothing."""
    with pytest.raises(InvalidArgument, match=words) as caught:
        MADE[who](address)
    assert PASSWORD not in str(caught.value)


@everyone
@pytest.mark.parametrize(
    "address",
    [
        "redis://localhost",
        "redis://me:word@localhost:1/15?socket_timeout=3&protocol=3&client_name=me",
        "rediss://localhost/1?ssl_ca_certs=/x&ssl_check_hostname=no",
        "unix:///run/redis.sock?db=3&password=word",
    ],
)
def test_an_address_with_what_it_may_have(who: str, address: str) -> None:
    """Databases, options and sockets that the library knows are taken."""
    assert MADE[who](address) is not None


# -- servers --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked() -> Generator[str]:
    """A server with a password."""
    with redis_server("--requirepass", PASSWORD) as address:
        yield address


@pytest.fixture(scope="module")
def replica() -> Generator[str]:
    """A server that takes no writes."""
    with redis_server("--replicaof", "127.0.0.1", str(free_port())) as address:
        yield address


@asynccontextmanager
async def client(address: str) -> AsyncGenerator[Any]:
    """The server itself."""
    async with Redis.from_url(address) as server:  # pyright: ignore[reportUnknownMemberType] - half typed there
        yield server


@everyone
async def test_a_password_that_is_missing_or_wrong(who: str, locked: str) -> None:
    """Both are told as what they are, with the places where it belongs; the right one works."""
    missing = await refused(who, locked)
    assert "wants a password" in missing
    wrong = await refused(who, locked.replace("//", f"//:{WRONG}@"))
    assert "refuses the user's name or the password" in wrong
    for sentence in (missing, wrong):
        assert "address" in sentence
        assert room.PASSWORD in sentence
    if who != "limits":  # which take two seconds, until they know that nobody has called
        await use(who, locked.replace("//", f"//:{PASSWORD}@"))


@everyone
async def test_a_replica(who: str, replica: str) -> None:
    """It is told what the server is, and what to name in its place."""
    assert "is a replica, which takes no writes: name its primary" in await refused(who, replica)


@everyone
async def test_a_database_that_is_not_there(who: str, locked: str) -> None:
    """A number beyond those of the server is told."""
    address = locked.replace("//", f"//:{PASSWORD}@").removesuffix("/0") + "/99"
    assert "no database of that number" in await refused(who, address)


@everyone
async def test_a_server_that_is_not_there(who: str) -> None:
    """It is told without its address."""
    sentence = await refused(who, f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0")
    assert "the server cannot be reached" in sentence
    assert "127.0.0.1" not in sentence


async def test_memory_that_is_full_and_a_user_without_rights(locked: str) -> None:
    """Both are told with what helps."""
    mine = locked.replace("//", f"//:{PASSWORD}@")
    async with client(mine) as server:
        await server.execute_command("ACL", "SETUSER", "me", "on", ">word", "~*", "+@all", "-eval")
        assert "rules do not let this user" in await refused("tokens", locked.replace("//", "//me:word@"))
        await server.config_set("maxmemory", 1)
        try:
            assert "`maxmemory`" in await refused("tokens", mine)
        finally:
            await server.config_set("maxmemory", 0)


async def test_a_cluster_that_is_away_is_an_error_of_the_store() -> None:
    """What the client of a cluster raises is translated, too."""
    cluster: Any = RedisCluster.from_url(f"redis://127.0.0.1:{free_port()}")
    store = RedisStore(cluster, "app")
    waits: list[Callable[[], Awaitable[object]]] = [store.load, lambda: store.save(TokenSet())]
    for wait in waits:
        with pytest.raises(TokenStoreError, match="RedisClusterException"):
            await wait()
    await cluster.aclose()


def test_what_no_row_knows() -> None:
    """Of any other error its kind is told, and the word in capitals that the server begins with; nothing else is."""
    assert what_is_wrong(ResponseError(f"BUSY {PASSWORD}")) == "the server has failed (ResponseError BUSY)"
    assert what_is_wrong(ResponseError(f"No {PASSWORD}")) == "the server has failed (ResponseError)"
