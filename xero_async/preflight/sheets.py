"""A sheet is all that is checked of one kind of record: the fields that clients write, and the rules as rows.

Only fields that Xero reads when it makes a record are on a sheet. What it writes itself (totals aside) it leaves
unread, so a record that was read and is sent again is not found fault with.

A sheet is made ready when it is first used: the types of a model are then turned into checks of its fields, and one
`attrgetter` takes all of them out of a record at once. A record with nothing wrong costs little more than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple, cast

from msgspec.structs import FieldInfo, fields

from ..models import Model
from .findings import Ground, Rule, Severity, Unique
from .leaves import Check, Leaf, check_of

__all__ = ["Breach", "Part", "Sheet"]


class Breach(NamedTuple):
    """A rule that a record breaks, before its row is known."""

    field: str
    rule: str
    message: str
    severity: Severity


class Part(NamedTuple):
    """A field that holds a record or a list of them, and the sheet of what it holds."""

    attribute: str
    sheet: Sheet


class _Leaf(NamedTuple):
    wire: str
    check: Check


class _Branch(NamedTuple):
    wire: str
    get: Callable[[Any], Any]  # Any: of every model
    sheet: Sheet


class Sheet:
    """What is checked of one kind of record.

    `written` names the attributes that Xero reads, `parts` those that hold further records. `limits` and `values`
    stand in for lengths and listed values of the model. `free` names fields whose listed values are not all, `unread`
    those that Xero takes whatever they hold. Where the id that `stands_in` names is set, Xero takes the record that
    has it and reads no further.
    """

    def __init__(
        self,
        model: type[Model],
        written: str,
        *,
        parts: Sequence[Part] = (),
        rules: Sequence[Rule] = (),
        unique: Sequence[Unique] = (),
        limits: Mapping[str, int] | None = None,
        values: Mapping[str, str] | None = None,
        free: str = "",
        stands_in: str = "",
        unread: str = "",
    ) -> None:
        self.model = model
        self.written = tuple(written.split())
        self.parts = tuple(parts)
        self.rules = tuple(rules)
        self.unique = tuple(unique)
        self._limits = limits or {}
        self._values = values or {}
        self._free = frozenset(free.split())
        self._stands_in = stands_in
        self._unread = frozenset(unread.split())
        self._numbered = model.__name__ in ("Invoice", "Contact")

    @cached_property
    def _infos(self) -> dict[str, FieldInfo]:
        return {field.name: field for field in fields(self.model)}

    @cached_property
    def leaves(self) -> tuple[_Leaf, ...]:
        """The checks of single fields, each with its wire name."""
        return tuple(leaf for _, leaf in self._checked)

    @cached_property
    def _checked(self) -> list[tuple[str, _Leaf]]:
        found: list[tuple[str, _Leaf]] = []
        for name in self.written:
            info = self._infos[name]
            # A rule of its own looks at the values of a free field.
            values = tuple(self._values.get(name, "").split())
            kind = str if name in self._free else info.type
            limit, unread = self._limits.get(name, 0), name in self._unread
            check = check_of(name, kind, limit=limit, values=values, unread=unread)
            if check is not None:
                found.append((name, _Leaf(info.encode_name, check)))
        return found

    @cached_property
    def _get(self) -> Callable[[Any], tuple[Any, ...]]:  # Any: of every model
        names = [name for name, _ in self._checked]
        if len(names) > 1:
            return attrgetter(*names)
        return lambda record: tuple(getattr(record, name) for name in names)

    @cached_property
    def _branches(self) -> tuple[_Branch, ...]:
        return tuple(
            _Branch(self._infos[part.attribute].encode_name, attrgetter(part.attribute), part.sheet)
            for part in self.parts
        )

    @cached_property
    def _told(self) -> tuple[tuple[Rule, Callable[[Any, Ground], str | bool]], ...]:  # Any: as in `Rule`
        return tuple((rule, rule.test) for rule in self.rules)

    def breaches(self, record: Any, ground: Ground, path: str, found: list[Breach], *, numbered: bool) -> None:
        """Adds what is wrong with a record, whose fields stand behind `path`; Any: of the sheet's model."""
        for value, (wire, check) in zip(self._get(record), self.leaves):  # noqa: B905 - of one length, and hot
            if value is not None and (broken := check(value, ground)) is not None:
                found.append(_misfit(*broken, path + wire))
        if self._stands_in and getattr(record, self._stands_in):
            return
        sound = True
        for wire, get, sheet in self._branches:
            value = get(record)
            if value is not None:
                sound &= _branch(value, f"{path}{wire}", sheet, ground, found, numbered)
        if not sound:
            return
        for rule, test in self._told:
            if detail := test(record, ground):
                found.append(_broken(rule, path, detail, ground, numbered))

    def examine(self, record: Any, ground: Ground) -> list[Breach]:
        """What is wrong with a record by itself; Any: of the sheet's model."""
        found: list[Breach] = []
        ground.document, ground.sums = record, None
        self.breaches(record, ground, "", found, numbered=self._numbered)
        return found

    def all_rules(self) -> Iterator[tuple[str, Rule | Unique]]:
        """The rules of the sheet and of its parts, each with the path of its field."""
        yield from ((rule.field, rule) for rule in self.rules)
        yield from ((rule.field, rule) for rule in self.unique)
        for branch, part in zip(self._branches, self.parts, strict=True):
            for field, rule in part.sheet.all_rules():
                yield f"{branch.wire}{'[]' if self._is_list(part.attribute) else ''}.{field}", rule

    def _is_list(self, name: str) -> bool:
        return "list[" in str(self._infos[name].type)

    @property
    def is_numbered(self) -> bool:
        """Whether the numbers of the rules mean records of this sheet."""
        return self._numbered


def _branch(value: Any, path: str, sheet: Sheet, ground: Ground, found: list[Breach], numbered: bool) -> bool:
    """What is wrong in the records under a path; whether they are records at all, so that rules can look at them.

    Any: a field may hold what its type does not allow.
    """
    model = sheet.model
    if isinstance(value, model):
        sheet.breaches(value, ground, f"{path}.", found, numbered=numbered)
        return True
    if not isinstance(value, list | tuple):
        found.append(_mistyped(value, path, model))
        return False
    sound = True
    for index, item in enumerate(cast("Sequence[object]", value)):
        if isinstance(item, model):
            sheet.breaches(item, ground, f"{path}[{index}].", found, numbered=numbered)
        else:
            found.append(_mistyped(item, f"{path}[{index}]", model))
            sound = False
    return sound


def _mistyped(item: object, path: str, model: type[Model]) -> Breach:
    kind = type(item).__name__
    return Breach(path, "type", f"is a {kind}: send a {model.__name__}", "error")


def _misfit(leaf: Leaf, detail: str, path: str) -> Breach:
    return Breach(path, leaf.name, leaf.message.format(detail), leaf.severity)


def _broken(rule: Rule, path: str, detail: str | bool, ground: Ground, numbered: bool) -> Breach:
    severity = rule.severity
    if ground.network and (rule.unassigned or rule.network_refuses):
        severity = "warning" if rule.unassigned else "error"
    # The numbers are those of invoices and contacts; elsewhere the same rules go by their names.
    name = rule.number if rule.number and numbered else rule.name
    return Breach(path + rule.field, name, rule.told(detail), severity)
