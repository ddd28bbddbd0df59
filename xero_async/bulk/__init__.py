"""Large volumes: whole resources into files, thousands of records into Xero. Nothing here knows HTTP."""

from .create import MAX_CHUNK, Created, CreateProgress, Creation, Failed, Outcome, Unknown, create_many
from .export import Exported, ExportProgress, Summary, export, listable

__all__ = [
    "MAX_CHUNK",
    "CreateProgress",
    "Created",
    "Creation",
    "ExportProgress",
    "Exported",
    "Failed",
    "Outcome",
    "Summary",
    "Unknown",
    "create_many",
    "export",
    "listable",
]
