"""The rules of bank transactions and bank transfers.

A bank transaction of one of the prepayment and overpayment types makes a prepayment or an overpayment, which
then lives on its own; a transfer makes two bank transactions.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .contacts import contact_shown, mark_traded
from .line_accounts import account_named, check_line_accounts
from .line_items import no_lines
from .rates import BASE_CURRENCY
from .resources import Resource
from .resources_money import BANK_TRANSACTIONS, BANK_TRANSFERS, OVERPAYMENTS, PREPAYMENTS
from .resources_settings import ACCOUNTS
from .rules import Rejected, Steps, dated, is_dead, next_status, settle_credit_note
from .sales import contact_of, write_currency, write_lines
from .stock import move_stock
from .values import ZERO, Document, child, documents_in, money_of, new_id, stored_ms, text_of, written_date, written_day
from .work import Change, Work, first, put

STEPS: Final[Steps] = {
    "": frozenset({"AUTHORISED"}),
    "AUTHORISED": frozenset({"AUTHORISED", "DELETED", "VOIDED"}),
    "DELETED": frozenset({"DELETED"}),
    "VOIDED": frozenset({"VOIDED"}),
}


# ------------------------------------------------------------------------------------------------ accounts


def account_shown(account: Document) -> Document:
    """An account as it stands inside other documents."""
    return {name: account[name] for name in ("AccountID", "Code", "Name") if account.get(name)}


def bank_account(work: Work, named: Document, label: str = "BankAccount") -> Document:
    """The bank account that is named; `Rejected` when there is none or it is no bank account."""
    account = account_named(work, named)
    if account is None:
        raise Rejected(f"{label} could not be found. A bank account must be specified by its AccountID or its Code.")
    if text_of(account, "Type") != "BANK" or text_of(account, "Status") == "ARCHIVED":
        raise Rejected(f"{label} {account['Name']} is not an active bank account.")
    return account


# --------------------------------------------------------------------------------------- bank transactions


def new_transaction(document_id: str, day: int) -> Document:
    """A bank transaction with nothing in it yet, its fields in Xero's order."""
    return {
        "BankTransactionID": document_id,
        "BankAccount": {},
        "Type": "",
        "Reference": "",
        "IsReconciled": False,
        "HasAttachments": False,
        "Contact": {},
        **dated("Date", day),
        **no_lines(),
        "UpdatedDateUTC": "",
        "CurrencyCode": BASE_CURRENCY,
        "CurrencyRate": Decimal("1.000000"),
    }


def save_transaction(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of bank transactions."""
    kind = _type(existing, given)
    base = existing or new_transaction(new_id(), work.today)
    status = next_status("BankTransaction", text_of(base, "Status"), text_of(given, "Status") or "AUTHORISED", STEPS)
    if existing is not None and status != "AUTHORISED":
        return Change(_deleted_transaction(work, existing, status))
    account = bank_account(work, child(given, "BankAccount") or child(base, "BankAccount"))
    contact = contact_of(work, existing, given)
    own: Document = {
        "BankTransactionID": base["BankTransactionID"],
        "BankAccount": account_shown(account),
        "Contact": contact_shown(contact),
    }
    document = base | given | own
    if (day := stored_ms(given.get("Date"))) is not None:
        document |= dated("Date", day)
    write_currency(work, document, base, given, {"DefaultCurrency": account.get("CurrencyCode") or BASE_CURRENCY})
    if text_of(account, "CurrencyCode") not in ("", document["CurrencyCode"]):
        raise Rejected("The currency of the transaction must be that of its bank account.")
    write_lines(work, document, base, _given_lines(work, kind, given), closed=("BANK",))
    if not document["LineItems"]:
        raise Rejected("One or more line items must be specified")
    check_line_accounts(work, documents_in(document["LineItems"]), closed=("BANK",))
    document["Status"] = status
    _write_credit(work, document)
    mark_traded(work, contact, sold=kind.startswith("RECEIVE"))
    move_stock(work, existing, document)
    return Change(document)


def _type(existing: Document | None, given: Document) -> str:
    kind = text_of(given, "Type") or text_of(existing or {}, "Type")
    if not kind:
        raise Rejected("BankTransaction type must be specified.")
    if existing and existing["Type"] != kind:
        raise Rejected("BankTransaction type cannot be changed.")
    if kind.endswith("TRANSFER"):
        raise Rejected("Transfers are made and deleted through the BankTransfers endpoint.")
    return kind


def _given_lines(work: Work, kind: str, given: Document) -> Document:
    """What was sent; the lines of an overpayment stand on the control account and bear no tax."""
    if not kind.endswith("OVERPAYMENT") or "LineItems" not in given:
        return given
    fixed = on_control(work, kind)
    lines = [
        {name: value for name, value in line.items() if name != "AccountID"} | fixed
        for line in documents_in(given["LineItems"])
    ]
    return given | {"LineItems": lines}


def on_control(work: Work, kind: str) -> Document:
    """The fields of an overpayment's line: the control account of its side, and no tax."""
    name = "DEBTORS" if kind.startswith("RECEIVE") else "CREDITORS"
    account = work.store.get(ACCOUNTS, work.tenant, first(work, ACCOUNTS, '"SystemAccount" = ?', name) or "") or {}
    return {"AccountCode": text_of(account, "Code"), "TaxType": "NONE", "TaxAmount": ZERO}


def _deleted_transaction(work: Work, existing: Document, status: str) -> Document:
    if existing["IsReconciled"] is True and not is_dead(existing):
        raise Rejected("This Bank Transaction cannot be deleted as it has been reconciled.")
    document = existing | {"Status": status}
    move_stock(work, existing, document)
    credit = credit_of(work, document)
    if credit is not None and not is_dead(existing):
        resource, made = credit
        _check_untouched(made)
        put(work, resource, made | {"Status": "VOIDED", "RemainingCredit": ZERO}, "Voided")
    return document


# ---------------------------------------------------------------------- the prepayments and overpayments made


def credit_of(work: Work, transaction: Document) -> tuple[Resource, Document] | None:
    """The prepayment or the overpayment that a bank transaction has made."""
    for resource in (PREPAYMENTS, OVERPAYMENTS):
        found = work.store.get(resource, work.tenant, text_of(transaction, resource.id))
        if found is not None:
            return resource, found
    return None


_COPIED: Final = (
    "Reference",
    "Contact",
    "DateString",
    "Date",
    "LineAmountTypes",
    "LineItems",
    "SubTotal",
    "TotalTax",
    "Total",
    "CurrencyCode",
    "CurrencyRate",
)


def _write_credit(work: Work, transaction: Document) -> None:
    """Makes the prepayment or overpayment of a transaction of such a type, or brings it up to date."""
    kind = text_of(transaction, "Type")
    if not kind.endswith("PAYMENT"):
        return
    made = credit_of(work, transaction)
    copied = credit_fields(transaction)
    if made is not None:
        resource, credit = made
        if any(credit[name] != value for name, value in copied.items()):
            _check_untouched(credit)
    else:
        resource = OVERPAYMENTS if kind.endswith("OVERPAYMENT") else PREPAYMENTS
        credit = new_credit(resource, kind, new_id())
        transaction[resource.id] = credit[resource.id]
    credit = credit | copied
    settle_credit_note(credit, work.today)
    put(work, resource, credit, "Edited" if made else "Created")


def new_credit(resource: Resource, kind: str, credit_id: str) -> Document:
    """A prepayment or an overpayment with nothing in it yet."""
    return {
        "Type": kind,
        resource.id: credit_id,
        "Status": "AUTHORISED",
        "RemainingCredit": ZERO,
        "Allocations": [],
        "Payments": [],
        "HasAttachments": False,
    }


def credit_fields(transaction: Document) -> Document:
    """What a prepayment or an overpayment has from its bank transaction."""
    return {name: transaction[name] for name in _COPIED}


def _check_untouched(credit: Document) -> None:
    if credit["Allocations"] or credit["Payments"]:
        raise Rejected("This document cannot be edited as it has a payment or an allocation.")


# --------------------------------------------------------------------------------------------- bank transfers


def save_transfer(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of bank transfers: made once, and then at most deleted."""
    if existing is not None:
        return Change(_deleted_transfer(work, existing, given))
    source = bank_account(work, child(given, "FromBankAccount"), "FromBankAccount")
    target = bank_account(work, child(given, "ToBankAccount"), "ToBankAccount")
    amount = money_of(given, "Amount")
    if source["AccountID"] == target["AccountID"]:
        raise Rejected("FromBankAccount and ToBankAccount must be different accounts.")
    if amount <= 0:
        raise Rejected("The Amount of a bank transfer must be greater than zero.")
    day = stored_ms(given.get("Date"))
    day = work.today if day is None else day
    ids = (new_id(), new_id(), new_id())
    transfer = new_transfer(ids, source, target, amount, day)
    transfer |= {
        "CreatedDateUTCString": written_day(work.now),
        "CreatedDateUTC": written_date(work.now),
        "Reference": text_of(given, "Reference"),
        "FromIsReconciled": given.get("FromIsReconciled") is True,
        "ToIsReconciled": given.get("ToIsReconciled") is True,
    }
    for transaction in transfer_sides(transfer):
        put(work, BANK_TRANSACTIONS, transaction, "Created")
    return Change(transfer)


def new_transfer(ids: tuple[str, str, str], source: Document, target: Document, amount: Decimal, day: int) -> Document:
    """A transfer between two accounts; the ids are its own and those of its two transactions."""
    own, outgoing, incoming = ids
    return {
        "BankTransferID": own,
        "CreatedDateUTCString": written_day(day),
        "CreatedDateUTC": written_date(day),
        **dated("Date", day),
        "FromBankAccount": account_shown(source),
        "ToBankAccount": account_shown(target),
        "Amount": amount,
        "FromBankTransactionID": outgoing,
        "ToBankTransactionID": incoming,
        "CurrencyRate": Decimal("1.000000"),
        "Reference": "",
        "FromIsReconciled": False,
        "ToIsReconciled": False,
        "HasAttachments": False,
        "Status": "AUTHORISED",
    }


def transfer_sides(transfer: Document) -> list[Document]:
    """The two bank transactions of a transfer."""
    return [
        new_transaction(text_of(transfer, f"{side}BankTransactionID"), stored_ms(transfer["Date"]) or 0)
        | {
            "BankAccount": transfer[f"{side}BankAccount"],
            "Type": f"{way}-TRANSFER",
            "Reference": transfer["Reference"],
            "IsReconciled": transfer[f"{side}IsReconciled"],
            "Status": transfer["Status"],
            "LineAmountTypes": "NoTax",
            "SubTotal": transfer["Amount"],
            "Total": transfer["Amount"],
        }
        for way, side in (("SPEND", "From"), ("RECEIVE", "To"))
    ]


def _deleted_transfer(work: Work, existing: Document, given: Document) -> Document:
    if text_of(given, "Status") != "DELETED":
        raise Rejected("A bank transfer can only be changed by setting its Status to DELETED.")
    if existing["Status"] == "DELETED":
        raise Rejected(f"{BANK_TRANSFERS.item} not of valid status for modification")
    for side in ("From", "To"):
        made = work.store.get(BANK_TRANSACTIONS, work.tenant, text_of(existing, f"{side}BankTransactionID"))
        if made is not None:
            put(work, BANK_TRANSACTIONS, made | {"Status": "DELETED"}, "Deleted")
    return existing | {"Status": "DELETED"}
