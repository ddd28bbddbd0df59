"""Sinks: what goes in comes out to the last digit, and whatever cuts them short leaves the old state or the new one."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sink_stage import (
    AFTER,
    BEFORE,
    FULL,
    NEW,
    OLD,
    PLACE,
    READERS,
    SINKS,
    files_in,
    invoice,
    prepare,
    rows_of_csv,
    run,
)
from strategies import records

from xero_async.bulk.export.arrow import arrow_schema, arrow_table, need
from xero_async.bulk.export.sinks.base import Place, SinkError
from xero_async.bulk.export.sinks.csv import CSV
from xero_async.bulk.export.sinks.parquet import Parquet
from xero_async.bulk.export.sinks.sqlite import SQLite
from xero_async.bulk.export.tables import Field, shape
from xero_async.models import Contact, Currency, Invoice, Invoices, LineItem, Model, Payment
from xero_async.wire import decode

HAS_ARROW = importlib.util.find_spec("pyarrow") is not None
needs_arrow = pytest.mark.skipif(not HAS_ARROW, reason="pyarrow is not installed: pip install 'xero_async[parquet]'")
EACH = [pytest.param(name, marks=[needs_arrow] if name == "Parquet" else []) for name in SINKS]
STRIDE = int(os.environ.get("SINK_STRIDE", "25"))
"""Each so many steps a kill; 1 takes a minute."""

AMOUNTS = ["0.0000000000", "1.10", "-0.01", "12345678901234567890.123456789012345678", "100", "0.30", "1E+3", "-7.000"]


def written(sink: Any, place: Place, pages: Iterable[Sequence[Model]]) -> Any:
    """What finishing leaves, once all pages are written."""
    table = sink.table(place)
    try:
        table.open(full=False)
        for number, page in enumerate(pages):
            table.write(page, b"%d" % number)
        return table.finish(b"end")
    finally:
        table.close()
        sink.close()


def rows_of(path: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table of a database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]


def text(value: object) -> object:
    """A value as a database has it."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list) else value


def cells(record: Model, fields: Iterable[Field]) -> Iterator[tuple[str, object]]:
    """The plain fields of a record by name."""
    return ((field.name, getattr(record, field.name)) for field in fields if field.kind)


def assert_row(row: dict[str, Any], record: Model, fields: tuple[Field, ...], missing: str = "") -> None:
    """A row tells what the plain fields of a record do; decimals with the same digits."""
    for name, value in cells(record, fields):
        if name == missing:
            continue
        if isinstance(value, Decimal):
            found = Decimal(row[name])
            assert str(found) == str(value)
        else:
            assert row[name] == text(value), name


# -- what goes in comes out -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EACH)
def test_money_keeps_its_digits(name: str, tmp_path: Path) -> None:
    """Each amount comes out as the number that went in; where it is text, with the zeros at the end too."""
    kept = [invoice(number, amount) for number, amount in enumerate(AMOUNTS)]
    written(SINKS[name](tmp_path), PLACE, [kept])
    state = READERS[name](tmp_path)
    assert [state[f"id-{number}"][0] for number in range(len(AMOUNTS))] == [Decimal(amount) for amount in AMOUNTS]
    if name != "Parquet":
        assert [str(state[f"id-{number}"][0]) for number in range(len(AMOUNTS))] == [
            str(Decimal(amount)) for amount in AMOUNTS
        ]


@settings(max_examples=15, deadline=None)
@given(st.lists(records(Invoice), max_size=4), st.lists(records(Invoice), max_size=2))
def test_sqlite_gives_back_any_record(first: list[Invoice], second: list[Invoice]) -> None:
    """Plain fields, lines and what hangs on them come back from SQLite, in the last state of each id."""
    for number, record in enumerate((*first, *second)):
        record.invoice_id = f"{number % 3}"
    expected = {record.invoice_id: record for record in (*first, *second)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.db"
        assert written(SQLite(path), PLACE, [first, second]).records == len(expected)
        rows = {row["invoice_id"]: row for row in rows_of(path, "invoices")}
        lines = {(row["invoice_id"], row["position"]): row for row in rows_of(path, "invoices_line_items")}
    fields = {field.name: field for field in shape(Invoice)}
    assert rows.keys() == expected.keys()
    for id, record in expected.items():
        assert_row(rows[id or ""], record, shape(Invoice))
        contact = record.contact or Contact()
        assert [rows[id or ""][name] for name in ("contact_id", "contact_name")] == [contact.contact_id, contact.name]
        for position, line in enumerate(record.line_items or []):
            assert_row(lines.pop((id, position)), line, fields["line_items"].fields)
    assert not lines


def nested(record: Model, fields: tuple[Field, ...]) -> dict[str, object]:
    """A record as Arrow gives it back."""
    found: dict[str, object] = {}
    for field in fields:
        value: Any = getattr(record, field.name)
        if value is not None and field.many:
            value = [nested(part, field.fields) for part in value]
        elif value is not None and not field.kind:
            value = nested(value, field.fields)
        found[field.name] = value
    return found


def fits(value: Any) -> bool:
    """Whether all decimals within fit into decimal128(38, 18)."""
    if isinstance(value, Decimal):
        whole, _, places = format(value.copy_abs(), "f").partition(".")
        return len(whole.lstrip("0")) <= 20 and len(places.rstrip("0")) <= 18
    if not isinstance(value, (dict, list)):
        return True
    parts: Any = cast("Any", value)
    return all(map(fits, parts.values() if isinstance(value, dict) else parts))


@needs_arrow
@pytest.mark.parametrize("record", [Invoice, Payment, Contact])
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_arrow_gives_back_any_record(record: type[Model], data: st.DataObject) -> None:
    """Every field comes back from an Arrow table, None apart from empty; a number that does not fit is refused."""
    drawn: list[Any] = data.draw(st.lists(records(record), max_size=3))
    expected = [nested(each, shape(record)) for each in drawn]
    if fits(expected):
        table = arrow_table(record, drawn)
        table.validate(full=True)
        assert table.schema == arrow_schema(record)
        assert table.to_pylist() == expected
    else:
        with pytest.raises(SinkError, match="does not fit into decimal128"):
            arrow_table(record, drawn)


@needs_arrow
@pytest.mark.parametrize("amount", ["1E-19", "100000000000000000000", "-1.1234567890123456789", "9" * 60])
def test_parquet_refuses_what_it_would_round(amount: str, tmp_path: Path) -> None:
    """A number of too many digits is a clear error that does not show it, and the checkpoint stays."""
    table = Parquet(tmp_path).table(PLACE)
    table.open(full=False)
    table.write([invoice(1, "1.10")], b"1")
    with pytest.raises(SinkError, match=r"^LineItem\.unit_amount does not fit into decimal128\(38, 18\)$") as error:
        table.write([Invoice(invoice_id="x", line_items=[LineItem(unit_amount=Decimal(amount))])], b"2")
    assert amount not in str(error.value)
    table.close()
    assert table.open(full=False) == b"1"
    assert table.finish(b"3").records == 1
    table.close()


def test_csv_tells_none_from_empty_and_holds_odd_texts(tmp_path: Path) -> None:
    """Quotes, commas, line ends, null characters and formulas come back; empty is quoted and None is not."""
    texts = ["", 'a "b", c', "two\r\nlines", "=1+1", "Ærø ✓ 😀", "\x00", " ", "''"]
    invoices = [Invoice(invoice_id=f"{number}", reference=each) for number, each in enumerate(texts)]
    written(CSV(tmp_path), PLACE, [[*invoices, Invoice(invoice_id="none", sent_to_contact=True)]])
    rows = {row["invoice_id"]: row for row in rows_of_csv(tmp_path / "Demo/invoices.csv")}
    assert [rows[f"{number}"]["reference"] for number in range(len(texts))] == texts
    raw = (tmp_path / "Demo/invoices.csv").read_text(encoding="utf-8").split("\n")
    assert ',"",' in raw[1]
    assert '""' not in next(line for line in raw if line.startswith("none"))
    assert rows["none"]["sent_to_contact"] == "true"


def test_sqlite_sums_and_compares(tmp_path: Path) -> None:
    """Money as text can be summed as it stands and compared with a cast; a SQLite query joins lines to documents."""
    path = tmp_path / "x.db"
    written(SQLite(path), PLACE, [[invoice(1, "99.90", 2), invoice(2, "100.10", 3)]])
    with closing(sqlite3.connect(path)) as connection:
        query = (
            "SELECT sum(total), (SELECT count(*) FROM invoices_line_items JOIN invoices USING (tenant_id, invoice_id) "
            "WHERE CAST(total AS REAL) > 100), typeof(total), total FROM invoices"
        )
        assert connection.execute(query).fetchone() == (200.0, 3, "text", "99.90")
        assert connection.execute("SELECT option FROM invoices_line_items_tracking").fetchone() == (
            'Nord, "Süd"\n=1+1',
        )


@pytest.mark.parametrize("name", EACH)
def test_a_resource_without_records_is_there(name: str, tmp_path: Path) -> None:
    """Nothing to export leaves an empty table, not none; records that come later find it."""
    assert written(SINKS[name](tmp_path), PLACE, []).records == 0
    assert READERS[name](tmp_path) == {}
    assert written(SINKS[name](tmp_path), PLACE, [BEFORE[0]]).records == 4


@pytest.mark.parametrize("name", EACH)
def test_records_without_ids_are_kept_in_order(name: str, tmp_path: Path) -> None:
    """What has no id is numbered, and a full draw replaces it."""
    place = Place(tenant_id="t", label="Demo", resource="currencies", record=Currency, id_name="")
    for codes in (["NZD", "AUD", "NZD"], ["EUR"]):
        sink = SINKS[name](tmp_path)
        table = sink.table(place)
        table.open(full=True)
        for code in codes:
            table.write([Currency(code=code)], b"x")
        assert table.finish(b"end").records == len(codes)
        table.close()
        sink.close()


@needs_arrow
def test_parquet_has_a_row_group_for_each_page_and_few_parts(tmp_path: Path) -> None:
    """Pages become row groups, 32 to a part; many small increments become one part again, exactly once each."""
    parquet: Any = importlib.import_module("pyarrow.parquet")
    sink = Parquet(tmp_path)
    written(sink, PLACE, [[invoice(number, "1.00")] for number in range(34)])
    folder = tmp_path / "Demo/invoices"
    assert sorted(parquet.read_metadata(path).num_row_groups for path in folder.iterdir()) == [2, 32]
    for number in (20, *range(33, 42)):
        written(sink, PLACE, [[invoice(number, "2.00", 2)]])
    assert len([*folder.iterdir()]) < 10
    state = READERS["Parquet"](tmp_path)
    changed = {"id-20", *(f"id-{number}" for number in range(33, 42))}
    assert state == {
        f"id-{number}": (Decimal(2), 2) if f"id-{number}" in changed else (Decimal(1), 1) for number in range(42)
    }


@needs_arrow
def test_parquet_has_the_types_that_were_promised() -> None:
    """Money is decimal128, days are days, and instants are in UTC, whatever the first page holds."""
    schema = arrow_schema(Invoice)
    assert [str(schema.field(name).type) for name in ("total", "date", "updated_date_utc")] == [
        "decimal128(38, 18)",
        "date32[day]",
        "timestamp[us, tz=UTC]",
    ]
    page = decode(Invoices, b'{"Invoices":[{"UpdatedDateUTC":"/Date(1792000000123+0000)/","Date":"2026-01-31"}]}')
    (row,) = arrow_table(Invoice, page.invoices or []).to_pylist()
    assert (row["updated_date_utc"], row["date"]) == (
        datetime.fromtimestamp(1792000000.123, UTC),
        date(2026, 1, 31),
    )


def test_tenants_share_a_database(tmp_path: Path) -> None:
    """The same ids in two tenants are two rows, and a full draw of one leaves the other alone."""
    sink = SQLite(tmp_path / "x.db")
    places = [Place(tenant_id=id, label=id, resource="invoices", record=Invoice, id_name="InvoiceID") for id in "ab"]
    tables = [sink.table(place) for place in places]
    for table in tables:
        table.open(full=True)
    for table in tables:
        table.write([invoice(1, "1.00", 2), invoice(2, "1.00")], b"1")
        table.finish(b"2")
    tables[0].open(full=True)
    tables[0].write([invoice(2, "5.00")], b"3")
    tables[0].finish(b"4")
    sink.close()
    rows = rows_of(tmp_path / "x.db", "invoices")
    assert sorted((row["tenant_id"], row["invoice_id"], row["total"]) for row in rows) == [
        ("a", "id-2", "5.00"),
        ("b", "id-1", "1.00"),
        ("b", "id-2", "1.00"),
    ]
    assert [row["checkpoint"] for row in rows_of(tmp_path / "x.db", "_exports")] == [b"4", b"2"]
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        assert not connection.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE '\\_full%' ESCAPE '\\'"
        ).fetchall()


# -- being cut short ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EACH)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked to be killed")
def test_a_kill_at_any_step_leaves_the_old_or_the_new(name: str, tmp_path: Path) -> None:
    """Killed at statements and at what is done to files, an export goes on to the right state and leaves no litter."""
    command = [sys.executable, str(Path(__file__).with_name("sink_stage.py")), name, str(tmp_path), str(STRIDE)]
    answer = subprocess.run(command, capture_output=True, check=False, text=True, timeout=500)
    assert answer.returncode == 0, answer.stderr
    seen: dict[str, int] = json.loads(answer.stdout)
    assert seen["old"]
    assert seen["kills"] == seen["old"] + seen["new"] + seen["between"] > 8


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("full", [False, True])
def test_an_abandoned_draw_leaves_what_was_there(name: str, full: bool, tmp_path: Path) -> None:
    """A full draw that is given up is taken away by the next increment; the rows of before are there all the time."""
    prepare(name, tmp_path)
    sink = SINKS[name](tmp_path)
    table = sink.table(PLACE)
    table.open(full=True)
    table.write(AFTER[0], b"page 0")
    table.close()
    sink.close()
    assert READERS[name](tmp_path) == OLD
    run(name, tmp_path, full=full)
    assert READERS[name](tmp_path) == (FULL if full else NEW)
    expected = tmp_path / "expected"
    prepare(name, expected)
    run(name, expected, full=full)
    left = files_in(expected)
    shutil.rmtree(expected)
    assert set(files_in(tmp_path)) == set(left)


@pytest.mark.parametrize("name", EACH)
def test_a_full_draw_goes_on_or_begins_afresh(name: str, tmp_path: Path) -> None:
    """An interrupted full draw gives its checkpoint back; with `fresh` what it had drawn is thrown away."""
    prepare(name, tmp_path)
    sink = SINKS[name](tmp_path)
    table = sink.table(PLACE)
    assert table.open(full=True) is None
    table.write(AFTER[0], b"page 0")
    table.close()
    assert table.open(full=True) == b"page 0"
    table.close()
    assert table.open(full=True, fresh=True) is None
    table.write(AFTER[1], b"page 1")
    assert table.finish(b"new").records == 1
    table.close()
    assert table.open(full=False) == b"new"
    table.close()
    sink.close()
    assert READERS[name](tmp_path) == {"id-6": FULL["id-6"]}


class Cut(BaseException):
    """The process is gone: nothing after it happens."""


@needs_arrow
@pytest.mark.parametrize(("full", "renamed"), [(False, 0), (False, 1), (True, 0), (True, 1), (True, 2)])
def test_an_ending_that_was_cut_short_is_the_next_runs_first_deed(
    full: bool, renamed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut before any of its renames, the end of a draw counts: the next increment finds its checkpoint and its rows."""
    prepare("Parquet", tmp_path)
    table = Parquet(tmp_path).table(PLACE)
    table.open(full=full)
    table.write([invoice(9, "9.00")], b"page")
    done: list[Path] = []

    def rename(path: Path, target: Path) -> Path:
        if len(done) == renamed:
            raise Cut
        done.append(path)
        return Path(shutil.move(path, target))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        with pytest.raises(Cut):
            table.finish(b"new")
    table.close()
    assert table.open(full=False) == b"new"
    table.close()
    added = {"id-9": (Decimal("9.00"), 1)}
    assert READERS["Parquet"](tmp_path) == (added if full else OLD | added)


@pytest.mark.parametrize("name", EACH)
def test_files_that_were_taken_away_mean_a_new_start(name: str, tmp_path: Path) -> None:
    """Without the data there is no checkpoint; CSV files that are missing are written again."""
    prepare(name, tmp_path)
    shutil.rmtree(tmp_path / "Demo") if name == "CSV" else None
    if name == "Parquet":
        shutil.rmtree(tmp_path / "Demo/invoices")
    if name == "SQLite":
        (tmp_path / "export.db").unlink()
    sink = SINKS[name](tmp_path)
    table = sink.table(PLACE)
    assert table.open(full=False) == (b"old" if name == "CSV" else None)
    table.finish(b"end")
    table.close()
    sink.close()
    assert READERS[name](tmp_path) == (OLD if name == "CSV" else {})


# -- what cannot be -------------------------------------------------------------------------------------------------


def test_tables_that_are_not_ours_are_refused(tmp_path: Path) -> None:
    """Another table of the name, another type of column, or no database at all: a clear error, and nothing changed."""
    for number, statement in enumerate(
        ["CREATE TABLE invoices (a)", "CREATE TABLE invoices (tenant_id, invoice_id, total REAL, PRIMARY KEY (1, 2))"]
    ):
        path = tmp_path / f"{number}.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(statement.replace("(1, 2)", "(tenant_id, invoice_id)"))
        sink = SQLite(path)
        with pytest.raises(SinkError, match=r"primary key|is REAL, not TEXT|is , not TEXT"):
            sink.table(PLACE).open(full=False)
        sink.close()
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    with pytest.raises(SinkError, match="not a database"):
        SQLite(tmp_path / "x.db").table(PLACE).open(full=False)


def test_columns_that_are_missing_are_added_and_others_left(tmp_path: Path) -> None:
    """A database of an older version gets the new columns, and a user's own column keeps its values on updates."""
    path = tmp_path / "x.db"
    written(SQLite(path), PLACE, [BEFORE[0]])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "ALTER TABLE invoices DROP COLUMN total; ALTER TABLE invoices ADD COLUMN note;"
            "UPDATE invoices SET note = 'mine'"
        )
    written(SQLite(path), PLACE, [[invoice(1, "7.00")]])
    rows = {row["invoice_id"]: (row["total"], row["note"]) for row in rows_of(path, "invoices")}
    assert rows["id-1"] == ("7.00", "mine")
    assert rows["id-2"] == (None, "mine")


@needs_arrow
def test_a_folder_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    """A folder that holds other files under the resource's name is refused before anything is drawn."""
    (tmp_path / "Demo/invoices").mkdir(parents=True)
    (tmp_path / "Demo/invoices/thesis.txt").write_text("years of work")
    with pytest.raises(SinkError, match="not from an export"):
        Parquet(tmp_path).table(PLACE).open(full=False)
    assert (tmp_path / "Demo/invoices/thesis.txt").exists()


@pytest.mark.parametrize("name", EACH)
def test_a_record_without_its_id_is_refused(name: str, tmp_path: Path) -> None:
    """It could not be found again; the page is refused whole, and the checkpoint stays."""
    sink = SINKS[name](tmp_path)
    table = sink.table(PLACE)
    table.open(full=False)
    with pytest.raises(SinkError, match="without its InvoiceID"):
        table.write([invoice(1, "1.00"), Invoice(total=Decimal(1))], b"1")
    table.close()
    assert table.open(full=False) is None
    table.close()
    sink.close()


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its library the sink is refused when it is made, before any call, with what to install."""
    need.cache_clear()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(SinkError, match=r"xero_async\[parquet\]"):
        Parquet(tmp_path)
