"""The dlt source: records in DuckDB and in a real PostgreSQL, every digit of money kept, and increments."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from servers import postgres_server, served

from xero_async import ClientCredentials, Contact, Invoice, LineItem, StaticToken, Xero, scopes
from xero_async.bulk import SinkError, listable
from xero_async.bulk import dlt as xero_dlt
from xero_async.sandbox import Sandbox, SandboxLimits
from xero_async.session import Tenant
from xero_async.wire.errors import InvalidArgument

dlt = pytest.importorskip("dlt", reason="needs dlt, of the extra [dlt]")

T = TypeVar("T")
Row = tuple[Any, ...]


@pytest.fixture
def sandbox() -> Generator[Sandbox]:
    """Two organisations in a thread of their own, which keep no limits."""
    with served(Sandbox(contacts=5, invoices=40, tenants=2, limits=None, seed=3)) as serving:
        yield serving


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is told to dlt's makers, and nothing kept outside the test's folder."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "CRITICAL")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))


def client(sandbox: Sandbox) -> Xero:
    """A session with a sandbox, not open yet."""
    auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
    return Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, unitdp=4)


def ask(sandbox: Sandbox, question: Callable[[Tenant], Awaitable[T]], tenant: int = 0) -> T:
    """What a tenant answers."""

    async def answer() -> T:
        async with client(sandbox) as xero:
            return await question(xero.tenant(sandbox.tenants[tenant]))

    return asyncio.run(answer())


class Books:
    """A database into which pipelines run."""

    def __init__(self, destination: Any, folder: Path) -> None:
        self._destination, self._folder = destination, folder

    @property
    def pipeline(self) -> Any:
        """The pipeline, as a later process finds it."""
        return dlt.pipeline(
            "books", destination=self._destination, dataset_name="xero", pipelines_dir=str(self._folder / "pipelines")
        )

    def run(self, source: Any, **options: Any) -> None:
        """Load a source."""
        self.pipeline.run(source, **options).raise_on_failed_jobs()

    def rows(self, query: str) -> list[Row]:
        """What a query finds."""
        with self.pipeline.sql_client() as database:
            found: list[Row] = database.execute_sql(query)
        return found


@pytest.fixture(params=["duckdb", "postgres"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Books]:
    """A DuckDB file, and a PostgreSQL server of the test's own."""
    with ExitStack() as stack:
        if request.param == "duckdb":
            pytest.importorskip("duckdb")
            yield Books(dlt.destinations.duckdb(str(tmp_path / "books.duckdb")), tmp_path)
        else:
            pytest.importorskip("psycopg2")
            yield Books(dlt.destinations.postgres(stack.enter_context(postgres_server())), tmp_path)


async def all_invoices(tenant: Tenant) -> list[Invoice]:
    """Every invoice as Xero has it now."""
    return [invoice async for invoice in tenant.invoices.list(page_size=100)]


ODD = [Decimal(text) for text in ("0.0001", "1234567890.1234", "19.99", "0.3333", "1.1", "-0.0007")]
"""Amounts of which binary fractions have none, but one, exactly."""


async def add_odd(tenant: Tenant) -> None:
    """An invoice whose lines have odd amounts."""
    contact = (await tenant.contacts.list(page_size=1))[0]
    lines = [LineItem(description="odd", quantity=Decimal(1), unit_amount=each, account_code="200") for each in ODD]
    draft = Invoice(type="ACCREC", contact=Contact(contact_id=contact.contact_id), line_items=lines)
    (await tenant.invoices.create([draft])).raise_for_errors()


def money(invoices: Sequence[Invoice]) -> list[Row]:
    """The money of invoices, by id."""
    return sorted(
        (one.invoice_id, one.status, one.sub_total, one.total_tax, one.total, one.amount_due) for one in invoices
    )


def line_money(invoices: Sequence[Invoice]) -> list[Row]:
    """The money of invoices' lines."""
    return sorted(
        (one.invoice_id, line.unit_amount, line.line_amount) for one in invoices for line in one.line_items or ()
    )


MONEY = "select invoice_id, status, sub_total, total_tax, total, amount_due from invoices where tenant_id = '{}'"
LINES = (
    "select invoice_id, unit_amount, line_amount from invoices__line_items as line "
    "join invoices on line._dlt_parent_id = invoices._dlt_id where tenant_id = '{}'"
)


def test_every_digit_arrives_and_later_runs_bring_what_changed(sandbox: Sandbox, books: Books) -> None:
    """What the database holds is what Xero holds, digit for digit, after a first run and after an increment."""
    ask(sandbox, add_odd)

    def source() -> Any:
        return xero_dlt.source(client(sandbox), resources=["contacts", "invoices", "currencies"], page_size=20)

    def agrees() -> bool:
        for number, tenant in enumerate(sandbox.tenants):
            truth = ask(sandbox, all_invoices, number)
            assert sorted(books.rows(MONEY.format(tenant))) == money(truth)
            assert sorted(books.rows(LINES.format(tenant))) == line_money(truth)
        return True

    def drawn() -> int:
        return sandbox.counters.operations["getInvoices"]

    books.run(source())
    assert agrees()
    assert {value for _, value, _ in books.rows(LINES.format(sandbox.tenants[0]))} >= set(ODD)
    assert books.rows("select count(*) from contacts") == [(10,)]

    async def change(tenant: Tenant) -> None:
        first, second, *_ = [one for one in await all_invoices(tenant) if one.status == "DRAFT"]
        await tenant.invoices.update(first.invoice_id or "", Invoice(status="DELETED"))
        await tenant.invoices.update(second.invoice_id or "", Invoice(line_items=(second.line_items or [])[:1]))
        await add_odd(tenant)

    ask(sandbox, change)
    before = drawn()
    books.run(source())
    assert drawn() - before <= 4
    assert agrees()
    currencies = "select tenant_id, code from currencies"
    assert len(books.rows(currencies)) == len(set(books.rows(currencies)))


@pytest.fixture
def duckdb(tmp_path: Path) -> Books:
    """A DuckDB file."""
    pytest.importorskip("duckdb")
    return Books(dlt.destinations.duckdb(str(tmp_path / "books.duckdb")), tmp_path)


def test_names_are_those_of_python() -> None:
    """dlt's way of writing Xero's names is the one of the models, for every field of every record."""
    normal = dlt.Schema("names").naming.normalize_identifier
    for operation in listable().values():
        assert operation.record is not None
        for field in msgspec.structs.fields(operation.record):
            assert normal(field.encode_name).strip("_") == field.name.strip("_")


def test_what_is_wrong_is_refused_before_anything_is_drawn(sandbox: Sandbox) -> None:
    """An unknown resource, and a filter where there can be none, are refused when the source is made."""
    with pytest.raises(InvalidArgument, match="'bills'"):
        xero_dlt.source(client(sandbox), resources=["bills"])
    with pytest.raises(InvalidArgument, match="where"):
        xero_dlt.source(client(sandbox), resources=["budgets"], where="x==1")
    assert sandbox.counters.calls == 0


def test_a_draw_that_is_cut_off_goes_on_with_the_next_run(sandbox: Sandbox, duckdb: Books) -> None:
    """With dlt's `add_limit`, pages come run by run, each drawn once, and no invoice is lost or doubled."""

    def source() -> Any:
        return xero_dlt.source(client(sandbox), sandbox.tenants[:1], resources=["invoices"], page_size=8)

    for _ in range(2):
        duckdb.run(source().add_limit(3))
    ((some,),) = duckdb.rows("select count(*) from invoices")
    duckdb.run(source())
    truth = ask(sandbox, all_invoices)
    assert sorted(duckdb.rows(MONEY.format(sandbox.tenants[0]))) == money(truth)
    assert 0 < some < 40
    assert sandbox.counters.operations["getInvoices"] <= 5 + 1 + 2 * 5 + 1


def test_of_a_row_that_changes_while_it_is_drawn_the_last_state_counts(sandbox: Sandbox, duckdb: Books) -> None:
    """An invoice that was drawn, edited, and drawn again within one load is there once, as it is now."""

    async def edit(tenant: Tenant) -> None:
        for one in await all_invoices(tenant):
            if one.type == "ACCREC" and one.status in ("DRAFT", "SUBMITTED", "AUTHORISED"):
                await tenant.invoices.update(one.invoice_id or "", Invoice(reference="edited"))

    edits = iter([edit])

    def edited(row: dict[str, Any]) -> dict[str, Any]:
        if row["drawn"] == 6 and (now := next(edits, None)):
            ask(sandbox, now)
        return row

    source = xero_dlt.source(client(sandbox), sandbox.tenants[:1], resources=["invoices"], page_size=5)
    source.resources["invoices"].add_map(edited)
    duckdb.run(source)
    truth = ask(sandbox, all_invoices)
    references = {one.invoice_id: one.reference for one in truth}
    assert dict(duckdb.rows("select invoice_id, reference from invoices")) == references
    assert duckdb.rows("select count(*) from invoices") == [(40,)]
    assert list(references.values()).count("edited") >= 5


def test_the_days_limit_ends_a_run_and_keeps_what_came(duckdb: Books, caplog: pytest.LogCaptureFixture) -> None:
    """Out of calls, a run ends with a warning and loads what it has; the next day's goes on from there."""
    with served(Sandbox(contacts=3, invoices=60, limits=SandboxLimits(day=8), seed=1)) as sandbox:

        def source() -> Any:
            return xero_dlt.source(client(sandbox), resources=["invoices"], page_size=5)

        duckdb.run(source())
        assert "used up" in caplog.text
        ((some,),) = duckdb.rows("select count(*) from invoices")
        assert 0 < some < 60
        before = sandbox.counters.operations["getInvoices"]
        sandbox.advance(24 * 3600)
        duckdb.run(source())
        assert duckdb.rows("select count(*), count(distinct invoice_id) from invoices") == [(60, 60)]
        assert sandbox.counters.operations["getInvoices"] - before <= 1 + 12 - 8 + 5


def test_an_error_ends_the_run_and_keeps_no_state(sandbox: Sandbox, duckdb: Books) -> None:
    """Where Xero refuses, dlt raises what Xero said; the next run begins where the last whole one ended."""
    pipeline = duckdb.pipeline
    with pytest.raises(Exception, match="Nonsense"):
        pipeline.run(xero_dlt.source(client(sandbox), resources=["invoices"], where="Nonsense"))
    duckdb.run(xero_dlt.source(client(sandbox), resources=["invoices"]))
    assert duckdb.rows("select count(*) from invoices") == [(80,)]


def test_what_the_token_may_not_read_is_left_out_unless_it_was_named(
    sandbox: Sandbox, duckdb: Books, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a scope for payment services the others are loaded and a warning tells of it; named, it is an error."""

    def narrow() -> Xero:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret, scopes=scopes.for_purpose("export"))
        return Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url)

    duckdb.run(xero_dlt.source(narrow()).with_resources("payment_services", "contacts"))
    assert "the scope paymentservices" in caplog.text
    assert duckdb.rows("select count(*) from contacts") == [(10,)]
    with pytest.raises(Exception, match="the scope paymentservices"):
        duckdb.pipeline.run(xero_dlt.source(narrow(), resources=["payment_services"]))


def test_a_refresh_forgets_what_is_gone(sandbox: Sandbox, duckdb: Books) -> None:
    """With dlt's `refresh`, everything is drawn again into empty tables."""
    source = xero_dlt.source(client(sandbox), resources=["contacts"])
    duckdb.run(source)
    with duckdb.pipeline.sql_client() as database:
        database.execute_sql("update contacts set contact_id = 'gone', tenant_id = 'gone'")
    duckdb.run(xero_dlt.source(client(sandbox), resources=["contacts"]), refresh="drop_sources")
    assert duckdb.rows("select count(*), count(*) filter (where contact_id = 'gone') from contacts") == [(10, 0)]


def test_a_number_with_too_many_digits_is_refused_rather_than_rounded() -> None:
    """What a column would round in silence raises `SinkError`; the widest that fits is let through."""
    check = vars(xero_dlt)["_check"]
    check({"a": [{"b": Decimal("0.123456789")}], "c": Decimal(10) ** 28}, "")
    for amount in (Decimal("0.1234567891"), Decimal(10) ** 29, Decimal("NaN")):
        with pytest.raises(SinkError, match="b"):
            check({"a": [{"b": amount}]}, "")


def test_without_the_extra_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dlt is not installed, the error says what to install."""
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(InvalidArgument, match=r"xero_async\[dlt\]"):
        xero_dlt.source(Xero(StaticToken("x")))
