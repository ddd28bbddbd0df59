"""Idempotency keys."""

from __future__ import annotations

import re

import pytest

from xero_async.pacing import KEY_LENGTH, KEY_LIFE, KEY_USE, check_key, new_key
from xero_async.wire.errors import InvalidArgument

TENANT = "45e4708e-d862-4111-ab3a-dd8cd03913e1"


def test_a_key_names_its_tenant_and_is_never_the_same() -> None:
    """A key is the tenant and a random UUID, and a thousand of them differ."""
    keys = {new_key(TENANT) for _ in range(1_000)}
    assert len(keys) == 1_000
    shape = re.compile(TENANT + r":[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    assert all(shape.fullmatch(key) for key in keys)


def test_a_key_of_a_long_tenant_still_fits() -> None:
    """Whatever the tenant's length, Xero takes the key, and its random part is whole."""
    key = new_key("t" * 500)
    assert len(key) == KEY_LENGTH == 128
    assert re.search(r"t:[0-9a-f-]{36}$", key)


@pytest.mark.parametrize("key", ["x", "order 17 / retry", "k" * KEY_LENGTH, "~!@"])
def test_the_callers_own_key_is_taken(key: str) -> None:
    """A key that a header can carry is returned as it is."""
    assert check_key(key) == key


@pytest.mark.parametrize(
    "key",
    ["", "k" * (KEY_LENGTH + 1), "a\nb", "a\r\nX-Evil: 1", "a\x00", "\x7f", "clé", " padded", "padded ", "tab\t"],
)
def test_a_key_that_cannot_be_sent_is_refused(key: str) -> None:
    """A key that is empty, too long, or not plain printable ASCII is refused, and not repeated in the message."""
    with pytest.raises(InvalidArgument) as caught:
        check_key(key)
    assert not key or key not in str(caught.value)


def test_a_key_is_used_well_within_its_life() -> None:
    """The last time a key is sent leaves time for a slow answer before Xero forgets it."""
    assert KEY_USE + 100 < KEY_LIFE == 6 * 60
