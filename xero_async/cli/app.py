"""The table of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from .._version import __version__
from . import create, demo, export, limits, login, sandbox, tenants

__all__ = ["app"]

HELP = """Xero's Accounting API from the command line.

Sign in with `xero-async login`; or give the client's secret, or an access token, in the environment and there alone: \
XERO_CLIENT_SECRET with XERO_CLIENT_ID, or XERO_ACCESS_TOKEN.

Exit codes: 0 done, 1 an error, 2 wrong usage, 3 and 4 some records were not created (see `create`), 75 the \
day's calls are used up (try again later), 130 interrupted, 143 terminated, 141 nobody reads the output.
"""

app = typer.Typer(help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "sandbox": sandbox.sandbox,
    "login": login.login,
    "logout": login.logout,
    "tenants": tenants.tenants,
    "disconnect": tenants.disconnect,
    "export": export.export,
    "create": create.create,
    "limits": limits.limits,
}
for name, command in COMMANDS.items():
    app.command(name)(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"xero-async {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options of the program itself."""


options.__doc__ = None
