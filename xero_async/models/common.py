"""What many documents carry: lines, addresses, attachments, history, paging and errors."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import DateTime, Envelope, Model, Str10, Str20, Str30, Str50, Str100, Str255, Str500

__all__ = [
    "Address",
    "AddressType",
    "Attachment",
    "Attachments",
    "CurrencyCode",
    "Element",
    "Error",
    "ExternalLink",
    "ExternalLinkLinkType",
    "HistoryRecord",
    "HistoryRecords",
    "LineAmountTypes",
    "LineItem",
    "LineItemItem",
    "LineItemTaxability",
    "LineItemTracking",
    "Pagination",
    "Phone",
    "PhoneType",
    "TaxBreakdownComponent",
    "TaxBreakdownComponentType",
    "ValidationError",
]

# A list of codes reads better in rows.
# fmt: off
CurrencyCode: TypeAlias = (
    Literal[
        "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF",
        "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BYR", "BZD", "CAD", "CDF", "CHF", "CLF", "CLP", "CNY",
        "COP", "CRC", "CUC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EEK", "EGP", "ERN", "ETB", "EUR", "FJD",
        "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS",
        "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT",
        "LAK", "LBP", "LKR", "LRD", "LSL", "LTL", "LVL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRO",
        "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB",
        "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
        "SGD", "SHP", "SKK", "SLE", "SLL", "SOS", "SRD", "STD", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND",
        "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD", "UYU", "UZS", "VEF", "VES", "VND", "VUV", "WST", "XAF",
        "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW", "ZMK", "ZWD",
    ]
    | str
)
# fmt: on
LineAmountTypes: TypeAlias = Literal["Exclusive", "Inclusive", "NoTax"] | str
AddressType: TypeAlias = Literal["POBOX", "STREET"] | str
ExternalLinkLinkType: TypeAlias = Literal["Facebook", "GooglePlus", "LinkedIn", "Twitter", "Website"] | str
LineItemTaxability: TypeAlias = Literal["TAXABLE", "NON_TAXABLE", "EXEMPT", "PART_TAXABLE", "NOT_APPLICABLE"] | str
PhoneType: TypeAlias = Literal["DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"] | str
# A list of codes reads better in rows.
# fmt: off
TaxBreakdownComponentType: TypeAlias = (
    Literal[
        "SYSGST/USCOUNTRY", "SYSGST/USSTATE", "SYSGST/USCOUNTY", "SYSGST/USCITY", "SYSGST/USSPECIAL",
    ]
    | str
)
# fmt: on


class Address(Model, kw_only=True):
    """A postal or street address."""

    address_type: AddressType | None = None
    address_line1: Str500 | None = None
    address_line2: Str500 | None = None
    address_line3: Str500 | None = None
    address_line4: Str500 | None = None
    city: Str255 | None = None
    region: Str255 | None = None
    postal_code: Str50 | None = None
    country: Str50 | None = None
    attention_to: Str255 | None = None
    """The person or department that the post is for."""


class Attachment(Model, kw_only=True):
    """A file attached to a document; its bytes come from the resource's `attachments`."""

    attachment_id: str | None = None
    file_name: str | None = None
    url: str | None = None
    """Where the bytes are; needs the same token and tenant as any call."""
    mime_type: str | None = None
    """Content type, such as `application/pdf`."""
    content_length: int | None = None
    """Bytes."""
    include_online: bool | None = None
    """Whether the customer sees the file beside the online invoice."""


class Element(Model, kw_only=True):
    """An element that Xero refused, with the ids by which to find it."""

    validation_errors: list[ValidationError] | None = None
    """Why Xero refused the record."""
    batch_payment_id: str | None = None
    bank_transaction_id: str | None = None
    credit_note_id: str | None = None
    contact_id: str | None = None
    invoice_id: str | None = None
    item_id: str | None = None
    purchase_order_id: str | None = None


class Error(Model, kw_only=True):
    """The body of a 400: Xero's validation messages, element by element."""

    error_number: int | None = None
    """10 is a validation, 16 a query that cannot be read, 17 an empty request."""
    type: str | None = None
    message: str | None = None
    elements: list[Element] | None = None
    """The elements that failed."""


class ExternalLink(Model, kw_only=True):
    """A page on the web, such as a profile."""

    link_type: ExternalLinkLinkType | None = None
    url: str | None = None
    description: str | None = None


class HistoryRecord(Model, kw_only=True):
    """A note or a change in the history of a document."""

    details: str | None = None
    """The note, up to 2,500 characters."""
    changes: str | None = None
    """What happened, such as `Approved` or `Note`."""
    user: str | None = None
    """Name of the user, or `System Generated`."""
    date_utc: DateTime | None = None
    """When it happened. Read-only."""


class LineItem(Model, kw_only=True):
    """A line of an invoice, credit note, receipt, prepayment or overpayment."""

    line_item_id: str | None = None
    """Send it back on updates: a line without it is taken for a new one, and the old one is deleted."""
    description: str | None = None
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    """2 decimals, or 4 with `unitdp=4`."""
    item_code: str | None = None
    """Code of the item; fills in what the line leaves out."""
    account_code: str | None = None
    account_id: str | None = None
    tax_type: str | None = None
    """Xero's code for a tax rate, such as `OUTPUT`."""
    tax_amount: Decimal | None = None
    """Rounded for each line, half away from zero."""
    item: LineItemItem | None = None
    line_amount: Decimal | None = None
    """Quantity × unit amount, less the discount."""
    tracking: list[LineItemTracking] | None = None
    """At most two, one for each category."""
    discount_rate: Decimal | None = None
    """Per cent off the line."""
    discount_amount: Decimal | None = None
    """Money off the line."""
    repeating_invoice_id: str | None = None
    """The template that it was made from."""
    taxability: LineItemTaxability | None = None
    """How the line is taxed (United States)."""
    sales_tax_code_id: Decimal | None = field(default=None, name="SalesTaxCodeId")
    """Code of the sales tax (United States)."""
    tax_breakdown: list[TaxBreakdownComponent] | None = None
    """The tax, authority by authority (United States)."""


class LineItemItem(Model, kw_only=True):
    """The item that a line sells or buys."""

    code: Str30 | None = None
    name: Str50 | None = None
    item_id: str | None = None


class LineItemTracking(Model, kw_only=True):
    """The tracking option that a line is booked to."""

    tracking_category_id: str | None = None
    tracking_option_id: str | None = None
    name: Str100 | None = None
    """Name of the category."""
    option: str | None = None
    """Name of the option."""


class Pagination(Model, kw_only=True, rename="camel"):
    """Where a page stands among its siblings."""

    page: int | None = None
    """From 1."""
    page_size: int | None = None
    """Records asked for in a page."""
    page_count: int | None = None
    """Pages in all."""
    item_count: int | None = None
    """Records in all."""


class Phone(Model, kw_only=True):
    """A telephone number in its parts."""

    phone_type: PhoneType | None = None
    phone_number: Str50 | None = None
    phone_area_code: Str10 | None = None
    phone_country_code: Str20 | None = None


class TaxBreakdownComponent(Model, kw_only=True):
    """The share of one authority in the sales tax of a line (United States)."""

    tax_component_id: str | None = field(default=None, name="TaxComponentId")
    type: TaxBreakdownComponentType | None = None
    name: str | None = None
    tax_percentage: Decimal | None = None
    """Per cent."""
    tax_amount: Decimal | None = None
    taxable_amount: Decimal | None = None
    non_taxable_amount: Decimal | None = None
    exempt_amount: Decimal | None = None
    state_assigned_no: str | None = None
    jurisdiction_region: str | None = None


class ValidationError(Model, kw_only=True):
    """A rule that was broken, or a warning."""

    message: str | None = None
    """Xero's own sentence."""
    description: str | None = None
    """What some endpoints send in place of `message`."""


class Attachments(Envelope[Attachment], kw_only=True):
    """An envelope of attachments."""

    attachments: list[Attachment] | None = None


class HistoryRecords(Envelope[HistoryRecord], kw_only=True):
    """An envelope of history records."""

    history_records: list[HistoryRecord] | None = None
