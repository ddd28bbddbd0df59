"""The rules of invoices and credit notes: contact, currency, lines, number, status, and what is still open.

Both are one kind of document, a `Sale`; the row tells how they differ.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from .contacts import contact_shown, find_or_create_contact, mark_traded
from .line_accounts import CONTROLS, changed_lines, check_line_accounts
from .line_items import complete_lines, no_lines
from .rates import BASE_CURRENCY, CURRENCY_RATES
from .resources import CONTACTS, CREDIT_NOTES, CURRENCIES, INVOICES, Resource
from .rules import (
    Rejected,
    Totals,
    dated,
    is_dead,
    next_status,
    price_lines,
    reprice_lines,
    settle_credit_note,
    settle_invoice,
    total_up,
)
from .stock import move_stock
from .values import (
    DAY,
    ZERO,
    Document,
    child,
    documents_in,
    ms_of_day,
    new_id,
    stored_ms,
    text_of,
    written_date,
)
from .work import Change, Matcher, Saver, Work, first


class Sale(NamedTuple):
    """How invoices and credit notes differ."""

    resource: Resource
    sold: str  # the type that is numbered by Xero
    prefix: str
    label: str
    settle: Callable[[Document, int], None]
    fresh: Document  # fields of a new one, beside those of `new_sale`


INVOICE_SALE: Final = Sale(
    INVOICES,
    "ACCREC",
    "INV-",
    "Invoice",
    settle_invoice,
    {
        "AmountDue": ZERO,
        "AmountPaid": ZERO,
        "AmountCredited": ZERO,
        "IsDiscounted": False,
        "Payments": [],
        "CreditNotes": [],
        "Prepayments": [],
        "Overpayments": [],
        "InvoiceAddresses": [],
    },
)
CREDIT_NOTE_SALE: Final = Sale(
    CREDIT_NOTES,
    "ACCRECCREDIT",
    "CN-",
    "Credit Note",
    settle_credit_note,
    {"RemainingCredit": ZERO, "Allocations": [], "Payments": [], "InvoiceAddresses": []},
)

# What may not change once money has been applied to a document.
_LOCKED: Final = ("Date", "LineAmountTypes", "CurrencyCode", "SubTotal", "TotalTax", "Total")


def new_sale(sale: Sale, document_id: str, day: int) -> Document:
    """An invoice or credit note with nothing in it yet, its fields in Xero's order."""
    return {
        "Type": "",
        sale.resource.id: document_id,
        sale.resource.number: "",
        "Reference": "",
        **sale.fresh,
        "CurrencyRate": Decimal("1.000000"),
        "HasAttachments": False,
        "HasErrors": False,
        "SentToContact": False,
        "Contact": {},
        **dated("Date", day),
        **no_lines(),
        "UpdatedDateUTC": "",
        "CurrencyCode": BASE_CURRENCY,
    }


def match_sale(sale: Sale) -> Matcher:
    """The rule for a POST without an id: it means the live document of the numbered type with its number."""

    def matched(work: Work, given: Document) -> str | None:
        number = text_of(given, sale.resource.number)
        return numbered(work, sale.resource, number) if number and given.get("Type") == sale.sold else None

    return matched


def numbered(work: Work, resource: Resource, number: str) -> str | None:
    """The id of the document that has a number to itself; dead ones have given theirs up."""
    return first(work, resource, f'"{resource.number}" = ? AND {resource.current}', number)


def save_sale(sale: Sale) -> Saver:
    """The rule of invoices or of credit notes."""

    def saved(work: Work, existing: Document | None, given: Document) -> Change:
        kind = _type(sale, existing, given)
        base = existing or new_sale(sale, new_id(), work.today)
        contact = contact_of(work, existing, given)
        own: Document = {
            "Type": kind,
            "Contact": contact_shown(contact),
            sale.resource.id: base[sale.resource.id],
            sale.resource.number: given.get(sale.resource.number) or base[sale.resource.number],
        }
        document = base | given | own
        _write_dates(document, given, contact, kind == sale.sold)
        write_currency(work, document, base, given, contact)
        write_lines(work, document, base, given)
        _write_status(work, sale, document, existing, given)
        if kind == sale.sold and not is_dead(document):
            write_number(work, sale.resource, document, given, prefix=sale.prefix, label=sale.label)
        sale.settle(document, work.today)
        _check_locked(sale, document, existing)
        mark_traded(work, contact, sold=kind == sale.sold)
        move_stock(work, existing, document)
        return Change(document, _warnings(document, given))

    return saved


def _type(sale: Sale, existing: Document | None, given: Document) -> str:
    kind = text_of(given, "Type") or text_of(existing or {}, "Type")
    if not kind:
        raise Rejected(f"{sale.label} type must be specified.")
    if existing and existing["Type"] != kind:
        raise Rejected(f"{sale.label} type cannot be changed.")
    return kind


def contact_of(work: Work, existing: Document | None, given: Document) -> Document:
    """The contact of a document: the one it has, or the one that is sent, made when it is new."""
    sent, kept = child(given, "Contact"), child(existing or {}, "Contact")
    if kept and (not sent or text_of(sent, "ContactID") == kept["ContactID"]):
        contact = work.store.get(CONTACTS, work.tenant, text_of(kept, "ContactID"))
        if contact is not None:
            return contact
    return find_or_create_contact(work, sent)


def _write_dates(document: Document, given: Document, contact: Document, sold: bool) -> None:
    if "DueDate" not in document:
        terms = child(child(contact, "PaymentTerms"), "Sales" if sold else "Bills")
        due = due_day(stored_ms(document["Date"]) or 0, terms)
        given = given if due is None else given | {"DueDate": written_date(due)}
    for name in ("Date", "DueDate", "ExpectedPaymentDate", "PlannedPaymentDate"):
        ms = stored_ms(given.get(name))
        if ms is not None:
            document |= dated(name, ms)


def due_day(issued: int, terms: Document) -> int | None:
    """The day on which something issued on a day falls due, both in milliseconds; None without terms."""
    days = terms.get("Day")
    if not isinstance(days, int) or not 0 <= days <= 3650:
        return None
    day = datetime.fromtimestamp(issued // 1000, UTC).date()
    if day.year > 9900:
        return None
    month_end = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    match terms.get("Type"):
        case "DAYSAFTERBILLDATE":
            return issued + days * DAY
        case "DAYSAFTERBILLMONTH":
            return ms_of_day(month_end) + days * DAY
        case "OFCURRENTMONTH":
            return ms_of_day(_day_of_month(month_end, days))
        case "OFFOLLOWINGMONTH":
            return ms_of_day(_day_of_month(month_end + timedelta(days=1), days))
        case _:
            return None


def _day_of_month(month: date, day: int) -> date:
    return month.replace(day=max(1, min(day, calendar.monthrange(month.year, month.month)[1])))


def write_currency(work: Work, document: Document, base: Document, given: Document, contact: Document) -> None:
    """Gives a document its currency and rate: those sent, or else its contact's, or else the base currency."""
    is_new = not base["Status"]
    sent = text_of(given, "CurrencyCode") or (text_of(contact, "DefaultCurrency") if is_new else "")
    code = sent.upper() or text_of(document, "CurrencyCode")
    if sent and not first(work, CURRENCIES, "id = ?", code):
        raise Rejected(f"Organisation is not subscribed to currency {code}")
    rate = given.get("CurrencyRate")
    if isinstance(rate, Decimal) and rate <= 0:
        raise Rejected("CurrencyRate must be greater than zero.")
    if code == BASE_CURRENCY or (rate is None and (is_new or code != base["CurrencyCode"])):
        document["CurrencyRate"] = CURRENCY_RATES.get(code, Decimal("1.000000"))
    document["CurrencyCode"] = code


def write_lines(
    work: Work, document: Document, base: Document, given: Document, *, closed: tuple[str, ...] = CONTROLS
) -> Totals:
    """Gives a document its lines and totals, out of those it had and those that are sent.

    No line that is new may stand on an account of the types and system names that are `closed`.
    """
    types = text_of(document, "LineAmountTypes")
    before = lines = documents_in(base["LineItems"])
    if types != base["LineAmountTypes"]:
        lines = reprice_lines(lines, types, work.rates)
    if "LineItems" in given:
        sent = complete_lines(work, document, documents_in(given["LineItems"]), before)
        lines = price_lines(sent, lines, types, places=work.places, rates=work.rates)
        check_line_accounts(work, changed_lines(lines, before), closed=closed, needed=False)
    totals = total_up(lines, types)
    if totals.total < 0:
        raise Rejected("The document total must not be negative.")
    document["LineItems"] = lines
    document |= {"SubTotal": totals.sub_total, "TotalTax": totals.total_tax, "Total": totals.total}
    if "IsDiscounted" in document:
        document["IsDiscounted"] = bool(totals.discount)
        document.pop("TotalDiscount", None)
        document |= {"TotalDiscount": totals.discount} if totals.discount else {}
    return totals


def _write_status(work: Work, sale: Sale, document: Document, existing: Document | None, given: Document) -> None:
    now = text_of(existing or {}, "Status")
    status = next_status(sale.label, now, text_of(given, "Status") or now or "DRAFT")
    if status != now and existing and _is_applied(document):
        raise Rejected(
            f"The status {status} cannot be applied to the {sale.label.lower()} because it has payments or credit"
            " notes allocated to it."
        )
    if status in ("SUBMITTED", "AUTHORISED"):
        if not document["LineItems"]:
            raise Rejected("One or more line items must be specified")
        if status == "AUTHORISED" and sale.resource is INVOICES and "DueDate" not in document:
            raise Rejected("The document DueDate field must be specified")
        lines, before = documents_in(document["LineItems"]), documents_in((existing or {}).get("LineItems"))
        check_line_accounts(work, lines if status != now else changed_lines(lines, before))
    document["Status"] = status


def write_number(
    work: Work, resource: Resource, document: Document, given: Document, *, prefix: str, label: str
) -> None:
    """Gives a document its number: the one sent, if it is free, or else the next one."""
    number, own = resource.number, document[resource.id]
    sent = text_of(given, number)
    if sent and numbered(work, resource, sent) not in (None, own):
        raise Rejected(f"{label} # must be unique.")
    while not document[number]:
        free = f"{prefix}{work.store.next_number(work.tenant, prefix):04d}"
        if numbered(work, resource, free) is None:
            document[number] = free


def _is_applied(document: Document) -> bool:
    return any(document.get(name) for name in ("Payments", "CreditNotes", "Prepayments", "Overpayments", "Allocations"))


def is_changed(document: Document, existing: Document) -> bool:
    """Whether anything of a document beside its contact is not as it was."""
    return any(document.get(name) != existing.get(name) for name in {*document, *existing} - {"Contact"})


def _check_locked(sale: Sale, document: Document, existing: Document | None) -> None:
    if existing is None:
        return
    moved = child(document, "Contact")["ContactID"] != child(existing, "Contact")["ContactID"]
    if is_dead(existing) and (moved or is_changed(document, existing)):
        raise Rejected(f"{sale.label} not of valid status for modification")
    if _is_applied(existing) and (moved or any(document[name] != existing[name] for name in _LOCKED)):
        raise Rejected("This document cannot be edited as it has a payment or credit note allocated to it.")


def _warnings(document: Document, given: Document) -> tuple[str, ...]:
    if given.get("SentToContact") is True and document["Status"] not in ("AUTHORISED", "PAID"):
        document["SentToContact"] = False
        return (
            f"Only AUTHORISED and PAID {'invoices' if 'InvoiceID' in document else 'credit notes'}"
            " may have SentToContact updated.",
        )
    return ()
