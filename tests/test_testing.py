"""The pytest plugin, used as a project of somebody else would use it, and the clock that stands still."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

import pytest

from xero_async import ClientCredentials, Xero
from xero_async.sandbox import Sandbox
from xero_async.sandbox.still import StillClock
from xero_async.wire.errors import InvalidArgument

pytest_plugins = ["pytester"]

INI = """
    [pytest]
    asyncio_default_fixture_loop_scope = function
    addopts = --strict-markers --strict-config
    filterwarnings = error
"""
CONFTEST = 'pytest_plugins = ["xero_async.testing"]'
FUNCTION_LOOP = "asyncio_default_fixture_loop_scope = function"
SESSION_LOOP = """asyncio_default_fixture_loop_scope = session
    asyncio_default_test_loop_scope = session"""


@contextmanager
def within(seconds: float) -> Generator[None]:
    """Fail if the block takes longer by the clock on the wall."""
    began = time.perf_counter()
    yield
    assert time.perf_counter() - began < seconds


class Project:
    """A project of somebody else."""

    def __init__(self, pytester: pytest.Pytester, ini: str = INI) -> None:
        pytester.makeini(ini)
        pytester.makeconftest(CONFTEST)
        self._pytester = pytester

    def run(self, tests: str, *, mode: str = "auto") -> pytest.RunResult:
        """Run these tests in a process of their own."""
        self._pytester.makepyfile(tests)
        return self._pytester.runpytest_subprocess("-p", "no:cacheprovider", f"--asyncio-mode={mode}")


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """A project whose warnings are errors, and whose tests have each a loop of their own."""
    return Project(pytester)


MANY = """
    import asyncio, time, pytest

    @pytest.mark.asyncio
    @pytest.mark.xero(contacts=3, invoices=8)
    async def test_many(xero, xero_sandbox, xero_tenant):
        began, began_here = xero_sandbox.now(), time.perf_counter()
        pages = await asyncio.gather(*(xero_tenant.invoices.list() for _ in range(200)))
        assert {page.item_count for page in pages} == {8}
        assert 170 < xero_sandbox.now() - began < 200
        assert time.perf_counter() - began_here < 1
        assert xero_sandbox.counters.rejections == {}
        (connection,) = await xero.connections()
        assert connection.tenant_id == xero_tenant.id
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_200_calls_take_three_minutes_and_no_time(project: Project, mode: str) -> None:
    """200 calls against 60 a minute take three of the sandbox's minutes, no refusal, and under a second on the wall."""
    project.run(MANY, mode=mode).assert_outcomes(passed=1)


def test_a_loop_for_all_tests(pytester: pytest.Pytester) -> None:
    """Where a project's tests share one event loop, each still has a sandbox and a clock of its own."""
    project = Project(pytester, INI.replace(FUNCTION_LOOP, SESSION_LOOP))
    project.run(MANY + MANY.replace("test_many", "test_more")).assert_outcomes(passed=2)


def test_a_fixture_of_the_project_builds_upon_ours(project: Project) -> None:
    """The project's own asynchronous fixtures use the client, in the loop of the test."""
    tests = """
        import pytest
        from xero_async import Contact

        @pytest.fixture
        async def acme(xero_tenant):
            (contact,) = await xero_tenant.contacts.create([Contact(name="Acme")])
            return contact

        async def test_the_contact_is_there(xero_tenant, acme):
            assert (await xero_tenant.contacts.get(acme.contact_id)).name == "Acme"

        async def test_each_test_begins_anew(xero_tenant):
            assert (await xero_tenant.contacts.list()).item_count == 0
    """
    project.run(tests).assert_outcomes(passed=2)


def test_settings_come_from_the_markers(project: Project) -> None:
    """The marker takes the sandbox's settings, faults as text too; a nearer one adds to that of the module."""
    tests = """
        import pytest
        from xero_async.sandbox import Fault

        pytestmark = pytest.mark.xero(tenants=2, contacts=1)

        @pytest.mark.xero(contacts=4, faults="503:every=2")
        async def test_text(xero_sandbox, xero_tenant):
            assert len(xero_sandbox.tenants) == 2
            for _ in range(5):
                assert (await xero_tenant.contacts.list()).item_count == 4
            assert xero_sandbox.counters.injected == {"503": 4}

        @pytest.mark.xero(faults=[Fault(kind="drop_after", times=1)], limits=None)
        async def test_rows(xero_sandbox, xero_tenant):
            assert (await xero_tenant.contacts.list()).item_count == 1
            assert xero_sandbox.counters.calls == 2
    """
    project.run(tests).assert_outcomes(passed=2)


def test_tokens_and_keys_grow_old_at_a_word(project: Project) -> None:
    """After 31 minutes by the sandbox's clock the token has expired, which the client meets, and a key is forgotten."""
    tests = """
        from xero_async import Contact

        async def test_expiry(xero_sandbox, xero_tenant):
            bill = [Contact(name="Acme")]
            await xero_tenant.contacts.create(bill, idempotency_key="once")
            await xero_tenant.contacts.create(bill, idempotency_key="once")
            assert xero_sandbox.counters.replays == 1
            xero_sandbox.advance(31 * 60)
            await xero_tenant.contacts.upsert(bill, idempotency_key="once")
            assert xero_sandbox.counters.replays == 1
            assert xero_sandbox.counters.tokens == 2
    """
    project.run(tests).assert_outcomes(passed=1)


def test_time_runs_where_it_is_asked_to(project: Project) -> None:
    """With `still=False` the sandbox's clock is the world's."""
    tests = """
        import asyncio, time, pytest

        @pytest.mark.xero(still=False)
        async def test_time_runs(xero_sandbox):
            began = time.perf_counter()
            await asyncio.sleep(0.2)
            assert time.perf_counter() - began >= 0.19
            assert abs(xero_sandbox.now() - time.time()) < 0.1
    """
    project.run(tests).assert_outcomes(passed=1)


def test_a_wrong_setting_is_told_in_a_line(project: Project) -> None:
    """A setting that the sandbox does not have, one that cannot be and one without a name fail in one line each."""
    tests = """
        import pytest

        @pytest.mark.xero(contcts=4)
        async def test_a(xero): ...

        @pytest.mark.xero(contacts=-4)
        async def test_b(xero): ...

        @pytest.mark.xero(4)
        async def test_c(xero): ...
    """
    result = project.run(tests)
    result.assert_outcomes(errors=3)
    assert "Traceback" not in result.stdout.str()
    result.stdout.fnmatch_lines_random(
        [
            "@pytest.mark.xero: *unexpected keyword argument 'contcts'*",  # since 3.13 with a suggestion
            "@pytest.mark.xero: *no number is negative",
            "@pytest.mark.xero takes keywords alone*",
        ]
    )


def test_a_failing_test_shows_its_own_failure_alone(project: Project) -> None:
    """A test that fails in the middle of calls shows its own failure, and nothing of ours fails while it is left."""
    tests = """
        import asyncio

        async def test_fails(xero_tenant):
            calls = [asyncio.ensure_future(xero_tenant.contacts.list()) for _ in range(3)]
            await asyncio.sleep(0)
            assert (await calls[0]).item_count == 1, "there is no contact"
    """
    result = project.run(tests)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*AssertionError: there is no contact"])


def test_nobody_gets_the_plugin_unasked() -> None:
    """Importing the package imports no pytest."""
    code = "import sys, xero_async, xero_async.sandbox; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_waits_are_over_at_once_and_in_order() -> None:
    """Sleeps, timeouts and timers take their time by the loop's clock, in order, and none on the wall."""
    loop, ends = asyncio.get_running_loop(), list[float]()

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds)
        ends.append(seconds)

    with within(0.5), StillClock() as clock:
        began, began_there = loop.time(), clock.now()
        await asyncio.gather(sleep(3600), sleep(60), sleep(0.5))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(loop.create_future(), 86_400 * 3)
        assert ends == [0.5, 60, 3600]
        assert loop.time() - began == pytest.approx(3600 + 86_400 * 3)
        assert clock.now() - began_there == pytest.approx(loop.time() - began)


async def test_time_stands_still_while_there_is_work() -> None:
    """While the program computes no time passes."""
    with StillClock() as clock:
        began = clock.now()
        time.sleep(0.01)  # noqa: ASYNC251 - the work of a program
        await asyncio.sleep(0)
        assert clock.now() == began


async def test_a_thread_at_work_is_waited_for() -> None:
    """While a thread works, time runs as in the world: no timer rings before its time."""
    with StillClock() as clock:
        began = clock.now()
        async with asyncio.timeout(5):
            await asyncio.to_thread(time.sleep, 0.1)
        assert 0.09 < clock.now() - began < 2


async def test_time_never_goes_back() -> None:
    """Once the clock is left time runs again, from where it stood."""
    loop = asyncio.get_running_loop()
    with StillClock():
        await asyncio.sleep(1000)
        then = loop.time()
    now = loop.time()
    await asyncio.sleep(0.01)
    assert then <= now < now + 0.009 <= loop.time() < then + 5


async def test_a_large_answer_that_a_thread_compresses_arrives() -> None:
    """An answer that is compressed in a thread does not let its client's timeout ring."""
    with StillClock() as clock:
        async with Sandbox(invoices=1000, contacts=20, clock=clock.now, latency=2.0) as sandbox:
            auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
            async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url, timeout=3.0) as xero:
                page = await xero.tenant(sandbox.tenants[0]).invoices.list(page_size=1000)
                assert len(page.items) == 1000
                assert sandbox.counters.calls == 1


def test_a_foreign_loop_is_refused() -> None:
    """A loop that is not asyncio's own is refused, for nobody knows how it waits."""
    foreign = cast("asyncio.AbstractEventLoop", object())
    asyncio._set_running_loop(foreign)
    try:
        with pytest.raises(InvalidArgument, match="own event loops"), StillClock():
            pass
    finally:
        asyncio._set_running_loop(None)
