"""The apps that the sandbox knows, as a developer registers them at Xero.

Three exist from the seed: a custom connection, which signs in as itself; a web app, which has a secret and asks a
user; and a native one, which has none and proves itself with PKCE. More are given to the `Sandbox`.
"""

from __future__ import annotations

import hmac
import random
import string
import uuid
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from xero_async.apis.scopes import KNOWN_SCOPES, SIGN_IN_SCOPES
from xero_async.wire.errors import InvalidArgument

__all__ = ["App", "GrantType", "draw_apps", "draw_credentials", "draw_guid", "scopes_asked"]

GrantType: TypeAlias = Literal["client_credentials", "authorization_code", "refresh_token"]
ASKING_A_USER: tuple[GrantType, ...] = ("authorization_code", "refresh_token")


class App(Struct, frozen=True, kw_only=True):
    """An app. `App(client_id="...", client_secret="...", name="Shop")` is a web app with every scope.

    Raises `InvalidArgument` for an empty id, an unknown scope and a redirect address that Xero would not take.
    """

    client_id: str
    client_secret: str | None = None
    """None makes a public app, which has to use PKCE."""
    name: str = "Sandbox App"
    redirect_uris: tuple[str, ...] = ()
    """Where a user may be sent back to, letter by letter; without any, wherever on `http://localhost`."""
    scopes: tuple[str, ...] = KNOWN_SCOPES
    """The scopes that the app may ask for."""
    grants: tuple[GrantType, ...] = ASKING_A_USER
    """`("client_credentials",)` makes a custom connection: it is connected to every organisation from the start."""
    automatic: bool = False
    """Whether users consent at once and to all organisations, with no page between."""

    def __post_init__(self) -> None:
        if not self.client_id:
            raise InvalidArgument("an app has a client id")
        if unknown := sorted(set(self.scopes) - set(KNOWN_SCOPES)):
            raise InvalidArgument(f"an app has unknown scopes: {', '.join(unknown)}")
        if refused := [uri for uri in self.redirect_uris if not _is_registrable(uri)]:
            raise InvalidArgument(f"Xero takes no such redirect address: {refused[0]}")

    def __repr__(self) -> str:
        return f"<App {self.name!r}: {self.client_id}>"

    @property
    def is_custom(self) -> bool:
        """Whether it is a custom connection."""
        return "client_credentials" in self.grants

    def knows(self, secret: str) -> bool:
        """Whether a secret is the app's, in constant time; a public app asks for none."""
        return self.client_secret is None or hmac.compare_digest(self.client_secret.encode(), secret.encode())

    def redirects_to(self, uri: str) -> bool:
        """Whether a user may be sent back to an address."""
        if self.redirect_uris:
            return uri in self.redirect_uris
        return _is_registrable(uri) and urlsplit(uri).scheme == "http"


def _is_registrable(uri: str) -> bool:
    """Whether Xero takes a redirect address: one of https, or of http on `localhost`, which `127.0.0.1` is not."""
    try:
        address = urlsplit(uri)
        whole = bool(address.hostname) and address.port is not False
    except ValueError:
        return False
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set(" \"'<>\\") and "@" not in address.netloc
    local = address.scheme == "http" and address.hostname == "localhost"
    return whole and plain and not address.fragment and (local or address.scheme == "https")


def scopes_asked(app: App, text: str) -> tuple[str, ...]:
    """The scopes of a request, each once. Raises `ValueError` that names those which the app may not ask for."""
    asked = tuple(dict.fromkeys(text.split()))
    if refused := [scope for scope in asked if scope not in app.scopes]:
        raise ValueError(" ".join(refused))
    return asked


def draw_credentials(chance: random.Random) -> tuple[str, str]:
    """A client id and a secret, in Xero's form."""
    client_id = f"{chance.getrandbits(128):032X}"
    return client_id, "".join(chance.choices(string.ascii_letters + string.digits, k=48))


def draw_guid(chance: random.Random) -> str:
    """An id in Xero's form."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def draw_apps(custom: tuple[str, str], seed: int, given: Iterable[App]) -> Sequence[App]:
    """The apps of a sandbox: the custom connection with its credentials, a web app, a native one, and those given.

    Raises `InvalidArgument` where two have the same id.
    """
    chance = random.Random(f"apps {seed}")
    web_id, web_secret = draw_credentials(chance)
    native_id, _ = draw_credentials(chance)
    organisation = tuple(scope for scope in KNOWN_SCOPES if scope not in SIGN_IN_SCOPES)
    apps = (
        App(
            client_id=custom[0],
            client_secret=custom[1],
            name="Sandbox Custom Connection",
            scopes=organisation,
            grants=("client_credentials",),
        ),
        App(client_id=web_id, client_secret=web_secret, name="Sandbox Web App"),
        App(client_id=native_id, name="Sandbox Native App"),
        *given,
    )
    if len({app.client_id for app in apps}) < len(apps):
        raise InvalidArgument("two apps have the same client id")
    return apps
