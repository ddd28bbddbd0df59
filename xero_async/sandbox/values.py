"""The values of documents, as Xero writes them and as it reads them.

Inside the sandbox a document is a plain dictionary in the very form in which it is answered: dates are
`/Date(ms+0000)/` strings, amounts are `Decimal` with the decimals that Xero shows, ids are lower-case
GUIDs. Nothing here is a float. What clients send is looser (ISO dates, numbers in quotes, `True` for
`true`); the readers below take those forms and raise `ValueError` for anything else, with a message that
may be shown to the client.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, cast

import msgspec

Document = dict[str, object]

ZERO_ID: Final = "00000000-0000-0000-0000-000000000000"
ZERO: Final = Decimal("0.00")
DAY: Final = 86_400_000  # milliseconds

# Room for the product of two amounts at their limit; ROUND_HALF_UP is "half away from zero".
MONEY: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_DEEPEST: Final = 32  # levels of objects and lists in a JSON text
_DIGITS: Final = 12  # before the point, of any number
_STEPS: Final = tuple(Decimal(1).scaleb(-places) for places in range(11))

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = -62_135_596_800_000  # 0001-01-01
_LAST: Final = 253_402_300_799_999  # 9999-12-31

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_BARE_GUID: Final = re.compile(r"([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})")
_MS_DATE: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_ISO_DATE: Final = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
_ISO_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?))?(?:\.\d{1,9})?"
    r"(?:Z| UTC| GMT| ?([+-])(\d{2}):?(\d{2}))?",
    re.ASCII,
)
_HTTP_DATE: Final = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)

_decoder: Final = msgspec.json.Decoder(float_hook=Decimal)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def load_json(data: bytes) -> object:
    """The value of a JSON text, with every fraction a `Decimal`; `ValueError` when it is not one."""
    try:
        value: object = _decoder.decode(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ArithmeticError:
        raise ValueError("a number is out of range") from None
    _check_depth(value)
    return value


def _check_depth(value: object) -> None:
    """Raises `ValueError` for a value so deep that writing it again might not end well."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            each
            for outer in level
            for each in (as_document(outer) or {}).values() or as_list(outer) or ()
            if isinstance(each, dict | list)
        ]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def dump_json(value: object) -> bytes:
    """The JSON text of a value; a `Decimal` keeps its digits."""
    return _encoder.encode(value)


def as_document(value: object) -> Document | None:
    """The value when it is a JSON object."""
    return cast("Document", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """The value when it is a JSON list."""
    return cast("list[object]", value) if isinstance(value, list) else None


def documents_in(value: object) -> list[Document]:
    """The objects of a list; what is no object is left out."""
    return [item for item in map(as_document, as_list(value) or ()) if item is not None]


def child(document: Mapping[str, object], name: str) -> Document:
    """The object under a name, or an empty one."""
    return as_document(document.get(name)) or {}


def text_of(document: Mapping[str, object], name: str) -> str:
    """The text under a name, or an empty one."""
    value = document.get(name)
    return value if isinstance(value, str) else ""


def money_of(document: Mapping[str, object], name: str) -> Decimal:
    """The amount under a name, or zero."""
    value = document.get(name)
    if isinstance(value, Decimal):
        return value
    return Decimal(value) if isinstance(value, int) else ZERO


def rounded(value: Decimal, places: int = 2) -> Decimal:
    """The value with so many decimals, halves away from zero."""
    return value.quantize(_STEPS[places], context=MONEY)


def add_up(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts, with two decimals even of none."""
    return sum(amounts, ZERO)


def read_text(value: object) -> str:
    """Text; a number is taken as its digits."""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return str(read_number(value))
    raise ValueError("is not text")


def read_number(value: object) -> Decimal:
    """A number or a number in quotes, below 10^12 in size."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("is not a number")
    try:
        number = Decimal(value)
    except ArithmeticError:
        raise ValueError("is not a number") from None
    if not number.is_finite():
        raise ValueError("is not a number")
    if number and number.adjusted() >= _DIGITS:  # `abs` of the largest numbers would overflow
        raise ValueError("is out of range")
    return number


def read_bool(value: object) -> bool:
    """true or false, also in quotes and in any case."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError("is not true or false")


def read_guid(value: object) -> str:
    """A GUID in its canonical lower-case form; it may come without its hyphens, as pyxero sends it."""
    if isinstance(value, str):
        if _GUID.fullmatch(value.lower()):
            return value.lower()
        if bare := _BARE_GUID.fullmatch(value.lower()):
            return "-".join(bare.groups())
    raise ValueError("is not a valid GUID")


def is_guid(value: str) -> bool:
    """Whether the text is a GUID, in either case."""
    return _GUID.fullmatch(value.lower()) is not None


def read_day(value: object) -> int:
    """A calendar day in any form that clients send, as milliseconds at its midnight UTC.

    A written day counts as it is written, whatever time and offset follow it, and may lack zeros (`2026-1-5`);
    `/Date(ms)/` is read in UTC.
    """
    if isinstance(value, str):
        if written := _MS_DATE.fullmatch(value):
            ms = int(written[1])
            if _FIRST <= ms <= _LAST:
                return ms - ms % DAY
        elif iso := _ISO_DATE.fullmatch(value):
            return ms_of_day(date(*map(int, iso.groups())))
    raise ValueError("is not a valid date")


def read_moment(value: str) -> int:
    """A moment in ISO form (UTC unless an offset says otherwise) or as RFC 1123 has it, as milliseconds.

    It may stand in quotes, in which pyxero puts a day.
    """
    value = value.removeprefix('"').removesuffix('"')
    if iso := _ISO_MOMENT.fullmatch(value):
        ahead = (int(iso[4]) * 60 + int(iso[5])) * (60_000 if iso[3] == "+" else -60_000) if iso[3] else 0
        return ms_of(datetime.fromisoformat(f"{iso[1]}T{iso[2] or '00:00'}").replace(tzinfo=UTC)) - ahead
    if _HTTP_DATE.fullmatch(value):
        return ms_of(parsedate_to_datetime(value).replace(tzinfo=UTC))
    raise ValueError("is not a valid date")


def ms_of(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment, without a float on the way."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def ms_of_day(day: date) -> int:
    """Milliseconds since 1970 of a day's midnight UTC."""
    return (day - _EPOCH.date()).days * DAY


def written_date(ms: int) -> str:
    """`/Date(ms+0000)/`."""
    return f"/Date({ms}+0000)/"


@lru_cache(4096)
def written_day(ms: int) -> str:
    """The companion of a date: `2026-01-31T00:00:00`, to the second."""
    return (_EPOCH + timedelta(milliseconds=ms)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")


def stored_ms(value: object) -> int | None:
    """The milliseconds of a date in stored form; None for anything else."""
    if isinstance(value, str) and (written := _MS_DATE.fullmatch(value)):
        return int(written[1])
    return None


def new_id() -> str:
    """A fresh GUID."""
    return str(uuid.uuid4())
