"""Calls that are cancelled, lists left half way and sessions left early: no task, socket, turn or warning stays behind.

Client, proxy and sandbox share one loop with a leaping clock. Hypothesis picks the moment: some virtual seconds, and
then some turns of the loop, so that every `await` is met sooner or later.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from traceback import TracebackException
from types import CodeType
from typing import Any

import pytest
from cutting_proxy import Cut, CuttingProxy, cutting
from fault_deeds import document
from hypothesis import example, given, settings
from hypothesis import strategies as st
from leaping import leap

from xero_async import (
    ClientCredentials,
    Contact,
    Limits,
    OutcomeUnknown,
    SessionClosed,
    Tenant,
    Xero,
    XeroError,
)
from xero_async.sandbox import Fault, Sandbox, SandboxLimits

EPOCH = 1_790_000_000.0
TIGHT = Limits(concurrent=2, minute=8, bulk_reserve=1)
SIGNING_IN = f"{os.sep}auth{os.sep}"
WRITING = "client_reqrep"
"""The file of aiohttp whose task writes a request: that of a sign-in goes on with it."""
LATER = 3
"""Turns of the loop in which Python itself closes what an `async for` left open whose body was cancelled."""
EXAMPLES = int(os.environ.get("XERO_ASYNC_EXAMPLES", "25"))


class Stage:
    """Who takes part in an example."""

    def __init__(self, sandbox: Sandbox, proxy: CuttingProxy) -> None:
        self.sandbox, self.proxy = sandbox, proxy
        self.others = asyncio.all_tasks()
        self.xero = Xero(
            ClientCredentials(sandbox.client_id, sandbox.client_secret),
            base_url=proxy.base_url,
            identity_url=proxy.base_url,
            limits=TIGHT,
        )
        self.tenant = self.xero.tenant(sandbox.tenants[0])


def sockets(url: str) -> int:
    """How many sockets of this process are connected to the server at a URL."""
    port, count = int(url.rpartition(":")[2]), 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                with socket.socket(fileno=os.dup(int(name))) as each:
                    count += each.family == socket.AF_INET and each.getpeername()[1] == port
    return count


async def turns(count: int) -> None:
    """Let the loop go round so often."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def staged(faults: list[Fault], cut: Cut | None, *, invoices: int) -> AsyncGenerator[Stage]:
    """A sandbox with faults and a proxy that breaks the first call, and what must be so after the client has gone."""
    loop = asyncio.get_running_loop()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    left = [cut] if cut else []
    limits = SandboxLimits(concurrent=TIGHT.concurrent, minute=TIGHT.minute)
    async with (
        Sandbox(
            limits=limits, faults=faults, invoices=invoices, contacts=2, clock=lambda: EPOCH + loop.time()
        ) as sandbox,
        cutting(sandbox.base_url, lambda exchange: left.pop() if left and exchange.tenant else None) as proxy,
    ):
        stage = Stage(sandbox, proxy)
        yield stage
        assert tasks_since(stage) == []
        assert sockets(proxy.base_url) == 0
        assert stage.tenant.limits.in_flight == 0
    assert complaints == []


SERVERS = ("cutting_proxy", "web_protocol", "sandbox", "asyncio/")
"""Files of the other side, whose tasks share the loop."""


def tasks_since(stage: Stage) -> list[str]:
    """The files of the client's tasks that are there and were not there before it."""
    files = [_file(task) for task in asyncio.all_tasks() - stage.others]
    return [file for file in files if not any(server in file for server in SERVERS)]


def _file(task: asyncio.Task[Any]) -> str:
    code = getattr(task.get_coro(), "cr_code", None)
    return code.co_filename if isinstance(code, CodeType) else repr(task)


def beside_signing_in(stage: Stage) -> list[str]:
    """The same but for signing in, which goes on for those who come after."""
    files = tasks_since(stage)
    signing_in = [file for file in files if SIGNING_IN in file]
    return [file for file in files if file not in signing_in and not (signing_in and WRITING in file)]


# -- what is cancelled -------------------------------------------------------------------------------------------------


async def read(tenant: Tenant) -> None:
    """A read."""
    await tenant.invoices.list()


async def write(tenant: Tenant) -> None:
    """A write with a key."""
    await tenant.invoices.create([document("ACCPAY", f"B-{number}") for number in range(20)])


async def upload(tenant: Tenant) -> None:
    """A write of a body so large that it goes out in pieces."""
    contact = (await tenant.contacts.list())[0]
    await tenant.contacts.attachments.upload(contact.contact_id or "", "large.bin", bytes(1 << 21))


async def iterate(tenant: Tenant) -> None:
    """A list of many pages, which are drawn ahead."""
    async for _ in tenant.invoices.list(page_size=5):
        pass


async def iterate_slowly(tenant: Tenant) -> None:
    """A list whose records are worked on, so that it is cancelled between two of them."""
    async for _ in tenant.invoices.list(page_size=5):
        await asyncio.sleep(0.01)


async def signed_in(tenant: Tenant) -> None:
    """A list of many pages, when signing in is over."""
    await tenant.currencies.list()
    await iterate_slowly(tenant)


async def group(tenant: Tenant) -> None:
    """More calls in a task group than have turns."""
    async with asyncio.TaskGroup() as tasks:
        for number in range(12):
            tasks.create_task(tenant.contacts.create([Contact(name=f"C-{number}")]) if number % 3 else read(tenant))


Work = Callable[[Tenant], Awaitable[None]]
WORKS: list[Work] = [read, write, upload, iterate, iterate_slowly, signed_in, group]
LISTS, SLOW = (iterate, iterate_slowly, signed_in), (iterate_slowly, signed_in)
FAULTS: list[list[Fault]] = [
    [],
    [Fault(kind="502", times=2)],
    [Fault(kind="slow", seconds=20.0, times=2)],
    [Fault(kind="minute", seconds=7.0, times=1)],
    [Fault(kind="drop_after", times=1)],
    [Fault(kind="slow", operation="token", seconds=20.0, times=1)],
    [Fault(kind="drop_before", operation="token", times=2)],
]
CUTS: list[Cut | None] = [
    None,
    Cut(of="request", at=100, how="stall", seconds=30.0),
    Cut(of="answer", at=100, how="stall", seconds=300.0),
    Cut(of="answer", at=100, how="rst"),
]

moments = given(
    work=st.sampled_from(WORKS),
    faults=st.sampled_from(FAULTS),
    cut=st.sampled_from(CUTS),
    seconds=st.sampled_from([0.0, 0.0, 0.3, 5.0, 25.0, 61.0]),
    steps=st.integers(0, 150),
)


async def until(seconds: float, steps: int) -> None:
    """Wait for the moment."""
    if seconds:
        await asyncio.sleep(seconds)
    await turns(steps)


@moments
@example(work=group, faults=[], cut=None, seconds=0.0, steps=12)
@settings(max_examples=EXAMPLES)
def test_cancelling_leaves_nothing_behind(
    work: Work, faults: list[Fault], cut: Cut | None, seconds: float, steps: int
) -> None:
    """Whatever is cancelled, at whatever moment, has ended when the cancelling has, and its turns are free again."""

    async def scene() -> None:
        random.seed(0)  # the jitter of the client
        async with staged(faults, cut, invoices=30 if work in LISTS else 1) as stage:  # noqa: SIM117
            # Two statements, as the scene is played.
            async with stage.xero:
                task = asyncio.ensure_future(work(stage.tenant))
                await until(seconds, steps)
                task.cancel()
                with suppress(asyncio.CancelledError, XeroError):
                    await task
                await turns(LATER if work in SLOW else 0)
                assert stage.tenant.limits.in_flight == 0
                assert beside_signing_in(stage) == []
                assert sockets(stage.proxy.base_url) <= TIGHT.concurrent + 1
                stage.sandbox.inject([])
                # No turn was lost: all of them can be had at once.
                await asyncio.gather(*(stage.tenant.currencies.list() for _ in range(TIGHT.concurrent + 1)))

    leap(scene())


@moments
@settings(max_examples=EXAMPLES)
def test_leaving_ends_everything(work: Work, faults: list[Fault], cut: Cut | None, seconds: float, steps: int) -> None:
    """Who leaves the session while calls are under way ends them, with an error that says what became of them."""

    async def scene() -> None:
        random.seed(0)
        async with staged(faults, cut, invoices=30 if work in LISTS else 1) as stage:
            async with stage.xero:
                task = asyncio.ensure_future(work(stage.tenant))
                await until(seconds, steps)
            # At once, before the calls themselves have told anybody.
            assert stage.tenant.limits.in_flight == 0
            assert sockets(stage.proxy.base_url) == 0
            with suppress(SessionClosed, OutcomeUnknown):
                try:
                    await task
                except* (SessionClosed, OutcomeUnknown) as errors:
                    raise errors.exceptions[0] from None
            assert stage.tenant.limits.in_flight == 0

    leap(scene())


async def test_a_cancelled_call_shows_no_token() -> None:
    """A report of the cancellation that prints the variables of its frames holds no token."""
    async with Sandbox(invoices=1, faults=[Fault(kind="slow", seconds=30)]) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
            call = asyncio.ensure_future(xero.tenant(sandbox.tenants[0]).invoices.list())
            while not sandbox.counters.calls:  # noqa: ASYNC110 - the sandbox has no event for this
                await asyncio.sleep(0.01)
            call.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await call
    told = "".join(TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "Cancelled" in told
    assert "Bearer" not in told
