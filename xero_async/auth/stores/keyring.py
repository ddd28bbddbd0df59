"""Tokens in the keyring of the operating system. Needs the extra `[keyring]`.

Some keyrings take no more than about 1,280 letters under one name, and a token set is longer. So it is kept in parts:
the parts of a new generation are written first, then the one entry that says which generation counts, then the parts
before are deleted. Whenever the process dies, that entry names a whole generation.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ...wire.errors import InvalidArgument, TokenStoreError
from ..tokens import TokenSet
from .file import locked

__all__ = ["KeyringStore"]

PART = 1000
"""Letters in one entry; Windows takes 1,280."""


class KeyringStore:
    """Keeps tokens in the keyring of the user who runs the program, shared by that user's processes.

    `name` tells sign-ins apart, for example a client id. Methods raise `TokenStoreError`. Raises `InvalidArgument`
    where the library `keyring` is not installed.
    """

    def __init__(self, name: str, *, service: str = "xero_async") -> None:
        try:
            import keyring
            from keyring.errors import KeyringError, PasswordDeleteError
        except ImportError as error:
            raise InvalidArgument('this store needs an extra: pip install "xero_async[keyring]"') from error
        self._get, self._set, self._delete = keyring.get_password, keyring.set_password, keyring.delete_password
        self._failure, self._missing = KeyringError, PasswordDeleteError
        self._name, self._service = name, service
        told = hashlib.sha256(f"{service}\n{name}".encode()).hexdigest()[:16]
        self._lock_file = Path.home() / ".cache" / "xero_async" / f"{told}.lock"

    def __repr__(self) -> str:
        return f"KeyringStore({self._name!r})"

    async def load(self) -> TokenSet | None:
        """The tokens that were saved last, or None."""
        return await asyncio.to_thread(self._load)

    async def save(self, tokens: TokenSet, /) -> None:
        """Keep tokens in the place of those before."""
        await asyncio.to_thread(self._save, tokens.dump())

    @asynccontextmanager
    async def lock(self) -> AsyncGenerator[None]:
        """Held by one process of the user at a time, by means of a file. Raises `TokenStoreError`."""
        async with locked(self._lock_file):
            yield

    def _load(self) -> TokenSet | None:
        try:
            generation, count = self._current()
            parts = [self._get(self._service, part) or "" for part in self._parts(generation, count)]
        except self._failure as error:
            raise _unusable(error) from None
        return TokenSet.parse("".join(parts)) if parts else None

    def _save(self, text: str) -> None:
        try:
            old, old_count = self._current()
            pieces = [text[at : at + PART] for at in range(0, len(text), PART)]
            for part, piece in zip(self._parts(old + 1, len(pieces)), pieces, strict=True):
                self._set(self._service, part, piece)
            self._set(self._service, self._name, f"{old + 1}:{len(pieces)}")
            for part in self._parts(old, old_count):
                with suppress(self._missing):
                    self._delete(self._service, part)
        except self._failure as error:
            raise _unusable(error) from None

    def _current(self) -> tuple[int, int]:
        """The generation that counts, and the number of its parts; 0 and 0 before the first."""
        generation, _, count = (self._get(self._service, self._name) or "0:0").partition(":")
        return (int(generation), int(count)) if generation.isdecimal() and count.isdecimal() else (0, 0)

    def _parts(self, generation: int, count: int) -> list[str]:
        return [f"{self._name}.{generation}.{part}" for part in range(count)]


def _unusable(error: Exception) -> TokenStoreError:
    name = type(error).__name__
    hint = "there is none on this machine, use FileStore" if name == "NoKeyringError" else "is it unlocked?"
    return TokenStoreError(f"the keyring cannot be used ({name}): {hint}")
