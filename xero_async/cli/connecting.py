"""From options and environment to a session and its tenants.

Secrets come from the environment alone; without any, the sign-in that `xero-async login` has kept is used. Each is kept
in a file of its own, by identity server and app, so that no token ever goes to a server that did not give it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

import typer
from aiohttp import ClientTimeout

from ..auth import PKCE, Auth, ClientCredentials, FileStore, StaticToken, TokenSet
from ..models import Connection
from ..pacing import Pacer
from ..session import BASE_URL, IDENTITY_URL, READ_TIMEOUT, Attempt, Xero
from .running import MISUSED, CommandError, printable

__all__ = [
    "BaseUrl",
    "ClientId",
    "IdentityUrl",
    "TenantName",
    "TenantNames",
    "choose",
    "connect",
    "forget",
    "kept_sign_in",
    "names_of",
    "store_of",
]

BaseUrl: TypeAlias = Annotated[
    str, typer.Option(envvar="XERO_BASE_URL", help="The root of the API, or of a sandbox.", metavar="URL")
]
IdentityUrl: TypeAlias = Annotated[
    str, typer.Option(envvar="XERO_IDENTITY_URL", help="The root of the identity server.", metavar="URL")
]
ClientId: TypeAlias = Annotated[
    str, typer.Option(envvar="XERO_CLIENT_ID", help="The app's client id.", metavar="ID", show_default=False)
]
TenantName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        help="The organisation, by name or id. Without it, XERO_TENANT_ID holds one. Needless where there is only one.",
        metavar="NAME|ID",
    ),
]
TenantNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--tenant",
        # Not `envvar`, which would take a name apart at its spaces.
        help="An organisation, by name or id; can be given several times. Without it, XERO_TENANT_ID holds one name or "
        "id. Needless where there is only one.",
        metavar="NAME|ID",
    ),
]

_NOWHERE = "http://localhost"
DEFAULT_BASE_URL, DEFAULT_IDENTITY_URL = BASE_URL, IDENTITY_URL


def connect(
    base_url: str,
    identity_url: str,
    client_id: str,
    on_attempt: Callable[[Attempt], object] | None = None,
    *,
    unitdp: Literal[2, 4] | None = None,
    limits: Pacer | None = None,
    timeout: float | ClientTimeout = READ_TIMEOUT,
) -> Xero:
    """A session that is not open yet. Raises `CommandError` where there is nothing to sign in with."""
    auth = _auth(client_id, identity_url)
    return Xero(
        auth,
        base_url=base_url,
        identity_url=identity_url,
        limits=limits,
        timeout=timeout,
        unitdp=unitdp,
        on_attempt=on_attempt,
    )


def _auth(client_id: str, identity_url: str) -> Auth:
    if token := os.environ.get("XERO_ACCESS_TOKEN"):
        return StaticToken(token)
    secret = os.environ.get("XERO_CLIENT_SECRET", "")
    if client_id and secret:
        return ClientCredentials(client_id, secret)
    if auth := kept_sign_in(client_id, identity_url):
        return auth
    raise CommandError(
        "nothing to sign in with: run `xero-async login`, or set XERO_CLIENT_ID and XERO_CLIENT_SECRET, or "
        "XERO_ACCESS_TOKEN",
        MISUSED,
    )


def kept_sign_in(client_id: str, identity_url: str) -> PKCE | None:
    """The sign-in that is kept for an app, or for the only app there is one for. Raises `CommandError` for several."""
    if not client_id:
        kept = sorted(file.stem for file in _folder(identity_url).glob("*.json"))
        if len(kept) > 1:
            raise CommandError(f"several apps are signed in, choose with --client-id: {', '.join(kept)}", MISUSED)
        client_id = kept[0] if kept else ""
    if not client_id or not _file(client_id, identity_url).exists():
        return None
    # What is asked for at sign-in is of no matter to one that is kept.
    return PKCE(client_id, redirect_uri=_NOWHERE, scopes=(), store=store_of(client_id, identity_url))


def store_of(client_id: str, identity_url: str) -> FileStore:
    """Where the sign-in of an app is kept. Raises `CommandError` for what cannot be a client id."""
    return FileStore(_file(client_id, identity_url))


async def forget(client_id: str, identity_url: str) -> None:
    """Delete the file of a sign-in that has ended, unless somebody has signed in again meanwhile."""
    store = store_of(client_id, identity_url)
    async with store.lock():
        if await store.load() == TokenSet():
            _file(client_id, identity_url).unlink()


def _file(client_id: str, identity_url: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", client_id):
        raise CommandError("a client id is made of letters, digits, - and _: copy it from the app's configuration")
    return _folder(identity_url) / f"{client_id}.json"


def _folder(identity_url: str) -> Path:
    root = os.environ.get("XERO_SIGN_INS") or typer.get_app_dir("xero-async")
    parts = urlsplit(identity_url)
    return Path(root) / re.sub(r"[^A-Za-z0-9.-]", "_", parts.netloc.lower())


async def choose(xero: Xero, wanted: Sequence[str] | None, *, everyone: bool = False) -> list[Connection]:
    """The connections that were asked for, or the only one there is. Raises `CommandError`, and never guesses.

    Where none was asked for, the environment may name one. With `everyone`, it is all connections.
    """
    if not wanted and not everyone and (named := os.environ.get("XERO_TENANT_ID", "").strip()):
        wanted = [named]
    connections = await xero.connections()
    if not connections:
        raise CommandError("the app is connected to no organisation")
    if everyone:
        return connections
    if wanted:
        chosen = {one.tenant_id: one for one in (_find(connections, name) for name in wanted)}
        return list(chosen.values())
    if len(connections) > 1:
        raise CommandError(f"there are several organisations, choose with --tenant: {names_of(connections)}", MISUSED)
    return connections


def _find(connections: Sequence[Connection], wanted: str) -> Connection:
    sought = wanted.strip().casefold()
    by_id = [one for one in connections if (one.tenant_id or "").casefold() == sought]
    found = by_id or [one for one in connections if (one.tenant_name or "").strip().casefold() == sought]
    if not found:
        raise CommandError(f"no organisation is called {wanted!r}; there are: {names_of(connections)}", MISUSED)
    if len(found) > 1:
        raise CommandError(f"several organisations are called {wanted!r}, use the id: {names_of(found)}", MISUSED)
    return found[0]


def names_of(connections: Sequence[Connection]) -> str:
    """Names and ids, for messages."""
    return ", ".join(f"{printable(one.tenant_name or '(no name)')} ({one.tenant_id})" for one in connections)
