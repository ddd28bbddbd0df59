"""Whatever is sent to the sandbox gets an answer of Xero's shapes. `fuzz_sandbox.py` sends more."""

from __future__ import annotations

import os

from fuzz_sandbox import fuzz, fuzzing
from sandbox_client import running

REQUESTS = int(os.environ.get("XERO_ASYNC_FUZZ", "1200"))


def test_no_request_makes_the_sandbox_fail() -> None:
    """Near-valid and odd requests to all operations: no 500, no traceback, no connection without answer."""
    with fuzzing() as fuzzer:
        fuzz(fuzzer, REQUESTS, derandomize=True)
        assert fuzzer.statuses.total() >= REQUESTS
        assert {200, 400, 404} <= set(fuzzer.statuses)


async def test_a_file_of_json_comes_down_as_it_went_up() -> None:
    """An attached file is handed out byte for byte, also where it calls itself JSON, is none, and XML is asked for."""
    async with running() as client:
        made = (await client.create("A-1")).json()["Invoices"][0]["InvoiceID"]
        path = f"/Invoices/{made}/Attachments/a.json"
        await client.call("PUT", path, b'{"a":', headers={"Content-Type": "application/json"})
        down = await client.call("GET", path, headers={"Accept": "*/*"})
        assert (down.status, down.body) == (200, b'{"a":')
