"""Records out of files: JSON Lines, CSV and Parquet, exact, lazy, and refused with file, line and column."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import records

from xero_async.bulk.reading import Reading, format_of, locate, read
from xero_async.models import (
    Address,
    BankTransaction,
    Contact,
    CreditNote,
    Invoice,
    LineItem,
    LineItemTracking,
    ManualJournal,
    ManualJournalLine,
    Model,
    Payment,
    Phone,
)
from xero_async.wire import encode
from xero_async.wire.errors import InvalidArgument

TEMPLATE = (
    "*ContactName,EmailAddress,POAddressLine1,POAddressLine2,POAddressLine3,POAddressLine4,POCity,PORegion,POPostalCode,"
    "POCountry,*InvoiceNumber,Reference,*InvoiceDate,*DueDate,InventoryItemCode,*Description,*Quantity,*UnitAmount,"
    "Discount,*AccountCode,*TaxType,TrackingName1,TrackingOption1,TrackingName2,TrackingOption2,Currency,BrandingTheme"
)
"""The first line of Xero's template for sales invoices."""
THEME = "11111111-2222-3333-4444-555555555555"


def written(folder: Path, text: str | bytes, name: str = "sales.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path, record: type[Model] = Invoice, **reading: Any) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(InvalidArgument) as caught:
        list(read(path, record, reading=Reading(**reading)))
    return str(caught.value)


# -- JSON Lines -----------------------------------------------------------------------------------------------------


@given(given_records=st.lists(records(Invoice), max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_what_an_export_wrote_is_read_with_every_digit(tmp_path: Path, given_records: list[Invoice]) -> None:
    """Any record, written as a line, is read as the same record, and encodes to the same bytes."""
    lines = [encode(record) for record in given_records]
    path = written(tmp_path, b"\n".join(lines), "a.jsonl")
    assert [encode(record) for record in read(path, Invoice)] == lines


def test_blank_lines_marks_and_packed_files(tmp_path: Path) -> None:
    """Blank lines are nothing, a mark at the start is none of the text, and gzip is seen by its bytes; lines count."""
    text = '\ufeff{"InvoiceNumber": "A"}\n\n{"InvoiceNumber": "B"}\r\n'
    for name, data in (("a.jsonl", text.encode()), ("b.jsonl.gz", gzip.compress(text.encode()))):
        found = list(locate(written(tmp_path, data, name), Invoice))
        assert [(each.line, each.record.invoice_number) for each in found] == [(1, "A"), (3, "B")]


def test_dates_that_xero_writes_twice_are_no_strangers(tmp_path: Path) -> None:
    """`DateString` beside `Date` is passed over, and Xero's own form of a date is read."""
    line = '{"Date": "/Date(1767225600000+0000)/", "DateString": "2026-01-01T00:00:00"}'
    assert list(read(written(tmp_path, line, "a.jsonl"), Invoice)) == [Invoice(date=date(2026, 1, 1))]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"InvoiceNumbr": "A"}', "a.jsonl, line 2: there is no field InvoiceNumbr; is it InvoiceNumber?"),
        ('{"invoice_number": "A"}', "there is no field invoice_number; is it InvoiceNumber?"),
        ('{"LineItems": [{"Quantty": 1}]}', "there is no field LineItems[0].Quantty; is it Quantity?"),
        ('{"Contact": {"Nmae": 1}}', "there is no field Contact.Nmae; is it Name?"),
        ('{"LineItems": [{"UnitAmount": "x"}]}', "a.jsonl, line 2, LineItems[0].UnitAmount: invalid decimal string"),
        ('{"Date": "31/01/2026"}', "a.jsonl, line 2, Date: "),
        ('{"Total": NaN}', "this is no line of JSON"),
        ('{"Total": 1', "this is no line of JSON"),
        ('[{"Total": 1}]', "write each record whole on a line of its own"),
        ("{", "write each record whole on a line of its own"),
        ("7", "a record is a JSON object"),
    ],
)
def test_a_line_that_is_no_record_is_named(tmp_path: Path, line: str, told: str) -> None:
    """Unknown fields, wrong types and broken JSON are refused with file, line and field, and with what to do."""
    path = written(tmp_path, f"{{}}\n{line}", "a.jsonl")
    drawn = read(path, Invoice)
    assert next(drawn) == Invoice()
    with pytest.raises(InvalidArgument) as caught:
        next(drawn)
    assert told in str(caught.value)
    assert "line 2" in str(caught.value)


def test_no_value_is_in_a_refusal(tmp_path: Path) -> None:
    """What a file holds of customers is not in the sentence that refuses it."""
    told = refusal(written(tmp_path, '{"Total": "secret"}', "a.jsonl"))
    told += refusal(written(tmp_path, "InvoiceNumber,Total\nA,secret\n"))
    told += refusal(written(tmp_path, "InvoiceNumber,InvoiceDate\nA,secret\n"))
    assert "secret" not in told


def test_not_utf_8_and_torn_files(tmp_path: Path) -> None:
    """Bytes that are no text, and packed files that are cut off, are told by line."""
    assert "line 1: this is no line of JSON (it is not UTF-8)" in refusal(
        written(tmp_path, b'{"Url": "\xff"}', "a.jsonl")
    )
    whole = gzip.compress(b"".join(b'{"InvoiceNumber": "%d"}\n' % n for n in range(10_000)))
    assert "damaged or cut off" in refusal(written(tmp_path, whole[:-50], "b.jsonl.gz"))
    assert "UTF-16" in refusal(written(tmp_path, "InvoiceNumber\nA\n".encode("utf-16")))


# -- CSV ------------------------------------------------------------------------------------------------------------


def test_the_template_of_xero(tmp_path: Path) -> None:
    """Each of the template's columns is read; rows of one number are lines of one invoice, and texts may hold lines."""
    path = written(
        tmp_path,
        f"{TEMPLATE}\n"
        "Acme,a@acme.test,1 High St,Unit 2,,,Leeds,Yorks,LS1,UK,INV-1,PO 7,2026-01-31,2026-02-28,DESK,"
        '"A desk,\n""oak""",2,"1,234.50",10,200,20% (VAT on Income),Region,North,Team,Red,GBP,Standard\n'
        ",,,,,,,,,,INV-1,,,,,Delivery,1,0.1000,,201,NONE,,,,,,\n"
        "Bolt,,,,,,,,,,INV-2,,2026-01-31,2026-02-28,,Nails,-3,.05,,200,OUTPUT2,,,,,,\n",
    )
    reading = Reading(tax_types={"20% (VAT on Income)": "OUTPUT2"}, branding_themes={"Standard": THEME})
    first, second = locate(path, Invoice, reading=reading)
    assert first.line == 2
    assert first.record == Invoice(
        contact=Contact(
            name="Acme",
            email_address="a@acme.test",
            addresses=[
                Address(
                    address_type="POBOX",
                    address_line1="1 High St",
                    address_line2="Unit 2",
                    city="Leeds",
                    region="Yorks",
                    postal_code="LS1",
                    country="UK",
                )
            ],
        ),
        invoice_number="INV-1",
        reference="PO 7",
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        currency_code="GBP",
        branding_theme_id=THEME,
        line_items=[
            LineItem(
                item_code="DESK",
                description='A desk,\n"oak"',
                quantity=Decimal(2),
                unit_amount=Decimal("1234.50"),
                discount_rate=Decimal(10),
                account_code="200",
                tax_type="OUTPUT2",
                tracking=[LineItemTracking(name="Region", option="North"), LineItemTracking(name="Team", option="Red")],
            ),
            LineItem(
                description="Delivery",
                quantity=Decimal(1),
                unit_amount=Decimal("0.1000"),
                account_code="201",
                tax_type="NONE",
            ),
        ],
    )
    assert str(first.record.line_items[1].unit_amount) == "0.1000" if first.record.line_items else False
    assert second.line == 5
    assert second.record.line_items == [
        LineItem(
            description="Nails",
            quantity=Decimal(-3),
            unit_amount=Decimal("0.05"),
            account_code="200",
            tax_type="OUTPUT2",
        )
    ]


def test_a_template_filled_by_a_spreadsheet_of_another_country(tmp_path: Path) -> None:
    """Semicolons are seen; commas in numbers, and days before months, hold where the caller says so."""
    path = written(tmp_path, "InvoiceNumber;InvoiceDate;UnitAmount\nA;31/01/2026;1.234,50\nB;1.2.2026;-0,5\n")
    reading = Reading(dates="dmy", decimal_comma=True)
    first, second = read(path, Invoice, reading=reading)
    assert (first.date, first.line_items) == (date(2026, 1, 31), [LineItem(unit_amount=Decimal("1234.50"))])
    assert (second.date, second.line_items) == (date(2026, 2, 1), [LineItem(unit_amount=Decimal("-0.5"))])
    path = written(tmp_path, "InvoiceNumber\tInvoiceDate\nA\t01/31/2026\n")
    assert [each.date for each in read(path, Invoice, reading=Reading(dates="mdy"))] == [date(2026, 1, 31)]


def test_other_encodings(tmp_path: Path) -> None:
    """What is not UTF-8 is refused by line, and read where its encoding is given."""
    path = written(tmp_path, "InvoiceNumber,ContactName\nA,Bräu\n".encode("cp1252"))
    assert "line 2: is not utf-8: save the file as UTF-8, or say its encoding" in refusal(path)
    (record,) = read(path, Invoice, reading=Reading(encoding="cp1252"))
    assert record.contact == Contact(name="Bräu")
    with pytest.raises(InvalidArgument, match="no such encoding"):
        Reading(encoding="utf-9")


def test_titles_may_be_xeros_names(tmp_path: Path) -> None:
    """Paths reach every field: ids of contacts, a second line in one row, phones by type; places go by their number."""
    path = written(
        tmp_path,
        "InvoiceNumber,Contact.ContactID,Type,LineAmountTypes,SentToContact,LineItems[1].Quantity,LineItems[0].Quantity,"
        "UpdatedDateUTC,Contact.Phones[MOBILE].PhoneNumber\n"
        f"A,{THEME},ACCPAY,NoTax,yes,2,1,2026-01-31T12:00:00Z,555\n",
    )
    assert list(read(path, Invoice)) == [
        Invoice(
            invoice_number="A",
            contact=Contact(contact_id=THEME, phones=[Phone(phone_type="MOBILE", phone_number="555")]),
            type="ACCPAY",
            line_amount_types="NoTax",
            sent_to_contact=True,
            line_items=[LineItem(quantity=Decimal(1)), LineItem(quantity=Decimal(2))],
            updated_date_utc=datetime(2026, 1, 31, 12, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    ("record", "text", "made"),
    [
        (
            Invoice,
            f"invoice_number,contact_id,due date,sub_total\nA,{THEME},2026-01-31,1.00\n",
            [
                Invoice(
                    invoice_number="A",
                    contact=Contact(contact_id=THEME),
                    due_date=date(2026, 1, 31),
                    sub_total=Decimal("1.00"),
                )
            ],
        ),
        (
            Contact,
            "*ContactName,AccountNumber,PhoneNumber,SACity,Discount\nAcme,A7,555,Leeds,5\n",
            [
                Contact(
                    name="Acme",
                    account_number="A7",
                    phones=[Phone(phone_type="DEFAULT", phone_number="555")],
                    addresses=[Address(address_type="STREET", city="Leeds")],
                    discount=Decimal(5),
                )
            ],
        ),
        (
            CreditNote,
            "Type,CreditNoteNumber,CreditNoteDate,ContactName,Quantity\nACCRECCREDIT,C1,2026-01-02,Acme,1\n",
            [
                CreditNote(
                    type="ACCRECCREDIT",
                    credit_note_number="C1",
                    date=date(2026, 1, 2),
                    contact=Contact(name="Acme"),
                    line_items=[LineItem(quantity=Decimal(1))],
                )
            ],
        ),
        (
            ManualJournal,
            "Narration,Date,JournalLines.LineAmount,AccountCode\nRent,2026-01-02,5,200\nRent,,-5,400\n",
            [
                ManualJournal(
                    narration="Rent",
                    date=date(2026, 1, 2),
                    journal_lines=[
                        ManualJournalLine(line_amount=Decimal(5), account_code="200"),
                        ManualJournalLine(line_amount=Decimal(-5), account_code="400"),
                    ],
                )
            ],
        ),
    ],
)
def test_other_resources(tmp_path: Path, record: type[Model], text: str, made: list[Model]) -> None:
    """Contacts, credit notes and journals have titles of their own, and names as an export writes them will do."""
    assert list(read(written(tmp_path, text), record)) == made


def test_rows_without_a_number_are_documents_by_themselves(tmp_path: Path) -> None:
    """Nothing joins rows that no number joins; payments and bank transactions are one row each."""
    path = written(tmp_path, "ContactName,Quantity\nA,1\nA,1\n")
    assert len(list(read(path, Invoice))) == 2
    assert len(list(read(written(tmp_path, "Reference,Quantity\nA,1\nA,1\n"), BankTransaction))) == 2
    (payment,) = read(written(tmp_path, "Invoice.InvoiceNumber,Amount,Account.Code\nA,1.10,090\n"), Payment)
    assert (payment.amount, payment.account and payment.account.code) == (Decimal("1.10"), "090")


def test_bills_of_one_number_from_two_suppliers_are_two(tmp_path: Path) -> None:
    """A bill's number is its supplier's own, so the contact tells bills apart."""
    path = written(tmp_path, "ContactName,InvoiceNumber,Quantity\nA,1,1\n,1,2\nB,1,3\n")
    assert [len(each.line_items or ()) for each in read(path, Invoice)] == [2, 1]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: the first line holds no titles of columns"),
        ("InvoiceNumbr\nA\n", "line 1, column InvoiceNumbr: invoice has no such field; is it InvoiceNumber?"),
        ("DueDat\nA\n", "is it DueDate?"),
        ("Quantity,LineItems.Quantity\n1,2\n", "another column says the same"),
        ("Contact.Addresses.City\nA\n", "no such field"),
        ("InvoiceNumber,Quantity\nA,1\nA,x\n", "line 3, column Quantity: is no number: write it like 1234.50"),
        ("InvoiceNumber,Quantity\nA,£1\n", "is no number"),
        ("InvoiceNumber,Quantity\nA,\u0661\n", "is no number"),
        ("InvoiceNumber,Quantity\nA,1e5\n", "is no number"),
        ("InvoiceNumber;Quantity\nA;1,5\n", "a comma in a number may mean two things"),
        ('InvoiceNumber,Quantity\nA,"1,234"\n', "a comma in a number may mean two things"),
        ("InvoiceNumber,DueDate\nA,03/04/2026\n", "day and month may be either way round"),
        ("InvoiceNumber,DueDate\nA,2026-02-30\n", "is no date: write it like 2026-01-31"),
        ("InvoiceNumber,SentToContact\nA,maybe\n", "is neither true nor false"),
        ("InvoiceNumber,BrandingTheme\nA,Standard\n", "no branding theme of this name"),
        ("InvoiceNumber\nA,B\n", "line 2: the row has 2 cells for 1 columns"),
        ('InvoiceNumber,Description\nA,"b" c\n', "line 2: the quotes of the row do not match"),
        ('InvoiceNumber,Description\nA,"b\n', "line 2: the quotes of the row do not match"),
        ("InvoiceNumber,Quantity\nA,1\nB,1\nA,2\n", "line 4: a document of this number is further up"),
        (
            "InvoiceNumber,Quantity,DueDate\nA,1,2026-01-01\nA,1,2026-01-02\n",
            "line 3, column DueDate: differs from line 2",
        ),
    ],
)
def test_a_sheet_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """Every slip that would change a document is refused with file, line, column and what to do."""
    sentence = refusal(written(tmp_path, text))
    assert sentence.startswith("sales.csv, line ")
    assert told in sentence


@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_money_keeps_its_digits(tmp_path: Path, amount: Decimal) -> None:
    """A number in a cell is the number in the record, digit for digit."""
    (record,) = read(written(tmp_path, f"InvoiceNumber,UnitAmount\nA,{amount:f}\n"), Invoice)
    assert record.line_items is not None
    assert str(record.line_items[0].unit_amount) == f"{amount:f}"


# -- Parquet --------------------------------------------------------------------------------------------------------


def parquet(path: Path, columns: dict[str, list[Any]]) -> Path:
    """A Parquet file of these columns."""
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    pytest.importorskip("pyarrow.parquet").write_table(pa.table(columns), path)
    return path


def test_parquet_nested_and_flat(tmp_path: Path) -> None:
    """Lists and structs are read as they are, flat columns as in a sheet; floats as printed, NaN as nothing."""
    nested = parquet(
        tmp_path / "a.parquet",
        {
            "InvoiceNumber": ["A", "B"],
            "Contact": [{"Name": "Acme"}, {"Name": None}],
            "Date": [date(2026, 1, 31), None],
            "LineItems": [[{"Quantity": Decimal("1.50"), "UnitAmount": 0.1}], [{"Quantity": None, "UnitAmount": 2.0}]],
        },
    )
    assert [*locate(nested, Invoice)] == [
        (
            1,
            Invoice(
                invoice_number="A",
                contact=Contact(name="Acme"),
                date=date(2026, 1, 31),
                line_items=[LineItem(quantity=Decimal("1.50"), unit_amount=Decimal("0.1"))],
            ),
        ),
        (2, Invoice(invoice_number="B", line_items=[LineItem(unit_amount=Decimal("2.0"))])),
    ]
    flat = parquet(
        tmp_path / "b.parquet",
        {
            "*InvoiceNumber": ["A", "A"],
            "InvoiceDate": [datetime(2026, 1, 31), None],
            "UnitAmount": [0.1, float("nan")],
            "AccountCode": [200, 201],
        },
    )
    (record,) = read(flat, Invoice)
    assert record.date == date(2026, 1, 31)
    assert record.line_items == [LineItem(unit_amount=Decimal("0.1"), account_code="200"), LineItem(account_code="201")]


def test_parquet_that_does_not_fit(tmp_path: Path) -> None:
    """A wrong type is told with the row and the column, a time of day is no day, and a text is no Parquet file."""
    path = parquet(tmp_path / "a.parquet", {"InvoiceNumber": ["A"], "Quantity": [True]})
    assert "a.parquet, row 1, column Quantity: holds a bool" in refusal(path)
    path = parquet(tmp_path / "a.parquet", {"InvoiceNumber": ["A"], "DueDate": [datetime(2026, 1, 1, 12)]})
    assert "holds a time of day" in refusal(path)
    path = parquet(tmp_path / "a.parquet", {"LineItems": [[{"Quantty": 1}]]})
    assert "a.parquet, row 1: there is no field LineItems[0].Quantty; is it Quantity?" in refusal(path)
    assert "no Parquet file" in refusal(written(tmp_path, "x", "b.parquet"))


# -- files ----------------------------------------------------------------------------------------------------------


def test_the_name_tells_the_format(tmp_path: Path) -> None:
    """Endings in any case, packed or not; one that says nothing is refused before the file is opened."""
    names = ("a.jsonl", "a.NDJSON", "a.jsonl.gz", "a.csv", "a.CSV.GZ", "a.tsv", "a.parquet")
    assert [format_of(name) for name in names] == ["jsonl", "jsonl", "jsonl", "csv", "csv", "csv", "parquet"]
    with pytest.raises(InvalidArgument, match="name its format"):
        format_of("a.xlsx")
    with pytest.raises(InvalidArgument, match=r"write each record on a line of its own \(\.jsonl\)"):
        format_of("a.json")
    with pytest.raises(OSError, match="nowhere"):
        list(read(tmp_path / "nowhere.csv", Invoice))
    assert list(read(written(tmp_path, "{}", "a"), Invoice, "jsonl")) == [Invoice()]


def peak_of(records: Iterator[Model]) -> int:
    """The most bytes that were in memory while records were drawn."""
    tracemalloc.start()
    try:
        for _ in records:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    """Five times as many records take no more memory, but for a few bytes a number that a sheet remembers."""
    peaks: list[int] = []
    for count in (500, 2_500):
        if name == "a.csv":
            text = "InvoiceNumber,Quantity\n" + "".join(f"INV-{n},1\n" for n in range(count))
        else:
            text = "".join(json.dumps({"InvoiceNumber": f"INV-{n}"}) + "\n" for n in range(count))
        peaks.append(peak_of(read(written(tmp_path, text, name), Invoice)))
    assert peaks[1] - peaks[0] < 2_000 * (150 if name == "a.csv" else 10)


def test_records_are_drawn_as_they_are_taken(tmp_path: Path) -> None:
    """What is wrong further down is met only when it is reached."""
    path = written(tmp_path, "InvoiceNumber,Quantity\n" + "".join(f"{n},1\n" for n in range(5)) + "x,y\n")
    drawn = read(path, Invoice)
    assert [record.invoice_number for record in islice(drawn, 4)] == ["0", "1", "2", "3"]
