"""The rules of the resources that move money, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .banking import save_transaction, save_transfer
from .manual import save_manual_journal
from .paying import save_batch, save_payment
from .resources_money import BANK_TRANSACTIONS, BANK_TRANSFERS, BATCH_PAYMENTS, MANUAL_JOURNALS, PAYMENTS
from .work import Saver

SAVERS: Final[Mapping[str, Saver]] = {
    BANK_TRANSACTIONS.name: save_transaction,
    BANK_TRANSFERS.name: save_transfer,
    PAYMENTS.name: save_payment,
    BATCH_PAYMENTS.name: save_batch,
    MANUAL_JOURNALS.name: save_manual_journal,
}
