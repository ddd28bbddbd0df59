"""The rows of the resources that move money: bank transactions and transfers, payments in their forms,
prepayments and overpayments, manual journals.
"""

from __future__ import annotations

from typing import Final

from .resources import (
    CONTACT_REFERENCE,
    LINE_AMOUNT_TYPES,
    LINE_ITEM,
    TRACKING,
    Field,
    Resource,
    choice,
    columns,
    list_of,
    object_of,
    text,
)


def _account(name: str) -> Field:
    """An account, by its id or its code."""
    return object_of(name, Field("AccountID", "guid"), text("Code", 10))


_ACCOUNT: Final = _account("Account")

# https://developer.xero.com/documentation/api/accounting/banktransactions
BANK_TRANSACTIONS: Final = Resource(
    name="BankTransactions",
    item="BankTransaction",
    id="BankTransactionID",
    accepts=(
        Field("BankTransactionID", "guid"),
        choice(
            "Type",
            *(
                f"{way}{kind}"
                for kind in ("", "-OVERPAYMENT", "-PREPAYMENT", "-TRANSFER")
                for way in ("RECEIVE", "SPEND")
            ),
        ),
        CONTACT_REFERENCE,
        _account("BankAccount"),
        Field("IsReconciled", "bool"),
        Field("Date", "date"),
        text("Reference"),
        text("CurrencyCode", 3),
        Field("CurrencyRate", "rate"),
        text("Url"),
        choice("Status", "AUTHORISED", "DELETED", "VOIDED"),
        LINE_AMOUNT_TYPES,
        list_of("LineItems", *LINE_ITEM),
    ),
    columns=columns(
        "BankTransactionID",
        "text Type Status Reference CurrencyCode LineAmountTypes Url,"
        "text Contact.Name Contact.ContactNumber BankAccount.Code BankAccount.Name,"
        "guid Contact.ContactID BankAccount.AccountID PrepaymentID OverpaymentID BatchPaymentID,"
        "date Date,number SubTotal TotalTax Total CurrencyRate,bool IsReconciled HasAttachments",
    ),
    heavy=("LineItems",),
    paged=True,
    indexed=("Contact.ContactID",),
)

# https://developer.xero.com/documentation/api/accounting/banktransfers
BANK_TRANSFERS: Final = Resource(
    name="BankTransfers",
    item="BankTransfer",
    id="BankTransferID",
    accepts=(
        Field("BankTransferID", "guid"),
        _account("FromBankAccount"),
        _account("ToBankAccount"),
        Field("Amount", "money"),
        Field("Date", "date"),
        Field("FromIsReconciled", "bool"),
        Field("ToIsReconciled", "bool"),
        text("Reference", 255),
        choice("Status", "AUTHORISED", "DELETED"),
    ),
    columns=columns(
        "BankTransferID",
        "text Reference Status FromBankAccount.Code FromBankAccount.Name ToBankAccount.Code ToBankAccount.Name,"
        "guid FromBankAccount.AccountID ToBankAccount.AccountID FromBankTransactionID ToBankTransactionID,"
        "date Date CreatedDateUTC,number Amount CurrencyRate,bool HasAttachments FromIsReconciled ToIsReconciled",
        dated=False,
    ),
    archived=("Status", "DELETED"),
    archived_flag="includedeleted",
    dated=False,
)

_PAYMENT: Final = (
    Field("PaymentID", "guid"),
    object_of("Invoice", Field("InvoiceID", "guid"), text("InvoiceNumber", 255)),
    object_of("CreditNote", Field("CreditNoteID", "guid"), text("CreditNoteNumber", 255)),
    object_of("Prepayment", Field("PrepaymentID", "guid")),
    object_of("Overpayment", Field("OverpaymentID", "guid")),
    text("InvoiceNumber", 255),
    text("CreditNoteNumber", 255),
    _ACCOUNT,
    text("Code", 10),
    Field("Date", "date"),
    Field("CurrencyRate", "rate"),
    Field("Amount", "money"),
    text("Reference"),
    Field("IsReconciled", "bool"),
    choice("Status", "AUTHORISED", "DELETED"),
    text("BankAccountNumber"),
    text("Particulars"),
    text("Details"),
)

# https://developer.xero.com/documentation/api/accounting/payments
PAYMENTS: Final = Resource(
    name="Payments",
    item="Payment",
    id="PaymentID",
    accepts=_PAYMENT,
    columns=columns(
        "PaymentID",
        "text Status Reference PaymentType Invoice.InvoiceNumber Invoice.Contact.Name CreditNote.CreditNoteNumber"
        " Account.Code,"
        "guid Invoice.InvoiceID CreditNote.CreditNoteID Prepayment.PrepaymentID Overpayment.OverpaymentID"
        " Invoice.Contact.ContactID Account.AccountID BatchPayment.BatchPaymentID,"
        "date Date,number Amount BankAmount CurrencyRate,bool IsReconciled HasAccount",
    ),
    paged=True,
    indexed=("Invoice.InvoiceID",),
    error_flag="HasValidationErrors",
)

# https://developer.xero.com/documentation/api/accounting/batchpayments
BATCH_PAYMENTS: Final = Resource(
    name="BatchPayments",
    item="BatchPayment",
    id="BatchPaymentID",
    accepts=(
        Field("BatchPaymentID", "guid"),
        _ACCOUNT,
        text("Reference", 255),
        text("Particulars", 12),
        text("Code", 12),
        text("Details"),
        text("Narrative", 18),
        Field("Date", "date"),
        choice("Status", "AUTHORISED", "DELETED"),
        list_of("Payments", *_PAYMENT),
    ),
    columns=columns(
        "BatchPaymentID",
        "text Type Status Reference Account.Code,guid Account.AccountID,date Date,number TotalAmount,bool IsReconciled",
    ),
)


def _credit(item: str, *, number: str, lists: tuple[tuple[str, str], ...]) -> Resource:
    """Prepayments and overpayments: made by bank transactions, given to invoices."""
    return Resource(
        name=f"{item}s",
        item=item,
        id=f"{item}ID",
        columns=columns(
            f"{item}ID",
            f"text Type Status Reference CurrencyCode LineAmountTypes Contact.Name {number},"
            "guid Contact.ContactID BrandingThemeID,"
            "date Date,number SubTotal TotalTax Total RemainingCredit AppliedAmount CurrencyRate,bool HasAttachments",
        ),
        heavy=("Allocations", "Payments", "LineItems"),
        paged=True,
        lists=lists,
        indexed=("Contact.ContactID",),
    )


# https://developer.xero.com/documentation/api/accounting/prepayments
PREPAYMENTS: Final = _credit("Prepayment", number="InvoiceNumber", lists=(("invoicenumbers", "InvoiceNumber"),))
# https://developer.xero.com/documentation/api/accounting/overpayments
OVERPAYMENTS: Final = _credit("Overpayment", number="", lists=(("references", "Reference"),))

# https://developer.xero.com/documentation/api/accounting/manualjournals
MANUAL_JOURNALS: Final = Resource(
    name="ManualJournals",
    item="ManualJournal",
    id="ManualJournalID",
    accepts=(
        Field("ManualJournalID", "guid"),
        text("Narration"),
        list_of(
            "JournalLines",
            Field("LineAmount", "money"),
            text("AccountCode"),
            Field("AccountID", "guid"),
            text("Description"),
            text("TaxType"),
            TRACKING,
            Field("TaxAmount", "money"),
            Field("IsBlank", "bool"),
        ),
        Field("Date", "date"),
        LINE_AMOUNT_TYPES,
        choice("Status", "DRAFT", "POSTED", "DELETED", "VOIDED", "ARCHIVED"),
        text("Url"),
        Field("ShowOnCashBasisReports", "bool"),
    ),
    columns=columns(
        "ManualJournalID",
        "text Narration Status LineAmountTypes Url,date Date,bool ShowOnCashBasisReports HasAttachments",
    ),
    heavy=("JournalLines",),
    paged=True,
)

RESOURCES: Final = (
    BANK_TRANSACTIONS,
    BANK_TRANSFERS,
    PAYMENTS,
    BATCH_PAYMENTS,
    PREPAYMENTS,
    OVERPAYMENTS,
    MANUAL_JOURNALS,
)
