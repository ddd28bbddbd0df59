"""Asking the identity server for tokens: one form, its repetitions, and what the answer means.

A lost answer is repeated with the very same form. That is safe for a refresh token too: Xero accepts the one before
for 30 minutes more, so that whoever lost the new pair can ask for it again.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

import msgspec
from msgspec import Struct

from ..wire.codec import UNREADABLE
from ..wire.errors import ServerError, SignInFailed, TransportError
from ..wire.operation import Answer
from .base import Sealed, Sender

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["REVOCATION_PATH", "TOKEN_PATH", "Grant", "ask", "basic", "revoke"]

_log = logging.getLogger(__name__)

# https://developer.xero.com/documentation/guides/oauth2/auth-flow/
TOKEN_PATH = "/connect/token"
REVOCATION_PATH = "/connect/revocation"
ATTEMPTS = 4


class Grant(Struct):
    """The identity server's answer to a request for tokens."""

    access_token: str = ""
    refresh_token: str = ""
    id_token: str = ""
    expires_in: float = 0
    """Seconds that the access token lives."""
    scope: str = ""
    error: str = ""
    error_description: str = ""

    def __repr__(self) -> str:
        return "Grant(...)"


async def ask(send: Sender, form: Sealed, headers: Sealed) -> Grant:
    """Tokens for a form. Repeats it unchanged after lost answers and 5xx.

    Raises `SignInFailed` for a refusal, `TransportError` or `ServerError` where repeating did not help.
    """
    return _grant_of(await _post(send, TOKEN_PATH, form, headers))


async def revoke(send: Sender, form: Sealed, headers: Sealed) -> None:
    """Make the refresh token in a form worthless. Raises as `ask` does."""
    answer = await _post(send, REVOCATION_PATH, form, headers)
    if not answer.is_success:
        _grant_of(answer)


async def _post(send: Sender, path: str, form: Sealed, headers: Sealed) -> Answer:
    # Imported when it is needed, since it takes longer than the rest of this room.
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    async def once() -> Answer:
        answer = await send(path, form, headers)
        if answer.status >= 500:
            raise ServerError(f"the identity server answered {answer.status}", status=answer.status)
        return answer

    retrying = AsyncRetrying(
        retry=retry_if_exception_type((TransportError, ServerError)),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.5, max=8),
        before_sleep=_tell,
        reraise=True,
    )
    answer: Answer = await retrying(once)
    return answer


def _tell(state: RetryCallState) -> None:
    failure = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    _log.info("sign-in: attempt %d failed (%s), again in %.1f s", state.attempt_number, type(failure).__name__, wait)


def basic(client_id: str, client_secret: str) -> str:
    """The `Authorization` header of an app with a secret."""
    # https://datatracker.ietf.org/doc/html/rfc6749#section-2.3.1 wants both encoded as in a form first.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _grant_of(answer: Answer) -> Grant:
    try:
        grant = msgspec.json.decode(answer.body, type=Grant, strict=False)
    except UNREADABLE:
        grant = Grant()
    if answer.is_success and grant.access_token:
        return grant
    words = ": ".join(word for word in (grant.error, grant.error_description) if word) or "no token in the answer"
    error = SignInFailed(f"sign-in failed, {words} (status {answer.status}). {_HINTS.get(grant.error, '')}".strip())
    error.status, error.error = answer.status, grant.error
    raise error


_HINTS = {
    "invalid_client": "Check the client id and the client secret.",
    "invalid_grant": "Sign in again: `xero-async login`, or `start_sign_in` in your program.",
    "invalid_scope": "Check the scopes against those that the app was granted; apps made since March 2026 have the "
    "granular ones alone, such as accounting.invoices.",
    "unauthorized_client": "Check that the app is of the kind that this way to sign in is for, and that its "
    "organisation has authorised it.",
    "unsupported_grant_type": "Check that the app is of the kind that this way to sign in is for.",
}
