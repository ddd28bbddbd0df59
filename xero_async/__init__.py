"""An asyncio client for Xero's Accounting API: typed, fast, exact, and never over the limits."""

# ruff: noqa: F403, F401 - every record and every error is importable from here, and their own modules list them
# (subject by subject, because mypy does not follow a star through a star)

import typing as _typing

from . import models
from ._version import __version__
from .apis.accounting import operations
from .apis.pages import Pages
from .apis.reports import report_records
from .auth import (
    PKCE,
    AuthorizationCode,
    ClientCredentials,
    FileStore,
    KeyringStore,
    MemoryStore,
    RedisStore,
    SignIn,
    StaticToken,
    TokenSet,
    TokenStore,
    verify_id_token,
)
from .calls import raw_answers
from .models import Date, DateTime, Envelope, MaxLength, Model, envelope_of, record_of, wire_name
from .models.accounts import *
from .models.banking import *
from .models.branding import *
from .models.budgets import *
from .models.common import *
from .models.contacts import *
from .models.credit_notes import *
from .models.expenses import *
from .models.identity import *
from .models.invoices import *
from .models.items import *
from .models.journals import *
from .models.orders import *
from .models.organisation import *
from .models.payments import *
from .models.reports import *
from .models.tax import *
from .models.tracking import *
from .outcomes import Attempt, Usage
from .pacing import Limits, Remaining, RetryPolicy
from .session import Tenant, Xero
from .wire import Page, Results, errors
from .wire.errors import *
from .wire.where import F

if _typing.TYPE_CHECKING:
    from .pacing import RedisLimits

__all__ = [
    "PKCE",
    "Attempt",
    "AuthorizationCode",
    "ClientCredentials",
    "F",
    "FileStore",
    "KeyringStore",
    "Limits",
    "MemoryStore",
    "Page",
    "Pages",
    "RedisLimits",
    "RedisStore",
    "Remaining",
    "Results",
    "RetryPolicy",
    "SignIn",
    "StaticToken",
    "Tenant",
    "TokenSet",
    "TokenStore",
    "Usage",
    "Xero",
    "__version__",
    "errors",
    "models",
    "operations",
    "raw_answers",
    "report_records",
    "verify_id_token",
]
__all__ += models.__all__
__all__ += errors.__all__


def __getattr__(name: str) -> object:
    if name == "RedisLimits":
        from .pacing import RedisLimits

        return globals().setdefault(name, RedisLimits)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
