"""What an archive consists of: files, folders with all that is below them, and what is packed in `.zip` and `.gz`.

A file that was named is read whatever it is called. In a folder, and in a zip, what begins as XML does is read, and the
rest is left alone and told; only hidden files are passed over. The order is that of the names, so that the same
archive is the same input every time.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Final, cast

from msgspec import Struct

from ...wire.errors import InvalidArgument

__all__ = ["UNPACKING", "Source", "check_paths", "sources_in"]

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
"""How UTF-8 and UTF-16 may begin."""
_NAMES: Final = (".xml", ".xro")
"""Names that promise XML: what is called so is not left alone, even if it is something else."""
_START: Final = 512
"""Bytes by which XML is told."""

UNPACKING: Final = (
    EOFError,
    zlib.error,
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    lzma.LZMAError,
    UnicodeDecodeError,
    RuntimeError,
)
"""What is raised where something packed is damaged, or packed in a way that is not known; a `RuntimeError` for a
password, a `UnicodeDecodeError` for a name."""


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


def check_paths(paths: Iterable[Path]) -> None:
    """Raises `InvalidArgument` for a path that is not there."""
    for path in paths:
        if not (path.is_dir() or path.is_file()):
            raise InvalidArgument(f"{path}: there is no such file or folder")


def sources_in(paths: Iterable[Path]) -> Iterator[Source]:
    """Every document of an archive, each to be read before the next: a zip is open as long as it is gone through.

    Raises `InvalidArgument` for a path that is not there, `OSError`.
    """
    for path in paths:
        check_paths([path])
        if path.is_dir():
            for file in _files_below(path):
                yield from _sources_of(file, is_named=file.name.lower().removesuffix(".gz").endswith(_NAMES))
        else:
            yield from _sources_of(path, is_named=True)


def _files_below(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder, onerror=_raise):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        # A link to a folder may lead back: it is told like other things that are no files.
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        for name in sorted(files + links):
            if not _is_hidden(name):
                yield Path(where) / name


def _raise(error: OSError) -> None:
    # A folder that cannot be looked into would else be passed over.
    raise error


_STEPS: Final = (".", "..")
"""What is in the names of some zips, and hides nothing."""


def _is_hidden(name: str) -> bool:
    return (name.startswith(".") and name not in _STEPS) or name == "__MACOSX"


def _sources_of(path: Path, *, is_named: bool) -> Iterator[Source]:
    if os.path.exists(path) and not os.path.isfile(path):  # which raise nothing, whatever may not be looked at
        # A pipe would never end, nor begin.
        yield Source(str(path), _nothing, False)
        return
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
def _nothing() -> Generator[IO[bytes]]:
    yield io.BytesIO()


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
    with ExitStack() as stack:
        try:
            # Opened once: a zip of many files is long to open.
            packed = stack.enter_context(zipfile.ZipFile(path))
        except (*UNPACKING, OSError):
            yield Source(str(path), lambda: _broken_zip(path), True)
            return
        # A name may be there twice, and stands for two files then.
        for info in sorted(packed.infolist(), key=lambda info: info.filename):
            name = info.filename
            if not info.is_dir() and not any(_is_hidden(part) for part in name.split("/")):
                yield Source(f"{path}/{name}", partial(_member, packed, info), name.lower().endswith(_NAMES))


@contextmanager
def _member(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Generator[IO[bytes]]:
    with packed.open(info) as raw:
        start = raw.peek(4)[:4] if isinstance(raw, zipfile.ZipExtFile) else b""
        if start.startswith(_ZIP):
            raise NotImplementedError("a zip within a zip")
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
