"""What the fault run does at Xero, what the client says came of it, and what the sandbox holds afterwards.

Each call bears a mark that nothing else bears, in its URL or its body, so that an observer can tell calls apart
without trusting their keys, and each thing written is counted in the sandbox by its mark.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from xero_async import Contact, Invoice, Item, LineItem, OutcomeUnknown, Tenant, XeroError
from xero_async.sandbox import Sandbox

__all__ = [
    "DEEDS", "Book", "Call", "Claim", "Deed", "Doer", "add_note", "current", "delete_item", "holdings", "read_invoices",
]  # fmt: skip

Verdict: TypeAlias = Literal["done", "not done", "unknown"]


class Call(Struct, kw_only=True, eq=False):
    """One call as its caller sees it."""

    tenant: str
    mark: str
    """A text that no other call has in its URL or body."""
    write: bool
    keyed: bool
    error: XeroError | None = None
    attempts: int = 0
    """Attempts that the hook told of."""
    ended: float | None = None
    """The loop's time when it ended."""


class Claim(Struct, frozen=True):
    """What the client says of one thing that it was to write, or to remove."""

    tenant: str
    mark: str
    verdict: Verdict
    removed: bool = False


class Book(Struct):
    """All calls, and all that the client claims."""

    calls: list[Call] = field(default_factory=list[Call])
    claims: list[Claim] = field(default_factory=list[Claim])


current: ContextVar[Call] = ContextVar("current")
"""The call that is being made, for the hook, which is not told."""


class Doer(Struct):
    """Makes calls for one tenant, and writes down what comes of them."""

    tenant: Tenant
    book: Book
    contact_id: str
    """A contact that is there."""

    def __repr__(self) -> str:
        # Short, since the audit prints the variables of every traceback, of which this is one.
        return f"<Doer for {self.tenant!r}>"

    def mark(self) -> str:
        """The mark of the next call."""
        return f"m{len(self.book.calls):07}x"

    async def read(self, mark: str, work: Awaitable[object]) -> None:
        """Make a call that changes nothing."""
        await self._call(Call(tenant=self.tenant.id, mark=mark, write=False, keyed=False), work)

    async def write(
        self, mark: str, work: Awaitable[Any], *, things: int = 1, keyed: bool = True, removes: str = ""
    ) -> tuple[Verdict, Any]:
        """Make a call that writes things, or removes one; return what the client says of it, and the value."""
        call = Call(tenant=self.tenant.id, mark=mark, write=True, keyed=keyed)
        verdict, value = await self._call(call, work)
        marks = [removes] if removes else [f"{mark}{number}" for number in range(things)]
        self.book.claims += [Claim(self.tenant.id, each, verdict, bool(removes)) for each in marks]
        return verdict, value

    async def _call(self, call: Call, work: Awaitable[Any]) -> tuple[Verdict, Any]:
        self.book.calls.append(call)
        current.set(call)
        try:
            return "done", await work
        except OutcomeUnknown as error:
            call.error = error
            return "unknown", None
        except XeroError as error:
            call.error = error
            return "not done", None
        finally:
            call.ended = asyncio.get_running_loop().time()


def document(kind: str, number: str, reference: str | None = None) -> Invoice:
    """A bill or an invoice of one line."""
    line = LineItem(description="Work", quantity=Decimal(1), unit_amount=Decimal("10.10"), account_code="200")
    return Invoice(
        type=kind,
        invoice_number=number,
        reference=reference,
        contact=Contact(name="Acme"),
        date=date(2026, 1, 31),
        due_date=date(2026, 2, 28),
        line_items=[line],
    )


# -- deeds: each makes one call, or two of which the second needs the first ----------------------------------------


async def read_invoices(doer: Doer) -> None:
    """Read a page that is empty."""
    mark = doer.mark()
    await doer.read(mark, doer.tenant.invoices.list(invoice_numbers=[mark]))


async def search_contacts(doer: Doer) -> None:
    """Read what a search finds, which is nothing."""
    mark = doer.mark()
    await doer.read(mark, doer.tenant.contacts.list(search_term=mark))


async def read_contacts(doer: Doer) -> None:
    """Read all contacts, with a mark in the filter that hinders nothing: a page of some kilobytes."""
    mark = doer.mark()
    await doer.read(mark, doer.tenant.contacts.list(where=f'Name!="{mark}"'))


async def create_bill(doer: Doer) -> None:
    """Create a bill, whose number need not be unique: a second write of it makes a second one."""
    mark = doer.mark()
    await doer.write(mark, doer.tenant.invoices.create([document("ACCPAY", f"{mark}0")]))


async def create_bills(doer: Doer) -> None:
    """Create three bills at once."""
    mark = doer.mark()
    await doer.write(
        mark, doer.tenant.invoices.create([document("ACCPAY", f"{mark}{at}") for at in range(3)]), things=3
    )


async def create_sale(doer: Doer) -> None:
    """Create an invoice, whose number is unique: a second write of it is refused, and then reported so."""
    mark = doer.mark()
    await doer.write(mark, doer.tenant.invoices.create([document("ACCREC", f"{mark}0")]))


async def create_contact(doer: Doer) -> None:
    """Create a contact."""
    mark = doer.mark()
    await doer.write(mark, doer.tenant.contacts.create([Contact(name=f"{mark}0")]))


async def add_note(doer: Doer) -> None:
    """Add a note, which nothing can take back."""
    mark = doer.mark()
    await doer.write(mark, doer.tenant.contacts.history.add(doer.contact_id, f"{mark}0"))


async def upload(doer: Doer) -> None:
    """Upload a file."""
    mark = doer.mark()
    await doer.write(mark, doer.tenant.contacts.attachments.upload(doer.contact_id, f"{mark}0", bytes(range(256))))


async def change_bill(doer: Doer) -> None:
    """Create a bill and change its reference."""
    first = doer.mark()
    _, created = await doer.write(first, doer.tenant.invoices.create([document("ACCPAY", f"{first}0")]))
    if created and created[0].invoice_id:
        second = doer.mark()
        change = Invoice(invoice_number=f"{first}0", reference=f"{second}0")
        await doer.write(second, doer.tenant.invoices.update(created[0].invoice_id, change))


async def delete_item(doer: Doer) -> None:
    """Create an item and delete it again, which no key can make safe."""
    first = doer.mark()
    _, created = await doer.write(first, doer.tenant.items.create([Item(code=f"{first}0", name=f"{first}0")]))
    if created and created[0].item_id:
        id = created[0].item_id
        # Its own id is the mark of the deletion: a DELETE has no body.
        await doer.write(id, doer.tenant.items.delete(id), keyed=False, removes=f"{first}0")


Deed: TypeAlias = Callable[[Doer], Awaitable[None]]
DEEDS: list[Deed] = [
    read_invoices, search_contacts, read_contacts, create_bill, create_bills, create_sale, create_contact, add_note,
    upload, change_bill, delete_item,
]  # fmt: skip


# -- what the sandbox holds ----------------------------------------------------------------------------------------


def holdings(sandbox: Sandbox, tenant: str, contact_id: str) -> Counter[str]:
    """How often each mark is in the sandbox, read past its server, so that no fault of that can show."""
    return Counter(_marks(sandbox, tenant, contact_id))


def _marks(sandbox: Sandbox, tenant: str, contact_id: str) -> Iterator[str]:
    below = {"ContactID": contact_id}
    for record in _records(sandbox, "getInvoices", tenant):
        yield record["InvoiceNumber"]
        yield record.get("Reference", "")
    for record in _records(sandbox, "getContacts", tenant):
        yield record["Name"]
    for record in _records(sandbox, "getItems", tenant, paged=False):
        yield record["Code"]
    for record in _records(sandbox, "getContactHistory", tenant, below, paged=False):
        yield record.get("Details", "")
    for record in _records(sandbox, "getContactAttachments", tenant, below, paged=False):
        yield record["FileName"]


def _records(
    sandbox: Sandbox, operation: str, tenant: str, path: dict[str, str] | None = None, *, paged: bool = True
) -> Iterator[dict[str, Any]]:
    page = 1
    while True:
        query = {"page": str(page), "pagesize": "1000", "summaryonly": "true"} if paged else {}
        answer = sandbox.documents.execute(operation, tenant, path or {}, query, {}, b"", "")
        assert answer.status == 200, answer
        found: dict[str, Any] = json.loads(answer.body)
        # The envelope's one list holds the records.
        (name,) = (name for name, value in found.items() if isinstance(value, list))
        yield from found[name]
        if not paged or page >= found["pagination"]["pageCount"]:
            return
        page += 1
