"""What all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Generator, Iterator
from itertools import count
from typing import Any, cast

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses
from hypothesis import settings
from pacings import InProcess, Pacing, Shared
from servers import redis_server

# A busy machine must not fail a test that is right.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

_apps = count()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are processors: many tests wait for servers, processes and real time."""
    return (os.cpu_count() or 1) + 2


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks of these tests, and let the processes that they start be interrupted."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; it would be inherited
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "one_in(number): with the shared limiter, one in so many is run by default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out all but a sample of the runs that are many, and slow where a real server is asked each time."""
    many = [item for item in items if item.get_closest_marker("one_in") and "shared" in item.name]
    for number, item in enumerate(many if not os.environ.get("XERO_ASYNC_SHARED") else []):
        marker = item.get_closest_marker("one_in")
        if marker is not None and number % marker.args[0]:
            items.remove(item)


class Writer:
    """What aiohttp 3.14 asks a response's writer for."""

    output_size = 0


class Answered(ClientResponse):
    """A response that was never written: aioresponses 0.7.9 gives it no writer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"stream_writer": Writer(), **kwargs})


class Canned:
    """Answers in place of the network, by method and URL."""

    def __init__(self, answers: aioresponses) -> None:
        self._answers = answers

    def answer(
        self, method: str, url: str, *, status: int = 200, body: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """Answer the next such call."""
        add = cast("Callable[..., None]", self._answers.add)  # pyright: ignore[reportUnknownMemberType] - half typed there
        add(url, method, status=status, body=body, headers=headers, response_class=Answered)


@pytest.fixture
def canned() -> Iterator[Canned]:
    """Canned answers, for tests that need no server."""
    with aioresponses() as answers:
        yield Canned(answers)


@pytest.fixture(scope="session")
def shared_server() -> Generator[str]:
    """A Redis for tests that leave each other's keys alone."""
    with redis_server() as url:
        yield url


@pytest.fixture
def shared(shared_server: str) -> Shared:
    """Limits through a real server, in virtual time."""
    return Shared(shared_server)


@pytest.fixture
def app() -> str:
    """The name of an app that no other test has."""
    return f"tested-{next(_apps)}"


@pytest.fixture(params=["in process", "shared"])
def pacing(request: pytest.FixtureRequest) -> Pacing:
    """The limiter of one process and the one that processes share, in turn."""
    return InProcess() if request.param == "in process" else Shared(request.getfixturevalue("shared_server"))
