"""Real servers from the system's packages, started on a free port for a test, and ended by it."""

from __future__ import annotations

import asyncio
import glob
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

import pytest

from xero_async.sandbox import Sandbox


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


@contextmanager
def postgres_server() -> Generator[str]:
    """A PostgreSQL of the test's own; gives its address. It refuses to run as root, and then runs as its own user."""
    paths = ":".join([os.environ["PATH"], *sorted(glob.glob("/usr/lib/postgresql/*/bin"))])
    initdb, postgres = (shutil.which(name, path=paths) for name in ("initdb", "postgres"))
    if initdb is None or postgres is None:
        pytest.skip("needs postgresql from the system's packages")
    port, user = free_port(), "postgres" if os.geteuid() == 0 else None
    # What it writes is gone with the test, so nothing waits for the disk.
    options = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "unix_socket_directories="]
    with tempfile.TemporaryDirectory() as folder:
        if user is not None:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        settings = ["-D", data, "-A", "trust", "-U", "tests", "-E", "UTF8", "--locale", "C", "--no-sync"]
        subprocess.run([initdb, *settings], check=True, capture_output=True, user=user, cwd=folder)
        command = [postgres, "-D", data, *options]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=user, cwd=folder
        ) as server:
            try:
                _await_port(port, server)
                yield f"postgresql://tests:any@127.0.0.1:{port}/postgres"
            finally:
                server.send_signal(signal.SIGINT)  # a fast shutdown, which takes its children along
                server.wait()


def _await_port(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert server.poll() is None, "the server ended by itself"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise TimeoutError("the server does not listen")


@contextmanager
def served(sandbox: Sandbox) -> Generator[Sandbox]:
    """A sandbox that serves in a thread of its own."""
    is_ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def serve() -> None:
        stop = asyncio.Event()
        async with sandbox:
            is_ready.set_result((asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    loop, stop = is_ready.result(10)
    try:
        yield sandbox
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
