"""Tax rates."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from ._base import Envelope, Model

__all__ = ["TaxComponent", "TaxRate", "TaxRateReportTaxType", "TaxRateStatus", "TaxRates", "TaxType"]

TaxRateStatus: TypeAlias = Literal["ACTIVE", "DELETED", "ARCHIVED", "PENDING"] | str
# A list of codes reads better in rows.
# fmt: off
TaxRateReportTaxType: TypeAlias = (
    Literal[
        "AVALARA", "BASEXCLUDED", "CAPITALSALESOUTPUT", "CAPITALEXPENSESINPUT", "ECOUTPUT", "ECOUTPUTSERVICES",
        "ECINPUT", "ECACQUISITIONS", "EXEMPTEXPENSES", "EXEMPTINPUT", "EXEMPTOUTPUT", "GSTONIMPORTS", "INPUT",
        "INPUTTAXED", "MOSSSALES", "NONE", "NONEOUTPUT", "OUTPUT", "PURCHASESINPUT", "SALESOUTPUT", "EXEMPTCAPITAL",
        "EXEMPTEXPORT", "CAPITALEXINPUT", "GSTONCAPIMPORTS", "GSTONCAPITALIMPORTS", "REVERSECHARGES", "PAYMENTS",
        "INVOICE", "CASH", "ACCRUAL", "FLATRATECASH", "FLATRATEACCRUAL", "ACCRUALS", "TXCA", "SRCAS", "DSOUTPUT",
        "BLINPUT2", "EPINPUT", "IMINPUT2", "MEINPUT", "IGDSINPUT2", "ESN33OUTPUT", "OPINPUT", "OSOUTPUT", "TXN33INPUT",
        "TXESSINPUT", "TXREINPUT", "TXPETINPUT", "NRINPUT", "ES33OUTPUT", "ZERORATEDINPUT", "ZERORATEDOUTPUT",
        "DRCHARGESUPPLY", "DRCHARGE", "CAPINPUT", "CAPIMPORTS", "IMINPUT", "INPUT2", "CIUINPUT", "SRINPUT", "OUTPUT2",
        "SROUTPUT", "CAPOUTPUT", "SROUTPUT2", "CIUOUTPUT", "ZROUTPUT", "ZREXPORT", "ACC28PLUS", "ACCUPTO28",
        "OTHEROUTPUT", "SHOUTPUT", "ZRINPUT", "BADDEBT", "OTHERINPUT", "BADDEBTRELIEF", "IGDSINPUT3", "SROVR",
        "TOURISTREFUND", "TXRCN33", "TXRCRE", "TXRCESS", "TXRCTS", "CAPEXINPUT", "UNDEFINED", "CAPEXOUTPUT",
        "ZEROEXPOUTPUT", "GOODSIMPORT", "NONEINPUT", "NOTREPORTED", "SROVRRS", "SROVRLVG", "SRLVG", "IM", "IMESS",
        "IMN33", "IMRE", "BADDEBTRECOVERY", "USSALESTAX", "BLINPUT3",
    ]
    | str
)
TaxType: TypeAlias = (
    Literal[
        "OUTPUT", "INPUT", "CAPEXINPUT", "EXEMPTEXPORT", "EXEMPTEXPENSES", "EXEMPTCAPITAL", "EXEMPTOUTPUT",
        "INPUTTAXED", "BASEXCLUDED", "GSTONCAPIMPORTS", "GSTONIMPORTS", "NONE", "INPUT2", "ZERORATED", "OUTPUT2",
        "CAPEXINPUT2", "CAPEXOUTPUT", "CAPEXOUTPUT2", "CAPEXSRINPUT", "CAPEXSROUTPUT", "ECACQUISITIONS", "ECZRINPUT",
        "ECZROUTPUT", "ECZROUTPUTSERVICES", "EXEMPTINPUT", "REVERSECHARGES", "RRINPUT", "RROUTPUT", "SRINPUT",
        "SROUTPUT", "ZERORATEDINPUT", "ZERORATEDOUTPUT", "BLINPUT", "DSOUTPUT", "EPINPUT", "ES33OUTPUT", "ESN33OUTPUT",
        "IGDSINPUT2", "IMINPUT2", "MEINPUT", "NRINPUT", "OPINPUT", "OSOUTPUT", "TXESSINPUT", "TXN33INPUT", "TXPETINPUT",
        "TXREINPUT", "INPUT3", "INPUT4", "OUTPUT3", "OUTPUT4", "SROUTPUT2", "TXCA", "SRCAS", "BLINPUT2",
        "DRCHARGESUPPLY20", "DRCHARGE20", "DRCHARGESUPPLY5", "DRCHARGE5", "BADDEBTRELIEF", "IGDSINPUT3", "SROVR",
        "TOURISTREFUND", "TXRCN33", "TXRCRE", "TXRCESS", "TXRCTS", "OUTPUTY23", "DSOUTPUTY23", "INPUTY23",
        "IMINPUT2Y23", "IGDSINPUT2Y23", "TXPETINPUTY23", "TXESSINPUTY23", "TXN33INPUTY23", "TXREINPUTY23", "TXCAY23",
        "BADDEBTRELIEFY23", "IGDSINPUT3Y23", "SROVRRSY23", "SROVRLVGY23", "SRLVGY23", "TXRCN33Y23", "TXRCREY23",
        "TXRCESSY23", "TXRCTSY23", "IM", "IMY23", "IMESS", "IMESSY23", "IMN33", "IMN33Y23", "IMRE", "IMREY23",
        "BADDEBTRECOVERY", "BADDEBTRECOVERYY23", "OUTPUTY24", "DSOUTPUTY24", "INPUTY24", "IGDSINPUT2Y24",
        "TXPETINPUTY24", "TXESSINPUTY24", "TXN33INPUTY24", "TXREINPUTY24", "TXCAY24", "BADDEBTRELIEFY24",
        "IGDSINPUT3Y24", "SROVRRSY24", "SROVRLVGY24", "SRLVGY24", "TXRCTSY24", "TXRCESSY24", "TXRCN33Y24", "TXRCREY24",
        "IMY24", "IMESSY24", "IMN33Y24", "IMREY24", "BADDEBTRECOVERYY24", "OSOUTPUT2", "BLINPUT3", "BLINPUT3Y23",
        "BLINPUT3Y24",
    ]
    | str
)
"""Codes of the tax rates that Xero sets up. Organisations add their own, so fields that hold one are plain text."""
# fmt: on


class TaxComponent(Model, kw_only=True):
    """A part of a tax rate."""

    name: str | None = None
    rate: Decimal | None = None
    """Per cent."""
    is_compound: bool | None = None
    """Whether it is charged on top of the others."""
    is_non_recoverable: bool | None = None
    """Whether it cannot be claimed back."""


class TaxRate(Model, kw_only=True):
    """A rate of tax, made of its components."""

    name: str | None = None
    tax_type: str | None = None
    """Xero's code for a tax rate, such as `OUTPUT`."""
    tax_components: list[TaxComponent] | None = None
    status: TaxRateStatus | None = None
    report_tax_type: TaxRateReportTaxType | None = None
    can_apply_to_assets: bool | None = None
    """Read-only."""
    can_apply_to_equity: bool | None = None
    """Read-only."""
    can_apply_to_expenses: bool | None = None
    """Read-only."""
    can_apply_to_liabilities: bool | None = None
    """Read-only."""
    can_apply_to_revenue: bool | None = None
    """Read-only."""
    display_tax_rate: Decimal | None = None
    """Per cent, as users see it. Read-only."""
    effective_rate: Decimal | None = None
    """Per cent, compound components included. Read-only."""


class TaxRates(Envelope[TaxRate], kw_only=True):
    """An envelope of tax rates."""

    tax_rates: list[TaxRate] | None = None
