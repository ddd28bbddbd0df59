"""The translation of v1 into documents of today: nothing is lost, nothing is guessed, every change is told."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migrate_stage import GROUND, NZ, records
from v1_archive import guid, invoice, line

from xero_async import Contact, Invoice, LineItem
from xero_async.bulk.migrate import Ground, elements, make_invoice
from xero_async.bulk.migrate.changes import leaves
from xero_async.bulk.migrate.contacts import Named
from xero_async.bulk.migrate.records import Record
from xero_async.bulk.migrate.taxes import assign
from xero_async.models import LineItemTracking
from xero_async.network_v1 import decode_v1

NEW = Named(way="new", name="Red House", own=Contact(name="Red House"))


# -- nothing is lost ------------------------------------------------------------------------------------------------

TEXTS = st.integers(0, 10**6).map(lambda number: f"t{number}")
AMOUNTS = st.decimals(-(10**6), 10**6, places=4, allow_nan=False)


@st.composite
def v1_lines(draw: st.DrawFn) -> str:
    """A line that may have anything."""
    return line(
        amount=draw(st.none() | AMOUNTS),
        tax=draw(st.none() | AMOUNTS),
        quantity=draw(st.none() | AMOUNTS),
        unit=draw(st.none() | AMOUNTS),
        tax_type=draw(st.sampled_from([None, "OUTPUT", "INPUT", "NONE", "RRINPUT"])),
        account=draw(st.sampled_from([None, "200", "ab", "999"])),
        tracking=draw(st.lists(st.tuples(st.sampled_from(["Region", "Other"]), TEXTS | st.just("North")), max_size=3)),
        more=draw(st.sampled_from(["", "<LineItemID>l-1</LineItemID>", "<Odd><Deep>d-1</Deep></Odd>"])),
    )


@st.composite
def v1_invoices(draw: st.DrawFn) -> str:
    """An invoice or a bill that may have anything."""
    address = f"<Addresses><Address><AddressType>POBOX</AddressType><City>{draw(TEXTS)}</City></Address></Addresses>"
    return invoice(
        draw(st.none() | TEXTS),
        *draw(st.lists(v1_lines(), max_size=3)),
        id=draw(st.none() | st.integers(0, 9)),
        kind=draw(st.sampled_from(["ACCREC", "ACCPAY"])),
        status=draw(st.sampled_from([None, "DRAFT", "SUBMITTED", "AUTHORISED", "PAID"])),
        contact=draw(
            st.sampled_from(["<Name>Red House</Name>", f"<Name>Old</Name>{address}<SkypeUserName>s-1</SkypeUserName>"])
        ),
        totals=draw(st.tuples(*[st.none() | AMOUNTS] * 3)),
        saved=draw(st.sampled_from([None, "2009-05-01T00:00:00"])),
        more=draw(
            st.sampled_from(
                ["", "<AmountDue>12.34</AmountDue><Payments><Payment><Amount>5</Amount></Payment></Payments>"]
            )
        ),
    )


def texts_in(element: elements.Element) -> list[tuple[str, str]]:
    """The names and texts of all elements that hold text."""
    if not element.parts:
        return [(element.name, element.text.strip())] if element.text.strip() else []
    return [pair for part in element.parts for pair in texts_in(part)]


def same(old: str, new: str) -> bool:
    """Whether a text of v1 is a text of today."""
    if old == new or old.removesuffix("T00:00:00") in (new, new.removesuffix("T00:00:00Z")):
        return True
    try:
        return Decimal(old) == Decimal(new)
    except ArithmeticError:
        return False


@given(
    v1_invoices(),
    st.sampled_from(["DRAFT", "keep", "AUTHORISED"]),
    st.sampled_from([NEW, Named(way="id", contact_id=guid(1))]),
)
def test_nothing_is_lost_between_the_archive_and_the_report(text: str, status: Any, named: Named) -> None:
    """Every text of the archive is in the new document, or is the old value of a change; a total, if it is the same."""
    (piece,) = (part for part in elements.split(io.BytesIO(text.encode())) if isinstance(part, elements.Piece))
    found = records(text)[0]
    assert isinstance(found, Record)
    assert isinstance(found.record, Invoice)
    ground = Ground(rates=NZ, accounts={"200", "AB"}, tracking={"Region": {"North"}}, status=status)
    new = make_invoice(found.record, found.strays, named, ground)
    kept = [*leaves(new.record).values(), *leaves(named.own).values()]
    kept += [part for change in new.changes for part in (change.was, *change.was.split(": "))]
    for name, old in texts_in(piece.element):
        if name in ("SubTotal", "TotalTax", "Total"):
            assert any(change.field == name for change in new.changes) or totals_of(new.record)[name] == half_up(
                Decimal(old)
            )
        elif name != "IncludesTax":
            assert any(same(old, value) for value in kept), (name, old)
    assert all(change.was or change.now or change.why for change in new.changes)


def totals_of(made: Invoice) -> dict[str, Decimal]:
    """What the lines of a document come to, all of whose taxes are stated or none."""
    lines = made.line_items or []
    whole = sum((amount_of(each) for each in lines), Decimal(0))
    inclusive = made.line_amount_types == "Inclusive"
    tax = sum((tax_of(each, inclusive=inclusive) for each in lines), Decimal(0))
    if inclusive:
        return {"SubTotal": whole - tax, "TotalTax": tax, "Total": whole}
    return {"SubTotal": whole, "TotalTax": tax, "Total": whole + tax}


def half_up(value: Decimal) -> Decimal:
    """Two decimals, halves away from zero."""
    return value.quantize(Decimal("0.01"), "ROUND_HALF_UP")


def amount_of(line: LineItem) -> Decimal:
    """What a line comes to."""
    if line.line_amount is not None:
        return half_up(line.line_amount)
    return (
        half_up((Decimal(1) if line.quantity is None else line.quantity) * (line.unit_amount or Decimal(0)))
        if line.unit_amount is not None
        else Decimal(0)
    )


def tax_of(line: LineItem, *, inclusive: bool) -> Decimal:
    """The tax of a line: as it states, or by its rate."""
    if line.tax_amount is not None:
        return half_up(line.tax_amount)
    rate = NZ.get(line.tax_type or "NONE") or Decimal(0)
    return half_up(amount_of(line) * rate / (100 + rate if inclusive else 100))


def test_what_stands_twice_or_between_is_told() -> None:
    """Of two elements of one name the last counts, and text between elements means nothing: both are told."""
    found = records(invoice("1", line(more="stray"), more="<InvoiceNumber>2</InvoiceNumber>"))[0]
    assert isinstance(found, Record)
    assert [(stray.path, stray.text) for stray in found.strays] == [
        ("LineItems[0]", "stray"),
        ("InvoiceNumber (the first of two)", "1"),
    ]


# -- the translation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tax_type", "tax", "rates", "expected"),
    [
        ("OUTPUT", "12.50", NZ, "OUTPUT"),
        ("OUTPUT", "15.00", NZ, "OUTPUT2"),
        ("OUTPUT", "17.50", NZ, "OUTPUT"),
        ("OUTPUT", None, NZ, "OUTPUT"),
        ("INPUT", "15.00", NZ, "INPUT2"),
        ("INPUT", "12.50", NZ, None),
        ("INPUT", None, NZ, None),
        ("ZERORATED", "0", NZ, None),
        ("NONE", "0", NZ, "NONE"),
        ("OUTPUT", "20.00", {"OUTPUT2": Decimal(20), "SROUTPUT": Decimal(15)}, "OUTPUT2"),
        ("OUTPUT", "15.00", {"OUTPUT2": Decimal(20), "SROUTPUT": Decimal(15)}, "SROUTPUT"),
        ("OUTPUT", "15.00", {"OUTPUT2": None}, None),
        ("OUTPUT", "1", None, "OUTPUT"),
    ],
)
def test_a_tax_type_has_a_successor_only_where_the_tax_is_the_same(
    tax_type: str, tax: str | None, rates: Any, expected: str | None
) -> None:
    """Rule 10: a type stays, or becomes the one that comes to the very tax of the line, or is left unassigned."""
    stated = None if tax is None else Decimal(tax)
    assert assign(tax_type, Decimal(100), stated, rates, inclusive=False).tax_type == expected


def test_of_two_successors_that_agree_neither_is_sure() -> None:
    """On four cents, 15 and 20 per cent come to the same: nobody can tell which it was."""
    rates = {"OUTPUT2": Decimal(20), "SROUTPUT": Decimal(15)}
    assert assign("OUTPUT", Decimal("0.04"), Decimal("0.01"), rates, inclusive=False).tax_type is None


@given(st.sampled_from(["INPUT", "OUTPUT", "NONE", "RRINPUT"]), AMOUNTS, AMOUNTS, st.booleans())
def test_no_tax_is_guessed(tax_type: str, amount: Decimal, stated: Decimal, inclusive: bool) -> None:
    """Whatever a line states, its type is the old one or comes to its tax, and is one that the organisation has."""
    found = assign(tax_type, amount, stated, NZ, inclusive=inclusive)
    assert found.tax_type is None or found.tax_type in NZ
    assert found.tax_type in (None, tax_type) or found.tax == half_up(stated)


def v1(text: str) -> Invoice:
    """An invoice as it is read."""
    return decode_v1(text.encode()).invoices[0]


@pytest.mark.parametrize(
    ("old", "ground", "expected"),
    [
        (line(account="999"), GROUND, ("LineItems[0].AccountCode", "999", "", "invoice 6")),
        (line(account="ab"), GROUND, ("LineItems[0].AccountCode", "ab", "AB", "invoice 6")),
        (line(tracking=[("Region", "South")]), GROUND, ("LineItems[0].Tracking[0]", "Region: South", "", "invoice 7")),
        (line(tax_type="RROUTPUT"), GROUND, ("LineItems[0].TaxType", "RROUTPUT", "", "invoice 10")),
        (line(tax="9.99"), GROUND, ("LineItems[0].TaxAmount", "9.99", "9.99", "invoice 10")),
        (line("99.99"), GROUND, ("LineItems[0].LineAmount", "99.99", "100.00", "invoice 4")),
        (line(unit="50.00001"), GROUND, ("LineItems[0].UnitAmount", "50.00001", "50.0000", "invoice 4")),
    ],
)
def test_what_a_line_loses_is_told(old: str, ground: Ground, expected: tuple[str, ...]) -> None:
    """Rules 4, 6, 7 and 10: the change has its field, both values and the rule; and the document stays a draft."""
    wish = Ground(rates=ground.rates, accounts=ground.accounts, tracking=ground.tracking, status="AUTHORISED")
    new = make_invoice(v1(invoice("1", old)), [], NEW, wish)
    told = [(change.field, change.was, change.now, change.rule) for change in new.changes]
    assert expected in told
    has_lost = expected[2] != "AB"
    assert (new.record.status == "DRAFT") is has_lost


STRAY = "<Odd>1</Odd>"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (invoice("1", line(tax="15.00", tax_type="OUTPUT2")), "AUTHORISED"),
        (invoice("1", line(tax="15.00", tax_type="OUTPUT2", more=STRAY)), "DRAFT"),
        (invoice("1", line(tax="15.00", tax_type="OUTPUT2"), more=STRAY), "DRAFT"),
        (invoice("1", line(tax="15.00", tax_type="OUTPUT2"), more="<InvoiceNumber>2</InvoiceNumber>"), "DRAFT"),
        (
            invoice("1", line(tax="15.00", tax_type="OUTPUT2"), contact=f"<Name>Red House</Name>{STRAY}"),
            "DRAFT",
        ),
        (
            invoice(
                "1",
                line(tax="15.00", tax_type="OUTPUT2"),
                contact="<Name>Red House</Name><SkypeUserName>s</SkypeUserName>",
            ),
            "AUTHORISED",
        ),
        (
            invoice("1", line(tax="15.00", tax_type="INPUT2"), kind="ACCPAY").replace(
                "<Reference />", "<Reference>R</Reference>"
            ),
            "DRAFT",
        ),
    ],
    ids=["nothing", "of a line", "of it", "twice", "of its contact", "what nobody misses", "a bill's reference"],
)
def test_what_has_no_place_today_leaves_a_draft(text: str, status: str) -> None:
    """A document that lost an element stays a draft for somebody to look at, whatever status is asked for."""
    found = records(text)[0]
    assert isinstance(found, Record)
    assert isinstance(found.record, Invoice)
    ground = Ground(rates=NZ, accounts={"200"}, tracking={}, status="AUTHORISED")
    assert make_invoice(found.record, found.strays, NEW, ground).record.status == status


def test_a_document_that_keeps_all_is_taken_over_as_it_is() -> None:
    """Where the organisation has everything, only the status changes, and with `keep` nothing does."""
    text = invoice("1", line(tax="15.00", tax_type="OUTPUT2", tracking=[("Region", "North")]))
    new = make_invoice(
        v1(text), [], NEW, Ground(rates=NZ, accounts={"200"}, tracking={"Region": {"North"}}, status="keep")
    )
    assert new.changes == []
    assert new.total == Decimal("115.00")
    assert new.record == Invoice(
        type="ACCREC",
        contact=Contact(name="Red House"),
        date=date(2009, 2, 25),
        due_date=date(2009, 3, 25),
        invoice_number="1",
        line_amount_types="Exclusive",
        status="AUTHORISED",
        line_items=[
            LineItem(
                description="Desk",
                quantity=Decimal(2),
                unit_amount=Decimal(50),
                account_code="200",
                tax_type="OUTPUT2",
                tax_amount=Decimal(15),
                line_amount=Decimal(100),
                tracking=[LineItemTracking(name="Region", option="North")],
            )
        ],
    )


@pytest.mark.parametrize(
    ("totals", "fields"),
    [
        (("100", "15", "115"), []),
        (("100", "15", "116"), ["Total"]),
        (("115", "15", "115"), ["SubTotal"]),
        ((None, None, "115.004"), []),
        ((None, "14.99", None), ["TotalTax"]),
    ],
)
def test_totals_that_differ_are_told(totals: Sequence[object], fields: list[str]) -> None:
    """Rule 3: what a document states, and what its lines come to today, is compared to the cent."""
    new = make_invoice(v1(invoice("1", line(tax_type="OUTPUT2"), totals=totals)), [], NEW, GROUND)
    assert [change.field for change in new.changes if change.rule == "invoice 3"] == fields


def test_documents_whose_tax_is_not_on_top_are_told() -> None:
    """Where the lines add up to the total they hold their tax, where nothing speaks of tax there is none: both told."""
    text = invoice("1", line("115", "15", unit="57.50", tax_type="OUTPUT2"), totals=("100", "15", "115"))
    new = make_invoice(v1(text), [], NEW, GROUND)
    assert new.record.line_amount_types == "Inclusive"
    assert [(change.field, change.now) for change in new.changes if change.weight != "plain"] == [
        ("IncludesTax", "Inclusive")
    ]
    untaxed = invoice("1", line("100", None, tax_type=None), totals=("100", "0", "100")).replace(">true<", ">false<")
    free = make_invoice(v1(untaxed), [], NEW, GROUND)
    assert (free.record.line_amount_types, free.total) == ("NoTax", Decimal(100))
    assert [(change.field, change.now) for change in free.changes] == [
        ("IncludesTax", "NoTax"),
        ("InvoiceStatus", "DRAFT"),
    ]


def test_a_document_without_lines_is_no_document() -> None:
    """A total without lines would come to nothing in today's books: that is an error."""
    bare = v1(invoice("1")).__class__(type="ACCREC", total=Decimal(5), contact=Contact(name="A"))
    assert [error.field for error in make_invoice(bare, [], NEW, GROUND).errors] == ["LineItems"]
