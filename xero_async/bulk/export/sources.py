"""What can be exported, and how it is asked for.

A list comes in one of three ways: in numbered pages, after an offset (journals), or whole in one answer. Numbered pages
go by the records' ids where Xero lets them be ordered, so that a record that is edited meanwhile keeps its place. What
can be narrowed to changes is drawn in increments, unless its records can be deleted: no list of changes tells of that,
so those lists, all of them short, are drawn whole each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ...apis.accounting import Accounting
from ...apis.pages import DEFAULT_PAGE_SIZE, Pages
from ...apis.rows import Resource
from ...models import Model
from ...wire import Operation
from ...wire.errors import InvalidArgument
from ...wire.parameters import MAX_PAGE_SIZE

__all__ = ["Source", "listable", "source_of", "sources"]

Way = Literal["pages", "offset", "single"]
Query = Mapping[str, object]

VANISHING = frozenset({"users"})
"""Resources whose records go without a DELETE of the API: users leave an organisation by its settings."""


class Source(Struct, frozen=True, kw_only=True):
    """A list to export."""

    name: str
    """The resource's name in Python."""
    operation: Operation[Any]
    record: type[Model]
    id_name: str
    """Xero's name of the records' id; empty where they have none."""
    way: Way
    is_ordered: bool
    """Whether its pages go by the records' ids."""
    is_dated: bool
    """Whether changes since a moment can be asked for and tell everything."""
    largest_page: int
    """The most records of a page; 0 where there are no pages."""
    page_size: int
    """Records of a page, as they are asked for."""
    query: Query
    """The keywords of every call; without page, page size, offset and moment."""
    since: datetime | None = None
    """The moment since which changes are wanted; None for everything."""

    @property
    def fingerprint(self) -> str:
        """What tells this list from another filter's, to be kept with what was drawn."""
        return msgspec.json.encode(self.query, order="sorted").decode()

    def pages(self, tenant: object, *, size: int = 0, since: datetime | None = None, **place: int) -> Pages[Model]:
        """The list of a tenant, from a page or an offset on, narrowed to what changed since a moment."""
        keywords: dict[str, object] = {**self.query, **place}
        if size and "page_size" in self._takes:
            keywords["page_size"] = size
        if since is not None:
            keywords["modified_since"] = since
        # Which resources there are is known at run time alone.
        return cast("Callable[..., Pages[Model]]", getattr(tenant, self.name).list)(**keywords)

    def asked_by(self, owner: object) -> Source:
        """The list as a tenant's session, or a bound resource's, asks for it: with its decimals of unit amounts."""
        # Part of the query, so that no result mixes amounts of 2 decimals and of 4.
        unitdp: int | None = getattr(getattr(getattr(owner, "_caller", None), "line", None), "unitdp", None)
        if unitdp is None or "unitdp" not in self._takes:
            return self
        return replace(self, query={**self.query, "unitdp": unitdp})

    @property
    def _takes(self) -> tuple[str, ...]:
        return self.operation.parameters.__struct_fields__


def listable() -> dict[str, Operation[Any]]:
    """The resources that can be exported, by name, in the order of the table."""
    return {name: source.operation for name, source in _table().items()}


def sources(
    resources: Collection[str] | None,
    *,
    page_size: int = MAX_PAGE_SIZE,
    where: str | None = None,
    modified_since: datetime | None = None,
) -> list[Source]:
    """The lists of these names, or all, each tried out on a request that is not sent. Raises `InvalidArgument`."""
    known = _table()
    if isinstance(resources, str):
        raise InvalidArgument("resources is a list of names, such as ['invoices']")
    if unknown := [name for name in resources or () if name not in known]:
        raise InvalidArgument(f"no resource is called {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
    if where is not None and resources is None:
        raise InvalidArgument("where is about the fields of a resource: name the resources as well")
    names = known if resources is None else dict.fromkeys(resources)
    return [_asked(known[name], page_size, where, modified_since) for name in names]


def source_of(resource: Resource) -> str:
    """The name under which a bound resource can be exported. Raises `InvalidArgument` for one that cannot."""
    for name in _table():
        if type(vars(Accounting)[name]) is type(resource):
            return name
    raise InvalidArgument(f"{type(resource).__name__} cannot be exported; there are {', '.join(_table())}")


def _asked(source: Source, page_size: int, where: str | None, since: datetime | None) -> Source:
    taken = source.operation.parameters.__struct_fields__
    if where is not None and "where" not in taken:
        raise InvalidArgument(f"{source.name} cannot be filtered by where")
    if type(page_size) is not int or not 1 <= page_size <= MAX_PAGE_SIZE:
        raise InvalidArgument(f"page_size is a whole number from 1 to {MAX_PAGE_SIZE}")
    asked = replace(
        source,
        query=source.query if where is None else {**source.query, "where": where},
        since=since if "modified_since" in taken else None,
        page_size=page_size if "page_size" in taken else source.largest_page,
    )
    dated = {} if asked.since is None else {"modified_since": asked.since}
    source.operation.request((), source.operation.parameters(**asked.query, **dated))
    return asked


@cache
def _table() -> dict[str, Source]:
    members = {name: member for name, member in vars(Accounting).items() if isinstance(member, Resource)}
    return {name: source for name, member in members.items() if (source := _source(name, member)) is not None}


def _source(name: str, resource: Resource) -> Source | None:
    operation: Operation[Any] | None = getattr(type(resource), "list", None)
    if operation is None or operation.path_names or operation.record is None:
        return None
    taken = operation.parameters.__struct_fields__
    id_name, is_paged = resource.id_name, "page" in taken
    is_ordered = bool({"page", "order"} <= set(taken) and id_name)
    query: dict[str, object] = {"include_archived": True} if "include_archived" in taken else {}
    sizes = (MAX_PAGE_SIZE if "page_size" in taken else DEFAULT_PAGE_SIZE) if is_paged or "offset" in taken else 0
    return Source(
        name=name,
        operation=operation,
        record=operation.record,
        id_name=id_name,
        way="offset" if "offset" in taken else "pages" if is_paged else "single",
        is_ordered=is_ordered,
        is_dated="modified_since" in taken and "offset" not in taken and not _can_vanish(name, resource),
        largest_page=sizes,
        page_size=sizes,
        query=query | {"order": f"{id_name} ASC"} if is_ordered else query,
    )


def _can_vanish(name: str, resource: Resource) -> bool:
    """Whether records are deleted without a trace. Xero's other deletions leave the record, in another status."""
    delete: Operation[Any] | None = getattr(type(resource), "delete", None)
    return name in VANISHING or (delete is not None and delete.method == "DELETE")
