"""The API beside the Accounting API: which tenants a token reaches."""

from __future__ import annotations

from ..models import Connection
from ..wire.answers import read_nothing
from .parameters import Plain
from .rows import Resource
from .table import everything, remove

__all__ = ["Connections", "Identity"]


class Connections(Resource, path="/connections", id_name="id"):
    """The tenants that a token reaches; they have paths of their own and need no tenant."""

    root = ""
    needs_tenant = False
    list = everything("getConnections", Connection, Plain)
    delete = remove("deleteConnection", read_nothing, Plain)


class Identity(Resource):
    """What can be asked with a token alone."""

    connections = Connections()
