"""What an export will take: the sizes of the resources, asked for with a record each, and what comes of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from math import ceil

from msgspec import Struct

from ..bulk.export.sources import Source
from ..pacing import Limits
from ..session import Tenant
from ..wire.errors import MissingScope
from .proof import least_seconds

__all__ = ["Part", "least", "plan"]

LATENCY = 1.0
"""Seconds that Xero takes for a page of 1,000 records, roughly."""


class Part(Struct, frozen=True, kw_only=True):
    """A resource of a tenant."""

    tenant_id: str
    resource: str
    records: int | None
    """None where Xero does not count them."""
    calls: int
    """At least so many, where they are not counted."""
    refusal: str = ""
    """Why Xero does not give it, where that is known."""


async def plan(tenants: Sequence[Tenant], sources: Sequence[Source], *, may_skip: bool = False) -> list[Part]:
    """What a whole draw takes. It costs a call for each list that has pages, and raises errors of the tree.

    With `may_skip`, a list for which the token has no scope takes nothing.
    """
    return list(await asyncio.gather(*(_part(tenant, source, may_skip) for tenant in tenants for source in sources)))


async def _part(tenant: Tenant, source: Source, may_skip: bool) -> Part:
    try:
        return await _asked(tenant, source)
    except MissingScope as error:
        if not may_skip:
            raise
        return Part(tenant_id=tenant.id, resource=source.name, records=None, calls=0, refusal=error.message)


async def _asked(tenant: Tenant, source: Source) -> Part:
    records, calls = None, 1
    if source.way == "pages":
        records = (await source.pages(tenant, size=1, since=source.since, page=1)).item_count
        # The last is for what changes meanwhile.
        calls = max(1, ceil((records or 0) / source.page_size)) + source.is_dated
    return Part(tenant_id=tenant.id, resource=source.name, records=records, calls=calls)


def least(parts: Sequence[Part], limits: Limits) -> float:
    """Seconds that it all takes at least: tenants are drawn side by side."""
    calls = Counter[str]()
    for part in parts:
        calls[part.tenant_id] += part.calls
    return max((least_seconds(count, LATENCY, limits) for count in calls.values()), default=0.0)
