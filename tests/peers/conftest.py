"""What the peers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .process import Process, running


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Process]:
    """A sandbox with something of everything in each of two organisations, and no limits."""
    with running(
        "--contacts", "30", "--invoices", "120", "--tenants", "2", "--limits", "off", "--seed", "7"
    ) as process:
        yield process
