"""Webhooks, without a server: right signatures and no others, and events with all that Xero sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hooks import KEY, OTHER, TENANT, event, post
from hypothesis import given
from hypothesis import strategies as st

from xero_async.models import Model
from xero_async.webhooks import Event, EventData, Receiver, Webhook, parse, sign, verify
from xero_async.wire import decode, encode
from xero_async.wire.errors import DecodeError, InvalidArgument

# RFC 4231, test case 2
JEFE, QUESTION = "Jefe", b"what do ya want for nothing?"
ANSWER = base64.b64encode(bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")).decode()

keys = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), min_size=1, max_size=90)


async def never(_: Event) -> None:
    """A `deliver` that is never called."""
    raise AssertionError


# -- signatures -----------------------------------------------------------------------------------------------------


def test_a_signature_of_the_standard() -> None:
    """The signature is the base64 of the HMAC-SHA256 of the body: that of the standard's own example."""
    assert sign(QUESTION, JEFE) == ANSWER
    assert verify(QUESTION, ANSWER, JEFE)
    assert verify(QUESTION, ANSWER.encode(), JEFE.encode())


@given(st.binary(), keys)
def test_what_is_signed_is_verified(body: bytes, key: str) -> None:
    """Any body is verified with the signature that the standard library makes of it."""
    signature = base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()
    assert sign(body, key) == signature
    assert verify(body, signature, key)


@given(st.binary(min_size=1), st.data())
def test_one_bit_is_enough(body: bytes, data: st.DataObject) -> None:
    """A body with one bit changed has another signature."""
    place = data.draw(st.integers(0, 8 * len(body) - 1))
    changed = bytearray(body)
    changed[place // 8] ^= 1 << place % 8
    assert not verify(bytes(changed), sign(body, KEY), KEY)


@given(st.text() | st.binary() | st.none() | st.text(st.characters(categories=["Cs", "Lu"])))
def test_no_other_signature(signature: str | bytes | None) -> None:
    """Nothing else is a signature, and nothing of it raises: no text, no bytes, halves of characters neither."""
    assert not verify(QUESTION, signature, JEFE)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        " ",
        "=",
        "not base64!",
        "ünicode",
        "\ud800",
        ANSWER[:-1],
        ANSWER + "=",
        ANSWER + "\n",
        " " + ANSWER,
        ANSWER.lower(),
        base64.b64decode(ANSWER).hex(),
        base64.b64decode(ANSWER),
        42,
    ],
)
def test_odd_signatures(signature: Any) -> None:
    """What is no base64, too short, too long, of another alphabet or no text at all is a wrong signature, no error."""
    assert verify(QUESTION, signature, JEFE) is False


def test_another_key() -> None:
    """The signature of one key is not that of another."""
    assert not verify(QUESTION, sign(QUESTION, OTHER), KEY)


@pytest.mark.parametrize("signer", [KEY, OTHER])
def test_keys_that_take_turns(signer: str) -> None:
    """Of several keys any will do, in any order and any collection."""
    signature = sign(QUESTION, signer)
    assert verify(QUESTION, signature, [KEY, OTHER.encode()])
    assert verify(QUESTION, signature, (key for key in (OTHER, KEY)))
    assert not verify(QUESTION, signature, [JEFE])


@pytest.mark.parametrize("signer", [KEY, OTHER, JEFE])
def test_every_comparison_is_made(signer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signature is compared in constant time, and with every key, whichever it is that fits."""
    compared: list[tuple[bytes, bytes]] = []

    def compare(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return a == b

    signature = sign(QUESTION, signer)
    monkeypatch.setattr(hmac, "compare_digest", compare)
    verify(QUESTION, signature, [KEY, OTHER])
    assert compared == [(signature.encode(), sign(QUESTION, key).encode()) for key in (KEY, OTHER)]


@pytest.mark.parametrize("body", ["{}", {}, None, 5, [b""]])
def test_bodies_that_are_no_bytes(body: Any) -> None:
    """A body that is not the raw bytes is refused, since another spelling of the same JSON has another signature."""
    with pytest.raises(InvalidArgument, match="raw bytes"):
        verify(body, ANSWER, JEFE)
    with pytest.raises(InvalidArgument, match="raw bytes"):
        sign(body, JEFE)


@pytest.mark.parametrize("key", ["", b"", None, [], [""], [KEY, ""], " ", f"{KEY}\n", f" {KEY}".encode()])
def test_refused_keys(key: Any) -> None:
    """No key, or one with the white space of a file about it, is refused without being repeated."""
    for attempt in (lambda: verify(QUESTION, ANSWER, key), lambda: Receiver(key, never)):
        with pytest.raises(InvalidArgument, match="webhook key") as caught:
            attempt()
        assert KEY not in f"{caught.value!r} {caught.value.__context__!r}"


# -- events ---------------------------------------------------------------------------------------------------------


def test_an_event_of_the_documentation() -> None:
    """A post in Xero's documented form is read whole: the moment is in UTC, and the event has its number."""
    webhook = parse(post(76, 77, 78))
    assert webhook.entropy == "S0m3r4Nd0mt3xt"
    assert (webhook.first_event_sequence, webhook.last_event_sequence) == (76, 78)
    assert [event.sequence for event in webhook.events] == [76, 77, 78]
    assert webhook.events[0] == Event(
        resource_url="https://api.xero.com/api.xro/2.0/Contacts/717f2bfc-c6d4-41fd-b238-000000000076",
        resource_id="717f2bfc-c6d4-41fd-b238-000000000076",
        event_date_utc=datetime(2024, 6, 21, 1, 15, 39, 902000, UTC),
        event_type="UPDATE",
        event_category="CONTACT",
        tenant_id=TENANT,
        tenant_type="ORGANISATION",
        sequence=76,
    )


def test_a_credit_note() -> None:
    """Credit notes bring their type and status along."""
    (note,) = parse(post(1, eventCategory="CREDITNOTE", data={"Type": "ACCPAYCREDIT", "Status": "DRAFT"})).events
    assert note.data == EventData(type="ACCPAYCREDIT", status="DRAFT")


def test_the_intent_to_receive_has_no_events() -> None:
    """A post by which Xero only tries the signature is read as one without events."""
    assert parse(post()) == Webhook(first_event_sequence=0, last_event_sequence=0, entropy="S0m3r4Nd0mt3xt")


@pytest.mark.parametrize(
    ("raw", "microsecond"),
    [
        ("2024-06-21T01:15:39.902", 902000),
        ("2024-06-21T01:15:39.9024567Z", 902456),
        ("2024-06-21T01:15:39", 0),
        ("2024-06-21T03:15:39+02:00", 0),
        ("/Date(1718932539902+0000)/", 902000),
    ],
)
def test_moments(raw: str, microsecond: int) -> None:
    """A moment is an aware datetime in UTC, in whichever of Xero's forms it comes."""
    (read,) = parse(post(1, eventDateUtc=raw)).events
    assert read.event_date_utc == datetime(2024, 6, 21, 1, 15, 39, microsecond, UTC)
    assert read.event_date_utc is not None
    assert read.event_date_utc.tzinfo is UTC


def test_what_xero_adds_tomorrow() -> None:
    """Categories, types, kinds of tenant and fields that are not known are read all the same."""
    body = post(1, eventCategory="QUOTE", eventType="DELETE", tenantType="PRACTICE", weather={"sky": ["blue"]})
    (read,) = parse(body).events
    assert (read.event_category, read.event_type, read.tenant_type) == ("QUOTE", "DELETE", "PRACTICE")


def test_an_odd_field_costs_no_event(caplog: pytest.LogCaptureFixture) -> None:
    """A field that is not as documented is repaired or None, and the log does not repeat it."""
    (read,) = parse(post(1, eventDateUtc="s0mewhen", resourceId=57, tenantType=None)).events
    assert (read.event_date_utc, read.resource_id, read.tenant_type) == (None, "57", None)
    assert "$.events[0]" in caplog.text
    assert "s0mewhen" not in caplog.text


@pytest.mark.parametrize(
    "count",
    [{}, {"firstEventSequence": 1}, {"lastEventSequence": 9}, {"firstEventSequence": 1, "lastEventSequence": 3}],
)
def test_odd_counts(count: dict[str, int]) -> None:
    """Where the post's count does not fit its events, they have no number rather than a wrong one."""
    body = json.dumps({"events": [event(1), event(2)], **count}).encode()
    assert [read.sequence for read in parse(body).events] == [None, None]


@pytest.mark.parametrize(("body", "path"), [(b"", "$"), (b"{", "$"), (b"[]", "$"), (b"null", "$"), (b"\xff{}", "$")])
def test_posts_that_are_none(body: bytes, path: str) -> None:
    """What is no post at all is a DecodeError that tells the place."""
    with pytest.raises(DecodeError) as caught:
        parse(body)
    assert caught.value.path == path


@pytest.mark.parametrize("events", [None, 5, "", {}, [None], [[]]])
def test_events_that_are_none(events: object) -> None:
    """Where events should be and are not, there are none."""
    assert parse(json.dumps({"events": events}).encode()).events == []


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
fields = sorted({*event(0), "data", "sequence"})
posts = st.fixed_dictionaries(
    {},
    optional={
        "events": st.lists(st.dictionaries(st.sampled_from(fields), values, max_size=4) | values, max_size=3) | values,
        "firstEventSequence": values,
        "lastEventSequence": values,
        "entropy": values,
    },
)


@given(posts.map(lambda document: json.dumps(document).encode()) | st.binary())
def test_any_post(body: bytes) -> None:
    """Whatever is posted is read as events, or is a DecodeError: nothing else is raised, and types are right."""
    try:
        webhook = parse(body)
    except DecodeError:
        return
    assert all(type(read) is Event for read in webhook.events)
    assert {type(read.event_date_utc) for read in webhook.events} <= {datetime, type(None)}
    assert {type(read.resource_id) for read in webhook.events} <= {str, type(None)}


def test_posts_can_be_made() -> None:
    """For a trial of one's own, a Webhook is written as Xero writes it and read as what it was."""
    webhook = parse(post(7, 8, data={"Type": "ACCRECCREDIT"}))
    assert json.loads(encode(webhook))["events"][1]["resourceId"] == event(8)["resourceId"]
    assert decode(Webhook, encode(webhook)) == webhook


def test_events_are_models() -> None:
    """Events have the options and the moments that all records have."""
    assert all(issubclass(kind, Model) for kind in (Webhook, Event, EventData))


def test_nothing_is_loaded_in_vain() -> None:
    """The package loads no webhooks, and webhooks load no server."""
    script = (
        "import sys, xero_async; assert 'xero_async.webhooks' not in sys.modules; import xero_async.webhooks; "
        "print('aiohttp.web' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"
