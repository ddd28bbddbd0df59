"""From an archive to a plan: read, settled, compared with what the organisation has, and translated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from ...models import Contact, Invoice
from .books import Books, There
from .changes import Change, Place, Weight, changed
from .contacts import make_contact
from .elements import Unreadable
from .invoices import Ground, make_invoice
from .plan import Document, Plan, Told, What
from .records import Around, Bad, Record, damage, read, unread
from .shelf import Shelf, Shelved, folded, in_cents
from .sources import UNPACKING, Source, sources_in

__all__ = ["Migration", "Stopped"]

_WHY: Final[dict[str, tuple[What, str, str]]] = {
    "duplicate": ("duplicate", "the archive has it more than once, and the one that was saved last counts: {}", ""),
    "clash": ("error", "two documents have this number, and a number can be given once: {} is another", ""),
    "dead": ("dead", "it was deleted or voided", "invoice 8"),
    "refused": ("refused", "v1 refused it, and never had it", ""),
}
"""Why nothing is made of a record, by its state."""


class Stopped(Exception):
    """The one who asked has left."""


class Migration:
    """Read an archive, note what the organisation has, and plan. It works in a thread, one step at a time."""

    def __init__(self, archive: Iterable[Path], ground: Ground) -> None:
        self._sources, self._ground = sources_in(archive), ground
        self.shelf = Shelf()
        self.books = Books(self.shelf.db)
        self.is_over = False
        """Set it, and whatever is under way stops."""
        self.records = self.files = self._decided = 0
        self._needed: set[int] = set()

    @property
    def progress(self) -> str:
        """How far it has come."""
        read = f"{self.records:,} records read"
        return f"{read}, {self._decided:,} decided on" if self._decided else read

    # -- reading --------------------------------------------------------------------------------------------------

    def read(self, plan: Plan) -> None:
        """Put all records of the archive on the shelf. Raises `InvalidArgument` for a path that is not there."""
        for source in self._sources:
            self.heed()
            try:
                if source.is_xml():
                    self.files += 1
                    self._read(source, plan)
                else:
                    plan.tell(_about_file(source, "left", 1, 1, "it is no XML, and is left alone"))
            except UNPACKING as error:
                plan.tell(_about_file(source, "broken", 1, 1, damage(error)))
            except OSError as error:
                plan.tell(_about_file(source, "broken", 1, 1, unread(error)))
        self.shelf.settle()

    def _read(self, source: Source, plan: Plan) -> None:
        file = self.shelf.open_file(source.name)
        bad: list[Bad] = []
        count = 0
        try:
            for part in read(source):
                self.heed()
                self.records += not isinstance(part, Around)
                if isinstance(part, Record):
                    count += 1
                    self.shelf.put(file, part)
                elif isinstance(part, Bad):
                    bad.append(part)
                else:
                    self._end_file(file, source, part, count, plan)
        except Unreadable as error:
            self.shelf.leave_out(file)
            self.records -= count + len(bad)
            why = f"it is left out as a whole, with {count:,} records before this place" if count else ""
            told = "; ".join(part for part in (error.reason, why) if part)
            plan.tell(_about_file(source, "broken", error.line, error.column, told))
            return
        for each in bad:
            change = changed(each.field, None, None, f"it cannot be read: {each.reason}", "", "look")
            plan.tell(Told("error", each.kind, each.number, each.place, [change]))

    def _end_file(self, file: int, source: Source, around: Around, count: int, plan: Plan) -> None:
        if around.errors and count:
            reasons = "; ".join(around.errors)
            raise Unreadable(1, 1, f"v1 answered with an error, and whether it kept these is not known: {reasons}")
        self.shelf.close_file(file, around.saved)
        changes = [Change(stray.path, stray.text, "", "nothing is known of it", "", "look") for stray in around.strays]
        if around.errors:
            changes.append(changed("", "; ".join(around.errors), None, "v1 answered with an error"))
        if around.others:
            why = f"{around.others:,} accounts and tracking categories are not made: the organisation has its own"
            changes.append(changed("", None, None, why))
        if changes:
            plan.tell(Told("left", "file", "", Place(source.name, 0, 1, 1), changes))

    def heed(self) -> None:
        """Raises `Stopped` once it is to end."""
        if self.is_over:
            raise Stopped

    # -- planning -------------------------------------------------------------------------------------------------

    def plan(self, plan: Plan) -> None:
        """Decide what becomes of each record."""
        for shelved in self.shelf.invoices():
            self.heed()
            self._decided += 1
            if shelved.state:
                plan.tell(self._not_made(shelved))
            elif not plan.has("invoices", shelved.key):
                self._plan_invoice(shelved, plan)
        for shelved in self.shelf.contacts():
            self.heed()
            if not shelved.state:
                self._plan_contact(shelved, plan)
            elif shelved.own:
                plan.tell(self._not_made(shelved))

    def _plan_invoice(self, shelved: Shelved, plan: Plan) -> None:
        old = shelved.record
        assert isinstance(old, Invoice)
        own = None if shelved.party is None else self.shelf.one(shelved.party).record
        named = self.books.named(old.contact, own if isinstance(own, Contact) else None)
        new = make_invoice(old, shelved.strays, named, self._ground)
        there = self.books.invoice(old, new.record, (new.total, old.total))
        if there is not None:
            plan.tell(_there(shelved, there, new.record, old))
        elif new.errors:
            changes = [changed(error.field, None, None, error.message, error.rule, "look") for error in new.errors]
            plan.tell(Told("error", shelved.kind, shelved.number, shelved.place, changes))
        else:
            document = Document(
                shelved.key, shelved.kind, shelved.number, shelved.place, new.record, new.changes, new.total
            )
            plan.add("invoices", document)
            if named.way == "new" and shelved.party is not None:
                self._needed.add(shelved.party)

    def _plan_contact(self, shelved: Shelved, plan: Plan) -> None:
        if plan.has("contacts", shelved.key):
            return
        old, is_needed = shelved.record, shelved.id in self._needed
        assert isinstance(old, Contact)
        named = self.books.named(None, old)
        if named.contact_id is not None:
            if shelved.own:
                why = f"the organisation has the contact by its {named.way}, and it is left as it is"
                told = [changed("ContactID", old.contact_id, named.contact_id, why)]
                plan.tell(Told("there", "contact", shelved.number, shelved.place, told, named.contact_id))
        elif (old.contact_status or "").upper() == "DELETED" and not is_needed:
            why = "it was deleted, and no invoice that is made names it"
            told = [changed("ContactStatus", old.contact_status, None, why, "contact 3")]
            plan.tell(Told("dead", "contact", shelved.number, shelved.place, told))
        elif shelved.own or (is_needed and old.name):
            made, changes = make_contact(old, shelved.strays)
            if not shelved.own:
                # What the invoice said of it stands beside the invoice.
                changes = []
            plan.add("contacts", Document(shelved.key, "contact", shelved.number, shelved.place, made, changes))

    def _not_made(self, shelved: Shelved) -> Told:
        what, why, rule = _WHY[shelved.state]
        counts = None if shelved.after is None else self.shelf.one(shelved.after)
        other = "" if counts is None else str(counts.place)
        field = "InvoiceStatus" if shelved.state == "dead" else ""
        was = shelved.record.status if isinstance(shelved.record, Invoice) and field else None
        changes = [changed(field, was, None, why.format(other), rule, "look" if what == "error" else "plain")]
        if counts is not None:
            changes += _differences(shelved, counts)
        if shelved.state == "refused":
            errors = shelved.record.validation_errors or ()
            changes += [changed("ValidationErrors", error.message, None, why) for error in errors]
        return Told(what, shelved.kind, shelved.number, shelved.place, changes)


def _differences(shelved: Shelved, counts: Shelved) -> Iterator[Change]:
    """Where a record is another than the one that counts in its place. What has one id has been saved anew."""
    pairs: list[tuple[str, str, str]]
    match shelved.record, counts.record:
        case Invoice() as old, Invoice() as new:
            ids = old.invoice_id, new.invoice_id
            pairs = [
                ("InvoiceDate", str(old.date or ""), str(new.date or "")),
                ("Total", in_cents(old.total), in_cents(new.total)),
            ]
            if shelved.party != counts.party:
                pairs.append(("Contact", _called(old.contact), _called(new.contact)))
        case Contact() as old, Contact() as new:
            ids = old.contact_id, new.contact_id
            pairs = [("ContactNumber", old.contact_number or "", new.contact_number or "")]
            if all(ids):
                pairs.append(("ContactID", ids[0] or "", ids[1] or ""))
        case _:
            return
    if folded(ids[0]) and folded(ids[0]) == folded(ids[1]):
        return
    for field, ours, theirs in pairs:
        if ours and folded(ours) != folded(theirs):
            why = "the one that counts is another: look whether it is this one"
            yield changed(field, ours, theirs, why, "", "look")


def _called(contact: Contact | None) -> str:
    """What a contact is told by."""
    return "" if contact is None else contact.name or contact.contact_number or contact.contact_id or ""


def _about_file(source: Source, what: What, line: int, column: int, why: str) -> Told:
    weight: Weight = "look" if what == "broken" else "plain"
    return Told(what, "file", "", Place(source.name, 0, line, column), [changed("", None, None, why, "", weight)])


def _there(shelved: Shelved, there: There, made: Invoice, old: Invoice) -> Told:
    """Told of a document that is there: where it is another than in the archive, that too."""
    is_by_id = (old.invoice_id or "").lower() == there.id
    differences = there.differences(replace(made, status=old.status), old.total)
    is_by_number = not is_by_id and (old.type or "").upper() == "ACCREC" and bool(shelved.number)
    if is_by_number and any(field == "Contact" for field, _, _ in differences):
        what: What = "error"
        told = "the organisation has given this number to a document of another contact: change one of them"
    else:
        what, by = "there", "its InvoiceID" if is_by_id else "its number" if is_by_number else "all that it has"
        told = f"the organisation has it already, by {by}: it is not made again"
    changes = [changed("InvoiceNumber" if what == "error" else "", None, None, told, "invoice 9", _WEIGHT[what])]
    for field, ours, theirs in differences:
        why = "the organisation's is another: look whether it is this document"
        changes.append(changed(field, ours, theirs, why, "invoice 9", "look"))
    return Told(what, shelved.kind, shelved.number, shelved.place, changes, there.id)


_WEIGHT: Final[dict[str, Weight]] = {"error": "look", "there": "plain"}
