"""The rule of expense claims, which take the receipts of their user along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .resources_orders import RECEIPTS
from .rules import CLAIM_STEPS, Rejected, dated, is_dead, next_status, price_lines, total_up
from .values import ZERO, Document, add_up, child, documents_in, money_of, new_id, stored_ms, text_of
from .work import Change, Work, put

_RECEIVED: Final[Mapping[str, str]] = {  # the status of a receipt by that of its claim
    "SUBMITTED": "SUBMITTED",
    "AUTHORISED": "AUTHORISED",
    "PAID": "AUTHORISED",
    "VOIDED": "VOIDED",
    "DELETED": "DECLINED",
}


def save_claim(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of expense claims."""
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
    kept = documents_in(base["Receipts"])
    if existing is None or ("Receipts" in given and now == "SUBMITTED"):
        known = {text_of(receipt, "ReceiptID") for receipt in kept}
        sent = documents_in(given.get("Receipts"))
        claim["Receipts"] = [_receipt(work, receipt, child(claim, "User"), known) for receipt in sent]
    else:
        claim["Receipts"] = kept
    _take_along(work, claim, kept)
    if not claim["Receipts"]:
        raise Rejected("An expense claim needs at least one receipt.")
    total = add_up(money_of(receipt, "Total") for receipt in documents_in(claim["Receipts"]))
    due = ZERO if is_dead(claim) else total - money_of(claim, "AmountPaid")
    return Change(claim | {"Total": total, "AmountDue": due})


def _take_along(work: Work, claim: Document, kept: list[Document]) -> None:
    """Gives the receipts of a claim the status that its own means, and frees those that it has no more."""
    receipts = documents_in(claim["Receipts"])
    claim["Receipts"] = [
        receipt | {"Status": _RECEIVED[text_of(claim, "Status")]} if _stored(work, receipt) else receipt
        for receipt in receipts
    ]
    wanted = dict.fromkeys((text_of(each, "ReceiptID") for each in kept), "DRAFT")
    wanted |= {text_of(each, "ReceiptID"): text_of(each, "Status") for each in documents_in(claim["Receipts"])}
    for receipt_id, status in wanted.items():
        stored = work.store.get(RECEIPTS, work.tenant, receipt_id)
        if stored and stored["Status"] != status:
            put(work, RECEIPTS, stored | {"Status": status}, "Edited")


def _stored(work: Work, receipt: Document) -> Document | None:
    return work.store.get(RECEIPTS, work.tenant, text_of(receipt, "ReceiptID"))


def _receipt(work: Work, given: Document, user: Document, known: set[str]) -> Document:
    """A receipt within a claim: one that there is, or one of the claim's own, whose lines make its total."""
    stored = _stored(work, given)
    if stored is not None:
        if stored["Status"] != "DRAFT" and stored["ReceiptID"] not in known:
            raise Rejected(f"Receipt {stored['ReceiptNumber']} is not of status DRAFT.")
        if child(stored, "User")["UserID"] != user["UserID"]:
            raise Rejected(f"Receipt {stored['ReceiptNumber']} is another user's.")
        return stored
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
