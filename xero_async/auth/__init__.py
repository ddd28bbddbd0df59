"""Signing in: where access tokens come from, and how they are renewed."""

from .base import Auth, Sender
from .client_credentials import ClientCredentials
from .static import StaticToken

__all__ = ["Auth", "ClientCredentials", "Sender", "StaticToken"]
