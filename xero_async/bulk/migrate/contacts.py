"""A contact of v1 as one of today, and how an invoice names its contact.

An invoice of v1 carried its contact whole. Here a contact is made once, before the invoices, and these name it: by the
organisation's own id where it has the contact, else by number and name. What an invoice says of its contact beside that
counts where the archive has no record of the contact that was saved later.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from ...models import Contact
from .changes import Change, Stray, Weight, changed, leaves
from .tidying import dropped, lost, tidy

__all__ = ["Named", "Way", "make_contact", "name_contact"]

Way = Literal["id", "number", "name", "new", "none"]
"""How a contact was found in the organisation, or that it is to be made."""

KEPT: Final = (
    "contact_number account_number contact_status name first_name last_name company_number email_address"
    " contact_persons bank_account_details tax_number tax_number_type addresses phones default_currency"
    " sales_default_line_amount_type purchases_default_line_amount_type"
)
"""What a new contact takes from an old one."""
_WHY: Final = {
    "contact_id": ("an id of the old books: Xero gives the new contact its own", "contact 2"),
    "updated_date_utc": ("Xero notes it itself", ""),
}
_FOUND: Final = {
    "id": "",
    "number": "the organisation does not know the id, and has the contact by its number",
    "name": "the organisation does not know the id, and has a contact of this name",
    "new": "the organisation does not know the id: the contact is made anew, and named",
    "none": "nobody knows the id, and the invoice names neither number nor name",
}

_TWO: Final = "two contacts of the archive have this name or number, and are made one: the other is {}"


class Named(Struct, frozen=True, kw_only=True):
    """What the contact of an invoice turned out to be."""

    way: Way
    contact_id: str | None = None
    """The organisation's own id, where it has the contact."""
    number: str | None = None
    name: str | None = None
    own: Contact | None = None
    """The record by which the archive knows it best, as the organisation will get it."""
    old_id: str | None = None
    """Its id in that record."""


def make_contact(contact: Contact, strays: Sequence[Stray]) -> tuple[Contact, list[Change]]:
    """The contact that is to be made, and what is not in it as it was."""
    changes = [*dropped(contact, KEPT, _WHY), *lost(strays)]
    made = tidy(contact, KEPT)
    made = replace(
        made,
        addresses=[each for each in made.addresses or () if leaves(replace(each, address_type=None))] or None,
        phones=[each for each in made.phones or () if leaves(replace(each, phone_type=None))] or None,
    )
    if (contact.contact_status or "").upper() == "DELETED":
        why = "today no contact is deleted, and an invoice names this one: it is made as an active one"
        changes.append(changed("ContactStatus", contact.contact_status, None, why, "contact 3", "look"))
        made = replace(made, contact_status=None)
    return made, changes


def name_contact(embedded: Contact | None, named: Named) -> tuple[Contact | None, list[Change]]:
    """The contact as the new invoice names it, and what the invoice said of it beside that."""
    if embedded is None:
        return None, []
    if named.way == "none":
        return None, [changed("Contact.ContactID", embedded.contact_id, None, _FOUND["none"], "invoice 1", "look")]
    if named.contact_id is not None:
        said = Contact(contact_id=named.contact_id)
    else:
        said = Contact(contact_number=named.number or None, name=named.name or None)
    return said, list(_beside(embedded, said, named))


def _beside(embedded: Contact, said: Contact, named: Named) -> list[Change]:
    changes: list[Change] = []
    told, own = leaves(said), leaves(named.own)
    for path, text in leaves(embedded).items():
        if told.get(path, "").lower() == text.lower():
            continue
        if path == "ContactID":
            now = named.contact_id or named.name or named.number or ""
            is_other = bool(named.old_id) and named.old_id != text.lower()
            why = _TWO.format(named.old_id) if is_other and named.way == "new" else _FOUND[named.way]
            weight: Weight = "plain" if named.way == "new" and not is_other else "look"
            changes.append(Change(f"Contact.{path}", text, now, why, "contact 2", weight))
        elif own.get(path) != text and path != "UpdatedDateUTC":
            why = "what was saved of the contact last counts"
            changes.append(Change(f"Contact.{path}", text, own.get(path, ""), why, "invoice 1", "look"))
        elif named.way != "new":
            why = "the organisation has the contact, and it is left as it is"
            changes.append(Change(f"Contact.{path}", text, "", why, "invoice 1"))
    return changes
