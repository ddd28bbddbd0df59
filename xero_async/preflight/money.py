"""What is checked of bank transactions, transfers, payments, batches of payments, allocations and manual journals."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, cast

from ..models import (
    Account,
    Allocation,
    BankTransaction,
    BankTransfer,
    BatchPayment,
    CreditNote,
    Invoice,
    ManualJournal,
    Overpayment,
    Payment,
    Prepayment,
)
from .documents import CONTACT, CURRENCY_RATE, NEEDS_LINES, TOTALS, made_up_id, missing, one_of
from .findings import Ground, Rule
from .leaves import plain_guid
from .lines import JOURNAL_LINE, LINE
from .numbers import ZERO, add_up, money
from .sales import NAMED_CONTACT
from .sheets import Part, Sheet

__all__ = ["MONEY"]

_ACCOUNT: Final = Sheet(Account, "account_id code")


def _names_account(account: Account | None) -> bool:
    return account is not None and bool(account.account_id or account.code)


def _no_account(attribute: str, field: str) -> Rule:
    def test(record: Any, ground: Ground) -> bool:  # Any: of every model with an account
        return not _names_account(getattr(record, attribute))

    return Rule(
        name="bank account",
        field=field,
        condition="the account of the money is there, by AccountID or Code",
        message="is missing: give the AccountID or the Code of a bank account",
        test=test,
    )


def _not_positive(record: Any, ground: Ground) -> bool:  # Any: of every model with an amount
    amount = money(record.amount if record.amount is not None else ZERO)
    return amount is not None and amount <= 0


_AMOUNT: Final = Rule(
    name="amount",
    field="Amount",
    condition="an amount of money is above zero",
    message="is missing, or not above zero",
    test=_not_positive,
)

_TRANSACTION: Final = Sheet(
    BankTransaction,
    "bank_transaction_id date currency_code currency_rate line_amount_types sub_total total_tax total",
    parts=[NAMED_CONTACT, Part("bank_account", _ACCOUNT), Part("line_items", LINE)],
    rules=(
        CONTACT,
        _no_account("bank_account", "BankAccount"),
        one_of(
            "type",
            "Type",
            "RECEIVE RECEIVE-OVERPAYMENT RECEIVE-PREPAYMENT SPEND SPEND-OVERPAYMENT SPEND-PREPAYMENT",
            "money is received or spent; transfers are a resource of their own",
            name="type",
            required=True,
        ),
        one_of("status", "Status", "AUTHORISED", "a bank transaction is approved when it is made", name="status"),
        *TOTALS,
        NEEDS_LINES,
        made_up_id("bank_transaction_id", "BankTransactionID"),
        CURRENCY_RATE,
    ),
    unread="sub_total total_tax total",
)

# ------------------------------------------------------------------------------------------------- transfers


def _to_itself(transfer: BankTransfer, ground: Ground) -> bool:
    source, target = transfer.from_bank_account, transfer.to_bank_account
    if source is None or target is None:
        return False
    if source.account_id or target.account_id:
        return bool(source.account_id and target.account_id) and _id(source) == _id(target)
    return bool(source.code) and source.code == target.code


def _id(account: Account) -> str:
    return plain_guid(str(account.account_id))


_TRANSFER: Final = Sheet(
    BankTransfer,
    "bank_transfer_id date amount reference status",
    parts=[Part("from_bank_account", _ACCOUNT), Part("to_bank_account", _ACCOUNT)],
    rules=(
        _no_account("from_bank_account", "FromBankAccount"),
        _no_account("to_bank_account", "ToBankAccount"),
        Rule(
            name="bank account",
            field="ToBankAccount",
            condition="money moves from one account to another",
            message="is the same as FromBankAccount",
            test=_to_itself,
        ),
        _AMOUNT,
    ),
    limits={"reference": 255},
)

# -------------------------------------------------------------------------------------------------- payments

_TARGETS: Final = (
    Part("invoice", Sheet(Invoice, "invoice_id invoice_number")),
    Part("credit_note", Sheet(CreditNote, "credit_note_id credit_note_number", limits={"credit_note_number": 255})),
    Part("prepayment", Sheet(Prepayment, "prepayment_id")),
    Part("overpayment", Sheet(Overpayment, "overpayment_id")),
)
_PAID: Final = ("invoice", "credit_note", "prepayment", "overpayment")


def _targets(payment: Payment) -> int:
    """How many documents a payment names."""
    named = 0
    for attribute in _PAID:
        document = getattr(payment, attribute)
        names = (
            getattr(document, f"{attribute}_id", None),
            getattr(document, f"{attribute}_number", None) if attribute in ("invoice", "credit_note") else None,
            getattr(payment, f"{attribute}_number", None),
        )
        named += any(names)
    return named


def _pays_nothing(payment: Payment, ground: Ground) -> bool:
    return _targets(payment) == 0


def _pays_much(payment: Payment, ground: Ground) -> bool:
    return _targets(payment) > 1


_TARGET_RULES: Final = (
    Rule(
        name="paid document",
        field="Invoice",
        condition="a payment is against an invoice, a credit note, a prepayment or an overpayment, by id or number",
        message="is missing, and so are CreditNote, Prepayment and Overpayment: give one of them",
        test=_pays_nothing,
    ),
    Rule(
        name="paid document",
        field="Invoice",
        condition="a payment is against one document",
        message="is not the only document that is named: make a payment for each",
        test=_pays_much,
        severity="warning",
    ),
)


def _from_nowhere(payment: Payment, ground: Ground) -> bool:
    return not payment.code and not _names_account(payment.account)


_PAYMENT_LIMITS: Final = {"invoice_number": 255, "credit_note_number": 255, "code": 10}
_PAYMENT_FIELDS: Final = f"payment_id date currency_rate amount status {' '.join(_PAYMENT_LIMITS)}"
_PAYMENT: Final = Sheet(
    Payment,
    _PAYMENT_FIELDS,
    parts=[*_TARGETS, Part("account", _ACCOUNT)],
    rules=(
        *_TARGET_RULES,
        Rule(
            name="bank account",
            field="Account",
            condition="the account of the money is there, by AccountID or Code",
            message="is missing: give the AccountID or the Code of an account that takes payments",
            test=_from_nowhere,
        ),
        _AMOUNT,
        one_of("status", "Status", "AUTHORISED", "a payment is made approved", name="status", severity="warning"),
    ),
    limits=_PAYMENT_LIMITS,
)


def _member_not_positive(payment: Payment, ground: Ground) -> bool:
    return payment.amount is not None and _not_positive(payment, ground)


_MEMBER: Final = Sheet(
    Payment,
    _PAYMENT_FIELDS,
    parts=[*_TARGETS, Part("account", _ACCOUNT)],
    rules=(
        *_TARGET_RULES,
        Rule(
            name="amount",
            field="Amount",
            condition="an amount of money is above zero; without one, all that is due is paid",
            message="is not above zero",
            test=_member_not_positive,
        ),
    ),
    limits=_PAYMENT_LIMITS,
)


def _no_payments(batch: BatchPayment, ground: Ground) -> bool:
    return not batch.payments


_BATCH: Final = Sheet(
    BatchPayment,
    "batch_payment_id reference particulars code narrative date status",
    parts=[Part("account", _ACCOUNT), Part("payments", _MEMBER)],
    rules=(
        _no_account("account", "Account"),
        Rule(
            name="payments",
            field="Payments",
            condition="a batch has at least one payment",
            message="is empty: give at least one payment",
            test=_no_payments,
        ),
    ),
)


def _set_against_nothing(allocation: Allocation, ground: Ground) -> bool:
    invoice = allocation.invoice
    return invoice is None or not (invoice.invoice_id or invoice.invoice_number)


_ALLOCATION: Final = Sheet(
    Allocation,
    "amount date",
    parts=[_TARGETS[0]],
    rules=(
        Rule(
            name="paid document",
            field="Invoice",
            condition="an allocation is to an invoice, by InvoiceID or InvoiceNumber",
            message="is missing: give its InvoiceID",
            test=_set_against_nothing,
        ),
        _AMOUNT,
    ),
)

# ------------------------------------------------------------------------------------------------- journals


def _few_lines(journal: ManualJournal, ground: Ground) -> bool:
    return len(journal.journal_lines or ()) < 2


def _balance(journal: ManualJournal) -> str | bool:
    amounts = [money(line.line_amount) for line in journal.journal_lines or () if line.line_amount is not None]
    if None in amounts:
        return False
    known = cast("list[Any]", amounts)  # Any: checked the line before
    total = add_up(known)
    debits = add_up([each for each in known if each > 0])
    return f"the debits come to {debits}, all lines to {total}" if total else False


def _is_taxed(journal: ManualJournal) -> bool:
    """Whether tax comes on top of the lines: only its rates would tell whether they balance."""
    if str(journal.line_amount_types or "NoTax").lower() != "exclusive":
        return False
    return any((line.tax_type or "NONE") != "NONE" for line in journal.journal_lines or ())


def _unbalanced(journal: ManualJournal, ground: Ground) -> str | bool:
    return False if _is_taxed(journal) else _balance(journal)


def _perhaps_unbalanced(journal: ManualJournal, ground: Ground) -> str | bool:
    if not _is_taxed(journal):
        return False
    by_type: dict[str, list[Decimal]] = {}
    for line in journal.journal_lines or ():
        if (amount := money(line.line_amount)) is not None:
            by_type.setdefault(line.tax_type or "NONE", []).append(amount)
    odd = any(add_up(amounts) for tax_type, amounts in by_type.items() if tax_type != "NONE")
    return _balance(journal) or (odd and "the taxed lines do not come to zero")


_JOURNAL: Final = Sheet(
    ManualJournal,
    "manual_journal_id date line_amount_types",
    parts=[Part("journal_lines", JOURNAL_LINE)],
    rules=(
        missing("narration", "Narration", "the narration of a journal"),
        one_of("status", "Status", "DRAFT POSTED", "a journal is made as a draft or posted", name="status"),
        Rule(
            name="lines",
            field="JournalLines",
            condition="a journal has two lines at least",
            message="has fewer than two lines",
            test=_few_lines,
        ),
        Rule(
            name="balance",
            field="JournalLines",
            condition="the lines of a journal come to zero: its debits are its credits",
            message="do not balance: {}",
            test=_unbalanced,
        ),
        Rule(
            name="balance",
            field="JournalLines",
            condition="the lines of a journal come to zero, tax included",
            message="balance only if tax makes up for it: {}",
            test=_perhaps_unbalanced,
            severity="warning",
        ),
        made_up_id("manual_journal_id", "ManualJournalID"),
    ),
)

MONEY: Final = (_TRANSACTION, _TRANSFER, _PAYMENT, _BATCH, _ALLOCATION, _JOURNAL)
