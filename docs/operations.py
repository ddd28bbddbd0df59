"""Every operation with its name in Python, as Markdown, written from the table.

python -m docs.operations           # writes docs/operations.md
python -m docs.operations --print   # prints it instead
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeAlias

from xero_async.apis.accounting import Accounting, operations
from xero_async.apis.rows import Resource, names_of
from xero_async.wire import Operation

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).with_suffix(".md")

Named: TypeAlias = tuple[str, Operation[Any]]

HEAD = """\
# Operations

The {count} operations of Xero's Accounting API, by resource: the call in Python, what goes over the wire, and the id in
Xero's API description. `tenant` is what `xero.tenant(...)` gives. Everything is awaited; a `list` can also be iterated
over with `async for`. Each call takes further keywords where Xero knows parameters: an editor shows them, and so does
`help(tenant.invoices.list)`. What begins with `save` streams into a file what would else come as bytes.

This page is written by `python -m docs.operations`.
"""
SECTION = """
## {title}

{about}

| Python | HTTP | Xero's id |
|---|---|---|
"""
ROW = "| `tenant.{name}({arguments})` | `{operation.method} {operation.path}` | `{operation.id}` |\n"


def page() -> str:
    """The page."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield HEAD.format(count=sum(1 for _ in operations()))
    accounting = Accounting()
    # What belongs to no resource comes first in the table, and here.
    for resource, lines in groupby(names_of(Accounting), key=_resource):
        owner: Resource = attrgetter(resource)(accounting) if resource else accounting
        yield SECTION.format(title=resource or "tenant", about=inspect.getdoc(type(owner)))
        for name, operation in lines:
            yield ROW.format(name=name, arguments=_arguments(attrgetter(name)(accounting)), operation=operation)


def _resource(line: Named) -> str:
    name, _ = line
    return name.partition(".")[0] if "." in name else ""


def _arguments(coroutine: Any) -> str:  # Any: of every operation
    """What a call takes before its keywords, and those that it cannot do without."""
    parameters = inspect.signature(coroutine).parameters.values()
    needed = [each for each in parameters if each.default is each.empty]
    return ", ".join(f"{each.name}=..." if each.kind is each.KEYWORD_ONLY else each.name for each in needed)


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")
