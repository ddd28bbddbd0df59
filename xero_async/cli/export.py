"""`xero-async export`: whole resources into a database or files. What ends it early costs nothing that was drawn."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct
from rich.console import Console

from .. import bulk
from ..bulk.export import folder_names
from ..bulk.export.sources import sources
from ..bulk.queue import ExportTask
from ..outcomes import Attempt
from ..pacing import Limits
from ..session import Tenant, Xero
from ..wire.errors import DailyLimitReached
from ..wire.parameters import MAX_PAGE_SIZE
from .board import Board, clock_face
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
from .plan import least, plan
from .queueing import PutInto, address_of, format_for, put
from .running import LATER, CommandError, printable, run
from .tables import show
from .tally import Tally
from .target import DEFAULT_TARGET, Format, sink_for

__all__ = ["export"]


class _Wish(Struct, frozen=True, kw_only=True):
    """What was asked for."""

    target: Path
    format: Format | None
    tenants: list[str] | None
    all_tenants: bool
    resources: list[str] | None
    where: str | None
    since: datetime | None
    full: bool
    page_size: int

    def tasks(self, names: Mapping[str, str]) -> list[ExportTask]:
        """A task for each organisation, by their names; what cannot be right is told before anything is put."""
        sources(self.resources, page_size=self.page_size, where=self.where, modified_since=self.since)
        return [
            ExportTask(
                tenant_id=tenant_id,
                # A name that is too long to tell two organisations apart is none.
                name=name if len(name) <= LONGEST_NAME else "",
                folder=str(self.target.absolute()),
                format=format_for(self.target, self.format),
                resources=None if self.resources is None else tuple(self.resources),
                where=self.where,
                modified_since=self.since,
                full=self.full,
                page_size=self.page_size,
            )
            for tenant_id, name in names.items()
        ]


def export(
    target: Annotated[
        Path,
        typer.Argument(
            help="A SQLite file, such as books.db, or a folder: FOLDER/<organisation>/<resource>.jsonl",
            metavar="FILE|FOLDER",
        ),
    ] = DEFAULT_TARGET,
    format: Annotated[
        Format | None,
        typer.Option(help="What to write; without it, a name such as books.db is SQLite and a folder JSON Lines."),
    ] = None,
    tenant: TenantNames = None,
    all_tenants: Annotated[
        bool, typer.Option("--all-tenants", help="Every organisation that the app is connected to.")
    ] = False,
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
    full: Annotated[
        bool, typer.Option("--full", help="Draw everything again, so that what is gone at Xero goes here too.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how many calls and minutes a whole draw takes.")
    ] = False,
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="Records of a page.")] = MAX_PAGE_SIZE,
    queue: PutInto = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="With --queue: wait for what comes of the tasks, as the exit code tells.")
    ] = False,
    base_url: BaseUrl = DEFAULT_BASE_URL,
    identity_url: IdentityUrl = DEFAULT_IDENTITY_URL,
    client_id: ClientId = "",
) -> None:
    """Export whole resources to SQLite, JSON Lines, CSV or Parquet, every digit kept.

    Run it again, and it takes what has changed since. Whatever ends it early, the same command goes on where it was.
    When the day's calls are used up, it exits with 75 and tells when to go on.
    """
    wish = _Wish(
        target=target,
        format=format,
        tenants=tenant,
        all_tenants=all_tenants,
        resources=[name.lower().replace("-", "_") for name in resource or ()] or None,
        where=where,
        since=_moment(since),
        full=full,
        page_size=page_size,
    )
    if all_tenants and tenant:
        raise typer.BadParameter("name organisations, or take all of them", param_hint="--all-tenants")
    if wait and not queue:
        raise typer.BadParameter("there is nothing to wait for without --queue", param_hint="--wait")
    if queue and not dry_run:
        run(_queue(wish, queue, wait, base_url, identity_url, client_id), "; what was put stays in the queue")
        return
    work = _plan if dry_run else _export
    run(work(wish, base_url, identity_url, client_id), "" if dry_run else GOES_ON)


LONGEST_NAME = 100
"""Letters of a name that become a folder's."""
GOES_ON = "; what was drawn is kept, and the same command goes on from there"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a moment looks like 2026-01-31T12:00:00Z", param_hint="--since") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _tenants(xero: Xero, wish: _Wish) -> tuple[list[Tenant], dict[str, str]]:
    """The organisations that were asked for, and their names by id."""
    connections = await choose(xero, wish.tenants, everyone=wish.all_tenants)
    names = folder_names({one.tenant_id or "": one.tenant_name or "" for one in connections})
    return [xero.tenant(tenant_id, bulk=True) for tenant_id in names], names


async def _queue(wish: _Wish, queue: str, wait: bool, base_url: str, identity_url: str, client_id: str) -> None:
    wish.tasks({})  # what is typed wrong is told before a call is made
    format_for(wish.target, wish.format)
    address_of(queue)
    async with connect(base_url, identity_url, client_id) as xero:
        _, names = await _tenants(xero, wish)
    await put(queue, wish.tasks(names), wait=wait)


async def _export(wish: _Wish, base_url: str, identity_url: str, client_id: str) -> None:
    sink = sink_for(wish.target, wish.format)
    board, tally = Board(Console(stderr=True)), Tally()

    def attempted(attempt: Attempt) -> None:
        board.attempt(attempt)
        tally.attempt(attempt)

    async with connect(base_url, identity_url, client_id, attempted) as xero:
        tenants, names = await _tenants(xero, wish)
        async with board:
            for tenant in tenants:
                board.follow(names[tenant.id], tenant)
            try:
                summary = await bulk.export(
                    tenants,
                    sink,
                    resources=wish.resources,
                    names=names,
                    page_size=wish.page_size,
                    where=wish.where,
                    modified_since=wish.since,
                    full=wish.full,
                    on_progress=board.exported,
                )
            except DailyLimitReached as error:
                raise CommandError(_tomorrow(error.resets_at), LATER) from error
    show(("records", "file"), ((file.records, file.path) for file in summary.files))
    for each in summary.skipped:
        _note(f"{each.tenant}, {each.resource}: left out, since {each.reason}")
    for file in summary.files:
        if file.restarted:
            _note(f"{file.tenant}, {file.resource}: all was drawn again, since {file.restarted}")
    drawn = sum(file.drawn for file in summary.files)
    _note(f"{summary.records:,} records, {drawn:,} drawn now; {tally.words(summary.seconds, Limits())}")


def _note(words: str) -> None:
    print(printable(words), file=sys.stderr)


def _tomorrow(resets_at: datetime | None) -> str:
    """What to do when the day's calls are used up."""
    if resets_at is not None:
        return f"the day's calls are used up{GOES_ON}: run it after {_utc(resets_at)}"
    at_last = datetime.now(UTC) + timedelta(days=1)
    return f"the day's calls are used up{GOES_ON}: run it after {_utc(at_last)}, or earlier, for Xero has not said when"


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


async def _plan(wish: _Wish, base_url: str, identity_url: str, client_id: str) -> None:
    sink_for(wish.target, wish.format)
    wanted = sources(wish.resources, page_size=wish.page_size, where=wish.where, modified_since=wish.since)
    async with connect(base_url, identity_url, client_id) as xero:
        tenants, names = await _tenants(xero, wish)
        parts = await plan(tenants, wanted, may_skip=wish.resources is None)
    show(
        ("organisation", "resource", "records", "calls"),
        ((names[one.tenant_id], one.resource, "?" if one.records is None else one.records, one.calls) for one in parts),
    )
    for part in parts:
        if part.refusal:
            _note(f"{names[part.tenant_id]}, {part.resource}: will be left out, since {part.refusal}")
    calls = sum(part.calls for part in parts)
    _note(f"a whole draw takes {calls:,} calls and at least {clock_face(least(parts, Limits()))}")
