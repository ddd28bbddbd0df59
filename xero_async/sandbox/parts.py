"""The handlers of what hangs on documents: attachments, history, PDFs, allocations, groups, settings."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from .answers import Answer, data_refused, envelope, headed, not_found, rejected, too_large
from .contacts import set_membership
from .pdf import one_page
from .resources import (
    ALLOCATIONS,
    CONTACT_GROUPS,
    CONTACTS,
    CREDIT_NOTES,
    HISTORY_RECORDS,
    INVOICES,
    Resource,
)
from .rules import Rejected, allocate, deallocate, paid_type
from .store import Attachment, Note
from .values import (
    ZERO,
    Document,
    child,
    documents_in,
    dump_json,
    money_of,
    new_id,
    stored_ms,
    text_of,
    written_date,
    written_day,
)
from .whole import Call, Handler, Outcome, document_of, id_of, read_elements, save_each
from .work import USER, Work, by_id, first, put

# https://developer.xero.com/documentation/api/accounting/attachments
MOST_ATTACHMENTS: Final = 10
LARGEST_ATTACHMENT: Final = 10 * 1024 * 1024
LONGEST_NOTE: Final = 2500
_FORBIDDEN: Final = frozenset('<>:"/\\|?*')
_LONGEST_NAME: Final = 255
_URL: Final = "https://api.xero.com/api.xro/2.0"
_PLAIN: Final = "application/octet-stream"


# --------------------------------------------------------------------------------------------- attachments


def files_of(resource: Resource) -> dict[str, Handler]:
    """The handlers of a resource's attachments by operation, whose names follow from the resource's."""
    name = f"{resource.item}Attachment"
    return {
        f"get{name}s": attachments_listed(resource),
        f"get{name}ById": attachment_fetched(resource),
        f"get{name}ByFileName": attachment_fetched(resource),
        f"update{name}ByFileName": attachment_stored(resource),
        f"create{name}ByFileName": attachment_stored(resource),
    }


def attachments_listed(resource: Resource) -> Handler:
    """The files of a document."""

    def handle(call: Call) -> Answer:
        own = id_of(call, resource)
        shown = [_shown(resource, own, each) for each in call.store.attachments(call.tenant, own)]
        return envelope("Attachments", shown, call.now)

    return handle


def attachment_fetched(resource: Resource) -> Handler:
    """The bytes of a file, by its id or its name, with the content type that it came with."""

    def handle(call: Call) -> Answer:
        own = id_of(call, resource)
        wanted = {call.path.get("AttachmentID", "").lower(), call.path.get("FileName", "")} - {""}
        for each in call.store.attachments(call.tenant, own):
            if each.name in wanted or each.id in wanted:
                return Answer(200, call.store.content(call.tenant, own, each.id), each.mime)
        raise not_found()

    return handle


def attachment_stored(resource: Resource) -> Handler:
    """A file put under a name; one of the same name is overwritten and keeps its id."""

    def handle(call: Call) -> Answer:
        document = document_of(call, resource)
        own, name = text_of(document, resource.id), call.path.get("FileName", "")
        known = {each.name: each.id for each in call.store.attachments(call.tenant, own)}
        _check_attachment(call, name, known)
        mime = call.content_type.strip() or _PLAIN
        online = call.flag("includeonline") and "HasAttachments" in document
        attachment = Attachment(known.get(name) or new_id(), name, mime, len(call.body), online)
        with call.store.write():
            call.store.attach(call.tenant, own, attachment, call.body)
            put(
                call.work,
                resource,
                document | {"HasAttachments": True},
                "Attached a file",
                f"Attached the file {name}",
            )
        return envelope("Attachments", [_shown(resource, own, attachment)], call.now)

    return handle


def _check_attachment(call: Call, name: str, known: dict[str, str]) -> None:
    if len(call.body) > LARGEST_ATTACHMENT:
        raise too_large(f"An attachment may have at most {LARGEST_ATTACHMENT} bytes.")
    if not call.body:
        raise data_refused("An attachment needs a body.")
    if not name or len(name) > _LONGEST_NAME or _FORBIDDEN & set(name) or any(ord(sign) < 32 for sign in name):
        raise rejected(['The file name is empty, too long, or holds one of the characters < > : " / \\ | ? *'])
    if name not in known and len(known) >= MOST_ATTACHMENTS:
        raise rejected([f"A document can have at most {MOST_ATTACHMENTS} attachments."])


def _shown(resource: Resource, own: str, attachment: Attachment) -> bytes:
    return dump_json(
        {
            "AttachmentID": attachment.id,
            "FileName": attachment.name,
            "Url": f"{_URL}/{resource.name}/{own}/Attachments/{quote(attachment.name, safe='')}",
            "MimeType": attachment.mime,
            "ContentLength": attachment.size,
            "IncludeOnline": attachment.online,
        }
    )


# ------------------------------------------------------------------------------------------- history, PDFs


def history_listed(resource: Resource) -> Handler:
    """The history of a document, the newest record first."""

    def handle(call: Call) -> Answer:
        notes = call.store.notes(call.tenant, id_of(call, resource))
        return envelope(HISTORY_RECORDS.name, [_note_shown(note) for note in notes], call.now)

    return handle


def history_noted(resource: Resource) -> Handler:
    """Notes added to the history of a document."""

    def handle(call: Call) -> Answer:
        own = id_of(call, resource)

        def saved(sent: Document, given: Document) -> Outcome:
            details = text_of(given, "Details")
            if not details.strip():
                raise Rejected("Details must be specified for a history note.")
            note = Note(call.now, "Note", USER, details)
            call.store.note(call.tenant, own, [note])
            return Outcome(_note_shown(note), saved=True)

        return save_each(call, HISTORY_RECORDS, read_elements(call, HISTORY_RECORDS.name, "HistoryRecord"), saved)

    return handle


def _note_shown(note: Note) -> bytes:
    return dump_json(
        {
            "Changes": note.changes,
            "DateUTCString": written_day(note.at),
            "DateUTC": written_date(note.at),
            "User": note.user,
            "Details": note.details,
        }
    )


def printed(resource: Resource) -> Handler:
    """A document as a PDF of one page."""

    def handle(call: Call) -> Answer:
        document = document_of(call, resource)
        lines = [
            f"{resource.item} {text_of(document, resource.number)}",
            text_of(child(document, "Contact"), "Name"),
            text_of(document, "DateString")[:10],
            *(
                f"{text_of(line, 'Description')[:60]}  {money_of(line, 'LineAmount')}"
                for line in documents_in(document.get("LineItems"))[:30]
            ),
            f"Total {text_of(document, 'CurrencyCode')} {money_of(document, 'Total')}",
        ]
        return Answer(200, one_page(lines), "application/pdf")

    return handle


# --------------------------------------------------------------------------------------------- allocations


def allocated(credit: Resource) -> Handler:
    """Amounts of a credit note, a prepayment or an overpayment given to invoices."""

    def handle(call: Call) -> Answer:
        own = id_of(call, credit)

        def saved(sent: Document, given: Document) -> Outcome:
            note = call.store.get(credit, call.tenant, own) or {}
            invoice = _invoice(call.work, child(given, "Invoice"), paid_type(note))
            if "Amount" not in given:
                raise Rejected("Amount must be specified for an allocation.")
            # Whatever date is sent: https://developer.xero.com/documentation/api/accounting/creditnotes
            day = max(stored_ms(note.get("Date")) or 0, stored_ms(invoice.get("Date")) or 0)
            allocation = allocate(note, invoice, money_of(given, "Amount"), day, new_id(), credit)
            _put_both(call, credit, note, invoice, "Credit Applied")
            return Outcome(dump_json(allocation), saved=True)

        return save_each(call, ALLOCATIONS, read_elements(call, ALLOCATIONS.name, ALLOCATIONS.item), saved)

    return handle


def _invoice(work: Work, named: Document, kind: str) -> Document:
    """The invoice that an allocation names by its id, or by its number and the kind that fits."""
    invoice = by_id(work, INVOICES, named)
    number = text_of(named, "InvoiceNumber")
    if invoice is None and number:
        matched = first(work, INVOICES, '"InvoiceNumber" = ? AND "Type" = ?', number, kind)
        invoice = work.store.get(INVOICES, work.tenant, matched) if matched else None
    if invoice is None:
        raise Rejected("An existing Invoice must be specified for an allocation.")
    return invoice


def deallocated(credit: Resource) -> Handler:
    """One allocation taken back; the answer is the allocation itself."""

    def handle(call: Call) -> Answer:
        note = document_of(call, credit)
        wanted = call.path.get("AllocationID", "").lower()
        for allocation in documents_in(note.get("Allocations")):
            if allocation["AllocationID"] == wanted:
                invoice = call.store.get(INVOICES, call.tenant, text_of(child(allocation, "Invoice"), "InvoiceID"))
                assert invoice is not None
                with call.store.write():
                    deallocate(note, invoice, allocation, call.work.today, credit)
                    _put_both(call, credit, note, invoice, "Credit Removed")
                return headed(allocation | {"Amount": ZERO, "IsDeleted": True}, call.now)
        raise not_found()

    return handle


def _put_both(call: Call, credit: Resource, note: Document, invoice: Document, changes: str) -> None:
    put(call.work, INVOICES, invoice, changes)
    put(call.work, credit, note, changes)


credit_allocated: Final = allocated(CREDIT_NOTES)
credit_deallocated: Final = deallocated(CREDIT_NOTES)


# ---------------------------------------------------------------------------------------- groups, settings


def group_joined(call: Call) -> Answer:
    """Contacts put into a group."""
    group = document_of(call, CONTACT_GROUPS)

    def saved(sent: Document, given: Document) -> Outcome:
        contact = by_id(call.work, CONTACTS, given)
        if contact is None:
            raise Rejected("ContactID must be specified.")
        set_membership(call.work, group, contact, member=True)
        return Outcome(dump_json(contact), saved=True)

    return save_each(call, CONTACTS, read_elements(call, CONTACTS.name, CONTACTS.item), saved, echo_id=True)


def group_fetched(call: Call) -> Answer:
    """A group with the contacts that are in it."""
    group = document_of(call, CONTACT_GROUPS)
    contacts = [
        {"ContactID": contact["ContactID"], "Name": contact["Name"]}
        for contact_id in call.store.members_of(call.tenant, text_of(group, "ContactGroupID"))
        if (contact := call.store.get(CONTACTS, call.tenant, contact_id)) is not None
    ]
    return envelope(CONTACT_GROUPS.name, [dump_json(group | {"Contacts": contacts})], call.now)


def group_left(call: Call) -> Answer:
    """One contact taken out of a group."""
    group, contact = document_of(call, CONTACT_GROUPS), document_of(call, CONTACTS)
    shown = [text_of(each, "ContactGroupID") for each in documents_in(contact.get("ContactGroups"))]
    if group["ContactGroupID"] not in shown:
        raise not_found()
    with call.store.write():
        set_membership(call.work, group, contact, member=False)
    return Answer(204, b"")


def reminders(call: Call) -> Answer:
    """Whether invoice reminders are on; in a sandbox they always are."""
    return envelope("InvoiceReminders", [dump_json({"Enabled": True})], call.now)


def cis_settings(call: Call) -> Answer:
    """The CIS settings of a contact; no contact of a sandbox is under the scheme."""
    id_of(call, CONTACTS)
    return envelope("CISSettings", [dump_json({"CISEnabled": False, "Rate": ZERO})], call.now)
