"""The books of one organisation as reports read them: its accounts, and what their entries come to.

Sums are whole cents, debits above zero. An entry on a code that no account has (the engine takes any code on
an invoice's line) counts in the suspense account, so that nothing is ever left out of a report.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from .chart import ACCOUNT_TYPES, CHART
from .entries import ACCRUAL, SUSPENSE
from .postings import Span
from .query import Condition
from .resources_settings import ACCOUNTS, ORGANISATIONS
from .store import Selection, Store
from .values import DAY, Document, as_document, load_json, ms_of_day, text_of

EVER: Final = -(2**62)  # before any day that a document can have
_PROFIT: Final = ("REVENUE", "EXPENSE")
_YEAR_END: Final = (31, 3)  # https://developer.xero.com/documentation/api/accounting/organisation: of New Zealand


class Account(NamedTuple):
    """An account as far as reports need it."""

    id: str
    code: str
    name: str
    type: str
    klass: str
    section: str
    system: str

    @property
    def label(self) -> str:
        """Its name with its code, as the trial balance has it."""
        return f"{self.name} ({self.code})" if self.code else self.name

    @property
    def counts_profit(self) -> bool:
        """Whether it stands in the profit and loss, not in the balance sheet."""
        return self.klass in _PROFIT


class Books:
    """The books of one organisation."""

    def __init__(self, store: Store, tenant: int) -> None:
        self._store = store
        self._tenant = tenant
        self.accounts = [_account(document) for document in _all(store, tenant)]
        self._known = {key: account for account in self.accounts for key in (account.id, account.code) if key}
        self._known |= {f"@{account.system}": account for account in self.accounts if account.system}
        former = store.postings.former_codes(tenant)
        self._known = {code: self._known[own] for code, own in former.items() if own in self._known} | self._known
        self._fallback = self._known.get(SUSPENSE) or _standard(SUSPENSE)
        self.retained = self.system("RETAINEDEARNINGS")
        organisation = next(iter(store.find(ORGANISATIONS, tenant, "1")), "")
        self.organisation = store.get(ORGANISATIONS, tenant, organisation) or {}

    def account(self, key: str) -> Account:
        """The account of a code, an id or a system name; the suspense account for one that is not known."""
        return self._known.get(key) or (self.system(key[1:]) if key.startswith("@") else self._fallback)

    def system(self, name: str) -> Account:
        """The account in which Xero books one of its own purposes."""
        found = next((account for account in self.accounts if account.system == name), None)
        return found or _standard(next(account.code for account in CHART if account.system == name))

    def sums(
        self, spans: Sequence[Span], *, basis: int = ACCRUAL, tracked: Sequence[str] = ()
    ) -> dict[Account, list[int]]:
        """What the entries of each account come to within each span."""
        found: dict[Account, list[int]] = {}
        for key, amounts in self._store.postings.sums(self._tenant, spans, basis=basis, tracked=tracked).items():
            account = self.account(key)
            earlier = found.get(account)
            found[account] = [a + b for a, b in zip(earlier, amounts, strict=True)] if earlier else amounts
        return dict(sorted(found.items(), key=lambda pair: (pair[0].code or "~", pair[0].name)))

    def balances(self, days: Sequence[int], *, basis: int = ACCRUAL, tracked: Sequence[str] = ()) -> Balances:
        """The balances at the end of each day, with the profits of earlier years in the retained earnings."""
        starts = [ms_of_day(self.year_start(day_of(day))) for day in days]
        whole = [Span(EVER, day) for day in days]
        years = [Span(start, day) for start, day in zip(starts, days, strict=True)]
        found = self.sums([*whole, *years], basis=basis, tracked=tracked)
        sheet = {account: sums[: len(days)] for account, sums in found.items() if not account.counts_profit}
        profit = {account: sums[len(days) :] for account, sums in found.items() if account.counts_profit}
        ever = _add(sums[: len(days)] for account, sums in found.items() if account.counts_profit)
        year = _add(profit.values())
        earlier = [a - b for a, b in zip(ever or [0] * len(days), year or [0] * len(days), strict=True)]
        if any(earlier):
            sheet[self.retained] = _add([sheet.get(self.retained, [0] * len(days)), earlier])
        return Balances(sheet, profit, year or [0] * len(days))

    def moves(self, span: Span) -> dict[Account, tuple[int, int]]:
        """The debits and the credits of each account within a span."""
        found: dict[Account, tuple[int, int]] = {}
        for key, (debit, credit) in self._store.postings.moves(self._tenant, span, basis=ACCRUAL).items():
            earlier = found.get(self.account(key), (0, 0))
            found[self.account(key)] = (earlier[0] + debit, earlier[1] + credit)
        return found

    def year_start(self, day: date) -> date:
        """The first day of the financial year that a day lies in."""
        end_day, end_month = (self.organisation.get(f"FinancialYearEnd{name}") for name in ("Day", "Month"))
        if not isinstance(end_day, int) or not isinstance(end_month, int):
            end_day, end_month = _YEAR_END
        for year in (day.year, max(1, day.year - 1)):
            last = calendar.monthrange(year, end_month)[1]
            end = date(year, end_month, min(end_day, last))
            if end < day:
                return end + timedelta(days=1)
        return date(1, 1, 1)


class Balances(NamedTuple):
    """Balances at several days: of the balance sheet, of the year's profit and loss, and what the latter comes to."""

    sheet: dict[Account, list[int]]
    profit: dict[Account, list[int]]
    earnings: list[int]


def _all(store: Store, tenant: int) -> Iterable[Document]:
    for body in store.read(ACCOUNTS, tenant, Selection(Condition("1")), "full"):
        yield as_document(load_json(body)) or {}


def _account(document: Document) -> Account:
    kind = ACCOUNT_TYPES.get(text_of(document, "Type")) or ACCOUNT_TYPES["CURRLIAB"]
    return Account(
        text_of(document, "AccountID"),
        text_of(document, "Code"),
        text_of(document, "Name"),
        kind.name,
        kind.klass,
        kind.section,
        text_of(document, "SystemAccount"),
    )


def _standard(code: str) -> Account:
    """An account of the standard chart, for an organisation that has lost it."""
    account = next(account for account in CHART if account.code == code)
    return Account("", code, account.name, account.type, account.klass, account.section, account.system)


def _add(rows: Iterable[list[int]]) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)]


# ---------------------------------------------------------------------------------------------------- dates


def day_of(ms: int) -> date:
    """The calendar day of milliseconds."""
    return date(1970, 1, 1) + timedelta(days=ms // DAY)


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def back(day: date, months: int) -> date:
    """The day so many months before; the end of a month stays the end of a month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    first = date(max(1, min(year, 9999)), month + 1, 1)
    last = month_end(first)
    return last if day == month_end(day) or day.day > last.day else first.replace(day=day.day)


def money(cents: int) -> str:
    """Cents as a report writes them."""
    return str(Decimal(cents).scaleb(-2))
