"""The page on which a user lets an app in, as text and in a real browser."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from aiohttp import web
from chromium import browsing, needs_chromium
from visiting import CALLBACK, VERIFIER, Visitor, returned, visiting

from xero_async.sandbox import App
from xero_async.sandbox.consent import ask_user

NASTY = "<script>alert(1)</script>\"'&"


class Seen(HTMLParser):
    """The tags of a page, with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data

    def boxes(self) -> dict[str | None, bool]:
        """The organisations, and whether each is chosen."""
        return {
            at["value"]: "checked" in at for tag, at in self.tags if tag == "input" and at.get("type") == "checkbox"
        }


async def test_the_page_tells_what_a_user_has_to_know() -> None:
    """It names the app, each scope, each organisation and where the way leads, and says that it is a simulation."""
    async with visiting(tenants=2) as visitor:
        reply = await visitor.open()
        seen = Seen(reply.body)
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
        for words in (
            "A simulation of Xero",
            "Sandbox Web App wants to",
            "accounting.invoices",
            "stay connected while you are away",
            "Sandbox Company 1",
            "Sandbox Company 2",
            CALLBACK,
        ):
            assert words in seen.text
        assert seen.boxes() == dict.fromkeys(visitor.sandbox.tenants, False)


async def test_the_only_organisation_and_those_connected_are_chosen() -> None:
    """Where there is one organisation it is chosen; where there are several, those that the app has already."""
    async with visiting() as visitor:
        assert list(Seen((await visitor.open()).body).boxes().values()) == [True]
    async with visiting(tenants=2) as visitor:
        await visitor.sign_in(visitor.sandbox.tenants[1:])
        assert list(Seen((await visitor.open()).body).boxes().values()) == [False, True]


async def test_the_page_is_guarded() -> None:
    """Nothing but its own style may load, its form goes to the sandbox and the app, and nobody may frame it."""
    async with visiting() as visitor:
        headers = (await visitor.open()).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self' http://localhost:5000;" in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


async def test_whatever_comes_from_outside_is_escaped() -> None:
    """Names and addresses with markup in them are shown as text."""
    app = App(client_id="nasty", client_secret="x", name=NASTY, redirect_uris=("https://shop.example/?a=1&lt=2",))
    async with visiting(apps=[app], app=3) as visitor:
        there = {"redirect_uri": app.redirect_uris[0], "state": NASTY, "nonce": NASTY}
        seen = Seen((await visitor.open(**there)).body)
        assert f"{NASTY} wants to" in seen.text
        assert app.redirect_uris[0] in seen.text
        assert "script" not in [tag for tag, _ in seen.tags]
        wrong = Seen((await visitor.open(client_id=NASTY)).body)
        assert "script" not in [tag for tag, _ in wrong.tags]
    page = ask_user(NASTY, "App", [NASTY], [], CALLBACK, wrong=NASTY)
    assert "script" not in [tag for tag, _ in Seen(page.body).tags]


@pytest.mark.parametrize(
    "changes",
    [{"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": "http://127.0.0.1/"}, {"redirect_uri": None}],
)
async def test_nobody_is_sent_to_an_address_that_is_not_the_apps(changes: dict[str, str | None]) -> None:
    """An unknown app and a foreign address end on a page with 400, which sends the user nowhere."""
    async with visiting() as visitor:
        reply = await visitor.open(**changes)
        assert reply.status == 400
        assert "Location" not in reply.headers
        assert "cannot be connected" in Seen(reply.body).text
        assert "form-action 'none'" in reply.headers["Content-Security-Policy"]


async def test_a_user_can_say_no() -> None:
    """Cancel sends the user back with `access_denied`, and so does a form without a decision."""
    async with visiting() as visitor:
        for decision in ("cancel", ""):
            sent = returned(await visitor.press(await visitor.open(), decision, visitor.sandbox.tenants))
            assert sent == {"error": "access_denied", "state": "a state & more"}


async def test_a_user_has_to_choose() -> None:
    """Allowing nothing shows the page again; a choice on it goes through. Organisations that are none are no choice."""
    async with visiting(tenants=2) as visitor:
        page = await visitor.open()
        for chosen in ([], ["6d1f3a52-0000-4000-8000-000000000000"]):
            page = await visitor.press(page, "allow", chosen)
            assert page.status == 400
            assert "Choose an organisation." in Seen(page.body).text
        assert "code" in returned(await visitor.press(page, "allow", visitor.sandbox.tenants))


async def test_a_page_is_answered_once_and_within_an_hour() -> None:
    """A form sent again, made up, or too late does nothing."""
    async with visiting() as visitor:
        page = await visitor.open()
        await visitor.press(page, "cancel")
        late = await visitor.open()
        visitor.sandbox.advance(3600)
        made_up = page._replace(body=b'name="request" value="x"')
        for each in (page, late, made_up, page._replace(body=b"")):
            reply = await visitor.press(each, "allow", visitor.sandbox.tenants)
            assert (reply.status, b"expired" in reply.body) == (400, True)


async def test_pages_that_nobody_answers_do_not_pile_up() -> None:
    """Of very many pages the oldest is forgotten."""
    async with visiting() as visitor:
        first = await visitor.open()
        for _ in range(999):
            await visitor.open()
        last = await visitor.open()
        assert (await visitor.press(first, "cancel")).status == 400
        assert (await visitor.press(last, "cancel")).status == 302


# -- in a real browser ----------------------------------------------------------------------------------------------


@asynccontextmanager
async def callback() -> AsyncGenerator[tuple[str, list[dict[str, str]]]]:
    """An app's own address on localhost, and what users came back with."""
    came: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        if request.path == "/callback":
            came.append(dict(request.query))
        return web.Response(text="You are back at the app")

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "localhost", 0)
    await site.start()
    try:
        yield f"http://localhost:{runner.addresses[0][1]}/callback", came
    finally:
        await runner.cleanup()


@needs_chromium
async def test_a_user_lets_an_app_in_with_a_browser(tmp_path: Path) -> None:
    """In Chromium the page is styled, and its buttons lead back to the app on localhost: with a code that works."""
    async with visiting(tenants=2, app=2) as visitor, callback() as (address, came), browsing() as page:
        await page.go(visitor.address(redirect_uri=address))
        assert "Sandbox Native App wants to" in await page.text()
        assert await page.evaluate("getComputedStyle(document.querySelector('.banner')).backgroundColor") == (
            "rgb(255, 216, 102)"
        )
        await page.screenshot(tmp_path / "consent.png")
        await page.click("button[value=allow]")
        await page.until("document.querySelector('.wrong') !== null")
        await page.screenshot(tmp_path / "choose.png")
        await page.click("label:nth-of-type(2)")
        await page.click("button[value=allow]")
        await page.until("document.body.innerText === 'You are back at the app'")
        (sent,) = came
        reply = await visitor.exchange(sent["code"], redirect_uri=address, code_verifier=VERIFIER)
        assert reply.status == 200
        assert [each["tenantId"] for each in await visitor.connections()] == visitor.sandbox.tenants[1:]
        assert sent["state"] == "a state & more"
        assert (tmp_path / "consent.png").read_bytes().startswith(b"\x89PNG")


@needs_chromium
async def test_a_user_says_no_with_a_browser() -> None:
    """Cancel leads back to the app as well."""
    async with visiting() as visitor, callback() as (address, came), browsing() as page:
        visitor = Visitor(visitor.sandbox, visitor.http)
        await page.go(visitor.address(redirect_uri=address))
        await page.click("button[value=cancel]")
        await page.until("document.body.innerText === 'You are back at the app'")
        assert came == [{"error": "access_denied", "state": "a state & more"}]
