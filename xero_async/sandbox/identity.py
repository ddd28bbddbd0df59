"""Xero's identity server and its list of connections, as far as a custom connection needs them.

Tokens are opaque and random; they live 30 minutes, or as long as the sandbox is told. Everything else (the client's
id and secret, the connections) follows from the seed, so that a configuration outlives a restart. Answers are plain
values: the server turns them into HTTP.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import random
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from msgspec import Struct

from .answers import TEXT, Answer

__all__ = ["TOKEN_LIFE", "Connection", "Identity"]

# https://developer.xero.com/documentation/guides/oauth2/token-types/
TOKEN_LIFE = 1800.0
"""Seconds that an access token lives."""
TOKENS_KEPT = 10_000
"""Tokens remembered, the expired ones included: those answer otherwise than unknown ones."""
DEFAULT_SCOPES = "accounting.transactions accounting.contacts accounting.settings accounting.attachments"
CONNECTED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
"""When the organisations were connected to the app."""


class Connection(Struct, rename="camel"):
    """What `GET /connections` tells of one tenant."""

    id: str
    auth_event_id: str
    tenant_id: str
    tenant_name: str
    tenant_type: str = "ORGANISATION"
    created_date_utc: str = f"{CONNECTED:%Y-%m-%dT%H:%M:%S}.0000000"
    updated_date_utc: str = f"{CONNECTED:%Y-%m-%dT%H:%M:%S}.0000000"


class Token(NamedTuple):
    """What an access token stands for."""

    client_id: str
    scope: str
    expires: float


class Identity:
    """One app, its tokens and the organisations that it is connected to."""

    def __init__(self, tenants: int, *, seed: int, clock: Callable[[], float], token_life: float = TOKEN_LIFE) -> None:
        """Make `tenants` organisations; `clock` gives seconds since 1970, `token_life` is in seconds."""
        chance = random.Random(f"identity {seed}")
        letters = string.ascii_letters + string.digits
        self.client_id = f"{chance.getrandbits(128):032X}"
        self.client_secret = "".join(chance.choices(letters, k=48))
        event = _guid(chance)
        self.connections = [
            Connection(
                id=_guid(chance),
                auth_event_id=event,
                tenant_id=_guid(chance),
                tenant_name=f"Sandbox Company {number}",
            )
            for number in range(1, tenants + 1)
        ]
        self._clock = clock
        self._life = token_life
        self._tokens: dict[str, Token] = {}

    def token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer `POST /connect/token`: a token for the client's credentials, or OAuth's error."""
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if not self._is_client(*_credentials(headers.get("Authorization", ""), form)):
            return _oauth_error("invalid_client")
        if form.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type")
        scope = form.get("scope") or DEFAULT_SCOPES
        granted = {
            "access_token": self._issue(scope),
            "expires_in": int(self._life),
            "token_type": "Bearer",
            "scope": scope,
        }
        return Answer(200, msgspec.json.encode(granted))

    def refuse_token(self, authorization: str) -> Answer | None:
        """Say with a 401 what is wrong with an `Authorization` header, or nothing (None)."""
        scheme, _, value = authorization.partition(" ")
        token = self._tokens.get(value.strip())
        if scheme.lower() != "bearer" or token is None:
            return _refusal(401, "Unauthorized", "AuthenticationUnsuccessful")
        if self._clock() >= token.expires:
            moment = datetime.fromtimestamp(token.expires, UTC)
            return _refusal(401, "Unauthorized", f"TokenExpired: token expired at {moment:%m/%d/%Y %H:%M:%S}")
        return None

    def refuse_tenant(self, tenant_id: str) -> Answer | None:
        """Say with a 403 that a tenant is not named or not connected, or nothing (None)."""
        if any(connection.tenant_id == tenant_id for connection in self.connections):
            return None
        return _refusal(403, "Forbidden", "AuthenticationUnsuccessful")

    def list_connections(self, query: Mapping[str, str]) -> Answer:
        """Answer `GET /connections`, of one authorisation alone if `authEventId` asks for it."""
        event = query.get("autheventid")
        found = [each for each in self.connections if event in (None, each.auth_event_id)]
        return Answer(200, msgspec.json.encode(found))

    def disconnect(self, connection_id: str) -> Answer:
        """Answer `DELETE /connections/{id}`."""
        left = [each for each in self.connections if each.id != connection_id.lower()]
        if len(left) == len(self.connections):
            return Answer(404, b"The connection could not be found", TEXT)
        self.connections = left
        return Answer(204, b"")

    def _issue(self, scope: str) -> str:
        value = secrets.token_urlsafe(48)
        self._tokens[value] = Token(self.client_id, scope, self._clock() + self._life)
        while len(self._tokens) > TOKENS_KEPT:
            del self._tokens[next(iter(self._tokens))]
        return value

    def _is_client(self, client_id: str, secret: str) -> bool:
        known = f"{self.client_id}:{self.client_secret}".encode()
        return hmac.compare_digest(known, f"{client_id}:{secret}".encode("utf-8", "replace"))


def _credentials(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    """The client's id and secret, from HTTP Basic or from the form."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(client_id), unquote_plus(secret)  # both were form-encoded first: RFC 6749, 2.3.1


def _guid(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def _oauth_error(code: str) -> Answer:
    """An error of the token endpoint; Xero's says 400 for a wrong client too, where RFC 6749 would have 401."""
    return Answer(400, msgspec.json.encode({"error": code}))


def _refusal(status: int, title: str, detail: str) -> Answer:
    instance = str(uuid.uuid4())
    told = {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": instance}
    return Answer(status, msgspec.json.encode(told | {"Extensions": {}}))
