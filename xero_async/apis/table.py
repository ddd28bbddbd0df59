"""What a line of the tables can be: the shapes in which operations come.

Each factory makes a `Row` from an operation's id, the record that it is about and the struct whose fields are its
keywords. They differ in what they take (ids, records, bytes) and in what they give back; three adapters, for one, two
or three positional arguments, do what they have in common. Those that end in `_below` belong to a record and take its
id first. In a tail, `{}` stands for the resource's own id.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

from msgspec import Struct

from ..models import Envelope, HistoryRecord, Model, ReportWithRow, envelope_of
from ..wire import answers
from ..wire.answers import Results
from ..wire.errors import InvalidArgument
from ..wire.operation import Operation, Reader, Sink
from ..wire.parameters import Parameters, segment
from .content import Content, FilePath, FileSink, bytes_of
from .pages import Caller, Pages
from .parameters import Id
from .rows import Row

__all__ = [
    "batch",
    "batch_below",
    "document",
    "email",
    "erase",
    "erase_in_body",
    "erase_many",
    "everything",
    "exchange",
    "fetch",
    "fetch_by_number",
    "file_below",
    "note_below",
    "pages",
    "pages_below",
    "post_below",
    "post_one",
    "put_below",
    "put_one",
    "remove",
    "remove_below",
    "report",
    "saved",
    "upload_below",
]

P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")
M = TypeVar("M", bound=Model)
S = TypeVar("S", bound=Model)

Awaitable: TypeAlias = Coroutine[Any, Any, T]
Sent: TypeAlias = tuple[tuple[object, ...], object]
"""The ids of a call, and its body."""


# -- lists ----------------------------------------------------------------------------------------------------------


def pages(id: str, kind: type[M], query: Callable[P, Parameters], tail: str = "") -> Row[P, Pages[M]]:
    """A list: awaited it is one page, iterated over it is every record."""

    def call(caller: Caller, operation: Operation[Any], /, *args: P.args, **kwargs: P.kwargs) -> Pages[M]:
        return Pages(caller, operation, (), query(*args, **kwargs))

    return Row(id, "GET", tail, call, parameters=query, returns=envelope_of(kind), read=answers.read_page(kind))


def pages_below(id: str, kind: type[M], query: Callable[P, Parameters]) -> Row[Concatenate[Id, P], Pages[M]]:
    """A list that belongs to a record."""

    def call(caller: Caller, operation: Operation[Any], of: Id, /, *args: P.args, **kwargs: P.kwargs) -> Pages[M]:
        return Pages(caller, operation, (of,), query(*args, **kwargs))

    return Row(id, "GET", "", call, parameters=query, returns=envelope_of(kind), read=answers.read_page(kind))


def everything(id: str, kind: type[M], query: Callable[P, Parameters]) -> Row[P, Awaitable[list[M]]]:
    """A bare list that comes in one answer."""
    return _none(id, "GET", "", query, answers.read_list(kind), returns=list)


# -- reading --------------------------------------------------------------------------------------------------------


def fetch(
    id: str, kind: type[M], query: Callable[P, Parameters], tail: str = "/{}"
) -> Row[Concatenate[Id, P], Awaitable[M]]:
    """One record by its id."""
    return _one(id, "GET", tail, _by_id, query, answers.read_one(kind), returns=envelope_of(kind))


def fetch_by_number(
    id: str, kind: type[M], query: Callable[P, Parameters], tail: str
) -> Row[Concatenate[Id | int, P], Awaitable[M]]:
    """One record by a number, which some records have as an integer."""

    def sent(number: Id | int) -> Sent:
        return (number,), None

    return _one(id, "GET", tail, sent, query, answers.read_one(kind), returns=envelope_of(kind))


def report(id: str, query: Callable[P, Parameters], scope: str) -> Row[P, Awaitable[ReportWithRow]]:
    """A report, under the name that its operation has after `getReport`, with a family of scopes of its own."""
    tail, read = f"/{id.removeprefix('getReport')}", answers.read_one(ReportWithRow)
    return _none(id, "GET", tail, query, read, returns=envelope_of(ReportWithRow)).under(scope)


def document(id: str, options: Callable[P, Parameters]) -> Row[Concatenate[Id, P], Awaitable[bytes]]:
    """A record as a PDF."""
    return _one(id, "GET", "/{}/pdf", _by_id, options, answers.read_pdf, returns=bytes, accept="application/pdf")


def file_below(id: str, options: Callable[P, Parameters], tail: str) -> Row[Concatenate[Id, Id, P], Awaitable[bytes]]:
    """The bytes of a file that belongs to a record."""

    def sent(of: Id, file: Id) -> Sent:
        return (of, file), None

    return _two(id, "GET", tail, sent, options, answers.raw, returns=bytes, accept="*/*")


class _Saving(NamedTuple):
    """A caller whose answers go into a file."""

    caller: Caller
    sink: FileSink

    async def call(
        self,
        operation: Operation[T],
        ids: Sequence[object],
        parameters: Parameters,
        body: object = None,
        sink: Sink | None = None,
        /,
    ) -> T:
        """Make the call."""
        return await self.caller.call(operation, ids, parameters, body, sink or self.sink)


def saved(row: Row[P, Awaitable[bytes]]) -> Row[Concatenate[FilePath, P], Awaitable[Path]]:
    """The same bytes, streamed into a file whose path comes first, and which has its name only once it is whole."""

    async def call(
        caller: Caller, operation: Operation[Any], to: FilePath, /, *args: P.args, **kwargs: P.kwargs
    ) -> Path:
        sink = FileSink(to)
        try:
            await row.call(_Saving(caller, sink), operation, *args, **kwargs)
            return await sink.finish()
        finally:
            sink.discard()

    return row.variant(call, ("to",))


# -- writing --------------------------------------------------------------------------------------------------------


def batch(
    id: str, method: str, kind: type[M], options: Callable[P, Parameters]
) -> Row[Concatenate[Sequence[M], P], Awaitable[Results[M]]]:
    """Write several records."""
    envelope = envelope_of(kind)

    def sent(records: Sequence[M]) -> Sent:
        return (), _enclose(envelope, records)

    read = answers.read_results(kind)
    return _one(id, method, "", sent, options, read, takes=("records",), sends=envelope, returns=envelope)


def batch_below(
    id: str, kind: type[M], options: Callable[P, Parameters], tail: str, *, method: str = "PUT"
) -> Row[Concatenate[Id, Sequence[M], P], Awaitable[Results[M]]]:
    """Add several records to another."""
    envelope = envelope_of(kind)

    def sent(of: Id, records: Sequence[M]) -> Sent:
        return (of,), _enclose(envelope, records)

    read = answers.read_results(kind)
    return _two(id, method, tail, sent, options, read, takes=("records",), sends=envelope, returns=envelope)


def put_one(
    id: str, kind: type[M], options: Callable[P, Parameters], *, method: str = "PUT"
) -> Row[Concatenate[M, P], Awaitable[M]]:
    """Write one record, where Xero takes no more at a time."""

    def sent(record: M) -> Sent:
        return (), record

    read, returns = answers.read_one(kind), envelope_of(kind)
    return _one(id, method, "", sent, options, read, takes=("record",), sends=kind, returns=returns)


def put_below(id: str, kind: type[M], options: Callable[P, Parameters]) -> Row[Concatenate[Id, M, P], Awaitable[M]]:
    """Write one record that belongs to another."""

    def sent(of: Id, record: M) -> Sent:
        return (of,), record

    read, returns = answers.read_one(kind), envelope_of(kind)
    return _two(id, "PUT", "", sent, options, read, takes=("record",), sends=kind, returns=returns)


def post_one(
    id: str, kind: type[M], options: Callable[P, Parameters], *, bare: bool = False
) -> Row[Concatenate[Id, M, P], Awaitable[M]]:
    """Change the fields of a record that are set; the others keep their values. `bare` sends it without envelope."""
    envelope = envelope_of(kind)

    def sent(of: Id, record: M) -> Sent:
        return (of,), record if bare else _enclose(envelope, [record])

    read, sends = answers.read_one(kind), kind if bare else envelope
    return _two(id, "POST", "/{}", sent, options, read, takes=("record",), sends=sends, returns=envelope)


def post_below(
    id: str, kind: type[M], options: Callable[P, Parameters], tail: str
) -> Row[Concatenate[Id, Id, M, P], Awaitable[M]]:
    """Change a record that belongs to another."""

    async def call(
        caller: Caller, operation: Operation[M], of: Id, part: Id, record: M, /, *args: P.args, **kwargs: P.kwargs
    ) -> M:
        return await caller.call(operation, (of, part), options(*args, **kwargs), record)

    read, returns = answers.read_one(kind), envelope_of(kind)
    return Row(id, "POST", tail, call, parameters=options, takes=("record",), sends=kind, returns=returns, read=read)


def exchange(
    id: str, kind: type[S], returns: type[M], options: Callable[P, Parameters], tail: str
) -> Row[Concatenate[S, P], Awaitable[M]]:
    """Send one thing and get another back."""

    def sent(record: S) -> Sent:
        return (), record

    read = answers.read_record(returns)
    return _one(id, "POST", tail, sent, options, read, takes=("record",), sends=kind, returns=returns)


def email(id: str, kind: type[Model], options: Callable[P, Parameters]) -> Row[Concatenate[Id, P], Awaitable[None]]:
    """Have Xero email a record to its contact."""

    def sent(of: Id) -> Sent:
        return (of,), kind()

    return _one(id, "POST", "/{}/Email", sent, options, answers.read_nothing, sends=kind)


def upload_below(
    id: str, method: str, kind: type[M], options: Callable[P, Parameters], tail: str
) -> Row[Concatenate[Id, str, Content, P], Awaitable[M]]:
    """Attach a file to a record: its name, and its content as bytes, a path or a stream.

    A stream is read to its end first, since every attempt must send the same bytes.
    """

    async def call(
        caller: Caller,
        operation: Operation[M],
        of: Id,
        file_name: str,
        content: Content,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> M:
        parameters = options(*args, **kwargs)
        return await caller.call(operation, (of, file_name), parameters, await bytes_of(content))

    read, returns = answers.read_one(kind), envelope_of(kind)
    return Row(id, method, tail, call, parameters=options, takes=("content",), sends=bytes, returns=returns, read=read)


# https://developer.xero.com/documentation/api/accounting/historyandnotes/
MAX_NOTE = 2500


def note_below(id: str, options: Callable[P, Parameters]) -> Row[Concatenate[Id, str, P], Awaitable[HistoryRecord]]:
    """Add a note to the history of a record; at most 2,500 characters, and there for good."""
    envelope = envelope_of(HistoryRecord)

    def sent(of: Id, note: str) -> Sent:
        if not 1 <= len(note) <= MAX_NOTE:
            raise InvalidArgument(f"a note is text of 1 to {MAX_NOTE} characters")
        return (of,), _enclose(envelope, [HistoryRecord(details=note)])

    read = answers.read_one(HistoryRecord)
    return _two(id, "PUT", "", sent, options, read, takes=("note",), sends=envelope, returns=envelope)


# -- deleting -------------------------------------------------------------------------------------------------------


def remove(
    id: str, read: Reader[T], options: Callable[P, Parameters], tail: str = "/{}", *, returns: type | None = None
) -> Row[Concatenate[Id, P], Awaitable[T]]:
    """Delete a record, by DELETE."""
    return _one(id, "DELETE", tail, _by_id, options, read, returns=returns)


def remove_below(
    id: str, read: Reader[T], options: Callable[P, Parameters], tail: str, *, returns: type | None = None
) -> Row[Concatenate[Id, Id, P], Awaitable[T]]:
    """Take something away from a record."""

    def sent(of: Id, part: Id) -> Sent:
        return (of, part), None

    return _two(id, "DELETE", tail, sent, options, read, returns=returns)


def erase(
    id: str, request: type[Model], kind: type[M], options: Callable[P, Parameters]
) -> Row[Concatenate[Id, P], Awaitable[M]]:
    """Delete a record, where Xero wants a POST that says so."""

    def sent(of: Id) -> Sent:
        return (of,), _with_status(request)

    return _one(id, "POST", "/{}", sent, options, answers.read_one(kind), sends=request, returns=envelope_of(kind))


def erase_in_body(
    id: str, request: type[Model], kind: type[M], options: Callable[P, Parameters]
) -> Row[Concatenate[Id, P], Awaitable[M]]:
    """Delete a record, where Xero wants a POST that names it in the body."""

    def sent(of: Id) -> Sent:
        return (), _erasing(request, of)

    read, returns = answers.read_one(kind), envelope_of(kind)
    return _one(id, "POST", "", sent, options, read, takes=("id",), sends=request, returns=returns)


def erase_many(
    id: str, request: type[S], kind: type[M], options: Callable[P, Parameters]
) -> Row[Concatenate[Sequence[Id], P], Awaitable[Results[M]]]:
    """Delete several records, where Xero wants a POST that names them in the body."""
    envelope = envelope_of(request)

    def sent(ids: Sequence[Id]) -> Sent:
        if isinstance(ids, str):
            # To a type checker it is a sequence of texts.
            raise InvalidArgument("give a list of ids")
        return (), _enclose(envelope, [_erasing(request, of) for of in ids])

    read, returns = answers.read_results(kind), envelope_of(kind)
    return _one(id, "POST", "", sent, options, read, takes=("ids",), sends=envelope, returns=returns)


DELETED = "DELETED"
"""The status that deletes."""


# -- what they have in common ---------------------------------------------------------------------------------------


def _none(
    id: str,
    method: str,
    tail: str,
    options: Callable[P, Parameters],
    read: Reader[T],
    *,
    returns: type | None = None,
) -> Row[P, Awaitable[T]]:
    """A row that takes keywords alone."""

    async def call(caller: Caller, operation: Operation[T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await caller.call(operation, (), options(*args, **kwargs))

    return Row(id, method, tail, call, parameters=options, returns=returns, read=read)


def _one(
    id: str,
    method: str,
    tail: str,
    sent: Callable[[A], Sent],
    options: Callable[P, Parameters],
    read: Reader[T],
    *,
    takes: tuple[str, ...] = (),
    sends: type | None = None,
    returns: type | None = None,
    accept: str = "application/json",
) -> Row[Concatenate[A, P], Awaitable[T]]:
    """A row that takes one thing: `sent` makes ids and body of it."""

    async def call(caller: Caller, operation: Operation[T], a: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
        ids, body = sent(a)
        return await caller.call(operation, ids, options(*args, **kwargs), body)

    return Row(
        id, method, tail, call, parameters=options, takes=takes, sends=sends, returns=returns, read=read, accept=accept
    )


def _two(
    id: str,
    method: str,
    tail: str,
    sent: Callable[[A, B], Sent],
    options: Callable[P, Parameters],
    read: Reader[T],
    *,
    takes: tuple[str, ...] = (),
    sends: type | None = None,
    returns: type | None = None,
    accept: str = "application/json",
) -> Row[Concatenate[A, B, P], Awaitable[T]]:
    """A row that takes two things."""

    async def call(caller: Caller, operation: Operation[T], a: A, b: B, /, *args: P.args, **kwargs: P.kwargs) -> T:
        ids, body = sent(a, b)
        return await caller.call(operation, ids, options(*args, **kwargs), body)

    return Row(
        id, method, tail, call, parameters=options, takes=takes, sends=sends, returns=returns, read=read, accept=accept
    )


def _by_id(of: Id) -> Sent:
    return (of,), None


def _erasing(request: type[S], of: Id) -> S:
    (name,) = set(request.__struct_fields__) - {"status"}
    segment(name, of)
    return _with_status(request, **{name: str(of)})


def _with_status(request: type[S], **ids: str) -> S:
    # Requests to delete share no base with a status, so the constructor is called without its signature.
    return cast("Callable[..., S]", request)(status=DELETED, **ids)


def _enclose(envelope: type[Envelope[M]], records: Sequence[M]) -> Envelope[M]:
    """Records in the envelope in which they travel."""
    if isinstance(records, Struct) or not records:
        raise InvalidArgument("give a list of records with at least one in it")
    return envelope(**{envelope.records_field(): list(records)})
