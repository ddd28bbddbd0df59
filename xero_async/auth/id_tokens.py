"""The ID token's signature: who signed in, as a fact to let somebody in by. Needs the extra `[verify]` (PyJWT)."""

from __future__ import annotations

from typing import Any

from ..wire.errors import InvalidArgument, SignInFailed

__all__ = ["ISSUER", "KEYS_PATH", "verify_id_token"]

# https://identity.xero.com/.well-known/openid-configuration
ISSUER = "https://identity.xero.com"
KEYS_PATH = "/.well-known/openid-configuration/jwks"
LEEWAY = 60.0
"""Seconds by which clocks may differ."""


def verify_id_token(
    token: str, keys: str | bytes, *, client_id: str, nonce: str | None = None, issuer: str = ISSUER
) -> dict[str, Any]:
    """The claims of an ID token whose signature, issuer, audience, age and nonce are right.

    `keys` are the identity server's, as it answers them (a JSON web key set); `nonce` is that of the `SignIn` that was
    started. Raises `SignInFailed` for a token that cannot be trusted, `InvalidArgument` for keys that are none or
    where PyJWT is not installed.
    """
    try:
        import jwt
    except ImportError as error:
        raise InvalidArgument('checking a signature needs an extra: pip install "xero_async[verify]"') from error
    try:
        known = jwt.PyJWKSet.from_json(keys.decode() if isinstance(keys, bytes) else keys)
    except (jwt.PyJWKSetError, jwt.PyJWKError, ValueError, KeyError, AttributeError) as error:
        raise InvalidArgument(f"these are no keys of an identity server ({type(error).__name__})") from None
    try:
        key = known[jwt.get_unverified_header(token).get("kid", "")]
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss", "sub"]},
        )
    except (jwt.PyJWTError, KeyError) as error:
        # PyJWT's words would repeat parts of the token.
        raise SignInFailed(f"the ID token cannot be trusted ({type(error).__name__}): sign in again") from None
    if nonce is not None and claims.get("nonce") != nonce:
        raise SignInFailed("the ID token belongs to another sign-in: start again")
    return claims
