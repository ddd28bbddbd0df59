"""One module's cases by themselves, for `python -m benchmarks.NAME`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.cases import Case
from benchmarks.figures import OURS, Rounds, middle, paired
from benchmarks.running import run


def main(cases: Sequence[Case]) -> None:
    """Measure and print; `--quick` takes less of everything, and names after it choose contestants."""
    only = [each for each in sys.argv[1:] if not each.startswith("--")]
    for case in cases:
        print_rounds(run(case, quick="--quick" in sys.argv, tell=_say, only=only))


def _say(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\r", file=sys.stderr, flush=True)


def print_rounds(rounds: Rounds) -> None:
    """All figures, and ours in multiples of the others'."""
    print(f"\n{rounds.case}")
    ours = rounds.told.get(OURS)
    for name, found in rounds.told.items():
        cells: list[str] = []
        for figure in found[0].figures:
            ratio = f" ({paired(ours, found, figure):.2f})" if ours and figure in ours[0].figures else ""
            cells.append(f"{figure} {middle(found, figure):.4g}{ratio}")
        print(f"  {name:28} {', '.join(cells)}")
    for name, reason in rounds.absent.items():
        print(f"  {name:28} {reason}")
    if ours:
        print("  (in brackets: xero_async's over the other's)")
