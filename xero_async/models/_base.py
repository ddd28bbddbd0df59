"""What every model shares: its options, its wire names, its dates and its lengths.

A model is a struct whose fields are all optional, because Xero leaves out what does not apply. A field that is None is
not sent, so an update changes only what was set. Python names are snake case; Xero's names are derived from them.

Dates are eager: `Date` and `DateTime` are `datetime.date` and `datetime.datetime` to a type checker and hold just those
at run time. To msgspec they are marker types, so that its `dec_hook` gets each raw value: Xero writes
`/Date(1439434356790+0000)/`, which no decoder reads by itself.
"""

from __future__ import annotations

import operator
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Generic, TypeAlias, TypeVar, cast, get_args

from msgspec import Struct

__all__ = ["Date", "DateTime", "Envelope", "MaxLength", "Model", "envelope_of", "record_of", "wire_name"]

if TYPE_CHECKING:
    Date: TypeAlias = date
    DateTime: TypeAlias = datetime
else:

    class _Marker(type):
        # msgspec checks what the hook returns with isinstance; a C function keeps that cheap, and every date is true.
        __instancecheck__ = operator.truth

    class Date(metaclass=_Marker):
        """A calendar day of the organisation: a `datetime.date` at run time."""

    class DateTime(metaclass=_Marker):
        """An instant in UTC: an aware `datetime.datetime` at run time."""


class MaxLength(Struct, frozen=True):
    """The most characters that Xero takes in a field; not enforced when decoding."""

    characters: int


Str10: TypeAlias = Annotated[str, MaxLength(10)]
Str12: TypeAlias = Annotated[str, MaxLength(12)]
Str18: TypeAlias = Annotated[str, MaxLength(18)]
Str20: TypeAlias = Annotated[str, MaxLength(20)]
Str30: TypeAlias = Annotated[str, MaxLength(30)]
Str50: TypeAlias = Annotated[str, MaxLength(50)]
Str100: TypeAlias = Annotated[str, MaxLength(100)]
Str150: TypeAlias = Annotated[str, MaxLength(150)]
Str255: TypeAlias = Annotated[str, MaxLength(255)]
Str500: TypeAlias = Annotated[str, MaxLength(500)]
Str3000: TypeAlias = Annotated[str, MaxLength(3000)]
Str4000: TypeAlias = Annotated[str, MaxLength(4000)]

_UPPER = {"id": "ID", "utc": "UTC", "cis": "CIS"}


def wire_name(name: str) -> str:
    """Xero's name for a field: `updated_date_utc` is `UpdatedDateUTC`."""
    return "".join(_UPPER.get(part, part[:1].upper() + part[1:]) for part in name.split("_"))


class Model(Struct, kw_only=True, gc=False, omit_defaults=True, repr_omit_defaults=True, rename=wire_name):
    """A record of Xero's. Fields that are None were not in the answer, and are not sent."""


T = TypeVar("T", bound=Model)
R = TypeVar("R", bound=Model)


class Envelope(Model, Generic[T], kw_only=True):
    """The object in which records travel, several at a time: `{"Invoices": [...], "pagination": {...}}`."""

    beside: ClassVar[set[str]] = {"pagination", "warnings"}
    """Fields that hold no records."""

    @classmethod
    def records_field(cls) -> str:
        """The name of the field that holds the records."""
        (name,) = set(cls.__struct_fields__) - cls.beside
        return name

    @property
    def records(self) -> list[T] | None:
        """The records, whatever their field is called; None where the answer had none."""
        records: list[T] | None = getattr(self, self.records_field())
        return records


def envelope_of(record: type[R]) -> type[Envelope[R]]:
    """The envelope in which records of a type travel. Raises `LookupError` for records that travel alone."""
    if record not in _envelopes():
        raise LookupError(f"{record.__name__} does not travel in an envelope")
    return cast("type[Envelope[R]]", _envelopes()[record])


@cache
def _envelopes() -> dict[type[Model] | None, type[Model]]:
    return {record_of(envelope): envelope for envelope in cast("list[type[Model]]", Envelope.__subclasses__())}


def record_of(kind: type) -> type[Model] | None:
    """The type of the records in an envelope; None for what is no envelope."""
    if Envelope not in kind.__mro__[1:]:
        return None
    (base,) = vars(kind)["__orig_bases__"]
    (record,) = get_args(base)
    return cast("type[Model]", record)
