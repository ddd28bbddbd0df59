"""What contacts owe and are owed, worked out as they are read: their `Balances`, in the base currency.

Outstanding is what is due of approved invoices, less the credit that is left in approved credit notes,
prepayments and overpayments; overdue is what is due of the invoices alone whose due date has passed. Neither
moves a contact's change date, as at Xero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from .query import SCALE
from .resources import CREDIT_NOTES, INVOICES, Resource
from .resources_money import OVERPAYMENTS, PREPAYMENTS
from .rules import paid_type
from .values import MONEY, ZERO, Document, dump_json, rounded
from .work import Work

_ID_AT: Final = len('{"ContactID":"')
_ID_LONG: Final = 36
_SIDES: Final = {"ACCREC": "AccountsReceivable", "ACCPAY": "AccountsPayable"}


class _Open(NamedTuple):
    """What a kind of document leaves open: the column of the amount, and the sign with which it counts."""

    resource: Resource
    amount: str
    sign: int


_KINDS: Final = (
    _Open(INVOICES, "AmountDue", 1),
    *(_Open(resource, "RemainingCredit", -1) for resource in (CREDIT_NOTES, PREPAYMENTS, OVERPAYMENTS)),
)


def with_balances(work: Work, contacts: Sequence[bytes]) -> list[bytes]:
    """Contacts as JSON, each with its balances, if it has any; each begins with its id."""
    ids = [contact[_ID_AT : _ID_AT + _ID_LONG].decode() for contact in contacts]
    balances = _balances(work, ids)
    return [
        contact[:-1] + b',"Balances":' + dump_json(balances[own]) + b"}" if own in balances else contact
        for own, contact in zip(ids, contacts, strict=True)
    ]


def _balances(work: Work, ids: Iterable[str]) -> dict[str, Document]:
    wanted = dump_json(list(ids)).decode()
    sums: dict[str, dict[str, dict[str, Decimal]]] = {}
    for kind in _KINDS:
        overdue = f'sum(CASE WHEN "DueDate" < {work.today:d} THEN "{kind.amount}" END)' if kind.sign > 0 else "0"
        for contact, type_, rate, units, late in work.store.grouped(
            kind.resource,
            work.tenant,
            ("Contact.ContactID", "Type", "CurrencyRate"),
            (f'sum("{kind.amount}")', f"coalesce({overdue}, 0)"),
            '"Contact.ContactID" IN (SELECT value FROM json_each(?)) AND "Status" = \'AUTHORISED\'',
            wanted,
        ):
            side = sums.setdefault(str(contact), {name: _nothing() for name in _SIDES.values()})
            own = side[_SIDES[paid_type({"Type": type_})]]
            own["Outstanding"] += kind.sign * _base(units, rate)
            own["Overdue"] += _base(late, rate)
    return {contact: dict(sides) for contact, sides in sums.items()}


def _nothing() -> dict[str, Decimal]:
    return {"Outstanding": ZERO, "Overdue": ZERO}


def _base(units: object, rate: object) -> Decimal:
    """Stored units of an amount in the base currency, at a stored rate."""
    amount = Decimal(str(units or 0)).scaleb(-SCALE)
    per = Decimal(str(rate or 0)).scaleb(-SCALE)
    return rounded(MONEY.divide(amount, per) if per else amount)
