"""xero-python with a user's consent: what its readme has a web app do, from the code to the token's end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from .browser import consent
from .official import Official, connect
from .process import Process, running

pytest.importorskip("xero_python", reason="xero-python is not installed: `nox -s peers` runs these")
# Its readme leaves the first steps to a library of OAuth: this is one of those it names, and pyxero brings it.
oauth = pytest.importorskip("requests_oauthlib", reason="requests-oauthlib comes with pyxero: `nox -s peers`")

CALLBACK = "http://localhost:5000/callback"
SCOPES = ["offline_access", "openid", "profile", "email", "accounting.transactions", "accounting.settings"]


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let oauthlib speak to a server without TLS."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def process() -> Iterator[Process]:
    """A sandbox with a clock and connections of its own."""
    with running("--contacts", "2", "--invoices", "4", "--tenants", "2") as sandbox:
        yield sandbox


def token_of(process: Process) -> dict[str, Any]:
    """What the user's consent is worth."""
    session = oauth.OAuth2Session(process.web_client_id, scope=SCOPES, redirect_uri=CALLBACK)
    url, _ = session.authorization_url(f"{process.identity_url}/identity/connect/authorize")
    return dict(
        session.fetch_token(
            f"{process.identity_url}/connect/token",
            client_secret=process.web_client_secret,
            authorization_response=consent(url),
        )
    )


def let_in(process: Process) -> Official:
    """The SDK with the token of a user who has let a web app in."""
    names = ("access_token", "refresh_token", "id_token", "scope", "expires_in", "expires_at", "token_type")
    token = {name: value for name, value in token_of(process).items() if name in names}
    web = Process(
        process.base_url,
        process.identity_url,
        process.web_client_id,
        process.web_client_secret,
        process.web_client_id,
        process.web_client_secret,
        process.pkce_client_id,
        process.tenants,
    )
    return connect(web, {"token": token})


def test_a_code_becomes_tokens_that_work(process: Process) -> None:
    """After the user's consent the SDK reaches both organisations."""
    official = let_in(process)
    assert [each.tenant_id for each in official.identity.get_connections()] == process.tenants
    assert len(official.call("get_invoices").invoices) == 4


def test_a_token_that_is_old_is_refreshed(process: Process) -> None:
    """The SDK refreshes by itself a token that it believes expired, and its program is given the new pair."""
    official = let_in(process)
    old = dict(official.held["token"])
    process.advance(31 * 60)
    official.held["token"]["expires_at"] = time.time()
    assert official.call("get_organisations").organisations
    new = official.held["token"]
    assert new["access_token"] != old["access_token"]
    assert new["refresh_token"] != old["refresh_token"]


def test_a_token_that_has_expired_is_refused(process: Process) -> None:
    """An expired token that the SDK believes good is a 401 that says so."""
    official = let_in(process)
    process.advance(31 * 60)
    with pytest.raises(Exception, match="TokenExpired") as caught:
        official.call("get_organisations")
    assert getattr(caught.value, "status", None) == 401


def test_a_scope_that_was_not_asked_for(process: Process) -> None:
    """What the user was not asked for is a 401 that names the lack."""
    official = let_in(process)
    with pytest.raises(Exception, match="AuthorizationUnsuccessful") as caught:
        official.call("get_contacts")
    assert "insufficient_scope" in getattr(caught.value, "headers", {})["WWW-Authenticate"]


def test_a_connection_is_ended(process: Process) -> None:
    """A connection that is deleted is no longer listed, and its tenant is a 403."""
    official = let_in(process)
    first, second = official.identity.get_connections()
    official.identity.delete_connection(first.id)
    assert [each.tenant_id for each in official.identity.get_connections()] == [second.tenant_id]
    with pytest.raises(Exception, match="AuthenticationUnsuccessful") as caught:
        official.call("get_organisations")
    assert getattr(caught.value, "status", None) == 403
    assert official.accounting.get_organisations(second.tenant_id).organisations


def test_tokens_are_revoked(process: Process) -> None:
    """Revoking ends the refresh token and all connections that came with it."""
    official = let_in(process)
    old = dict(official.held["token"])
    official.client.revoke_oauth2_token()
    assert official.held["token"]["access_token"] is None
    late = connect(process, {"token": old})
    late.token.client_id, late.token.client_secret = process.web_client_id, process.web_client_secret
    late.token.update_token(**old)
    with pytest.raises(Exception, match="invalid_grant"):
        late.token.refresh_access_token(late.client)


def test_a_user_who_says_no(process: Process) -> None:
    """The user who cancels is sent back with an error and no code."""
    session = oauth.OAuth2Session(process.web_client_id, scope=SCOPES, redirect_uri=CALLBACK)
    url, state = session.authorization_url(f"{process.identity_url}/identity/connect/authorize")
    back = consent(url, "cancel")
    assert back.startswith(f"{CALLBACK}?error=access_denied")
    assert f"state={state}" in back
