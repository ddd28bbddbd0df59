"""From figures to verdicts: the ratio of each row, whether it is as it should be, and whether it got worse. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from benchmarks.figures import Results, middle, paired
from benchmarks.rows import Row

TOLERANCE = 0.15
"""The part by which a ratio may get worse before `--check` fails."""


class Verdict(NamedTuple):
    """What came of a row."""

    row: Row
    ratio: float | None
    """None where somebody was absent."""
    absent: str = ""
    """Why."""

    @property
    def is_met(self) -> bool | None:
        """Whether the row reaches what it is to reach; None where there is nothing to say."""
        row = self.row
        if self.ratio is None or row.reach is None:
            return None
        return self.ratio >= row.reach if row.better == "higher" else self.ratio <= row.reach


class Worse(NamedTuple):
    """A ratio that got worse by more than it may."""

    row: Row
    stored: float
    measured: float


def judge(row: Row, results: Results) -> Verdict:
    """The verdict on a row."""
    found = results.get(row.case)
    if found is None:
        return Verdict(row, None, "not measured")
    for name in filter(None, (row.ours, row.beside)):
        if name not in found.told:
            return Verdict(row, None, found.absent.get(name, "not measured"))
    ours = found.told[row.ours]
    if not row.beside:
        return Verdict(row, middle(ours, row.figure) * row.factor)
    theirs = found.told[row.beside]
    pair = (theirs, ours) if row.better == "higher" else (ours, theirs)
    return Verdict(row, paired(*pair, row.figure))


def compare(verdicts: Iterable[Verdict], stored: Mapping[str, float]) -> list[Worse]:
    """The ratios that got worse by more than they may; those that are stored or measured only once are left out."""
    found: list[Worse] = []
    for row, ratio, _ in verdicts:
        before = stored.get(row.key)
        if ratio is not None and before is not None and is_worse(row, before, ratio):
            found.append(Worse(row, before, ratio))
    return found


def is_worse(row: Row, stored: float, measured: float) -> bool:
    """Whether a ratio got worse by more than the tolerance and more than the row's slack."""
    loss = stored - measured if row.better == "higher" else measured - stored
    return loss > TOLERANCE * stored and loss > row.slack


def better_of(row: Row, one: float | None, other: float | None) -> float | None:
    """The better of two measurements of a ratio."""
    if one is None or other is None:
        return one if other is None else other
    return max(one, other) if row.better == "higher" else min(one, other)
