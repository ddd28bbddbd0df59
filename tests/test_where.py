"""The filter builder: Xero's text for each condition, what is refused, and that the text means what was built."""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from facts import SCHEMAS
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields
from recording import Organisation, Recorder

from xero_async import models
from xero_async.models import BankTransaction, Contact, Invoice, Model, ReportAttribute
from xero_async.sandbox.query import compile_where
from xero_async.sandbox.resources import INVOICES
from xero_async.wire.errors import InvalidArgument
from xero_async.wire.where import Condition, F, Field

ID = "243216c5-369e-4056-ac67-05388f86dc81"
AUCKLAND = timezone(timedelta(hours=13))
MORNING = datetime(2026, 1, 31, 9, 5, 7, 999, tzinfo=UTC)


class Nowhere(tzinfo):
    """A zone that does not say where it is."""

    def utcoffset(self, moment: datetime | None, /) -> None:
        """Nothing."""

    dst = utcoffset

    def tzname(self, moment: datetime | None, /) -> str:
        """Its name."""
        return "nowhere"


# -- Xero's text ----------------------------------------------------------------------------------------------------


def test_the_example() -> None:
    """Statuses, a day and a contact come out as Xero writes them."""
    built = F.status.in_("DRAFT", "PAID") & (F.date >= date(2026, 1, 1)) & (F.contact.id == ID)
    text = f'(Status=="DRAFT" OR Status=="PAID") AND Date>=DateTime(2026, 01, 01) AND Contact.ContactID==Guid("{ID}")'
    assert str(built) == built.text(Invoice) == text
    assert repr(built) == f"<Condition {text}>"


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (F.reference == "A&B é", 'Reference=="A&B é"'),
        (F.reference == "", 'Reference==""'),
        (F.reference != "it's \\ back", 'Reference!="it\'s \\ back"'),
        (F.reference == None, "Reference==null"),  # noqa: E711 - the point of a builder
        (F.due_date != None, "DueDate!=null"),  # noqa: E711 - likewise
        (F.sent_to_contact == True, "SentToContact==true"),  # noqa: E712 - likewise
        (F.has_attachments == False, "HasAttachments==false"),  # noqa: E712 - likewise
        (F.total > 1, "Total>1"),
        (F.total >= -5, "Total>=-5"),
        (F.total < Decimal("1000.50"), "Total<1000.50"),
        (F.total <= Decimal("1E+3"), "Total<=1000"),
        (F.total == Decimal("1E-7"), "Total==0.0000001"),
        (F.amount_due != 0, "AmountDue!=0"),
        (F.date == date(2026, 1, 31), "Date==DateTime(2026, 01, 31)"),
        (F.date == date(26, 1, 31), "Date==DateTime(0026, 01, 31)"),
        (F.updated_date_utc > MORNING, "UpdatedDateUTC>DateTime(2026, 01, 31, 09, 05, 07)"),
        (F.updated_date_utc > MORNING.astimezone(AUCKLAND), "UpdatedDateUTC>DateTime(2026, 01, 31, 09, 05, 07)"),
        (F.invoice_id == UUID(ID), f'InvoiceID==Guid("{ID}")'),
        (F.invoice_id == ID.upper(), f'InvoiceID==Guid("{ID.upper()}")'),
        (F.invoice_id != ID, f'InvoiceID!=Guid("{ID}")'),
        # Text that happens to look like an id stays text, and an id that is none does too.
        (F.reference == ID, f'Reference=="{ID}"'),
        (F.invoice_id == "INV-1", 'InvoiceID=="INV-1"'),
        (F.contact.name == "ABC", 'Contact.Name=="ABC"'),
        (F.contact.contact_id == ID, f'Contact.ContactID==Guid("{ID}")'),
        (F.contact.id == UUID(ID), f'Contact.ContactID==Guid("{ID}")'),
        (F.contact == None, "Contact==null"),  # noqa: E711 - likewise
        (F.reference.contains("x"), 'Reference.Contains("x")'),
        (F.contact.name.starts_with("A b"), 'Contact.Name.StartsWith("A b")'),
        (F.invoice_number.ends_with("7"), 'InvoiceNumber.EndsWith("7")'),
        (F.status.in_("PAID"), 'Status=="PAID"'),
        (F.total.in_(1, Decimal("2.50")), "(Total==1 OR Total==2.50)"),
        (F.contact.id.in_(ID, UUID(ID)), f'(Contact.ContactID==Guid("{ID}") OR Contact.ContactID==Guid("{ID}"))'),
        (F.due_date.in_(None, date(2026, 1, 1)), "(DueDate==null OR DueDate==DateTime(2026, 01, 01))"),
        (F.type.in_("A", "B", "C"), '(Type=="A" OR Type=="B" OR Type=="C")'),
    ],
    ids=str,
)
def test_a_condition(built: Condition, text: str) -> None:
    """Each type of value and each verb has Xero's spelling, checked against the model or not."""
    assert str(built) == built.text(Invoice) == text


def test_turned_around() -> None:
    """A value may stand on the left."""
    assert str(1 < F.total) == "Total>1"  # noqa: SIM300 - the point here
    assert str("PAID" == F.status) == 'Status=="PAID"'  # noqa: SIM300 - likewise


def both(one: Condition, other: Condition) -> Condition:
    """Both of them."""
    return one & other


def either(one: Condition, other: Condition) -> Condition:
    """One of them."""
    return one | other


A, B, C, D = F.total == 1, F.total == 2, F.total == 3, F.total == 4


@pytest.mark.parametrize(
    ("built", "text"),
    [
        (A & B & C, "Total==1 AND Total==2 AND Total==3"),
        (A & (B & C), "Total==1 AND Total==2 AND Total==3"),
        (A | B | C, "(Total==1 OR Total==2 OR Total==3)"),
        (A | (B | C), "(Total==1 OR Total==2 OR Total==3)"),
        (A & B | C, "(Total==1 AND Total==2 OR Total==3)"),
        (A & (B | C), "Total==1 AND (Total==2 OR Total==3)"),
        ((A | B) & (C | D), "(Total==1 OR Total==2) AND (Total==3 OR Total==4)"),
        (A | B & (C | D), "(Total==1 OR Total==2 AND (Total==3 OR Total==4))"),
    ],
    ids=str,
)
def test_brackets(built: Condition, text: str) -> None:
    """OR stands in brackets, AND needs none, and what is joined alike is one row."""
    assert str(built) == text


def test_a_long_chain_is_no_deep_nest() -> None:
    """A thousand conditions, joined one by one or by a list, stand in one pair of brackets."""
    numbers = range(1000)
    one_by_one = reduce(either, (F.total == number for number in numbers))
    assert str(one_by_one) == str(F.total.in_(*numbers)) == f"({' OR '.join(f'Total=={number}' for number in numbers)})"


def test_joining_changes_nothing() -> None:
    """A condition may be part of several others, and stays what it was."""
    first, second = A & B, A | B
    assert (str(first & C), str(first & D)) == (f"{first} AND Total==3", f"{first} AND Total==4")
    assert str(second | C) == "(Total==1 OR Total==2 OR Total==3)"
    assert (str(first), str(second)) == ("Total==1 AND Total==2", "(Total==1 OR Total==2)")


# -- against a model ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_every_field_can_be_named(schema: str) -> None:
    """Each field of each record has Xero's name in a filter, and none is hidden by a verb of the builder."""
    kind: type[Model] = getattr(models, schema)
    for field in fields(kind):
        named: Field = getattr(F, field.name)
        assert (named == None).text(kind) == f"{field.encode_name}==null"  # noqa: E711 - the point of a builder


@pytest.mark.parametrize(
    ("built", "record", "text"),
    [
        (F.id == ID, Invoice, f'InvoiceID==Guid("{ID}")'),
        (F.contact.id == ID, Invoice, f'Contact.ContactID==Guid("{ID}")'),
        # Only the model knows that the record there is an account.
        (F.bank_account.id == ID, BankTransaction, f'BankAccount.AccountID==Guid("{ID}")'),
        (F.bank_account.account_id == ID, BankTransaction, f'BankAccount.AccountID==Guid("{ID}")'),
        # A field that is called so comes first.
        (F.id == "account", ReportAttribute, 'Id=="account"'),
    ],
    ids=str,
)
def test_ids_are_short(built: Condition, record: type[Model], text: str) -> None:
    """`id` is the id of the record that it is asked of, whatever Xero calls it."""
    assert built.text(record) == text


@pytest.mark.parametrize(
    ("built", "record", "message"),
    [
        (F.totl > 1, Invoice, "Invoice has no field totl"),
        (F.total > 1, Contact, "Contact has no field total"),
        (F.contact.nam == "x", Invoice, r"Invoice has no field contact\.nam"),
        (F.status.length > 3, Invoice, r"Invoice has no field status\.length"),
        (F.line_items.description == "x", Invoice, r"Invoice has no field line_items\.description"),
        (F.Status == "PAID", Invoice, "Invoice has no field Status"),
        (F.reference.id == "x", Invoice, r"Invoice has no field reference\.id"),
        ((F.total > 1) & (F.status.in_("A", "B") | F.refrence.contains("x")), Invoice, "no field refrence"),
    ],
)
def test_unknown_fields_are_refused(built: Condition, record: type[Model], message: str) -> None:
    """A field that the record lacks raises with its name, wherever in the filter it stands."""
    with pytest.raises(InvalidArgument, match=message):
        built.text(record)


async def test_a_list_takes_a_condition() -> None:
    """A list sends a condition as text, escaped for the URL; plain text goes as it is."""
    recorder = Recorder()
    tenant = Organisation(recorder)
    await tenant.invoices.list(where=(F.status == "PAID") & (F.contact.name == "A&B"))
    await tenant.bank_transactions.list(where=F.bank_account.id == ID)
    await tenant.accounts.list(where='Status=="ACTIVE"')
    assert [request.target.partition("?")[2] for request in recorder.requests] == [
        "where=Status%3D%3D%22PAID%22%20AND%20Contact.Name%3D%3D%22A%26B%22&page=1",
        f"where=BankAccount.AccountID%3D%3DGuid%28%22{ID}%22%29&page=1",
        "where=Status%3D%3D%22ACTIVE%22",
    ]


async def test_a_list_refuses_what_its_records_lack() -> None:
    """A filter by a field that the listed records do not have is refused before anything is sent."""
    recorder = Recorder()
    with pytest.raises(InvalidArgument, match="Contact has no field total"):
        await Organisation(recorder).contacts.list(where=F.total > 1)
    assert recorder.requests == []


# -- what is refused ------------------------------------------------------------------------------------------------

anything: Any = F
"""The builder to programs that have no type checker."""


@pytest.mark.parametrize(
    "build",
    [
        lambda: F.reference == 'say "hi"',
        lambda: F.reference.in_("fine", '"'),
        lambda: F.reference.contains('"'),
        lambda: F.reference.starts_with('"'),
        lambda: F.reference.ends_with('a"'),
        lambda: F.updated_date_utc > datetime(2026, 1, 31),
        lambda: F.updated_date_utc > datetime(2026, 1, 31, tzinfo=Nowhere()),
        lambda: F.updated_date_utc > datetime.min.replace(tzinfo=AUCKLAND),
        lambda: F.total > Decimal("NaN"),
        lambda: F.total > Decimal("sNaN"),
        lambda: F.total < Decimal("-Infinity"),
        lambda: anything.total > 1.5,
        lambda: anything.total == float("nan"),
        lambda: anything.total == F.amount_due,
        lambda: anything.status == ["PAID"],
        lambda: anything.reference == b"bytes",
        lambda: F.status.in_(),
        lambda: str(F == 1),
        lambda: str(F.in_("x")),
        lambda: str(F.contains("x")),
        lambda: A and B,
        lambda: A or B,
        lambda: not A,
        lambda: bool(A & B),
        lambda: bool(F.status.in_("A", "B")),
        lambda: 1 < F.total < 5,
        lambda: F.status == "A" or F.status == "B",
        lambda: F.status in ["A", "B"],
    ],
)
def test_what_cannot_be_sent_is_refused(build: Callable[[], object]) -> None:
    """What Xero has no text for raises `InvalidArgument` where it is written."""
    with pytest.raises(InvalidArgument):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: hash(F.status),
        lambda: {F.status: 1},
        lambda: anything.total == (anything.amount_due & A),
        lambda: anything.status & A,
        lambda: "PAID" in anything.status,
        lambda: list(anything.status),
        lambda: anything.status(),
        lambda: ~anything.status,
        lambda: ~anything(A),
    ],
)
def test_what_is_no_condition(build: Callable[[], object]) -> None:
    """A field is no key, no list and no condition: Python itself refuses it."""
    with pytest.raises(TypeError):
        build()


def test_private_names_are_no_fields() -> None:
    """What Python asks of any object is no field of a record."""
    with pytest.raises(AttributeError):
        _ = F._anything  # pyright: ignore[reportPrivateUsage] - the point here
    assert repr(F.contact.name) == "F.contact.name"


# -- the text means what was built ----------------------------------------------------------------------------------

Row = dict[str, Any]  # Any: of each column's type
WORDS = ["A", "AB", "BA", "ABC", "a", "é"]
GUIDS = [UUID(int=number) for number in range(3)]
AMOUNTS = [Decimal(text) for text in ("-1", "0", "0.5", "1", "1.000001", "2.50", "100")]
DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(4)]
MOMENTS = [datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(seconds=number) for number in range(4)]

COLUMNS: dict[str, list[Any]] = {  # Any: likewise
    "Status": WORDS,
    "Contact.Name": WORDS,
    "id": GUIDS,
    "Contact.ContactID": GUIDS,
    "Total": AMOUNTS,
    "AmountDue": AMOUNTS,
    "Date": DAYS,
    "updated": MOMENTS,
    "SentToContact": [True, False],
}
FIELDS = {
    "Status": F.status,
    "Contact.Name": F.contact.name,
    "id": F.id,
    "Contact.ContactID": F.contact.id,
    "Total": F.total,
    "AmountDue": F.amount_due,
    "Date": F.date,
    "updated": F.updated_date_utc,
    "SentToContact": F.sent_to_contact,
}
Compare = Callable[[Any, Any], Any]  # Any: a field and a value, or two values
EQUAL: list[Compare] = [operator.eq, operator.ne]
ORDER: list[Compare] = [operator.lt, operator.le, operator.gt, operator.ge]
ORDERED = {"Total", "AmountDue", "Date", "updated"}


class Tree(NamedTuple):
    """A condition, and what it means."""

    built: Condition
    holds: Callable[[Row], bool]


@st.composite
def comparisons(draw: st.DrawFn) -> Tree:
    """A field compared with a value."""
    column = draw(st.sampled_from(sorted(COLUMNS)))
    sign = draw(st.sampled_from(EQUAL + ORDER if column in ORDERED else EQUAL))
    value = draw(st.sampled_from(COLUMNS[column] + [None] * (sign in EQUAL)))

    def holds(row: Row) -> bool:
        # Nothing is before or after null.
        return (sign in EQUAL or row[column] is not None) and bool(sign(row[column], value))

    return Tree(sign(FIELDS[column], value), holds)


@st.composite
def choices(draw: st.DrawFn) -> Tree:
    """A field that is one of some values."""
    column = draw(st.sampled_from(sorted(COLUMNS)))
    values = draw(st.lists(st.sampled_from([*COLUMNS[column], None]), min_size=1, max_size=4))

    def holds(row: Row) -> bool:
        return row[column] in values

    return Tree(FIELDS[column].in_(*values), holds)


MATCHES: list[tuple[Callable[[Field, str], Condition], Callable[[str, str], bool]]] = [
    (Field.contains, lambda text, part: part in text),
    (Field.starts_with, lambda text, part: text.startswith(part)),
    (Field.ends_with, lambda text, part: text.endswith(part)),
]


@st.composite
def matches(draw: st.DrawFn) -> Tree:
    """Text with some text in it."""
    column, part = draw(st.sampled_from(["Status", "Contact.Name"])), draw(st.sampled_from(WORDS))
    verb, found = draw(st.sampled_from(MATCHES))

    def holds(row: Row) -> bool:
        return row[column] is not None and found(row[column], part)

    return Tree(verb(FIELDS[column], part), holds)


def conjunction(trees: list[Tree]) -> Tree:
    """All of them."""

    def holds(row: Row) -> bool:
        return all(tree.holds(row) for tree in trees)

    return Tree(reduce(both, (tree.built for tree in trees)), holds)


def alternative(trees: list[Tree]) -> Tree:
    """Any of them; the last ones are joined first."""

    def holds(row: Row) -> bool:
        return any(tree.holds(row) for tree in trees)

    built = [tree.built for tree in reversed(trees)]
    return Tree(reduce(lambda after, before: before | after, built), holds)


def joined(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    """Trees out of trees."""
    several = st.lists(inner, min_size=2, max_size=4)
    return several.map(conjunction) | several.map(alternative)


TREES = st.recursive(comparisons() | choices() | matches(), joined, max_leaves=12)
ROWS = st.fixed_dictionaries({column: st.sampled_from([*values, None]) for column, values in COLUMNS.items()})


def as_stored(value: object) -> object:
    """A value as the sandbox keeps it: whole millionths, milliseconds, text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return int(value * 1_000_000)
    if isinstance(value, UUID):
        return str(value)
    assert isinstance(value, date)
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)
    return int(moment.timestamp()) * 1000


def selected(where: str, rows: list[Row]) -> list[bool]:
    """Which rows the sandbox, which reads the text on its own, finds by it."""
    condition = compile_where(where, INVOICES)
    columns = ", ".join(f'? AS "{column}"' for column in COLUMNS)
    found: list[bool] = []
    with closing(sqlite3.connect(":memory:")) as database:
        for row in rows:
            values = [*condition.values, *(as_stored(row[column]) for column in COLUMNS)]
            ((holds,),) = database.execute(f"SELECT {condition.sql} FROM (SELECT {columns})", values)
            found.append(bool(holds))
    return found


@settings(max_examples=150)
@given(TREES, st.lists(ROWS, min_size=4, max_size=8))
def test_the_text_means_what_was_built(tree: Tree, rows: list[Row]) -> None:
    """However conditions are joined, a reader of Xero's language finds just the rows for which they hold."""
    assert selected(tree.built.text(Invoice), rows) == [tree.holds(row) for row in rows]
