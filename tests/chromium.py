"""A headless Chromium, driven over its DevTools protocol: enough to look at a page and press its buttons.

Clicks are those of a mouse at the middle of an element, so what a user cannot press a test cannot press either. Tests
that need it are skipped where there is none: on Debian it is the package `chromium`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from base64 import b64decode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

__all__ = ["Page", "browsing", "needs_chromium"]

PATIENCE = 20.0
"""Seconds after which something on a page is not going to happen."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
SWITCHES = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--window-size=900,900",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
)

needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed (Debian's package: chromium)")
"""Marks a test that drives a browser."""


class Page:
    """A tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask for one thing of the protocol, and wait for the answer; events in between are passed over."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": parameters}
        await self._socket.send_str(msgspec.json.encode(asked).decode())
        async with asyncio.timeout(PATIENCE):
            while True:
                told: dict[str, Any] = msgspec.json.decode(await self._socket.receive_str())
                if told.get("id") == number:
                    assert "error" not in told, told
                    return dict(told["result"])

    async def evaluate(self, script: str) -> Any:
        """The value of an expression on the page."""
        told = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def go(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        told = await self.call("Page.navigate", url=url)
        assert "errorText" not in told, told
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def until(self, condition: str) -> None:
        """Wait until an expression holds on the page."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if await self.evaluate(condition):
                    return
                await asyncio.sleep(0.02)

    async def click(self, selector: str) -> None:
        """Click on the middle of an element."""
        box = await self.evaluate(
            f"(() => {{const box = document.querySelector({_quoted(selector)}).getBoundingClientRect();"
            " return {x: box.x + box.width / 2, y: box.y + box.height / 2}})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **box)

    async def text(self) -> str:
        """What can be read on the page."""
        return str(await self.evaluate("document.body.innerText"))

    async def url(self) -> str:
        """The address that the page is at."""
        return str(await self.evaluate("location.href"))

    async def screenshot(self, path: Path) -> None:
        """Write what the page looks like into a PNG file."""
        path.write_bytes(b64decode((await self.call("Page.captureScreenshot", format="png"))["data"]))


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


@asynccontextmanager
async def browsing(environment: Mapping[str, str] | None = None) -> AsyncGenerator[Page]:
    """A fresh browser with one tab, which ends with all that it started."""
    assert PROGRAM is not None, "mark the test with needs_chromium"
    switches = [*SWITCHES, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *switches,
            f"--user-data-dir={home}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": home, **(environment or {})},
        )
        try:
            port = await _port(Path(home) / "DevToolsActivePort")
            async with (
                aiohttp.ClientSession() as http,
                http.ws_connect(await _tab(http, port), max_msg_size=0) as socket,
            ):
                page = Page(socket)
                await page.call("Page.enable")
                yield page
        finally:
            process.terminate()
            await process.wait()


async def _port(file: Path) -> int:
    """The port on which the browser listens, once it does."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if file.exists() and "\n" in (told := file.read_text()):
                return int(told.split("\n")[0])
            await asyncio.sleep(0.02)


async def _tab(http: aiohttp.ClientSession, port: int) -> str:
    """The address of the tab's socket."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with http.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs: list[dict[str, str]] = await answer.json()
            if found := [tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page"]:
                return found[0]
            await asyncio.sleep(0.02)
