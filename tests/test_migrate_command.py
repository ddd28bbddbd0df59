"""`xero-async migrate-v1` against a sandbox: what it makes, what it tells, what it leaves alone, and each once."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from commands import PATIENCE, Result, Run, environment_of, refuses, runner, started, until
from servers import served
from v1_archive import answer, archive, bill, contact, guid, invoice, line

from xero_async.cli.sending import SOME_FAILED
from xero_async.sandbox import Fault, Sandbox

DOCUMENTS = int(os.environ.get("XERO_ASYNC_MIGRATED", "120"))


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    """A sandbox with one organisation, of New Zealand: OUTPUT is 15 per cent there, OUTPUT2 20."""
    with served(Sandbox(contacts=2, limits=None)) as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    """Commands against it."""
    return runner(sandbox)


def held(sandbox: Sandbox, resource: str = "Invoices") -> list[dict[str, Any]]:
    """What the sandbox holds."""
    (tenant,) = sandbox.tenants
    state: Any = sandbox.state(tenant, resource)
    rows: list[dict[str, Any]] = state[tenant][resource]
    return rows


def by_number(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """The invoices and bills by their numbers, each of which there is once."""
    rows = held(sandbox)
    assert max(Counter(row["InvoiceNumber"] for row in rows).values(), default=0) <= 1
    return {row["InvoiceNumber"]: row for row in rows}


def writes(sandbox: Sandbox) -> int:
    """Calls that have created something."""
    calls = sandbox.counters.operations
    return calls.get("createInvoices", 0) + calls.get("createContacts", 0)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a report."""
    return list(csv.DictReader(io.StringIO(path.read_text())))


def changes_of(rows: list[dict[str, str]], number: str, rule: str) -> list[tuple[str, str, str]]:
    """Field, old and new value of the changes of a document that a rule has made."""
    return [
        (row["field"], row["was"], row["now"])
        for row in rows
        if (row["what"], row["number"], row["rule"]) == ("changed", number, rule)
    ]


def last(result: Result) -> str:
    """The last line of what was said."""
    return result.stderr.splitlines()[-1]


def troubled(folder: Path) -> Path:
    """An archive with all that an archive may have."""
    return archive(
        folder,
        a_xml=answer(
            invoice("INV-1", id=1, saved="2009-01-01T00:00:00"),
            invoice("TAX", line(tax_type="EXEMPTOUTPUT9"), id=2),
            invoice("SUCCESSOR", line(tax="20.00"), id=3, totals=("100", "20", "120")),
            invoice("ACCOUNT", line(account="9999"), id=4),
            invoice("TRACKING", line(tracking=[("region", "North"), ("Gone", "Away"), ("Region", "Nowhere")]), id=5),
            invoice("ROUNDED", line("99.00"), id=6, totals=("99", "15", "114")),
            invoice("VOIDED", id=7, status="VOIDED"),
            invoice("DELETED", id=8, status="DELETED"),
        ),
        b_xml=answer(
            invoice("INV-1", id=1, saved="2009-05-01T00:00:00", status="PAID", more="<AmountPaid>115.00</AmountPaid>"),
            bill("BILL-1", id=9, contact=f"<ContactID>{guid(77)}</ContactID>"),
            bill("BILL-1", id=10, contact="<Name>Brown Supplies</Name>"),
        ),
        contacts_xml=answer(
            contact("Brown Supplies", id=77, number="B-77", more="<SkypeUserName>brown</SkypeUserName>"),
            contact("Nobody Ltd", id=78, status="DELETED"),
        ),
        import_xro=f"<Invoices>{invoice()}{invoice(None, line(unit='51.0000', amount=None, tax=None))}</Invoices>",
        notes_txt="Not everything in a folder is XML.",
    )


def test_a_check_sends_nothing_and_tells_everything(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """--check prints the changes with file, line and column, writes the report, and leaves nothing behind."""
    folder, report = troubled(tmp_path / "old"), tmp_path / "report.csv"
    result = run("migrate-v1", str(folder), "--check", "--report", str(report))
    assert result.code == 0, result.stderr
    assert (writes(sandbox), held(sandbox)) == (0, [])
    assert f"{folder}/a.xml:4:1\tTAX\tchanged\tLineItems[0].TaxType\tEXEMPTOUTPUT9\t\t" in result.stdout
    assert last(result) == "2 contacts, 10 invoices and bills checked: 0 errors, 1 warnings"
    rows = rows_of(report)
    assert Counter(row["what"] for row in rows if row["what"] != "changed") == {
        "planned": 12,
        "duplicate": 1,
        "dead": 3,
        "left": 1,
        "warning": 1,
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "report.csv"]


def test_an_archive_is_migrated_and_every_change_is_reported(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each document is made once, as a draft, its contact before it; what could not be kept is told with its rule."""
    folder, report = troubled(tmp_path / "old"), tmp_path / "report.csv"
    result = run("migrate-v1", str(folder), "--report", str(report))
    assert result.code == 0, result.stderr
    rows, made = rows_of(report), {row["InvoiceNumber"] + row["Type"]: row for row in held(sandbox)}
    assert Counter(row["what"] for row in rows)["created"] == 12
    assert {row["Status"] for row in made.values()} == {"DRAFT"}
    assert changes_of(rows, "TAX", "invoice 10") == [
        ("LineItems[0].TaxType", "EXEMPTOUTPUT9", ""),
        ("LineItems[0].TaxType", "", "OUTPUT"),
    ]
    assert changes_of(rows, "SUCCESSOR", "invoice 10") == [("LineItems[0].TaxType", "OUTPUT", "OUTPUT2")]
    assert made["SUCCESSORACCREC"]["Total"] == 120
    assert changes_of(rows, "ACCOUNT", "invoice 6") == [("LineItems[0].AccountCode", "9999", "")]
    assert changes_of(rows, "TRACKING", "invoice 7") == [
        ("LineItems[0].Tracking[1]", "Gone: Away", ""),
        ("LineItems[0].Tracking[2]", "Region: Nowhere", ""),
    ]
    assert [one["Option"] for one in made["TRACKINGACCREC"]["LineItems"][0]["Tracking"]] == ["North"]
    assert changes_of(rows, "ROUNDED", "invoice 4") == [("LineItems[0].LineAmount", "99.00", "100.00")]
    assert changes_of(rows, "ROUNDED", "invoice 3") == [("SubTotal", "99", "100.00"), ("Total", "114", "115.00")]
    assert changes_of(rows, "INV-1", "invoice 8") == [("InvoiceStatus", "PAID", "DRAFT")]
    assert ("AmountPaid", "115.00", "") in changes_of(rows, "INV-1", "")
    (duplicate,) = (row for row in rows if row["what"] == "duplicate")
    assert (duplicate["file"], duplicate["position"], duplicate["line"]) == (f"{folder}/a.xml", "1", "3")
    assert f"{folder}/b.xml, line 3" in duplicate["why"]
    bills = [row for row in held(sandbox) if row["Type"] == "ACCPAY"]
    assert [row["Contact"]["Name"] for row in bills] == ["Brown Supplies"] * 2
    assert sum(row["Name"] == "Brown Supplies" for row in held(sandbox, "Contacts")) == 1
    assert "1 times changed: AccountCode (invoice 6)" in result.stderr


def test_two_runs_make_each_document_once(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The same command sends no more; without its journal, what is there is found by number or by all that it has."""
    folder, report = troubled(tmp_path / "old"), tmp_path / "report.csv"
    assert run("migrate-v1", str(folder)).code == 0
    before = writes(sandbox), held(sandbox)
    again = run("migrate-v1", str(folder), "--report", str(report))
    assert (again.code, (writes(sandbox), held(sandbox))) == (0, before)
    assert "12 of them in earlier runs" in last(again)
    assert Counter(row["what"] for row in rows_of(report))["created"] == 12
    other = run("migrate-v1", str(folder), "--journal", str(tmp_path / "other"), "--report", str(report))
    assert (other.code, (writes(sandbox), held(sandbox))) == (0, before), other.stderr
    there = [row for row in rows_of(report) if row["what"] == "there"]
    # These come to other totals than the archive states: somebody should look.
    assert [(row["number"], row["was"], row["now"]) for row in there if row["field"] == "Total"] == [
        ("ROUNDED", "114.00", "115.00"),
        ("", "115.00", "117.30"),
    ]
    assert len({(row["file"], row["position"]) for row in there}) == 11


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_migration_that_is_cut_off_goes_on(sandbox: Sandbox, tmp_path: Path) -> None:
    """Interrupted while contacts are sent, and killed while invoices are, it makes each of them once in the end."""
    invoices = [invoice(f"K-{n}", contact=f"<Name>Kill {n % 60}</Name>") for n in range(DOCUMENTS)]
    archive(tmp_path, k_xml=answer(*invoices))
    command = ["migrate-v1", str(tmp_path / "k.xml")]
    codes: list[int] = []
    for operation, end in (("createContacts", signal.SIGINT), ("createInvoices", signal.SIGKILL)):
        before = sandbox.counters.operations.get(operation, 0)
        sandbox.inject([Fault(kind="slow", operation=operation, seconds=30, at=(2,))])
        with started(*command, environment=environment_of(sandbox)) as process:
            until(lambda: sandbox.counters.operations.get(operation, 0) >= before + 2)  # noqa: B023 - at once
            process.send_signal(end)
            _, said = process.communicate(timeout=PATIENCE)
            codes.append(process.returncode)
            assert ("the same command goes on with the rest" in said) is (end is signal.SIGINT)
        sandbox.inject([])
    with started(*command, environment=environment_of(sandbox)) as process:
        _, said = process.communicate(timeout=PATIENCE)
    assert ([*codes, process.returncode]) == [130, -signal.SIGKILL, 0], said
    assert len(by_number(sandbox)) == DOCUMENTS
    names = Counter(row["Name"] for row in held(sandbox, "Contacts"))
    assert [names[f"Kill {n}"] for n in range(60)] == [1] * 60


def test_a_broken_file_stops_everything_unless_it_is_skipped(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Files and records that cannot be read are named with line and column; the others are checked all the same."""
    good = {f"good{n}_xml": answer(invoice(f"G-{n}", id=n)) for n in range(5)}
    whole = answer(invoice("CUT-1"), invoice("CUT-2"))
    folder = archive(
        tmp_path / "old",
        **good,
        cut_xml=whole[: whole.index("<InvoiceNumber>CUT-2") + 8],
        bomb_xml='<!DOCTYPE a [<!ENTITY b "c">]><Invoices>&b;</Invoices>',
        odd_xml="<Orders><Order/></Orders>",
        bad_xml=answer(invoice("B-1"), invoice("B-2", line(quantity="two"))),
    )
    result = run("migrate-v1", str(folder), "--check")
    assert refuses(result, 1, "6 invoices and bills", "4 errors; nothing was sent")
    assert f"{folder}/cut.xml:4:" in result.stdout
    assert "it is left out as a whole, with 1 records before this place" in result.stdout
    assert f"{folder}/bomb.xml:1:" in result.stdout
    assert "its outermost element is Orders" in result.stdout
    assert f"{folder}/bad.xml:4:1\tB-2\terror\tLineItems[0].Quantity\t" in result.stdout
    assert refuses(run("migrate-v1", str(folder)), 1, "nothing was sent")
    assert writes(sandbox) == 0
    assert not (tmp_path / "old.migration").exists()
    skipped = run("migrate-v1", str(folder), "--skip")
    assert (skipped.code, sorted(by_number(sandbox))) == (SOME_FAILED, ["B-1", *(f"G-{n}" for n in range(5))])
    (folder / "cut.xml").write_text(whole)
    (folder / "bomb.xml").unlink()
    (folder / "odd.xml").unlink()
    mended = run("migrate-v1", str(folder), "--skip")
    assert (mended.code, len(by_number(sandbox))) == (SOME_FAILED, 8), mended.stderr
    assert "7 of them in earlier runs" in last(mended)


def test_an_archive_that_lost_documents_is_not_the_same(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A journal is good for the archive with which it was begun, and for the status that was asked for."""
    folder = archive(tmp_path / "old", a_xml=answer(invoice("A-1")), b_xml=answer(invoice("B-1")))
    assert run("migrate-v1", str(folder)).code == 0
    assert refuses(run("migrate-v1", str(folder), "--keep-status"), 2, "status is DRAFT, and not keep")
    (folder / "b.xml").unlink()
    assert refuses(run("migrate-v1", str(folder)), 2, "1 documents no more")
    assert len(by_number(sandbox)) == 2


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["DRAFT", "DRAFT", "DRAFT", "DRAFT"]),
        (["--keep-status"], ["AUTHORISED", "AUTHORISED", "SUBMITTED", "DRAFT"]),
        (["--status", "AUTHORISED"], ["AUTHORISED", "AUTHORISED", "AUTHORISED", "DRAFT"]),
    ],
)
def test_statuses(run: Run, sandbox: Sandbox, tmp_path: Path, options: list[str], expected: list[str]) -> None:
    """Drafts by default (rule 8); kept or set where that is asked for, but never for what has lost its account."""
    folder = archive(
        tmp_path / "old",
        a_xml=answer(
            invoice("1", status="AUTHORISED"),
            invoice("2", status="PAID"),
            invoice("3", status="SUBMITTED"),
            invoice("4", line(account="none"), status="AUTHORISED"),
        ),
    )
    result = run("migrate-v1", str(folder), *options)
    assert result.code == 0, result.stderr
    assert [by_number(sandbox)[number]["Status"] for number in "1234"] == expected


def test_contacts_of_another_organisation_are_found_by_number_and_name(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """An id that the organisation does not know leads to its contact by number, then by name; else one is made."""
    records = tmp_path / "own.jsonl"
    records.write_text('{"Name": "Numbered", "ContactNumber": "N-1"}\n{"Name": "Named"}\n')
    assert run("create", "contacts", str(records)).code == 0
    ids = {row["Name"]: row["ContactID"] for row in held(sandbox, "Contacts")}
    folder = archive(
        tmp_path / "old",
        a_xml=answer(
            invoice("1", contact=f"<ContactID>{guid(1)}</ContactID><ContactNumber>N-1</ContactNumber>"),
            invoice("2", contact=f"<ContactID>{guid(2)}</ContactID><Name>named</Name>"),
            invoice("3", contact=f"<ContactID>{guid(3)}</ContactID><Name>Unknown</Name>"),
            invoice("4", contact=f"<ContactID>{ids['Named']}</ContactID><Name>Was called otherwise</Name>"),
            invoice("5", contact=f"<ContactID>{guid(5)}</ContactID>"),
        ),
    )
    result = run("migrate-v1", str(folder), "--skip", "--report", str(tmp_path / "r.jsonl"))
    assert result.code == SOME_FAILED, result.stderr
    made = by_number(sandbox)
    assert {number: row["Contact"]["Name"] for number, row in made.items()} == {
        "1": "Numbered",
        "2": "Named",
        "3": "Unknown",
        "4": "Named",
    }
    rows = [json.loads(text) for text in (tmp_path / "r.jsonl").read_text().splitlines()]
    told = {row["number"]: row["now"] for row in rows if row["field"] == "Contact.ContactID"}
    assert told == {"1": ids["Numbered"], "2": ids["Named"], "3": "Unknown", "5": ""}
    assert sum(row["Name"] == "Unknown" for row in held(sandbox, "Contacts")) == 1


def test_what_v1_answers_is_an_archive(tmp_path: Path) -> None:
    """The books of an organisation, saved by way of v1, are all there in itself, and go into another one once."""
    with served(Sandbox(contacts=20, invoices=60, tenants=2, limits=None)) as sandbox:
        folder = tmp_path / "saved"
        folder.mkdir()
        for what in ("contacts", "invoices", "accounts", "tracking"):
            keys = f"apiKey={sandbox.api_key}&xeroKey={sandbox.xero_keys[0]}"
            with urlopen(f"{sandbox.base_url}/api.xro/1.0/{what}?{keys}") as saved:
                (folder / f"{what}.xml").write_bytes(saved.read())
        own, other = sandbox.tenants
        run = runner(sandbox)
        command = ["migrate-v1", str(folder), "--skip", "--keep-status"]
        first = run(*command, "--tenant", own, "--journal", str(tmp_path / "own"))
        assert (first.code, writes(sandbox)) == (0, 0), first.stderr
        before = sandbox.documents.counts(other)["Invoices"]
        reports = [tmp_path / f"{number}.csv" for number in range(2)]
        for report in reports:
            run(*command, "--tenant", other, "--journal", str(tmp_path / "other"), "--report", str(report))
        found = [Counter(row["what"] for row in rows_of(report) if row["kind"] != "contact") for report in reports]
        assert sandbox.documents.counts(other)["Invoices"] == before + found[0]["created"]
        assert found[0]["created"] == found[1]["created"] > 0
        assert [row for row in rows_of(reports[0]) if row["field"] == "Total" and row["what"] == "changed"] == []


def test_a_report_that_cannot_be_written_ends_it_before_anything_is_done(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Nothing is sent, and no journal is begun that would hold the next run to what this one was asked for."""
    folder = archive(tmp_path / "old", a_xml=answer(invoice("1")))
    result = run("migrate-v1", str(folder), "--report", str(tmp_path / "none" / "report.csv"))
    assert refuses(result, 1, "No such file")
    assert writes(sandbox) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_somebody_elses_database_is_no_journal(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A database of others is refused as a journal of either kind, and is left as it is."""
    folder, journal = archive(tmp_path / "old", a_xml=answer(invoice("1"))), tmp_path / "x"
    for other, words in ((journal, "no journal of a migration"), (tmp_path / "x.contacts", "no journal of a creation")):
        with closing(sqlite3.connect(other)) as database:
            database.execute("CREATE TABLE customers (name)")
        before = other.read_bytes()
        assert refuses(run("migrate-v1", str(folder), "--journal", str(journal)), 2, "is a database", words)
        assert other.read_bytes() == before
        other.unlink()
    assert writes(sandbox) == 0


def test_misuse_is_told(run: Run, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be right is refused before anything is asked for, and so is a missing extra."""
    assert refuses(run("migrate-v1", str(tmp_path), str(tmp_path / "none")), 2, "there is no such file or folder")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "defusedxml.ElementTree", None)
        assert refuses(run("migrate-v1", str(tmp_path)), 2, "xero_async[xml]")
    assert run("migrate-v1", str(tmp_path), "--check", "--skip").code == 2
    assert run("migrate-v1", str(tmp_path), "--keep-status", "--status", "DRAFT").code == 2
    assert refuses(run("migrate-v1", str(tmp_path), "--report", "report.txt"), 2, "ends with .csv or .jsonl")
    assert (sandbox.counters.calls, sandbox.counters.tokens) == (0, 0)
