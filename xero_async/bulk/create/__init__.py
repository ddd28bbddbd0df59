"""Batch creation: any number of records in, one outcome for each of them out, in the same order, each created once.

    records ──> chunks (at most 50 records, 3.5 MB) ──> up to 5 calls in flight ──> outcomes, in input order
                                                            │
                                       journal: the intent before, the outcome after

Nothing that befalls one chunk is felt by its siblings. A record that cannot be sent at all fails alone, before its
chunk leaves. An error after which no call can succeed (the day's limit, a closed session, a sign-in that failed) is
the outcome of all that has not left yet. What Xero may or may not have done is settled where it can be, and else told
as `Unknown`, never guessed.

Whoever leaves early, by `break`, by an error or by cancellation, ends the drawing and the sending. Nothing runs on
behind them, and nothing known is lost: the outcomes that they have not taken are on the creation, `Unknown` for chunks
that were cut off in flight.

    engine      lets chunks go and hands outcomes over        delivery   a chunk by one bare call
    chunks      which records go together                     exactly    a chunk by way of the journal
    matching    which result belongs to which record          journal    what is about to be done, and what was
    outcomes    what became of a record                       reconcile  reading back what a lost call has done
"""

from __future__ import annotations

from .chunks import ENVELOPE, MAX_BYTES, MAX_CHUNK
from .delivery import BatchWrite
from .engine import Creation, create_many
from .matching import match
from .outcomes import Created, CreateProgress, Failed, Outcome, Unknown

__all__ = [
    "ENVELOPE",
    "MAX_BYTES",
    "MAX_CHUNK",
    "BatchWrite",
    "CreateProgress",
    "Created",
    "Creation",
    "Failed",
    "Outcome",
    "Unknown",
    "create_many",
    "match",
]
