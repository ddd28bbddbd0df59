"""The rows of orders: quotes, purchase orders, receipts, repeating invoices and linked transactions."""

from __future__ import annotations

from typing import Final

from .resources import (
    CONTACT_REFERENCE,
    LINE_AMOUNT_TYPES,
    LINE_ITEM,
    USER,
    Field,
    Resource,
    choice,
    columns,
    list_of,
    object_of,
    text,
)

_LINES: Final = list_of("LineItems", *LINE_ITEM)
_CURRENCY: Final = (text("CurrencyCode", 3), Field("CurrencyRate", "rate"))
_TOTALS: Final = "text Contact.Name Contact.ContactNumber,guid Contact.ContactID,number SubTotal TotalTax Total"

QUOTES: Final = Resource(
    name="Quotes",
    item="Quote",
    id="QuoteID",
    number="QuoteNumber",
    accepts=(
        Field("QuoteID", "guid"),
        text("QuoteNumber", 255),
        text("Reference", 4000),
        text("Terms", 4000),
        CONTACT_REFERENCE,
        _LINES,
        Field("Date", "date"),
        Field("ExpiryDate", "date"),
        choice("Status", "DRAFT", "SENT", "DECLINED", "ACCEPTED", "INVOICED", "DELETED"),
        *_CURRENCY,
        text("Title", 100),
        text("Summary", 3000),
        Field("BrandingThemeID", "guid"),
        choice("LineAmountTypes", "EXCLUSIVE", "INCLUSIVE", "NOTAX"),
    ),
    columns=columns(
        "QuoteID",
        "text QuoteNumber Reference Terms Status CurrencyCode Title Summary LineAmountTypes,"
        f"guid BrandingThemeID,date Date ExpiryDate,number CurrencyRate TotalDiscount,{_TOTALS}",
    ),
    paged=True,
    sized=False,
    lists=(("contactid", "Contact.ContactID"), ("status", "Status"), ("quotenumber", "QuoteNumber")),
    ranges=(
        ("datefrom", "Date", ">="),
        ("dateto", "Date", "<="),
        ("expirydatefrom", "ExpiryDate", ">="),
        ("expirydateto", "ExpiryDate", "<="),
    ),
    indexed=("QuoteNumber", "Contact.ContactID"),
    current="\"Status\" IS NOT 'DELETED'",
)

PURCHASE_ORDERS: Final = Resource(
    name="PurchaseOrders",
    item="PurchaseOrder",
    id="PurchaseOrderID",
    number="PurchaseOrderNumber",
    accepts=(
        Field("PurchaseOrderID", "guid"),
        CONTACT_REFERENCE,
        _LINES,
        Field("Date", "date"),
        Field("DeliveryDate", "date"),
        LINE_AMOUNT_TYPES,
        text("PurchaseOrderNumber", 255),
        text("Reference", 255),
        Field("BrandingThemeID", "guid"),
        *_CURRENCY,
        choice("Status", "DRAFT", "SUBMITTED", "AUTHORISED", "BILLED", "DELETED"),
        Field("SentToContact", "bool"),
        text("DeliveryAddress", 500),
        text("AttentionTo", 255),
        text("Telephone", 50),
        text("DeliveryInstructions", 500),
        Field("ExpectedArrivalDate", "date"),
    ),
    columns=columns(
        "PurchaseOrderID",
        "text PurchaseOrderNumber Reference Status CurrencyCode LineAmountTypes DeliveryAddress AttentionTo"
        " Telephone DeliveryInstructions,bool SentToContact HasAttachments,guid BrandingThemeID,"
        f"date Date DeliveryDate ExpectedArrivalDate,number CurrencyRate TotalDiscount,{_TOTALS}",
    ),
    paged=True,
    lists=(("status", "Status"),),
    ranges=(("datefrom", "Date", ">="), ("dateto", "Date", "<=")),
    indexed=("PurchaseOrderNumber", "Contact.ContactID"),
    current="\"Status\" IS NOT 'DELETED'",
)

RECEIPTS: Final = Resource(
    name="Receipts",
    item="Receipt",
    id="ReceiptID",
    accepts=(
        Field("ReceiptID", "guid"),
        Field("Date", "date"),
        CONTACT_REFERENCE,
        _LINES,
        USER,
        text("Reference", 255),
        LINE_AMOUNT_TYPES,
        choice("Status", "DRAFT", "SUBMITTED", "AUTHORISED", "DECLINED", "VOIDED"),
    ),
    columns=columns(
        "ReceiptID",
        "text ReceiptNumber Reference Status LineAmountTypes User.FirstName User.LastName User.EmailAddress,"
        f"guid User.UserID,bool HasAttachments,date Date,{_TOTALS}",
    ),
    indexed=("Contact.ContactID",),
)

REPEATING_INVOICES: Final = Resource(
    name="RepeatingInvoices",
    item="RepeatingInvoice",
    id="RepeatingInvoiceID",
    accepts=(
        Field("RepeatingInvoiceID", "guid"),
        choice("Type", "ACCREC", "ACCPAY"),
        CONTACT_REFERENCE,
        object_of(
            "Schedule",
            Field("Period", "integer"),
            choice("Unit", "WEEKLY", "MONTHLY"),
            Field("DueDate", "integer"),
            choice(
                "DueDateType",
                "DAYSAFTERBILLDATE",
                "DAYSAFTERBILLMONTH",
                "DAYSAFTERINVOICEDATE",
                "DAYSAFTERINVOICEMONTH",
                "OFCURRENTMONTH",
                "OFFOLLOWINGMONTH",
            ),
            Field("StartDate", "date"),
            Field("NextScheduledDate", "date"),
            Field("EndDate", "date"),
        ),
        _LINES,
        LINE_AMOUNT_TYPES,
        text("Reference", 255),
        Field("BrandingThemeID", "guid"),
        *_CURRENCY,
        choice("Status", "DRAFT", "AUTHORISED", "DELETED"),
        Field("ApprovedForSending", "bool"),
        Field("SendCopy", "bool"),
        Field("MarkAsSent", "bool"),
        Field("IncludePDF", "bool"),
    ),
    columns=columns(
        "RepeatingInvoiceID",
        "text Type Reference Status CurrencyCode LineAmountTypes Schedule.Unit Schedule.DueDateType,"
        "guid BrandingThemeID,bool HasAttachments ApprovedForSending SendCopy MarkAsSent IncludePDF,"
        f"date Schedule.StartDate Schedule.NextScheduledDate Schedule.EndDate,number Schedule.Period,{_TOTALS}",
        dated=False,
    ),
    dated=False,
    indexed=("Contact.ContactID",),
)

LINKED_TRANSACTIONS: Final = Resource(
    name="LinkedTransactions",
    item="LinkedTransaction",
    id="LinkedTransactionID",
    accepts=tuple(
        Field(name, "guid")
        for name in (
            "LinkedTransactionID",
            "SourceTransactionID",
            "SourceLineItemID",
            "ContactID",
            "TargetTransactionID",
            "TargetLineItemID",
        )
    ),
    columns=columns(
        "LinkedTransactionID",
        "guid SourceTransactionID SourceLineItemID ContactID TargetTransactionID TargetLineItemID,"
        "text Status Type SourceTransactionTypeCode",
    ),
    paged=True,
    sized=False,
    lists=(
        ("linkedtransactionid", "id"),
        ("sourcetransactionid", "SourceTransactionID"),
        ("contactid", "ContactID"),
        ("status", "Status"),
        ("targettransactionid", "TargetTransactionID"),
    ),
    indexed=("SourceTransactionID", "TargetTransactionID"),
)

RESOURCES: Final[tuple[Resource, ...]] = (
    QUOTES,
    PURCHASE_ORDERS,
    RECEIPTS,
    REPEATING_INVOICES,
    LINKED_TRANSACTIONS,
)
