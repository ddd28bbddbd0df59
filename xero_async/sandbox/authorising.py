"""The address to which an app sends a user: the checks, the page, and the way back with a code or an error.

    unknown app, or an address that is not the app's    a page with 400: there is nowhere to send the user
    anything else that is wrong                         back to the app with `error`
    all well                                            the page, or at once back with a code (automatic)
    the page's form                                     back with a code, or with `access_denied`

A page stands for one pending request, whose id in the form nobody can guess, so no other site can press its button.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urlencode

from xero_async.apis.scopes import SIGN_IN_SCOPES

from .answers import Answer
from .apps import App, scopes_asked
from .connections import Connections, Organisation
from .consent import Choice, ask_user, refuse_user
from .grants import Consent, Denied, Grants

__all__ = ["Authorising"]

PATIENCE = 3600.0
"""Seconds for which a page waits for the user."""
PENDING = 1_000
"""Pages that may wait at once."""

# https://datatracker.ietf.org/doc/html/rfc7636#section-4.2: SHA-256 in the alphabet of URLs
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class Asking(NamedTuple):
    """What an app asked for, when it sent the user."""

    app: App
    redirect_uri: str
    state: str | None
    scopes: tuple[str, ...]
    challenge: str
    nonce: str
    expires: float

    @property
    def is_sign_in(self) -> bool:
        """Whether it asks who the user is, and for no organisation."""
        return set(self.scopes) <= set(SIGN_IN_SCOPES)


class Authorising:
    """Sends users back with codes."""

    def __init__(
        self,
        apps: Mapping[str, App],
        organisations: Sequence[Organisation],
        grants: Grants,
        connections: Connections,
        clock: Callable[[], float],
        *,
        automatic: bool,
    ) -> None:
        self.connections = connections
        self.consented: dict[str, tuple[str, ...]] = {}
        self._apps = apps
        self._organisations = organisations
        self._grants = grants
        self._clock = clock
        self._automatic = automatic
        self._pending: dict[str, Asking] = {}

    def ask(self, query: Mapping[str, str]) -> Answer:
        """Answer the GET to which an app sends a user."""
        app = self._apps.get(query.get("client_id", ""))
        if app is None:
            return refuse_user("There is no app with this client_id.")
        redirect_uri = query.get("redirect_uri", "")
        if not app.redirects_to(redirect_uri):
            return refuse_user("The redirect_uri is not registered for the app; http is for localhost alone.")
        state = query.get("state")
        try:
            asking = self._asking(app, redirect_uri, state, query)
        except Denied as denied:
            return _send_back(redirect_uri, error=denied.error, error_description=denied.description, state=state)
        if self._automatic or app.automatic:
            return self._allow(asking, self._organisations)
        request = secrets.token_urlsafe(24)
        if len(self._pending) >= PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[request] = asking
        return self._page(request, asking)

    def decide(self, body: bytes) -> Answer:
        """Answer the page's form."""
        form = parse_qs(body.decode("utf-8", "replace"))
        request = form.get("request", [""])[0]
        asking = self._pending.pop(request, None)
        if asking is None or self._clock() >= asking.expires:
            return refuse_user("This page has expired, or was answered before. Start again from the app.")
        if form.get("decision") != ["allow"]:
            return _send_back(asking.redirect_uri, error="access_denied", state=asking.state)
        chosen = [each for each in self._organisations if each.tenant_id in form.get("tenant", [])]
        if not chosen and not asking.is_sign_in:
            self._pending[request] = asking
            return self._page(request, asking, wrong="Choose an organisation.")
        return self._allow(asking, chosen)

    def _asking(self, app: App, redirect_uri: str, state: str | None, query: Mapping[str, str]) -> Asking:
        if query.get("response_type") != "code":
            raise Denied("unsupported_response_type", "the response_type has to be code")
        if "authorization_code" not in app.grants:
            raise Denied("unauthorized_client", "the app is a custom connection, which asks no user")
        challenge = query.get("code_challenge", "")
        if (challenge or "code_challenge_method" in query) and query.get("code_challenge_method") != "S256":
            raise Denied("invalid_request", "the code_challenge_method has to be S256")
        if challenge and not CHALLENGE.fullmatch(challenge):
            raise Denied("invalid_request", "the code_challenge is no SHA-256 in base64url")
        if not challenge and app.client_secret is None:
            raise Denied("invalid_request", "an app without a secret has to send a code_challenge")
        try:
            scopes = scopes_asked(app, query.get("scope", ""))
        except ValueError as error:
            raise Denied("invalid_scope", f"the app may not ask for: {error}") from error
        if not scopes:
            raise Denied("invalid_scope", "no scope was asked for")
        nonce, expires = query.get("nonce", ""), self._clock() + PATIENCE
        return Asking(app, redirect_uri, state, scopes, challenge, nonce, expires)

    def _page(self, request: str, asking: Asking, *, wrong: str = "") -> Answer:
        single = len(self._organisations) == 1
        connected = [each.tenant_id for each in self.connections.of(asking.app.client_id)]
        choices = [Choice(*each, single or each.tenant_id in connected) for each in self._organisations]
        shown = () if asking.is_sign_in else choices
        return ask_user(request, asking.app.name, asking.scopes, shown, asking.redirect_uri, wrong=wrong)

    def _allow(self, asking: Asking, organisations: Sequence[Organisation]) -> Answer:
        """Connect the app and send the user back with a code.

        Scopes add up: what a user has allowed an app before is in its next tokens too, until it is revoked.
        """
        client_id, now = asking.app.client_id, self._clock()
        scopes = tuple(dict.fromkeys((*asking.scopes, *self.consented.get(client_id, ()))))
        self.consented[client_id] = tuple(scope for scope in scopes if scope not in SIGN_IN_SCOPES)
        consent = Consent(client_id, scopes, str(uuid.uuid4()), now, asking.nonce)
        for organisation in () if asking.is_sign_in else organisations:
            self.connections.connect(client_id, organisation, consent.event, now)
        code = self._grants.new_code(consent, asking.redirect_uri, asking.challenge)
        return _send_back(asking.redirect_uri, code=code, scope=" ".join(scopes), state=asking.state)


def _send_back(redirect_uri: str, **parameters: str | None) -> Answer:
    query = urlencode({name: value for name, value in parameters.items() if value}, quote_via=quote)
    return Answer(302, b"", headers={"Location": f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"})
