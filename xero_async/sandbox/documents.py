"""The documents engine: Xero's operations on stored documents, without a server.

`Documents.execute` takes one operation as an HTTP server has found it (path, query, headers, body) and
answers with a status and bytes. Which handler an operation has is a row of `HANDLERS`; what a resource is,
a row in `resources`; what makes it particular, a rule in `ledger`. Bad input never raises: it is answered
in Xero's own shapes.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Final, NamedTuple

from xero_async.wire.errors import InvalidArgument

from . import money, orders, settings
from .answers import TEXT, Answer, Refused, not_found
from .catalogue import ALL_RESOURCES
from .kept import Kept
from .network_rules import INTERFACES
from .parts import (
    cis_settings,
    credit_allocated,
    credit_deallocated,
    files_of,
    group_fetched,
    group_joined,
    group_left,
    history_listed,
    history_noted,
    printed,
    reminders,
)
from .resources import (
    CONTACT_GROUPS,
    CONTACTS,
    CREDIT_NOTES,
    CURRENCIES,
    EMPLOYEES,
    EXPENSE_CLAIMS,
    INVOICES,
)
from .seed import plant
from .seed_settings import furnish
from .states import state_of
from .store import Store
from .values import dump_json, ms_of
from .whole import HIGH_VOLUME, Call, Handler, created, fetched, listed, updated, upserted

__all__ = ["Answer", "Documents", "Filling"]

HANDLERS: Final[Mapping[str, Handler]] = {
    **settings.HANDLERS,
    **orders.HANDLERS,
    **money.HANDLERS,
    "getContacts": listed(CONTACTS),
    "createContacts": created(CONTACTS),
    "updateOrCreateContacts": upserted(CONTACTS),
    "getContactByContactNumber": fetched(CONTACTS),
    "getContact": fetched(CONTACTS),
    "updateContact": updated(CONTACTS),
    **files_of(CONTACTS),
    "getContactCISSettings": cis_settings,
    "getContactHistory": history_listed(CONTACTS),
    "createContactHistory": history_noted(CONTACTS),
    "getContactGroups": listed(CONTACT_GROUPS),
    "createContactGroup": created(CONTACT_GROUPS),
    "getContactGroup": group_fetched,
    "createContactGroupContacts": group_joined,
    "deleteContactGroupContact": group_left,
    "getCreditNotes": listed(CREDIT_NOTES),
    "createCreditNotes": created(CREDIT_NOTES),
    "updateOrCreateCreditNotes": upserted(CREDIT_NOTES),
    "getCreditNote": fetched(CREDIT_NOTES),
    "updateCreditNote": updated(CREDIT_NOTES),
    **files_of(CREDIT_NOTES),
    "getCreditNoteAsPdf": printed(CREDIT_NOTES),
    "createCreditNoteAllocation": credit_allocated,
    "deleteCreditNoteAllocations": credit_deallocated,
    "getCreditNoteHistory": history_listed(CREDIT_NOTES),
    "createCreditNoteHistory": history_noted(CREDIT_NOTES),
    "getCurrencies": listed(CURRENCIES),
    "createCurrency": created(CURRENCIES),
    "getExpenseClaims": listed(EXPENSE_CLAIMS),
    "createExpenseClaims": created(EXPENSE_CLAIMS),
    "getExpenseClaim": fetched(EXPENSE_CLAIMS),
    "updateExpenseClaim": updated(EXPENSE_CLAIMS),
    "getExpenseClaimHistory": history_listed(EXPENSE_CLAIMS),
    "createExpenseClaimHistory": history_noted(EXPENSE_CLAIMS),
    "getInvoices": listed(INVOICES),
    "createInvoices": created(INVOICES),
    "updateOrCreateInvoices": upserted(INVOICES),
    "getInvoice": fetched(INVOICES),
    "updateInvoice": updated(INVOICES),
    "getInvoiceAsPdf": printed(INVOICES),
    **files_of(INVOICES),
    "getInvoiceHistory": history_listed(INVOICES),
    "createInvoiceHistory": history_noted(INVOICES),
    "getInvoiceReminders": reminders,
    "getEmployees": listed(EMPLOYEES),
    "updateOrCreateEmployees": upserted(EMPLOYEES),
    "createEmployees": created(EMPLOYEES),
    "getEmployee": fetched(EMPLOYEES),
}
"""The handler of each operation, by Xero's operation id."""

_NOT_IMPLEMENTED: Final = Answer(501, b"The sandbox does not serve this operation yet.", TEXT)


class Filling(NamedTuple):
    """An organisation, and what it is seeded with."""

    id: str
    name: str
    contacts: int
    invoices: int
    seed: int


class Documents:
    """The documents of a sandbox's organisations.

    `path` is a file, or `:memory:`; `now` gives the time as an aware datetime. A write is on the disk, or
    not done at all, when `execute` returns. `high_volume` is the most documents that a list may go through
    without pages or an optimised filter. May be used from any thread, one call at a time.
    """

    def __init__(self, path: str = ":memory:", *, now: Callable[[], datetime], high_volume: int = HIGH_VOLUME) -> None:
        self._store = Store(path)
        self._now = now
        self._high_volume = high_volume
        self._lock = threading.Lock()

    def add_tenant(self, tenant_id: str, name: str) -> None:
        """Adds an organisation, with its chart of accounts and the like; one that is there already stays as it is."""
        with self._lock:
            if self._store.tenant(tenant_id) is None:
                with self._store.write():
                    furnish(self._store, self._store.add_tenant(tenant_id, name), tenant_id, name)

    def seed(self, tenant_id: str, *, contacts: int, invoices: int, seed: int) -> None:
        """Fills an organisation without contacts and invoices; the same for the same numbers, ids included.

        Raises `KeyError` for an unknown organisation.
        """
        with self._lock:
            tenant = self._known(tenant_id)
            if not self._store.size(CONTACTS, tenant) and not self._store.size(INVOICES, tenant):
                with self._store.write(), _uncollected():
                    plant(self._store, tenant, contacts=contacts, invoices=invoices, seed=seed)

    @property
    def kept(self) -> Kept:
        """What a server keeps beside the documents; a `keep` of `execute` may write to it."""
        return self._store.kept

    @property
    def tenants(self) -> list[str]:
        """The ids of the organisations, in the order of their coming."""
        with self._lock:
            return list(self._store.tenants())

    def refill(self, tenants: Iterable[Filling]) -> None:
        """Replaces all documents of organisations by seeded ones, in one transaction; unknown ones are added."""
        with self._lock, self._store.write(), _uncollected():
            for each in tenants:
                self._fill(each)

    def renew(self, tenants: Iterable[Filling]) -> None:
        """Forgets everything, what is kept beside the documents included, and begins anew with seeded ones."""
        with self._lock, self._store.write(), _uncollected():
            self._store.everything.wipe()
            for each in tenants:
                self._fill(each)

    def state(
        self, tenant_id: str | None = None, resource: str | None = None, *, page: int = 1, size: int = -1
    ) -> bytes:
        """What the organisations hold, or one of them, as JSON by id; see `states`.

        Raises `InvalidArgument` for an organisation or a resource that there is not.
        """
        with self._lock:
            names = self._store.tenants()
            if tenant_id is not None and tenant_id not in names:
                raise InvalidArgument("there is no such tenant")
            parts = [
                dump_json(each) + b":" + state_of(self._store, ordinal, name, resource, page, size)
                for each, (ordinal, name) in names.items()
                if tenant_id in (None, each)
            ]
        return b"{" + b",".join(parts) + b"}"

    def snapshot(self) -> bytes:
        """Everything that is stored, secrets included, as `restore` takes it back."""
        with self._lock:
            return self._store.everything.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Puts a snapshot in the place of everything. Raises `InvalidArgument` for what is none."""
        with self._lock, self._store.write():
            self._store.everything.restore(snapshot)

    def execute(
        self,
        operation: str,
        tenant_id: str,
        path: Mapping[str, str],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        content_type: str,
        keep: Callable[[Answer], None] | None = None,
    ) -> Answer:
        """Executes one operation.

        `path` holds the path parameters by name, decoded; `query` the query parameters by lower-case name.
        `keep` is called with the answer within the transaction of the write: what it puts into `kept` is on the disk
        exactly when the write is. The answer's status is 200 or 204, 400, 404, 413 or 415 for what the caller did
        wrong, 501 for an operation that is not served.
        """
        handler = HANDLERS.get(operation) or INTERFACES.get(operation)
        if handler is None:
            return _NOT_IMPLEMENTED
        lowered = {name.lower(): value for name, value in headers.items()}
        with self._lock:
            if keep is None:
                return self._answer(handler, tenant_id, path, query, lowered, body, content_type)
            with self._store.write():
                answer = self._answer(handler, tenant_id, path, query, lowered, body, content_type)
                keep(answer)
                return answer

    def _answer(
        self,
        handler: Handler,
        tenant_id: str,
        path: Mapping[str, str],
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        content_type: str,
    ) -> Answer:
        try:
            tenant = self._store.tenant(tenant_id)
            if tenant is None:
                raise not_found()
            now = ms_of(self._now())
            path, query = _clean(path), _clean(query)
            return handler(Call(self._store, tenant, now, path, query, headers, body, content_type, self._high_volume))
        except Refused as refused:
            return refused.answer

    def counts(self, tenant_id: str) -> dict[str, int]:
        """The number of documents of each resource, and under `duplicates` how many repeat another one.

        A duplicate is an invoice or a credit note, made through the API and neither voided nor deleted,
        that agrees with an earlier such document in type, contact, date, total and reference. Bills and
        credit notes of suppliers, and documents without a reference, must agree in their number as well. Of
        n alike, n - 1 count. `duplicate_numbers` are invoices and bills alike in type and number alone. Raises
        `KeyError` for an unknown organisation.
        """
        with self._lock:
            tenant = self._known(tenant_id)
            counts = {resource.name: self._store.size(resource, tenant) for resource in ALL_RESOURCES}
            twinned = [resource for resource in ALL_RESOURCES if resource.twin]
            counts["duplicates"] = sum(self._store.twins(resource, tenant) for resource in twinned)
            counts["duplicate_numbers"] = self._store.repeats(INVOICES, tenant)
            return counts

    def close(self) -> None:
        """Closes the store."""
        with self._lock:
            self._store.close()

    def _fill(self, filling: Filling) -> None:
        tenant = self._store.tenant(filling.id)
        if tenant is None:
            tenant = self._store.add_tenant(filling.id, filling.name)
        self._store.everything.wipe(tenant)
        furnish(self._store, tenant, filling.id, filling.name)
        plant(self._store, tenant, contacts=filling.contacts, invoices=filling.invoices, seed=filling.seed)

    def _known(self, tenant_id: str) -> int:
        tenant = self._store.tenant(tenant_id)
        if tenant is None:
            raise KeyError(tenant_id)
        return tenant


@contextmanager
def _uncollected() -> Generator[None, None, None]:
    """Without the garbage collector, which has nothing to find among new documents and takes a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _clean(parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters without the lone surrogates that undecodable bytes of an address leave behind."""
    return {
        name: value if value.isascii() else value.encode("utf-8", "replace").decode()
        for name, value in parameters.items()
    }
