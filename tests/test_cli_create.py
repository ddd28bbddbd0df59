"""`xero-async create` against a sandbox: what it checks, what it sends, what it reports, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from commands import PATIENCE, Result, Run, one_sentence, refuses, runner, started, until
from servers import served
from typer.testing import CliRunner

from xero_async.cli.app import app
from xero_async.sandbox import Fault, Sandbox

SALES = (
    "*ContactName,*InvoiceNumber,*InvoiceDate,*DueDate,*Description,*Quantity,*UnitAmount,*AccountCode,*TaxType\n"
    "Acme,INV-1,2026-01-31,2026-02-28,Desk,1,100.00,200,{tax}\n"
    ",INV-1,,,Chair,2,50.50,200,{tax}\n"
    "Bolt,INV-2,2026-01-31,2026-02-28,Nails,3,0.10,200,{tax}\n"
)


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    """A sandbox with one organisation."""
    with served(Sandbox(contacts=3, limits=None)) as sandbox:
        yield sandbox


@pytest.fixture
def run(sandbox: Sandbox) -> Run:
    """Commands against it."""
    return runner(sandbox)


def sales(folder: Path, text: str = SALES, name: str = "sales.csv", tax: str = "OUTPUT") -> Path:
    """A file of two invoices, one of two lines."""
    path = folder / name
    path.write_text(text.replace("{tax}", tax))
    return path


def lines_of(folder: Path, *records: dict[str, Any]) -> Path:
    """A file of JSON Lines."""
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def invoice(number: str | None, **fields: object) -> dict[str, Any]:
    """An invoice that Xero takes."""
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 10.5, "AccountCode": "200"}
    named = {} if number is None else {"InvoiceNumber": number}
    return {
        "Contact": {"Name": "Acme"},
        "Date": "2026-01-31",
        "DueDate": "2026-02-28",
        "LineItems": [line],
        **named,
        **fields,
    }


def held(sandbox: Sandbox, resource: str = "Invoices") -> list[dict[str, Any]]:
    """What the sandbox holds, in the order in which it was made."""
    (tenant,) = sandbox.tenants
    state: Any = sandbox.state(tenant, resource)
    rows: list[dict[str, Any]] = state[tenant][resource]
    return rows


def numbers(sandbox: Sandbox) -> list[str]:
    """The numbers of all invoices."""
    return sorted(row["InvoiceNumber"] for row in held(sandbox))


def reported(path: Path) -> list[dict[str, str]]:
    """The rows of a report."""
    return list(csv.DictReader(io.StringIO(path.read_text())))


def writes(sandbox: Sandbox) -> int:
    """Calls that have created invoices."""
    return sandbox.counters.operations.get("createInvoices", 0)


def last(result: Result) -> str:
    """The last line of what was said."""
    return result.stderr.splitlines()[-1]


# -- creating -------------------------------------------------------------------------------------------------------


def test_a_template_becomes_invoices_once(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each invoice of the file is created with its lines; the report has its id; the same command sends no more."""
    file, report = sales(tmp_path), tmp_path / "report.csv"
    first = run("create", "invoices", str(file), "--report", str(report), "--status", "AUTHORISED")
    assert (first.code, first.stdout) == (0, ""), first.stderr
    assert last(first).startswith("created 2 invoices, failed 0, unknown 0; in 0:0")
    assert "create invoices: 2 of 2 records, call 1 of 1" in first.stderr
    rows = reported(report)
    by_number = {row["InvoiceNumber"]: row for row in held(sandbox)}
    assert [(row["row"], row["line"], row["outcome"], row["number"]) for row in rows] == [
        ("1", "2", "created", "INV-1"),
        ("2", "4", "created", "INV-2"),
    ]
    assert [row["id"] for row in rows] == [by_number[row["number"]]["InvoiceID"] for row in rows]
    assert {row["Type"] for row in by_number.values()} == {"ACCREC"}
    assert {row["Status"] for row in by_number.values()} == {"AUTHORISED"}
    assert by_number["INV-1"]["SubTotal"] == 201
    before = writes(sandbox)
    again = run("create", "invoices", str(file), "--report", str(report), "--status", "AUTHORISED")
    assert (again.code, writes(sandbox)) == (0, before)
    assert "2 of them in earlier runs" in last(again)
    assert reported(report) == rows
    assert (tmp_path / "sales.csv.journal").exists()


def test_names_of_rates_and_themes_become_codes(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """The template names tax rates and branding themes as users see them; Xero gets codes and ids."""
    rate = next(row for row in held(sandbox, "TaxRates") if row["TaxType"] == "OUTPUT")
    theme = held(sandbox, "BrandingThemes")[0]
    text = SALES.replace("*TaxType\n", "*TaxType,BrandingTheme\n").replace("{tax}", f"{rate['Name']},{theme['Name']}")
    assert run("create", "invoices", str(sales(tmp_path, text))).code == 0
    made = held(sandbox)
    assert {line["TaxType"] for row in made for line in row["LineItems"]} == {"OUTPUT"}
    assert {row["BrandingThemeID"] for row in made} == {theme["BrandingThemeID"]}


def test_bills_and_contacts(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Bills are invoices of their own type, and other resources have names with dashes or without."""
    text = SALES.replace(",200,", ",400,")
    assert run("create", "bills", str(sales(tmp_path, text, tax="INPUT"))).code == 0
    assert {row["Type"] for row in held(sandbox)} == {"ACCPAY"}
    file = lines_of(tmp_path, {"Name": "Cord"}, {"Name": "Dowel"})
    result = run("create", "Contacts", str(file))
    assert (result.code, last(result)[:18]) == (0, "created 2 contacts")
    assert {"Cord", "Dowel"} <= {row["Name"] for row in held(sandbox, "Contacts")}
    file = sales(tmp_path, "Narration,Date,LineAmount,AccountCode\nRent,2026-01-31,5,200\nRent,,-5,400\n", "m.csv")
    assert run("create", "manual-journals", str(file)).code == 0


def test_standard_input(sandbox: Sandbox, tmp_path: Path) -> None:
    """JSON Lines may come through a pipe; with the same journal, the same input is sent once."""
    text, named = json.dumps(invoice("A")) + "\n", ["--journal", str(tmp_path / "journal")]
    for _ in range(2):
        result = CliRunner().invoke(app, ["create", "invoices", "-", *named], input=text, env=environment(sandbox))
        assert result.exit_code == 0, result.stderr
    assert numbers(sandbox) == ["A"]


def test_what_xero_refuses_is_printed(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A refused record is printed with row, line, outcome, number and errors, with code 3; repaired, it goes out."""
    run("create", "invoices", str(lines_of(tmp_path, invoice("A"))), "--journal", str(tmp_path / "first"))
    report = tmp_path / "report.jsonl"
    file = lines_of(tmp_path, invoice("B"), invoice("A"), invoice("C"))
    result = run("create", "invoices", str(file), "--report", str(report))
    assert result.code == 3
    row, line, outcome, number, errors = result.stdout.rstrip("\n").split("\t")
    assert (row, line, outcome, number) == ("2", "2", "failed", "")
    assert "unique" in errors.lower()
    assert last(result).startswith("created 2 invoices, failed 1, unknown 0")
    told = [json.loads(line) for line in report.read_text().splitlines()]
    assert [each["outcome"] for each in told] == ["created", "failed", "created"]
    lines_of(tmp_path, invoice("B"), invoice("D"), invoice("C"))
    assert run("create", "invoices", str(file)).code == 0
    assert numbers(sandbox) == ["A", "B", "C", "D"]


def test_what_cannot_be_told_has_a_code_of_its_own(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Where Xero fails over records that nothing can find again, they are unknown, with a key, and the code is 4."""
    sandbox.inject([Fault(kind="500", operation="createInvoices")])
    report = tmp_path / "report.csv"
    result = run("create", "invoices", str(lines_of(tmp_path, invoice(None))), "--report", str(report))
    assert result.code == 4
    assert result.stdout.split("\t")[2] == "unknown"
    (row,) = reported(report)
    assert row["key"].startswith(f"{sandbox.tenants[0]}:")


# -- checking -------------------------------------------------------------------------------------------------------


def test_check_names_line_field_and_rule_and_sends_nothing(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """`--check` prints what is found and stops: code 1 for an error, 0 for none; no write leaves either way."""
    file = lines_of(tmp_path, invoice("A"), {"Type": "ACCREC"}, invoice("C", Contact={"ContactID": "x"}))
    result = run("create", "invoices", str(file), "--check")
    found = [line.split("\t") for line in result.stdout.splitlines()]
    assert result.code == 1
    assert {line for line, *_ in found} == {"2", "3"}
    assert {(line, field) for line, field, *_ in found} >= {("2", "Contact"), ("3", "Contact.ContactID")}
    assert {severity for _, _, severity, *_ in found} <= {"error", "warning"}
    assert "3 invoices checked" in last(result)
    assert "nothing was sent" in last(result)
    result = run("create", "invoices", str(lines_of(tmp_path, invoice("A"))), "--check")
    assert (result.code, result.stdout) == (0, "")
    assert last(result) == "1 invoices checked: 0 errors, 0 warnings"
    assert writes(sandbox) == 0
    assert not list(tmp_path.glob("*.journal"))


def test_records_that_clash_name_each_others_lines(run: Run, tmp_path: Path) -> None:
    """A number that comes twice is told with the line on which it was first."""
    twice = lines_of(tmp_path, invoice("X"), invoice("A"), invoice("B"), invoice("A"))
    result = run("create", "invoices", str(twice), "--check")
    line, field, _, _, message = result.stdout.splitlines()[0].split("\t")
    assert (line, field, message[:7]) == ("4", "InvoiceNumber", "line 2 ")


def test_an_error_keeps_all_records_back_unless_skipped(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """Without `--skip` one bad record stops the command before the first call; with it the others are created."""
    file = lines_of(tmp_path, invoice("A"), invoice("B", Contact={}), invoice("C"))
    assert run("create", "invoices", str(file)).code == 1
    assert writes(sandbox) == 0
    result = run("create", "invoices", str(file), "--skip")
    assert result.code == 3
    assert result.stdout.startswith("2\t2\tfailed\t")
    assert numbers(sandbox) == ["A", "C"]


def test_the_checks_know_the_organisation(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """An account that the organisation does not have, or that is a bank account, is found before anything is sent."""
    for code in ("no-such", "090"):
        bad = invoice("A")
        bad["LineItems"][0]["AccountCode"] = code
        result = run("create", "invoices", str(lines_of(tmp_path, bad)), "--check")
        assert "LineItems[0].AccountCode" in result.stdout


# -- refusing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["invoces", "x.jsonl"], "RESOURCE"),
        (["invoices", "-"], "--journal"),
        (["invoices", "x.jsonl", "--check", "--skip"], "--skip"),
        (["invoices", "x.jsonl", "--dates", "ymd"], "--dates"),
        (["invoices", "x.xlsx"], "name its format"),
        (["invoices", "x.jsonl", "--report", "x.txt"], "a report ends with .csv or .jsonl"),
        (["invoices", "x.jsonl", "--encoding", "utf-9"], "no such encoding"),
        (["invoices", "x.jsonl", "--tenant", "nobody"], "nobody"),
    ],
)
def test_wrong_usage(run: Run, sandbox: Sandbox, arguments: list[str], words: str) -> None:
    """What cannot be meant exits with 2, in words that say what to do, before anything is sent."""
    result = run("create", *arguments)
    assert result.code == 2
    assert words in result.stderr
    assert writes(sandbox) == 0


def test_files_that_cannot_be_read(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A slip in the file is told with its line and column; a file that is not there, with its name."""
    file = sales(tmp_path, SALES.replace("50.50", "50,50").replace(",Chair,2,50,50", ',Chair,2,"50,50"'))
    assert refuses(run("create", "invoices", str(file)), 2, "sales.csv, line 3, column *UnitAmount")
    assert refuses(run("create", "invoices", str(tmp_path / "none.csv")), 1, "none.csv")
    file = lines_of(tmp_path, invoice("A", Type="ACCREC"))
    assert refuses(run("create", "bills", str(file)), 2, "records.jsonl, line 1, Type")
    file = lines_of(tmp_path, {"Name": "A"})
    assert refuses(run("create", "items", str(file), "--status", "DRAFT"), 2, "items have no status")
    assert writes(sandbox) == 0


def test_a_changed_file_is_refused_by_its_journal(run: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """What was created stays what it was: another record in its place is refused, and new ones may follow it."""
    file = lines_of(tmp_path, invoice("A"))
    assert run("create", "invoices", str(file)).code == 0
    lines_of(tmp_path, invoice("B"))
    assert refuses(run("create", "invoices", str(file)), 2, "journal", "record 1")
    lines_of(tmp_path, invoice("A"), invoice("B"))
    assert run("create", "invoices", str(file)).code == 0
    assert numbers(sandbox) == ["A", "B"]


def test_one_organisation_at_a_time(tmp_path: Path) -> None:
    """Among several organisations none is guessed."""
    with served(Sandbox(tenants=2, limits=None)) as sandbox:
        result = runner(sandbox)("create", "invoices", str(lines_of(tmp_path, invoice("A"))))
        assert refuses(result, 2, "--tenant")


# -- interrupting ---------------------------------------------------------------------------------------------------


def environment(sandbox: Sandbox) -> dict[str, str]:
    """What a command needs to find the sandbox."""
    names = ("base_url", "identity_url", "client_id", "client_secret")
    return {f"XERO_{name.upper()}": getattr(sandbox, name) for name in names}


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    """Interrupted, the command names its journal and leaves no report; the same command creates the rest."""
    with served(Sandbox(contacts=1, limits=None, latency=0.1)) as sandbox:
        file = lines_of(tmp_path, *(invoice(f"I-{n:04}") for n in range(600)))
        arguments = ["create", "invoices", str(file), "--report", str(tmp_path / "report.csv")]
        with started(*arguments, environment=environment(sandbox)) as process:
            until(lambda: any(entry.operation == "createInvoices" for entry in sandbox.log.entries()))
            process.send_signal(signal.SIGINT)
            printed, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, printed) == (130, "")
        told = said.splitlines(keepends=True)
        assert one_sentence(told[-1])
        assert f"{file}.journal: the same command goes on with the rest" in told[-2]
        assert "Traceback" not in said
        assert sorted(path.name for path in tmp_path.glob("report*")) == []
        assert len(held(sandbox)) < 600
        result = runner(sandbox)(*arguments)
        assert result.code == 0
        assert numbers(sandbox) == [f"I-{n:04}" for n in range(600)]
    assert len(reported(tmp_path / "report.csv")) == 600
