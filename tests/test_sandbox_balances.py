"""What contacts owe and are owed, payments in other currencies, and lines: discounts, compound taxes, ids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_engine import Engine, line, sale

Json = dict[str, Any]  # Any: documents of every shape
UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def balances(engine: Engine, contact_id: str, side: str = "AccountsReceivable") -> tuple[Any, Any]:
    """What is outstanding and overdue of a contact, in its own page and in a list alike."""
    one = engine.good("getContact", path={"ContactID": contact_id})["Contacts"][0]
    (listed,) = engine.good("getContacts", page=1, IDs=contact_id)["Contacts"]
    assert one == listed
    own = one.get("Balances", {}).get(side, {})
    return own.get("Outstanding"), own.get("Overdue")


def test_balances_follow_what_is_due(engine: Engine) -> None:
    """Approved invoices count until they are paid, credits count against them, and the overdue alone is overdue."""
    late = engine.invoice(Status="AUTHORISED", Date="2026-10-01", DueDate="2026-11-20")
    contact = late["Contact"]["ContactID"]
    before = engine.good("getContact", path={"ContactID": contact})["Contacts"][0]["UpdatedDateUTC"]
    assert balances(engine, contact) == (115, 115)
    engine.invoice(Status="AUTHORISED", DueDate="2026-11-21")
    engine.invoice()  # a draft owes nothing
    assert balances(engine, contact) == (230, 115)
    note = sale(Type="ACCRECCREDIT", Status="AUTHORISED", LineItems=[line(Quantity=1)])
    engine.good("createCreditNotes", note)
    assert balances(engine, contact) == (Decimal("172.50"), 115)
    engine.good("createPayments", {"Invoice": late, "Account": {"Code": "090"}, "Amount": 15})
    assert balances(engine, contact) == (Decimal("157.50"), 100)
    assert balances(engine, contact, "AccountsPayable") == (0, 0)
    assert engine.good("getContact", path={"ContactID": contact})["Contacts"][0]["UpdatedDateUTC"] == before


def test_balances_are_in_the_base_currency(engine: Engine) -> None:
    """What is due in another currency counts at the document's rate, and overpayments count against it."""
    bill = engine.invoice(Type="ACCPAY", Status="AUTHORISED", CurrencyCode="USD", CurrencyRate="0.5")
    contact = bill["Contact"]["ContactID"]
    assert balances(engine, contact, "AccountsPayable") == (230, 0)
    spent = {"Type": "SPEND-OVERPAYMENT", "Contact": {"ContactID": contact}, "BankAccount": {"Code": "090"}}
    lines = [{"Description": "Over", "LineAmount": 30}]
    engine.good("createBankTransactions", {**spent, "LineAmountTypes": "NoTax", "LineItems": lines})
    assert balances(engine, contact, "AccountsPayable") == (200, 0)


def test_contacts_without_open_documents_show_no_balances(engine: Engine) -> None:
    """Neither does the summary, which lacks what takes working out."""
    contact = engine.contact(Name="Idle")["ContactID"]
    assert balances(engine, contact) == (None, None)
    engine.invoice(Status="AUTHORISED")
    for query in ({}, {"summaryOnly": "true"}):
        assert not any("Balances" in each for each in engine.good("getContacts", **query)["Contacts"])


@pytest.mark.parametrize(("kind", "flags"), [("ACCREC", (True, False)), ("ACCPAY", (False, True))])
def test_trade_makes_customers_and_suppliers(engine: Engine, kind: str, flags: tuple[bool, bool]) -> None:
    """Both flags follow from documents and may be asked for; a client cannot set them."""
    contact = engine.contact(Name="New", IsCustomer=True, IsSupplier=True)
    assert (contact["IsCustomer"], contact["IsSupplier"]) == (False, False)
    engine.invoice(Type=kind, Contact={"ContactID": contact["ContactID"]})
    read = engine.good("getContacts", where=f"IsCustomer=={flags[0]} AND IsSupplier=={flags[1]}")["Contacts"]
    assert [each["ContactID"] for each in read] == [contact["ContactID"]]


# ------------------------------------------------------------------------------------------ currencies


def test_a_payment_in_another_currency_moves_the_bank_in_its_own(engine: Engine) -> None:
    """The invoice counts in its currency; the bank account in the base currency, at the payment's rate."""
    invoice = engine.invoice(Status="AUTHORISED", CurrencyCode="USD", CurrencyRate="0.5")
    sent = {"Invoice": invoice, "Account": {"Code": "090"}, "Amount": 100, "CurrencyRate": "0.4"}
    payment = engine.good("createPayments", sent)["Payments"][0]
    assert (payment["Amount"], payment["BankAmount"], payment["CurrencyRate"]) == (100, 250, Decimal("0.4"))
    assert engine.get_invoice(invoice["InvoiceID"])["AmountDue"] == 15


def test_the_base_currency_has_a_rate_of_one(engine: Engine) -> None:
    """Whatever a client says of it."""
    invoice = engine.invoice(CurrencyCode="nzd", CurrencyRate="2")
    assert (invoice["CurrencyCode"], invoice["CurrencyRate"]) == ("NZD", 1)


# ------------------------------------------------------------------------------------------ lines


@pytest.mark.parametrize(
    ("fields", "amount", "tax"),
    [
        ({"DiscountRate": 10}, "90.00", "13.50"),
        ({"DiscountAmount": "0.01"}, "99.99", "15.00"),
        ({"DiscountRate": "33.3333"}, "66.67", "10.00"),
    ],
)
@pytest.mark.parametrize("types", ["Exclusive", "NoTax"])
def test_a_discount_lowers_the_line_and_its_tax(
    engine: Engine, fields: Json, amount: str, tax: str, types: str
) -> None:
    """A rate or an amount; the tax is that of what remains, and the document tells the sum of its discounts."""
    invoice = engine.invoice(LineAmountTypes=types, LineItems=[line(**fields)])
    taxed = Decimal(tax) if types == "Exclusive" else Decimal(0)
    assert (invoice["SubTotal"], invoice["TotalTax"]) == (Decimal(amount), taxed)
    assert (invoice["IsDiscounted"], invoice["TotalDiscount"]) == (True, 100 - Decimal(amount))


def test_a_compound_tax_is_rounded_a_line_at_a_time(engine: Engine) -> None:
    """Components add up to one effective rate, a compound one on top of the others; each line rounds on its own."""
    parts = [{"Name": "PST", "Rate": "7"}, {"Name": "GST", "Rate": "5", "IsCompound": True}]
    rate = engine.good("createTaxRates", {"Name": "Two", "TaxComponents": parts})["TaxRates"][0]
    assert rate["EffectiveRate"] == Decimal("12.35")
    lines = [line(Quantity=1, UnitAmount="0.20", TaxType=rate["TaxType"])] * 3
    assert [engine.invoice(LineItems=lines)[name] for name in ("SubTotal", "TotalTax", "Total")] == [
        Decimal("0.60"),
        Decimal("0.06"),  # 0.0247 each is 0.02
        Decimal("0.66"),
    ]
    inclusive = engine.invoice(
        LineItems=[line(Quantity=1, UnitAmount="112.35", TaxType=rate["TaxType"])], LineAmountTypes="Inclusive"
    )
    assert (inclusive["SubTotal"], inclusive["TotalTax"]) == (100, Decimal("12.35"))


def test_a_line_id_that_is_not_the_documents_is_a_new_line(engine: Engine) -> None:
    """A line with an unknown id is added under an id of its own, and the line not sent back is gone."""
    invoice = engine.invoice()
    sent = {"LineItems": [line(LineItemID=UNKNOWN, Description="Other")]}
    (only,) = engine.good("updateInvoice", sent, path={"InvoiceID": invoice["InvoiceID"]})["Invoices"][0]["LineItems"]
    assert only["Description"] == "Other"
    assert only["LineItemID"] not in (UNKNOWN, invoice["LineItems"][0]["LineItemID"])


def test_an_empty_list_of_lines_deletes_them_all(engine: Engine) -> None:
    """Left out, the lines stay; sent as an empty list, they go, and an approved invoice keeps at least one."""
    path = {"InvoiceID": engine.invoice()["InvoiceID"]}
    assert engine.good("updateInvoice", {"Reference": "x"}, path=path)["Invoices"][0]["Total"] == 115
    assert engine.good("updateInvoice", {"LineItems": []}, path=path)["Invoices"][0]["Total"] == 0
    assert engine.call("updateInvoice", {"Status": "AUTHORISED"}, path=path).messages == [
        "One or more line items must be specified"
    ]
