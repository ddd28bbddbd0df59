"""Amounts as Xero works them out: decimals of so many places, halves away from zero.

Every function takes what a record may hold, `Decimal`s in the main, and gives None for what is no number, so that a
rule about amounts has nothing to say of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import reduce
from typing import Final

from ..models import LineItem

__all__ = ["CENTS", "LIMIT", "ZERO", "add_up", "line_amount", "money", "number_of", "plus", "rounded"]

ZERO: Final = Decimal(0)
CENTS: Final = 2
_DIGITS: Final = 12
LIMIT: Final = Decimal(10) ** _DIGITS
"""Amounts are smaller than this, to either side."""

_ONE: Final = Decimal(1)
_HUNDRED: Final = Decimal(100)
# ROUND_HALF_UP is "half away from zero": https://developer.xero.com/documentation/guides/how-to-guides/rounding-in-xero/
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_STEPS: Final = tuple(Decimal(1).scaleb(-places) for places in range(7))
_quantize, _multiply = Decimal.quantize, _EXACT.multiply
plus: Final = _EXACT.add
"""The exact sum of two, whatever the decimal context of the thread."""


def number_of(value: object) -> Decimal | None:
    """A finite number within Xero's limits, as a Decimal; None for anything else."""
    if type(value) is not Decimal:
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            return None
        try:
            value = Decimal(repr(value) if isinstance(value, float) else value)
        except ArithmeticError:
            return None
    # The exponent tells the size, and costs less than a comparison, which the largest numbers would not survive.
    if value.is_finite() and (value.adjusted() < _DIGITS or not value):
        return value
    return None


def rounded(value: Decimal, places: int = CENTS) -> Decimal:
    """The value with so many decimals, halves away from zero."""
    return _quantize(value, _STEPS[places], None, _EXACT)


def money(value: object, places: int = CENTS) -> Decimal | None:
    """A number that a record holds, rounded as Xero does when it reads it."""
    number = number_of(value)
    return None if number is None else _quantize(number, _STEPS[places], None, _EXACT)


def line_amount(line: LineItem, places: int) -> Decimal | None:
    """What a line comes to, out of its quantity, unit amount and discount; None without a unit amount.

    `places` are the decimals of unit amounts.
    """
    unit = money(line.unit_amount, 4)
    if unit is None:
        return None
    if places < 4:
        unit = rounded(unit, places)
    gross = unit
    if line.quantity is not None:
        quantity = money(line.quantity, 4)
        if quantity is None:
            return None
        gross = _multiply(quantity, unit)
    if line.discount_rate is None and line.discount_amount is None:
        return rounded(gross)
    rate, discount = money(line.discount_rate or ZERO, 6), money(line.discount_amount or ZERO)
    if rate is None or discount is None:
        return None
    off = _EXACT.divide(_multiply(gross, rate), _HUNDRED)
    return rounded(_EXACT.subtract(_EXACT.subtract(gross, off), discount))


def add_up(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(plus, amounts, ZERO)
