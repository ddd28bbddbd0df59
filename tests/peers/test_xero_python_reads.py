"""xero-python reads: every list, record, report, PDF, history and file of the Accounting API that it knows.

The SDK checks what it reads: each value that its description calls required or limits to a list. So a call that
returns shows more than a status.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .official import Official, connect, methods, required
from .process import Process

pytest.importorskip("xero_python", reason="xero-python is not installed: `nox -s peers` runs these")

FILE = b"%PDF-1.4 of an invented receipt"
NAME = "receipt 1.pdf"

MAY_BE_EMPTY = ("_attachments", "_history", "_payment_services", "_cis_settings")

SPECIAL: dict[str, tuple[str, str]] = {
    "contact_number": ("contacts", "contact_number"),
    "journal_number": ("journals", "journal_number"),
    "purchase_order_number": ("purchase_orders", "purchase_order_number"),
    "tax_type": ("tax_rates", "tax_type"),
    "report_id": ("reports", "report_id"),
    "tracking_category_id": ("tracking_categories", "tracking_category_id"),
}
LISTS = {"reports": "get_reports_list", "organisations": "get_organisations"}


@pytest.fixture(scope="module")
def official(sandbox: Process) -> Official:
    """The SDK, signed in with a custom connection's credentials."""
    return connect(sandbox)


class Books:
    """The records of an organisation, as the SDK lists them."""

    def __init__(self, official: Official) -> None:
        self._official = official
        self._known: dict[str, list[Any]] = {}

    def all(self, plural: str) -> list[Any]:
        """All records of a resource."""
        if plural not in self._known:
            listed = self._official.call(LISTS.get(plural, f"get_{plural}"))
            self._known[plural] = getattr(listed, plural)
        return self._known[plural]

    def id_of(self, argument: str) -> str:
        """An id for an argument that wants one."""
        plural, attribute = SPECIAL.get(argument) or (f"{argument.removesuffix('_id')}s", argument)
        records = self.all(plural)
        if plural == "invoices":
            records = [each for each in records if (each.type, each.status) == ("ACCREC", "AUTHORISED")]
        return str(next(value for each in records if (value := getattr(each, attribute))))


@pytest.fixture(scope="module")
def books(official: Official) -> Books:
    """The records of the first organisation; one of its contacts has a number."""
    contact = official.call("get_contacts").contacts[0]
    numbered = official.models.Contact(contact_number="C-1")
    official.call("update_contact", contact.contact_id, official.models.Contacts(contacts=[numbered]))
    return Books(official)


def lists() -> list[str]:
    """Methods that want nothing to be said."""
    return [name for name in methods("get_") if not required(name)]


def of_one() -> list[str]:
    """Methods that want one id."""
    return [name for name in methods("get_") if len(required(name)) == 1]


def with_files() -> list[str]:
    """What files are attached to, such as `bank_transfer`."""
    ending = "_attachment_by_file_name"
    return [name[len("create_") : -len(ending)] for name in methods("create_") if name.endswith(ending)]


def with_notes() -> list[str]:
    """Methods that add a note."""
    return [name for name in methods("create_") if "_history" in name]


def records_in(found: Any) -> list[Any]:
    """What an answer holds a list of."""
    values: list[Any] = list(found.to_dict().values())
    lists_in: list[list[Any]] = [value for value in values if isinstance(value, list)]
    return lists_in[0]


@pytest.mark.parametrize("method", lists())
def test_a_list(official: Official, method: str) -> None:
    """The SDK reads the whole list, and finds something in it."""
    found = official.call(method)
    assert records_in(found)


@pytest.mark.parametrize("method", of_one())
def test_one_record(official: Official, books: Books, method: str) -> None:
    """The SDK reads one record, what hangs on it, or a document as a file."""
    (argument,) = required(method)
    found = official.call(method, books.id_of(argument))
    if method.endswith("_as_pdf"):
        assert Path(found).read_bytes().startswith(b"%PDF")
    elif not method.endswith(MAY_BE_EMPTY):
        assert records_in(found)


@pytest.mark.parametrize("noun", with_files())
def test_files(official: Official, books: Books, noun: str, tmp_path: Path) -> None:
    """A file is attached, listed, fetched by its id and by its name, and overwritten."""
    argument = f"{noun}_id"
    owner = books.id_of(argument)
    (created,) = official.call(f"create_{noun}_attachment_by_file_name", owner, NAME, FILE).attachments
    assert (created.file_name, created.content_length) == (NAME, len(FILE))
    listed = official.call(f"get_{noun}_attachments", owner).attachments
    assert [each.attachment_id for each in listed if each.file_name == NAME] == [created.attachment_id]
    by_id = official.call(f"get_{noun}_attachment_by_id", owner, created.attachment_id, "application/pdf")
    assert Path(by_id).read_bytes() == FILE
    by_name = official.call(f"get_{noun}_attachment_by_file_name", owner, NAME, "application/pdf")
    assert Path(by_name).read_bytes() == FILE
    official.call(f"update_{noun}_attachment_by_file_name", owner, NAME, FILE * 2)
    again = official.call(f"get_{noun}_attachment_by_file_name", owner, NAME, "application/pdf")
    assert Path(again).read_bytes() == FILE * 2


@pytest.mark.parametrize("method", with_notes())
def test_notes(official: Official, books: Books, method: str) -> None:
    """A note is added to a record's history, and found there."""
    argument = required(method)[0]
    owner, note = books.id_of(argument), f"Noted by {method}"
    history = official.models.HistoryRecords(history_records=[official.models.HistoryRecord(details=note)])
    added = official.call(method, owner, history)
    assert [each.details for each in added.history_records] == [note]
    noun = argument.removesuffix("_id")
    reader = next(name for name in (f"get_{noun}_history", f"get_{noun}s_history") if name in methods("get_"))
    assert note in [each.details for each in official.call(reader, owner).history_records]
