"""Xero's own Python client, set up as its readme has it, but for the addresses of its servers.

The package has no types and is not installed where types are checked, so all that comes out of it is Any here.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import Any, NamedTuple

from .process import Process


class Official(NamedTuple):
    """The client, signed in."""

    client: Any
    accounting: Any
    """`AccountingApi`."""
    identity: Any
    """`IdentityApi`."""
    models: Any
    """The module of the records."""
    token: Any
    """`OAuth2Token`."""
    held: dict[str, Any]
    """The token that the program keeps, as "token"."""
    tenant: str

    def call(self, method: str, *arguments: object, **keywords: object) -> Any:
        """Call a method of the Accounting API for the first tenant."""
        return getattr(self.accounting, method)(self.tenant, *arguments, **keywords)


def connect(process: Process, held: dict[str, Any] | None = None) -> Official:
    """A client of a sandbox; without a token that is held, it signs in with its credentials."""
    oauth2, api = import_module("xero_python.api_client.oauth2"), import_module("xero_python.api_client")
    _point(oauth2.TokenApi, process)
    kept = {} if held is None else held

    def save(new: Any) -> None:
        kept["token"] = new

    token = oauth2.OAuth2Token(client_id=process.client_id, client_secret=process.client_secret)
    configuration = import_module("xero_python.api_client.configuration").Configuration()
    configuration.oauth2_token = token  # its constructor heeds that of the first one alone
    client = api.ApiClient(
        configuration,
        pool_threads=1,
        oauth2_token_getter=lambda: kept.get("token"),
        oauth2_token_saver=save,
    )
    accounting = import_module("xero_python.accounting")
    if held is None:
        client.get_client_credentials_token()
    return Official(
        client,
        accounting.AccountingApi(client, base_url=process.api),
        import_module("xero_python.identity").IdentityApi(client, base_url=process.base_url),
        accounting,
        token,
        kept,
        process.tenants[0],
    )


def _point(token_api: Any, process: Process) -> None:
    token_api.client_credentials_token_url = token_api.refresh_token_url = f"{process.identity_url}/connect/token"
    token_api.revoke_token_url = f"{process.identity_url}/connect/revocation"


def required(method: str) -> list[str]:
    """The arguments that a method of the Accounting API cannot do without, beside the tenant."""
    function = getattr(import_module("xero_python.accounting").AccountingApi, method)
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.default is each.empty][2:]


def methods(*beginnings: str) -> list[str]:
    """The methods of the Accounting API whose names begin so, and that call it."""
    members = inspect.getmembers(import_module("xero_python.accounting").AccountingApi, inspect.isfunction)
    return [name for name, _ in members if name.startswith(beginnings) and name not in _NOT_CALLS]


_NOT_CALLS = {"get_resource_url", "get_model_finder"}
