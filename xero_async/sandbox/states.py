"""What an organisation holds, written out for comparison: all documents, and what hangs on them, in a fixed order.

    {"Name": "...", "Invoices": [{...}, ...], ..., "History": {id: [...]}, "Attachments": {id: [...]},
     "Members": {id of a group: [id, ...]}}

Documents are as the API shows them, with four decimals in unit amounts, ordered by id. Ids of clients' documents and
moments of change differ from run to run: a comparison leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterable

from xero_async.wire.errors import InvalidArgument

from .catalogue import ALL_RESOURCES
from .query import Condition
from .resources import Resource
from .store import Selection, Store
from .values import dump_json

__all__ = ["state_of"]

ALL = Condition("1")


def state_of(store: Store, tenant: int, name: str, resource: str | None, page: int, size: int) -> bytes:
    """An organisation's state as JSON: everything, or one resource alone; `size` -1 is all of its documents.

    Raises `InvalidArgument` for a resource that there is not.
    """
    parts = [b'"Name":' + dump_json(name)]
    for each in _chosen(resource):
        selection = Selection(ALL, "id", size, max(0, page - 1) * max(0, size))
        documents = b",".join(store.read(each, tenant, selection, "fine"))
        parts.append(dump_json(each.name) + b":[" + documents + b"]")
    if resource is None:
        parts += _hanging(store, tenant)
    return b"{" + b",".join(parts) + b"}"


def _chosen(resource: str | None) -> Iterable[Resource]:
    if resource is None:
        return ALL_RESOURCES
    found = [each for each in ALL_RESOURCES if each.name.lower() == resource.lower()]
    if not found:
        known = ", ".join(each.name for each in ALL_RESOURCES)
        raise InvalidArgument(f"there is no resource {resource!r}; there are {known}")
    return found


def _hanging(store: Store, tenant: int) -> Iterable[bytes]:
    owners = store.everything.owners
    history = {
        owner: [
            {"At": note.at, "Changes": note.changes, "User": note.user, "Details": note.details}
            for note in store.notes(tenant, owner)
        ]
        for owner in owners("history", tenant)
    }
    attachments = {
        owner: [
            {
                "AttachmentID": file.id,
                "FileName": file.name,
                "MimeType": file.mime,
                "ContentLength": file.size,
                "IncludeOnline": file.online,
            }
            for file in store.attachments(tenant, owner)
        ]
        for owner in owners("attachments", tenant)
    }
    members = {group: store.members_of(tenant, group) for group in owners("members", tenant)}
    yield b'"History":' + dump_json(history)
    yield b'"Attachments":' + dump_json(attachments)
    yield b'"Members":' + dump_json(members)
