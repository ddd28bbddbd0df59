"""Signing in: where access tokens come from, how they are renewed, and where they are kept."""

from .base import Auth, Sender, Settling, Signing
from .client_credentials import ClientCredentials
from .code import PKCE, AuthorizationCode, CodeFlow, SignIn
from .id_tokens import verify_id_token
from .static import StaticToken
from .stores import FileStore, KeyringStore, Locking, MemoryStore, RedisStore, TokenStore
from .tokens import TokenSet

__all__ = [
    "PKCE",
    "Auth",
    "AuthorizationCode",
    "ClientCredentials",
    "CodeFlow",
    "FileStore",
    "KeyringStore",
    "Locking",
    "MemoryStore",
    "RedisStore",
    "Sender",
    "Settling",
    "SignIn",
    "Signing",
    "StaticToken",
    "TokenSet",
    "TokenStore",
    "verify_id_token",
]
