"""A sandbox as a process of its own, which is all that somebody else's client knows of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import msgspec
from msgspec import Struct


class Process(Struct, frozen=True):
    """A running sandbox, as its one line of JSON tells it."""

    base_url: str
    identity_url: str
    client_id: str
    client_secret: str
    web_client_id: str
    web_client_secret: str
    pkce_client_id: str
    tenants: list[str]

    @property
    def api(self) -> str:
        """The root of the Accounting API."""
        return f"{self.base_url}/api.xro/2.0"

    def ask(self, control: str, body: object = None) -> Any:  # Any: JSON of every shape
        """Ask for one of the sandbox's controls; with a body, set it."""
        data = None if body is None else msgspec.json.encode(body)
        with urlopen(Request(f"{self.base_url}/sandbox/{control}", data)) as answer:  # a POST, with data
            text = answer.read()
        return msgspec.json.decode(text) if text else None

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.ask("clock", {"advance": seconds})


@contextmanager
def running(*options: str) -> Generator[Process]:
    """A sandbox with these options of `xero-async sandbox`."""
    command = [sys.executable, "-m", "xero_async", "sandbox", "--port", "0", "--attached", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield msgspec.json.decode(child.stdout.readline(), type=Process)
        finally:
            child.stdin.close()  # it ends with its input
