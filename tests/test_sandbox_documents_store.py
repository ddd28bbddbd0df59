"""What the engine promises of its store: nothing answered is lost, nothing is half done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sandbox_engine import START, TENANT, Engine, sale

from xero_async.sandbox.documents import Documents
from xero_async.sandbox.query import Condition
from xero_async.sandbox.resources import CONTACTS
from xero_async.sandbox.store import Attachment, Note, Selection, Store

WRITER = """
import json, sys
from datetime import UTC, datetime
from xero_async.sandbox.documents import Documents
documents = Documents(sys.argv[1], now=lambda: datetime(2026, 11, 21, tzinfo=UTC))
documents.add_tenant(sys.argv[2], "Demo Company")
line = {"Description": "x", "UnitAmount": 1}
for count in range(10_000):
    body = [{"Type": "ACCREC", "Contact": {"Name": "ABC"}, "LineItems": [line]}] * 3
    answer = documents.execute("createInvoices", sys.argv[2], {}, {}, {}, json.dumps(body).encode(), "")
    print(" ".join(each["InvoiceNumber"] for each in json.loads(answer.body)["Invoices"]), flush=True)
"""


def test_a_file_keeps_everything(tmp_path: Path) -> None:
    """Documents, history, attachments and numbers are there when the file is opened again."""
    path = str(tmp_path / "store.db")
    engine = Engine(path)
    invoice = engine.invoice()
    named = {"InvoiceID": invoice["InvoiceID"], "FileName": "a.txt"}
    engine.good("createInvoiceAttachmentByFileName", b"x", path=named)
    read = engine.get_invoice(invoice["InvoiceID"])
    engine.documents.close()
    again = Engine(path)
    assert again.get_invoice(invoice["InvoiceID"]) == read
    assert again.call("getInvoiceAttachmentByFileName", path=named).body == b"x"
    assert len(again.good("getInvoiceHistory", path=named)["HistoryRecords"]) == 2
    assert again.invoice()["InvoiceNumber"] == "INV-0002"
    assert again.get_invoice("INV-0002")["UpdatedDateUTC"] > read["UpdatedDateUTC"]
    again.documents.close()


def test_a_killed_process_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    """After SIGKILL in the middle of writing, every answered batch is there, and every batch is whole."""
    path = str(tmp_path / "store.db")
    command = [sys.executable, "-c", WRITER, path, TENANT]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.getcwd()}
    ) as writer:
        assert writer.stdout is not None
        answered = writer.stdout.readline().split()
        time.sleep(0.15)
        writer.send_signal(signal.SIGKILL)
        answered += writer.stdout.read().rpartition("\n")[0].split()
    engine = Engine(path)
    stored = {each["InvoiceNumber"] for each in engine.good("getInvoices")["Invoices"]}
    assert len(answered) > 3
    assert set(answered) <= stored
    assert len(stored) % 3 == 0
    assert len(stored) - len(answered) in (0, 3)
    engine.documents.close()


def test_tenants_do_not_see_each_other() -> None:
    """The same names and numbers live in two tenants, each with its own documents."""
    documents = Documents(now=lambda: START)
    for tenant in ("a", "b"):
        documents.add_tenant(tenant, tenant)
        documents.add_tenant(tenant, "again")
    body = json.dumps(sale(InvoiceNumber="X")).encode()
    made = [documents.execute("createInvoices", tenant, {}, {}, {}, body, "") for tenant in ("a", "b")]
    ids = [json.loads(answer.body)["Invoices"][0]["InvoiceID"] for answer in made]
    assert [answer.status for answer in made] == [200, 200]
    for tenant, own, other in (("a", ids[0], ids[1]), ("b", ids[1], ids[0])):
        assert documents.counts(tenant)["Invoices"] == 1
        assert documents.execute("getInvoice", tenant, {"InvoiceID": own}, {}, {}, b"", "").status == 200
        assert documents.execute("getInvoice", tenant, {"InvoiceID": other}, {}, {}, b"", "").status == 404
    documents.close()


def test_a_write_that_raises_is_undone() -> None:
    """Outside of what rules refuse, an error in the middle of a transaction leaves nothing of it."""
    store = Store(":memory:")
    tenant = store.add_tenant("a", "a")

    def interrupted() -> None:
        with store.write():
            store.add(CONTACTS, tenant, {"ContactID": "1", "Name": "A"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.size(CONTACTS, tenant) == 0
    store.close()


def _best(times: int, action: Callable[[], object]) -> float:
    """Seconds that an action takes, the fastest of several times."""

    def once() -> float:
        begun = time.perf_counter()
        action()
        return time.perf_counter() - begun

    return min(once() for _ in range(times))


def test_pages_are_read_not_built() -> None:
    """A page of 100 invoices takes under 5 ms, so that one core can serve 200 a second."""
    engine = Engine(contacts=100, invoices=2000)
    assert _best(5, lambda: engine.documents.execute("getInvoices", TENANT, {}, {"page": "7"}, {}, b"", "")) < 0.005


def test_a_counted_filter_is_counted_once_between_writes() -> None:
    """The count behind `pagination` is remembered, and forgotten at the next write."""
    engine = Engine()
    assert engine.good("getInvoices", page=1, where="Total>1")["pagination"]["itemCount"] == 0
    engine.invoice()
    assert engine.good("getInvoices", page=1, where="Total>1")["pagination"]["itemCount"] == 1


def test_a_selection_is_ordered_and_cut() -> None:
    """The store gives the documents of a selection in its order, from where it begins, as many as it says."""
    store = Store(":memory:")
    tenant = store.add_tenant("a", "a")
    store.load(CONTACTS, tenant, ({"ContactID": f"{at}", "Name": f"{9 - at}"} for at in range(10)))
    found = store.read(CONTACTS, tenant, Selection(Condition('"Name" > ?', ("1",)), '"Name"', 2, 1), "summary")
    assert [json.loads(each)["Name"] for each in found] == ["3", "4"]
    store.close()


def test_what_is_removed_leaves_nothing_behind() -> None:
    """A removed document takes its body, its history and its files along, and no other document's."""
    ids = ["one", "two"]
    store = Store(":memory:")
    tenant = store.add_tenant(TENANT, "Demo")
    for each in ids:
        store.add(CONTACTS, tenant, {"ContactID": each, "Name": each})
        store.note(tenant, each, [Note(0, "Note", "U", "d")])
        store.attach(tenant, each, Attachment(each, "a.txt", "text/plain", 1, False), b"x")
    store.remove(CONTACTS, tenant, ids[0])
    assert [store.get(CONTACTS, tenant, each) is None for each in ids] == [True, False]
    assert [(len(store.notes(tenant, each)), len(store.attachments(tenant, each))) for each in ids] == [(0, 0), (1, 1)]
    assert [store.mentions(CONTACTS, tenant, each.encode()) for each in ids] == [False, True]
    store.close()
