"""Where exports go: folders of files, and a database in one file."""

from .base import Finished, Place, Sink, SinkError, Table
from .csv import CSV
from .jsonl import JsonLines
from .parquet import Parquet
from .sqlite import SQLite

__all__ = ["CSV", "Finished", "JsonLines", "Parquet", "Place", "SQLite", "Sink", "SinkError", "Table"]
