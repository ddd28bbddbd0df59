"""The table of commands. A command's module is imported when it is used: most need no sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from .._version import __version__

__all__ = ["app"]

HELP = """Xero's Accounting API from the command line.

Sign in with `xero-async login`; or give the client's secret, or an access token, in the environment and there alone: \
XERO_CLIENT_SECRET with XERO_CLIENT_ID, or XERO_ACCESS_TOKEN.

Exit codes: 0 done, 1 an error, 2 wrong usage, 3 and 4 some records were not created (see `create`), 75 the \
day's calls are used up (try again later), 130 interrupted, 143 terminated, 141 nobody reads the output.
"""

COMMANDS = {
    "demo": "demo",
    "sandbox": "sandbox",
    "login": "login",
    "logout": "login",
    "tenants": "tenants",
    "disconnect": "tenants",
    "export": "export",
    "worker": "worker",
    "create": "create",
    "migrate-v1": "migrate",
    "limits": "limits",
}
"""The module of each command, which has a function of the command's name, with _ for -."""


# Any: click's own types, which newer typers bring along and older ones take from click.
class _Table(Mapping[str, Any]):
    """The commands, each made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        module = import_module(f".{COMMANDS[name]}", __package__)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(name)(cast("Callable[..., None]", getattr(module, name.replace("-", "_"))))
        return get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Commands(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = cast("Any", _Table())


app = typer.Typer(cls=_Commands, help=HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


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
