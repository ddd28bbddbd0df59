"""The handlers of settings: accounts, tax rates, tracking, items, users, themes, payment services, budgets, setup.

Most are those that every resource has; those of this module delete for good, keep options within their
category, or say what an organisation is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from .answers import Answer, data_refused, envelope, no_data, not_found, told
from .contacts import set_membership
from .ledger import save
from .parts import files_of, history_listed, history_noted
from .resources import CONTACT_GROUPS, CONTACTS
from .resources_settings import (
    ACCOUNTS,
    BRANDING_THEMES,
    BUDGETS,
    CONVERSIONS,
    ITEMS,
    ORGANISATIONS,
    PAYMENT_SERVICES,
    TAX_RATES,
    TRACKING_CATEGORIES,
    TRACKING_OPTIONS,
    USERS,
)
from .rules import Rejected, accept
from .settings_rules import delete_account, is_system, is_used, save_option
from .values import Document, as_document, child, documents_in, dump_json, stored_ms, text_of
from .whole import (
    Call,
    Handler,
    Outcome,
    created,
    day_in,
    document_of,
    fetched,
    id_of,
    listed,
    read_elements,
    read_json,
    refusing,
    removed,
    save_each,
    updated,
    upserted,
)
from .work import Work, by_id, first, put

# https://developer.xero.com/documentation/api/accounting/organisation#get-organisationactions
_ACTIONS: Final = [
    "AttachFilesToBill",
    "AttachFilesToInvoice",
    "CreateApprovedBill",
    "CreateApprovedInvoice",
    "CreateDraftBill",
    "CreateDraftInvoice",
    "CreatePurchaseOrder",
    "CreateQuote",
    "CreateRepeatingInvoice",
    "CreateTrackingCategory",
    "UseMulticurrency",
]
_COUNTED: Final = ("Total", "New", "Updated", "Deleted", "Locked", "System", "Errored")


# ------------------------------------------------------------------------------------- tracking categories


def _remove_category(work: Work, category: Document) -> None:
    if is_used(work, {"TrackingCategoryID": category["TrackingCategoryID"]}):
        raise Rejected("This tracking category is used by transactions and cannot be deleted; archive it instead.")
    work.store.remove(TRACKING_CATEGORIES, work.tenant, text_of(category, "TrackingCategoryID"))


def _option_of(call: Call, category: Document) -> Document:
    wanted = call.path.get("TrackingOptionID", "").lower()
    for option in documents_in(category["Options"]):
        if option["TrackingOptionID"] == wanted:
            return option
    raise not_found()


def _save_options(call: Call, category: Document, existing: Document | None) -> Answer:
    elements = read_elements(call, TRACKING_OPTIONS.name, TRACKING_OPTIONS.item)
    if existing and len(elements) > 1:
        raise data_refused("An update by id takes one element.")

    def saved(sent: Document, given: Document) -> Outcome:
        option = save_option(category, existing, given)
        put(call.work, TRACKING_CATEGORIES, category, "Edited")
        return Outcome(dump_json(option), saved=True)

    return save_each(call, TRACKING_OPTIONS, elements, saved)


def _options_created(call: Call) -> Answer:
    return _save_options(call, document_of(call, TRACKING_CATEGORIES), None)


def _option_updated(call: Call) -> Answer:
    category = document_of(call, TRACKING_CATEGORIES)
    return _save_options(call, category, _option_of(call, category))


def _option_deleted(call: Call) -> Answer:
    category = document_of(call, TRACKING_CATEGORIES)
    option = _option_of(call, category)
    with call.store.write(), refusing():
        if is_used(call.work, {"TrackingOptionID": option["TrackingOptionID"]}):
            raise Rejected("This tracking option is used by transactions and cannot be deleted; archive it instead.")
        category["Options"] = [each for each in documents_in(category["Options"]) if each is not option]
        put(call.work, TRACKING_CATEGORIES, category, "Edited")
    return envelope(TRACKING_OPTIONS.name, [dump_json(option | {"Status": "DELETED"})], call.now)


# ------------------------------------------------------------------------- themes, groups, items, budgets


def _theme_services(call: Call) -> Answer:
    theme = id_of(call, BRANDING_THEMES)
    services = [
        dump_json(service)
        for each in call.store.members_of(call.tenant, theme)
        if (service := call.store.get(PAYMENT_SERVICES, call.tenant, each)) is not None
    ]
    return envelope(PAYMENT_SERVICES.name, services, call.now)


def _theme_service_added(call: Call) -> Answer:
    theme = id_of(call, BRANDING_THEMES)

    def saved(sent: Document, given: Document) -> Outcome:
        service = by_id(call.work, PAYMENT_SERVICES, given)
        if service is None:
            raise Rejected("PaymentServiceID must be specified.")
        call.store.join(call.tenant, [(theme, text_of(service, "PaymentServiceID"))])
        return Outcome(dump_json(service), saved=True)

    elements = read_elements(call, PAYMENT_SERVICES.name, PAYMENT_SERVICES.item)
    return save_each(call, PAYMENT_SERVICES, elements, saved, echo_id=True)


def _group_emptied(call: Call) -> Answer:
    group = document_of(call, CONTACT_GROUPS)
    with call.store.write():
        for contact_id in call.store.members_of(call.tenant, text_of(group, "ContactGroupID")):
            contact = call.store.get(CONTACTS, call.tenant, contact_id)
            if contact is not None:
                set_membership(call.work, group, contact, member=False)
    return Answer(204, b"")


def _remove_item(work: Work, item: Document) -> None:
    work.store.remove(ITEMS, work.tenant, text_of(item, "ItemID"))


def _budget_fetched(call: Call) -> Answer:
    """A budget with its balances of the months from DateFrom to DateTo."""
    budget = document_of(call, BUDGETS)
    since, until = day_in(call, "datefrom"), day_in(call, "dateto")
    for line in documents_in(budget["BudgetLines"]):
        line["BudgetBalances"] = [
            balance
            for balance in documents_in(line["BudgetBalances"])
            if (since or -(10**15)) <= (stored_ms(balance["Period"]) or 0) <= (until or 10**15)
        ]
    return envelope(BUDGETS.name, [dump_json(budget)], call.now)


# ------------------------------------------------------------------------------------- organisation, setup


def _actions(call: Call) -> Answer:
    return envelope("Actions", [dump_json({"Name": name, "Status": "ALLOWED"}) for name in _ACTIONS], call.now)


def _cis_settings(call: Call) -> Answer:
    """The organisation's place in the CIS: no organisation of a sandbox is in it."""
    id_of(call, ORGANISATIONS)
    off = {"CISContractorEnabled": False, "CISSubContractorEnabled": False, "Rate": Decimal("0.00")}
    return envelope("CISSettings", [dump_json(off)], call.now)


def _set_up(call: Call) -> Answer:
    """Accounts, conversion date and conversion balances; the answer counts what became of the accounts.

    Accounts are matched by id, then code. Those that are not sent stay; system accounts stay as they are.
    """
    sent = as_document(read_json(call, CONVERSIONS.item))
    if sent is None:
        raise data_refused("JSON for post data was invalid, an object was expected.")
    if not sent:
        raise no_data(CONVERSIONS.item)
    accounts = sent.get("Accounts")
    counts: dict[str, int] = dict.fromkeys(_COUNTED, 0)
    with call.store.write(), refusing():
        for account in documents_in(accounts):
            counts["Total"] += 1
            counts[_set_account(call, account)] += 1
        starts = _set_start(call.work, accept(CONVERSIONS.accepts, sent))
    told_accounts = counts | {"Present": "Accounts" in sent, "NewOrUpdated": counts["New"] + counts["Updated"]}
    return told("ImportSummary", {"Accounts": told_accounts, "Organisation": {"Present": starts}}, call.now)


def _set_account(call: Call, sent: Document) -> str:
    """Makes or changes one account of a setup; under which heading it counts."""
    work = call.work
    try:
        with call.store.attempt():
            given = accept(ACCOUNTS.accepts, sent)
            existing = by_id(work, ACCOUNTS, given)
            coded = first(work, ACCOUNTS, '"Code" = ?', text_of(given, "Code"))
            if existing is None and coded:
                existing = work.store.get(ACCOUNTS, work.tenant, coded)
            if existing and is_system(existing):
                return "System"
            save(work, ACCOUNTS, existing, given)
            return "Updated" if existing else "New"
    except Rejected:
        return "Errored"


def _set_start(work: Work, given: Document) -> bool:
    """Keeps the conversion date and balances, if there are any; whether there were."""
    if not given:
        return False
    date = child(given, "ConversionDate")
    month, year = date.get("Month", 1), date.get("Year", 2007)
    if not (isinstance(month, int) and isinstance(year, int) and 1 <= month <= 12 and 2006 < year < 10_000):
        raise Rejected("The conversion date needs a Month from 1 to 12 and a Year after 2006.")
    codes = [text_of(each, "AccountCode") for each in documents_in(given.get("ConversionBalances"))]
    if unknown := [code for code in codes if not first(work, ACCOUNTS, '"Code" = ?', code)]:
        raise Rejected(*(f"Account code '{code[:20]}' is not a valid code." for code in unknown))
    own = work.store.find(ORGANISATIONS, work.tenant, "1")[0]
    kept = work.store.get(CONVERSIONS, work.tenant, own)
    put(work, CONVERSIONS, (kept or {"OrganisationID": own}) | given, "Edited" if kept else "Created")
    return True


HANDLERS: Final[Mapping[str, Handler]] = {
    "getAccounts": listed(ACCOUNTS),
    "createAccount": created(ACCOUNTS),
    "getAccount": fetched(ACCOUNTS),
    "updateAccount": updated(ACCOUNTS),
    "deleteAccount": removed(ACCOUNTS, delete_account, shown=True),
    **files_of(ACCOUNTS),
    "getBrandingThemes": listed(BRANDING_THEMES),
    "getBrandingTheme": fetched(BRANDING_THEMES),
    "getBrandingThemePaymentServices": _theme_services,
    "createBrandingThemePaymentServices": _theme_service_added,
    "getBudgets": listed(BUDGETS),
    "getBudget": _budget_fetched,
    "updateContactGroup": updated(CONTACT_GROUPS),
    "deleteContactGroupContacts": _group_emptied,
    "getItems": listed(ITEMS),
    "createItems": created(ITEMS),
    "updateOrCreateItems": upserted(ITEMS),
    "getItem": fetched(ITEMS),
    "updateItem": updated(ITEMS),
    "deleteItem": removed(ITEMS, _remove_item, shown=False),
    "getItemHistory": history_listed(ITEMS),
    "createItemHistory": history_noted(ITEMS),
    "getOrganisations": listed(ORGANISATIONS),
    "getOrganisationActions": _actions,
    "getOrganisationCISSettings": _cis_settings,
    "getPaymentServices": listed(PAYMENT_SERVICES),
    "createPaymentService": created(PAYMENT_SERVICES),
    "postSetup": _set_up,
    "getTaxRates": listed(TAX_RATES),
    "createTaxRates": created(TAX_RATES),
    "updateTaxRate": upserted(TAX_RATES),
    "getTaxRateByTaxType": fetched(TAX_RATES),
    "getTrackingCategories": listed(TRACKING_CATEGORIES),
    "createTrackingCategory": created(TRACKING_CATEGORIES),
    "getTrackingCategory": fetched(TRACKING_CATEGORIES),
    "updateTrackingCategory": updated(TRACKING_CATEGORIES),
    "deleteTrackingCategory": removed(TRACKING_CATEGORIES, _remove_category, shown=True),
    "createTrackingOptions": _options_created,
    "updateTrackingOptions": _option_updated,
    "deleteTrackingOptions": _option_deleted,
    "getUsers": listed(USERS),
    "getUser": fetched(USERS),
}
