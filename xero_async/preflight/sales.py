"""What is checked of invoices, credit notes, quotes, purchase orders, repeating invoices, receipts and claims."""

from __future__ import annotations

from typing import Final

from ..models import (
    Contact,
    CreditNote,
    ExpenseClaim,
    Invoice,
    PurchaseOrder,
    Quote,
    Receipt,
    RepeatingInvoice,
    Schedule,
    User,
)
from .documents import (
    CONTACT,
    CONTACT_ID,
    CURRENCY_RATE,
    DUE_DATE,
    NEEDS_LINES,
    NEEDS_LINES_WHEN_APPROVED,
    TOTALS,
    made_up_id,
    missing,
    one_of,
)
from .findings import Ground, Rule, Unique
from .lines import LINE, RECEIPT_LINE
from .numbers import ZERO, money, number_of
from .sheets import Part, Sheet

__all__ = ["NAMED_CONTACT", "SALES"]

_LINES: Final = Part("line_items", LINE)
NAMED_CONTACT: Final = Part("contact", Sheet(Contact, "contact_number name", rules=(CONTACT_ID,)))
"""A contact as a document names it."""
_USER: Final = Part("user", Sheet(User, "user_id"))
_TOTALS: Final = "sub_total total_tax total"
_AMOUNTS: Final = f"line_amount_types {_TOTALS}"
_CURRENCY: Final = "currency_code currency_rate"


def _number(record: Invoice | CreditNote | Quote | PurchaseOrder, attribute: str) -> str | None:
    return getattr(record, attribute) or None


def _sale_number(invoice: Invoice) -> str | None:
    return _number(invoice, "invoice_number") if str(invoice.type).upper() == "ACCREC" else None


def _bill_number(bill: Invoice) -> tuple[str, ...] | None:
    if str(bill.type).upper() != "ACCPAY" or not bill.invoice_number or bill.contact is None:
        return None
    contact = bill.contact
    return bill.invoice_number, contact.contact_id or "", contact.contact_number or "", contact.name or ""


def _note_number(note: CreditNote) -> str | None:
    return _number(note, "credit_note_number") if str(note.type).upper() == "ACCRECCREDIT" else None


_TAKEN: Final = "row {} has the same: change one of them, or leave the record out"
_V1_STATUSES: Final = "AUTHORISED DELETED DRAFT PAID SUBMITTED VOIDED"


def _not_a_draft(invoice: Invoice, ground: Ground) -> bool:
    return ground.network and str(invoice.status or "DRAFT").upper() != "DRAFT"


_INVOICE: Final = Sheet(
    Invoice,
    f"invoice_id date due_date expected_payment_date planned_payment_date invoice_number branding_theme_id"
    f" {_CURRENCY} {_AMOUNTS}",
    parts=[NAMED_CONTACT, _LINES],
    rules=(
        CONTACT,
        one_of(
            "type",
            "Type",
            "ACCREC ACCPAY",
            "an invoice is either receivable (ACCREC) or payable (ACCPAY)",
            name="type",
            number="invoice 2",
            required=True,
        ),
        *TOTALS,
        one_of(
            "status",
            "Status",
            "DRAFT SUBMITTED AUTHORISED",
            "an invoice is made as a draft, submitted or approved; in v1 as a draft, whatever its status says",
            name="status",
            number="invoice 8",
            network=_V1_STATUSES,
        ),
        Rule(
            name="status",
            number="invoice 8",
            field="Status",
            condition="v1 makes every invoice a draft",
            message="is not DRAFT: v1 made a draft of it all the same",
            test=_not_a_draft,
            severity="warning",
        ),
        made_up_id("invoice_id", "InvoiceID", number="invoice 9"),
        NEEDS_LINES_WHEN_APPROVED,
        *DUE_DATE,
        CURRENCY_RATE,
    ),
    unique=(
        Unique(
            name="duplicate",
            field="InvoiceNumber",
            condition="sales invoices of a batch have numbers of their own",
            message=_TAKEN,
            key=_sale_number,
        ),
        Unique(
            name="duplicate",
            field="InvoiceNumber",
            condition="bills of one contact in a batch have numbers of their own",
            message="row {} is a bill of the same number and contact: leave it out if it is the same bill",
            key=_bill_number,
            severity="warning",
        ),
    ),
    unread=_TOTALS,
)

_CREDIT_NOTE: Final = Sheet(
    CreditNote,
    f"credit_note_id date due_date branding_theme_id {_CURRENCY} {_AMOUNTS}",
    parts=[NAMED_CONTACT, _LINES],
    rules=(
        CONTACT,
        one_of(
            "type",
            "Type",
            "ACCRECCREDIT ACCPAYCREDIT",
            "a credit note is either receivable (ACCRECCREDIT) or payable (ACCPAYCREDIT)",
            name="type",
            required=True,
        ),
        *TOTALS,
        one_of(
            "status",
            "Status",
            "DRAFT SUBMITTED AUTHORISED",
            "a credit note is made as a draft, submitted or approved",
            name="status",
        ),
        made_up_id("credit_note_id", "CreditNoteID"),
        NEEDS_LINES_WHEN_APPROVED,
        CURRENCY_RATE,
    ),
    unique=(
        Unique(
            name="duplicate",
            field="CreditNoteNumber",
            condition="credit notes for customers in a batch have numbers of their own",
            message=_TAKEN,
            key=_note_number,
        ),
    ),
    unread=_TOTALS,
)

_QUOTE: Final = Sheet(
    Quote,
    f"quote_id quote_number reference terms date expiry_date {_CURRENCY} title summary branding_theme_id"
    " line_amount_types",
    parts=[NAMED_CONTACT, _LINES],
    rules=(
        CONTACT,
        *TOTALS[:3],
        one_of(
            "status",
            "Status",
            "DRAFT SENT ACCEPTED DECLINED",
            "a quote is made as a draft, sent, accepted or declined",
            name="status",
        ),
        made_up_id("quote_id", "QuoteID"),
        NEEDS_LINES,
        CURRENCY_RATE,
    ),
    unique=(
        Unique(
            name="duplicate",
            field="QuoteNumber",
            condition="quotes of a batch have numbers of their own",
            message=_TAKEN,
            key=lambda quote: _number(quote, "quote_number"),
        ),
    ),
)


def _ordered_without_lines(order: PurchaseOrder, ground: Ground) -> bool:
    return str(order.status or "DRAFT").upper() != "DRAFT" and not order.line_items


# https://developer.xero.com/documentation/api/accounting/purchaseorders
_ORDER_LIMITS: Final = {
    "purchase_order_number": 255,
    "reference": 255,
    "delivery_address": 500,
    "attention_to": 255,
    "telephone": 50,
    "delivery_instructions": 500,
}
_PURCHASE_ORDER: Final = Sheet(
    PurchaseOrder,
    f"purchase_order_id date delivery_date expected_arrival_date branding_theme_id {_CURRENCY} line_amount_types"
    f" {' '.join(_ORDER_LIMITS)}",
    parts=[NAMED_CONTACT, _LINES],
    rules=(
        CONTACT,
        *TOTALS[:3],
        one_of(
            "status",
            "Status",
            "DRAFT SUBMITTED AUTHORISED",
            "a purchase order is made as a draft, submitted or approved",
            name="status",
        ),
        made_up_id("purchase_order_id", "PurchaseOrderID"),
        Rule(
            name="lines",
            field="LineItems",
            condition="a purchase order that is no draft has at least one line",
            message="is empty: give at least one line, or make the order a DRAFT",
            test=_ordered_without_lines,
        ),
        CURRENCY_RATE,
    ),
    unique=(
        Unique(
            name="duplicate",
            field="PurchaseOrderNumber",
            condition="purchase orders of a batch have numbers of their own",
            message=_TAKEN,
            key=lambda order: _number(order, "purchase_order_number"),
        ),
    ),
    limits=_ORDER_LIMITS,
)


# ------------------------------------------------------------------------------------------ repeating invoices


def _outside(attribute: str, field: str, most: int) -> Rule:
    def test(schedule: Schedule, ground: Ground) -> bool:
        number = number_of(getattr(schedule, attribute))
        return number is None or not 1 <= int(number) <= most

    return Rule(
        name="schedule",
        field=field,
        condition=f"{field} of a schedule is from 1 to {most}",
        message=f"is not from 1 to {most}",
        test=test,
    )


def _ends_early(schedule: Schedule, ground: Ground) -> bool:
    start, end = schedule.start_date, schedule.end_date
    return start is not None and end is not None and type(start) is type(end) and end < start


_SCHEDULE: Final = Sheet(
    Schedule,
    "period unit due_date due_date_type start_date next_scheduled_date end_date",
    rules=(
        _outside("period", "Period", 99),
        missing("unit", "Unit", "the unit of a schedule"),
        _outside("due_date", "DueDate", 31),
        missing("due_date_type", "DueDateType", "what the due date counts from"),
        Rule(
            name="schedule",
            field="EndDate",
            condition="a schedule does not end before it starts",
            message="is before StartDate",
            test=_ends_early,
        ),
    ),
)
_REPEATING_INVOICE: Final = Sheet(
    RepeatingInvoice,
    "repeating_invoice_id line_amount_types reference branding_theme_id currency_code",
    parts=[NAMED_CONTACT, _LINES, Part("schedule", _SCHEDULE)],
    rules=(
        CONTACT,
        one_of(
            "type",
            "Type",
            "ACCREC ACCPAY",
            "a repeating invoice is either receivable (ACCREC) or payable (ACCPAY)",
            name="type",
            required=True,
        ),
        *TOTALS[:3],
        one_of("status", "Status", "DRAFT AUTHORISED", "a template makes drafts or approved invoices", name="status"),
        NEEDS_LINES,
        Rule(
            name="schedule",
            field="Schedule",
            condition="a repeating invoice has a schedule",
            message="is missing",
            test=lambda invoice, ground: invoice.schedule is None,
        ),
    ),
    limits={"reference": 255},
)

# --------------------------------------------------------------------------------------- receipts and their claims


def _nobody(record: Receipt | ExpenseClaim, ground: Ground) -> bool:
    return record.user is None or not record.user.user_id


_SPENT_BY: Final = Rule(
    name="user",
    field="User",
    condition="the user who spent the money is there, by UserID",
    message="is missing: give the UserID of GET /Users",
    test=_nobody,
)
_RECEIPT: Final = Sheet(
    Receipt,
    "receipt_id date reference line_amount_types",
    parts=[NAMED_CONTACT, _LINES, _USER],
    rules=(
        CONTACT,
        *TOTALS[:3],
        one_of("status", "Status", "DRAFT", "a receipt is made as a draft", name="status"),
        NEEDS_LINES,
        _SPENT_BY,
    ),
    limits={"reference": 255},
)


def _negative_receipt(receipt: Receipt, ground: Ground) -> bool:
    total = None if receipt.line_items else money(receipt.total)
    return total is not None and total < ZERO


_CLAIMED_RECEIPT: Final = Sheet(
    Receipt,
    "receipt_id date line_amount_types total",
    parts=[NAMED_CONTACT, _USER, Part("line_items", RECEIPT_LINE)],
    rules=(
        *TOTALS[:3],
        Rule(
            name="total",
            field="Total",
            condition="the total of a receipt is not negative",
            message="is negative",
            test=_negative_receipt,
        ),
    ),
    stands_in="receipt_id",
)


def _no_receipts(claim: ExpenseClaim, ground: Ground) -> bool:
    return not claim.receipts


_CLAIM: Final = Sheet(
    ExpenseClaim,
    "expense_claim_id",
    parts=[_USER, Part("receipts", _CLAIMED_RECEIPT)],
    rules=(
        one_of("status", "Status", "SUBMITTED", "an expense claim is submitted when it is made", name="status"),
        _SPENT_BY,
        Rule(
            name="receipts",
            field="Receipts",
            condition="an expense claim has at least one receipt",
            message="is empty: give the ReceiptID of a draft receipt",
            test=_no_receipts,
        ),
    ),
)

SALES: Final = (_INVOICE, _CREDIT_NOTE, _QUOTE, _PURCHASE_ORDER, _REPEATING_INVOICE, _RECEIPT, _CLAIM)
