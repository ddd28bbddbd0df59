"""The demo's proof finds whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from xero_async import Invoice, Limits
from xero_async.bulk import Created, Exported, Failed, Outcome, Summary
from xero_async.cli.proof import Proof, invoice_number, is_bill, least_seconds
from xero_async.sandbox import Counters

COUNT = 4
THREE = ["DEMO-000001", "DEMO-000002", "DEMO-000003"]


def proof(
    folder: Path,
    *,
    numbers: list[str] | None = None,
    ids: list[str] | None = None,
    failed: bool = False,
    documents: int = COUNT,
    counters: Counters | None = None,
) -> Proof:
    """The proof of a run that created four invoices and exported them, but for what is changed."""
    given = [invoice_number(index) for index in range(COUNT)] if numbers is None else numbers
    path = folder / "invoices.jsonl"
    known = ids or [f"id-{index}" for index in range(len(given))]
    path.write_bytes(
        b"".join(
            msgspec.json.encode({"InvoiceNumber": number, "InvoiceID": id}) + b"\n"
            for number, id in zip(given, known, strict=True)
        )
    )
    outcomes: list[Outcome[Invoice]] = [Created(Invoice()) for _ in range(COUNT)]
    if failed:
        outcomes[1] = Failed(("No.",))
    (folder / "contacts.jsonl").write_bytes(b"{}\n")
    files = tuple(
        Exported(tenant="t", resource=name, path=folder / f"{name}.jsonl", records=records, pages=1)
        for name, records in (("contacts", 1), ("invoices", len(given)))
    )
    return Proof(
        outcomes=outcomes,
        exported=Summary(files=files, seconds=1.0),
        counters=counters or Counters(calls=9, injected={"drop_after": 1, "slow": 1}),
        documents={"Contacts": 1, "Invoices": documents},
        expected_invoices=COUNT,
        planned=8,
        seconds=2.0,
        latency=0.5,
        folder=folder,
    )


def test_a_run_in_which_nothing_went_wrong_has_no_mismatch(tmp_path: Path) -> None:
    """When counters, files and outcomes agree, nothing is found."""
    assert list(proof(tmp_path).mismatches()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"numbers": [*THREE, "X"]},
            "of 4 new invoices, 1 missing, such as DEMO-000004",
        ),
        ({"numbers": [*THREE, "DEMO-000004", "DEMO-000004"], "documents": 5}, "1 doubled, such as DEMO-000004"),
        ({"ids": ["a", "b", "c", "c"]}, "3 different invoices were exported, and 4 should be there"),
        ({"documents": 5}, "of 5 invoices, 4 are in the file and 4 were drawn"),
        ({"failed": True}, "of 4 new invoices, 1 not created"),
        ({"counters": Counters(rejections={"minute": 2})}, "2 calls were rejected for a limit"),
        ({"counters": Counters(documents={"t": {"duplicates": 3}})}, "the sandbox counts 3 duplicates"),
    ],
)
def test_each_kind_of_loss_is_told(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    """A missing, doubled or refused invoice, a row too few and a rejected call are each told in words."""
    found = list(proof(tmp_path, **changes).mismatches())  # type: ignore[arg-type]  # each row holds what it names
    assert any(words in sentence for sentence in found), found


def test_the_table_shows_what_counts(tmp_path: Path) -> None:
    """Calls, retries, rejections, duplicates and the time against the least possible are in the table."""
    console = Console(width=80, record=True, quiet=False, file=(tmp_path / "out").open("w"))
    with console.file:
        console.print(proof(tmp_path).table())
    text = console.export_text()
    for words in ("9 (8 if nothing had failed)", "2: 1 × answer lost, 1 × late answer", "2.0 s, 2.5 times", "0.8 s: 8"):
        assert words in text


def test_every_other_batch_is_one_of_bills() -> None:
    """Bills come in whole batches, so that an answer that is lost leaves nothing but bills to be doubled."""
    assert [is_bill(index) for index in (0, 49, 50, 99, 100, 149, 150)] == [
        False,
        False,
        True,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("calls", "seconds"), [(1, 0.06), (37, 2.22), (60, 3.6), (61, 60.0), (120, 60.0), (121, 120.0), (3000, 2940.0)]
)
def test_the_least_possible_is_what_the_limits_allow(calls: int, seconds: float) -> None:
    """Five calls fly at a time, sixty go at once, and each next sixty a minute later."""
    assert least_seconds(calls, 0.3, Limits()) == pytest.approx(seconds)
