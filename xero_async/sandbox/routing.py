"""From a method and a path to an operation of the table.

Some rows differ only in what they call a parameter: a contact goes by its id or by its number, an attachment by its
id or by its file's name. Such rows are one route; the look of the value tells which of them is meant, and the value
is handed on under every name.

Xero takes more than its table says: paths in any case, some under another name, and a POST to any collection whose
records PUT makes and POST changes, which is then a change if the record has an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

__all__ = ["Match", "Router", "TableRow"]

ALIASES = {"organisations": "organisation"}
"""First parts of paths, in lower case, that mean another."""
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class TableRow(Protocol):
    """An operation as far as routing needs it."""

    @property
    def id(self) -> str:
        """Xero's operation id."""
        ...

    @property
    def method(self) -> str:
        """The HTTP method."""
        ...

    @property
    def path(self) -> str:
        """The path template under `/api.xro/2.0`."""
        ...


class Match(NamedTuple):
    """An operation and its path parameters by name."""

    operation: str
    path: Mapping[str, str]
    update: tuple[str, str] | None = None
    """The operation in its stead where the record that is sent has an id, and the name of this id."""


class Shape(NamedTuple):
    """A path with its names taken away, and the operations that share it."""

    literals: tuple[str | None, ...]
    """The parts in lower case, None for a parameter."""
    rows: list[tuple[str, dict[int, str]]]
    """Operation ids with the names of their parameters by position; ids come before names and numbers."""

    def fits(self, parts: Sequence[str]) -> bool:
        """Whether a path, in lower case, has this shape."""
        return all(mine in (None, theirs) for mine, theirs in zip(self.literals, parts, strict=True))

    def match(self, parts: Sequence[str]) -> Match:
        """Choose the operation by the look of the parameters, and name these as every sharer would."""
        path = {name: parts[position] for _, names in self.rows for position, name in names.items()}
        return Match(next((id for id, names in self.rows if _are_ids(parts, names)), self.rows[-1][0]), path)


class Router:
    """Finds operations: paths match without regard to case, and a literal is preferred to a parameter."""

    def __init__(self, rows: Iterable[TableRow]) -> None:
        self._shapes: dict[tuple[str, int], dict[tuple[str | None, ...], Shape]] = {}
        self._methods: set[str] = set()
        self.operations: set[str] = set()
        for row in rows:
            self._add(row)

    def _add(self, row: TableRow) -> None:
        parts = row.path.strip("/").split("/")
        names = {at: part[1:-1] for at, part in enumerate(parts) if part.startswith("{")}
        literals = tuple(None if at in names else part.lower() for at, part in enumerate(parts))
        shapes = self._shapes.setdefault((row.method, len(parts)), {})
        shape = shapes.setdefault(literals, Shape(literals, []))
        shape.rows.append((row.id, names))
        shape.rows.sort(key=lambda row: -sum(name.endswith("ID") for name in row[1].values()))
        self._methods.add(row.method)
        self.operations.add(row.id)

    def find(self, method: str, parts: Sequence[str]) -> Match | None:
        """Find the operation for the parts of a path under `/api.xro/2.0`, already percent-decoded."""
        match = self._exact(method, parts)
        return self._saving(parts) if match is None and method == "POST" else match

    def knows(self, parts: Sequence[str]) -> bool:
        """Whether there is a path, for whatever method."""
        return any(self._exact(method, parts) for method in self._methods)

    def _exact(self, method: str, parts: Sequence[str]) -> Match | None:
        lowered = [part.lower() for part in parts]
        lowered[:1] = [ALIASES.get(part, part) for part in lowered[:1]]
        fitting = [shape for shape in self._shapes.get((method, len(parts)), {}).values() if shape.fits(lowered)]
        if not fitting:
            return None
        return min(fitting, key=lambda shape: [part is None for part in shape.literals]).match(parts)

    def _saving(self, parts: Sequence[str]) -> Match | None:
        """A POST to a collection that has none of its own: it makes a record, or changes the one whose id is sent."""
        makes, changes = self._exact("PUT", parts), self._exact("POST", [*parts, ""])
        if makes is None or changes is None:
            return None
        (id_name,) = changes.path.keys() - makes.path.keys()
        return makes._replace(update=(changes.operation, id_name))


def _are_ids(parts: Sequence[str], names: Mapping[int, str]) -> bool:
    return all(name.endswith("ID") and GUID.fullmatch(parts[at]) for at, name in names.items())
