"""The Accounting API at a glance: a class for each resource, a line for each operation.

The first word of a line is the verb in Python, the first argument the operation's id in Xero's API description. Then
come the record that it is about and the struct whose fields are its keywords.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..models import (
    Allocation,
    Attachment,
    CISSetting,
    Contact,
    CreditNote,
    Currency,
    Employee,
    ExpenseClaim,
    HistoryRecord,
    Invoice,
    InvoiceReminder,
)
from ..wire.answers import read_nothing, read_record
from ..wire.operation import Operation
from .parameters import (
    Batch,
    ContactQuery,
    CreditNoteQuery,
    Download,
    Exact,
    ExactBatch,
    ExactKeyed,
    InvoiceQuery,
    Keyed,
    ModifiedQuery,
    OnlineUpload,
    Plain,
    Query,
    Upload,
)
from .table import (
    Resource,
    batch,
    batch_below,
    create,
    delete_below,
    document,
    fetch,
    file_below,
    note_below,
    operations_of,
    pages,
    pages_below,
    update,
    upload_below,
)

__all__ = ["Accounting", "operations"]


# -- groups that repeat ---------------------------------------------------------------------------------------------


class AttachmentList(Resource, path="/Attachments"):
    """The files of a document."""

    list = pages_below("get{}Attachments", Attachment, Plain)


class Attachments(AttachmentList):
    """The files of a document, and their bytes."""

    get = file_below("get{}AttachmentById", Download, "/{AttachmentID}")
    get_by_name = file_below("get{}AttachmentByFileName", Download, "/{FileName}")
    upload = upload_below("create{}AttachmentByFileName", "PUT", Attachment, Upload, "/{FileName}")
    replace = upload_below("update{}AttachmentByFileName", "POST", Attachment, Upload, "/{FileName}")


class OnlineAttachments(Attachments):
    """The files of a document that its customer may see online."""

    upload = upload_below("create{}AttachmentByFileName", "PUT", Attachment, OnlineUpload, "/{FileName}")


class History(Resource, path="/History"):
    """Notes and changes of a document."""

    list = pages_below("{0}", HistoryRecord, Plain)
    add = note_below("{1}", Keyed)


class Allocations(Resource, path="/Allocations"):
    """What of a credit is set against which invoices."""

    create = batch_below("create{}Allocation", Allocation, Batch, "")
    delete = delete_below("delete{}Allocations", read_record(Allocation), Plain, "/{AllocationID}", returns=Allocation)


# -- resources ------------------------------------------------------------------------------------------------------


class ContactGroups(Resource, path="/ContactGroups", id_name="ContactGroupID"):
    """Named groups of contacts."""

    add_contacts = batch_below("createContactGroupContacts", Contact, Keyed, "/{}/Contacts")
    remove_contact = delete_below("deleteContactGroupContact", read_nothing, Plain, "/{}/Contacts/{ContactID}")


class Contacts(Resource, path="/Contacts", id_name="ContactID"):
    """Customers and suppliers."""

    list = pages("getContacts", Contact, ContactQuery)
    get = fetch("getContact", Contact, Plain)
    get_by_number = fetch("getContactByContactNumber", Contact, Plain, "/{ContactNumber}")
    create = batch("createContacts", "PUT", Contact, Batch)
    upsert = batch("updateOrCreateContacts", "POST", Contact, Batch)
    update = update("updateContact", Contact, Keyed)
    cis_settings = fetch("getContactCISSettings", CISSetting, Plain, "/{}/CISSettings")
    attachments = Attachments("Contact")
    history = History("getContactHistory", "createContactHistory")


class CreditNotes(Resource, path="/CreditNotes", id_name="CreditNoteID"):
    """Credit given to customers and by suppliers."""

    list = pages("getCreditNotes", CreditNote, CreditNoteQuery)
    get = fetch("getCreditNote", CreditNote, Exact)
    create = batch("createCreditNotes", "PUT", CreditNote, ExactBatch)
    upsert = batch("updateOrCreateCreditNotes", "POST", CreditNote, ExactBatch)
    update = update("updateCreditNote", CreditNote, ExactKeyed)
    pdf = document("getCreditNoteAsPdf", Plain)
    allocations = Allocations("CreditNote")
    attachments = OnlineAttachments("CreditNote")
    history = History("getCreditNoteHistory", "createCreditNoteHistory")


class Currencies(Resource, path="/Currencies"):
    """The currencies that the organisation has switched on."""

    list = pages("getCurrencies", Currency, Query)
    create = create("createCurrency", Currency, Keyed)


class Employees(Resource, path="/Employees", id_name="EmployeeID"):
    """People who can be paid."""

    list = pages("getEmployees", Employee, ModifiedQuery)
    get = fetch("getEmployee", Employee, Plain)
    create = batch("createEmployees", "PUT", Employee, Batch)
    upsert = batch("updateOrCreateEmployees", "POST", Employee, Batch)


class ExpenseClaims(Resource, path="/ExpenseClaims", id_name="ExpenseClaimID"):
    """Claims of users for what they spent."""

    list = pages("getExpenseClaims", ExpenseClaim, ModifiedQuery)
    get = fetch("getExpenseClaim", ExpenseClaim, Plain)
    create = batch("createExpenseClaims", "PUT", ExpenseClaim, Keyed)
    update = update("updateExpenseClaim", ExpenseClaim, Keyed)
    history = History("getExpenseClaimHistory", "createExpenseClaimHistory")


class InvoiceReminders(Resource, path="/InvoiceReminders/Settings"):
    """Whether Xero reminds customers of unpaid invoices."""

    list = pages("getInvoiceReminders", InvoiceReminder, Plain)


class Invoices(Resource, path="/Invoices", id_name="InvoiceID"):
    """Sales invoices and bills."""

    list = pages("getInvoices", Invoice, InvoiceQuery)
    get = fetch("getInvoice", Invoice, Exact)
    create = batch("createInvoices", "PUT", Invoice, ExactBatch)
    upsert = batch("updateOrCreateInvoices", "POST", Invoice, ExactBatch)
    update = update("updateInvoice", Invoice, ExactKeyed)
    attachments = AttachmentList("Invoice")


class Accounting(Resource):
    """Everything that a tenant keeps in the Accounting API."""

    contact_groups = ContactGroups()
    contacts = Contacts()
    credit_notes = CreditNotes()
    currencies = Currencies()
    employees = Employees()
    expense_claims = ExpenseClaims()
    invoice_reminders = InvoiceReminders()
    invoices = Invoices()


def operations() -> Iterator[Operation[Any]]:
    """Every operation of the Accounting API that this package covers, in the order of the table."""
    return operations_of(Accounting)
