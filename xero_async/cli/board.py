"""What a long job shows while it runs: bars on a terminal, plain lines anywhere else.

Jobs tell the board how far each piece of work has come, and the session's hook tells it of every attempt. From that
come the rate, the calls left in the minute, and the expected end. Xero's limits are about calls, so the end is reckoned
in calls: at the pace so far, and no sooner than the minute's windows let the remaining ones go.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ..bulk import ExportProgress
from ..pacing import Limits, Remaining
from ..session import Attempt, Tenant
from .running import printable

__all__ = ["Board", "Forecast", "Work", "clock_face"]

EVERY = 2.0
"""Seconds between plain lines of one piece of work."""
SILENCE = 10.0
"""Seconds after which a plain line says that work goes on."""


_FAILURES = {"dropped": "connection lost", "timeout": "no answer in time", "connect": "no connection"}


class Work(Struct):
    """One bar."""

    name: str
    tenant: str = ""
    unit: str = "records"
    done: int = 0
    total: int | None = None
    calls: int = 0
    calls_total: int | None = None
    began: float = 0.0
    ended: float | None = None

    def rate(self, now: float) -> float:
        """Units a second."""
        seconds = (now if self.ended is None else self.ended) - self.began
        return self.done / seconds if seconds > 0 else 0.0

    @property
    def calls_left(self) -> int:
        """Calls still to make, as far as is known."""
        return 0 if self.ended is not None else max(0, (self.calls_total or 0) - self.calls)


class Forecast:
    """When a tenant's calls will have been made. All times are seconds of one clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._made: deque[float] = deque(maxlen=limits.minute)

    def note(self, now: float) -> None:
        """A call was made."""
        self._made.append(now)

    def seconds_for(self, calls: int, left: int, pace: float, now: float) -> float:
        """Seconds that so many more calls take, at so many seconds a call, when `left` of them may go at once."""
        return max(calls * pace, self._held(calls - left, now))

    def _held(self, calls: int, now: float) -> float:
        """Seconds until the last of calls that have to wait for their window may go."""
        if calls <= 0:
            return 0.0
        windows, place = divmod(calls - 1, self._limits.minute)
        oldest = self._made[place] if place < len(self._made) else now
        return max(0.0, oldest + self._limits.window - now) + windows * self._limits.window


class _Followed(Struct):
    """A tenant whose limits matter."""

    name: str
    left: Callable[[], Remaining]
    forecast: Forecast


class Board:
    """The progress of a job. Enter it while the job runs."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock, self._began = console, clock, clock()
        self._works: dict[tuple[str, str], Work] = {}
        self._tenants: dict[str, _Followed] = {}
        self._retries: Counter[str] = Counter()
        self._live: Live | None = None
        self._told: dict[tuple[str, str], float] = {}
        self._spoke = self._began
        self._ended: float | None = None
        self._reminder: asyncio.Task[None] | None = None
        if console.is_terminal and not console.is_dumb_terminal:
            self._live = Live(console=console, get_renderable=self.shown, refresh_per_second=8)

    async def __aenter__(self) -> Self:
        if self._live is not None:
            self._live.start(refresh=True)
        else:
            self._reminder = asyncio.create_task(self._remind())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
        if self._reminder is not None:
            self._reminder.cancel()
            await asyncio.gather(self._reminder, return_exceptions=True)

    # -- what it is told --------------------------------------------------------------------------------------------

    def follow(self, name: str, tenant: Tenant) -> None:
        """Reckon with a tenant's limits; its works carry the same name."""
        self._tenants[tenant.id] = _Followed(name, lambda: tenant.limits, Forecast(Limits()))

    def attempt(self, attempt: Attempt) -> None:
        """Take note of an attempt: the session's hook."""
        if attempt.tenant in self._tenants:
            self._tenants[attempt.tenant].forecast.note(self._clock())
        if attempt.next == "wait":
            self._retries[_FAILURES.get(attempt.failure or "", str(attempt.status))] += 1

    def update(
        self,
        name: str,
        *,
        tenant: str = "",
        unit: str = "records",
        done: int = 0,
        total: int | None = None,
        calls: int = 0,
        calls_total: int | None = None,
        finished: bool = False,
    ) -> None:
        """Say how far a piece of work has come, or that it is to come."""
        now = self._clock()
        work = self._works.setdefault((tenant, name), Work(name=name, tenant=tenant, unit=unit))
        if not work.calls and calls:
            work.began = self._last_end(tenant)
        work.done, work.calls = done, calls
        work.total = work.total if total is None else total
        work.calls_total = work.calls_total if calls_total is None else calls_total
        work.ended = now if finished else None
        if calls:
            self._tell(work, now)

    def exported(self, progress: ExportProgress, verb: str = "") -> None:
        """Say how far an export has come: its hook."""
        # What changes while all is drawn is no bar of its own, but it is all that there is to later runs.
        is_increment = progress.step == "changes" and not progress.records
        done = progress.changed if is_increment else progress.records
        size = progress.item_count if is_increment or progress.step == "crawl" else done
        to_come = None if progress.page_count is None else max(0, progress.page_count - progress.page)
        self.update(
            verb + progress.resource,
            tenant=progress.tenant,
            unit="changed records" if is_increment else "records",
            done=done,
            total=done if progress.done else size,
            calls=progress.pages,
            calls_total=progress.pages if progress.done else to_come and progress.pages + to_come,
            finished=progress.done,
        )

    def finish(self) -> None:
        """Say that all is done: nothing more is expected."""
        self._ended = self._clock()

    def _last_end(self, tenant: str) -> float:
        """When a tenant's work before the next one ended: resources are drawn one after the other."""
        ends = (work.ended for work in self._works.values() if work.tenant == tenant)
        return max(end for end in (self._began, *ends) if end is not None)

    # -- what it reckons --------------------------------------------------------------------------------------------

    @property
    def calls_left(self) -> int | None:
        """Calls left in the minute, of the tenant that has the fewest."""
        return min((followed.left().minute for followed in self._tenants.values()), default=None)

    def expected(self, now: float) -> float | None:
        """Seconds that the whole takes, as far as its size is known; None before the first call."""
        if not any(work.calls for work in self._works.values()):
            return None
        return now - self._began + max((self._seconds_left(one, now) for one in self._tenants.values()), default=0.0)

    def _seconds_left(self, followed: _Followed, now: float) -> float:
        works = [work for work in self._works.values() if work.tenant == followed.name]
        made, to_make = sum(work.calls for work in works), sum(work.calls_left for work in works)
        pace = (now - self._began) / made if made else 0.0
        left = followed.left()
        return followed.forecast.seconds_for(to_make, left.minute + left.in_flight, pace, now)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def shown(self) -> RenderableType:
        """The bars, and a line below them."""
        now = self._clock() if self._ended is None else self._ended
        rows = list(self._works.values())
        grid = Table.grid(padding=(0, 2), expand=True)
        grid.add_column(no_wrap=True, max_width=self._console.width // 2)
        grid.add_column(ratio=1)
        for _ in range(3):
            grid.add_column(justify="right", no_wrap=True)
        for work in self._fitting(rows):
            bar = ProgressBar(total=work.total, completed=work.done, pulse=work.total is None and work.calls > 0)
            rate = f"{work.rate(now):,.0f}/s" if work.calls else ""
            grid.add_row(self._title(work), bar, _counted(work), _calls(work), rate)
        return Group(grid, *(Text(line, style="dim") for line in self._summary(now)))

    def _fitting(self, works: list[Work]) -> list[Work]:
        """The works that the terminal has room for; what is finished goes first."""
        room = max(1, self._console.height - 4)
        gone = [work for work in works if work.ended is not None][: max(0, len(works) - room)]
        return [work for work in works if work not in gone][:room]

    def _title(self, work: Work) -> Text:
        several = len(self._tenants) > 1 and work.tenant
        return Text(printable(f"{work.tenant}, {work.name}" if several else work.name))

    def _summary(self, now: float) -> list[str]:
        parts = [f"elapsed {clock_face(now - self._began)}"]
        if (expected := self.expected(now)) is not None:
            parts.append(f"expected {clock_face(expected)}")
        if (left := self.calls_left) is not None:
            parts.append(f"{_plural(left, 'call', 'calls')} left in the minute")
        lines = [", ".join(parts)]
        if self._retries:
            lines.append(f"{_plural(self._retries.total(), 'retry', 'retries')}: {_listed(self._retries)}")
        return lines

    # -- plain lines ------------------------------------------------------------------------------------------------

    def _tell(self, work: Work, now: float) -> None:
        key = (work.tenant, work.name)
        if self._live is None and (work.ended is not None or now - self._told.get(key, work.began) >= EVERY):
            self._told[key] = now
            pages = f", {calls}" if (calls := _calls(work)) else ""
            self._say(f"{self._title(work)}: {_counted(work)} {work.unit}{pages}, {work.rate(now):,.0f}/s; ", now)

    def _say(self, words: str, now: float) -> None:
        self._spoke = now
        self._console.print(Text(words + ", ".join(self._summary(now))), soft_wrap=True)

    async def _remind(self) -> None:
        while True:
            await asyncio.sleep(1)
            if (now := self._clock()) - self._spoke >= SILENCE:
                self._say("working; ", now)


def _counted(work: Work) -> str:
    return f"{work.done:,}" if work.total is None else f"{work.done:,} of {work.total:,}"


def _calls(work: Work) -> str:
    if work.calls_total is None:
        return f"call {work.calls}" if work.calls else ""
    return f"call {work.calls} of {work.calls_total}" if work.calls else _plural(work.calls_total, "call", "calls")


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in counts.most_common())


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def clock_face(seconds: float) -> str:
    """A length of time as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
