"""Whatever is sent to the identity server, its answer is one of OAuth's, a page, or nothing: never an exception."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from xero_async.sandbox import App
from xero_async.sandbox.answers import Answer
from xero_async.sandbox.identity import Identity

SHOP = App(client_id="shop", client_secret="secret", redirect_uris=("https://shop.example/",), automatic=True)
ERRORS = {
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
}
NAMES = [
    "client_id",
    "client_secret",
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "token",
    "response_type",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "request",
    "decision",
    "tenant",
]
VALUES = st.sampled_from(
    [
        "shop",
        "secret",
        "code",
        "S256",
        "plain",
        "allow",
        "https://shop.example/",
        "http://localhost",
        "http://[::1",
        "openid offline_access accounting.invoices",
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "x" * 43,
    ]
) | st.text(max_size=20)
FORMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8) | st.just(
    {"response_type": "code", "client_id": "shop", "redirect_uri": "https://shop.example/", "scope": "openid"}
)
HEADERS = st.sampled_from(
    [
        {},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic /w=="},
        {"Authorization": f"Basic {base64.b64encode(b'shop:secret').decode()}"},
        {"Authorization": f"Basic {base64.b64encode(b'%ff%00:').decode()}"},
        {"Authorization": "Bearer x"},
    ]
)
ROOMS = st.sampled_from(
    [
        ("GET", ["identity", "connect", "authorize"]),
        ("POST", ["identity", "connect", "authorize"]),
        ("POST", ["connect", "token"]),
        ("POST", ["connect", "revocation"]),
    ]
)


def is_well_formed(answer: Answer) -> bool:
    """Whether an answer is what a browser or an OAuth client can read."""
    if answer.status == 302:
        location = answer.headers["Location"]
        return location.isascii() and location.isprintable() and location.startswith("https://shop.example/?")
    if answer.content_type.startswith("text/html"):
        return answer.status in (200, 400) and answer.body.startswith(b"<!DOCTYPE html>")
    told = msgspec.json.decode(answer.body or b"{}")
    return told["error"] in ERRORS if answer.status == 400 else answer.status == 200


@settings(max_examples=600, deadline=None)
@given(ROOMS, FORMS, FORMS, HEADERS, st.binary(max_size=30) | st.none())
def test_nothing_that_is_sent_breaks_it(
    room: tuple[str, list[str]],
    query: dict[str, str],
    form: dict[str, str],
    headers: dict[str, str],
    raw: bytes | None,
) -> None:
    """Forms with the right names and any values, and bytes that are no form at all, get a well-formed answer."""
    identity = Identity(2, seed=0, clock=lambda: 0.0, apps=[SHOP])
    body = urlencode(form, errors="surrogatepass").encode() if raw is None else raw
    answer = identity.answer(*room, query, headers, body)
    assert answer is not None
    assert is_well_formed(answer) or answer.headers.get("Location", "").startswith("http://localhost")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.text(max_size=20) | st.none(), st.text(max_size=20))
def test_no_header_gets_in(authorization: str, tenant: str | None, operation: str) -> None:
    """Whatever a call has for a token, it is a 401 unless it was given out."""
    identity = Identity(1, seed=0, clock=lambda: 0.0)
    refusal = identity.refuse(authorization, tenant, operation)
    assert refusal is not None
    assert refusal.status == 401
    assert identity.client_of(authorization) == ""
