"""xero-python signs in, writes and searches, as the programs of its users do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from .official import Official, connect
from .process import Process, running

pytest.importorskip("xero_python", reason="xero-python is not installed: `nox -s peers` runs these")

DAY = date(2026, 3, 31)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Process]:
    """A sandbox that these tests have for themselves."""
    with running("--contacts", "10", "--invoices", "250", "--tenants", "2", "--limits", "off") as process:
        yield process


@pytest.fixture(scope="module")
def official(sandbox: Process) -> Official:
    """The SDK, signed in with a custom connection's credentials."""
    return connect(sandbox)


def line(official: Official, amount: float = 120.0, **more: object) -> Any:
    """A line of one unit."""
    details: dict[str, object] = {"description": "Consulting", "quantity": 1.0, "account_code": "200"}
    return official.models.LineItem(unit_amount=amount, **(details | more))


def sale(official: Official, **more: object) -> Any:
    """An approved sale over 120.00 and tax."""
    details: dict[str, object] = {
        "type": "ACCREC",
        "contact": official.models.Contact(name="Acme"),
        "line_items": [line(official)],
        "date": DAY,
        "due_date": DAY + timedelta(days=30),
        "status": "AUTHORISED",
    }
    return official.models.Invoice(**(details | more))


def invoices(official: Official, *records: Any) -> Any:
    """Invoices in their envelope."""
    return official.models.Invoices(invoices=list(records))


def created(official: Official, **more: object) -> Any:
    """A sale that is in the books."""
    (invoice,) = official.call("create_invoices", invoices(official, sale(official, **more))).invoices
    return invoice


# -- organisations -------------------------------------------------------------------------------------------------


def test_the_connections_and_their_organisations(official: Official, sandbox: Process) -> None:
    """The token reaches both tenants, and each is an organisation by the same name."""
    connections = official.identity.get_connections()
    assert [each.tenant_id for each in connections] == sandbox.tenants
    for each in connections:
        (organisation,) = official.accounting.get_organisations(each.tenant_id).organisations
        assert organisation.name == each.tenant_name


def test_a_token_that_nobody_issued_is_refused(sandbox: Process) -> None:
    """An unknown token is a 401, in the shape that the SDK reads."""
    token: dict[str, object] = {"access_token": "made up", "scope": [], "expires_in": 1800, "token_type": "Bearer"}
    other = connect(sandbox, {"token": token})
    with pytest.raises(Exception, match="AuthenticationUnsuccessful") as caught:
        other.call("get_organisations")
    assert getattr(caught.value, "status", None) == 401


# -- contacts and invoices -----------------------------------------------------------------------------------------


def test_a_contact_is_created_updated_and_archived(official: Official) -> None:
    """What is sent is there when it is read again, and a change leaves the rest alone."""
    models = official.models
    contact = models.Contact(
        name="Boutique Hoteliers",
        first_name="Ana",
        email_address="ana@example.com",
        phones=[models.Phone(phone_type="MOBILE", phone_number="555 1234")],
        addresses=[models.Address(address_type="POBOX", city="Wellington", postal_code="6011")],
        contact_persons=[models.ContactPerson(first_name="Bo", email_address="bo@example.com")],
    )
    (made,) = official.call("create_contacts", models.Contacts(contacts=[contact])).contacts
    change = models.Contacts(contacts=[models.Contact(first_name="Anna")])
    official.call("update_contact", made.contact_id, change)
    (read,) = official.call("get_contact", made.contact_id).contacts
    assert (read.name, read.first_name, read.email_address) == ("Boutique Hoteliers", "Anna", "ana@example.com")
    assert [each.phone_number for each in read.phones if each.phone_type == "MOBILE"] == ["555 1234"]
    assert [each.first_name for each in read.contact_persons] == ["Bo"]
    archived = models.Contacts(contacts=[models.Contact(contact_status="ARCHIVED")])
    official.call("update_contact", made.contact_id, archived)
    assert made.contact_id not in {each.contact_id for each in official.call("get_contacts").contacts}
    everyone = official.call("get_contacts", include_archived="true").contacts
    assert made.contact_id in {each.contact_id for each in everyone}


def test_one_invalid_among_valid(official: Official) -> None:
    """With `summarize_errors=False` all come back, the valid ones saved and the invalid one with what is wrong."""
    batch = invoices(
        official,
        sale(official, reference="first"),
        sale(official, reference="second", line_items=[line(official, account_code="no such")]),
        sale(official, reference="third"),
    )
    answered = official.call("create_invoices", batch, summarize_errors=False).invoices
    told = {each.reference: each for each in answered}
    assert {name: each.status_attribute_string for name, each in told.items()} == {
        "first": "OK",
        "second": "ERROR",
        "third": "OK",
    }
    assert told["second"].has_errors
    assert told["second"].validation_errors[0].message
    assert told["second"].invoice_id == "00000000-0000-0000-0000-000000000000"
    for name in ("first", "third"):
        (read,) = official.call("get_invoice", told[name].invoice_id).invoices
        assert (read.reference, read.status) == (name, "AUTHORISED")


def test_one_invalid_among_valid_as_a_whole(official: Official) -> None:
    """Otherwise the answer is a 400 that lists the failure alone, though the valid one was saved."""
    wrong = sale(official, line_items=[line(official, account_code="no such")])
    right = sale(official, reference="saved all the same")
    with pytest.raises(Exception, match="Account code 'no such'") as caught:
        official.call("create_invoices", invoices(official, right, wrong), summarize_errors=True)
    raised: Any = caught.value
    assert (raised.status, raised.error_data["ErrorNumber"], len(raised.error_data["Elements"])) == (400, 10, 1)
    found = official.call("get_invoices", where='Reference=="saved all the same"', page=1)
    assert len(found.invoices) == 1


def test_totals_numbers_and_moments(official: Official) -> None:
    """Totals and tax are worked out, a number is given, and dates come as the SDK reads them."""
    lines = [line(official, 19.99, quantity=3.0, tax_type="OUTPUT2"), line(official, 10.0, discount_rate=10.0)]
    invoice = created(official, line_items=lines, line_amount_types=official.models.LineAmountTypes.EXCLUSIVE)
    assert float(invoice.sub_total) == pytest.approx(68.97)
    assert float(invoice.total) == pytest.approx(float(invoice.sub_total) + float(invoice.total_tax))
    assert invoice.amount_due == invoice.total
    assert invoice.invoice_number.startswith("INV-")
    assert (invoice.date, invoice.due_date) == (DAY, DAY + timedelta(days=30))
    assert abs(datetime.now(UTC) - invoice.updated_date_utc) < timedelta(minutes=5)
    assert all(each.line_item_id for each in invoice.line_items)


def test_an_invoice_is_updated(official: Official) -> None:
    """A reference is changed, a line is kept by its id, and the one that is not sent back is gone."""
    invoice = created(official, status="DRAFT", line_items=[line(official, 10.0), line(official, 20.0)])
    kept = line(official, 15.0, line_item_id=invoice.line_items[0].line_item_id)
    change = official.models.Invoice(reference="changed", line_items=[kept])
    (updated,) = official.call("update_invoice", invoice.invoice_id, invoices(official, change)).invoices
    assert updated.reference == "changed"
    assert [each.line_item_id for each in updated.line_items] == [kept.line_item_id]
    assert float(updated.sub_total) == 15.0
    (deleted,) = official.call(
        "update_or_create_invoices",
        invoices(official, official.models.Invoice(invoice_id=invoice.invoice_id, status="DELETED")),
    ).invoices
    assert deleted.status == "DELETED"


def test_what_was_read_may_be_sent_back(official: Official) -> None:
    """A record that is read, changed and sent back whole, read-only fields and all, is taken."""
    (read,) = official.call("get_invoice", created(official, status="DRAFT").invoice_id).invoices
    read.reference = "sent back"
    (updated,) = official.call("update_or_create_invoices", invoices(official, read)).invoices
    assert (updated.invoice_id, updated.reference) == (read.invoice_id, "sent back")


def test_the_same_key_writes_once(official: Official) -> None:
    """Two calls with one idempotency key make one invoice."""
    batch = invoices(official, sale(official, reference="once"))
    first, second = (official.call("create_invoices", batch, idempotency_key="peer-1").invoices for _ in range(2))
    assert first[0].invoice_id == second[0].invoice_id


# -- lists ---------------------------------------------------------------------------------------------------------


def test_pages(official: Official) -> None:
    """Pages of 100 and of 40 hold every invoice once, and tell how many there are."""
    for size in (None, 40):
        ids: list[str] = []
        keywords = {} if size is None else {"page_size": size}
        first = official.call("get_invoices", page=1, order="InvoiceID ASC", **keywords)
        for page in range(1, first.pagination.page_count + 1):
            answered = official.call("get_invoices", page=page, order="InvoiceID ASC", **keywords)
            assert len(answered.invoices) <= (size or 100)
            assert all(each.line_items for each in answered.invoices)
            ids += [each.invoice_id for each in answered.invoices]
        assert len(ids) == len(set(ids)) == first.pagination.item_count >= 250


@pytest.mark.parametrize(
    "keywords",
    [
        {"where": 'Status=="PAID" AND Type=="ACCREC"'},
        {"where": "Total > 100 && Total <= 2000"},
        {"where": "Date >= DateTime(2026, 01, 01) || AmountDue == 0"},
        {"where": 'Contact.Name.StartsWith("A") OR Contact.Name.Contains("e")'},
        {"statuses": ["DRAFT", "PAID"]},
        {"order": "Date DESC"},
        {"summary_only": True, "page": 1},
        {"created_by_my_app": False},
        {"search_term": "a", "page": 1},
    ],
    ids=lambda keywords: next(iter(keywords.values())),
)
def test_filters(official: Official, keywords: dict[str, Any]) -> None:
    """Filters, orders and switches of the list of invoices are understood, and find something."""
    found = official.call("get_invoices", **keywords).invoices
    assert found
    if "statuses" in keywords:
        assert {each.status for each in found} == {"DRAFT", "PAID"}
    if "order" in keywords:
        days = [each.date for each in found]
        assert days == sorted(days, reverse=True)


def test_lists_by_id_number_and_contact(official: Official) -> None:
    """Lists of ids, of numbers and of contacts find what they name."""
    one, two = created(official), created(official)
    by_id = official.call("get_invoices", i_ds=[one.invoice_id, two.invoice_id]).invoices
    assert {each.invoice_id for each in by_id} == {one.invoice_id, two.invoice_id}
    by_number = official.call("get_invoices", invoice_numbers=[one.invoice_number]).invoices
    assert [each.invoice_id for each in by_number] == [one.invoice_id]
    by_contact = official.call("get_invoices", contact_i_ds=[one.contact.contact_id]).invoices
    assert {each.contact.name for each in by_contact} == {"Acme"}
    (by_its_number,) = official.call("get_invoice", one.invoice_number).invoices
    assert by_its_number.invoice_id == one.invoice_id


def test_only_what_has_changed(official: Official) -> None:
    """With a moment in `If-Modified-Since`, what is older does not come."""
    created(official)
    since = datetime.now(UTC) - timedelta(minutes=5)
    recent = official.call("get_invoices", if_modified_since=since).invoices
    assert 0 < len(recent) < 250
    later = official.call("get_invoices", if_modified_since=datetime.now(UTC) + timedelta(days=1)).invoices
    assert not later


def test_a_wrong_filter_is_told(official: Official) -> None:
    """A filter that cannot be read is a 400 of the type that Xero has for it."""
    with pytest.raises(Exception, match="QueryParseException"):
        official.call("get_invoices", where="Status==")


# -- money ---------------------------------------------------------------------------------------------------------


def bank(official: Official) -> Any:
    """A bank account."""
    found = official.call("get_accounts", where='Type=="BANK" AND Status=="ACTIVE"').accounts
    return next(each for each in found if not each.currency_code or str(each.currency_code).endswith("NZD"))


def test_a_payment_pays_and_its_removal_does_not(official: Official) -> None:
    """A part payment lowers what is due, a full one pays, and a deleted one takes itself back."""
    models, invoice = official.models, created(official)
    account = models.Account(account_id=bank(official).account_id)
    first, rest = 20.0, float(invoice.total) - 20.0
    to = models.Invoice(invoice_id=invoice.invoice_id)
    paid = [models.Payment(invoice=to, account=account, date=DAY, amount=amount) for amount in (first, rest)]
    official.call("create_payment", paid[0])
    (part,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert part.status == "AUTHORISED"
    assert float(part.amount_due) == pytest.approx(rest)
    (payment,) = official.call("create_payments", models.Payments(payments=[paid[1]])).payments
    (whole,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert (whole.status, float(whole.amount_due), len(whole.payments)) == ("PAID", 0.0, 2)
    official.call("delete_payment", payment.payment_id, models.PaymentDelete(status="DELETED"))
    (again,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert again.status == "AUTHORISED"
    assert float(again.amount_due) == pytest.approx(rest)


def test_a_credit_note_is_allocated(official: Official) -> None:
    """A credit note that is set against an invoice lowers what is due."""
    models, invoice = official.models, created(official)
    note = models.CreditNote(
        type="ACCRECCREDIT",
        contact=models.Contact(contact_id=invoice.contact.contact_id),
        date=DAY,
        status="AUTHORISED",
        line_items=[line(official, 30.0)],
    )
    (made,) = official.call("create_credit_notes", models.CreditNotes(credit_notes=[note])).credit_notes
    against = models.Allocation(amount=10.0, date=DAY, invoice=models.Invoice(invoice_id=invoice.invoice_id))
    allocations = models.Allocations(allocations=[against])
    official.call("create_credit_note_allocation", made.credit_note_id, allocations)
    (after,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert float(after.amount_due) == pytest.approx(float(invoice.total) - 10)
    (read,) = official.call("get_credit_note", made.credit_note_id).credit_notes
    assert float(read.remaining_credit) == pytest.approx(float(made.total) - 10)
    official.call("delete_credit_note_allocations", made.credit_note_id, read.allocations[0].allocation_id)
    (undone,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert undone.amount_due == invoice.total


def test_money_in_the_bank(official: Official) -> None:
    """Spent money, a transfer and a batch of payments are recorded."""
    models, account = official.models, bank(official)
    spent = models.BankTransaction(
        type="SPEND",
        contact=models.Contact(name="Acme"),
        line_items=[line(official, 50.0, account_code="429")],
        bank_account=models.Account(account_id=account.account_id),
        date=DAY,
    )
    batch = models.BankTransactions(bank_transactions=[spent])
    (transaction,) = official.call("create_bank_transactions", batch).bank_transactions
    (read,) = official.call("get_bank_transaction", transaction.bank_transaction_id).bank_transactions
    assert (read.status, read.type, len(read.line_items)) == ("AUTHORISED", "SPEND", 1)
    invoice = created(official)
    payment = models.Payment(
        invoice=models.Invoice(invoice_id=invoice.invoice_id), amount=float(invoice.total), date=DAY
    )
    run = models.BatchPayment(
        account=models.Account(account_id=account.account_id), date=DAY, reference="run", payments=[payment]
    )
    (made,) = official.call("create_batch_payment", models.BatchPayments(batch_payments=[run])).batch_payments
    assert made.batch_payment_id
    (after,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert after.status == "PAID"


# -- and the rest --------------------------------------------------------------------------------------------------


def test_items_and_settings(official: Official) -> None:
    """An item, an account, a tax rate, a tracking option and a group of contacts are made and changed."""
    models = official.models
    item = models.Item(code="PEER-1", name="Peer", sales_details=models.Purchase(unit_price=12.5, account_code="200"))
    (made,) = official.call("create_items", models.Items(items=[item])).items
    changed = models.Items(items=[models.Item(code="PEER-1", name="Changed")])
    (updated,) = official.call("update_item", made.item_id, changed).items
    assert (updated.name, float(updated.sales_details.unit_price)) == ("Changed", 12.5)
    official.call("delete_item", made.item_id)

    expense = models.Account(code="P100", name="Peers", type=models.AccountType.EXPENSE)
    (account,) = official.call("create_account", expense).accounts
    archived = models.Accounts(accounts=[models.Account(status="ARCHIVED")])
    (gone,) = official.call("update_account", account.account_id, archived).accounts
    assert (gone.code, gone.status) == ("P100", "ARCHIVED")
    official.call("delete_account", account.account_id)

    rate = models.TaxRate(name="Peer tax", tax_components=[models.TaxComponent(name="Tax", rate=7.5)])
    (tax,) = official.call("create_tax_rates", models.TaxRates(tax_rates=[rate])).tax_rates
    assert float(tax.effective_rate) == 7.5

    (category,) = (
        official.call("create_tracking_category", models.TrackingCategory(name="Peer Region")).tracking_categories
        if room(official)
        else official.call("get_tracking_categories").tracking_categories[:1]
    )
    option = models.TrackingOption(name="Antarctica")
    (added,) = official.call("create_tracking_options", category.tracking_category_id, option).options
    assert added.name == "Antarctica"

    group = models.ContactGroups(contact_groups=[models.ContactGroup(name="Peers")])
    (grouped,) = official.call("create_contact_group", group).contact_groups
    member = official.call("get_contacts").contacts[0]
    members = models.Contacts(contacts=[models.Contact(contact_id=member.contact_id)])
    official.call("create_contact_group_contacts", grouped.contact_group_id, members)
    (read,) = official.call("get_contact_group", grouped.contact_group_id).contact_groups
    assert [each.contact_id for each in read.contacts] == [member.contact_id]
    official.call("delete_contact_group_contact", grouped.contact_group_id, member.contact_id)


def room(official: Official) -> bool:
    """Whether the organisation may have another tracking category: it has two at most."""
    return len(official.call("get_tracking_categories").tracking_categories) < 2


def test_orders_quotes_and_journals(official: Official) -> None:
    """A purchase order, a quote, a manual journal and a repeating invoice are made and found."""
    models = official.models
    acme = models.Contact(name="Acme")
    order = models.PurchaseOrder(contact=acme, line_items=[line(official)], date=DAY)
    batch = models.PurchaseOrders(purchase_orders=[order])
    (ordered,) = official.call("create_purchase_orders", batch).purchase_orders
    assert ordered.purchase_order_number
    quote = models.Quote(contact=acme, line_items=[line(official)], date=DAY, status=models.QuoteStatusCodes.DRAFT)
    (quoted,) = official.call("create_quotes", models.Quotes(quotes=[quote])).quotes
    (read,) = official.call("get_quote", quoted.quote_id).quotes
    assert read.quote_number == quoted.quote_number
    entries = [
        models.ManualJournalLine(line_amount=amount, account_code=code)
        for amount, code in ((9.5, "400"), (-9.5, "404"))
    ]
    journal = models.ManualJournal(narration="Moved", journal_lines=entries, date=DAY, status="POSTED")
    (posted,) = official.call(
        "create_manual_journals", models.ManualJournals(manual_journals=[journal])
    ).manual_journals
    assert posted.status == "POSTED"
    monthly = models.RepeatingInvoice(
        type="ACCREC",
        contact=models.Contact(contact_id=ordered.contact.contact_id),
        line_items=[line(official)],
        schedule=models.Schedule(
            period=1, unit="MONTHLY", due_date=10, due_date_type="OFFOLLOWINGMONTH", start_date=DAY
        ),
        status="DRAFT",
    )
    (repeated,) = official.call(
        "create_repeating_invoices", models.RepeatingInvoices(repeating_invoices=[monthly])
    ).repeating_invoices
    assert repeated.schedule.unit == "MONTHLY"


def test_an_invoice_is_sent_by_mail(official: Official) -> None:
    """An email is asked for, which answers nothing."""
    contact = official.models.Contact(name="Mailed", email_address="mailed@example.com")
    official.call("create_contacts", official.models.Contacts(contacts=[contact]))
    invoice = created(official, contact=contact)
    assert official.call("email_invoice", invoice.invoice_id, official.models.RequestEmpty()) is None
    (read,) = official.call("get_invoice", invoice.invoice_id).invoices
    assert read.sent_to_contact


def test_what_is_not_there_is_not_found(official: Official) -> None:
    """An id that is nobody's is the SDK's 404."""
    with pytest.raises(Exception, match="cannot be found") as caught:
        official.call("get_invoice", "7e0a2d2e-0b3c-4d52-9a8f-2b9d0f6f3b11")
    assert getattr(caught.value, "status", None) == 404


def test_a_refused_call_is_made_again_when_it_may() -> None:
    """A 429 with `Retry-After` is waited out by the SDK's HTTP library, which then has its answer."""
    with running() as process:
        official = connect(process)
        process.ask("faults", [{"kind": "minute", "times": 1, "seconds": 1}])
        began = time.monotonic()
        assert official.call("get_organisations").organisations
        assert time.monotonic() - began >= 1
        assert process.ask("counters")["injected"] == {"minute": 1}
