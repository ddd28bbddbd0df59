"""The rule of manual journals: lines that balance, posted or kept as a draft."""

from __future__ import annotations

from typing import Final

from .line_accounts import check_line_accounts
from .resources_money import MANUAL_JOURNALS
from .rules import Rejected, Steps, is_dead, line_tax, next_status
from .values import Document, add_up, documents_in, money_of, new_id, stored_ms, text_of, written_date
from .work import Change, Work

_FIRST: Final = frozenset({"DRAFT", "POSTED", "DELETED"})
_STEPS: Final[Steps] = {
    "": frozenset({"DRAFT", "POSTED"}),
    "DRAFT": _FIRST,
    "POSTED": frozenset({"POSTED", "DRAFT", "VOIDED", "ARCHIVED"}),
    "ARCHIVED": frozenset({"ARCHIVED", "POSTED"}),
    "DELETED": frozenset({"DELETED"}),
    "VOIDED": frozenset({"VOIDED"}),
}


def new_journal(journal_id: str, day: int) -> Document:
    """A manual journal with nothing in it yet."""
    return {
        "ManualJournalID": journal_id,
        "Date": written_date(day),
        "Status": "",
        "LineAmountTypes": "NoTax",
        "UpdatedDateUTC": "",
        "ShowOnCashBasisReports": True,
        "HasAttachments": False,
        "Narration": "",
        "JournalLines": [],
    }


def save_manual_journal(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of manual journals."""
    base = existing or new_journal(new_id(), work.today)
    if existing is not None and is_dead(existing):
        raise Rejected(f"{MANUAL_JOURNALS.item} not of valid status for modification")
    journal = base | given | {"ManualJournalID": base["ManualJournalID"]}
    now = text_of(base, "Status")
    journal["Status"] = next_status("ManualJournal", now, text_of(given, "Status") or now or "DRAFT", _STEPS)
    if not text_of(journal, "Narration").strip():
        raise Rejected("The Narration field is mandatory.")
    if "JournalLines" in given or journal["LineAmountTypes"] != base["LineAmountTypes"]:
        journal["JournalLines"] = _lines(work, journal)
    if not is_dead(journal):
        _check_lines(work, journal)
    journal["Date"] = written_date(stored_ms(journal["Date"]) or 0)
    return Change(journal)


def _lines(work: Work, journal: Document) -> list[Document]:
    """The lines as they are stored, each with its tax type and its tax."""
    rates, types = work.rates, text_of(journal, "LineAmountTypes")
    lines: list[Document] = []
    for line in documents_in(journal["JournalLines"]):
        tax_type = text_of(line, "TaxType") or "NONE"
        if tax_type not in rates:
            raise Rejected(
                f"The TaxType code '{tax_type[:50]}' does not exist or cannot be used for this type of transaction."
            )
        tax = line_tax(money_of(line, "LineAmount"), tax_type, types, rates)
        own: Document = {
            "TaxType": tax_type,
            "TaxAmount": tax,
            "IsBlank": False,
            "LineAmount": money_of(line, "LineAmount"),
        }
        lines.append({"Description": "", **line, **own, "Tracking": line.get("Tracking", [])})
    return lines


def _check_lines(work: Work, journal: Document) -> None:
    lines = documents_in(journal["JournalLines"])
    if len(lines) < 2:
        raise Rejected("Manual journals must contain at least two journal lines.")
    exclusive = journal["LineAmountTypes"] == "Exclusive"
    amounts = [money_of(line, "LineAmount") + (money_of(line, "TaxAmount") if exclusive else 0) for line in lines]
    debits, credits = (add_up(amount for amount in amounts if amount * sign > 0) for sign in (1, -1))
    if debits + credits:
        raise Rejected(f"The total debits ({debits}) must equal total credits ({credits})")
    check_line_accounts(work, lines)
