"""The arithmetic of benchmarks: medians, ratios and whether they are what they should be. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple, TypeAlias

from benchmarks.cases import Told

OURS = "xero_async"
"""The contestant whom all this is about."""


class Rounds(NamedTuple):
    """What came of a case."""

    case: str
    told: dict[str, list[Told]]
    """What each contestant told in each round."""
    absent: dict[str, str]
    """Contestants that could not be measured, and why."""


Results: TypeAlias = Mapping[str, Rounds]
"""All cases by name."""


def middle(rounds: Sequence[Told], figure: str) -> float:
    """A figure's median over the rounds."""
    return median(each.figures[figure] for each in rounds)


def paired(rounds: Sequence[Told], others: Sequence[Told], figure: str) -> float:
    """The median of a figure's ratios, round by round: what struck a round has struck both."""
    return median(_over(one.figures[figure], other.figures[figure]) for one, other in zip(rounds, others, strict=False))


def _over(one: float, other: float) -> float:
    if other:
        return one / other
    return 1.0 if not one else float("inf")


# ------------------------------------------------------------------------------------------------ calls under limits


def best_end(ready: Sequence[float], *, limit: int, window: float, slots: int, latency: float) -> float:
    """When the last of some calls can be done at best, if each can begin when it is ready, in the order given.

    At most `limit` calls begin within any `window`, at most `slots` last at once, and each lasts `latency`.
    """
    began: list[float] = []
    for at, moment in enumerate(ready):
        after_limit = began[at - limit] + window if at >= limit else 0.0
        after_slot = began[at - slots] + latency if at >= slots else 0.0
        began.append(max(moment, after_limit, after_slot))
    return began[-1] + latency


def most_within(moments: Sequence[float], window: float) -> int:
    """The most moments within any stretch of time that is shorter than the window."""
    ordered, most, oldest = sorted(moments), 0, 0
    for at, moment in enumerate(ordered):
        while moment - ordered[oldest] >= window:
            oldest += 1
        most = max(most, at - oldest + 1)
    return most


def most_at_once(began: Sequence[float], ended: Sequence[float]) -> int:
    """The most calls in flight: those that end at a moment are gone before others begin."""
    most = now = 0
    for _, change in sorted([*((each, 1) for each in began), *((each, -1) for each in ended)]):
        now += change
        most = max(most, now)
    return most
