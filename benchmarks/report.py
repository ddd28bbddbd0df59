"""The report as Markdown: ratios first, then what they are made of. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.figures import Results, middle
from benchmarks.rows import TABLES, Row, Table
from benchmarks.verdicts import Verdict

HEAD = """# xero_async beside its peers

{form} Everything was measured in one run, on one machine, each contestant in fresh processes that took turns. Trust
the ratios; the absolute figures are this machine's. `nox -s benchmarks -- --check` measures again and fails where a
ratio got worse by more than 15 %.

{machine} {versions}

## Ratios

"n times" is how many times as much the other needs: higher is better. "n of" is how many times as much this package
needs of what the other does: lower is better. What stands alone is this package's own figure.
"""


def report(
    results: Results, verdicts: Sequence[Verdict], machine: str, versions: Mapping[str, str], *, quick: bool
) -> str:
    """The whole report."""
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    form = "Written by `nox -s benchmarks -- --quick`: rough figures." if quick else "Written by `nox -s benchmarks`."
    parts = [HEAD.format(form=form, machine=machine, versions=f"{named}." if named else "")]
    parts.append(table(["what", "beside", "measured", "to reach", ""], [_line(each) for each in verdicts]))
    parts += [_section(each, results) for each in TABLES]
    return "\n".join(parts)


def _line(verdict: Verdict) -> list[str]:
    row = verdict.row
    what = row.what if verdict.ratio is not None else f"{row.what} ({verdict.absent})"
    met = {True: "met", False: "**not met**", None: ""}[verdict.is_met]
    return [what, row.beside or "–", measured(verdict), reached(row), met]


def measured(verdict: Verdict) -> str:
    """What was measured, as the row tells it."""
    return "–" if verdict.ratio is None else _told(verdict.row, verdict.ratio)


def reached(row: Row) -> str:
    """What the row is to reach."""
    if row.reach is None:
        return ""
    sign = "≥" if row.better == "higher" else "≤"
    return f"{row.reach:g}" if not row.beside and not row.reach else f"{sign} {row.reach:g}"


def _told(row: Row, ratio: float) -> str:
    if not row.beside:
        return f"{number(ratio)} {row.unit}".strip()
    return f"{number(ratio)} times" if row.better == "higher" else f"{number(ratio)} of it"


def number(value: float) -> str:
    """A figure with three digits that mean something."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def _section(wanted: Table, results: Results) -> str:
    shown = [(case, label) for case, label in wanted.cases if case in results]
    if not shown:
        return ""
    lines: list[list[str]] = []
    for case, label in shown:
        found = results[case]
        for name, rounds in found.told.items():
            known = rounds[0].figures
            cells = [
                number(middle(rounds, column.figure) * column.factor) if column.figure in known else ""
                for column in wanted.columns
            ]
            lines.append([label, name, *cells])
        lines += [[label, name, reason, *[""] * (len(wanted.columns) - 1)] for name, reason in found.absent.items()]
    head = ["", "", *(column.heading for column in wanted.columns)]
    if all(not label for _, label in shown):
        head, lines = head[1:], [line[1:] for line in lines]
    title = f"\n## {wanted.title}\n" if wanted.title else ""
    plot = f"\n![{wanted.title}](plots/{wanted.plot}.png)\n" if wanted.plot else ""
    return f"{title}\n{wanted.note}\n{plot}\n{table(head, lines)}"


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table; a first cell that repeats the one above is left empty."""
    shown, above = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"], ""
    for line in lines:
        first = "" if line[0] == above else line[0]
        above = line[0]
        shown.append(f"| {' | '.join([first, *line[1:]])} |")
    return "\n".join(shown) + "\n"
