"""What a request is for: the rooms of the server, and the way from an address to the work.

    /api.xro/2.0                           an operation of the Accounting API
    /api.xro/1.0, /import.xro              an interface of the Network API v1, which is signed with keys
    /connections                           the organisations that a token reaches
    /connect, /identity, /.well-known      the identity server, which needs no token

`/sandbox/` is not among them: it is no part of Xero, and the server sends it to `control` before anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from aiohttp import web

from xero_async import operations

from .answers import NOT_IMPLEMENTED, Answer, Refused, not_found
from .documents import Documents
from .faults import SIGN_IN_OPERATIONS
from .formats import id_in, in_json, in_xml, preferred
from .idempotency import Record
from .identity import Identity
from .network import Network, Visitor, in_v1
from .network_keys import NETWORK_APP, NetworkKeys
from .routing import Match, Router

__all__ = ["NOT_FOUND", "Address", "Keyed", "Target", "Targets", "read_address"]

UNKNOWN = "unknown"
"""The operation of a call whose path or method is in no table."""
NOT_FOUND = not_found().answer


class Address(NamedTuple):
    """Where a request goes: the path's parts, percent-decoded one by one, and the query by lower-case name."""

    path: list[str]
    query: Mapping[str, str]

    @property
    def lowered(self) -> list[str]:
        """The parts of the path in lower case."""
        return [part.lower() for part in self.path]


def _unchanged(answer: Answer) -> Answer:
    return answer


class Keyed(NamedTuple):
    """How a call is signed that has keys in its query. It takes no idempotency key."""

    app: str
    """The app that it counts for."""
    refuse: Callable[[], Answer | None]
    """Refuses it with a 401, or lets it in (None)."""


class Target(NamedTuple):
    """What a request is for."""

    operation: str
    run: Callable[[Record | None], Answer]
    """Does the work; what it is given is called with the answer within the transaction of a write."""
    tenant: str | None = None
    """The tenant that the request is for; None where Xero asks for none."""
    signed: bool = True
    """Whether it needs a token or keys, and is a call that limits count."""
    form: Callable[[Answer], Answer] = _unchanged
    """Puts an answer into the form that the client asks for."""
    keyed: Keyed | None = None
    """What lets it in where keys do, and no token."""


class Targets:
    """Finds what requests are for."""

    def __init__(self, router: Router, identity: Identity, documents: Documents, keys: NetworkKeys) -> None:
        self._router = router
        self._identity = identity
        self._documents = documents
        self._network = Network(documents, keys)
        self._rows = {row.id: row for row in operations()}

    def find(self, request: web.Request, address: Address, body: bytes) -> Target | None:
        """The target of a request, None where there is nothing at all."""
        identity, headers, lowered = self._identity, request.headers, address.lowered
        match [request.method, *lowered]:
            case [_, "api.xro", "2.0", *_]:
                return self._operation(request, address, body)
            case [_, "api.xro", "1.0", *_] | [_, "import.xro", *_]:
                return self._interface(request, address, body)
            case ["GET", "connections"]:
                signature = headers.get("Authorization", "")
                return Target("getConnections", _apart(lambda: identity.list_connections(signature, address.query)))
            case ["DELETE", "connections", connection_id]:
                signature = headers.get("Authorization", "")
                return Target("deleteConnection", _apart(lambda: identity.disconnect(signature, connection_id)))
            case [method, "connect" | "identity" | ".well-known" as room, *rest]:
                named = rest[-1] if method == "POST" and rest and rest[-1] in SIGN_IN_OPERATIONS else room
                return Target(
                    named,
                    _apart(lambda: identity.answer(method, lowered, address.query, headers, body) or NOT_FOUND),
                    signed=False,
                )
            case _:
                return None

    def _operation(self, request: web.Request, address: Address, body: bytes) -> Target:
        headers, path = request.headers, address.path[2:]
        tenant = self._identity.tenant_of(headers.get("Authorization", ""), headers.get("Xero-Tenant-Id"))
        wants_xml = preferred(headers.get("Accept", "")) == "xml"
        match = None
        if request.method == "GET" and headers.get("Accept", "").lower().lstrip().startswith("application/pdf"):
            match = self._router.find("GET", [*path, "pdf"])
        match = match or self._router.find(request.method, path)
        if match is None:
            form = partial(in_xml, None) if wants_xml else _unchanged
            known = self._router.knows(path)
            return Target(UNKNOWN, _not_implemented if known else _not_found, tenant, form=form)
        row = self._rows[match.operation]

        def run(record: Record | None) -> Answer:
            try:
                sent, kind = in_json(row, body, headers.get("Content-Type", ""))
            except Refused as refused:
                return refused.answer
            operation, values = _settled(match, sent)
            return self._documents.execute(operation, tenant, values, address.query, headers, sent, kind, record)

        form = partial(in_xml, row) if wants_xml else _unchanged
        return Target(match.operation, run, tenant, form=form)

    def _interface(self, request: web.Request, address: Address, body: bytes) -> Target:
        visitor = Visitor(request.method, address.path, address.query, body, request.charset or None)
        operation, run = self._network.find(visitor)
        return Target(
            operation or UNKNOWN,
            _apart(run),
            self._network.tenant_of(visitor),
            form=partial(in_v1, operation),
            keyed=Keyed(NETWORK_APP, lambda: self._network.refuse(visitor)),
        )


def _apart(run: Callable[[], Answer]) -> Callable[[Record | None], Answer]:
    """Work that is done apart from the documents, and keeps its answer with none of theirs."""

    def done(record: Record | None) -> Answer:
        return run()

    return done


def _not_found(record: Record | None) -> Answer:
    return NOT_FOUND


def _not_implemented(record: Record | None) -> Answer:
    return NOT_IMPLEMENTED


def _settled(match: Match, body: bytes) -> tuple[str, Mapping[str, str]]:
    """The operation that is meant, and its path parameters, once it is known what was sent."""
    if match.update is None:
        return match.operation, match.path
    operation, name = match.update
    found = id_in(body, name)
    return (operation, {**match.path, name: found}) if found else (match.operation, match.path)


def read_address(raw_path: str) -> Address:
    """Take the address of a request apart.

    A repeated name of the query gives its values joined by commas, as ASP.NET has it.
    """
    path, _, query = raw_path.partition("?")
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name.lower(), []).append(value)
    parts = [unquote(part) for part in path.split("/") if part]
    return Address(parts, {name: ",".join(values) for name, values in found.items()})
