"""The page of operations: what it lists is what there is."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from calling import named_coroutines
from facts import OPERATIONS
from recording import Organisation, Recorder

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `tenant\.([a-z_.]+)\(([^)]*)\)` \| `([A-Z]+) (\S+)` \| `(\w+)` \|$", re.MULTILINE)


class Listed(NamedTuple):
    """A row of the page."""

    name: str
    arguments: str
    method: str
    path: str
    id: str


ROWS = [Listed(*found) for found in ROW.findall(PAGE)]


def test_the_page_is_what_the_table_says() -> None:
    """Writing the page anew changes nothing; if it would, run `python -m docs.operations`."""
    command = [sys.executable, "-X", "utf8", "-m", "docs.operations", "--print"]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    assert written == PAGE


def test_every_row_is_read_here() -> None:
    """No row of the page escapes these tests, and every operation has one."""
    assert len(ROWS) == len(re.findall(r"^\| `", PAGE, re.MULTILINE))
    assert {row.id for row in ROWS} == set(OPERATIONS)


def test_every_coroutine_is_listed_once() -> None:
    """The names on the page are those that a tenant has, each once."""
    names = [name for name, _ in named_coroutines(Organisation(Recorder()))]
    assert sorted(row.name for row in ROWS) == sorted(names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row(row: Listed) -> None:
    """A row's method and path are Xero's, and its name is that of a coroutine that takes what the row says."""
    fact = OPERATIONS[row.id]
    assert (row.method, row.path) == (fact.method, fact.path)
    coroutine: Any = attrgetter(row.name)(Organisation(Recorder()))  # Any: of every operation
    assert coroutine.operation.id == row.id
    # Keywords without a default are shown as name=...; the signature refuses what is missing or too much.
    names = [argument for argument in row.arguments.split(", ") if argument]
    keywords = {name.removesuffix("=...") for name in names if name.endswith("=...")}
    inspect.signature(coroutine).bind(*names[: len(names) - len(keywords)], **dict.fromkeys(keywords))


def test_rows_stand_below_their_resource() -> None:
    """Each section holds the rows of its resource, and says what that is."""
    sections = PAGE.split("\n## ")[1:]
    assert len(sections) > 30
    for section in sections:
        title, _, rest = section.partition("\n\n")
        names = [name for name, *_ in ROW.findall(rest)]
        assert names
        assert {name.rpartition(".")[0].partition(".")[0] for name in names} == {"" if title == "tenant" else title}
        assert re.match(r"[A-Z][^|]+\.\n", rest)
