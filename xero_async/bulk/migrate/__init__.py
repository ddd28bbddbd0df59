"""The way off the Xero Network API v1: an archive of its XML becomes documents of today.

    archive ──> records ──> the shelf: which are one, ──> what is to be made,     ──> the batch engine
    (sources)   (elements,   and which of them count       and why it is not what
                 records)          ▲                        it was (the plan)
                                   │                             ▲
                          what the organisation has ─────────────┘
                          (books; rates, accounts, tracking)

Nobody has looked at these documents for years, and what comes of them is in somebody's books. So nothing is guessed,
and nothing is passed over in silence: all that is in the archive is in the new documents as it was, or is a `Change`
with its place, its old value and its reason, or is told of as a whole (`Told`). Whatever is in doubt becomes a draft.

Memory is bounded: records are read one by one and laid down on the disk.

    sources     files, folders, zip, gz          invoices, contacts, taxes   the translation, pure
    elements    XML in pieces                    books                       what the organisation has already
    records     v1 as today's records            plan                        what is to be made, kept with the journals
    shelf       which of them count              migration                   all of it, in order
"""

from __future__ import annotations

from .changes import Change, Place
from .invoices import Ground, Wish, make_invoice
from .migration import Migration, Stopped
from .plan import PHASES, Document, Phase, Plan, Told, What
from .sources import check_paths

__all__ = [
    "PHASES",
    "Change",
    "Document",
    "Ground",
    "Migration",
    "Phase",
    "Place",
    "Plan",
    "Stopped",
    "Told",
    "What",
    "Wish",
    "check_paths",
    "make_invoice",
]
