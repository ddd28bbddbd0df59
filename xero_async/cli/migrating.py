"""What a migration tells: the rows of its report, what is printed of them, and the sums."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from .. import bulk
from ..bulk.migrate import PHASES, Change, Document, Ground, Migration, Phase, Place, Plan, Told, Wish
from ..models import Invoice
from ..preflight import Checker, Finding, Known
from .organisation import Organisation
from .reports import Report, row_of
from .running import FAILED, CommandError
from .sending import SHOWN, Found, Tally, tell
from .tables import show

__all__ = ["Job", "MigrationRow", "ground_of"]

TITLE = "contacts, invoices and bills"
COLUMNS = ("place", "number", "what", "field", "was", "now", "why")
_PLACE = re.compile(r"\[[^]]*\]")
_ERRORS = ("broken", "error")
"""What stops a migration, among what is told of records."""
_WORDS = {
    "there": "there already",
    "other": "of these other than in the archive: look at them",
    "duplicate": "in the archive more than once",
    "dead": "deleted or voided",
    "refused": "refused by v1",
    "left": "files of which something is left out",
    "broken": "files that cannot be read",
    "error": "records with errors",
}


class MigrationRow(Struct, frozen=True, kw_only=True):
    """A row of the report: a change, or what became of a record or of a file."""

    file: str
    line: int
    column: int
    position: int
    """Among the records of the file, from 1; 0 is the file itself."""
    kind: str
    """`invoice`, `bill`, `contact` or `file`."""
    number: str
    """Of a contact, its name."""
    what: str
    """`changed`; `created`, `failed`, `unknown`, or `planned` where nothing was sent; `there`, `duplicate`, `dead`,
    `refused`, `left`, `broken`; `error` and `warning` of the checks."""
    field: str = ""
    was: str = ""
    now: str = ""
    why: str = ""
    rule: str = ""
    """The business rule of v1, such as `invoice 10`."""
    id: str = ""
    """Xero's id."""
    key: str = ""
    """The idempotency key of the call, where it is unknown what became of it."""


def ground_of(organisation: Organisation, wish: Wish) -> Ground:
    """What the translation needs to know of an organisation. What the app may not ask for is told."""
    asked = {
        "tax types": organisation.rates,
        "accounts": organisation.accounts,
        "tracking categories": organisation.tracking,
    }
    if unknown := [name for name, found in asked.items() if found is None]:
        print(f"the app may not see {', '.join(unknown)}: these are left as they are, unchecked", file=sys.stderr)
    return Ground(rates=organisation.rates, accounts=organisation.accounts, tracking=organisation.tracking, status=wish)


class _Places:
    """Where the documents of a phase stand in the archive, by their positions."""

    def __init__(self, plan: Plan, phase: Phase) -> None:
        self._plan = plan
        self._phase: Phase = phase

    def __getitem__(self, position: int) -> Place:
        return self._plan.place(self._phase, position)


class Job:
    """A plan that is checked, told, and carried out."""

    def __init__(self, plan: Plan, migration: Migration, known: Known, report: Report) -> None:
        self.plan, self.known = plan, known
        self._migration, self._report = migration, report
        self._found = Found(TITLE)
        self._told: Counter[str] = Counter()
        self._changes: Counter[str] = Counter()
        self._differing = 0

    @property
    def errors(self) -> int:
        """What stops it: errors that the checks found, and what cannot be read."""
        return self._found.errors + sum(self._told[what] for what in _ERRORS)

    def check(self) -> None:
        """Look for what Xero would refuse."""
        for told in self.plan.told():
            self._told[told.what] += 1
            if told.what == "there" and any(change.weight != "plain" for change in told.changes):
                self._told["other"] += 1
        for phase in PHASES:
            checker, places = Checker(self.known), _Places(self.plan, phase)
            for position, document in enumerate(self.plan.documents(phase)):
                self._migration.heed()
                self._changes.update(_sort_of(change) for change in document.changes if change.weight != "plain")
                for finding in checker.look(position, document.record):
                    self._found.add(finding, places, of="")
                    self.plan.note(phase, finding)

    # -- the report -----------------------------------------------------------------------------------------------

    def report_told(self) -> None:
        """Rows for all of which nothing is made."""
        for told in self.plan.told():
            for row in _rows_of_told(told):
                self._report.add(row)

    def _report_document(self, phase: Phase, position: int, document: Document, outcome: MigrationRow) -> None:
        for change in document.changes:
            self._report.add(_row(document, "changed", change))
        for finding in self.plan.findings(phase, position):
            self._report.add(_row_of_finding(document, finding))
        self._report.add(outcome)

    def _report_planned(self) -> None:
        with self._report:
            self.report_told()
            for phase in PHASES:
                for position, document in enumerate(self.plan.documents(phase)):
                    self._report_document(phase, position, document, _row(document, "planned"))

    def take(self, tally: Tally, phase: Phase, position: int, document: Document, outcome: bulk.Outcome[Any]) -> None:
        """What became of a document: counted and reported."""
        told = row_of(position, document.place.line, outcome)
        why = "; ".join(told.errors)
        row = _row(document, told.outcome, Change("", "", "", why), id=told.id, key=told.key)
        tally.count(told.outcome, str(document.place), document.number, told.outcome, "", "", "", why)
        if isinstance(outcome, bulk.Created) and isinstance(outcome.record, Invoice):
            afterwards = [*_other_total(document, outcome.record), *_filled_in(document, outcome.record)]
            self._differing += any(change.weight == "money" for change in afterwards)
            document.changes.extend(afterwards)
        self._report_document(phase, position, document, row)

    # -- printing -------------------------------------------------------------------------------------------------

    def tell_planned(self) -> None:
        """Print what would be made, and what is wrong. Raises `CommandError` where there is an error."""
        self._report_planned()
        show(COLUMNS, self._rows())
        self._tell_sums()
        checked = f"{self._found.errors:,} errors, {self._found.warnings:,} warnings"
        if self.errors:
            raise CommandError(f"{self._planned()} checked: {self.errors:,} errors; nothing was sent", FAILED)
        print(f"{self._planned()} checked: {checked}", file=sys.stderr)

    def tell_sent(self, tally: Tally, seconds: float) -> None:
        """Print what became of all. Raises `typer.Exit` with the code that tells the worst of it."""
        self._tell_sums()
        if self._differing:
            others = f"{self._differing:,} documents have come to another total than was foretold"
            print(f"{others}: --report names them", file=sys.stderr)
        skipped = [told for told in self.plan.told() if told.what in _ERRORS]
        for told in skipped:
            tally.count("failed", *_cells(told.place, told.number, told.what, told.changes[0]))
        tell(tally, TITLE, seconds, columns=COLUMNS)

    def _planned(self) -> str:
        return f"{self.plan.count('contacts'):,} contacts, {self.plan.count('invoices'):,} invoices and bills"

    def _tell_sums(self) -> None:
        print(f"{self._migration.records:,} records in {self._migration.files:,} documents", file=sys.stderr)
        for what, words in _WORDS.items():
            if count := self._told[what]:
                print(f"{count:,} {words}", file=sys.stderr)
        for sort, count in sorted(self._changes.items()):
            print(f"{count:,} times changed: {sort}", file=sys.stderr)
        if self.plan.resumed:
            print(f"{self.plan.resumed:,} invoices and bills are as an earlier run has decided", file=sys.stderr)

    def _rows(self) -> Iterator[Sequence[object]]:
        """What is worth a look, up to as many rows as are printed."""
        rows = self._all_rows()
        for _, row in zip(range(SHOWN), rows, strict=False):
            yield row
        if more := sum(1 for _ in rows):
            print(f"and {more:,} more: --report names them all", file=sys.stderr)

    def _all_rows(self) -> Iterator[Sequence[object]]:
        for told in self.plan.told():
            for change in told.changes:
                if change.weight != "plain":
                    yield _cells(told.place, told.number, told.what, change)
        for phase in PHASES:
            for position, document in enumerate(self.plan.documents(phase)):
                for change in document.changes:
                    if change.weight != "plain":
                        yield _cells(document.place, document.number, "changed", change)
                for finding in self.plan.findings(phase, position):
                    row = _row_of_finding(document, finding)
                    yield _cells(document.place, row.number, row.what, Change(row.field, "", "", row.why, row.rule))


def _sort_of(change: Change) -> str:
    field = _PLACE.sub("", change.field).removeprefix("LineItems.")
    return f"{field} ({change.rule})" if change.rule else field


def _cells(place: Place, number: str, what: str, change: Change) -> Sequence[object]:
    why = f"{change.why} ({change.rule})" if change.rule else change.why
    return (f"{place.file}:{place.line}:{place.column}", number, what, change.field, change.was, change.now, why)


_NOTHING = Change("", "", "", "")


def _row(told: Document | Told, what: str, change: Change = _NOTHING, *, id: str = "", key: str = "") -> MigrationRow:
    return MigrationRow(
        file=told.place.file,
        line=told.place.line,
        column=told.place.column,
        position=told.place.position,
        kind=told.kind,
        number=told.number,
        what=what,
        field=change.field,
        was=change.was,
        now=change.now,
        why=change.why,
        rule=change.rule,
        id=id,
        key=key,
    )


def _rows_of_told(told: Told) -> Iterator[MigrationRow]:
    for change in told.changes:
        yield _row(told, told.what, change, id=told.id)


def _row_of_finding(document: Document, finding: Finding) -> MigrationRow:
    change = Change(finding.field, "", "", finding.message, finding.rule)
    return _row(document, finding.severity, change)


def _other_total(document: Document, made: Invoice) -> Iterator[Change]:
    """Where Xero makes a document come to another total than was foretold."""
    if document.total is not None and made.total is not None and made.total != document.total:
        why = "this is what Xero has made of it"
        yield Change("Total", str(document.total), str(made.total), why, "invoice 3", "money")


def _filled_in(document: Document, made: Invoice) -> Iterator[Change]:
    """Where Xero has filled in the account's own tax type, for lines that were sent without one."""
    sent = document.record.line_items if isinstance(document.record, Invoice) else None
    if len(sent or ()) != len(made.line_items or ()):
        return
    for place, (ours, theirs) in enumerate(zip(sent or (), made.line_items or (), strict=True)):
        if ours.tax_type is None and theirs.tax_type:
            why = "Xero has filled in the account's own"
            yield Change(f"LineItems[{place}].TaxType", "", theirs.tax_type, why, "invoice 10", "look")
