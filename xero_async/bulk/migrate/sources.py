"""What an archive consists of: files, folders with all that is below them, and what is packed in `.zip` and `.gz`.

A file that was named is read whatever it is called. In a folder, and in a zip, what begins as XML does is read, and the
rest is left alone and told. The order is that of the names, so that the same archive is the same input every time.
"""

from __future__ import annotations

import gzip
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Final, cast

from msgspec import Struct

from ...wire.errors import InvalidArgument

__all__ = ["UNPACKING", "Source", "sources_in"]

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""How UTF-8 and UTF-16 may begin."""
_NAMES: Final = (".xml", ".xro")
"""Names that promise XML: what is called so is not left alone, even if it is something else."""
_START: Final = 512
"""Bytes by which XML is told."""

UNPACKING: Final = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, lzma.LZMAError, RuntimeError)
"""What is raised where something packed is damaged, or packed in a way that is not known; a `RuntimeError` for a
password."""


class Source(Struct, frozen=True):
    """A document of an archive."""

    name: str
    """As it is told: the path, within a zip behind that of the zip."""
    opened: Callable[[], AbstractContextManager[IO[bytes]]]
    """Opens it, unpacked. Raises `OSError`, or one of `UNPACKING`."""
    is_named: bool
    """Whether it is read whatever it begins with."""

    def is_xml(self) -> bool:
        """Whether it begins as XML does. Raises as `opened` does."""
        if self.is_named:
            return True
        with self.opened() as stream:
            return _looks_like_xml(stream.read(_START))


def sources_in(paths: Iterable[Path]) -> Iterator[Source]:
    """Every document of an archive. Raises `InvalidArgument` for a path that is not there, `OSError`."""
    for path in paths:
        if path.is_dir():
            for file in _files_below(path):
                yield from _sources_of(file, is_named=file.name.lower().removesuffix(".gz").endswith(_NAMES))
        elif path.is_file():
            yield from _sources_of(path, is_named=True)
        else:
            raise InvalidArgument(f"{path}: there is no such file or folder")


def _files_below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(files):
            if not _is_hidden(name):
                yield Path(where) / name


def _raise(error: OSError) -> None:
    # A folder that cannot be looked into would else be passed over.
    raise error


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _sources_of(path: Path, *, is_named: bool) -> Iterator[Source]:
    try:
        with path.open("rb") as raw:
            start = raw.read(4)
    except OSError:
        # It is told of when it is read.
        start = b""
    if start.startswith(_ZIP):
        yield from _members(path)
    else:
        yield Source(str(path), lambda: _file(path), is_named)


@contextmanager
def _file(path: Path) -> Generator[IO[bytes]]:
    with path.open("rb") as raw:
        if raw.peek(2)[:2] != _GZIP:
            yield raw
            return
        with gzip.open(raw) as unpacked:
            yield cast("IO[bytes]", unpacked)


def _members(path: Path) -> Iterator[Source]:
    """The files in a zip. A damaged one is a document that cannot be opened."""
    try:
        with zipfile.ZipFile(path) as packed:
            names = sorted(info.filename for info in packed.infolist() if not info.is_dir())
    except UNPACKING:
        yield Source(str(path), lambda: _broken_zip(path), True)
        return
    for name in names:
        if not any(_is_hidden(part) for part in name.split("/")):
            yield Source(f"{path}/{name}", _opener(path, name), name.lower().endswith(_NAMES))


def _opener(path: Path, name: str) -> Callable[[], AbstractContextManager[IO[bytes]]]:
    return lambda: _member(path, name)


@contextmanager
def _member(path: Path, name: str) -> Generator[IO[bytes]]:
    with zipfile.ZipFile(path) as packed, packed.open(name) as raw:
        start = raw.peek(4)[:4] if isinstance(raw, zipfile.ZipExtFile) else b""
        if start.startswith(_ZIP):
            raise zipfile.BadZipFile("a zip within a zip")
        if not start.startswith(_GZIP):
            yield raw
            return
        with gzip.open(raw) as unpacked:
            yield cast("IO[bytes]", unpacked)


@contextmanager
def _broken_zip(path: Path) -> Generator[IO[bytes]]:
    with zipfile.ZipFile(path), path.open("rb") as raw:
        yield raw


def _looks_like_xml(start: bytes) -> bool:
    for mark in _MARKS:
        start = start.removeprefix(mark)
    return start.replace(b"\0", b"").lstrip()[:1] == b"<"
