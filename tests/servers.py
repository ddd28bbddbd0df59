"""Real servers from the system's packages, started on a free port for a test, and ended by it."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

import pytest


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def program(*names: str) -> str:
    """The path of the first program that is installed; skips the test where there is none."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.skip(f"needs {' or '.join(names)} from the system's packages")


@contextmanager
def redis_server(*options: str) -> Generator[str]:
    """A Redis or Valkey of the test's own; gives its address."""
    path, port = program("redis-server", "valkey-server"), free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [path, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder, *options]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                _await_port(port, server)
                yield f"redis://127.0.0.1:{port}/0"
            finally:
                server.kill()


def _await_port(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert server.poll() is None, "the server ended by itself"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")
