"""An asyncio client for Xero's Accounting API: typed, fast, exact, and never over the limits."""

from . import models
from ._version import __version__
from .apis.accounting import operations
from .apis.pages import Pages
from .apis.reports import report_records
from .auth import ClientCredentials, StaticToken
from .models import *  # noqa: F403 - every record is importable from here, as from xero_async.models
from .outcomes import Attempt
from .pacing import Limits, Remaining, RetryPolicy
from .session import Tenant, Xero
from .wire import Page, Results, errors
from .wire.errors import *  # noqa: F403 - and every error, which its own module lists
from .wire.where import F

__all__ = [
    "Attempt",
    "ClientCredentials",
    "F",
    "Limits",
    "Page",
    "Pages",
    "Remaining",
    "Results",
    "RetryPolicy",
    "StaticToken",
    "Tenant",
    "Xero",
    "__version__",
    "errors",
    "models",
    "operations",
    "report_records",
]
__all__ += models.__all__
__all__ += errors.__all__
