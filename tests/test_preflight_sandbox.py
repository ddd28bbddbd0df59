"""Preflight against the sandbox's own rules: what it calls an error is refused, and what is refused it has noticed.

Records are drawn with slips of every kind, and everything that the sandbox's organisation has is told to the check, so
that nothing is left that only Xero could know.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from copy import copy
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_engine import Engine, line
from strategies import records as records_of

from xero_async import models as m
from xero_async.models import Model, envelope_of
from xero_async.preflight import SHEETS, Finding, check
from xero_async.sandbox.chart import CHART
from xero_async.sandbox.rates import CURRENCY_NAMES, TAX_RATES
from xero_async.wire import encode

T = TypeVar("T")
ACCOUNTS = [each.code for each in CHART if each.type != "BANK" and each.system not in ("DEBTORS", "CREDITORS")]
CONTROLS = ["610", "800"]
"""Accounts on which of all documents only bank transactions have lines."""
BAD_ID = "not-an-id"
OWN = "OWN"
"""Stands for a name that no other record has."""
RUNS = count()
EXAMPLES = int(os.environ.get("XERO_ASYNC_EXAMPLES", "25"))
"""Batches of each kind of record that are compared; thousands take minutes."""
USER = "getUsers"


class Slip(NamedTuple, Generic[T]):
    """A field: what it holds in a good record, and what it may hold by a slip."""

    good: T
    odd: st.SearchStrategy[T]
    listed: Sequence[T] = ()
    """Slips that are all tried, beside those that are drawn."""


class Made(NamedTuple, Generic[T]):
    """Records of a kind: as they are drawn, and a good one with each of its slips."""

    drawn: st.SearchStrategy[T]
    singles: list[T]


def mostly(good: T, *odd: T) -> Slip[T]:
    """A good value, and others that a slip makes of it."""
    return Slip(good, st.sampled_from([good, *odd]), odd)


def built(kind: Callable[..., T], **fields: Slip[Any]) -> Made[T]:
    """Good records of a kind with two slips at most, so that one does not hide another."""

    @st.composite
    def slipped(draw: st.DrawFn) -> T:
        slips = draw(st.sets(st.sampled_from(sorted(fields)), max_size=2))
        return kind(**{name: draw(field.odd) if name in slips else field.good for name, field in fields.items()})

    good = {name: field.good for name, field in fields.items()}
    singles = [{**good, name: value} for name, field in fields.items() for value in field.listed]
    return Made(slipped(), [kind(**good), *(kind(**each) for each in singles)])


def lists(each: Made[T], most: int = 2) -> Slip[list[T] | None]:
    """Nothing, and by a slip a list of odd ones."""
    listed = [[single] for single in each.singles]
    return Slip(None, st.lists(each.drawn, min_size=1, max_size=most), [*listed, each.singles[:1] * most])


def some(good: T, *odd: st.SearchStrategy[T], listed: Sequence[T] = ()) -> Slip[T]:
    """A good value, and others to be drawn."""
    return Slip(good, st.one_of(*odd), listed)


def numbers(*values: str | None) -> Slip[Decimal | None]:
    """The first of these numbers, and by a slip one of the others or any small one."""
    good, *odd = [None if value is None else Decimal(value) for value in values]
    return Slip(good, st.sampled_from([good, *odd]) | st.decimals(-300, 300, places=5), odd)


def texts(good: str | None, *odd: str | None) -> Slip[str | None]:
    """The first of these texts, and by a slip one of the others."""
    return mostly(good, *odd)


DAYS = mostly(date(2026, 11, 1), date(2026, 12, 1), None)
AMOUNTS = texts("Exclusive", None, "inclusive", "NoTax", "Sometimes")
CONTACTS = mostly(
    cast("m.Contact | None", m.Contact(name="ABC")),
    None,
    m.Contact(),
    m.Contact(name=" "),
    m.Contact(contact_id=BAD_ID),
    m.Contact(name="ABC", email_address="no address"),
    m.Contact(name="x" * 256),
)
CODES = texts("200", None, "", "400", "090", "610", "999", "12345678901234567890")
TAXES = texts("OUTPUT", None, "", "NONE", "INPUT2", "output", "15% GST", "NOSUCHTAX")
NUMBERS = texts("", None, "N-1", "N-2", "x" * 256)
CURRENCIES = texts("NZD", None, "", "usd", "CHF", "ABC", "DOLLAR")
RATES = numbers(None, "1.5", "0.0000001", "0", "-1")
STATUSES = texts("DRAFT", None, "SUBMITTED", "AUTHORISED", "authorised", "PAID", "VOIDED", "DELETED", "SENT", "")
TRACKING = mostly(
    cast("list[m.LineItemTracking] | None", None),
    [m.LineItemTracking(name="Region", option="North")],
    [m.LineItemTracking(tracking_category_id=BAD_ID)],
    [m.LineItemTracking(name="x" * 101, option="North")],
)


LINE = built(
    m.LineItem,
    description=texts("Work", None, "", " "),
    quantity=numbers("2", None, "0", "-1", "0.00001", "999999999999"),
    unit_amount=numbers("50.00", None, "-10", "0.005", "12.34567", "1E+12", "999999999999"),
    account_code=CODES,
    account_id=texts(None, BAD_ID),
    item_code=texts(None, "", "x" * 31),
    tax_type=TAXES,
    tax_amount=numbers(None, "7.5", "-500"),
    line_amount=numbers(None, "100", "99.99", "-100", "1E+12"),
    discount_rate=numbers(None, "10", "101", "-1", "100.0000001"),
    discount_amount=numbers(None, "3.335"),
    tracking=TRACKING,
)


@st.composite
def lines(draw: st.DrawFn) -> m.LineItem:
    """A line, often with the amount that it comes to."""
    line = copy(draw(LINE.drawn))
    if draw(st.booleans()) and line.discount_rate is None and line.discount_amount is None:
        line.line_amount = draw(st.sampled_from([line.line_amount, amount_of(line, 2), amount_of(line, 4)]))
    return line


def amount_of(line: m.LineItem, places: int) -> Decimal | None:
    """Quantity × unit amount by another way than the package's: in whole hundred-thousandths."""
    if line.unit_amount is None or abs(line.unit_amount) > 10**6 or abs(line.quantity or Decimal(0)) > 10**6:
        return None
    unit = half_up(half_up(line.unit_amount, 4), places)
    return half_up(unit * (half_up(Decimal(1) if line.quantity is None else line.quantity, 4)), 2)


def half_up(value: Decimal, places: int) -> Decimal:
    """Rounded half away from zero."""
    whole, rest = divmod(abs(Fraction(value)) * 10**places, 1)
    amount = Decimal(whole + (1 if rest * 2 >= 1 else 0)).scaleb(-places)
    return -amount if value < 0 else amount


PLAIN = [m.LineItem(description="Work", unit_amount=Decimal(50), account_code="200")]
LINES = some(
    cast("list[m.LineItem] | None", PLAIN),
    st.none(),
    st.lists(lines(), max_size=3),
    lines().map(lambda each: [each]),
    listed=[None, [], *([each] for each in LINE.singles), [m.LineItem(description="Work", quantity=Decimal(1))]],
)
ACCOUNT = mostly(m.Account(code="090"), None, m.Account(), m.Account(account_id=BAD_ID), m.Account(code="x" * 11))
AMOUNT = numbers("10", None, "0", "-5", "0.004", "1E+12")
BAD_OR_NONE = texts(None, cast("str", None), BAD_ID)
PHONES = lists(built(m.Phone, phone_type=texts("DEFAULT", None, "office", "HOME"), phone_number=texts("555", "x" * 51)))
ADDRESSES = lists(
    built(m.Address, address_type=texts("STREET", None, "pobox", "DELIVERY"), city=texts("Oslo", "x" * 256))
)
PERSONS = lists(built(m.ContactPerson, email_address=texts("a@b", None, "", "nobody")), 6)
NAMES = texts(OWN, "Alpha", "alpha ", None, "", " ")
PRICE = built(
    m.Purchase,
    unit_price=numbers("5", None, "-1", "-0.00001", "-0.00004", "1E+12"),
    account_code=texts("200", None, "999"),
    cogs_account_code=texts(None, "310", "999"),
    tax_type=TAXES,
)
PRICES = some(cast("m.Purchase | None", None), PRICE.drawn, listed=PRICE.singles)
COMPONENT = built(
    m.TaxComponent,
    name=texts("GST", None, " ", "x" * 51),
    rate=numbers("15", None, "0", "100.0000001", "101"),
    is_compound=mostly(False, True, None),
)
COMPONENTS = some(
    cast("list[m.TaxComponent] | None", [m.TaxComponent(name="GST", rate=Decimal(15))]),
    st.lists(COMPONENT.drawn, max_size=2),
    listed=[
        None,
        [],
        [m.TaxComponent(name=each, rate=Decimal(5), is_compound=True) for each in "AB"],
        *([each] for each in COMPONENT.singles),
    ],
)
BILLED = m.Invoice(invoice_number="PAY-1")
INVOICES = mostly(BILLED, None, m.Invoice(), m.Invoice(invoice_id=BAD_ID), m.Invoice(invoice_number="x" * 256))
TARGETS: dict[str, Slip[Any]] = {
    "invoice": INVOICES,
    "credit_note": mostly(None, m.CreditNote(), m.CreditNote(credit_note_id=BAD_ID)),
    "invoice_number": texts(None, "x" * 256, ""),
}
CREDIT = m.ManualJournalLine(line_amount=Decimal(-50), account_code="400")
JOURNAL_LINE = built(
    m.ManualJournalLine,
    line_amount=mostly(Decimal(50), Decimal("50.004"), Decimal(25), None),
    account_code=CODES,
    tax_type=texts(None, "", "NONE", "output", "OUTPUT"),
)
JOURNAL_LINES = some(
    [JOURNAL_LINE.singles[0], CREDIT],
    st.lists(JOURNAL_LINE.drawn, max_size=3),
    JOURNAL_LINE.drawn.map(lambda each: [each, CREDIT]),
    listed=[[], [CREDIT], *([each, CREDIT] for each in JOURNAL_LINE.singles)],
)
PAYMENT = built(m.Payment, amount=numbers("10", "0", "-5", "0.004", "1E+12"), **TARGETS)
DATED: dict[str, Slip[Any]] = {"contact": CONTACTS, "line_items": LINES, "date": DAYS, "status": STATUSES}
PRICED: dict[str, Slip[Any]] = {
    **DATED,
    "currency_code": CURRENCIES,
    "currency_rate": RATES,
    "branding_theme_id": BAD_OR_NONE,
}
USERS = mostly(m.User(user_id=USER), None, m.User(), m.User(user_id=BAD_ID))
RECEIPT = built(
    m.Receipt,
    receipt_id=BAD_OR_NONE,
    line_items=LINES,
    total=numbers("10", None, "-5"),
    line_amount_types=AMOUNTS,
    date=DAYS,
)
RECEIPTS = some(
    [m.Receipt(line_items=PLAIN)],
    st.lists(RECEIPT.drawn, max_size=2),
    listed=[[], [m.Receipt(total=Decimal(-5))], *([each] for each in RECEIPT.singles)],
)
SCHEDULE = built(
    m.Schedule,
    period=mostly(1, None, 0, 100),
    unit=texts("MONTHLY", None, "daily"),
    due_date=mostly(20, None, 32),
    due_date_type=texts("OFCURRENTMONTH", None, "NEVER"),
    start_date=mostly(None, date(2026, 11, 1), date(2027, 1, 1)),
    # Not before the sandbox's day, on which a schedule starts that does not say when.
    end_date=mostly(date(2026, 12, 1), None),
)
SCHEDULES = some(cast("m.Schedule | None", SCHEDULE.singles[0]), SCHEDULE.drawn, listed=[None, *SCHEDULE.singles])
RECORDS: dict[type[Model], Made[Any]] = {
    m.Invoice: built(
        m.Invoice,
        type=texts("ACCREC", "ACCREC", "ACCPAY", "accpay", None, "ACCRECCREDIT", ""),
        line_amount_types=AMOUNTS,
        due_date=DAYS,
        invoice_number=NUMBERS,
        invoice_id=BAD_OR_NONE,
        sub_total=numbers(None, "100", "1E+12"),
        total=numbers(None, "100"),
        **PRICED,
    ),
    m.CreditNote: built(
        m.CreditNote,
        type=texts("ACCRECCREDIT", "ACCPAYCREDIT", None, "ACCREC"),
        line_amount_types=AMOUNTS,
        credit_note_number=texts("", None, "N-1", "N-2"),
        **PRICED,
    ),
    m.Quote: built(
        m.Quote,
        line_amount_types=texts("EXCLUSIVE", None, "Inclusive", "NOTAX", "SOMETIMES"),
        quote_number=NUMBERS,
        title=texts("Title", "x" * 101),
        expiry_date=DAYS,
        **PRICED,
    ),
    m.PurchaseOrder: built(
        m.PurchaseOrder,
        line_amount_types=AMOUNTS,
        purchase_order_number=NUMBERS,
        reference=texts("R", "x" * 256),
        telephone=texts("5", "x" * 51),
        **PRICED,
    ),
    m.RepeatingInvoice: built(
        m.RepeatingInvoice,
        type=texts("ACCREC", "ACCPAY", None, "SALE"),
        contact=CONTACTS,
        line_items=LINES,
        status=STATUSES,
        schedule=SCHEDULES,
        currency_code=CURRENCIES,
        line_amount_types=AMOUNTS,
    ),
    m.Receipt: built(m.Receipt, user=USERS, line_amount_types=AMOUNTS, reference=texts("R", "x" * 256), **DATED),
    m.ExpenseClaim: built(m.ExpenseClaim, status=texts("SUBMITTED", None, "PAID"), user=USERS, receipts=RECEIPTS),
    m.BankTransaction: built(
        m.BankTransaction,
        type=texts("SPEND", "RECEIVE", "RECEIVE-OVERPAYMENT", "spend-prepayment", "SPEND-TRANSFER", None, "PAY"),
        status=texts("AUTHORISED", None, "DELETED", "DRAFT"),
        contact=CONTACTS,
        bank_account=ACCOUNT,
        line_items=LINES,
        line_amount_types=AMOUNTS,
        currency_code=texts("NZD", None, "ABC"),
        date=DAYS,
    ),
    m.BankTransfer: built(
        m.BankTransfer,
        from_bank_account=ACCOUNT,
        to_bank_account=mostly(m.Account(code="091"), None, m.Account(code="090")),
        amount=AMOUNT,
        reference=texts("R", "x" * 256),
        date=DAYS,
    ),
    m.Payment: built(
        m.Payment,
        account=ACCOUNT,
        amount=AMOUNT,
        code=texts(None, "x" * 11, "090"),
        status=texts("AUTHORISED", None, "DELETED", "PAID"),
        **TARGETS,
    ),
    m.BatchPayment: built(
        m.BatchPayment,
        account=ACCOUNT,
        code=texts("C", "x" * 13),
        payments=some(
            [PAYMENT.singles[0]],
            st.lists(PAYMENT.drawn, max_size=2),
            listed=[[], *([each] for each in PAYMENT.singles)],
        ),
    ),
    m.ManualJournal: built(
        m.ManualJournal,
        narration=texts("Why", None, "", " "),
        journal_lines=JOURNAL_LINES,
        line_amount_types=AMOUNTS,
        status=texts("DRAFT", None, "POSTED", "VOIDED"),
        date=DAYS,
    ),
    m.Contact: built(
        m.Contact,
        name=NAMES,
        contact_number=texts(None, "1", "2", "x" * 51),
        contact_status=texts("ACTIVE", None, "ARCHIVED", "archived", "DELETED"),
        contact_id=BAD_OR_NONE,
        email_address=texts("a@b", None, "", "a b@c", "nobody", "x" * 255 + "@"),
        phones=PHONES,
        addresses=ADDRESSES,
        contact_persons=PERSONS,
        default_currency=texts("NZD", None, "CHF", "ABC", "DOLLAR"),
    ),
    m.ContactGroup: built(m.ContactGroup, name=NAMES, status=texts("ACTIVE", None, "DELETED", "OLD")),
    m.Item: built(
        m.Item,
        code=texts(OWN, "Alpha", "alpha ", None, "", " ", "x" * 31),
        sales_details=PRICES,
        purchase_details=PRICES,
        inventory_asset_account_code=texts(None, "630", "", "630"),
    ),
    m.Employee: built(
        m.Employee,
        first_name=texts("A", None, "", "x" * 256),
        last_name=texts("B", " "),
        status=texts("ACTIVE", None, "GONE"),
        external_link=mostly(None, m.ExternalLink(link_type="MySpace"), m.ExternalLink(link_type="twitter")),
    ),
    m.TaxRate: built(
        m.TaxRate,
        name=NAMES,
        tax_components=COMPONENTS,
        status=texts("ACTIVE", None, "DELETED", "PENDING"),
        report_tax_type=texts("OUTPUT", "ANYTHING", "x" * 51),
    ),
    m.PaymentService: built(
        m.PaymentService,
        payment_service_name=NAMES,
        payment_service_url=texts("https://pay.example", None, "http://pay.example", "", "HTTPS://PAY.EXAMPLE"),
        pay_now_text=texts("Pay", None, "x" * 51),
        payment_service_type=texts(None, "custom", "PayPal"),
    ),
}
OPERATIONS: dict[type[Model], str] = {
    m.BankTransfer: "createBankTransfer",
    m.BatchPayment: "createBatchPayment",
    m.ContactGroup: "createContactGroup",
    m.Receipt: "createReceipt",
    m.PaymentService: "createPaymentService",
}
NAMED = (
    "name",
    "code",
    "contact_number",
    "invoice_number",
    "credit_note_number",
    "quote_number",
    "purchase_order_number",
    "payment_service_name",
)
UNKNOWABLE = (
    "could not be found.",
    "is not a valid inventory asset account.",
    "is not an active bank account.",
    "outstanding on this document",
)
"""What the sandbox says of documents and accounts that it has or has not."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    """One engine for all examples, each of which has names of its own, with an invoice that can be paid."""
    engine = Engine()
    engine.invoice(
        InvoiceNumber=BILLED.invoice_number,
        Status="AUTHORISED",
        LineItems=[line(Quantity=1, UnitAmount=10**11)],
    )
    return engine


def own(record: Model, run: int, row: int) -> Model:
    """The record, with names and numbers that no other example has."""
    if isinstance(record, m.Payment | m.BatchPayment):
        return record
    for attribute in NAMED:
        value = getattr(record, attribute, None)
        if value == OWN:
            setattr(record, attribute, f"{OWN}{run}-{row}")
        elif value and value.strip() and len(value) < 10:
            setattr(record, attribute, f"{value.rstrip()}{run}{value[len(value.rstrip()) :]}")
    return record


def twins(records: list[Model]) -> list[Model]:
    """The records, the last with the names and numbers of the first."""
    for attribute in NAMED:
        if hasattr(records[0], attribute) and not isinstance(records[0], m.Payment | m.BatchPayment):
            setattr(records[-1], attribute, getattr(records[0], attribute))
    return records


def with_user(record: Model, user: str) -> Model:
    """The record, with a user whom there is in place of the one who stands for it."""
    owner = cast("m.User | None", getattr(record, "user", None))
    if owner is not None and owner.user_id == USER:
        cast("m.Receipt", record).user = m.User(user_id=user)
    return record


def told(engine: Engine, records: Sequence[Model], places: Literal[2, 4]) -> list[list[str] | None]:
    """What the sandbox refuses each record for; None for one that it takes."""
    kind = type(records[0])
    envelope = envelope_of(kind)
    body = encode(envelope(**{records_attribute(envelope): records}))
    operation = OPERATIONS.get(kind, f"create{envelope.__name__}")
    answer = engine.good(operation, body, summarizeerrors="false", unitdp=places)
    shown: list[dict[str, Any]] = answer[envelope.__name__]  # Any: JSON
    assert len(shown) == len(records)
    return [
        [error["Message"] for error in each["ValidationErrors"]] if each["StatusAttributeString"] == "ERROR" else None
        for each in shown
    ]


def records_attribute(envelope: Any) -> str:  # Any: of every envelope
    """The attribute of an envelope that holds the records."""
    return str(envelope.records_field())


def compare(engine: Engine, records: Sequence[Model], places: Literal[2, 4]) -> None:
    """What the check finds in a batch, held against what the sandbox says of it."""
    found: dict[int, list[Finding]] = {}
    accounts = [*ACCOUNTS, *CONTROLS] if isinstance(records[0], m.BankTransaction) else ACCOUNTS
    for finding in check(records, unitdp=places, tax_types=TAX_RATES, accounts=accounts, currencies=CURRENCY_NAMES):
        found.setdefault(finding.row, []).append(finding)
    for row, refused in enumerate(told(engine, records, places)):
        mine = found.get(row, [])
        errors = [finding for finding in mine if finding.severity == "error"]
        assert refused is not None or errors == [], (records[row], errors)
        if refused and not all(message.endswith(UNKNOWABLE) for message in refused):
            assert mine, (records[row], refused)


def user_of(engine: Engine) -> str:
    """A user of the sandbox's organisation."""
    return str(engine.good("getUsers")["Users"][0]["UserID"])


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_one_slip(kind: type[Model], engine: Engine) -> None:
    """A good record with each of its slips: what is an error is refused, and what is refused was found."""
    run, user = next(RUNS), user_of(engine)
    records = [with_user(own(copy(each), run, row), user) for row, each in enumerate(RECORDS[kind].singles)]
    compare(engine, records, 2)
    for attribute in NAMED:
        if hasattr(kind, attribute) and kind not in (m.Payment, m.BatchPayment):
            pair = [own(copy(RECORDS[kind].singles[0]), next(RUNS), row) for row in range(2)]
            for each in pair:
                setattr(with_user(each, user), attribute, f"Twin {run}")
            compare(engine, pair, 2)
    if hasattr(kind, "status") and hasattr(kind, "line_items"):
        approved = [each for each in map(copy, RECORDS[kind].singles) if each.status == "DRAFT"]
        for row, each in enumerate(approved):
            each.status = "AUTHORISED"
            own(with_user(each, user), next(RUNS), row)
        if approved:
            compare(engine, approved, 4)


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_many_slips(kind: type[Model], engine: Engine) -> None:
    """Batches with slips of all kinds: what is an error is refused, and what is refused was found."""
    user = user_of(engine)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.lists(RECORDS[kind].drawn, min_size=1, max_size=4), st.sampled_from([2, 4]), st.booleans())
    def draw(drawn: list[Model], places: Literal[2, 4], twin: bool) -> None:
        run = next(RUNS)
        records = [with_user(own(each, run, row), user) for row, each in enumerate(drawn)]
        compare(engine, twins(records) if twin else records, places)

    draw()


def test_every_batch_that_the_sandbox_creates_is_compared() -> None:
    """Each sheet is held against the sandbox; allocations, which need two documents, have tests of their own."""
    assert set(RECORDS) | {m.Allocation} == set(SHEETS)


@settings(max_examples=3 * EXAMPLES, deadline=None)
@given(st.sampled_from(list(SHEETS)).flatmap(lambda kind: st.lists(records_of(kind), max_size=3)), st.booleans())
def test_nothing_that_a_record_can_hold_raises(drawn: list[Any], network: bool) -> None:  # Any: of every model
    """Whatever values the fields of a record have, the check goes through."""
    for finding in check(drawn, network=network, accounts=["200"], tracking={"Region": ["North"]}):
        assert str(finding)
