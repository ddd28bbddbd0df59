"""What the figures were taken on: the machine's kind and the versions, and nothing that names it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.cases import cases

ALWAYS = ("aiohttp", "msgspec", "aiolimiter", "hiredis", "isal", "yarl")


def processor() -> str:
    """The model of the CPU, as far as the system says."""
    if (told := Path("/proc/cpuinfo")).exists():
        for line in told.read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine() or "unknown"


def described() -> str:
    """One sentence on the machine."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{processor()}, {os.cpu_count()} cores, {platform.system()} on {platform.machine()}, {python}."


def versions() -> dict[str, str]:
    """The versions of all that takes part, as far as it is installed."""
    needed = {name for case in cases() for each in case.contestants for name in each.needs}
    found: dict[str, str] = {}
    for name in sorted(needed.union(ALWAYS), key=str.lower):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
