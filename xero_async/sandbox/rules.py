"""The pure rules of documents: what a client may write, what lines come to, which status follows which.

Nothing here reads the store or a clock. Numbers are `Decimal` throughout. Tax is worked out a line at a
time, rounded half away from zero to two decimals, and then summed
(https://developer.xero.com/documentation/guides/how-to-guides/ rounding-in-xero/). Messages are those of
the real service where they are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from .rates import TAX_RATES
from .resources import CREDIT_NOTES, Field, Resource
from .values import (
    MONEY,
    ZERO,
    Document,
    add_up,
    as_document,
    as_list,
    documents_in,
    money_of,
    new_id,
    read_bool,
    read_day,
    read_guid,
    read_number,
    read_text,
    rounded,
    text_of,
    written_date,
    written_day,
)

Rates = Mapping[str, Decimal]  # percent by tax type
Steps = Mapping[str, frozenset[str]]  # the statuses that may follow one; "" stands for a document yet to be made

_DEAD: Final = ("VOIDED", "DELETED")
_BEFORE_APPROVAL: Final = frozenset({"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"})
SALE_STEPS: Final[Steps] = {
    "": frozenset({"DRAFT", "SUBMITTED", "AUTHORISED"}),
    "DRAFT": _BEFORE_APPROVAL,
    "SUBMITTED": _BEFORE_APPROVAL,
    "AUTHORISED": frozenset({"AUTHORISED", "VOIDED"}),
    "PAID": frozenset({"PAID"}),
    "VOIDED": frozenset({"VOIDED"}),
    "DELETED": frozenset({"DELETED"}),
}
CLAIM_STEPS: Final[Steps] = {
    "": frozenset({"SUBMITTED"}),
    "SUBMITTED": frozenset({"SUBMITTED", "AUTHORISED", "DELETED"}),
    "AUTHORISED": frozenset({"AUTHORISED", "VOIDED"}),
    "PAID": frozenset({"PAID"}),
    "VOIDED": frozenset({"VOIDED"}),
    "DELETED": frozenset({"DELETED"}),
}

# Decimals kept of each kind of number.
_PLACES: Final = {"money": 2, "unit": 4, "quantity": 4, "rate": 6}


class Rejected(Exception):
    """An element that is not saved, with the messages of its `ValidationErrors`."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages: list[str] = list(messages)


class Totals(NamedTuple):
    """What lines come to."""

    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    discount: Decimal


# ------------------------------------------------------------------------------------ reading what is sent


def accept(fields: Iterable[Field], sent: Document) -> Document:
    """What a client sent, cut down to what it may write, in stored form; a null counts as left out.

    `Rejected` names every field whose value does not fit.
    """
    problems: list[str] = []
    taken = _accept(fields, sent, problems)
    if problems:
        raise Rejected(*problems)
    return taken


def _accept(fields: Iterable[Field], sent: Document, problems: list[str]) -> Document:
    taken: Document = {}
    for field in fields:
        value = sent.get(field.name)
        if value is None:
            continue
        try:
            taken[field.name] = _READERS[field.kind](field, value, problems)
        except ValueError as error:
            problems.append(f"{field.name} {error}")
    return taken


def _accept_text(field: Field, value: object, problems: list[str]) -> str:
    text = read_text(value)
    if field.limit and len(text) > field.limit:
        raise ValueError(f"must not exceed {field.limit} characters")
    return text


def _accept_choice(field: Field, value: object, problems: list[str]) -> str:
    text = read_text(value)
    for choice in field.choices:
        if choice.lower() == text.lower():
            return choice
    raise ValueError(f"'{text[:50]}' is not one of {', '.join(field.choices)}")


def _accept_number(field: Field, value: object, problems: list[str]) -> Decimal:
    return rounded(read_number(value), _PLACES[field.kind])


def _accept_integer(field: Field, value: object, problems: list[str]) -> int:
    return int(read_number(value))


def _accept_object(field: Field, value: object, problems: list[str]) -> Document:
    document = as_document(value)
    if document is None:
        raise ValueError("is not an object")
    return _accept(field.fields, document, problems)


def _accept_list(field: Field, value: object, problems: list[str]) -> list[Document]:
    listed, items = as_list(value), documents_in(value)
    if listed is None or len(items) != len(listed):
        raise ValueError("is not a list of objects")
    return [_accept(field.fields, item, problems) for item in items]


_READERS: Final[Mapping[str, Callable[[Field, object, list[str]], object]]] = {
    "text": _accept_text,
    "choice": _accept_choice,
    "guid": lambda field, value, problems: read_guid(value),
    "date": lambda field, value, problems: written_date(read_day(value)),
    "bool": lambda field, value, problems: read_bool(value),
    "integer": _accept_integer,
    "object": _accept_object,
    "list": _accept_list,
    **dict.fromkeys(_PLACES, _accept_number),
}


# ---------------------------------------------------------------------------------------- lines and totals


def line_amount(quantity: Decimal, unit: Decimal, discount_rate: Decimal = ZERO, discount: Decimal = ZERO) -> Decimal:
    """A line's amount: quantity by unit amount, less a discount in percent or as an amount."""
    gross = MONEY.multiply(quantity, unit)
    return rounded(gross - MONEY.multiply(gross, discount_rate) / 100 - discount)


def line_tax(amount: Decimal, tax_type: str, types: str, rates: Rates = TAX_RATES) -> Decimal:
    """The tax on, or within, a line's amount."""
    rate = rates[tax_type]
    if types == "NoTax" or not rate:
        return ZERO
    if types == "Inclusive":
        return rounded(MONEY.divide(amount * rate, 100 + rate))
    return rounded(MONEY.multiply(amount, rate) / 100)


def total_up(lines: Iterable[Document], types: str) -> Totals:
    """The totals of priced lines; amounts hold their tax already when `types` is Inclusive."""
    priced = list(lines)
    amounts = add_up(money_of(line, "LineAmount") for line in priced)
    tax = add_up(money_of(line, "TaxAmount") for line in priced)
    discount = add_up(
        rounded(money_of(line, "Quantity") * money_of(line, "UnitAmount")) - money_of(line, "LineAmount")
        for line in priced
        if "DiscountRate" in line or "DiscountAmount" in line
    )
    sub_total = amounts - tax if types == "Inclusive" else amounts
    return Totals(sub_total, tax, sub_total + tax, discount)


def price_lines(
    sent: list[Document], kept: list[Document], types: str, *, places: int, rates: Rates = TAX_RATES
) -> list[Document]:
    """Lines as they are stored: each sent one laid over the kept one of its `LineItemID`, and worked out.

    Kept lines that are not sent back are gone. `places` are the decimals of unit amounts in this request,
    `rates` the organisation's tax rates.
    `Rejected` holds the problems of all lines.
    """
    known = {text_of(line, "LineItemID"): line for line in kept}
    problems: list[str] = []
    lines: list[Document] = []
    for line in sent:
        try:
            lines.append(_price_line(line, known.pop(text_of(line, "LineItemID"), {}), types, places, rates))
        except Rejected as rejected:
            problems += rejected.messages
    if problems:
        raise Rejected(*problems)
    if add_up(abs(money_of(line, "LineAmount")) for line in lines) >= Decimal(10) ** 12:
        raise Rejected("The document total is out of range.")
    return lines


def reprice_lines(kept: list[Document], types: str, rates: Rates = TAX_RATES) -> list[Document]:
    """Stored lines worked out anew because `LineAmountTypes` changed."""
    return [
        line | {"TaxAmount": line_tax(money_of(line, "LineAmount"), _tax_type(line, rates), types, rates)}
        for line in kept
    ]


_PRICES: Final = ("Quantity", "UnitAmount", "DiscountRate", "DiscountAmount", "LineAmount")


def _price_line(sent: Document, kept: Document, types: str, places: int, rates: Rates) -> Document:
    sent = sent | unit_amount(sent, kept, places)
    repriced = not kept or any(name in sent and sent[name] != kept.get(name) for name in _PRICES)
    line = kept | sent | {"LineItemID": kept.get("LineItemID") or new_id()}
    line.setdefault("Tracking", [])
    line["TaxType"] = _tax_type(line, rates)
    if not text_of(line, "Description").strip() and not text_of(line, "ItemCode"):
        raise Rejected("Description must be specified for a line item.")
    if repriced:
        line |= _priced(line, sent)
    if "TaxAmount" in sent and sent["TaxAmount"] != kept.get("TaxAmount") and types != "NoTax":
        return line
    if repriced or line["TaxType"] != kept.get("TaxType"):
        line["TaxAmount"] = line_tax(money_of(line, "LineAmount"), text_of(line, "TaxType"), types, rates)
    return line


def unit_amount(sent: Document, kept: Document, places: int, name: str = "UnitAmount") -> Document:
    """The unit amount in this request's decimals; one read with two and sent back is the stored one."""
    unit = sent.get(name)
    if not isinstance(unit, Decimal):
        return {}
    stored = kept.get(name)
    if places == 2 and isinstance(stored, Decimal) and rounded(stored) == unit:
        return {name: stored}
    return {name: rounded(unit, places)}


def _tax_type(line: Document, rates: Rates) -> str:
    name = text_of(line, "TaxType") or "NONE"
    if name not in rates:
        raise Rejected(f"The TaxType code '{name[:50]}' does not exist or cannot be used for this type of transaction.")
    return name


def _priced(line: Document, sent: Document) -> Document:
    """A line's quantity, unit amount and amount; a line of words alone has only an amount of zero."""
    quantity = money_of(line, "Quantity") if "Quantity" in line else Decimal("1.0000")
    if "UnitAmount" in line:
        return {"Quantity": quantity, "LineAmount": _checked_amount(line, sent, quantity)}
    if "LineAmount" in sent and quantity:
        unit = rounded(MONEY.divide(money_of(sent, "LineAmount"), quantity), 4)
        return {"Quantity": quantity, "UnitAmount": unit}
    if any(name in line for name in ("Quantity", "DiscountRate", "DiscountAmount")):
        raise Rejected("UnitAmount or LineAmount must be specified for a line item.")
    return {"TaxType": "NONE", "LineAmount": ZERO}


def _checked_amount(line: Document, sent: Document, quantity: Decimal) -> Decimal:
    rate = money_of(line, "DiscountRate")
    if not 0 <= rate <= 100:
        raise Rejected("The DiscountRate must be between 0 and 100.")
    expected = line_amount(quantity, money_of(line, "UnitAmount"), rate, money_of(line, "DiscountAmount"))
    given = sent.get("LineAmount", expected)
    if given != expected:
        raise Rejected(f"The line total {given} does not match the expected line total {expected}")
    return expected


# -------------------------------------------------------------------------------------- statuses, balances


def next_status(item: str, now: str, wanted: str, steps: Steps = SALE_STEPS) -> str:
    """The status that a document takes, from `now` (empty for a new one); `Rejected` for an illegal step."""
    if wanted not in steps[now]:
        raise Rejected(f"{item} not of valid status for {'modification' if now else 'creation'}")
    return wanted


def is_dead(document: Document) -> bool:
    """Whether a document is voided or deleted."""
    return text_of(document, "Status") in _DEAD


def settle_invoice(invoice: Document, day: int) -> None:
    """Works out what is still due; at zero an approved invoice is paid, above it an approved one is not."""
    due = money_of(invoice, "Total") - money_of(invoice, "AmountPaid") - money_of(invoice, "AmountCredited")
    invoice["AmountDue"] = ZERO if is_dead(invoice) else due
    _settle(invoice, due, day)


def settle_credit_note(note: Document, day: int) -> None:
    """Works out what credit remains; at zero an approved note is paid, above it an approved one is not."""
    applied = add_up(money_of(each, "Amount") for each in documents_in(note.get("Allocations")))
    applied += add_up(money_of(each, "Amount") for each in documents_in(note.get("Payments")))
    remaining = money_of(note, "Total") - applied
    note["RemainingCredit"] = ZERO if is_dead(note) else remaining
    _settle(note, remaining, day)


def _settle(document: Document, open_amount: Decimal, day: int) -> None:
    status = text_of(document, "Status")
    if status == "AUTHORISED" and open_amount == 0:
        document["Status"] = "PAID"
        document["FullyPaidOnDate"] = written_date(day)
    elif status == "PAID" and open_amount != 0:
        document["Status"] = "AUTHORISED"
        document.pop("FullyPaidOnDate", None)


def allocate(
    note: Document, invoice: Document, amount: Decimal, day: int, allocation_id: str, credit: Resource = CREDIT_NOTES
) -> Document:
    """Gives an amount of a credit note, or of another kind of credit, to an invoice; the allocation, or `Rejected`.

    Changes both documents.
    """
    if paid_type(note) != text_of(invoice, "Type"):
        raise Rejected(f"The {_LABELS[credit.item]} and the invoice must be of the same kind.")
    if _contact_id(note) != _contact_id(invoice):
        raise Rejected(f"The {_LABELS[credit.item]} and the invoice must have the same contact.")
    if text_of(note, "CurrencyCode") != text_of(invoice, "CurrencyCode"):
        raise Rejected(f"The {_LABELS[credit.item]} and the invoice must have the same currency.")
    if text_of(note, "Status") not in ("AUTHORISED", "PAID") or text_of(invoice, "Status") not in (
        "AUTHORISED",
        "PAID",
    ):
        raise Rejected("Credits can only be allocated from and to AUTHORISED documents.")
    if amount <= 0:
        raise Rejected("The allocation amount must be greater than zero.")
    if amount > money_of(note, "RemainingCredit"):
        raise Rejected("The amount specified exceeds the remaining credit.")
    if amount > money_of(invoice, "AmountDue"):
        raise Rejected("The amount specified exceeds the amount outstanding on the invoice.")
    allocation: Document = {
        "AllocationID": allocation_id,
        "Amount": amount,
        "Date": written_date(day),
        "Invoice": {
            "InvoiceID": invoice["InvoiceID"],
            "InvoiceNumber": text_of(invoice, "InvoiceNumber"),
            "LineItems": [],
            "HasErrors": False,
        },
    }
    note["Allocations"] = [*documents_in(note.get("Allocations")), allocation]
    _rebalance(note, invoice, amount, day, credit)
    return allocation


_LABELS: Final = {"CreditNote": "credit note", "Prepayment": "prepayment", "Overpayment": "overpayment"}


def paid_type(credit: Document) -> str:
    """The type of invoice that a credit of a type can pay: ACCREC or ACCPAY."""
    return "ACCREC" if text_of(credit, "Type").startswith(("ACCREC", "RECEIVE")) else "ACCPAY"


def deallocate(
    note: Document, invoice: Document, allocation: Document, day: int, credit: Resource = CREDIT_NOTES
) -> None:
    """Takes an allocation back, changing both documents."""
    kept = [
        each for each in documents_in(note.get("Allocations")) if each["AllocationID"] != allocation["AllocationID"]
    ]
    note["Allocations"] = kept
    _rebalance(note, invoice, -money_of(allocation, "Amount"), day, credit)


def _rebalance(note: Document, invoice: Document, amount: Decimal, day: int, credit: Resource) -> None:
    invoice["AmountCredited"] = money_of(invoice, "AmountCredited") + amount
    applied = add_up(
        money_of(each, "Amount")
        for each in documents_in(note["Allocations"])
        if text_of(as_document(each["Invoice"]) or {}, "InvoiceID") == invoice["InvoiceID"]
    )
    others = [each for each in documents_in(invoice.get(credit.name)) if each[credit.id] != note[credit.id]]
    shown: Document = {
        credit.id: note[credit.id],
        **({credit.number: text_of(note, credit.number)} if credit.number else {}),
        "ID": note[credit.id],
        "HasErrors": False,
        "AppliedAmount": applied,
        "DateString": note["DateString"],
        "Date": note["Date"],
        "LineItems": [],
        "Total": note["Total"],
    }
    invoice[credit.name] = [*others, shown] if applied else others
    settle_invoice(invoice, day)
    settle_credit_note(note, day)


def _contact_id(document: Document) -> str:
    return text_of(as_document(document["Contact"]) or {}, "ContactID")


def dated(name: str, ms: int) -> Document:
    """A date field and its companion, `DateString` beside `Date`."""
    return {f"{name}String": written_day(ms), name: written_date(ms)}
