"""What tests of a migration stand on: documents in memory, plans, and an organisation as far as it matters."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO

from xero_async import Contact, Invoice
from xero_async.bulk.migrate import Document, Ground, Migration, Plan
from xero_async.bulk.migrate.records import Around, Bad, Record, read
from xero_async.bulk.migrate.sources import Source

NZ: Mapping[str, Decimal | None] = {
    "OUTPUT": Decimal("12.5"),
    "OUTPUT2": Decimal(15),
    "INPUT2": Decimal(15),
    "NONE": Decimal(0),
}
GROUND = Ground(rates=NZ, accounts={"200", "AB"}, tracking={"Region": {"North"}}, status="DRAFT")


def source(data: bytes | str, name: str = "x.xml") -> Source:
    """A document in memory."""

    @contextmanager
    def opened() -> Generator[IO[bytes]]:
        yield io.BytesIO(data.encode() if isinstance(data, str) else data)

    return Source(name, opened, True)


def records(data: bytes | str) -> list[Record | Bad | Around]:
    """What is in a document."""
    return list(read(source(data)))


def planned(
    folder: Path, *, journal: Path | None = None, there: Sequence[Contact | Invoice] = (), status: str = "DRAFT"
) -> tuple[Migration, Plan]:
    """The plan for an archive, and an organisation that has some records."""
    migration = Migration([folder], GROUND)
    plan = Plan(migration.shelf.db, journal, {"tenant": "t", "status": status})
    plan.load()
    migration.read(plan)
    for record in there:
        if isinstance(record, Contact):
            migration.books.note_contact(record)
        else:
            migration.books.note_invoice(record)
    migration.plan(plan)
    return migration, plan


def made(plan: Plan) -> list[Document]:
    """The invoices and bills that are to be made."""
    return list(plan.documents("invoices"))


def told(plan: Plan) -> list[tuple[str, str]]:
    """What became of the others."""
    return [(each.what, each.number) for each in plan.told()]
