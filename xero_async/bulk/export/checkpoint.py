"""How far an export has come: a few values that are kept with the data, as bytes that a sink need not read.

A draw first crawls over the whole list and then, in passes, over what changed since the step before began. `step` tells
which of them is under way and `since` what it is narrowed to; `began` is when it began by Xero's clock, which is where
the next one reaches back to. Once the last has ended, the step is `done`, and the next run takes up from there.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

__all__ = ["Checkpoint"]

VERSION = 1


class Checkpoint(Struct, frozen=True, kw_only=True):
    """A place in a draw, between two pages."""

    query: str
    """What was asked for: another query's data is not gone on with."""
    wanted_since: datetime | None = None
    """The moment since which changes were wanted at all; None for everything."""
    step: Literal["crawl", "changes", "done"] = "crawl"
    passes: int = 0
    """Passes over changes, that which is under way included."""
    since: datetime | None = None
    began: datetime | None = None
    page: int = 0
    """Pages of the step that are in the sink."""
    page_size: int = 0
    item_count: int | None = None
    """Records of the step in all, as the last of these pages told."""
    offset: int = 0
    """The last journal number in the sink."""
    records: int = 0
    """Records drawn in the crawl."""
    changed: int = 0
    """Records drawn in passes."""
    version: int = VERSION

    @property
    def is_done(self) -> bool:
        """Whether the draw is over."""
        return self.step == "done"

    def to_bytes(self) -> bytes:
        """What a sink keeps."""
        return msgspec.json.encode(self)

    @classmethod
    def read(cls, data: bytes | None) -> Checkpoint | None:
        """What a sink kept; None where that is nothing, or was written by a version that kept something else."""
        if data is None:
            return None
        try:
            found = msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return found if found.version == VERSION else None
