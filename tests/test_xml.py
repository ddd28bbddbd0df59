"""XML and documents: what a form becomes in the other, and what is refused."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import records

from xero_async import DecodeError, models
from xero_async.models import (
    Accounts,
    Allocations,
    Contacts,
    HistoryRecords,
    Invoice,
    Invoices,
    Model,
    Payments,
    ReportWithRows,
    Setup,
    TrackingOptions,
    record_of,
)
from xero_async.wire import decode, encode
from xero_async.wire.xml import NAMESPACES, decode_xml, element

UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def one(xml: str) -> dict[str, Any]:  # Any: tests look into documents of every shape
    """The only invoice of an XML document."""
    (invoice,) = cast("list[dict[str, Any]]", decode_xml(xml.encode(), Invoices)["Invoices"])
    return invoice


# -- reading ----------------------------------------------------------------------------------------------------------


def test_the_models_tell_what_text_means() -> None:
    """An account's code stays text, money becomes a number with its zeros, a flag a truth value in any case."""
    read = one(
        "<Invoice><SentToContact>True</SentToContact><Total> 1.50 </Total><Reference> 7 </Reference>"
        "<LineItems><LineItem><AccountCode>200</AccountCode><Quantity>1.0000</Quantity></LineItem></LineItems></Invoice>"
    )
    assert read == {
        "SentToContact": True,
        "Total": Decimal("1.50"),
        "Reference": " 7 ",
        "LineItems": [{"AccountCode": "200", "Quantity": Decimal("1.0000")}],
    }
    assert str(read["LineItems"][0]["Quantity"]) == "1.0000"


@pytest.mark.parametrize(
    ("xml", "value"),
    [
        ("<Reference/>", {"Reference": ""}),
        ("<Reference></Reference>", {"Reference": ""}),
        ("<Payments/>", {"Payments": []}),
        ("<Contact/>", {"Contact": {}}),
        ("<Total/>", {"Total": None}),
        ("<Date/>", {"Date": None}),
        ("<SentToContact/>", {"SentToContact": None}),
        ('<Reference xsi:nil="true"/>', {"Reference": None}),
        ('<Contact xsi:nil="1"/>', {"Contact": None}),
        ('<Payments xsi:nil="false"/>', {"Payments": []}),
    ],
)
def test_nothing_is_nothing_of_a_kind(xml: str, value: object) -> None:
    """An empty element is an empty text, list or object, or else null, as the model has it."""
    assert one(f"<Invoice{NAMESPACES}>{xml}</Invoice>") == value


@pytest.mark.parametrize(
    "xml",
    [
        "<Invoices><Invoice><Type>ACCREC</Type></Invoice></Invoices>",
        "<Invoice><Type>ACCREC</Type></Invoice>",
        "<Request><Invoices><Invoice><Type>ACCREC</Type></Invoice></Invoices></Request>",
        "<Response><Id>1</Id><Invoices><Invoice><Type>ACCREC</Type></Invoice></Invoices></Response>",
        '<?xml version="1.0" encoding="utf-8"?>\n<!-- from us -->\n<Invoices>\n\t<Invoice id="1">\n'
        "<Type><![CDATA[ACCREC]]></Type></Invoice>\n</Invoices>\n",
        '<x:Invoices xmlns:x="http://xero.com/x"><x:Invoice><x:Type>ACCREC</x:Type></x:Invoice></x:Invoices>',
        '<Invoices xmlns="http://xero.com/x"><Invoice><Type>ACC&#82;EC</Type></Invoice></Invoices>',
    ],
)
def test_a_list_a_record_and_an_envelope_are_all_read(xml: str) -> None:
    """One record alone, a list of them, or an envelope, with any namespace, comment, attribute and white space."""
    assert one(xml) == {"Type": "ACCREC"}


@pytest.mark.parametrize(
    ("kind", "xml", "document"),
    [
        (Payments, "<Payment><Status>DELETED</Status></Payment>", {"Payments": [{"Status": "DELETED"}]}),
        (HistoryRecords, "<HistoryRecord><Details>x</Details></HistoryRecord>", {"HistoryRecords": [{"Details": "x"}]}),
        (TrackingOptions, "<Options><Option><Name>N</Name></Option></Options>", {"Options": [{"Name": "N"}]}),
        (TrackingOptions, "<TrackingOption><Name>N</Name></TrackingOption>", {"Options": [{"Name": "N"}]}),
        (Setup, "<Setup><Accounts><Account><Code>9</Code></Account></Accounts></Setup>", {"Accounts": [{"Code": "9"}]}),
        (Accounts, "<Accounts/>", {"Accounts": []}),
        (
            Allocations,
            "<Allocation><AppliedAmount>2.50</AppliedAmount></Allocation>",
            {"Allocations": [{"Amount": Decimal("2.50")}]},
        ),
        (
            ReportWithRows,
            "<Reports><Report><ReportTitles><ReportTitle>A</ReportTitle><ReportTitle/></ReportTitles></Report></Reports>",
            {"Reports": [{"ReportTitles": ["A", ""]}]},
        ),
        (
            Contacts,
            "<Contact><Unknown><Deep>1</Deep></Unknown><Odd>2</Odd></Contact>",
            {"Contacts": [{"Unknown": {"Deep": "1"}, "Odd": "2"}]},
        ),
    ],
)
def test_every_model_has_its_names(kind: type, xml: str, document: object) -> None:
    """Roots go by the list, by its singular and by the model; what the model does not know is text."""
    assert decode_xml(xml.encode(), kind) == document


def test_what_does_not_fit_is_left_for_the_reader_to_refuse() -> None:
    """A word for a number, text for a list or an object, and an endless number stay text."""
    digits = "9" * 101
    read = one(
        f"<Invoice><Total>a lot</Total><LineItems>none</LineItems><Contact>me</Contact><AmountDue>{digits}</AmountDue>"
        "<Date>soon</Date><HasErrors>perhaps</HasErrors><Reference><b>x</b></Reference></Invoice>"
    )
    assert read == {
        "Total": "a lot",
        "LineItems": "none",
        "Contact": "me",
        "AmountDue": digits,
        "Date": "soon",
        "HasErrors": "perhaps",
        "Reference": {"b": "x"},
    }


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings_are_told_by_the_xml_or_by_the_content_type(charset: str) -> None:
    """An encoding is read wherever it is named."""
    xml = f'<?xml version="1.0" encoding="{charset}"?><Contact><Name>Café</Name></Contact>'.encode(charset)
    assert decode_xml(xml, Contacts) == {"Contacts": [{"Name": "Café"}]}
    bare = "<Contact><Name>Café</Name></Contact>".encode(charset)
    assert decode_xml(bare, Contacts, charset=charset) == {"Contacts": [{"Name": "Café"}]}


BOMB = (
    '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    "<Invoices>&c;</Invoices>"
)


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"   ",
        b"<",
        b"<Invoices>",
        b"<Invoices><Invoice></Invoices>",
        b"<Invoices/><Invoices/>",
        b"{}",
        b"<Contacts/>",
        b"<Invoices>&nope;</Invoices>",
        b"<Invoices>&#0;</Invoices>",
        b"<Invoices>\xff</Invoices>",
        b"<Invoices>\x00</Invoices>",
        b'<Invoices a="1" a="2"/>',
        b'<?xml version="1.0" encoding="nonsense"?><Invoices/>',
        b'<?xml version="1.0" encoding="shift_jis"?><Invoices/>',
        b'<?xml version="1.0" encoding="utf-16"?><Invoices/>',
        BOMB.encode(),
        BOMB.encode("utf-16"),
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><Invoices/>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><Invoices>&e;</Invoices>',
        b'<!DOCTYPE a [<!ENTITY % e SYSTEM "http://127.0.0.1:1/a.dtd"> %e;]><Invoices/>',
        b"<Invoices>" * 100_000,
        b"<Response>" + b"<a>" * 64 + b"</a>" * 64 + b"</Response>",
    ],
)
def test_what_is_no_document_is_refused(xml: bytes) -> None:
    """Bombs, foreign entities, document types, wrong encodings, cut or endless documents: one kind of error."""
    with pytest.raises(DecodeError, match="the XML cannot be read") as refusal:
        decode_xml(xml, Invoices)
    assert len(str(refusal.value)) < 200


def test_an_unknown_charset_is_refused() -> None:
    """A content type may say anything."""
    for charset in ("nonsense", "shift_jis", "\x00", "é"):
        with pytest.raises(DecodeError):
            decode_xml(b"<Invoices/>", Invoices, charset=charset)


def test_without_defusedxml_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, the error says what to install; writing goes on."""
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "xero_async\[xml\]"'):
        decode_xml(b"<Invoices/>", Invoices)
    assert element("Invoices", [], Invoices) == "<Invoices />"


@given(xml=st.binary(max_size=200) | st.text(alphabet="<>/&;!?a[]Ivoe\"'= \n", max_size=200).map(str.encode))
def test_no_bytes_raise_anything_but_the_refusal(xml: bytes) -> None:
    """Whatever comes is a document or a `DecodeError`."""
    with suppress(DecodeError):
        assert isinstance(decode_xml(xml, Invoices), dict)


WHOLE = (
    '<?xml version="1.0" encoding="utf-8"?><Response xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Invoices>'
    '<Invoice status="OK"><Contact><Name>Café &amp; co</Name></Contact><LineItems><LineItem xsi:nil="true"/><LineItem>'
    "<Quantity>1</Quantity></LineItem></LineItems><Date>2026-01-31</Date></Invoice></Invoices></Response>"
).encode()


@given(data=st.data())
def test_a_damaged_document_is_read_or_refused(data: st.DataObject) -> None:
    """A document cut short is refused; with some of its bytes changed it is read or refused."""
    cut = data.draw(st.integers(0, len(WHOLE) - 1))
    with pytest.raises(DecodeError):
        decode_xml(WHOLE[:cut], Invoices)
    changed = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(WHOLE) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DecodeError):
        decode_xml(bytes(changed), Invoices)


# -- writing ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_written_as_xero_writes_it() -> None:
    """Dates in ISO, numbers with their digits, lists in the singular, null as nil, companions left out."""
    document: dict[str, object] = {
        "Status": "OK",
        "DateTimeUTC": "/Date(1439434356790)/",
        "Invoices": [
            {
                "Type": "ACCREC",
                "StatusAttributeString": 'O"K',
                "Date": "/Date(1769817600000+0000)/",
                "DateString": "2026-01-31T00:00:00",
                "UpdatedDateUTC": "/Date(1439434356790+1300)/",
                "Reference": "</Reference> & \r\x0b",
                "Url": None,
                "SentToContact": False,
                "Total": Decimal("1.500"),
                "LineItems": [{"Tracking": [{"Name": "Region"}]}],
                "Payments": [],
                "Contact": {},
                "InvoiceNumber": "/Date(0)/",
                "Made up": "left out",
                "DueDate": "/Date(999999999999999)/",
            }
        ],
    }
    assert element("Response", document, Invoices) == (
        "<Response><Status>OK</Status><DateTimeUTC>2015-08-13T02:52:36.790Z</DateTimeUTC><Invoices>"
        '<Invoice status="O&#34;K"><Type>ACCREC</Type><Date>2026-01-31T00:00:00</Date>'
        "<UpdatedDateUTC>2015-08-13T02:52:36.790</UpdatedDateUTC>"
        "<Reference>&lt;/Reference&gt; &amp; &#13;\ufffd</Reference>"
        '<Url xsi:nil="true" /><SentToContact>false</SentToContact><Total>1.500</Total>'
        "<LineItems><LineItem><Tracking><TrackingCategory><Name>Region</Name></TrackingCategory></Tracking></LineItem>"
        "</LineItems><Payments /><Contact /><InvoiceNumber>/Date(0)/</InvoiceNumber>"
        "<DueDate>/Date(999999999999999)/</DueDate></Invoice></Invoices></Response>"
    )


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("Invoices", "Invoice"),
        ("Addresses", "Address"),
        ("Currencies", "Currency"),
        ("TrackingCategories", "TrackingCategory"),
        ("Tracking", "TrackingCategory"),
        ("TaxBreakdown", "TaxBreakdownComponent"),
        ("LinkedTransactions", "LinkedTransaction"),
        ("Elements", "DataContractBase"),
    ],
)
def test_records_are_named_in_the_singular(name: str, item: str) -> None:
    """Each list tells what its records are called."""
    assert element(name, [1]) == f"<{name}><{item}>1</{item}></{name}>"


def test_a_number_beyond_reason_keeps_its_exponent() -> None:
    """No answer grows by a billion zeros."""
    assert element("Total", Decimal("1E+999999999")) == "<Total>1E+999999999</Total>"
    assert element("Total", Decimal("1E+3")) == "<Total>1000</Total>"


# -- both -------------------------------------------------------------------------------------------------------------


def _writable(value: object) -> object:
    """A document without the characters that XML has no way to write."""
    if isinstance(value, str):
        return UNWRITABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_writable(each) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        return {name: _writable(each) for name, each in cast("Mapping[str, object]", value).items()}
    return value


LISTS = [Invoices, Contacts, Accounts, Payments, ReportWithRows, TrackingOptions]


@pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_a_document_survives_the_way_through_xml(kind: type[Model], data: st.DataObject) -> None:
    """Whatever the models allow comes back from XML as the record that it was."""
    first = encode(data.draw(records(kind, 3)))
    document = _writable(msgspec.json.Decoder(float_hook=Decimal).decode(first))
    xml = element("Response", document, kind, NAMESPACES)
    again = msgspec.json.Encoder(decimal_format="number").encode(decode_xml(xml.encode(), kind))
    written = msgspec.json.Encoder(decimal_format="number").encode(document)
    assert decode(kind, again, strict=True) == decode(kind, written, strict=True)


STRUCTS = [
    kind
    for kind in cast("list[object]", list(vars(models).values()))
    if isinstance(kind, type) and issubclass(kind, Model) and kind.__struct_fields__
]


@pytest.mark.parametrize("kind", STRUCTS, ids=lambda kind: kind.__name__)
@settings(max_examples=5)
@given(data=st.data())
def test_every_struct_of_the_models_survives_the_way_through_xml(kind: type[Model], data: st.DataObject) -> None:
    """Each of them, as a document of its own under its own name, comes back as the record that it was."""
    first = encode(data.draw(records(kind, 1)))
    document = cast("dict[str, object]", _writable(msgspec.json.Decoder(float_hook=Decimal).decode(first)))
    name = "Response" if record_of(kind) else kind.__name__
    again = decode_xml(element(name, document, kind, NAMESPACES).encode(), kind)
    expected, read = (msgspec.json.Encoder(decimal_format="number").encode(each) for each in (document, again))
    assert decode(kind, read, strict=True) == decode(kind, expected, strict=True)


def test_dates_of_json_survive_as_well() -> None:
    """`/Date(ms)/` and what XML makes of it are the same day and the same instant."""
    sent = b'{"Invoices":[{"Date":"/Date(-86400000)/","UpdatedDateUTC":"/Date(1439434356790+1300)/"}]}'
    document: object = msgspec.json.decode(sent)
    xml = element("Response", document, Invoices)
    again = decode(Invoices, msgspec.json.encode(decode_xml(xml.encode(), Invoices)), strict=True)
    assert again == decode(Invoices, sent, strict=True)
    assert isinstance((again.records or [])[0], Invoice)
