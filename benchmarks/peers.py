"""Xero's own client and pyxero, set up as their readmes have it, but for the addresses of their servers.

Neither package has types, and neither is installed where types are checked, so all that comes out of them is Any here.
Both get a token before anything is measured.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

import msgspec
from msgspec import Struct

XERO_PYTHON, PYXERO = "xero-python", "pyxero"


class Address(Struct, frozen=True):
    """Where a sandbox is, as its one line of JSON tells it."""

    base_url: str
    identity_url: str
    client_id: str
    client_secret: str
    tenants: list[str]

    @staticmethod
    def of(line: str) -> Address:
        """Read the line."""
        return msgspec.json.decode(line, type=Address)

    def token(self) -> dict[str, Any]:
        """A token of the custom connection, as the identity server gives it."""
        form = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.client_secret}
        with urlopen(f"{self.identity_url}/connect/token", urlencode(form).encode()) as answer:
            token: dict[str, Any] = msgspec.json.decode(answer.read())
        return token

    def told(self, control: str) -> Any:  # Any: JSON of every shape
        """What one of the sandbox's controls tells, such as `counters`."""
        with urlopen(f"{self.base_url}/sandbox/{control}") as answer:
            return msgspec.json.decode(answer.read())


class XeroPython(NamedTuple):
    """Xero's own client, signed in."""

    accounting: Any
    """`AccountingApi`."""
    models: Any
    """The module of the records."""
    tenant: str


def xero_python(address: Address, *, connections: int | None = None) -> XeroPython:
    """Xero's own client; `connections` is the size of its pool, by default its own."""
    accounting, client = import_module("xero_python.accounting"), import_module("xero_python.api_client")
    oauth2 = import_module("xero_python.api_client.oauth2")
    configuration = import_module("xero_python.api_client.configuration").Configuration()
    configuration.oauth2_token = oauth2.OAuth2Token(client_id=address.client_id, client_secret=address.client_secret)
    if connections is not None:
        configuration.connection_pool_maxsize = connections
    token = address.token()
    made = client.ApiClient(
        configuration, oauth2_token_getter=lambda: token, oauth2_token_saver=token.update, pool_threads=1
    )
    api = accounting.AccountingApi(made, base_url=f"{address.base_url}/api.xro/2.0")
    return XeroPython(api, accounting, address.tenants[0])


def pyxero(address: Address) -> Any:
    """pyxero's client of the first tenant."""
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # the sandbox speaks no TLS
    auth: Any = import_module("xero.auth")
    auth.XERO_BASE_URL = address.base_url
    token = address.token()
    held = auth.OAuth2Credentials(address.client_id, address.client_secret, token=token, tenant_id=address.tenants[0])
    return import_module("xero").Xero(held)
