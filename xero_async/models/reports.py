"""Reports, as rows of cells."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import field

from ._base import DateTime, Envelope, Model

__all__ = [
    "Report",
    "ReportAttribute",
    "ReportCell",
    "ReportFields",
    "ReportRow",
    "ReportRows",
    "ReportType",
    "ReportWithRow",
    "ReportWithRows",
    "Reports",
    "RowType",
    "TenNinetyNineContact",
    "TenNinetyNineContactFederalTaxClassification",
]

RowType: TypeAlias = Literal["Header", "Section", "Row", "SummaryRow"] | str
ReportType: TypeAlias = Literal["AgedPayablesByContact"] | str
# A list of codes reads better in rows.
# fmt: off
TenNinetyNineContactFederalTaxClassification: TypeAlias = (
    Literal[
        "SOLE_PROPRIETOR", "PARTNERSHIP", "TRUST_OR_ESTATE", "NONPROFIT", "C_CORP", "S_CORP", "OTHER",
    ]
    | str
)
# fmt: on


class Report(Model, kw_only=True):
    """A report on payments of the 1099 kind (United States)."""

    report_name: str | None = None
    report_type: ReportType | None = None
    report_title: str | None = None
    report_date: str | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    contacts: list[TenNinetyNineContact] | None = None


class ReportAttribute(Model, kw_only=True):
    """What a cell is about, such as an account."""

    id: str | None = field(default=None, name="Id")
    """What it is, such as `account`."""
    value: str | None = None


class ReportCell(Model, kw_only=True):
    """A cell of a report; its value is text."""

    value: str | None = None
    """A number, a date or words, as text."""
    attributes: list[ReportAttribute] | None = None


class ReportFields(Model, kw_only=True):
    """A field beside the rows of a report."""

    field_id: str | None = None
    description: str | None = None
    value: str | None = None


class ReportRow(Model, kw_only=True):
    """A row within a section."""

    row_type: RowType | None = None
    title: str | None = None
    cells: list[ReportCell] | None = None


class ReportRows(Model, kw_only=True):
    """A row of a report, or a section with rows of its own."""

    row_type: RowType | None = None
    title: str | None = None
    cells: list[ReportCell] | None = None
    rows: list[ReportRow] | None = None


class ReportWithRow(Model, kw_only=True):
    """A report."""

    report_id: str | None = None
    report_name: str | None = None
    report_title: str | None = None
    report_type: str | None = None
    report_titles: list[str] | None = None
    """Name, organisation and dates, line by line."""
    report_date: str | None = None
    rows: list[ReportRows] | None = None
    updated_date_utc: DateTime | None = None
    """Read-only."""
    fields: list[ReportFields] | None = None


class TenNinetyNineContact(Model, kw_only=True):
    """What was paid to a contact, box by box of form 1099 (United States)."""

    box1: Decimal | None = None
    box2: Decimal | None = None
    box3: Decimal | None = None
    box4: Decimal | None = None
    box5: Decimal | None = None
    box6: Decimal | None = None
    box7: Decimal | None = None
    box8: Decimal | None = None
    box9: Decimal | None = None
    box10: Decimal | None = None
    box11: Decimal | None = None
    box13: Decimal | None = None
    box14: Decimal | None = None
    name: str | None = None
    federal_tax_id_type: str | None = None
    city: str | None = None
    zip: str | None = None
    state: str | None = None
    email: str | None = None
    street_address: str | None = None
    tax_id: str | None = None
    contact_id: str | None = field(default=None, name="ContactId")
    legal_name: str | None = None
    business_name: str | None = None
    federal_tax_classification: TenNinetyNineContactFederalTaxClassification | None = None


class ReportWithRows(Envelope[ReportWithRow], kw_only=True):
    """An envelope of report with rows."""

    reports: list[ReportWithRow] | None = None


class Reports(Envelope[Report], kw_only=True):
    """An envelope of reports."""

    reports: list[Report] | None = None
