"""The handlers of orders, and of what is done with an approved invoice beside changing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .answers import Answer, envelope
from .orders_rules import linked_status
from .parts import files_of, history_listed, history_noted, printed
from .resources import CONTACTS, INVOICES
from .resources_orders import LINKED_TRANSACTIONS, PURCHASE_ORDERS, QUOTES, RECEIPTS, REPEATING_INVOICES
from .rules import Rejected
from .values import Document, child, dump_json, text_of
from .whole import (
    Call,
    Handler,
    created,
    document_of,
    fetched,
    listed,
    refusing,
    removed,
    updated,
    upserted,
)
from .work import Work, put

_SENDABLE: Final = ("SUBMITTED", "AUTHORISED", "PAID")


def _emailed(call: Call) -> Answer:
    """A sale sent to its contact, who needs an address; it is marked as sent, and nothing leaves the sandbox."""
    invoice = document_of(call, INVOICES)
    contact = call.store.get(CONTACTS, call.tenant, text_of(child(invoice, "Contact"), "ContactID")) or {}
    with call.store.write(), refusing():
        if invoice["Type"] != "ACCREC" or invoice["Status"] not in _SENDABLE:
            raise Rejected(f"Only sales of status {', '.join(_SENDABLE)} can be emailed.")
        if not text_of(contact, "EmailAddress"):
            raise Rejected("The contact has no email address.")
        put(call.work, INVOICES, invoice | {"SentToContact": True}, "Invoice sent")
    return Answer(204, b"")


def _online(call: Call) -> Answer:
    """The address under which a customer would see a sale."""
    invoice = document_of(call, INVOICES)
    with refusing():
        if invoice["Type"] != "ACCREC" or invoice["Status"] not in ("AUTHORISED", "PAID"):
            raise Rejected("Only approved sales have an online invoice.")
    url = f"https://in.xero.com/{text_of(invoice, 'InvoiceID').replace('-', '')}"
    return envelope("OnlineInvoices", [dump_json({"OnlineInvoiceUrl": url})], call.now)


def _following(handler: Handler) -> Handler:
    """Reads linked transactions after giving each the status that its documents have brought it to."""

    def handle(call: Call) -> Answer:
        for each in call.store.find(LINKED_TRANSACTIONS, call.tenant, "\"Status\" IS NOT 'VOIDED'"):
            linked = call.store.get(LINKED_TRANSACTIONS, call.tenant, each) or {}
            status = linked_status(call.work, linked)
            if status != linked["Status"]:
                with call.store.write():
                    put(call.work, LINKED_TRANSACTIONS, linked | {"Status": status}, "Edited")
        return handler(call)

    return handle


def _remove_linked(work: Work, linked: Document) -> None:
    if linked_status(work, linked) == "BILLED":
        raise Rejected("A linked transaction that is billed cannot be deleted.")
    work.store.remove(LINKED_TRANSACTIONS, work.tenant, text_of(linked, "LinkedTransactionID"))


HANDLERS: Final[Mapping[str, Handler]] = {
    "emailInvoice": _emailed,
    "getOnlineInvoice": _online,
    "getLinkedTransactions": _following(listed(LINKED_TRANSACTIONS)),
    "createLinkedTransaction": created(LINKED_TRANSACTIONS),
    "getLinkedTransaction": _following(fetched(LINKED_TRANSACTIONS)),
    "updateLinkedTransaction": updated(LINKED_TRANSACTIONS),
    "deleteLinkedTransaction": removed(LINKED_TRANSACTIONS, _remove_linked, shown=False),
    "getPurchaseOrders": listed(PURCHASE_ORDERS),
    "createPurchaseOrders": created(PURCHASE_ORDERS),
    "updateOrCreatePurchaseOrders": upserted(PURCHASE_ORDERS),
    "getPurchaseOrder": fetched(PURCHASE_ORDERS),
    "getPurchaseOrderByNumber": fetched(PURCHASE_ORDERS),
    "updatePurchaseOrder": updated(PURCHASE_ORDERS),
    "getPurchaseOrderAsPdf": printed(PURCHASE_ORDERS),
    "getPurchaseOrderHistory": history_listed(PURCHASE_ORDERS),
    "createPurchaseOrderHistory": history_noted(PURCHASE_ORDERS),
    **files_of(PURCHASE_ORDERS),
    "getQuotes": listed(QUOTES),
    "createQuotes": created(QUOTES),
    "updateOrCreateQuotes": upserted(QUOTES),
    "getQuote": fetched(QUOTES),
    "updateQuote": updated(QUOTES),
    "getQuoteAsPdf": printed(QUOTES),
    "getQuoteHistory": history_listed(QUOTES),
    "createQuoteHistory": history_noted(QUOTES),
    **files_of(QUOTES),
    "getReceipts": listed(RECEIPTS),
    "createReceipt": created(RECEIPTS),
    "getReceipt": fetched(RECEIPTS),
    "updateReceipt": updated(RECEIPTS),
    "getReceiptHistory": history_listed(RECEIPTS),
    "createReceiptHistory": history_noted(RECEIPTS),
    **files_of(RECEIPTS),
    "getRepeatingInvoices": listed(REPEATING_INVOICES),
    "createRepeatingInvoices": created(REPEATING_INVOICES),
    "updateOrCreateRepeatingInvoices": upserted(REPEATING_INVOICES),
    "getRepeatingInvoice": fetched(REPEATING_INVOICES),
    "updateRepeatingInvoice": updated(REPEATING_INVOICES),
    "getRepeatingInvoiceHistory": history_listed(REPEATING_INVOICES),
    "createRepeatingInvoiceHistory": history_noted(REPEATING_INVOICES),
    **files_of(REPEATING_INVOICES),
}
