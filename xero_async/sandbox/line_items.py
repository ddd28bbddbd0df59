"""What lines of documents take from an organisation's settings: prices from items, ids from tracking."""

from __future__ import annotations

from typing import Final

from .line_accounts import Ledger
from .resources_settings import ITEMS, TRACKING_CATEGORIES
from .store import handle_of
from .values import ZERO, Document, child, documents_in, text_of
from .work import Work, first

_BOUGHT: Final = ("ACCPAY", "ACCPAYCREDIT", "PURCHASEORDER")


def no_lines() -> Document:
    """What a fresh document says of its status, its lines and their sums."""
    return {
        "Status": "",
        "LineAmountTypes": "Exclusive",
        "LineItems": [],
        "SubTotal": ZERO,
        "TotalTax": ZERO,
        "Total": ZERO,
    }


def complete_lines(work: Work, document: Document, lines: list[Document], kept: list[Document]) -> list[Document]:
    """Lines that a client sent for a document, completed from items, accounts and tracking categories.

    A new line with the code of an item has the item's description, price, account and tax type unless it
    says otherwise; one with an account has the account's tax type unless either says otherwise. What names a
    tracking category and an option that there are gets the ids and names of both. Codes and names that are
    not known stay as they are. `kept` are the document's lines as they were.
    """
    known = {text_of(line, "LineItemID"): line for line in kept}
    ledger, taxed = Ledger(work), document.get("LineAmountTypes") != "NoTax"
    kind = text_of(document, "Type")
    bought = kind in _BOUGHT or kind.startswith("SPEND")
    categories: list[Document] | None = None
    completed: list[Document] = []
    for line in lines:
        before = known.get(text_of(line, "LineItemID"), {})
        if text_of(line, "ItemCode") and not before:
            line = _priced(work, line, bought=bought)
        line = ledger.settled(line, before, taxed=taxed)
        if tracking := documents_in(line.get("Tracking")):
            categories = _categories(work) if categories is None else categories
            line = line | {"Tracking": [_tracked(each, categories) for each in tracking]}
        completed.append(line)
    return completed


def _priced(work: Work, line: Document, *, bought: bool) -> Document:
    found = first(work, ITEMS, "handle = ?", handle_of(ITEMS, {"Code": line["ItemCode"]}))
    item = work.store.get(ITEMS, work.tenant, found) if found else None
    if item is None:
        return line
    details = child(item, "PurchaseDetails" if bought else "SalesDetails")
    own: Document = {
        "Description": text_of(item, "PurchaseDescription" if bought else "Description") or text_of(item, "Name"),
        "UnitAmount": details.get("UnitPrice"),
        "AccountCode": details.get("AccountCode"),
        "TaxType": details.get("TaxType"),
    }
    if "LineAmount" in line and "UnitAmount" not in line:
        del own["UnitAmount"]
    shown = {"Item": {name: item[name] for name in ("ItemID", "Name", "Code")}}
    return {name: value for name, value in own.items() if value} | line | shown


def _categories(work: Work) -> list[Document]:
    ids = work.store.find(TRACKING_CATEGORIES, work.tenant, "\"Status\" = 'ACTIVE'")
    return [category for each in ids if (category := work.store.get(TRACKING_CATEGORIES, work.tenant, each))]


def _tracked(sent: Document, categories: list[Document]) -> Document:
    for category in categories:
        if not _means(sent, category, "TrackingCategoryID", "Name"):
            continue
        for option in documents_in(category["Options"]):
            if _means(sent, option, "TrackingOptionID", "Option"):
                return {
                    "Name": category["Name"],
                    "Option": option["Name"],
                    "TrackingCategoryID": category["TrackingCategoryID"],
                    "TrackingOptionID": option["TrackingOptionID"],
                }
    return sent


def _means(sent: Document, known: Document, key: str, name: str) -> bool:
    """Whether what was sent names a category or an option, by its id, or else by its name."""
    if own := text_of(sent, key):
        return own == known[key]
    return bool(text_of(sent, name)) and text_of(sent, name).casefold() == text_of(known, "Name").casefold()
