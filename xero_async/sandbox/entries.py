"""From a document to its double entries: pure, and the one place that knows what is debited and what credited.

A document posts journals when it is approved, none before and none once it is voided. Amounts are whole
cents of the base currency, debits above zero and credits below it, and each journal comes to zero: what the
conversion of the lines leaves over against the conversion of the total goes to the rounding account, and
what a payment at another rate makes or loses to the realised gains.

Each entry belongs to a basis. On the accrual basis an invoice counts when it is approved; on the cash basis
it counts as far as money has moved for it, so a payment carries, beside its accrual entries, the lines of
what it pays, scaled to what it pays of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from .resources import CREDIT_NOTES, EXPENSE_CLAIMS, INVOICES, Resource
from .resources_money import (
    BANK_TRANSACTIONS,
    BANK_TRANSFERS,
    MANUAL_JOURNALS,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
)
from .resources_settings import CONVERSIONS
from .values import (
    DAY,
    MONEY,
    Document,
    child,
    documents_in,
    dump_json,
    money_of,
    ms_of_day,
    rounded,
    stored_ms,
    text_of,
)

ACCRUAL: Final = 1
CASH: Final = 2
BOTH: Final = ACCRUAL | CASH

SUSPENSE: Final = "850"
MAIN_BANK: Final = "090"
_LARGEST: Final = 10**14  # cents of one document, far below what a column holds
_DEBTORS, _CREDITORS, _GST, _ROUNDING = "@DEBTORS", "@CREDITORS", "@GST", "@ROUNDING"
_GAINS, _CLAIMS, _HISTORICAL = "@REALISEDCURRENCYGAIN", "@UNPAIDEXPCLM", "@HISTORICAL"


class Entry(NamedTuple):
    """One line of a journal; `account` is a code, an id where the account has no code, or `@` and a system name."""

    account: str
    amount: int
    basis: int = BOTH
    tax: int = 0
    tax_type: str = ""
    description: str = ""
    tracking: str = ""


class Posting(NamedTuple):
    """One journal that a document posts; `part` tells several of one document apart."""

    part: str
    kind: str  # Xero's SourceType
    day: int
    reference: str
    entries: tuple[Entry, ...]


class Unpostable(Exception):
    """A document whose amounts are too large for the books."""


Look = Callable[[Resource, str], Document | None]
"""Finds another document by its id."""


def postings_of(resource: Resource, document: Document, look: Look) -> list[Posting]:
    """The journals that a document posts as it stands; `Unpostable` when its amounts are out of range."""
    maker = _MAKERS.get(resource.name)
    found = maker(document, look) if maker else []
    if any(abs(entry.amount) >= _LARGEST for posting in found for entry in posting.entries):
        raise Unpostable
    return found


# ------------------------------------------------------------------------------------------------- amounts


def _cents(amount: Decimal, rate: Decimal) -> int:
    """An amount in cents of the base currency, at so many units of its own currency for one of the base."""
    return int((amount if rate == 1 else rounded(MONEY.divide(amount, rate))) * 100)


def _rate(document: Document) -> Decimal:
    rate = document.get("CurrencyRate")
    return rate if isinstance(rate, Decimal) and rate > 0 else Decimal(1)


def _day(document: Document, name: str = "Date") -> int:
    return stored_ms(document.get(name)) or 0


def _account(holder: Document) -> str:
    """The account of a line or of a bank account: its code, or else its id."""
    return text_of(holder, "AccountCode") or text_of(holder, "Code") or text_of(holder, "AccountID") or SUSPENSE


def line_entries(
    document: Document, sign: int, rate: Decimal, basis: int = BOTH, lines: str = "LineItems"
) -> list[Entry]:
    """The entries of a document's lines and of their tax, in the direction of the sign."""
    inclusive = document.get("LineAmountTypes") == "Inclusive"
    found: list[Entry] = []
    all_tax = 0
    for line in documents_in(document.get(lines)):
        tax, amount = money_of(line, "TaxAmount"), money_of(line, "LineAmount")
        cents = sign * _cents(amount - tax if inclusive and tax else amount, rate)
        tax_cents = sign * _cents(tax, rate) if tax else 0
        if not cents and not tax_cents:
            continue
        all_tax += tax_cents
        tracking = line.get("Tracking")
        found.append(
            Entry(
                text_of(line, "AccountCode") or _account(line),
                cents,
                basis,
                tax_cents,
                text_of(line, "TaxType"),
                text_of(line, "Description"),
                dump_json(tracking).decode() if tracking else "",
            )
        )
    return [*found, Entry(_GST, all_tax, basis)] if all_tax else found


def _scaled(entries: Iterable[Entry], target: int, basis: int) -> list[Entry]:
    """Entries scaled to come to a sum; what rounding leaves goes to the largest of them."""
    listed = list(entries)
    whole = sum([entry.amount for entry in listed])
    if not whole or not target:
        return [Entry(_ROUNDING, target, basis)] if target else []
    if target == whole:
        return [Entry(entry[0], entry[1], basis, *entry[3:]) for entry in listed]
    share = [
        Entry(
            entry.account,
            _part(entry.amount, target, whole),
            basis,
            _part(entry.tax, target, whole),
            entry.tax_type,
            entry.description,
            entry.tracking,
        )
        for entry in listed
    ]
    largest = max(range(len(share)), key=lambda at: abs(share[at].amount))
    rest = target - sum(entry.amount for entry in share)
    share[largest] = share[largest]._replace(amount=share[largest].amount + rest)
    return [entry for entry in share if entry.amount]


def _part(amount: int, target: int, whole: int) -> int:
    """amount * target / whole, rounded half away from zero, in whole numbers throughout."""
    size = (2 * abs(amount * target) + abs(whole)) // (2 * abs(whole))
    return size if (amount * target >= 0) == (whole > 0) else -size


def _balanced(entries: list[Entry], account: str, basis: int) -> tuple[Entry, ...]:
    """The entries with one more that brings the basis to zero."""
    rest = sum(entry.amount for entry in entries if entry.basis & basis)
    return (*entries, Entry(account, -rest, basis)) if rest else tuple(entries)


# ---------------------------------------------------------------------------------------------- the makers


def _control(kind: str) -> tuple[str, int]:
    """The control account of a kind of document, and whether such a document debits (1) or credits it (-1)."""
    ours = kind.startswith(("ACCREC", "AR", "RECEIVE"))
    debits = kind in ("ACCREC", "ACCPAYCREDIT") or kind.startswith(("AP", "SPEND"))
    return (_DEBTORS if ours else _CREDITORS), 1 if debits else -1


def _sale(document: Document, _: Look) -> list[Posting]:
    if document["Status"] not in ("AUTHORISED", "PAID"):
        return []
    kind, rate = text_of(document, "Type"), _rate(document)
    account, sign = _control(kind)
    lines = line_entries(document, -sign, rate, ACCRUAL)
    total = sign * _cents(money_of(document, "Total"), rate)
    entries = _balanced([Entry(account, total, ACCRUAL), *lines], _ROUNDING, ACCRUAL)
    number = text_of(document, "InvoiceNumber") or text_of(document, "CreditNoteNumber")
    reference = text_of(document, "Reference") or number
    return [Posting("", kind, _day(document), reference, entries)] if total or lines else []


def _bank_transaction(document: Document, _: Look) -> list[Posting]:
    kind = text_of(document, "Type")
    if document["Status"] != "AUTHORISED" or kind.endswith("TRANSFER"):
        return []
    sign, rate = (1 if kind.startswith("RECEIVE") else -1), _rate(document)
    bank = Entry(_account(child(document, "BankAccount")), sign * _cents(money_of(document, "Total"), rate))
    entries = _balanced([bank, *line_entries(document, -sign, rate)], _ROUNDING, BOTH)
    return [Posting("", _BANK_KINDS[kind], _day(document), text_of(document, "Reference"), entries)]


_BANK_KINDS: Final = {
    "RECEIVE": "CASHREC",
    "SPEND": "CASHPAID",
    "RECEIVE-PREPAYMENT": "ARPREPAYMENT",
    "SPEND-PREPAYMENT": "APPREPAYMENT",
    "RECEIVE-OVERPAYMENT": "AROVERPAYMENT",
    "SPEND-OVERPAYMENT": "APOVERPAYMENT",
}


def _bank_transfer(document: Document, _: Look) -> list[Posting]:
    if document["Status"] == "DELETED":
        return []
    cents = _cents(money_of(document, "Amount"), _rate(document))
    entries = (
        Entry(_account(child(document, "FromBankAccount")), -cents),
        Entry(_account(child(document, "ToBankAccount")), cents),
    )
    return [Posting("", "TRANSFER", _day(document), text_of(document, "Reference"), entries)]


PAYABLE: Final = (
    ("Invoice", INVOICES),
    ("CreditNote", CREDIT_NOTES),
    ("Prepayment", PREPAYMENTS),
    ("Overpayment", OVERPAYMENTS),
)
"""What a payment can be against: the name of its reference, and the resource."""
SETTLING: Final = (("Payments", PAYMENTS), ("Prepayments", PREPAYMENTS), ("Overpayments", OVERPAYMENTS))
"""What settles a document, by the name under which the document shows it."""


def _payment(document: Document, look: Look) -> list[Posting]:
    if document["Status"] == "DELETED":
        return []
    amount = money_of(document, "Amount")
    for name, resource in PAYABLE:
        settled = look(resource, text_of(child(document, name), resource.id)) if name in document else None
        if settled is None:
            continue
        kind = text_of(settled, "Type")
        account, sign = _control(kind)
        cleared = -sign * _cents(amount, _rate(settled))
        bank = Entry(_account(child(document, "Account")), sign * _cents(amount, _rate(document)))
        lines = line_entries(settled, -sign, _rate(settled))
        if resource in (PREPAYMENTS, OVERPAYMENTS):
            entries = [bank, *_scaled(lines, cleared, BOTH)]
        else:
            entries = [bank, Entry(account, cleared, ACCRUAL), *_scaled(lines, cleared, CASH)]
        gain = -bank.amount - cleared
        entries += [Entry(_GAINS, gain)] if gain else []
        kind = _PAYMENT_KINDS.get(text_of(document, "PaymentType"), text_of(document, "PaymentType"))
        return [Posting("", kind, _day(document), text_of(document, "Reference"), tuple(entries))]
    return []


_PAYMENT_KINDS: Final = {
    f"{side}{kind}PAYMENT": f"{side}{kind}" for side in ("AR", "AP") for kind in ("PREPAYMENT", "OVERPAYMENT")
}


def _credit(document: Document, look: Look) -> list[Posting]:
    """What a prepayment or an overpayment posts: its allocations; its money came with its bank transaction."""
    if document["Status"] == "VOIDED":
        return []
    kind, rate = text_of(document, "Type"), _rate(document)
    account, sign = _control(kind)
    found: list[Posting] = []
    for allocation in documents_in(document.get("Allocations")):
        invoice = look(INVOICES, text_of(child(allocation, "Invoice"), "InvoiceID")) or {}
        taken = -sign * _cents(money_of(allocation, "Amount"), rate)
        entries = [
            *_scaled(line_entries(document, -sign, rate), taken, BOTH),
            Entry(account, -taken, ACCRUAL),
            *_scaled(line_entries(invoice, sign, _rate(invoice)), -taken, CASH),
        ]
        part = text_of(allocation, "AllocationID")
        source = _BANK_KINDS[kind]
        found.append(Posting(part, source, _day(allocation), text_of(document, "Reference"), tuple(entries)))
    return found


def _manual(document: Document, _: Look) -> list[Posting]:
    if document["Status"] != "POSTED":
        return []
    basis = ACCRUAL if document.get("ShowOnCashBasisReports") is False else BOTH
    entries = _balanced(line_entries(document, 1, Decimal(1), basis, "JournalLines"), _ROUNDING, basis)
    return [Posting("", "MANJOURNAL", _day(document), text_of(document, "Narration"), entries)] if entries else []


def _claim(document: Document, _: Look) -> list[Posting]:
    if document["Status"] not in ("AUTHORISED", "PAID"):
        return []
    one, lines = Decimal(1), list[Entry]()
    receipts = documents_in(document["Receipts"])
    for receipt in receipts:
        own = line_entries(receipt, 1, one, ACCRUAL)
        lines += own or [Entry(SUSPENSE, _cents(money_of(receipt, "Total"), one), ACCRUAL)]
    total = _cents(money_of(document, "Total"), one)
    day = _day(document, "ReportingDate") or max((_day(receipt) for receipt in receipts), default=0)
    owed = _balanced([Entry(_CLAIMS, -total, ACCRUAL), *lines], _ROUNDING, ACCRUAL)
    found = [Posting("", "EXPCLAIM", day, "", owed)]
    if paid := _cents(money_of(document, "AmountPaid"), one):
        bank, cleared = Entry(MAIN_BANK, -paid), Entry(_CLAIMS, paid, ACCRUAL)
        entries = (bank, cleared, *_scaled(lines, paid, CASH))
        found.append(Posting("paid", "EXPPAYMENT", _day(document, "PaymentDueDate") or day, "", entries))
    return found


def _conversion(document: Document, _: Look) -> list[Posting]:
    """What the books start with, on the day before the month of the conversion; the rest is historical."""
    start = child(document, "ConversionDate")
    year, month = start.get("Year"), start.get("Month")
    if not isinstance(year, int) or not isinstance(month, int) or not (1 <= year <= 9999 and 1 <= month <= 12):
        return []
    entries = [
        Entry(_account(each), cents)
        for each in documents_in(document.get("ConversionBalances"))
        if (cents := _cents(money_of(each, "Balance"), Decimal(1)))
    ]
    day = ms_of_day(date(year, month, 1)) - DAY
    return (
        [Posting("", "MANJOURNAL", day, "Conversion Balances", _balanced(entries, _HISTORICAL, BOTH))]
        if entries
        else []
    )


_MAKERS: Final[Mapping[str, Callable[[Document, Look], list[Posting]]]] = {
    INVOICES.name: _sale,
    CREDIT_NOTES.name: _sale,
    BANK_TRANSACTIONS.name: _bank_transaction,
    BANK_TRANSFERS.name: _bank_transfer,
    PAYMENTS.name: _payment,
    PREPAYMENTS.name: _credit,
    OVERPAYMENTS.name: _credit,
    MANUAL_JOURNALS.name: _manual,
    EXPENSE_CLAIMS.name: _claim,
    CONVERSIONS.name: _conversion,
}
