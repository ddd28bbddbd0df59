"""Tokens in a file that nobody else may read.

A file is never written over: the new one is written beside it, flushed to the disk, and renamed into its place, and
the folder is flushed too. Whenever the process or the machine dies, there is the old pair or the new one, whole. The
lock is a file of its own, since the other one is another file after each save; the system lets go of it when its
holder dies.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ...wire.errors import TokenStoreError
from ..tokens import TokenSet

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

__all__ = ["FileStore", "locked"]

LOCK_WAIT = 120.0
"""Seconds after which a lock that another process holds is given up; a refresh with all its repetitions takes less."""
ROOM = 16_384
"""Bytes that a token set does not exceed."""
POLL = 0.02
"""Seconds between two looks at a lock that is held, at first."""


class FileStore:
    """Keeps tokens in a file with mode 0600, shared by the processes of one machine.

    `path` is the file's; its folder is made where it is missing, readable by its owner alone. Methods raise
    `TokenStoreError`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(os.path.realpath(path))  # so that a link stays a link

    def __repr__(self) -> str:
        return f"FileStore({str(self._path)!r})"

    async def load(self) -> TokenSet | None:
        """The tokens that were saved last, or None where there is no file."""
        try:
            text = await asyncio.to_thread(_read, self._path)
        except OSError as error:
            raise _unusable(self._path, error) from error
        return None if text is None else TokenSet.parse(text)

    async def save(self, tokens: TokenSet, /) -> None:
        """Keep tokens in the place of those before; they are on the disk when this returns."""
        try:
            await asyncio.to_thread(_replace, self._path, tokens.dump().encode())
        except OSError as error:
            raise _unusable(self._path, error) from error

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[None]:
        """Held by one process at a time, and only where there is room to save.

        Raises `TokenStoreError`, also when another process holds it for two minutes.
        """
        async with locked(self._path.with_name(f"{self._path.name}.lock")):
            try:
                await asyncio.to_thread(_rehearse, self._path)
            except OSError as error:
                raise _unusable(self._path, error) from error
            yield


@asynccontextmanager
async def locked(path: Path) -> AsyncGenerator[None]:
    """A lock by the name of a file. Raises `TokenStoreError`."""
    try:
        _make_folder(path.parent)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        await _acquire(handle, path)
        try:
            yield
        finally:
            _unlock(handle)
    finally:
        os.close(handle)


async def _acquire(handle: int, path: Path) -> None:
    loop = asyncio.get_running_loop()
    patience, pause = loop.time() + LOCK_WAIT, POLL
    while not _try_lock(handle):
        if loop.time() > patience:
            raise TokenStoreError(f"another process has held {path} for {LOCK_WAIT:g} s: is it stopped?")
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 1.5, 10 * POLL)


if sys.platform == "win32":

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _replace(path: Path, data: bytes) -> None:
    """Put a file in the place of another, durably and at once."""
    fresh = _written_beside(path, data)
    os.replace(fresh, path)
    _flush_folder(path.parent)


def _rehearse(path: Path) -> None:
    """Find out whether a save would have room, before a refresh token is spent on what cannot be saved."""
    _written_beside(path, bytes(ROOM)).unlink()


def _written_beside(path: Path, data: bytes) -> Path:
    """A file beside another, flushed to the disk; none where it cannot be written whole."""
    _make_folder(path.parent)
    fresh = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()  # left by a process that died; its mode may be anything
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
    return fresh


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _flush_folder(folder: Path) -> None:
    if sys.platform != "win32":  # where a folder cannot be opened
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unusable(path: Path, error: OSError) -> TokenStoreError:
    return TokenStoreError(f"the token store {path} cannot be used: {error.strerror or type(error).__name__}")
