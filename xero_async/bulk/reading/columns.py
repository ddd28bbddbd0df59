"""What the title of a column means: a path in Xero's names, or a title of Xero's import templates.

The templates are at https://central.xero.com/s/article/Import-customer-invoices and .../Import-bills: their dates are
written in the manner of the organisation's country, and their tax rates and branding themes by name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from ...models import Model
from .located import did_you_mean, refuse
from .shapes import Kind, fields_of

__all__ = ["TYPES", "Column", "Named", "Step", "columns_of"]

Named: TypeAlias = Literal["tax_types", "branding_themes"]


class Step(NamedTuple):
    """One step of a path."""

    name: str
    element: str | None = None
    """Which element of a list: its place, its type (`POBOX`), or `*` for the row's own."""


class Column(Struct, frozen=True):
    """What a column means."""

    title: str
    steps: tuple[Step, ...]
    kind: Kind
    names: Named | None = None
    """What its texts may name in place of a code or an id."""

    @property
    def is_of_line(self) -> bool:
        """Whether it says something of the row's line rather than of the whole document."""
        return self.steps[0].element == "*"


def _address(prefix: str, kind: str) -> dict[str, str]:
    """The columns of an address in the templates."""
    parts = {"AttentionTo": "AttentionTo", "City": "City", "Region": "Region"}
    parts |= {"PostalCode": "PostalCode", "Country": "Country"}
    parts |= {f"AddressLine{number}": f"AddressLine{number}" for number in range(1, 5)}
    return {f"{prefix}{part}": f"Addresses[{kind}].{field}" for part, field in parts.items()}


_OF_CONTACT = {
    "ContactName": "Name",
    **_address("PO", "POBOX"),
    **_address("SA", "STREET"),
    "PhoneNumber": "Phones[DEFAULT].PhoneNumber",
    "MobileNumber": "Phones[MOBILE].PhoneNumber",
    "FaxNumber": "Phones[FAX].PhoneNumber",
    "DDINumber": "Phones[DDI].PhoneNumber",
    "DDIPhoneNumber": "Phones[DDI].PhoneNumber",
    "BankAccountNumber": "BankAccountDetails",
    "AccountsReceivableTaxCodeName": "AccountsReceivableTaxType",
    "AccountsPayableTaxCodeName": "AccountsPayableTaxType",
    "BrandingTheme": "BrandingTheme.BrandingThemeID",
    "EmailAddress": "EmailAddress",
}
_OF_DOCUMENT = {
    **{title: f"Contact.{path}" for title, path in _OF_CONTACT.items()},
    "ContactID": "Contact.ContactID",
    "ContactNumber": "Contact.ContactNumber",
    **dict.fromkeys(("InvoiceDate", "CreditNoteDate", "OrderDate", "QuoteDate"), "Date"),
    "PlannedDate": "PlannedPaymentDate",
    "TaxTotal": "TotalTax",
    "Currency": "CurrencyCode",
    "BrandingTheme": "BrandingThemeID",
    "InventoryItemCode": "LineItems.ItemCode",
    "Discount": "LineItems.DiscountRate",
    **{f"Tracking{part}{n}": f"LineItems.Tracking[{n - 1}].{part}" for n in (1, 2) for part in ("Name", "Option")},
}
_TEMPLATE = {title.casefold(): path for title, path in _OF_DOCUMENT.items()}
_CONTACTS = {title.casefold(): path for title, path in _OF_CONTACT.items()}
TYPES = {"Addresses": "AddressType", "Phones": "PhoneType"}
"""What tells the elements of a list apart where a path names them by type."""
_LISTS = ("LineItems", "JournalLines")
"""What a row makes one of."""
_NAMED: dict[str, Named] = {
    "TaxType": "tax_types",
    "AccountsReceivableTaxType": "tax_types",
    "AccountsPayableTaxType": "tax_types",
    "BrandingThemeID": "branding_themes",
}
_STEP = re.compile(r"([A-Za-z0-9]+)(?:\[(\w+)\])?")


def columns_of(titles: Sequence[str], record: type[Model], file: str) -> list[Column]:
    """What the titles of a file mean. Raises `InvalidArgument` for one that means nothing, or comes twice."""
    columns: list[Column] = []
    for title in titles:
        column = _column(title, record)
        if column is None:
            known = (*fields_of(record), *(_OF_CONTACT if "Contact" not in fields_of(record) else _OF_DOCUMENT))
            raise refuse(
                file, 1, f"column {title}", f"{_told(record)} has no such field{did_you_mean(_plain(title), known)}"
            )
        if column.steps in [each.steps for each in columns]:
            raise refuse(file, 1, f"column {title}", "another column says the same: take one of them out")
        columns.append(column)
    return columns


def _told(record: type[Model]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", record.__name__).lower()


def _plain(title: str) -> str:
    return title.strip().strip("*").replace(" ", "").replace("_", "")


def _column(title: str, record: type[Model]) -> Column | None:
    """A path, or a title of the templates, or the name of a line's field."""
    plain = _plain(title)
    aliases = _TEMPLATE if "Contact" in fields_of(record) else _CONTACTS
    paths = [plain, aliases.get(plain.casefold(), ""), *(f"{name}.{plain}" for name in _LISTS)]
    for steps, kind in filter(None, (_resolved(path, record) for path in paths if path)):
        return Column(title.strip(), steps, kind, _NAMED.get(steps[-1].name))
    return None


def _resolved(path: str, record: type[Model]) -> tuple[tuple[Step, ...], Kind] | None:
    """The steps of a path, and what is at its end; None where it leads nowhere."""
    steps: list[Step] = []
    kind: Kind = "struct"
    inner: type[Model] | None = record
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None or inner is None:
            return None
        by_fold = {name.casefold(): name for name in fields_of(inner)}
        if (name := by_fold.get(match[1].casefold())) is None:
            return None
        field, element = fields_of(inner)[name], match[2]
        if (field.kind == "list") != (element is not None):
            if field.kind != "list" or name not in _LISTS or steps:
                return None
            element = "*"
        if element is not None and element.isalpha() and name not in TYPES:
            return None
        steps.append(Step(name, element))
        kind, inner = field.kind, field.record
    return (tuple(steps), kind) if kind not in ("struct", "list", "other") else None
