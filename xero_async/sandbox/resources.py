"""What the sandbox knows of each resource, as rows.

A `Resource` row says how its documents are named, which fields a client may write (`accepts`, with the
lengths of Xero's own description), which fields it may ask about in `where` and `order` (`columns`), and
which fields the summary form lacks (`heavy`). The store, the query compiler and the handlers read these
rows; a further resource is one more row, with a rule of its own only where it has behaviour of its own.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Kind = Literal[
    "text", "guid", "date", "bool", "money", "unit", "quantity", "rate", "integer", "choice", "object", "list"
]
ColumnKind = Literal["text", "guid", "date", "bool", "number", "object"]


class Field(Struct, frozen=True):
    """A field that a client may write: its form, its longest text, its legal values or its own fields."""

    name: str
    kind: Kind
    limit: int = 0
    choices: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()


class Column(Struct, frozen=True):
    """A field that `where` and `order` may name: its dotted path, its kind and its column in the table."""

    path: str
    kind: ColumnKind
    column: str


class Resource(Struct, frozen=True, kw_only=True):
    """One resource: how its documents are named, written, searched and shown."""

    name: str  # of the envelope and of the table
    item: str
    id: str
    number: str = ""
    accepts: tuple[Field, ...] = ()
    columns: tuple[Column, ...] = ()
    heavy: tuple[str, ...] = ()  # what the summary form lacks
    paged: bool = False
    lists: tuple[tuple[str, str], ...] = ()  # query parameter -> column whose values it lists
    search: tuple[str, ...] = ()  # what `searchTerm` looks through
    handle: tuple[str, ...] = ()  # what names the document to a human: matched without regard to case
    archived: tuple[str, str] = ("", "")  # column and value hidden without `includeArchived`
    error_flag: str = "HasErrors"
    dated: bool = True  # whether it shows when it last changed
    indexed: tuple[str, ...] = ()
    current: str = "1"  # in SQL: which documents have their number to themselves, and are meant by it
    twin: tuple[str, ...] = ()  # columns in which two documents made by a client agree only by mistake

    @property
    def numbered_by_guid(self) -> bool:
        """Whether its documents have a GUID for their id."""
        return self.id.endswith("ID")

    @property
    def unpaged_summary(self) -> bool:
        """Whether a list without `page` comes in summary form."""
        return bool(self.heavy)

    def column(self, path: str) -> Column | None:
        """The column that a query names, without regard to case."""
        wanted = path.lower()
        return next((column for column in self.columns if column.path.lower() == wanted), None)


def _text(name: str, limit: int = 0) -> Field:
    return Field(name, "text", limit)


def _choice(name: str, *choices: str) -> Field:
    return Field(name, "choice", choices=choices)


def _list(name: str, *fields: Field) -> Field:
    return Field(name, "list", fields=fields)


def _object(name: str, *fields: Field) -> Field:
    return Field(name, "object", fields=fields)


def _columns(id_field: str, listing: str, *, id_kind: ColumnKind = "guid", dated: bool = True) -> tuple[Column, ...]:
    """Columns out of a listing such as `text Name Reference,date Date`, after the id and the change date."""
    found = [Column(id_field, id_kind, "id")] + [Column("UpdatedDateUTC", "date", "updated")] * dated
    kinds: dict[str, ColumnKind] = {
        "text": "text",
        "guid": "guid",
        "date": "date",
        "bool": "bool",
        "number": "number",
    }
    for group in listing.split(","):
        kind, *paths = group.split()
        found += [Column(path, kinds[kind], path) for path in paths]
    if any(column.path == "Contact.ContactID" for column in found):
        found.append(Column("Contact", "object", "Contact.ContactID"))
    return tuple(found)


# Lengths: https://raw.githubusercontent.com/XeroAPI/Xero-OpenAPI/master/xero_accounting.yaml
_TRACKING: Final = _list(
    "Tracking",
    Field("TrackingCategoryID", "guid"),
    Field("TrackingOptionID", "guid"),
    _text("Name", 100),
    _text("Option"),
)

LINE_ITEM: Final = (
    Field("LineItemID", "guid"),
    _text("Description"),
    Field("Quantity", "quantity"),
    Field("UnitAmount", "unit"),
    _text("ItemCode", 30),
    _text("AccountCode"),
    Field("AccountID", "guid"),
    _object("Item", _text("Code", 30), _text("Name", 50), Field("ItemID", "guid")),
    _text("TaxType"),
    Field("TaxAmount", "money"),
    Field("LineAmount", "money"),
    Field("DiscountRate", "rate"),
    Field("DiscountAmount", "money"),
    _TRACKING,
)

ADDRESS: Final = (
    _choice("AddressType", "POBOX", "STREET"),
    *(_text(f"AddressLine{line}", 500) for line in range(1, 5)),
    _text("City", 255),
    _text("Region", 255),
    _text("PostalCode", 50),
    _text("Country", 50),
    _text("AttentionTo", 255),
)

PHONE: Final = (
    _choice("PhoneType", "DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"),
    _text("PhoneNumber", 50),
    _text("PhoneAreaCode", 10),
    _text("PhoneCountryCode", 20),
)

_TERM: Final = (
    Field("Day", "integer"),
    _choice("Type", "DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH"),
)

_CATEGORY: Final = (_text("TrackingCategoryName"), _text("TrackingOptionName"))

_CONTACT_REFERENCE: Final = _object(
    "Contact", Field("ContactID", "guid"), _text("ContactNumber", 50), _text("Name", 255)
)

_LINE_AMOUNT_TYPES: Final = _choice("LineAmountTypes", "Exclusive", "Inclusive", "NoTax")
_SALE_STATUSES: Final = ("DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED")

CONTACTS: Final = Resource(
    name="Contacts",
    item="Contact",
    id="ContactID",
    number="ContactNumber",
    accepts=(
        Field("ContactID", "guid"),
        _text("ContactNumber", 50),
        _text("AccountNumber", 50),
        _choice("ContactStatus", "ACTIVE", "ARCHIVED", "GDPRREQUEST"),
        _text("Name", 255),
        _text("FirstName", 255),
        _text("LastName", 255),
        _text("CompanyNumber", 50),
        _text("EmailAddress", 255),
        _list(
            "ContactPersons",
            _text("FirstName"),
            _text("LastName"),
            _text("EmailAddress"),
            Field("IncludeInEmails", "bool"),
        ),
        _text("BankAccountDetails"),
        _text("TaxNumber", 50),
        _choice("TaxNumberType", "SSN", "EIN", "ITIN", "ATIN"),
        _text("AccountsReceivableTaxType"),
        _text("AccountsPayableTaxType"),
        _list("Addresses", *ADDRESS),
        _list("Phones", *PHONE),
        _choice("SalesDefaultLineAmountType", "INCLUSIVE", "EXCLUSIVE", "NONE"),
        _choice("PurchasesDefaultLineAmountType", "INCLUSIVE", "EXCLUSIVE", "NONE"),
        _text("DefaultCurrency", 3),
        _text("XeroNetworkKey"),
        _text("SalesDefaultAccountCode"),
        _text("PurchasesDefaultAccountCode"),
        _list("SalesTrackingCategories", *_CATEGORY),
        _list("PurchasesTrackingCategories", *_CATEGORY),
        _text("TrackingCategoryName"),
        _text("TrackingCategoryOption"),
        _object("PaymentTerms", _object("Bills", *_TERM), _object("Sales", *_TERM)),
        _object(
            "BatchPayments",
            _text("BankAccountNumber"),
            _text("BankAccountName"),
            _text("Details"),
            _text("Code", 12),
            _text("Reference", 12),
        ),
    ),
    columns=_columns(
        "ContactID",
        "text ContactNumber AccountNumber ContactStatus Name FirstName LastName CompanyNumber EmailAddress"
        " BankAccountDetails TaxNumber TaxNumberType AccountsReceivableTaxType AccountsPayableTaxType"
        " DefaultCurrency XeroNetworkKey SalesDefaultAccountCode PurchasesDefaultAccountCode Website,"
        "bool IsSupplier IsCustomer HasAttachments,number Discount",
    ),
    heavy=(
        "ContactPersons",
        "SalesTrackingCategories",
        "PurchasesTrackingCategories",
        "PaymentTerms",
        "ContactGroups",
        "Website",
        "BatchPayments",
        "Discount",
        "HasAttachments",
    ),
    paged=True,
    lists=(("ids", "id"),),
    search=("Name", "FirstName", "LastName", "ContactNumber", "CompanyNumber", "EmailAddress"),
    handle=("Name",),
    archived=("ContactStatus", "ARCHIVED"),
    error_flag="HasValidationErrors",
    indexed=("ContactNumber",),
)

INVOICES: Final = Resource(
    name="Invoices",
    item="Invoice",
    id="InvoiceID",
    number="InvoiceNumber",
    accepts=(
        Field("InvoiceID", "guid"),
        _choice("Type", "ACCREC", "ACCPAY"),
        _CONTACT_REFERENCE,
        Field("Date", "date"),
        Field("DueDate", "date"),
        _LINE_AMOUNT_TYPES,
        _text("InvoiceNumber", 255),
        _text("Reference"),
        Field("BrandingThemeID", "guid"),
        _text("Url"),
        _text("CurrencyCode", 3),
        Field("CurrencyRate", "rate"),
        _choice("Status", *_SALE_STATUSES),
        Field("SentToContact", "bool"),
        Field("ExpectedPaymentDate", "date"),
        Field("PlannedPaymentDate", "date"),
        _list("LineItems", *LINE_ITEM),
    ),
    columns=_columns(
        "InvoiceID",
        "text InvoiceNumber Type Status Reference Url CurrencyCode LineAmountTypes,"
        "text Contact.Name Contact.ContactNumber,guid Contact.ContactID BrandingThemeID RepeatingInvoiceID,"
        "date Date DueDate ExpectedPaymentDate PlannedPaymentDate FullyPaidOnDate,"
        "number SubTotal TotalTax Total TotalDiscount AmountDue AmountPaid AmountCredited CurrencyRate,"
        "bool SentToContact HasAttachments IsDiscounted",
    ),
    heavy=("Payments", "CreditNotes", "Prepayments", "Overpayments", "InvoiceAddresses", "LineItems"),
    paged=True,
    lists=(
        ("ids", "id"),
        ("invoicenumbers", "InvoiceNumber"),
        ("contactids", "Contact.ContactID"),
        ("statuses", "Status"),
    ),
    search=("InvoiceNumber", "Reference", "Contact.Name"),
    indexed=("InvoiceNumber", "Contact.ContactID"),
    current="\"Type\" = 'ACCREC' AND \"Status\" NOT IN ('VOIDED', 'DELETED')",
    twin=("Type", "Contact.ContactID", "Date", "Total", "Reference"),
)

CREDIT_NOTES: Final = Resource(
    name="CreditNotes",
    item="CreditNote",
    id="CreditNoteID",
    number="CreditNoteNumber",
    accepts=(
        Field("CreditNoteID", "guid"),
        _choice("Type", "ACCRECCREDIT", "ACCPAYCREDIT"),
        _CONTACT_REFERENCE,
        Field("Date", "date"),
        Field("DueDate", "date"),
        _LINE_AMOUNT_TYPES,
        _text("CreditNoteNumber"),
        _text("Reference"),
        Field("BrandingThemeID", "guid"),
        _text("CurrencyCode", 3),
        Field("CurrencyRate", "rate"),
        _choice("Status", *_SALE_STATUSES),
        Field("SentToContact", "bool"),
        _list("LineItems", *LINE_ITEM),
    ),
    columns=_columns(
        "CreditNoteID",
        "text CreditNoteNumber Type Status Reference CurrencyCode LineAmountTypes,"
        "text Contact.Name Contact.ContactNumber,guid Contact.ContactID BrandingThemeID,"
        "date Date DueDate FullyPaidOnDate,"
        "number SubTotal TotalTax Total RemainingCredit AppliedAmount CurrencyRate,"
        "bool SentToContact HasAttachments",
    ),
    heavy=("Allocations", "Payments", "InvoiceAddresses", "LineItems"),
    paged=True,
    indexed=("CreditNoteNumber", "Contact.ContactID"),
    current="\"Type\" = 'ACCRECCREDIT' AND \"Status\" NOT IN ('VOIDED', 'DELETED')",
    twin=("Type", "Contact.ContactID", "Date", "Total", "Reference"),
)

CONTACT_GROUPS: Final = Resource(
    name="ContactGroups",
    item="ContactGroup",
    id="ContactGroupID",
    accepts=(Field("ContactGroupID", "guid"), _text("Name"), _choice("Status", "ACTIVE", "DELETED")),
    columns=_columns("ContactGroupID", "text Name Status", dated=False),
    dated=False,
    handle=("Name",),
    error_flag="HasValidationErrors",
)

CURRENCIES: Final = Resource(
    name="Currencies",
    item="Currency",
    id="Code",
    accepts=(_text("Code"), _text("Description")),
    columns=_columns("Code", "text Description", id_kind="text", dated=False),
    dated=False,
)

EMPLOYEES: Final = Resource(
    name="Employees",
    item="Employee",
    id="EmployeeID",
    accepts=(
        Field("EmployeeID", "guid"),
        _choice("Status", "ACTIVE", "ARCHIVED", "GDPRREQUEST", "DELETED"),
        _text("FirstName", 255),
        _text("LastName", 255),
        _object(
            "ExternalLink",
            _choice("LinkType", "Facebook", "GooglePlus", "LinkedIn", "Twitter", "Website"),
            _text("Url"),
            _text("Description"),
        ),
    ),
    columns=_columns("EmployeeID", "text FirstName LastName Status"),
    handle=("FirstName", "LastName"),
)

_USER: Final = _object("User", Field("UserID", "guid"), _text("EmailAddress"), _text("FirstName"), _text("LastName"))

EXPENSE_CLAIMS: Final = Resource(
    name="ExpenseClaims",
    item="ExpenseClaim",
    id="ExpenseClaimID",
    accepts=(
        Field("ExpenseClaimID", "guid"),
        _choice("Status", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"),
        _USER,
        _list(
            "Receipts",
            Field("ReceiptID", "guid"),
            Field("Date", "date"),
            _CONTACT_REFERENCE,
            _USER,
            _text("Reference"),
            _LINE_AMOUNT_TYPES,
            Field("Total", "money"),
            _list("LineItems", *LINE_ITEM),
        ),
    ),
    columns=_columns(
        "ExpenseClaimID",
        "text Status User.FirstName User.LastName User.EmailAddress,guid User.UserID,"
        "number Total AmountDue AmountPaid,date PaymentDueDate ReportingDate",
    ),
)

# What hangs on documents and has no table of its own.
HISTORY_RECORDS: Final = Resource(name="HistoryRecords", item="HistoryRecord", id="", accepts=(_text("Details", 2500),))
ALLOCATIONS: Final = Resource(
    name="Allocations",
    item="Allocation",
    id="AllocationID",
    accepts=(
        Field("Amount", "money"),
        Field("Date", "date"),
        _object("Invoice", Field("InvoiceID", "guid"), _text("InvoiceNumber", 255)),
    ),
)

RESOURCES: Final = (CONTACTS, INVOICES, CREDIT_NOTES, CONTACT_GROUPS, CURRENCIES, EMPLOYEES, EXPENSE_CLAIMS)
