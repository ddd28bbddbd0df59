"""The plots of the report: dark on an opaque light ground, so that they can be read on any page.

What is drawn is data: bars, one panel for each figure; curves of how many calls came within the latest minute; and the
cost of a call over the number of tenants. matplotlib has types, but is not installed where types are checked, so all
that comes out of it is Any here.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.figures import Results, middle
from benchmarks.report import number

GROUND, INK, QUIET, OURS, OTHERS, ALARM = "#fbfbfa", "#24292f", "#8b949e", "#0a6ebd", "#b7bfc8", "#c0392b"
CURVES = (OURS, "#e08a1e", "#5b8c5a", "#8e5aa8", "#c0392b")
OWN = ("xero_async", "JsonLines")
"""Contestants that are this package."""
LIMIT = 60
"""Calls that Xero allows in a minute."""


class Bars(NamedTuple):
    """A panel of bars, one for each contestant."""

    case: str
    figure: str
    heading: str
    factor: float = 1.0


class Curves(NamedTuple):
    """A panel of curves: calls within the latest minute, for each contestant."""

    case: str
    heading: str


class Line(NamedTuple):
    """A panel of one figure over the numbers that the contestants are called after, as `10 tenants`."""

    case: str
    figure: str
    heading: str
    factor: float = 1.0


class Plot(NamedTuple):
    """A picture."""

    name: str
    panels: tuple[Bars | Curves | Line, ...]
    height: float
    """In inches."""
    stacked: bool = False
    """Whether the panels stand one above the other."""


PLOTS = (
    Plot(
        "decode",
        (
            Bars("decode invoices", "cpu", "invoices of 5 lines, µs a record", 1e6),
            Bars("decode contacts", "cpu", "contacts, µs a record", 1e6),
        ),
        3.0,
    ),
    Plot(
        "held",
        (
            Bars("hold invoices", "memory", "10,000 invoices held, kB a record", 1e-3),
            Bars("hold invoices", "gc", "garbage collector meanwhile, ms", 1e3),
        ),
        3.0,
    ),
    Plot(
        "list",
        (
            Bars("list", "wall", "all invoices, pages of 1,000: seconds", 1),
            Bars("list", "cpu", "CPU of the client, µs a record", 1e6),
        ),
        2.5,
    ),
    Plot(
        "limits",
        (
            Curves("export under the limits", "one process: calls within the latest minute (a cross was rejected)"),
            Curves("shared window", "four processes: calls within the latest minute"),
        ),
        6.0,
        stacked=True,
    ),
    Plot(
        "call",
        (
            Bars("call", "cpu", "a call for 1 invoice, µs of CPU", 1e6),
            Bars("call of 100", "cpu", "for 100 invoices, µs of CPU", 1e6),
            Line("tenants", "cpu", "for 1, by the number of tenants", 1e6),
        ),
        2.1,
    ),
    Plot(
        "import",
        (
            Bars("install and import", "import", "ms to import", 1e3),
            Bars("install and import", "size", "MB installed", 1e-6),
        ),
        1.9,
    ),
)


def draw_all(results: Results, folder: Path) -> None:
    """Draw every picture whose cases were measured. Raises `ModuleNotFoundError` without matplotlib."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = import_module("matplotlib.pyplot")
    image: Any = import_module("PIL.Image")  # which matplotlib needs itself
    pyplot.rcParams.update({"font.size": 9, "axes.edgecolor": QUIET, "text.color": INK, "axes.labelcolor": INK})
    folder.mkdir(parents=True, exist_ok=True)
    for plot in PLOTS:
        panels = [each for each in plot.panels if each.case in results and results[each.case].told]
        if not panels:
            continue
        shape = (len(panels), 1) if plot.stacked else (1, len(panels))
        figure, axes = pyplot.subplots(*shape, figsize=(8.6, plot.height), squeeze=False)
        figure.set_facecolor(GROUND)
        for panel, axis in zip(panels, axes.flat, strict=True):
            axis.set_facecolor(GROUND)
            axis.spines[["top", "right"]].set_visible(False)
            axis.tick_params(colors=INK, length=0)
            axis.set_title(panel.heading, fontsize=9.5, color=INK, loc="left")
            _draw(axis, panel, results)
        figure.tight_layout()
        drawn = BytesIO()
        figure.savefig(drawn, dpi=100)
        pyplot.close(figure)
        # Few colours are enough, and make a small file.
        image.open(drawn).convert("RGB").quantize(64).save(folder / f"{plot.name}.png", optimize=True)


def _draw(axis: Any, panel: Bars | Curves | Line, results: Results) -> None:
    if isinstance(panel, Bars):
        _bars(axis, panel, results)
    elif isinstance(panel, Curves):
        _curves(axis, panel, results)
    else:
        _line(axis, panel, results)


def _bars(axis: Any, panel: Bars, results: Results) -> None:
    told = results[panel.case].told
    names = list(told)[::-1]
    values = [middle(told[name], panel.figure) * panel.factor for name in names]
    axis.barh(names, values, color=[OURS if name.startswith(OWN) else OTHERS for name in names], height=0.66)
    for at, value in enumerate(values):
        axis.text(value + max(values) * 0.015, at, number(value), va="center", fontsize=8.5, color=INK)
    axis.set_xlim(0, max(values) * 1.16 or 1)
    axis.set_xticks([])
    axis.spines["bottom"].set_visible(False)


def _curves(axis: Any, panel: Curves, results: Results) -> None:
    for (name, rounds), colour in zip(results[panel.case].told.items(), CURVES, strict=False):
        series = rounds[0].series
        moments, counts = within_minute(series["answered"])
        axis.step(moments, counts, where="post", color=colour, label=name, linewidth=2.2 if name in OWN else 1.4)
        if rejected := series.get("rejected"):
            axis.plot(rejected, [LIMIT * 1.06] * len(rejected), "x", color=colour, markersize=5)
    axis.axhline(LIMIT, color=ALARM, linewidth=1, linestyle=(0, (4, 3)))
    axis.set_xlim(0, None)
    axis.set_ylim(0, None)
    axis.set_xlabel("minutes")
    axis.legend(frameon=False, fontsize=8.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def within_minute(moments: Sequence[float]) -> tuple[list[float], list[int]]:
    """How many of the moments, in minutes, lie within the latest minute, and since when; until the last of them."""
    changes = sorted([*((moment, 1) for moment in moments), *((moment + 1, -1) for moment in moments)])
    ats, counts, now = [0.0], [0], 0
    for moment, change in changes:
        if moment > max(moments):
            break
        now += change
        if ats[-1] == moment:
            counts[-1] = now
        else:
            ats.append(moment)
            counts.append(now)
    return ats, counts


def _line(axis: Any, panel: Line, results: Results) -> None:
    told = results[panel.case].told
    points = sorted((int(name.split()[0].replace(",", "")), name) for name in told)
    numbers = [number for number, _ in points]
    values = [middle(told[name], panel.figure) * panel.factor for _, name in points]
    axis.plot(numbers, values, "o-", color=OURS, linewidth=2)
    axis.set_xscale("log")
    axis.set_xticks(numbers, [f"{each:,}" for each in numbers])
    axis.minorticks_off()
    for at, value in zip(numbers, values, strict=True):
        axis.annotate(number(value), (at, value), (0, 7), textcoords="offset points", ha="center", fontsize=8.5)
    axis.set_xlim(min(numbers) / 1.6, max(numbers) * 1.6)
    axis.set_ylim(0, max(values) * 1.3)
