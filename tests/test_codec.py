"""The codec: exact both ways, and never brought down by what Xero should not have sent."""

from __future__ import annotations

import gc
import json
import logging
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest
from facts import ENUMS, SCHEMAS, Property
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields
from strategies import decimals, records

from xero_async import models
from xero_async.models import (
    Allocation,
    Bill,
    Connection,
    Contact,
    CreditNote,
    Invoice,
    InvoiceReminder,
    Invoices,
    LineItem,
    Model,
    Pagination,
)
from xero_async.wire import Repair, decode, encode
from xero_async.wire.codec import LARGE
from xero_async.wire.errors import DecodeError, InvalidArgument

EVERY_SCHEMA = pytest.mark.parametrize("schema", sorted(SCHEMAS))

PAGE = b"""{
    "Id": "b7cb7d5e-6d35-4e9c-9fd4-2f6e7d6a8c1b", "Status": "OK", "ProviderName": "Demo",
    "DateTimeUTC": "/Date(1439434356790)/",
    "pagination": {"page": 1, "pageSize": 100, "pageCount": 1, "itemCount": 2},
    "Invoices": [
        {"Type": "ACCREC", "InvoiceID": "243216c5-369e-4056-ac67-05388f86dc81", "InvoiceNumber": "OIT00546",
         "Contact": {"ContactID": "025867f1-d741-4d6b-b1af-9ac774b59ba7", "Name": "City Agency", "Addresses": []},
         "DateString": "2009-05-27T00:00:00", "Date": "/Date(1243382400000+0000)/",
         "LineItems": [{"Description": "Onsite", "Quantity": 1.0000, "UnitAmount": 1800.00, "Tracking": []}],
         "SubTotal": 1800.00, "Total": 2025.00, "CurrencyRate": 1.000000, "HasAttachments": false},
        {"Type": "ACCPAY", "InvoiceID": "5f5a1c2c-2b6c-4b0e-8f5c-3f1d6e9a7b20", "InvoiceNumber": "B-2",
         "Total": 148062.76, "UpdatedDateUTC": "/Date(-1439434356790+1300)/", "Payments": null}
    ]
}"""


def model(schema: str) -> type[Model]:
    """The struct of a schema."""
    found: type[Model] = getattr(models, schema)
    return found


def field_for(kind: type[Struct], wire: str) -> str:
    """Python's name for one of Xero's."""
    return next(field.name for field in fields(kind) if field.encode_name == wire)


def decoded(kind: type[Model], document: object) -> tuple[Model, list[Repair]]:
    """A document decoded, with what had to be repaired."""
    repairs: list[Repair] = []
    return decode(kind, json.dumps(document).encode(), repairs=repairs), repairs


# -- round trips ----------------------------------------------------------------------------------------------------


@EVERY_SCHEMA
def test_what_is_sent_comes_back(schema: str) -> None:
    """Any record of any model, encoded and decoded, is the same record, and encodes to the same bytes."""
    kind = model(schema)

    @settings(max_examples=15)
    @given(records(kind))
    def check(record: Struct) -> None:
        data = encode(record)
        again = decode(kind, data, strict=True)
        assert again == record
        assert encode(again) == data

    check()


@given(decimals)
def test_decimals_keep_their_digits(amount: Decimal) -> None:
    """A Decimal goes out as a JSON number and comes back with the very same digits and exponent."""
    data = encode(LineItem(unit_amount=amount))
    assert json.loads(data, parse_float=Decimal, parse_int=Decimal)["UnitAmount"] == amount
    read = decode(LineItem, data, strict=True).unit_amount
    assert read is not None
    assert read.as_tuple() == amount.as_tuple()


@pytest.mark.parametrize(
    "digits",
    [
        "0",
        "0.00",
        "-0.00",
        "5",
        "1.000000",
        "148062.76",
        "0.1",
        "0.30000000000000004",
        "-19.99",
        "123456789012345678901234567890.123456789012345678901234567890",
        "1E+5",
        "1E-7",
        "-2.50E-10",
        "0E-8",
    ],
)
def test_digits_on_the_wire(digits: str) -> None:
    """Digits are read as they stand, zeros at the end included, as a number or as text, and go out as a number."""
    for raw in (digits, f'"{digits}"'):
        line = decode(LineItem, f'{{"Quantity":{raw}}}'.encode(), strict=True)
        assert str(line.quantity) == digits
        assert encode(line) == f'{{"Quantity":{digits}}}'.encode()


def test_what_was_read_goes_back_unchanged() -> None:
    """A record that was read and is sent as it is carries every value that it came with, unknown enums included."""
    data = (
        b'{"Type":"ACCREC_OF_NEXT_YEAR","LineItems":[{"LineItemID":"l","Quantity":1.0000,"TaxType":"NEW"}],'
        b'"CurrencyCode":"XXX","Status":"PARTLY_PAID","Total":2025.00,"InvoiceID":"i"}'
    )
    assert encode(decode(Invoice, data, strict=True)) == data


def test_fields_that_nobody_knows_are_passed_over() -> None:
    """A field that Xero adds tomorrow costs nothing and is no repair."""
    repairs: list[Repair] = []
    assert decode(Contact, b'{"Name": "A", "Mood": {"x": [1, 2]}}', repairs=repairs) == Contact(name="A")
    assert repairs == []


# -- odd values -----------------------------------------------------------------------------------------------------

ODD: list[object] = [None, "", "AN_UNKNOWN_STRING", "12.50", 7.5, -3, True, ["x"], [None], {"Odd": 1}]


def sound(fact: Property) -> object:
    """A value that fits a property."""
    if fact.type.startswith("array<"):
        return [sound(Property(fact.type[6:-1]))]
    if fact.type in SCHEMAS:
        return {}
    if values := fact.enum or ENUMS.get(fact.type):
        return values[0]
    values_of: dict[str, object] = {
        "string": "text",
        "uuid": "243216c5-369e-4056-ac67-05388f86dc81",
        "decimal": 1.5,
        "integer": 3,
        "boolean": True,
        "msdate": "/Date(1243382400000+0000)/",
        "msdate-time": "/Date(1243382400001+0000)/",
    }
    return values_of[fact.type]


@EVERY_SCHEMA
def test_an_odd_value_costs_only_itself(schema: str) -> None:
    """Whatever stands in one field, a record comes out with all its other fields; repairs tell, and `strict` raises."""
    kind = model(schema)
    document = {name: sound(fact) for name, fact in SCHEMAS[schema].items()}
    whole, repairs = decoded(kind, document)
    assert repairs == []
    for name, odd in ((name, odd) for name in document for odd in ODD):
        record, repairs = decoded(kind, document | {name: odd})
        assert fields_but(name, record) == fields_but(name, whole), (name, odd)
        assert all(repair.path.startswith(f"$.{name}") for repair in repairs), (name, odd)
        assert repairs == [] or odd is not None, name
        check_strict(kind, document | {name: odd}, repairs)


def check_strict(kind: type[Model], document: object, repairs: list[Repair]) -> None:
    """With `strict`, what had to be repaired raises instead, and what had not does not."""
    data = json.dumps(document).encode()
    if not repairs:
        decode(kind, data, strict=True)
        return
    with pytest.raises(DecodeError) as caught:
        decode(kind, data, strict=True)
    assert caught.value.path.startswith("$.")


def fields_but(name: str, record: Struct) -> dict[str, object]:
    """The values of a record, without one of its fields."""
    return {field.encode_name: getattr(record, field.name) for field in fields(record) if field.encode_name != name}


@EVERY_SCHEMA
def test_an_absent_field_is_none(schema: str) -> None:
    """A field that is not there is None, and so is one that is null; neither is a repair."""
    kind = model(schema)
    document = {name: sound(fact) for name, fact in SCHEMAS[schema].items()}
    for name in document:
        for less in ({key: value for key, value in document.items() if key != name}, document | {name: None}):
            record, repairs = decoded(kind, less)
            assert getattr(record, field_for(kind, name)) is None
            assert repairs == []


@pytest.mark.parametrize(
    ("kind", "raw", "field", "value", "kept"),
    [
        (Invoice, '{"Total": "12.50"}', "total", Decimal("12.50"), None),
        (Invoice, '{"Total": ""}', "total", None, False),
        (Invoice, '{"Total": "1,200.00"}', "total", None, False),
        (Invoice, '{"Total": true}', "total", None, False),
        (Invoice, '{"Total": 1e9999999999999999999}', "total", None, False),
        (Invoice, '{"Reference": 1.50}', "reference", "1.50", True),
        (Invoice, '{"Reference": 12}', "reference", "12", True),
        (Invoice, '{"Reference": true}', "reference", "true", True),
        # A number beyond any Decimal can only have been meant as text.
        (Invoice, '{"Reference": 1e9999999999999999999}', "reference", "1e9999999999999999999", None),
        (Invoice, '{"Reference": ["x"]}', "reference", None, False),
        (Invoice, '{"Status": 3}', "status", "3", True),
        (Invoice, '{"Status": ""}', "status", "", None),
        (Invoice, '{"SentToContact": "true"}', "sent_to_contact", True, True),
        (Invoice, '{"SentToContact": "False"}', "sent_to_contact", False, True),
        (Invoice, '{"SentToContact": 1}', "sent_to_contact", True, True),
        (Invoice, '{"SentToContact": "perhaps"}', "sent_to_contact", None, False),
        (Invoice, '{"SentToContact": 1.5}', "sent_to_contact", None, False),
        (Invoice, '{"LineItems": {}}', "line_items", None, False),
        (Invoice, '{"LineItems": ""}', "line_items", None, False),
        (Invoice, '{"LineItems": "none"}', "line_items", None, False),
        (Invoice, '{"LineItems": [null, {"Description": "d"}]}', "line_items", [LineItem(description="d")], False),
        (Invoice, '{"Contact": []}', "contact", None, False),
        (Invoice, '{"Contact": ""}', "contact", None, False),
        (Bill, '{"Day": "12"}', "day", 12, True),
        (Bill, '{"Day": 12.0}', "day", 12, True),
        (Bill, '{"Day": "12.00"}', "day", 12, True),
        (Bill, '{"Day": 12.5}', "day", None, False),
        (Bill, '{"Day": "soon"}', "day", None, False),
        (Bill, '{"Day": "NaN"}', "day", None, False),
        (Bill, '{"Day": "Infinity"}', "day", None, False),
        (Bill, '{"Day": 1e999999999}', "day", None, False),
        (Bill, '{"Day": []}', "day", None, False),
    ],
)
def test_what_becomes_of_odd_values(kind: type[Model], raw: str, field: str, value: object, kept: bool | None) -> None:
    """What can be understood is kept and the rest is None; `kept` tells which, and what fits is no repair."""
    repairs: list[Repair] = []
    assert getattr(decode(kind, raw.encode(), repairs=repairs), field) == value
    assert [repair.kept for repair in repairs] == ([] if kept is None else [kept])


def test_one_odd_field_never_costs_a_page() -> None:
    """In a page with an odd line in every third invoice, all others are whole, and each repair has its place."""
    lines = [{"Description": "a", "UnitAmount": 1.5}, {"Description": "b", "UnitAmount": 2.5}]
    odd = [lines[0], {"Description": "b", "UnitAmount": "two"}]
    page: dict[str, object] = {
        "Invoices": [{"InvoiceNumber": str(number), "LineItems": lines if number % 3 else odd} for number in range(200)]
    }
    repairs: list[Repair] = []
    invoices = decode(Invoices, json.dumps(page).encode(), repairs=repairs).invoices or []
    assert [invoice.invoice_number for invoice in invoices] == [str(number) for number in range(200)]
    sums = [[line.unit_amount for line in invoice.line_items or []] for invoice in invoices]
    assert sums == [[Decimal("1.5"), Decimal("2.5") if number % 3 else None] for number in range(200)]
    assert repairs == [
        Repair(f"$.Invoices[{number}].LineItems[1].UnitAmount", "Decimal", False) for number in range(0, 200, 3)
    ]


def test_a_page_of_nulls() -> None:
    """Records that are null are dropped and reported, and are no reason to fail."""
    repairs: list[Repair] = []
    assert decode(Invoices, b'{"Invoices": [null, {"Reference": "x"}]}', repairs=repairs) == Invoices(
        invoices=[Invoice(reference="x")]
    )
    assert decode(list[Connection], b"[null]", repairs=repairs) == []
    assert [repair.path for repair in repairs] == ["$.Invoices[0]", "$[0]"]


def test_strict_names_the_place() -> None:
    """With `strict`, the error names the first odd field by its path, and holds no value."""
    data = PAGE.replace(b'1800.00, "Tracking"', b'"a customer\'s secret", "Tracking"')
    with pytest.raises(DecodeError, match="cannot be read as Invoices") as caught:
        decode(Invoices, data, strict=True)
    assert caught.value.path == "$.Invoices[0].LineItems[0].UnitAmount"
    assert "secret" not in str(caught.value)


def test_repairs_are_logged_without_values(caplog: pytest.LogCaptureFixture) -> None:
    """A repair leaves one warning with its place, and nothing of what stood there."""
    with caplog.at_level(logging.DEBUG):
        decode(Invoices, b'{"Invoices": [{"Total": "a secret"}, {"Total": "a secret"}]}')
    assert caplog.messages == ["2 fields of Invoices were not as documented, the first at $.Invoices[0].Total"]


# -- what is no record ----------------------------------------------------------------------------------------------

DEEP = 100_000
UNREADABLE = [
    b"",
    b" ",
    b"null",
    b"true",
    b"12",
    b'"text"',
    b"[]",
    b"[{}]",
    b"<html><body>Bad Gateway</body></html>",
    b"The Organisation is offline",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"{",
    b'{"Invoices": [',
    b'{"Invoices": [{"Total": 1.',
    b'{"Invoices": []} and more',
    b'{"Invoices": []}{"Invoices": []}',
    b"{'Invoices': []}",
    b'{"Invoices": [{"Total": NaN}]}',
    b'{"Invoices": [{"Total": Infinity}]}',
    b'{"Invoices": [{"Reference": "\xff"}]}',
    b'{"Invoices": [{"Total": "x", "\xff": 1}]}',
    b'{"Invoices": [{"Reference": "\\ud800"}]}',
    b"[" * DEEP,
    b"[" * DEEP + b"]" * DEEP,
    b'{"Invoices":' * DEEP,
    b'{"Invoices": [{"Total": ' + b"[" * DEEP + b"]" * DEEP + b"}]}",
    b'{"Unknown": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    b'{"Invoices": [{"CreditNotes": [{"Allocations": [{"Invoice":' * DEEP,
]


@pytest.mark.parametrize("data", UNREADABLE, ids=lambda data: repr(data[:40]))
@pytest.mark.parametrize("strict", [False, True])
def test_what_is_no_record_is_a_decode_error(data: bytes, strict: bool) -> None:
    """HTML, nothing, a cut or ill-coded body, or nesting without end is a `DecodeError`, and never another error."""
    with pytest.raises(DecodeError, match="Invoices"):
        decode(Invoices, data, strict=strict)


def test_mending_goes_only_so_deep() -> None:
    """An odd value below nesting that no document of Xero's has is a `DecodeError` too."""
    nest = b'{"CreditNotes": [{"Allocations": [{"Invoice": '
    data = nest * 80 + b'{"Total": "odd"}' + b"}]}]}" * 80
    with pytest.raises(DecodeError, match="recursion"):
        decode(Invoice, data)


def test_every_cut_is_noticed() -> None:
    """A page cut off anywhere is a `DecodeError`: a part of a page is never taken for the whole."""
    for end in range(len(PAGE)):
        with pytest.raises(DecodeError):
            decode(Invoices, PAGE[:end])
    assert len(decode(Invoices, PAGE, strict=True).invoices or ()) == 2


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Any bytes at all give a record or a `DecodeError`."""
    try:
        assert isinstance(decode(Invoices, data), Invoices)
    except DecodeError:
        return


@given(st.integers(0, len(PAGE) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_any_damage(at: int, put: bytes, over: int) -> None:
    """A page with any few bytes damaged gives a record or a `DecodeError`."""
    try:
        assert isinstance(decode(Invoices, PAGE[:at] + put + PAGE[at + over :]), Invoices)
    except DecodeError:
        return


anything: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(list(Invoice.__struct_encode_fields__)), anything, max_size=6))
def test_any_values(values: dict[str, object]) -> None:
    """An invoice with any JSON in any of its fields is an invoice, and what was kept can be sent."""
    invoice = decode(Invoice, json.dumps(values, ensure_ascii=False).encode())
    assert isinstance(invoice, Invoice)
    assert decode(Invoice, encode(invoice), strict=True) == invoice


def test_the_collector_is_left_as_it_was() -> None:
    """A large document is decoded with the garbage collector at rest, which afterwards is on or off as before."""
    large = json.dumps({"Invoices": [{"Reference": "x" * 100}] * (LARGE // 50)}).encode()
    try:
        for data in (large, large[:-1], large.replace(b'{"Reference"', b'{"Total":"x","Reference"', 1)):
            for enabled in (True, False):
                (gc.enable if enabled else gc.disable)()
                try:
                    decode(Invoices, data)
                except DecodeError:
                    assert not data.endswith(b"}")
                assert gc.isenabled() is enabled
    finally:
        gc.enable()


# -- what must not go out -------------------------------------------------------------------------------------------


class Day(date):
    """A day of another make."""


class Moment(datetime):
    """An instant of another make."""


class Nowhere(tzinfo):
    """A zone that does not say where it is."""

    def utcoffset(self, moment: datetime | None, /) -> None:
        """Nothing."""

    dst = utcoffset

    def tzname(self, moment: datetime | None, /) -> str:
        """Its name."""
        return "nowhere"


class Mood(Enum):
    """A caller's own enum."""

    GOOD = "GOOD"
    ODD = 1.5j


class Text(str):
    """A text of another make."""

    __slots__ = ()


def invoice(**values: Any) -> Invoice:  # Any: what the type checkers would refuse is the point here
    """An invoice with any values at all."""
    return Invoice(**values)


AWARE = datetime(2026, 1, 31, tzinfo=UTC)
NAN = float("nan")

REFUSED: list[tuple[object, str]] = [
    *((invoice(total=Decimal(number)), "$.Total is not a finite number") for number in ("NaN", "sNaN", "-Infinity")),
    *((invoice(total=float(number)), "$.Total is not a finite number") for number in ("nan", "inf", "-inf")),
    (invoice(reference=NAN), "$.Reference is not a finite number"),
    (invoice(sent_to_contact=Decimal("Infinity")), "$.SentToContact is not a finite number"),
    (
        Invoices(invoices=[Invoice(), Invoice(line_items=[LineItem(), LineItem(unit_amount=Decimal("NaN"))])]),
        "$.Invoices[1].LineItems[1].UnitAmount is not a finite number",
    ),
    ({"a": [1, NAN]}, "$.a[1] is not a finite number"),
    ([Decimal("NaN")], "$[0] is not a finite number"),
    (NAN, "$ is not a finite number"),
    (invoice(updated_date_utc=datetime(2026, 1, 31)), "$.UpdatedDateUTC has no time zone: give an aware datetime"),
    (invoice(updated_date_utc=datetime(2026, 1, 31, tzinfo=Nowhere())), "$.UpdatedDateUTC has no time zone"),
    (invoice(reference=datetime(2026, 1, 31)), "$.Reference has no time zone"),
    (invoice(date=AWARE), "$.Date is a day: give a date, such as moment.date()"),
    (invoice(date=datetime(2026, 1, 31)), "$.Date is a day"),
    (invoice(date=Moment(2026, 1, 31, tzinfo=UTC)), "$.Date is a day"),
    (invoice(date=Day(2026, 1, 31)), "$.Date is a Day, which cannot be sent"),
    (invoice(updated_date_utc=Moment(2026, 1, 31, tzinfo=UTC)), "$.UpdatedDateUTC is a Moment, which cannot be sent"),
    (invoice(contact=Contact(name=Text("x"))), "$.Contact.Name is a Text, which cannot be sent"),
    (invoice(total=object()), "$.Total is a object, which cannot be sent"),
    (invoice(reference=object()), "$.Reference is a object, which cannot be sent"),
    (invoice(total=b"1.50"), "$.Total is a bytes, which cannot be sent"),
    (invoice(line_items={1, 2}), "$.LineItems is a set, which cannot be sent"),
    (invoice(line_items=iter("")), "$.LineItems is a str_ascii_iterator, which cannot be sent"),
    (invoice(total=timedelta(1)), "$.Total is a timedelta, which cannot be sent"),
    (InvoiceReminder, "$ is a StructMeta, which cannot be sent"),
    (invoice(reference="half a pair: \ud83d"), "this cannot be written as JSON"),
    (invoice(total=10**5000), "this cannot be written as JSON"),
    (invoice(reference=Mood.ODD), "this cannot be written as JSON"),
]


@pytest.mark.parametrize(("value", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_sent_is_refused(value: object, words: str) -> None:
    """NaN, infinity, naive datetimes, datetimes for days and odd objects are refused, each with its place."""
    with pytest.raises(InvalidArgument) as caught:
        encode(value)
    assert str(caught.value).startswith(words)


def test_a_record_within_itself() -> None:
    """A record that holds itself is refused, and does not bring the program down."""
    circle = Invoice(credit_notes=[CreditNote(allocations=[Allocation()])])
    assert circle.credit_notes is not None
    circle.credit_notes.append(CreditNote(allocations=[Allocation(invoice=circle)]))
    with pytest.raises(InvalidArgument, match="holds itself"):
        encode(circle)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (invoice(total=5), b'{"Total":5}'),
        (invoice(total=1.5), b'{"Total":1.5}'),
        (invoice(total="1.50"), b'{"Total":"1.50"}'),
        (invoice(status=Mood.GOOD), b'{"Status":"GOOD"}'),
        (invoice(invoice_id=UUID(int=1)), b'{"InvoiceID":"00000000-0000-0000-0000-000000000001"}'),
        (invoice(line_items=(LineItem(),)), b'{"LineItems":[{}]}'),
        (invoice(date="2026-01-31"), b'{"Date":"2026-01-31"}'),
        (invoice(contact={"Name": "A", "x": [1, None]}), b'{"Contact":{"Name":"A","x":[1,null]}}'),
        (invoice(updated_date_utc=AWARE), b'{"UpdatedDateUTC":"2026-01-31T00:00:00Z"}'),
        (invoice(sent_to_contact=False), b'{"SentToContact":false}'),
        (Pagination(page_size=5), b'{"pageSize":5}'),
        (invoice(reference="\u00e9\U0001f600"), '{"Reference":"\u00e9\U0001f600"}'.encode()),
    ],
)
def test_what_can_be_sent_all_the_same(value: object, data: bytes) -> None:
    """What JSON can hold goes out, even where the type checkers would have liked another type."""
    assert encode(value) == data


def test_every_struct_is_plain_json() -> None:
    """A record that was read is JSON again without any help of ours: nothing in it needs an encoder of its own."""
    page = decode(Invoices, PAGE)
    assert json.loads(msgspec.json.encode(page))["Invoices"][0]["InvoiceNumber"] == "OIT00546"
