"""Signed tokens: JSON Web Tokens with RS256, in plain Python.

Access tokens and ID tokens are JWTs at Xero, and clients look into them: for the `authentication_event_id` that picks
the connections of a sign-in, and for who signed in, whose signature they check against the published key. RS256 with
PKCS #1 v1.5 is one modular power, so it needs no library: about 5 ms a signature with the Chinese remainder theorem.

The key is a constant, public on purpose: it protects nothing. The sandbox never trusts a signature but looks tokens up
by their text, so that what somebody signs with this key is worth nothing to it, and to Xero.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

import msgspec

__all__ = ["JWKS", "at_hash", "sign"]

P: Final = int(
    "ec59e26afb554401ff2ba9007b71eeaf3ab52e4af6516a1b508d573ebf30c8a65006c450fcb4942155228d5d8f0b5177"
    "6a7bc2c7a29c13782c8768e6ad4ddfba7614173cf92170ec766fe4fbdf4b2c67e0cea7755fa98123a3a91f167d3948a0"
    "729804f9032f6e3e8d0921c6c15709dc2e1b47d228316c9b816589130742449f",
    16,
)
Q: Final = int(
    "d57cf721c46526fef4b6a16051354324e5e28392e469241ab2202753764d551a41d7091d49b20232ac6dc4f16ed8596a"
    "7bd1400e81223457c732086bbea1e7792cca3db741fd0174174cccad4bc3a2c2d1cbedea49158a0f4841f4c6912652ad"
    "cfc2c6b91c1083938da228dc760acdfa871d5ba6e31a83c0f60e31f6a0b43b5b",
    16,
)
N: Final = P * Q
E: Final = 65_537
SIZE: Final = 256
"""Bytes of a signature."""

_D: Final = pow(E, -1, (P - 1) * (Q - 1))
_DP, _DQ, _INVERSE = _D % (P - 1), _D % (Q - 1), pow(Q, -1, P)

# https://datatracker.ietf.org/doc/html/rfc8017#section-9.2, with the note's prefix of SHA-256
SHA256_PREFIX: Final = bytes.fromhex("3031300d060960864801650304020105000420")


def base64url(data: bytes) -> str:
    """Bytes in the alphabet of URLs, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


# https://datatracker.ietf.org/doc/html/rfc7638
_PUBLIC: Final = {"e": base64url(E.to_bytes(3)), "kty": "RSA", "n": base64url(N.to_bytes(SIZE))}
KEY_ID: Final = hashlib.sha256(msgspec.json.encode(_PUBLIC)).hexdigest()[:40].upper()

JWKS: Final = msgspec.json.encode({"keys": [_PUBLIC | {"use": "sig", "alg": "RS256", "kid": KEY_ID}]})
"""The public key, as a JSON Web Key Set."""
_HEADER: Final = base64url(msgspec.json.encode({"alg": "RS256", "kid": KEY_ID, "typ": "JWT"}))


def sign(claims: Mapping[str, object]) -> str:
    """The claims as a signed token."""
    text = f"{_HEADER}.{base64url(msgspec.json.encode(claims))}"
    digest = SHA256_PREFIX + hashlib.sha256(text.encode()).digest()
    padded = b"\x00\x01" + b"\xff" * (SIZE - 3 - len(digest)) + b"\x00" + digest
    return f"{text}.{base64url(_power(int.from_bytes(padded)).to_bytes(SIZE))}"


def at_hash(access_token: str) -> str:
    """What an ID token says of the access token that it came with."""
    # https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken
    return base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def _power(message: int) -> int:
    """`message` to the power of the private exponent, modulo N."""
    low, high = pow(message, _DQ, Q), pow(message, _DP, P)
    return low + (_INVERSE * (high - low) % P) * Q
