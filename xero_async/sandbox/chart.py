"""The standard chart of accounts, as rows.

Each organisation of a sandbox starts with these accounts. An account's class, and the section of a report
that it stands in, follow from its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class AccountType(Struct, frozen=True):
    """What follows from an account's type: its class, and the section of its report."""

    name: str
    klass: str
    section: str


class ChartAccount(Struct, frozen=True):
    """One account of the standard chart."""

    code: str
    name: str
    type: str
    tax_type: str = "NONE"
    system: str = ""  # Xero's name for what it books here by itself

    @property
    def klass(self) -> str:
        """The account's class: ASSET, EQUITY, EXPENSE, LIABILITY or REVENUE."""
        return ACCOUNT_TYPES[self.type].klass

    @property
    def section(self) -> str:
        """The title of the section of the profit and loss or the balance sheet that holds the account."""
        return ACCOUNT_TYPES[self.type].section


# https://developer.xero.com/documentation/api/accounting/types#account-types
ACCOUNT_TYPES: Final[Mapping[str, AccountType]] = {
    name: AccountType(name, klass, section)
    for name, klass, section in (
        ("REVENUE", "REVENUE", "Income"),
        ("SALES", "REVENUE", "Income"),
        ("DIRECTCOSTS", "EXPENSE", "Less Cost of Sales"),
        ("OTHERINCOME", "REVENUE", "Plus Other Income"),
        ("EXPENSE", "EXPENSE", "Less Operating Expenses"),
        ("OVERHEADS", "EXPENSE", "Less Operating Expenses"),
        ("DEPRECIATN", "EXPENSE", "Less Operating Expenses"),
        ("BANK", "ASSET", "Bank"),
        ("CURRENT", "ASSET", "Current Assets"),
        ("INVENTORY", "ASSET", "Current Assets"),
        ("PREPAYMENT", "ASSET", "Current Assets"),
        ("FIXED", "ASSET", "Fixed Assets"),
        ("NONCURRENT", "ASSET", "Non-current Assets"),
        ("CURRLIAB", "LIABILITY", "Current Liabilities"),
        ("PAYG", "LIABILITY", "Current Liabilities"),
        ("LIABILITY", "LIABILITY", "Current Liabilities"),
        ("TERMLIAB", "LIABILITY", "Non-current Liabilities"),
        ("EQUITY", "EQUITY", "Equity"),
    )
}

CHART: Final = (
    ChartAccount("090", "Business Bank Account", "BANK"),
    ChartAccount("091", "Business Savings Account", "BANK"),
    ChartAccount("200", "Sales", "REVENUE", "OUTPUT"),
    ChartAccount("260", "Other Revenue", "REVENUE", "OUTPUT"),
    ChartAccount("270", "Interest Income", "OTHERINCOME"),
    ChartAccount("300", "Purchases", "DIRECTCOSTS", "INPUT"),
    ChartAccount("310", "Cost of Goods Sold", "DIRECTCOSTS", "INPUT"),
    ChartAccount("400", "Advertising", "EXPENSE", "INPUT"),
    ChartAccount("404", "Bank Fees", "EXPENSE"),
    ChartAccount("408", "Cleaning", "EXPENSE", "INPUT"),
    ChartAccount("412", "Consulting & Accounting", "EXPENSE", "INPUT"),
    ChartAccount("416", "Depreciation", "DEPRECIATN"),
    ChartAccount("420", "Entertainment", "EXPENSE", "INPUT"),
    ChartAccount("425", "Freight & Courier", "EXPENSE", "INPUT"),
    ChartAccount("429", "General Expenses", "EXPENSE", "INPUT"),
    ChartAccount("433", "Insurance", "EXPENSE", "INPUT"),
    ChartAccount("437", "Interest Expense", "EXPENSE"),
    ChartAccount("441", "Legal Expenses", "EXPENSE", "INPUT"),
    ChartAccount("445", "Light, Power, Heating", "EXPENSE", "INPUT"),
    ChartAccount("449", "Motor Vehicle Expenses", "EXPENSE", "INPUT"),
    ChartAccount("453", "Office Expenses", "EXPENSE", "INPUT"),
    ChartAccount("461", "Printing & Stationery", "EXPENSE", "INPUT"),
    ChartAccount("469", "Rent", "EXPENSE", "INPUT"),
    ChartAccount("473", "Repairs and Maintenance", "EXPENSE", "INPUT"),
    ChartAccount("477", "Salaries", "EXPENSE"),
    ChartAccount("478", "KiwiSaver Employer Contributions", "EXPENSE"),
    ChartAccount("485", "Subscriptions", "EXPENSE", "INPUT"),
    ChartAccount("489", "Telephone & Internet", "EXPENSE", "INPUT"),
    ChartAccount("493", "Travel - National", "EXPENSE", "INPUT"),
    ChartAccount("494", "Travel - International", "EXPENSE"),
    ChartAccount("497", "Bank Revaluations", "EXPENSE", system="BANKCURRENCYGAIN"),
    ChartAccount("498", "Unrealised Currency Gains", "EXPENSE", system="UNREALISEDCURRENCYGAIN"),
    ChartAccount("499", "Realised Currency Gains", "EXPENSE", system="REALISEDCURRENCYGAIN"),
    ChartAccount("505", "Income Tax Expense", "EXPENSE"),
    ChartAccount("610", "Accounts Receivable", "CURRENT", system="DEBTORS"),
    ChartAccount("620", "Prepayments", "CURRENT"),
    ChartAccount("630", "Inventory", "INVENTORY"),
    ChartAccount("710", "Office Equipment", "FIXED", "INPUT"),
    ChartAccount("711", "Less Accumulated Depreciation on Office Equipment", "FIXED"),
    ChartAccount("720", "Computer Equipment", "FIXED", "INPUT"),
    ChartAccount("721", "Less Accumulated Depreciation on Computer Equipment", "FIXED"),
    ChartAccount("800", "Accounts Payable", "CURRLIAB", system="CREDITORS"),
    ChartAccount("801", "Unpaid Expense Claims", "CURRLIAB", system="UNPAIDEXPCLM"),
    ChartAccount("803", "Wages Payable", "CURRLIAB", system="WAGEPAYABLES"),
    ChartAccount("820", "GST", "CURRLIAB", system="GST"),
    ChartAccount("825", "PAYE Payable", "CURRLIAB"),
    ChartAccount("830", "Income Tax", "CURRLIAB"),
    ChartAccount("835", "Revenue Received in Advance", "CURRLIAB"),
    ChartAccount("840", "Historical Adjustment", "CURRLIAB", system="HISTORICAL"),
    ChartAccount("850", "Suspense", "CURRLIAB"),
    ChartAccount("860", "Rounding", "CURRLIAB", system="ROUNDING"),
    ChartAccount("877", "Tracking Transfers", "CURRLIAB", system="TRACKINGTRANSFERS"),
    ChartAccount("880", "Owner A Drawings", "EQUITY"),
    ChartAccount("881", "Owner A Funds Introduced", "EQUITY"),
    ChartAccount("900", "Loan", "TERMLIAB"),
    ChartAccount("960", "Retained Earnings", "EQUITY", system="RETAINEDEARNINGS"),
    ChartAccount("970", "Owner A Share Capital", "EQUITY"),
)
