"""Seeded orders: quotes, purchase orders, repeating invoices, linked transactions, receipts and their claims."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from .draws import EPOCH, Draws
from .orders_rules import (
    PURCHASE_ORDER,
    QUOTE,
    RECEIPT,
    REPEATING_INVOICE,
    Order,
    linked_status,
    new_order,
    next_run,
    user_shown,
)
from .resources import EXPENSE_CLAIMS, INVOICES
from .resources_orders import LINKED_TRANSACTIONS, PURCHASE_ORDERS, QUOTES, RECEIPTS, REPEATING_INVOICES
from .resources_settings import USERS
from .rules import dated
from .store import Note, Store
from .values import DAY, ZERO, Document, add_up, documents_in, money_of, text_of, written_date
from .work import Work

_USER: Final = "System Generated"
_QUOTED: Final = (("DRAFT", 20), ("SENT", 30), ("ACCEPTED", 20), ("INVOICED", 20), ("DECLINED", 7), ("DELETED", 3))
_ORDERED: Final = (("DRAFT", 20), ("SUBMITTED", 10), ("AUTHORISED", 35), ("BILLED", 30), ("DELETED", 5))
_CLAIMED: Final = (("SUBMITTED", 30), ("AUTHORISED", 30), ("PAID", 40))
_CAPITALS: Final = {"Exclusive": "EXCLUSIVE", "Inclusive": "INCLUSIVE", "NoTax": "NOTAX"}


class Desk(Draws):
    """The orders of a seeded organisation, with its contacts as they are shown inside documents."""

    def __init__(self, rng: random.Random, contacts: Sequence[Document]) -> None:
        super().__init__(rng)
        self.contacts = contacts
        self.numbers = {QUOTE.prefix: 0, PURCHASE_ORDER.prefix: 0, RECEIPTS.name: 0}
        self.receipts: list[Document] = []
        self.notes: list[tuple[str, Note]] = []

    def plant(self, store: Store, tenant: int, invoices: int) -> None:
        """Fills an organisation that has so many invoices with a few orders of each kind."""
        if not self.contacts:
            return
        store.load(QUOTES, tenant, self._quotes(4 + invoices // 100))
        store.load(PURCHASE_ORDERS, tenant, self._purchase_orders(4 + invoices // 100))
        store.load(REPEATING_INVOICES, tenant, self._repeating(3 + invoices // 1000))
        users = [user for each in store.find(USERS, tenant, "1") if (user := store.get(USERS, tenant, each))]
        store.load(EXPENSE_CLAIMS, tenant, self._claims(3 + invoices // 1000, users))
        self.receipts += [self._receipt(EPOCH - at * DAY, self.pick(users), "DRAFT") for at in range(2)]
        store.load(RECEIPTS, tenant, self.receipts)
        store.load(LINKED_TRANSACTIONS, tenant, self._linked(Work(store, tenant, EPOCH)))
        for owner, note in self.notes:
            store.note(tenant, owner, [note])
        for name, last in self.numbers.items():
            store.set_number(tenant, name, last)

    def _order(self, order: Order, day: int, status: str, *, sold: bool) -> Document:
        document = new_order(order, self.id(), day)
        document["Contact"] = self.pick(self.contacts)
        document["Status"] = status
        currency = text_of(document, "CurrencyCode")
        self.fill(document, currency, 1 + self.below(5), sold=sold)
        if not currency:
            del document["CurrencyCode"], document["CurrencyRate"]
        if order.resource.dated:
            document["UpdatedDateUTC"] = self.changed(day)
        return document

    def _number(self, name: str) -> int:
        self.numbers[name] += 1
        return self.numbers[name]

    def _days(self, count: int, reach: int) -> list[int]:
        return sorted(EPOCH - self.below(reach) * DAY for _ in range(count))

    def _quotes(self, count: int) -> Iterator[Document]:
        for day in self._days(count, 500):
            quote = self._order(QUOTE, day, self.status(_QUOTED), sold=True)
            quote["QuoteNumber"] = f"{QUOTE.prefix}{self._number(QUOTE.prefix):04d}"
            quote["LineAmountTypes"] = _CAPITALS[text_of(quote, "LineAmountTypes")]
            quote |= dated("ExpiryDate", day + 30 * DAY) | {"Title": "Quote for work", "Terms": "Valid for 30 days"}
            yield quote

    def _purchase_orders(self, count: int) -> Iterator[Document]:
        for day in self._days(count, 500):
            order = self._order(PURCHASE_ORDER, day, self.status(_ORDERED), sold=False)
            order["PurchaseOrderNumber"] = f"{PURCHASE_ORDER.prefix}{self._number(PURCHASE_ORDER.prefix):04d}"
            order |= dated("DeliveryDate", day + 14 * DAY) | {"DeliveryAddress": "23 Main Street\nAuckland 1010"}
            yield order

    def _repeating(self, count: int) -> Iterator[Document]:
        for day in self._days(count, 700):
            sold = self.chance(60)
            invoice = self._order(REPEATING_INVOICE, day, self.pick(("DRAFT", "AUTHORISED", "AUTHORISED")), sold=sold)
            unit, period = self.pick((("WEEKLY", 1), ("WEEKLY", 2), ("MONTHLY", 1), ("MONTHLY", 3)))
            invoice["Type"] = "ACCREC" if sold else "ACCPAY"
            invoice["ID"] = invoice["RepeatingInvoiceID"]
            invoice["Schedule"] = {
                "Period": period,
                "Unit": unit,
                "DueDate": 20,
                "DueDateType": "OFFOLLOWINGMONTH",
                "StartDate": written_date(day),
                "NextScheduledDate": written_date(next_run(day, period, unit, EPOCH)),
            }
            yield invoice

    def _claims(self, count: int, users: Sequence[Document]) -> Iterator[Document]:
        """Expense claims, each with one to three receipts of its user."""
        for _ in range(count):
            day = EPOCH - self.below(700) * DAY
            user, status = self.pick(users), self.status(_CLAIMED)
            received = "AUTHORISED" if status == "PAID" else status
            receipts = [self._receipt(day - self.below(20) * DAY, user, received) for _ in range(1 + self.below(3))]
            self.receipts += receipts
            total = add_up(money_of(receipt, "Total") for receipt in receipts)
            paid = total if status == "PAID" else ZERO
            claim: Document = {
                "ExpenseClaimID": self.id(),
                "Status": status,
                "User": user_shown(user),
                "Receipts": receipts,
                "Payments": [],
                "Total": total,
                "AmountDue": total - paid,
                "AmountPaid": paid,
                "PaymentDueDate": written_date(day + 30 * DAY),
                "ReportingDate": written_date(day),
                "UpdatedDateUTC": self.changed(day),
            }
            self.notes.append((text_of(claim, "ExpenseClaimID"), Note(day, "Created", _USER, f"Claim of {total}")))
            yield claim

    def _receipt(self, day: int, user: Document, status: str) -> Document:
        receipt = self._order(RECEIPT, day, status, sold=False)
        return receipt | {
            "User": user_shown(user),
            "ReceiptNumber": str(self._number(RECEIPTS.name)),
            "Reference": f"R{self.below(10**4):04d}",
        }

    def _linked(self, work: Work) -> Iterator[Document]:
        """The first lines of a few bills, to be billed to some contact."""
        for each in work.store.find(INVOICES, work.tenant, "\"Type\" = 'ACCPAY' AND \"Status\" = 'AUTHORISED'")[:3]:
            bill = work.store.get(INVOICES, work.tenant, each) or {}
            linked: Document = {
                "SourceTransactionID": each,
                "SourceLineItemID": documents_in(bill["LineItems"])[0]["LineItemID"],
                "ContactID": self.pick(self.contacts)["ContactID"],
                "LinkedTransactionID": self.id(),
                "Type": "BILLABLEEXPENSE",
                "UpdatedDateUTC": self.changed(EPOCH - 30 * DAY),
                "SourceTransactionTypeCode": bill["Type"],
            }
            yield linked | {"Status": linked_status(work, linked)}
