"""Finding out what became of a call whose key Xero has forgotten: reading back.

A record is looked up by its mark, the field by which Xero can be asked for it: its number, a contact's name, or a
reference, which the journal may have reserved for it. What is found is its own only if all of this holds:

    the mark is the same, and so is all else that was sent and that Xero keeps as it was sent
    it was written after the call was first about to be made, by Xero's clock
    no other record of the creation has it

Records that are alike in all of this are one as good as another: of three equal bills of which two are found, one is
missing, whichever. More found than were sent, or something that only might be it, settles nothing: such a record stays
in doubt, and nobody guesses. The clocks of this machine and of Xero may differ, so what was changed shortly before the
call counts as written by it, and what was changed less than a day before might have been.

Nothing here sends or waits, apart from the reading.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Generic, Literal, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ... import models as m
from ...apis.many import Batch
from ...models import Model
from ...wire.where import F
from .outcomes import id_of

__all__ = ["Findings", "judge", "look_up", "mark_of", "reserve"]

M = TypeVar("M", bound=Model)

MARKS: dict[type[Model], tuple[str, ...]] = {
    m.Invoice: ("invoice_number", "reference"),
    m.CreditNote: ("credit_note_number", "reference"),
    m.PurchaseOrder: ("purchase_order_number", "reference"),
    m.Quote: ("quote_number", "reference"),
    m.Contact: ("contact_number", "name"),
    m.Item: ("code",),
    m.BankTransaction: ("reference",),
    m.BankTransfer: ("reference",),
    m.BatchPayment: ("reference",),
    m.Payment: ("reference",),
    m.Receipt: ("reference",),
    m.RepeatingInvoice: ("reference",),
    m.ManualJournal: ("narration",),
    m.ContactGroup: ("name",),
    m.TaxRate: ("name",),
}
"""Fields by which Xero can be asked for a record, the surest first. Employees, expense claims and payment services have
none."""

SAME = (
    "type",
    "invoice_number",
    "credit_note_number",
    "purchase_order_number",
    "quote_number",
    "contact_number",
    "name",
    "code",
    "reference",
    "narration",
    "date",
    "amount",
    "currency_code",
)
"""Fields that Xero keeps as they were sent."""
SAME_IN_LINES = ("description", "quantity", "unit_amount", "line_amount", "account_code", "item_code")

SKEW = timedelta(minutes=2)
"""By how much the clocks of this machine and of Xero may differ without harm."""
LONG_AGO = timedelta(days=1)
"""What was last changed so long before the call was not written by it, whatever the clocks."""
CENT = Decimal("0.01")

AT_ONCE = 40
"""Marks in one question; the URL's length is another bound."""
ROOM = 1200
"""Characters of marks in one question, as they are before they are quoted."""

Mark = tuple[str, str]
"""A field, and its text in lower case without spaces around."""


class Findings(Struct, Generic[M]):
    """What reading back says of records, by their places."""

    found: dict[int, M]
    """As Xero has them."""
    missing: list[int]
    """Certainly not there."""
    unclear: list[int]

    def forget(self, place: int) -> None:
        """Take what it says of a record back."""
        self.found.pop(place, None)
        self.missing = [other for other in self.missing if other != place]
        self.unclear.append(place)


def mark_of(record: Model) -> Mark | None:
    """By what a record can be looked up; None where it cannot be."""
    for name in MARKS.get(type(record), ()):
        text: str | None = getattr(record, name, None)
        if text and text.strip():
            # Xero's filters hold no double quote.
            return None if '"' in text else (name, _folded(text))
    return None


def reserve(record: M, text: str) -> M:
    """A record that has no mark with a reference that is its own; as it is, where it has one or can have none.

    A bill has no reference at Xero, and its number is printed as one.
    """
    names = MARKS.get(type(record), ())
    if mark_of(record) is not None or not names:
        return record
    is_bill = isinstance(record, m.Invoice) and record.type is not None and record.type.startswith("ACCPAY")
    name = "invoice_number" if is_bill else names[-1]
    return record if name not in ("invoice_number", "reference") else replace(record, **{name: text})


# -- asking ---------------------------------------------------------------------------------------------------------


async def look_up(batch: Batch[M], records: Sequence[M], since: float) -> list[M]:
    """What Xero has under the marks of some records, and perhaps more. Raises an error of the tree."""
    marks = sorted({mark for record in records if (mark := mark_of(record)) is not None})
    if not marks or batch.listed is None:
        return []
    given = {(name, text): getattr(record, name) for record in records for name, text in _marks_of(record)}
    found: dict[str, M] = {}
    async for record in _asked(batch, [(name, given[name, text]) for name, text in marks], since):
        # A tax rate has no id, and its name is its own.
        found[id_of(record) or str(mark_of(record))] = record
    return list(found.values())


def _marks_of(record: Model) -> list[Mark]:
    mark = mark_of(record)
    return [] if mark is None else [mark]


async def _asked(batch: Batch[M], marks: Sequence[Mark], since: float) -> AsyncIterator[M]:
    """Ask in as few questions as there can be."""
    assert batch.listed is not None  # as `look_up` has seen to
    names = batch.listed.parameters.__struct_fields__
    changed = datetime.fromtimestamp(since, UTC) - LONG_AGO - SKEW
    narrow: dict[str, object] = {"modified_since": changed} if "modified_since" in names else {}
    if "where" not in names:
        # Nothing to ask by, so all that has changed is drawn.
        async for record in batch.pages(**narrow):
            yield record
        return
    by_name: dict[str, list[str]] = defaultdict(list)
    for name, text in marks:
        by_name[name].append(text)
    for name, texts in by_name.items():
        for part in _parts(texts):
            if f"{name}s" in names and not any("," in text for text in part):
                query: dict[str, object] = {f"{name}s": part}
            else:
                query = {"where": getattr(F, name).in_(*part)}
            async for record in batch.pages(**query, **narrow):
                yield record


def _parts(texts: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    room = ROOM
    for text in texts:
        size = len(text.encode()) * (1 if text.isascii() else 3) + 24
        if parts[-1] and (room < size or len(parts[-1]) == AT_ONCE):
            parts.append([])
            room = ROOM
        parts[-1].append(text)
        room -= size
    return parts


# -- judging --------------------------------------------------------------------------------------------------------


class _Group(Struct, Generic[M]):
    """Records that what Xero keeps does not tell apart, by their places."""

    record: M
    places: list[int]
    is_uniform: bool
    """Whether they, and those of other calls that look the same, are the same in all else too."""
    rivals: int
    """Records of other calls that look the same."""


def judge(
    records: Mapping[int, M], candidates: Sequence[M], since: float, claimed: Collection[str], beside: Sequence[M] = ()
) -> Findings[M]:
    """What became of records, by their places, when `candidates` are all that Xero has under their marks.

    `since` is when their call was first about to be made, in seconds since 1970; `claimed` are ids of records that
    are others' for certain, `beside` what other calls may have written that nobody has looked up yet: of what any of
    them may be, none is taken for an edited one of these, and what both may be goes to either only where they are equal
    in all.
    """
    findings: Findings[M] = Findings({}, [], [])
    moment = datetime.fromtimestamp(since, UTC)
    free = [candidate for candidate in candidates if id_of(candidate) not in claimed]
    for group in _groups(records, beside):
        mark = mark_of(group.record)
        if mark is None:
            findings.unclear += group.places
            continue
        there = [candidate for candidate in free if _folded(getattr(candidate, mark[0], None) or "") == mark[1]]
        ages = [(_age(candidate, moment), candidate) for candidate in there]
        own = [candidate for age, candidate in ages if age == "since" and is_same(group.record, candidate)]
        odd = [candidate for age, candidate in ages if _is_odd(group.record, age, candidate)]
        if not _tells(group, own, odd, [*records.values(), *beside]):
            findings.unclear += group.places
            continue
        for place, candidate in zip(group.places, own, strict=False):
            findings.found[place] = candidate
            free.remove(candidate)
        findings.missing += group.places[len(own) :]
    return findings


def _is_odd(record: Model, age: str, candidate: Model) -> bool:
    """Whether something under the mark of a record is not it, and yet might be: edited since, or of another age."""
    return age == ("unclear" if is_same(record, candidate) else "since")


def _tells(group: _Group[M], own: Sequence[M], odd: Sequence[M], records: Sequence[M]) -> bool:
    """Whether what was found says which records of a group are there; `records` are all that may have been written."""
    if len(own) == len(group.places) + group.rivals and (group.is_uniform or not group.rivals):
        return True
    if len(own) > len(group.places) + group.rivals or (own and not group.is_uniform):
        return False
    # What another record explains is no edit of this one; but each explains one alone.
    others = [other for other in records if not is_same(group.record, other)]
    for candidate in odd:
        known = next((place for place, other in enumerate(others) if is_same(other, candidate)), None)
        if known is None:
            return False
        del others[known]
    return True


def _groups(records: Mapping[int, M], beside: Sequence[M]) -> list[_Group[M]]:
    groups: list[_Group[M]] = []
    for place, record in records.items():
        alike = next((group for group in groups if is_same(record, group.record)), None)
        if alike is None:
            rivals = [other for other in beside if is_same(record, other)]
            groups.append(_Group(record, [place], all(record == rival for rival in rivals), len(rivals)))
        else:
            alike.places.append(place)
            alike.is_uniform = alike.is_uniform and record == alike.record
    return groups


def _age(record: Model, moment: datetime) -> Literal["before", "since", "unclear"]:
    """Whether a record was written before or since a moment, by Xero's clock."""
    changed: datetime | None = getattr(record, "updated_date_utc", None) or getattr(record, "created_date_utc", None)
    if changed is None:
        return "unclear"
    changed = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
    if changed >= moment - SKEW:
        return "since"
    return "before" if changed < moment - LONG_AGO else "unclear"


def is_same(asked: Model, found: Model) -> bool:
    """Whether a record at Xero has all that was sent, as far as Xero keeps it as it was sent."""
    if not _agree(asked, found, SAME):
        return False
    contact: m.Contact | None = getattr(asked, "contact", None)
    theirs: m.Contact | None = getattr(found, "contact", None)
    if contact is not None and theirs is not None and not _is_same_contact(contact, theirs):
        return False
    lines: Sequence[Model] | None = getattr(asked, "line_items", None)
    kept: Sequence[Model] | None = getattr(found, "line_items", None)
    if not lines or kept is None:
        return True
    return len(lines) == len(kept) and all(
        _agree(line, other, SAME_IN_LINES) for line, other in zip(lines, kept, strict=True)
    )


def _is_same_contact(asked: m.Contact, found: m.Contact) -> bool:
    if asked.contact_id and found.contact_id:
        return asked.contact_id.lower() == found.contact_id.lower()
    return not (asked.name and found.name) or _folded(asked.name) == _folded(found.name)


def _agree(asked: Model, found: Model, names: Sequence[str]) -> bool:
    """Whether the fields that both have are the same."""
    pairs = ((getattr(asked, name, None), getattr(found, name, None)) for name in names)
    return all(mine is None or theirs is None or _alike(mine, theirs) for mine, theirs in pairs)


def _alike(mine: object, theirs: object) -> bool:
    if isinstance(mine, str) and isinstance(theirs, str):
        return _folded(mine) == _folded(theirs)
    if isinstance(mine, Decimal | int) and isinstance(theirs, Decimal | int):
        # Xero rounds to its own number of places.
        return mine == theirs or (mine != round(mine, 2) and abs(Decimal(mine) - Decimal(theirs)) < CENT)
    return mine == theirs


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
