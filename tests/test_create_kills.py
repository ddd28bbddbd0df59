"""The command killed with `kill -9` again and again: each document is created once, and the report tells the truth.

In the suite this runs in a small form. The whole of it, 10,000 invoices and 10,000 bills with 50 kills each:

    XERO_ASYNC_KILLS=50 XERO_ASYNC_DOCUMENTS=10000 pytest --log-cli-level INFO tests/test_create_kills.py

The sandbox drops, delays and fails a fifth of all calls. After some of the kills, more time passes than a key lives:
the sandbox's clock is moved, and that of the next process with it.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from servers import served

from xero_async.cli.create import SOME_UNKNOWN
from xero_async.cli.running import FAILED
from xero_async.sandbox import Fault, FaultPlan, Sandbox
from xero_async.sandbox.faults import FaultKind

KILLS = int(os.environ.get("XERO_ASYNC_KILLS", "2"))
DOCUMENTS = int(os.environ.get("XERO_ASYNC_DOCUMENTS", "400"))
SEED = int(os.environ.get("XERO_ASYNC_SEED", "1"))
_log = logging.getLogger(__name__)

PAUSE = 400.0
"""Seconds that pass after some kills: more than the six minutes of a key's life."""
LATENCY = 0.1
ENDS = 4
"""Times that it may come to an end with something that it cannot tell yet."""
MOST_FAILURES = 3
"""Runs that may fail before the first record is sent."""
SLOW = 0.3
QUIET = 2 * (LATENCY + SLOW)
"""Seconds without a call after which none is under way."""
EARLY = 0.4
"""How many of the kills strike while the command starts, checks its records, or takes up its journal."""
SHARES: dict[FaultKind, float] = {
    "drop_before": 0.03,
    "drop_after": 0.05,
    "cut": 0.02,
    "500": 0.02,
    "502": 0.02,
    "503": 0.02,
    "504": 0.02,
    "slow": 0.02,
}
"""How many calls of all each fault strikes: a fifth together."""

LATER = (
    "import sys, time\n"
    "ahead, real = float(sys.argv.pop(1)), time.time\n"
    "time.time = lambda: real() + ahead\n"
    "from xero_async.cli import main\n"
    "main()\n"
)
"""The command in a process whose clock is ahead by so many seconds."""


def invoice(number: int, contact: str) -> dict[str, Any]:
    """A sales invoice with a number of its own."""
    return {
        "Type": "ACCREC",
        "InvoiceNumber": f"KILL-{number:05}",
        "Contact": {"ContactID": contact},
        "Date": "2026-01-31",
        "DueDate": "2026-02-28",
        "LineItems": [
            {"Description": "Work", "Quantity": 1, "UnitAmount": f"{number + 1}.10", "AccountCode": "200"},
        ],
        "Status": "AUTHORISED",
    }


def bill(number: int, contact: str) -> dict[str, Any]:
    """A bill: four of a row have one number, two of these one supplier too, and each an amount of its own."""
    made = invoice(number, contact)
    lines = [{**made["LineItems"][0], "AccountCode": "400"}]
    return made | {"Type": "ACCPAY", "InvoiceNumber": f"B-{number // 4:05}", "LineItems": lines}


def plan() -> FaultPlan:
    """Everything goes wrong at times."""
    rows = [
        Fault(kind=kind, probability=share, seconds=SLOW if kind == "slow" else None) for kind, share in SHARES.items()
    ]
    return FaultPlan(rows, seed=SEED)


class Killer:
    """Runs the command again and again, and kills it at random moments while it writes."""

    def __init__(self, sandbox: Sandbox, command: list[str], chance: random.Random) -> None:
        self._sandbox, self._command, self._chance = sandbox, command, chance
        self._ahead = 0.0
        self._calls = 0
        self.kills = self.pauses = 0
        self.said: list[str] = []
        self.failures: list[str] = []
        self.environment = {
            **os.environ,
            "XERO_BASE_URL": sandbox.base_url,
            "XERO_IDENTITY_URL": sandbox.identity_url,
            "XERO_CLIENT_ID": sandbox.client_id,
            "XERO_CLIENT_SECRET": sandbox.client_secret,
        }
        sandbox.log.size = 10_000

    def run(self, kills: int, chunks: int) -> int:
        """Kill it so many times, and then let it come to its end, whose code it gives.

        What could not be told at the first end, because Xero could not be asked, a later run finds out.
        """
        while self.kills < kills:
            with self._started() as process:
                if self._chance.random() < EARLY:
                    time.sleep(self._chance.uniform(0.1, 1.0))
                else:
                    # The kills are spread over the chunks that are left.
                    self._await_writes(
                        process, self._chance.randint(1, max(1, (chunks - self._sent()) // (kills - self.kills)))
                    )
                    time.sleep(self._chance.uniform(0, 2 * LATENCY))
                process.kill()
                _, said = process.communicate()
            if process.returncode == FAILED and len(self.failures) < MOST_FAILURES:
                # Each attempt to ask what the organisation has may fail: then the user runs it again.
                self.failures.append(said)
                continue
            assert process.returncode == -9, f"it came to its end before it was killed: {said}"
            self.kills += 1
            if self.kills % 3 == 2:
                self._pass_time()
        code = SOME_UNKNOWN
        while code in (SOME_UNKNOWN, FAILED) and len(self.said) < ENDS:
            with self._started() as process:
                _, said = process.communicate(timeout=600)
            self.said.append(said)
            code = process.returncode
            if code == SOME_UNKNOWN:
                self._pass_time()
        return code

    def _started(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-c", LATER, f"{self._ahead}", *self._command]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )

    def _await_writes(self, process: subprocess.Popen[str], writes: int) -> None:
        """Wait until so many more calls that create have come."""
        before = self._writes
        while self._writes < before + writes and process.poll() is None:
            time.sleep(0.005)

    def _await_quiet(self) -> None:
        """Wait until the sandbox has done all that it was sent."""
        before = -1
        while before != (before := self._writes):
            time.sleep(QUIET)

    @property
    def _writes(self) -> int:
        return sum(entry.operation == "createInvoices" for entry in self._sandbox.log.entries())

    def _sent(self) -> int:
        """Chunks that have come, whatever became of them."""
        return len({entry.key for entry in self._sandbox.log.entries() if entry.operation == "createInvoices"})

    def _pass_time(self) -> None:
        """Let more time pass than a key lives, here and there."""
        # No call is under way for so long: one that was would find its key forgotten, and be done a second time.
        self._await_quiet()
        self._ahead += PAUSE
        self._sandbox.advance(PAUSE)
        self.pauses += 1


def told(row: dict[str, Any]) -> tuple[object, ...]:
    """What tells documents apart."""
    line = row["LineItems"][0]
    contact = row["Contact"]["ContactID"]
    return row["Type"], row["InvoiceNumber"], contact, f"{float(line['UnitAmount']):.2f}"


@pytest.mark.timeout(60 + 60 * KILLS)
@pytest.mark.parametrize("made", [invoice, bill])
@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_killed_at_any_moment_it_creates_each_once(made: Callable[[int, str], dict[str, Any]], tmp_path: Path) -> None:
    """Kills, faults and lost time later, the sandbox holds each document once, and the report has the id of each."""
    with served(Sandbox(contacts=4, limits=None, latency=LATENCY, seed=SEED)) as sandbox:
        tenant = sandbox.tenants[0]
        contacts = [each["ContactID"] for each in rows_of(sandbox, tenant, "Contacts")]
        records = [made(number, contacts[number // 2 % len(contacts)]) for number in range(DOCUMENTS)]
        file, report = tmp_path / "documents.jsonl", tmp_path / "report.csv"
        file.write_text("".join(json.dumps(record) + "\n" for record in records))
        sandbox.inject(plan())
        chance = random.Random(SEED)
        killer = Killer(sandbox, ["create", "invoices", str(file), "--report", str(report)], chance)
        code = killer.run(KILLS, DOCUMENTS // 50)
        found = rows_of(sandbox, tenant, "Invoices")
        duplicates, injected = sandbox.counters.duplicates, sandbox.counters.injected
    assert code == 0, killer.said
    rows = list(csv.DictReader(io.StringIO(report.read_text())))
    assert Counter(row["outcome"] for row in rows) == {"created": DOCUMENTS}
    assert Counter(map(told, found)) == Counter(map(told, records))
    assert duplicates == 0
    by_id = {each["InvoiceID"]: told(each) for each in found}
    assert [by_id[row["id"]] for row in rows] == [told(record) for record in records]
    assert killer.kills == KILLS
    assert killer.pauses >= (KILLS + 1) // 3
    assert injected
    _log.info(
        "%d documents, %d kills, %d pauses, %s; %s", len(found), killer.kills, killer.pauses, injected, killer.said
    )


def rows_of(sandbox: Sandbox, tenant: str, resource: str) -> list[dict[str, Any]]:
    """What the sandbox holds of a resource."""
    state: Any = sandbox.state(tenant, resource)
    rows: list[dict[str, Any]] = state[tenant][resource]
    return rows
