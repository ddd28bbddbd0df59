"""CPU to decode a record: this package beside what else reads Xero's JSON, all in one run.

    python -m benchmarks.decode [--quick]

Pages of 1,000 invoices of 5 lines and of 1,000 contacts, of Xero's shape and made from seeds. Each decoder has a
process of its own, which reads several pages, each of other records, as in an export: the instants on a page were never
met before. Of these the best is taken, of the processes the median.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.decoders import DECODERS, Decoder, Envelope
from benchmarks.samples import contacts_page, invoices_page
from xero_async import models

RECORDS = 1000

Page = Callable[..., bytes]


def _measured(decoder: Decoder, envelope: Envelope, setting: Setting) -> Told:
    """CPU seconds a record, of the best page."""
    read, best = decoder.make(envelope), float("inf")
    pages = [path.read_bytes() for path in sorted(Path(setting.at).iterdir())]
    assert len(decoder.records(read(pages[0]), envelope.__name__)) == RECORDS
    for page in pages[1:]:
        start = time.process_time()
        answer = read(page)
        best = min(best, time.process_time() - start)
        del answer
    return Told({"cpu": best / RECORDS})


@contextmanager
def pages_folder(make: Page, count: int) -> Generator[str]:
    """Gives a folder with so many pages."""
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            (Path(folder) / f"{seed:03}.json").write_bytes(make(RECORDS, seed=seed))
        yield folder


def _case(name: str, envelope: Envelope, make: Page) -> Case:
    def stage(pages: int) -> AbstractContextManager[str]:
        return pages_folder(make, pages + 1)

    contestants = (Contestant(each.name, partial(_measured, each, envelope), each.needs) for each in DECODERS)
    return Case(name, tuple(contestants), Size(9, 5), Size(3, 2), stage)


CASES = [
    _case("decode invoices", models.Invoices, invoices_page),
    _case("decode contacts", models.Contacts, contacts_page),
]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
