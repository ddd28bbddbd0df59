"""The handlers of everything that moves money, in one table: banking, payments, journals and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .answers import Answer
from .journals import journal_fetched, journals_listed
from .ledger import save
from .parts import (
    allocated,
    deallocated,
    files_of,
    history_listed,
    history_noted,
)
from .reports import HANDLERS as REPORTS
from .resources import Resource
from .resources_money import (
    BANK_TRANSACTIONS,
    BANK_TRANSFERS,
    BATCH_PAYMENTS,
    MANUAL_JOURNALS,
    OVERPAYMENTS,
    PAYMENTS,
    PREPAYMENTS,
)
from .rules import Rejected
from .values import Document, dump_json
from .whole import Call, Handler, Outcome, created, fetched, listed, read_elements, save_each, updated, upserted
from .work import by_id


def removed(resource: Resource) -> Handler:
    """Documents deleted by a POST on their collection, each named by its id."""

    def handle(call: Call) -> Answer:
        def saved(sent: Document, given: Document) -> Outcome:
            existing = by_id(call.work, resource, given)
            if existing is None:
                raise Rejected(f"{resource.id} must be specified.")
            return Outcome(dump_json(save(call.work, resource, existing, given).document), saved=True)

        return save_each(call, resource, read_elements(call, resource.name, resource.item), saved, echo_id=True)

    return handle


HANDLERS: Final[Mapping[str, Handler]] = {
    "getBankTransactions": listed(BANK_TRANSACTIONS),
    "createBankTransactions": created(BANK_TRANSACTIONS),
    "updateOrCreateBankTransactions": upserted(BANK_TRANSACTIONS),
    "getBankTransaction": fetched(BANK_TRANSACTIONS),
    "updateBankTransaction": updated(BANK_TRANSACTIONS),
    **files_of(BANK_TRANSACTIONS),
    "getBankTransactionsHistory": history_listed(BANK_TRANSACTIONS),
    "createBankTransactionHistoryRecord": history_noted(BANK_TRANSACTIONS),
    "getBankTransfers": listed(BANK_TRANSFERS),
    "createBankTransfer": created(BANK_TRANSFERS),
    "deleteBankTransfers": removed(BANK_TRANSFERS),
    "getBankTransfer": fetched(BANK_TRANSFERS),
    "deleteBankTransfer": updated(BANK_TRANSFERS),
    **files_of(BANK_TRANSFERS),
    "getBankTransferHistory": history_listed(BANK_TRANSFERS),
    "createBankTransferHistoryRecord": history_noted(BANK_TRANSFERS),
    "getPayments": listed(PAYMENTS),
    "createPayments": created(PAYMENTS),
    "createPayment": created(PAYMENTS),
    "getPayment": fetched(PAYMENTS),
    "deletePayment": updated(PAYMENTS),
    "getPaymentHistory": history_listed(PAYMENTS),
    "createPaymentHistory": history_noted(PAYMENTS),
    "getBatchPayments": listed(BATCH_PAYMENTS),
    "createBatchPayment": created(BATCH_PAYMENTS),
    "deleteBatchPayment": removed(BATCH_PAYMENTS),
    "getBatchPayment": fetched(BATCH_PAYMENTS),
    "deleteBatchPaymentByUrlParam": updated(BATCH_PAYMENTS),
    "getBatchPaymentHistory": history_listed(BATCH_PAYMENTS),
    "createBatchPaymentHistoryRecord": history_noted(BATCH_PAYMENTS),
    "getPrepayments": listed(PREPAYMENTS),
    "getPrepayment": fetched(PREPAYMENTS),
    "createPrepaymentAllocations": allocated(PREPAYMENTS),
    "deletePrepaymentAllocations": deallocated(PREPAYMENTS),
    "getPrepaymentHistory": history_listed(PREPAYMENTS),
    "createPrepaymentHistory": history_noted(PREPAYMENTS),
    "getOverpayments": listed(OVERPAYMENTS),
    "getOverpayment": fetched(OVERPAYMENTS),
    "createOverpaymentAllocations": allocated(OVERPAYMENTS),
    "deleteOverpaymentAllocations": deallocated(OVERPAYMENTS),
    "getOverpaymentHistory": history_listed(OVERPAYMENTS),
    "createOverpaymentHistory": history_noted(OVERPAYMENTS),
    "getManualJournals": listed(MANUAL_JOURNALS),
    "createManualJournals": created(MANUAL_JOURNALS),
    "updateOrCreateManualJournals": upserted(MANUAL_JOURNALS),
    "getManualJournal": fetched(MANUAL_JOURNALS),
    "updateManualJournal": updated(MANUAL_JOURNALS),
    **files_of(MANUAL_JOURNALS),
    "getManualJournalsHistory": history_listed(MANUAL_JOURNALS),
    "createManualJournalHistoryRecord": history_noted(MANUAL_JOURNALS),
    "getJournals": journals_listed,
    "getJournal": journal_fetched,
    "getJournalByNumber": journal_fetched,
    **REPORTS,
}
"""The handler of each operation on money, by Xero's operation id."""
