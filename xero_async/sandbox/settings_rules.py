"""The rules of settings: accounts, tax rates, tracking categories and their options, items, payment services."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from .catalogue import ALL_RESOURCES
from .chart import ACCOUNT_TYPES
from .rates import BASE_CURRENCY
from .resources import CURRENCIES, Resource
from .resources_settings import (
    ACCOUNTS,
    ITEMS,
    PAYMENT_SERVICES,
    RESOURCES,
    TAX_RATES,
    TRACKING_CATEGORIES,
)
from .rules import Rejected, unit_amount
from .store import handle_of
from .values import ZERO, Document, child, documents_in, dump_json, money_of, new_id, rounded, text_of
from .work import Change, Matcher, Saver, Work, first

# https://developer.xero.com/documentation/api/accounting/trackingcategories
MOST_CATEGORIES: Final = 2
MOST_OPTIONS: Final = 100
_NOT_USING: Final = frozenset(resource.name for resource in RESOURCES)


def taken(work: Work, resource: Resource, document: Document, condition: str = "1") -> bool:
    """Whether another document, of those that fulfil an SQL condition, has the same name."""
    handle = handle_of(resource, document)
    others = work.store.find(resource, work.tenant, f"handle = ? AND {condition}", handle)
    return any(other != document[resource.id] for other in others)


def is_used(work: Work, *facts: Document) -> bool:
    """Whether any document beside the settings has one of these fields with one of these values."""
    parts = [dump_json(fact)[1:-1] for fact in facts]
    users = [resource for resource in ALL_RESOURCES if resource.name not in _NOT_USING]
    return any(work.store.mentions(resource, work.tenant, part) for resource in users for part in parts)


# ------------------------------------------------------------------------------------------------ accounts


def new_account(account_id: str) -> Document:
    """An account with nothing in it yet, its fields in Xero's order."""
    return {
        "AccountID": account_id,
        "Code": "",
        "Name": "",
        "Status": "ACTIVE",
        "Type": "",
        "TaxType": "NONE",
        "Class": "",
        "EnablePaymentsToAccount": False,
        "ShowInExpenseClaims": False,
        "BankAccountNumber": "",
        "BankAccountType": "",
        "HasAttachments": False,
        "UpdatedDateUTC": "",
        "AddToWatchlist": False,
    }


def derive_account(account: Document) -> None:
    """Gives an account what follows from its type."""
    account["Class"] = ACCOUNT_TYPES[text_of(account, "Type")].klass
    if account["Type"] == "BANK":
        account["BankAccountType"] = account["BankAccountType"] or "BANK"
        account.setdefault("CurrencyCode", BASE_CURRENCY)


def is_system(account: Document) -> bool:
    """Whether Xero itself books to an account."""
    return bool(text_of(account, "SystemAccount"))


def save_account(work: Work, existing: Document | None, given: Document) -> Change:
    """The rule of accounts."""
    base = existing or new_account(new_id())
    account = base | given | {"AccountID": base["AccountID"]}
    account["Name"] = text_of(account, "Name").strip()
    problems = _account_problems(work, base, account)
    if problems:
        raise Rejected(*problems)
    derive_account(account)
    if existing and text_of(existing, "Code") not in ("", account.get("Code")):
        work.store.postings.rename(work.tenant, text_of(existing, "Code"), text_of(account, "AccountID"))
    return Change(account)


def _account_problems(work: Work, base: Document, account: Document) -> list[str]:
    kind, code = text_of(account, "Type"), text_of(account, "Code")
    problems = [f"The {name} field is required." for name in ("Type", "Name") if not account[name]]
    if not code and kind != "BANK":
        problems.append("The Code field is required.")
    if is_system(base) and any(account[name] != base[name] for name in ("Type", "Status")):
        problems.append("The type and the status of a system account cannot be changed.")
    if base["Status"] == "ARCHIVED" and account["Status"] == "ARCHIVED" and account != base:
        problems.append("Archived accounts cannot be edited.")
    if code and first(work, ACCOUNTS, '"Code" = ?', code) not in (None, account["AccountID"]):
        problems.append("Please enter a unique Code.")
    if account["Name"] and taken(work, ACCOUNTS, account):
        problems.append("Please enter a unique Name.")
    if kind == "BANK":
        problems += _bank_problems(work, account)
    elif text_of(account, "BankAccountNumber") or text_of(account, "BankAccountType") not in ("", "NONE"):
        problems.append("BankAccountNumber and BankAccountType are for accounts of type BANK only.")
    return problems + tax_problems(work, account)


def _bank_problems(work: Work, account: Document) -> list[str]:
    problems: list[str] = []
    if not text_of(account, "BankAccountNumber") and text_of(account, "BankAccountType") in ("", "BANK"):
        problems.append("The BankAccountNumber field is required.")
    if "CurrencyCode" in account:
        account["CurrencyCode"] = text_of(account, "CurrencyCode").upper()
        if not first(work, CURRENCIES, "id = ?", text_of(account, "CurrencyCode")):
            problems.append(f"Organisation is not subscribed to currency {account['CurrencyCode']}")
    return problems


def tax_problems(work: Work, document: Document) -> list[str]:
    """What is wrong with the tax type of an account or of a price."""
    tax_type = text_of(document, "TaxType")
    if not tax_type or tax_type in work.rates:
        return []
    return [f"The TaxType code '{tax_type[:50]}' does not exist or cannot be used for this type of transaction."]


def delete_account(work: Work, account: Document) -> None:
    """Deletes an account; `Rejected` for one that Xero or a document needs."""
    if is_system(account):
        raise Rejected("System accounts cannot be deleted.")
    facts: list[Document] = [{"AccountID": account["AccountID"]}]
    if code := text_of(account, "Code"):
        facts.append({"AccountCode": code})
    if is_used(work, *facts):
        raise Rejected("This account is used by transactions and cannot be deleted; archive it instead.")
    work.store.remove(ACCOUNTS, work.tenant, text_of(account, "AccountID"))


# ----------------------------------------------------------------------------------------------- tax rates


def rate_of(components: list[Document]) -> tuple[Decimal, Decimal]:
    """The rate shown of a tax's components, a compound one taxing the others, and the effective one."""
    plain = sum((money_of(each, "Rate") for each in components if each.get("IsCompound") is not True), Decimal(0))
    compound = sum((money_of(each, "Rate") for each in components if each.get("IsCompound") is True), Decimal(0))
    whole = rounded(plain + compound + plain * compound / 100, 4)
    return whole, whole


def new_tax_rate(tax_type: str) -> Document:
    """A tax rate with nothing in it yet, its fields in Xero's order."""
    return {
        "Name": "",
        "TaxType": tax_type,
        "ReportTaxType": "NONE",
        "CanApplyToAssets": True,
        "CanApplyToEquity": True,
        "CanApplyToExpenses": True,
        "CanApplyToLiabilities": True,
        "CanApplyToRevenue": True,
        "DisplayTaxRate": ZERO,
        "EffectiveRate": ZERO,
        "Status": "ACTIVE",
        "TaxComponents": [],
    }


def _match_tax_rate(work: Work, given: Document) -> str | None:
    """A POST without a TaxType means the rate of its name."""
    return first(work, TAX_RATES, "handle = ? AND \"Status\" = 'ACTIVE'", handle_of(TAX_RATES, given))


def _save_tax_rate(work: Work, existing: Document | None, given: Document) -> Change:
    base = existing or new_tax_rate("")
    rate = base | given | {"TaxType": base["TaxType"]}
    if existing and not text_of(existing, "TaxType").startswith("TAX"):
        raise Rejected("The tax rates of the system cannot be edited.")
    components = documents_in(rate["TaxComponents"])
    problems: list[str] = []
    if not text_of(rate, "Name").strip():
        problems.append("The tax rate name must be specified.")
    elif taken(work, TAX_RATES, rate, "\"Status\" = 'ACTIVE'"):
        problems.append(f"The tax rate name {rate['Name']} is already in use.")
    if not components:
        problems.append("A tax rate needs at least one tax component.")
    for each in components:
        if not text_of(each, "Name").strip() or "Rate" not in each:
            problems.append("A tax component needs a Name and a Rate.")
        elif not 0 <= money_of(each, "Rate") <= 100:
            problems.append("The rate of a tax component must be between 0 and 100.")
    if sum(each.get("IsCompound") is True for each in components) > 1:
        problems.append("Only one tax component may be compound.")
    if problems:
        raise Rejected(*problems)
    if not existing:
        rate["TaxType"] = f"TAX{work.store.next_number(work.tenant, 'TAX'):03d}"
    rate["TaxComponents"] = [{"IsCompound": False, "IsNonRecoverable": False} | each for each in components]
    rate["DisplayTaxRate"], rate["EffectiveRate"] = rate_of(components)
    return Change(rate)


# ------------------------------------------------------------------------------------------------ tracking


def _save_category(work: Work, existing: Document | None, given: Document) -> Change:
    base: Document = existing or {"Name": "", "Status": "ACTIVE", "TrackingCategoryID": new_id(), "Options": []}
    category = base | given | {"TrackingCategoryID": base["TrackingCategoryID"], "Options": base["Options"]}
    category["Name"] = text_of(category, "Name").strip()
    if not category["Name"]:
        raise Rejected("The tracking category name must be specified.")
    if taken(work, TRACKING_CATEGORIES, category):
        raise Rejected(f"The tracking category name {category['Name']} is already in use.")
    active = work.store.find(TRACKING_CATEGORIES, work.tenant, "\"Status\" = 'ACTIVE'")
    others = [each for each in active if each != category["TrackingCategoryID"]]
    if category["Status"] == "ACTIVE" and len(others) >= MOST_CATEGORIES:
        raise Rejected(f"An organisation can have at most {MOST_CATEGORIES} active tracking categories.")
    if existing is None:
        for option in documents_in(given.get("Options")):
            save_option(category, None, option)
    return Change(category)


def save_option(category: Document, existing: Document | None, given: Document) -> Document:
    """The rule of tracking options: adds one to its category, or changes one; the option as it is then."""
    options = documents_in(category["Options"])
    base: Document = existing or {
        "TrackingOptionID": new_id(),
        "Name": "",
        "Status": "ACTIVE",
        "TrackingCategoryID": category["TrackingCategoryID"],
    }
    option = base | given | {"TrackingOptionID": base["TrackingOptionID"]}
    option["Name"] = text_of(option, "Name").strip()
    others = [each for each in options if each["TrackingOptionID"] != option["TrackingOptionID"]]
    if not option["Name"]:
        raise Rejected("The tracking option name must be specified.")
    if any(text_of(each, "Name").casefold() == text_of(option, "Name").casefold() for each in others):
        raise Rejected(f"The tracking option name {option['Name']} is already in use.")
    if len(others) >= MOST_OPTIONS:
        raise Rejected(f"A tracking category can have at most {MOST_OPTIONS} options.")
    at = options.index(existing) if existing in options else len(options)
    category["Options"] = [*options[:at], option, *options[at + 1 :]]
    return option


# --------------------------------------------------------------------------------------------------- items


def _match_item(work: Work, given: Document) -> str | None:
    return first(work, ITEMS, "handle = ?", handle_of(ITEMS, given))


def new_item(item_id: str) -> Document:
    """An item with nothing in it yet, its fields in Xero's order."""
    return {
        "ItemID": item_id,
        "Code": "",
        "Description": "",
        "PurchaseDescription": "",
        "UpdatedDateUTC": "",
        "PurchaseDetails": {},
        "SalesDetails": {},
        "Name": "",
        "IsTrackedAsInventory": False,
        "IsSold": True,
        "IsPurchased": True,
    }


def _save_item(work: Work, existing: Document | None, given: Document) -> Change:
    base = existing or new_item(new_id())
    item = base | given | {"ItemID": base["ItemID"]}
    problems: list[str] = []
    if not text_of(item, "Code").strip():
        problems.append("The item Code must be specified.")
    elif taken(work, ITEMS, item):
        problems.append(f"Price List Item with Code '{item['Code']}' already exists")
    for name in ITEMS.priced:
        sent, kept = child(given, name), child(base, name)
        item[name] = kept | sent | unit_amount(sent, kept, work.places, "UnitPrice")
        problems += price_problems(work, child(item, name))
    problems += _inventory_problems(work, base, item)
    if problems:
        raise Rejected(*problems)
    return Change(item)


def price_problems(work: Work, price: Document) -> list[str]:
    """What is wrong with the accounts and the tax type of a price."""
    codes = [text_of(price, name) for name in ("AccountCode", "COGSAccountCode")]
    unknown = [code for code in codes if code and not first(work, ACCOUNTS, '"Code" = ?', code)]
    problems = [f"Account code '{code[:20]}' is not a valid code for this document." for code in unknown]
    if money_of(price, "UnitPrice") < 0:
        problems.append("UnitPrice must not be negative.")
    return problems + tax_problems(work, price)


def _inventory_problems(work: Work, base: Document, item: Document) -> list[str]:
    """Makes an item tracked inventory when it has the two accounts for that; what is wrong with them."""
    asset, cost = text_of(item, "InventoryAssetAccountCode"), text_of(child(item, "PurchaseDetails"), "COGSAccountCode")
    if not asset:
        return []
    if not first(work, ACCOUNTS, '"Code" = ? AND "Type" = \'INVENTORY\'', asset):
        return [f"Account code '{asset[:20]}' is not a valid inventory asset account."]
    if not cost:
        return ["COGSAccountCode must be specified for items that are tracked as inventory."]
    item["IsTrackedAsInventory"] = True
    item.setdefault("TotalCostPool", ZERO)
    item.setdefault("QuantityOnHand", Decimal("0.0000"))
    return []


# ---------------------------------------------------------------------------------------- payment services


def _save_service(work: Work, existing: Document | None, given: Document) -> Change:
    service: Document = {"PaymentServiceType": "Custom"} | given | {"PaymentServiceID": new_id()}
    needed = ("PaymentServiceName", "PaymentServiceUrl", "PayNowText")
    problems = [f"{name} must be specified." for name in needed if not text_of(service, name).strip()]
    if taken(work, PAYMENT_SERVICES, service):
        problems.append(f"A payment service named {service['PaymentServiceName']} exists already.")
    if "PaymentServiceUrl" in service and not text_of(service, "PaymentServiceUrl").lower().startswith("https://"):
        problems.append("PaymentServiceUrl must be an https address.")
    if problems:
        raise Rejected(*problems)
    return Change(service)


SAVERS: Final[Mapping[str, Saver]] = {
    ACCOUNTS.name: save_account,
    TAX_RATES.name: _save_tax_rate,
    TRACKING_CATEGORIES.name: _save_category,
    ITEMS.name: _save_item,
    PAYMENT_SERVICES.name: _save_service,
}
MATCHERS: Final[Mapping[str, Matcher]] = {TAX_RATES.name: _match_tax_rate, ITEMS.name: _match_item}
