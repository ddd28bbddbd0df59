"""The tokens of one sign-in, as they are held and stored."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from ..wire.codec import UNREADABLE
from ..wire.errors import DecodeError
from .grants import Grant

__all__ = ["AHEAD", "TokenSet"]

AHEAD = 60.0
"""Seconds before an access token's end at which it is no longer used."""


class TokenSet(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sign-in gave. One that is empty stands for nobody being signed in."""

    access_token: str = ""
    refresh_token: str = ""
    """Good for 60 days, and for one use: each use gives another. Empty without the scope `offline_access`."""
    id_token: str = ""
    """Who signed in, with the scope `openid`."""
    expires_at: float = 0.0
    """The access token's end, in seconds since 1970."""
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<TokenSet until {datetime.fromtimestamp(self.expires_at, UTC):%Y-%m-%dT%H:%M:%SZ}>"

    def is_good(self, now: float) -> bool:
        """Whether the access token can be used at `now`, in seconds since 1970."""
        return bool(self.access_token) and now < self.expires_at - AHEAD

    @property
    def claims(self) -> dict[str, Any]:
        """What the ID token says of the user (`sub`, `email`, `given_name`, ...), its signature unchecked.

        Good for a greeting; to let somebody in, use `verify_id_token`. Empty without an ID token. Raises `DecodeError`.
        """
        return _claims_of(self.id_token) if self.id_token else {}

    def dump(self) -> str:
        """As text, to be kept where secrets are kept."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def parse(cls, text: str | bytes) -> TokenSet:
        """From the text of `dump`. Raises `DecodeError`."""
        try:
            return msgspec.json.decode(text, type=cls)
        except UNREADABLE as error:
            raise _undecodable("the stored tokens are not what was stored: sign in again", error) from None

    def renewed(self, grant: Grant, asked: float) -> TokenSet:
        """The tokens after a grant that was asked for at `asked`; what it leaves out stays as it was."""
        life = max(grant.expires_in, 0.0)
        # A token that lives for less than two minutes is used for half of its life.
        return TokenSet(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token or self.refresh_token,
            id_token=grant.id_token or self.id_token,
            expires_at=asked + max(life, AHEAD + life / 2),
            scopes=tuple(grant.scope.split()) or self.scopes,
        )


def _claims_of(token: str) -> dict[str, Any]:
    """The payload of a JSON web token, its signature unchecked. Raises `DecodeError`."""
    try:
        payload = token.split(".")[1]
        data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(data, type=dict[str, Any])
    except (IndexError, binascii.Error, *UNREADABLE) as error:
        raise _undecodable("the ID token is no JSON web token", error) from None


def _undecodable(message: str, cause: Exception) -> DecodeError:
    return DecodeError(f"{message} ({type(cause).__name__})")
