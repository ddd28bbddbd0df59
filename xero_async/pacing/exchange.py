"""What a process and the shared counts tell each other: the keys, the questions and the replies of `script/`.

One round trip is about one tenant. It carries what has come of earlier calls (`learn`, `refused`, `release`, `back`,
`keep`) and then, if somebody waits, one `ask`; so the completion of a call and the next turn go together. The script
answers with the turns that it grants, what hinders the next one and for how long, and what remains.

Every deed may be told twice, as when a connection breaks before the reply: calls have names that the process gives,
so none is counted or granted twice.

All keys of an app share a hash tag, `xero_async:{app}:...`, so that a cluster keeps them in one place. All of them end
by themselves. Times are whole microseconds, of the server's clock.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, cast

from msgspec import Struct, msgpack

from ..wire.errors import InvalidArgument
from .limits import Limits, Remaining
from .news import Refusal, span_of

__all__ = [
    "LEAVING",
    "OTHER_LIMITS",
    "POLL",
    "SCRIPT",
    "Ask",
    "Flags",
    "Grant",
    "Known",
    "News",
    "Reply",
    "Rules",
    "given_back",
    "kept",
    "learned",
    "micros",
    "refused",
    "rejoining",
    "released",
    "shared_out",
]

_PARTS = [Path(__file__).parent / "script" / f"{part}.lua" for part in ("history", "window", "tenant", "deeds")]
SCRIPT = "\n".join(part.read_text() for part in _PARTS)
"""The rules, as the server runs them."""
POLL = 1.0
"""Seconds after which who waits asks again, should nothing have woken it."""
_MICRO = 1_000_000
_MOST = 2**53
"""Up to here the script's numbers are exact, and it is as good as no limit."""


def micros(seconds: float) -> int:
    """Whole microseconds, rounded up: a wait must not end before its time."""
    return ceil(round(seconds * _MICRO, 3))  # less what is only an error of the float


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


class Flags(NamedTuple):
    """What a call in flight was sent to find out."""

    probe: bool = False
    """Whether it was the tenant's first, while nothing was known of it."""
    refused: bool = False
    """Whether it has found nothing out, being refused."""
    app_probe: bool = False
    app_refused: bool = False

    @property
    def text(self) -> str:
        """As the script reads it."""
        return f"{self.probe:d} {self.refused:d} {self.app_probe:d} {self.app_refused:d}"


class Grant(NamedTuple):
    """A turn, and what the counts were when it was granted."""

    id: str
    granted: int
    mark: int
    probe: bool
    app_mark: int
    app_probe: bool


def learned(grant: Grant, flags: Flags, left: int | None, day_left: int | None, app_left: int | None) -> str:
    """A call was answered."""
    figures = f"{_number(left)} {_number(day_left)} {grant.app_mark} {_number(app_left)}"
    return f"learn {grant.granted} {grant.mark} {figures} {flags.text} "


def refused(refusal: Refusal) -> str:
    """A call was refused."""
    return f"refused {refusal.of} {_number(None if refusal.seconds is None else micros(refusal.seconds))} "


def released(id: str, ago: float, is_counted: bool, flags: Flags) -> str:
    """A call was completed, so many seconds ago; `is_counted` says that its answer told of the day."""
    return f"release {id} {micros(ago)} {is_counted:d} {flags.text} "


def given_back(id: str, flags: Flags) -> str:
    """A call was never sent."""
    return f"back {id} {flags.probe:d} {flags.app_probe:d} "


def kept(id: str) -> str:
    """A call is still in flight."""
    return f"keep {id} "


def rejoining(seconds: float) -> str:
    """This process went on by itself for a while; nothing may go for so many seconds."""
    return f"rejoin {micros(seconds)} "


OTHER_LIMITS = "limits "
"""What a hindrance begins with that is the limits of other processes; these follow."""
LEAVING = "go "
"""Nobody waits here any more."""


class Ask(NamedTuple):
    """How many turns are wanted, interactive and bulk."""

    interactive: int
    bulk: int
    is_new: bool
    """Whether interactive calls have come in since the last question."""
    waiting: int
    """Bulk calls that wait here in all."""
    first: int
    """The number in the name of the first call that is granted; the others follow."""

    @property
    def text(self) -> str:
        """As the script reads it."""
        return f"ask {self.interactive} {self.bulk} {self.is_new:d} {self.waiting} {self.first} "

    @property
    def numbers(self) -> range:
        """The numbers of all calls that may have been granted."""
        return range(self.first, self.first + self.interactive + self.bulk)


class News(NamedTuple):
    """Something to tell of: a pause (`minute`, `concurrent`, `app`), the `day`'s end, or that counts were `lost`."""

    kind: str
    seconds: float


class Known(Struct):
    """What a process knows of the counts' own history, by which it notices that they were lost."""

    epoch: str = ""
    steps: int = 0
    heard: float = 0.0

    def text(self, now: float, life: float) -> str:
        """As the script reads it; what is older than all counts says nothing."""
        return f"{self.epoch} {self.steps}" if self.epoch and now - self.heard < life else ""


class Reply(Struct, gc=False):
    """What the script answers."""

    epoch: str
    steps: int
    remaining: Remaining
    resets: float | None
    """Seconds until the day that is over ends, if that is known."""
    hindrance: str
    """What keeps the next call back; empty if nothing does."""
    wait: float | None
    """Seconds until that ends by itself; None if only an answer can end it."""
    of_app: bool
    """Whether it holds back every tenant."""
    grants: tuple[list[Grant], list[Grant]]
    """Turns, interactive and bulk."""
    news: list[News]

    @classmethod
    def read(cls, raw: object) -> Reply:
        """Read what came over the wire; texts may come as bytes."""
        _, epoch, steps, minute, day, app, flying, resets, reason, wait, of_app, first, second, news = cast(
            "Sequence[Any]", raw
        )
        return cls(
            _text(epoch),
            steps,
            Remaining(minute=minute, day=day, app_minute=app, in_flight=flying),
            None if resets < 0 else resets / _MICRO,
            _text(reason),
            None if wait < 0 else wait / _MICRO,
            bool(of_app),
            ([_grant(each) for each in first], [_grant(each) for each in second]),
            [News(_text(kind), seconds / _MICRO) for kind, seconds in news],
        )


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw


def _grant(raw: Sequence[Any]) -> Grant:
    id, granted, mark, probe, app_mark, app_probe = raw
    return Grant(_text(id), granted, mark, bool(probe), app_mark, bool(app_probe))


class Rules:
    """Limits, lease and names, written as the script wants them."""

    def __init__(self, app: str, limits: Limits, process: str, lease: float, replicas: int) -> None:
        self.limits, self.process, self.lease = limits, process, lease
        self.span = span_of(limits)
        self._root = f"xero_async:{{{app}}}:"
        self.channel = f"{self._root}wake:"
        app_reserve = limits.app_minute * limits.bulk_reserve // limits.minute
        times = [micros(self.span), micros(lease), micros(POLL)]
        app_ceilings = [limits.app_minute, max(1, limits.app_minute - app_reserve)]
        ceilings = [limits.minute - limits.reserve, max(1, limits.minute - limits.reserve - limits.bulk_reserve)]
        slots = [limits.concurrent, max(1, limits.concurrent - 1)]
        # The order is that of the script's own list. A call of no tenant has no slots, no day and no headers.
        tenant = [*times, limits.minute, *ceilings, *slots, *app_ceilings, limits.day, replicas]
        lone = [*times, limits.minute, limits.minute, limits.minute, 0, 0, *app_ceilings, 0, 0]
        self.figures = _figures(limits)
        names = [process, self.channel, self.figures]
        self._settings = {is_lone: _packed(names, lone if is_lone else tenant) for is_lone in (False, True)}

    def keys(self, tenant: str | None) -> list[bytes]:
        """The keys of the app and of a tenant."""
        root = "none" if tenant is None else f"tenant:{tenant}"
        names = ["app", "app:calls", "app:others", root, *(f"{root}:{name}" for name in _OF_TENANT)]
        return [f"{self._root}{name}".encode() for name in names]

    def arguments(self, tenant: str | None, known: str, words: str) -> list[bytes]:
        """Everything that a round trip carries, but the moment."""
        name = b"" if tenant is None else tenant.encode()
        return [self._settings[tenant is None], name, known.encode(), words.encode()]


_OF_TENANT = ("calls", "others", "line", "bulk-line")


def _figures(limits: Limits) -> str:
    """What must be the same in all processes, or they make too many calls together."""
    names = ("concurrent", "minute", "day", "app_minute", "reserve")
    return ", ".join([*(f"{name}={getattr(limits, name)}" for name in names), f"window={limits.window:g}"])


def _packed(names: Sequence[str], numbers: Sequence[int]) -> bytes:
    return msgpack.encode([*names, *(min(number, _MOST) for number in numbers)])


def shared_out(limits: Limits, replicas: int) -> Limits:
    """The limits of one of so many replicas that know nothing of each other.

    Raises `InvalidArgument` where there is not one call for each.
    """

    def part(name: str, round_: Callable[[int, int], int] = int.__floordiv__) -> int:
        whole: int = getattr(limits, name)
        share = round_(whole, replicas)
        if share < 1 and whole > 0:
            raise InvalidArgument(
                f"Limits.{name} is {whole}, which leaves nothing for each of {replicas} replicas on their own; "
                f"with replicas=None, no call goes while the shared limits are away"
            )
        return share

    return Limits(
        concurrent=part("concurrent"),
        minute=part("minute"),
        day=min(part("day"), sys.maxsize),
        app_minute=part("app_minute"),
        window=limits.window,
        reserve=min(part("reserve", _rounded_up), part("minute") - 1),
        bulk_reserve=limits.bulk_reserve // replicas,
        wait_for_day=limits.wait_for_day,
    )


def _rounded_up(whole: int, parts: int) -> int:
    return -(-whole // parts)
