"""`xero-async export`: whole resources into JSON Lines files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import bulk
from ..bulk.export import folder_names
from ..wire.parameters import MAX_PAGE_SIZE
from .board import Board
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

__all__ = ["export"]


def export(
    folder: Annotated[
        Path, typer.Argument(help="Where the files go: FOLDER/<organisation>/<resource>.jsonl", metavar="FOLDER")
    ],
    tenant: TenantNames = None,
    resource: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What to export, once for each; all when none is named: {', '.join(bulk.listable())}", metavar="NAME"
        ),
    ] = None,
    where: Annotated[str | None, typer.Option(help="Xero's filter, for the resources named.", metavar="FILTER")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only what has changed since; in UTC where it has no offset.", metavar="ISO8601")
    ] = None,
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="Records of a page.")] = MAX_PAGE_SIZE,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Export whole resources to JSON Lines, one record a line, every digit kept.

    Each file appears under its name when it is whole, and never before.
    """
    names = [name.lower().replace("-", "_") for name in resource or ()] or None
    run(_export(folder, tenant, names, where, _moment(since), page_size, base_url, identity_url, client_id))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a moment looks like 2026-01-31T12:00:00Z", param_hint="--since") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _export(
    folder: Path,
    wanted: list[str] | None,
    resources: list[str] | None,
    where: str | None,
    since: datetime | None,
    page_size: int,
    base_url: str,
    identity_url: str,
    client_id: str,
) -> None:
    board = Board(Console(stderr=True))
    async with connect(base_url, identity_url, client_id, board.attempt) as xero:
        connections = await choose(xero, wanted)
        names = folder_names({one.tenant_id or "": one.tenant_name or "" for one in connections})
        tenants = [xero.tenant(tenant_id, bulk=True) for tenant_id in names]
        async with board:
            for tenant in tenants:
                board.follow(names[tenant.id], tenant)
            summary = await bulk.export(
                tenants,
                folder,
                resources=resources,
                names=names,
                page_size=page_size,
                where=where,
                modified_since=since,
                on_progress=board.exported,
            )
    show(("records", "file"), ((file.records, file.path) for file in summary.files))
