"""A user's browser and an app in one: what goes to and fro when an app is let in, over real sockets."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
import msgspec
from sandbox_client import STILL, Reply

from xero_async.sandbox import App, Sandbox
from xero_async.sandbox.grants import challenge_of

__all__ = ["CALLBACK", "SCOPES", "VERIFIER", "Visitor", "claims_of", "returned", "visiting"]

CALLBACK = "http://localhost:5000/callback"
VERIFIER = "a-verifier_of.43~letters" * 2
SCOPES = "openid profile email offline_access accounting.invoices"


class Visitor:
    """Goes to one sandbox for one app, the web app unless told otherwise."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession, app: App | None = None) -> None:
        self.sandbox = sandbox
        self.http = http
        self.app = app or sandbox.apps[1]
        self.tokens: dict[str, Any] = {}

    @property
    def token(self) -> str:
        """The access token."""
        return str(self.tokens["access_token"])

    def address(self, **changes: str | None) -> str:
        """Where the app sends its user; `changes` sets parameters, or with None leaves them out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": CALLBACK,
            "scope": SCOPES,
            "state": "a state & more",
        }
        if self.app.client_secret is None:
            asked |= {"code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256"}
        query = urlencode({name: value for name, value in (asked | changes).items() if value is not None})
        return f"{self.sandbox.identity_url}/identity/connect/authorize?{query}"

    async def open(self, **changes: str | None) -> Reply:
        """Go where the app sends its user, and no further."""
        async with self.http.get(self.address(**changes), allow_redirects=False) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def press(self, page: Reply, decision: str, tenants: Iterable[str] = ()) -> Reply:
        """Send the form of a page."""
        request = re.search(rb'name="request" value="([^"]+)"', page.body)
        form = [("request", request[1].decode() if request else ""), ("decision", decision)]
        form += [("tenant", tenant) for tenant in tenants]
        url = f"{self.sandbox.identity_url}/identity/connect/authorize"
        async with self.http.post(url, data=form, allow_redirects=False) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def post(self, path: str, form: Mapping[str, str], *, basic: bool = True) -> Reply:
        """Send a form with the app's credentials, in HTTP Basic if it has a secret and in the form if not."""
        headers: dict[str, str] = {}
        sent = dict(form)
        if self.app.client_secret is not None and basic:
            headers["Authorization"] = aiohttp.encode_basic_auth(self.app.client_id, self.app.client_secret)
        else:
            sent |= {"client_id": self.app.client_id}
            sent |= {"client_secret": self.app.client_secret} if self.app.client_secret else {}
        async with self.http.post(self.sandbox.identity_url + path, data=sent, headers=headers) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def exchange(self, code: str, **changes: str) -> Reply:
        """Exchange a code; `changes` sets fields."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        if self.app.client_secret is None:
            form["code_verifier"] = VERIFIER
        return self._taken(await self.post("/connect/token", form | changes))

    async def refresh(self, token: str | None = None, **changes: str) -> Reply:
        """Use a refresh token, the latest unless told otherwise."""
        form = {"grant_type": "refresh_token", "refresh_token": token or self.tokens["refresh_token"]}
        return self._taken(await self.post("/connect/token", form | changes))

    async def code(self, tenants: Iterable[str] | None = None, **changes: str | None) -> str:
        """A code for some tenants, all unless told otherwise."""
        page = await self.open(**changes)
        reply = await self.press(page, "allow", self.sandbox.tenants if tenants is None else tenants)
        return returned(reply)["code"]

    async def sign_in(self, tenants: Iterable[str] | None = None, **changes: str | None) -> dict[str, Any]:
        """The tokens of a whole sign-in."""
        await self.exchange(await self.code(tenants, **changes))
        return self.tokens

    async def call(self, method: str, path: str, tenant: str = "") -> Reply:
        """Call the API with the access token."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", "Xero-Tenant-Id": tenant}
        async with self.http.request(method, self.sandbox.base_url + path, headers=headers) as answer:
            return Reply(answer.status, answer.headers, await answer.read())

    async def invoices(self, tenant: str) -> int:
        """The status of a list of a tenant's invoices."""
        return (await self.call("GET", "/api.xro/2.0/Invoices", tenant)).status

    async def connections(self, query: str = "") -> list[dict[str, str]]:
        """The connections that the access token sees."""
        connections: list[dict[str, str]] = (await self.call("GET", f"/connections{query}")).json()
        return connections

    def _taken(self, reply: Reply) -> Reply:
        if reply.status == 200:
            self.tokens = reply.json()
        return reply


def returned(reply: Reply) -> dict[str, str]:
    """What a user is sent back with."""
    assert reply.status == 302
    assert reply.headers["Location"].startswith(CALLBACK)
    return dict(parse_qsl(urlsplit(reply.headers["Location"]).query))


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a signed token, unchecked."""
    body = token.split(".")[1]
    claims: dict[str, Any] = msgspec.json.decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


@asynccontextmanager
async def visiting(
    *, tenants: int = 1, apps: Iterable[App] = (), automatic_consent: bool = False, app: int = 1
) -> AsyncGenerator[Visitor]:
    """A sandbox without limits whose clock stands, and a visitor for one of its apps."""
    sandbox = Sandbox(tenants=tenants, limits=None, apps=apps, automatic_consent=automatic_consent, clock=lambda: STILL)
    async with sandbox, aiohttp.ClientSession() as http:
        yield Visitor(sandbox, http, sandbox.apps[app])
