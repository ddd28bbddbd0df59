"""What is common to all records: fields that stay behind, and fields that hold nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from ...models import Model
from .changes import Change, Stray, Weight, leaves

__all__ = ["dropped", "lost", "tidy"]

M = TypeVar("M", bound=Model)

Reasons = Mapping[str, tuple[str, str]]
"""Why a field stays behind and by which rule, by the field."""
_KNOWN = frozenset({"SkypeUserName"})
"""What v1 had and nobody misses."""
_ITSELF = ("Xero keeps it itself", "")


def dropped(
    record: Model, kept: str, reasons: Reasons, path: str = "", *, weighty: Mapping[str, Weight] | None = None
) -> Iterator[Change]:
    """The fields of a record that stay behind, each value with the reason; `kept` names the others."""
    known = frozenset(kept.split())
    for field in record.__struct_fields__:
        value: Any = getattr(record, field)  # Any: of every field
        if value is None or field in known:
            continue
        why, rule = reasons.get(field, _ITSELF)
        weight: Weight = (weighty or {}).get(field, "plain")
        for place, text in leaves(type(record)(**{field: value})).items():
            yield Change(path + place, text, "", why, rule, weight)


def lost(strays: Sequence[Stray]) -> Iterator[Change]:
    """Elements that today's records have no field for."""
    for stray in strays:
        weight: Weight = "plain" if stray.path.rpartition(".")[2] in _KNOWN else "look"
        yield Change(stray.path, stray.text, "", "today's API has no such field", "", weight)


def tidy(record: M, kept: str) -> M:
    """A record with the kept fields alone, and of these with what holds something."""
    values = {name: getattr(record, name) for name in kept.split()}
    return type(record)(**{name: _tidied(value) for name, value in values.items()})


def _tidied(value: Any) -> Any:  # Any: the value of any field
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, list):
        return [_tidied(item) for item in cast("Iterable[Any]", value)]
    if isinstance(value, Model):
        return type(value)(**{field: _tidied(getattr(value, field)) for field in value.__struct_fields__})
    return value
