"""Tables of tax rates and currencies, as small as the sandbox can do with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

# A small table of rates in percent; https://developer.xero.com/documentation/api/accounting/types#tax-types
TAX_RATES: Final[dict[str, Decimal]] = {
    name: Decimal(rate)
    for rate, names in {
        "0": "NONE ZERORATED ZERORATEDINPUT ZERORATEDOUTPUT EXEMPTINPUT EXEMPTOUTPUT EXEMPTEXPENSES"
        " EXEMPTEXPORT EXEMPTCAPITAL INPUTTAXED BASEXCLUDED GSTONIMPORTS GSTONCAPIMPORTS ECZRINPUT ECZROUTPUT"
        " ECZROUTPUTSERVICES ECACQUISITIONS REVERSECHARGES",
        "5": "RRINPUT RROUTPUT",
        "10": "CAPEXINPUT",
        "15": "OUTPUT INPUT OUTPUT3 INPUT3",
        "20": "OUTPUT2 INPUT2 CAPEXINPUT2 CAPEXOUTPUT2 SRINPUT SROUTPUT CAPEXSRINPUT CAPEXSROUTPUT",
    }.items()
    for name in names.split()
}

CURRENCY_RATES: Final[Mapping[str, Decimal]] = {  # units of a currency for one of the base currency
    code: Decimal(rate)
    for code, rate in {
        "NZD": "1.000000",
        "AUD": "0.914320",
        "CAD": "0.829450",
        "EUR": "0.523870",
        "GBP": "0.441290",
        "JPY": "88.214000",
        "SGD": "0.772180",
        "USD": "0.598650",
    }.items()
}
BASE_CURRENCY: Final = "NZD"
# https://developer.xero.com/documentation/api/accounting/types#currency-codes
_CODES: Final = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BYR BZD
    CAD CDF CHF CLF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EEK EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
    KYD KZT LAK LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MRU MUR MVR MWK MXN MXV MYR MZN
    NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
    SKK SLE SLL SOS SRD STD STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VEF VES
    VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZMK ZWD
"""
CURRENCY_CODES: Final = frozenset(_CODES.split())
CURRENCY_NAMES: Final[Mapping[str, str]] = {
    "NZD": "New Zealand Dollar",
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "EUR": "Euro",
    "GBP": "British Pound",
    "JPY": "Japanese Yen",
    "SGD": "Singapore Dollar",
    "USD": "United States Dollar",
}
