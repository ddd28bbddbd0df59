"""The rules of payments and of batch payments.

A payment changes what it pays: the amounts, the status, and the list of payments that the document shows;
deleting it gives all of that back.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from .banking import account_shown
from .entries import PAYABLE
from .line_accounts import account_named
from .rates import BASE_CURRENCY, CURRENCY_RATES
from .resources import CREDIT_NOTES, INVOICES, Resource
from .resources_money import BATCH_PAYMENTS, PAYMENTS, PREPAYMENTS
from .rules import Rejected, dated, settle_credit_note, settle_invoice
from .values import (
    MONEY,
    ZERO,
    Document,
    add_up,
    child,
    documents_in,
    money_of,
    new_id,
    rounded,
    stored_ms,
    text_of,
)
from .work import Change, Work, by_id, first, put


class Paid(NamedTuple):
    """What a payment is against: the name of its reference, its resource, and the document."""

    name: str
    resource: Resource
    document: Document

    @property
    def open_amount(self) -> Decimal:
        """What can still be paid of it."""
        return money_of(self.document, "AmountDue" if self.resource is INVOICES else "RemainingCredit")


_KINDS: Final = {"Invoice": "PAYMENT", "CreditNote": "CREDITPAYMENT"}


def save_payment(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of payments: made once, and then at most deleted."""
    if existing is None:
        return Change(_paid(work, given, _account(work, given)))
    if text_of(given, "Status") != "DELETED":
        raise Rejected("A payment can only be changed by setting its Status to DELETED.")
    if existing.get("BatchPayment"):
        raise Rejected("This payment is part of a batch payment and can only be deleted with it.")
    return Change(_unpaid(work, existing))


def _account(work: Work, given: Document) -> Document:
    account = account_named(work, child(given, "Account") or given)
    if account is None:
        raise Rejected("Account could not be found. Payments need the AccountID or the Code of an account.")
    if text_of(account, "Type") != "BANK" and account.get("EnablePaymentsToAccount") is not True:
        raise Rejected("The account is not a valid account for payments: it must be a bank account or allow payments.")
    return account


def _target(work: Work, given: Document) -> Paid:
    """The document that a payment names, by id or by number."""
    for name, resource in PAYABLE:
        named = child(given, name)
        number = text_of(named, resource.number) or text_of(given, resource.number)
        if not named and not number:
            continue
        document = by_id(work, resource, named)
        if document is None and number and resource.number:
            found = first(work, resource, f'"{resource.number}" = ? AND {resource.current}', number)
            found = found or first(work, resource, f'"{resource.number}" = ?', number)
            document = work.store.get(resource, work.tenant, found) if found else None
        if document is None:
            raise Rejected(f"{resource.item} could not be found.")
        return Paid(name, resource, document)
    raise Rejected("A payment must be against an invoice, a credit note, a prepayment or an overpayment.")


def _payment_type(paid: Paid) -> str:
    """Xero's PaymentType: ACCRECPAYMENT, APCREDITPAYMENT, ARPREPAYMENTPAYMENT and so on."""
    ours = text_of(paid.document, "Type").startswith(("ACCREC", "RECEIVE"))
    if paid.resource is INVOICES:
        return f"{'ACCREC' if ours else 'ACCPAY'}PAYMENT"
    kind = (
        "CREDIT" if paid.resource is CREDIT_NOTES else "PREPAYMENT" if paid.resource is PREPAYMENTS else "OVERPAYMENT"
    )
    return f"{'AR' if ours else 'AP'}{kind}PAYMENT"


def _paid(work: Work, given: Document, account: Document, batch_id: str = "") -> Document:
    """A new payment, with what it pays changed and stored; the payment itself is yet to be stored."""
    paid = _target(work, given)
    amount = money_of(given, "Amount")
    if text_of(paid.document, "Status") not in ("AUTHORISED", "PAID"):
        raise Rejected("Payments can only be made against Authorised documents")
    if amount <= 0:
        raise Rejected("The payment amount must be greater than zero.")
    if amount > paid.open_amount:
        raise Rejected("Payment amount exceeds the amount outstanding on this document")
    rate = _rate(paid, given, text_of(paid.document, "CurrencyCode"))
    day = stored_ms(given.get("Date"))
    payment = new_payment(paid, account, new_id(), work.today if day is None else day, amount, rate)
    payment |= {
        name: given[name]
        for name in ("Reference", "IsReconciled", "BankAccountNumber", "Particulars", "Details")
        if name in given
    }
    if batch_id:
        payment["BatchPaymentID"] = batch_id
    _apply(work, paid, [*documents_in(paid.document.get("Payments")), _shown(payment)], amount)
    return payment


def new_payment(paid: Paid, account: Document, payment_id: str, day: int, amount: Decimal, rate: Decimal) -> Document:
    """A payment from or to an account, at so many units of its currency for one of the base."""
    code = text_of(paid.document, "CurrencyCode")
    return {
        "PaymentID": payment_id,
        **dated("Date", day),
        "BankAmount": amount if code == text_of(account, "CurrencyCode") else rounded(MONEY.divide(amount, rate)),
        "Amount": amount,
        "Reference": "",
        "CurrencyRate": rate,
        "PaymentType": _payment_type(paid),
        "Status": "AUTHORISED",
        "UpdatedDateUTC": "",
        "HasAccount": True,
        "IsReconciled": False,
        "Account": account_shown(account),
        paid.name: _shown_target(paid),
        "HasValidationErrors": False,
    }


def _rate(paid: Paid, given: Document, code: str) -> Decimal:
    """The rate of a payment: the one sent, else the day's, which in a sandbox is the same every day."""
    rate = given.get("CurrencyRate")
    if code == BASE_CURRENCY:
        return Decimal("1.000000")
    if isinstance(rate, Decimal):
        if rate <= 0:
            raise Rejected("CurrencyRate must be greater than zero.")
        return rate
    return CURRENCY_RATES.get(code) or money_of(paid.document, "CurrencyRate") or Decimal("1.000000")


def _shown_target(paid: Paid) -> Document:
    """The paid document as it stands inside its payment."""
    document = paid.document
    names = ("Type", paid.resource.id, paid.resource.number, "Contact", "CurrencyCode")
    shown: Document = {"HasErrors": False, "LineItems": []}
    return {name: document[name] for name in names if name in document} | shown


def _shown(payment: Document) -> Document:
    """A payment as it stands inside the document that it pays."""
    names = ("PaymentID", "BatchPaymentID", "Date", "Amount", "Reference", "CurrencyRate")
    return {name: payment[name] for name in names if name in payment} | {
        "HasAccount": True,
        "HasValidationErrors": False,
    }


def _apply(work: Work, paid: Paid, payments: list[Document], amount: Decimal) -> None:
    """Gives the paid document its payments, an amount more or less of them, and stores it."""
    document = paid.document
    document["Payments"] = payments
    # It is paid on the day of its last payment, whenever that is made known.
    day = max((day for each in payments if (day := stored_ms(each["Date"])) is not None), default=work.today)
    if paid.resource is INVOICES:
        document["AmountPaid"] = money_of(document, "AmountPaid") + amount
        settle_invoice(document, day)
    else:
        settle_credit_note(document, day)
    put(work, paid.resource, document, "Payment Made" if amount > 0 else "Payment Removed")


def _unpaid(work: Work, payment: Document) -> Document:
    """A payment that is deleted, with what it paid open again."""
    if payment["Status"] == "DELETED":
        raise Rejected(f"{PAYMENTS.item} not of valid status for modification")
    paid = _target(work, payment)
    kept = [each for each in documents_in(paid.document.get("Payments")) if each["PaymentID"] != payment["PaymentID"]]
    _apply(work, paid, kept, -money_of(payment, "Amount"))
    return payment | {"Status": "DELETED"}


# ---------------------------------------------------------------------------------------------- batch payments


def save_batch(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of batch payments: made once with all its payments, and then at most deleted with them."""
    if existing is not None:
        return Change(_deleted_batch(work, existing, given))
    account = _account(work, {"Account": given.get("Account")})
    sent = documents_in(given.get("Payments"))
    if not sent:
        raise Rejected("A batch payment must have at least one payment.")
    day = stored_ms(given.get("Date"))
    batch = new_batch(new_id(), account, work.today if day is None else day) | {
        name: given[name] for name in ("Reference", "Particulars", "Code", "Details", "Narrative") if name in given
    }
    payments = [_paid(work, _member(work, each, batch), account, text_of(batch, "BatchPaymentID")) for each in sent]
    kinds = {text_of(payment, "PaymentType") for payment in payments}
    if len(kinds) > 1 or not kinds <= {"ACCRECPAYMENT", "ACCPAYPAYMENT"}:
        raise Rejected("All payments of a batch must be against invoices of the same type.")
    fill_batch(batch, payments)
    for payment in payments:
        put(work, PAYMENTS, payment, "Created")
    return Change(batch)


def new_batch(batch_id: str, account: Document, day: int) -> Document:
    """A batch without payments yet."""
    return {
        "BatchPaymentID": batch_id,
        "Account": account_shown(account),
        "Reference": "",
        "Details": "",
        **dated("Date", day),
        "Type": "",
        "Status": "AUTHORISED",
        "TotalAmount": ZERO,
        "UpdatedDateUTC": "",
        "IsReconciled": False,
        "Payments": [],
    }


def fill_batch(batch: Document, payments: list[Document]) -> None:
    """Gives a batch its payments, all against invoices of one type, and the payments their batch."""
    batch["Type"] = "RECBATCH" if payments[0]["PaymentType"] == "ACCRECPAYMENT" else "PAYBATCH"
    batch["TotalAmount"] = add_up(money_of(payment, "Amount") for payment in payments)
    batch["Payments"] = [_listed(payment) for payment in payments]
    for payment in payments:
        payment |= {"BatchPaymentID": batch["BatchPaymentID"], "BatchPayment": _shown_batch(batch)}


def _member(work: Work, sent: Document, batch: Document) -> Document:
    """A payment of a batch as it was sent: on the batch's day, and all that is due unless an amount is given."""
    amount = sent.get("Amount", _target(work, sent).open_amount)
    return {
        **sent,
        "Date": batch["Date"],
        "Amount": amount,
        "Reference": text_of(sent, "Reference") or text_of(batch, "Reference"),
    }


def _shown_batch(batch: Document) -> Document:
    """A batch as it stands inside its payments."""
    names = ("BatchPaymentID", "Account", "DateString", "Date", "Type", "Status", "TotalAmount", "IsReconciled")
    return {name: batch[name] for name in names}


def _listed(payment: Document) -> Document:
    """A payment as it stands inside its batch."""
    names = ("PaymentID", "Invoice", "BankAccountNumber", "Particulars", "Details", "Reference", "Amount")
    return {name: payment[name] for name in names if name in payment}


def _deleted_batch(work: Work, existing: Document, given: Document) -> Document:
    if text_of(given, "Status") != "DELETED":
        raise Rejected("A batch payment can only be changed by setting its Status to DELETED.")
    if existing["Status"] == "DELETED":
        raise Rejected(f"{BATCH_PAYMENTS.item} not of valid status for modification")
    for listed in documents_in(existing["Payments"]):
        payment = by_id(work, PAYMENTS, listed)
        if payment is not None:
            put(work, PAYMENTS, _unpaid(work, payment), "Deleted")
    return existing | {"Status": "DELETED"}
