"""What exporting costs: CPU beside decoding alone for each sink, and peak memory for small and large exports.

    python -m benchmarks.export [--full]

Pages of 1,000 invoices of 5 lines are decoded and written as an export does it, in a process of its own for each sink
and size. A ratio is the CPU of decoding and writing, `finish` included, to that of decoding alone, measured on the same
pages in the same run; it is the median of several processes. Memory is the most that a process ever held. `--full` adds
1,000,000 records. Needs pyarrow, the extra `parquet`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.samples import invoices_page
from xero_async import models
from xero_async.bulk.export.sinks.base import Place, Sink
from xero_async.bulk.export.sinks.csv import CSV
from xero_async.bulk.export.sinks.jsonl import JsonLines
from xero_async.bulk.export.sinks.parquet import Parquet
from xero_async.bulk.export.sinks.sqlite import SQLite
from xero_async.wire import decode

PAGE, DRAWN = 1000, 8
"""Records in a page, and how many pages are made; larger exports take them again, with other ids."""
SMALL, MIDDLE, LARGE = 10_000, 100_000, 1_000_000
PROCESSES = 5

SINKS: dict[str, Callable[[Path], Sink]] = {
    "JsonLines": JsonLines,
    "SQLite": lambda folder: SQLite(folder / "export.db"),
    "CSV": CSV,
    "Parquet": Parquet,
}
PROMISED = {"JsonLines": 1.3, "Parquet": 3.3}
PLACE = Place(tenant_id="t", label="Demo", resource="invoices", record=models.Invoice, id_name="InvoiceID")


def export(name: str, count: int) -> dict[str, float]:
    """Write so many records, and tell CPU seconds of decoding and of writing, wall seconds, bytes and memory."""
    pages = [invoices_page(PAGE, seed=seed) for seed in range(DRAWN)]
    decoding = writing = 0.0
    with tempfile.TemporaryDirectory() as folder:
        _warm(SINKS[name](Path(folder) / "warm"), pages[0])
        sink = SINKS[name](Path(folder))
        table = sink.table(PLACE)
        table.open(full=False)
        began = time.perf_counter()
        for page in range(count // PAGE):
            start = time.process_time()
            records = decode(models.Invoices, pages[page % DRAWN]).invoices or []
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
        seconds = time.perf_counter() - began
        size = sum(
            path.stat().st_size for path in Path(folder).rglob("*") if path.is_file() and "warm" not in str(path)
        )
    # kilobytes on Linux, bytes on macOS
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
    return {"decoding": decoding, "writing": writing, "seconds": seconds, "size": size, "memory": memory}


def _warm(sink: Sink, page: bytes) -> None:
    """A page that is not measured: it imports what is needed and fills the caches."""
    table = sink.table(PLACE)
    table.open(full=False)
    table.write(decode(models.Invoices, page).invoices or [], b"")
    table.finish(b"")
    table.close()
    sink.close()


def measured(name: str, count: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.export", "--once", name, str(count)]
    answer: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    return answer


def main() -> None:
    """Measure and print."""
    if "--once" in sys.argv:
        print(json.dumps(export(sys.argv[-2], int(sys.argv[-1]))))
        return
    counts = [SMALL, MIDDLE, LARGE] if "--full" in sys.argv else [SMALL, MIDDLE]
    print(f"{SMALL:,} invoices of 5 lines: CPU of decoding and writing to that of decoding alone")
    for name in SINKS:
        runs = [measured(name, SMALL) for _ in range(PROCESSES)]
        ratio = median(1 + run["writing"] / run["decoding"] for run in runs)
        per = [median(run[what] for run in runs) / SMALL * 1e6 for what in ("decoding", "writing", "size")]
        promise = f", promised {PROMISED[name]}" if name in PROMISED else ""
        print(f"  {name:10} {ratio:5.2f}{promise}  ({per[0]:.1f} + {per[1]:.1f} µs, {per[2] / 1e6:.0f} bytes a record)")
    print("\npeak memory, MiB")
    for name in SINKS:
        peaks = [measured(name, count)["memory"] for count in counts]
        cells = ", ".join(f"{count:,}: {peak:.0f}" for count, peak in zip(counts, peaks, strict=True))
        print(f"  {name:10} {cells}  ({peaks[-1] / peaks[0]:.2f} times)")


if __name__ == "__main__":
    main()
