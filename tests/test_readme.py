"""The README does what it says."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from typer.main import get_command

import xero_async
from xero_async import telemetry
from xero_async.cli.app import app
from xero_async.sandbox import App, Sandbox

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The blocks of code in a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_two_shell_blocks_hold_one_command_each() -> None:
    """The first shell block runs the demo and the second the tests, each a single line that needs nothing before it."""
    demo, tests = blocks("sh")[:2]
    assert demo.count("\n") == tests.count("\n") == 1
    assert demo.startswith("python3 -m venv .venv && ")
    assert demo.rstrip().endswith("xero-async demo")
    assert tests.startswith("python3 -m venv .venv && ")
    assert "pytest" in tests


async def test_the_example_for_a_service_runs() -> None:
    """The example creates an invoice and lists it, as it stands but for the address of the server."""
    async with Sandbox(invoices=5, contacts=2) as sandbox:
        example = blocks("python")[0]
        assert len([line for line in example.splitlines() if line]) <= 24
        address = f"base_url={sandbox.base_url!r}, identity_url={sandbox.identity_url!r}"
        assert example.count("Xero(auth)") == 1
        environment = {"XERO_CLIENT_ID": sandbox.client_id, "XERO_CLIENT_SECRET": sandbox.client_secret}
        result = await _run(example.replace("Xero(auth)", f"Xero(auth, {address})"), environment)
    assert result.returncode == 0, result.stderr
    created, *listed, limits = result.stdout.splitlines()
    assert created.endswith(" 180.00")
    number = created.split()[1]
    assert [line.split()[0] for line in listed].count(number) == 1
    assert limits.startswith("Remaining(minute=58")


async def test_the_example_of_a_sign_in_runs(tmp_path: Path) -> None:
    """The example for a web app signs a user in, as it stands but for addresses, and keeps the tokens."""
    example = blocks("python")[1].replace("/var/lib/app", str(tmp_path))
    async with Sandbox(tenants=2, automatic_consent=True, apps=[web_app()]) as sandbox:
        address = f"Xero(auth, base_url={sandbox.base_url!r}, identity_url={sandbox.identity_url!r})"
        code = example.replace("Xero(auth)", address).replace("callback)", "await visit(started.url))")
        lines = [f"    {line}" for line in code.splitlines()]
        result = await _run("\n".join([HEAD, *lines, "asyncio.run(main())"]), {})
    assert result.stderr == ""
    assert result.stdout == "['Sandbox Company 1', 'Sandbox Company 2']\n"
    assert (tmp_path / "xero-tokens.json").exists()


async def test_the_example_of_the_network_api_runs(tmp_path: Path) -> None:
    """The example for v1 lists drafts, tells what a 200 held against a record, and reads an archive."""
    archive = tmp_path / "archive.xml"
    archive.write_text("<Invoice><InvoiceType>ACCREC</InvoiceType><InvoiceNumber>OIT00535</InvoiceNumber></Invoice>")
    (example,) = [block for block in blocks("python") if "network_v1" in block]
    lines = [f"        {line}" for line in example.splitlines()]
    head = f"import asyncio\nfrom pathlib import Path\npath = Path({str(archive)!r})\n"
    within = "async def main():\n    async with Sandbox(contacts=1, invoices=1) as sandbox:"
    code = "\n".join([head, "from xero_async import *", "from xero_async.sandbox import Sandbox", within, *lines])
    result = await _run(f"{code}\nasyncio.run(main())", {})
    assert result.stderr == ""
    errors, documents = result.stdout.splitlines()
    assert errors.startswith("[ElementError(position=1")
    assert "OIT00535" in documents


def web_app() -> App:
    """The app of the example."""
    home = "https://app.example/xero/callback"
    return App(client_id="client", client_secret="secret", redirect_uris=(home,))


HEAD = """
import asyncio, aiohttp
from xero_async import *
from xero_async import scopes
client_id, client_secret = "client", "secret"
async def visit(url):
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
        return answer.headers["Location"]
async def main():
"""


async def _run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_every_command_is_documented() -> None:
    """Each command of the command line has its row in the README, and no row is of a command that is not there."""
    commands = set(getattr(get_command(app), "commands", {}))
    assert set(re.findall(r"^\| `xero-async ([\w-]+)", README, re.MULTILINE)) == commands


def test_every_name_in_the_prose_exists() -> None:
    """Classes that the README speaks of can be imported from the package."""
    names = set(re.findall(r"`(?:Xero\(auth, \w+=)?([A-Z][A-Za-z]+)[(`]", README)) - {"CAST", "DELETE", "Decimal"}
    assert names
    assert not [name for name in names if not hasattr(xero_async, name) and not hasattr(telemetry, name)]
