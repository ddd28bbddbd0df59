"""Small tables: for people on a terminal, separated by tabs anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .running import printable

__all__ = ["show"]


def show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows to stdout, if there are any; without a terminal there are no headings."""
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    if not cells:
        return
    if not sys.stdout.isatty():
        for row in cells:
            print("\t".join(row))
        return
    table = Table(*columns)
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)
