"""`xero-async limits`: what remains of Xero's limits."""

from __future__ import annotations

from .connecting import (
    DEFAULT_BASE_URL,
    DEFAULT_IDENTITY_URL,
    BaseUrl,
    ClientId,
    IdentityUrl,
    TenantNames,
    choose,
    connect,
)
from .running import run
from .tables import show

__all__ = ["limits"]


def limits(
    tenant: TenantNames = None,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Make one small call and show how many are left of the minute, the day, and the app's minute."""
    run(_limits(tenant, base_url, identity_url, client_id))


async def _limits(wanted: list[str] | None, base_url: str, identity_url: str, client_id: str) -> None:
    rows: list[tuple[object, ...]] = []
    async with connect(base_url, identity_url, client_id) as xero:
        for connection in await choose(xero, wanted):
            tenant = xero.tenant(connection.tenant_id or "")
            await tenant.invoices.list(page_size=1, summary_only=True)
            left = tenant.limits
            rows.append((connection.tenant_name or tenant.id, left.minute, left.day, left.app_minute))
    show(("organisation", "minute", "day", "app's minute"), rows)
