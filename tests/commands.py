"""Commands for tests: as processes of their own, and in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from xero_async.cli.app import app
from xero_async.sandbox import Sandbox

COMMAND = [sys.executable, "-W", "error", "-m", "xero_async"]
PATIENCE = 20.0


@contextmanager
def started(*arguments: str, environment: dict[str, str] | None = None) -> Generator[subprocess.Popen[str]]:
    """A command that is running, and is ended in any case."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command that has ended."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a sandbox says when it is ready."""
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def files_in(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def one_sentence(text: str) -> bool:
    """Whether a command has failed as it should: with a line, and no traceback."""
    return text.startswith("xero-async: ") and text.count("\n") == 1


def environment_of(sandbox: Sandbox | dict[str, Any]) -> dict[str, str]:
    """What a command needs to find a sandbox, or one that has told of itself."""
    told = sandbox if isinstance(sandbox, dict) else vars(sandbox)
    names = ("base_url", "identity_url", "client_id", "client_secret")
    return {f"XERO_{name.upper()}": told[name] for name in names}


# -- in this process --------------------------------------------------------------------------------------------------


class Result:
    """What came of a command."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.code, self.stdout, self.stderr = code, stdout, stderr


Run = Callable[..., Result]


def runner(sandbox: Sandbox) -> Run:
    """Runs commands with a sandbox's addresses and credentials in the environment."""
    environment: dict[str, str | None] = {
        **environment_of(sandbox),
        "XERO_ACCESS_TOKEN": None,
        "XERO_TENANT_ID": None,
    }

    def run(*arguments: str, **changes: str | None) -> Result:
        result = CliRunner().invoke(app, arguments, env=environment | changes)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return Result(result.exit_code, result.stdout, result.stderr)

    return run


def refuses(result: Result, code: int, *words: str) -> bool:
    """Whether a command has failed with a sentence that holds some words."""
    sentence = result.stderr.splitlines()[-1]
    return result.code == code and sentence.startswith("xero-async: ") and all(word in sentence for word in words)
