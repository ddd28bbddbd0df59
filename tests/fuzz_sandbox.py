"""Random requests over real sockets: whatever is sent, the sandbox answers in a shape of Xero's, and never fails.

    python tests/fuzz_sandbox.py 30000

Hypothesis draws requests to one of the 239 operations with a near-valid body and query. Each is the first of a volley,
in the rest of which parts are exchanged, cut, repeated or made up: the operation, the path, the method, the query,
headers, encodings, values of the body, or its bytes.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import random
import socket
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import Any, NamedTuple, cast
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from facts import OPERATIONS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_sandbox_documents_fuzz import KNOWN, SOME_ID, Request, requests

from xero_async.sandbox import Sandbox

__all__ = ["Fuzzer", "fuzz", "fuzzing"]

ROOT = "/api.xro/2.0"
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "get", "BREW"]
PLACES = [
    "/", "//", "/connections", "/connections/", f"/connections/{SOME_ID}", "/connect/token", "/connect/revocation",
    "/identity/connect/authorize", "/identity/connect/token", "/.well-known/openid-configuration", "/.well-known/x",
    "/sandbox", "/sandbox/counters", "/sandbox/faults/1", "/sandbox/log", "/sandbox/state", "/sandbox/clock/x",
    ROOT, f"{ROOT}/", "/api.xro/1.0/Invoices", f"{ROOT}/Invoices/../Contacts", f"{ROOT}/%2e%2e/%00/%ff",
]  # fmt: skip
"""Addresses beside the operations'; what would change the sandbox for the requests that follow is left out."""
SPLINTERS = ["/", "%", "%2F", "%00", "?", "#", ";", "//", "%ff", "{", "|", "é"]
ODD_VALUES = [
    "", " ", "\0", "%", "%zz", "\x7f", "ü", "漢", "'\"<&>", "0", "-1", "1e400", "9" * 400, "true", "null", "undefined",
    "../..", "a,b,,c", "[]", "{}", "Date", "==", "(((((", 'Name=="a"', "x" * 3000, "DateTime(2026,13,99)", "\r",
]  # fmt: skip
KINDS = [
    "application/json", "application/json; charset=utf-16", "application/json; charset=nothing", "application/xml",
    "text/xml; charset=latin-1", "text/plain", "image/png", "application/x-www-form-urlencoded", "", ";;=,", "*/*",
    "multipart/form-data", "multipart/form-data; boundary=x", "application/xml; charset=zlib_codec",
]  # fmt: skip
ACCEPTED = [
    "application/json", "application/xml", "text/xml", "*/*", "", "application/pdf", "text/html", "q=,;", "json",
    "application/json;q=0, text/xml;q=x", "application/octet-stream",
]  # fmt: skip
HEADERS = {
    "If-Modified-Since": ["2026-01-31T00:00:00", "Sat, 31 Jan 2026 00:00:00 GMT", "/Date(0)/", "x", "-1", "9" * 30],
    "Idempotency-Key": ["k", "k" * 128, "k" * 129, "\x80\xff", " ", "ü"],
    "Content-Encoding": ["gzip", "deflate", "br", "identity", "x", "gzip, gzip", "zstd"],
    "Xero-Tenant-Id": ["", SOME_ID, "x", "\xff"],
    "Authorization": ["", "Bearer", "Bearer x", "Basic eDp5", "Basic %%%", "bearer \xff"],
    "Accept-Encoding": ["gzip", "identity", "*", "x"],
    "Transfer-Encoding": ["chunked", "gzip"],
    "Expect": ["100-continue", "x"],
    "Content-Length": ["0", "-1", "x"],
    "Host": ["", "x y", "evil.example", "[::1", "a:b"],
    "Cookie": ["a=b", "\xff"],
    "Range": ["bytes=0-1"],
    "Origin": ["null", "http://x"],
    "X-HTTP-Method-Override": ["DELETE"],
}
DEEP = 3000
ODD_JSON: list[object] = [
    None, True, 0, -1, 10**30, -1e300, 1.5, float("nan"), "", "x", "x" * 5000, "\0", "\ud800", [], {}, [None], [[]],
    {"": 1}, "/Date(0)/", "/Date(99999999999999999)/", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59Z", "1e5", "NaN",
    SOME_ID,
]  # fmt: skip
VOLLEY = 12
"""Requests that are made of one that is drawn."""
BODIES = [
    b"", b"null", b"[]", b"{}", b'"x"', b"1", b"NaN", b"[" * DEEP, b'{"a":' * DEEP, b"[" * DEEP + b"]" * DEEP,
    b'{"Invoices":{"a":1}}', b'{"Invoices":[[]]}', b'{"Invoices":[null]}', b'{"Invoices":null}', b"\xef\xbb\xbf{}",
    b'{"Invoices":[{"Type":"ACCREC","Type":5}]}', b'{"\\ud800":1}', b'{"Contacts":[{"Name":"\\ud800"}]}',
    b'{"Contacts":[{"Name":"\\u0000"}]}', b"<Invoices/>",
    b"<Invoices><Invoice><Type>ACCREC</Type></Invoice></Invoices>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a>" * DEEP, b"\xff\xfe<\x00a\x00/\x00>\x00", b"a=b&c=d&a=e&%ff=%",
    b"grant_type=refresh_token&refresh_token=x", b"grant_type=authorization_code&code=x&redirect_uri=http://localhost",
    b"xml=%3CInvoices%2F%3E", b"\x00" * 50, b"--x\r\n\r\n--x--",
]  # fmt: skip
TOLD = ("ErrorNumber", "Title", "error", "Status", "Message")
"""Of these, an error in JSON has one."""


class Drawn(NamedTuple):
    """A request as it goes over the wire."""

    operation: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


def misframed(request: Drawn) -> bool:
    """Whether a request's headers may not tell where it ends."""
    return not {"Content-Length", "Transfer-Encoding", "Expect"}.isdisjoint(dict(request.headers))


def packed(body: bytes, how: str) -> bytes:
    """A body as its encoding has it."""
    return gzip.compress(body, 1) if how == "gzip" else zlib.compress(body, 1) if how == "deflate" else body


def as_xml(body: bytes) -> bytes:
    """A body of JSON as elements; one that is none stays as it is."""
    try:
        return _element("Body", json.loads(body)).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        return body


def _element(name: str, value: object) -> str:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        inner = "".join(_element(key, each) for key, each in fields.items())
        return inner if name == "Body" else f"<{name}>{inner}</{name}>"
    if isinstance(value, list):
        items = cast("list[object]", value)
        return f"<{name}>{''.join(_element(name[:-1] or 'x', each) for each in items)}</{name}>"
    text = str(value).replace("&", "&amp;").replace("<", "&lt;")
    return f"<{name}>{text}</{name}>"


ODD_HEADERS = [(name, value) for name, values in HEADERS.items() for value in values]


class Gun:
    """Makes a volley of requests out of one that makes sense; each is twisted in other ways, the first in none."""

    def __init__(self, request: Request, known: dict[str, str], chance: random.Random) -> None:
        self._request = request
        self._known = known
        self._pick = chance.choice
        self._number = chance.randint
        self._some = chance.sample

    def volley(self) -> Iterator[Drawn]:
        """So many requests as are made of one."""
        for number in range(VOLLEY):
            yield self._shot(self._some(range(12), min(number, self._number(1, 3))))

    def _shot(self, twists: list[int]) -> Drawn:
        request = self._request
        operation = self._pick(list(OPERATIONS)) if 10 in twists else request.operation
        row = OPERATIONS[operation]
        query, body = dict(request.query), request.body
        if 3 in twists:
            query[self._pick(list(row.query) or ["where"])] = self._pick(ODD_VALUES)
        if 4 in twists:
            body = self._pick(BODIES)
        if 11 in twists:
            body = self._altered(body)
        if 7 in twists:
            body = self._mangled(body)
        kind = self._pick(KINDS) if 5 in twists else request.content_type
        if 8 in twists:
            body, kind = as_xml(body), "application/xml"
        accepted = self._pick(ACCEPTED) if 6 in twists else "application/json"
        headers = [(name, value) for name, value in (("Content-Type", kind), ("Accept", accepted)) if value]
        headers += request.headers.items()
        if 9 in twists:
            headers += self._some(ODD_HEADERS, self._number(1, 3))
        encoding = dict(headers).get("Content-Encoding", "")
        asked = "&".join(f"{quote(name)}={quote(value.encode('utf-8', 'replace'))}" for name, value in query.items())
        path = self._path(row.path, twists)
        return Drawn(
            operation,
            self._pick(METHODS) if 1 in twists else row.method,
            f"{path}?{asked}" if asked else path,
            headers,
            self._pick([packed(body, encoding), body]),
        )

    def _path(self, template: str, twists: list[int]) -> str:
        if 0 in twists:
            return self._pick(PLACES)
        parts = [
            quote(self._filled(part[1:-1]), safe="") if part.startswith("{") else part for part in template.split("/")
        ]
        path = ROOT + "/".join(parts)
        if 2 not in twists:
            return path
        at = self._number(0, len(path))
        return path[:at] + self._pick(SPLINTERS) + path[at:]

    def _filled(self, name: str) -> bytes:
        value = self._request.path.get(name, KNOWN)
        return (self._known.get(name, SOME_ID) if value == KNOWN else value).encode("utf-8", "surrogateescape") or b"%"

    def _mangled(self, body: bytes) -> bytes:
        """A body with some of its bytes cut, repeated or exchanged."""
        first, last = sorted((self._number(0, len(body)), self._number(0, len(body))))
        middle = self._pick([b"", b"\xff", b"\\", b'"', b"{", b"]", b"null", b"-1e999", body[first:last] * 2])
        return body[:first] + middle + body[last:]

    def _altered(self, body: bytes) -> bytes:
        """A body of JSON with one of its values exchanged for another, left out or packed into a list."""
        try:
            whole: object = json.loads(body)
        except (ValueError, RecursionError):
            return body
        places = list(_places(whole))
        if not places:
            return body
        holder, key = self._pick(places)
        change = self._number(0, 9)
        if change == 0:
            del holder[key]
        else:
            holder[key] = [holder[key]] if change == 1 else self._pick(ODD_JSON)
        return json.dumps(whole).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # Any: JSON
    """Where the values in a value of JSON stand: what holds them, and under which name or number."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
        yield value, key
        yield from _places(value[key])  # pyright: ignore[reportUnknownArgumentType] - JSON


class Fuzzer:
    """Sends requests to a running sandbox and judges the answers."""

    def __init__(self, sandbox: Sandbox, known: dict[str, str]) -> None:
        self.known = known
        self.statuses: Counter[int] = Counter()
        self.operations: Counter[str] = Counter()
        self._address = urlsplit(sandbox.base_url)
        self._sandbox = sandbox
        self._socket: socket.socket | None = None
        self._token = ""
        form = f"grant_type=client_credentials&client_id={sandbox.client_id}&client_secret={sandbox.client_secret}"
        kind = ("Content-Type", "application/x-www-form-urlencoded")
        _, _, body = self._send(Drawn("token", "POST", "/connect/token", [kind], form.encode()))
        self._token = json.loads(body)["access_token"]

    def check(self, request: Drawn) -> None:
        """Send a request; an answer that Xero would not give is an `AssertionError`."""
        status, kind, body = self._send(request)
        self.statuses[status] += 1
        self.operations[request.operation] += 1
        assert b"Traceback" not in body, body
        unknown = status == 501 and (b"NotImplemented" in body or request.method == "HEAD")
        assert 200 <= status < 500 or unknown, (status, body)
        if kind.startswith("application/json") and request.method != "HEAD" and status != 200:
            told = json.loads(body)
            assert any(name in told for name in TOLD), body
        if kind.startswith(("text/xml", "application/xml")) and request.method != "HEAD" and status != 200:
            ElementTree.fromstring(body)
        if status in (401, 403) and not request.target.lower().startswith("/sandbox"):
            assert b"Unauthorized" in body or b"Forbidden" in body or request.method == "HEAD", body

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, request: Drawn) -> tuple[int, str, bytes]:
        for fresh in (False, True):
            try:
                return self._exchange(request)
            except (OSError, HTTPException) as error:
                self.close()
                if misframed(request):
                    return 400, "", b""  # it may wait for more, or hang up
                if fresh or isinstance(error, TimeoutError):
                    raise AssertionError(f"no answer: {error!r}") from error
        raise AssertionError

    def _exchange(self, request: Drawn) -> tuple[int, str, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection((self._address.hostname, self._address.port or 80), timeout=20)
        self._socket.sendall(self._bytes(request))
        self._socket.settimeout(0.5 if misframed(request) else 20)
        answer = HTTPResponse(self._socket, method=request.method)
        try:
            answer.begin()
            body = answer.read()
        finally:
            closing = answer.will_close
            answer.close()
        if closing or misframed(request):
            self.close()
        if answer.headers.get("Content-Encoding") == "gzip" and body:
            body = gzip.decompress(body)
        return answer.status, answer.headers.get("Content-Type", ""), body

    def _bytes(self, request: Drawn) -> bytes:
        given = {name for name, _ in request.headers}
        usual = {
            "Host": self._address.netloc,
            "Authorization": f"Bearer {self._token}",
            "Xero-Tenant-Id": self._sandbox.tenants[0],
            "Content-Length": str(len(request.body)),
        }
        headers = [(name, value) for name, value in usual.items() if name not in given] + request.headers
        lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        clean = (line.replace("\r", "").replace("\n", "").replace("\0", "") for line in lines)
        return "\r\n".join(clean).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + request.body


def known_in(sandbox: Sandbox) -> dict[str, str]:
    """An id of each resource that exists, by the name of its path parameter."""
    state = sandbox.state()[sandbox.tenants[0]]
    found: dict[str, str] = {"FileName": "a.txt"}
    for documents in state.values():
        listed = cast("list[dict[str, Any]]", documents if isinstance(documents, list) else [])
        first: dict[str, Any] = listed[-1] if listed else {}
        found |= {name: value for name, value in list(first.items())[:1] if name.endswith("ID")}
    return found


@contextmanager
def fuzzing() -> Generator[Fuzzer]:
    """A sandbox in a thread of its own, and what sends to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sandbox = Sandbox(contacts=12, invoices=40, limits=None, token_life=10**9)
    asyncio.run_coroutine_threadsafe(sandbox.__aenter__(), loop).result()
    fuzzer = Fuzzer(sandbox, known_in(sandbox))
    try:
        yield fuzzer
    finally:
        fuzzer.close()
        asyncio.run_coroutine_threadsafe(sandbox.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def fuzz(fuzzer: Fuzzer, examples: int, *, derandomize: bool = False) -> None:
    """Send so many requests; the first bad answer is raised with the smallest request that gets one."""

    @given(request=requests, seed=st.integers(0, 2**32))
    @settings(
        max_examples=-(-examples // VOLLEY),
        deadline=None,
        database=None,
        derandomize=derandomize,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )
    def check(request: Request, seed: int) -> None:
        for each in Gun(request, fuzzer.known, random.Random(seed)).volley():
            try:
                fuzzer.check(each)
            except AssertionError as error:
                raise AssertionError(f"{error}\nThe request: {each}") from error

    check()


def main(examples: int) -> None:
    """Fuzz in rounds of some thousands, and tell what came back."""
    logging.basicConfig()
    started = time.monotonic()
    with fuzzing() as fuzzer:
        while (done := fuzzer.statuses.total()) < examples:
            fuzz(fuzzer, min(6000, examples - done))
    took = time.monotonic() - started
    told = dict(sorted(fuzzer.statuses.items()))
    sys.stdout.write(
        f"{fuzzer.statuses.total()} requests to {len(fuzzer.operations)} operations in {took:.0f} s: {told}\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
