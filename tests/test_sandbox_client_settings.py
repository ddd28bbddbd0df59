"""The real client against the sandbox: every resource of settings and orders, as the table has it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date
from decimal import Decimal

import pytest

from xero_async import ClientCredentials, NotFound, Tenant, ValidationFailed, Xero
from xero_async import models as m
from xero_async.sandbox import Sandbox

LINES = [m.LineItem(description="Work", quantity=Decimal(2), unit_amount=Decimal("50.00"), account_code="200")]
ABC = m.Contact(name="ABC")


@pytest.fixture
async def tenant() -> AsyncGenerator[Tenant]:
    """A client's tenant in a sandbox without limits that has seeded documents."""
    async with Sandbox(limits=None, contacts=20, invoices=100) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
            yield xero.tenant(sandbox.tenants[0])


async def test_accounts(tenant: Tenant) -> None:
    """An account is made, changed, given a file and deleted; a system account stays."""
    made = await tenant.accounts.create(m.Account(code="999", name="Sundry", type="EXPENSE"))
    assert (made.class_, made.status) == ("EXPENSE", "ACTIVE")
    changed = await tenant.accounts.update(made.account_id, m.Account(name="Other"))
    assert (changed.name, changed.code) == ("Other", "999")
    file = await tenant.accounts.attachments.upload(made.account_id, "a b&c.txt", b"hello")
    assert (await tenant.accounts.attachments.list(made.account_id))[0].file_name == "a b&c.txt"
    assert await tenant.accounts.attachments.get(made.account_id, file.attachment_id) == b"hello"
    assert (await tenant.accounts.delete(made.account_id)).status == "DELETED"
    with pytest.raises(NotFound):
        await tenant.accounts.get(made.account_id)
    debtors = (await tenant.accounts.list(where='SystemAccount=="DEBTORS"'))[0]
    with pytest.raises(ValidationFailed):
        await tenant.accounts.delete(debtors.account_id)


async def test_tax_rates(tenant: Tenant) -> None:
    """A rate of one's own is made, changed and read by its type."""
    part = m.TaxComponent(name="State", rate=Decimal("7.5"))
    made = (await tenant.tax_rates.create([m.TaxRate(name="State", tax_components=[part])]))[0]
    assert (made.tax_type, made.effective_rate) == ("TAX001", Decimal("7.5"))
    await tenant.tax_rates.update([m.TaxRate(tax_type="TAX001", name="State tax", status="DELETED")])
    read = await tenant.tax_rates.get("TAX001")
    assert (read.name, read.status) == ("State tax", "DELETED")
    assert len(await tenant.tax_rates.list()) > 30


async def test_tracking(tenant: Tenant) -> None:
    """Categories and their options are made, renamed and deleted."""
    seeded = await tenant.tracking_categories.list()
    assert {each.name for each in seeded} == {"Region", "Department"}
    assert (await tenant.tracking_categories.delete(seeded[0].tracking_category_id)).status == "DELETED"
    made = await tenant.tracking_categories.create(m.TrackingCategory(name="Team"))
    own = made.tracking_category_id
    option = await tenant.tracking_categories.options.create(own, m.TrackingOption(name="A"))
    renamed = await tenant.tracking_categories.options.update(
        own, option.tracking_option_id, m.TrackingOption(name="B")
    )
    assert (renamed.name, renamed.tracking_option_id) == ("B", option.tracking_option_id)
    read = await tenant.tracking_categories.get(own)
    assert [each.name for each in read.options or []] == ["B"]
    gone = await tenant.tracking_categories.options.delete(own, option.tracking_option_id)
    assert gone.status == "DELETED"
    archived = await tenant.tracking_categories.update(own, m.TrackingCategory(status="ARCHIVED"))
    assert (archived.name, archived.options) == ("Team", [])


async def test_items(tenant: Tenant) -> None:
    """Items are made with fine prices, found by code, changed in a batch and deleted."""
    price = m.Purchase(unit_price=Decimal("1.2345"), account_code="200")
    made = (await tenant.items.create([m.Item(code="X1", sales_details=price)], unitdp=4))[0]
    read = await tenant.items.get("X1", unitdp=4)
    assert read.sales_details is not None
    assert read.sales_details.unit_price == Decimal("1.2345")
    results = await tenant.items.upsert([m.Item(code="X1", name="One"), m.Item(code="", name="Two")])
    assert [len(results), len(results.errors)] == [2, 1]
    assert (await tenant.items.update(made.item_id, m.Item(code="X9"))).code == "X9"
    await tenant.items.history.add(made.item_id, "Seen")
    assert (await tenant.items.history.list(made.item_id))[0].details == "Seen"
    await tenant.items.delete(made.item_id)
    assert len(await tenant.items.list()) == 30


async def test_the_organisation(tenant: Tenant) -> None:
    """Its own record, its actions, its CIS settings, its users and a setup."""
    own = (await tenant.organisations.list())[0]
    assert own.base_currency == "NZD"
    assert {each.status for each in await tenant.organisations.actions()} == {"ALLOWED"}
    assert (await tenant.organisations.cis_settings(own.organisation_id)).cis_contractor_enabled is False
    users = await tenant.users.list()
    assert (await tenant.users.get(users[0].user_id)).email_address == users[0].email_address
    account = m.Account(code="201", name="Exports", type="SALES")
    told = await tenant.setup(m.Setup(conversion_date=m.ConversionDate(month=1, year=2025), accounts=[account]))
    assert told.import_summary is not None
    assert told.import_summary.accounts is not None
    assert told.import_summary.accounts.new == 1


async def test_themes_and_payment_services(tenant: Tenant) -> None:
    """A service is made and offered by a theme."""
    sent = m.PaymentService(payment_service_name="ACME", payment_service_url="https://pay.example/", pay_now_text="Pay")
    made = (await tenant.payment_services.create([sent]))[0]
    themes = await tenant.branding_themes.list()
    theme = (await tenant.branding_themes.get(themes[0].branding_theme_id)).branding_theme_id
    await tenant.branding_themes.payment_services.add(
        theme, [m.PaymentService(payment_service_id=made.payment_service_id)]
    )
    offered = await tenant.branding_themes.payment_services.list(theme)
    assert made.payment_service_id in [each.payment_service_id for each in offered]
    assert len(await tenant.payment_services.list()) == 2


async def test_budgets(tenant: Tenant) -> None:
    """Budgets are listed, and read month by month."""
    listed = await tenant.budgets.list()
    budget = await tenant.budgets.get(listed[0].budget_id, date_from=date(2025, 1, 1), date_to=date(2025, 2, 1))
    assert budget.budget_lines
    balances = budget.budget_lines[0].budget_balances or []
    assert [each.period for each in balances] == [date(2025, 1, 1), date(2025, 2, 1)]


async def test_contact_groups(tenant: Tenant) -> None:
    """A group is renamed, emptied and deleted."""
    made = (await tenant.contact_groups.create([m.ContactGroup(name="Best")]))[0]
    contacts = await tenant.contacts.list()
    await tenant.contact_groups.add_contacts(made.contact_group_id, [m.Contact(contact_id=contacts[0].contact_id)])
    assert (await tenant.contact_groups.update(made.contact_group_id, m.ContactGroup(name="Top"))).name == "Top"
    await tenant.contact_groups.remove_all_contacts(made.contact_group_id)
    assert (await tenant.contact_groups.get(made.contact_group_id)).contacts == []
    gone = await tenant.contact_groups.update(made.contact_group_id, m.ContactGroup(status="DELETED"))
    assert gone.status == "DELETED"


async def test_quotes(tenant: Tenant) -> None:
    """Quotes are made, filtered, crawled over their pages of a hundred, changed and printed."""
    quote = m.Quote(contact=ABC, line_items=LINES, date=date(2026, 1, 31), line_amount_types="EXCLUSIVE")
    batches = [await tenant.quotes.create([quote] * 50) for _ in range(3)]
    assert [each.errors for each in batches] == [[], [], []]
    made = batches[0][0]
    own = made.quote_id
    assert len([each async for each in tenant.quotes.list(date_from=date(2026, 1, 1))]) == 150
    assert (await tenant.quotes.update(own, m.Quote(status="SENT", contact=ABC))).status == "SENT"
    upserted = await tenant.quotes.upsert([m.Quote(quote_number=made.quote_number, title="New")])
    assert (upserted[0].quote_id, upserted[0].title) == (own, "New")
    assert (await tenant.quotes.get(own)).total == Decimal("115.00")  # with the tax of the account
    assert (await tenant.quotes.pdf(own)).startswith(b"%PDF")
    await tenant.quotes.history.add(own, "Seen")
    await tenant.quotes.attachments.upload(own, "a.txt", b"hello")


async def test_purchase_orders(tenant: Tenant) -> None:
    """Orders are made, approved, found by their numbers and by filters, and printed."""
    sent = m.PurchaseOrder(contact=ABC, line_items=LINES, date=date(2026, 1, 31))
    made = (await tenant.purchase_orders.create([sent]))[0]
    approved = await tenant.purchase_orders.update(made.purchase_order_id, m.PurchaseOrder(status="AUTHORISED"))
    assert approved.status == "AUTHORISED"
    by_number = await tenant.purchase_orders.get_by_number(made.purchase_order_number)
    assert by_number.purchase_order_id == made.purchase_order_id
    found = [each async for each in tenant.purchase_orders.list(date_from=date(2026, 1, 1), status="AUTHORISED")]
    assert [each.purchase_order_id for each in found] == [made.purchase_order_id]
    upserted = await tenant.purchase_orders.upsert([m.PurchaseOrder(purchase_order_id=made.purchase_order_id)])
    assert upserted.errors == []
    assert (await tenant.purchase_orders.pdf(made.purchase_order_id)).startswith(b"%PDF")


async def test_receipts(tenant: Tenant) -> None:
    """A receipt of a user is made, changed and noted."""
    user = (await tenant.users.list())[0]
    sent = m.Receipt(contact=ABC, line_items=LINES, user=m.User(user_id=user.user_id), date=date(2026, 1, 31))
    made = (await tenant.receipts.create([sent]))[0]
    assert (made.status, made.total) == ("DRAFT", Decimal("115.00"))
    assert (await tenant.receipts.update(made.receipt_id, m.Receipt(reference="r"))).reference == "r"
    assert (await tenant.receipts.get(made.receipt_id)).receipt_number
    await tenant.receipts.history.add(made.receipt_id, "Seen")
    assert made.receipt_id in [each.receipt_id async for each in tenant.receipts.list()]


async def test_repeating_invoices(tenant: Tenant) -> None:
    """A template is made, approved in a batch and deleted."""
    schedule = m.Schedule(period=1, unit="MONTHLY", due_date=20, due_date_type="OFFOLLOWINGMONTH")
    sent = m.RepeatingInvoice(type="ACCREC", contact=ABC, line_items=LINES, schedule=schedule)
    made = (await tenant.repeating_invoices.create([sent]))[0]
    own = made.repeating_invoice_id
    assert made.schedule is not None
    assert made.schedule.next_scheduled_date
    batch = await tenant.repeating_invoices.upsert([m.RepeatingInvoice(repeating_invoice_id=own, status="AUTHORISED")])
    assert batch[0].status == "AUTHORISED"
    gone = await tenant.repeating_invoices.update(own, m.RepeatingInvoice(status="DELETED"))
    assert gone.status == (await tenant.repeating_invoices.get(own)).status == "DELETED"
    assert len(await tenant.repeating_invoices.list()) == 4


async def test_linked_transactions(tenant: Tenant) -> None:
    """A line of a bill is linked, billed with a sale's, found and deleted."""
    bill, sale = await tenant.invoices.create(
        [
            m.Invoice(type="ACCPAY", contact=ABC, line_items=LINES),
            m.Invoice(type="ACCREC", contact=ABC, line_items=LINES),
        ]
    )
    assert bill.line_items
    sent = m.LinkedTransaction(
        source_transaction_id=bill.invoice_id, source_line_item_id=bill.line_items[0].line_item_id
    )
    made = await tenant.linked_transactions.create(sent)
    own = made.linked_transaction_id
    target = m.LinkedTransaction(target_transaction_id=sale.invoice_id)
    assert (await tenant.linked_transactions.update(own, target)).status == "ONDRAFT"
    listed = [each async for each in tenant.linked_transactions.list(source_transaction_id=bill.invoice_id)]
    assert [each.linked_transaction_id for each in listed] == [own]
    assert sale.contact is not None
    assert (await tenant.linked_transactions.get(own)).contact_id == sale.contact.contact_id
    await tenant.linked_transactions.delete(own)
    with pytest.raises(NotFound):
        await tenant.linked_transactions.get(own)


async def test_what_is_done_with_an_invoice(tenant: Tenant) -> None:
    """An approved sale is emailed, shown online and printed."""
    contact = m.Contact(name="Mail", email_address="mail@example.com")
    await tenant.contacts.create([contact])
    sent = m.Invoice(
        type="ACCREC",
        contact=m.Contact(name="Mail"),
        line_items=LINES,
        status="AUTHORISED",
        due_date=date(2026, 12, 31),
    )
    sale = (await tenant.invoices.create([sent]))[0]
    await tenant.invoices.email(sale.invoice_id)
    assert (await tenant.invoices.get(sale.invoice_id)).sent_to_contact is True
    assert (await tenant.invoices.online(sale.invoice_id)).online_invoice_url
    assert (await tenant.invoices.pdf(sale.invoice_id)).startswith(b"%PDF")
