"""Which apps are connected to which organisations.

A connection belongs to an app and an organisation, and there is one at most: who consents again renews it under the
new authorisation, and it keeps its id.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["Connection", "Connections", "Link", "Organisation"]


class Organisation(NamedTuple):
    """An organisation of the sandbox."""

    tenant_id: str
    name: str


class Connection(Struct, rename="camel", frozen=True):
    """What `GET /connections` tells of one tenant."""

    id: str
    auth_event_id: str
    tenant_id: str
    tenant_name: str
    created_date_utc: str
    updated_date_utc: str
    tenant_type: str = "ORGANISATION"


class Link(Struct, frozen=True):
    """A connection, and whose it is."""

    client_id: str
    connection: Connection

    @property
    def pair(self) -> tuple[str, str]:
        """What there is one of at most: the ids of client and tenant."""
        return self.client_id, self.connection.tenant_id


class Connections:
    """The connections of all apps."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        self._links = {link.pair: link for link in links}

    def __contains__(self, pair: tuple[str, str]) -> bool:
        """Whether an app is connected to a tenant: the ids of both."""
        return pair in self._links

    def links(self) -> list[Link]:
        """All of them, as the constructor takes them."""
        return list(self._links.values())

    def of(self, client_id: str) -> list[Connection]:
        """The connections of an app, the oldest first."""
        return [link.connection for link in self._links.values() if link.client_id == client_id]

    def connect(self, client_id: str, organisation: Organisation, event: str, moment: float, id: str = "") -> None:
        """Connect an app to an organisation, or renew it; a connection without an id gets one."""
        told = _told(moment)
        known = self._links.get((client_id, organisation.tenant_id))
        if known is not None:
            connection = replace(known.connection, auth_event_id=event, updated_date_utc=told)
        else:
            connection = Connection(id or str(uuid.uuid4()), event, *organisation, told, told)
        self._links[client_id, organisation.tenant_id] = Link(client_id, connection)

    def disconnect(self, client_id: str, connection_id: str) -> bool:
        """End one connection of an app. Whether there was one."""
        found = [pair for pair, link in self._links.items() if link.connection.id == connection_id]
        ended = [pair for pair in found if pair[0] == client_id]
        for pair in ended:
            del self._links[pair]
        return bool(ended)

    def disconnect_all(self, client_id: str) -> None:
        """End all connections of an app."""
        self._links = {pair: link for pair, link in self._links.items() if link.client_id != client_id}


def _told(moment: float) -> str:
    """A moment as `/connections` has it: without a zone, with 7 decimals."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S.%f}0"
