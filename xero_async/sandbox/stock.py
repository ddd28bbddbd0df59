"""Tracked inventory: how many of an item are on hand, and what they cost, moved by approved documents.

What is bought comes in at its price, what is sold goes out at the average cost of the moment; a document that
is voided or changed is taken back first. Nothing keeps a quantity from falling below zero, and no journals of
the cost of sales are posted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from .resources_settings import ITEMS
from .store import handle_of
from .values import MONEY, ZERO, Document, documents_in, money_of, rounded, text_of
from .work import Work, first, put

_COMING: Final = {"ACCPAY": 1, "ACCRECCREDIT": 1, "SPEND": 1, "ACCREC": -1, "ACCPAYCREDIT": -1, "RECEIVE": -1}
_BOUGHT: Final = ("ACCPAY", "ACCPAYCREDIT", "SPEND")


def move_stock(work: Work, before: Document | None, after: Document) -> None:
    """Brings the stock of tracked items from what a document said of it to what it says."""
    was, now = _moves(before or {}), _moves(after)
    for code in {**was, **now} if was != now else ():
        found = first(work, ITEMS, "handle = ?", handle_of(ITEMS, {"Code": code}))
        item = work.store.get(ITEMS, work.tenant, found) if found else None
        if item and item.get("IsTrackedAsInventory") is True:
            for sign, (quantity, cost) in ((-1, was.get(code, _NONE)), (1, now.get(code, _NONE))):
                _move(item, quantity * sign, None if cost is None else cost * sign)
            put(work, ITEMS, item, "Edited")


_Move = tuple[Decimal, Decimal | None]  # a quantity, and what it costs, None where that is the average
_NONE: Final[_Move] = (ZERO, None)


def _moves(document: Document) -> dict[str, _Move]:
    """What an approved document moves of each item."""
    kind = text_of(document, "Type")
    sign = _COMING.get(kind, 0) if document.get("Status") in ("AUTHORISED", "PAID") else 0
    found: dict[str, _Move] = {}
    for line in documents_in(document.get("LineItems")) if sign else ():
        code, quantity = text_of(line, "ItemCode"), money_of(line, "Quantity") * sign
        if not code or not quantity:
            continue
        held, cost = found.get(code, (ZERO, ZERO))
        own = _cost(document, line) * sign if kind in _BOUGHT else None
        found[code] = (held + quantity, None if own is None or cost is None else cost + own)
    return found


def _cost(document: Document, line: Document) -> Decimal:
    """A line's amount without tax, in the base currency."""
    amount = money_of(line, "LineAmount")
    amount -= money_of(line, "TaxAmount") if document.get("LineAmountTypes") == "Inclusive" else 0
    rate = money_of(document, "CurrencyRate")
    return rounded(MONEY.divide(amount, rate)) if rate else amount


def _move(item: Document, quantity: Decimal, cost: Decimal | None) -> None:
    held, pool = money_of(item, "QuantityOnHand"), money_of(item, "TotalCostPool")
    if cost is None:
        cost = rounded(MONEY.divide(pool * quantity, held)) if held else ZERO
    item["QuantityOnHand"] = rounded(held + quantity, 4)
    item["TotalCostPool"] = rounded(pool + cost)
