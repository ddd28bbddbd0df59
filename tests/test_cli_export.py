"""`xero-async export`: into what it goes, what it says, how it ends, and how it goes on."""

from __future__ import annotations

import gzip
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from commands import (
    COMMAND,
    PATIENCE,
    Run,
    environment_of,
    files_in,
    one_sentence,
    refuses,
    runner,
    started,
    until,
)
from servers import served

from xero_async import scopes
from xero_async.cli.target import Format
from xero_async.sandbox import App, Sandbox, SandboxLimits


@pytest.fixture(scope="module")
def sandbox() -> Generator[Sandbox]:
    """Two organisations that keep no limits."""
    with served(Sandbox(contacts=10, invoices=30, tenants=2, limits=None, seed=5)) as serving:
        yield serving


@pytest.fixture
def command(sandbox: Sandbox) -> Run:
    """Commands against it."""
    return runner(sandbox)


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """What a query finds in a database."""
    database = sqlite3.connect(path)
    found = database.execute(query).fetchall()
    database.close()
    return found


ONLY = ("--all-tenants", "--resource", "invoices")


# -- targets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["books.db", "books.sqlite", "Books.SQLITE3"])
def test_a_name_of_a_database_is_one(command: Run, tmp_path: Path, name: str) -> None:
    """A target that ends as databases do is a SQLite file with the rows of all organisations."""
    result = command("export", str(tmp_path / name), *ONLY)
    assert result.code == 0, result.stderr
    assert rows(tmp_path / name, "select count(*) from invoices") == [(60,)]
    assert [path.name for path in files_in(tmp_path)] == [name]


def test_without_a_target_it_is_a_database_here(command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is SQLite, in the current folder."""
    monkeypatch.chdir(tmp_path)
    assert command("export", *ONLY).code == 0
    assert rows(tmp_path / "xero.db", "select count(*) from invoices") == [(60,)]


def read_plain(path: Path) -> int:
    """The lines of a file."""
    return len(path.read_bytes().splitlines())


def read_csv(path: Path) -> int:
    """The rows below the names."""
    return read_plain(path) - 1


def read_gzip(path: Path) -> int:
    """The lines of a compressed file."""
    return len(gzip.decompress(path.read_bytes()).splitlines())


@pytest.mark.parametrize(
    ("options", "ending", "count"),
    [
        ((), "jsonl", read_plain),
        (("--format", "jsonl"), "jsonl", read_plain),
        (("--format", "jsonl.gz"), "jsonl.gz", read_gzip),
        (("--format", "csv"), "csv", read_csv),
    ],
)
def test_any_other_target_is_a_folder(
    command: Run, tmp_path: Path, options: tuple[str, ...], ending: str, count: Callable[[Path], int]
) -> None:
    """A folder takes JSON Lines, or what --format says, a folder for each organisation; each file is printed."""
    result = command("export", str(tmp_path / "books"), "--all-tenants", "--resource", "currencies", *options)
    assert result.code == 0, result.stderr
    printed = [line.split("\t") for line in result.stdout.splitlines()]
    assert {Path(path).name for _, path in printed} == {f"currencies.{ending}"}
    assert {Path(path).parent.name for _, path in printed} == {"Sandbox Company 1", "Sandbox Company 2"}
    assert all(count(Path(path)) == int(number) for number, path in printed)


def test_parquet_and_zstd_are_formats_too(command: Run, tmp_path: Path) -> None:
    """What needs an extra works where it is installed."""
    pytest.importorskip("pyarrow", reason="needs pyarrow, of the extra [parquet]")
    result = command("export", str(tmp_path / "p"), *ONLY, "--format", "parquet")
    assert result.code == 0, result.stderr
    assert any(path.suffix == ".parquet" for path in files_in(tmp_path / "p"))


@pytest.mark.parametrize("kind", Format)
def test_every_format_has_its_place_and_takes_no_other(command: Run, tmp_path: Path, kind: Format) -> None:
    """A folder is no database, and a file no folder: said in a sentence, before a call is made."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder.db").mkdir()
    wrong = "folder.db" if kind is Format.sqlite else "file"
    assert refuses(command("export", str(tmp_path / wrong), *ONLY, "--format", kind.value), 2, wrong)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["books.parquet", "books.csv", "books.jsonl", "books.jsonl.gz"])
def test_a_target_that_looks_like_one_file_of_many_is_refused(command: Run, tmp_path: Path, name: str) -> None:
    """What goes into a folder does not go into a file; the sentence says what to write."""
    ending = name.partition(".")[2]
    assert refuses(command("export", str(tmp_path / name), *ONLY), 2, "folder", f"--format {ending}")


# -- what is typed wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--all-tenants", "--resource", "bills"], ["'bills'", "invoices"]),
        (["--all-tenants", "--where", "x"], ["resources"]),
        (["--all-tenants", "--resource", "budgets", "--where", "x"], ["budgets", "where"]),
        ([], ["--tenant", "Sandbox Company 1", "Sandbox Company 2"]),
        (["--tenant", "Nobody"], ["'Nobody'", "Sandbox Company 1"]),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_what_is_typed_wrong_is_told_in_a_sentence(
    command: Run, tmp_path: Path, arguments: list[str], words: list[str], dry: list[str]
) -> None:
    """Wrong usage exits with 2, names what there is, and leaves nothing behind."""
    assert refuses(command("export", str(tmp_path / "books.db"), *arguments, *dry), 2, *words)
    assert files_in(tmp_path) == []


def test_a_tenant_and_all_of_them_contradict(command: Run, tmp_path: Path) -> None:
    """--tenant and --all-tenants together are wrong usage, as is a format that there is not."""
    assert command("export", str(tmp_path / "a.db"), *ONLY, "--tenant", "Sandbox Company 1").code == 2
    assert command("export", str(tmp_path / "a.db"), *ONLY, "--format", "xls").code == 2
    assert files_in(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_told(command: Run, tmp_path: Path) -> None:
    """A file in a folder's place, and a file that is no database, are errors in a sentence."""
    (tmp_path / "file").write_text("")
    assert refuses(command("export", str(tmp_path / "file" / "books"), *ONLY), 1, "file")
    assert refuses(command("export", str(tmp_path / "file" / "books.db"), *ONLY), 1, "file")
    (tmp_path / "other.db").write_text("this is no database, but somebody's notes, and they are to stay" * 20)
    assert refuses(command("export", str(tmp_path / "other.db"), *ONLY), 1, "database")
    assert (tmp_path / "other.db").read_text().startswith("this is no database")


# -- increments and dry runs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["books.db", "books"])
def test_the_same_command_again_takes_only_what_has_changed(
    command: Run, sandbox: Sandbox, tmp_path: Path, target: str
) -> None:
    """The second run draws a page for each organisation rather than all of them, and --full draws all again."""

    def drawn(*options: str) -> int:
        before = sandbox.counters.operations.get("getInvoices", 0)
        result = command("export", str(tmp_path / target), *ONLY, "--page-size", "5", *options)
        assert result.code == 0, result.stderr
        assert {line.split("\t")[0] for line in result.stdout.splitlines()} == {"30"}
        return sandbox.counters.operations["getInvoices"] - before

    first, second, full = drawn(), drawn(), drawn("--full")
    assert first >= 12
    assert second <= 2 * 2
    assert full >= 12


def test_a_dry_run_says_what_it_will_take_and_writes_nothing(command: Run, sandbox: Sandbox, tmp_path: Path) -> None:
    """A row for each organisation and resource with records and calls, and the sum; a call each is all it costs."""
    before = sandbox.counters.operations.get("getInvoices", 0)
    result = command(
        "export", str(tmp_path / "books.db"), *ONLY, "--resource", "currencies", "--page-size", "10", "--dry-run"
    )
    assert result.code == 0, result.stderr
    assert result.stdout.splitlines() == [
        f"Sandbox Company {number}\t{rest}" for number in (1, 2) for rest in ("invoices\t30\t4", "currencies\t?\t1")
    ]
    assert "10 calls" in result.stderr
    assert sandbox.counters.operations["getInvoices"] - before == 2
    assert files_in(tmp_path) == []


def test_what_the_token_may_not_read_is_left_out_with_a_line(tmp_path: Path) -> None:
    """A sign-in for export has no scope for payment services: a line says so and it exits with 0; named, with 1."""
    narrow = App(
        client_id="narrow",
        client_secret="secret",
        scopes=scopes.for_purpose("export"),
        grants=("client_credentials",),
    )
    with served(Sandbox(contacts=3, invoices=3, limits=None, apps=[narrow])) as sandbox:
        command = runner(sandbox)
        who = {"XERO_CLIENT_ID": narrow.client_id, "XERO_CLIENT_SECRET": narrow.client_secret}
        result = command("export", str(tmp_path / "books.db"), **who)
        assert result.code == 0, result.stderr
        (line,) = [line for line in result.stderr.splitlines() if "left out" in line]
        assert "payment_services" in line
        assert "the scope paymentservices" in line
        named = command("export", str(tmp_path / "books.db"), "--resource", "payment_services", **who)
        assert refuses(named, 1, "the scope paymentservices")
        assert command("export", str(tmp_path / "books.db"), "--dry-run", **who).code == 0


# -- ends -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["books.db", "books"])
def test_the_days_limit_stops_it_and_says_when_to_go_on(tmp_path: Path, target: str) -> None:
    """Out of calls it exits with 75 and the moment at which there are more; the next day it goes on where it was."""
    with served(Sandbox(contacts=3, invoices=60, limits=SandboxLimits(day=8), seed=1)) as sandbox:
        command = runner(sandbox)
        arguments = ["export", str(tmp_path / target), "--resource", "invoices", "--page-size", "5"]
        result = command(*arguments)
        assert refuses(result, 75, "day", "kept", "UTC")
        assert result.stdout == ""
        before = sandbox.counters.operations["getInvoices"]
        assert before <= 8
        sandbox.advance(24 * 3600)
        result = command(*arguments)
        assert result.code == 0, result.stderr
        assert result.stdout.startswith("60\t")
        assert sandbox.counters.operations["getInvoices"] - before <= 12 - 8 + 5


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize(
    ("number", "code", "target"), [(signal.SIGINT, 130, "books.db"), (signal.SIGTERM, 143, "books")]
)
def test_an_interrupt_says_that_it_goes_on_and_it_does(
    tmp_path: Path, number: signal.Signals, code: int, target: str
) -> None:
    """Interrupted, it exits as shells expect, with a sentence; the same command draws the rest."""
    with served(Sandbox(contacts=5, invoices=200, latency=0.05, limits=None)) as sandbox:
        environment = environment_of(sandbox)
        arguments = ["export", str(tmp_path / target), "--resource", "invoices", "--page-size", "5"]
        with started(*arguments, environment=environment) as process:
            until(lambda: sandbox.counters.operations.get("getInvoices", 0) > 8)
            process.send_signal(number)
            printed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code
        assert printed == ""
        assert one_sentence(said.splitlines(keepends=True)[-1])
        assert "goes on" in said
        assert "Traceback" not in said
        again = subprocess.run(
            [*COMMAND, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=PATIENCE
        )
        assert again.returncode == 0, again.stderr
        assert again.stdout.startswith("200\t")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_terminal_gets_bars_and_a_pipe_plain_lines(tmp_path: Path, command: Run, sandbox: Sandbox) -> None:
    """On a terminal there is a bar for each organisation and resource; elsewhere lines without control codes."""
    result = command("export", str(tmp_path / "a.db"), *ONLY)
    assert "\x1b" not in result.stdout + result.stderr
    assert "Sandbox Company 1, invoices: 30 of 30 records" in result.stderr
    assert "60 records, 60 drawn now; " in result.stderr.splitlines()[-1]
    assert "AUD" in result.stderr.splitlines()[-1]
    master, slave = pty.openpty()
    environment = {**os.environ, **environment_of(sandbox), "TERM": "xterm", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(
        [*COMMAND, "export", str(tmp_path / "b.db"), *ONLY], stdout=slave, stderr=slave, env=environment
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                shown += os.read(master, 4096)
            except OSError:  # how a terminal says that nobody writes any more
                break
    os.close(master)
    assert process.returncode == 0
    text = shown.decode()
    assert "━" in text
    assert "Sandbox Company 2, invoices" in text
    assert "60 records, 60 drawn now" in text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("target", ["books.db", "books"])
def test_a_full_disk_is_told_in_a_sentence_and_costs_nothing(tmp_path: Path, target: str) -> None:
    """Where no more can be written, it exits with 1 and a sentence; with room again, the same command goes on."""
    import resource

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))

    with served(Sandbox(contacts=5, invoices=400, limits=None)) as sandbox:
        arguments = ["export", str(tmp_path / target), "--resource", "invoices", "--page-size", "20"]
        failed = subprocess.run(
            [*COMMAND, *arguments],
            env={**os.environ, **environment_of(sandbox)},
            preexec_fn=small,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert failed.returncode == 1
        assert one_sentence(failed.stderr.splitlines(keepends=True)[-1]), failed.stderr
        assert "Traceback" not in failed.stderr
        before = sandbox.counters.operations["getInvoices"]
        again = runner(sandbox)(*arguments)
        assert again.code == 0, again.stderr
        assert again.stdout.startswith("400\t")
        assert sandbox.counters.operations["getInvoices"] - before < 20
