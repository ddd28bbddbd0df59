"""The fault plan: what goes wrong on purpose, and when.

A plan is a list of rows. A row names a kind of fault, the calls it is meant for, and how often it strikes: each
n-th of those calls, the calls of certain numbers, with a probability (drawn from a seed, so a run can be repeated),
or each time; and at most so many times. A kind strikes at one stage of a call, and a row counts the calls that reach
its stage:

    door     before anything is looked at: the connection drops, or a gateway answers for Xero (502, 503, 504, html)
    limits   in place of the limits: a 429 that no count explains; nothing is done
    engine   in place of the work: Xero's 500, kept as the answer of an idempotency key; nothing is done
    answer   after the work is done and kept: no answer, half of one, or a late one

When two rows of one stage are due for the same call, the later row strikes at the next call it is meant for.
Calls for a token or for the connections are struck only by rows that name their operation.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from xero_async.wire.errors import InvalidArgument

__all__ = ["SIGN_IN_OPERATIONS", "Fault", "FaultKind", "FaultPlan", "FaultTally", "Stage"]

FaultKind = Literal[
    "minute", "concurrent", "day", "appminute",
    "500", "502", "503", "504", "html",
    "drop_before", "drop_after", "slow", "cut",
]  # fmt: skip
Stage = Literal["door", "limits", "engine", "answer"]

STAGES: dict[FaultKind, Stage] = {
    "drop_before": "door",
    "502": "door",
    "503": "door",
    "504": "door",
    "html": "door",
    "minute": "limits",
    "concurrent": "limits",
    "day": "limits",
    "appminute": "limits",
    "500": "engine",
    "drop_after": "answer",
    "cut": "answer",
    "slow": "answer",
}
SECONDS: dict[FaultKind, float] = {"minute": 1.0, "day": 3600.0, "slow": 1.0}
"""How long a fault lasts unless its row says so; kinds that are absent have no length."""

SIGN_IN_OPERATIONS = frozenset({"token", "revocation", "authorize", "getConnections", "deleteConnection"})
"""Operations that are not in the Accounting API's table, by the names that fault rows and counters use."""

SHORT = {"p": "probability", "s": "seconds", "n": "every", "op": "operation"}
"""Names that the text form of a plan accepts beside those of the fields."""


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One row of a fault plan. Raises `InvalidArgument` for what cannot be."""

    kind: FaultKind
    operation: str | None = None
    """Only calls of this operation, such as `createInvoices`."""
    method: str | None = None
    """Only calls with this HTTP method."""
    every: int | None = None
    """Each n-th of these calls."""
    at: tuple[int, ...] = ()
    """The calls of these numbers among them, the first being 1."""
    probability: float = 0
    """Each of these calls with this chance, from 0 to 1. Without this, `every` and `at`, each of them."""
    times: int | None = None
    """At most so many strikes."""
    seconds: float | None = None
    """The delay of `slow`, the `Retry-After` of `minute` and `day`."""
    status: Literal[200, 502] = 502
    """The status of an `html` answer."""

    def __post_init__(self) -> None:
        if self.every is not None and (self.every < 1 or self.probability):
            raise InvalidArgument("a fault strikes each n-th call (n from 1 up) or with a probability, not both")
        if self.at and (self.every is not None or self.probability or min(self.at) < 1):
            raise InvalidArgument("a fault strikes at calls by their numbers (from 1 up) or in another way, not both")
        if not 0 <= self.probability <= 1:
            raise InvalidArgument("a fault's probability lies between 0 and 1")
        if self.times is not None and self.times < 0:
            raise InvalidArgument("a fault's number of times is not negative")
        if self.seconds is not None and not 0 <= self.seconds <= 86_400:
            raise InvalidArgument("a fault lasts from 0 seconds to a day")

    @property
    def stage(self) -> Stage:
        """Where in a call it strikes."""
        return STAGES[self.kind]

    @property
    def length(self) -> float:
        """Its length in seconds, by default that of its kind."""
        return SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


class FaultTally(Struct, frozen=True):
    """A row of the plan, and what came of it."""

    fault: Fault
    met: int
    """Calls that it was meant for."""
    struck: int
    """How often it struck."""


class Row:
    """A fault, and how often it has been met."""

    def __init__(self, fault: Fault, chance: random.Random) -> None:
        self.fault = fault
        self._chance = chance
        self._met = 0
        self._due = 0
        self._struck = 0

    @property
    def tally(self) -> FaultTally:
        """What came of it so far."""
        return FaultTally(self.fault, self._met, self._struck)

    def meets(self, stage: Stage, operation: str, method: str) -> bool:
        """Whether this is a call that the row is meant for."""
        fault = self.fault
        if fault.operation is None and operation in SIGN_IN_OPERATIONS:
            return False
        return (
            fault.stage == stage
            and fault.operation in (None, operation)
            and (fault.method is None or fault.method.upper() == method)
        )

    def count(self) -> None:
        """Take note of such a call: it may make the row due."""
        self._met += 1
        if self._falls_due():
            self._due += 1

    def strike(self) -> bool:
        """Strike if the row is due."""
        if not self._due or self._struck == self.fault.times:
            return False
        self._due -= 1
        self._struck += 1
        return True

    def _falls_due(self) -> bool:
        if self.fault.at:
            return self._met in self.fault.at
        if self.fault.every is not None:
            return self._met % self.fault.every == 0
        if self.fault.probability:
            return self._chance.random() < self.fault.probability
        return self._due == 0


class FaultPlan:
    """Rows of faults with their state; iterating gives the rows back."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        chances = random.Random(seed)
        self._rows = [Row(fault, random.Random(chances.getrandbits(64))) for fault in faults]

    def __iter__(self) -> Iterator[Fault]:
        return (row.fault for row in self._rows)

    @property
    def tallies(self) -> list[FaultTally]:
        """Each row with what came of it."""
        return [row.tally for row in self._rows]

    def strike(self, stage: Stage, operation: str, method: str) -> Fault | None:
        """Count a call that reaches `stage`, and return the fault that strikes it there."""
        met = [row for row in self._rows if row.meets(stage, operation, method)]
        for row in met:
            row.count()
        return next((row.fault for row in met if row.strike()), None)

    @classmethod
    def parse(cls, text: str, *, seed: int = 0) -> FaultPlan:
        """Read a plan from text such as `drop_after:every=7,502:p=0.05`.

        Rows are separated by commas; a row is a kind and the fields of `Fault`, separated by colons. Short names:
        `p` probability, `n` every, `s` seconds, `op` operation; numbers of `at` stand apart by `+`, as in
        `500:at=3+7`. Raises `InvalidArgument`.
        """
        return cls([_row(part) for part in text.split(",") if part.strip()], seed=seed)


def _row(text: str) -> Fault:
    kind, *pairs = (part.strip() for part in text.split(":"))
    if kind not in STAGES:
        raise InvalidArgument(f"there is no fault {kind!r}; there are {', '.join(STAGES)}")
    fields: dict[str, str | list[str]] = {"kind": kind}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            raise InvalidArgument(f"a fault's fields look like name=value, not {pair!r}")
        fields[SHORT.get(name, name)] = value.split("+") if name == "at" else value
    try:
        return msgspec.convert(fields, Fault, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidArgument(f"fault {text.strip()!r}: {error}") from None
