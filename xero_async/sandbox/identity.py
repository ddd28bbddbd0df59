"""Xero's identity server, its list of connections, and the check that every call of the API goes through.

    GET, POST /identity/connect/authorize    a user lets an app in (`authorising`, `consent`)
    POST /connect/token                      a code, a refresh token or the app's own credentials become tokens
    POST /connect/revocation                 a refresh token dies, with all that came of the user's consent
    GET /.well-known/openid-configuration    what is where; `/jwks` below it is the key of signatures

What codes and tokens are worth is in `grants`, who is connected to what in `connections`. Answers are plain values: the
server turns them into HTTP. The ids and secrets of apps and organisations follow from the seed, so that a
configuration outlives a restart; `export` and `restore` carry over the rest.

Access tokens are signed tokens, as Xero's are, since clients read `authentication_event_id` in them. Here they are
looked up by their text, which costs a call less than two microseconds.
"""

from __future__ import annotations

import base64
import binascii
import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import parse_qsl, unquote_plus

import msgspec
from msgspec import Struct

from xero_async import operations
from xero_async.apis.scopes import KNOWN_SCOPES, SIGN_IN_SCOPES

from . import signing
from .answers import TEXT, Answer
from .apps import App, draw_apps, draw_credentials, draw_guid, scopes_asked
from .authorising import Authorising
from .connections import Connections, Link, Organisation
from .grants import ACCESS_LIFE, Access, Consent, Denied, Grants, Kept

__all__ = ["TOKEN_LIFE", "Identity", "State"]

TOKEN_LIFE = ACCESS_LIFE
"""Seconds that an access token lives."""
ID_TOKEN_LIFE = 300
"""Seconds that an ID token lives."""
TENANTLESS = frozenset({"getConnections", "deleteConnection"})
"""Operations that name no tenant."""
CONNECTED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC).timestamp()
"""When the organisations were connected to the custom connections."""
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")

GIVEN_NAME, FAMILY_NAME, EMAIL = "Robin", "Sandbox", "robin.sandbox@example.com"
"""The one user there is."""


class State(Struct):
    """All that an identity server remembers beyond its seed; pages that wait for a user are not among it."""

    kept: Kept
    links: list[Link]
    consented: dict[str, tuple[str, ...]]
    given: set[tuple[str, str]]
    """The connections that custom connections had from the start, ended or not: the ids of client and tenant."""


class Identity:
    """The apps, their tokens, and the organisations that they are connected to."""

    url = "http://localhost"
    """The root of the identity server, which signed tokens name as their issuer."""
    on_change: Callable[[], None]
    """Called whenever `export` may tell something new, before the answer is given."""

    def __init__(
        self,
        tenants: int,
        *,
        seed: int,
        clock: Callable[[], float],
        token_life: float = TOKEN_LIFE,
        apps: Iterable[App] = (),
        automatic: bool = False,
    ) -> None:
        """Make `tenants` organisations; `clock` gives seconds since 1970, `token_life` is in seconds.

        `apps` are known beside those of the seed. `automatic` has users consent at once. Raises `InvalidArgument`
        for two apps with one id.
        """
        chance = random.Random(f"identity {seed}")
        self.client_id, self.client_secret = draw_credentials(chance)
        event = draw_guid(chance)
        drawn = [(draw_guid(chance), draw_guid(chance)) for _ in range(tenants)]
        self.organisations = [
            Organisation(tenant_id, f"Sandbox Company {number}") for number, (_, tenant_id) in enumerate(drawn, 1)
        ]
        self.apps = list(draw_apps((self.client_id, self.client_secret), seed, apps))
        self.on_change = lambda: None
        self._apps = {app.client_id: app for app in self.apps}
        self._user = draw_guid(random.Random(f"user {seed}"))
        self._clock = clock
        self._grants = Grants(clock, access_life=token_life)
        self._connections = Connections()
        self._authorising = Authorising(
            self._apps, self.organisations, self._grants, self._connections, clock, automatic=automatic
        )
        self._events = {self.client_id: event}
        for organisation, (connection_id, _) in zip(self.organisations, drawn, strict=True):
            self._connections.connect(self.client_id, organisation, event, CONNECTED, connection_id)
        for app in self.apps[1:]:
            if app.is_custom:
                self._connect_custom(app, seed)
        self._first = self._connections.links()
        self._given = {link.pair for link in self._first}

    # -- what outlives a restart ------------------------------------------------------------------------------------

    def export(self) -> State:
        """Everything that is remembered, as it stands; it holds living tokens."""
        links = self._connections.links()
        return State(self._grants.kept.copy(), links, self._authorising.consented.copy(), self._given.copy())

    def restore(self, state: State) -> None:
        """Take up what `export` told; apps and organisations that it does not know are connected as at the start."""
        self._grants.kept = state.kept.copy()
        self._authorising.consented = state.consented.copy()
        new = [link for link in self._first if link.pair not in state.given]
        self._connections = self._authorising.connections = Connections([*state.links, *new])
        self._given = state.given.union(link.pair for link in new)

    # -- calls of the API -------------------------------------------------------------------------------------------

    def refuse(self, authorization: str, tenant_id: str | None, operation: str) -> Answer | None:
        """Refuse a call with a 401 or a 403, or let it in (None); `tenant_id` is the header as it came."""
        access = self._access_of(authorization)
        if access is None:
            return _refusal(401, "Unauthorized", "AuthenticationUnsuccessful")
        if self._clock() >= access.expires:
            moment = datetime.fromtimestamp(access.expires, UTC)
            return _refusal(401, "Unauthorized", f"TokenExpired: token expired at {moment:%m/%d/%Y %H:%M:%S}")
        consent = access.consent
        if operation in closed_to(consent.scopes):
            return _refusal(401, "Unauthorized", "AuthorizationUnsuccessful")._replace(headers=LACKS_SCOPE)
        if operation in TENANTLESS or (consent.client_id, self._tenant(consent, tenant_id)) in self._connections:
            return None
        return _refusal(403, "Forbidden", "AuthenticationUnsuccessful")

    def tenant_of(self, authorization: str, tenant_id: str | None) -> str:
        """The tenant that a call is for, from its header or, where that may be missing, from its token."""
        if tenant_id:
            return tenant_id.lower()
        access = self._access_of(authorization)
        return self._tenant(access.consent, None) if access is not None else ""

    def client_of(self, authorization: str) -> str:
        """The id of the app that calls; "" for an unknown token."""
        access = self._access_of(authorization)
        return access.consent.client_id if access is not None else ""

    def list_connections(self, authorization: str, query: Mapping[str, str]) -> Answer:
        """Answer `GET /connections`: the app's, of one authorisation alone if `authEventId` asks for it."""
        event = query.get("autheventid", "").lower()
        known = self._connections.of(self.client_of(authorization))
        return Answer(200, msgspec.json.encode([each for each in known if event in ("", each.auth_event_id)]))

    def disconnect(self, authorization: str, connection_id: str) -> Answer:
        """Answer `DELETE /connections/{id}`."""
        if not self._connections.disconnect(self.client_of(authorization), connection_id.lower()):
            return Answer(404, b"The connection could not be found", TEXT)
        self.on_change()
        return Answer(204, b"")

    def _access_of(self, authorization: str) -> Access | None:
        scheme, _, value = authorization.partition(" ")
        return self._grants.kept.access.get(value.strip()) if scheme.lower() == "bearer" else None

    def _tenant(self, consent: Consent, tenant_id: str | None) -> str:
        """The tenant of a header; a custom connection to a single organisation may leave it out."""
        if tenant_id:
            return tenant_id.lower()
        known = () if consent.is_user else self._connections.of(consent.client_id)
        return known[0].tenant_id if len(known) == 1 else ""

    # -- the identity server ----------------------------------------------------------------------------------------

    def answer(
        self, method: str, path: Sequence[str], query: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> Answer | None:
        """Answer a request under `/connect`, `/identity` or `/.well-known`; `path` in lower case; None is a 404."""
        match [method, *(path[1:] if path[:1] == ["identity"] else path)]:
            case ["GET", ".well-known", "openid-configuration"]:
                return Answer(200, msgspec.json.encode(self._configuration()))
            case ["GET", ".well-known", "openid-configuration", "jwks"]:
                return Answer(200, signing.JWKS)
            case ["GET", "connect", "authorize"]:
                answer = self._authorising.ask(query)
            case ["POST", "connect", "authorize"]:
                answer = self._authorising.decide(body)
            case ["POST", "connect", "token"]:
                answer = self._posted(self._token, headers, body)
            case ["POST", "connect", "revocation"]:
                answer = self._posted(self._revoke, headers, body)
            case _:
                return None
        self.on_change()
        return answer

    def _posted(
        self, run: Callable[[App, Mapping[str, str]], Answer], headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer a form that an app sends with its credentials."""
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        client_id, secret = _credentials(headers.get("Authorization", ""), form)
        app = self._apps.get(client_id)
        try:
            if app is None or not app.knows(secret):
                raise Denied("invalid_client")
            return run(app, form)
        except Denied as denied:
            told = {"error": denied.error, "error_description": denied.description}
            # Xero says 400 to a wrong client too, where RFC 6749 would have 401.
            return Answer(400, msgspec.json.encode({name: value for name, value in told.items() if value}))

    def _token(self, app: App, form: Mapping[str, str]) -> Answer:
        """Answer `POST /connect/token`."""
        grant = form.get("grant_type")
        if grant not in GRANT_TYPES:
            raise Denied("unsupported_grant_type")
        if grant not in app.grants:
            raise Denied("unauthorized_client", f"the app may not use the grant {grant}")
        if grant == "client_credentials":
            return self._granted(self._own_consent(app, form.get("scope", "")), "")
        if grant == "refresh_token":
            consent, refresh = self._grants.rotate(form.get("refresh_token", ""), app.client_id)
            return self._granted(consent, refresh)
        consent = self._grants.redeem(
            form.get("code", ""), app.client_id, form.get("redirect_uri", ""), form.get("code_verifier", "")
        )
        lasting = "offline_access" in consent.scopes
        return self._granted(consent, self._grants.new_refresh(consent) if lasting else "")

    def _own_consent(self, app: App, scope: str) -> Consent:
        """What a custom connection allows itself: the scopes that it asks for, all that it has if it names none."""
        try:
            scopes = scopes_asked(app, scope) or app.scopes
        except ValueError as error:
            raise Denied("invalid_scope", f"the app may not ask for: {error}") from error
        if refused := sorted(set(scopes).intersection(SIGN_IN_SCOPES) if scope else ()):
            raise Denied("invalid_scope", f"without a user there is no {' '.join(refused)}")
        allowed = tuple(each for each in scopes if each not in SIGN_IN_SCOPES)
        return Consent(app.client_id, allowed, self._events[app.client_id], self._clock(), is_user=False)

    def _granted(self, consent: Consent, refresh: str) -> Answer:
        """The tokens for a consent."""
        access = signing.sign(self._access_claims(consent))
        self._grants.admit(access, consent)
        told: dict[str, str | int] = {
            "id_token": signing.sign(self._id_claims(consent, access)) if "openid" in consent.scopes else "",
            "access_token": access,
            "expires_in": int(self._grants.access_life),
            "token_type": "Bearer",
            "refresh_token": refresh,
            "scope": " ".join(consent.scopes),
        }
        return Answer(200, msgspec.json.encode({name: value for name, value in told.items() if value != ""}))

    def _revoke(self, app: App, form: Mapping[str, str]) -> Answer:
        """Answer `POST /connect/revocation`: 200 for whatever token, as RFC 7009 has it.

        With a refresh token go all tokens that the user gave the app, its connections, and the scopes that it had.
        """
        token, client_id = form.get("token", ""), app.client_id
        if not token:
            raise Denied("invalid_request", "there is no token to revoke")
        if self._grants.consent_of(token, client_id) is not None:
            self._grants.end_all(client_id)
            self._connections.disconnect_all(client_id)
            self._authorising.consented.pop(client_id, None)
        self._grants.end(token, client_id)
        return Answer(200, b"")

    def _access_claims(self, consent: Consent) -> dict[str, object]:
        now = int(self._clock())
        claims: dict[str, object] = {
            "nbf": now,
            "exp": int(now + self._grants.access_life),
            "iss": self.url,
            "aud": f"{self.url}/resources",
            "client_id": consent.client_id,
        }
        if consent.is_user:
            claims |= self._user_claims(consent) | {"authentication_event_id": consent.event}
        return claims | {"jti": uuid.uuid4().hex, "scope": list(consent.scopes)}

    def _id_claims(self, consent: Consent, access: str) -> dict[str, object]:
        now = int(self._clock())
        claims: dict[str, object] = {
            "nbf": now,
            "exp": now + ID_TOKEN_LIFE,
            "iss": self.url,
            "aud": consent.client_id,
            "iat": now,
            "at_hash": signing.at_hash(access),
            **self._user_claims(consent),
        }
        if consent.nonce:
            claims["nonce"] = consent.nonce
        if "email" in consent.scopes:
            claims |= {"email": EMAIL}
        if "profile" in consent.scopes:
            name = f"{GIVEN_NAME} {FAMILY_NAME}"
            claims |= {"preferred_username": EMAIL, "name": name, "given_name": GIVEN_NAME, "family_name": FAMILY_NAME}
        return claims

    def _user_claims(self, consent: Consent) -> dict[str, object]:
        session = uuid.uuid5(uuid.UUID(self._user), consent.event).hex
        return {
            "sub": uuid.uuid5(uuid.UUID(self._user), "subject").hex,
            "auth_time": int(consent.moment),
            "xero_userid": self._user,
            "global_session_id": session,
            "sid": session,
        }

    # https://identity.xero.com/.well-known/openid-configuration
    def _configuration(self) -> dict[str, object]:
        root = self.url
        return {
            "issuer": root,
            "jwks_uri": f"{root}/.well-known/openid-configuration/jwks",
            "authorization_endpoint": f"{root}/identity/connect/authorize",
            "token_endpoint": f"{root}/connect/token",
            "revocation_endpoint": f"{root}/connect/revocation",
            "scopes_supported": list(KNOWN_SCOPES),
            "grant_types_supported": list(GRANT_TYPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def _connect_custom(self, app: App, seed: int) -> None:
        chance = random.Random(f"connections {seed} {app.client_id}")
        self._events[app.client_id] = event = draw_guid(chance)
        for organisation in self.organisations:
            self._connections.connect(app.client_id, organisation, event, CONNECTED, draw_guid(chance))


# https://developer.xero.com/documentation/guides/oauth2/scopes/
LACKS_SCOPE = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
"""What tells a missing scope from a bad token."""


@lru_cache(maxsize=1024)
def closed_to(scopes: tuple[str, ...]) -> frozenset[str]:
    """The operations that none of the scopes opens; worked out once for each set of scopes."""
    return frozenset(row.id for row in operations() if row.scopes and not set(row.scopes) & set(scopes))


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


def _refusal(status: int, title: str, detail: str) -> Answer:
    instance = str(uuid.uuid4())
    told = {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": instance}
    return Answer(status, msgspec.json.encode(told | {"Extensions": {}}))
