"""A stage for sinks: invoices to write, readers of what came out, and processes that are killed in the midst of it.

    python tests/sink_stage.py SQLite FOLDER STRIDE

writes over an export that is there, in a process of its own for each STRIDE-th step, that is killed at that step: a
statement of SQLite's, or an opening, renaming, linking or removing of files. What is there then must be the old state
or the new one, with the checkpoint that belongs to it; going on must lead to the new state, and leave no litter.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from xero_async.bulk.export.sinks.base import Place, Sink, Table
from xero_async.bulk.export.sinks.csv import CSV
from xero_async.bulk.export.sinks.parquet import Parquet
from xero_async.bulk.export.sinks.sqlite import SQLite
from xero_async.models import Contact, Invoice, LineItem, LineItemTracking

PLACE = Place(tenant_id="t-1", label="Demo", resource="invoices", record=Invoice, id_name="InvoiceID")

SINKS: dict[str, Callable[[Path], Sink]] = {
    "SQLite": lambda folder: SQLite(folder / "export.db"),
    "CSV": CSV,
    "Parquet": Parquet,
}

State = dict[str, tuple[Decimal, int]]
"""For each invoice its total and how many lines it has."""


def invoice(number: int, total: str, lines: int = 1) -> Invoice:
    """An invoice of some lines, each of which has a tracking option."""
    tracking = [LineItemTracking(name="Region", option='Nord, "Süd"\n=1+1')]
    items = [
        LineItem(description=f"line {line}", unit_amount=Decimal(total), tracking=tracking) for line in range(lines)
    ]
    return Invoice(
        invoice_id=f"id-{number}",
        invoice_number="",
        total=Decimal(total),
        contact=Contact(contact_id=f"c-{number}", name="Ærø ✓ 'x'"),
        line_items=items,
    )


def read_sqlite(folder: Path) -> State:
    """What is in the database."""
    with closing(sqlite3.connect(folder / "export.db")) as connection:
        return {
            id: (Decimal(total), lines)
            for id, total, lines in connection.execute(
                "SELECT invoice_id, total, (SELECT count(*) FROM invoices_line_items AS line "
                "WHERE (line.tenant_id, line.invoice_id) = (invoices.tenant_id, invoices.invoice_id)) FROM invoices"
            )
        }


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [*csv.DictReader(stream)]


def read_csv(folder: Path) -> State:
    """What is in the files."""
    rows = rows_of_csv(folder / "Demo/invoices.csv")
    lines = [row["invoice_id"] for row in rows_of_csv(folder / "Demo/invoices_line_items.csv")]
    assert len(rows) == len({row["invoice_id"] for row in rows})
    return {row["invoice_id"]: (Decimal(row["total"]), lines.count(row["invoice_id"])) for row in rows}


def read_parquet(folder: Path) -> State:
    """What is in the parts."""
    parquet: Any = import_module("pyarrow.parquet")
    rows: list[dict[str, Any]] = []
    for path in sorted((folder / "Demo/invoices").iterdir()):
        with parquet.ParquetFile(path) as file:
            rows += file.read(use_threads=False).to_pylist()
    assert len(rows) == len({row["invoice_id"] for row in rows})
    return {row["invoice_id"]: (row["total"], len(row["line_items"] or ())) for row in rows}


READERS: dict[str, Callable[[Path], State]] = {"SQLite": read_sqlite, "CSV": read_csv, "Parquet": read_parquet}

BEFORE = [[invoice(number, "1.10", 2) for number in range(4)], [invoice(number, "1.10") for number in range(4, 6)]]
AFTER = [[invoice(1, "2.20"), invoice(5, "2.20", 3), invoice(6, "2.20")], [invoice(6, "3.30", 2)]]
OLD: State = {f"id-{number}": (Decimal("1.10"), 2 if number < 4 else 1) for number in range(6)}
FULL: State = {
    "id-1": (Decimal("2.20"), 1),
    "id-5": (Decimal("2.20"), 3),
    "id-6": (Decimal("3.30"), 2),
}
NEW: State = OLD | FULL


def go_on(table: Table, *, full: bool) -> None:
    """Write what follows the checkpoint, to the end, as the core does."""
    checkpoint = table.open(full=full)
    done = {None: 0, b"old": 0, b"page 0": 1, b"page 1": 2, b"new": 2}[checkpoint]
    for number in range(done, len(AFTER)):
        table.write(AFTER[number], b"page %d" % number)
    table.finish(b"new")


def prepare(name: str, folder: Path) -> None:
    """An export that is there already."""
    sink = SINKS[name](folder)
    table = sink.table(PLACE)
    assert table.open(full=False) is None
    for number, records in enumerate(BEFORE):
        table.write(records, b"page %d" % number)
    table.finish(b"old")
    table.close()
    sink.close()
    assert READERS[name](folder) == OLD


def run(name: str, folder: Path, *, full: bool) -> None:
    """Bring an export that is there to its new state."""
    sink = SINKS[name](folder)
    table = sink.table(PLACE)
    try:
        go_on(table, full=full)
    finally:
        table.close()
        sink.close()


def files_in(folder: Path) -> list[str]:
    """The files and folders below a folder, without the numbers that differ from draw to draw."""
    names = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(str(name.with_name("part") if name.name.startswith("part-") else name) for name in names)


# -- being killed ---------------------------------------------------------------------------------------------------

_connect: Callable[..., sqlite3.Connection] = sqlite3.connect
_STEPS = {"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect"}


class Steps:
    """Counts steps and ends the process, or raises, at one of them."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.count, self.last = str(folder), 0, 0
        self.at_last: Callable[[], object] = lambda: os._exit(9)
        sys.addaudithook(self._hear)
        sqlite3.connect = self._connect  # type: ignore[assignment]  # the overloads differ in what is not used here

    def _connect(self, path: str, **options: Any) -> sqlite3.Connection:
        connection = _connect(path, **options)
        connection.set_trace_callback(lambda _: self.step())
        return connection

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _STEPS and self._folder in str(arguments[0]):
            self.step()

    def step(self) -> None:
        """One more."""
        self.count += 1
        if self.count == self.last:
            self.at_last()


def kill_at_each_step(name: str, folder: Path, stride: int) -> dict[str, int]:
    """Try it all; return how many kills there were, and how many left the old and the new state."""
    seen = {"kills": 0, "old": 0, "new": 0, "between": 0}
    prepare(name, folder / "before")
    steps = Steps(folder)
    for full in (False, True):
        last = 1
        while True:
            shutil.copytree(folder / "before", folder / "now")
            steps.last, steps.count = last, 0
            child = os.fork()
            if not child:
                run(name, folder / "now", full=full)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            ended = os.waitstatus_to_exitcode(status) == 0
            steps.last = 0
            if not ended:
                seen["kills"] += 1
                seen[_state_of(name, folder / "now", full)] += 1
                run(name, folder / "now", full=full)
            assert READERS[name](folder / "now") == (FULL if full else NEW), (full, last)
            left = files_in(folder / "now")
            shutil.rmtree(folder / "now")
            if ended:
                break
            last += stride
            _no_litter(name, folder, left, full)
    return seen


def _state_of(name: str, folder: Path, full: bool) -> str:
    if name == "Parquet" and not (folder / "Demo/invoices").exists():
        return "between"
    found = READERS[name](folder)
    # A database takes an increment page by page; then what it holds must be what its checkpoint says.
    pages = [OLD, OLD | {"id-1": FULL["id-1"], "id-5": FULL["id-5"], "id-6": (Decimal("2.20"), 1)}, NEW]
    if name == "SQLite" and not full:
        with closing(sqlite3.connect(folder / "export.db")) as connection:
            ((checkpoint,),) = connection.execute("SELECT checkpoint FROM _exports")
        assert found == pages[{b"old": 0, b"page 0": 1, b"page 1": 2, b"new": 2}[checkpoint]], checkpoint
        return "old" if found == OLD else "new"
    if name == "CSV" and found not in (OLD, FULL if full else NEW):
        return "between"  # between the renaming of one file and the next
    assert found in (OLD, FULL if full else NEW)
    return "old" if found == OLD else "new"


def _no_litter(name: str, folder: Path, left: list[str], full: bool) -> None:
    expected = folder / f"expected-{full}"
    if not expected.exists():
        shutil.copytree(folder / "before", expected)
        run(name, expected, full=full)
    assert set(left) == set(files_in(expected)), left


if __name__ == "__main__":
    sys.stdout.write(json.dumps(kill_at_each_step(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
