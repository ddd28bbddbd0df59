"""Bytes to records and back, fast and exact.

Reading takes the fast path first: one typed msgspec decoder for the whole document. Money goes from the digits on the
wire to `Decimal` and never through a float. Only when that decoder refuses the document is it read a second time,
record by record and then field by field: what can be understood is kept, the odd field is repaired or left None, and
each such field is reported. One field never costs a page.

Writing checks first what JSON or Xero could not hold: NaN, infinity, a datetime without a zone, a datetime where Xero
keeps a day. What was not set is not sent.
"""

from __future__ import annotations

import gc
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import Struct

from ..models import Date
from .dates import parse_date
from .errors import DecodeError, InvalidArgument

__all__ = ["UNREADABLE", "Repair", "decode", "encode"]

T = TypeVar("T")
_log = logging.getLogger(__name__)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the JSON decoder raises for bytes that are no JSON, or that nest beyond all reason."""


class Repair(Struct, frozen=True):
    """A field that was not what Xero documents."""

    path: str
    """Its place in the document, such as `$.Invoices[3].Total`."""
    expected: str
    """The type that it should have had."""
    kept: bool
    """Whether its value could be understood all the same; otherwise the field is None."""


def decode(kind: type[T], data: bytes, *, strict: bool = False, repairs: list[Repair] | None = None) -> T:
    """Read a record or an envelope from the bytes of an answer.

    Fields that do not fit their type are repaired or left None, added to `repairs` and logged without their values;
    with `strict` they raise instead. Raises `DecodeError`, with the place in the document, for what is no such record.
    """
    try:
        return cast("T", _decode_typed(kind, data))
    except msgspec.ValidationError as error:
        if strict:
            raise _unreadable(kind, error) from error
    except UNREADABLE as error:
        raise _unreadable(kind, error) from error
    found: list[Repair] = []
    try:
        value = _mend(kind, _PLAIN.decode(data), "$", found)
    except UNREADABLE as error:
        raise _unreadable(kind, error) from error
    if value is None:
        raise _decode_error(f"the answer is not {_name(kind)}", "$")
    if found:
        _log.warning("%d fields of %s were not as documented, the first at %s", len(found), _name(kind), found[0].path)
    if repairs is not None:
        repairs.extend(found)
    return cast("T", value)


def encode(value: object) -> bytes:
    """JSON for Xero: decimals as numbers with all their digits, dates as `YYYY-MM-DD`, nothing that was not set.

    Raises `InvalidArgument`, with the place, for NaN, infinity, a datetime without a zone, or a datetime for a day.
    """
    _refuse_unsendable(value)
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"this cannot be written as JSON: {error}") from error


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


_ENCODER = msgspec.json.Encoder(decimal_format="number")
_PLAIN = msgspec.json.Decoder(float_hook=_number)


LARGE = 1 << 16
"""Bytes from which a document is decoded with the garbage collector at rest."""


def _decode_typed(kind: Any, data: bytes) -> object:
    decoder = _decoder(kind)
    if len(data) < LARGE or not gc.isenabled():
        return decoder.decode(data)
    # A page makes thousands of lists and no cycle, so the collector would walk them again and again for nothing.
    gc.disable()
    try:
        return decoder.decode(data)
    finally:
        gc.enable()


@lru_cache(1024)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, dec_hook=parse_date)


def _unreadable(kind: object, error: Exception) -> DecodeError:
    reason, _, path = str(error).partition(" - at `")
    return _decode_error(f"the answer cannot be read as {_name(kind)}: {reason}", path.rstrip("`") or "$")


def _decode_error(message: str, path: str) -> DecodeError:
    error = DecodeError(message)
    error.path = path
    return error


def _name(kind: object) -> str:
    return getattr(kind, "__name__", None) or str(kind)


# -- mending --------------------------------------------------------------------------------------------------------


def _mend(kind: Any, raw: object, path: str, found: list[Repair]) -> object:
    """The value that `raw` can be understood as, or None; what had to be bent is added to `found`."""
    try:
        return msgspec.convert(raw, kind, dec_hook=parse_date)
    except msgspec.ValidationError:
        return _mend_parts(_bare(kind), raw, path, found)


def _mend_parts(kind: Any, raw: Any, path: str, found: list[Repair]) -> object:
    if _is_struct(kind) and type(raw) is dict:
        return _mend_struct(kind, cast("dict[str, object]", raw), path, found)
    if get_origin(kind) is list and type(raw) is list:
        return _mend_list(get_args(kind)[0], cast("list[object]", raw), path, found)
    value = _bend(kind, cast("object", raw))
    found.append(Repair(path, _name(kind), value is not None))
    return value


def _mend_struct(kind: type[Struct], raw: dict[str, object], path: str, found: list[Repair]) -> Struct:
    present = (field for field in _field_infos(kind) if field.encode_name in raw)
    return kind(
        **{
            field.name: _mend(field.type, raw[field.encode_name], f"{path}.{field.encode_name}", found)
            for field in present
        }
    )


# Finding out the types of fields takes far longer than mending a record.
_field_infos = lru_cache(1024)(msgspec.structs.fields)


def _mend_list(item: object, raw: list[object], path: str, found: list[Repair]) -> list[object]:
    values = (_mend(item, value, f"{path}[{index}]", found) for index, value in enumerate(raw))
    return [value for value in values if value is not None]


def _bend(kind: Any, raw: object) -> object:
    """A lenient reading of a single value; None where there is none."""
    if raw is None or raw == "":
        return None
    if kind is str and isinstance(raw, (int, Decimal)):
        return str(raw).lower() if isinstance(raw, bool) else str(raw)
    if kind is int and isinstance(raw, (str, Decimal)):
        return _whole(raw)
    try:
        return msgspec.convert(raw, kind, strict=False, dec_hook=parse_date)
    except msgspec.ValidationError:
        return None


_MOST_DIGITS = 18
"""Beyond these an exponent is a slip, and the number would take all memory."""


def _whole(raw: str | Decimal) -> int | None:
    try:
        number = Decimal(raw)
        return int(number) if number == number.to_integral_value() and number.adjusted() < _MOST_DIGITS else None
    except ArithmeticError:
        return None


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _bare(kind: Any) -> Any:
    """A type without `Annotated` and `| None`; open enums are plain text."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        options = [option for option in get_args(kind) if option is not type(None)]
        return str if str in options else _bare(options[0])
    return kind


# -- checking what goes out -----------------------------------------------------------------------------------------

_HARMLESS: frozenset[object] = frozenset({str, int, bool, date, UUID, type(None)})


class _UnsendableError(Exception):
    """A value that must not go out; its place is put together on the way up, so that good values pay nothing."""

    def __init__(self, reason: str) -> None:
        self.reason, self.path = reason, ""


def _refuse_unsendable(value: object) -> None:
    try:
        _check(value)
    except _UnsendableError as error:
        raise InvalidArgument(f"${error.path} {error.reason}") from None
    except RecursionError:
        raise InvalidArgument("$ is nested too deeply, or holds itself") from None


def _check(value: object) -> None:
    kind: type[object] = type(value)
    if kind in _HARMLESS:
        return
    if kind is Decimal:
        if not cast("Decimal", value).is_finite():
            raise _UnsendableError("is not a finite number")
    elif kind is float:
        if not math.isfinite(cast("float", value)):
            raise _UnsendableError("is not a finite number")
    elif isinstance(value, (list, tuple)):
        _check_items(enumerate(cast("Sequence[object]", value)), "[{}]")
    elif isinstance(value, Struct):
        _check_struct(value)
    elif isinstance(value, dict):
        _check_items(cast("dict[object, object]", value).items(), ".{}")
    elif kind is datetime:
        if cast("datetime", value).utcoffset() is None:
            raise _UnsendableError("has no time zone: give an aware datetime")
    elif not isinstance(value, Enum):
        raise _UnsendableError(f"is a {kind.__name__}, which cannot be sent")


def _check_items(items: Iterable[tuple[object, object]], place: str) -> None:
    key: object = ""
    try:
        for key, item in items:  # noqa: B007 - the handler needs the key at which the loop stopped
            _check(item)
    except _UnsendableError as error:
        error.path = place.format(key) + error.path
        raise


def _check_struct(value: Struct) -> None:
    fields, get = _fields(type(value))
    values = get(value)
    if _HARMLESS.issuperset(map(type, values)):
        return
    wire = ""
    try:
        for (wire, is_day), item in zip(  # noqa: B007 - the handler needs the field at which the loop stopped
            fields, values, strict=True
        ):
            if type(item) in _HARMLESS:
                continue
            if is_day and isinstance(item, datetime):
                raise _UnsendableError("is a day: give a date, such as moment.date()")
            _check(item)
    except _UnsendableError as error:
        error.path = f".{wire}{error.path}"
        raise


@lru_cache(1024)
def _fields(kind: type[Struct]) -> tuple[list[tuple[str, bool]], Callable[[object], tuple[object, ...]]]:
    """The fields of a struct, as wire name and whether it is a day, and a function that gets them all at once."""
    fields = _field_infos(kind)
    names = [field.name for field in fields]
    get: Callable[[object], tuple[object, ...]] = attrgetter(*names) if len(names) > 1 else _getter(names)
    return [(field.encode_name, _bare(field.type) is Date) for field in fields], get


def _getter(names: list[str]) -> Callable[[object], tuple[object, ...]]:
    # attrgetter gives a tuple only for two names and more
    return lambda value: tuple(getattr(value, name) for name in names)
