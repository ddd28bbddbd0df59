"""The page on this machine to which the browser comes back after a sign-in.

It listens on loopback alone, under `localhost`, which may be either of two addresses; it lives until the right answer
has come. An answer with another state is somebody else's: it is refused, and waiting goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from html import escape

from aiohttp import web

from ..wire.errors import InvalidArgument, XeroError
from .running import CommandError

__all__ = ["CALLBACK_PATH", "Finish", "waiting"]

CALLBACK_PATH = "/callback"
GRACE = 1.0
"""Seconds that the last page has to reach the browser."""

Finish = Callable[[Mapping[str, str]], Awaitable[None]]
"""Ends a sign-in, given the query that the browser brought. Raises an error of the tree."""

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 20vh auto; padding: 0 1rem; color: #1c2b36 }}
h1 {{ font-size: 1.5rem }}
</style></head><body><h1>{title}</h1><p>{text}</p></body></html>
"""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
}


@asynccontextmanager
async def waiting(port: int, finish: Finish) -> AsyncGenerator[tuple[int, Awaitable[None]]]:
    """Listen on a port of localhost, or on any with 0: gives the port, and what to await for the end of the sign-in.

    Raises `CommandError` where the port is taken; the wait raises what ended the sign-in.
    """
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def answer(request: web.Request) -> web.Response:
        if over.done():
            return _page(409, "This sign-in is over", "You can close this page.")
        try:
            await finish(request.query)
        except InvalidArgument as error:
            return _page(400, "This is not the answer to your sign-in", str(error))
        except XeroError as error:
            over.set_exception(error)
            return _page(400, "You are not signed in", str(error))
        over.set_result(None)
        return _page(200, "You are signed in", "You can close this page and go back to your terminal.")

    app = web.Application()
    app.router.add_get(CALLBACK_PATH, answer)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=GRACE)
    await runner.setup()
    sockets = _sockets(port)
    try:
        for each in sockets:
            await web.SockSite(runner, each).start()
        yield sockets[0].getsockname()[1], over
    finally:
        if over.done() and not over.cancelled():
            over.exception()
        await runner.cleanup()


def _sockets(port: int) -> list[socket.socket]:
    """A listening socket for each address that localhost may be; IPv6 is done without where there is none."""
    try:
        four = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise CommandError(
            f"cannot listen on http://localhost:{port} ({error.strerror}): free the port, or choose another with "
            "--port that is among the app's redirect URIs"
        ) from error
    try:
        return [four, socket.create_server(("::1", four.getsockname()[1]), family=socket.AF_INET6)]
    except OSError:
        return [four]


def _page(status: int, title: str, text: str) -> web.Response:
    body = PAGE.format(title=escape(title), text=escape(text))
    return web.Response(status=status, text=body, content_type="text/html", headers=HEADERS)
