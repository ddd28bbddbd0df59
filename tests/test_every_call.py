"""Each of the 239 operations over a real socket: what it sends beside what the description says, and what it gives."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest
from calling import COROUTINES, Sent, key_of, record_in, record_of, sent
from facts import OPERATIONS, SCHEMAS, OperationFact
from scripted import Reply, Scripted, Seen, scripted

from xero_async import StaticToken, Tenant, Xero
from xero_async.models import Model

TENANT = "0f5e4c4b-3a53-4c8e-9a52-7c1f1f7c5a10"
EVERY_FACT = pytest.mark.parametrize(("id", "fact"), list(OPERATIONS.items()), ids=list(OPERATIONS))

OF_EVERY_REQUEST = {"host", "accept-encoding", "user-agent", "content-length"}
"""Headers of HTTP's own."""

_read_json = msgspec.json.Decoder(float_hook=Decimal).decode
_write_json = msgspec.json.Encoder(decimal_format="number").encode


class Given(NamedTuple):
    """What an operation gives, and the bytes that say so."""

    value: object
    body: bytes


def answer(fact: OperationFact) -> Given:
    """What an operation is answered with here: one record, with every field set."""
    if fact.returns is None:
        return Given(None, b"")
    if fact.returns == "bytes":
        return Given(b"%PDF" * 1000, b"%PDF" * 1000)
    item = record_in(fact.returns)
    record = record_of(item or fact.returns)
    document = {key_of(fact.returns): [record.json], "Status": "OK"} if item else record.json
    return Given(record.python, _write_json(document))


@asynccontextmanager
async def client(reply: bytes) -> AsyncGenerator[tuple[Tenant, Scripted]]:
    """A tenant whose Xero always answers the same."""
    async with (
        scripted([Reply(body=reply)]) as server,
        Xero(StaticToken("token"), base_url=server.base_url) as xero,
    ):
        yield xero.tenant(TENANT), server


def check(seen: Seen, wanted: Sent, fact: OperationFact) -> None:
    """A request is the one that the description asks for."""
    url = urlsplit(seen.target)
    assert seen.method == fact.method
    assert [unquote(part) for part in url.path.split("/")] == ["", "api.xro", "2.0", *wanted.segments]
    assert "+" not in url.query
    assert url.fragment == ""
    query = parse_qsl(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    assert len(query) == len(dict(query))
    assert dict(query) == wanted.query
    headers = {name: value for name, value in seen.headers.items() if name not in OF_EVERY_REQUEST}
    if wanted.headers.get("idempotency-key") == "":
        assert headers.pop("idempotency-key").startswith(f"{TENANT}:")
    needed = wanted.headers | {"authorization": "Bearer token", "xero-tenant-id": TENANT}
    assert headers == {name: value for name, value in needed.items() if value}
    check_body(seen, wanted)


def check_body(seen: Seen, wanted: Sent) -> None:
    """Files go out byte for byte, records as JSON with each digit, and reads without a body."""
    if wanted.body is None:
        assert seen.body == b""
    elif isinstance(wanted.body, bytes):
        assert seen.body == wanted.body
    else:
        assert _read_json(seen.body) == wanted.body
        assert b"148062.760" in seen.body or b"148062.760" not in _write_json(wanted.body)


async def result(tenant: Tenant, id: str, call: Sent) -> Any:  # Any: of every operation
    """What a call of an operation gives."""
    return await attrgetter(COROUTINES[id])(tenant)(*call.arguments, **call.keywords)


@EVERY_FACT
async def test_a_call_with_what_it_needs(id: str, fact: OperationFact) -> None:
    """Without options, a call sends method, path, headers and body of the description, and gives every field back."""
    wanted, reply = sent(id, fact, full=False), answer(fact)
    async with client(reply.body) as (tenant, server):
        given = await result(tenant, id, wanted)
    (seen,) = server.seen
    check(seen, wanted, fact)
    assert given == ([reply.value] if isinstance(given, list) else reply.value)


@EVERY_FACT
async def test_a_call_with_every_parameter(id: str, fact: OperationFact) -> None:
    """With all its options, a call sends each under Xero's name, escaped where it must be, and nothing besides."""
    wanted = sent(id, fact, full=True)
    async with client(answer(fact).body) as (tenant, server):
        await result(tenant, id, wanted)
    (seen,) = server.seen
    check(seen, wanted, fact)


FILES = [id for id, fact in OPERATIONS.items() if fact.returns == "bytes"]


@pytest.mark.parametrize("id", FILES)
async def test_every_file_can_be_saved(id: str, tmp_path: Path) -> None:
    """What gives bytes has a twin that makes the same request and streams the bytes into a file."""
    fact = OPERATIONS[id]
    wanted, reply = sent(id, fact, full=False), answer(fact)
    resource, _, name = COROUTINES[id].rpartition(".")
    twin = {"pdf": "save_pdf", "get": "save", "get_by_name": "save_by_name"}[name]
    async with client(reply.body) as (tenant, server):
        path = await attrgetter(f"{resource}.{twin}")(tenant)(tmp_path / "file", *wanted.arguments)
    (seen,) = server.seen
    check(seen, wanted, fact)
    assert path == tmp_path / "file"
    assert path.read_bytes() == reply.value
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_samples_are_whole() -> None:
    """The samples with which calls are made set every property, and those that stand beside each other differ."""
    assert isinstance(record_of("Invoice").python, Model)
    assert set(record_of("Invoice").json) == set(SCHEMAS["Invoice"])
    query = sent("getInvoices", OPERATIONS["getInvoices"], full=True).query
    numbers = [query[name] for name in ("page", "pageSize", "IDs", "ContactIDs", "where", "order")]
    assert len(set(numbers)) == len(numbers)
