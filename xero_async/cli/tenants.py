"""`xero-async tenants` and `disconnect`: what the app is connected to, and the end of that."""

from __future__ import annotations

from typing import Annotated

import typer

from .connecting import (
    DEFAULT_BASE_URL,
    DEFAULT_IDENTITY_URL,
    BaseUrl,
    ClientId,
    IdentityUrl,
    choose,
    connect,
    names_of,
)
from .running import MISUSED, CommandError, run
from .tables import show

__all__ = ["disconnect", "tenants"]


def tenants(
    base_url: BaseUrl = DEFAULT_BASE_URL, identity_url: IdentityUrl = DEFAULT_IDENTITY_URL, client_id: ClientId = ""
) -> None:
    """List the organisations that the app is connected to: a table, or id, name and type separated by tabs."""
    run(_tenants(base_url, identity_url, client_id))


async def _tenants(base_url: str, identity_url: str, client_id: str) -> None:
    async with connect(base_url, identity_url, client_id) as xero:
        connections = await xero.connections()
    show(("id", "name", "type"), ((one.tenant_id, one.tenant_name or "", one.tenant_type or "") for one in connections))


def disconnect(
    tenant: Annotated[str, typer.Argument(help="The organisation, by name or id.", metavar="NAME|ID")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Remove the app's connection to an organisation. To have it back, a user has to sign in again."""
    run(_disconnect(tenant, yes, base_url, identity_url, client_id))


async def _disconnect(tenant: str, yes: bool, base_url: str, identity_url: str, client_id: str) -> None:
    async with connect(base_url, identity_url, client_id) as xero:
        (connection,) = await choose(xero, [tenant])
        name = names_of([connection])
        if not yes and not typer.confirm(f"Disconnect {name}?", err=True):
            raise CommandError("nothing was done", MISUSED)
        await xero.disconnect(connection.id or "")
    print(f"disconnected {name}")
