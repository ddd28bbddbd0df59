"""The machinery of the tables: an operation is one line, and a typed coroutine when it is called.

A `Row` is a descriptor. On a resource's class it gives the `Operation`, which says what goes over the wire; on an
instance it gives the coroutine, whose keywords are the constructor of a parameter struct. A `Resource` is a noun with
rows; resources nest, and a group that repeats (attachments, history) is written once and mounted where it is needed,
with the words that tell its operations apart.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from msgspec import NODEFAULT
from msgspec.structs import fields

from ..wire.operation import ACCOUNTING, Operation, Reader
from ..wire.parameters import Parameters
from .pages import Caller
from .scopes import scopes_of

__all__ = ["Line", "Resource", "Row", "names_of", "operations_of"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R", covariant=True)
S = TypeVar("S")


class Resource:
    """A noun of the API, with rows for verbs."""

    path: str = ""
    """Below the resource in which it is mounted."""
    id_name: str = ""
    """Xero's name for the id of one of its records."""
    scope: str = ""
    """The family of scopes that opens it; without one, that of the resource in which it is mounted."""
    root: str = ACCOUNTING
    needs_tenant: bool = True
    _caller: Caller

    def __init__(self, *words: str) -> None:
        """Mount a resource; `words` fill the blanks in the ids of its operations."""
        self._words = words
        self._prefix = self._name = ""

    def __init_subclass__(cls, path: str = "", id_name: str = "", scope: str = "") -> None:
        super().__init_subclass__()
        cls.path, cls.id_name, cls.scope = path or cls.path, id_name or cls.id_name, scope or cls.scope

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: object, kind: type) -> Self:
        """The resource as part of its owner: under its path, and calling through its session."""
        if not issubclass(kind, Resource):
            # A tenant that a caller's own class keeps as an attribute is no part of anything.
            return self
        part = object.__new__(type(self))
        part._words, part._prefix = self._words, _below(kind, kind.path)
        part.scope = self.scope or (owner.scope if isinstance(owner, Resource) else kind.scope)
        if isinstance(owner, Resource):
            part._prefix = _below(kind, owner._prefix + kind.path)
            if hasattr(owner, "_caller"):
                part._caller = owner._caller
                # From now on the owner's own attribute is found before this descriptor.
                owner.__dict__[self._name] = part
        return part

    @property
    def full_path(self) -> str:
        """The path from the API's root."""
        return self._prefix + self.path


def _below(kind: type[Resource], path: str) -> str:
    return f"{path}/{{{kind.id_name}}}" if kind.id_name else path


class Line(ABC):
    """A line of a table, whatever it takes and gives."""

    is_variant: bool = False
    """Whether it is another way to call an operation that has a line of its own."""

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
        leads: tuple[str, ...] = (),
        takes: tuple[str, ...] = (),
        sends: type | None = None,
        returns: type | None = None,
        read: Reader[Any],
        accept: str = "application/json",
    ) -> None:
        self._id, self._method, self._tail, self._call = id, method, tail, call
        self._facts: dict[str, Any] = {"parameters": parameters, "sends": sends, "returns": returns, "read": read}
        self._leads, self._takes, self._accept, self._name = leads, takes, accept, ""
        self._scope = ""
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
            scopes=scopes_of(self._scope or part.scope, self._method),
            **self._facts,
        )

    def under(self, scope: str) -> Self:
        """The row itself, opened by another family of scopes than its resource."""
        self._scope = scope
        return self

    @property
    def call(self) -> Callable[Concatenate[Caller, Operation[Any], P], R]:
        """What a call does, given who makes it."""
        return self._call

    def variant(self, call: Callable[Concatenate[Caller, Operation[Any], Q], S], leads: tuple[str, ...]) -> Row[Q, S]:
        """The same operation called in another way, which takes `leads` before all else."""
        row: Row[Q, S] = Row(
            self._id, self._method, self._tail, call, leads=leads, takes=self._takes, accept=self._accept, **self._facts
        )
        row.is_variant = True
        return row.under(self._scope)

    def _method_for(self, part: Resource) -> FunctionType:
        operation, call = self.operation(part), self._call

        def method(part: Resource, /, *args: P.args, **kwargs: P.kwargs) -> R:
            return call(part._caller, operation, *args, **kwargs)  # pyright: ignore[reportPrivateUsage] - as above

        method.__name__ = self._name
        method.__qualname__ = f"{type(part).__qualname__}.{self._name}"
        method.__doc__ = f"{operation.method} {operation.path} ({operation.id})"
        method.__dict__["operation"] = operation
        method.__dict__["__signature__"] = _signature(operation, self._leads, self._takes)
        return cast("FunctionType", method)


def operations_of(kind: type[Resource]) -> Iterator[Operation[Any]]:
    """Every operation of a resource and of those mounted in it, in the order of the table."""
    return (line.operation(part) for _, line, part in _walk(kind(), "") if not line.is_variant)


def names_of(kind: type[Resource]) -> Iterator[tuple[str, Operation[Any]]]:
    """Every line, variants too, by the attributes that lead to it, such as `invoices.attachments.upload`."""
    return ((name, line.operation(part)) for name, line, part in _walk(kind(), ""))


def _walk(part: Resource, name: str) -> Iterator[tuple[str, Line, Resource]]:
    members: dict[str, object] = {}
    for kind in reversed(type(part).__mro__):
        members.update(vars(kind))
    for each, member in members.items():
        if isinstance(member, Line):
            yield name + each, member, part
        elif isinstance(member, Resource):
            yield from _walk(member.__get__(part, type(part)), f"{name}{each}.")


def _signature(operation: Operation[Any], leads: tuple[str, ...], takes: tuple[str, ...]) -> inspect.Signature:
    """What `help()` shows: the ids of the path, what is sent, and a keyword for each parameter."""
    positional = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    positional += [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY)
        for name in (*leads, *(_snake(name) for name in operation.path_names), *takes)
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
