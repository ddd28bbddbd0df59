"""JSON Lines, stopped dead at every step on the disk: the file and its checkpoint always tell the same."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import msgspec
import pytest

from xero_async import InvalidArgument, Invoice
from xero_async.bulk import JsonLines
from xero_async.bulk.export.sinks.base import Place

PLACE = Place(tenant_id="t", label="Books", resource="invoices", record=Invoice, id_name="InvoiceID")


class Dead(BaseException):
    """The process is gone: nothing after it happens."""


class Power:
    """Counts what reaches the disk, and goes at a certain step, before or after it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = 10**9
        self._cut(monkeypatch, os, "fsync", id)  # does nothing: this disk is not what is tested
        for name in ("replace", "unlink"):
            self._cut(monkeypatch, Path, name, getattr(Path, name))

    # Any: whatever these functions take and give.
    def _cut(self, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, real: Any) -> None:
        def step(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left <= 0:
                raise Dead
            done = real(*arguments, **named)
            self.left -= 1
            if self.left <= 0:
                raise Dead
            return done

        monkeypatch.setattr(owner, name, step)


def pages(seed: int) -> list[list[Invoice]]:
    """Some pages, in which ids come again with another reference."""
    random = Random(seed)
    ids = sorted(str(UUID(int=random.getrandbits(128))) for _ in range(60))
    found = [ids[start : start + 10] for start in range(0, 30, 10)]
    found += [random.sample(ids, 8) for _ in range(2)] if seed % 2 else []
    return [[Invoice(invoice_id=id, reference=f"{number}") for id in page] for number, page in enumerate(found)]


def run(folder: Path, draws: list[list[list[Invoice]]]) -> dict[str, str]:
    """One process: go on where the checkpoint says, to the end of all draws. A draw after the first adds changes."""
    sink = JsonLines(folder)
    while True:
        table = sink.table(PLACE)
        found = table.open(full=False)
        draw, page = msgspec.json.decode(found, type=tuple[int, int]) if found else (0, 0)
        if page == -1:
            draw, page = draw + 1, 0
        if draw == len(draws):
            table.close()
            break
        for number, records in enumerate(draws[draw][page:], page + 1):
            table.write(records, msgspec.json.encode((draw, number)))
        table.finish(msgspec.json.encode((draw, -1)))
        table.close()
    return references(folder)


def tear(folder: Path) -> None:
    """Half a line behind what was drawn, as a write leaves it that was cut off; there is none once all is drawn."""
    part, state = folder / ".invoices.jsonl.part", folder / ".invoices.jsonl.state"
    if part.exists() and not (state.exists() and b'"is_whole":true' in state.read_bytes()):
        part.write_bytes(part.read_bytes() + b'{"InvoiceID":"torn')


def references(folder: Path) -> dict[str, str]:
    """What the file holds, where no id comes twice."""
    lines = (folder / "Books" / "invoices.jsonl").read_bytes().splitlines()
    found = [msgspec.json.decode(line, type=dict[str, str]) for line in lines]
    assert len({line["InvoiceID"] for line in found}) == len(found)
    return {line["InvoiceID"]: line["Reference"] for line in found}


# Files that a dead process leaves open are collected here, and not by the end of the process.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", [0, 1])
def test_stopped_dead_at_any_step_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """At each step of two draws, the second of which adds changes: nothing is lost or doubled, the last state stays."""
    draws = [pages(seed), pages(seed + 1)]
    expected = {str(each.invoice_id): str(each.reference) for draw in draws for page in draw for each in page}
    power, at = Power(monkeypatch), 0
    while True:
        at += 1
        folder = tmp_path / str(at)
        power.left = at
        try:
            run(folder, draws)
            survived = True
        except Dead:
            survived = False
        power.left = 10**9
        tear(folder / "Books")
        assert run(folder, draws) == expected, at
        names = {path.name for path in (folder / "Books").iterdir()}
        assert names <= {"invoices.jsonl", ".invoices.jsonl.state", ".invoices.jsonl.state.new"}
        if survived:
            break
    assert at > 40


def test_a_state_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    """Where the state is rubbish, or tells of a part that is not there, everything is drawn again."""
    run(tmp_path, [pages(0)])
    state = tmp_path / "Books" / ".invoices.jsonl.state"
    for rubbish in (b"", b"\xff", b'{"length": "x"}', b'{"length": 5, "drawn": "x"}'):
        state.write_bytes(rubbish)
        table = JsonLines(tmp_path).table(PLACE)
        assert table.open(full=False) is None
        table.close()


def test_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    """A compression that there is not is said at once."""
    with pytest.raises(InvalidArgument, match="gzip"):
        JsonLines(tmp_path, "rar")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - what is tested
