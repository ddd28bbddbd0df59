"""What an export can be written as, by name: the sink of each format."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path

from .sinks import CSV, JsonLines, Parquet, Sink, SQLite

__all__ = ["SINKS", "Format"]


class Format(StrEnum):
    """What an export is written as."""

    sqlite = "sqlite"
    jsonl = "jsonl"
    jsonl_gz = "jsonl.gz"
    jsonl_zst = "jsonl.zst"
    csv = "csv"
    parquet = "parquet"


SINKS: dict[Format, Callable[[Path], Sink]] = {
    Format.sqlite: SQLite,
    Format.jsonl: JsonLines,
    Format.jsonl_gz: partial(JsonLines, compress="gzip"),
    Format.jsonl_zst: partial(JsonLines, compress="zstd"),
    Format.csv: CSV,
    Format.parquet: Parquet,
}
"""The sink of each: a file for SQLite, a folder for the others."""
