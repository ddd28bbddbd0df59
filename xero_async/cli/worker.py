"""`xero-async worker`: draws the organisations that `xero-async export --queue` has put, beside any others."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from typing import Annotated

import typer
from aiohttp import ClientTimeout

from ..bulk.queue import Event, Worker
from ..session import CONNECT_TIMEOUT
from .connecting import DEFAULT_BASE_URL, DEFAULT_IDENTITY_URL, BaseUrl, ClientId, IdentityUrl, connect
from .queueing import Queue, address_of
from .running import FAILED, LATER, CommandError, printable, run

__all__ = ["worker"]

GOES_ON = "; the next worker goes on with what was under way"
TO_TELL = 2.0
"""Seconds by which a slot of the shared limits outlives the call that has it, in which the call's end can be told.

How long one sending may last is bounded here, by `--timeout`, and not the whole call, which may have to wait for its
turn for minutes. A slot's lease is longer than that by construction: so none is given away under a call, even if its
worker is stopped amid it; and those of a killed worker keep its tenant from the next one for about a minute at most.
`--lease` is another one, after which the tenant itself passes on.
"""


def worker(
    queue: Queue = "",
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="Organisations that are drawn at once.")] = 8,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="End when nothing is left but what waits for the next day's calls.")
    ] = False,
    lease: Annotated[
        float,
        typer.Option(
            min=1.0,
            max=3600.0,
            help="Seconds after which others go on with what this worker had, when it has died; the same for all.",
            metavar="SECONDS",
        ),
    ] = 30.0,
    timeout: Annotated[
        float,
        typer.Option(
            min=1.0,
            max=600.0,
            help="Seconds that Xero has for a whole answer; so long a killed worker's calls count as under way.",
            metavar="SECONDS",
        ),
    ] = 60.0,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Draw the organisations in a queue, several at once, until stopped.

    Start it on as many machines as you like: they share Xero's limits through the same Redis, as one app. Each signs
    in by itself.
    A worker that is stopped hands back what it has; what a killed one had, others take over after its lease.
    """
    if not queue:
        raise typer.BadParameter("name the queue, as `xero-async export --queue` did", param_hint="--queue")
    logging.getLogger("taskiq").setLevel(logging.CRITICAL)  # what it would say is said here, in a line
    run(_work(queue, concurrency, until_empty, lease, timeout, (base_url, identity_url, client_id)), GOES_ON)


async def _work(
    queue: str, concurrency: int, until_empty: bool, lease: float, longest: float, place: tuple[str, str, str]
) -> None:
    from ..pacing.shared import RedisLimits  # which needs an extra

    queue, tally = address_of(queue), _Tally()
    async with (
        # All workers of a queue count as one app, whichever way each of them signs in.
        RedisLimits(queue, lease=longest + TO_TELL) as limits,
        connect(*place, limits=limits, timeout=ClientTimeout(total=longest, sock_connect=CONNECT_TIMEOUT)) as xero,
    ):
        work = Worker(queue, xero, concurrency=concurrency, lease=lease, until_empty=until_empty, on_event=tally.note)
        left = await work.run()
    tally.end(left)


class _Tally:
    """Tells what happens, a line each, and what it all came to."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()

    def note(self, event: Event) -> None:
        """Print an event."""
        self._kinds[event.kind] += 1
        said = f"{event.title}: {event.kind}" if event.title else event.kind
        _say(f"{said}, {event.words}" if event.words else said)

    def end(self, left: int) -> None:
        """The end of a worker that had nothing left to do."""
        _say(f"nothing is left: {self._kinds['done']:,} done, {self._kinds['failed']:,} failed here")
        if self._kinds["failed"]:
            raise CommandError(f"{self._kinds['failed']:,} organisations failed", FAILED)
        if left:
            raise CommandError(f"{left:,} organisations wait for the next day's calls", LATER)


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {printable(words)}", file=sys.stderr, flush=True)
