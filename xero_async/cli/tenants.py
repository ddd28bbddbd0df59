"""`xero-async tenants`: what the app is connected to."""

from __future__ import annotations

from .connecting import DEFAULT_BASE_URL, DEFAULT_IDENTITY_URL, BaseUrl, ClientId, IdentityUrl, connect
from .running import run
from .tables import show

__all__ = ["tenants"]


def tenants(
    base_url: BaseUrl = DEFAULT_BASE_URL, identity_url: IdentityUrl = DEFAULT_IDENTITY_URL, client_id: ClientId = ""
) -> None:
    """List the organisations that the app is connected to: a table, or id, name and type separated by tabs."""
    run(_tenants(base_url, identity_url, client_id))


async def _tenants(base_url: str, identity_url: str, client_id: str) -> None:
    async with connect(base_url, identity_url, client_id) as xero:
        connections = await xero.connections()
    show(("id", "name", "type"), ((one.tenant_id, one.tenant_name or "", one.tenant_type or "") for one in connections))
