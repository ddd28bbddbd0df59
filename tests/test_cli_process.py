"""Commands as processes of their own: what they print, how they end, and what they leave behind."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

import pytest
from commands import PATIENCE, environment_of, files_in, ready, run, started, until

SMALL = ["--contacts", "100", "--invoices", "300", "--create", "100", "--page-size", "100"]
"""Options of a demo that takes a moment."""

interruptible = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


# -- sandbox --------------------------------------------------------------------------------------------------------


@interruptible
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_announces_itself_in_a_line_and_stops_when_told(number: signal.Signals) -> None:
    """Standard output holds one line of JSON and no more; the server answers; a signal ends it with code 0."""
    with started("sandbox", "--port", "0", "--contacts", "3", "--invoices", "4", "--tenants", "2") as process:
        told = ready(process)
        assert {"base_url", "identity_url", "client_id", "client_secret", "tenants"} <= set(told)
        with urlopen(f"{told['base_url']}/sandbox/counters") as answer:
            documents = json.load(answer)["documents"]
        assert [documents[tenant]["Invoices"] for tenant in told["tenants"]] == [4, 4]
        process.send_signal(number)
        rest, said = process.communicate(timeout=PATIENCE)
    assert rest == ""
    assert "simulation" in said
    assert process.returncode == 0


@pytest.mark.parametrize(("host", "warns"), [("0.0.0.0", True), ("127.0.0.1", False), ("localhost", False)])
def test_a_sandbox_warns_where_others_can_reach_it(host: str, warns: bool) -> None:
    """It listens on loopback unless told otherwise, and says so when others may steer it."""
    with started("sandbox", "--attached", "--host", host) as process:
        ready(process)
        _, said = process.communicate(timeout=PATIENCE)
    assert ("Warning" in said) is warns


def test_a_sandbox_begins_anew_when_told(tmp_path: Path) -> None:
    """With --reset, what the file held is gone; without, it is there."""

    def invoices(*options: str) -> int:
        with started("sandbox", "--attached", "--store", str(tmp_path / "store.db"), *options) as process:
            told = ready(process)
            with urlopen(f"{told['base_url']}/sandbox/counters") as answer:
                count: int = json.load(answer)["documents"][told["tenants"][0]]["Invoices"]
            process.communicate(timeout=PATIENCE)
        return count

    assert [invoices("--contacts", "2", "--invoices", "3"), invoices(), invoices("--reset")] == [3, 3, 0]


def test_an_attached_sandbox_ends_with_its_input() -> None:
    """With --attached, a sandbox does not outlive whoever holds its standard input."""
    with started("sandbox", "--attached") as process:
        ready(process)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def test_a_port_in_use_and_a_fault_that_is_none_are_told_in_a_sentence(tmp_path: Path) -> None:
    """A sandbox that cannot start says why: with code 1 for the world's fault, 2 for the caller's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("sandbox", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert result.stdout == ""
    assert "address already in use" in result.stderr
    result = run("sandbox", "--faults", "explode:every=2")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    result = run("sandbox", "--store", str(tmp_path))
    assert result.returncode == 1
    assert "Traceback" not in result.stderr


# -- demo -----------------------------------------------------------------------------------------------------------


WHOLE = {"contacts.jsonl": 100, "invoices.jsonl": 400}
"""What a small demo exports, and how many lines there are in it."""


def results_in(folder: Path) -> list[Path]:
    """The files that an export says are whole, without what it keeps to go on from."""
    return [path for path in files_in(folder) if not path.name.startswith(".")]


def children_of(process: subprocess.Popen[str]) -> Sequence[int]:
    """The ids of a process's children."""
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(child) for path in listed for child in path.read_text().split()]


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="there is no /proc")


def test_the_demo_rejects_doubles_and_loses_nothing(tmp_path: Path) -> None:
    """A small demo with faults ends with no rejection and no duplicate, and with a row for each document."""
    result = run("demo", *SMALL, "--folder", str(tmp_path))
    assert result.returncode == 0, result.stderr
    told = dict(re.findall(r"^│ ([a-z ]+?) +│ (.*?) +│$", result.stdout, re.MULTILINE))
    assert told["rejections"] == told["duplicates"] == "0"
    assert told["created"] == "100 invoices, 50 of them bills"
    assert told["exported"] == "100 contacts, 400 invoices"
    assert "answer lost" in told["faults injected"]
    assert int(told["retries"]) >= 1
    assert {path.name: len(path.read_bytes().splitlines()) for path in results_in(tmp_path)} == WHOLE
    assert "export invoices: 400 of 400 records" in result.stderr
    assert "left in the minute" in result.stderr
    assert "\x1b" not in result.stdout + result.stderr


@needs_proc
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_an_interrupted_demo_leaves_no_process_and_no_half_file(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Whatever ends the demo, its sandbox ends with it; no file has its final name before it is whole."""
    with started("demo", *SMALL, "--folder", str(tmp_path)) as process:
        until(lambda: files_in(tmp_path))
        (child,) = children_of(process)
        assert is_running(child)
        process.send_signal(number)
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert "Traceback" not in said
    until(lambda: not is_running(child))
    for path in results_in(tmp_path):
        assert len(path.read_bytes().splitlines()) == WHOLE[path.name]


@interruptible
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_takes_its_own_folder_away(tmp_path: Path, number: signal.Signals) -> None:
    """A temporary folder that was never named is gone with the demo, whole files and all."""
    with started("demo", *SMALL, environment={"TMPDIR": str(tmp_path)}) as process:
        until(lambda: results_in(tmp_path))
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
    assert list(tmp_path.iterdir()) == []


# -- ends -----------------------------------------------------------------------------------------------------------


@interruptible
def test_a_reader_that_leaves_ends_a_command_quietly() -> None:
    """When nobody reads the output, as with `head`, there is no message, and the code is that of a shell."""
    with started("sandbox", "--tenants", "2") as server:
        told = ready(server)
        for arguments in (["tenants"], ["--help"], ["--version"]):
            with started(*arguments, environment=environment_of(told)) as process:
                assert process.stdout is not None
                assert process.stderr is not None
                process.stdout.close()
                assert process.stderr.read() == ""
                assert process.wait(PATIENCE) in ({141} if arguments == ["tenants"] else {1, 141})


@interruptible
def test_an_interrupt_while_the_commands_are_imported_shows_no_traceback() -> None:
    """Ctrl-C before the commands are there exits as later on."""
    code = (
        "import builtins, os, signal\n"
        "from xero_async.cli import main\n"
        "real = builtins.__import__\n"
        "def imported(name, *rest):\n"
        "    name == 'typer' and os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = imported\n"
        "main()\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 130
    assert result.stderr == ""


# -- the extra ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_there_is_a_hint(missing: str) -> None:
    """Where typer or rich is not installed, a sentence says what to install, and there is no traceback."""
    code = f"import sys; sys.modules[{missing!r}] = None; from xero_async.cli import main; main()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert result.returncode == 1
    assert result.stderr == 'The commands need an extra of the package: pip install "xero_async[cli]"\n'
