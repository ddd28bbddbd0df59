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
    priced: tuple[str, ...] = ("LineItems",)  # what holds unit amounts: two decimals unless four are asked for
    paged: bool = False
    sized: bool = True  # whether a page may have another size than 100, and tells how many there are
    lists: tuple[tuple[str, str], ...] = ()  # query parameter -> column whose values it lists
    ranges: tuple[tuple[str, str, Literal[">=", "<="]], ...] = ()  # query parameter -> column of dates, how it limits
    search: tuple[str, ...] = ()  # what `searchTerm` looks through
    handle: tuple[str, ...] = ()  # what names the document to a human: matched without regard to case
    archived: tuple[str, str] = ("", "")  # column and value hidden without the parameter that follows
    archived_flag: str = "includearchived"
    error_flag: str = "HasErrors"
    dated: bool = True  # whether it shows when it last changed
    indexed: tuple[str, ...] = ()  # what finds a few documents
    ordered: tuple[str, ...] = ()  # what many documents are often ordered by
    grouped: tuple[str, ...] = ()  # what has few values, of which one is often asked for
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


def text(name: str, limit: int = 0) -> Field:
    """A field of text, with its longest length."""
    return Field(name, "text", limit)


def choice(name: str, *choices: str) -> Field:
    """A field with one of so many values, matched without regard to case."""
    return Field(name, "choice", choices=choices)


def list_of(name: str, *fields: Field) -> Field:
    """A field that holds a list of objects."""
    return Field(name, "list", fields=fields)


def object_of(name: str, *fields: Field) -> Field:
    """A field that holds an object."""
    return Field(name, "object", fields=fields)


def columns(id_field: str, listing: str, *, id_kind: ColumnKind = "guid", dated: bool = True) -> tuple[Column, ...]:
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
TRACKING: Final = list_of(
    "Tracking",
    Field("TrackingCategoryID", "guid"),
    Field("TrackingOptionID", "guid"),
    text("Name", 100),
    text("Option"),
)

LINE_ITEM: Final = (
    Field("LineItemID", "guid"),
    text("Description"),
    Field("Quantity", "quantity"),
    Field("UnitAmount", "unit"),
    text("ItemCode", 30),
    text("AccountCode"),
    Field("AccountID", "guid"),
    object_of("Item", text("Code", 30), text("Name", 50), Field("ItemID", "guid")),
    text("TaxType"),
    Field("TaxAmount", "money"),
    Field("LineAmount", "money"),
    Field("DiscountRate", "rate"),
    Field("DiscountAmount", "money"),
    TRACKING,
)

ADDRESS: Final = (
    choice("AddressType", "POBOX", "STREET"),
    *(text(f"AddressLine{line}", 500) for line in range(1, 5)),
    text("City", 255),
    text("Region", 255),
    text("PostalCode", 50),
    text("Country", 50),
    text("AttentionTo", 255),
)

PHONE: Final = (
    choice("PhoneType", "DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"),
    text("PhoneNumber", 50),
    text("PhoneAreaCode", 10),
    text("PhoneCountryCode", 20),
)

_TERM: Final = (
    Field("Day", "integer"),
    choice("Type", "DAYSAFTERBILLDATE", "DAYSAFTERBILLMONTH", "OFCURRENTMONTH", "OFFOLLOWINGMONTH"),
)

_CATEGORY: Final = (text("TrackingCategoryName"), text("TrackingOptionName"))

CONTACT_REFERENCE: Final = object_of(
    "Contact", Field("ContactID", "guid"), text("ContactNumber", 50), text("Name", 255)
)

LINE_AMOUNT_TYPES: Final = choice("LineAmountTypes", "Exclusive", "Inclusive", "NoTax")
_SALE_STATUSES: Final = ("DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED")

CONTACTS: Final = Resource(
    name="Contacts",
    item="Contact",
    id="ContactID",
    number="ContactNumber",
    accepts=(
        Field("ContactID", "guid"),
        text("ContactNumber", 50),
        text("AccountNumber", 50),
        choice("ContactStatus", "ACTIVE", "ARCHIVED", "GDPRREQUEST"),
        text("Name", 255),
        text("FirstName", 255),
        text("LastName", 255),
        text("CompanyNumber", 50),
        text("EmailAddress", 255),
        list_of(
            "ContactPersons",
            text("FirstName"),
            text("LastName"),
            text("EmailAddress"),
            Field("IncludeInEmails", "bool"),
        ),
        text("BankAccountDetails"),
        text("TaxNumber", 50),
        choice("TaxNumberType", "SSN", "EIN", "ITIN", "ATIN"),
        text("AccountsReceivableTaxType"),
        text("AccountsPayableTaxType"),
        list_of("Addresses", *ADDRESS),
        list_of("Phones", *PHONE),
        choice("SalesDefaultLineAmountType", "INCLUSIVE", "EXCLUSIVE", "NONE"),
        choice("PurchasesDefaultLineAmountType", "INCLUSIVE", "EXCLUSIVE", "NONE"),
        text("DefaultCurrency", 3),
        text("XeroNetworkKey"),
        text("SalesDefaultAccountCode"),
        text("PurchasesDefaultAccountCode"),
        list_of("SalesTrackingCategories", *_CATEGORY),
        list_of("PurchasesTrackingCategories", *_CATEGORY),
        text("TrackingCategoryName"),
        text("TrackingCategoryOption"),
        object_of("PaymentTerms", object_of("Bills", *_TERM), object_of("Sales", *_TERM)),
        object_of(
            "BatchPayments",
            text("BankAccountNumber"),
            text("BankAccountName"),
            text("Details"),
            text("Code", 12),
            text("Reference", 12),
        ),
    ),
    columns=columns(
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
        choice("Type", "ACCREC", "ACCPAY"),
        CONTACT_REFERENCE,
        Field("Date", "date"),
        Field("DueDate", "date"),
        LINE_AMOUNT_TYPES,
        text("InvoiceNumber", 255),
        text("Reference"),
        Field("BrandingThemeID", "guid"),
        text("Url"),
        text("CurrencyCode", 3),
        Field("CurrencyRate", "rate"),
        choice("Status", *_SALE_STATUSES),
        Field("SentToContact", "bool"),
        Field("ExpectedPaymentDate", "date"),
        Field("PlannedPaymentDate", "date"),
        list_of("LineItems", *LINE_ITEM),
    ),
    columns=columns(
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
    ordered=("Date", "DueDate"),
    grouped=("Status", "Contact.Name"),
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
        choice("Type", "ACCRECCREDIT", "ACCPAYCREDIT"),
        CONTACT_REFERENCE,
        Field("Date", "date"),
        Field("DueDate", "date"),
        LINE_AMOUNT_TYPES,
        text("CreditNoteNumber"),
        text("Reference"),
        Field("BrandingThemeID", "guid"),
        text("CurrencyCode", 3),
        Field("CurrencyRate", "rate"),
        choice("Status", *_SALE_STATUSES),
        Field("SentToContact", "bool"),
        list_of("LineItems", *LINE_ITEM),
    ),
    columns=columns(
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
    accepts=(Field("ContactGroupID", "guid"), text("Name"), choice("Status", "ACTIVE", "DELETED")),
    columns=columns("ContactGroupID", "text Name Status", dated=False),
    dated=False,
    archived=("Status", "DELETED"),
    handle=("Name",),
    error_flag="HasValidationErrors",
)

CURRENCIES: Final = Resource(
    name="Currencies",
    item="Currency",
    id="Code",
    accepts=(text("Code"), text("Description")),
    columns=columns("Code", "text Description", id_kind="text", dated=False),
    dated=False,
)

EMPLOYEES: Final = Resource(
    name="Employees",
    item="Employee",
    id="EmployeeID",
    accepts=(
        Field("EmployeeID", "guid"),
        choice("Status", "ACTIVE", "ARCHIVED", "GDPRREQUEST", "DELETED"),
        text("FirstName", 255),
        text("LastName", 255),
        object_of(
            "ExternalLink",
            choice("LinkType", "Facebook", "GooglePlus", "LinkedIn", "Twitter", "Website"),
            text("Url"),
            text("Description"),
        ),
    ),
    columns=columns("EmployeeID", "text FirstName LastName Status"),
    handle=("FirstName", "LastName"),
)

USER: Final = object_of("User", Field("UserID", "guid"), text("EmailAddress"), text("FirstName"), text("LastName"))

EXPENSE_CLAIMS: Final = Resource(
    name="ExpenseClaims",
    item="ExpenseClaim",
    id="ExpenseClaimID",
    accepts=(
        Field("ExpenseClaimID", "guid"),
        choice("Status", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"),
        USER,
        list_of(
            "Receipts",
            Field("ReceiptID", "guid"),
            Field("Date", "date"),
            CONTACT_REFERENCE,
            USER,
            text("Reference"),
            LINE_AMOUNT_TYPES,
            Field("Total", "money"),
            list_of("LineItems", *LINE_ITEM),
        ),
    ),
    columns=columns(
        "ExpenseClaimID",
        "text Status User.FirstName User.LastName User.EmailAddress,guid User.UserID,"
        "number Total AmountDue AmountPaid,date PaymentDueDate ReportingDate",
    ),
)

# What hangs on documents and has no table of its own.
HISTORY_RECORDS: Final = Resource(name="HistoryRecords", item="HistoryRecord", id="", accepts=(text("Details", 2500),))
ALLOCATIONS: Final = Resource(
    name="Allocations",
    item="Allocation",
    id="AllocationID",
    accepts=(
        Field("Amount", "money"),
        Field("Date", "date"),
        object_of("Invoice", Field("InvoiceID", "guid"), text("InvoiceNumber", 255)),
    ),
)

# Those of this module; `catalogue` has them all.
RESOURCES: Final = (CONTACTS, INVOICES, CREDIT_NOTES, CONTACT_GROUPS, CURRENCIES, EMPLOYEES, EXPENSE_CLAIMS)
