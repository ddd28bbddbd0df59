"""A Redis or Valkey server: its address is checked and opened here, and what is wrong with it put into words.

Limits, tokens and queues may each be kept there. What cannot be right about an address is refused before anything is
sent: a client would take an option that it does not know for a programming error, and a database's number that is none
for database 0, where another app may keep its own. What goes wrong later is told with its cure, by rows, and without
anything of the address, which may hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from ..wire.errors import InvalidArgument

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["PASSWORD", "RETRIES", "check_address", "failures", "open_server", "what_is_wrong"]

PASSWORD = "XERO_ASYNC_QUEUE_PASSWORD"
"""The variable of the environment that the commands have the password from."""
RETRIES = 4
"""Times that a command is sent again when the connection is lost, for steps that may be taken twice."""

_SCHEMES = ("redis", "rediss", "unix")
_NO_ADDRESS = "a server is an address such as redis://localhost:6379/0"
# What may follow a `?`; options of TLS are the library's to know. Others would change what is read, or nothing.
_OPTIONS = (
    "client_name",
    "db",
    "health_check_interval",
    "password",
    "protocol",
    "socket_connect_timeout",
    "socket_keepalive",
    "socket_timeout",
    "username",
)
_OF_A_TALK: dict[str, Any] = {"single_connection_client": True, "socket_timeout": None}


class _Row(NamedTuple):
    error: str
    """An error's name, or that of one that it is a kind of."""
    words: str
    """What its text holds."""
    told: str


_PUT_IT_INTO = f"put it into the address; for the commands, into {PASSWORD}"
_ROWS = (
    _Row("AuthenticationError", "HELLO must be called", f"the server wants a password: {_PUT_IT_INTO}"),
    _Row("AuthenticationError", "uthentication required", f"the server wants a password: {_PUT_IT_INTO}"),
    _Row("AuthenticationError", "", f"the server refuses the user's name or the password: {_PUT_IT_INTO}"),
    _Row("ReadOnlyError", "", "the server is a replica, which takes no writes: name its primary"),
    _Row("OutOfMemoryError", "", "the server's memory is full: give it more `maxmemory`"),
    _Row("NoPermissionError", "", "the server's rules do not let this user do that: allow scripts and xero_async:*"),
    _Row("BusyLoadingError", "", "the server is still loading its data"),
    _Row("ResponseError", "MISCONF", "the server cannot write to its disk, and takes no writes until it can"),
    _Row("ResponseError", "DB index is out of range", "the server has no database of that number: its first is 0"),
    _Row("ResponseError", "WRONGTYPE", "something else is kept under its keys: give it a database of its own"),
    _Row("TimeoutError", "", "the server has not answered in time"),
    _Row("ConnectionError", "", "the server cannot be reached"),
    _Row("OSError", "", "the server cannot be reached"),
)


def failures(purpose: str, extra: str) -> tuple[type[Exception], ...]:
    """What a client raises. Raises `InvalidArgument` where the library is not installed, with the extra that has it."""
    try:
        from redis import exceptions
    except ImportError as error:
        raise InvalidArgument(f'{purpose} an extra: pip install "xero_async[{extra}]"') from error
    return exceptions.RedisError, exceptions.RedisClusterException, OSError, TimeoutError


def check_address(address: str) -> None:
    """Raise `InvalidArgument` for an address that cannot be right, without repeating it."""
    try:
        parts = urlsplit(address)
        options = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        raise InvalidArgument(_NO_ADDRESS) from None
    if parts.scheme not in _SCHEMES:
        raise InvalidArgument(_NO_ADDRESS)
    number = r"/?[0-9]*" if parts.scheme != "unix" else r"/.+"
    databases = [value for name, value in options if name == "db"]
    if not re.fullmatch(number, parts.path) or not all(re.fullmatch("[0-9]+", each) for each in databases):
        raise InvalidArgument(f"{_NO_ADDRESS}, whose end is the number of a database and not a name")
    for name, _ in options:
        if name not in _OPTIONS and not name.startswith("ssl_"):
            raise InvalidArgument(f"{_NO_ADDRESS}, whose options may be: {', '.join(_OPTIONS)}, ssl_...")


def open_server(address: str, *, retries: int, is_talk: bool = False) -> Redis:
    """A client of a server; nothing is sent. Raises `InvalidArgument` for an address that cannot be right.

    With `is_talk` it is for one who says one thing after another and keeps the time: one connection is held then, which
    nothing looks at beforehand and no clock of the client's runs for.
    """
    from redis import asyncio as redis
    from redis.asyncio.retry import Retry
    from redis.backoff import ExponentialBackoff
    from redis.exceptions import RedisError

    check_address(address)
    opened: Callable[..., Redis] = getattr(redis, "from_url")  # noqa: B009 - half typed there
    try:
        retry = Retry(ExponentialBackoff(cap=1.0, base=0.05), retries)
        client = opened(address, retry=retry, **_OF_A_TALK if is_talk else {})
        # A connection is made, though not connected, only when it is used; and is what knows the options.
        pool: Any = client.connection_pool
        pool.make_connection()
    except (TypeError, ValueError, RedisError):
        raise InvalidArgument(f"{_NO_ADDRESS}, with options that the library redis knows") from None
    return client


def what_is_wrong(error: BaseException) -> str:
    """What went wrong with a server, and its cure, for the end of a sentence. Holds nothing of the address."""
    kinds, text = {kind.__name__ for kind in type(error).__mro__}, str(error)
    for row in _ROWS:
        if row.error in kinds and row.words in text:
            return row.told
    # Redis begins what it says with a word in capitals.
    first = text.split(" ", 1)[0]
    word = f" {first}" if first.isascii() and first.isupper() and first.isalpha() and len(first) > 2 else ""
    return f"the server has failed ({type(error).__name__}{word})"
