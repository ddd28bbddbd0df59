"""A pytest plugin: a sandbox and a client for tests of code that calls Xero, and no waiting.

Ask for it in the topmost `conftest.py`; it is no entry point, so that test runs which do not want it never load it:

    pytest_plugins = ["xero_async.testing"]

Then the fixtures are there, with pytest-asyncio in both of its modes, or with anyio where that is the only one:

    xero_sandbox   a `Sandbox` on a port of its own, new for each test
    xero           a `Xero` that is signed in to it
    xero_tenant    its first tenant

    @pytest.mark.xero(contacts=10, invoices=50, faults="502:every=5")
    async def test_export(xero_tenant: Tenant) -> None: ...

The marker takes what `Sandbox` takes, and `still`; `faults` may be text. On a module or a class it holds for all tests
there, and a nearer one adds to it.

Time stands still in these tests (`StillClock`) and leaps when all wait: 200 calls take a moment, though Xero allows 60
a minute, and `xero_sandbox.now()` tells what they would have taken. `xero_sandbox.advance(seconds)` makes tokens and
keys expire. A test that awaits something outside this process, such as a database, says `still=False`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from typing import Any, TypeVar, cast

import pytest

from .auth import ClientCredentials
from .sandbox import FaultPlan, Sandbox
from .sandbox.still import StillClock
from .session import Tenant, Xero
from .wire.errors import InvalidArgument

__all__ = ["Sandbox", "StillClock", "Tenant", "Xero", "xero", "xero_sandbox", "xero_tenant"]

F = TypeVar("F", bound=Callable[..., AsyncIterator[object]])

MARKER = "xero(**settings): how the sandbox of `xero_sandbox` is made: the keywords of Sandbox, and still=False"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


def _fixture(function: F) -> F:
    """An asynchronous fixture, for whoever runs the test."""
    try:
        import pytest_asyncio
    except ImportError:  # anyio takes plain ones
        return cast("F", pytest.fixture(function))
    return cast("F", pytest_asyncio.fixture(function))


@_fixture
async def xero_sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """A simulation of Xero that runs in the test's event loop, as `@pytest.mark.xero(...)` describes it."""
    settings = _settings(cast("pytest.Item", request.node))  # pyright: ignore[reportUnknownMemberType] - untyped there
    with StillClock() if settings.pop("still", True) else nullcontext() as clock:
        if clock is not None:
            settings.setdefault("clock", clock.now)
        async with _described(settings) as sandbox:
            yield sandbox


@_fixture
async def xero(xero_sandbox: Sandbox) -> AsyncIterator[Xero]:
    """A client of the sandbox, which holds its credentials and signs in at its first call."""
    auth = ClientCredentials(xero_sandbox.client_id, xero_sandbox.client_secret)
    async with Xero(auth, base_url=xero_sandbox.base_url, identity_url=xero_sandbox.identity_url) as client:
        yield client


@pytest.fixture
def xero_tenant(xero_sandbox: Sandbox, xero: Xero) -> Tenant:
    """The sandbox's first tenant."""
    return xero.tenant(xero_sandbox.tenants[0])


# Any: what each setting may be, the constructor of `Sandbox` says and checks.
def _settings(node: pytest.Item) -> dict[str, Any]:
    """What the markers of a test say, the nearest having the last word."""
    settings: dict[str, Any] = {}
    for marker in node.iter_markers("xero"):
        if marker.args:
            pytest.fail("@pytest.mark.xero takes keywords alone, such as contacts=10", pytrace=False)
        settings = {**marker.kwargs, **settings}
    return settings


def _described(settings: dict[str, Any]) -> Sandbox:
    """A sandbox of these settings; a test whose settings cannot be fails in one line."""
    try:
        if isinstance(faults := settings.get("faults"), str):
            settings["faults"] = FaultPlan.parse(faults, seed=settings.get("seed", 0))
        return Sandbox(**settings)
    except (TypeError, InvalidArgument) as error:
        told = str(error)
    pytest.fail(f"@pytest.mark.xero: {told}", pytrace=False)
