"""`xero-async export --queue`: a task for each organisation, which workers on any machine draw.

An address in the arguments is there for everybody on the machine to see, so its password comes from the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import typer

from ..bulk.export.formats import Format
from ..bulk.queue import ExportQueue, ExportTask, Standing
from ..pacing.server import PASSWORD, check_address, failures
from .running import FAILED, LATER, MISUSED, CommandError, printable
from .tables import show
from .target import DEFAULT_TARGET, looks_like_a_database

__all__ = ["PutInto", "Queue", "address_of", "format_for", "put"]

Queue: TypeAlias = Annotated[
    str,
    typer.Option(
        envvar="XERO_ASYNC_QUEUE",
        help=f"The queue's Redis or Valkey, such as redis://host:6379/0; its password is in {PASSWORD}.",
        metavar="URL",
        show_default=False,
    ),
]
# Not `envvar`: where a worker's environment is set, an export is still one of its own unless it is asked for.
PutInto: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--queue",
        help="Put a task for each organisation into the queue of this Redis, for `xero-async worker` on any machine; "
        f"its password is in {PASSWORD}.",
        metavar="URL",
    ),
]

LOOK = 0.5
"""Seconds between two looks at the tasks."""
EVERY = 5.0
"""Seconds between two lines of how they stand."""
LONELY = 10.0
"""Seconds after which it is said that nobody has taken a task."""
PUT_OFF = 600.0
"""Seconds beyond which a task that waits for a moment is not waited for."""


def address_of(queue: str) -> str:
    """The address of a queue, with the password of the environment where it has none.

    Raises `CommandError` for what is no address, and `InvalidArgument` for one that cannot be right.
    """
    try:
        parts = urlsplit(queue)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise CommandError("a queue is the address of a Redis, such as redis://host:6379/0", MISUSED)
    failures("a queue needs", "queue")  # which names the extra, where it is missing
    check_address(queue)
    password = os.environ.get(PASSWORD, "")
    if not password or parts.password:
        return queue
    place = parts.netloc.rpartition("@")[2]
    # The name is left as it was written, which is quoted already.
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{quote(password, safe='')}@{place}"))


def format_for(target: Path, wanted: Format | None) -> Format:
    """What workers are to write into a folder. Raises `CommandError` for what is no folder for all of them."""
    if target == DEFAULT_TARGET or target.is_file() or (wanted is None and looks_like_a_database(target)):
        raise CommandError(
            "workers write into a folder that all of them reach: name one (with --format sqlite, it gets a database "
            "for each organisation)",
            MISUSED,
        )
    return wanted or Format.jsonl


async def put(queue: str, tasks: Sequence[ExportTask], *, wait: bool) -> None:
    """Put tasks, say how many are new, and wait for what comes of them if that was asked for."""
    async with ExportQueue(address_of(queue)) as exports:
        are_new = await exports.put(tasks)
        old = are_new.count(False)
        known = f", {old:,} were queued already and stay as they were put" if old else ""
        _note(f"{are_new.count(True):,} tasks put{known}")
        if not wait:
            _note("`xero-async worker` draws them; the same command with --wait tells what came of them")
            return
        ends = await _ends(exports, [task.id for task in tasks])
    _tell(ends)


async def _ends(exports: ExportQueue, ids: list[str]) -> list[Standing]:
    began, told, line = time.monotonic(), 0.0, ""
    while True:
        standings = await exports.standings(ids)
        if all(_is_waited_for_no_more(each) for each in standings):
            return standings
        states = Counter(each.state for each in standings)
        records = sum(each.records for each in standings)
        words = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        now = time.monotonic()
        if now - told >= EVERY and (fresh := f"{words}; {records:,} records") != line:
            told, line = now, fresh
            _note(fresh)
        if now - began > LONELY and not any(each.worker for each in standings):
            began = float("inf")
            _note("no worker has taken one yet: start `xero-async worker` with the same --queue")
        await asyncio.sleep(LOOK)


def _is_waited_for_no_more(standing: Standing) -> bool:
    return standing.is_over or (standing.state == "later" and standing.due > time.time() + PUT_OFF)


def _tell(ends: Sequence[Standing]) -> None:
    """What came of all of them, in rows and in the exit code."""
    done = [each for each in ends if each.state == "done"]
    failed = [each for each in ends if each.state == "failed"]
    later = [each for each in ends if not each.is_over]
    show(("records", "place"), ((each.records, each.place) for each in done))
    for each in ends:
        if each.reason:
            _note(f"{each.title}: {each.reason}")
    _note(f"{sum(each.records for each in done):,} records of {len(done):,} organisations")
    if failed:
        raise CommandError(f"{len(failed):,} of {len(ends):,} organisations failed", FAILED)
    if later:
        moment = datetime.fromtimestamp(max(each.due for each in later), UTC)
        raise CommandError(
            f"{len(later):,} of {len(ends):,} organisations wait until {moment:%Y-%m-%d %H:%M} UTC, and workers go on "
            "with them then",
            LATER,
        )


def _note(words: str) -> None:
    print(printable(words), file=sys.stderr)
