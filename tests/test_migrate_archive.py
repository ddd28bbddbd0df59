"""An archive of v1, without a server: how it is read, which of its records count, and the plan."""

from __future__ import annotations

import gzip
import zipfile
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
    found = list(sources_in([tmp_path / "a"]))
    root = str(tmp_path / "a")
    assert [one.name.removeprefix(root) for one in found if one.is_xml()] == [
        "/p.zip/in/1.xml",
        "/p.zip/in/2.xro",
        "/x.xml.gz",
        "/z/a.txt",
        "/z/b.xml",
    ]
    numbers = [part.record for one in found if one.is_xml() for part in read(one) if isinstance(part, Record)]
    assert [each.invoice_number for each in numbers if isinstance(each, Invoice)] == ["4", "3", "2", "1"]
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
