"""The XML of v1 to records and back.

What v1 called things is data (`fields.py`); reading and writing XML is that of `wire/xml.py`. Three things are more
than names:

- `IncludesTax` says whether an invoice bears tax, while its lines are without (rule 4, and the sums of v1's own
  examples): true is `Exclusive`. False is `NoTax` only where nothing in the invoice speaks of tax. Where the lines
  themselves add up to the total, and not to the subtotal, they are `Inclusive`, whatever the flag says.
- Errors may stand anywhere in a document that was answered with 200, and v1's own form of them is not known. Whatever
  looks like one is taken for one: a status that is not OK, elements that are named for errors. What is held against
  a record goes into its `validation_errors`, with the status `ERROR`, as today; the rest into the document's `errors`.
- Elements that today's records have no field for are named in `strays`: silence would be loss.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

import msgspec
from msgspec import Struct

from ..models import Account, Contact, DateTime, Invoice, Model, TrackingCategory, wire_name
from ..wire.codec import Repair, decode, encode
from ..wire.complaints import ERROR_FLAGS, complaints
from ..wire.errors import InvalidArgument
from ..wire.xml import NAMESPACES, Dialect, element, parse_xml
from .fields import FIELDS, OLDER, Field

__all__ = ["V1Document", "decode_v1", "encode_response", "encode_v1"]

Raw: TypeAlias = dict[str, object]
"""A record as JSON would have it."""

DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>'


class V1Document(Struct, kw_only=True):
    """What a document of v1 holds: an answer, or what was sent."""

    root: str
    """The outermost element."""
    id: str | None = None
    """The answer's own."""
    status: str | None = None
    """`OK`, or what else the answer says of itself."""
    provider_name: str | None = None
    date_time_utc: DateTime | None = None
    errors: list[str] = []
    """What is held against the whole; what is held against a record is in its `validation_errors`."""
    says_why: bool = True
    """False where `errors` are but the status, which may speak of what is held against the records."""
    invoices: list[Invoice] = []
    contacts: list[Contact] = []
    accounts: list[Account] = []
    tracking: list[TrackingCategory] = []
    holds: frozenset[str] = frozenset()
    """Which of those four there were, even if they were empty."""
    strays: list[str] = []
    """The places of elements that hold something, and for which the records have no field."""
    repairs: list[Repair] = []
    """The fields that were not as documented, and what became of them."""


class Response(Struct, kw_only=True, rename=wire_name):
    """All that a document of v1 may have within its outermost element."""

    id: str | None = None
    status: str | None = None
    provider_name: str | None = None
    date_time_utc: DateTime | None = None
    invoices: list[Invoice] | None = None
    contacts: list[Contact] | None = None
    accounts: list[Account] | None = None
    tracking: list[TrackingCategory] | None = None


_LISTS: Final[Mapping[str, tuple[str, type[Model]]]] = {
    "Invoices": ("Invoice", Invoice),
    "Contacts": ("Contact", Contact),
    "Accounts": ("Account", Account),
    "Tracking": ("TrackingCategory", TrackingCategory),
}
"""The lists of documents, and what is in them."""

_EXCEPTIONS: Final = frozenset({"ApiException", "Error", "Errors", "Exception"})
"""Outermost elements that tell of nothing but errors."""

_DIALECT: Final = Dialect(
    names={
        Response.__name__: {"Id": "ID", "TrackingCategories": "Tracking"},
        **{
            kind.__name__: {**{each.name: each.now for each in fields if each.now}, **OLDER.get(kind, {})}
            for kind, fields in FIELDS.items()
        },
    },
    wrappers=_EXCEPTIONS,
    lists={one: many for many, (one, _) in _LISTS.items()},
)


# -- reading ----------------------------------------------------------------------------------------------------------


def decode_v1(data: bytes, *, charset: str | None = None, strict: bool = False) -> V1Document:
    """The document that XML of v1 holds, whichever of its elements is outermost: an answer, a list or one record.

    `charset`, where the content type named one, counts more than what the XML says of itself. With `strict`, a field
    that is not as documented is an error rather than repaired. Raises `DecodeError` for what is no XML or XML of
    something else, for document types and entities, for wrong encodings, and for what is cut off or nested 64 deep.
    Raises `ModuleNotFoundError` where the extra `[xml]` is not installed.
    """
    parsed = parse_xml(data, Response, _DIALECT, charset=charset)
    raw = parsed.document
    errors = _errors_of_whole(parsed.root, raw)
    for name, (one, kind) in _LISTS.items():
        for place, record in enumerate(_objects(raw.get(name))):
            _settle(record, kind)
            if kind not in _OWN_STATUS:
                errors += [f"{one} {place}: {each}" for each in complaints(record)]
    status = _text(raw.get("Status"))
    says_why = bool(errors) or status.upper() in _GOOD
    if not says_why:
        errors = [f"the answer's status is {status}"]
    repairs: list[Repair] = []
    read = decode(Response, _JSON.encode(raw), strict=strict, repairs=repairs)
    return V1Document(
        root=parsed.root,
        id=read.id,
        status=read.status,
        provider_name=read.provider_name,
        date_time_utc=read.date_time_utc,
        errors=errors,
        says_why=says_why,
        invoices=read.invoices or [],
        contacts=read.contacts or [],
        accounts=read.accounts or [],
        tracking=read.tracking or [],
        holds=frozenset(name.lower() for name in _LISTS if name in raw),
        strays=parsed.strays,
        repairs=repairs,
    )


_JSON: Final = msgspec.json.Encoder(decimal_format="number")


def _objects(value: object) -> Iterator[Raw]:
    """The objects in a list; what else there is in it is left for the reader of the document to refuse."""
    if isinstance(value, list):
        yield from (cast("Raw", each) for each in cast("list[object]", value) if isinstance(each, dict))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _settle(record: Raw, kind: type[Model]) -> None:
    """Say in today's words what v1 said in others."""
    if kind is Invoice:
        _settle_tax(record)
        if isinstance(contact := record.get("Contact"), dict):
            _settle_outcome(cast("Raw", contact), Contact)
    if kind is TrackingCategory:
        _settle_options(record)
    if kind in _OWN_STATUS:
        _settle_outcome(record, kind)


def _settle_options(category: Raw) -> None:
    options = category.get("Options")
    if isinstance(options, list):
        category["Options"] = [
            {"Name": each} if isinstance(each, str) else each for each in cast("list[object]", options)
        ]


# -- what became of a record ------------------------------------------------------------------------------------------

_OWN_STATUS: Final[Mapping[type[Model], tuple[str, frozenset[str]]]] = {
    Invoice: ("Status", frozenset({"AUTHORISED", "DELETED", "DRAFT", "PAID", "SUBMITTED", "VOIDED"})),
    Contact: ("ContactStatus", frozenset({"ACTIVE", "ARCHIVED", "DELETED", "GDPRREQUEST"})),
}
"""Records that tell what became of them, the field with the status that they have in Xero, and what that can be."""
_STATUS: Final = "StatusAttributeString"
_GOOD: Final = frozenset({"", "OK", "WARNING"})
_OUTCOMES: Final = frozenset({"OK", "WARNING", "ERROR"})


def _settle_outcome(record: Raw, kind: type[Model]) -> None:
    own, possible = _OWN_STATUS[kind]
    if _text(record.get(_STATUS)).upper() in possible:
        # The document is v1's by its outside alone: here `Status` is what v1 calls `InvoiceStatus`.
        record.setdefault(own, record.pop(_STATUS))
    status = _text(record.get(_STATUS))
    found = complaints(record)
    if not found and status and status.upper() not in _OUTCOMES:
        found = [f"the status of the record is {status}"]
    if found:
        record["ValidationErrors"] = [{"Message": each} for each in found]
    if found or status.upper() == "ERROR" or any(record.get(flag) is True for flag in ERROR_FLAGS):
        record[_STATUS] = "ERROR"


def _errors_of_whole(root: str, raw: Raw) -> list[str]:
    """The words that a document holds against no record of its own."""
    if root in _EXCEPTIONS:
        # Its elements say what is wrong, where it has some; the message is then the same for all.
        return complaints({"Errors": raw.get("Elements")}) or complaints({"Errors": raw}) or [f"the answer is {root}"]
    rest = {name: part for name, part in raw.items() if name not in _LISTS}
    if _text(raw.get("Status")).upper() in _GOOD:
        return complaints(rest)
    return complaints(rest) or complaints({"Errors": rest.get("Message")})


# -- tax --------------------------------------------------------------------------------------------------------------

_TAXED: Final = "LineAmountTypes"
_YES: Final = frozenset({"true", "1"})
_NO: Final = frozenset({"false", "0"})
_UNTAXED: Final = frozenset({"", "NONE"})


def _settle_tax(invoice: Raw) -> None:
    said = _text(invoice.get(_TAXED)).lower()
    if said not in _YES | _NO:
        return
    lines = list(_objects(invoice.get("LineItems")))
    if _bears_tax_within(invoice, lines):
        invoice[_TAXED] = "Inclusive"
    else:
        invoice[_TAXED] = "Exclusive" if said in _YES or _speaks_of_tax(invoice, lines) else "NoTax"


def _bears_tax_within(invoice: Raw, lines: Sequence[Raw]) -> bool:
    """Whether the lines add up to the total, and not to the subtotal."""
    amounts = [line.get("LineAmount") for line in lines]
    figures = [each for each in (*amounts, invoice.get("SubTotal"), invoice.get("Total")) if isinstance(each, Decimal)]
    if not amounts or len(figures) != len(amounts) + 2 or not all(_is_plain(each) for each in figures):
        return False
    *parts, subtotal, total = figures
    return sum(parts) == total != subtotal


def _is_plain(number: Decimal) -> bool:
    """Whether a number can be added without a care."""
    return number.is_finite() and abs(number.adjusted()) < 20


def _speaks_of_tax(invoice: Raw, lines: Iterable[Raw]) -> bool:
    if invoice.get("TotalTax"):
        return True
    return any(line.get("TaxAmount") or _text(line.get("TaxType")).upper() not in _UNTAXED for line in lines)


# -- writing ----------------------------------------------------------------------------------------------------------


def encode_v1(value: Invoice | Contact | Sequence[Invoice] | Sequence[Contact]) -> bytes:
    """What is sent to v1: one record, or a list of them, as XML.

    What answers alone hold is left out. Raises `InvalidArgument`, with the place, for a field that v1 did not have, for
    line amounts that hold their tax (rule 4), and for what cannot be written, such as NaN.
    """
    if isinstance(value, Model):
        return _sent(type(value), [value], alone=True)
    if not value:
        raise InvalidArgument("give a list of records with at least one in it")
    return _sent(type(value[0]), value, alone=False)


def _sent(kind: type[Model], records: Sequence[Model], *, alone: bool) -> bytes:
    many, one, kind = _names_of(kind)
    unknown: list[str] = []
    written = [_outward(raw, kind, f"{many}[{place}]", unknown) for place, raw in enumerate(_as_json(records))]
    if unknown:
        raise InvalidArgument(f"v1 has no {unknown[0]}: leave it out")
    text = element(one, written[0]) if alone else element(many, written)
    return (DECLARATION + text).encode()


def encode_response(
    *,
    invoices: Sequence[Invoice] | Invoice | None = None,
    contacts: Sequence[Contact] | Contact | None = None,
    accounts: Sequence[Account] | None = None,
    tracking: Sequence[TrackingCategory] | None = None,
    errors: Sequence[str] = (),
    id: str = "",
    provider_name: str = "",
    moment: datetime | None = None,
) -> bytes:
    """A whole answer of v1 as XML: a list where a sequence is given, one record where a record is.

    What today's records have and v1 had not is left out. With `errors` the status is `ERROR`. `moment` is now by
    default. Amounts are written as they are: of lines that hold their tax, the sums alone tell. Raises
    `InvalidArgument` for what cannot be written.
    """
    parts: dict[str, object] = {
        "ID": id,
        "Status": "ERROR" if errors else "OK",
        "ProviderName": provider_name,
        "DateTimeUTC": (moment or datetime.now(UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z"),
    }
    if errors:
        parts["Errors"] = [{"Message": each} for each in errors]
    for (many, (one, kind)), given in zip(_LISTS.items(), (invoices, contacts, accounts, tracking), strict=True):
        if given is None:
            continue
        records: Sequence[Model] = [given] if isinstance(given, Model) else given
        written = [_outward(raw, kind, many, None) for raw in _as_json(records)]
        parts[one if isinstance(given, Model) else many] = written[0] if isinstance(given, Model) else written
    return (DECLARATION + element("Response", parts, None, NAMESPACES)).encode()


def _names_of(kind: type[Model]) -> tuple[str, str, type[Model]]:
    """What a list of records is called and one of them, and the kind of record that v1 knew."""
    for many, (one, record) in _LISTS.items():
        if issubclass(kind, record):
            return many, one, record
    raise InvalidArgument(f"v1 knows invoices and contacts, and no {kind.__name__}")


_PLAIN: Final = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)  # Any: records of every kind


def _as_json(records: Sequence[Model]) -> list[Raw]:
    return _PLAIN.decode(encode(list(records)))


def _outward(record: Raw, kind: type[Model], place: str, unknown: list[str] | None) -> Raw:
    """A record under v1's names, in v1's order.

    Fields that v1 has not are added to `unknown`; where there is none, this is an answer, and they are passed over.
    """
    fields = FIELDS[kind]
    if unknown is not None:
        known = {each.known_as for each in fields}
        unknown += [f"{place}.{name}" for name in record if name not in known]
    is_answer = unknown is None
    return {
        each.name: _value(each, record[each.known_as], f"{place}.{each.known_as}", unknown)
        for each in fields
        if each.known_as in record and (is_answer or each.form != "outcome")
    }


def _value(field: Field, value: object, place: str, unknown: list[str] | None) -> object:
    if field.form == "taxed":
        return _taxed(str(value), place, is_answer=unknown is None)
    if field.form == "day" and isinstance(value, str):
        return f"{value}T00:00:00"
    if field.part is None:
        return value
    if isinstance(value, list):
        parts = cast("list[Raw]", value)
        return [_outward(each, field.part, f"{place}[{index}]", unknown) for index, each in enumerate(parts)]
    return _outward(cast("Raw", value), field.part, place, unknown)


def _taxed(types: str, place: str, *, is_answer: bool) -> str:
    """Whether an invoice bears tax, in v1's word. In what is sent, its lines must be without it."""
    if types.lower() == "inclusive" and not is_answer:
        raise InvalidArgument(f"{place}: line amounts are without tax in v1: write them so (invoice 4)")
    return "false" if types.lower() == "notax" else "true"
