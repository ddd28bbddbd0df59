"""Every rule that records are checked by before they are sent, as Markdown, written from the rows.

python -m docs.preflight           # writes docs/preflight.md
python -m docs.preflight --print   # prints it instead
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from xero_async.preflight import LEAVES, SHEETS, TAX_TYPES, Rule, Sheet, Unique

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).with_suffix(".md")

HEAD = """\
# Preflight

What `xero_async.preflight.check` finds in records before they are sent. A finding names the row, the field and the
rule. An **error** is what Xero is sure to refuse; a **warning** is what it takes and hardly anybody means, or may
refuse for reasons that only the organisation knows. Rules with a number are the business rules of the Xero Network
API v1, which hold for invoices and contacts to this day.

This page is written by `python -m docs.preflight`.

## Every field

Only fields that Xero reads are looked at: what it writes itself may be sent back as it came.

| Rule | What must hold | Severity |
|---|---|---|
"""
LEAF = "| `{leaf.name}` | {leaf.condition} | {leaf.severity} |\n"
SECTION = """
## {title}

| Rule | Field | What must hold | Severity |
|---|---|---|---|
"""
ROW = "| `{name}` | `{field}` | {rule.condition} | {severity} |\n"
REGIONS = """
## Tax types

What Xero sets up, by region. Organisations add their own (`TAX001`, ...), so a tax type that is not here is a warning,
and an error only where the organisation's own list is given.

| Region | Tax types |
|---|---|
"""
REGION = "| {region} | {names} |\n"


def page() -> str:
    """The page."""
    return "".join(_parts())


def _parts() -> Iterator[str]:
    yield HEAD
    for leaf in LEAVES:
        yield LEAF.format(leaf=leaf)
    for model, sheet in SHEETS.items():
        yield SECTION.format(title=model.__name__)
        for field, rule in sheet.all_rules():
            yield ROW.format(name=_name(sheet, rule), field=field, rule=rule, severity=_severity(rule))
    yield REGIONS
    for region, names in TAX_TYPES.items():
        yield REGION.format(region=region, names=", ".join(sorted(names)))


def _name(sheet: Sheet, rule: Rule | Unique) -> str:
    return rule.number if rule.number and sheet.is_numbered else rule.name


def _severity(rule: Rule | Unique) -> str:
    lenient = isinstance(rule, Rule) and rule.unassigned and rule.severity == "error"
    return "error; warning for v1" if lenient else rule.severity


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(page())
    else:
        PAGE.write_text(page(), encoding="utf-8")
