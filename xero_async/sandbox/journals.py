"""The handlers of Journals: the books as the API shows them, oldest first, in runs of a hundred."""

from __future__ import annotations

import re
import uuid
from decimal import Decimal
from functools import cache
from typing import Final

from .answers import Answer, envelope, not_found, query_refused
from .books import Books
from .entries import ACCRUAL, CASH, Entry
from .postings import Journal
from .values import Document, as_list, dump_json, is_guid, load_json, read_moment, written_date
from .whole import Call

# https://developer.xero.com/documentation/api/accounting/journals
_RUN: Final = 100
_NUMBER: Final = re.compile(r"\d{1,15}", re.ASCII)
_LARGEST: Final = 0xFFFF_FFFF


def journals_listed(call: Call) -> Answer:
    """The hundred journals after the one that `offset` numbers."""
    offset = call.query.get("offset", "").strip() or "0"
    if not _NUMBER.fullmatch(offset):
        raise query_refused(f"The value '{offset[:50]}' is not valid for offset.")
    since = call.headers.get("if-modified-since", "").strip()
    try:
        moment = read_moment(since) if since else 0
    except ValueError:
        raise query_refused(f"The If-Modified-Since header '{since[:50]}' is not a date.") from None
    basis = CASH if call.flag("paymentsonly") else ACCRUAL
    found = call.store.postings.after(call.tenant, int(offset), _RUN, basis=basis, since=moment)
    books = Books(call.store, call.tenant)
    return envelope("Journals", [_shown(call, books, journal, basis) for journal in found], call.now)


def journal_fetched(call: Call) -> Answer:
    """One journal, by its id or its number."""
    named = call.path.get("JournalID") or call.path.get("JournalNumber", "")
    number = int(named) if _NUMBER.fullmatch(named) else _number_in(call.tenant, named.lower())
    found = call.store.postings.after(call.tenant, number - 1, 1, basis=ACCRUAL | CASH, since=0)
    if not found or found[0].number != number:
        raise not_found()
    basis = ACCRUAL if found[0].basis & ACCRUAL else CASH
    return envelope("Journals", [_shown(call, Books(call.store, call.tenant), found[0], basis)], call.now)


@cache
def _prefix(tenant: int, kind: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {tenant}"))[:24]


def _id(tenant: int, kind: str, number: int, line: int = 0) -> str:
    """The GUID of a journal or of its line: the same each time, with the number readable in it."""
    return f"{_prefix(tenant, kind)}{number & _LARGEST:08x}{line & 0xFFFF:04x}"


def _number_in(tenant: int, journal_id: str) -> int:
    if not is_guid(journal_id) or not journal_id.startswith(_prefix(tenant, "journal")):
        raise not_found()
    return int(journal_id[24:32], 16)


def _shown(call: Call, books: Books, journal: Journal, basis: int) -> bytes:
    entries = call.store.postings.entries(call.tenant, journal.number)
    lines = [
        _line(books, entry, _id(call.tenant, "line", journal.number, at))
        for at, entry in enumerate(entries)
        if entry.basis & basis
    ]
    return dump_json(
        {
            "JournalID": _id(call.tenant, "journal", journal.number),
            "JournalDate": written_date(journal.day),
            "JournalNumber": journal.number,
            "CreatedDateUTC": written_date(journal.created),
            "Reference": journal.reference,
            "SourceID": journal.source,
            "SourceType": journal.kind,
            "JournalLines": lines,
        }
    )


def _line(books: Books, entry: Entry, line_id: str) -> Document:
    account = books.account(entry.account)
    net, tax = (Decimal(cents).scaleb(-2) for cents in (entry.amount, entry.tax))
    return {
        "JournalLineID": line_id,
        "AccountID": account.id,
        "AccountCode": account.code,
        "AccountType": account.type,
        "AccountName": account.name,
        "Description": entry.description,
        "NetAmount": net,
        "GrossAmount": net + tax,
        "TaxAmount": tax,
        **({"TaxType": entry.tax_type} if entry.tax_type else {}),
        "TrackingCategories": as_list(load_json(entry.tracking.encode())) if entry.tracking else [],
    }
