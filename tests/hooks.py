"""What Xero posts to a webhook, for tests to post it themselves."""

from __future__ import annotations

import json

__all__ = ["KEY", "OTHER", "TENANT", "event", "post"]

KEY = "pl4nted+webhook/key=="
OTHER = "an0ther+webhook/key=="

TENANT = "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f"


def event(number: int, **changes: object) -> dict[str, object]:
    """An event, as Xero sends it."""
    contact = f"717f2bfc-c6d4-41fd-b238-{number:012}"
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Contacts/{contact}",
        "resourceId": contact,
        "eventDateUtc": "2024-06-21T01:15:39.902",
        "eventType": "UPDATE",
        "eventCategory": "CONTACT",
        "tenantId": TENANT,
        "tenantType": "ORGANISATION",
    } | changes


def post(*numbers: int, first: int | None = None, entropy: str = "S0m3r4Nd0mt3xt", **changes: object) -> bytes:
    """The body of a post with an event for each number, the first of which is the first number of the post."""
    start = first if first is not None else min(numbers, default=0)
    document = {
        "events": [event(number, **changes) for number in numbers],
        "lastEventSequence": start + max(len(numbers) - 1, 0),
        "firstEventSequence": start,
        "entropy": entropy,
    }
    return json.dumps(document).encode()
