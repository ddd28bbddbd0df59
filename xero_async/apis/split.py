"""Lists of ids that are too long for a URL, in parts that are not.

Beyond about 2,091 characters of URL, or some 53 GUIDs, Xero answers with a 404 that looks like an empty result. So a
long list goes out in parts of at most forty, and shorter where its texts are long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from msgspec.structs import astuple, replace

from ..wire.errors import InvalidArgument
from ..wire.operation import Operation
from ..wire.parameters import Parameters

__all__ = ["MOST_IDS", "split"]

# https://developer.xero.com/documentation/api/accounting/invoices/ recommends forty.
MOST_IDS = 40
"""Ids in one URL."""
ROOM = 2000
"""Characters of path and query, which leaves some for the host."""


def split(operation: Operation[Any], ids: Sequence[object], query: Parameters) -> list[Parameters]:
    """The query in parts that fit into a URL, in order. Raises `InvalidArgument` where a part still would not."""
    lists = _lists(query)
    if not lists:
        return [query]
    longest = max(lists, key=lambda name: len(getattr(query, name)))
    if len(values := list(getattr(query, longest))) <= 1:
        return [query]
    empty = len(operation.request(ids, replace(query, **{longest: None})).target) + len(longest) + 2
    parts = list(_parts(values, ROOM - empty))
    return [query] if len(parts) == 1 else [replace(query, **{longest: part}) for part in parts]


def _lists(query: Parameters) -> list[str]:
    values = astuple(query)
    if _PLAIN.issuperset(map(type, values)):
        return []
    named = zip(query.__struct_fields__, values, strict=True)
    return [name for name, value in named if isinstance(value, (list, tuple, set, frozenset))]


_PLAIN = frozenset({type(None), bool, int, str})
"""Types of values that hold no others, as most queries' are."""


def _parts(values: list[object], room: int) -> Iterator[tuple[object, ...]]:
    part: list[object] = []
    used = 0
    for value in values:
        length = len(quote(str(value), safe="")) + 1
        if length > room:
            raise InvalidArgument("the URL would be too long: ask for fewer things at a time")
        if part and (len(part) >= MOST_IDS or used + length > room):
            yield tuple(part)
            part, used = [], 0
        part.append(value)
        used += length
    yield tuple(part)
