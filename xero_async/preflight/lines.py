"""The rules of lines: what a line must say, what it comes to, and where it is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias, cast

from ..models import (
    BankTransaction,
    LineItem,
    LineItemItem,
    LineItemTracking,
    ManualJournalLine,
    Model,
    Purchase,
    TrackingCategory,
)
from .findings import Ground, Rule
from .leaves import is_guid, plain_guid
from .numbers import ZERO, line_amount, money, number_of, rounded
from .sheets import Part, Sheet
from .tax_types import OWN_TAX_TYPE, TAX_TYPE_SHAPE

__all__ = ["JOURNAL_LINE", "LINE", "PRICE", "RECEIPT_LINE", "has_text", "is_approved", "is_overpayment"]

Taxed: TypeAlias = LineItem | ManualJournalLine | Purchase
Booked: TypeAlias = LineItem | ManualJournalLine

_MOST_DISCOUNT: Final = 100
_MOST_TRACKING: Final = 2


def has_text(value: object) -> bool:
    """Whether a field says anything."""
    return isinstance(value, str) and bool(value.strip())


def is_overpayment(document: Model | None) -> bool:
    """Whether Xero itself books the lines of a document, to the control account and without tax."""
    return isinstance(document, BankTransaction) and str(document.type).upper().endswith("OVERPAYMENT")


def is_approved(document: Model | None) -> bool:
    """Whether a document is to be booked, or submitted for it, as soon as it is made."""
    status = cast("str | None", getattr(document, "status", None))
    return str(status).upper() in ("SUBMITTED", "AUTHORISED", "POSTED")


# ----------------------------------------------------------------------------------------------------- amounts


def _no_description(line: LineItem, ground: Ground) -> bool:
    return not line.item_code and not has_text(line.description)


def _wrong_amount(line: LineItem, ground: Ground) -> str | bool:
    if line.line_amount is None:
        return False
    given, expected = money(line.line_amount), line_amount(line, ground.places)
    if given is None or expected is None or given == expected:
        return False
    return f"{expected}, not {given}"


def _no_price(line: LineItem, ground: Ground) -> bool:
    if line.unit_amount is not None:
        return False
    if line.line_amount is not None:
        return line.quantity is not None and money(line.quantity, 4) == ZERO
    # An item has a price of its own.
    unpriced = line.quantity is line.discount_rate is line.discount_amount is None
    return not line.item_code and not unpriced


def _wrong_discount(line: LineItem, ground: Ground) -> bool:
    if line.discount_rate is None or line.unit_amount is None:
        return False
    rate = money(line.discount_rate, 6)
    return rate is not None and not 0 <= rate <= _MOST_DISCOUNT


def _negative_price(price: Purchase, ground: Ground) -> bool:
    unit = None if price.unit_price is None else money(price.unit_price, 4)
    return unit is not None and rounded(unit, ground.places) < 0


def _too_fine(value: object, ground: Ground) -> str | bool:
    unit: Decimal | None = None if value is None else number_of(value)
    return str(ground.places) if unit is not None and unit != rounded(unit, ground.places) else False


# -------------------------------------------------------------------------------------------- taxes, accounts


def _no_tax_type(line: Taxed, ground: Ground) -> str | bool:
    tax_type = line.tax_type
    if not tax_type or tax_type in ground.documented or is_overpayment(ground.document):
        return False
    if ground.tax_types is not None:
        return str(tax_type)[:50]
    return False if TAX_TYPE_SHAPE.fullmatch(str(tax_type)) else str(tax_type)[:50]


def _foreign_tax_type(line: Taxed, ground: Ground) -> str | bool:
    tax_type = line.tax_type
    if not tax_type or tax_type in ground.documented or ground.tax_types is not None:
        return False
    code = str(tax_type)
    if is_overpayment(ground.document) or OWN_TAX_TYPE.fullmatch(code) or not TAX_TYPE_SHAPE.fullmatch(code):
        return False
    return f"{code[:50]} is no tax type that Xero sets up in {ground.region or 'any region'}"


def _unknown(code: str | None, ground: Ground) -> str | bool:
    return str(code)[:50] if code and ground.accounts is not None and code not in ground.accounts else False


def _no_such_account(line: Booked, ground: Ground) -> str | bool:
    if ground.accounts is None or is_overpayment(ground.document):
        return False
    if not line.account_id:
        return _unknown(line.account_code, ground)
    if not ground.account_ids or not is_guid(line.account_id):
        return False
    return line.account_id if plain_guid(line.account_id) not in ground.account_ids else False


def _no_account(line: LineItem, ground: Ground) -> bool:
    if line.account_code or line.account_id or line.item_code or not _needs_accounts(ground.document):
        return False
    amount = money(line.line_amount) if line.line_amount is not None else line_amount(line, ground.places)
    return bool(amount)


def _needs_accounts(document: Model | None) -> bool:
    if isinstance(document, BankTransaction):
        return not is_overpayment(document)
    return type(document).__name__ in ("Invoice", "CreditNote") and is_approved(document)


def _no_journal_account(line: ManualJournalLine, ground: Ground) -> bool:
    return not line.account_code and not line.account_id and bool(money(line.line_amount))


def _much_tracking(line: Booked, ground: Ground) -> bool:
    return line.tracking is not None and len(line.tracking) > _MOST_TRACKING


def _unnamed_tracking(tracking: LineItemTracking | TrackingCategory, ground: Ground) -> bool:
    named = tracking.tracking_category_id or tracking.name, tracking.tracking_option_id or tracking.option
    return not all(named)


def _no_such_tracking(tracking: LineItemTracking | TrackingCategory, ground: Ground) -> str | bool:
    if ground.tracking is None or not tracking.name or not tracking.option or tracking.tracking_category_id:
        return False
    options = ground.tracking.get(str(tracking.name).strip().lower())
    return options is None or (not tracking.tracking_option_id and str(tracking.option).strip().lower() not in options)


# ------------------------------------------------------------------------------------------------------ rows

_TAX_RULES: Final = (
    Rule(
        name="tax type",
        number="invoice 10",
        field="TaxType",
        condition="the organisation has the tax type; the name of a tax rate is none",
        message="{} is not a tax type of the organisation: use a TaxType of GET /TaxRates",
        test=_no_tax_type,
        unassigned=True,
    ),
    Rule(
        name="tax type",
        number="invoice 10",
        field="TaxType",
        condition="Xero sets up the tax type in the organisation's region, or the organisation has made it (TAX001)",
        message="{}: check it against GET /TaxRates",
        test=_foreign_tax_type,
        severity="warning",
    ),
)
_ACCOUNT_RULE: Final = Rule(
    name="account",
    number="invoice 6",
    field="AccountCode",
    condition="the organisation has the account, and lines may stand on it",
    message="{} is not an account for lines: use a Code of GET /Accounts",
    test=_no_such_account,
    unassigned=True,
)
_TRACKING_RULE: Final = Rule(
    name="tracking",
    number="invoice 7",
    field="Tracking",
    condition="a line has at most two tracking options, one of each category",
    message="has more than two tracking options: leave out the others",
    test=_much_tracking,
    severity="warning",
)

_TRACKING_FIELDS: Final = "tracking_category_id tracking_option_id name"
_TRACKING_RULES: Final = (
    Rule(
        name="tracking",
        number="invoice 7",
        field="Option",
        condition="tracking names a category and one of its options",
        message="names no category, or no option: Xero leaves the line without it",
        test=_unnamed_tracking,
        severity="warning",
    ),
    Rule(
        name="tracking",
        number="invoice 7",
        field="Option",
        condition="the organisation has the tracking category and the option",
        message="is no tracking option of the organisation: Xero leaves the line without it",
        test=_no_such_tracking,
        severity="warning",
    ),
)
_TRACKING: Final = Part("tracking", Sheet(LineItemTracking, _TRACKING_FIELDS, rules=_TRACKING_RULES))
_JOURNAL_TRACKING: Final = Part("tracking", Sheet(TrackingCategory, _TRACKING_FIELDS, rules=_TRACKING_RULES))
_ITEM: Final = Part("item", Sheet(LineItemItem, "code name item_id"))

_AMOUNT_RULES: Final = (
    Rule(
        name="description",
        field="Description",
        condition="a line has a description or an item",
        message="is missing: describe the line, or give an ItemCode",
        test=_no_description,
    ),
    Rule(
        name="line amount",
        number="invoice 4",
        field="LineAmount",
        condition="LineAmount is Quantity × UnitAmount, less the discount, to the cent",
        message="the line comes to {}: correct it, or leave LineAmount to Xero",
        test=_wrong_amount,
    ),
    Rule(
        name="unit amount",
        field="UnitAmount",
        condition="a line with a quantity or a discount has a price",
        message="is missing: give UnitAmount, or LineAmount with a Quantity other than 0",
        test=_no_price,
    ),
    Rule(
        name="discount",
        field="DiscountRate",
        condition="a discount is between 0 and 100 per cent",
        message="is not between 0 and 100",
        test=_wrong_discount,
    ),
    Rule(
        name="places",
        field="UnitAmount",
        condition="a unit amount has no more decimals than Xero keeps: 2, or 4 with unitdp=4",
        message="has more than {} decimals and will be rounded: round it, or send it with unitdp=4",
        test=lambda line, ground: _too_fine(line.unit_amount, ground),
        severity="warning",
    ),
)

_LINE_FIELDS: Final = (
    "line_item_id quantity unit_amount item_code account_id tax_amount line_amount discount_rate discount_amount"
)
RECEIPT_LINE: Final = Sheet(
    LineItem,
    _LINE_FIELDS,
    parts=[_TRACKING, _ITEM],
    rules=(*_AMOUNT_RULES, *_TAX_RULES, _TRACKING_RULE),
    limits={"item_code": 30},
)
"""A line of a receipt in an expense claim: nobody looks at its account until the claim is approved."""

LINE: Final = Sheet(
    LineItem,
    _LINE_FIELDS,
    parts=[_TRACKING, _ITEM],
    rules=(
        *_AMOUNT_RULES,
        *_TAX_RULES,
        _ACCOUNT_RULE,
        Rule(
            name="account",
            number="invoice 6",
            field="AccountCode",
            condition="a line of a document that is approved or submitted has an account",
            message="is missing: give an AccountCode, or an ItemCode, or make the document a DRAFT",
            test=_no_account,
        ),
        _TRACKING_RULE,
    ),
    limits={"item_code": 30},
)

JOURNAL_LINE: Final = Sheet(
    ManualJournalLine,
    "line_amount account_id tax_amount",
    parts=[_JOURNAL_TRACKING],
    rules=(
        *_TAX_RULES,
        _ACCOUNT_RULE,
        Rule(
            name="account",
            field="AccountCode",
            condition="a line of a journal has an account",
            message="is missing: give an AccountCode",
            test=_no_journal_account,
        ),
        _TRACKING_RULE,
    ),
)

PRICE: Final = Sheet(
    Purchase,
    "unit_price",
    rules=(
        *_TAX_RULES,
        Rule(
            name="account",
            field="AccountCode",
            condition="the organisation has the account of a price",
            message="{} is not an account of the organisation: use a Code of GET /Accounts",
            test=lambda price, ground: _unknown(price.account_code, ground),
        ),
        Rule(
            name="account",
            field="COGSAccountCode",
            condition="the organisation has the account of the cost of goods sold",
            message="{} is not an account of the organisation: use a Code of GET /Accounts",
            test=lambda price, ground: _unknown(price.cogs_account_code, ground),
        ),
        Rule(
            name="unit price",
            field="UnitPrice",
            condition="a price is not negative",
            message="is negative",
            test=_negative_price,
        ),
        Rule(
            name="places",
            field="UnitPrice",
            condition="a unit price has no more decimals than Xero keeps: 2, or 4 with unitdp=4",
            message="has more than {} decimals and will be rounded: round it, or send it with unitdp=4",
            test=lambda price, ground: _too_fine(price.unit_price, ground),
            severity="warning",
        ),
    ),
)
