"""What the session asks of a way to sign in, and what it lends in return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from ..wire.operation import Answer

__all__ = ["Auth", "Sealed", "Sender", "Settling", "Signing"]


class Sealed(dict[str, str]):
    """A form or headers with secrets, which stay out of reports that print the variables of a traceback."""

    def __repr__(self) -> str:
        return "Sealed(...)"


class Sender(Protocol):
    """The session's way to the identity server, so that signing in opens no socket of its own."""

    async def __call__(self, path: str, form: Mapping[str, str], headers: Mapping[str, str], /) -> Answer:
        """Post a form and return the answer, whatever its status. Raises `TransportError`."""
        ...


class Auth(Protocol):
    """A way to sign in."""

    async def token(self, send: Sender, /) -> str:
        """An access token that is good now. Raises `SignInFailed`."""
        ...

    async def renew(self, stale: str, send: Sender, /) -> bool:
        """Xero says that a token has expired: whether there is another one to try. Raises `SignInFailed`."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A way to sign in that may be amid something when the session is left."""

    async def settle(self, send: Sender, /) -> None:
        """Let what uses this sender end, in some seconds, come what may: no task of it is left."""
        ...


@runtime_checkable
class Signing(Protocol):
    """A way to sign in that puts something of its own into the address of each call, where it has no token."""

    def sign(self, target: str, tenant: str | None, /) -> str:
        """Path and query as they go out, for a tenant as the session knows it."""
        ...
