"""What it takes to have a client at all: time to import it, megabytes to install, distributions to trust.

    python -m benchmarks.imports [--quick]

Fresh interpreters import what a first program imports, some taking turns; the time is their CPU time less that of an
empty interpreter. Size is that of the files of a distribution and of all that it requires, without byte code; optional
requirements do not count. The pair of aiohttp and msgspec is what this package cannot do without.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tomllib
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.cases import Case, Contestant, Setting, Size, Told
from benchmarks.peers import PYXERO, XERO_PYTHON
from benchmarks.running import environment

PACKAGE = Path(__file__).parent.parent / "xero_async"
NAME = re.compile(r"[A-Za-z0-9._-]+")


class Client(NamedTuple):
    """Something that is installed and imported."""

    name: str
    code: str
    """How a program begins."""
    distributions: tuple[str, ...]


PAIR = "aiohttp and msgspec"
CLIENTS = (
    Client("xero_async", "import xero_async", ("xero_async",)),
    Client(PAIR, "import aiohttp, msgspec", ("aiohttp", "msgspec")),
    Client(
        XERO_PYTHON,
        "from xero_python.accounting import AccountingApi; from xero_python.api_client import ApiClient",
        (XERO_PYTHON,),
    ),
    Client(PYXERO, "from xero import Xero; from xero.auth import OAuth2Credentials", (PYXERO,)),
)


def installed(names: tuple[str, ...]) -> set[str]:
    """The distributions and all that they require here, by their normal names."""
    found: set[str] = set()
    waiting = [_normal(name) for name in names]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += _required(name)
    return found


def _required(name: str) -> list[str]:
    if name == "xero-async":  # it may be here as its sources alone
        project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
        lines: list[str] = project["project"]["dependencies"]
    else:
        lines = requires(name) or []
    names = [_normal(found[0]) for line in lines if "extra ==" not in line and (found := NAME.match(line))]
    return [each for each in names if _is_there(each)]


def _is_there(name: str) -> bool:
    """Whether a requirement is here at all; those for other systems and older Pythons are not."""
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def size_of(name: str) -> int:
    """Bytes of a distribution's files, without byte code."""
    if name == "xero-async":
        paths = [path for path in PACKAGE.rglob("*") if path.is_file()]
    else:
        paths = [Path(str(each.locate())) for each in distribution(name).files or ()]
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.is_file())


def _measured(client: Client, setting: Setting) -> Told:
    cpu_seconds(client.code)  # byte code is written and files are read once
    taken = [cpu_seconds(client.code) for _ in range(setting.size)]
    empty = [cpu_seconds("pass") for _ in range(setting.size)]
    found = installed(client.distributions)
    size = sum(size_of(name) for name in found)
    others = found - {_normal(client.name)}
    return Told({"import": median(taken) - median(empty), "size": float(size), "dependencies": float(len(others))})


def cpu_seconds(code: str) -> float:
    """CPU seconds of a fresh interpreter with this code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


CASES = [
    Case(
        "install and import",
        tuple(
            Contestant(each.name, partial(_measured, each), () if each.name == "xero_async" else each.distributions)
            for each in CLIENTS
        ),
        Size(5, 5),
        Size(5, 1),
    )
]

if __name__ == "__main__":
    from benchmarks.alone import main

    main(CASES)
