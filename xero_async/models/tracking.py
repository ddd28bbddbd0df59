"""Tracking categories and their options."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ._base import Envelope, Model, Str100

__all__ = [
    "TrackingCategories",
    "TrackingCategory",
    "TrackingCategoryStatus",
    "TrackingOption",
    "TrackingOptionStatus",
    "TrackingOptions",
    "TrackingReference",
]

TrackingCategoryStatus: TypeAlias = Literal["ACTIVE", "ARCHIVED", "DELETED"] | str
TrackingOptionStatus: TypeAlias = Literal["ACTIVE", "ARCHIVED", "DELETED"] | str


class TrackingCategory(Model, kw_only=True):
    """A dimension by which lines are told apart, such as a region."""

    tracking_category_id: str | None = None
    tracking_option_id: str | None = None
    name: Str100 | None = None
    option: Str100 | None = None
    """Name of the option, where one is booked."""
    status: TrackingCategoryStatus | None = None
    options: list[TrackingOption] | None = None


class TrackingOption(Model, kw_only=True):
    """A value of a tracking category."""

    tracking_option_id: str | None = None
    name: Str100 | None = None
    status: TrackingOptionStatus | None = None
    tracking_category_id: str | None = None


class TrackingReference(Model, kw_only=True):
    """A tracking option that something is booked to."""

    tracking_category_id: str | None = None
    tracking_option_id: str | None = None
    name: Str100 | None = None
    """Read-only."""
    option: str | None = None
    """Read-only."""


class TrackingCategories(Envelope[TrackingCategory], kw_only=True):
    """An envelope of tracking categories."""

    tracking_categories: list[TrackingCategory] | None = None


class TrackingOptions(Envelope[TrackingOption], kw_only=True):
    """An envelope of tracking options."""

    options: list[TrackingOption] | None = None
