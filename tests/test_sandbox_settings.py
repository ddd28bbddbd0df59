"""The documents engine: accounts, tax rates, tracking, items, themes, budgets, groups, setup."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_engine import TENANT, Engine, line

from xero_async.sandbox.chart import CHART

UNKNOWN = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
def engine() -> Engine:
    """An engine without documents."""
    return Engine()


@pytest.fixture(scope="module")
def seeded() -> Engine:
    """An engine with seeded documents, only to be read."""
    return Engine(contacts=20, invoices=60)


def account(engine: Engine, **fields: object) -> Any:  # Any: an answer's JSON
    """A new account: an expense, unless the fields say otherwise."""
    sent = {"Code": "999", "Name": "Sundry", "Type": "EXPENSE", **fields}
    return engine.good("createAccount", sent)["Accounts"][0]


def coded(engine: Engine, code: str) -> Any:  # Any: an answer's JSON
    """The account of a code."""
    return engine.good("getAccounts", where=f'Code=="{code}"')["Accounts"][0]


# ------------------------------------------------------------------------------------------ accounts


def test_every_organisation_has_the_standard_chart(engine: Engine) -> None:
    """All its accounts are there, with what follows from their types."""
    accounts = engine.good("getAccounts")["Accounts"]
    assert [each["Code"] for each in accounts] == [row.code for row in CHART]
    assert {each["Class"] for each in accounts} == {"ASSET", "EQUITY", "EXPENSE", "LIABILITY", "REVENUE"}
    assert coded(engine, "610")["SystemAccount"] == "DEBTORS"
    assert coded(engine, "090")["BankAccountType"] == "BANK"
    banks = engine.good("getAccounts", where='Type=="BANK" AND Status=="ACTIVE"', order="Code DESC")["Accounts"]
    assert [each["Code"] for each in banks] == ["091", "090"]


def test_an_account_is_made_changed_archived_and_deleted(engine: Engine) -> None:
    """The life of an account, until it is not found any more."""
    made = account(engine, TaxType="INPUT")
    assert (made["Class"], made["Status"], made["EnablePaymentsToAccount"]) == ("EXPENSE", "ACTIVE", False)
    path = {"AccountID": made["AccountID"]}
    changed = engine.good("updateAccount", {"Name": "Other", "Type": "SALES"}, path=path)["Accounts"][0]
    assert (changed["Name"], changed["Class"], changed["Code"]) == ("Other", "REVENUE", "999")
    assert engine.good("updateAccount", {"Status": "ARCHIVED"}, path=path)["Accounts"][0]["Status"] == "ARCHIVED"
    assert engine.call("updateAccount", {"Name": "New"}, path=path).messages == ["Archived accounts cannot be edited."]
    assert engine.good("deleteAccount", path=path)["Accounts"][0]["Status"] == "DELETED"
    assert engine.call("getAccount", path=path).status == 404
    assert account(engine)["AccountID"] != made["AccountID"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Code": "200"}, "unique Code"),
        ({"Name": "sales"}, "unique Name"),
        ({"Code": ""}, "Code field is required"),
        ({"Name": " "}, "Name field is required"),
        ({"Type": None}, "Type field is required"),
        ({"Type": "MONEY"}, "Type 'MONEY' is not one of"),
        ({"Code": "12345678901"}, "must not exceed 10"),
        ({"TaxType": "FOO"}, "TaxType code 'FOO'"),
        ({"Type": "BANK"}, "BankAccountNumber field is required"),
        ({"Type": "BANK", "BankAccountNumber": "1", "CurrencyCode": "XTS"}, "not subscribed to currency XTS"),
        ({"BankAccountNumber": "1"}, "type BANK only"),
    ],
)
def test_broken_accounts_are_refused_in_words(engine: Engine, fields: dict[str, object], message: str) -> None:
    """Each rule has its message."""
    reply = engine.call("createAccount", {"Code": "999", "Name": "Sundry", "Type": "EXPENSE", **fields})
    assert reply.status == 400
    assert message in " ".join(reply.messages)


def test_a_bank_account_needs_no_code(engine: Engine) -> None:
    """A bank account has its number, its kind and a currency."""
    bank = account(engine, Code=None, Type="BANK", BankAccountNumber="121")
    assert (bank["BankAccountType"], bank["CurrencyCode"], bank["Class"]) == ("BANK", "NZD", "ASSET")
    card = account(engine, Code=None, Name="Card", Type="BANK", BankAccountType="CREDITCARD", CurrencyCode="usd")
    assert (card["BankAccountType"], card["CurrencyCode"]) == ("CREDITCARD", "USD")


def test_system_accounts_stay(engine: Engine) -> None:
    """An account that Xero books to can be renamed, neither archived nor deleted."""
    path = {"AccountID": coded(engine, "610")["AccountID"]}
    assert "cannot be deleted" in engine.call("deleteAccount", path=path).messages[0]
    assert "system account" in engine.call("updateAccount", {"Status": "ARCHIVED"}, path=path).messages[0]
    assert engine.good("updateAccount", {"Name": "Debtors"}, path=path)["Accounts"][0]["Name"] == "Debtors"


def test_accounts_in_use_are_not_deleted(engine: Engine) -> None:
    """An account that a line names stays, also when the line names it by its id."""
    for fields in ({"AccountCode": "453"}, {"AccountCode": None, "AccountID": coded(engine, "461")["AccountID"]}):
        engine.invoice(Type="ACCPAY", LineItems=[line(**fields)])
    for code in ("453", "461"):
        reply = engine.call("deleteAccount", path={"AccountID": coded(engine, code)["AccountID"]})
        assert "used by transactions" in reply.messages[0]
    assert engine.good("deleteAccount", path={"AccountID": coded(engine, "473")["AccountID"]})


def test_accounts_have_attachments(engine: Engine) -> None:
    """A file on an account is listed, read, and gone with the account."""
    path = {"AccountID": account(engine)["AccountID"], "FileName": "a.txt"}
    engine.good("createAccountAttachmentByFileName", b"one", path=path, content_type="text/plain")
    engine.good("updateAccountAttachmentByFileName", b"two", path=path, content_type="text/plain")
    [shown] = engine.good("getAccountAttachments", path=path)["Attachments"]
    assert engine.call("getAccountAttachmentByFileName", path=path).body == b"two"
    by_id = {**path, "AttachmentID": shown["AttachmentID"], "FileName": ""}
    assert engine.call("getAccountAttachmentById", path=by_id).body == b"two"
    assert engine.good("getAccount", path=path)["Accounts"][0]["HasAttachments"] is True
    engine.good("deleteAccount", path=path)
    assert engine.call("getAccountAttachmentByFileName", path=path).status == 404


# ------------------------------------------------------------------------------------------ tax rates


def test_a_tax_rate_of_ones_own_taxes_lines(engine: Engine) -> None:
    """A new rate gets a type, its components compound, lines take it, and not once it is deleted."""
    parts = [{"Name": "State", "Rate": "10"}, {"Name": "City", "Rate": "5", "IsCompound": True}]
    rate = engine.good("createTaxRates", {"Name": "Double", "TaxComponents": parts})["TaxRates"][0]
    assert (rate["TaxType"], rate["EffectiveRate"], rate["Status"]) == ("TAX001", Decimal("15.5"), "ACTIVE")
    assert engine.invoice(LineItems=[line(TaxType="TAX001")])["TotalTax"] == Decimal("15.50")
    changed = engine.good("updateTaxRate", {"TaxType": "TAX001", "TaxComponents": parts[:1]})["TaxRates"][0]
    assert (changed["Name"], changed["EffectiveRate"]) == ("Double", 10)
    assert engine.good("updateTaxRate", {"Name": "Double", "Status": "DELETED"})["TaxRates"][0]["TaxType"] == "TAX001"
    assert engine.good("getTaxRateByTaxType", path={"TaxType": "TAX001"})["TaxRates"][0]["Status"] == "DELETED"
    reply = engine.call(
        "createInvoices", {"Type": "ACCREC", "Contact": {"Name": "A"}, "LineItems": [line(TaxType="TAX001")]}
    )
    assert "TaxType code 'TAX001'" in reply.messages[0]
    taxed = engine.good("getInvoices", page=1)["Invoices"][0]["InvoiceID"]
    again = engine.call("updateInvoice", {"LineAmountTypes": "Inclusive"}, path={"InvoiceID": taxed})
    assert "TaxType code 'TAX001'" in again.messages[0]


def test_the_standard_tax_rates_are_listed_and_fixed(engine: Engine) -> None:
    """Every tax type that a line may have is in the list; those of the system cannot be edited."""
    rates = {each["TaxType"]: each for each in engine.good("getTaxRates", where='Status=="ACTIVE"')["TaxRates"]}
    assert (rates["OUTPUT"]["EffectiveRate"], rates["NONE"]["EffectiveRate"]) == (15, 0)
    assert rates["INPUT"]["CanApplyToRevenue"] is False
    assert engine.call("updateTaxRate", {"TaxType": "OUTPUT", "Name": "X"}).status == 400
    assert engine.call("getTaxRateByTaxType", path={"TaxType": "FOO"}).status == 404


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Name": ""}, "name must be specified"),
        ({"Name": "no gst"}, "cannot be edited"),
        ({"TaxComponents": []}, "at least one tax component"),
        ({"TaxComponents": [{"Name": "A"}]}, "needs a Name and a Rate"),
        ({"TaxComponents": [{"Name": "A", "Rate": 101}]}, "between 0 and 100"),
        ({"TaxComponents": [{"Name": each, "Rate": 1, "IsCompound": True} for each in "AB"]}, "Only one"),
        ({"TaxType": "FOO"}, "could not be found"),
    ],
)
def test_broken_tax_rates_are_refused_in_words(engine: Engine, fields: dict[str, object], message: str) -> None:
    """Each rule has its message."""
    reply = engine.call("updateTaxRate", {"Name": "A", "TaxComponents": [{"Name": "A", "Rate": 1}], **fields})
    assert reply.status == 400
    assert message in " ".join(reply.messages)


# ------------------------------------------------------------------------------------------ tracking


def category(engine: Engine, name: str) -> Any:  # Any: an answer's JSON
    """A new tracking category with two options."""
    sent = {"Name": name, "Options": [{"Name": "North"}, {"Name": "South"}]}
    return engine.good("createTrackingCategory", sent)["TrackingCategories"][0]


def test_at_most_two_tracking_categories_are_active(engine: Engine) -> None:
    """A third needs one of them archived, or deleted."""
    first, _ = category(engine, "Region"), category(engine, "Team")
    assert "at most 2" in engine.call("createTrackingCategory", {"Name": "C"}).messages[0]
    path = {"TrackingCategoryID": first["TrackingCategoryID"]}
    engine.good("updateTrackingCategory", {"Status": "ARCHIVED"}, path=path)
    third = category(engine, "C")
    assert "at most 2" in engine.call("updateTrackingCategory", {"Status": "ACTIVE"}, path=path).messages[0]
    assert len(engine.good("getTrackingCategories")["TrackingCategories"]) == 2
    assert len(engine.good("getTrackingCategories", includeArchived="True")["TrackingCategories"]) == 3
    gone = engine.good("deleteTrackingCategory", path={"TrackingCategoryID": third["TrackingCategoryID"]})
    assert gone["TrackingCategories"][0]["Status"] == "DELETED"
    renamed = engine.good("updateTrackingCategory", {"Status": "ACTIVE", "Name": "Area"}, path=path)
    assert renamed["TrackingCategories"][0]["Options"] == first["Options"]
    for name in ("", "team"):
        assert engine.call("updateTrackingCategory", {"Name": name}, path=path).status == 400


def test_tracking_options_live_in_their_category(engine: Engine) -> None:
    """Options are made, renamed, archived and deleted, each name once."""
    made = category(engine, "Region")
    path = {"TrackingCategoryID": made["TrackingCategoryID"]}
    sent = {"Options": [{"Name": "East"}, {"Name": "north"}]}
    reply = engine.call("createTrackingOptions", sent, path=path, summarizeErrors="false")
    assert [("ValidationErrors" in each, each["Name"]) for each in reply.json["Options"]] == [
        (False, "East"),
        (True, "north"),
    ]
    east = path | {"TrackingOptionID": reply.json["Options"][0]["TrackingOptionID"]}
    shown = engine.good("updateTrackingOptions", {"Name": "West", "Status": "ARCHIVED"}, path=east)["Options"][0]
    assert (shown["Name"], shown["Status"], shown["TrackingOptionID"]) == ("West", "ARCHIVED", east["TrackingOptionID"])
    read = engine.good("getTrackingCategory", path=path)["TrackingCategories"][0]
    assert [each["Name"] for each in read["Options"]] == ["North", "South", "West"]
    assert engine.good("deleteTrackingOptions", path=east)["Options"][0]["Status"] == "DELETED"
    assert engine.call("deleteTrackingOptions", path=east).status == 404
    assert engine.call("createTrackingOptions", {"Name": " "}, path=path).status == 400
    assert engine.call("updateTrackingOptions", sent, path=path | {"TrackingOptionID": UNKNOWN}).status == 404


def test_tracking_in_use_is_not_deleted(engine: Engine) -> None:
    """Neither a category nor an option that a line names can be deleted; a spare option can."""
    made = category(engine, "Region")
    path = {"TrackingCategoryID": made["TrackingCategoryID"]}
    used, spare = (path | {"TrackingOptionID": each["TrackingOptionID"]} for each in made["Options"])
    engine.invoice(LineItems=[line(Tracking=[used])])
    for operation, place in (("deleteTrackingCategory", path), ("deleteTrackingOptions", used)):
        assert "used by transactions" in engine.call(operation, path=place).messages[0]
    engine.good("deleteTrackingOptions", path=spare)


# ------------------------------------------------------------------------------------------ items


def item(engine: Engine, **fields: object) -> Any:  # Any: an answer's JSON
    """A new item for sale at 9.99, unless the fields say otherwise."""
    sent = {"Code": "X1", "Name": "Thing", "SalesDetails": {"UnitPrice": "9.99", "AccountCode": "200"}, **fields}
    return engine.good("createItems", {"Items": [sent]})["Items"][0]


def test_an_item_is_made_found_changed_and_deleted(engine: Engine) -> None:
    """The life of an item, by its id and by its code, with its history."""
    made = item(engine)
    assert (made["IsSold"], made["IsTrackedAsInventory"]) == (True, False)
    assert engine.good("getItem", path={"ItemID": "X1"})["Items"] == [made]
    path = {"ItemID": made["ItemID"]}
    changed = engine.good("updateItem", {"SalesDetails": {"UnitPrice": 12}}, path=path)["Items"][0]
    assert changed["SalesDetails"] == {"UnitPrice": 12, "AccountCode": "200"}
    by_code = engine.good("updateOrCreateItems", [{"Code": "x1", "Name": "Other"}, {"Code": "X2"}])["Items"]
    assert [each["ItemID"] == made["ItemID"] for each in by_code] == [True, False]
    engine.good("createItemHistory", {"HistoryRecords": [{"Details": "Seen"}]}, path=path)
    assert engine.good("getItemHistory", path=path)["HistoryRecords"][0]["Details"] == "Seen"
    assert engine.call("deleteItem", path=path)[:2] == (204, b"")
    assert engine.call("getItem", path=path).status == 404
    assert engine.documents.counts(TENANT)["Items"] == 1


def test_prices_have_two_decimals_unless_four_are_asked_for(engine: Engine) -> None:
    """Four decimals are kept with `unitdp=4` and shown with it alone."""
    sent = {"Code": "X1", "SalesDetails": {"UnitPrice": "1.23456"}}
    made = engine.good("createItems", sent, unitdp=4)["Items"][0]
    path = {"ItemID": made["ItemID"]}
    shown = [engine.good("getItem", path=path, unitdp=places)["Items"][0]["SalesDetails"] for places in (2, 4)]
    assert [str(each["UnitPrice"]) for each in shown] == ["1.23", "1.2346"]
    listed = [engine.good("getItems", unitdp=places)["Items"][0]["SalesDetails"] for places in (2, 4)]
    assert listed == shown
    for price, kept in (("1.23", "1.2346"), ("5.678", "5.68")):
        engine.good("updateItem", {"SalesDetails": {"UnitPrice": price}}, path=path)
        fine = engine.good("getItem", path=path, unitdp=4)["Items"][0]["SalesDetails"]
        assert str(fine["UnitPrice"]) == kept


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Code": ""}, "Code must be specified"),
        ({"Code": "old"}, "already exists"),
        ({"Code": "x" * 31}, "must not exceed 30"),
        ({"SalesDetails": {"AccountCode": "nope"}}, "Account code 'nope'"),
        ({"SalesDetails": {"TaxType": "FOO"}}, "TaxType code 'FOO'"),
        ({"PurchaseDetails": {"UnitPrice": -1}}, "must not be negative"),
        ({"InventoryAssetAccountCode": "200"}, "not a valid inventory asset account"),
        ({"InventoryAssetAccountCode": "630"}, "COGSAccountCode must be specified"),
    ],
)
def test_broken_items_are_refused_in_words(engine: Engine, fields: dict[str, object], message: str) -> None:
    """Each rule has its message."""
    item(engine, Code="OLD")
    reply = engine.call("createItems", {"Code": "X1", **fields})
    assert reply.status == 400
    assert message in " ".join(reply.messages)


def test_an_item_with_both_accounts_is_inventory(engine: Engine) -> None:
    """An asset and a cost account make an item tracked, with nothing on hand."""
    tracked = item(engine, InventoryAssetAccountCode="630", PurchaseDetails={"COGSAccountCode": "310"})
    assert (tracked["IsTrackedAsInventory"], tracked["QuantityOnHand"], tracked["TotalCostPool"]) == (True, 0, 0)


# ------------------------------------------------------------------------------------------ the organisation


def test_an_organisation_tells_of_itself(engine: Engine) -> None:
    """Name, currency and country, what it may do, and that it is not in the CIS."""
    [own] = engine.good("getOrganisations")["Organisations"]
    assert (own["OrganisationID"], own["Name"], own["BaseCurrency"]) == (TENANT, "Demo Company", "NZD")
    actions = engine.good("getOrganisationActions")["Actions"]
    assert {"Name": "UseMulticurrency", "Status": "ALLOWED"} in actions
    cis = engine.good("getOrganisationCISSettings", path={"OrganisationID": TENANT})["CISSettings"][0]
    assert cis["CISContractorEnabled"] is False
    assert engine.call("getOrganisationCISSettings", path={"OrganisationID": UNKNOWN}).status == 404


def test_users_are_there_to_be_read(engine: Engine) -> None:
    """A few users, listed and by id."""
    users = engine.good("getUsers", where="IsSubscriber==true")["Users"]
    assert [each["OrganisationRole"] for each in users] == ["FINANCIALADVISER"]
    assert engine.good("getUser", path={"UserID": users[0]["UserID"]})["Users"] == users


def test_payment_services_are_made_and_given_to_themes(engine: Engine) -> None:
    """A service has its address and words; a theme shows those that were added to it."""
    sent = {"PaymentServiceName": "ACME", "PaymentServiceUrl": "https://pay.example/", "PayNowText": "Pay"}
    made = engine.good("createPaymentService", {"PaymentServices": [sent]})["PaymentServices"][0]
    assert made["PaymentServiceType"] == "Custom"
    [theme] = engine.good("getBrandingThemes")["BrandingThemes"]
    path = {"BrandingThemeID": theme["BrandingThemeID"]}
    assert engine.good("getBrandingTheme", path=path)["BrandingThemes"] == [theme]
    own = {"PaymentServices": [{"PaymentServiceID": made["PaymentServiceID"]}]}
    assert engine.good("createBrandingThemePaymentServices", own, path=path)["PaymentServices"] == [made]
    assert engine.good("getBrandingThemePaymentServices", path=path)["PaymentServices"] == [made]
    assert engine.good("getPaymentServices")["PaymentServices"] == [made]
    for wrong in ({"PaymentServiceID": UNKNOWN}, {}, {"PayNowText": "x"}):
        assert engine.call("createBrandingThemePaymentServices", [wrong], path=path).status == 400
    for broken in ({}, {"PaymentServiceName": "B", "PaymentServiceUrl": "http://b.example"}):
        assert engine.call("createPaymentService", [sent | broken]).status == 400


def test_budgets_show_the_months_that_are_asked_for(seeded: Engine) -> None:
    """The list has no lines; one budget has those between the dates."""
    budgets = seeded.good("getBudgets")["Budgets"]
    assert {each["Type"] for each in budgets} == {"OVERALL", "TRACKING"}
    assert all("BudgetLines" not in each for each in budgets)
    assert seeded.good("getBudgets", ids=budgets[0]["BudgetID"])["Budgets"] == budgets[:1]
    path = {"BudgetID": budgets[0]["BudgetID"]}
    whole = seeded.good("getBudget", path=path)["Budgets"][0]["BudgetLines"]
    part = seeded.good("getBudget", path=path, dateFrom="2025-01-01", dateTo="2025-03-31")["Budgets"][0]["BudgetLines"]
    assert [len(each[0]["BudgetBalances"]) for each in (whole, part)] == [12, 3]
    assert seeded.call("getBudget", path=path, dateFrom="soon").status == 400


def test_contact_groups_are_renamed_emptied_and_deleted(engine: Engine) -> None:
    """A contact shows the new name of its group, and no group that lost it or was deleted."""
    contact = engine.contact(Name="A")
    groups = [engine.good("createContactGroup", {"Name": name})["ContactGroups"][0] for name in ("VIP", "Old")]
    paths = [{"ContactGroupID": each["ContactGroupID"]} for each in groups]
    for path in paths:
        engine.good("createContactGroupContacts", {"Contacts": [{"ContactID": contact["ContactID"]}]}, path=path)

    def shown() -> list[str]:
        read = engine.good("getContact", path={"ContactID": contact["ContactID"]})["Contacts"][0]
        return [each["Name"] for each in read["ContactGroups"]]

    engine.good("updateContactGroup", {"Name": "Best"}, path=paths[0])
    assert sorted(shown()) == ["Best", "Old"]
    engine.good("updateContactGroup", {"Status": "DELETED"}, path=paths[1])
    assert shown() == ["Best"]
    assert [each["Name"] for each in engine.good("getContactGroups")["ContactGroups"]] == ["Best"]
    assert engine.call("deleteContactGroupContacts", path=paths[0]).status == 204
    assert shown() == []
    assert engine.call("updateContactGroup", {"Name": "x"}, path={"ContactGroupID": UNKNOWN}).status == 404


# ------------------------------------------------------------------------------------------ setup


def test_a_setup_counts_what_became_of_its_accounts(engine: Engine) -> None:
    """New, changed, system and broken accounts are counted, and the good ones are there."""
    accounts = [
        {"Code": "201", "Name": "Exports", "Type": "SALES"},
        {"Code": "200", "Name": "Turnover", "Type": "SALES"},
        {"Code": "610", "Name": "Ours", "Type": "CURRENT"},
        {"Code": "202", "Type": "SALES"},
    ]
    sent: dict[str, object] = {
        "ConversionDate": {"Month": 10, "Year": 2025},
        "ConversionBalances": [{"AccountCode": "201", "Balance": "-5.50", "BalanceDetails": []}],
        "Accounts": accounts,
    }
    summary = engine.good("postSetup", sent)["ImportSummary"]
    assert summary["Accounts"] == {
        "Total": 4,
        "New": 1,
        "Updated": 1,
        "Deleted": 0,
        "Locked": 0,
        "System": 1,
        "Errored": 1,
        "Present": True,
        "NewOrUpdated": 2,
    }
    assert summary["Organisation"] == {"Present": True}
    assert (coded(engine, "200")["Name"], coded(engine, "610")["Name"]) == ("Turnover", "Accounts Receivable")
    assert engine.good("postSetup", sent)["ImportSummary"]["Accounts"]["Updated"] == 2
    assert engine.documents.counts(TENANT)["Setup"] == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"ConversionDate": {"Month": 13, "Year": 2020}},
        {"ConversionDate": {"Month": 1, "Year": 2000}},
        {"ConversionBalances": [{"AccountCode": "nope", "Balance": 1}]},
        {"ConversionBalances": 5},
    ],
)
def test_a_broken_setup_changes_nothing(engine: Engine, sent: dict[str, object]) -> None:
    """A date or a balance that cannot be is a 400, and the accounts beside it are not made."""
    accounts = {"Accounts": [{"Code": "201", "Name": "Exports", "Type": "SALES"}]}
    assert engine.call("postSetup", sent | accounts).status == 400
    assert engine.call("postSetup", {}).json["ErrorNumber"] == 17
    assert engine.call("postSetup", []).json["ErrorNumber"] == 14
    assert engine.good("getAccounts", where='Code=="201"')["Accounts"] == []
