"""The XML of v1 and records: what each becomes in the other, what is told besides, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields, replace
from strategies import decimals

from xero_async import DecodeError, InvalidArgument
from xero_async.models import (
    Account,
    Address,
    Contact,
    Invoice,
    LineItem,
    LineItemTracking,
    Model,
    Payment,
    Phone,
    TrackingCategory,
    TrackingOption,
    ValidationError,
)
from xero_async.network_v1 import V1Document, decode_v1, encode_response, encode_v1
from xero_async.network_v1.fields import FIELDS
from xero_async.preflight import NETWORK_TAX_TYPES, check
from xero_async.preflight.tax_types import region_of

# -- reading ----------------------------------------------------------------------------------------------------------

ANSWER: Final = """<?xml version="1.0" encoding="utf-8"?>
<Response>
	<ID>6d1c3bd8-3a52-4a3c-8b0e-0f8f7a2f5a11</ID>
	<Status>OK</Status>
	<ProviderName>Orchard</ProviderName>
	<DateTimeUTC>2008-05-01T02:03:04.5678901Z
	</DateTimeUTC>
	<Invoices>
		<Invoice>
			<InvoiceType>ACCREC</InvoiceType>
			<InvoiceID>0b1f6b0a-7d0b-4b39-8d43-0f1f0b9f2f57</InvoiceID>
			<Contact>
				<Name>Kōwhai &amp; Daughters</Name>
				<Addresses />
				<Phones><Phone><PhoneType>FAX</PhoneType><PhoneNumber>7</PhoneNumber></Phone></Phones>
				<SkypeUserName>kowhai</SkypeUserName>
			</Contact>
			<InvoiceDate>2008-02-25T00:00:00</InvoiceDate>
			<DueDate>2008-03-20T00:00:00</DueDate>
			<InvoiceNumber>K-1</InvoiceNumber>
			<Reference />
			<IncludesTax>true</IncludesTax>
			<SubTotal>200.0000</SubTotal>
			<TotalTax>25.0000</TotalTax>
			<Total>225.0000</Total>
			<InvoiceStatus>PAID</InvoiceStatus>
			<LineItems>
				<LineItem>
					<Quantity>4.0000</Quantity><UnitAmount>50.0000</UnitAmount><LineAmount>200.0000</LineAmount>
					<Tracking><TrackingCategory><Name>Farm</Name><Option>North</Option></TrackingCategory></Tracking>
				</LineItem>
			</LineItems>
			<Payments><Payment><PaymentDate>2008-03-01T00:00:00</PaymentDate><Amount>225.0000</Amount></Payment></Payments>
			<FullyPaidOnDate>2008-03-01T00:00:00</FullyPaidOnDate>
		</Invoice>
	</Invoices>
</Response>
"""


def test_an_answer_of_v1_becomes_todays_records() -> None:
    """Names, dates, money with its zeros and lists of lists are today's; what they have no field for is named."""
    read = decode_v1(ANSWER.encode())
    assert (read.root, read.status, read.provider_name) == ("Response", "OK", "Orchard")
    assert read.date_time_utc == datetime(2008, 5, 1, 2, 3, 4, 567890, tzinfo=UTC)
    assert read.invoices == [
        Invoice(
            type="ACCREC",
            invoice_id="0b1f6b0a-7d0b-4b39-8d43-0f1f0b9f2f57",
            contact=Contact(
                name="Kōwhai & Daughters", addresses=[], phones=[Phone(phone_type="FAX", phone_number="7")]
            ),
            date=date(2008, 2, 25),
            due_date=date(2008, 3, 20),
            invoice_number="K-1",
            reference="",
            line_amount_types="Exclusive",
            sub_total=Decimal("200.0000"),
            total_tax=Decimal("25.0000"),
            total=Decimal("225.0000"),
            status="PAID",
            line_items=[
                LineItem(
                    quantity=Decimal("4.0000"),
                    unit_amount=Decimal("50.0000"),
                    line_amount=Decimal("200.0000"),
                    tracking=[LineItemTracking(name="Farm", option="North")],
                )
            ],
            payments=[Payment(date=date(2008, 3, 1), amount=Decimal("225.0000"))],
            fully_paid_on_date=date(2008, 3, 1),
        )
    ]
    assert str(read.invoices[0].sub_total) == "200.0000"
    assert read.strays == ["Invoices[0].Contact.SkypeUserName"]
    assert (read.errors, read.repairs, read.holds) == ([], [], frozenset({"invoices"}))


ONE: Final = "<Name>A</Name>"


@pytest.mark.parametrize(
    ("xml", "field", "count"),
    [
        (f"<Contact>{ONE}</Contact>", "contacts", 1),
        (f"<Contacts><Contact>{ONE}</Contact><Contact/></Contacts>", "contacts", 2),
        (f"<Response><Contact>{ONE}</Contact></Response>", "contacts", 1),
        (f"<Response><Contact>{ONE}</Contact><Contact/></Response>", "contacts", 2),
        (
            f"<Response><Contacts><Contact>{ONE}</Contact></Contacts><Contacts><Contact/></Contacts></Response>",
            "contacts",
            2,
        ),
        (f"<Request><Contacts><Contact>{ONE}</Contact></Contacts></Request>", "contacts", 1),
        ("<Invoice/>", "invoices", 1),
        ("<Invoices/>", "invoices", 0),
        ("<Accounts><Account><Code>2</Code></Account></Accounts>", "accounts", 1),
        ("<Account><Code>2</Code></Account>", "accounts", 1),
        ("<Tracking><TrackingCategory/></Tracking>", "tracking", 1),
        ("<TrackingCategories><TrackingCategory/></TrackingCategories>", "tracking", 1),
        ("<Response><TrackingCategories><TrackingCategory/></TrackingCategories></Response>", "tracking", 1),
        ("<TrackingCategory/>", "tracking", 1),
        ('<x:Contact xmlns:x="urn:x"><x:Name>A</x:Name></x:Contact>', "contacts", 1),
    ],
)
def test_whatever_is_outermost_is_read(xml: str, field: str, count: int) -> None:
    """Answers, requests, lists, and records alone: archives hold all of them, and no record of theirs is lost."""
    read = decode_v1(xml.encode())
    assert len(getattr(read, field)) == count
    assert read.holds == {field}
    assert read.strays == []


def test_options_of_a_category_are_names_or_records() -> None:
    """An option is read whether its name is an element of its own or all that there is."""
    for option in ("<Option>North</Option>", "<Option><Name>North</Name></Option>"):
        (category,) = decode_v1(
            f"<Tracking><TrackingCategory><Name>Farm</Name><Options>{option}</Options></TrackingCategory></Tracking>".encode()
        ).tracking
        assert category == TrackingCategory(name="Farm", options=[TrackingOption(name="North")])


def test_documents_in_todays_names_are_read_too() -> None:
    """What stands in v1's list but speaks today's XML keeps its status, its type and its date."""
    (invoice,) = decode_v1(
        b"<Invoice><Type>ACCPAY</Type><Status>AUTHORISED</Status><Date>2009-01-02</Date>"
        b"<LineAmountTypes>Inclusive</LineAmountTypes><CurrencyCode>NZD</CurrencyCode></Invoice>"
    ).invoices
    assert invoice == Invoice(
        type="ACCPAY",
        status="AUTHORISED",
        date=date(2009, 1, 2),
        line_amount_types="Inclusive",
        currency_code="NZD",
    )


def test_a_status_is_one_of_xeros_or_what_became_of_the_record() -> None:
    """`Status` in a record is its status where that can be; what it cannot be is an error, and never lost."""
    rows: list[tuple[str, Invoice | Contact]] = [
        ("<Invoice><Status>PAID</Status></Invoice>", Invoice(status="PAID")),
        ("<Invoice><InvoiceStatus>DRAFT</InvoiceStatus><Status>PAID</Status></Invoice>", Invoice(status="DRAFT")),
        ("<Contact><Status>DELETED</Status></Contact>", Contact(contact_status="DELETED")),
        ("<Invoice><Status>OK</Status></Invoice>", Invoice(status_attribute_string="OK")),
        (
            "<Contact><Status>Failed</Status></Contact>",
            Contact(
                status_attribute_string="ERROR",
                validation_errors=[ValidationError(message="the status of the record is Failed")],
            ),
        ),
    ]
    for xml, record in rows:
        read = decode_v1(xml.encode())
        assert [*read.invoices, *read.contacts] == [record]


def test_text_in_place_of_a_list_is_told_of() -> None:
    """A list that holds text, or is null, holds no record; text is reported, and strictly refused."""
    read = decode_v1(b"<Response><Invoices>none</Invoices><Contacts>x<Contact/></Contacts></Response>")
    assert (read.invoices, read.contacts) == ([], [Contact()])
    assert [repair.path for repair in read.repairs] == ["$.Invoices[0]"]
    with pytest.raises(DecodeError):
        decode_v1(b"<Invoices>none</Invoices>", strict=True)
    nil = b'<Response xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Invoices i:nil="true"/></Response>'
    assert decode_v1(nil).invoices == []


def tax_of(inner: str, flag: str) -> str | None:
    """Today's word for what an invoice says of its tax."""
    xml = f"<Invoice><IncludesTax>{flag}</IncludesTax>{inner}</Invoice>"
    return decode_v1(xml.encode()).invoices[0].line_amount_types


def lines(*items: str) -> str:
    """Lines of an invoice."""
    return f"<LineItems>{''.join(f'<LineItem>{item}</LineItem>' for item in items)}</LineItems>"


@pytest.mark.parametrize(
    ("flag", "inner", "today"),
    [
        ("true", "", "Exclusive"),
        ("1", "", "Exclusive"),
        ("TRUE", lines("<LineAmount>10</LineAmount>"), "Exclusive"),
        ("false", "", "NoTax"),
        ("0", lines("<LineAmount>10</LineAmount>", "<TaxType>NONE</TaxType>"), "NoTax"),
        ("false", "<TotalTax>0.00</TotalTax>" + lines("<TaxAmount>0.00</TaxAmount>"), "NoTax"),
        ("false", "<TotalTax>1.25</TotalTax>", "Exclusive"),
        ("false", lines("<TaxType>OUTPUT</TaxType>"), "Exclusive"),
        ("false", lines("<TaxAmount>1.25</TaxAmount>"), "Exclusive"),
        ("true", "<SubTotal>10</SubTotal><Total>11.25</Total>" + lines("<LineAmount>11.25</LineAmount>"), "Inclusive"),
        ("false", "<SubTotal>10</SubTotal><Total>11.25</Total>" + lines("<LineAmount>11.25</LineAmount>"), "Inclusive"),
        ("true", "<SubTotal>10</SubTotal><Total>11.25</Total>" + lines("<LineAmount>10</LineAmount>"), "Exclusive"),
        ("true", "<SubTotal>10</SubTotal><Total>10</Total>" + lines("<LineAmount>10</LineAmount>"), "Exclusive"),
        (
            "true",
            "<SubTotal>1e999999</SubTotal><Total>1e999998</Total>" + lines("<LineAmount>1e999998</LineAmount>"),
            "Exclusive",
        ),
        ("", "", ""),
        ("perhaps", "", "perhaps"),
    ],
)
def test_includes_tax_is_read_by_what_the_invoice_says(flag: str, inner: str, today: str) -> None:
    """Lines of v1 are without tax; where the sums, or a word of tax, contradict the flag, they are believed."""
    assert tax_of(inner, flag) == today


def test_errors_are_kept_with_their_records() -> None:
    """Every sentence is kept once, in the record's own list, and the record is marked as refused."""
    (first, second) = decode_v1(
        b"<Invoices><Invoice><Errors><Error>One.</Error><Error>Two.</Error></Errors><Contact><ValidationErrors>"
        b"<ValidationError><Message>Three.</Message></ValidationError></ValidationErrors></Contact><LineItems><LineItem>"
        b"<Error>One.</Error></LineItem></LineItems></Invoice><Invoice/></Invoices>"
    ).invoices
    assert first.validation_errors == [ValidationError(message=each) for each in ("One.", "Two.", "Three.")]
    assert (first.status_attribute_string, second.status_attribute_string) == ("ERROR", None)


def test_fields_that_are_not_as_documented_are_reported() -> None:
    """A date or a number that is none is left out and told of with its place; strictly, it is refused."""
    xml = (
        b"<Invoices><Invoice><InvoiceDate>soon</InvoiceDate><Total>much</Total><Contact>me</Contact></Invoice>"
        b"</Invoices>"
    )
    read = decode_v1(xml)
    assert read.invoices == [Invoice()]
    assert [repair.path for repair in read.repairs] == [
        "$.Invoices[0].Contact",
        "$.Invoices[0].Date",
        "$.Invoices[0].Total",
    ]
    with pytest.raises(DecodeError):
        decode_v1(xml, strict=True)


def test_strays_are_named_with_their_places() -> None:
    """Whatever holds something and has no field is named once, by its outermost element; what is empty is not."""
    read = decode_v1(
        b"<Response><Batch>7</Batch><Invoices><Invoice/><Invoice><Carrier><Name>x</Name></Carrier><LineItems><LineItem/>"
        b"<LineItem><Colour>red</Colour><Size/></LineItem></LineItems></Invoice></Invoices></Response>"
    )
    assert read.strays == ["Batch", "Invoices[1].Carrier", "Invoices[1].LineItems[1].Colour"]
    assert decode_v1(b"<Contact><Shoe>9</Shoe></Contact>").strays == ["Contact.Shoe"]


# -- writing ----------------------------------------------------------------------------------------------------------


def test_records_are_written_in_v1s_names_and_order() -> None:
    """What is sent has v1's names in the order of its schema, days with a time, and nothing of what answers hold."""
    invoice = Invoice(
        status="DRAFT",
        total=Decimal("1.50"),
        invoice_number="<1>",
        date=date(2008, 2, 25),
        line_amount_types="NoTax",
        type="ACCPAY",
        line_items=[LineItem(tracking=[LineItemTracking(name="Farm", option="N")], description="")],
        contact=Contact(phones=[Phone(phone_number="1", phone_type="DDI")], name="A"),
        status_attribute_string="OK",
        validation_errors=[],
        warnings=[ValidationError(message="w")],
    )
    assert encode_v1(invoice).decode() == (
        '<?xml version="1.0" encoding="utf-8"?><Invoice><InvoiceType>ACCPAY</InvoiceType><Contact><Name>A</Name>'
        "<Phones><Phone><PhoneType>DDI</PhoneType><PhoneNumber>1</PhoneNumber></Phone></Phones></Contact>"
        "<InvoiceDate>2008-02-25T00:00:00</InvoiceDate><InvoiceNumber>&lt;1&gt;</InvoiceNumber>"
        "<IncludesTax>false</IncludesTax><Total>1.50</Total><InvoiceStatus>DRAFT</InvoiceStatus><LineItems><LineItem>"
        "<Description /><Tracking><TrackingCategory><Name>Farm</Name><Option>N</Option></TrackingCategory></Tracking>"
        "</LineItem></LineItems></Invoice>"
    )
    assert encode_v1([Contact(name="A")]).endswith(b"<Contacts><Contact><Name>A</Name></Contact></Contacts>")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Invoice(currency_code="NZD"), r"v1 has no Invoices\[0\]\.CurrencyCode"),
        ([Contact(), Contact(website="x")], r"v1 has no Contacts\[1\]\.Website"),
        (Invoice(line_items=[LineItem(), LineItem(item_code="x")]), r"Invoices\[0\]\.LineItems\[1\]\.ItemCode"),
        (Contact(addresses=[Address(attention_to="x")]), r"Contacts\[0\]\.Addresses\[0\]\.AttentionTo"),
        (Invoice(total=Decimal("NaN")), "not a finite number"),
        ([Invoice(), Invoice(line_amount_types="Inclusive")], r"Invoices\[1\]\.LineAmountTypes: .* \(invoice 4\)"),
        ([], "at least one"),
        (Payment(), "no Payment"),
    ],
)
def test_what_v1_has_no_place_for_is_not_written(value: Any, words: str) -> None:
    """A field that would be lost, a number that is none, and a record of another kind are refused with their place."""
    with pytest.raises(InvalidArgument, match=words):
        encode_v1(value)


def test_a_whole_answer_is_written() -> None:
    """One record stands in the answer by itself, several in their list, errors beside them; the rest is left out."""
    moment = datetime(2008, 5, 1, 2, 3, 4, tzinfo=UTC)
    xml = encode_response(
        invoices=Invoice(type="ACCREC", currency_code="NZD"),
        contacts=[],
        accounts=[Account(code="200", class_="REVENUE")],
        errors=["Wrong."],
        id="1",
        provider_name="P",
        moment=moment,
    ).decode()
    assert xml.partition("<ID>")[2] == (
        "1</ID><Status>ERROR</Status><ProviderName>P</ProviderName><DateTimeUTC>2008-05-01T02:03:04Z</DateTimeUTC>"
        "<Errors><Error><Message>Wrong.</Message></Error></Errors><Invoice><InvoiceType>ACCREC</InvoiceType></Invoice>"
        "<Contacts /><Accounts><Account><Code>200</Code></Account></Accounts></Response>"
    )
    read = decode_v1(xml.encode())
    assert (read.date_time_utc, read.errors, read.holds) == (
        moment,
        ["Wrong."],
        frozenset({"invoices", "contacts", "accounts"}),
    )


# -- both -------------------------------------------------------------------------------------------------------------

TEXT: Final = st.text(
    st.characters(min_codepoint=32, max_codepoint=0xD7FF) | st.sampled_from("\t\n<>&\"'é€𝄞"), max_size=20
)


def leaf(hint: str) -> st.SearchStrategy[object]:
    """Values of a field, by what its type is called."""
    if "DateTime" in hint:
        return st.datetimes(timezones=st.just(UTC))
    if "Date" in hint:
        return st.dates()
    return decimals if "Decimal" in hint else TEXT


@st.composite
def of_v1(draw: st.DrawFn, kind: type[Model]) -> Model:
    """A record with some of the fields that v1 had."""
    types = {field.encode_name: (field.name, field.type) for field in fields(kind)}
    known = [each for each in FIELDS[kind] if each.known_as in types and each.form != "outcome"]
    chosen = draw(st.lists(st.sampled_from(known), max_size=8, unique=True))
    values: dict[str, object] = {}
    for each in chosen:
        name, hint = types[each.known_as]
        if each.form == "taxed":
            values[name] = "Exclusive"
        elif each.part is None:
            values[name] = draw(leaf(str(hint)))
        elif "list" in str(hint):
            values[name] = draw(st.lists(of_v1(each.part), max_size=2))
        else:
            values[name] = draw(of_v1(each.part))
    return kind(**values)


@pytest.mark.parametrize("kind", [Invoice, Contact], ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_sent_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    """Every field that v1 had survives the way out and back, in a record alone, in a list and in an answer."""
    record: Any = data.draw(of_v1(kind))  # Any: of either kind
    # Tax within the lines is told by the sums alone, and has tests of its own.
    assume(tax_is_plain(record))
    name = "invoices" if kind is Invoice else "contacts"
    for xml in (
        encode_v1(record),
        encode_v1([record]),
        encode_response(**{name: record}),
        encode_response(**{name: [record]}),  # type: ignore[arg-type]  # the name makes the type
    ):
        read = decode_v1(xml, strict=True)
        assert getattr(read, name) == [record]
        assert (read.strays, read.repairs, read.errors) == ([], [], [])


def tax_is_plain(record: Model) -> bool:
    """Whether the lines cannot happen to add up to the total."""
    if not isinstance(record, Invoice):
        return True
    return record.total is None or record.sub_total is None or not record.line_items


@pytest.mark.parametrize("kind", [Account, TrackingCategory], ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_what_is_answered_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    """Accounts and tracking categories, which v1 only ever answered with, survive the way."""
    several = [cast("Any", record) for record in data.draw(st.lists(of_v1(kind), max_size=3))]
    xml = encode_response(accounts=several) if kind is Account else encode_response(tracking=several)
    read = decode_v1(xml, strict=True)
    assert (read.accounts or read.tracking) == several


PARTS: Final = [kind for kind in FIELDS if kind not in (Invoice, Contact, Account, TrackingCategory, ValidationError)]


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_part_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    """Each struct that v1 had within others survives the way, wherever v1 had it."""
    part = data.draw(of_v1(kind))
    assert part_of(decode_v1(encode_response(**within(part)), strict=True), kind) == part


def within(part: Any) -> dict[str, Any]:
    """An answer with a part in its place."""
    match part:
        case Address():
            return {"contacts": Contact(addresses=[part])}
        case Phone():
            return {"contacts": Contact(phones=[part])}
        case LineItem():
            return {"invoices": Invoice(line_items=[part])}
        case LineItemTracking():
            return {"invoices": Invoice(line_items=[LineItem(tracking=[part])])}
        case Payment():
            return {"invoices": Invoice(payments=[part])}
        case _:
            return {"tracking": [TrackingCategory(options=[part])]}


def part_of(document: V1Document, kind: type[Struct]) -> object:
    """The first part of a kind in an answer."""
    pending: list[object] = [*document.invoices, *document.contacts, *document.tracking]
    for each in pending:
        if type(each) is kind:
            return each
        if isinstance(each, list):
            pending += cast("list[object]", each)
        elif isinstance(each, Struct):
            pending += [getattr(each, field.name) for field in fields(each)]
    return None


def test_every_struct_of_v1_has_its_round_trip() -> None:
    """No kind of record is in the table of names without being tried above, or below as an error."""
    assert {*PARTS, Invoice, Contact, Account, TrackingCategory, ValidationError} == set(FIELDS)
    refused = Contact(name="A", status_attribute_string="ERROR", validation_errors=[ValidationError(message="Wrong.")])
    assert decode_v1(encode_response(contacts=[refused])).contacts == [refused]
    assert decode_v1(encode_response(contacts=[replace(refused)]), strict=True).contacts == [refused]


# What v1's reference lists, with the rules that list it: invoice 2, 8 and 10, contact 3, 4 and 5.
LISTED: Final[dict[str, tuple[str, list[Model]]]] = {
    "invoice 2": ("Type", [Invoice(type=each, contact=Contact(name="A")) for each in ("ACCREC", "ACCPAY")]),
    "invoice 8": (
        "Status",
        [
            Invoice(type="ACCREC", contact=Contact(name="A"), status=each)
            for each in ("AUTHORISED", "DELETED", "DRAFT", "PAID", "SUBMITTED", "VOIDED")
        ],
    ),
    "contact 3": ("ContactStatus", [Contact(name=each, contact_status=each) for each in ("ACTIVE", "DELETED")]),
    "contact 4": (
        "AddressType",
        [Contact(name=each, addresses=[Address(address_type=each)]) for each in ("STREET", "POBOX")],
    ),
    "contact 5": (
        "PhoneType",
        [Contact(name=each, phones=[Phone(phone_type=each)]) for each in ("DEFAULT", "DDI", "MOBILE", "FAX")],
    ),
}
TAX_TYPES: Final = {
    "NONE": "NZ/UK",
    "EXEMPTINPUT": "UK",
    "INPUT": "NZ/UK",
    "ZERORATEDINPUT": "UK",
    "RRINPUT": "UK",
    "EXEMPTOUTPUT": "UK",
    "OUTPUT": "NZ/UK",
    "ZERORATEDOUTPUT": "UK",
    "RROUTPUT": "UK",
    "ZERORATED": "NZ",
}


@pytest.mark.parametrize("rule", LISTED)
def test_the_values_that_v1_lists_are_todays_and_pass(rule: str) -> None:
    """Statuses and types of the reference travel as they are, and break no rule of v1."""
    field, several = LISTED[rule]
    read = decode_v1(encode_v1(cast("list[Contact]", several)), strict=True)
    assert [*read.invoices, *read.contacts] == several
    assert [each for each in check(several, network=True) if each.severity == "error" and field in each.field] == []


@pytest.mark.parametrize("tax_type", TAX_TYPES)
def test_the_tax_types_that_v1_lists_belong_to_their_regions(tax_type: str) -> None:
    """Invoice 10: each tax type of the reference is one of its regions, and of those alone; elsewhere it is told of."""
    regions = TAX_TYPES[tax_type].split("/")
    assert [region for region in ("NZ", "UK") if tax_type in NETWORK_TAX_TYPES[region_of(region)]] == regions
    invoice = Invoice(type="ACCREC", contact=Contact(name="A"), line_items=[LineItem(tax_type=tax_type)])
    assert decode_v1(encode_v1(invoice), strict=True).invoices == [invoice]
    for region in ("NZ", "GB"):
        told = [each for each in check([invoice], region=region, network=True) if each.field.endswith("TaxType")]
        assert bool(told) != (region.replace("GB", "UK") in regions)
