"""The accounts that lines of documents stand on: found by code or id, checked, and what a line takes from them."""

from __future__ import annotations

from typing import Final

from .resources_settings import ACCOUNTS
from .rules import Rejected
from .values import Document, money_of, text_of
from .work import Work, first

CONTROLS: Final = ("BANK", "DEBTORS", "CREDITORS")
"""The types and the system names of accounts that only Xero books on when documents have lines."""

_NAMES: Final = ("AccountCode", "AccountID")


def account_named(work: Work, named: Document) -> Document | None:
    """The account that an id, or else a code, names."""
    account_id = text_of(named, "AccountID")
    code = text_of(named, "AccountCode") or text_of(named, "Code")
    if not account_id and code:
        account_id = first(work, ACCOUNTS, '"Code" = ?', code) or ""
    return work.store.get(ACCOUNTS, work.tenant, account_id) if account_id else None


class Ledger:
    """The accounts that the lines of one document name, each looked up once."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[tuple[str, str], Document | None] = {}

    def account(self, line: Document) -> Document | None:
        """The account of a line."""
        named = (text_of(line, "AccountID"), text_of(line, "AccountCode"))
        if named not in self._known:
            self._known[named] = account_named(self._work, line) if any(named) else None
        return self._known[named]

    def settled(self, line: Document, kept: Document, *, taxed: bool) -> Document:
        """A sent line with one account under both its names, and a tax type; `kept` is the line that it changes.

        Where a client sends the code and the id of two accounts, the one that is not as it was counts, and
        else the id. A new line without a tax type has its account's.
        """
        changed = [name for name in _NAMES if text_of(line, name) and line.get(name) != kept.get(name)]
        if not changed:
            return line
        if kept and len(changed) == 1:
            line = {name: value for name, value in line.items() if name not in _NAMES or name == changed[0]}
        account = self.account(line)
        if account is None:
            return line | {name: "" for name in _NAMES if kept and name not in changed}
        line = line | {"AccountCode": text_of(account, "Code"), "AccountID": account["AccountID"]}
        if taxed and not kept and not text_of(line, "TaxType"):
            line["TaxType"] = text_of(account, "TaxType") or "NONE"
        return line


def check_line_accounts(
    work: Work, lines: list[Document], *, closed: tuple[str, ...] = CONTROLS, needed: bool = True
) -> None:
    """Refuses lines on accounts that the organisation has not, or has archived, or keeps for itself.

    `closed` are types and system names of accounts; where an account is `needed`, so are lines without one.
    """
    ledger, problems = Ledger(work), list[str]()
    for line in lines:
        named = text_of(line, "AccountCode") or text_of(line, "AccountID")
        if not named:
            problems += _MISSING if needed and money_of(line, "LineAmount") else ()
            continue
        account = ledger.account(line)
        if account is None or {account.get("Type"), account.get("SystemAccount")} & set(closed):
            problems.append(f"Account code '{named[:50]}' is not a valid code for this document.")
        elif text_of(account, "Status") == "ARCHIVED":
            problems.append(
                f"Account code '{named[:50]}' has been archived, or has been deleted."
                " Each line item must reference a valid account."
            )
    if problems:
        raise Rejected(*dict.fromkeys(problems))


_MISSING: Final = ("Account code or ID must be specified", "The TaxType field is mandatory")


def changed_lines(lines: list[Document], before: list[Document]) -> list[Document]:
    """The lines that are new, or stand on another account than before."""
    known = {text_of(line, "LineItemID"): line for line in before}
    return [
        line
        for line in lines
        if any(line.get(name) != known.get(text_of(line, "LineItemID"), {}).get(name) for name in _NAMES)
    ]
