"""The page of the rules of preflight: what it lists is what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from xero_async.preflight import SHEETS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "preflight.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_rows_say() -> None:
    """Writing the page anew changes nothing; if it would, run `python -m docs.preflight`."""
    command = [sys.executable, "-X", "utf8", "-m", "docs.preflight", "--print"]
    written = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout
    assert written == PAGE


def test_every_sheet_and_every_number_is_listed() -> None:
    """Each kind of record has its section, and the fifteen numbered rules stand on the page."""
    assert set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) >= {model.__name__ for model in SHEETS}
    for number in (*(f"invoice {at}" for at in range(1, 11)), *(f"contact {at}" for at in range(1, 6))):
        assert f"| `{number}` |" in PAGE, number
