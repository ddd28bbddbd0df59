"""Memory of 10,000 invoices that a program holds, and the time that Python's garbage collector takes over them.

    python -m benchmarks.held [--quick]

Each decoder has a process of its own, which reads ten pages of 1,000 invoices of 5 lines and keeps all records. Told
are the memory by which the process has grown (the answers' bytes are gone by then), the seconds that the collector
took meanwhile, by its own callbacks, and the seconds of one full collection while all are held.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.decode import pages_folder
from benchmarks.decoders import DECODERS, Decoder
from benchmarks.samples import invoices_page
from xero_async import models


class Collections:
    """Adds up the seconds that the garbage collector takes."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._start = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """Told by the collector when it starts and stops."""
        if phase == "start":
            self._start = time.perf_counter()
        else:
            self.seconds += time.perf_counter() - self._start


def resident() -> int:
    """Bytes of memory that the process has now; where the system does not say, the most that it ever had."""
    if (pages := Path("/proc/self/statm")).exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _measured(decoder: Decoder, setting: Setting) -> Told:
    read = decoder.make(models.Invoices)
    paths = sorted(Path(setting.at).iterdir())
    read(paths[0].read_bytes())
    gc.collect()
    before, collections, held = resident(), Collections(), list[Any]()
    gc.callbacks.append(collections)
    for path in paths[1:]:
        held += decoder.records(read(path.read_bytes()), "Invoices")
    gc.callbacks.remove(collections)
    start = time.perf_counter()
    gc.collect()
    full = time.perf_counter() - start
    grown = resident() - before
    return Told({"memory": grown / len(held), "gc": collections.seconds, "full": full})


def _stage(pages: int) -> AbstractContextManager[str]:
    return pages_folder(invoices_page, pages + 1)


CASES = [
    Case(
        "hold invoices",
        tuple(Contestant(each.name, partial(_measured, each), each.needs) for each in DECODERS),
        Size(10, 3),
        Size(5, 1),
        _stage,
    )
]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
