"""XML that is no document of v1, or only half of one: bombs, wrong encodings, cuts, and what grows without end."""

from __future__ import annotations

import sys
import tracemalloc
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xero_async import DecodeError
from xero_async.models import Address, Contact, Invoice, LineItem, LineItemTracking, Payment
from xero_async.network_v1 import V1Document, decode_v1, encode_response, encode_v1
from xero_async.network_v1.fields import FIELDS

WHOLE: Final = encode_response(
    invoices=[
        Invoice(
            type="ACCREC",
            contact=Contact(name="Kōwhai & Daughters", addresses=[Address(city="Ōtaki")]),
            date=date(2008, 2, 25),
            line_amount_types="Exclusive",
            line_items=[LineItem(quantity=Decimal("4.0000"), tracking=[LineItemTracking(name="Farm", option="N")])],
            payments=[Payment(amount=Decimal("1.50"))],
        ),
        Invoice(reference=""),
    ]
)

# -- what is refused --------------------------------------------------------------------------------------------------


def bomb(depth: int = 10, width: int = 10) -> str:
    """Entities of entities: some bytes that would be billions."""
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * width if i else "ha"}">' for i in range(depth))
    return f"<!DOCTYPE Response [{entities}]><Response><ID>&a{depth - 1};</ID></Response>"


REFUSED: Final = {
    "billion laughs": bomb().encode(),
    "billion laughs in UTF-16": bomb().encode("utf-16"),
    "one long entity": b'<!DOCTYPE x [<!ENTITY a "'
    + b"a" * 50_000
    + b'">]><Response>'
    + b"&a;" * 5_000
    + b"</Response>",
    "an entity of itself": b'<!DOCTYPE x [<!ENTITY a "&b;"><!ENTITY b "&a;">]><Response>&a;</Response>',
    "a file": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Response><ID>&e;</ID></Response>',
    "an address": b'<!DOCTYPE x [<!ENTITY e SYSTEM "http://127.0.0.1:1/x">]><Response>&e;</Response>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/x"> %e;]><Response/>',
    "a document type elsewhere": b'<!DOCTYPE Response SYSTEM "http://127.0.0.1:1/a.dtd"><Response/>',
    "a public document type": b'<!DOCTYPE Response PUBLIC "-//X//EN" "http://127.0.0.1:1/a.dtd"><Response/>',
    "a bare document type": b"<!DOCTYPE Response><Response/>",
    "an unknown entity": b"<Response><ID>&nbsp;</ID></Response>",
    "UTF-16 that says UTF-8": '<?xml version="1.0" encoding="utf-8"?><Response/>'.encode("utf-16"),
    "UTF-8 that says UTF-16": b'<?xml version="1.0" encoding="utf-16"?><Response/>',
    "UTF-16 without a mark": "<Response/>".encode("utf-16-le")[1:],
    "UTF-32": "<Response/>".encode("utf-32"),
    "UTF-7": b'<?xml version="1.0" encoding="utf-7"?><Response/>',
    "latin that says UTF-8": '<?xml version="1.0" encoding="utf-8"?><Contact><Name>é</Name></Contact>'.encode(
        "latin-1"
    ),
    "an encoding that there is not": b'<?xml version="1.0" encoding="klingon"?><Response/>',
    "an encoding of several bytes": b'<?xml version="1.0" encoding="shift_jis"?><Response/>',
    "surrogates": b"<Contact><Name>\xed\xa0\x80</Name></Contact>",
    "an overlong form": b"<Contact><Name>\xc0\xbc</Name></Contact>",
    "control characters": b"<Contact><Name>\x08</Name></Contact>",
    "a control character by number": b"<Contact><Name>&#8;</Name></Contact>",
    "zero": b"<Contact><Name>\x00</Name></Contact>",
    "no character": b"<Contact><Name>&#xFFFF;</Name></Contact>",
    "elements 65 deep": b"<Response>" + b"<a>" * 64 + b"</a>" * 64 + b"</Response>",
    "elements without end": b"<Response>" + b"<a>" * 1_000_000,
    "namespaces without end": b"<Response>" + b'<a xmlns="x">' * 100_000,
    "two documents": b"<Response/><Response/>",
    "text after it": b"<Response/>x",
    "nothing": b"",
    "blanks": b" \n",
    "JSON": b'{"Invoices": []}',
    "a page": b"<html><body>Sign in</body></html>",
    "a page with a type": b"<!DOCTYPE html><html></html>",
    "another document": b"<Quotes/>",
    "a sheet": b"InvoiceNumber,Total\n1,2\n",
    "zeros": b"\x00" * 10_000,
}


@pytest.mark.parametrize("xml", REFUSED.values(), ids=REFUSED)
def test_what_is_no_document_of_v1_is_refused_cheaply(xml: bytes) -> None:
    """Bombs, foreign entities, wrong encodings and endless documents: a short, clear error and hardly any memory."""
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError, match="the XML cannot be read") as refusal:
            decode_v1(xml)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(str(refusal.value)) < 200
    assert "passwd" not in str(refusal.value)
    assert most < 2_000_000


def test_a_document_that_is_cut_anywhere_is_refused() -> None:
    """At every byte: what is not whole is not read, not even up to its last complete record."""
    whole = WHOLE
    for cut in range(len(whole)):
        with pytest.raises(DecodeError, match="the XML cannot be read"):
            decode_v1(whole[:cut])
    assert decode_v1(whole).invoices


@given(data=st.data())
def test_a_damaged_document_is_read_or_refused(data: st.DataObject) -> None:
    """Whatever happens to some of its bytes, and whichever encoding is claimed: a document or the one error."""
    changed = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    charset = data.draw(st.sampled_from([None, "utf-8", "utf-16", "latin-1", "nonsense", "utf-7", "\x00", ""]))
    with suppress(DecodeError):
        assert isinstance(decode_v1(bytes(changed), charset=charset), V1Document)


NAMES: Final = sorted(
    {
        "Response",
        "Request",
        "Errors",
        "Error",
        "ValidationErrors",
        "Message",
        "Status",
        "html",
        "ApiException",
        "Elements",
    }
    | {each.name for rows in FIELDS.values() for each in rows}
    | {f"{each.name}s" for rows in FIELDS.values() for each in rows if each.part}
)


@st.composite
def trees(draw: st.DrawFn, depth: int = 4) -> str:
    """Elements of v1 where they do not belong."""
    name = draw(st.sampled_from(NAMES))
    inner = st.text("<>&abc1.- ", max_size=6).map(lambda text: text.replace("<", "&lt;").replace("&a", "&amp;a"))
    if depth:
        inner = inner | st.lists(trees(depth - 1), max_size=3).map("".join)
    marked = draw(st.sampled_from(["", ' status="ERROR"', ' xmlns="urn:x"']))
    return f"<{name}{marked}>{draw(inner)}</{name}>"


@given(tree=trees())
def test_elements_where_they_do_not_belong_are_read_or_refused(tree: str) -> None:
    """Any arrangement of v1's own elements gives a document or the one error; strictly too."""
    for strict in (False, True):
        with suppress(DecodeError):
            decode_v1(tree.encode(), strict=strict)


def test_reading_takes_time_and_memory_in_step_with_the_size() -> None:
    """Text in a hundred thousand pieces, and as many elements with one name, are read without squaring anything."""
    pieces = b"<Response><Invoice>" + b"<InvoiceNumber>" + b"&amp;" * 100_000 + b"</InvoiceNumber></Invoice></Response>"
    assert decode_v1(pieces).invoices[0].invoice_number == "&" * 100_000
    repeated = (
        b"<Response><Errors>"
        + b"<Error>x</Error>" * 50_000
        + b"</Errors>"
        + b"<Error>y</Error>" * 50_000
        + b"</Response>"
    )
    assert decode_v1(repeated).errors == ["x", "y"]
    strays = b"<Contact>" + b"<Odd>1</Odd>" * 50_000 + b"</Contact>"
    assert len(decode_v1(strays).strays) == 50_000


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where defusedxml is not installed, reading says which extra to install; writing goes on."""
    monkeypatch.setitem(sys.modules, "defusedxml.ElementTree", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "xero_async\[xml\]"'):
        decode_v1(b"<Response/>")
    assert encode_v1(Contact(name="A")).endswith(b"</Contact>")
