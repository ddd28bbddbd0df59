"""The rule of each resource in one table, and the way of a client's element through it into the store.

`SAVERS` holds the rules, `MATCHERS` says which existing document a POST on the collection means when it
sends no id. The rules of contacts, invoices and credit notes have modules of their own; the smaller ones
stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import money_rules, orders_rules, settings_rules
from .claims import save_claim
from .contacts import match_contact, save_contact, show_group
from .rates import CURRENCY_CODES, CURRENCY_NAMES
from .resources import (
    CONTACT_GROUPS,
    CONTACTS,
    CREDIT_NOTES,
    CURRENCIES,
    EMPLOYEES,
    EXPENSE_CLAIMS,
    INVOICES,
    Resource,
)
from .rules import Rejected
from .sales import CREDIT_NOTE_SALE, INVOICE_SALE, match_sale, save_sale
from .store import handle_of
from .values import Document, new_id, text_of
from .work import Change, Matcher, Saver, Work, by_id, first, put


def save(work: Work, resource: Resource, existing: Document | None, given: Document) -> Change:
    """Applies a resource's rule and stores what it gives, with a record of it in the document's history."""
    change = SAVERS[resource.name](work, existing, given)
    put(work, resource, change.document, "Edited" if existing else "Created")
    return change


def match(work: Work, resource: Resource, given: Document) -> Document | None:
    """The document that an element of a POST updates: that of its id, or else the one its names mean."""
    found = by_id(work, resource, given)
    matcher = MATCHERS.get(resource.name)
    named = matcher(work, given) if matcher and found is None else None
    return work.store.get(resource, work.tenant, named) if named else found


def _save_group(work: Work, existing: Document | None, given: Document) -> Change:
    base: Document = existing or {
        "ContactGroupID": new_id(),
        "Name": "",
        "Status": "ACTIVE",
        "HasValidationErrors": False,
    }
    group = base | given | {"ContactGroupID": base["ContactGroupID"]}
    if not text_of(group, "Name").strip():
        raise Rejected("The contact group name must be specified.")
    others = work.store.find(
        CONTACT_GROUPS, work.tenant, "handle = ? AND \"Status\" = 'ACTIVE'", handle_of(CONTACT_GROUPS, group)
    )
    if any(other != group["ContactGroupID"] for other in others):
        raise Rejected(f"The contact group name {group['Name']} is already in use.")
    if existing and group != existing:
        show_group(work, group)
    return Change(group)


def _save_currency(work: Work, existing: Document | None, given: Document) -> Change:
    code = text_of(given, "Code").upper()
    if code not in CURRENCY_CODES:
        raise Rejected(f"'{code[:10]}' is not a valid currency code.")
    if first(work, CURRENCIES, "id = ?", code):
        raise Rejected(f"Organisation is already subscribed to currency {code}")
    return Change({"Code": code, "Description": CURRENCY_NAMES.get(code) or text_of(given, "Description") or code})


def _match_employee(work: Work, given: Document) -> str | None:
    return first(work, EMPLOYEES, "handle = ?", handle_of(EMPLOYEES, given))


def _save_employee(work: Work, existing: Document | None, given: Document) -> Change:
    base: Document = existing or {"EmployeeID": new_id(), "Status": "ACTIVE", "FirstName": "", "LastName": ""}
    employee = base | given | {"EmployeeID": base["EmployeeID"]}
    missing = [name for name in ("FirstName", "LastName") if not text_of(employee, name).strip()]
    if missing:
        raise Rejected(*(f"{name} must be specified." for name in missing))
    return Change(employee)


SAVERS: Final[Mapping[str, Saver]] = {
    CONTACTS.name: save_contact,
    INVOICES.name: save_sale(INVOICE_SALE),
    CREDIT_NOTES.name: save_sale(CREDIT_NOTE_SALE),
    CONTACT_GROUPS.name: _save_group,
    CURRENCIES.name: _save_currency,
    EMPLOYEES.name: _save_employee,
    EXPENSE_CLAIMS.name: save_claim,
    **money_rules.SAVERS,
    **settings_rules.SAVERS,
    **orders_rules.SAVERS,
}
MATCHERS: Final[Mapping[str, Matcher]] = {
    CONTACTS.name: match_contact,
    INVOICES.name: match_sale(INVOICE_SALE),
    CREDIT_NOTES.name: match_sale(CREDIT_NOTE_SALE),
    EMPLOYEES.name: _match_employee,
    **settings_rules.MATCHERS,
    **orders_rules.MATCHERS,
}
