"""What each organisation has from its beginning, and the settings of a seeded one.

The beginnings (chart of accounts, tax rates, users, a theme, the organisation itself) have ids that follow
from the tenant's; the rest is drawn like every seeded document.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from .chart import CHART
from .draws import EPOCH, Draws
from .names import CITIES, PRODUCTS
from .rates import BASE_CURRENCY, CURRENCY_NAMES, TAX_RATES
from .resources import CURRENCIES
from .resources_settings import (
    ACCOUNTS,
    BRANDING_THEMES,
    BUDGETS,
    ITEMS,
    ORGANISATIONS,
    PAYMENT_SERVICES,
    TRACKING_CATEGORIES,
    USERS,
)
from .resources_settings import TAX_RATES as RATES
from .settings_rules import derive_account, new_account, new_item, new_tax_rate
from .store import Store
from .values import DAY, Document, is_guid, ms_of_day, rounded, text_of, written_date

_TAX_NAMES: Final = {
    "OUTPUT": "15% GST on Income",
    "INPUT": "15% GST on Expenses",
    "NONE": "No GST",
    "ZERORATED": "Zero Rated",
    "GSTONIMPORTS": "GST on Imports",
}
# Types that are reported as another: https://developer.xero.com/documentation/api/accounting/types#report-tax-types
_REPORTED_AS: Final = {
    "ZERORATED": "NONE",
    "ECZRINPUT": "ECINPUT",
    "ECZROUTPUT": "ECOUTPUT",
    "ECZROUTPUTSERVICES": "ECOUTPUTSERVICES",
    "RRINPUT": "INPUT",
    "RROUTPUT": "OUTPUT",
    "INPUT3": "INPUT",
    "OUTPUT3": "OUTPUT",
    "CAPEXINPUT2": "CAPEXINPUT",
    "CAPEXOUTPUT2": "CAPEXOUTPUT",
    "CAPEXSRINPUT": "CAPEXINPUT",
    "CAPEXSROUTPUT": "CAPEXOUTPUT",
}
_PEOPLE: Final = (
    ("Aroha", "Ngata", "FINANCIALADVISER", True),
    ("Tom", "Baker", "STANDARD", False),
    ("Priya", "Sharma", "STANDARD", False),
    ("Lena", "Fischer", "INVOICEONLY", False),
)
_TRACKED: Final = (
    ("Region", ("Eastside", "North", "South", "West Coast")),
    ("Department", ("Sales", "Delivery", "Support")),
)
_BUDGETED: Final = (("200", 42_000), ("260", 3_500), ("300", 9_000), ("400", 1_200), ("469", 2_450), ("489", 480))
_CREATED: Final = EPOCH - 5 * 365 * DAY


def furnish(store: Store, tenant: int, tenant_id: str, name: str) -> None:
    """Gives a new organisation what it cannot do without."""

    def own(kind: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"xero-sandbox:{tenant_id}:{kind}"))

    store.load(CURRENCIES, tenant, [{"Code": code, "Description": label} for code, label in CURRENCY_NAMES.items()])
    store.load(RATES, tenant, _tax_rates())
    store.load(ACCOUNTS, tenant, [_account(own(f"account {each.code}"), at) for at, each in enumerate(CHART)])
    store.load(USERS, tenant, [_user(own(f"user {at}"), *person) for at, person in enumerate(_PEOPLE)])
    store.load(BRANDING_THEMES, tenant, [_theme(own("theme 0"), "Standard", 0)])
    organisation = _organisation(tenant_id if is_guid(tenant_id) else own("organisation"), name)
    store.load(ORGANISATIONS, tenant, [organisation])


def _tax_rates() -> Iterator[Document]:
    for tax_type, rate in TAX_RATES.items():
        name = _TAX_NAMES.get(tax_type, f"{rate}% {tax_type.title()}")
        shown = rounded(rate, 4)
        part: Document = {"Name": "GST", "Rate": shown, "IsCompound": False, "IsNonRecoverable": False}
        yield new_tax_rate(tax_type) | {
            "Name": name,
            "ReportTaxType": _REPORTED_AS.get(tax_type, tax_type),
            "CanApplyToRevenue": "INPUT" not in tax_type,
            "CanApplyToExpenses": "OUTPUT" not in tax_type,
            "DisplayTaxRate": shown,
            "EffectiveRate": shown,
            "TaxComponents": [part],
        }


def _account(account_id: str, at: int) -> Document:
    row = CHART[at]
    account = new_account(account_id) | {
        "Code": row.code,
        "Name": row.name,
        "Type": row.type,
        "TaxType": row.tax_type,
        "Description": "",
        "EnablePaymentsToAccount": row.code in ("880", "881"),
        "ShowInExpenseClaims": row.type == "EXPENSE" and not row.system,
        "UpdatedDateUTC": written_date(_CREATED + at * 1000),
    }
    if row.type == "BANK":
        account["BankAccountNumber"] = f"12-3141-{int(row.code):07d}-00"
        del account["Description"]
    if row.system:
        account["SystemAccount"] = row.system
    derive_account(account)
    return account


def _user(user_id: str, first: str, last: str, role: str, subscriber: bool) -> Document:
    return {
        "UserID": user_id,
        "EmailAddress": f"{first}.{last}@staff.example".lower(),
        "FirstName": first,
        "LastName": last,
        "UpdatedDateUTC": written_date(_CREATED),
        "IsSubscriber": subscriber,
        "OrganisationRole": role,
    }


def _theme(theme_id: str, name: str, order: int) -> Document:
    return {
        "BrandingThemeID": theme_id,
        "Name": name,
        "Type": "INVOICE",
        "SortOrder": order,
        "CreatedDateUTC": written_date(_CREATED),
    }


def _organisation(organisation_id: str, name: str) -> Document:
    return {
        "OrganisationID": organisation_id,
        "Name": name,
        "LegalName": name,
        "PaysTax": True,
        "Version": "NZ",
        "OrganisationType": "COMPANY",
        "BaseCurrency": BASE_CURRENCY,
        "CountryCode": "NZ",
        "IsDemoCompany": True,
        "OrganisationStatus": "ACTIVE",
        "TaxNumber": "101-2-303",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 3,
        "SalesTaxBasis": "ACCRUAL",
        "SalesTaxPeriod": "TWOMONTHS",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "CreatedDateUTC": written_date(_CREATED),
        "OrganisationEntityType": "COMPANY",
        "Timezone": "NEWZEALANDSTANDARDTIME",
        "ShortCode": "!" + organisation_id.replace("-", "")[:5].upper(),
        "Class": "DEMO",
        "Edition": "BUSINESS",
        "LineOfBusiness": "",
        "Addresses": [
            {
                "AddressType": "STREET",
                "AddressLine1": "23 Main Street",
                "City": CITIES[0][0],
                "PostalCode": CITIES[0][2],
                "Country": CITIES[0][3],
            }
        ],
        "Phones": [{"PhoneType": "OFFICE", "PhoneNumber": "555 0100", "PhoneAreaCode": "09"}],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }


class Cabinet(Draws):
    """The settings of a seeded organisation."""

    def plant(self, store: Store, tenant: int) -> None:
        """Fills an organisation with them."""
        categories = [self._category(name, options) for name, options in _TRACKED]
        store.load(TRACKING_CATEGORIES, tenant, categories)
        store.load(ITEMS, tenant, self._items())
        theme = _theme(self.id(), "Very orange invoice!", 1)
        store.load(BRANDING_THEMES, tenant, [theme])
        service: Document = {
            "PaymentServiceID": self.id(),
            "PaymentServiceName": "Pay by card",
            "PaymentServiceUrl": "https://pay.example/?invoiceNo=[INVOICENUMBER]&amount=[AMOUNTDUE]",
            "PayNowText": "Pay now",
            "PaymentServiceType": "Custom",
        }
        store.load(PAYMENT_SERVICES, tenant, [service])
        store.join(tenant, [(text_of(theme, "BrandingThemeID"), text_of(service, "PaymentServiceID"))])
        accounts = {code: store.find(ACCOUNTS, tenant, '"Code" = ?', code)[0] for code, _ in _BUDGETED}
        store.load(BUDGETS, tenant, [self._budget(accounts, []), self._budget(accounts, categories[:1])])

    def _category(self, name: str, options: tuple[str, ...]) -> Document:
        category_id = self.id()
        return {
            "Name": name,
            "Status": "ACTIVE",
            "TrackingCategoryID": category_id,
            "Options": [
                {
                    "TrackingOptionID": self.id(),
                    "Name": option,
                    "Status": "ACTIVE",
                    "TrackingCategoryID": category_id,
                }
                for option in options
            ],
        }

    def _items(self) -> Iterator[Document]:
        for at, (description, unit, account) in enumerate(PRODUCTS):
            sold = account < "300"
            price: Document = {
                "UnitPrice": Decimal(unit),
                "AccountCode": account,
                "TaxType": "OUTPUT" if sold else "INPUT",
            }
            yield new_item(self.id()) | {
                "Code": f"P{at + 1:03d}",
                "Name": description[:50],
                "Description": description if sold else "",
                "PurchaseDescription": "" if sold else description,
                "SalesDetails" if sold else "PurchaseDetails": price,
                "IsSold": sold,
                "IsPurchased": not sold,
                "UpdatedDateUTC": self.changed(_CREATED),
            }

    def _budget(self, accounts: dict[str, str], tracking: list[Document]) -> Document:
        """A budget of the twelve months that end with `EPOCH`'s."""
        months = [2024 * 12 + 6 + ahead for ahead in range(12)]
        return {
            "BudgetID": self.id(),
            "Type": "TRACKING" if tracking else "OVERALL",
            "Description": f"Budget of {tracking[0]['Name']}" if tracking else "Overall Budget",
            "UpdatedDateUTC": self.changed(_CREATED),
            "BudgetLines": [
                {
                    "AccountID": accounts[code],
                    "AccountCode": code,
                    "BudgetBalances": [
                        {
                            "Period": written_date(ms_of_day(date(month // 12, month % 12 + 1, 1))),
                            "Amount": rounded(Decimal(base * (90 + self.below(21))) / 100),
                        }
                        for month in months
                    ],
                }
                for code, base in _BUDGETED
            ],
            "Tracking": tracking,
        }
