"""What exporting costs: CPU beside decoding alone for each sink, and peak memory for small and large exports.

    python -m benchmarks.export [--quick] [--full]

Pages of 1,000 invoices of 5 lines are decoded and written as an export does it, in a process of its own for each sink
and size. `times` is the CPU of decoding and writing, `finish` included, over that of decoding alone, measured on the
same pages in the same process; told are the medians of several. Memory is the most that a process ever held. `--full`
adds the memory of 1,000,000 records. Needs pyarrow, the extra `parquet`, for the last sink.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.samples import invoices_page
from xero_async import models
from xero_async.bulk.export.sinks.base import Place, Sink
from xero_async.bulk.export.sinks.csv import CSV
from xero_async.bulk.export.sinks.jsonl import JsonLines
from xero_async.bulk.export.sinks.parquet import Parquet
from xero_async.bulk.export.sinks.sqlite import SQLite
from xero_async.wire import decode

PAGE, DRAWN = 1000, 8
"""Records in a page, and how many pages are made at most; larger exports take them again, with other ids."""
SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000

SINKS: dict[str, Callable[[Path], Sink]] = {
    "JsonLines": JsonLines,
    "SQLite": lambda folder: SQLite(folder / "export.db"),
    "CSV": CSV,
    "Parquet": Parquet,
}
PLACE = Place(tenant_id="t", label="Demo", resource="invoices", record=models.Invoice, id_name="InvoiceID")


def export(name: str, setting: Setting) -> Told:
    """Write so many records, and tell the CPU of decoding and of writing, bytes and memory."""
    count = setting.size
    pages = [invoices_page(PAGE, seed=seed) for seed in range(min(DRAWN, count // PAGE))]
    decoding = writing = 0.0
    with tempfile.TemporaryDirectory() as folder:
        _warm(SINKS[name](Path(folder) / "warm"), pages[0])
        sink = SINKS[name](Path(folder))
        table = sink.table(PLACE)
        table.open(full=False)
        for page in range(count // PAGE):
            start = time.process_time()
            records = decode(models.Invoices, pages[page % len(pages)]).invoices or []
            decoded = time.process_time()
            for number, record in enumerate(records):
                record.invoice_id = f"{page * PAGE + number:032x}"
            ready = time.process_time()
            table.write(records, b"%d" % page)
            decoding += decoded - start
            writing += time.process_time() - ready
        start = time.process_time()
        assert table.finish(b"end").records == count
        writing += time.process_time() - start
        table.close()
        sink.close()
        size = sum(
            path.stat().st_size for path in Path(folder).rglob("*") if path.is_file() and "warm" not in str(path)
        )
    # kilobytes on Linux, bytes on macOS
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    times = 1 + writing / decoding
    return Told({"times": times, "writing": writing / count, "size": size / count, "memory": float(memory)})


def _warm(sink: Sink, page: bytes) -> None:
    """A page that is not measured: it imports what is needed and fills the caches."""
    table = sink.table(PLACE)
    table.open(full=False)
    table.write(decode(models.Invoices, page).invoices or [], b"")
    table.finish(b"")
    table.close()
    sink.close()


CASES = [
    Case(
        "export",
        tuple(Contestant(name, partial(export, name), ("pyarrow",) if name == "Parquet" else ()) for name in SINKS),
        Size(SMALL, 3),
        Size(4 * PAGE, 1),
    )
]


def print_memory(counts: list[int]) -> None:
    """Print how the peak grows with the size."""
    from benchmarks.running import apart

    print("\npeak memory, MiB")
    for name in SINKS:
        peaks = [apart("export", name, Setting(count)).figures["memory"] / 2**20 for count in counts]
        cells = ", ".join(f"{count:,}: {peak:.0f}" for count, peak in zip(counts, peaks, strict=True))
        print(f"  {name:10} {cells}  ({peaks[-1] / peaks[0]:.2f} times)")


if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
    if "--quick" not in sys.argv:
        print_memory([SMALL, MIDDLE, LARGE] if "--full" in sys.argv else [SMALL, MIDDLE])
