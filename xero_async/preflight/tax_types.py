"""The tax types that Xero sets up, region by region.

Organisations add their own, which are called TAX001 and so on, and may rename or archive those of Xero, so these lists
are a guide: only `GET /TaxRates` knows for certain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

__all__ = ["ANY_TAX_TYPE", "NETWORK_TAX_TYPES", "OWN_TAX_TYPE", "TAX_TYPES", "TAX_TYPE_SHAPE", "region_of"]

_GLOBAL = "GSTONIMPORTS INPUT NONE OUTPUT"
_SINGAPORE_YEARLY = (
    "BADDEBTRECOVERY BADDEBTRELIEF BLINPUT3 DSOUTPUT IGDSINPUT2 IGDSINPUT3 IM IMESS IMINPUT2 IMN33 IMRE INPUT OUTPUT"
    " SRLVG SROVRLVG SROVRRS TXCA TXESSINPUT TXN33INPUT TXPETINPUT TXRCESS TXRCN33 TXRCRE TXRCTS TXREINPUT"
)

# https://developer.xero.com/documentation/api/accounting/types#tax-types
# https://developer.xero.com/documentation/api/accounting/taxrates#default-tax-rates
TAX_TYPES: Final[Mapping[str, frozenset[str]]] = {
    region: frozenset(names.split())
    for region, names in {
        "AU": "BASEXCLUDED CAPEXINPUT EXEMPTCAPITAL EXEMPTEXPENSES EXEMPTEXPORT EXEMPTOUTPUT GSTONCAPIMPORTS"
        " GSTONIMPORTS INPUT INPUTTAXED NONE OUTPUT",
        "CA": f"{_GLOBAL} {' '.join(f'CAN{number:03d}' for number in range(1, 33))}",
        "GB": "CAPEXINPUT CAPEXINPUT2 CAPEXOUTPUT CAPEXOUTPUT2 CAPEXSRINPUT CAPEXSROUTPUT DRCHARGE20 DRCHARGE5"
        " DRCHARGESUPPLY20 DRCHARGESUPPLY5 ECACQUISITIONS ECZRACQUISITIONS ECZRINPUT ECZROUTPUT ECZROUTPUTSERVICES"
        " EXEMPTINPUT EXEMPTOUTPUT GSTONIMPORTS INPUT INPUT2 NONE OUTPUT OUTPUT2 REVERSECHARGES RRINPUT RROUTPUT"
        " SRINPUT SROUTPUT ZERORATEDINPUT ZERORATEDOUTPUT",
        "GLOBAL": _GLOBAL,
        "NZ": f"{_GLOBAL} INPUT2 OUTPUT2 ZERORATED",
        "SG": f"{_SINGAPORE_YEARLY} {' '.join(f'{name}Y23 {name}Y24' for name in _SINGAPORE_YEARLY.split())}"
        " BLINPUT BLINPUT2 EPINPUT ES33OUTPUT ESN33OUTPUT MEINPUT NONE NRINPUT OPINPUT OSOUTPUT OSOUTPUT2 SRCAS SROVR"
        " TOURISTREFUND ZERORATEDINPUT ZERORATEDOUTPUT",
        "US": f"{_GLOBAL} AVALARA",
        "ZA": "ACC28PLUS ACCUPTO28 BADDEBT CAPEXINPUT CAPEXINPUT2 EXEMPTINPUT EXEMPTOUTPUT GSTONCAPIMPORTS IMINPUT"
        " INPUT INPUT2 INPUT3 INPUT4 NONE OTHERINPUT OTHEROUTPUT OUTPUT OUTPUT2 OUTPUT3 OUTPUT4 SHOUTPUT SROUTPUT"
        " SROUTPUT2 ZERORATED ZERORATEDOUTPUT",
    }.items()
}
"""Tax types by region: a country code, or GLOBAL for organisations of the global edition."""

ANY_TAX_TYPE: Final = frozenset[str]().union(*TAX_TYPES.values())

NETWORK_TAX_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "NZ": frozenset({"NONE", "INPUT", "OUTPUT", "ZERORATED"}),
    "GB": frozenset(
        {
            "NONE",
            "EXEMPTINPUT",
            "INPUT",
            "ZERORATEDINPUT",
            "RRINPUT",
            "EXEMPTOUTPUT",
            "OUTPUT",
            "ZERORATEDOUTPUT",
            "RROUTPUT",
        }
    ),
}
"""The tax types of the Xero Network API v1 by region: the table of its tenth rule for invoices."""

OWN_TAX_TYPE: Final = re.compile(r"TAX\d{3,}", re.ASCII)
"""What the tax types are called that organisations make themselves."""
TAX_TYPE_SHAPE: Final = re.compile(r"[A-Z0-9]+", re.ASCII)
"""What every tax type looks like, in contrast to the name of a tax rate."""

_ALIASES: Final = {"UK": "GB"}


def region_of(country: str | None) -> str:
    """The region of a country code, in any case: GLOBAL for countries without an edition, empty for None."""
    if country is None:
        return ""
    code = country.strip().upper()
    code = _ALIASES.get(code, code)
    return code if code in TAX_TYPES else "GLOBAL"
