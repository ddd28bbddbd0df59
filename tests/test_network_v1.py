"""The Network API v1: a test for each line of its table, our client against the sandbox, over sockets."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from xero_async import ClientCredentials, InvalidArgument, NotFound, Unauthorized, ValidationFailed, Xero
from xero_async.apis.accounting import operations as operations_of_today
from xero_async.models import (
    Address,
    Contact,
    Invoice,
    LineItem,
    LineItemTracking,
    Phone,
)
from xero_async.network_v1 import ApiKey, Network, operations
from xero_async.sandbox import Sandbox


class World(NamedTuple):
    """A sandbox, and a session on one of its organisations."""

    sandbox: Sandbox
    xero: Xero
    v1: Network


@asynccontextmanager
async def world(invoices: int = 0, contacts: int = 3) -> AsyncGenerator[World]:
    """A sandbox with some documents, and v1 on its first organisation."""
    async with (
        Sandbox(contacts=contacts, invoices=invoices, seed=3) as sandbox,
        Xero(ApiKey(sandbox.api_key), base_url=sandbox.base_url) as xero,
    ):
        yield World(sandbox, xero, xero.network_v1(sandbox.xero_keys[0]))


def sale(number: str = "V1-1", contact: Contact | None = None) -> Invoice:
    """An invoice as a program of the time would have sent it."""
    return Invoice(
        type="ACCREC",
        contact=contact or Contact(name="Orlena Greenville"),
        date=date(2008, 2, 25),
        due_date=date(2008, 3, 20),
        invoice_number=number,
        line_amount_types="Exclusive",
        line_items=[
            LineItem(
                description="Two days",
                quantity=Decimal("2.0000"),
                unit_amount=Decimal("450.00"),
                line_amount=Decimal("900.00"),
                account_code="200",
                tracking=[LineItemTracking(name="Region", option="North")],
            )
        ],
        sub_total=Decimal("900.00"),
    )


TABLE = {
    "v1.getAccounts": "GET /api.xro/1.0/accounts",
    "v1.import": "POST /import.xro",
    "v1.getContact": "GET /api.xro/1.0/contact",
    "v1.saveContact": "POST /api.xro/1.0/contact",
    "v1.getContacts": "GET /api.xro/1.0/contacts",
    "v1.saveContacts": "POST /api.xro/1.0/contacts",
    "v1.getInvoice": "GET /api.xro/1.0/invoice",
    "v1.getInvoices": "GET /api.xro/1.0/invoices",
    "v1.insertInvoice": "PUT /api.xro/1.0/invoice",
    "v1.insertInvoices": "PUT /api.xro/1.0/invoices",
    "v1.getTracking": "GET /api.xro/1.0/tracking",
}
"""The interface table of v1's reference, line by line, under the ids of our operations."""


def test_the_table_has_the_eleven_interfaces_and_no_other() -> None:
    """Each line of the reference is a row, each row a line; all speak XML, and none shares an id with today's API."""
    rows = {row.id: row for row in operations()}
    assert {name: f"{row.method} {row.root}{row.path}" for name, row in rows.items()} == TABLE
    assert {row.accept for row in rows.values()} == {"text/xml"}
    assert {row.content_type for row in rows.values()} == {"text/xml; charset=utf-8"}
    assert not any(row.takes_key or row.needs_tenant or row.scopes for row in rows.values())
    assert not rows.keys() & {row.id for row in operations_of_today()}


# -- line by line -----------------------------------------------------------------------------------------------------


async def test_get_api_xro_1_0_accounts() -> None:
    """GET /api.xro/1.0/accounts: all accounts, each with code, name, type and tax type."""
    async with world() as here:
        accounts = await here.v1.accounts.list()
        sales = next(account for account in accounts if account.code == "200")
        assert (sales.name, sales.type, sales.tax_type) == ("Sales", "REVENUE", "OUTPUT")
        assert not accounts.errors


async def test_post_import_xro() -> None:
    """POST /import.xro: invoices in bulk, all of them drafts afterwards, and a refused one told among them."""
    async with world() as here:
        results = await here.v1.imports.invoices(
            [sale("B-1"), sale("B-2", Contact(contact_number="nobody")), sale("B-3")]
        )
        assert [error.position for error in results.errors] == [1]
        assert [each.status for each in results if each.invoice_number != "B-2"] == ["DRAFT", "DRAFT"]
        assert {each.invoice_number for each in await here.v1.invoices.list()} == {"B-1", "B-3"}


async def test_get_api_xro_1_0_contact() -> None:
    """GET /api.xro/1.0/contact: one contact, by its id or by its number; NotFound for one that there is not."""
    async with world() as here:
        made = await here.v1.contact.save(Contact(name="Ada", contact_number="A-1"))
        assert made.contact_id is not None
        by_id = await here.v1.contact.get(contact_id=made.contact_id)
        assert by_id.contact_number == "A-1"
        assert await here.v1.contact.get(contact_id=UUID(made.contact_id)) == by_id
        assert await here.v1.contact.get(contact_number="A-1") == by_id
        with pytest.raises(NotFound):
            await here.v1.contact.get(contact_id=uuid4())


async def test_post_api_xro_1_0_contact() -> None:
    """POST /api.xro/1.0/contact: makes a contact, and changes it when it comes again; errors in the 200 are raised."""
    async with world() as here:
        contact = Contact(
            contact_number="R-9",
            contact_status="ACTIVE",
            name="Riverside",
            email_address="office@riverside.example",
            addresses=[Address(address_type="POBOX", address_line1="PO Box 7", city="Wellington")],
            phones=[Phone(phone_type="DDI", phone_number="1234567", phone_area_code="4", phone_country_code="64")],
        )
        made = await here.v1.contact.save(contact)
        assert (made.name, made.email_address) == ("Riverside", "office@riverside.example")
        changed = await here.v1.contact.save(Contact(contact_number="R-9", email_address="new@riverside.example"))
        assert (changed.contact_id, changed.name) == (made.contact_id, "Riverside")
        assert changed.email_address == "new@riverside.example"
        with pytest.raises(ValidationFailed, match="could not be found") as refusal:
            await here.v1.contact.save(Contact(contact_number="unknown to all"))
        assert [error.position for error in refusal.value.errors] == [0]
        assert refusal.value.status == 200


async def test_get_api_xro_1_0_contacts() -> None:
    """GET /api.xro/1.0/contacts: all of them, sorted, or those that were changed after a moment."""
    async with world(contacts=5) as here:
        names = [contact.name or "" for contact in await here.v1.contacts.list(sort_by="name", direction="desc")]
        assert len(names) == 5
        assert names == sorted(names, key=str.lower, reverse=True)
        await here.v1.contact.save(Contact(name="Just now"))
        recent = await here.v1.contacts.list(updated_after=datetime.now(UTC) - timedelta(minutes=1))
        assert [contact.name for contact in recent] == ["Just now"]
        assert await here.v1.contacts.list(type="customers") == []


async def test_post_api_xro_1_0_contacts() -> None:
    """POST /api.xro/1.0/contacts: a batch, in which each contact is saved or told what is wrong with it."""
    async with world() as here:
        results = await here.v1.contacts.save(
            [Contact(name="One"), Contact(contact_number="nobody"), Contact(name="Three", contact_number="3")]
        )
        assert [each.name for each in results if not each.validation_errors] == ["One", "Three"]
        (error,) = results.errors
        assert error.position == 1
        assert "could not be found" in error.messages[0]


async def test_get_api_xro_1_0_invoice() -> None:
    """GET /api.xro/1.0/invoice: one invoice with its lines, by its id or by its number."""
    async with world() as here:
        made = await here.v1.invoice.insert(sale("V1-7"))
        found = await here.v1.invoice.get(invoice_id=made.invoice_id)
        assert found == await here.v1.invoice.get(invoice_number="V1-7")
        assert [line.line_amount for line in found.line_items or []] == [Decimal("900.00")]
        with pytest.raises(NotFound):
            await here.v1.invoice.get(invoice_number="V1-8")


async def test_get_api_xro_1_0_invoices() -> None:
    """GET /api.xro/1.0/invoices: all invoices, or those that were changed after a moment."""
    async with world(invoices=4) as here:
        seeded = await here.v1.invoices.list()
        assert len(seeded) == 4
        assert all(invoice.line_items and invoice.total is not None for invoice in seeded)
        await here.v1.invoice.insert(sale("V1-9"))
        recent = await here.v1.invoices.list(modified_since=datetime.now(UTC) - timedelta(minutes=1))
        assert [invoice.invoice_number for invoice in recent] == ["V1-9"]


async def test_put_api_xro_1_0_invoice() -> None:
    """PUT /api.xro/1.0/invoice: inserts a draft and names its contact; errors in the 200 are raised."""
    async with world() as here:
        made = await here.v1.invoice.insert(sale())
        assert (made.status, made.total, made.date) == ("DRAFT", Decimal("1035.00"), date(2008, 2, 25))
        assert made.contact is not None
        assert made.contact.contact_id
        with pytest.raises(ValidationFailed, match="Only inserts are allowed") as refusal:
            await here.v1.invoice.insert(made)
        assert refusal.value.operation == "v1.insertInvoice"


async def test_put_api_xro_1_0_invoices() -> None:
    """PUT /api.xro/1.0/invoices: inserts a batch, in which each invoice is saved or told what is wrong with it."""
    async with world() as here:
        results = await here.v1.invoices.insert([sale("A"), sale("B", Contact(contact_number="nobody"))])
        assert [error.position for error in results.errors] == [1]
        with pytest.raises(ValidationFailed):
            results.raise_for_errors()
        assert [invoice.invoice_number for invoice in await here.v1.invoices.list()] == ["A"]


async def test_get_api_xro_1_0_tracking() -> None:
    """GET /api.xro/1.0/tracking: all categories with their options."""
    async with world() as here:
        categories = {
            each.name: [option.name for option in each.options or []] for each in await here.v1.tracking.list()
        }
        assert "North" in categories["Region"]


# -- signing in -------------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_unauthorized_and_says_what_to_do() -> None:
    """With a wrong API key, or the key of no organisation, every interface answers 401."""
    async with Sandbox(seed=3) as sandbox:
        for api_key, xero_key in ((sandbox.api_key + "0", sandbox.xero_keys[0]), (sandbox.api_key, "0" * 40)):
            async with Xero(ApiKey(api_key), base_url=sandbox.base_url) as xero:
                v1 = xero.network_v1(xero_key)
                with pytest.raises(Unauthorized, match="Check the API key and the key of the organisation") as refusal:
                    await v1.accounts.list()
                with pytest.raises(Unauthorized):
                    await v1.invoice.insert(sale())
                assert (refusal.value.status, refusal.value.operation) == (401, "v1.getAccounts")


async def test_two_organisations_are_told_apart() -> None:
    """Each key opens its own organisation, under its own share of the limits."""
    async with (
        Sandbox(tenants=2, seed=3) as sandbox,
        Xero(ApiKey(sandbox.api_key), base_url=sandbox.base_url) as xero,
    ):
        one, other = (xero.network_v1(key) for key in sandbox.xero_keys)
        await one.contact.save(Contact(name="Only here"))
        assert [contact.name for contact in await one.contacts.list()] == ["Only here"]
        assert await other.contacts.list() == []
        assert (one.limits.minute, other.limits.minute) == (58, 59)
        assert (one.usage.attempts, other.usage.attempts) == (2, 1)
        assert one.id != other.id


async def test_v1_and_today_see_the_same_documents() -> None:
    """What v1 inserts, today's API reads, and the other way round, in one and the same shape."""
    async with (
        world() as here,
        Xero(
            ClientCredentials(here.sandbox.client_id, here.sandbox.client_secret),
            base_url=here.sandbox.base_url,
            identity_url=here.sandbox.identity_url,
        ) as xero,
    ):
        today = xero.tenant(here.sandbox.tenants[0])
        made = await here.v1.invoice.insert(sale("V1-77"))
        read = await today.invoices.get(made.invoice_id)
        assert (read.invoice_number, read.total, read.status) == ("V1-77", made.total, "DRAFT")
        (contact,) = await today.contacts.create([Contact(name="From today", contact_number="T-1")])
        assert (await here.v1.contact.get(contact_number="T-1")).contact_id == contact.contact_id


async def test_a_session_with_tokens_has_no_v1_and_one_with_keys_has_nothing_else() -> None:
    """The two ways to sign in do not mix: what would go out unsigned is refused before it does."""
    async with Sandbox(seed=3) as sandbox:
        credentials = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        async with Xero(credentials, base_url=sandbox.base_url) as xero:
            with pytest.raises(InvalidArgument, match="ApiKey"):
                xero.network_v1(sandbox.xero_keys[0])
        async with Xero(ApiKey(sandbox.api_key), base_url=sandbox.base_url) as xero:
            with pytest.raises(InvalidArgument, match="network_v1"):
                await xero.tenant(sandbox.tenants[0]).accounts.list()
            with pytest.raises(InvalidArgument, match="network_v1"):
                await xero.connections()


# -- what is refused before it is sent ---------------------------------------------------------------------------------


async def test_records_that_break_a_rule_are_not_sent() -> None:
    """The business rules of v1 are looked at first: the refusal names field and number, and nothing goes out."""
    async with world() as here:
        broken = sale()
        broken.type = "ACCRECX"
        with pytest.raises(InvalidArgument, match=r"row 1, Type: .* \(invoice 2\)"):
            await here.v1.invoices.insert([sale("A"), broken])
        nobody = sale()
        nobody.contact = None
        with pytest.raises(InvalidArgument, match=r"\(invoice 1\)"):
            await here.v1.invoice.insert(nobody)
        with pytest.raises(InvalidArgument, match=r"\(invoice 1\)"):
            await here.v1.imports.invoices([nobody])
        inclusive = sale()
        inclusive.line_amount_types = "Inclusive"
        with pytest.raises(InvalidArgument, match=r"\(invoice 4\)"):
            await here.v1.invoice.insert(inclusive)
        with pytest.raises(InvalidArgument, match=r"Phones\[0\]\.PhoneType.*\(contact 5\)"):
            await here.v1.contact.save(Contact(name="x", phones=[Phone(phone_type="OFFICE")]))
        with pytest.raises(InvalidArgument, match=r"Name: is missing"):
            await here.v1.contacts.save([Contact(email_address="a@b.example")])
        with pytest.raises(InvalidArgument, match=r"; and 2 more$"):
            await here.v1.invoices.insert([broken] * 5)
        assert here.v1.usage.attempts == 0


async def test_fields_that_v1_has_not_are_not_sent() -> None:
    """A currency, a branding theme or a user's name would be lost: the refusal names the place."""
    async with world() as here:
        foreign = sale()
        foreign.currency_code = "USD"
        with pytest.raises(InvalidArgument, match=r"v1 has no Invoices\[1\]\.CurrencyCode"):
            await here.v1.invoices.insert([sale("A"), foreign])
        with pytest.raises(InvalidArgument, match=r"v1 has no Contacts\[0\]\.FirstName"):
            await here.v1.contact.save(Contact(name="A", first_name="B"))
        assert here.v1.usage.attempts == 0


async def test_questions_that_name_nothing_or_too_much_are_not_asked() -> None:
    """One record is asked for by its id or its number, and by one of them alone; a batch has something in it."""
    async with world() as here:
        for question in (
            here.v1.contact.get(),
            here.v1.contact.get(contact_id="1", contact_number="2"),
            here.v1.contact.get(contact_number=" "),
            here.v1.invoice.get(),
            here.v1.invoice.get(invoice_id=""),
            here.v1.invoices.insert([]),
            here.v1.contacts.save(Contact(name="x")),  # type: ignore[arg-type]  # what a caller may get wrong
            here.v1.contacts.list(updated_after=datetime(2026, 1, 1)),
        ):
            with pytest.raises(InvalidArgument):
                await question
        assert here.v1.usage.attempts == 0


async def test_a_call_that_cannot_be_signed_is_no_call() -> None:
    """A tenant of today's API behind an API key is refused before anything is sent, counted or spent."""
    async with Sandbox() as sandbox, Xero(ApiKey(sandbox.api_key), base_url=sandbox.base_url) as xero:
        tenant = xero.tenant(sandbox.tenants[0])
        with pytest.raises(InvalidArgument):
            await tenant.invoices.list()
        assert (tenant.usage.attempts, tenant.limits.minute) == (0, 60)
        assert sandbox.counters.calls == 0
