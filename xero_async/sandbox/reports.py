"""The handlers of reports: what each reads from its query, its titles, and the way into Xero's envelope.

The numbers come from `statements`, the shape from `sheets`. All reports are computed from the books at the
moment of the call, nothing is kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from . import statements, summaries
from .answers import Answer, envelope, not_found, rejected
from .books import Books, back, day_of, month_end
from .entries import ACCRUAL, CASH
from .resources import CONTACTS
from .sheets import long_day
from .values import Document, dump_json, is_guid, ms_of_day, text_of, written_date
from .whole import Call, Handler, day_in, document_of

_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_MOST_PERIODS: Final = 11
_MOST_BUDGET_PERIODS: Final = 12


class Report(NamedTuple):
    """One report: its type, its name, and what makes its titles and rows."""

    type: str
    name: str
    make: Callable[[Call], tuple[Sequence[str], list[Document]]]


def _served(report: Report) -> Handler:
    def handle(call: Call) -> Answer:
        return envelope("Reports", [dump_json(_whole(call, report, report.type))], call.now)

    return handle


def _whole(call: Call, report: Report, report_id: str) -> Document:
    titles, rows = report.make(call)
    return _head(call, report, report_id, titles) | {"Fields": [], "Rows": rows}


def _head(call: Call, report: Report, report_id: str, titles: Sequence[str]) -> Document:
    return {
        "ReportID": report_id,
        "ReportName": report.name,
        "ReportType": report.type,
        "ReportTitles": list(titles),
        "ReportDate": long_day(day_of(call.now)),
        "UpdatedDateUTC": written_date(call.now),
    }


# ----------------------------------------------------------------------------------------- what is asked for


def _day(call: Call, name: str, default: date) -> date:
    ms = day_in(call, name)
    return default if ms is None else day_of(ms)


def _today(call: Call) -> date:
    return day_of(call.now)


def _span(call: Call) -> tuple[date, date]:
    """The days from `fromDate` to `toDate`; without them, the current month."""
    today = _today(call)
    last = _day(call, "todate", month_end(_day(call, "fromdate", today)))
    first = _day(call, "fromdate", last.replace(day=1))
    if first > last:
        raise rejected(["The fromDate must not be after the toDate."])
    return first, last


def _number(call: Call, name: str, default: int, most: int) -> int:
    value = call.query.get(name, "").strip()
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and 0 <= int(value[:4]) <= most):
        raise rejected([f"The {name} must be a whole number between 1 and {most}."])
    return int(value)


def _steps(call: Call) -> list[int]:
    """How many months each column of a comparison lies back, the first at 0."""
    frame = call.query.get("timeframe", "").strip().upper()
    if frame and frame not in _MONTHS:
        raise rejected(["The timeframe must be MONTH, QUARTER or YEAR."])
    return [_MONTHS.get(frame, 1) * at for at in range(_number(call, "periods", 0, _MOST_PERIODS) + 1)]


def _basis(call: Call) -> int:
    return CASH if call.flag("paymentsonly") else ACCRUAL


def _tracked(call: Call, *names: str) -> list[str]:
    """The ids of the tracking options, or else of the categories, that the entries must carry."""
    found = [call.query.get(name, "").strip().lower() for name in names]
    if any(value and not is_guid(value) for value in found):
        raise rejected(["A tracking category or option must be named by its GUID."])
    return [value for value in found if value]


def _organisation(call: Call) -> str:
    return text_of(Books(call.store, call.tenant).organisation, "Name") or "Demo Company"


# ------------------------------------------------------------------------------------------------- the reports


def _trial_balance(call: Call) -> tuple[Sequence[str], list[Document]]:
    books, day = Books(call.store, call.tenant), _day(call, "date", _today(call))
    titles = ("Trial Balance", _organisation(call), f"As at {long_day(day)}")
    return titles, statements.trial_balance(books, day, _basis(call))


def _profit_and_loss(call: Call) -> tuple[Sequence[str], list[Document]]:
    books, (first, last) = Books(call.store, call.tenant), _span(call)
    spans = [(back(first, step), back(last, step)) for step in _steps(call)]
    tracked = _tracked(call, "trackingoptionid", "trackingoptionid2", "trackingcategoryid", "trackingcategoryid2")
    titles = ("Profit & Loss", _organisation(call), f"{long_day(first)} to {long_day(last)}")
    return titles, statements.profit_and_loss(books, spans, _basis(call), tracked)


def _balance_sheet(call: Call) -> tuple[Sequence[str], list[Document]]:
    books, day = Books(call.store, call.tenant), _day(call, "date", month_end(_today(call)))
    days = [back(day, step) for step in _steps(call)]
    tracked = _tracked(call, "trackingoptionid1", "trackingoptionid2")
    titles = ("Balance Sheet", _organisation(call), f"As at {long_day(day)}")
    return titles, statements.balance_sheet(books, days, _basis(call), tracked)


def _bank_summary(call: Call) -> tuple[Sequence[str], list[Document]]:
    books, (first, last) = Books(call.store, call.tenant), _span(call)
    titles = ("Bank Summary", _organisation(call), f"From {long_day(first)} to {long_day(last)}")
    return titles, summaries.bank_summary(books, first, last)


def _aged(sold: bool) -> Callable[[Call], tuple[Sequence[str], list[Document]]]:
    def make(call: Call) -> tuple[Sequence[str], list[Document]]:
        named = call.query.get("contactid", "").strip()
        if not is_guid(named):
            raise rejected(["A contactId must be specified, as a GUID."])
        contact = document_of(call._replace(path={"ContactID": named}), CONTACTS)
        day = _day(call, "date", month_end(_today(call)))
        first, last = day_in(call, "fromdate"), day_in(call, "todate")
        until = day if last is None else day_of(last)
        since = f"From {long_day(day_of(first))} to" if first is not None else "To"
        titles = (
            "Invoices",
            text_of(contact, "Name"),
            f"{since} {long_day(until)}",
            f"Showing payments to {long_day(day)}",
        )
        return titles, summaries.aged(
            call, named.lower(), sold=sold, first=first, last=ms_of_day(until), paid=ms_of_day(day)
        )

    return make


def _budget_summary(call: Call) -> tuple[Sequence[str], list[Document]]:
    start = _day(call, "date", _today(call)).replace(day=1)
    frame = _number(call, "timeframe", 1, 12) if call.query.get("timeframe", "").strip().isdigit() else None
    width = frame or _MONTHS.get(call.query.get("timeframe", "").strip().upper(), 1)
    periods = _number(call, "periods", 12, _MOST_BUDGET_PERIODS) or 1
    starts = [back(start, -width * at) for at in range(periods + 1)]
    titles = ("Overall Budget", "Budget Summary", _organisation(call), f"{start:%B} {start.year}")
    return titles, summaries.budget_summary(call, Books(call.store, call.tenant), starts)


def _executive_summary(call: Call) -> tuple[Sequence[str], list[Document]]:
    day = _day(call, "date", _today(call))
    titles = ("Executive Summary", _organisation(call), f"For the month of {day:%B} {day.year}")
    return titles, summaries.executive_summary(call, Books(call.store, call.tenant), day)


_REPORTS: Final = (
    Report("TrialBalance", "Trial Balance", _trial_balance),
    Report("ProfitAndLoss", "Profit and Loss", _profit_and_loss),
    Report("BalanceSheet", "Balance Sheet", _balance_sheet),
    Report("BankSummary", "Bank Summary", _bank_summary),
    Report("BudgetSummary", "Budget Summary", _budget_summary),
    Report("ExecutiveSummary", "Executive Summary", _executive_summary),
)
_BY_CONTACT: Final = (
    Report("AgedPayablesByContact", "Aged Payables By Contact", _aged(sold=False)),
    Report("AgedReceivablesByContact", "Aged Receivables By Contact", _aged(sold=True)),
)


def _id(call: Call, report: Report) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{report.type} {call.tenant}"))


def reports_listed(call: Call) -> Answer:
    """The reports that can be fetched by an id of their own."""
    heads = [_head(call, report, _id(call, report), [report.name, _organisation(call)]) for report in _REPORTS]
    return envelope("Reports", [dump_json(head) for head in heads], call.now)


def report_by_id(call: Call) -> Answer:
    """A report by the id that the list gives, or by its type."""
    wanted = call.path.get("ReportID", "").lower()
    for report in _REPORTS:
        if wanted in (_id(call, report), report.type.lower()):
            return envelope("Reports", [dump_json(_whole(call, report, _id(call, report)))], call.now)
    raise not_found()


def ten_ninety_nine(call: Call) -> Answer:
    """The contractors' payments of a year."""
    year = _number(call, "reportyear", _today(call).year - 1, 9999)
    report: Document = {
        "ReportName": "1099-NEC report",
        "ReportTitle": "1099-NEC",
        "ReportDate": f"1 Jan {year} to 31 Dec {year}",
        "UpdatedDateUTC": written_date(call.now),
        "Contacts": summaries.contractors(call, max(1, year)),
    }
    return envelope("Reports", [dump_json(report)], call.now)


HANDLERS: Final[Mapping[str, Handler]] = {
    **{f"getReport{report.type}": _served(report) for report in (*_REPORTS, *_BY_CONTACT)},
    "getReportTenNinetyNine": ten_ninety_nine,
    "getReportsList": reports_listed,
    "getReportFromId": report_by_id,
}
