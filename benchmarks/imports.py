"""Time to import this package, beside the two libraries that it cannot do without.

    python -m benchmarks.imports

Fresh interpreters take turns; what is printed are medians of their CPU time less that of an empty interpreter.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from statistics import median

RUNS = 15
CODE = {"nothing": "pass", "aiohttp and msgspec": "import aiohttp, msgspec", "xero_async": "import xero_async"}


def main() -> None:
    """Measure and print."""
    times: dict[str, list[float]] = {name: [] for name in CODE}
    _cpu_seconds(CODE["xero_async"])
    for _ in range(RUNS):
        for name, code in CODE.items():
            times[name].append(_cpu_seconds(code))
    base = median(times["nothing"])
    peers, ours = (median(times[name]) - base for name in ("aiohttp and msgspec", "xero_async"))
    print(f"import aiohttp, msgspec  {peers * 1e3:6.0f} ms")
    print(f"import xero_async        {ours * 1e3:6.0f} ms, {ours / peers:.2f} times that")


def _cpu_seconds(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Byte code is kept, as it is of any installed package.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    main()
