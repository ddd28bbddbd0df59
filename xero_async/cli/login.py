"""`xero-async login` and `logout`: a user's own sign-in, kept in a file for the other commands."""

from __future__ import annotations

import asyncio
import sys
import threading
import webbrowser
from collections.abc import Mapping
from typing import Annotated, cast, get_args

import typer

from .. import scopes as least
from ..auth import PKCE
from ..session import Xero
from .callback import CALLBACK_PATH, waiting
from .connecting import (
    DEFAULT_BASE_URL,
    DEFAULT_IDENTITY_URL,
    BaseUrl,
    ClientId,
    IdentityUrl,
    forget,
    kept_sign_in,
    names_of,
    store_of,
)
from .running import MISUSED, CommandError, run

__all__ = ["login", "logout"]

PORT = 8739
PATIENCE = 600.0
"""Seconds that a user has to sign in."""


def login(
    client_id: ClientId = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="http://localhost:PORT/callback is among the app's redirect URIs.")
    ] = PORT,
    purpose: Annotated[
        str, typer.Option("--for", help=f"What to ask for: {', '.join(get_args(least.Purpose))}.", metavar="PURPOSE")
    ] = "everything",
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope to ask for in place of those; can be given several times.")
    ] = None,
    broad: Annotated[bool, typer.Option("--broad", help="The scopes of an app made before March 2026.")] = False,
    browser: Annotated[bool, typer.Option(help="Open the browser, or only show the address.")] = True,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
) -> None:
    """Sign in at Xero in the browser (PKCE), and keep the sign-in for the other commands.

    The app is of the kind "Mobile or desktop app", which has a client id and no secret.
    """
    if not client_id:
        raise typer.BadParameter("give the client id of the app, or set XERO_CLIENT_ID", param_hint="--client-id")
    if purpose not in get_args(least.Purpose):
        raise typer.BadParameter(f"one of {', '.join(get_args(least.Purpose))}", param_hint="--for")
    asked = tuple(scope or least.for_purpose(cast("least.Purpose", purpose), broad=broad))
    run(_login(client_id, port, asked, browser, base_url, identity_url))


def logout(
    client_id: ClientId = "", base_url: BaseUrl = DEFAULT_BASE_URL, identity_url: IdentityUrl = DEFAULT_IDENTITY_URL
) -> None:
    """End the sign-in: Xero revokes it, which disconnects its organisations, and its file is deleted."""
    run(_logout(client_id, base_url, identity_url))


async def _login(
    client_id: str, port: int, scopes: tuple[str, ...], browser: bool, base_url: str, identity_url: str
) -> None:
    async def finish(query: Mapping[str, str]) -> None:
        await xero.finish_sign_in(started, query)

    async with waiting(port, finish) as (bound, over):
        auth = PKCE(
            client_id,
            redirect_uri=f"http://localhost:{bound}{CALLBACK_PATH}",
            scopes=scopes,
            store=store_of(client_id, identity_url),
        )
        async with Xero(auth, base_url=base_url, identity_url=identity_url) as xero:
            started = xero.start_sign_in()
            print(f"Sign in at:\n{started.url}", file=sys.stderr, flush=True)
            if browser:
                # Not to be waited for: of some browsers Python hears nothing until they are closed.
                threading.Thread(target=webbrowser.open, args=(started.url,), daemon=True).start()
            try:
                async with asyncio.timeout(PATIENCE):
                    await over
            except TimeoutError:
                raise CommandError(f"nobody has signed in within {PATIENCE / 60:g} minutes: start again") from None
            connections = await xero.connections()
    print(f"signed in, with {names_of(connections) or 'no organisation'}")


async def _logout(client_id: str, base_url: str, identity_url: str) -> None:
    auth = kept_sign_in(client_id, identity_url)
    if auth is None:
        raise CommandError("nobody is signed in: there is nothing to end", MISUSED)
    async with Xero(auth, base_url=base_url, identity_url=identity_url) as xero:
        await xero.sign_out()
    await forget(auth.client_id, identity_url)
    print("signed out")
