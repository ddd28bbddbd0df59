"""What v1 calls things: for each kind of record the elements that it has, in the order in which v1 wrote them.

The records are those of today's API. Where v1 had another name for a field, the name of today stands behind it. What is
not here v1 did not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from ..models import (
    Account,
    Address,
    Contact,
    Invoice,
    LineItem,
    LineItemTracking,
    Model,
    Payment,
    Phone,
    TrackingCategory,
    TrackingOption,
    ValidationError,
)

__all__ = ["FIELDS", "OLDER", "Field"]


class Field(NamedTuple):
    """An element of v1."""

    name: str
    now: str = ""
    """The field's name today, where it is another."""
    part: type[Model] | None = None
    """The record, or the records, that it holds."""
    form: Literal["text", "day", "taxed", "outcome"] = "text"
    """A day is written with a time of day; `taxed` is said in other words today; an outcome stands in answers alone."""

    @property
    def known_as(self) -> str:
        """The field's name today."""
        return self.now or self.name


_OUTCOME: Final = (
    Field("StatusAttributeString", form="outcome"),
    Field("ValidationErrors", part=ValidationError, form="outcome"),
)
"""How answers tell what became of a record. v1's own way is not known: these are as in today's API."""

FIELDS: Final[Mapping[type[Model], tuple[Field, ...]]] = {
    # http://blog.xero.com/developer/put-apixro10invoice/ and http://blog.xero.com/developer/invoices-get/
    Invoice: (
        *_OUTCOME,
        Field("Warnings", part=ValidationError, form="outcome"),
        Field("InvoiceType", "Type"),
        Field("InvoiceID"),
        Field("Contact", part=Contact),
        Field("InvoiceDate", "Date", form="day"),
        Field("DueDate", form="day"),
        Field("InvoiceNumber"),
        Field("Reference"),
        Field("IncludesTax", "LineAmountTypes", form="taxed"),
        Field("SubTotal"),
        Field("TotalTax"),
        Field("Total"),
        Field("InvoiceStatus", "Status"),
        Field("LineItems", part=LineItem),
        Field("Payments", part=Payment),
        Field("FullyPaidOnDate", form="day"),
        Field("AmountDue"),
        Field("AmountPaid"),
        Field("AmountCredited"),
        Field("UpdatedDateUTC"),
    ),
    LineItem: (
        Field("LineItemID"),
        Field("Description"),
        Field("Quantity"),
        Field("UnitAmount"),
        Field("TaxType"),
        Field("TaxAmount"),
        Field("LineAmount"),
        Field("AccountCode"),
        Field("Tracking", part=LineItemTracking),
    ),
    LineItemTracking: (Field("Name"), Field("Option")),
    # What a payment had is not known but for its being there: http://blog.xero.com/developer/change-log/
    Payment: (Field("PaymentID"), Field("Date", form="day"), Field("Amount"), Field("Reference")),
    # http://blog.xero.com/developer/get-apixro10contact/ and http://blog.xero.com/developer/post-apixro10contact/
    Contact: (
        *_OUTCOME,
        Field("ContactID"),
        Field("ContactNumber"),
        Field("ContactStatus"),
        Field("Name"),
        Field("EmailAddress"),
        Field("Addresses", part=Address),
        Field("Phones", part=Phone),
        Field("SkypeUserName"),
        Field("BankAccountDetails"),
        Field("UpdatedDateUTC"),
    ),
    Address: tuple(
        Field(name)
        for name in (
            "AddressType",
            "AddressLine1",
            "AddressLine2",
            "AddressLine3",
            "AddressLine4",
            "City",
            "Region",
            "PostalCode",
            "Country",
        )
    ),
    Phone: tuple(Field(name) for name in ("PhoneType", "PhoneNumber", "PhoneAreaCode", "PhoneCountryCode")),
    # http://blog.xero.com/developer/get-apixro10accounts/
    Account: tuple(Field(name) for name in ("Code", "Name", "Type", "TaxType", "Description")),
    # As today's API had it when it was new: http://developer.xero.com/api/tracking-categories/
    TrackingCategory: (Field("TrackingCategoryID"), Field("Name"), Field("Options", part=TrackingOption)),
    TrackingOption: (Field("Name"),),
    ValidationError: (Field("Message"),),
}

OLDER: Final[Mapping[type[Model], Mapping[str, str]]] = {
    Invoice: {"Status": "StatusAttributeString"},
    Contact: {"Status": "StatusAttributeString"},
    Payment: {"PaymentDate": "Date", "PaymentAmount": "Amount", "PaymentReference": "Reference"},
}
"""More names that are read. A `Status` beside `InvoiceStatus` can only tell what became of the record."""
