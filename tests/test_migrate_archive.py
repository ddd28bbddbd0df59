"""An archive of v1, without a server: how it is read, which of its records count, and the plan."""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
import zipfile
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migrate_stage import made, planned, records, told
from v1_archive import answer, archive, bill, contact, guid, invoice, line

from xero_async import Contact, InvalidArgument, Invoice
from xero_async.bulk.migrate import Document, Told, elements
from xero_async.bulk.migrate.elements import Unreadable
from xero_async.bulk.migrate.records import Around, Bad, Record, read
from xero_async.bulk.migrate.sources import sources_in
from xero_async.network_v1 import decode_v1

# -- reading --------------------------------------------------------------------------------------------------------


def test_records_come_with_their_places() -> None:
    """Each record has its position, line and column; what is around them comes last."""
    first, bad, second, around = records(answer(invoice("1"), invoice("2", line(quantity="x")), contact("C")))
    assert isinstance(first, Record)
    assert (first.place.position, first.place.line, first.place.column) == (1, 3, 1)
    assert isinstance(bad, Bad)
    assert (bad.place.line, bad.number, bad.field) == (4, "2", "LineItems[0].Quantity")
    assert isinstance(second, Record)
    assert second.record == Contact(name="C")
    assert isinstance(around, Around)
    assert around.saved is not None
    assert around.saved.year == 2009


@pytest.mark.parametrize("data", [invoice("1"), f"<Invoices>{invoice('1')}</Invoices>", answer(invoice("1"))])
def test_every_form_of_a_document_is_read(data: str) -> None:
    """A single record, a body of import.xro and a saved answer hold the same."""
    found = records(data)[0]
    assert isinstance(found, Record)
    assert [found.record] == decode_v1(data.encode()).invoices


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (answer(invoice("1"))[:300], 3, "unclosed token"),
        ("", 1, "no element found"),
        ("<Invoices>\n<Invoice></Invoices>", 2, "mismatched tag"),
        ("<Orders/>", 1, "its outermost element is Orders"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><Invoices>&b;</Invoices>', 1, "document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><Invoices/>', 1, "document type"),
        ("<Invoices>&b;</Invoices>", 1, "undefined entity"),
        ("<Invoices>" + "<a>" * 70, 1, "nested too deeply"),
        ('<?xml version="1.0" encoding="no-such"?><Invoices/>', 1, "unknown encoding"),
        (b"<Invoices>\n\xff</Invoices>", 2, "not well-formed"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(data: str | bytes, line: int, reason: str) -> None:
    """Truncated documents, entities, wrong encodings and other people's XML are refused with a line and a reason."""
    with pytest.raises(Unreadable) as told:
        records(data)
    assert told.value.line == line
    assert reason in told.value.reason


def test_text_is_read_to_the_letter() -> None:
    """Carriage returns, CDATA and what looks like markup are in the record as they were in the document."""
    (found, _) = records(invoice("1").replace("Desk", "a&#13;&#10;b <![CDATA[<&]]> &lt;c&gt;"))
    assert isinstance(found, Record)
    assert isinstance(found.record, Invoice)
    assert [each.description for each in found.record.line_items or ()] == ["a\r\nb <& <c>"]


def test_what_has_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record, and what stands around the records, may not fill the memory."""
    monkeypatch.setattr(elements, "LONGEST", 200_000)
    monkeypatch.setattr(elements, "MOST", 50)
    for data in (
        f"<Invoice>{'x' * 300_000}",
        f"<Invoices>{'x' * 300_000}",
        "<Invoice>" + "<a/>" * 60,
        "<Invoices>" + "<a/>" * 60,
    ):
        with pytest.raises(Unreadable, match="than any of Xero's"):
            records(data)
    many = "<Invoices>" + "<Invoice><a/></Invoice>" * 60 + "</Invoices>"
    assert len(records(many)) == 61


@given(
    st.integers(1, 64),
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"])), max_size=4),
)
def test_pieces_make_no_difference(step: int, texts: list[str]) -> None:
    """However the document is cut into pieces, its records are those that are read from the whole."""
    whole = answer(*(invoice(text, more="<Odd>1</Odd>") for text in texts), contact("Ärger & <Co>"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(elements, "STEP", step)
        found = [part.record for part in records(whole) if isinstance(part, Record)]
    document = decode_v1(whole.encode())
    assert found == [*document.invoices, *document.contacts]


def test_an_archive_is_files_folders_and_what_is_packed(tmp_path: Path) -> None:
    """Folders are read recursively in the order of names, zip and gz unpacked, and what is no XML is left alone."""
    folder = archive(tmp_path / "a" / "z", b_xml=invoice("1"), a_txt=" <Invoices/>", n_txt="no")
    (folder.parent / "x.xml.gz").write_bytes(gzip.compress(invoice("2").encode()))
    with zipfile.ZipFile(folder.parent / "p.zip", "w") as packed:
        packed.writestr("in/2.xro", invoice("3"))
        packed.writestr("in/1.xml", gzip.compress(invoice("4").encode()))
        packed.writestr("__MACOSX/._1.xml", "x")
    (folder / ".hidden.xml").write_text("x")
    root = str(tmp_path / "a")
    names: list[str] = []
    numbers: list[str | None] = []
    for one in sources_in([tmp_path / "a"]):
        if one.is_xml():
            names.append(one.name.removeprefix(root))
            parts = [part.record for part in read(one) if isinstance(part, Record)]
            numbers += [each.invoice_number for each in parts if isinstance(each, Invoice)]
    assert names == ["/p.zip/in/1.xml", "/p.zip/in/2.xro", "/x.xml.gz", "/z/a.txt", "/z/b.xml"]
    assert numbers == ["4", "3", "2", "1"]
    with pytest.raises(InvalidArgument, match="no such file"):
        list(sources_in([tmp_path / "none"]))


def test_damaged_packing_is_told(tmp_path: Path) -> None:
    """A gz that is cut off and a zip that is none are broken files, not the end of the run."""
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(answer(invoice("1")).encode())[:60])
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 no zip")
    told = list(planned(tmp_path)[1].told())
    assert [(each.what, each.changes[0].why) for each in told] == [
        ("broken", "it is packed, and damaged or cut off")
    ] * 2


def test_a_zip_may_name_its_files_oddly(tmp_path: Path) -> None:
    """Of two files with one name none is passed over, nor one whose path begins with dots; bad names are damage."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for number, name in enumerate(("a.xml", "./b.xml", "../../c.xml")):
            packed.writestr(name, invoice(str(number)))
        with pytest.warns(UserWarning, match="Duplicate name"):
            packed.writestr("a.xml", invoice("3"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as packed:
        packed.writestr("ä.xml", invoice("bad"))
    (tmp_path / "b.zip").write_bytes((tmp_path / "b.zip").read_bytes().replace("ä".encode(), b"\xff\xfe"))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as packed:
        packed.write(tmp_path / "a.zip", "a.zip")
    plan = planned(tmp_path)[1]
    assert sorted(document.number for document in made(plan)) == ["0", "1", "2", "3"]
    assert [(each.what, each.changes[0].why) for each in plan.told()] == [
        ("broken", "it is packed, and damaged or cut off"),
        ("broken", "it is packed in a way that is not known: unpack it"),
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes")
def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A pipe is not waited for, nor a link to a folder followed, which may lead back: both are left alone and told."""
    archive(tmp_path, a_xml=invoice("1"))
    os.mkfifo(tmp_path / "pipe.xml")
    (tmp_path / "round").symlink_to(tmp_path)
    plan = planned(tmp_path)[1]
    assert [document.number for document in made(plan)] == ["1"]
    told_of = [(each.what, Path(each.place.file).name) for each in plan.told()]
    assert told_of == [("left", "pipe.xml"), ("left", "round")]


def test_a_file_that_breaks_off_is_left_out_as_a_whole(tmp_path: Path) -> None:
    """Where the disk or the packing fails amid a file, what was read of it before does not count."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("a.xml", answer(*(invoice(os.urandom(40).hex()) for _ in range(3000))))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[len(data) * 9 // 10] ^= 0xFF
    (tmp_path / "a.zip").write_bytes(data)
    plan = planned(tmp_path)[1]
    assert made(plan) == []
    ((what, _),) = told(plan)
    assert what == "broken"


@pytest.mark.parametrize("number", ["NaN", "-Infinity"])
def test_what_is_no_number_is_an_error_of_its_record(tmp_path: Path, number: str) -> None:
    """The record is told with the field, and the others are planned."""
    plan = planned(archive(tmp_path, a_xml=answer(invoice("N", line(number)), invoice("B"))))[1]
    assert [document.number for document in made(plan)] == ["B"]
    ((what, number, field),) = ((each.what, each.number, each.changes[0].field) for each in plan.told())
    assert (what, number, field) == ("error", "N", "LineItems[0].LineAmount")


@pytest.mark.parametrize("number", ["9" * 40, "1E5000", "12E999999"])
def test_a_number_without_measure_ends_nothing(tmp_path: Path, number: str) -> None:
    """Amounts beyond any that Xero has are told, or refused by the checks: the others are read all the same."""
    huge = [invoice("T", totals=("100", "15", number)), invoice("X", line(tax=number)), invoice("A", line(number))]
    plan = planned(archive(tmp_path, a_xml=answer(*huge, bill("B"))))[1]
    documents = made(plan)
    assert [document.number for document in documents] == ["T", "X", "A", "B"]
    assert ("Total", "money") in [(change.field, change.weight) for change in documents[0].changes]


# -- which records count --------------------------------------------------------------------------------------------


EARLY, LATE = "2009-01-01T00:00:00", "2010-01-01T00:00:00"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (invoice("A", id=1, saved=EARLY), invoice("B", id=1, saved=LATE), ["B"]),
        (invoice("A", id=1, saved=LATE), invoice("B", id=1, saved=EARLY), ["A"]),
        (invoice("A", id=1), invoice("B", id=1), ["B"]),
        (invoice("A", saved=LATE), invoice("A", id=1, saved=EARLY), ["A"]),
        (invoice("A", id=1), invoice("a "), ["a "]),
        (bill("A"), bill("A", id=1), ["A"]),
        (bill("A", id=1), bill("A", id=2), ["A", "A"]),
        (bill("A"), bill("A", contact="<Name>Other</Name>"), ["A", "A"]),
        (invoice(), invoice(), [None]),
        (invoice(), invoice(due=None), [None, None]),
        (f"<Invoices>{invoice()}{invoice()}</Invoices>", invoice(), [None, None]),
        (invoice("A", id=1, saved=EARLY), invoice("A", id=1, saved=LATE, status="DELETED"), []),
        (invoice("A", id=1, status="VOIDED"), invoice("A", id=2), ["A"]),
    ],
)
def test_of_one_document_the_last_that_was_saved_counts(
    tmp_path: Path, first: str, second: str, expected: list[str | None]
) -> None:
    """One InvoiceID, one number, or the same to the letter is one document; bills share their numbers."""
    _, plan = planned(archive(tmp_path, a_xml=first, b_xml=second))
    numbers = [each.record.invoice_number for each in made(plan) if isinstance(each.record, Invoice)]
    assert numbers == expected
    count = len(records(first)) + len(records(second)) - 2
    assert len(made(plan)) + len(told(plan)) == count


def test_two_documents_of_one_number_are_told(tmp_path: Path) -> None:
    """Two sales invoices with ids of their own and one number are two documents, and only one can have it."""
    _, plan = planned(archive(tmp_path, a_xml=invoice("A", id=1), b_xml=invoice("A", id=2)))
    assert (len(made(plan)), told(plan)) == (1, [("error", "A")])


@pytest.mark.parametrize("other", [invoice("A", contact="<Name>Blue House</Name>"), invoice(" a", id=2)])
def test_one_number_with_two_contacts_is_an_error(tmp_path: Path, other: str) -> None:
    """With ids or without, a number that two contacts have is told with both, and only one document has it."""
    first = invoice("A", contact="<Name>Green House</Name>")
    _, plan = planned(archive(tmp_path, a_xml=first, b_xml=other))
    assert (len(made(plan)), told(plan)) == (1, [("error", "A")])
    (error,) = plan.told()
    assert [(each.field, each.was, each.weight) for each in error.changes] == [
        ("", "", "look"),
        ("Contact", "Green House", "look"),
    ]


def test_one_number_with_two_totals_is_told(tmp_path: Path) -> None:
    """What is one by its number alone, and differs in date or total, is to be looked at; one id is saved anew."""
    other = line("200.00", "30.00", unit="100.00")
    later = invoice("a ", other, totals=("200", "30", "230.000")).replace("2009-02-25", "2009-02-26")
    told_of = [("InvoiceDate", "2009-02-25", "2009-02-26", "look"), ("Total", "115.00", "230.00", "look")]
    for name, first, second, expected in (
        ("none", invoice("A"), later, told_of),
        ("one", invoice("A", id=1), later, told_of),
        ("same", invoice("A", id=1), later.replace("<Contact>", f"<InvoiceID>{guid(1)}</InvoiceID><Contact>"), []),
        ("alike", invoice("A"), invoice("A"), []),
    ):
        _, plan = planned(archive(tmp_path / name, a_xml=first, b_xml=second))
        ((what, changes),) = ((each.what, each.changes) for each in plan.told())
        assert (what, changes[0].weight) == ("duplicate", "plain")
        assert [(each.field, each.was, each.now, each.weight) for each in changes[1:]] == expected


def test_two_contacts_of_one_name_are_told(tmp_path: Path) -> None:
    """A name can be had once: numbers and ids that differ are to be looked at, in records and in invoices."""
    _, plan = planned(
        archive(
            tmp_path / "records",
            a_xml=answer(contact("Red", id=1, number="N1"), contact("Blue", id=3, number="N3"), contact("Green", id=4)),
            b_xml=answer(contact("red ", id=2, number="N2"), contact("Blue", id=3, number="N4"), contact("Green")),
        )
    )
    found = [(each.number, each.what, each.changes[1:]) for each in plan.told()]
    assert [(number, what, [(each.field, each.was, each.now) for each in more]) for number, what, more in found] == [
        ("Red", "duplicate", [("ContactNumber", "N1", "N2"), ("ContactID", guid(1), guid(2))]),
        ("Blue", "duplicate", []),
        ("Green", "duplicate", []),
    ]
    held = [invoice(str(number), contact=f"<ContactID>{guid(number)}</ContactID><Name>Red</Name>") for number in (1, 2)]
    _, plan = planned(archive(tmp_path / "invoices", a_xml=answer(*held)))
    changes = [change for document in made(plan) for change in document.changes if change.field == "Contact.ContactID"]
    assert [(change.was, change.weight) for change in changes] == [(guid(1), "look"), (guid(2), "plain")]
    assert guid(2) in changes[0].why


def test_what_v1_refused_is_not_made(tmp_path: Path) -> None:
    """A saved answer tells what v1 would not have: that was never in the books."""
    refused = "<ValidationErrors><ValidationError><Message>No</Message></ValidationError></ValidationErrors>"
    text = answer(invoice("A", more=refused), invoice("B"))
    _, plan = planned(
        archive(tmp_path, a_xml=text, b_xml=text.replace("<Status>OK", "<Status>ERROR").replace(">B<", ">C<"))
    )
    assert [each.number for each in made(plan)] == ["B"]
    assert sorted(told(plan)) == [("broken", ""), ("refused", "A")]


def test_contacts_come_before_the_invoices_that_name_them(tmp_path: Path) -> None:
    """Each contact is made once, by its best record; the deleted, only where an invoice needs it."""
    _, plan = planned(
        archive(
            tmp_path,
            a_xml=answer(
                invoice("1", contact=f"<ContactID>{guid(1)}</ContactID><Name>Old name</Name>"),
                invoice("2", contact="<Name>needed</Name>"),
                invoice("3", contact="<Name>Here</Name>"),
                invoice("4", contact="<Name>Bare</Name><EmailAddress>a@b.example</EmailAddress>"),
                contact("New name", id=1, number="N1"),
                contact("Needed", status="DELETED"),
                contact("Gone", status="DELETED"),
                contact("Here"),
            ),
        ),
        there=[Contact(contact_id=guid(9), name="here")],
    )
    contacts = [each.record for each in plan.documents("contacts")]
    assert contacts == [
        Contact(name="Bare", email_address="a@b.example"),
        Contact(name="New name", contact_number="N1"),
        Contact(name="Needed"),
    ]
    assert [each.record.contact for each in made(plan) if isinstance(each.record, Invoice)] == [
        Contact(name="New name", contact_number="N1"),
        Contact(name="Needed"),
        Contact(contact_id=guid(9)),
        Contact(name="Bare"),
    ]
    assert sorted(told(plan)) == [("dead", "Gone"), ("there", "Here")]


def test_what_the_organisation_has_is_not_made_again(tmp_path: Path) -> None:
    """By InvoiceID, by a sales invoice's number, or by all that can be compared; each stands for one alone."""
    house = Contact(contact_id=guid(9), name="Red House")
    alike: dict[str, Any] = {"contact": house, "date": date(2009, 2, 25), "total": Decimal(115)}
    others: dict[str, Any] = alike | {"contact": Contact(name="Other")}
    there: list[Contact | Invoice] = [
        house,
        Invoice(invoice_id=guid(1), type="ACCREC", invoice_number="OTHER", **alike),
        Invoice(invoice_id=guid(11), type="ACCREC", invoice_number="b", **alike),
        Invoice(invoice_id=guid(12), type="ACCPAY", invoice_number="C", **alike),
        Invoice(invoice_id=guid(13), type="ACCREC", invoice_number="D", status="DELETED", **alike),
        Invoice(invoice_id=guid(14), type="ACCREC", invoice_number="E", **others),
    ]
    text = answer(invoice("A", id=1), invoice("B"), bill("C", id=3), bill("C", id=4), invoice("D"), invoice("E"))
    _, plan = planned(archive(tmp_path, a_xml=text), there=there)
    assert [each.number for each in made(plan)] == ["C", "D"]
    # Somebody else's document has the number of the last.
    assert told(plan) == [("there", "A"), ("there", "B"), ("there", "C"), ("error", "E")]


# -- the plan -------------------------------------------------------------------------------------------------------


def test_a_later_run_takes_up_the_plan(tmp_path: Path) -> None:
    """What was decided stands, whatever the organisation has then; what is new comes behind, what is gone is told."""
    folder, journal = archive(tmp_path / "a", b_xml=answer(invoice("1"), invoice("2"))), tmp_path / "journal"
    _, plan = planned(folder, journal=journal)
    plan.keep()
    before = made(plan)
    assert journal.stat().st_mode & 0o077 == 0
    archive(folder, a_xml=answer(invoice("0"), invoice("3")))
    there = Invoice(invoice_id=guid(11), type="ACCREC", invoice_number="1")
    _, again = planned(folder, journal=journal, there=[there])
    assert made(again)[:2] == before
    assert [each.number for each in made(again)] == ["1", "2", "0", "3"]
    assert (again.resumed, again.missing()) == (2, 0)
    again.keep()
    (folder / "b.xml").unlink()
    assert planned(folder, journal=journal)[1].missing() == 2
    with pytest.raises(InvalidArgument, match="its status is DRAFT, and not keep"):
        planned(folder, journal=journal, status="keep")
    journal.write_bytes(b"x" * 5000)
    with pytest.raises(InvalidArgument, match="cannot be used"):
        planned(folder, journal=journal)


@pytest.mark.parametrize("table", ["customers (name)", "about (name, value)", "chunk (id)"])
def test_somebody_elses_database_is_no_journal(tmp_path: Path, table: str) -> None:
    """It is refused, whether it is there at first or comes later, and not a byte of it changes."""
    journal = tmp_path / "journal"
    _, plan = planned(archive(tmp_path / "a", b_xml=invoice("1")), journal=journal)
    with closing(sqlite3.connect(journal)) as other:
        other.execute(f"CREATE TABLE {table}")
        other.execute("CREATE TABLE orders (id)")
    before = journal.read_bytes()
    for begin in (plan.load, plan.keep):
        with pytest.raises(InvalidArgument, match="is a database, and no journal of a migration"):
            begin()
    assert journal.read_bytes() == before


@given(st.lists(st.sampled_from("ABCDE"), max_size=12), st.lists(st.sampled_from("ABCDE"), max_size=12))
def test_every_record_has_a_fate(tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str]) -> None:
    """Whatever an archive holds, each of its records is made or told of, and no number is made twice."""
    files = {
        f"{name}_xml": answer(*(invoice(number, saved=EARLY) for number in numbers))
        for name, numbers in (("a", first), ("b", second))
    }
    _, plan = planned(archive(tmp_path_factory.mktemp("archive"), **files))
    fates: list[Document | Told] = [*made(plan), *plan.told()]
    places = {(each.place.file, each.place.position) for each in fates}
    assert len(places) == len(fates) == len(first) + len(second)
    assert sorted(each.number for each in made(plan)) == sorted({*first, *second})
