"""Banking, payments, journals and reports over sockets: the client against the sandbox."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import date
from decimal import Decimal

import pytest

from xero_async import ClientCredentials, Tenant, ValidationFailed, Xero
from xero_async.models import (
    Account,
    Allocation,
    BankTransaction,
    BankTransfer,
    BatchPayment,
    Contact,
    Invoice,
    LineItem,
    ManualJournal,
    ManualJournalLine,
    Payment,
    ReportWithRow,
)
from xero_async.sandbox import Sandbox

BANK = Account(code="090")
DAY = date(2026, 1, 31)


@pytest.fixture
async def tenant() -> AsyncGenerator[Tenant]:
    """An organisation with a few documents, through a client that is signed in."""
    async with Sandbox(contacts=30, invoices=300, limits=None) as sandbox:
        auth = ClientCredentials(sandbox.client_id, sandbox.client_secret)
        async with Xero(auth, base_url=sandbox.base_url, identity_url=sandbox.identity_url) as xero:
            yield xero.tenant(sandbox.tenants[0])


def work(account: str = "200", amount: str = "100.00", tax: str = "NONE") -> LineItem:
    """One line of work."""
    unit = Decimal(amount)
    return LineItem(description="Work", quantity=Decimal(1), unit_amount=unit, account_code=account, tax_type=tax)


async def invoiced(tenant: Tenant, kind: str = "ACCREC") -> Invoice:
    """An approved invoice of 100.00."""
    made = await tenant.invoices.create(
        [
            Invoice(
                type=kind,
                contact=Contact(name="Acme"),
                date=DAY,
                due_date=DAY,
                line_items=[work()],
                status="AUTHORISED",
            )
        ]
    )
    return made[0]


def figures(report: ReportWithRow) -> dict[str | None, list[str | None]]:
    """The rows of a report: their first cell, and the others."""
    found: dict[str | None, list[str | None]] = {}
    for section in report.rows or ():
        for row in section.rows or ():
            first, *rest = [cell.value for cell in row.cells or ()]
            found[first] = rest
    return found


async def test_a_payment_is_made_and_reversed(tenant: Tenant) -> None:
    """A payment settles an invoice, is listed, and gives the amount back when it is deleted."""
    invoice = await invoiced(tenant)
    named = Invoice(invoice_id=invoice.invoice_id)
    made = (await tenant.payments.create([Payment(invoice=named, account=BANK, amount=Decimal(40), date=DAY)]))[0]
    now = await tenant.invoices.get(str(invoice.invoice_id))
    assert (now.amount_paid, now.amount_due) == (Decimal(40), Decimal(60))
    assert made.payment_id in {each.payment_id async for each in tenant.payments.list(where='Status == "AUTHORISED"')}
    assert (await tenant.payments.delete(str(made.payment_id))).status == "DELETED"
    assert (await tenant.invoices.get(str(invoice.invoice_id))).amount_due == 100
    too_much = Payment(invoice=named, account=BANK, amount=Decimal("100.01"), date=DAY)
    results = await tenant.payments.create([too_much])
    assert "exceeds the amount outstanding" in str(results.errors[0])
    with pytest.raises(ValidationFailed, match="exceeds the amount outstanding"):
        await tenant.payments.create_one(too_much)


async def test_a_batch_is_paid_and_deleted_both_ways(tenant: Tenant) -> None:
    """A batch pays two bills; one batch is deleted by its address, another by its body."""
    for way in (tenant.batch_payments.delete, tenant.batch_payments.delete_in_body):
        bills = [await invoiced(tenant, "ACCPAY") for _ in range(2)]
        payments = [Payment(invoice=Invoice(invoice_id=each.invoice_id), amount=each.amount_due) for each in bills]
        made = (await tenant.batch_payments.create([BatchPayment(account=BANK, date=DAY, payments=payments)]))[0]
        assert made.total_amount == 200
        assert (await tenant.batch_payments.get(str(made.batch_payment_id))).type == "PAYBATCH"
        assert (await way(str(made.batch_payment_id))).status == "DELETED"
        assert (await tenant.invoices.get(str(bills[0].invoice_id))).amount_due == 100


async def test_transfers_are_made_and_deleted_both_ways(tenant: Tenant) -> None:
    """Transfers are made together and deleted one by one or several at once; the list tells of them when asked."""
    sent = BankTransfer(from_bank_account=BANK, to_bank_account=Account(code="091"), amount=Decimal(5), date=DAY)
    made = await tenant.bank_transfers.create([sent, sent, sent])
    ids = [str(each.bank_transfer_id) for each in made]
    await tenant.bank_transfers.delete(ids[0])
    deleted = await tenant.bank_transfers.delete_many(ids[1:])
    assert [each.status for each in deleted] == ["DELETED", "DELETED"]
    listed = {each.bank_transfer_id async for each in tenant.bank_transfers.list()}
    assert not listed & set(ids)
    listed = {each.bank_transfer_id async for each in tenant.bank_transfers.list(include_deleted=True)}
    assert listed > set(ids)


async def test_a_prepayment_is_received_and_allocated(tenant: Tenant) -> None:
    """A bank transaction makes a prepayment, which is allocated to an invoice and taken back."""
    received = BankTransaction(
        type="RECEIVE-PREPAYMENT",
        contact=Contact(name="Acme"),
        bank_account=BANK,
        date=DAY,
        line_items=[work("835", "60.00")],
    )
    made = (await tenant.bank_transactions.create([received]))[0]
    own = str(made.prepayment_id)
    invoice = await invoiced(tenant)
    allocation = Allocation(invoice=Invoice(invoice_id=invoice.invoice_id), amount=Decimal(60), date=DAY)
    allocated = (await tenant.prepayments.allocations.create(own, [allocation]))[0]
    assert (await tenant.prepayments.get(own)).remaining_credit == 0
    await tenant.prepayments.allocations.delete(own, str(allocated.allocation_id))
    assert (await tenant.prepayments.get(own)).remaining_credit == 60


async def test_files_and_notes_of_a_bank_transaction(tenant: Tenant) -> None:
    """A file and a note hang on a bank transaction."""
    first = (await tenant.bank_transactions.list(page_size=1)).items[0]
    own = str(first.bank_transaction_id)
    await tenant.bank_transactions.attachments.upload(own, "a #1.txt", b"bytes")
    assert await tenant.bank_transactions.attachments.get_by_name(own, "a #1.txt") == b"bytes"
    await tenant.bank_transactions.history.add(own, "Seen")
    assert "Seen" in [each.details async for each in tenant.bank_transactions.history.list(own)]


async def test_a_manual_journal_is_in_the_books(tenant: Tenant) -> None:
    """A posted manual journal is the last of all journals, which are drawn to the end without a gap."""
    lines = [
        ManualJournalLine(line_amount=Decimal(sign * 12), account_code=code) for sign, code in ((1, "400"), (-1, "880"))
    ]
    made = await tenant.manual_journals.create(
        [ManualJournal(narration="Moved", date=DAY, status="POSTED", journal_lines=lines)]
    )
    journals = [each async for each in tenant.journals.list()]
    assert [each.journal_number for each in journals] == list(range(1, len(journals) + 1))
    assert len(journals) > 300
    last = journals[-1]
    assert (last.source_type, last.source_id) == ("MANJOURNAL", made[0].manual_journal_id)
    assert [each.net_amount for each in last.journal_lines or ()] == [12, -12]
    assert (await tenant.journals.get_by_number(str(last.journal_number))).journal_id == last.journal_id


async def test_the_reports(tenant: Tenant) -> None:
    """The reports decode, agree with each other, and follow what was done a moment ago."""
    before = figures(await tenant.reports.trial_balance(date=DAY))
    assert before["Total"][2] == before["Total"][3]
    await invoiced(tenant)
    after = figures(await tenant.reports.trial_balance(date=DAY))
    assert Decimal(str(after["Total"][2])) == Decimal(str(before["Total"][2])) + 100
    sheet = figures(await tenant.reports.balance_sheet(date=DAY, periods=2, timeframe="MONTH"))
    assert sheet["Net Assets"] == sheet["Total Equity"]
    assert len(sheet["Net Assets"]) == 3
    profit = figures(await tenant.reports.profit_and_loss(from_date=date(2025, 4, 1), to_date=DAY))
    assert profit["Net Profit"][0] == sheet["Current Year Earnings"][0]
    banks = figures(await tenant.reports.bank_summary(from_date=DAY, to_date=DAY))
    assert banks["Total"][3] == sheet["Total Bank"][0]
    assert (await tenant.reports.executive_summary()).report_name == "Executive Summary"
    assert (await tenant.reports.budget_summary()).report_type == "BudgetSummary"
    contact = (await invoiced(tenant)).contact
    assert contact is not None
    aged = await tenant.reports.aged_receivables_by_contact(contact_id=str(contact.contact_id), date=DAY)
    assert figures(aged)["Total"][-1] == "200.00"
    listed = await tenant.reports.list()
    by_id = await tenant.reports.get(str(listed.items[0].report_id))
    assert by_id.report_name == listed.items[0].report_name
    assert [each async for each in tenant.reports.ten_ninety_nine()]
