"""An invoice or a bill of v1 as one of today.

It is taken over as it stands, but for this:

    rule 3, 4    today's API works out all totals by itself, and refuses a line whose amount is not its quantity × unit
                 amount; where that comes to other amounts than the old document stated, these are told
    rule 6, 7    accounts and tracking that the organisation does not have are left out, as v1 did
    rule 8       it becomes a draft, unless another status is asked for; and whatever is asked for, a document that has
                 lost something, or comes to another amount, stays a draft, for somebody to look at
    rule 9       ids are of the old books, and new documents get their own
    rule 10      tax types are those that the organisation has (`taxes`)

The tax that a line states is kept with it, whatever its type's rate comes to today, so that the invoice comes to what
the customer was told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ...models import Invoice, LineItem, LineItemTracking
from ...preflight.numbers import ZERO, add_up, line_amount, money, number_of, rounded
from ...preflight.sheets import Breach
from .changes import Change, Stray, Weight, changed, leaves
from .contacts import Named, name_contact
from .taxes import Rates, assign
from .tidying import dropped, lost, tidy

__all__ = ["DEAD", "Ground", "Translated", "Wish", "make_invoice"]

Wish: TypeAlias = Literal["DRAFT", "SUBMITTED", "AUTHORISED", "keep"]
"""The status that new documents are to have; `keep` is the one that they had."""

PLACES: Final = 4
"""Decimals of unit amounts: v1 kept four."""
DEAD: Final = frozenset({"DELETED", "VOIDED"})
"""Statuses of documents that are in no books."""
_KEPT_STATUS: Final = {"SUBMITTED": "SUBMITTED", "AUTHORISED": "AUTHORISED", "PAID": "AUTHORISED"}
_MOST_TRACKING: Final = 2
_CENT: Final = Decimal("0.01")
"""By so much taxes differ that were rounded otherwise."""

KEPT: Final = (
    "type contact line_items date due_date line_amount_types invoice_number reference branding_theme_id url"
    " currency_code currency_rate status sent_to_contact expected_payment_date planned_payment_date"
    " sub_total total_tax total"
)
_LINE_KEPT: Final = (
    "description quantity unit_amount item_code account_code tax_type tax_amount line_amount tracking discount_rate"
    " discount_amount"
)
_OLD: Final = "an id of the old books: Xero gives the new one its own"
_PAID: Final = "payments are not carried over: what was paid is to be entered, or matched with the bank"
_WHY: Final[Mapping[str, tuple[str, str]]] = {
    "invoice_id": (_OLD, "invoice 9"),
    "line_item_id": (_OLD, "invoice 9"),
    "payments": (_PAID, ""),
    "amount_paid": (_PAID, ""),
    "fully_paid_on_date": (_PAID, ""),
    "amount_credited": ("credit notes are not carried over", ""),
    "amount_due": ("follows from the total and what is paid", ""),
    "updated_date_utc": ("Xero notes it itself", ""),
}

_TAXED: Final = {
    "inclusive": changed(
        "IncludesTax", None, "Inclusive", "the lines add up to the total: they hold their tax", "invoice 4", "look"
    ),
    "notax": changed("IncludesTax", "false", "NoTax", "nothing in the document speaks of tax"),
}
"""Documents of which the lines are not, as rule 4 has it, without a tax that comes on top."""


class Ground(Struct, frozen=True, kw_only=True):
    """What is known of the organisation; None where it is not, and then nothing is changed for its sake."""

    rates: Rates | None = None
    """Its tax types, each with its rate in per cent, where that is told."""
    accounts: Collection[str] | None = None
    """The codes of the accounts that lines may stand on."""
    tracking: Mapping[str, Collection[str]] | None = None
    """The options of its tracking categories, by the category's name."""
    status: Wish = "DRAFT"


class Translated(Struct):
    """A document of today, and what is not in it as it was."""

    record: Invoice
    changes: list[Change]
    errors: list[Breach]
    """Why it cannot be made."""
    total: Decimal | None
    """What it will come to; None where only Xero knows the rates."""


def make_invoice(invoice: Invoice, strays: Sequence[Stray], named: Named, ground: Ground) -> Translated:
    """The invoice or bill that is to be made."""
    contact, changes = name_contact(invoice.contact, named)
    changes += dropped(invoice, KEPT, _WHY, weighty={"payments": "look", "amount_paid": "look"})
    losses = [*lost(strays)]
    types = (invoice.line_amount_types or "").lower()
    if types in _TAXED:
        changes.append(_TAXED[types])
    inclusive = types == "inclusive"
    lines = [
        _make_line(line, f"LineItems[{place}].", ground, changes, inclusive=inclusive)
        for place, line in enumerate(invoice.line_items or ())
    ]
    made = replace(tidy(invoice, KEPT), contact=contact, line_items=lines)
    if (made.type or "").upper() == "ACCPAY" and made.reference:
        why = "Xero keeps the reference of sales invoices alone"
        losses.append(changed("Reference", made.reference, None, why, "", "look"))
        made.reference = None
    changes += losses
    total = _compare_totals(made, ground, changes)
    made.status = _status_of(made, ground.status, changes, losses)
    errors: list[Breach] = []
    if not lines and number_of(invoice.total):
        message = f"there are none, and it comes to {invoice.total}: nothing of it would be in the books"
        errors.append(Breach("LineItems", "lines", message, "error"))
    made.sub_total = made.total_tax = made.total = None
    return Translated(made, changes, errors, total)


# -- lines ----------------------------------------------------------------------------------------------------------


def _make_line(line: LineItem, path: str, ground: Ground, changes: list[Change], *, inclusive: bool) -> LineItem:
    changes += dropped(line, _LINE_KEPT, _WHY, path)
    made = tidy(line, _LINE_KEPT)
    _settle_amounts(made, path, changes)
    amount = _amount(made)
    _settle_tax(made, amount, path, ground, changes, inclusive=inclusive)
    _settle_account(made, path, ground, changes)
    _settle_tracking(made, path, ground, changes)
    return made


def _settle_amounts(line: LineItem, path: str, changes: list[Change]) -> None:
    for name, field in (("quantity", "Quantity"), ("unit_amount", "UnitAmount")):
        value: Decimal | None = getattr(line, name)
        kept = money(value, PLACES)
        if value is not None and kept is not None and kept != value:
            why = f"Xero keeps {PLACES} decimals"
            changes.append(changed(path + field, value, kept, why, "invoice 4", "money"))
            setattr(line, name, kept)
    stated, reckoned = money(line.line_amount), line_amount(line, PLACES)
    if stated is not None and reckoned is not None and stated != reckoned:
        why = "a line comes to Quantity × UnitAmount"
        changes.append(changed(path + "LineAmount", line.line_amount, reckoned, why, "invoice 4", "money"))
        line.line_amount = None


def _amount(line: LineItem) -> Decimal | None:
    return money(line.line_amount) if line.line_amount is not None else line_amount(line, PLACES)


def _settle_tax(
    line: LineItem, amount: Decimal | None, path: str, ground: Ground, changes: list[Change], *, inclusive: bool
) -> None:
    if line.tax_type is None:
        return
    found = assign(line.tax_type.strip().upper(), amount, line.tax_amount, ground.rates, inclusive=inclusive)
    field, rule = path + "TaxType", "invoice 10"
    if found.tax_type is None:
        why = (
            "the organisation has no such tax type, and none that comes to the line's tax: choose one in Xero, which "
            "may show the account's own until then"
        )
        changes.append(changed(field, line.tax_type, None, why, rule, "look"))
    elif found.tax_type != line.tax_type:
        why = "the organisation has the tax of this line under this name"
        changes.append(changed(field, line.tax_type, found.tax_type, why, rule, "look"))
    line.tax_type = found.tax_type
    stated = money(line.tax_amount)
    if stated is not None and found.tax is not None and stated != found.tax:
        why = f"{found.tax_type} comes to {found.tax} today: what the document states is kept"
        weight: Weight = "plain" if abs(stated - found.tax) <= _CENT else "money"
        changes.append(changed(path + "TaxAmount", line.tax_amount, stated, why, rule, weight))


def _settle_account(line: LineItem, path: str, ground: Ground, changes: list[Change]) -> None:
    code = line.account_code
    if code is None or ground.accounts is None or code in ground.accounts:
        return
    alike = [each for each in ground.accounts if each.strip().casefold() == code.strip().casefold()]
    line.account_code = alike[0] if len(alike) == 1 else None
    why = "the code is written so" if line.account_code else "the organisation has no such account: choose one in Xero"
    changes.append(changed(path + "AccountCode", code, line.account_code, why, "invoice 6", "look"))


def _settle_tracking(line: LineItem, path: str, ground: Ground, changes: list[Change]) -> None:
    if not line.tracking:
        line.tracking = None
        return
    kept: list[LineItemTracking] = []
    for place, tracking in enumerate(line.tracking):
        why = _no_tracking(tracking, ground) or ("a line has at most two" if len(kept) == _MOST_TRACKING else "")
        if why:
            text = ": ".join(part for part in (tracking.name, tracking.option) if part)
            changes.append(changed(f"{path}Tracking[{place}]", text, None, why, "invoice 7", "look"))
            continue
        kept.append(LineItemTracking(name=tracking.name, option=tracking.option))
        for name, text in leaves(replace(tracking, name=None, option=None)).items():
            changes.append(changed(f"{path}Tracking[{place}].{name}", text, None, _OLD, "invoice 9"))
    line.tracking = kept or None


def _no_tracking(tracking: LineItemTracking, ground: Ground) -> str:
    if not tracking.name or not tracking.option:
        return "it names no category, or no option"
    if ground.tracking is None:
        return ""
    folded = {name.strip().casefold(): options for name, options in ground.tracking.items()}
    options = folded.get(tracking.name.strip().casefold())
    if options is None:
        return "the organisation has no such tracking category"
    has_option = tracking.option.strip().casefold() in {option.strip().casefold() for option in options}
    return "" if has_option else "the category has no such option"


# -- the whole ------------------------------------------------------------------------------------------------------


def _compare_totals(made: Invoice, ground: Ground, changes: list[Change]) -> Decimal | None:
    """What the lines come to; where the document states otherwise, that is told."""
    types = (made.line_amount_types or "exclusive").lower()
    amounts = [_amount(line) or ZERO for line in made.line_items or ()]
    taxes = [_tax(line, amount, ground, types) for line, amount in zip(made.line_items or (), amounts, strict=True)]
    whole, tax = add_up(amounts), None if None in taxes else add_up(each for each in taxes if each is not None)
    sub_total = whole if types != "inclusive" else None if tax is None else whole - tax
    total = whole if types == "inclusive" else None if tax is None else whole + tax
    for field, stated, reckoned in (
        ("SubTotal", made.sub_total, sub_total),
        ("TotalTax", made.total_tax, tax),
        ("Total", made.total, total),
    ):
        if stated is None:
            continue
        if reckoned is None:
            why = "Xero works it out, by rates that are not known here: compare what it makes of it"
            changes.append(changed(field, stated, None, why, "invoice 3", "look"))
        elif money(stated) is None or money(stated) != rounded(reckoned):
            why = "the lines come to this, and Xero works out all totals by itself"
            changes.append(changed(field, stated, reckoned, why, "invoice 3", "money"))
    return None if total is None else rounded(total)


def _tax(line: LineItem, amount: Decimal, ground: Ground, types: str) -> Decimal | None:
    if types == "notax":
        return ZERO
    if line.tax_amount is not None:
        return money(line.tax_amount)
    if line.tax_type == "NONE" or not amount:
        return ZERO
    if line.tax_type is None:
        # The account's own tax type would fill in.
        return None
    return assign(line.tax_type, amount, None, ground.rates, inclusive=types == "inclusive").tax


def _status_of(made: Invoice, wish: Wish, changes: list[Change], losses: Sequence[Change]) -> str:
    """The status of the new document, and why it is not the old one; `losses` are what today has no place for."""
    old = (made.status or "DRAFT").strip().upper()
    wanted = _KEPT_STATUS.get(old, "DRAFT") if wish == "keep" else wish
    doubt = "" if wanted == "DRAFT" else _doubt(made, changes, losses)
    status = "DRAFT" if doubt else wanted
    if status != old or doubt:
        why = doubt or _why(old, wish)
        changes.append(changed("InvoiceStatus", made.status, status, why, "invoice 8", "look" if doubt else "plain"))
    return status


def _why(old: str, wish: Wish) -> str:
    if wish == "keep":
        return "payments are not carried over" if old == "PAID" else "there is no such status"
    return "all are made as drafts" if wish == "DRAFT" else "asked for"


def _doubt(made: Invoice, changes: Sequence[Change], losses: Sequence[Change]) -> str:
    """Why a document must not be booked before somebody has looked at it."""
    if any(change.weight == "money" for change in changes):
        return "it stays a draft, for its amounts are not what they were: look at it, and approve it"
    lost_by = {change.rule for change in changes if not change.now}
    if lost_by & {"invoice 6", "invoice 10"}:
        return "it stays a draft, for a line has lost its account or its tax type: choose them, and approve it"
    if "invoice 7" in lost_by:
        return "it stays a draft, for a line has lost its tracking: choose it, and approve it"
    if any(loss.weight == "look" for loss in losses):
        return "it stays a draft, for something in it has no place today: look at it, and approve it"
    if not made.line_items or any(not line.account_code and not line.item_code for line in made.line_items):
        return "it stays a draft, for a line has no account: choose one, and approve it"
    return "" if made.due_date is not None else "it stays a draft, for it has no due date: give it one, and approve it"
