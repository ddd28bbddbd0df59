"""The rule of each resource in one table, and the way of a client's element through it into the store.

`SAVERS` holds the rules, `MATCHERS` says which existing document a POST on the collection means when it
sends no id. The rules of contacts, invoices and credit notes have modules of their own; the smaller ones
stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .contacts import match_contact, save_contact
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
from .rules import CLAIM_STEPS, Rejected, dated, is_dead, next_status, price_lines, total_up
from .sales import CREDIT_NOTE_SALE, INVOICE_SALE, match_sale, save_sale
from .store import handle_of
from .values import ZERO, Document, add_up, child, documents_in, money_of, new_id, stored_ms, text_of
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


def _save_claim(work: Work, existing: Document | None, given: Document) -> Change:
    base: Document = existing or {
        "ExpenseClaimID": new_id(),
        "Status": "",
        "User": {},
        "Receipts": [],
        "Payments": [],
        "AmountPaid": ZERO,
    }
    claim = base | given | {"ExpenseClaimID": base["ExpenseClaimID"]}
    now = text_of(base, "Status")
    wanted = text_of(given, "Status") or now or "SUBMITTED"
    claim["Status"] = next_status("ExpenseClaim", now, wanted, CLAIM_STEPS)
    if not text_of(child(claim, "User"), "UserID"):
        raise Rejected("User must be specified for an expense claim.")
    if existing is None or ("Receipts" in given and now == "SUBMITTED"):
        claim["Receipts"] = [
            _receipt(work, receipt, child(claim, "User")) for receipt in documents_in(given.get("Receipts"))
        ]
    else:
        claim["Receipts"] = base["Receipts"]
    if not claim["Receipts"]:
        raise Rejected("An expense claim needs at least one receipt.")
    total = add_up(money_of(receipt, "Total") for receipt in documents_in(claim["Receipts"]))
    due = ZERO if is_dead(claim) else total - money_of(claim, "AmountPaid")
    return Change(claim | {"Total": total, "AmountDue": due})


def _receipt(work: Work, given: Document, user: Document) -> Document:
    """A receipt within a claim; its total comes from its lines when it has any."""
    types = text_of(given, "LineAmountTypes") or "Exclusive"
    lines = price_lines(documents_in(given.get("LineItems")), [], types, places=work.places, rates=work.rates)
    totals = total_up(lines, types)
    total = totals.total if lines else money_of(given, "Total")
    if total < 0:
        raise Rejected("The receipt total must not be negative.")
    return given | {
        "ReceiptID": given.get("ReceiptID") or new_id(),
        "Status": "SUBMITTED",
        **dated("Date", stored_ms(given.get("Date")) or work.today),
        "User": user,
        "LineAmountTypes": types,
        "LineItems": lines,
        "SubTotal": totals.sub_total if lines else total,
        "TotalTax": totals.total_tax,
        "Total": total,
    }


SAVERS: Final[Mapping[str, Saver]] = {
    CONTACTS.name: save_contact,
    INVOICES.name: save_sale(INVOICE_SALE),
    CREDIT_NOTES.name: save_sale(CREDIT_NOTE_SALE),
    CONTACT_GROUPS.name: _save_group,
    CURRENCIES.name: _save_currency,
    EMPLOYEES.name: _save_employee,
    EXPENSE_CLAIMS.name: _save_claim,
}
MATCHERS: Final[Mapping[str, Matcher]] = {
    CONTACTS.name: match_contact,
    INVOICES.name: match_sale(INVOICE_SALE),
    CREDIT_NOTES.name: match_sale(CREDIT_NOTE_SALE),
    EMPLOYEES.name: _match_employee,
}
