"""What a check of records needs and gives: the rows of the rules, what is known of the organisation, and findings.

A rule is a row of data: what it is called, which field it is about, what must hold, what to tell, and the function that
looks. The numbers are those of the business rules of the Xero Network API v1 ("invoice 1" to "invoice 10", "contact 1"
to "contact 5"), which hold for invoices and contacts to this day; rules that have none go by a name.

An error is what Xero is sure to refuse, so that sending it would be in vain. A warning is what Xero takes and hardly
anybody means, or what it may refuse for reasons that only the organisation knows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from ..models import Model

__all__ = ["Finding", "Ground", "Rule", "Severity", "Sums", "Unique"]

Severity: TypeAlias = Literal["error", "warning"]


class Finding(Struct, frozen=True):
    """Something in a record that Xero will not take as it stands."""

    row: int
    """Position of the record in the input, from 0."""
    field: str
    """Xero's path of the field within the record, such as `LineItems[2].TaxType`."""
    rule: str
    """The rule that is broken: `invoice 4`, `contact 2`, or a name such as `length`."""
    message: str
    """What is wrong, and what to do."""
    severity: Severity = "error"
    """`error` where Xero is sure to refuse the record."""

    def __str__(self) -> str:
        return f"row {self.row}, {self.field}: {self.message} ({self.rule})"


class Sums(NamedTuple):
    """What the lines of a document come to."""

    amounts: Sequence[Decimal]
    """The amount of each line; none where those of all cannot be told."""
    tax: Decimal | None
    """The sum of the taxes, where it can be told."""
    most: Decimal
    """The total, or where the tax cannot be told a total that it is sure not to exceed, if there is one below zero."""
    least: Decimal
    """The total, or where the tax cannot be told what it may come down to."""


class Ground(Struct, kw_only=True):
    """What is known of the organisation that the records are meant for, and the record that is being looked at."""

    region: str = ""
    """A key of `TAX_TYPES`; empty where it is not known."""
    places: int = 2
    """Decimals of unit amounts: 2, or 4 with `unitdp=4`."""
    tax_types: frozenset[str] | None = None
    """All tax types of the organisation; None where they are not known."""
    documented: frozenset[str] = frozenset()
    """The tax types that Xero sets up in the region, or anywhere."""
    accounts: frozenset[str] | None = None
    """Codes of all accounts that lines may stand on; None where they are not known."""
    account_ids: frozenset[str] = frozenset()
    """Their ids, in the form of `plain_guid`; none where they are not known."""
    currencies: frozenset[str] | None = None
    """The currencies that the organisation has switched on; None where they are not known."""
    tracking: Mapping[str, frozenset[str]] | None = None
    """The options of each tracking category, all in lower case; None where they are not known."""
    network: bool = False
    """Whether the records come from the Xero Network API v1, which takes less and forgives more."""
    document: Model | None = None
    """The record of which the lines are being looked at."""
    summed: Model | None = None
    """The document that `sums` is about."""
    sums: Sums | None = None
    """What the lines of a document come to, once a rule has asked for it."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule, as a row."""

    name: str
    field: str
    """Xero's name of the field, relative to the record or the line that the rule is about."""
    condition: str
    """What must hold."""
    message: str
    """What to tell when it does not; `{}` stands for what the test found."""
    # Any: each row tests records of its own type, and tables hold rows of all types.
    test: Callable[[Any, Ground], str | bool]
    """Looks at a record: true, or what it found, where the rule is broken."""
    severity: Severity = "error"
    number: str = ""
    """Its number for invoices and contacts, such as `invoice 4`."""
    unassigned: bool = False
    """Whether the Network API v1 leaves the field empty where today's API refuses the record."""
    network_refuses: bool = False
    """Whether the Network API v1 refuses the record where today's API puts it right."""

    def told(self, detail: str | bool) -> str:
        """The message, with what the test found."""
        return self.message.format(detail)


class Unique(Struct, frozen=True, kw_only=True):
    """A rule that no two records of a batch may break together."""

    name: str
    field: str
    condition: str
    message: str
    """What to tell; `{}` stands for the row that has the same already."""
    # Any: as in `Rule`
    key: Callable[[Any], Hashable]
    """What must not come twice; None where a record has nothing of the kind."""
    severity: Severity = "error"
    number: str = ""
    keeps: Callable[[Any], bool] = bool
    """Whether a record keeps its key from others; a dead one does not. A record is always true."""
