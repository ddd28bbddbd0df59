"""The records of the Accounting API, grouped by subject; every one can be imported from here."""

# ruff: noqa: F403 - each module lists what it offers, and nothing is listed twice

from . import (
    accounts,
    banking,
    branding,
    budgets,
    common,
    contacts,
    credit_notes,
    expenses,
    identity,
    invoices,
    items,
    journals,
    orders,
    organisation,
    payments,
    reports,
    tax,
    tracking,
)
from ._base import Date, DateTime, Envelope, MaxLength, Model, envelope_of, record_of, wire_name
from .accounts import *
from .banking import *
from .branding import *
from .budgets import *
from .common import *
from .contacts import *
from .credit_notes import *
from .expenses import *
from .identity import *
from .invoices import *
from .items import *
from .journals import *
from .orders import *
from .organisation import *
from .payments import *
from .reports import *
from .tax import *
from .tracking import *

__all__: list[str] = ["Date", "DateTime", "Envelope", "MaxLength", "Model", "envelope_of", "record_of", "wire_name"]
__all__ += accounts.__all__
__all__ += banking.__all__
__all__ += branding.__all__
__all__ += budgets.__all__
__all__ += common.__all__
__all__ += contacts.__all__
__all__ += credit_notes.__all__
__all__ += expenses.__all__
__all__ += identity.__all__
__all__ += invoices.__all__
__all__ += items.__all__
__all__ += journals.__all__
__all__ += orders.__all__
__all__ += organisation.__all__
__all__ += payments.__all__
__all__ += reports.__all__
__all__ += tax.__all__
__all__ += tracking.__all__
