"""What all tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses
from hypothesis import settings

# A busy machine must not fail a test that is right.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


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
