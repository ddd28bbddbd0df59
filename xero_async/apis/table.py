"""The machinery of the tables: an operation is one line, and a typed coroutine when it is called.

A `Row` is a descriptor. On a resource's class it gives the `Operation`, which says what goes over the wire; on an
instance it gives the coroutine, whose keywords are the constructor of a parameter struct. A `Resource` is a noun with
rows; resources nest, and a group that repeats (attachments, history) is written once and mounted where it is needed,
with the words that tell its operations apart.

The factories below differ in what they take (ids, records, bytes) and what they give back. Those that end in `_below`
belong to a record and take its id first.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Sequence
from types import FunctionType, MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

from ..models import HistoryRecord, Model, envelope_of
from ..wire import answers
from ..wire.answers import Results
from ..wire.errors import InvalidArgument
from ..wire.operation import ACCOUNTING, Operation, Reader
from ..wire.parameters import Parameters
from .pages import Caller, Pages
from .parameters import Id

__all__ = [
    "Resource",
    "Row",
    "batch",
    "batch_below",
    "create",
    "delete",
    "delete_below",
    "document",
    "everything",
    "fetch",
    "file_below",
    "note_below",
    "operations_of",
    "pages",
    "pages_below",
    "update",
    "upload_below",
]

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
T = TypeVar("T")
M = TypeVar("M", bound=Model)
Awaitable = Coroutine[Any, Any, T]


class Resource:
    """A noun of the API, with rows for verbs."""

    path: str = ""
    """Below the resource in which it is mounted."""
    id_name: str = ""
    """Xero's name for the id of one of its records."""
    root: str = ACCOUNTING
    needs_tenant: bool = True
    _caller: Caller

    def __init__(self, *words: str) -> None:
        """Mount a resource; `words` fill the blanks in the ids of its operations."""
        self._words = words
        self._prefix = ""

    def __init_subclass__(cls, path: str = "", id_name: str = "") -> None:
        super().__init_subclass__()
        cls.path, cls.id_name = path or cls.path, id_name or cls.id_name

    def __get__(self, owner: object, kind: type) -> Self:
        """The resource as part of its owner: under its path, and calling through its session."""
        if not issubclass(kind, Resource):
            # A tenant that a caller's own class keeps as an attribute is no part of anything.
            return self
        part = object.__new__(type(self))
        part._words, part._prefix = self._words, _below(kind, kind.path)
        if isinstance(owner, Resource):
            part._prefix = _below(kind, owner._prefix + kind.path)
            if hasattr(owner, "_caller"):
                part._caller = owner._caller
        return part

    @property
    def full_path(self) -> str:
        """The path from the API's root."""
        return self._prefix + self.path


def _below(kind: type[Resource], path: str) -> str:
    return f"{path}/{{{kind.id_name}}}" if kind.id_name else path


class Line(ABC):
    """A line of a table, whatever it takes and gives."""

    @abstractmethod
    def operation(self, part: Resource) -> Operation[Any]:
        """The line as an operation of a resource that is mounted somewhere."""


class Row(Line, Generic[P, R]):
    """One operation of a resource: a line of the table."""

    def __init__(
        self,
        id: str,
        method: str,
        tail: str,
        call: Callable[Concatenate[Caller, Operation[Any], P], R],
        *,
        parameters: Callable[..., Parameters],
        takes: tuple[str, ...] = (),
        sends: type | None = None,
        returns: type | None = None,
        read: Reader[Any],
        accept: str = "application/json",
    ) -> None:
        self._id, self._method, self._tail, self._call = id, method, tail, call
        self._facts: dict[str, Any] = {"parameters": parameters, "sends": sends, "returns": returns, "read": read}
        self._takes, self._accept, self._name = takes, accept, ""
        self._methods: dict[str, FunctionType] = {}

    def __set_name__(self, owner: type[Resource], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, part: None, kind: type[Resource]) -> Operation[R]: ...
    @overload
    def __get__(self, part: Resource, kind: type[Resource]) -> Callable[P, R]: ...
    def __get__(self, part: Resource | None, kind: type[Resource]) -> Operation[R] | Callable[P, R]:
        if part is None:
            return self.operation(kind())
        path = part.full_path
        method = self._methods.get(path) or self._methods.setdefault(path, self._method_for(part))
        return cast("Callable[P, R]", MethodType(method, part))

    def operation(self, part: Resource) -> Operation[R]:
        """The row as an operation of a resource that is mounted somewhere."""
        return Operation(
            id=self._id.format(*part._words) if part._words else self._id,  # pyright: ignore[reportPrivateUsage] - rows and resources are one machine
            method=self._method,
            path=part.full_path + self._tail.replace("{}", f"{{{part.id_name}}}"),
            accept=self._accept,
            root=part.root,
            needs_tenant=part.needs_tenant,
            **self._facts,
        )

    def _method_for(self, part: Resource) -> FunctionType:
        operation, call = self.operation(part), self._call

        def method(part: Resource, /, *args: P.args, **kwargs: P.kwargs) -> R:
            return call(part._caller, operation, *args, **kwargs)  # pyright: ignore[reportPrivateUsage] - as above

        method.__name__ = self._name
        method.__qualname__ = f"{type(part).__qualname__}.{self._name}"
        method.__doc__ = f"{operation.method} {operation.path} ({operation.id})"
        method.__dict__["operation"] = operation
        method.__dict__["__signature__"] = _signature(operation, self._takes)
        return cast("FunctionType", method)


def operations_of(kind: type[Resource]) -> Iterator[Operation[Any]]:
    """Every operation of a resource and of those mounted in it, in the order of the table."""
    yield from _walk(kind())


def _walk(part: Resource) -> Iterator[Operation[Any]]:
    members: dict[str, object] = {}
    for kind in reversed(type(part).__mro__):
        members.update(vars(kind))
    for member in members.values():
        if isinstance(member, Line):
            yield member.operation(part)
        elif isinstance(member, Resource):
            yield from _walk(member.__get__(part, type(part)))


def _signature(operation: Operation[Any], takes: tuple[str, ...]) -> inspect.Signature:
    """What `help()` shows: the ids of the path, what is sent, and a keyword for each parameter."""
    positional = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    positional += [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY)
        for name in (*(_snake(name) for name in operation.path_names), *takes)
    ]
    keywords = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is NODEFAULT else field.default,
            annotation=field.type,
        )
        for field in fields(operation.parameters)
    ]
    return inspect.Signature([*positional, *keywords])


def _snake(name: str) -> str:
    head = name.removesuffix("ID")
    words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in head).lstrip("_")
    return words + "_id" * (head != name)


# -- factories ------------------------------------------------------------------------------------------------------


def pages(id: str, kind: type[M], query: Callable[P, Parameters]) -> Row[P, Pages[M]]:
    """A list: awaited it is one page, iterated over it is every record."""

    def call(caller: Caller, operation: Operation[Any], /, *args: P.args, **kwargs: P.kwargs) -> Pages[M]:
        return Pages(caller, operation, (), query(*args, **kwargs))

    return Row(id, "GET", "", call, parameters=query, returns=envelope_of(kind), read=answers.read_page(kind))


def pages_below(id: str, kind: type[M], query: Callable[P, Parameters]) -> Row[Concatenate[Id, P], Pages[M]]:
    """A list that belongs to a record."""

    def call(caller: Caller, operation: Operation[Any], of: Id, /, *args: P.args, **kwargs: P.kwargs) -> Pages[M]:
        return Pages(caller, operation, (of,), query(*args, **kwargs))

    return Row(id, "GET", "", call, parameters=query, returns=envelope_of(kind), read=answers.read_page(kind))


def everything(id: str, kind: type[M], query: Callable[P, Parameters]) -> Row[P, Awaitable[list[M]]]:
    """A bare list that comes in one answer."""

    async def call(caller: Caller, operation: Operation[list[M]], /, *args: P.args, **kwargs: P.kwargs) -> list[M]:
        return await caller.call(operation, (), query(*args, **kwargs))

    return Row(id, "GET", "", call, parameters=query, returns=list[kind], read=answers.read_list(kind))  # type: ignore[valid-type]  # made at run time


def fetch(
    id: str, kind: type[M], query: Callable[P, Parameters], tail: str = "/{}"
) -> Row[Concatenate[Id, P], Awaitable[M]]:
    """One record by its id."""

    async def call(caller: Caller, operation: Operation[M], of: Id, /, *args: P.args, **kwargs: P.kwargs) -> M:
        return await caller.call(operation, (of,), query(*args, **kwargs))

    return Row(id, "GET", tail, call, parameters=query, returns=envelope_of(kind), read=answers.read_one(kind))


def batch(
    id: str, method: str, kind: type[M], options: Callable[P, Parameters]
) -> Row[Concatenate[Sequence[M], P], Awaitable[Results[M]]]:
    """Write several records."""
    envelope = envelope_of(kind)

    async def call(
        caller: Caller, operation: Operation[Results[M]], records: Sequence[M], /, *args: P.args, **kwargs: P.kwargs
    ) -> Results[M]:
        return await caller.call(operation, (), options(*args, **kwargs), _enclose(envelope, records))

    read = answers.read_results(kind)
    return Row(
        id, method, "", call, parameters=options, takes=("records",), sends=envelope, returns=envelope, read=read
    )


def batch_below(
    id: str, kind: type[M], options: Callable[P, Parameters], tail: str
) -> Row[Concatenate[Id, Sequence[M], P], Awaitable[Results[M]]]:
    """Add several records to another."""
    envelope = envelope_of(kind)

    async def call(
        caller: Caller,
        operation: Operation[Results[M]],
        of: Id,
        records: Sequence[M],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Results[M]:
        return await caller.call(operation, (of,), options(*args, **kwargs), _enclose(envelope, records))

    read = answers.read_results(kind)
    return Row(
        id, "PUT", tail, call, parameters=options, takes=("records",), sends=envelope, returns=envelope, read=read
    )


def update(id: str, kind: type[M], options: Callable[P, Parameters]) -> Row[Concatenate[Id, M, P], Awaitable[M]]:
    """Change the fields of a record that are set; the others keep their values."""
    envelope = envelope_of(kind)

    async def call(
        caller: Caller, operation: Operation[M], of: Id, record: M, /, *args: P.args, **kwargs: P.kwargs
    ) -> M:
        return await caller.call(operation, (of,), options(*args, **kwargs), _enclose(envelope, [record]))

    read = answers.read_one(kind)
    return Row(
        id, "POST", "/{}", call, parameters=options, takes=("record",), sends=envelope, returns=envelope, read=read
    )


def create(id: str, kind: type[M], options: Callable[P, Parameters]) -> Row[Concatenate[M, P], Awaitable[M]]:
    """Write one record, where Xero takes no more at a time."""

    async def call(caller: Caller, operation: Operation[M], record: M, /, *args: P.args, **kwargs: P.kwargs) -> M:
        return await caller.call(operation, (), options(*args, **kwargs), record)

    read = answers.read_one(kind)
    return Row(
        id, "PUT", "", call, parameters=options, takes=("record",), sends=kind, returns=envelope_of(kind), read=read
    )


def delete(id: str, read: Reader[T], options: Callable[P, Parameters]) -> Row[Concatenate[Id, P], Awaitable[T]]:
    """Delete a record."""

    async def call(caller: Caller, operation: Operation[T], of: Id, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await caller.call(operation, (of,), options(*args, **kwargs))

    return Row(id, "DELETE", "/{}", call, parameters=options, read=read)


def delete_below(
    id: str, read: Reader[T], options: Callable[P, Parameters], tail: str, *, returns: type | None = None
) -> Row[Concatenate[Id, Id, P], Awaitable[T]]:
    """Take something away from a record."""

    async def call(
        caller: Caller, operation: Operation[T], of: Id, part: Id, /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await caller.call(operation, (of, part), options(*args, **kwargs))

    return Row(id, "DELETE", tail, call, parameters=options, returns=returns, read=read)


def document(id: str, options: Callable[P, Parameters]) -> Row[Concatenate[Id, P], Awaitable[bytes]]:
    """A record as a PDF."""

    async def call(caller: Caller, operation: Operation[bytes], of: Id, /, *args: P.args, **kwargs: P.kwargs) -> bytes:
        return await caller.call(operation, (of,), options(*args, **kwargs))

    return Row(
        id, "GET", "/{}/pdf", call, parameters=options, returns=bytes, read=answers.raw, accept="application/pdf"
    )


def file_below(id: str, options: Callable[P, Parameters], tail: str) -> Row[Concatenate[Id, Id, P], Awaitable[bytes]]:
    """The bytes of a file that belongs to a record."""

    async def call(
        caller: Caller, operation: Operation[bytes], of: Id, file: Id, /, *args: P.args, **kwargs: P.kwargs
    ) -> bytes:
        return await caller.call(operation, (of, file), options(*args, **kwargs))

    return Row(id, "GET", tail, call, parameters=options, returns=bytes, read=answers.raw, accept="*/*")


def upload_below(
    id: str, method: str, kind: type[M], options: Callable[P, Parameters], tail: str
) -> Row[Concatenate[Id, str, bytes, P], Awaitable[M]]:
    """Attach a file to a record, by its name and bytes."""

    async def call(
        caller: Caller,
        operation: Operation[M],
        of: Id,
        file_name: str,
        content: bytes,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> M:
        return await caller.call(operation, (of, file_name), options(*args, **kwargs), bytes(content))

    read = answers.read_one(kind)
    returns = envelope_of(kind)
    return Row(id, method, tail, call, parameters=options, takes=("content",), sends=bytes, returns=returns, read=read)


# https://developer.xero.com/documentation/api/accounting/historyandnotes/
MAX_NOTE = 2500


def note_below(id: str, options: Callable[P, Parameters]) -> Row[Concatenate[Id, str, P], Awaitable[HistoryRecord]]:
    """Add a note to the history of a record; at most 2,500 characters, and there for good."""
    envelope = envelope_of(HistoryRecord)

    async def call(
        caller: Caller, operation: Operation[HistoryRecord], of: Id, note: str, /, *args: P.args, **kwargs: P.kwargs
    ) -> HistoryRecord:
        if not 1 <= len(note) <= MAX_NOTE:
            raise InvalidArgument(f"a note has 1 to {MAX_NOTE} characters, not {len(note)}")
        body = _enclose(envelope, [HistoryRecord(details=note)])
        return await caller.call(operation, (of,), options(*args, **kwargs), body)

    read = answers.read_one(HistoryRecord)
    return Row(id, "PUT", "", call, parameters=options, takes=("note",), sends=envelope, returns=envelope, read=read)


def _enclose(envelope: type[Model], records: Sequence[Model]) -> Model:
    """Records in the envelope in which they travel."""
    if isinstance(records, Struct) or not records:
        raise InvalidArgument("give a list of records with at least one in it")
    (name,) = set(envelope.__struct_fields__) - {"pagination", "warnings"}
    return envelope(**{name: list(records)})
