"""The guide to the sandbox does what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xero_async.cli.app import app
from xero_async.sandbox import Sandbox, control
from xero_async.sandbox.faults import STAGES

pytest_plugins = ["pytester"]

GUIDE = (Path(__file__).parent.parent / "docs" / "sandbox.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The blocks of code in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def table(heading: str) -> set[str]:
    """What stands in code in the first column of the table below a heading."""
    rows = GUIDE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return {name for row in rows.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_the_example_runs() -> None:
    """The example in Python runs as it stands."""
    command = [sys.executable, "-W", "error", "-c", blocks("python")[0]]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 0, result.stderr
    assert re.fullmatch(r"\d+ invoices in 1 call\n", result.stdout)


def test_the_tests_pass(pytester: pytest.Pytester) -> None:
    """The tests that the guide shows pass as they stand."""
    _, conftest, tests = blocks("python")
    pytester.makeconftest(conftest)
    pytester.makepyfile(tests)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    result = pytester.runpytest_subprocess("-W", "error", "--strict-markers", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)


def test_the_command_exists() -> None:
    """Every option of the command that the guide shows is one."""
    (command,) = blocks("sh")
    program, name, *options = shlex.split(command)
    assert program == "xero-async"
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    assert not [option for option in options if option.startswith("--") and option not in shown]


def test_every_control_is_listed() -> None:
    """The controls of the guide are those that the sandbox lists."""
    listed = {
        (method, path.split("?")[0])
        for method, path in re.findall(r"^(GET|POST|PUT|DELETE) +(/sandbox/\w+)", control.CONTROLS, re.M)
    }
    told: set[tuple[str, str]] = set()
    rows = GUIDE.partition("| control |")[2].partition("\n\n")[0].splitlines()[2:]
    for row in rows:
        words = re.findall(r"[A-Z]{3,}|/sandbox/\w+", row.split("|")[1])
        told |= {(word, words[-1]) for word in words[:-1]}
    assert told == listed


def test_every_fault_is_listed() -> None:
    """The kinds of faults in the guide are those that there are."""
    assert table("kind") == set(STAGES)


def test_the_settings_in_the_prose_exist() -> None:
    """Settings that the guide names are the sandbox's."""
    names = set(re.findall(r"`(\w+)=[^`]*`", GUIDE)) - {"still"}
    assert names <= set(Sandbox.__init__.__annotations__)
