"""Which result of an answer belongs to which record of the question.

Xero does not promise the order of its answers, so they are matched by the natural key that Xero echoes, where it is
unique in the chunk, and what is left by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...models import Model

__all__ = ["NATURAL_KEYS", "match"]

NATURAL_KEYS = (
    "invoice_number",
    "credit_note_number",
    "purchase_order_number",
    "quote_number",
    "contact_number",
    "code",
    "name",
    "reference",
    "narration",
)
"""What names a record to its owner, the surest first."""


def match(records: Sequence[Model], results: Sequence[Model]) -> list[int | None]:
    """For each record the place of its result; None where it cannot be told, which is not so if each has one.

    By natural key where it is unique on both sides, then by position among those that are left.
    """
    places: list[int | None] = [None] * len(records)
    free = set(range(len(results)))
    for name in NATURAL_KEYS:
        asked = _unique(name, records, (index for index, place in enumerate(places) if place is None))
        answered = _unique(name, results, free)
        for key in asked.keys() & answered.keys():
            places[asked[key]] = answered[key]
            free.discard(answered[key])
    left = [index for index, place in enumerate(places) if place is None]
    if len(left) == len(free):
        for index, place in zip(left, sorted(free), strict=True):
            places[index] = place
    return places


def _unique(name: str, records: Sequence[Model], among: Iterable[int]) -> dict[object, int]:
    """The places of records by a field of theirs, where no two have the same in it."""
    found: dict[object, list[int]] = {}
    for index in among:
        if key := getattr(records[index], name, None):
            found.setdefault(key, []).append(index)
    return {key: indexes[0] for key, indexes in found.items() if len(indexes) == 1}
