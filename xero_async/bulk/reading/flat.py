"""Rows of cells into records.

What stands for a line of the document, such as `UnitAmount`, makes a line of each row, and rows that follow one another
with the same number are lines of one document. The contact must be the same too, for the numbers of bills are not
unique. A cell that is blank says nothing, so what holds for the
whole document may stand on its first row alone; where it stands on several it must be the same. Rows of one document
that are apart from each other are refused, for they would make two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ...models import Model
from .columns import TYPES, Column, Step
from .lines import record_from
from .located import Located, refuse

__all__ = ["Gathering"]

M = TypeVar("M", bound=Model)
_Tree = dict[str, Any]
"""A document: its values are texts, numbers, days, further documents and lists of them, which no type tells well."""

_NUMBERS = ("InvoiceNumber", "CreditNoteNumber", "PurchaseOrderNumber", "QuoteNumber", "Narration")
"""What tells the documents of a file apart."""
_PARTIES = ("Contact.Name", "Contact.ContactID", "Contact.ContactNumber")


class Gathering(Generic[M]):
    """Rows into records: those of one document follow one another, so that no more than one is held."""

    def __init__(self, file: str, columns: Sequence[Column], record: type[M], *, of: str = "line") -> None:
        self._file, self._record, self._of = file, record, of
        self._makes_lines = any(column.is_of_line for column in columns)
        self._line = 0
        self._head: dict[Column, object] = {}
        self._lines: list[dict[Column, object]] = []
        self._key: tuple[object, ...] | None = None
        self._seen: set[int] = set()

    def rows(self, rows: Iterable[tuple[int, dict[Column, object]]]) -> Iterator[Located[M]]:
        """The records of rows, each with the cells that are not blank."""
        for number, cells in rows:
            if not cells:
                continue
            head = {column: value for column, value in cells.items() if not column.is_of_line}
            line = {column: value for column, value in cells.items() if column.is_of_line}
            key = self._key_of(head)
            if key is not None and key == self._key:
                self._join(number, head)
            else:
                if self._line:
                    yield self._made()
                self._begin(number, head, key)
            if line:
                self._lines.append(line)
        if self._line:
            yield self._made()

    def _key_of(self, head: dict[Column, object]) -> tuple[object, ...] | None:
        """What all rows of a document have in common; None for a row that is one by itself."""
        if not self._makes_lines:
            return None
        paths = {".".join(step.name for step in column.steps): value for column, value in head.items()}
        number = next((paths[name] for name in _NUMBERS if name in paths), None)
        if number is None:
            return None
        party = next((paths[name] for name in _PARTIES if name in paths), None)
        # The contact may stand on the first row alone.
        if party is None and self._key is not None and self._key[0] == number:
            return self._key
        return number, party

    def _begin(self, number: int, head: dict[Column, object], key: tuple[object, ...] | None) -> None:
        if key is not None:
            # The hash alone, lest a long file fill the memory; two numbers with one are as good as impossible.
            if hash(key) in self._seen:
                raise refuse(
                    self._file,
                    number,
                    None,
                    "a document of this number is further up, with others between: put its rows together",
                    of=self._of,
                )
            self._seen.add(hash(key))
        self._line, self._head, self._lines, self._key = number, head, [], key

    def _join(self, number: int, head: dict[Column, object]) -> None:
        for column, value in head.items():
            if self._head.setdefault(column, value) != value:
                raise refuse(
                    self._file,
                    number,
                    f"column {column.title}",
                    f"differs from {self._of} {self._line}, which is of the same document: write it once",
                    of=self._of,
                )

    def _made(self) -> Located[M]:
        tree = _tree(self._head)
        for line in self._lines:
            for name, inner in _tree(line).items():
                tree.setdefault(name, []).extend(inner)
        return Located(self._line, record_from(tree, self._record, self._file, self._line, of=self._of))


def _tree(cells: Mapping[Column, object]) -> _Tree:
    """Cells as the document that they describe."""
    root: _Tree = {}
    lists: dict[tuple[Step, ...], _Tree] = {}
    for column in sorted(cells, key=_place):
        node = root
        for depth, step in enumerate(column.steps):
            if step.element is not None:
                node = _element(node, column.steps[: depth + 1], lists)
            elif depth + 1 < len(column.steps):
                node = node.setdefault(step.name, {})
            else:
                node[step.name] = cells[column]
    return root


def _element(node: _Tree, steps: tuple[Step, ...], lists: dict[tuple[Step, ...], _Tree]) -> _Tree:
    """The element of a list that steps lead to, made where it is not there yet."""
    if steps not in lists:
        name, element = steps[-1]
        made: _Tree = {TYPES[name]: element} if element and element.isalpha() else {}
        node.setdefault(name, []).append(made)
        lists[steps] = made
    return lists[steps]


def _place(column: Column) -> tuple[int, ...]:
    """Elements come in the order of their places, whatever that of the columns."""
    return tuple(int(step.element) for step in column.steps if step.element and step.element.isdecimal())
