"""Budgets."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from ._base import Date, DateTime, Envelope, Model, Str255
from .tracking import TrackingCategory

__all__ = ["Budget", "BudgetBalance", "BudgetLine", "BudgetType", "Budgets"]

BudgetType: TypeAlias = Literal["OVERALL", "TRACKING"] | str


class Budget(Model, kw_only=True):
    """A budget, overall or of a tracking option."""

    budget_id: str | None = None
    type: BudgetType | None = None
    description: Str255 | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    budget_lines: list[BudgetLine] | None = None
    tracking: list[TrackingCategory] | None = None


class BudgetBalance(Model, kw_only=True):
    """The budget of one month."""

    period: Date | None = None
    """The first day of the month."""
    amount: Decimal | None = None
    unit_amount: Decimal | None = None
    notes: Str255 | None = None


class BudgetLine(Model, kw_only=True):
    """The budget of one account."""

    account_id: str | None = None
    account_code: str | None = None
    budget_balances: list[BudgetBalance] | None = None


class Budgets(Envelope[Budget], kw_only=True):
    """An envelope of budgets."""

    budgets: list[Budget] | None = None
