"""Seeded money: the payments of paid invoices, and a few of each other thing that moves money."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from .banking import (
    account_shown,
    credit_fields,
    new_credit,
    new_transaction,
    new_transfer,
    on_control,
    transfer_sides,
)
from .draws import EPOCH, Draws
from .entries import MAIN_BANK
from .line_accounts import account_named
from .manual import new_journal
from .paying import Paid, fill_batch, new_batch, new_payment
from .resources import INVOICES
from .resources_money import (
    BANK_TRANSACTIONS,
    BANK_TRANSFERS,
    BATCH_PAYMENTS,
    MANUAL_JOURNALS,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
)
from .rules import settle_credit_note
from .store import Store
from .values import DAY, ZERO, Document, add_up, documents_in, money_of, stored_ms, text_of, written_date
from .work import Work

_SAVINGS: Final = "091"
_REACH: Final = 700  # days back from the epoch
_CREDITS: Final = (
    ("RECEIVE-PREPAYMENT", PREPAYMENTS),
    ("SPEND-PREPAYMENT", PREPAYMENTS),
    ("RECEIVE-OVERPAYMENT", OVERPAYMENTS),
    ("SPEND-OVERPAYMENT", OVERPAYMENTS),
)


class Till(Draws):
    """The money of a seeded organisation, with its contacts as they are shown inside documents."""

    def __init__(self, rng: random.Random, contacts: Sequence[Document]) -> None:
        super().__init__(rng)
        self.contacts = contacts
        self.paid: list[Document] = []

    def watch(self, invoices: Iterable[Document]) -> Iterator[Document]:
        """The same invoices, those that are paid remembered."""
        for invoice in invoices:
            if invoice["Status"] == "PAID" and invoice["Payments"]:
                self.paid.append({name: invoice[name] for name in _REMEMBERED})
            yield invoice

    def plant(self, store: Store, tenant: int, invoices: int) -> None:
        """Fills an organisation that has so many invoices with their payments and a little more."""
        if not self.contacts:
            return
        work = Work(store, tenant, EPOCH)
        bank = account_named(work, {"Code": MAIN_BANK}) or {}
        savings = account_named(work, {"Code": _SAVINGS}) or {}
        payments = [self._payment(invoice, bank) for invoice in self.paid]
        store.load(BATCH_PAYMENTS, tenant, self._batches(payments, bank))
        by_id = {invoice["InvoiceID"]: invoice for invoice in self.paid}
        store.load(PAYMENTS, tenant, payments, look=lambda _, invoice_id: by_id.get(invoice_id))
        few = 2 + invoices // 1000
        store.load(BANK_TRANSACTIONS, tenant, (self._transaction(bank) for _ in range(5 + invoices // 50)))
        self._credits(work, bank)
        transfers = [self._transfer(bank, savings) for _ in range(few)]
        store.load(BANK_TRANSFERS, tenant, transfers)
        sides = [side for transfer in transfers for side in transfer_sides(transfer)]
        store.load(BANK_TRANSACTIONS, tenant, [side | {"UpdatedDateUTC": side["Date"]} for side in sides])
        store.load(MANUAL_JOURNALS, tenant, [self._journal() for _ in range(few)])

    def _payment(self, invoice: Document, bank: Document) -> Document:
        """The payment that a paid invoice shows."""
        shown = documents_in(invoice["Payments"])[0]
        rate = money_of(invoice, "CurrencyRate")
        day = stored_ms(shown["Date"]) or 0
        paid = Paid("Invoice", INVOICES, invoice)
        payment = new_payment(paid, bank, text_of(shown, "PaymentID"), day, money_of(shown, "Amount"), rate)
        return payment | {"IsReconciled": True, "UpdatedDateUTC": written_date(day + 12 * 3_600_000)}

    def _batches(self, payments: list[Document], bank: Document) -> Iterator[Document]:
        """Every fiftieth payment of a bill, made as a batch."""
        bills = [payment for payment in payments if payment["PaymentType"] == "ACCPAYPAYMENT"]
        for payment in bills[::50]:
            batch = new_batch(self.id(), bank, stored_ms(payment["Date"]) or 0)
            fill_batch(batch, [payment])
            yield batch | {"IsReconciled": True, "UpdatedDateUTC": payment["UpdatedDateUTC"]}

    def _transaction(self, bank: Document, kind: str = "") -> Document:
        kind = kind or self.pick(("SPEND", "SPEND", "SPEND", "RECEIVE"))
        day = EPOCH - self.below(_REACH) * DAY
        document = new_transaction(self.id(), day)
        document |= {"BankAccount": account_shown(bank), "Type": kind, "Contact": self.pick(self.contacts)}
        document |= {"Status": self.status((("AUTHORISED", 95), ("DELETED", 5))), "UpdatedDateUTC": self.changed(day)}
        document["IsReconciled"] = document["Status"] == "AUTHORISED" and self.chance(70)
        self.fill(document, "", 1 + self.below(3), sold=kind.startswith("RECEIVE"))
        return document

    def _credits(self, work: Work, bank: Document) -> None:
        """One prepayment and one overpayment of either side, each with its bank transaction."""
        for kind, resource in _CREDITS:
            transaction = self._transaction(bank, kind) | {"Status": "AUTHORISED"}
            if resource is OVERPAYMENTS:
                _put_on_control(work, transaction)
            credit = new_credit(resource, kind, self.id()) | credit_fields(transaction)
            credit["UpdatedDateUTC"] = transaction["UpdatedDateUTC"]
            settle_credit_note(credit, EPOCH)
            transaction[resource.id] = credit[resource.id]
            work.store.load(BANK_TRANSACTIONS, work.tenant, [transaction])
            work.store.load(resource, work.tenant, [credit])

    def _transfer(self, bank: Document, savings: Document) -> Document:
        day = EPOCH - self.below(_REACH) * DAY
        ids = (self.id(), self.id(), self.id())
        return new_transfer(ids, bank, savings, Decimal(f"{(1 + self.below(40)) * 250}.00"), day)

    def _journal(self) -> Document:
        """The depreciation of some month."""
        amount = Decimal(f"{(1 + self.below(30)) * 25}.00")
        journal = new_journal(self.id(), EPOCH - self.below(_REACH) * DAY)
        lines: list[Document] = [
            {"LineAmount": amount, "AccountCode": "416"},
            {"LineAmount": -amount, "AccountCode": "711"},
        ]
        own: Document = {
            "Description": "Depreciation",
            "TaxType": "NONE",
            "TaxAmount": ZERO,
            "IsBlank": False,
            "Tracking": [],
        }
        status = self.status((("POSTED", 80), ("DRAFT", 20)))
        return journal | {
            "Narration": "Depreciation of office equipment",
            "Status": status,
            "JournalLines": [own | line for line in lines],
            "UpdatedDateUTC": journal["Date"],
        }


def _put_on_control(work: Work, transaction: Document) -> None:
    """Makes the lines of a transaction those of an overpayment."""
    own = on_control(work, text_of(transaction, "Type"))
    lines = [line | own for line in documents_in(transaction["LineItems"])]
    total = add_up(money_of(line, "LineAmount") for line in lines)
    transaction |= {"LineItems": lines, "LineAmountTypes": "NoTax"}
    transaction |= {"SubTotal": total, "TotalTax": ZERO, "Total": total}


_REMEMBERED: Final = (
    "Type",
    "InvoiceID",
    "InvoiceNumber",
    "Contact",
    "CurrencyCode",
    "CurrencyRate",
    "Payments",
    "Total",
    "LineItems",
    "LineAmountTypes",
)
