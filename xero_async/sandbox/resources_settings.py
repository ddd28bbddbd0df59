"""The rows of an organisation's settings: accounts, tax rates, tracking, items, users, themes, budgets."""

from __future__ import annotations

from typing import Final

from .chart import ACCOUNT_TYPES
from .resources import Field, Resource, choice, columns, list_of, object_of, text

ACCOUNTS: Final = Resource(
    name="Accounts",
    item="Account",
    id="AccountID",
    accepts=(
        Field("AccountID", "guid"),
        text("Code", 10),
        text("Name", 150),
        choice("Type", *ACCOUNT_TYPES),
        text("BankAccountNumber", 50),
        choice("Status", "ACTIVE", "ARCHIVED"),
        text("Description", 4000),
        choice("BankAccountType", "BANK", "CREDITCARD", "PAYPAL", "NONE", ""),
        text("CurrencyCode", 3),
        text("TaxType"),
        Field("EnablePaymentsToAccount", "bool"),
        Field("ShowInExpenseClaims", "bool"),
        Field("AddToWatchlist", "bool"),
        text("ReportingCode"),
    ),
    columns=columns(
        "AccountID",
        "text Code Name Type BankAccountNumber Status Description BankAccountType CurrencyCode TaxType Class"
        " SystemAccount ReportingCode ReportingCodeName,"
        "bool EnablePaymentsToAccount ShowInExpenseClaims AddToWatchlist HasAttachments",
    ),
    handle=("Name",),
    error_flag="HasValidationErrors",
    indexed=("Code",),
)

TAX_RATES: Final = Resource(
    name="TaxRates",
    item="TaxRate",
    id="TaxType",
    accepts=(
        text("Name", 50),
        text("TaxType", 50),
        list_of(
            "TaxComponents",
            text("Name", 50),
            Field("Rate", "rate"),
            Field("IsCompound", "bool"),
            Field("IsNonRecoverable", "bool"),
        ),
        choice("Status", "ACTIVE", "DELETED", "ARCHIVED"),
        text("ReportTaxType", 50),
    ),
    columns=columns(
        "TaxType",
        "text Name Status ReportTaxType,number DisplayTaxRate EffectiveRate,"
        "bool CanApplyToAssets CanApplyToEquity CanApplyToExpenses CanApplyToLiabilities CanApplyToRevenue",
        id_kind="text",
        dated=False,
    ),
    dated=False,
    handle=("Name",),
)

TRACKING_OPTION: Final = (
    Field("TrackingOptionID", "guid"),
    text("Name", 100),
    choice("Status", "ACTIVE", "ARCHIVED"),
)
TRACKING_CATEGORIES: Final = Resource(
    name="TrackingCategories",
    item="TrackingCategory",
    id="TrackingCategoryID",
    accepts=(
        Field("TrackingCategoryID", "guid"),
        text("Name", 100),
        choice("Status", "ACTIVE", "ARCHIVED"),
        list_of("Options", *TRACKING_OPTION),
    ),
    columns=columns("TrackingCategoryID", "text Name Status", dated=False),
    dated=False,
    handle=("Name",),
    archived=("Status", "ARCHIVED"),
)
# Options stand within their category; this row says how one is sent.
TRACKING_OPTIONS: Final = Resource(
    name="Options", item="Option", id="TrackingOptionID", accepts=TRACKING_OPTION, dated=False
)

_PRICE: Final = (Field("UnitPrice", "unit"), text("AccountCode"), text("COGSAccountCode"), text("TaxType"))
ITEMS: Final = Resource(
    name="Items",
    item="Item",
    id="ItemID",
    number="Code",
    accepts=(
        Field("ItemID", "guid"),
        text("Code", 30),
        text("InventoryAssetAccountCode"),
        text("Name", 50),
        Field("IsSold", "bool"),
        Field("IsPurchased", "bool"),
        text("Description", 4000),
        text("PurchaseDescription", 4000),
        object_of("PurchaseDetails", *_PRICE),
        object_of("SalesDetails", *_PRICE),
    ),
    columns=columns(
        "ItemID",
        "text Code Name Description PurchaseDescription InventoryAssetAccountCode SalesDetails.AccountCode"
        " SalesDetails.TaxType PurchaseDetails.AccountCode PurchaseDetails.TaxType,"
        "number QuantityOnHand TotalCostPool SalesDetails.UnitPrice PurchaseDetails.UnitPrice,"
        "bool IsSold IsPurchased IsTrackedAsInventory",
    ),
    priced=("PurchaseDetails", "SalesDetails"),
    handle=("Code",),
    indexed=("Code",),
)

USERS: Final = Resource(
    name="Users",
    item="User",
    id="UserID",
    columns=columns("UserID", "text EmailAddress FirstName LastName OrganisationRole,bool IsSubscriber"),
)

BRANDING_THEMES: Final = Resource(
    name="BrandingThemes",
    item="BrandingTheme",
    id="BrandingThemeID",
    columns=columns("BrandingThemeID", "text Name LogoUrl Type,number SortOrder,date CreatedDateUTC", dated=False),
    dated=False,
)

PAYMENT_SERVICES: Final = Resource(
    name="PaymentServices",
    item="PaymentService",
    id="PaymentServiceID",
    accepts=(
        Field("PaymentServiceID", "guid"),
        text("PaymentServiceName", 50),
        text("PaymentServiceUrl"),
        text("PayNowText", 50),
        choice("PaymentServiceType", "Custom"),
    ),
    columns=columns(
        "PaymentServiceID",
        "text PaymentServiceName PaymentServiceUrl PayNowText PaymentServiceType",
        dated=False,
    ),
    dated=False,
    handle=("PaymentServiceName",),
    error_flag="HasValidationErrors",
)

ORGANISATIONS: Final = Resource(
    name="Organisations",
    item="Organisation",
    id="OrganisationID",
    columns=columns(
        "OrganisationID", "text Name LegalName Version BaseCurrency CountryCode,date CreatedDateUTC", dated=False
    ),
    dated=False,
)

BUDGETS: Final = Resource(
    name="Budgets",
    item="Budget",
    id="BudgetID",
    columns=columns("BudgetID", "text Type Description"),
    heavy=("BudgetLines",),
    lists=(("ids", "id"),),
)

# https://developer.xero.com/documentation/api/accounting/setup
_CONVERSION_BALANCE: Final = list_of(
    "ConversionBalances",
    text("AccountCode", 10),
    Field("Balance", "money"),
    list_of("BalanceDetails", Field("Balance", "money"), text("CurrencyCode", 3), Field("CurrencyRate", "rate")),
)
# The start of an organisation's books: one document for each, under the organisation's own id.
CONVERSIONS: Final = Resource(
    name="Setup",
    item="Setup",
    id="OrganisationID",
    accepts=(
        object_of("ConversionDate", Field("Month", "integer"), Field("Year", "integer")),
        _CONVERSION_BALANCE,
    ),
    columns=columns("OrganisationID", "number ConversionDate.Year ConversionDate.Month", dated=False),
    dated=False,
)

RESOURCES: Final[tuple[Resource, ...]] = (
    ACCOUNTS,
    TAX_RATES,
    TRACKING_CATEGORIES,
    ITEMS,
    USERS,
    BRANDING_THEMES,
    PAYMENT_SERVICES,
    ORGANISATIONS,
    BUDGETS,
    CONVERSIONS,
)
