"""`xero-async sandbox`: a simulation of Xero as a process of its own, for programs in any language."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import sqlite3
import sys
import threading
from contextlib import suppress
from enum import StrEnum
from types import FrameType
from typing import Annotated

import msgspec
import typer

from ..sandbox import FaultPlan, Sandbox, SandboxLimits
from ..sandbox.requestlog import LOG_SIZE
from ..sandbox.whole import HIGH_VOLUME
from ..wire.errors import InvalidArgument
from .running import CommandError, run

__all__ = ["sandbox"]

BANNER = "A simulation of Xero with invented data, connected to nothing. Ctrl-C ends it."

EXPOSED = "Warning: it listens on {}. Whoever can reach that can read and steer it: keep it to a private network."


class Enforced(StrEnum):
    """Whether limits are kept."""

    xero = "xero"
    off = "off"


class Style(StrEnum):
    """How a minute is counted."""

    fixed = "fixed"
    rolling = "rolling"


def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes any.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same data, ids and secrets.")] = 0,
    contacts: Annotated[int, typer.Option(min=0, help="Contacts of each organisation.")] = 0,
    invoices: Annotated[int, typer.Option(min=0, help="Invoices of each organisation.")] = 0,
    tenants: Annotated[int, typer.Option(min=1, help="Organisations.")] = 1,
    limits: Annotated[Enforced, typer.Option(help="Keep Xero's limits on calls, or none.")] = Enforced.xero,
    style: Annotated[Style, typer.Option(help="How minutes are counted.")] = Style.fixed,
    window: Annotated[float, typer.Option(help="Seconds that a minute has.")] = 60.0,
    latency: Annotated[float, typer.Option(min=0, help="Seconds that a call takes at least.")] = 0.0,
    faults: Annotated[
        str, typer.Option(help="What goes wrong, and when: drop_after:every=7,502:p=0.05", show_default=False)
    ] = "",
    store: Annotated[str, typer.Option(help="A SQLite file that keeps the data.", metavar="FILE")] = ":memory:",
    reset: Annotated[bool, typer.Option("--reset", help="Begin anew, whatever the file holds.")] = False,
    auto_consent: Annotated[
        bool, typer.Option("--auto-consent", help="Users let every app in at once, with no page between.")
    ] = False,
    high_volume: Annotated[
        int, typer.Option(min=0, help="Records above which an unpaged list is a HighVolumeException.")
    ] = HIGH_VOLUME,
    log_size: Annotated[int, typer.Option(min=0, help="Requests that the log keeps.")] = LOG_SIZE,
    attached: Annotated[
        bool, typer.Option("--attached", help="Stop when standard input ends, so as not to outlive a parent.")
    ] = False,
) -> None:
    """Serve a simulation of Xero, until Ctrl-C or SIGTERM.

    When it is ready, one line of JSON on standard output tells base_url, identity_url, client_id, client_secret and
    tenants. GET /sandbox/ on it lists the controls: counters, faults, the clock, a log and more.
    """
    try:
        kept = None if limits is Enforced.off else SandboxLimits(style=style.value, window=window)
        simulation = Sandbox(
            host=host,
            port=port,
            seed=seed,
            contacts=contacts,
            invoices=invoices,
            tenants=tenants,
            limits=kept,
            faults=FaultPlan.parse(faults, seed=seed),
            latency=latency,
            store=store,
            automatic_consent=auto_consent,
            high_volume=high_volume,
            log_size=log_size,
        )
    except InvalidArgument as error:
        raise typer.BadParameter(str(error)) from error
    run(_serve(simulation, attached=attached, reset=reset))


async def _serve(simulation: Sandbox, *, attached: bool, reset: bool) -> None:
    stop = asyncio.Event()
    _on_signals(stop)
    if attached:
        _on_end_of_input(stop)
    print(BANNER, file=sys.stderr, flush=True)
    if not _is_loopback(simulation.host):
        print(EXPOSED.format(simulation.host), file=sys.stderr, flush=True)
    try:
        async with simulation:
            if reset:
                simulation.reset()
            print(msgspec.json.encode(simulation.announcement()).decode(), flush=True)
            await stop.wait()
    except sqlite3.Error as error:
        raise CommandError(f"the file of the store cannot be used: {error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, on_signal)


def _on_end_of_input(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def wait() -> None:
        # Not through sys.stdin, whose lock a thread must not hold while the interpreter ends.
        while os.read(0, 4096):
            pass
        with suppress(RuntimeError):  # the loop has ended before the input has
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()
