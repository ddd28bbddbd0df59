"""The rules of documents with a contact and lines: who, what kind, in which status, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias, cast

from ..models import (
    BankTransaction,
    Contact,
    CreditNote,
    Invoice,
    LineItem,
    PurchaseOrder,
    Quote,
    Receipt,
    RepeatingInvoice,
)
from .findings import Ground, Rule, Severity, Sums
from .leaves import GUID, is_guid
from .lines import has_text, is_approved, is_overpayment
from .numbers import LIMIT, ZERO, add_up, line_amount, money, plus, rounded

__all__ = [
    "CONTACT",
    "CONTACT_ID",
    "CURRENCY_RATE",
    "DUE_DATE",
    "NEEDS_LINES",
    "NEEDS_LINES_WHEN_APPROVED",
    "TOTALS",
    "made_up_id",
    "missing",
    "one_of",
    "types_of",
]

Document: TypeAlias = Invoice | CreditNote | BankTransaction | PurchaseOrder | Quote | Receipt | RepeatingInvoice
Totalled: TypeAlias = Invoice | CreditNote | BankTransaction

# ------------------------------------------------------------------------------------------- rows made to measure


def missing(attribute: str, field: str, what: str, *, number: str = "") -> Rule:
    """A rule that a field of text is there."""

    def test(record: Any, ground: Ground) -> bool:  # Any: of every model
        return not has_text(getattr(record, attribute))

    return Rule(
        name="required", field=field, condition=f"{what} is there", message="is missing", test=test, number=number
    )


def one_of(
    attribute: str,
    field: str,
    values: str,
    condition: str,
    *,
    name: str = "value",
    number: str = "",
    required: bool = False,
    network: str = "",
    severity: Severity = "error",
) -> Rule:
    """A rule that a field has one of so many values, in any case; others in the Network API v1 where it says so."""
    allowed, older = frozenset(values.split()), frozenset((network or values).split())
    listed = ", ".join(values.split())

    def test(record: Any, ground: Ground) -> str | bool:  # Any: of every model
        value = getattr(record, attribute)
        if value is None:
            return f"is missing: use one of {listed}" if required else False
        known = older if ground.network else allowed
        if value in known or str(value).upper() in known:
            return False
        return f"is none of {', '.join(sorted(known)) if ground.network else listed}"

    return Rule(name=name, field=field, condition=condition, message="{}", test=test, number=number, severity=severity)


def made_up_id(attribute: str, field: str, *, number: str = "") -> Rule:
    """A rule that a new record brings no id of Xero's."""

    def test(record: Any, ground: Ground) -> bool:  # Any: of every model
        return bool(getattr(record, attribute))

    return Rule(
        name="new",
        field=field,
        condition="a new record has no id of Xero's yet: creating inserts, and never updates",
        message="is set on a record that is to be created: leave it out, or update the record instead",
        test=test,
        severity="warning",
        number=number,
    )


# ------------------------------------------------------------------------------------------------ amounts


def types_of(document: Any) -> str:
    """Whether amounts include tax, in small letters; exclusive by default. Any: documents that say so, and others."""
    return str(getattr(document, "line_amount_types", None) or "exclusive").lower()


def _amount(line: LineItem, places: int) -> Decimal | None:
    """What a line comes to; None where only the price of an item would tell."""
    # Where both are there they agree, or the line is refused for it.
    if line.line_amount is not None:
        return money(line.line_amount)
    if line.unit_amount is not None:
        return line_amount(line, places)
    return None if line.item_code else ZERO


def _sums(document: Document, ground: Ground) -> Sums:
    """What the lines come to, worked out once for all rules."""
    if ground.sums is None or ground.summed is not document:
        ground.summed, ground.sums = document, _add_up(document, ground.places)
    return ground.sums


def _add_up(document: Document, places: int) -> Sums:
    lines = document.line_items or ()
    amounts = [_amount(line, places) for line in lines]
    if not amounts or None in amounts:
        return _NO_SUMS
    known = cast("list[Decimal]", amounts)
    total, tax = add_up(known), _tax(document, lines)
    if tax is not None:
        total = total if types_of(document) == "inclusive" else plus(total, tax)
        return Sums(known, tax, total, total)
    if types_of(document) == "inclusive":
        return Sums(known, None, total, total)
    # Without the rates, only lines that are all on one side tell the side of the total.
    one_sided = max(known) <= 0 and all(line.tax_amount is None for line in lines)
    return Sums(known, None, total if one_sided else ZERO, _least(total, lines, known))


def _least(total: Decimal, lines: Sequence[LineItem], amounts: Sequence[Decimal]) -> Decimal:
    """What a total may come down to with taxes that are not known: on the negative lines alone, at a high rate."""
    if min(amounts) >= 0 and all(line.tax_amount is None for line in lines):
        return total
    kinds = {line.tax_type for line in lines}
    if len(kinds) == 1 and all(line.tax_amount is None for line in lines):
        # One rate for all changes the size of the total and not its side, but for cents that are rounded.
        return plus(total, -_CENT * len(lines))
    for line, amount in zip(lines, amounts, strict=True):
        if line.tax_amount is not None:
            total = plus(total, money(line.tax_amount) or ZERO)
        elif amount < 0 and line.tax_type != "NONE":
            total = plus(total, rounded(amount * _HIGH_RATE))
    return total


_CENT: Final = Decimal("0.01")
_HIGH_RATE: Final = Decimal("0.2")
_NO_SUMS: Final = Sums((), None, ZERO, ZERO)


def _tax(document: Document, lines: Iterable[LineItem]) -> Decimal | None:
    """The tax of all lines, where it can be told."""
    if types_of(document) == "notax" or is_overpayment(document):
        return ZERO
    taxes = [None if line.tax_amount is None else money(line.tax_amount) for line in lines]
    return None if None in taxes else add_up(cast("list[Decimal]", taxes))


def _negative(document: Document, ground: Ground) -> bool:
    return _sums(document, ground).most < 0


def _perhaps_negative(document: Document, ground: Ground) -> bool:
    sums = _sums(document, ground)
    return sums.most >= 0 > sums.least


def _too_large(document: Document, ground: Ground) -> bool:
    amounts = _sums(document, ground).amounts
    if not amounts or max(map(Decimal.adjusted, amounts)) + len(str(len(amounts))) < LIMIT.adjusted():
        return False
    return add_up(amount.copy_abs() for amount in amounts) >= LIMIT


def _wrong_sum(document: Totalled, ground: Ground) -> str | bool:
    if document.total is None or document.sub_total is None:
        return False
    total, sub_total, tax = money(document.total), money(document.sub_total), money(document.total_tax or ZERO)
    if total is None or sub_total is None or tax is None or total == plus(sub_total, tax):
        return False
    return f"is {total}, but SubTotal and TotalTax come to {plus(sub_total, tax)}"


def _wrong_sub_total(document: Totalled, ground: Ground) -> str | bool:
    if document.sub_total is None:
        return False
    given, sums = money(document.sub_total), _sums(document, ground)
    within = sums.tax if types_of(document) == "inclusive" else ZERO
    if given is None or within is None or not sums.amounts:
        return False
    expected = plus(add_up(sums.amounts), within.copy_negate())
    return f"is {given}, but the lines come to {expected}" if given != expected else False


# ------------------------------------------------------------------------------------------------ the rest


def _no_contact(document: Document, ground: Ground) -> bool:
    contact = document.contact
    return contact is None or not any(map(has_text, (contact.contact_id, contact.contact_number, contact.name)))


def _wrong_contact_id(contact: Contact, ground: Ground) -> bool:
    return contact.contact_id is not None and not is_guid(contact.contact_id)


def _wrong_rate(document: Any, ground: Ground) -> bool:  # Any: of every model with a rate
    if document.currency_rate is None:
        return False
    rate = money(document.currency_rate, 6)
    return rate is not None and rate <= 0


def _no_lines(document: Document, ground: Ground) -> bool:
    return not document.line_items


def _no_due_date(invoice: Invoice, ground: Ground) -> bool:
    return invoice.due_date is None and is_approved(invoice)


def _due_before_date(invoice: Invoice, ground: Ground) -> bool:
    issued, due = cast("object", invoice.date), cast("object", invoice.due_date)
    return type(issued) is type(due) and issued is not None and cast("str", due) < cast("str", issued)


CONTACT: Final = Rule(
    name="contact",
    number="invoice 1",
    field="Contact",
    condition="a document has a contact, by ContactID, ContactNumber or Name; a name that is not known makes a new one",
    message="is missing: give a ContactID, a ContactNumber or a Name",
    test=_no_contact,
)
CONTACT_ID: Final = Rule(
    name=GUID.name,
    number="contact 2",
    field="ContactID",
    condition="a ContactID is a GUID: Xero's own id of the contact",
    message=GUID.message,
    test=_wrong_contact_id,
)
CURRENCY_RATE: Final = Rule(
    name="currency rate",
    field="CurrencyRate",
    condition="a rate is above zero",
    message="is not above zero",
    test=_wrong_rate,
)
NEEDS_LINES: Final = Rule(
    name="lines",
    field="LineItems",
    condition="the document has at least one line",
    message="is empty: give at least one line",
    test=_no_lines,
)
NEEDS_LINES_WHEN_APPROVED: Final = Rule(
    name="lines",
    field="LineItems",
    condition="a document that is approved or submitted has at least one line",
    message="is empty: give at least one line, or make the document a DRAFT",
    test=lambda document, ground: is_approved(document) and not document.line_items,
)
DUE_DATE: Final = (
    Rule(
        name="due date",
        field="DueDate",
        condition="an invoice that is approved or submitted has a due date, of its own or by its contact's terms",
        message="is missing: give one, unless the contact has payment terms",
        test=_no_due_date,
        severity="warning",
    ),
    Rule(
        name="due date",
        field="DueDate",
        condition="an invoice is not due before its date",
        message="is before the invoice's date",
        test=_due_before_date,
        severity="warning",
    ),
)


def _total_rules() -> Iterable[Rule]:
    def negative(test: Callable[[Any, Ground], str | bool], message: str, severity: Severity) -> Rule:
        return Rule(
            name="total",
            number="invoice 5",
            field="Total",
            condition="lines may be negative, the total may not",
            message=message,
            test=test,
            severity=severity,
        )

    yield negative(_negative, "is negative: a document for the other side is a credit note", "error")
    yield negative(_perhaps_negative, "may be negative, by the tax that comes on top", "warning")
    yield Rule(
        name="total",
        field="Total",
        condition="the amounts of the lines come to less than 10^12",
        message="is 10^12 or more",
        test=_too_large,
    )


TOTALS: Final = (
    *_total_rules(),
    Rule(
        name="total",
        number="invoice 3",
        field="Total",
        condition="Total is SubTotal + TotalTax; Xero works out all three by itself",
        message="{}: correct it, or leave the totals to Xero",
        test=_wrong_sum,
        severity="warning",
        network_refuses=True,
    ),
    Rule(
        name="total",
        number="invoice 3",
        field="SubTotal",
        condition="SubTotal is the sum of the lines, without tax",
        message="{}: correct it, or leave the totals to Xero",
        test=_wrong_sub_total,
        severity="warning",
        network_refuses=True,
    ),
)
