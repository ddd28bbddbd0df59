"""The table against Xero's own description, and how its lines look from Python."""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import pytest
from calling import COROUTINES, REQUIRED, ids_of, keyword, named_coroutines, parameters_of, takes
from facts import OPERATIONS, OperationFact
from msgspec import NODEFAULT
from msgspec.structs import fields
from recording import Organisation, Recorder

import xero_async
from xero_async import models
from xero_async.apis.accounting import Accounting, Contacts, Invoices
from xero_async.apis.rows import Resource, names_of
from xero_async.wire import Operation
from xero_async.wire.where import Condition

ROWS = {row.id: row for row in xero_async.operations()}
EVERY_FACT = pytest.mark.parametrize(("id", "fact"), list(OPERATIONS.items()), ids=list(OPERATIONS))
BOUND: dict[str, Any] = {id: attrgetter(name)(Organisation(Recorder())) for id, name in COROUTINES.items()}


# -- against the description ----------------------------------------------------------------------------------------


def test_every_operation_is_declared_once() -> None:
    """The table has a line for each of the 239 operations, and none besides, each once."""
    declared = [row.id for row in xero_async.operations()]
    assert len(declared) == len(OPERATIONS) == 239
    assert set(declared) == set(OPERATIONS)


@EVERY_FACT
def test_where_an_operation_goes(id: str, fact: OperationFact) -> None:
    """Method and path are Xero's, and the names in the path are those of the description."""
    row = ROWS[id]
    assert (row.method, row.path, row.root) == (fact.method, fact.path, "/api.xro/2.0")
    assert set(row.path_names) == set(fact.ids)
    assert row.needs_tenant
    assert row.is_write is (fact.method != "GET")


def fits(kind: Any, wanted: str) -> bool:
    """Whether a keyword's type is what the description asks for."""
    if wanted.startswith("array<"):
        (sequence,) = (option for option in get_args(kind) if option is not type(None))
        (item,) = get_args(sequence)
        return get_origin(sequence) is Sequence and fits(item, wanted[6:-1])
    options = {option for option in get_args(kind) if option is not type(None)} or {kind}
    if options == {Literal[2, 4]}:
        return wanted == "integer"
    # An enum is open, so its values stand beside plain text.
    return {option for option in options if get_origin(option) is not Literal} == SIMPLE[wanted]


SIMPLE: dict[str, set[type]] = {
    "string": {str},
    "integer": {int},
    "boolean": {bool},
    "date": {date},
    "date-time": {datetime},
    "uuid": {str, UUID},
    "filter": {str, Condition},
    "year": {str, int},
}
WIDER = {"where": "filter", "reportYear": "year"}
"""Parameters that take more than the text of the description."""


@EVERY_FACT
def test_what_an_operation_takes(id: str, fact: OperationFact) -> None:
    """Every parameter of the description is a typed keyword, under Xero's name on the wire, and there is no other."""
    keywords = {field.encode_name: field for field in fields(ROWS[id].parameters)}
    known = parameters_of(id, fact)
    assert set(keywords) == set(known)
    assert {name: field.name for name, field in keywords.items()} == {name: keyword(name) for name in known}
    assert [name for name, field in keywords.items() if not fits(field.type, WIDER.get(name, known[name]))] == []


@EVERY_FACT
def test_what_an_operation_cannot_do_without(id: str, fact: OperationFact) -> None:
    """Every keyword may be left out, but for those without which Xero answers nothing."""
    needed = {field.encode_name for field in fields(ROWS[id].parameters) if field.default is NODEFAULT}
    assert needed == REQUIRED & set(fact.query)


@EVERY_FACT
def test_what_an_operation_sends_and_returns(id: str, fact: OperationFact) -> None:
    """Body and result are the structs of the description, bytes, or nothing."""

    def named(name: str | None) -> object:
        return {None: None, "bytes": bytes}.get(name) if name in (None, "bytes") else getattr(models, str(name))

    assert (ROWS[id].sends, ROWS[id].returns) == (named(fact.sends), named(fact.returns))


@EVERY_FACT
def test_which_operations_take_a_key(id: str, fact: OperationFact) -> None:
    """An operation takes an idempotency key exactly where the description has one: on every PUT and POST."""
    assert ROWS[id].takes_key is ("Idempotency-Key" in fact.headers)
    assert ROWS[id].takes_key is (fact.method in ("PUT", "POST"))


# -- what the lines look like ---------------------------------------------------------------------------------------


def test_every_operation_is_a_coroutine() -> None:
    """Each operation can be reached by attributes from a tenant, in one way, and knows itself."""
    assert set(COROUTINES) == set(OPERATIONS)
    names = [name for name, _ in named_coroutines(Organisation(Recorder()))]
    assert {name for name in names if not name.rpartition(".")[2].startswith("save")} == set(COROUTINES.values())
    assert [id for id, coroutine in BOUND.items() if coroutine.operation.id != id] == []


def test_every_line_has_its_name() -> None:
    """The names that the table gives of its lines are the attributes that lead to them."""
    assert {name: operation.id for name, operation in names_of(Accounting)} == {
        name: coroutine.operation.id  # type: ignore[attr-defined]  # set at run time
        for name, coroutine in named_coroutines(Organisation(Recorder()))
    }


@EVERY_FACT
def test_signatures(id: str, fact: OperationFact) -> None:
    """A coroutine's signature has the path's names first, then what is sent, then a keyword for each parameter."""
    positional: list[str] = []
    keywords: dict[str, object] = {}
    for name, parameter in inspect.signature(BOUND[id]).parameters.items():
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(name)
        else:
            assert parameter.kind is parameter.KEYWORD_ONLY
            keywords[name] = parameter.default
    ids = [keyword(name) for name in ids_of(fact)]
    assert positional == ids + takes(fact)
    given = [
        (field.name, inspect.Parameter.empty if field.default is NODEFAULT else field.default)
        for field in fields(ROWS[id].parameters)
    ]
    assert list(keywords.items()) == given


@pytest.mark.parametrize(
    ("id", "signature"),
    [
        (
            "createInvoices",
            "(records, /, *, idempotency_key: str | None = None, summarize_errors: bool = False, "
            "unitdp: Optional[Literal[2, 4]] = None)",
        ),
        ("getInvoice", "(invoice_id, /, *, unitdp: Optional[Literal[2, 4]] = None)"),
        ("getContactByContactNumber", "(contact_number, /)"),
        ("deleteContactGroupContact", "(contact_group_id, contact_id, /)"),
        (
            "createContactAttachmentByFileName",
            "(contact_id, file_name, content, /, *, idempotency_key: str | None = None, "
            "content_type: str | None = None)",
        ),
        ("createExpenseClaimHistory", "(expense_claim_id, note, /, *, idempotency_key: str | None = None)"),
        (
            "updateTrackingOptions",
            "(tracking_category_id, tracking_option_id, record, /, *, idempotency_key: str | None = None)",
        ),
        ("deletePayment", "(payment_id, /, *, idempotency_key: str | None = None)"),
        ("deleteBankTransfers", "(ids, /, *, idempotency_key: str | None = None, summarize_errors: bool = False)"),
        ("getJournalByNumber", "(journal_number, /)"),
        (
            "getReportAgedPayablesByContact",
            "(*, from_date: datetime.date | None = None, to_date: datetime.date | None = None, "
            "contact_id: str | uuid.UUID | None, date: datetime.date | None = None)",
        ),
        ("postSetup", "(record, /, *, idempotency_key: str | None = None)"),
    ],
)
def test_signatures_in_full(id: str, signature: str) -> None:
    """What an editor or `help()` shows is the call as it is written."""
    assert str(inspect.signature(BOUND[id])).replace("typing.", "") == signature


@EVERY_FACT
def test_help(id: str, fact: OperationFact) -> None:
    """`help()` of a coroutine shows its signature, its method and path, and its id in Xero's description."""
    shown = pydoc.plain(pydoc.render_doc(BOUND[id]))
    assert f"{fact.method} {fact.path} ({id})" in shown
    assert f"{BOUND[id].__name__}(" in shown
    assert "**kwargs" not in shown


def test_a_row_on_the_class_is_its_operation() -> None:
    """On the class a row is data: what the commands, the sandbox and these tests read."""
    row = Invoices.create
    assert isinstance(row, Operation)
    assert (row.id, row.method, row.path) == ("createInvoices", "PUT", "/Invoices")
    assert Contacts.get.path == "/Contacts/{ContactID}"
    assert Contacts.attachments.full_path == "/Contacts/{ContactID}/Attachments"


def test_every_line_is_documented() -> None:
    """Each resource says what it is, in words of its own."""
    accounting = Organisation(Recorder())
    owners = {name.rpartition(".")[0] for name in COROUTINES.values()} - {""}
    parts: list[Resource] = [attrgetter(owner)(accounting) for owner in owners]
    words = {type(part): type(part).__doc__ for part in parts}
    assert all(words.values())
    assert len(set(words.values())) == len(words)
