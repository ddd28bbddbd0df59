"""Where tokens are kept: what was saved comes back, whole, to nobody else, and one process at a time."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import stat
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as FailKeyring
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError
from servers import free_port, redis_server

from xero_async import FileStore, KeyringStore, MemoryStore, RedisStore, TokenSet, TokenStore
from xero_async.auth import Locking
from xero_async.auth.stores import file as file_room
from xero_async.wire.errors import DecodeError, InvalidArgument, TokenStoreError

if sys.platform != "win32":
    import resource

SECRET = "sw0rdfish"


def tokens(number: int, length: int = 40) -> TokenSet:
    """Tokens that are told apart by a number."""
    return TokenSet(
        access_token=f"{SECRET}-access-{number}".ljust(length, "x"),
        refresh_token=f"{SECRET}-refresh-{number}",
        expires_at=1_800_000_000.5 + number,
        scopes=("openid", "accounting.invoices"),
    )


class SmallKeyring(KeyringBackend):
    """A keyring that takes as much under one name as the one of Windows."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the base is untyped there
        self.kept: dict[str, str] = {}
        self.is_locked = False
        self.writes_left = 1_000_000

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept under a name."""
        if self.is_locked:
            raise KeyringLocked
        return self.kept.get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep something under a name."""
        self.writes_left -= 1
        if len(password) > 1280 or self.writes_left < 0:
            raise PasswordSetError
        self.kept[f"{service}/{username}"] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a name."""
        if self.kept.pop(f"{service}/{username}", None) is None:
            raise PasswordDeleteError


@pytest.fixture
def small_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[SmallKeyring]:
    """The keyring in the place of the system's, and a home of its own."""
    before, mine = keyring.get_keyring(), SmallKeyring()
    monkeypatch.setenv("HOME", str(tmp_path))
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.fixture(scope="module")
def redis_address() -> Generator[str]:
    """A server with an append-only file."""
    with redis_server("--appendonly", "yes") as address:
        yield address


@asynccontextmanager
async def opened(kind: str, request: pytest.FixtureRequest) -> AsyncGenerator[tuple[TokenStore, TokenStore]]:
    """Two stores of one kind that stand for the same tokens, as two processes have them."""
    if kind == "file":
        path = request.getfixturevalue("tmp_path") / "deep" / "tokens.json"
        yield FileStore(path), FileStore(path)
    elif kind == "keyring":
        request.getfixturevalue("small_keyring")
        yield KeyringStore("app"), KeyringStore("app")
    else:
        address = request.getfixturevalue("redis_address")
        pair = RedisStore(address, request.node.name), RedisStore(address, request.node.name)
        yield pair
        for store in pair:
            await store.aclose()


KINDS = ["file", "keyring", "redis"]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_saved_comes_back(kind: str, request: pytest.FixtureRequest) -> None:
    """Another process reads what one has saved, the latest and whole, however long; before the first there is None."""
    async with opened(kind, request) as (one, other):
        assert await other.load() is None
        for number, length in enumerate([40, 9000, 3000, 1, 12_000]):
            await one.save(tokens(number, length))
            assert await other.load() == tokens(number, length)
        await one.save(TokenSet())
        assert await other.load() == TokenSet()


@pytest.mark.parametrize("kind", KINDS)
async def test_one_at_a_time(kind: str, request: pytest.FixtureRequest) -> None:
    """A lock is held by one at a time, and passes on when its holder fails or is cancelled."""
    inside: list[int] = []
    has_begun = asyncio.Event()

    async def hold(store: TokenStore, number: int) -> None:
        assert isinstance(store, Locking)
        async with store.lock():
            inside.append(number)
            assert len(inside) == 1
            has_begun.set()
            await asyncio.sleep(0.01 if number else 30)
            inside.remove(number)
            if number == 3:
                raise ZeroDivisionError

    async with opened(kind, request) as pair:
        first = asyncio.create_task(hold(pair[0], 0))
        await has_begun.wait()
        others = [asyncio.create_task(hold(pair[number % 2], number)) for number in range(1, 8)]
        await asyncio.sleep(0.1)
        assert inside == [0]
        first.cancel()
        inside.clear()
        ends = await asyncio.gather(*others, return_exceptions=True)
    assert [type(end).__name__ for end in ends if end is not None] == ["ZeroDivisionError"]


def test_memory() -> None:
    """Memory keeps tokens for one program, and has no lock since nobody shares it."""
    store = MemoryStore(tokens(1))
    assert asyncio.run(store.load()) == tokens(1)
    asyncio.run(store.save(tokens(2)))
    assert asyncio.run(store.load()) == tokens(2)
    assert not isinstance(store, Locking)


# -- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask, and whatever was left behind, the file's mode is 0600 and its folder's 0700."""
    path = tmp_path / "own" / "tokens.json"
    before = os.umask(0)
    try:
        store = FileStore(path)
        await store.save(tokens(1))
        (tmp_path / "own" / "tokens.json.new").write_text("left by a process that died")
        async with store.lock():
            await store.save(tokens(2))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {
        "tokens.json": 0o600,
        "tokens.json.lock": 0o600,
    }
    assert await store.load() == tokens(2)


async def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Where the path is a link, the file that it leads to is replaced, not the link."""
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    link.symlink_to(real)
    await FileStore(link).save(tokens(1))
    assert link.is_symlink()
    assert await FileStore(real).load() == tokens(1)


async def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    """What cannot be read, written, locked or understood is told in a sentence, without what the file holds."""
    (tmp_path / "folder").mkdir()
    for attempt in (FileStore(tmp_path / "folder").load(), FileStore(tmp_path / "folder").save(tokens(1))):
        with pytest.raises(TokenStoreError, match=r"folder cannot be used: "):
            await attempt
    (tmp_path / "plain").write_text(f'{{"access_token": "{SECRET}"')
    with pytest.raises(DecodeError, match="sign in again") as caught:
        await FileStore(tmp_path / "plain").load()
    assert SECRET not in repr(caught.value)
    with pytest.raises(TokenStoreError, match="cannot be used"):
        async with FileStore(tmp_path / "plain" / "below").lock():
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
async def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """Where a file cannot be written whole, the old tokens stay, nothing is left beside them, and no refresh begins."""
    store = FileStore(tmp_path / "tokens.json")
    await store.save(tokens(1))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))
    try:
        with pytest.raises(TokenStoreError, match="File too large"):
            await store.save(tokens(2, 9000))
        with pytest.raises(TokenStoreError, match="File too large"):
            async with store.lock():
                pytest.fail("a refresh token would be spent on what cannot be saved")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert await store.load() == tokens(1)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["tokens.json", "tokens.json.lock"]
    await store.save(tokens(2, 9000))
    assert await store.load() == tokens(2, 9000)


async def test_a_lock_that_is_never_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits too long for another process is told so, and by which file."""
    monkeypatch.setattr(file_room, "LOCK_WAIT", 0.1)
    store = FileStore(tmp_path / "tokens.json")
    async with store.lock():
        with pytest.raises(TokenStoreError, match=r"another process has held .*tokens\.json\.lock for 0\.1 s"):
            async with FileStore(tmp_path / "tokens.json").lock():
                pass


# -- the keyring ----------------------------------------------------------------------------------------------------


async def test_a_keyring_that_fails_midway(small_keyring: SmallKeyring) -> None:
    """Wherever a save ends, the keyring holds the tokens before or the new ones, whole, and the next save goes well."""
    store = KeyringStore("app")
    for writes in range(8):
        await store.save(tokens(1, 3000))
        small_keyring.writes_left = writes
        try:
            await store.save(tokens(2, 4000))
        except TokenStoreError:
            assert await store.load() == tokens(1, 3000)
        else:
            assert await store.load() == tokens(2, 4000)
        small_keyring.writes_left = 1_000_000
    await store.save(tokens(3))
    assert await store.load() == tokens(3)
    # What failed attempts have left behind is at most one generation, written over by the next.
    assert len(small_keyring.kept) <= 8


async def test_no_keyring(small_keyring: SmallKeyring) -> None:
    """A machine without a keyring is told from one that is locked."""
    keyring.set_keyring(FailKeyring())  # type: ignore[no-untyped-call]  # untyped there
    with pytest.raises(TokenStoreError, match="none on this machine, use FileStore"):
        await KeyringStore("app").load()


async def test_a_locked_keyring(small_keyring: SmallKeyring) -> None:
    """A keyring that is locked is told in a sentence."""
    small_keyring.is_locked = True
    for attempt in (KeyringStore("app").load(), KeyringStore("app").save(tokens(1))):
        with pytest.raises(TokenStoreError, match=r"KeyringLocked.*unlocked"):
            await attempt


# -- Redis ----------------------------------------------------------------------------------------------------------


async def test_a_server_that_is_away() -> None:
    """A server that cannot be reached is told in a sentence, by each method."""
    store = RedisStore(f"redis://:{SECRET}@127.0.0.1:{free_port()}/0", "app")
    for attempt in (store.load(), store.save(tokens(1))):
        with pytest.raises(TokenStoreError, match="in Redis cannot be used") as caught:
            await attempt
        assert SECRET not in str(caught.value)
    with pytest.raises(TokenStoreError, match="in Redis cannot be used"):
        async with store.lock():
            pass
    await store.aclose()


def test_what_is_no_address() -> None:
    """What is no address of a server is refused at once, and not repeated."""
    with pytest.raises(InvalidArgument, match="redis://") as caught:
        RedisStore(SECRET, "app")
    assert SECRET not in str(caught.value)


# -- secrets and text -----------------------------------------------------------------------------------------------


@given(st.builds(TokenSet, access_token=st.text(), refresh_token=st.text(), expires_at=st.floats(0, 1e11)))
def test_text_and_back(kept: TokenSet) -> None:
    """Tokens are the same after a walk through text, and through a pickle."""
    assert TokenSet.parse(kept.dump()) == kept
    assert pickle.loads(pickle.dumps(kept)) == kept


def test_nothing_shows_tokens() -> None:
    """Neither tokens nor stores show a secret when they are printed."""
    shown = [tokens(1), MemoryStore(tokens(1)), FileStore("x"), RedisStore(f"redis://:{SECRET}@localhost/0", "app")]
    assert SECRET not in " ".join(map(repr, shown)) + " ".join(map(str, shown))
