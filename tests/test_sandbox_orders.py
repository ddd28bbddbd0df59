"""The documents engine: quotes, purchase orders, receipts, repeating invoices, linked transactions, sent invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_engine import TENANT, Engine, line, sale

UNKNOWN = "11111111-2222-4333-8444-555555555555"
FAMILIES = [  # what is in an operation's name, the resource, its id
    ("Quote", "Quotes", "QuoteID"),
    ("PurchaseOrder", "PurchaseOrders", "PurchaseOrderID"),
    ("RepeatingInvoice", "RepeatingInvoices", "RepeatingInvoiceID"),
    ("Receipt", "Receipts", "ReceiptID"),
]


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


def order(engine: Engine, item: str, **fields: object) -> dict[str, object]:
    """What a client sends for a new order of a kind: 2 x 50.00, taxed, with ABC."""
    own: dict[str, dict[str, object]] = {
        "RepeatingInvoice": {
            "Type": "ACCREC",
            "Schedule": {"Period": 1, "Unit": "MONTHLY", "DueDate": 20, "DueDateType": "OFFOLLOWINGMONTH"},
        },
        "Receipt": {"User": {"UserID": engine.good("getUsers")["Users"][0]["UserID"]}},
    }
    return {"Contact": {"Name": "ABC"}, "LineItems": [line()], **own.get(item, {}), **fields}


def made(engine: Engine, item: str, **fields: object) -> Any:  # Any: an answer's JSON
    """A new order of a kind."""
    operation = "createReceipt" if item == "Receipt" else f"create{item}s"
    return engine.good(operation, [order(engine, item, **fields)])[f"{item}s"][0]


def update(engine: Engine, item: str, document: dict[str, Any], **fields: object) -> Any:  # Any: an answer's JSON
    """An order as it is after an update that must succeed."""
    return engine.good(f"update{item}", fields, path={f"{item}ID": document[f"{item}ID"]})[f"{item}s"][0]


# ------------------------------------------------------------------------------------------ what all share


@pytest.mark.parametrize(("item", "name", "key"), FAMILIES)
def test_an_order_is_made_read_changed_and_sent_back(engine: Engine, item: str, name: str, key: str) -> None:
    """Totals, contact and status are worked out; what is read and sent back is accepted unchanged."""
    new = made(engine, item)
    assert (str(new["SubTotal"]), str(new["TotalTax"]), str(new["Total"])) == ("100.00", "15.00", "115.00")
    assert (new["Contact"]["Name"], new["Status"]) == ("ABC", "DRAFT")
    path = {key: new[key]}
    assert engine.good(f"get{item}", path=path)[name] == [new] == engine.good(f"get{name}")[name]
    assert update(engine, item, new, **new) | {"UpdatedDateUTC": 0} == new | {"UpdatedDateUTC": 0}
    changed = update(engine, item, new, Reference="r", LineItems=[line(Quantity=1)])
    assert (changed["Reference"], changed["Total"], changed[key]) == ("r", Decimal("57.50"), new[key])
    assert engine.call(f"get{item}", path={key: UNKNOWN}).status == 404
    assert len(engine.good(f"get{name}", where='Contact.Name=="ABC" AND Total>50')[name]) == 1


@pytest.mark.parametrize(("item", "name", "key"), FAMILIES)
def test_an_order_has_files_and_a_history(engine: Engine, item: str, name: str, key: str) -> None:
    """A file is stored, listed and read; notes stand beside what Xero recorded itself."""
    path = {key: made(engine, item)[key], "FileName": "a.txt"}
    for verb in ("create", "update"):
        engine.good(f"{verb}{item}AttachmentByFileName", verb.encode(), path=path, content_type="text/plain")
    [shown] = engine.good(f"get{item}Attachments", path=path)["Attachments"]
    assert engine.call(f"get{item}AttachmentByFileName", path=path).body == b"update"
    by_id = {key: path[key], "AttachmentID": shown["AttachmentID"]}
    assert engine.call(f"get{item}AttachmentById", path=by_id).body == b"update"
    engine.good(f"create{item}History", {"HistoryRecords": [{"Details": "Seen"}]}, path=path)
    changes = [each["Changes"] for each in engine.good(f"get{item}History", path=path)["HistoryRecords"]]
    assert changes == ["Note", "Attached a file", "Attached a file", "Created"]


@pytest.mark.parametrize(("item", "name", "key"), FAMILIES)
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Contact": {}}, "A Contact must be specified"),
        ({"Status": "PAID"}, "Status 'PAID' is not one of"),
        ({"LineItems": [line(TaxType="FOO")]}, "TaxType code 'FOO'"),
        ({"LineItems": [line(UnitAmount=-1)]}, "must not be negative"),
        ({"LineAmountTypes": "Gross"}, "LineAmountTypes"),
    ],
)
def test_broken_orders_are_refused_in_words(
    engine: Engine, item: str, name: str, key: str, fields: dict[str, object], message: str
) -> None:
    """Rules that all of them have, with their messages."""
    operation = "createReceipt" if item == "Receipt" else f"create{item}s"
    reply = engine.call(operation, order(engine, item, **fields))
    assert reply.status == 400
    assert message in " ".join(reply.messages)


@pytest.mark.parametrize("item", ["Quote", "PurchaseOrder"])
def test_numbers_are_assigned_unique_and_looked_for(engine: Engine, item: str) -> None:
    """Numbers go up, PUT with one in use fails, POST means the order that has it, a deleted one gives it up."""
    key, prefix = f"{item}Number", item[0] + ("U" if item == "Quote" else "O") + "-"
    first, second = made(engine, item), made(engine, item)
    assert [first[key], second[key]] == [f"{prefix}0001", f"{prefix}0002"]
    again = order(engine, item, **{key: first[key], "Reference": "again"})
    assert "must be unique" in engine.call(f"create{item}s", again).messages[0]
    changed = engine.good(f"updateOrCreate{item}s", again)[f"{item}s"][0]
    assert (changed[f"{item}ID"], changed["Reference"]) == (first[f"{item}ID"], "again")
    update(engine, item, first, Status="DELETED")
    assert made(engine, item, **{key: first[key]})[f"{item}ID"] != first[f"{item}ID"]


@pytest.mark.parametrize("item", ["Quote", "PurchaseOrder"])
def test_a_pdf_can_be_had(engine: Engine, item: str) -> None:
    """A quote and a purchase order have a PDF."""
    reply = engine.call(f"get{item}AsPdf", path={f"{item}ID": made(engine, item)[f"{item}ID"]})
    assert (reply.status, reply.content_type, reply.body[:5]) == (200, "application/pdf", b"%PDF-")


def test_a_renamed_contact_is_renamed_in_orders(engine: Engine) -> None:
    """Orders show a contact's present name."""
    quote = made(engine, "Quote")
    engine.good("updateContact", {"Name": "New"}, path={"ContactID": quote["Contact"]["ContactID"]})
    read = engine.good("getQuote", path={"QuoteID": quote["QuoteID"]})["Quotes"][0]
    assert read["Contact"]["Name"] == "New"


# ------------------------------------------------------------------------------------------ quotes


@pytest.mark.parametrize(
    "steps", [["SENT", "ACCEPTED", "INVOICED"], ["SENT", "DECLINED", "DRAFT", "DELETED"], ["SENT", "DRAFT", "SENT"]]
)
def test_quotes_take_legal_steps(engine: Engine, steps: list[str]) -> None:
    """A quote is sent, then accepted and invoiced, or declined."""
    quote = made(engine, "Quote", ExpiryDate="2026-12-31")
    for status in steps:
        assert update(engine, "Quote", quote, Status=status)["Status"] == status
    assert quote["ExpiryDateString"] == "2026-12-31T00:00:00"


def test_quotes_take_no_other_steps(engine: Engine) -> None:
    """A draft is not invoiced, and a deleted quote is left alone."""
    quote = made(engine, "Quote")
    path = {"QuoteID": quote["QuoteID"]}
    assert "not of valid status" in engine.call("updateQuote", {"Status": "INVOICED"}, path=path).messages[0]
    update(engine, "Quote", quote, Status="DELETED")
    for fields in ({"Title": "x"}, {"Status": "DRAFT"}):
        assert "not of valid status" in engine.call("updateQuote", fields, path=path).messages[0]


def test_quotes_spell_the_kinds_of_amounts_in_capitals(engine: Engine) -> None:
    """EXCLUSIVE, INCLUSIVE and NOTAX mean what they do elsewhere; discounts are added up."""
    totals = {
        types: made(engine, "Quote", LineAmountTypes=types)["Total"] for types in ("exclusive", "INCLUSIVE", "NoTax")
    }
    assert totals == {"exclusive": 115, "INCLUSIVE": 100, "NoTax": 100}
    quote = made(engine, "Quote", LineItems=[line(DiscountRate=10)])
    assert (quote["LineAmountTypes"], quote["TotalDiscount"], quote["Total"]) == ("EXCLUSIVE", 10, Decimal("103.50"))
    assert update(engine, "Quote", quote, LineAmountTypes="INCLUSIVE")["TotalTax"] == Decimal("11.74")


def test_quotes_come_in_pages_of_a_hundred_without_telling_how_many(engine: Engine) -> None:
    """`page` alone counts; without it everything comes at once."""
    for _ in range(3):
        engine.good("createQuotes", [order(engine, "Quote") for _ in range(40)])
    pages = [engine.good("getQuotes", page=page, pageSize=10) for page in (1, 2, 3)]
    assert [len(each["Quotes"]) for each in pages] == [100, 20, 0]
    assert all("pagination" not in each for each in pages)
    assert len(engine.good("getQuotes")["Quotes"]) == 120


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"DateFrom": "2026-02-01"}, "bc"),
        ({"DateFrom": "2026-02-01", "DateTo": "2026-02-28"}, "b"),
        ({"ExpiryDateFrom": "2026-03-01", "ExpiryDateTo": "2026-03-31"}, "b"),
        ({"Status": "sent"}, "c"),
        ({"QuoteNumber": "N-1"}, "a"),
        ({"order": "Date DESC"}, "cba"),
    ],
)
def test_quotes_are_filtered_by_parameters(engine: Engine, query: dict[str, str], found: str) -> None:
    """Dates, status, number and contact limit the list."""
    rows = [("a", "01", "DRAFT"), ("b", "02", "DRAFT"), ("c", "03", "SENT")]
    for title, month, status in rows:
        expiry = f"2026-{int(month) + 1:02d}-15"
        number = {"QuoteNumber": "N-1"} if title == "a" else {}
        made(engine, "Quote", Title=title, Date=f"2026-{month}-15", ExpiryDate=expiry, Status=status, **number)
    assert "".join(each["Title"] for each in engine.good("getQuotes", **query)["Quotes"]) == found
    other = made(engine, "Quote", Contact={"Name": "Other"})
    mine = engine.good("getQuotes", ContactID=other["Contact"]["ContactID"])["Quotes"]
    assert [each["QuoteID"] for each in mine] == [other["QuoteID"]]
    for wrong in ({"datefrom": "soon"}, {"contactid": "x"}, {"page": "x"}):
        assert engine.documents.execute("getQuotes", TENANT, {}, wrong, {}, b"", "").status == 400


# ------------------------------------------------------------------------------------------ purchase orders


def test_a_purchase_order_goes_its_way(engine: Engine) -> None:
    """Approved, billed, and found by its number and by filters."""
    first = made(engine, "PurchaseOrder", Date="2026-01-15", DeliveryDate="2026-02-01")
    assert update(engine, "PurchaseOrder", first, Status="AUTHORISED")["Status"] == "AUTHORISED"
    billed = update(engine, "PurchaseOrder", first, Status="BILLED", SentToContact=True)
    assert (billed["Status"], billed["SentToContact"], billed["DeliveryDateString"][:10]) == (
        "BILLED",
        True,
        "2026-02-01",
    )
    by_number = engine.good("getPurchaseOrderByNumber", path={"PurchaseOrderNumber": first["PurchaseOrderNumber"]})
    assert by_number["PurchaseOrders"] == [billed]
    assert engine.call("getPurchaseOrderByNumber", path={"PurchaseOrderNumber": "nope"}).status == 404
    made(engine, "PurchaseOrder", Date="2026-03-01")
    for query in ({"Status": "BILLED"}, {"DateTo": "2026-01-31"}, {"DateFrom": "2026-01-15", "DateTo": "2026-01-15"}):
        assert engine.good("getPurchaseOrders", **query)["PurchaseOrders"] == [billed]
    page = engine.good("getPurchaseOrders", page=2, pageSize=1, order="Date")
    assert (page["pagination"]["pageCount"], page["PurchaseOrders"][0]["DateString"][:10]) == (2, "2026-03-01")


def test_a_purchase_order_without_lines_stays_a_draft(engine: Engine) -> None:
    """Approval needs lines; a draft is not billed."""
    draft = made(engine, "PurchaseOrder", LineItems=[])
    path = {"PurchaseOrderID": draft["PurchaseOrderID"]}
    assert "line items" in engine.call("updatePurchaseOrder", {"Status": "AUTHORISED"}, path=path).messages[0]
    assert "valid status" in engine.call("updatePurchaseOrder", {"Status": "BILLED"}, path=path).messages[0]


# ------------------------------------------------------------------------------------------ receipts


def test_a_receipt_belongs_to_a_user(engine: Engine) -> None:
    """Its user must exist and is shown; it is numbered, and voided for good."""
    user = engine.good("getUsers")["Users"][0]
    receipt = made(engine, "Receipt", Date="2026-01-02")
    assert (receipt["ReceiptNumber"], receipt["User"]["FirstName"], receipt["DateString"][:10]) == (
        "1",
        user["FirstName"],
        "2026-01-02",
    )
    for wrong in ({}, {"UserID": UNKNOWN}):
        assert engine.call("createReceipt", order(engine, "Receipt", User=wrong)).status == 400
    assert engine.call("createReceipt", order(engine, "Receipt", Status="SUBMITTED")).status == 400
    assert engine.call("createReceipt", order(engine, "Receipt", LineItems=[])).status == 400
    assert update(engine, "Receipt", receipt, Status="VOIDED")["Status"] == "VOIDED"
    path = {"ReceiptID": receipt["ReceiptID"]}
    assert engine.call("updateReceipt", {"Reference": "x"}, path=path).status == 400


def test_unit_amounts_of_receipts_have_four_decimals_when_asked(engine: Engine) -> None:
    """`unitdp=4` keeps and shows them."""
    sent = order(engine, "Receipt", LineItems=[line(Quantity=100, UnitAmount="0.1234")])
    new = engine.good("createReceipt", sent, unitdp=4)["Receipts"][0]
    assert (new["SubTotal"], str(new["LineItems"][0]["UnitAmount"])) == (Decimal("12.34"), "0.1234")
    shown = engine.good("getReceipt", path={"ReceiptID": new["ReceiptID"]})["Receipts"][0]
    assert str(shown["LineItems"][0]["UnitAmount"]) == "0.12"


def test_a_claim_takes_receipts_along(engine: Engine) -> None:
    """A receipt that is claimed shares the claim's fate, and cannot be claimed twice."""
    receipt = made(engine, "Receipt")
    own = {"ReceiptID": receipt["ReceiptID"]}
    sent = {"User": receipt["User"], "Receipts": [own]}
    claim = engine.good("createExpenseClaims", sent)["ExpenseClaims"][0]
    assert (claim["Total"], claim["Receipts"][0]["ReceiptID"]) == (115, receipt["ReceiptID"])
    assert engine.good("getReceipt", path=own)["Receipts"][0]["Status"] == "SUBMITTED"
    assert engine.call("createExpenseClaims", sent).status == 400
    path = {"ExpenseClaimID": claim["ExpenseClaimID"]}
    done = engine.good("updateExpenseClaim", {"Status": "AUTHORISED"}, path=path)["ExpenseClaims"][0]
    assert done["Receipts"][0]["Status"] == "AUTHORISED"
    assert engine.good("getReceipt", path=own)["Receipts"][0]["Status"] == "AUTHORISED"


# ------------------------------------------------------------------------------------------ repeating invoices


@pytest.mark.parametrize(
    ("unit", "period", "start", "following"),
    [
        ("MONTHLY", 1, "2026-01-31", "2026-11-30"),
        ("MONTHLY", 3, "2026-01-15", "2027-01-15"),
        ("MONTHLY", 1, "2026-11-21", "2026-11-21"),
        ("WEEKLY", 2, "2026-11-20", "2026-12-04"),
        ("WEEKLY", 1, "2027-01-01", "2027-01-01"),
    ],
)
def test_a_schedule_knows_its_next_day(engine: Engine, unit: str, period: int, start: str, following: str) -> None:
    """The next day of a schedule is its first one from today on, at the latest the month's last."""
    schedule = {"Period": period, "Unit": unit, "DueDate": 10, "DueDateType": "OFCURRENTMONTH", "StartDate": start}
    invoice = made(engine, "RepeatingInvoice", Schedule=schedule)
    found = engine.good("getRepeatingInvoices", where="Schedule.NextScheduledDate>=DateTime(2026,11,21)")
    assert found["RepeatingInvoices"] == [invoice]
    year, month, day = (int(part) for part in following.split("-"))
    exact = f"Schedule.NextScheduledDate==DateTime({year},{month},{day})"
    assert engine.good("getRepeatingInvoices", where=exact)["RepeatingInvoices"] == [invoice]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Type": None}, "type must be specified"),
        ({"Schedule": {}}, "Period must be specified"),
        ({"Schedule": {"Period": 0, "Unit": "WEEKLY", "DueDate": 1, "DueDateType": "OFCURRENTMONTH"}}, "Period"),
        ({"Schedule": {"Period": 1, "Unit": "WEEKLY", "DueDate": 32, "DueDateType": "OFCURRENTMONTH"}}, "DueDate"),
        ({"Schedule": {"Period": 1, "Unit": "DAILY", "DueDate": 1, "DueDateType": "OFCURRENTMONTH"}}, "Unit 'DAILY'"),
        ({"LineItems": []}, "line items"),
    ],
)
def test_broken_repeating_invoices_are_refused_in_words(
    engine: Engine, fields: dict[str, object], message: str
) -> None:
    """Each rule has its message."""
    reply = engine.call("createRepeatingInvoices", order(engine, "RepeatingInvoice", **fields))
    assert reply.status == 400
    assert message in " ".join(reply.messages)


def test_a_repeating_invoice_is_approved_and_deleted(engine: Engine) -> None:
    """It may start approved, be changed by its id in a batch, and be deleted for good."""
    invoice = made(engine, "RepeatingInvoice", Status="AUTHORISED", MarkAsSent=True)
    assert (invoice["ID"], invoice["MarkAsSent"]) == (invoice["RepeatingInvoiceID"], True)
    own = {"RepeatingInvoiceID": invoice["RepeatingInvoiceID"]}
    changed = engine.good("updateOrCreateRepeatingInvoices", own | {"Status": "DELETED"})["RepeatingInvoices"][0]
    assert changed["Status"] == "DELETED"
    assert engine.call("updateRepeatingInvoice", {"Reference": "x"}, path=own).status == 400


# ------------------------------------------------------------------------------------------ linked transactions


def linked(engine: Engine, bill: dict[str, Any], **fields: object) -> Any:  # Any: an answer's JSON
    """The first line of a bill, linked."""
    sent = {
        "SourceTransactionID": bill["InvoiceID"],
        "SourceLineItemID": bill["LineItems"][0]["LineItemID"],
        **fields,
    }
    return engine.good("createLinkedTransaction", sent)["LinkedTransactions"][0]


def test_a_linked_transaction_follows_its_documents(engine: Engine) -> None:
    """Draft, approved, on a draft sale, billed: the status is that of the bill and the sale."""
    bill = engine.invoice(Type="ACCPAY")
    link = linked(engine, bill)
    path = {"LinkedTransactionID": link["LinkedTransactionID"]}

    def status() -> str:
        [listed] = engine.good("getLinkedTransactions", page=1)["LinkedTransactions"]
        found: str = engine.good("getLinkedTransaction", path=path)["LinkedTransactions"][0]["Status"]
        assert engine.good("getLinkedTransactions", Status=found)["LinkedTransactions"] == [listed]
        return found

    assert (link["Type"], link["SourceTransactionTypeCode"], status()) == ("BILLABLEEXPENSE", "ACCPAY", "DRAFT")
    engine.good("updateInvoice", {"Status": "AUTHORISED"}, path={"InvoiceID": bill["InvoiceID"]})
    assert status() == "APPROVED"
    sale = engine.invoice()
    target = {"TargetTransactionID": sale["InvoiceID"], "TargetLineItemID": sale["LineItems"][0]["LineItemID"]}
    updated = engine.good("updateLinkedTransaction", target, path=path)["LinkedTransactions"][0]
    assert (updated["ContactID"], status()) == (sale["Contact"]["ContactID"], "ONDRAFT")
    engine.good("updateInvoice", {"Status": "AUTHORISED"}, path={"InvoiceID": sale["InvoiceID"]})
    assert status() == "BILLED"
    assert engine.call("updateLinkedTransaction", target, path=path).status == 400
    assert engine.call("deleteLinkedTransaction", path=path).status == 400
    engine.good("updateInvoice", {"Status": "VOIDED"}, path={"InvoiceID": sale["InvoiceID"]})
    assert status() == "APPROVED"
    assert engine.call("deleteLinkedTransaction", path=path).status == 204
    assert engine.call("getLinkedTransaction", path=path).status == 404


def test_spent_money_is_a_source_too(engine: Engine) -> None:
    """A line of a bank transaction can be linked, and is approved at once."""
    bank = engine.good("getAccounts", where='Code=="090"')["Accounts"][0]["AccountID"]
    spent = {"Type": "SPEND", "BankAccount": {"AccountID": bank}, "Contact": {"Name": "A"}, "LineItems": [line()]}
    money = engine.good("createBankTransactions", spent)["BankTransactions"][0]
    link = linked(engine, {"InvoiceID": money["BankTransactionID"], "LineItems": money["LineItems"]})
    assert (link["SourceTransactionTypeCode"], link["Status"]) == ("SPEND", "APPROVED")


def test_linked_transactions_need_a_bill_and_a_line_once(engine: Engine) -> None:
    """A sale is no source, a line must be its document's, is linked once, and contacts must agree."""
    bill, sale = engine.invoice(Type="ACCPAY", LineItems=[line(), line()]), engine.invoice()
    first, second = (each["LineItemID"] for each in bill["LineItems"])
    linked(engine, bill)
    source = {"SourceTransactionID": bill["InvoiceID"], "SourceLineItemID": second}
    other = engine.contact(Name="Other")["ContactID"]
    for fields, message in (
        ({"SourceTransactionID": sale["InvoiceID"]}, "bill or a spend money"),
        ({"SourceLineItemID": UNKNOWN}, "SourceLineItemID"),
        ({"SourceLineItemID": first}, "linked already"),
        ({"ContactID": UNKNOWN}, "could not be found"),
        ({"TargetTransactionID": bill["InvoiceID"]}, "sales invoice"),
        ({"TargetTransactionID": sale["InvoiceID"], "ContactID": other}, "target's contact"),
        ({"TargetTransactionID": sale["InvoiceID"], "TargetLineItemID": UNKNOWN}, "TargetLineItemID"),
        ({"TargetLineItemID": UNKNOWN}, "needs a TargetTransactionID"),
    ):
        reply = engine.call("createLinkedTransaction", source | fields)
        assert reply.status == 400
        assert message in reply.messages[0]
    new = linked(engine, bill, SourceLineItemID=second, ContactID=other)
    assert engine.good("getLinkedTransactions", ContactID=other)["LinkedTransactions"] == [new]
    both = engine.good("getLinkedTransactions", SourceTransactionID=bill["InvoiceID"], page=1)
    assert len(both["LinkedTransactions"]) == 2
    assert "pagination" not in both


# ------------------------------------------------------------------------------------------ invoices


def test_an_invoice_is_emailed_once_it_may_be(engine: Engine) -> None:
    """A draft, a bill and a contact without an address are refused; a sent invoice is marked."""
    contact = engine.contact(Name="Mail", EmailAddress="mail@example.com")
    own = {"Contact": {"ContactID": contact["ContactID"]}}
    sale = engine.invoice(Status="AUTHORISED", **own)
    refused = [engine.invoice(**own), engine.invoice(Type="ACCPAY", Status="AUTHORISED", **own)]
    refused.append(engine.invoice(Status="AUTHORISED"))
    for each in refused:
        assert engine.call("emailInvoice", {}, path={"InvoiceID": each["InvoiceID"]}).status == 400
    path = {"InvoiceID": sale["InvoiceID"]}
    assert engine.call("emailInvoice", path=path)[:2] == (204, b"")
    assert engine.get_invoice(sale["InvoiceID"])["SentToContact"] is True
    assert engine.good("getInvoiceHistory", path=path)["HistoryRecords"][0]["Changes"] == "Invoice sent"
    assert engine.call("emailInvoice", path={"InvoiceID": UNKNOWN}).status == 404


def test_an_approved_sale_has_an_address_online(engine: Engine) -> None:
    """Drafts and bills have none."""
    sale = engine.invoice(Status="AUTHORISED")
    shown = engine.good("getOnlineInvoice", path={"InvoiceID": sale["InvoiceID"]})["OnlineInvoices"]
    assert shown[0]["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    for other in (engine.invoice(), engine.invoice(Type="ACCPAY", Status="AUTHORISED")):
        assert engine.call("getOnlineInvoice", path={"InvoiceID": other["InvoiceID"]}).status == 400


# ------------------------------------------------------------------------------------------ lines


def test_a_line_takes_its_price_from_its_item(engine: Engine) -> None:
    """A code alone gives words, price, account and tax; a sale and a bill have their own; what is sent goes first."""
    sold = {"UnitPrice": 9, "AccountCode": "260", "TaxType": "OUTPUT"}
    bought = {"UnitPrice": 4, "AccountCode": "300", "TaxType": "NONE"}
    sent = {
        "Code": "X1",
        "Name": "Thing",
        "Description": "A thing",
        "SalesDetails": sold,
        "PurchaseDescription": "Thing in",
        "PurchaseDetails": bought,
    }
    own = engine.good("createItems", sent)["Items"][0]
    taken: list[list[object]] = []
    for body in (sale(), sale(Type="ACCPAY")):
        made_line = engine.invoice(**body | {"LineItems": [{"ItemCode": "x1", "Quantity": 2}]})["LineItems"][0]
        taken.append([made_line[name] for name in ("Description", "LineAmount", "AccountCode", "TaxType")])
        assert made_line["Item"] == {"ItemID": own["ItemID"], "Name": "Thing", "Code": "X1"}
    assert taken == [["A thing", 18, "260", "OUTPUT"], ["Thing in", 8, "300", "NONE"]]
    quote = made(engine, "Quote", LineItems=[{"ItemCode": "X1", "UnitAmount": 5, "Description": "Mine"}])
    assert (quote["LineItems"][0]["Description"], quote["SubTotal"]) == ("Mine", 5)
    bare = made(engine, "PurchaseOrder", LineItems=[{"ItemCode": "X1", "LineAmount": 7}])
    assert (bare["SubTotal"], bare["LineItems"][0]["UnitAmount"]) == (7, 7)


def test_tracking_is_known_by_its_names_and_its_ids(engine: Engine) -> None:
    """A category and an option get their ids and present names; what is not known stays as it was sent."""
    body = {"Name": "Region", "Options": [{"Name": "North"}]}
    category = engine.good("createTrackingCategory", body)["TrackingCategories"][0]
    option = category["Options"][0]["TrackingOptionID"]
    whole = {
        "Name": "Region",
        "Option": "North",
        "TrackingCategoryID": category["TrackingCategoryID"],
        "TrackingOptionID": option,
    }
    ids = {name: whole[name] for name in ("TrackingCategoryID", "TrackingOptionID")}
    for sent, shown in (
        ({"Name": "region", "Option": "NORTH"}, whole),
        (ids, whole),
        ({"Name": "Region", "Option": "Up"}, {"Name": "Region", "Option": "Up"}),
    ):
        assert engine.invoice(LineItems=[line(Tracking=[sent])])["LineItems"][0]["Tracking"] == [shown]


# ------------------------------------------------------------------------------------------ seeded orders


def test_seeded_orders_add_up_and_may_be_sent_back() -> None:
    """A seeded organisation has orders of every kind, with lines and totals of one piece."""
    engine = Engine(contacts=20, invoices=300)
    for item, name, key in FAMILIES:
        documents = engine.good(f"get{name}")[name]
        assert documents
        for each in documents:
            tax = sum(row["TaxAmount"] for row in each["LineItems"])
            inclusive = each["LineAmountTypes"].upper() == "INCLUSIVE"
            amounts = sum(row["LineAmount"] for row in each["LineItems"])
            assert each["Total"] == amounts + (0 if inclusive else tax)
            again = engine.good(f"update{item}", each, path={key: each[key]})[name][0]
            assert again.keys() == each.keys()
            assert again["Total"] == each["Total"]
    [first, *_] = engine.good("getLinkedTransactions")["LinkedTransactions"]
    assert first["Status"] == "APPROVED"
    claimed = {
        receipt["ReceiptID"]
        for claim in engine.good("getExpenseClaims")["ExpenseClaims"]
        for receipt in claim["Receipts"]
    }
    assert claimed < {each["ReceiptID"] for each in engine.good("getReceipts")["Receipts"]}
