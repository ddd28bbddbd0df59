"""What the demo has come to, by the sandbox's own counters and by the files: not by what the client believes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

import msgspec
from msgspec import Struct, field
from rich.table import Table
from rich.text import Text

from .. import bulk
from ..models import Invoice
from ..pacing import Limits
from ..sandbox import Counters

__all__ = ["Proof", "invoice_number", "is_bill", "least_seconds"]

FAULT_NAMES = {
    "drop_after": "answer lost",
    "drop_before": "connection lost",
    "cut": "answer cut short",
    "slow": "late answer",
    "minute": "429",
}
DOCUMENTS = {"contacts": "Contacts", "invoices": "Invoices"}
"""The sandbox's name for what is in a file."""
SHOWN = 3
"""Invoice numbers that a message lists."""


def invoice_number(index: int) -> str:
    """The number of an invoice that the demo creates, by its place among them."""
    return f"DEMO-{index + 1:06}"


def is_bill(index: int) -> bool:
    """Whether it is a bill: every other batch is one of bills, whose numbers Xero lets be used again."""
    return index // bulk.MAX_CHUNK % 2 == 1


def least_seconds(calls: int, latency: float, limits: Limits) -> float:
    """Seconds that so many calls take at least, each of them `latency` long.

    Only so many are in flight at a time; and a minute's worth of calls goes at once, each next one a minute later.
    """
    windows = (ceil(calls / limits.minute) - 1) * limits.window
    return max(windows, calls / limits.concurrent * latency)


class _Named(Struct):
    """Of an invoice's line, what tells it from all others."""

    number: str | None = field(default=None, name="InvoiceNumber")
    id: str | None = field(default=None, name="InvoiceID")


class Proof(Struct, frozen=True, kw_only=True):
    """Everything that a run can be judged by."""

    outcomes: Sequence[bulk.Outcome[Invoice]]
    exported: bulk.Summary
    counters: Counters
    documents: dict[str, int]
    """The sandbox's documents, by resource."""
    expected_invoices: int
    planned: int
    """Calls that the work takes when nothing fails."""
    seconds: float
    latency: float
    """Mean seconds of a call that did not fail."""
    folder: Path

    @property
    def least(self) -> float:
        """Seconds that the planned calls take at least."""
        return least_seconds(self.planned, self.latency, Limits())

    def mismatches(self) -> Iterator[str]:
        """What is wrong, a sentence each. Reads the files."""
        if bad := [outcome for outcome in self.outcomes if not isinstance(outcome, bulk.Created)]:
            yield f"of {len(self.outcomes)} new invoices, {len(bad)} not created, the first with {bad[0]}"
        for file in self.exported.files:
            there, lines = self.documents[DOCUMENTS[file.resource]], _count_lines(file.path)
            if not there == lines == file.records:
                yield f"of {there} {file.resource}, {lines} are in the file and {file.records} were drawn"
            if file.resource == "invoices":
                yield from self._wrong_invoices(file.path)
        if self.counters.rejected:
            yield f"{self.counters.rejected} calls were rejected for a limit"
        if self.counters.duplicates:
            yield f"the sandbox counts {self.counters.duplicates} duplicates"

    def _wrong_invoices(self, path: Path) -> Iterator[str]:
        numbers, ids = Counter[str | None](), Counter[str | None]()
        with path.open("rb") as lines:
            for invoice in map(msgspec.json.Decoder(_Named).decode, lines):
                numbers[invoice.number] += 1
                ids[invoice.id] += 1
        made = [invoice_number(index) for index in range(len(self.outcomes))]
        for word, wrong in (("missing", 0), ("doubled", 2)):
            if odd := [number for number in made if min(numbers[number], 2) == wrong]:
                yield f"of {len(made)} new invoices, {len(odd)} {word}, such as {', '.join(odd[:SHOWN])}"
        if len(ids) != self.expected_invoices:
            yield f"{len(ids)} different invoices were exported, and {self.expected_invoices} should be there"

    def table(self) -> Table:
        """The run at a glance."""
        table = Table(title="what the simulation counted", show_header=False, min_width=60)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, words in self._rows():
            table.add_row(name, words)
        return table

    def _rows(self) -> Iterator[tuple[str, Text]]:
        counters, files = self.counters, {file.resource: file.records for file in self.exported.files}
        created = sum(isinstance(outcome, bulk.Created) for outcome in self.outcomes)
        bills = sum(map(is_bill, range(len(self.outcomes))))
        yield "created", Text(f"{created:,} invoices, {bills:,} of them bills")
        yield "exported", Text(f"{files['contacts']:,} contacts, {files['invoices']:,} invoices")
        yield "calls", Text(f"{counters.calls} ({self.planned} if nothing had failed)")
        yield "faults injected", Text(_listed(counters.injected))
        yield "retries", Text(f"{counters.calls - self.planned}")
        yield "rejections", _none(counters.rejected)
        yield "duplicates", _none(counters.duplicates)
        yield (
            "time",
            Text(f"{self.seconds:.1f} s, {self.seconds / self.least:.1f} times the least possible under the limits"),
        )
        yield "least possible", Text(f"{self.least:.1f} s: {self.planned} calls of {self.latency:.2f} s, 5 at a time")
        yield "files", Text(str(self.folder))


def _count_lines(path: Path) -> int:
    with path.open("rb") as lines:
        return sum(1 for _ in lines)


def _none(count: int) -> Text:
    """A count that ought to be 0."""
    return Text(str(count), style="bold red" if count else "bold green")


def _listed(injected: dict[str, int]) -> str:
    names = (f"{count} × {FAULT_NAMES.get(kind, kind)}" for kind, count in sorted(injected.items()))
    return f"{sum(injected.values())}: {', '.join(names)}" if injected else "0"
