"""Large volumes: whole resources into files, thousands of records into Xero. Nothing here knows HTTP."""

from .create import MAX_CHUNK, Created, CreateProgress, Creation, Failed, Outcome, Unknown, create_many
from .export import Batch, Exported, ExportProgress, Skipped, Summary, export, listable
from .export.sinks import CSV, JsonLines, Parquet, Sink, SinkError, SQLite

__all__ = [
    "CSV",
    "MAX_CHUNK",
    "Batch",
    "CreateProgress",
    "Created",
    "Creation",
    "ExportProgress",
    "Exported",
    "Failed",
    "JsonLines",
    "Outcome",
    "Parquet",
    "SQLite",
    "Sink",
    "SinkError",
    "Skipped",
    "Summary",
    "Unknown",
    "create_many",
    "export",
    "listable",
]
