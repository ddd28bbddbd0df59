"""Where an export goes: a sink, by the format that was asked for or by the look of the target.

A name that ends as databases do is a SQLite file; any other is a folder, of JSON Lines unless a format was asked for.
"""

from __future__ import annotations

from pathlib import Path

from ..bulk import Sink
from ..bulk.export.formats import SINKS, Format
from .running import MISUSED, CommandError

__all__ = ["DEFAULT_TARGET", "Format", "looks_like_a_database", "sink_for"]

DEFAULT_TARGET = Path("xero.db")
DATABASES = (".db", ".db3", ".sqlite", ".sqlite3")


def sink_for(target: Path, wanted: Format | None) -> Sink:
    """The sink of a target. Raises `CommandError` for what cannot be one; nothing is made yet."""
    kind = wanted or _by_look(target)
    if kind is Format.sqlite and target.is_dir():
        raise CommandError(f"{target} is a folder, and a database is a file: {target / DEFAULT_TARGET}", MISUSED)
    if kind is not Format.sqlite and target.is_file():
        raise CommandError(f"{target} is a file, and {kind.value} goes into a folder", MISUSED)
    return SINKS[kind](target)


def looks_like_a_database(target: Path) -> bool:
    """Whether a target without a format is a SQLite file."""
    return target.suffix.lower() in DATABASES and not target.is_dir()


def _by_look(target: Path) -> Format:
    if looks_like_a_database(target):
        return Format.sqlite
    if named := _named(target.name.lower()):
        raise CommandError(f"{named.value} goes into a folder: name one, with --format {named.value}", MISUSED)
    return Format.jsonl


def _named(name: str) -> Format | None:
    """The format after which a file would be called so, where folders are taken."""
    return next((kind for kind in Format if kind is not Format.sqlite and name.endswith(f".{kind.value}")), None)
