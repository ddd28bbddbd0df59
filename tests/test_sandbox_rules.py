"""The pure rules of documents: values, lengths, lines, totals, statuses."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xero_async.sandbox.resources import CONTACTS, INVOICES, LINE_ITEM
from xero_async.sandbox.rules import (
    Rejected,
    accept,
    line_amount,
    line_tax,
    next_status,
    price_lines,
    total_up,
)
from xero_async.sandbox.sales import due_day
from xero_async.sandbox.values import (
    Document,
    load_json,
    ms_of_day,
    read_day,
    read_moment,
    rounded,
    written_date,
    written_day,
)

CENT = Decimal("0.01")
amounts = st.decimals(min_value=-100_000, max_value=100_000, places=2)
quantities = st.decimals(min_value=0, max_value=1000, places=4)


def priced(*form: str, **fields: object) -> Document:
    """One line as it is stored; `form` may name the line amount types and ask for four decimals."""
    types = next((each for each in form if each != "fine"), "Exclusive")
    places = 4 if "fine" in form else 2
    sent = accept(LINE_ITEM, {"Description": "Work", **fields})
    return price_lines([sent], [], types, places=places)[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.004", "1.00"), ("2.675", "2.68"), ("1.115", "1.12")],
)
def test_halves_round_away_from_zero(value: str, expected: str) -> None:
    """A half cent goes away from zero on both sides of it."""
    assert rounded(Decimal(value)) == Decimal(expected)


@given(quantities, amounts, st.integers(0, 100))
def test_line_amount_is_the_exact_product_rounded_once(quantity: Decimal, unit: Decimal, discount: int) -> None:
    """Quantity by unit amount less the discount is rounded once, at the end."""
    exact = quantity * unit * (100 - discount) / 100
    assert line_amount(quantity, unit, Decimal(discount)) == exact.quantize(CENT, ROUND_HALF_UP)


@given(amounts)
def test_inclusive_tax_is_the_tax_on_what_remains(amount: Decimal) -> None:
    """The tax within an amount and the tax on the rest of it differ by no more than rounding does."""
    inside = line_tax(amount, "OUTPUT", "Inclusive")
    assert abs(line_tax(amount - inside, "OUTPUT", "Exclusive") - inside) <= CENT


def test_tax_is_rounded_a_line_at_a_time() -> None:
    """Three lines of 0.10 at 15 % bear 0.06 of tax, though 15 % of their sum would be 0.05."""
    lines = [priced(Quantity=1, UnitAmount="0.10", TaxType="OUTPUT") for _ in range(3)]
    assert total_up(lines, "Exclusive")[:3] == (Decimal("0.30"), Decimal("0.06"), Decimal("0.36"))


def test_totals_of_inclusive_lines_hold_the_tax_already() -> None:
    """115.00 inclusive of 15 % is 100.00 and 15.00."""
    lines = [priced("Inclusive", Quantity=1, UnitAmount="115", TaxType="OUTPUT")]
    assert total_up(lines, "Inclusive")[:3] == (Decimal("100.00"), Decimal("15.00"), Decimal("115.00"))


def test_no_tax_means_none() -> None:
    """With NoTax neither the tax type nor a tax amount that was sent counts."""
    assert priced("NoTax", Quantity=1, UnitAmount=100, TaxType="OUTPUT", TaxAmount=15)["TaxAmount"] == 0


@pytest.mark.parametrize(
    ("tax_type", "tax"), [("OUTPUT", "15"), ("INPUT2", "20"), ("ZERORATED", "0"), ("RROUTPUT", "5")]
)
def test_tax_types_have_their_rates(tax_type: str, tax: str) -> None:
    """The tax on 100.00 is the rate of the tax type."""
    assert priced(Quantity=1, UnitAmount=100, TaxType=tax_type)["TaxAmount"] == Decimal(tax)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Quantity": 1, "UnitAmount": 1, "TaxType": "NOPE"}, "TaxType code 'NOPE'"),
        (
            {"Quantity": 2, "UnitAmount": 50, "LineAmount": 99},
            "line total 99.00 does not match the expected line total 100.00",
        ),
        ({"Quantity": 2}, "UnitAmount or LineAmount must be specified"),
        ({"Description": " ", "UnitAmount": 2}, "Description must be specified"),
        ({"UnitAmount": 2, "DiscountRate": 101}, "between 0 and 100"),
        ({"UnitAmount": 999_999_999_999, "Quantity": 100}, "out of range"),
    ],
)
def test_lines_that_do_not_add_up_are_refused(fields: Document, message: str) -> None:
    """Each broken line is refused in words that name its fault."""
    with pytest.raises(Rejected, match=message):
        priced(**fields)


def test_a_line_of_words_alone_has_no_amount() -> None:
    """A description without amounts is kept, at zero and untaxed."""
    line = priced(TaxType="OUTPUT")
    assert (line["LineAmount"], line["TaxAmount"], line["TaxType"]) == (0, 0, "NONE")


def test_a_line_amount_alone_gives_the_unit_amount() -> None:
    """Where only the line's amount is sent, the unit amount is worked out and the amount stands."""
    line = priced(LineAmount=100, Quantity=3)
    assert (line["UnitAmount"], line["LineAmount"]) == (Decimal("33.3333"), Decimal("100.00"))


def test_a_tax_amount_that_is_sent_stands() -> None:
    """A client may correct the tax of a line."""
    assert priced(UnitAmount=100, TaxType="OUTPUT", TaxAmount="14.99")["TaxAmount"] == Decimal("14.99")


def test_unit_amounts_keep_the_decimals_of_the_request() -> None:
    """Two decimals unless the request asks for four."""
    assert priced(UnitAmount="1.23456")["UnitAmount"] == Decimal("1.23")
    assert priced("fine", UnitAmount="1.23456")["UnitAmount"] == Decimal("1.2346")


def test_lines_sent_back_are_merged_and_the_others_are_gone() -> None:
    """A line keeps what is not sent, is worked out again when its amounts change, and is deleted when left out."""
    kept = [priced(UnitAmount=10, Quantity=2, TaxType="OUTPUT"), priced(UnitAmount=5)]
    lines = price_lines([{"LineItemID": kept[0]["LineItemID"], "Quantity": Decimal(3)}], kept, "Exclusive", places=2)
    assert [(line["LineItemID"], line["UnitAmount"], line["LineAmount"], line["TaxAmount"]) for line in lines] == [
        (kept[0]["LineItemID"], Decimal(10), Decimal("30.00"), Decimal("4.50"))
    ]


def test_a_line_read_with_two_decimals_and_sent_back_is_unchanged() -> None:
    """The two decimals that a reader sees stand for all that the line has."""
    kept = [priced("fine", UnitAmount="1.2345", Quantity=100)]
    shown = {**kept[0], "UnitAmount": rounded(Decimal("1.2345"))}
    assert price_lines([shown], kept, "Exclusive", places=2) == kept


@given(st.lists(st.tuples(quantities, amounts, st.sampled_from(["OUTPUT", "OUTPUT2", "NONE"])), max_size=6))
def test_what_was_answered_may_be_sent_back(lines: list[tuple[Decimal, Decimal, str]]) -> None:
    """Priced lines sent back as they are stay as they are."""
    sent: list[Document] = [
        accept(LINE_ITEM, {"Description": "x", "Quantity": quantity, "UnitAmount": unit, "TaxType": tax})
        for quantity, unit, tax in lines
    ]
    stored = price_lines(sent, [], "Exclusive", places=2)
    assert price_lines(stored, stored, "Exclusive", places=2) == stored


@pytest.mark.parametrize(
    ("now", "wanted", "allowed"),
    [
        ("", "DRAFT", True),
        ("", "AUTHORISED", True),
        ("", "PAID", False),
        ("", "VOIDED", False),
        ("DRAFT", "DELETED", True),
        ("DRAFT", "VOIDED", False),
        ("SUBMITTED", "DRAFT", True),
        ("AUTHORISED", "VOIDED", True),
        ("AUTHORISED", "DELETED", False),
        ("AUTHORISED", "DRAFT", False),
        ("AUTHORISED", "PAID", False),
        ("PAID", "AUTHORISED", False),
        ("PAID", "VOIDED", False),
        ("VOIDED", "AUTHORISED", False),
        ("DELETED", "DRAFT", False),
        ("DELETED", "DELETED", True),
    ],
)
def test_only_legal_status_changes(now: str, wanted: str, allowed: bool) -> None:
    """Each step between statuses is allowed or refused as Xero has it."""
    if allowed:
        assert next_status("Invoice", now, wanted) == wanted
    else:
        with pytest.raises(Rejected, match=f"valid status for {'modification' if now else 'creation'}"):
            next_status("Invoice", now, wanted)


@pytest.mark.parametrize(
    ("sent", "day"),
    [
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T23:59:59", "2026-01-31"),
        ("2026-01-31T00:00:00.0000000Z", "2026-01-31"),
        ("2026-01-31T00:00:00+13:00", "2026-01-31"),
        ("/Date(1769817600000)/", "2026-01-31"),
        ("/Date(1769817600000+1300)/", "2026-01-31"),
        ("/Date(-1000)/", "1969-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
    ],
)
def test_dates_are_read_in_every_form(sent: str, day: str) -> None:
    """ISO days, ISO moments and the Microsoft form all name the same day."""
    assert written_day(read_day(sent)) == f"{day}T00:00:00"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "31/01/2026",
        "2026-02-30",
        "20260131",
        "2026-W05-6",
        "/Date(x)/",
        "/Date(99999999999999999)/",
        20260131,
        "\N{FULLWIDTH DIGIT TWO}026-01-31",
    ],
)
def test_garbage_is_no_date(sent: object) -> None:
    """What is none of the forms, or no day of the calendar, is refused."""
    with pytest.raises(ValueError, match=r"date|month|day"):
        read_day(sent)


def test_moments_are_read_in_both_forms() -> None:
    """`If-Modified-Since` means the same as ISO text and as RFC 1123 has it."""
    assert read_moment("2026-11-21T09:30:00") == read_moment("Sat, 21 Nov 2026 09:30:00 GMT") == 1_795_253_400_000
    for garbage in ("yesterday", "2026-13-01T00:00:00", "Sat, 99 Foo 2026 09:30:00 GMT", "2026-11-21T99:00:00"):
        with pytest.raises(ValueError, match=r".+"):
            read_moment(garbage)


@pytest.mark.parametrize(
    ("field", "limit"),
    [("ContactNumber", 50), ("Name", 255), ("CompanyNumber", 50), ("EmailAddress", 255), ("TaxNumber", 50)],
)
def test_texts_have_their_longest(field: str, limit: int) -> None:
    """A text of the full length passes; one character more is refused, by name."""
    accept(CONTACTS.accepts, {field: "x" * limit})
    with pytest.raises(Rejected, match=f"{field} must not exceed {limit} characters"):
        accept(CONTACTS.accepts, {field: "x" * (limit + 1)})


def test_lengths_hold_inside_lists_too() -> None:
    """A phone within a contact has its own lengths."""
    with pytest.raises(Rejected, match="PhoneAreaCode must not exceed 10"):
        accept(CONTACTS.accepts, {"Phones": [{"PhoneAreaCode": "x" * 11}]})


def test_all_problems_of_an_element_are_told_at_once() -> None:
    """Every field that does not fit has its own message."""
    with pytest.raises(Rejected) as caught:
        accept(INVOICES.accepts, {"Type": "X", "Date": "soon", "InvoiceID": "1", "LineItems": [{"Quantity": "many"}]})
    assert len(caught.value.messages) == 4


def test_read_only_and_unknown_fields_are_passed_over() -> None:
    """What a client may not write is left out without a word, and so is a null."""
    assert accept(INVOICES.accepts, {"AmountDue": 5, "Frobs": 1, "Reference": None, "Url": "u"}) == {"Url": "u"}


def test_numbers_and_truth_come_in_quotes_as_well() -> None:
    """A number or true in quotes is what it says."""
    taken = accept(INVOICES.accepts, {"CurrencyRate": "1.5", "SentToContact": "True", "Reference": 42})
    assert taken == {"CurrencyRate": Decimal("1.5"), "SentToContact": True, "Reference": "42"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e13", "", "x", True, [], {}])
def test_odd_numbers_are_refused(number: object) -> None:
    """What is no number of a sane size is refused."""
    with pytest.raises(Rejected):
        accept(LINE_ITEM, {"UnitAmount": number})


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40, b"1e99999999999999999999", b"\xff", b"9" * 9000]
)
def test_hostile_json_is_refused_in_order(text: bytes) -> None:
    """JSON too deep, numbers too large and bytes that are no text give one kind of error."""
    with pytest.raises(ValueError, match=r".+"):
        load_json(text)


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ({"Type": "DAYSAFTERBILLDATE", "Day": 10}, "2026-02-10"),
        ({"Type": "DAYSAFTERBILLMONTH", "Day": 10}, "2026-02-10"),
        ({"Type": "OFCURRENTMONTH", "Day": 31}, "2026-01-31"),
        ({"Type": "OFFOLLOWINGMONTH", "Day": 31}, "2026-02-28"),
        ({}, None),
    ],
)
def test_payment_terms_give_the_due_day(terms: Document, due: str | None) -> None:
    """Something issued on 31 January falls due as each kind of terms says."""
    issued = read_day("2026-01-31")
    assert due_day(issued, terms) == (None if due is None else read_day(due))


@given(st.dates())
def test_every_day_is_written_and_read_again(day: object) -> None:
    """A day comes back from its stored form, from year 1 to 9999."""
    from datetime import date

    assert isinstance(day, date)
    ms = ms_of_day(day)
    assert read_day(written_date(ms)) == ms == read_day(written_day(ms))
