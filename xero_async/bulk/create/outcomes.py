"""What became of a record, and how far a creation has come."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct

from ...models import Model, ValidationError
from ...wire import Request

__all__ = ["CreateProgress", "Created", "Failed", "Outcome", "Unknown", "created", "id_of"]

M = TypeVar("M", bound=Model)

NUMBERS = ("invoice_number", "credit_note_number", "purchase_order_number", "quote_number", "contact_number", "code")
"""Fields by which an organisation numbers its records."""


class Created(Struct, Generic[M], frozen=True):
    """Xero saved the record."""

    record: M
    """As Xero has it now, with its id."""
    warnings: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """Xero's id of the record, such as its `invoice_id`."""
        return id_of(self.record)

    @property
    def number(self) -> str | None:
        """The number of the record, such as its `invoice_number`; None for those that have none."""
        return next((number for name in NUMBERS if (number := getattr(self.record, name, None))), None)


class Failed(Struct, frozen=True):
    """Xero did not save the record."""

    errors: tuple[str, ...]
    """Why, in Xero's own sentences where it said so."""


class Unknown(Struct, frozen=True):
    """Xero may or may not have saved the record: read back before you send it again.

    A key is good for identical bytes only. To send it again under its key therefore means `request`, whole and as it
    is: the same method, target, headers and body. The record written anew, alone or among others, is another request.
    """

    key: str | None
    """The idempotency key of the call; None where it is not known."""
    since: datetime
    """When the call was first sent, in UTC. Until the key is 6 minutes old, sending `request` again is safe."""
    request: Request[Any] | None = None
    """The call, with the key and all records of the chunk; None where it is not known: its answer could not be read,
    or nobody waited for it. Its repr shows none of them."""


Outcome: TypeAlias = Created[M] | Failed | Unknown


class CreateProgress(Struct, frozen=True, kw_only=True):
    """How far a creation has come: what the hook `on_progress` is called with, after each chunk."""

    created: int
    failed: int
    unknown: int
    chunks: int
    """Chunks whose outcome is known."""
    resumed: int = 0
    """Records of these whose outcome the journal knew from an earlier run."""

    @property
    def records(self) -> int:
        """Records whose outcome is known."""
        return self.created + self.failed + self.unknown


def created(record: M) -> Created[M]:
    """The outcome of a record that Xero has, with the warnings that it gave it."""
    warnings: list[ValidationError] | None = getattr(record, "warnings", None)
    return Created(record, tuple(warning.message for warning in warnings or () if warning.message))


def id_of(record: Model) -> str | None:
    """Xero's id of a record; None where it has none."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(record).__name__).lower()
    found: str | None = getattr(record, f"{name}_id", None)
    return found
