"""JSON Lines: a record on each line, in Xero's own names, as an export writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import TypeVar

import msgspec

from ...models import Model
from ...wire.codec import UNREADABLE
from ...wire.dates import parse_date
from .located import Located, refuse
from .shapes import stranger

__all__ = ["read_lines", "record_from"]

M = TypeVar("M", bound=Model)

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def read_lines(file: str, lines: Iterable[tuple[int, bytes]], record: type[M]) -> Iterator[Located[M]]:
    """A record for each line that is not blank."""
    for number, line in lines:
        if line.strip():
            yield Located(number, _record(file, number, line, record))


def _record(file: str, number: int, line: bytes, record: type[M]) -> M:
    try:
        raw = _DECODER.decode(line)
    except (*UNREADABLE, ArithmeticError) as error:
        raise refuse(file, number, None, f"this is no line of JSON ({_reason(error)}){_advice(line)}") from None
    if line.lstrip()[:1] != b"{":
        raise refuse(file, number, None, f"a record is a JSON object{_advice(line)}")
    return record_from(raw, record, file, number)


def _reason(error: Exception) -> str:
    return (
        "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error).removeprefix("JSON is malformed: ")
    )


def _advice(line: bytes) -> str:
    """What to do with a file that holds all records as one document."""
    if line.lstrip()[:1] == b"[" or line.strip() == b"{":
        return ": write each record whole on a line of its own"
    return ""


def _dated(kind: type, raw: object) -> object:
    """A date as Xero writes it, or one that is read already."""
    return raw if isinstance(raw, date) else parse_date(kind, raw)


def record_from(raw: object, record: type[M], file: str, number: int, *, of: str = "line") -> M:
    """A record out of plain values. Raises `InvalidArgument`."""
    if unknown := stranger(raw, record):
        raise refuse(file, number, None, unknown, of=of)
    try:
        return msgspec.convert(raw, record, dec_hook=_dated)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        column = path.rstrip("`").removeprefix("$").removeprefix(".")
        raise refuse(file, number, column or None, reason[:1].lower() + reason[1:], of=of) from None
