"""Codes and tokens, and how long each is good: a state machine with a clock, which knows no HTTP.

    code       5 minutes, once                     -> the consent that it stands for
    access     30 minutes, or as long as is set    -> the consent that it stands for
    refresh    60 days; each use gives another     -> a new one
               the one before: 30 minutes more     -> a new one each time, and all of these are good

The grace of a used refresh token runs from its first use and is not drawn out by repeating it, so two holders of one
token get along for half an hour, and then the slower one is refused: that is how programs that share a token lose it.

All that it remembers is one `Kept`, which can be written down and taken up again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct, field

from .signing import base64url

__all__ = ["ACCESS_LIFE", "Access", "Consent", "Denied", "Grants", "Kept", "challenge_of"]

# https://developer.xero.com/documentation/guides/oauth2/token-types/
ACCESS_LIFE = 1800.0
"""Seconds that an access token lives."""
REFRESH_LIFE = 60 * 86_400.0
"""Seconds that a refresh token lives unused."""
GRACE = 1800.0
"""Seconds for which a refresh token that was used works again."""
CODE_LIFE = 300.0
"""Seconds in which a code has to be exchanged."""
SWEPT_EVERY = 2_000
"""Tokens of a kind after which the long dead are forgotten."""
REMEMBERED = 86_400.0
"""Seconds for which a dead token is told from an unknown one."""

# https://datatracker.ietf.org/doc/html/rfc7636#section-4.1
VERIFIER_LENGTH = range(43, 129)
VERIFIER_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class Denied(Exception):
    """A request that the identity server refuses, with OAuth's word for it."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.description = description


class Consent(Struct, frozen=True):
    """What an app was allowed, when and in which authorisation."""

    client_id: str
    scopes: tuple[str, ...]
    event: str
    """The id of the authorisation, `authEventId` of its connections."""
    moment: float
    """When the user signed in, in seconds since 1970."""
    nonce: str = ""
    is_user: bool = True
    """Whether a user gave it, rather than the app itself."""


class Code(Struct, frozen=True):
    """A code that waits to be exchanged."""

    consent: Consent
    redirect_uri: str
    challenge: str
    expires: float


class Access(Struct, frozen=True):
    """What an access token stands for."""

    consent: Consent
    expires: float


class Refresh(Struct, frozen=True):
    """What a refresh token stands for."""

    consent: Consent
    expires: float
    used: bool = False


V = TypeVar("V", Code, Access, Refresh)


class Kept(Struct):
    """Everything that is remembered, by the text of the code or the token."""

    codes: dict[str, Code] = field(default_factory=dict[str, Code])
    access: dict[str, Access] = field(default_factory=dict[str, Access])
    refresh: dict[str, Refresh] = field(default_factory=dict[str, Refresh])

    def copy(self) -> Kept:
        """The same, apart from what comes and goes afterwards."""
        return Kept(self.codes.copy(), self.access.copy(), self.refresh.copy())


class Grants:
    """Gives out codes and tokens, and says what they are worth."""

    def __init__(self, clock: Callable[[], float], *, access_life: float = ACCESS_LIFE) -> None:
        """`clock` gives seconds since 1970; `access_life` is in seconds."""
        self.kept = Kept()
        self.access_life = access_life
        self._clock = clock

    def new_code(self, consent: Consent, redirect_uri: str, challenge: str) -> str:
        """A code for a consent; `challenge` is empty without PKCE."""
        now = self._clock()
        code = Code(consent, redirect_uri, challenge, now + CODE_LIFE)
        return _keep(self.kept.codes, secrets.token_urlsafe(32), code, now)

    def redeem(self, text: str, client_id: str, redirect_uri: str, verifier: str) -> Consent:
        """The consent that a code stands for; it is spent whatever comes of it. Raises `Denied`."""
        code = self.kept.codes.pop(text, None)
        if code is None or code.consent.client_id != client_id:
            raise Denied("invalid_grant", "the code is unknown, or was used before")
        if self._clock() >= code.expires:
            raise Denied("invalid_grant", "the code has expired")
        if code.redirect_uri != redirect_uri:
            raise Denied("invalid_grant", "the redirect_uri is not the one that the code was asked for with")
        _check_verifier(code.challenge, verifier)
        return code.consent

    def admit(self, text: str, consent: Consent) -> None:
        """Make an access token good, from now on and for as long as one lives."""
        now = self._clock()
        _keep(self.kept.access, text, Access(consent, now + self.access_life), now)

    def new_refresh(self, consent: Consent) -> str:
        """A refresh token for a consent."""
        now = self._clock()
        return _keep(self.kept.refresh, secrets.token_urlsafe(32), Refresh(consent, now + REFRESH_LIFE), now)

    def rotate(self, text: str, client_id: str) -> tuple[Consent, str]:
        """The consent that a refresh token stands for, and the token to use next. Raises `Denied`."""
        now, token = self._clock(), self.kept.refresh.get(text)
        if token is None or token.consent.client_id != client_id:
            raise Denied("invalid_grant", "the refresh token is unknown, or was revoked")
        if now >= token.expires:
            late = "was used before, and its 30 minutes of grace are over" if token.used else "was unused for 60 days"
            raise Denied("invalid_grant", f"the refresh token {late}")
        self.kept.refresh[text] = Refresh(token.consent, min(token.expires, now + GRACE), used=True)
        return token.consent, self.new_refresh(token.consent)

    def consent_of(self, text: str, client_id: str) -> Consent | None:
        """The consent behind a refresh token that an app holds, alive or not."""
        token = self.kept.refresh.get(text)
        return token.consent if token is not None and token.consent.client_id == client_id else None

    def end(self, text: str, client_id: str) -> None:
        """Make one access token worthless, if it is the app's."""
        access = self.kept.access.get(text)
        if access is not None and access.consent.client_id == client_id:
            del self.kept.access[text]

    def end_all(self, client_id: str) -> None:
        """Make every code and token that users gave an app worthless."""
        kept = self.kept
        kept.codes = {text: each for text, each in kept.codes.items() if each.consent.client_id != client_id}
        kept.refresh = {text: each for text, each in kept.refresh.items() if each.consent.client_id != client_id}
        kept.access = {
            text: each
            for text, each in kept.access.items()
            if each.consent.client_id != client_id or not each.consent.is_user
        }


def challenge_of(verifier: str) -> str:
    """The S256 challenge that belongs to a verifier."""
    return base64url(hashlib.sha256(verifier.encode()).digest())


def _check_verifier(challenge: str, verifier: str) -> None:
    if not challenge and not verifier:
        return
    if not challenge:
        raise Denied("invalid_grant", "a code_verifier came for a code that was asked for without code_challenge")
    if len(verifier) not in VERIFIER_LENGTH or not VERIFIER_LETTERS.issuperset(verifier):
        raise Denied("invalid_grant", "the code_verifier has to have 43 to 128 letters of A-Z a-z 0-9 - . _ ~")
    if not secrets.compare_digest(challenge_of(verifier), challenge):
        raise Denied("invalid_grant", "the code_verifier does not belong to the code_challenge")


def _keep(table: dict[str, V], text: str, value: V, now: float) -> str:
    if len(table) % SWEPT_EVERY == SWEPT_EVERY - 1:
        for dead in [each for each, known in table.items() if known.expires + REMEMBERED <= now]:
            del table[dead]
    table[text] = value
    return text
