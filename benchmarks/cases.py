"""What a benchmark is made of: a case, its contestants, and the setting that they are measured in.

A case is a job; each contestant does it in a process of its own and tells figures by name: seconds, bytes, counts. A
figure has one meaning throughout a case, so that any two contestants can be compared by it. Modules of cases import
what a peer needs when it is measured and not before, so that a peer that is not installed is merely absent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import NamedTuple

from msgspec import Struct, field

MODULES = ("decode", "held", "listing", "call", "pace", "drops", "tenants", "imports", "shared", "export")
"""The modules of this package that hold cases, in the order in which they are told."""


class Told(Struct, frozen=True):
    """What a contestant tells of one run."""

    figures: dict[str, float]
    series: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Figures that are many, such as moments; they are for plots."""


class Setting(Struct, frozen=True):
    """What every contestant of a case is given."""

    size: int
    """How much there is to do, in the case's own measure."""
    at: str = ""
    """What the stage has told, such as the address of a server."""


class Contestant(NamedTuple):
    """One that is measured."""

    name: str
    measure: Callable[[Setting], Told]
    needs: tuple[str, ...] = ()
    """Distributions that must be installed."""


class Size(NamedTuple):
    """How much is done, and in how many rounds of fresh processes."""

    size: int
    rounds: int


def no_stage(size: int) -> AbstractContextManager[str]:
    """What a case needs that needs nothing around it."""
    return nullcontext("")


class Case(NamedTuple):
    """A job that several can do."""

    name: str
    contestants: tuple[Contestant, ...]
    full: Size
    quick: Size
    stage: Callable[[int], AbstractContextManager[str]] = no_stage
    """Stands around all rounds, and gives what `Setting.at` is to hold."""
    programs: tuple[str, ...] = ()
    """One of these programs must be installed."""
    together: bool = False
    """Whether the contestants run at the same time: they mostly wait, and are in nobody's way."""


def cases() -> list[Case]:
    """All of them."""
    found: list[Case] = []
    for name in MODULES:
        found += import_module(f"benchmarks.{name}").CASES
    return found
