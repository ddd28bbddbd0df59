"""The Accounting API at a glance: a class for each resource, a line for each operation.

The first word of a line is the verb in Python, the first argument the operation's id in Xero's API description. Then
come the record that it is about and the struct whose fields are its keywords. A resource names the family of scopes
that opens it; `under` names another for a line. Resources follow the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import models as m
from ..wire.answers import read_nothing, read_one, read_record
from ..wire.operation import Operation
from . import parameters as p
from .many import many
from .rows import Resource, operations_of
from .table import (
    batch,
    batch_below,
    document,
    email,
    erase,
    erase_in_body,
    erase_many,
    exchange,
    fetch,
    fetch_by_number,
    file_below,
    note_below,
    pages,
    pages_below,
    post_below,
    post_one,
    put_below,
    put_one,
    remove,
    remove_below,
    report,
    saved,
    upload_below,
)

__all__ = ["Accounting", "operations"]


# -- groups that repeat ---------------------------------------------------------------------------------------------


class Attachments(Resource, path="/Attachments", scope="attachments"):
    """The files of a document, and their bytes."""

    list = pages_below("get{}Attachments", m.Attachment, p.Plain)
    get = file_below("get{}AttachmentById", p.Download, "/{AttachmentID}")
    get_by_name = file_below("get{}AttachmentByFileName", p.Download, "/{FileName}")
    save = saved(get)
    save_by_name = saved(get_by_name)
    upload = upload_below("create{}AttachmentByFileName", "PUT", m.Attachment, p.Upload, "/{FileName}")
    replace = upload_below("update{}AttachmentByFileName", "POST", m.Attachment, p.Upload, "/{FileName}")


class OnlineAttachments(Attachments):
    """The files of a document that its customer may see online."""

    upload = upload_below("create{}AttachmentByFileName", "PUT", m.Attachment, p.OnlineUpload, "/{FileName}")


class History(Resource, path="/History"):
    """Notes and changes of a document."""

    list = pages_below("{0}", m.HistoryRecord, p.Plain)
    add = note_below("{1}", p.Keyed)


class Allocations(Resource, path="/Allocations"):
    """What of a credit is set against which invoices."""

    create = batch_below("{0}", m.Allocation, p.Batch, "")
    delete = remove_below("{1}", read_record(m.Allocation), p.Plain, "/{AllocationID}", returns=m.Allocation)


class BrandingPaymentServices(Resource, path="/PaymentServices", scope="paymentservices"):
    """The ways to pay that a branding theme offers."""

    list = pages_below("getBrandingThemePaymentServices", m.PaymentService, p.Plain)
    add = batch_below("createBrandingThemePaymentServices", m.PaymentService, p.Keyed, "", method="POST")


class TrackingOptions(Resource, path="/Options"):
    """The values of a tracking category."""

    create = put_below("createTrackingOptions", m.TrackingOption, p.Keyed)
    update = post_below("updateTrackingOptions", m.TrackingOption, p.Keyed, "/{TrackingOptionID}")
    delete = remove_below(
        "deleteTrackingOptions",
        read_one(m.TrackingOption),
        p.Plain,
        "/{TrackingOptionID}",
        returns=m.TrackingOptions,
    )


# -- resources ------------------------------------------------------------------------------------------------------


class Accounts(Resource, path="/Accounts", id_name="AccountID", scope="settings"):
    """The chart of accounts."""

    list = pages("getAccounts", m.Account, p.ModifiedQuery)
    get = fetch("getAccount", m.Account, p.Plain)
    create = put_one("createAccount", m.Account, p.Keyed)
    update = post_one("updateAccount", m.Account, p.Keyed)
    delete = remove("deleteAccount", read_one(m.Account), p.Plain, returns=m.Accounts)
    attachments = Attachments("Account")


class BankTransactions(Resource, path="/BankTransactions", id_name="BankTransactionID", scope="banktransactions"):
    """Money spent or received straight from bank accounts."""

    list = pages("getBankTransactions", m.BankTransaction, p.ExactPagedQuery)
    get = fetch("getBankTransaction", m.BankTransaction, p.Exact)
    create = batch("createBankTransactions", "PUT", m.BankTransaction, p.ExactBatch)
    create_many = many(create)
    upsert = batch("updateOrCreateBankTransactions", "POST", m.BankTransaction, p.ExactBatch)
    update = post_one("updateBankTransaction", m.BankTransaction, p.ExactKeyed)
    attachments = Attachments("BankTransaction")
    history = History("getBankTransactionsHistory", "createBankTransactionHistoryRecord")


class BankTransfers(Resource, path="/BankTransfers", id_name="BankTransferID", scope="banktransactions"):
    """Money moved between bank accounts."""

    list = pages("getBankTransfers", m.BankTransfer, p.BankTransferQuery)
    get = fetch("getBankTransfer", m.BankTransfer, p.Plain)
    create = batch("createBankTransfer", "PUT", m.BankTransfer, p.Keyed)
    create_many = many(create)
    delete = erase("deleteBankTransfer", m.BankTransferDeleteByUrlParam, m.BankTransfer, p.Keyed)
    delete_many = erase_many("deleteBankTransfers", m.BankTransferDelete, m.BankTransfer, p.Batch)
    attachments = Attachments("BankTransfer")
    history = History("getBankTransferHistory", "createBankTransferHistoryRecord")


class BatchPayments(Resource, path="/BatchPayments", id_name="BatchPaymentID", scope="payments"):
    """Many payments in one line of a bank statement."""

    list = pages("getBatchPayments", m.BatchPayment, p.ModifiedQuery)
    get = fetch("getBatchPayment", m.BatchPayment, p.Plain)
    create = batch("createBatchPayment", "PUT", m.BatchPayment, p.Batch)
    create_many = many(create)
    delete = erase("deleteBatchPaymentByUrlParam", m.BatchPaymentDeleteByUrlParam, m.BatchPayment, p.Keyed)
    delete_in_body = erase_in_body("deleteBatchPayment", m.BatchPaymentDelete, m.BatchPayment, p.Keyed)
    history = History("getBatchPaymentHistory", "createBatchPaymentHistoryRecord")


class BrandingThemes(Resource, path="/BrandingThemes", id_name="BrandingThemeID", scope="settings"):
    """How printed documents look."""

    list = pages("getBrandingThemes", m.BrandingTheme, p.Plain)
    get = fetch("getBrandingTheme", m.BrandingTheme, p.Plain)
    payment_services = BrandingPaymentServices()


class Budgets(Resource, path="/Budgets", id_name="BudgetID", scope="budgets"):
    """Budgets, month by month."""

    list = pages("getBudgets", m.Budget, p.BudgetQuery)
    get = fetch("getBudget", m.Budget, p.BudgetDates)


class ContactGroups(Resource, path="/ContactGroups", id_name="ContactGroupID", scope="contacts"):
    """Named groups of contacts."""

    list = pages("getContactGroups", m.ContactGroup, p.Query)
    get = fetch("getContactGroup", m.ContactGroup, p.Plain)
    create = batch("createContactGroup", "PUT", m.ContactGroup, p.Keyed)
    create_many = many(create)
    update = post_one("updateContactGroup", m.ContactGroup, p.Keyed)
    add_contacts = batch_below("createContactGroupContacts", m.Contact, p.Keyed, "/{}/Contacts")
    remove_contact = remove_below("deleteContactGroupContact", read_nothing, p.Plain, "/{}/Contacts/{ContactID}")
    remove_all_contacts = remove("deleteContactGroupContacts", read_nothing, p.Plain, "/{}/Contacts")


class Contacts(Resource, path="/Contacts", id_name="ContactID", scope="contacts"):
    """Customers and suppliers."""

    list = pages("getContacts", m.Contact, p.ContactQuery)
    get = fetch("getContact", m.Contact, p.Plain)
    get_by_number = fetch("getContactByContactNumber", m.Contact, p.Plain, "/{ContactNumber}")
    create = batch("createContacts", "PUT", m.Contact, p.Batch)
    create_many = many(create)
    upsert = batch("updateOrCreateContacts", "POST", m.Contact, p.Batch)
    update = post_one("updateContact", m.Contact, p.Keyed)
    cis_settings = fetch("getContactCISSettings", m.CISSetting, p.Plain, "/{}/CISSettings").under("settings")
    attachments = Attachments("Contact")
    history = History("getContactHistory", "createContactHistory")


class CreditNotes(Resource, path="/CreditNotes", id_name="CreditNoteID", scope="invoices"):
    """Credit given to customers and by suppliers."""

    list = pages("getCreditNotes", m.CreditNote, p.ExactPagedQuery)
    get = fetch("getCreditNote", m.CreditNote, p.Exact)
    create = batch("createCreditNotes", "PUT", m.CreditNote, p.ExactBatch)
    create_many = many(create)
    upsert = batch("updateOrCreateCreditNotes", "POST", m.CreditNote, p.ExactBatch)
    update = post_one("updateCreditNote", m.CreditNote, p.ExactKeyed)
    pdf = document("getCreditNoteAsPdf", p.Plain)
    save_pdf = saved(pdf)
    allocations = Allocations("createCreditNoteAllocation", "deleteCreditNoteAllocations")
    attachments = OnlineAttachments("CreditNote")
    history = History("getCreditNoteHistory", "createCreditNoteHistory")


class Currencies(Resource, path="/Currencies", scope="settings"):
    """The currencies that the organisation has switched on."""

    list = pages("getCurrencies", m.Currency, p.Query)
    create = put_one("createCurrency", m.Currency, p.Keyed)


class Employees(Resource, path="/Employees", id_name="EmployeeID"):
    """People who can be paid."""

    list = pages("getEmployees", m.Employee, p.ModifiedQuery)
    get = fetch("getEmployee", m.Employee, p.Plain)
    create = batch("createEmployees", "PUT", m.Employee, p.Batch)
    create_many = many(create)
    upsert = batch("updateOrCreateEmployees", "POST", m.Employee, p.Batch)


class ExpenseClaims(Resource, path="/ExpenseClaims", id_name="ExpenseClaimID", scope="classicexpenses"):
    """Claims of users for what they spent."""

    list = pages("getExpenseClaims", m.ExpenseClaim, p.ModifiedQuery)
    get = fetch("getExpenseClaim", m.ExpenseClaim, p.Plain)
    create = batch("createExpenseClaims", "PUT", m.ExpenseClaim, p.Keyed)
    create_many = many(create)
    update = post_one("updateExpenseClaim", m.ExpenseClaim, p.Keyed)
    history = History("getExpenseClaimHistory", "createExpenseClaimHistory")


class InvoiceReminders(Resource, path="/InvoiceReminders/Settings", scope="settings"):
    """Whether Xero reminds customers of unpaid invoices."""

    list = pages("getInvoiceReminders", m.InvoiceReminder, p.Plain)


class Invoices(Resource, path="/Invoices", id_name="InvoiceID", scope="invoices"):
    """Sales invoices and bills."""

    list = pages("getInvoices", m.Invoice, p.InvoiceQuery)
    get = fetch("getInvoice", m.Invoice, p.Exact)
    create = batch("createInvoices", "PUT", m.Invoice, p.ExactBatch)
    create_many = many(create)
    upsert = batch("updateOrCreateInvoices", "POST", m.Invoice, p.ExactBatch)
    update = post_one("updateInvoice", m.Invoice, p.ExactKeyed)
    email = email("emailInvoice", m.RequestEmpty, p.Keyed)
    online = fetch("getOnlineInvoice", m.OnlineInvoice, p.Plain, "/{}/OnlineInvoice")
    pdf = document("getInvoiceAsPdf", p.Plain)
    save_pdf = saved(pdf)
    attachments = OnlineAttachments("Invoice")
    history = History("getInvoiceHistory", "createInvoiceHistory")


class Items(Resource, path="/Items", id_name="ItemID", scope="items"):
    """What is bought and sold."""

    list = pages("getItems", m.Item, p.ExactModifiedQuery)
    get = fetch("getItem", m.Item, p.Exact)
    create = batch("createItems", "PUT", m.Item, p.ExactBatch)
    create_many = many(create)
    upsert = batch("updateOrCreateItems", "POST", m.Item, p.ExactBatch)
    update = post_one("updateItem", m.Item, p.ExactKeyed)
    delete = remove("deleteItem", read_nothing, p.Plain)
    history = History("getItemHistory", "createItemHistory")


class Journals(Resource, path="/Journals", id_name="JournalID", scope="journals"):
    """The general ledger."""

    list = pages("getJournals", m.Journal, p.JournalQuery)
    get = fetch("getJournal", m.Journal, p.Plain)
    get_by_number = fetch_by_number("getJournalByNumber", m.Journal, p.Plain, "/{JournalNumber}")


class LinkedTransactions(Resource, path="/LinkedTransactions", id_name="LinkedTransactionID", scope="invoices"):
    """Billable expenses: lines of bills that customers are to pay for."""

    list = pages("getLinkedTransactions", m.LinkedTransaction, p.LinkedTransactionQuery)
    get = fetch("getLinkedTransaction", m.LinkedTransaction, p.Plain)
    create = put_one("createLinkedTransaction", m.LinkedTransaction, p.Keyed)
    update = post_one("updateLinkedTransaction", m.LinkedTransaction, p.Keyed)
    delete = remove("deleteLinkedTransaction", read_nothing, p.Plain)


class ManualJournals(Resource, path="/ManualJournals", id_name="ManualJournalID", scope="manualjournals"):
    """Journals that users write."""

    list = pages("getManualJournals", m.ManualJournal, p.PagedQuery)
    get = fetch("getManualJournal", m.ManualJournal, p.Plain)
    create = batch("createManualJournals", "PUT", m.ManualJournal, p.Batch)
    create_many = many(create)
    upsert = batch("updateOrCreateManualJournals", "POST", m.ManualJournal, p.Batch)
    update = post_one("updateManualJournal", m.ManualJournal, p.Keyed)
    attachments = Attachments("ManualJournal")
    history = History("getManualJournalsHistory", "createManualJournalHistoryRecord")


class Organisations(Resource, path="/Organisation", id_name="OrganisationID", scope="settings"):
    """The organisation itself."""

    list = pages("getOrganisations", m.Organisation, p.Plain)
    actions = pages("getOrganisationActions", m.Action, p.Plain, "/Actions")
    cis_settings = fetch("getOrganisationCISSettings", m.CISOrgSetting, p.Plain, "/{}/CISSettings")


class Overpayments(Resource, path="/Overpayments", id_name="OverpaymentID", scope="payments"):
    """Money paid beyond what was due."""

    list = pages("getOverpayments", m.Overpayment, p.OverpaymentQuery)
    get = fetch("getOverpayment", m.Overpayment, p.Plain)
    allocations = Allocations("createOverpaymentAllocations", "deleteOverpaymentAllocations")
    history = History("getOverpaymentHistory", "createOverpaymentHistory")


class Payments(Resource, path="/Payments", id_name="PaymentID", scope="payments"):
    """Money paid against documents."""

    list = pages("getPayments", m.Payment, p.PagedQuery)
    get = fetch("getPayment", m.Payment, p.Plain)
    create = batch("createPayments", "PUT", m.Payment, p.Batch)
    create_many = many(create)
    create_one = put_one("createPayment", m.Payment, p.Keyed, method="POST")
    delete = erase("deletePayment", m.PaymentDelete, m.Payment, p.Keyed)
    history = History("getPaymentHistory", "createPaymentHistory")


class PaymentServices(Resource, path="/PaymentServices", scope="paymentservices"):
    """Ways for customers to pay online."""

    list = pages("getPaymentServices", m.PaymentService, p.Plain)
    create = batch("createPaymentService", "PUT", m.PaymentService, p.Keyed)
    create_many = many(create)


class Prepayments(Resource, path="/Prepayments", id_name="PrepaymentID", scope="payments"):
    """Money paid before there was an invoice."""

    list = pages("getPrepayments", m.Prepayment, p.PrepaymentQuery)
    get = fetch("getPrepayment", m.Prepayment, p.Plain)
    allocations = Allocations("createPrepaymentAllocations", "deletePrepaymentAllocations")
    history = History("getPrepaymentHistory", "createPrepaymentHistory")


class PurchaseOrders(Resource, path="/PurchaseOrders", id_name="PurchaseOrderID", scope="invoices"):
    """Orders to suppliers."""

    list = pages("getPurchaseOrders", m.PurchaseOrder, p.PurchaseOrderQuery)
    get = fetch("getPurchaseOrder", m.PurchaseOrder, p.Plain)
    get_by_number = fetch("getPurchaseOrderByNumber", m.PurchaseOrder, p.Plain, "/{PurchaseOrderNumber}")
    create = batch("createPurchaseOrders", "PUT", m.PurchaseOrder, p.Batch)
    create_many = many(create)
    upsert = batch("updateOrCreatePurchaseOrders", "POST", m.PurchaseOrder, p.Batch)
    update = post_one("updatePurchaseOrder", m.PurchaseOrder, p.Keyed)
    pdf = document("getPurchaseOrderAsPdf", p.Plain)
    save_pdf = saved(pdf)
    attachments = Attachments("PurchaseOrder")
    history = History("getPurchaseOrderHistory", "createPurchaseOrderHistory")


class Quotes(Resource, path="/Quotes", id_name="QuoteID", scope="invoices"):
    """Offers to customers."""

    list = pages("getQuotes", m.Quote, p.QuoteQuery)
    get = fetch("getQuote", m.Quote, p.Plain)
    create = batch("createQuotes", "PUT", m.Quote, p.Batch)
    create_many = many(create)
    upsert = batch("updateOrCreateQuotes", "POST", m.Quote, p.Batch)
    update = post_one("updateQuote", m.Quote, p.Keyed)
    pdf = document("getQuoteAsPdf", p.Plain)
    save_pdf = saved(pdf)
    attachments = Attachments("Quote")
    history = History("getQuoteHistory", "createQuoteHistory")


class Receipts(Resource, path="/Receipts", id_name="ReceiptID", scope="classicexpenses"):
    """What users spent, line by line."""

    list = pages("getReceipts", m.Receipt, p.ExactModifiedQuery)
    get = fetch("getReceipt", m.Receipt, p.Exact)
    create = batch("createReceipt", "PUT", m.Receipt, p.ExactKeyed)
    create_many = many(create)
    update = post_one("updateReceipt", m.Receipt, p.ExactKeyed)
    attachments = Attachments("Receipt")
    history = History("getReceiptHistory", "createReceiptHistory")


class RepeatingInvoices(Resource, path="/RepeatingInvoices", id_name="RepeatingInvoiceID", scope="invoices"):
    """Templates from which invoices are made on a schedule."""

    list = pages("getRepeatingInvoices", m.RepeatingInvoice, p.Query)
    get = fetch("getRepeatingInvoice", m.RepeatingInvoice, p.Plain)
    create = batch("createRepeatingInvoices", "PUT", m.RepeatingInvoice, p.Batch)
    create_many = many(create)
    upsert = batch("updateOrCreateRepeatingInvoices", "POST", m.RepeatingInvoice, p.Batch)
    update = post_one("updateRepeatingInvoice", m.RepeatingInvoice, p.Keyed)
    attachments = Attachments("RepeatingInvoice")
    history = History("getRepeatingInvoiceHistory", "createRepeatingInvoiceHistory")


class Reports(Resource, path="/Reports", scope="taxreports"):
    """Reports, as rows of cells."""

    list = pages("getReportsList", m.ReportWithRow, p.Plain)
    get = fetch("getReportFromId", m.ReportWithRow, p.Plain, "/{ReportID}")
    aged_payables_by_contact = report("getReportAgedPayablesByContact", p.AgedQuery, "aged")
    aged_receivables_by_contact = report("getReportAgedReceivablesByContact", p.AgedQuery, "aged")
    balance_sheet = report("getReportBalanceSheet", p.BalanceSheetQuery, "balancesheet")
    bank_summary = report("getReportBankSummary", p.PeriodQuery, "banksummary")
    budget_summary = report("getReportBudgetSummary", p.BudgetSummaryQuery, "budgetsummary")
    executive_summary = report("getReportExecutiveSummary", p.DateQuery, "executivesummary")
    profit_and_loss = report("getReportProfitAndLoss", p.ProfitAndLossQuery, "profitandloss")
    trial_balance = report("getReportTrialBalance", p.TrialBalanceQuery, "trialbalance")
    ten_ninety_nine = pages("getReportTenNinetyNine", m.Report, p.TenNinetyNineQuery, "/TenNinetyNine").under("1099")


class TaxRates(Resource, path="/TaxRates", scope="settings"):
    """Rates of tax."""

    list = pages("getTaxRates", m.TaxRate, p.Query)
    get = fetch("getTaxRateByTaxType", m.TaxRate, p.Plain, "/{TaxType}")
    create = batch("createTaxRates", "PUT", m.TaxRate, p.Keyed)
    create_many = many(create)
    update = batch("updateTaxRate", "POST", m.TaxRate, p.Keyed)


class TrackingCategories(Resource, path="/TrackingCategories", id_name="TrackingCategoryID", scope="settings"):
    """Dimensions by which lines are told apart."""

    list = pages("getTrackingCategories", m.TrackingCategory, p.TrackingQuery)
    get = fetch("getTrackingCategory", m.TrackingCategory, p.Plain)
    create = put_one("createTrackingCategory", m.TrackingCategory, p.Keyed)
    update = post_one("updateTrackingCategory", m.TrackingCategory, p.Keyed, bare=True)
    delete = remove("deleteTrackingCategory", read_one(m.TrackingCategory), p.Plain, returns=m.TrackingCategories)
    options = TrackingOptions()


class Users(Resource, path="/Users", id_name="UserID", scope="settings"):
    """People with a login to the organisation."""

    list = pages("getUsers", m.User, p.ModifiedQuery)
    get = fetch("getUser", m.User, p.Plain)


class Accounting(Resource):
    """Everything that a tenant keeps in the Accounting API."""

    setup = exchange("postSetup", m.Setup, m.ImportSummaryObject, p.Keyed, "/Setup").under("settings")
    accounts = Accounts()
    bank_transactions = BankTransactions()
    bank_transfers = BankTransfers()
    batch_payments = BatchPayments()
    branding_themes = BrandingThemes()
    budgets = Budgets()
    contact_groups = ContactGroups()
    contacts = Contacts()
    credit_notes = CreditNotes()
    currencies = Currencies()
    employees = Employees()
    expense_claims = ExpenseClaims()
    invoice_reminders = InvoiceReminders()
    invoices = Invoices()
    items = Items()
    journals = Journals()
    linked_transactions = LinkedTransactions()
    manual_journals = ManualJournals()
    organisations = Organisations()
    overpayments = Overpayments()
    payments = Payments()
    payment_services = PaymentServices()
    prepayments = Prepayments()
    purchase_orders = PurchaseOrders()
    quotes = Quotes()
    receipts = Receipts()
    repeating_invoices = RepeatingInvoices()
    reports = Reports()
    tax_rates = TaxRates()
    tracking_categories = TrackingCategories()
    users = Users()


def operations() -> Iterator[Operation[Any]]:
    """Every operation of the Accounting API, in the order of the table."""
    return operations_of(Accounting)
