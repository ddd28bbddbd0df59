"""Measures this package beside its peers, and writes `benchmarks/README.md`, its plots and the ratios to compare with.

    python -m benchmarks                    everything, in about ten minutes
    python -m benchmarks --quick            rougher, in less than two
    python -m benchmarks --check            measures, writes nothing, and fails where a stored ratio got worse
    python -m benchmarks --only call list   some cases, printed and not written

Whoever is not installed is reported as absent. A case with a ratio that got worse is measured once more before
`--check` fails, and the better of both counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks import machine
from benchmarks.alone import print_rounds
from benchmarks.cases import Case, cases
from benchmarks.figures import Rounds
from benchmarks.report import measured, number, reached, report
from benchmarks.rows import ROWS
from benchmarks.running import run
from benchmarks.verdicts import Verdict, Worse, better_of, compare, judge

FOLDER = Path(__file__).parent
START = time.perf_counter()
RATIOS = "ratios.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write or check; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of everything")
    parser.add_argument("--check", action="store_true", help="compare with the stored ratios")
    parser.add_argument("--only", nargs="+", default=[], metavar="CASE", help="these cases alone")
    parser.add_argument("--into", type=Path, default=FOLDER, help="the report's folder")
    parser.add_argument("--save", type=Path, help="keep all that was measured in this file")
    parser.add_argument("--load", type=Path, help="take it from there, and measure nothing")
    asked = parser.parse_args(arguments)
    known = {case.name: case for case in cases()}
    if unknown := set(asked.only) - set(known):
        parser.error(f"there is no case {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    wanted = [case for name, case in known.items() if not asked.only or name in asked.only]
    if asked.load:
        results = {each.case: each for each in msgspec.json.decode(asked.load.read_bytes(), type=list[Rounds])}
    else:
        results = {case.name: run(case, quick=asked.quick, tell=_say) for case in wanted}
    if asked.save:
        asked.save.write_bytes(msgspec.json.encode(list(results.values())))
    verdicts = [judge(row, results) for row in ROWS if row.case in results]
    if asked.only:
        for each in results.values():
            print_rounds(each)
    print_verdicts(verdicts)
    if asked.check:
        return _check(verdicts, wanted, asked.into / RATIOS, quick=asked.quick)
    if not asked.only:
        _write(results, verdicts, asked.into, quick=asked.quick)
    return 0


def _say(line: str) -> None:
    print(f"{time.perf_counter() - START:6.1f} s  {line}", file=sys.stderr, flush=True)


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """Print every ratio beside what it is to reach."""
    print()
    for each in verdicts:
        row = each.row
        met = {True: "met", False: "NOT MET", None: ""}[each.is_met]
        beside = f" beside {row.beside}" if row.beside else ""
        shown = measured(each) if each.ratio is not None else each.absent
        print(f"{row.what + beside:95} {shown:>14}  {reached(row):8} {met}")


def _write(results: dict[str, Rounds], verdicts: Sequence[Verdict], folder: Path, *, quick: bool) -> None:
    text = report(results, verdicts, machine.described(), machine.versions(), quick=quick)
    (folder / "README.md").write_text(text)
    try:
        from benchmarks.plots import draw_all

        draw_all(results, folder / "plots")
    except ModuleNotFoundError as error:
        print(f"no plots: {error}", file=sys.stderr)
    stored = _stored(folder / RATIOS)
    stored[_form(quick)] = {each.row.key: round(each.ratio, 4) for each in verdicts if each.ratio is not None}
    (folder / RATIOS).write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")


def _stored(path: Path) -> dict[str, dict[str, float]]:
    return json.loads(path.read_text()) if path.exists() else {}


def _form(quick: bool) -> str:
    return "quick" if quick else "full"


def _check(verdicts: Sequence[Verdict], wanted: Sequence[Case], path: Path, *, quick: bool) -> int:
    """Compare, measure once more what got worse, and tell; the exit status."""
    stored = _stored(path).get(_form(quick), {})
    if not stored:
        print(f"no ratios of a {_form(quick)} run are stored: run without --check first", file=sys.stderr)
        return 2
    worse = compare(verdicts, stored)
    again = {each.row.case for each in worse}
    if again:
        results = {case.name: run(case, quick=quick, tell=_say) for case in wanted if case.name in again}
        second = [
            each._replace(ratio=better_of(each.row, each.ratio, judge(each.row, results).ratio))
            for each in verdicts
            if each.row.case in again
        ]
        worse = compare(second, stored)
    for each in worse:
        print(_complaint(each))
    return 1 if worse else 0


def _complaint(worse: Worse) -> str:
    return f"worse: {worse.row.key}: {number(worse.measured)}, stored {number(worse.stored)}"


if __name__ == "__main__":
    sys.exit(main())
