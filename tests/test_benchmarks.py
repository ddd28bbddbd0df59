"""The benchmarks' own arithmetic, their report and their check; what they measure is told by running them."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import pytest

from benchmarks.__main__ import main
from benchmarks.cases import Case, Contestant, Setting, Size, Told, cases
from benchmarks.figures import Rounds, best_end, middle, most_at_once, most_within, paired
from benchmarks.plots import PLOTS, within_minute
from benchmarks.report import number, report
from benchmarks.rows import ROWS, TABLES, Row
from benchmarks.running import run
from benchmarks.verdicts import Verdict, better_of, compare, is_worse, judge

FASTER = Row("a job", "jobs", "cpu", "peer", "higher", 4.0)
CHEAPER = Row("a job", "jobs", "cpu", "peer", "lower", 0.5)
OWN = Row("mishaps", "jobs", "mishaps", "", "lower", 0)


def told(cpu: float, mishaps: float = 0.0) -> Told:
    """What a contestant tells."""
    return Told({"cpu": cpu, "mishaps": mishaps})


def rounds(*ours: Told, peer: tuple[Told, ...] = ()) -> dict[str, Rounds]:
    """One case and what came of it."""
    found = {"xero_async": list(ours)} | ({"peer": list(peer)} if peer else {})
    return {"jobs": Rounds("jobs", found, {} if peer else {"peer": "peer not installed"})}


JOBS = rounds(told(2), told(1), told(3), peer=(told(10), told(4), told(18)))


# -- arithmetic -----------------------------------------------------------------------------------------------------


def test_a_figure_is_the_median_and_a_ratio_that_of_the_rounds() -> None:
    """A ratio pairs the rounds, so that a round in which the machine was slow counts like another."""
    ours, theirs = JOBS["jobs"].told["xero_async"], JOBS["jobs"].told["peer"]
    assert middle(ours, "cpu") == 2
    assert paired(theirs, ours, "cpu") == 5  # of 5, 4 and 6
    assert paired(ours, ours, "mishaps") == 1  # nothing over nothing


def test_a_row_is_met_from_its_own_side() -> None:
    """Where higher is better the others' share of ours counts, where lower is, ours of the others'."""
    faster, cheaper, own = (judge(row, JOBS) for row in (FASTER, CHEAPER, OWN))
    assert (faster.ratio, faster.is_met) == (5, True)
    assert (cheaper.ratio, cheaper.is_met) == (0.2, True)
    assert (own.ratio, own.is_met) == (0, True)
    assert judge(FASTER._replace(reach=5.1), JOBS).is_met is False
    assert judge(CHEAPER._replace(reach=0.19), JOBS).is_met is False
    assert judge(OWN, rounds(told(1, 2), told(1, 3), told(1, 0))).is_met is False
    assert judge(FASTER._replace(reach=None), JOBS).is_met is None


def test_who_is_absent_is_no_error() -> None:
    """A peer that is not installed leaves its row without a ratio, and with the reason."""
    assert judge(FASTER, rounds(told(1))) == Verdict(FASTER, None, "peer not installed")
    assert judge(FASTER, {}).absent == "not measured"
    assert compare([judge(FASTER, rounds(told(1)))], {FASTER.key: 9.0}) == []


@pytest.mark.parametrize(
    ("row", "stored", "measured", "worse"),
    [
        (FASTER, 10.0, 8.6, False),
        (FASTER, 10.0, 8.4, True),
        (FASTER, 10.0, 20.0, False),
        (CHEAPER, 1.0, 1.14, False),
        (CHEAPER, 1.0, 1.16, True),
        (CHEAPER, 1.0, 0.1, False),
        (CHEAPER._replace(slack=0.03), 0.02, 0.045, False),
        (CHEAPER._replace(slack=0.03), 0.02, 0.055, True),
        (OWN, 0.0, 0.0, False),
        (OWN, 0.0, 1.0, True),
    ],
)
def test_worse_by_more_than_15_percent_is_a_regression(row: Row, stored: float, measured: float, worse: bool) -> None:
    """The loss is seen from the row's own side, what gets better is never one, and slack is for small figures."""
    assert is_worse(row, stored, measured) is worse
    assert bool(compare([Verdict(row, measured)], {row.key: stored})) is worse


def test_the_better_of_two_measurements_counts() -> None:
    """What a noisy machine spoils once is not held against a row."""
    assert better_of(FASTER, 3.0, 4.0) == 4
    assert better_of(CHEAPER, 3.0, 4.0) == 3
    assert better_of(CHEAPER, None, 4.0) == 4


def test_the_best_possible_time() -> None:
    """Sixty calls go five at a time, the next sixty a minute after each of them; a late call waits for nobody."""
    assert best_end([0.0] * 60, limit=60, window=60, slots=5, latency=0.5) == 6
    assert best_end([0.0] * 61, limit=60, window=60, slots=5, latency=0.5) == 60.5
    assert best_end([0.0] * 170, limit=60, window=60, slots=5, latency=0.5) == 125
    assert best_end([0.0, 7.0], limit=60, window=60, slots=5, latency=0.5) == 7.5


def test_an_observer_counts_windows_and_calls_in_flight() -> None:
    """A window is open at one end, and a call that ends at a moment is not in flight with one that begins then."""
    assert most_within([0.0, 59.9, 60.0, 61.0], 60) == 3
    assert most_within([0.0, 60.0], 60) == 1
    assert most_within([], 60) == 0
    assert most_at_once([0.0, 1.0, 1.5], [1.0, 2.0, 3.0]) == 2
    assert within_minute([0.0, 0.5, 1.2]) == ([0.0, 0.5, 1.0, 1.2], [1, 2, 1, 2])


# -- tables and report ----------------------------------------------------------------------------------------------


def test_rows_tables_and_plots_name_what_there_is() -> None:
    """Each row, table and plot speaks of a case that exists, each row of contestants that it has, and once."""
    known = {case.name: {each.name for each in case.contestants} for case in cases()}
    for row in ROWS:
        assert {row.ours} | ({row.beside} - {""}) <= known[row.case], row.key
    assert len({row.key for row in ROWS}) == len(ROWS)
    assert {case for table in TABLES for case, _ in table.cases} == set(known)
    assert {panel.case for plot in PLOTS for panel in plot.panels} <= set(known)
    assert {table.plot for table in TABLES if table.plot} == {plot.name for plot in PLOTS}


def test_the_stored_ratios_are_those_of_the_rows() -> None:
    """A row that was renamed is no longer compared, unless the ratios are stored again."""
    stored = json.loads((Path(__file__).parent.parent / "benchmarks" / "ratios.json").read_text())
    for form in ("full", "quick"):
        assert set(stored[form]) == {row.key for row in ROWS}


def test_the_report_tells_what_is_not_met_and_who_is_absent() -> None:
    """The first table has a line for each row, and says so where a row is not met or cannot be told."""
    found = [judge(row, JOBS) for row in (FASTER, CHEAPER._replace(reach=0.1), OWN)]
    text = report(JOBS, [*found, judge(FASTER, rounds(told(1)))], "A machine.", {"peer": "1.2"}, quick=True)
    assert "A machine. peer 1.2." in text
    assert "| a job | peer | 5 times | ≥ 4 | met |" in text
    assert "|  | peer | 0.200 of it | ≤ 0.1 | **not met** |" in text
    assert "| mishaps | – | 0 | 0 | met |" in text
    assert "| a job (peer not installed) | peer | – | ≥ 4 |  |" in text
    assert [number(each) for each in (12345.6, 12.34, 1.234, 0.1234, 5)] == ["12,346", "12.3", "1.23", "0.123", "5"]


# -- the runner -----------------------------------------------------------------------------------------------------


def unmeasurable(setting: Setting) -> Told:
    """Nobody gets here: contestants are measured in other processes, which find them by name."""
    raise AssertionError


def test_a_contestant_that_fails_costs_the_others_nothing() -> None:
    """Its reason stands in its place, as does that of one whose distribution is missing."""
    (real,) = [case for case in cases() if case.name == "create over a bad line"]
    ours = next(each for each in real.contestants if each.name == "xero_async")
    failing = Contestant("nobody", unmeasurable)
    missing = Contestant("peer", unmeasurable, ("no-such-distribution",))
    said: list[str] = []
    case = real._replace(contestants=(missing, failing, ours), quick=Size(20, 1))
    found = run(case, quick=True, tell=said.append)
    assert found.absent["peer"] == "no-such-distribution not installed"
    assert found.absent["nobody"].startswith("failed: ")
    assert [each.figures["duplicates"] for each in found.told["xero_async"]] == [0]
    assert said == ["create over a bad line, round 1 of 1"]


def test_a_case_without_its_program_is_not_staged() -> None:
    """What the system lacks is a reason, and no server is started."""

    def stage(size: int) -> AbstractContextManager[str]:
        raise AssertionError

    case = Case("jobs", (Contestant("xero_async", unmeasurable),), Size(1, 1), Size(1, 1), stage, ("no-such-program",))
    assert run(case, quick=True, tell=print) == Rounds("jobs", {}, {"xero_async": "no-such-program not installed"})


def test_what_was_measured_is_written_and_checked(tmp_path: Path) -> None:
    """A run stores its ratios under its form; the check passes on the same figures, and needs stored ones."""
    case = "create over a bad line"
    figures = {"duplicates": 0.0, "unknown": 0.0, "missing": 0.0, "dropped": 3.0}
    measured = [Rounds(case, {"xero_async": [Told(figures)]}, {"pyxero, left": "pyxero not installed"})]
    kept = tmp_path / "figures.json"
    kept.write_bytes(msgspec.json.encode(measured))
    arguments = ["--quick", "--load", str(kept), "--into", str(tmp_path)]
    assert main([*arguments, "--check"]) == 2
    assert main(arguments) == 0
    text = (tmp_path / "README.md").read_text()
    assert "fate unknown | – | 0 | 0 | met |" in text
    assert "| pyxero, left | pyxero not installed |" in text
    stored = json.loads((tmp_path / "ratios.json").read_text())
    assert stored == {"quick": {f"{case}: {name} of xero_async": 0.0 for name in ("duplicates", "unknown")}}
    assert main([*arguments, "--check"]) == 0
