"""`xero-async login`, `logout` and `disconnect`, with a browser that is a client of ours or a real one."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from chromium import browsing, needs_chromium

from xero_async import TokenSet
from xero_async.sandbox import Sandbox

BROWSER = f"""#!{sys.executable}
import os, sys, time, urllib.request
terminal = os.getppid()
os.close(1), os.close(2)
urllib.request.urlopen(sys.argv[1]).read()
while os.getppid() == terminal:
    time.sleep(0.02)
"""
"""A browser that goes where it is sent and is closed only when nobody waits for it any more."""


class Terminal:
    """Runs commands in a home of its own, against a sandbox."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox, self.home = sandbox, home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("XERO_")},
            "HOME": str(home),
            "XERO_SIGN_INS": str(home / "sign-ins"),
            "XERO_BASE_URL": sandbox.base_url,
            "XERO_IDENTITY_URL": sandbox.identity_url,
            "XERO_CLIENT_ID": sandbox.apps[2].client_id,
        }

    @property
    def file(self) -> Path:
        """Where the sign-in is kept."""
        folder = urlsplit(self.sandbox.identity_url).netloc.replace(":", "_")
        return self.home / "sign-ins" / folder / f"{self.sandbox.apps[2].client_id}.json"

    @asynccontextmanager
    async def started(self, *arguments: str) -> AsyncGenerator[Process]:
        """A command that runs."""
        command = [sys.executable, "-m", "xero_async", *arguments]
        child = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=self.environment
        )
        try:
            yield child
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()

    async def run(self, *arguments: str, typed: bytes = b"") -> tuple[int, str, str]:
        """A command's exit code and what it printed."""
        async with self.started(*arguments) as child:
            out, err = await child.communicate(typed)
            assert child.returncode is not None
            return child.returncode, out.decode(), err.decode()

    @asynccontextmanager
    async def logging_in(self, *arguments: str) -> AsyncGenerator[tuple[Process, str]]:
        """A login that waits, and the address that it shows."""
        async with self.started("login", "--no-browser", "--port", "0", *arguments) as child:
            assert child.stderr is not None
            assert await child.stderr.readline() == b"Sign in at:\n"
            yield child, (await child.stderr.readline()).decode().strip()


@asynccontextmanager
async def terminal(home: Path, *, automatic: bool = True, tenants: int = 2) -> AsyncGenerator[Terminal]:
    """A terminal and its sandbox."""
    async with Sandbox(contacts=3, tenants=tenants, limits=None, automatic_consent=automatic) as sandbox:
        yield Terminal(sandbox, home)


async def visit(url: str) -> tuple[int, str]:
    """Go to an address and wherever it leads, as a browser does."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text()


async def log_in(at: Terminal, *arguments: str) -> str:
    """Log in; gives what was printed."""
    async with at.logging_in(*arguments) as (child, url):
        status, page = await visit(url)
        assert status == 200
        assert "You are signed in" in page
        out, err = await child.communicate()
        assert (child.returncode, err) == (0, b"")
        return out.decode()


async def test_from_login_to_logout(tmp_path: Path) -> None:
    """A sign-in is kept in a file for its owner alone, other commands use it, and logging out ends it at Xero too."""
    async with terminal(tmp_path) as at:
        printed = await log_in(at)
        assert printed.startswith("signed in, with Sandbox Company 1 (")
        assert "Sandbox Company 2" in printed
        assert stat.S_IMODE(at.file.stat().st_mode) == 0o600
        code, out, _ = await at.run("tenants")
        assert (code, len(out.splitlines())) == (0, 2)
        tokens = TokenSet.parse(at.file.read_text())
        assert tokens.refresh_token
        at.sandbox.advance(1800)
        code, out, _ = await at.run("limits", "--tenant", "sandbox company 2")
        assert (code, out.split("\t")[0]) == (0, "Sandbox Company 2")
        assert TokenSet.parse(at.file.read_text()).refresh_token != tokens.refresh_token
        assert await at.run("logout") == (0, "signed out\n", "")
        code, out, err = await at.run("tenants")
        assert (code, out) == (2, "")
        assert "run `xero-async login`" in err
        for text in (printed, out, err):
            assert tokens.refresh_token not in text
            assert tokens.access_token not in text


async def test_what_is_ended_is_gone(tmp_path: Path) -> None:
    """After a logout there is no file, so that it does not count among several, and nothing more to end."""
    async with terminal(tmp_path) as at:
        await log_in(at)
        assert (await at.run("logout"))[0] == 0
        assert not at.file.exists()
        code, out, err = await at.run("logout")
        assert (code, out) == (2, "")
        assert "nobody is signed in: there is nothing to end" in err


async def test_a_browser_that_stays(tmp_path: Path) -> None:
    """A browser of which Python hears nothing until it is closed does not hold up the login."""
    browser = tmp_path / "browser"
    browser.write_text(BROWSER)
    browser.chmod(0o700)
    async with terminal(tmp_path) as at:
        at.environment["BROWSER"] = f"{browser} %s"
        async with asyncio.timeout(20):
            code, out, _ = await at.run("login", "--port", "0")
        assert (code, out.startswith("signed in")) == (0, True)


async def test_the_only_app_needs_no_name(tmp_path: Path) -> None:
    """Without a client id, the only sign-in that is kept for this server is used; none and several are told apart."""
    async with terminal(tmp_path) as at:
        del at.environment["XERO_CLIENT_ID"]
        code, _, err = await at.run("tenants")
        assert code == 2
        assert "run `xero-async login`" in err
        code, _, err = await at.run("logout")
        assert (code, "nobody is signed in" in err) == (2, True)
        await log_in(at, "--client-id", at.sandbox.apps[2].client_id)
        assert (await at.run("tenants"))[0] == 0
        at.file.with_name("OTHER.json").write_text("{}")
        code, _, err = await at.run("tenants")
        assert code == 2
        assert "several apps are signed in, choose with --client-id" in err
        at.environment["XERO_IDENTITY_URL"] = "http://localhost:9"
        code, _, err = await at.run("tenants")
        assert (code, "nothing to sign in with" in err) == (2, True)


async def test_disconnect(tmp_path: Path) -> None:
    """An organisation is disconnected by its name, after a question, and only that one."""
    async with terminal(tmp_path) as at:
        await log_in(at)
        code, out, err = await at.run("disconnect", "Sandbox Company 1", typed=b"n\n")
        assert (code, out.strip()) == (2, "")
        assert "nothing was done" in err
        assert (await at.run("disconnect", "No Such Company", "--yes"))[0] == 2
        code, out, err = await at.run("disconnect", "Sandbox Company 1", typed=b"y\n")
        assert code == 0
        assert out.strip().startswith("disconnected Sandbox Company 1 (")
        _, out, _ = await at.run("tenants")
        assert [line.split("\t")[1] for line in out.splitlines()] == ["Sandbox Company 2"]


async def test_an_answer_that_is_anothers(tmp_path: Path) -> None:
    """An answer with another state is refused with a page, and the login goes on waiting for the right one."""
    async with terminal(tmp_path) as at, at.logging_in() as (child, url):
        home = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        assert re.fullmatch(r"http://localhost:\d+/callback", home)
        for query in ("?code=stolen&state=guessed", "?error=access_denied&state=guessed", ""):
            status, page = await visit(home + query)
            assert (status, "not the answer to your sign-in" in page) == (400, True)
        assert (await visit(home.replace("/callback", "/")))[0] == 404
        assert (await visit(url))[0] == 200
        out, _ = await child.communicate()
        assert (child.returncode, out.startswith(b"signed in")) == (0, True)


async def test_a_user_who_refuses(tmp_path: Path) -> None:
    """A refusal is told in the browser and in the terminal, in one sentence, and no file is kept."""
    async with terminal(tmp_path) as at, at.logging_in() as (child, url):
        query = parse_qs(urlsplit(url).query)
        status, page = await visit(f"{query['redirect_uri'][0]}?error=access_denied&state={query['state'][0]}")
        assert (status, "the user refused" in page) == (400, True)
        out, err = await child.communicate()
        assert (child.returncode, out) == (1, b"")
        assert err == b"xero-async: nobody was signed in: the user refused.\n"
        assert not at.file.exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--client-id", "../../x"], 1, "a client id is made of letters"),
        (["--client-id", ""], 2, "client id"),
        (["--for", "fun"], 2, "one of everything, export"),
        (["--scope", "a b"], 2, "is no scope"),
        (["--port", "70000"], 2, "--port"),
    ],
)
async def test_what_is_typed_wrong(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    """What cannot be right is refused before a browser is opened, in words that say what to do."""
    async with terminal(tmp_path) as at:
        ended, out, err = await at.run("login", "--no-browser", *arguments)
        assert (ended, out) == (code, "")
        assert words in err
        assert "Traceback" not in err


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """A port that somebody else listens on is named, with what to do."""
    async with terminal(tmp_path) as at:
        port = urlsplit(at.sandbox.base_url).port
        code, _, err = await at.run("login", "--no-browser", "--port", str(port))
        assert code == 1
        assert f"cannot listen on http://localhost:{port}" in err
        assert "--port" in err


@needs_chromium
async def test_in_a_real_browser(tmp_path: Path) -> None:
    """In Chromium: the consent page, one of two organisations chosen, Allow, the finished page, and the tokens kept."""
    async with terminal(tmp_path, automatic=False) as at, at.logging_in("--for", "invoicing") as (child, url):
        async with browsing() as page:
            await page.go(url)
            assert "simulation" in (await page.text()).lower()
            await page.click(f'input[value="{at.sandbox.tenants[1]}"]')
            if picture := os.environ.get("XERO_ASYNC_PICTURES"):
                await page.screenshot(Path(picture) / "consent.png")
            await page.click('button[value="allow"]')
            await page.until("document.title === 'You are signed in'")
            if picture:
                await page.screenshot(Path(picture) / "finished.png")
        out, _ = await child.communicate()
        assert child.returncode == 0
        kept = TokenSet.parse(at.file.read_text())
        assert "accounting.invoices" in kept.scopes
        assert len(re.findall("Sandbox Company", out.decode())) == 1
