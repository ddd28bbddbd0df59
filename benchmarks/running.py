"""Runs cases: a fresh process for each contestant and round, and the contestants in turn.

Whatever else the machine does, heats or throttles strikes all alike, since a round has one process of each, and the
next round begins with the next contestant. What is kept is all of every round; `figures.py` makes sense of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version

import msgspec

from benchmarks.cases import Case, Contestant, Setting, Told, cases
from benchmarks.figures import Rounds

PATIENCE = 300.0
"""Seconds that one process may take."""


def run(case: Case, *, quick: bool, tell: Callable[[str], object], only: Sequence[str] = ()) -> Rounds:
    """Measure all contestants of a case, or those of some names."""
    size, rounds = case.quick if quick else case.full
    result = Rounds(case.name, {}, {})
    able: list[Contestant] = []
    for each in case.contestants:
        if only and each.name not in only:
            continue
        if missing := _missing(case, each):
            result.absent[each.name] = f"{missing} not installed"
        else:
            able.append(each)
    if not able:
        return result

    def measure(each: Contestant) -> None:
        if each.name in result.absent:
            return
        try:
            told = apart(case.name, each.name, setting)
        except ChildFailed as error:
            result.absent[each.name] = str(error)
        else:
            result.told.setdefault(each.name, []).append(told)

    with case.stage(size) as at, ThreadPoolExecutor(len(able) if case.together else 1) as pool:
        setting = Setting(size, at)
        for turn in range(rounds):
            first = turn % len(able)
            tell(f"{case.name}, round {turn + 1} of {rounds}")
            list(pool.map(measure, able[first:] + able[:first]))
    return result._replace(told={each.name: result.told[each.name] for each in able if each.name in result.told})


def _missing(case: Case, contestant: Contestant) -> str:
    """What cannot be done without and is not there."""
    if case.programs and not any(map(shutil.which, case.programs)):
        return " or ".join(case.programs)
    return ", ".join(name for name in contestant.needs if not is_installed(name))


class ChildFailed(Exception):
    """A process that came to no end, or to a bad one."""


def apart(case: str, contestant: str, setting: Setting) -> Told:
    """What one contestant tells, from a process of its own. Raises `ChildFailed`."""
    command = [sys.executable, "-m", "benchmarks.running", case, contestant, msgspec.json.encode(setting).decode()]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE, env=environment())
    except subprocess.TimeoutExpired:
        raise ChildFailed(f"not done after {PATIENCE:.0f} s") from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no word"]
        raise ChildFailed(f"failed: {lines[-1][:200]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Told)


def environment() -> dict[str, str]:
    """That of this process, but byte code is kept, as it is of any installed package."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def is_installed(distribution: str) -> bool:
    """Whether a distribution is there."""
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def once(case: str, contestant: str, setting: Setting) -> Told:
    """Measure in this process."""
    found = next(each for each in cases() if each.name == case)
    return next(each for each in found.contestants if each.name == contestant).measure(setting)


if __name__ == "__main__":
    print(msgspec.json.encode(once(sys.argv[1], sys.argv[2], msgspec.json.decode(sys.argv[3], type=Setting))).decode())
