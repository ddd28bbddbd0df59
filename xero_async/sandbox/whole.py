"""The handlers of whole documents, one for each kind of operation: list, fetch, save a batch, update one.

A handler is made for a resource and knows nothing of it but its row; what is particular to a resource is in
its rule.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

from .answers import (
    Answer,
    data_refused,
    envelope,
    high_volume,
    listed_messages,
    no_data,
    not_found,
    not_valid,
    query_refused,
    rejected,
    too_large,
    unsupported,
)
from .balances import with_balances
from .ledger import match, save
from .query import Condition, QueryRefused, SqlValue, compile_order, compile_where
from .resources import CONTACTS, Resource
from .rules import Rejected, accept
from .store import Form, Selection, Store
from .values import (
    ZERO_ID,
    Document,
    as_document,
    as_list,
    documents_in,
    dump_json,
    is_guid,
    load_json,
    read_day,
    read_guid,
    read_moment,
    text_of,
)
from .work import Work

# Xero advises about 50 elements a request, and refuses more than 500 where it names a limit:
# https://developer.xero.com/documentation/api/accounting/items
MOST_ELEMENTS: Final = 500
MOST_BYTES: Final = 3_670_016  # 3.5 MB
# https://developer.xero.com/documentation/best-practices/integration-health/scaling-your-integration/
HIGH_VOLUME: Final = 100_000
_PAGE_SIZE: Final = 100
_LARGEST_PAGE: Final = 1000
_LAST_PAGE: Final = 10**9


class Call(NamedTuple):
    """One request as a handler sees it: `now` in milliseconds, names of parameters and headers in lower case."""

    store: Store
    tenant: int
    now: int
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    content_type: str
    high_volume: int = HIGH_VOLUME  # the most documents that a list may go through without pages or a good filter

    @property
    def places(self) -> int:
        """The decimals of unit amounts that the request asks for: 2, or 4 with `unitdp=4`."""
        return 4 if self.query.get("unitdp") == "4" else 2

    @property
    def form(self) -> Form:
        """The form of whole documents in the answer."""
        return "fine" if self.places == 4 else "full"

    @property
    def work(self) -> Work:
        """The ground on which rules work for this request."""
        return Work(self.store, self.tenant, self.now, self.places)

    def flag(self, name: str) -> bool:
        """Whether a query parameter says true, in any case."""
        return self.query.get(name, "").lower() == "true"


Handler = Callable[[Call], Answer]


# ------------------------------------------------------------------------------------------------- reading


def listed(resource: Resource) -> Handler:
    """A list: filtered, ordered, in pages where the resource has them, else in one answer."""

    def handle(call: Call) -> Answer:
        filters, asked = _filters(resource, call), _where(resource, call)
        where = _together([*filters, asked])
        order = _order(resource, call)
        if resource.paged and not asked.optimised:
            _check_volume(call, call.store.count(resource, call.tenant, _together(filters)))
        count = call.store.count(resource, call.tenant, where)
        summary = call.flag("summaryonly") and resource.unpaged_summary
        if resource.paged and (call.query.get("page") or summary):
            return _page(resource, call, where, order, count, "summary" if summary else call.form)
        _check_volume(call, count)
        form: Form = "summary" if resource.unpaged_summary else call.form
        items = call.store.read(resource, call.tenant, Selection(where, order), form)
        return envelope(resource.name, items, call.now)

    return handle


def _check_volume(call: Call, count: int) -> None:
    if count > call.high_volume:
        raise high_volume(count)


def _page(resource: Resource, call: Call, where: Condition, order: str, count: int, form: Form) -> Answer:
    page = max(1, min(_whole_number(call, "page", 1), _LAST_PAGE))
    asked = _whole_number(call, "pagesize", _PAGE_SIZE) if resource.sized else _PAGE_SIZE
    size = max(1, min(asked, _LARGEST_PAGE))
    items = call.store.read(resource, call.tenant, Selection(where, order, size, (page - 1) * size), form)
    if resource is CONTACTS and form != "summary":
        items = with_balances(call.work, items)
    pages = {"page": page, "pageSize": size, "pageCount": -(-count // size), "itemCount": count}
    return envelope(resource.name, items, call.now, pages if resource.sized else None)


def _whole_number(call: Call, name: str, default: int) -> int:
    value = call.query.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.removeprefix("-").isdigit() and len(value) < 20):
        raise query_refused(f"The value '{value[:50]}' is not valid for {name}.")
    return int(value)


def _where(resource: Resource, call: Call) -> Condition:
    """The `where` of a list request; without one, everything."""
    where = call.query.get("where", "")
    try:
        return compile_where(where, resource) if where.strip() else Condition("1")
    except QueryRefused as refused:
        raise query_refused(str(refused)) from None


def _together(conditions: list[Condition]) -> Condition:
    return Condition(
        " AND ".join(each.sql for each in conditions), tuple(value for each in conditions for value in each.values)
    )


def _filters(resource: Resource, call: Call) -> list[Condition]:
    """The filters of a list request beside its `where`."""
    found = [Condition("1")]
    for parameter, column in resource.lists:
        if values := [value.strip() for value in call.query.get(parameter, "").split(",") if value.strip()]:
            found.append(_among(resource, column, values))
    for parameter, column, sign in resource.ranges:
        if (day := day_in(call, parameter)) is not None:
            found.append(Condition(f'"{column}" {sign} ?', (day,)))
    if (term := call.query.get("searchterm", "").strip()) and resource.search:
        found.append(Condition("instr(search, ?) > 0", (term.casefold(),)))
    status, value = resource.archived
    if value and not call.flag(resource.archived_flag):
        found.append(Condition(f'"{status}" IS NOT ?', (value,)))
    if call.flag("createdbymyapp"):
        found.append(Condition("origin = 1"))
    if (since := call.headers.get("if-modified-since", "").strip()) and resource.dated:
        found.append(Condition("updated >= ?", (_moment(since),)))
    return found


def _among(resource: Resource, column: str, values: list[str]) -> Condition:
    """A condition for a list of ids or of texts; the ids must be GUIDs."""
    wanted: tuple[SqlValue, ...] = tuple(values)
    if next(each.kind for each in resource.columns if each.column == column and each.kind != "object") == "guid":
        try:
            wanted = tuple(read_guid(value) for value in values)
        except ValueError:
            raise query_refused("A list of ids holds a value that is not a GUID.") from None
    elif column == "Status":
        wanted = tuple(value.upper() for value in values)
    return Condition(f'"{column}" IN (SELECT value FROM json_each(?))', (dump_json(wanted).decode(),))


def day_in(call: Call, name: str) -> int | None:
    """The day that a query parameter names, in milliseconds; `Refused` when it is none."""
    value = call.query.get(name, "").strip()
    try:
        return read_day(value) if value else None
    except ValueError:
        raise query_refused(f"The value '{value[:50]}' is not a date for {name}.") from None


def _moment(since: str) -> int:
    try:
        return read_moment(since)
    except ValueError:
        raise query_refused(f"The If-Modified-Since header '{since[:50]}' is not a date.") from None


def _order(resource: Resource, call: Call) -> str:
    order = call.query.get("order", "")
    if not order.strip():
        return "updated, id"
    try:
        return compile_order(order, resource)
    except QueryRefused as refused:
        raise query_refused(str(refused)) from None


def fetched(resource: Resource) -> Handler:
    """One document, by its id or its number."""

    def handle(call: Call) -> Answer:
        body = call.store.body(resource, call.tenant, id_of(call, resource), call.form)
        if body is None:
            raise not_found()
        items = [body.whole()]
        return envelope(resource.name, with_balances(call.work, items) if resource is CONTACTS else items, call.now)

    return handle


def id_of(call: Call, resource: Resource) -> str:
    """The id of the document that the path names by id or number; `Refused` (404) when there is none."""
    named = call.path.get(resource.id) or call.path.get(resource.number, "")
    own = named.lower() if resource.numbered_by_guid else named
    if (is_guid(named) or not resource.numbered_by_guid) and call.store.body(resource, call.tenant, own, "summary"):
        return own
    if resource.number and named:
        for preferred in (resource.current, "1"):
            where = f'"{resource.number}" = ? AND {preferred}'
            if found := call.store.find(resource, call.tenant, where, named):
                return found[0]
    raise not_found()


def document_of(call: Call, resource: Resource) -> Document:
    """The document that the path names; `Refused` (404) when there is none."""
    document = call.store.get(resource, call.tenant, id_of(call, resource))
    if document is None:
        raise not_found()
    return document


# ------------------------------------------------------------------------------------------------- writing


class Outcome(NamedTuple):
    """What became of one element: its JSON for the answer, and whether it was saved."""

    shown: bytes
    saved: bool


def created(resource: Resource) -> Handler:
    """A batch of new documents."""
    return _batch(resource, "create")


def upserted(resource: Resource) -> Handler:
    """A batch of documents, each new or meant for the one that its id or its names find."""
    return _batch(resource, "upsert")


def _batch(resource: Resource, mode: Literal["create", "upsert"]) -> Handler:
    def handle(call: Call) -> Answer:
        elements = read_elements(call, resource.name, resource.item)

        def saved(sent: Document, given: Document) -> Outcome:
            existing = match(call.work, resource, given) if mode == "upsert" else None
            return _saved(call, resource, existing, given)

        return save_each(call, resource, elements, saved, echo_id=mode == "upsert")

    return handle


def updated(resource: Resource) -> Handler:
    """One document, named by the path, changed by the one element of the body."""

    def handle(call: Call) -> Answer:
        existing = document_of(call, resource)
        elements = read_elements(call, resource.name, resource.item)
        if len(elements) > 1:
            raise data_refused("An update by id takes one element.")
        sent = elements[0] | {resource.id: existing[resource.id]}
        return save_each(call, resource, [sent], lambda _, given: _saved(call, resource, existing, given), echo_id=True)

    return handle


def removed(resource: Resource, delete: Callable[[Work, Document], None], *, shown: bool) -> Handler:
    """One document, named by the path, deleted by its rule; the answer shows it as it was, or nothing."""

    def handle(call: Call) -> Answer:
        document = document_of(call, resource)
        with call.store.write(), refusing():
            delete(call.work, document)
        if not shown:
            return Answer(204, b"")
        return envelope(resource.name, [dump_json(document | {"Status": "DELETED"})], call.now)

    return handle


@contextmanager
def refusing() -> Generator[None, None, None]:
    """Makes the breach of a rule, where no element can tell of it, the answer to the whole request."""
    try:
        yield
    except Rejected as breach:
        raise rejected(breach.messages) from None


def _saved(call: Call, resource: Resource, existing: Document | None, given: Document) -> Outcome:
    change = save(call.work, resource, existing, given)
    body = call.store.body(resource, call.tenant, text_of(change.document, resource.id), call.form)
    assert body is not None
    status = "WARNING" if change.warnings else "OK"
    extra: Document = {} if _summarizes(call) else {"StatusAttributeString": status}
    if change.warnings:
        extra["Warnings"] = listed_messages(change.warnings)
    return Outcome(body.whole(b"," + dump_json(extra)[1:-1] if extra else b""), saved=True)


def save_each(
    call: Call,
    resource: Resource,
    elements: list[Document],
    saver: Callable[[Document, Document], Outcome],
    *,
    echo_id: bool = False,
) -> Answer:
    """Saves the elements in one transaction, the good ones whatever becomes of the bad ones.

    With `summarizeErrors` (the default) one bad element makes the answer a 400 of the bad ones alone.
    """
    with call.store.write():
        outcomes = [_attempted(call, resource, sent, saver, echo_id) for sent in elements]
    failures = [outcome.shown for outcome in outcomes if not outcome.saved]
    if failures and _summarizes(call):
        return not_valid(failures)
    return envelope(resource.name, [outcome.shown for outcome in outcomes], call.now)


def _attempted(
    call: Call,
    resource: Resource,
    sent: Document,
    saver: Callable[[Document, Document], Outcome],
    echo_id: bool,
) -> Outcome:
    try:
        with call.store.attempt():
            return saver(sent, accept(resource.accepts, sent))
    except Rejected as rejected:
        sent_id = text_of(sent, resource.id)
        own: Document = {resource.id: sent_id.lower() if echo_id and is_guid(sent_id) else ZERO_ID}
        failure = (sent | own if resource.numbered_by_guid else sent) | {
            "StatusAttributeString": "ERROR",
            resource.error_flag: True,
            "ValidationErrors": listed_messages(rejected.messages),
        }
        return Outcome(dump_json(failure), saved=False)


def _summarizes(call: Call) -> bool:
    return call.query.get("summarizeerrors", "").lower() != "false"


def read_elements(call: Call, name: str, item: str) -> list[Document]:
    """The elements of a body: a list under the resource's name, a bare list, or one bare object.

    `Refused` for a body that is too large, empty, not JSON, or of another form.
    """
    value = read_json(call, item)
    document = as_document(value)
    if document is not None:
        value = document.get(name, [document] if document and name not in document else [])
        value = [value] if as_document(value) else value
    listed = [] if value is None else as_list(value)
    elements = documents_in(listed)
    if listed is None or len(elements) != len(listed):
        raise data_refused(f"JSON for post data was invalid, a list of {name} was expected.")
    if not elements:
        raise no_data(item)
    if len(elements) > MOST_ELEMENTS:
        raise data_refused(f"{len(elements)} elements were sent; a request takes at most {MOST_ELEMENTS}.")
    return elements


def read_json(call: Call, item: str) -> object:
    """The JSON of a body; `Refused` when there is none or it is something else."""
    if len(call.body) > MOST_BYTES:
        raise too_large(f"The request is {len(call.body)} bytes long; it may have at most {MOST_BYTES}.")
    start = call.body.lstrip()[:1]
    kind = call.content_type.lower()
    if start == b"<" or "xml" in kind or "form-urlencoded" in kind:
        raise unsupported("This sandbox reads JSON bodies: send Content-Type: application/json.")
    if not start:
        raise no_data(item)
    try:
        return load_json(call.body)
    except ValueError as error:
        raise data_refused(f"JSON for post data was invalid, {error}") from None
