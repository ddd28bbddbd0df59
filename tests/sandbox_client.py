"""A bare HTTP client for the sandbox's own tests: what it sends is what the server sees, with no help from ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from xero_async.sandbox import Fault, FaultPlan, Sandbox, SandboxLimits

STILL = 1_800_000_000.0
"""A moment at which clocks stand still, so that no window ends in the middle of a test."""


class Reply(NamedTuple):
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # Any: tests look into JSON of every shape
        """The body, parsed."""
        return msgspec.json.decode(self.body)


class Dropped(aiohttp.ClientError):
    """The server closed the connection without an answer."""


async def send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET, PUT or DELETE a second time, which it does when a connection drops."""
    try:
        return await handler(request)
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise Dropped from error


class Client:
    """Calls one sandbox with one token and one tenant."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.http = http
        self.token = ""
        self.tenant = sandbox.tenants[0]

    async def sign_in(self, **changes: str) -> Reply:
        """Ask for a token with the client's credentials in the form; `changes` overrides fields."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.sandbox.client_id,
            "client_secret": self.sandbox.client_secret,
        }
        url = f"{self.sandbox.identity_url}/connect/token"
        async with self.http.post(url, data=form | changes) as answer:
            reply = Reply(answer.status, answer.headers, await answer.read())
        if reply.status == 200:
            self.token = reply.json()["access_token"]
        return reply

    async def send(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send to a path below the root, signed in; a body that is not bytes goes as JSON."""
        sent = {"Authorization": f"Bearer {self.token}", "Xero-Tenant-Id": self.tenant, "Accept": "application/json"}
        data = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        url = URL(self.sandbox.base_url + path, encoded=True)
        sent |= {"Content-Type": "application/json"} if data else {}
        async with self.http.request(method, url, data=data, headers=sent | dict(headers or {})) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def call(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send to a path of the Accounting API."""
        return await self.send(method, f"/api.xro/2.0{path}", body, headers=headers)

    async def create(self, number: str, key: str = "") -> Reply:
        """Create one invoice."""
        return await self.call("PUT", "/Invoices", invoices(number), headers={"Idempotency-Key": key} if key else {})


@asynccontextmanager
async def running(
    *,
    contacts: int = 0,
    invoices: int = 0,
    tenants: int = 1,
    limits: SandboxLimits | None = None,
    faults: Iterable[Fault] | FaultPlan = (),
    latency: float = 0.0,
    stands: bool = True,
) -> AsyncGenerator[Client]:
    """A sandbox with a client signed in to it; its clock stands unless told otherwise."""
    sandbox = Sandbox(
        contacts=contacts,
        invoices=invoices,
        tenants=tenants,
        limits=limits,
        faults=faults,
        latency=latency,
        clock=(lambda: STILL) if stands else time.time,
    )
    connector = aiohttp.TCPConnector(limit=0)
    async with sandbox, aiohttp.ClientSession(connector=connector, middlewares=[send_once]) as http:
        client = Client(sandbox, http)
        await client.sign_in()
        yield client


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds, for five seconds at most."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def invoices(*numbers: str) -> dict[str, list[dict[str, object]]]:
    """The body that creates an invoice for each number."""
    line = {"Description": "Consulting", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200"}
    return {
        "Invoices": [
            {
                "Type": "ACCREC",
                "InvoiceNumber": number,
                "Contact": {"Name": "Harbour Books"},
                "Date": "2026-01-31",
                "DueDate": "2026-02-28",
                "LineItems": [line],
                "Status": "AUTHORISED",
            }
            for number in numbers
        ]
    }
