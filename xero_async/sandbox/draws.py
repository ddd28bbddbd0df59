"""Draws from one random generator, from which seeded documents are made, and the lines that fill them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, TypeVar

from .names import PRODUCTS
from .rates import BASE_CURRENCY, CURRENCY_RATES
from .rules import line_amount, line_tax, total_up
from .values import DAY, Document, ms_of_day, rounded, written_date

T = TypeVar("T")

EPOCH: Final = ms_of_day(date(2025, 6, 30))
"""The day, in milliseconds, up to which seeded organisations have traded."""


class Draws:
    """What is drawn from a generator, one thing after the other; the same for the same seed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def id(self) -> str:
        """A version 4 GUID."""
        digits = f"{self.rng.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def below(self, count: int) -> int:
        """A number from 0 to count - 1."""
        return int(self.rng.random() * count)

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self.rng.random() * len(items))]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.rng.random() * 100 < percent

    def status(self, shares: tuple[tuple[str, int], ...]) -> str:
        """A status, by its share in percent."""
        left = self.rng.random() * 100
        for status, share in shares:
            left -= share
            if left < 0:
                return status
        return shares[0][0]

    def changed(self, day: int) -> str:
        """A change date within three weeks of a day."""
        return written_date(day + self.below(20 * DAY))

    def fill(self, document: Document, currency: str, lines: int, *, sold: bool) -> None:
        """Gives a document its currency, so many lines and its totals, as it is sold or bought."""
        types = self.pick(("Exclusive",) * 8 + ("Inclusive", "NoTax"))
        code = currency or BASE_CURRENCY
        filled = [_line(self.below(len(PRODUCTS)), self._quantity(), types, sold) for _ in range(lines)]
        document["LineAmountTypes"] = types
        document["LineItems"] = [line | {"LineItemID": self.id()} for line in filled]
        totals = total_up(filled, types)
        document |= {"SubTotal": totals.sub_total, "TotalTax": totals.total_tax, "Total": totals.total}
        document |= {"CurrencyCode": code, "CurrencyRate": CURRENCY_RATES[code]}

    def _quantity(self) -> str:
        return self.pick(("1", "1", "1", "2", "3", "4", "5", "8", "10", "12", "24", "0.5", "1.5", "7.25"))


@cache
def _line(product: int, quantity: str, types: str, sold: bool) -> Document:
    """A priced line of a product; the same object for the same line, never to be changed."""
    description, unit, account = PRODUCTS[product]
    tax_type = "NONE" if types == "NoTax" else "OUTPUT" if sold else "INPUT"
    amount = line_amount(Decimal(quantity), Decimal(unit))
    return {
        "Description": description,
        "UnitAmount": Decimal(unit),
        "TaxType": tax_type,
        "TaxAmount": line_tax(amount, tax_type, types),
        "LineAmount": amount,
        "AccountCode": account,
        "Quantity": rounded(Decimal(quantity), 4),
        "Tracking": [],
    }
