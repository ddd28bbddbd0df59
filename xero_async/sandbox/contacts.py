"""The rules of contacts: unique by name among the active ones, found or made by name from other documents."""

from __future__ import annotations

import re
from typing import Final

from .catalogue import ALL_RESOURCES
from .resources import ADDRESS, CONTACTS, PHONE
from .rules import Rejected
from .store import handle_of
from .values import Document, documents_in, new_id, text_of
from .work import Change, Work, by_id, first, put

_ARCHIVED: Final = (
    "The specified contact details matched an archived contact."
    " Archived contacts cannot currently be edited via the API."
)
_ARCHIVED_FOR_DOCUMENTS: Final = (
    "The contact with the specified contact details has been archived."
    " The contact must be un-archived before creating new invoices or credit notes."
)
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE_TYPES: Final = ("DEFAULT", "DDI", "FAX", "MOBILE")
_ADDRESS_TYPES: Final = ("STREET", "POBOX")
_MOST_PERSONS: Final = 5


def match_contact(work: Work, given: Document) -> str | None:
    """The id of the contact that a ContactNumber or a Name means."""
    number = text_of(given, "ContactNumber")
    numbered = first(work, CONTACTS, '"ContactNumber" = ?', number) if number else None
    return numbered or _active_contact(work, given)


def _active_contact(work: Work, given: Document) -> str | None:
    handle = handle_of(CONTACTS, given)
    return first(work, CONTACTS, "handle = ? AND \"ContactStatus\" = 'ACTIVE'", handle) if handle else None


def new_contact(contact_id: str) -> Document:
    """A contact with nothing in it yet, its fields in Xero's order."""
    return {
        "ContactID": contact_id,
        "ContactStatus": "ACTIVE",
        "Name": "",
        "FirstName": "",
        "LastName": "",
        "EmailAddress": "",
        "BankAccountDetails": "",
        "Addresses": [
            _empty(ADDRESS[0].name, kind, ("City", "Region", "PostalCode", "Country")) for kind in _ADDRESS_TYPES
        ],
        "Phones": [_empty(PHONE[0].name, kind, [field.name for field in PHONE[1:]]) for kind in _PHONE_TYPES],
        "UpdatedDateUTC": "",
        "ContactGroups": [],
        "IsSupplier": False,
        "IsCustomer": False,
        "SalesTrackingCategories": [],
        "PurchasesTrackingCategories": [],
        "ContactPersons": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
    }


def _empty(type_field: str, kind: str, others: tuple[str, ...] | list[str]) -> Document:
    return {type_field: kind, **dict.fromkeys(others, "")}


def merge_typed(kept: list[Document], sent: list[Document], type_field: str, default: str) -> list[Document]:
    """Addresses or phones: each sent one is laid over the kept one of its type."""
    merged = {text_of(each, type_field): each for each in kept}
    for each in sent:
        kind = text_of(each, type_field) or default
        merged[kind] = merged.get(kind, {}) | each | {type_field: kind}
    return list(merged.values())


def save_contact(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of contacts."""
    if existing and text_of(existing, "ContactStatus") == "ARCHIVED" and "ContactStatus" not in given:
        raise Rejected(_ARCHIVED)
    base = existing or new_contact(new_id())
    contact = base | given | {"ContactID": base["ContactID"]}
    contact["Name"] = text_of(contact, "Name").strip()
    contact["Addresses"] = merge_typed(
        documents_in(base["Addresses"]), documents_in(given.get("Addresses")), "AddressType", "POBOX"
    )
    contact["Phones"] = merge_typed(
        documents_in(base["Phones"]), documents_in(given.get("Phones")), "PhoneType", "DEFAULT"
    )
    _check_contact(work, contact)
    if existing and text_of(existing, "Name") != contact["Name"]:
        _rename(work, contact)
    return Change(contact)


def _check_contact(work: Work, contact: Document) -> None:
    name, number = text_of(contact, "Name"), text_of(contact, "ContactNumber")
    problems: list[str] = []
    if not name:
        problems.append("The contact name must be specified.")
    elif text_of(contact, "ContactStatus") == "ACTIVE" and _active_contact(work, contact) not in (
        None,
        contact["ContactID"],
    ):
        problems.append(
            f"The contact name {name} is already assigned to another contact."
            " The contact name must be unique across all active contacts."
        )
    if number and first(work, CONTACTS, '"ContactNumber" = ?', number) not in (None, contact["ContactID"]):
        problems.append(
            f"The contact number {number} is already assigned to another contact. The contact number must be unique."
        )
    people = documents_in(contact.get("ContactPersons"))
    if len(people) > _MOST_PERSONS:
        problems.append(f"A contact can have at most {_MOST_PERSONS} contact persons.")
    addresses = [text_of(each, "EmailAddress") for each in (contact, *people)]
    problems += [
        f"The email address {each[:80]} is not valid." for each in addresses if each and not _EMAIL.fullmatch(each)
    ]
    if problems:
        raise Rejected(*problems)


def contact_shown(contact: Document) -> Document:
    """A contact as it stands inside other documents."""
    number: Document = {"ContactNumber": contact["ContactNumber"]} if contact.get("ContactNumber") else {}
    return {
        "ContactID": contact["ContactID"],
        **number,
        "Name": contact["Name"],
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def _rename(work: Work, contact: Document) -> None:
    """Shows a contact's new name in its documents; their change dates stay."""
    for resource in (each for each in ALL_RESOURCES if each.column("Contact.ContactID")):
        for document_id in work.store.find(
            resource, work.tenant, '"Contact.ContactID" = ?', text_of(contact, "ContactID")
        ):
            document = work.store.get(resource, work.tenant, document_id)
            if document is not None:
                work.store.replace(resource, work.tenant, document | {"Contact": contact_shown(contact)})


def find_or_create_contact(work: Work, given: Document) -> Document:
    """The contact that a document names, by ContactID, ContactNumber, then Name; made when the name is new."""
    if not any(text_of(given, name).strip() for name in ("ContactID", "ContactNumber", "Name")):
        raise Rejected("A Contact must be specified for this type of transaction")
    contact = by_id(work, CONTACTS, given)
    if contact is None and (named := match_contact(work, given)):
        contact = work.store.get(CONTACTS, work.tenant, named)
    if contact is None:
        contact = save_contact(work, None, given).document
        put(work, CONTACTS, contact, "Created")
    if text_of(contact, "ContactStatus") == "ARCHIVED":
        raise Rejected(_ARCHIVED_FOR_DOCUMENTS)
    return contact


def set_membership(work: Work, group: Document, contact: Document, *, member: bool) -> None:
    """Puts a contact into a group or takes it out; the contact shows its groups."""
    group_id = text_of(group, "ContactGroupID")
    groups = [each for each in documents_in(contact.get("ContactGroups")) if each["ContactGroupID"] != group_id]
    if member:
        groups.append({name: group[name] for name in ("ContactGroupID", "Name", "Status")})
        work.store.join(work.tenant, [(group_id, text_of(contact, "ContactID"))])
    else:
        work.store.leave(work.tenant, group_id, text_of(contact, "ContactID"))
    contact["ContactGroups"] = groups
    put(
        work,
        CONTACTS,
        contact,
        "Edited",
        f"{'Added to' if member else 'Removed from'} {text_of(group, 'Name')}",
    )


def show_group(work: Work, group: Document) -> None:
    """Shows a group's new name in its contacts; a deleted group loses them."""
    for contact_id in work.store.members_of(work.tenant, text_of(group, "ContactGroupID")):
        contact = work.store.get(CONTACTS, work.tenant, contact_id)
        if contact is not None:
            set_membership(work, group, contact, member=group["Status"] == "ACTIVE")


def mark_traded(work: Work, contact: Document, *, sold: bool) -> None:
    """Marks a contact as a customer or a supplier; its change date stays."""
    flag = "IsCustomer" if sold else "IsSupplier"
    if contact.get(flag) is not True:
        work.store.replace(CONTACTS, work.tenant, contact | {flag: True})
