"""What belongs to the organisation as a whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import Date, DateTime, Envelope, Model
from .accounts import Account
from .common import Address, CurrencyCode, ExternalLink, Phone
from .contacts import PaymentTerm

__all__ = [
    "Action",
    "ActionStatus",
    "Actions",
    "AddressForOrganisation",
    "AddressForOrganisationAddressType",
    "BalanceDetails",
    "CISOrgSetting",
    "CISOrgSettings",
    "ConversionBalances",
    "ConversionDate",
    "CountryCode",
    "Currencies",
    "Currency",
    "ImportSummary",
    "ImportSummaryAccounts",
    "ImportSummaryObject",
    "ImportSummaryOrganisation",
    "Organisation",
    "OrganisationClass",
    "OrganisationEdition",
    "OrganisationEntityType",
    "OrganisationSalesTaxBasis",
    "OrganisationSalesTaxPeriod",
    "OrganisationType",
    "OrganisationVersion",
    "Organisations",
    "Setup",
    "TimeZone",
]

# A list of codes reads better in rows.
# fmt: off
CountryCode: TypeAlias = (
    Literal[
        "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AN", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AZ", "BA", "BB",
        "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BR", "BS", "BT", "BW", "BY", "BZ", "CA",
        "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ",
        "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO",
        "FR", "GA", "GB", "GD", "GE", "GG", "GH", "GI", "GL", "GM", "GN", "GQ", "GR", "GT", "GU", "GW", "GY", "HK",
        "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP",
        "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS",
        "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MR",
        "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NG", "NI", "NL", "NO", "NP", "NR", "NU",
        "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE",
        "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO",
        "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO", "TR",
        "TT", "TV", "TW", "TZ", "UA", "UG", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI", "VN", "VU", "WF", "WS",
        "XK", "YE", "YT", "ZA", "ZM", "ZW",
    ]
    | str
)
TimeZone: TypeAlias = (
    Literal[
        "AFGHANISTANSTANDARDTIME", "ALASKANSTANDARDTIME", "ALEUTIANSTANDARDTIME", "ALTAISTANDARDTIME",
        "ARABIANSTANDARDTIME", "ARABICSTANDARDTIME", "ARABSTANDARDTIME", "ARGENTINASTANDARDTIME",
        "ASTRAKHANSTANDARDTIME", "ATLANTICSTANDARDTIME", "AUSCENTRALSTANDARDTIME", "AUSCENTRALWSTANDARDTIME",
        "AUSEASTERNSTANDARDTIME", "AZERBAIJANSTANDARDTIME", "AZORESSTANDARDTIME", "BAHIASTANDARDTIME",
        "BANGLADESHSTANDARDTIME", "BELARUSSTANDARDTIME", "BOUGAINVILLESTANDARDTIME", "CANADACENTRALSTANDARDTIME",
        "CAPEVERDESTANDARDTIME", "CAUCASUSSTANDARDTIME", "CENAUSTRALIASTANDARDTIME", "CENTRALAMERICASTANDARDTIME",
        "CENTRALASIASTANDARDTIME", "CENTRALBRAZILIANSTANDARDTIME", "CENTRALEUROPEANSTANDARDTIME",
        "CENTRALEUROPESTANDARDTIME", "CENTRALPACIFICSTANDARDTIME", "CENTRALSTANDARDTIME", "CENTRALSTANDARDTIME(MEXICO)",
        "CHATHAMISLANDSSTANDARDTIME", "CHINASTANDARDTIME", "CUBASTANDARDTIME", "DATELINESTANDARDTIME",
        "EAFRICASTANDARDTIME", "EASTERISLANDSTANDARDTIME", "EASTERNSTANDARDTIME", "EASTERNSTANDARDTIME(MEXICO)",
        "EAUSTRALIASTANDARDTIME", "EEUROPESTANDARDTIME", "EGYPTSTANDARDTIME", "EKATERINBURGSTANDARDTIME",
        "ESOUTHAMERICASTANDARDTIME", "FIJISTANDARDTIME", "FLESTANDARDTIME", "GEORGIANSTANDARDTIME", "GMTSTANDARDTIME",
        "GREENLANDSTANDARDTIME", "GREENWICHSTANDARDTIME", "GTBSTANDARDTIME", "HAITISTANDARDTIME",
        "HAWAIIANSTANDARDTIME", "INDIASTANDARDTIME", "IRANSTANDARDTIME", "ISRAELSTANDARDTIME", "JORDANSTANDARDTIME",
        "KALININGRADSTANDARDTIME", "KAMCHATKASTANDARDTIME", "KOREASTANDARDTIME", "LIBYASTANDARDTIME",
        "LINEISLANDSSTANDARDTIME", "LORDHOWESTANDARDTIME", "MAGADANSTANDARDTIME", "MAGALLANESSTANDARDTIME",
        "MARQUESASSTANDARDTIME", "MAURITIUSSTANDARDTIME", "MIDATLANTICSTANDARDTIME", "MIDDLEEASTSTANDARDTIME",
        "MONTEVIDEOSTANDARDTIME", "MOROCCOSTANDARDTIME", "MOUNTAINSTANDARDTIME", "MOUNTAINSTANDARDTIME(MEXICO)",
        "MYANMARSTANDARDTIME", "NAMIBIASTANDARDTIME", "NCENTRALASIASTANDARDTIME", "NEPALSTANDARDTIME",
        "NEWFOUNDLANDSTANDARDTIME", "NEWZEALANDSTANDARDTIME", "NORFOLKSTANDARDTIME", "NORTHASIAEASTSTANDARDTIME",
        "NORTHASIASTANDARDTIME", "NORTHKOREASTANDARDTIME", "OMSKSTANDARDTIME", "PACIFICSASTANDARDTIME",
        "PACIFICSTANDARDTIME", "PACIFICSTANDARDTIME(MEXICO)", "PAKISTANSTANDARDTIME", "PARAGUAYSTANDARDTIME",
        "QYZYLORDASTANDARDTIME", "ROMANCESTANDARDTIME", "RUSSIANSTANDARDTIME", "RUSSIATIMEZONE10", "RUSSIATIMEZONE11",
        "RUSSIATIMEZONE3", "SAEASTERNSTANDARDTIME", "SAINTPIERRESTANDARDTIME", "SAKHALINSTANDARDTIME",
        "SAMOASTANDARDTIME", "SAOTOMESTANDARDTIME", "SAPACIFICSTANDARDTIME", "SARATOVSTANDARDTIME",
        "SAWESTERNSTANDARDTIME", "SEASIASTANDARDTIME", "SINGAPORESTANDARDTIME", "SOUTHAFRICASTANDARDTIME",
        "SOUTHSUDANSTANDARDTIME", "SRILANKASTANDARDTIME", "SUDANSTANDARDTIME", "SYRIASTANDARDTIME",
        "TAIPEISTANDARDTIME", "TASMANIASTANDARDTIME", "TOCANTINSSTANDARDTIME", "TOKYOSTANDARDTIME", "TOMSKSTANDARDTIME",
        "TONGASTANDARDTIME", "TRANSBAIKALSTANDARDTIME", "TURKEYSTANDARDTIME", "TURKSANDCAICOSSTANDARDTIME",
        "ULAANBAATARSTANDARDTIME", "USEASTERNSTANDARDTIME", "USMOUNTAINSTANDARDTIME", "UTC", "UTC+12", "UTC+13",
        "UTC02", "UTC08", "UTC09", "UTC11", "VENEZUELASTANDARDTIME", "VLADIVOSTOKSTANDARDTIME", "VOLGOGRADSTANDARDTIME",
        "WAUSTRALIASTANDARDTIME", "WCENTRALAFRICASTANDARDTIME", "WESTASIASTANDARDTIME", "WESTBANKSTANDARDTIME",
        "WESTPACIFICSTANDARDTIME", "WEUROPESTANDARDTIME", "WMONGOLIASTANDARDTIME", "YAKUTSKSTANDARDTIME",
        "YUKONSTANDARDTIME",
    ]
    | str
)
# fmt: on
ActionStatus: TypeAlias = Literal["ALLOWED", "NOT-ALLOWED"] | str
AddressForOrganisationAddressType: TypeAlias = Literal["POBOX", "STREET", "DELIVERY"] | str
# A list of codes reads better in rows.
# fmt: off
OrganisationVersion: TypeAlias = (
    Literal[
        "AU", "NZ", "GLOBAL", "UK", "US", "AUONRAMP", "NZONRAMP", "GLOBALONRAMP", "UKONRAMP", "USONRAMP",
    ]
    | str
)
OrganisationType: TypeAlias = (
    Literal[
        "ACCOUNTING_PRACTICE", "COMPANY", "CHARITY", "CLUB_OR_SOCIETY", "INDIVIDUAL", "LOOK_THROUGH_COMPANY",
        "NOT_FOR_PROFIT", "PARTNERSHIP", "S_CORPORATION", "SELF_MANAGED_SUPERANNUATION_FUND", "SOLE_TRADER",
        "SUPERANNUATION_FUND", "TRUST", "PERSONAL", "SINGLEMEMBERLLC", "CCORPORATIONLLC", "PARTNERSHIPLLC",
        "SCORPORATIONLLC", "LLC", "NOTLLC", "UNSPECIFIED",
    ]
    | str
)
OrganisationSalesTaxBasis: TypeAlias = (
    Literal[
        "PAYMENTS", "INVOICE", "NONE", "CASH", "ACCRUAL", "FLATRATECASH", "FLATRATEACCRUAL", "ACCRUALS",
    ]
    | str
)
OrganisationSalesTaxPeriod: TypeAlias = (
    Literal[
        "MONTHLY", "QUARTERLY1", "QUARTERLY2", "QUARTERLY3", "ANNUALLY", "ONEMONTHS", "TWOMONTHS", "SIXMONTHS",
        "1MONTHLY", "2MONTHLY", "3MONTHLY", "6MONTHLY", "QUARTERLY", "YEARLY", "NONE",
    ]
    | str
)
# fmt: on
OrganisationEntityType: TypeAlias = OrganisationType
# A list of codes reads better in rows.
# fmt: off
OrganisationClass: TypeAlias = (
    Literal[
        "DEMO", "TRIAL", "STARTER", "STANDARD", "PREMIUM", "PREMIUM_20", "PREMIUM_50", "PREMIUM_100", "LEDGER",
        "GST_CASHBOOK", "NON_GST_CASHBOOK", "ULTIMATE", "LITE", "ULTIMATE_10", "ULTIMATE_20", "ULTIMATE_50",
        "ULTIMATE_100", "IGNITE", "GROW", "COMPREHENSIVE", "SIMPLE", "BASICLITE", "ULTRA",
    ]
    | str
)
# fmt: on
OrganisationEdition: TypeAlias = Literal["BUSINESS", "PARTNER"] | str


class Action(Model, kw_only=True):
    """Something that the app may or may not do in the organisation."""

    name: str | None = None
    status: ActionStatus | None = None


class AddressForOrganisation(Address, kw_only=True):
    """An address of the organisation."""

    address_type: AddressForOrganisationAddressType | None = None


class BalanceDetails(Model, kw_only=True):
    """A balance in a foreign currency."""

    balance: Decimal | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    """Units of `currency_code` for one unit of the base currency."""


class CISOrgSetting(Model, kw_only=True):
    """Construction Industry Scheme settings of the organisation (United Kingdom)."""

    cis_contractor_enabled: bool | None = None
    cis_sub_contractor_enabled: bool | None = None
    rate: Decimal | None = None
    """Read-only."""


class ConversionBalances(Model, kw_only=True):
    """The balance of an account on the conversion date."""

    account_code: str | None = None
    balance: Decimal | None = None
    balance_details: list[BalanceDetails] | None = None


class ConversionDate(Model, kw_only=True):
    """The month from which Xero keeps the books."""

    month: int | None = None
    year: int | None = None


class Currency(Model, kw_only=True):
    """A currency that the organisation has switched on."""

    code: CurrencyCode | None = None
    """ISO 4217."""
    description: str | None = None


class ImportSummary(Model, kw_only=True):
    """What a setup changed."""

    accounts: ImportSummaryAccounts | None = None
    organisation: ImportSummaryOrganisation | None = None


class ImportSummaryAccounts(Model, kw_only=True):
    """How many accounts a setup changed."""

    total: int | None = None
    new: int | None = None
    updated: int | None = None
    deleted: int | None = None
    locked: int | None = None
    system: int | None = None
    errored: int | None = None
    present: bool | None = None
    new_or_updated: int | None = None


class ImportSummaryObject(Model, kw_only=True):
    """The envelope of what a setup changed."""

    import_summary: ImportSummary | None = None


class ImportSummaryOrganisation(Model, kw_only=True):
    """Whether a setup touched the organisation."""

    present: bool | None = None


class Organisation(Model, kw_only=True):
    """The organisation itself."""

    organisation_id: str | None = None
    api_key: str | None = field(default=None, name="APIKey")
    """For the organisation in the Xero network."""
    name: str | None = None
    legal_name: str | None = None
    pays_tax: bool | None = None
    """Whether it is registered for tax."""
    version: OrganisationVersion | None = None
    """Region and edition."""
    organisation_type: OrganisationType | None = None
    base_currency: CurrencyCode | None = None
    country_code: CountryCode | None = None
    is_demo_company: bool | None = None
    organisation_status: str | None = None
    registration_number: str | None = None
    employer_identification_number: str | None = None
    tax_number: str | None = None
    """ABN, GST, VAT or tax id number."""
    financial_year_end_day: int | None = None
    financial_year_end_month: int | None = None
    sales_tax_basis: OrganisationSalesTaxBasis | None = None
    """How tax is accounted for."""
    sales_tax_period: OrganisationSalesTaxPeriod | None = None
    """How often tax is reported."""
    default_sales_tax: str | None = None
    default_purchases_tax: str | None = None
    period_lock_date: Date | None = None
    """Nothing can change on or before it, but for advisers."""
    end_of_year_lock_date: Date | None = None
    """Nothing can change on or before it."""
    created_date_utc: DateTime | None = None
    """Read-only."""
    timezone: TimeZone | None = None
    """Where dates of the organisation are."""
    organisation_entity_type: OrganisationEntityType | None = None
    short_code: str | None = None
    """For deep links into Xero."""
    class_: OrganisationClass | None = None
    edition: OrganisationEdition | None = None
    line_of_business: str | None = None
    addresses: list[AddressForOrganisation] | None = None
    phones: list[Phone] | None = None
    external_links: list[ExternalLink] | None = None
    payment_terms: PaymentTerm | None = None


class Setup(Model, kw_only=True):
    """A chart of accounts and the balances with which to begin."""

    conversion_date: ConversionDate | None = None
    conversion_balances: list[ConversionBalances] | None = None
    accounts: list[Account] | None = None


class Actions(Envelope[Action], kw_only=True):
    """An envelope of actions."""

    actions: list[Action] | None = None


class CISOrgSettings(Envelope[CISOrgSetting], kw_only=True):
    """An envelope of CIS org settings."""

    cis_settings: list[CISOrgSetting] | None = None


class Currencies(Envelope[Currency], kw_only=True):
    """An envelope of currencies."""

    currencies: list[Currency] | None = None


class Organisations(Envelope[Organisation], kw_only=True):
    """An envelope of organisations."""

    organisations: list[Organisation] | None = None
