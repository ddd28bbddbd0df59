"""The tax types of v1 in an organisation of today.

v1 knew ten (rule 10), and what the organisation had not was left unassigned. Their names have outlived their rates:
`OUTPUT` is New Zealand's 12.5 per cent, or Britain's 17.5, and when the rates rose Xero added `OUTPUT2` beside it.
Today an organisation may have the one, the other, both, or none.

Which of them an old line means, the line itself tells: by the tax that it bears. So a type is another's successor only
where its rate gives the very amount that the line states. Without that, a type stays what it is, if the organisation
has it, and is left unassigned if not. No tax is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from ...preflight.numbers import money, rounded

__all__ = ["SUCCESSORS", "Assigned", "assign", "tax_on"]

# https://developer.xero.com/documentation/api/accounting/types#tax-types
SUCCESSORS: Final[Mapping[str, Sequence[str]]] = {
    "INPUT": ("INPUT2", "SRINPUT"),
    "OUTPUT": ("OUTPUT2", "SROUTPUT"),
}
"""Tax types that Xero set up when a rate changed, by the type of the old rate."""

Rates = Mapping[str, Decimal | None]
"""The tax types of an organisation with their rates in per cent; None for a rate that is not told."""
_HUNDRED: Final = Decimal(100)


class Assigned(Struct, frozen=True):
    """The tax type of a line."""

    tax_type: str | None
    tax: Decimal | None = None
    """What its rate comes to on the line; None where that is not known."""


def tax_on(amount: Decimal, rate: Decimal, *, inclusive: bool) -> Decimal:
    """The tax on an amount, or within it."""
    return rounded(amount * rate / (_HUNDRED + rate) if inclusive else amount * rate / _HUNDRED)


def assign(
    tax_type: str, amount: Decimal | None, stated: Decimal | None, rates: Rates | None, *, inclusive: bool
) -> Assigned:
    """The tax type that a line of v1 has today, given its amount and the tax that it states.

    Without `rates`, the type stays: nobody can tell what the organisation has.
    """
    if rates is None:
        return Assigned(tax_type)

    def tax_of(name: str) -> Decimal | None:
        rate = rates[name]
        return None if rate is None or amount is None else tax_on(amount, rate, inclusive=inclusive)

    tax = money(stated)
    candidates = [name for name in (tax_type, *SUCCESSORS.get(tax_type, ())) if name in rates]
    # Nothing on nothing is the tax of every rate.
    agreeing = [name for name in candidates if tax is not None and amount and tax_of(name) == tax]
    if tax_type in agreeing or (tax_type in rates and not agreeing):
        return Assigned(tax_type, tax_of(tax_type))
    told = {rates[name] for name in agreeing}
    if len(told) != 1:
        return Assigned(tax_type, tax_of(tax_type)) if tax_type in rates else Assigned(None)
    return Assigned(agreeing[0], tax_of(agreeing[0]))
