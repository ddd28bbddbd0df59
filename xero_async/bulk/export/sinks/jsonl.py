"""JSON Lines: one record a line, every digit of money kept; compressed if wanted.

    <folder>/<tenant>/<resource>.jsonl            the result, there under its name when it is whole and never before
    <folder>/<tenant>/.<resource>.jsonl.part      what was drawn since
    <folder>/<tenant>/.<resource>.jsonl.state     the checkpoint, and how many bytes of the part it vouches for

A page is appended to the part and is on the disk before the state that tells of it takes the old one's place by a
rename: bytes beyond those that the state vouches for belong to no page, and are cut off. Compressed, each page is a
stream of its own, which gzip and zstd files may be made of.

A result whose records never came twice is the part itself, renamed. Otherwise, and when changes are added to an earlier
result, the lines are copied once, those left out that a later line replaces. Ids that only ever rise cannot have come
twice, so that just those which do not are remembered, and memory does not grow with the number of records.
"""

from __future__ import annotations

import gzip
import importlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, cast

import msgspec
from msgspec import Struct

from ....models import Model
from ....wire.errors import InvalidArgument
from ....wire.parameters import MAX_PAGE_SIZE
from .base import Finished, Place, SinkError

__all__ = ["JsonLines"]

Compression = Literal["gzip", "zstd"]


class JsonLines:
    """A folder of JSON Lines files: `<folder>/<tenant>/<resource>.jsonl`, with `.gz` or `.zst` behind if compressed.

    zstd needs the extra `[zstd]`.
    """

    def __init__(self, folder: str | os.PathLike[str], compress: Compression | None = None) -> None:
        """Raises `InvalidArgument` for an unknown compression, `SinkError` where its library is missing."""
        if compress not in _FORMATS:
            raise InvalidArgument("compress is 'gzip', 'zstd' or None")
        self._folder, self._format = Path(folder), _FORMATS[compress]()

    def __repr__(self) -> str:
        return f"JsonLines({str(self._folder)!r})"

    def table(self, place: Place) -> _Lines:
        """The file of a place."""
        folder = self._folder / place.label
        return _Lines(folder / f"{place.resource}.jsonl{self._format.suffix}", place, self._format)

    def close(self) -> None:
        """Nothing is shared."""


# -- formats --------------------------------------------------------------------------------------------------------


class _Format(NamedTuple):
    """How lines become bytes of a file."""

    suffix: str
    pack: Callable[[bytes], bytes]
    read: Callable[[Path], IO[bytes]]
    together: int = MAX_PAGE_SIZE
    """Records that are packed at a time."""


def _plain() -> _Format:
    def read(path: Path) -> IO[bytes]:
        return path.open("rb")

    # What fits into the processor's cache is written from there.
    return _Format("", bytes, read, 64)


def _gzip() -> _Format:
    def pack(data: bytes) -> bytes:
        return gzip.compress(data, 6, mtime=0)  # no moment in the header: the same records make the same file

    def read(path: Path) -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(path, "rb"))

    return _Format(".gz", pack, read)


def _zstd() -> _Format:
    try:
        zstd: Any = importlib.import_module("zstandard")
    except ImportError as error:
        raise SinkError("zstd needs the library zstandard: pip install 'xero_async[zstd]'") from error

    def read(path: Path) -> IO[bytes]:
        stream = zstd.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True, closefd=True)
        return cast("IO[bytes]", stream)

    def pack(data: bytes) -> bytes:
        return cast("bytes", zstd.ZstdCompressor(level=3).compress(data))

    return _Format(".zst", pack, read)


_FORMATS: dict[str | None, Callable[[], _Format]] = {None: _plain, "gzip": _gzip, "zstd": _zstd}

CHUNK = 1 << 20
"""Bytes that are read, or written, at a time."""


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines of a stream, each with its end. A gzip reader has its own way, which is ten times as slow."""
    rest = b""
    while data := stream.read(CHUNK):
        whole, end, rest = (rest + data).rpartition(b"\n")
        yield from (whole + end).splitlines(keepends=True)


# -- one file -------------------------------------------------------------------------------------------------------


class _State(Struct, omit_defaults=True):
    """What stands beside a file."""

    length: int = 0
    """Bytes of the part that are good."""
    lines: int = 0
    """Lines in them."""
    full: bool = False
    """Whether the part takes the result's place; otherwise it is added."""
    drawn: str | None = None
    """The checkpoint of the part."""
    is_whole: bool = False
    """Whether the part only waits to be the result, or to be added to it."""
    size: int = 0
    """Bytes of the result."""
    records: int = 0
    """Records in the result."""
    kept: str | None = None
    """The checkpoint of the result; None where there is no result of ours."""


class _Lines:
    """The file of one resource of one tenant."""

    def __init__(self, path: Path, place: Place, how: _Format) -> None:
        self._path, self._format = path, how
        self._part, self._beside = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.state")
        self._stream: IO[bytes] | None = None
        self._state = _State()
        self._place, self._ids = place, _Ids(place)

    def open(self, *, full: bool, fresh: bool = False) -> bytes | None:
        """Go on with the part that is there, or begin one."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._state = self._found()
        if was_whole := self._state.is_whole:
            self._recall()
            self._settle()
        if fresh or (full and not self._state.full and not was_whole):
            self._drop_part()
        state = self._state
        if state.drawn is None:
            state.full = fresh or (full and not was_whole) or state.kept is None
        self._open_part()
        found = state.drawn if state.drawn is not None or state.full else state.kept
        return None if found is None else found.encode()

    def write(self, records: Sequence[Model], checkpoint: bytes) -> None:
        """Append records to the part, and vouch for them."""
        stream, state = self._stream, self._state
        if stream is None:
            raise SinkError("the table is not open")
        if records:
            self._ids.note(self._ids.of_records(records))
            stream.seek(state.length)
            for start in range(0, len(records), self._format.together):
                some = records[start : start + self._format.together]
                stream.write(self._format.pack(_ENCODER.encode_lines(some)))
            stream.flush()
            os.fsync(stream.fileno())
            _forget(stream, state.length)
        after = msgspec.structs.replace(state, drawn=checkpoint.decode(), lines=state.lines + len(records))
        after.length = stream.tell() if records else state.length
        self._save(after)

    def finish(self, checkpoint: bytes) -> Finished:
        """Make the part the result, or add it to that."""
        self._let_go()
        self._save(msgspec.structs.replace(self._state, drawn=checkpoint.decode(), is_whole=True))
        self._settle()
        return Finished(str(self._path), self._state.records)

    def close(self) -> None:
        """Close the part; one to which nothing was written goes away."""
        self._let_go()
        if self._state.drawn is None:
            with suppress(OSError):  # it holds nothing, and the next run takes it over
                self._part.unlink(missing_ok=True)

    # -- the state ------------------------------------------------------------------------------------------------

    def _found(self) -> _State:
        """The state, as far as the files still agree with it."""
        try:
            state = msgspec.json.decode(self._beside.read_bytes(), type=_State)
        except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
            return _State()
        if state.kept is not None and not state.is_whole and _size(self._path) != state.size:
            # Somebody has taken or changed the result: changes alone would not mend it.
            state.kept, state.records = None, 0
            if not state.full:
                return _State()
        if state.drawn is not None and not state.is_whole and _size(self._part) < state.length:
            return _State(size=state.size, records=state.records, kept=state.kept)
        return state

    def _save(self, state: _State) -> None:
        _replace(self._beside, msgspec.json.encode(state))
        self._state = state

    def _drop_part(self) -> None:
        state = self._state
        self._save(_State(size=state.size, records=state.records, kept=state.kept))
        self._part.unlink(missing_ok=True)

    # -- the part -------------------------------------------------------------------------------------------------

    def _open_part(self) -> None:
        self._stream = self._part.open("r+b" if self._state.length else "w+b")
        self._stream.truncate(self._state.length)
        self._recall()

    def _recall(self) -> None:
        """Learn again which ids the part holds."""
        self._ids = _Ids(self._place)
        if self._state.length and self._part.exists():
            with self._format.read(self._part) as part:
                lines = _lines(part)
                while some := list(islice(lines, 1000)):
                    self._ids.note(list(map(self._ids.of_line, some)))

    def _let_go(self) -> None:
        if self._stream is not None:
            with suppress(OSError):  # a full disk, met again by what was not written yet
                self._stream.close()
            self._stream = None

    def _settle(self) -> None:
        """Give the part its end, which may be done again where it was cut off: the outcome is the same."""
        state = self._state
        if not state.full and not state.lines:
            records = state.records
        elif state.full and not self._part.exists():  # all was done but to say so
            records = state.lines
        elif state.full and not self._ids.doubtful:
            if not state.length:
                _replace(self._part, self._format.pack(b""))
            self._part.replace(self._path)
            records = state.lines
        else:
            records = self._merge(self._ids.doubtful if state.full else None)
        _sync(self._path.parent)
        self._save(_State(size=_size(self._path), records=records, kept=state.drawn))
        self._part.unlink(missing_ok=True)

    def _merge(self, doubtful: Collection[str] | None) -> int:
        """Make the result of the old one, unless the part replaces it, and the part; return how many lines it has.

        Of the ids that are doubtful, or of all, the last line alone stays.
        """
        last: dict[str, int] = {}
        with self._format.read(self._part) as part:
            for number, line in enumerate(_lines(part)):
                id = self._ids.of_line(line)
                if id is not None and (doubtful is None or id in doubtful):
                    last[id] = number

        def remaining() -> Iterator[bytes]:
            if not self._state.full:
                with self._format.read(self._path) as result:
                    yield from (line for line in _lines(result) if self._ids.of_line(line) not in last)
            with self._format.read(self._part) as part:
                for number, line in enumerate(_lines(part)):
                    if last.get(self._ids.of_line(line) or "", number) == number:
                        yield line

        lines, records = remaining(), 0
        merged = self._path.with_name(f".{self._path.name}.merged")
        try:
            with merged.open("wb") as stream:
                while some := list(islice(lines, 1000)):
                    records += len(some)
                    stream.write(self._format.pack(b"".join(some)))
                stream.flush()
                os.fsync(stream.fileno())
            merged.replace(self._path)
        finally:
            merged.unlink(missing_ok=True)
        return records


# -- ids ------------------------------------------------------------------------------------------------------------


class _HasId(Struct):
    """Nothing of a line but its id."""

    id: str | None = None


class _Ids:
    """Which ids a part holds, as far as that matters."""

    def __init__(self, place: Place) -> None:
        self.doubtful: set[str] = set()
        """Ids that may have come more than once."""
        self._place = place
        self._highest: dict[_Order, str] = {}
        names = {field.encode_name: field.name for field in msgspec.structs.fields(place.record)}
        self._of_record = attrgetter(names[place.id_name]) if place.id_name else None
        kind = msgspec.defstruct(
            "_Id", [("id", str | None, None)], bases=(_HasId,), rename={"id": place.id_name or "id"}
        )
        self._decoder = msgspec.json.Decoder(cast("type[_HasId]", kind))

    def of_records(self, records: Iterable[Model]) -> list[str | None]:
        """The ids of records."""
        return [] if self._of_record is None else list(map(self._of_record, records))

    def of_line(self, line: bytes) -> str | None:
        """The id in a line; None where there is none."""
        return None if self._of_record is None else self._decoder.decode(line).id

    def note(self, ids: Sequence[str | None]) -> None:
        """Take in the ids of some lines, in their order."""
        given = [id for id in ids if id is not None]
        if not given:
            return
        if len(set(given)) < len(given):
            self.doubtful.update(id for id, times in Counter(given).items() if times > 1)
        lowest = {order: min(map(order, given)) for order in self._highest}
        if len(lowest) > 1:
            # Xero says by which order it sorts ids in no document: the second page tells.
            order = next((each for each in _ORDERS if lowest[each] > self._highest[each]), _ORDERS[0])
            self._highest = {order: self._highest[order]}
        highest = {order: max(map(order, given)) for order in self._highest or _ORDERS}
        for order, before in self._highest.items():
            if lowest[order] <= before:
                self.doubtful.update(id for id in given if order(id) <= before)
            highest = {order: max(before, highest[order])}
        self._highest = highest


_Order = Callable[[str], str]


def _as_sql_server(id: str) -> str:
    # https://learn.microsoft.com/dotnet/framework/data/adonet/sql/comparing-guid-and-uniqueidentifier-values
    return id[24:] + id[19:23]


_ORDERS: tuple[_Order, ...] = (str, _as_sql_server)


# -- bytes ----------------------------------------------------------------------------------------------------------


# The records come from Xero's own JSON by way of our decoder, so nothing in them needs to be checked again.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def _replace(path: Path, data: bytes) -> None:
    """Put bytes in a file's place, all of them or none."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)


def _forget(stream: IO[bytes], start: int) -> None:
    """Take what is on the disk from `start` on out of the system's memory, where nobody will look for it soon.

    The next page then goes into the same memory: to find fresh memory for it may cost more than to encode it.
    """
    if hasattr(os, "posix_fadvise"):  # Linux and FreeBSD
        with suppress(OSError):  # a file system that takes no advice
            os.posix_fadvise(stream.fileno(), start, 0, os.POSIX_FADV_DONTNEED)


def _sync(folder: Path) -> None:
    """Have the names in a folder on the disk, where a system can tell that."""
    with suppress(OSError, AttributeError):  # Windows opens no folders
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
