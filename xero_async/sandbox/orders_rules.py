"""The rules of orders: quotes, purchase orders, receipts, repeating invoices, and linked transactions.

The first four are lines with a contact and a status, so one rule serves them; an `Order` row tells how they
differ. A linked transaction joins a line of a bill to a customer, and on to a line of a sale; its status
follows theirs.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from .catalogue import ALL_RESOURCES
from .contacts import contact_shown
from .line_items import no_lines
from .rates import BASE_CURRENCY
from .resources import CONTACTS, INVOICES, Resource
from .resources_orders import LINKED_TRANSACTIONS, PURCHASE_ORDERS, QUOTES, RECEIPTS, REPEATING_INVOICES
from .resources_settings import USERS
from .rules import Rejected, Steps, dated, next_status
from .sales import contact_of, is_changed, numbered, write_currency, write_lines, write_number
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
from .work import Change, Matcher, Saver, Work, by_id

# Of quotes: https://developer.xero.com/documentation/api/accounting/quotes
_QUOTE_STEPS: Final[Steps] = {
    "": frozenset({"DRAFT", "SENT", "ACCEPTED", "DECLINED"}),
    "DRAFT": frozenset({"DRAFT", "SENT", "DELETED"}),
    "SENT": frozenset({"SENT", "DRAFT", "ACCEPTED", "DECLINED", "INVOICED", "DELETED"}),
    "ACCEPTED": frozenset({"ACCEPTED", "DRAFT", "SENT", "DECLINED", "INVOICED", "DELETED"}),
    "DECLINED": frozenset({"DECLINED", "DRAFT", "SENT", "ACCEPTED", "DELETED"}),
    "INVOICED": frozenset({"INVOICED", "SENT", "ACCEPTED"}),
    "DELETED": frozenset({"DELETED"}),
}
_OPEN_ORDER: Final = frozenset({"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"})
_PURCHASE_STEPS: Final[Steps] = {
    "": frozenset({"DRAFT", "SUBMITTED", "AUTHORISED"}),
    "DRAFT": _OPEN_ORDER,
    "SUBMITTED": _OPEN_ORDER,
    "AUTHORISED": frozenset({"AUTHORISED", "BILLED", "DELETED"}),
    "BILLED": frozenset({"BILLED", "AUTHORISED", "DELETED"}),
    "DELETED": frozenset({"DELETED"}),
}
# What comes after DRAFT is the doing of the expense claim that a receipt is in.
_RECEIPT_STEPS: Final[Steps] = {
    "": frozenset({"DRAFT"}),
    "DRAFT": frozenset({"DRAFT", "VOIDED"}),
    **{status: frozenset({status}) for status in ("SUBMITTED", "AUTHORISED", "DECLINED", "VOIDED")},
}
_REPEATING_STEPS: Final[Steps] = {
    "": frozenset({"DRAFT", "AUTHORISED"}),
    "DRAFT": frozenset({"DRAFT", "AUTHORISED", "DELETED"}),
    "AUTHORISED": frozenset({"AUTHORISED", "DRAFT", "DELETED"}),
    "DELETED": frozenset({"DELETED"}),
}
_DEAD: Final = ("DELETED", "VOIDED")
_TYPES: Final = {"EXCLUSIVE": "Exclusive", "INCLUSIVE": "Inclusive", "NOTAX": "NoTax"}  # as quotes spell them

Check = Callable[[Work, Document, Document, Document], None]


class Order(NamedTuple):
    """How the orders differ."""

    resource: Resource
    label: str
    steps: Steps
    fresh: Document  # fields of a new one, beside those of `new_order`
    dates: tuple[str, ...] = ("Date",)
    prefix: str = ""  # of its numbers
    check: Check | None = None  # of the work, the order, the order as it was and what is sent


def new_order(order: Order, order_id: str, day: int) -> Document:
    """An order with nothing in it yet."""
    return {
        order.resource.id: order_id,
        **({order.resource.number: ""} if order.resource.number else {}),
        "Reference": "",
        "Contact": {},
        **(dated("Date", day) if "Date" in order.dates else {}),
        **no_lines(),
        **({"UpdatedDateUTC": ""} if order.resource.dated else {}),
        **order.fresh,
    }


def save_order(order: Order) -> Saver:
    """The rule of one kind of order."""

    def saved(work: Work, existing: Document | None, given: Document) -> Change:
        base = existing or new_order(order, new_id(), work.today)
        contact = contact_of(work, existing, given)
        own: Document = {"Contact": contact_shown(contact), order.resource.id: base[order.resource.id]}
        if order.resource.number:
            own[order.resource.number] = given.get(order.resource.number) or base[order.resource.number]
        document = base | given | own
        for name in order.dates:
            if (day := stored_ms(given.get(name))) is not None:
                document |= dated(name, day)
        if "CurrencyCode" in base:
            write_currency(work, document, base, given, contact)
        _write_order_lines(work, order, document, base, given)
        now = text_of(base, "Status")
        document["Status"] = next_status(order.label, now, text_of(given, "Status") or now or "DRAFT", order.steps)
        if order.check:
            order.check(work, document, base, given)
        if now in _DEAD and is_changed(document, base):
            raise Rejected(f"{order.label} not of valid status for modification")
        if order.prefix and document["Status"] not in _DEAD:
            write_number(work, order.resource, document, given, prefix=order.prefix, label=order.label)
        return Change(document)

    return saved


def _write_order_lines(work: Work, order: Order, document: Document, base: Document, given: Document) -> None:
    """Lines and totals; quotes spell the kinds of amounts in capitals."""
    inner, before = (each | {"LineAmountTypes": _amounts(each)} for each in (document, base))
    totals = write_lines(work, inner, before, given)
    types = document["LineAmountTypes"]
    document |= inner
    document["LineAmountTypes"] = types
    if "TotalDiscount" in base:
        document["TotalDiscount"] = totals.discount


def _amounts(document: Document) -> str:
    types = text_of(document, "LineAmountTypes")
    return _TYPES.get(types, types)


def match_order(order: Order) -> Matcher:
    """The rule for a POST without an id: it means the order of its number."""

    def matched(work: Work, given: Document) -> str | None:
        number = text_of(given, order.resource.number)
        return numbered(work, order.resource, number) if number else None

    return matched


# ------------------------------------------------------------------------------- what is particular to each


def _needs_lines(document: Document) -> None:
    if not document["LineItems"]:
        raise Rejected("One or more line items must be specified")


def _check_quote(work: Work, quote: Document, base: Document, given: Document) -> None:
    _needs_lines(quote)


def _check_purchase(work: Work, order: Document, base: Document, given: Document) -> None:
    if order["Status"] != "DRAFT":
        _needs_lines(order)


def _check_receipt(work: Work, receipt: Document, base: Document, given: Document) -> None:
    _needs_lines(receipt)
    user = by_id(work, USERS, child(receipt, "User"))
    if user is None:
        raise Rejected("User must be specified for a receipt.")
    receipt["User"] = user_shown(user)
    if base["Status"] not in ("", "DRAFT") and is_changed(receipt, base):
        raise Rejected("Only receipts of status DRAFT can be edited.")
    if not receipt["ReceiptNumber"]:
        receipt["ReceiptNumber"] = str(work.store.next_number(work.tenant, RECEIPTS.name))


def user_shown(user: Document) -> Document:
    """A user as it stands inside other documents."""
    return {name: user[name] for name in ("UserID", "EmailAddress", "FirstName", "LastName")}


def _check_repeating(work: Work, invoice: Document, base: Document, given: Document) -> None:
    _needs_lines(invoice)
    if not invoice["Type"]:
        raise Rejected("RepeatingInvoice type must be specified.")
    if base["Type"] not in ("", invoice["Type"]):
        raise Rejected("RepeatingInvoice type cannot be changed.")
    invoice["ID"] = invoice["RepeatingInvoiceID"]
    kept = child(base, "Schedule")
    schedule = kept | child(given, "Schedule")
    invoice["Schedule"] = kept if kept and schedule == kept else _schedule(work, schedule)


def _schedule(work: Work, schedule: Document) -> Document:
    needed = ("Period", "Unit", "DueDate", "DueDateType")
    if missing := [name for name in needed if name not in schedule]:
        raise Rejected(*(f"{name} must be specified for a schedule." for name in missing))
    period, due = schedule["Period"], schedule["DueDate"]
    if not isinstance(period, int) or not 1 <= period <= 99:
        raise Rejected("The Period of a schedule must be between 1 and 99.")
    if not isinstance(due, int) or not 1 <= due <= 31:
        raise Rejected("The DueDate of a schedule must be between 1 and 31.")
    start = stored_ms(schedule.get("StartDate"))
    start = work.today if start is None else start
    end = stored_ms(schedule.get("EndDate"))
    if end is not None and end < start:
        raise Rejected("The EndDate of a schedule must not be before its StartDate.")
    following = next_run(start, period, text_of(schedule, "Unit"), work.today)
    return schedule | {"StartDate": written_date(start), "NextScheduledDate": written_date(following)}


def next_run(start: int, period: int, unit: str, today: int) -> int:
    """The first day of a schedule from today on; its start, while that is to come. All in milliseconds."""
    if start >= today:
        return start
    if unit == "WEEKLY":
        step = period * 7 * DAY
        return start + -(-(today - start) // step) * step
    first_day, now = (datetime.fromtimestamp(each // 1000, UTC).date() for each in (start, today))
    months = (now.year - first_day.year) * 12 + now.month - first_day.month
    for runs in range(months // period, months // period + 2):
        year, month = divmod(first_day.month - 1 + runs * period, 12)
        year, month = first_day.year + year, month + 1
        if year > 9999:
            break
        day = min(first_day.day, calendar.monthrange(year, month)[1])
        if (found := ms_of_day(first_day.replace(year=year, month=month, day=day))) >= today:
            return found
    return today


_CURRENCY: Final[Document] = {"CurrencyRate": Decimal("1.000000"), "CurrencyCode": BASE_CURRENCY}

QUOTE: Final = Order(
    QUOTES,
    "Quote",
    _QUOTE_STEPS,
    {**_CURRENCY, "LineAmountTypes": "EXCLUSIVE", "TotalDiscount": ZERO, "HasErrors": False},
    dates=("Date", "ExpiryDate"),
    prefix="QU-",
    check=_check_quote,
)
PURCHASE_ORDER: Final = Order(
    PURCHASE_ORDERS,
    "Purchase Order",
    _PURCHASE_STEPS,
    {
        **_CURRENCY,
        "TotalDiscount": ZERO,
        "SentToContact": False,
        "Type": "PURCHASEORDER",
        "HasAttachments": False,
        "HasErrors": False,
        "IsDiscounted": False,
    },
    dates=("Date", "DeliveryDate", "ExpectedArrivalDate"),
    prefix="PO-",
    check=_check_purchase,
)
RECEIPT: Final = Order(
    RECEIPTS,
    "Receipt",
    _RECEIPT_STEPS,
    {"ReceiptNumber": "", "User": {}, "HasAttachments": False},
    check=_check_receipt,
)
REPEATING_INVOICE: Final = Order(
    REPEATING_INVOICES,
    "RepeatingInvoice",
    _REPEATING_STEPS,
    {
        **_CURRENCY,
        "Type": "",
        "ID": "",
        "Schedule": {},
        "HasAttachments": False,
        "ApprovedForSending": False,
        "SendCopy": False,
        "MarkAsSent": False,
        "IncludePDF": False,
    },
    dates=(),
    check=_check_repeating,
)


# -------------------------------------------------------------------------------------- linked transactions

_BILLS: Final = tuple(each for each in ALL_RESOURCES if each.name in (INVOICES.name, "BankTransactions"))


def source_of(work: Work, linked: Document) -> Document | None:
    """The bill or the spent money that a linked transaction bills on."""
    source_id = text_of(linked, "SourceTransactionID")
    found = (work.store.get(resource, work.tenant, source_id) for resource in _BILLS)
    return next((each for each in found if each and each["Type"] in ("ACCPAY", "SPEND")), None)


def target_of(work: Work, linked: Document) -> Document | None:
    """The sale that a linked transaction is billed with."""
    found = work.store.get(INVOICES, work.tenant, text_of(linked, "TargetTransactionID"))
    return found if found and found["Type"] == "ACCREC" else None


def linked_status(work: Work, linked: Document) -> str:
    """The status of a linked transaction, out of those of its source and its target."""
    source, target = source_of(work, linked), target_of(work, linked)
    if source is None or text_of(source, "Status") in _DEAD:
        return "VOIDED"
    if target is not None and text_of(target, "Status") not in _DEAD:
        return "BILLED" if text_of(target, "Status") in ("AUTHORISED", "PAID") else "ONDRAFT"
    return "APPROVED" if text_of(source, "Status") in ("AUTHORISED", "PAID") else "DRAFT"


def _save_linked(work: Work, existing: Document | None, given: Document) -> Change:
    base: Document = existing or {"LinkedTransactionID": new_id(), "Status": "DRAFT", "Type": "BILLABLEEXPENSE"}
    linked = base | given | {"LinkedTransactionID": base["LinkedTransactionID"]}
    if existing and linked_status(work, existing) in ("BILLED", "VOIDED"):
        raise Rejected("A linked transaction that is billed or voided cannot be changed.")
    source = source_of(work, linked)
    if source is None:
        raise Rejected("SourceTransactionID must be that of a bill or a spend money transaction.")
    _check_line(source, linked, "SourceLineItemID")
    others = work.store.find(
        LINKED_TRANSACTIONS, work.tenant, '"SourceLineItemID" = ?', text_of(linked, "SourceLineItemID")
    )
    if any(other != linked["LinkedTransactionID"] for other in others):
        raise Rejected("The source line item is linked already.")
    _check_target(work, linked)
    linked["SourceTransactionTypeCode"] = source["Type"]
    linked["Status"] = linked_status(work, linked)
    return Change(linked)


def _check_line(document: Document, linked: Document, name: str) -> None:
    if not any(each["LineItemID"] == linked.get(name) for each in documents_in(document["LineItems"])):
        raise Rejected(f"{name} must be that of a line item of the transaction.")


def _check_target(work: Work, linked: Document) -> None:
    contact_id = text_of(linked, "ContactID")
    if contact_id and work.store.get(CONTACTS, work.tenant, contact_id) is None:
        raise Rejected(f"The Contact with ContactID {contact_id} could not be found.")
    if not text_of(linked, "TargetTransactionID"):
        if "TargetLineItemID" in linked:
            raise Rejected("TargetLineItemID needs a TargetTransactionID.")
        return
    target = target_of(work, linked)
    if target is None or text_of(target, "Status") in _DEAD:
        raise Rejected("TargetTransactionID must be that of a sales invoice.")
    own = text_of(child(target, "Contact"), "ContactID")
    if contact_id not in ("", own):
        raise Rejected("ContactID must be that of the target's contact.")
    linked["ContactID"] = own
    if "TargetLineItemID" in linked:
        _check_line(target, linked, "TargetLineItemID")


_ORDERS: Final = (QUOTE, PURCHASE_ORDER, RECEIPT, REPEATING_INVOICE)
SAVERS: Final[Mapping[str, Saver]] = {
    **{order.resource.name: save_order(order) for order in _ORDERS},
    LINKED_TRANSACTIONS.name: _save_linked,
}
MATCHERS: Final[Mapping[str, Matcher]] = {order.resource.name: match_order(order) for order in (QUOTE, PURCHASE_ORDER)}
