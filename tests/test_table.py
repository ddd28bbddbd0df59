"""The table against Xero's own description, and how its lines look from Python."""

from __future__ import annotations

import inspect
import pydoc
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import pytest
from facts import OPERATIONS, OperationFact
from msgspec.structs import fields
from recording import Organisation, Recorder

import xero_async
from xero_async import models
from xero_async.apis.accounting import Contacts, Invoices
from xero_async.apis.rows import Resource
from xero_async.wire import Operation

ROWS = {row.id: row for row in xero_async.operations()}
EVERY_FACT = pytest.mark.parametrize(("id", "fact"), list(OPERATIONS.items()))


# -- against the description ----------------------------------------------------------------------------------------


def test_every_operation_is_declared_once() -> None:
    """The table has a line for each of the fifty operations, and none besides, each once."""
    declared = [row.id for row in xero_async.operations()]
    assert len(declared) == len(OPERATIONS) == 50
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
    """Whether a keyword's type can hold what the description asks for."""
    if wanted.startswith("array<"):
        (item,) = get_args(kind)
        return get_origin(kind) is Sequence and fits(item, wanted[6:-1])
    options = {option for option in get_args(kind) if option is not type(None)} or {kind}
    if wanted == "integer":
        return options in ({int}, {Literal[2, 4]})
    simple = {"string": {str}, "boolean": {bool}, "date-time": {datetime}, "uuid": {str, UUID}}
    return simple[wanted] == {option for option in options if get_origin(option) is not Literal}


@EVERY_FACT
def test_what_an_operation_takes(id: str, fact: OperationFact) -> None:
    """Every parameter of the description is a typed keyword, under Xero's name on the wire, and there is no other."""
    keywords = {field.encode_name: field.type for field in fields(ROWS[id].parameters)}
    # An upload's content type is a header of HTTP's own, which the description leaves to HTTP.
    known = fact.query | fact.headers | ({"Content-Type": "string"} if fact.sends == "bytes" else {})
    assert set(keywords) == set(known)
    assert [name for name, kind in keywords.items() if not fits(kind, known[name])] == []


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


def coroutines(part: Resource) -> Iterator[Callable[..., object]]:
    """Every coroutine of a resource and of those mounted in it."""
    names = {name for kind in type(part).__mro__ for name in vars(kind) if not name.startswith("_")}
    for member in (getattr(part, name) for name in sorted(names)):
        if isinstance(member, Resource):
            yield from coroutines(member)
        elif hasattr(member, "operation"):
            yield member


BOUND: dict[str, Any] = {call.operation.id: call for call in coroutines(Organisation(Recorder()))}  # type: ignore[attr-defined]  # set at run time


def test_every_operation_is_a_coroutine() -> None:
    """Each operation can be reached by attributes from a tenant."""
    assert set(BOUND) == set(OPERATIONS)


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
    ids = len(fact.ids)
    assert all(name.endswith(("_id", "_number", "_name")) for name in positional[:ids])
    assert positional[ids:] in ([[]] if fact.sends is None else [["records"], ["record"], ["content"], ["note"]])
    assert keywords == {field.name: field.default for field in fields(ROWS[id].parameters)}


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
    """Each resource says what it is."""

    def resources(part: Resource) -> Iterator[Resource]:
        yield part
        for name in {name for kind in type(part).__mro__ for name in vars(kind)} - set(vars(Resource)):
            if isinstance(member := getattr(part, name), Resource):
                yield from resources(member)

    assert all(inspect.getdoc(type(part)) for part in resources(Organisation(Recorder())))
