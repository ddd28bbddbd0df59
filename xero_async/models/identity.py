"""What the identity service tells of a token."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ._base import DateTime, Model

__all__ = ["Connection", "TenantType"]

TenantType: TypeAlias = Literal["ORGANISATION", "PRACTICEMANAGER", "PRACTICE"] | str


class Connection(Model, kw_only=True, rename="camel"):
    """A tenant that has let the app in."""

    id: str | None = None
    """Of the connection, not of the tenant: what `disconnect` takes."""
    auth_event_id: str | None = None
    tenant_id: str | None = None
    """What `Xero.tenant` takes."""
    tenant_type: TenantType | None = None
    tenant_name: str | None = None
    created_date_utc: DateTime | None = None
    updated_date_utc: DateTime | None = None
