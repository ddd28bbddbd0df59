"""Webhooks: Xero's posts verified, read, and handed over before Xero is told that they arrived.

Xero posts events as they happen, signed with the webhook's key over the raw bytes. It takes an empty 200 within five
seconds for received, and an empty 401 for a wrong signature; before it turns a webhook on, it tries both, with posts
that hold no events (the intent to receive). Anything else it sends again, ever more rarely, for 24 hours. So:

- **No event is lost.** 200 is answered only once every event of a post has been handed over: when the awaited `deliver`
  has returned. Where it raises, or has no room in time (a full queue), the answer is 503 and Xero sends again.
- **No answer is late.** Reading the body and handing over end after `within` seconds together, whatever stalls.
- **An event that comes again** is left out as long as this process remembers it. Events have no id, so the same event
  is one that is equal in number, tenant, record, category, type and time; where a post does not number its events, all
  are handed over. What was handed over before a 503 is remembered too, so a queue smaller than a post still gets it
  all. The memory ends with the process: handing over is at least once, and what must be exact keeps its own.

`verify` and `parse` need no server, `Receiver.receive` works under any framework, `Receiver.handle` is for aiohttp.
"""

from __future__ import annotations

import asyncio
import binascii
import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import field

from .models import DateTime, Model
from .wire.codec import decode
from .wire.errors import DecodeError, InvalidArgument

if TYPE_CHECKING:
    from aiohttp import web

__all__ = [
    "SIGNATURE_HEADER",
    "Event",
    "EventCategory",
    "EventData",
    "EventTenantType",
    "EventType",
    "Key",
    "Receiver",
    "Webhook",
    "parse",
    "sign",
    "verify",
]

_log = logging.getLogger(__name__)

# https://developer.xero.com/documentation/guides/webhooks/configuring-your-server/
SIGNATURE_HEADER = "x-xero-signature"
"""The header that carries the signature."""
ANSWER_WITHIN = 5.0
"""Seconds that Xero waits for an answer."""
RECEIVED, UNSIGNED = 200, 401
"""What Xero wants to hear of a right and of a wrong signature; the answers have no body, and no cookies either."""

CUT, NOT_READ, TOO_LARGE, UNREADABLE, NOT_DELIVERED = 400, 408, 413, 500, 503
"""Answers after which Xero sends again."""

# Fields: https://developer.xero.com/documentation/guides/webhooks/overview/
# Values, and `data`: https://github.com/XeroAPI/Xero-OpenAPI/blob/master/xero-webhooks.yaml
EventCategory: TypeAlias = Literal["CONTACT", "CREDITNOTE", "INVOICE", "SUBSCRIPTION"] | str
EventType: TypeAlias = Literal["CREATE", "UPDATE"] | str
EventTenantType: TypeAlias = Literal["APPLICATION", "ORGANISATION"] | str

Key: TypeAlias = str | bytes
"""A webhook's key, as the developer portal shows it."""


class EventData(Model, kw_only=True):
    """What an event tells of its record; only credit notes have it yet."""

    type: str | None = None
    status: str | None = None


class Event(Model, kw_only=True, rename="camel"):
    """Something happened to a record: which one and when, but not what. Fetch the record to know."""

    resource_url: str | None = None
    resource_id: str | None = None
    event_date_utc: DateTime | None = None
    event_type: EventType | None = None
    event_category: EventCategory | None = None
    tenant_id: str | None = None
    """What `Xero.tenant` takes; of a subscription event, the app's own id."""
    tenant_type: EventTenantType | None = None
    data: EventData | None = None
    sequence: int | None = None
    """Its number among the webhook's events, counted from the post's first; None where the post's count is odd."""


class Webhook(Model, kw_only=True, rename="camel"):
    """One post of Xero's: some events, or none when Xero only tries the signature."""

    events: list[Event] = field(default_factory=list[Event])
    first_event_sequence: int | None = None
    last_event_sequence: int | None = None
    entropy: str | None = None
    """Noise, so that no two signatures are alike."""

    def __post_init__(self) -> None:
        self.events = self.events or []  # a list that could not be read comes as None
        first, last = self.first_event_sequence, self.last_event_sequence
        if first is not None and last is not None and last - first + 1 == len(self.events):
            for number, event in enumerate(self.events, first):
                event.sequence = number


def verify(body: bytes, signature: str | bytes | None, key: Key | Iterable[Key]) -> bool:
    """Whether Xero signed a post, decided in constant time.

    `body` is the raw bytes of the post and `signature` its header `x-xero-signature`; whatever is no signature is
    False. Of several keys, as while one replaces another, any will do. Raises `InvalidArgument` for a body that is not
    bytes (JSON that was read and written again has another signature) and for a key that is empty.
    """
    return _matches(body, signature, _macs(key))


def sign(body: bytes, key: Key) -> str:
    """The signature that Xero would send with a body: for trying a receiver. Raises `InvalidArgument` as `verify`."""
    return _signature(_raw(body), _mac(key)).decode("ascii")


def parse(body: bytes) -> Webhook:
    """Read the events of a post that was verified.

    Values that Xero adds are taken as they are, and a field that is not as documented is repaired or None, and logged
    without its value. Raises `DecodeError`, with the place in the document, for what is no such post.
    """
    return decode(Webhook, body)


class Receiver:
    """Takes Xero's posts and hands their events, one by one and in order, to `deliver`.

    ```python
    queue: asyncio.Queue[Event] = asyncio.Queue(1000)
    app.router.add_post("/webhooks/xero", Receiver(key, queue.put).handle)
    ```

    `deliver` is awaited with each event. Once it has returned, the event is in your hands; so where events must outlive
    the process, let it store them durably. When it raises, or is not done `within` seconds after the post began, it is
    cancelled and Xero sends the rest again. `remember` is how many events are known when they come again, 0 for none.
    A body of more than `max_size` bytes is refused. Raises `InvalidArgument` for a key that `verify` would not take.
    """

    def __init__(
        self,
        key: Key | Iterable[Key],
        deliver: Callable[[Event], Awaitable[object]],
        *,
        within: float = 4.0,
        remember: int = 10_000,
        max_size: int = 2**20,
    ) -> None:
        if not 0 < within < ANSWER_WITHIN:
            raise InvalidArgument(f"Xero waits {ANSWER_WITHIN:g} seconds for its answer: `within` must be less")
        if remember < 0 or max_size < 1:
            raise InvalidArgument("`remember` cannot be negative, and `max_size` must be at least 1")
        self._macs = _macs(key)
        self._deliver = deliver
        self._within, self._remember, self._max_size = within, remember, max_size
        self._seen: dict[object, None] = {}
        # One post at a time: events keep their order, and one that comes twice at once is still seen to be the same.
        self._turn = asyncio.Lock()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a post: a handler for `aiohttp.web`. Middlewares must not put a body or cookies into the answer."""
        from aiohttp import web  # only a server needs it

        ends = self._ends()
        with suppress(RuntimeError):  # a middleware has read the body already; it is there to be read again
            request = request.clone(client_max_size=self._max_size)
        try:
            async with asyncio.timeout_at(ends):
                body = await request.read()
        except TimeoutError:
            return await _hang_up(request, web.Response(status=NOT_READ))
        except ConnectionError:
            return web.Response(status=CUT)  # nobody is there to read it
        except web.RequestPayloadError:  # cut short, or packed in a way that cannot be undone
            return await _hang_up(request, web.Response(status=CUT))
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=TOO_LARGE)
        return web.Response(status=await self._receive(body, request.headers.get(SIGNATURE_HEADER), ends))

    async def receive(self, body: bytes, signature: str | bytes | None) -> int:
        """Take a post under any other framework: the raw body and the header in, the status of an empty answer out.

        Does not raise for what was sent. Raises `InvalidArgument` for a body that is not bytes.
        """
        return await self._receive(body, signature, self._ends())

    def _ends(self) -> float:
        return asyncio.get_running_loop().time() + self._within

    async def _receive(self, body: bytes, signature: str | bytes | None, ends: float) -> int:
        if not _matches(body, signature, self._macs):
            _log.debug("a post with a wrong signature was refused")
            return UNSIGNED
        try:
            events = parse(body).events
        except DecodeError as error:
            _log.error("a signed post could not be read, and Xero will send it again: %s at %s", error, error.path)
            return UNREADABLE
        return RECEIVED if not events or await self._hand_over(events, ends) else NOT_DELIVERED

    async def _hand_over(self, events: list[Event], ends: float) -> bool:
        limit = asyncio.timeout_at(ends)
        try:
            async with limit, self._turn:
                for event in events:
                    await self._hand_over_once(event)
        except Exception as error:
            # Nothing that a `deliver` raises may take the post's other events along, nor pass for an answer.
            late = isinstance(error, TimeoutError) and limit.expired()
            _log.error(
                "events of a post could not be handed over%s, and Xero will send them again",
                " in time" if late else "",
                exc_info=None if late else error,
            )
            return False
        return True

    async def _hand_over_once(self, event: Event) -> None:
        identity = _identity(event)
        if identity in self._seen:
            return
        await self._deliver(event)
        if identity is not None and self._remember:
            while len(self._seen) >= self._remember:
                del self._seen[next(iter(self._seen))]
            self._seen[identity] = None


def _identity(event: Event) -> object:
    """What is the same when an event comes again; None where Xero did not number it."""
    if event.sequence is None:
        return None
    what = (event.resource_id, event.event_category, event.event_type, event.event_date_utc)
    return (event.sequence, event.tenant_id, *what)


async def _hang_up(request: web.Request, response: web.Response) -> web.Response:
    """Answer and end the connection at once, where aiohttp would still wait for the rest of the body."""
    response.force_close()
    with suppress(ConnectionError):
        await response.prepare(request)
        await response.write_eof()
    request.protocol.force_close()
    return response


# -- signatures -----------------------------------------------------------------------------------------------------


def _matches(body: object, signature: object, macs: Sequence[hmac.HMAC]) -> bool:
    raw = _raw(body)
    given = signature.encode("utf-8", "surrogatepass") if isinstance(signature, str) else signature
    if not isinstance(given, bytes):
        return False
    # Each key is tried, whatever came of those before, so that the time does not tell which one it was.
    return True in [hmac.compare_digest(given, _signature(raw, mac)) for mac in macs]


def _signature(body: bytes, mac: hmac.HMAC) -> bytes:
    keyed = mac.copy()
    keyed.update(body)
    return binascii.b2a_base64(keyed.digest(), newline=False)


def _raw(body: object) -> bytes:
    if not isinstance(body, (bytes, bytearray)):
        raise InvalidArgument("a webhook is verified over the raw bytes of its body, before they are read as anything")
    return bytes(body)


def _macs(key: Key | Iterable[Key]) -> list[hmac.HMAC]:
    """A code for each key, not yet fed: what is kept of a key, since unlike the key it cannot be shown."""
    keys = [key] if isinstance(key, (str, bytes)) else list(key or ())
    if not keys:
        raise InvalidArgument("there is no webhook key")
    return [_mac(one) for one in keys]


def _mac(key: Key) -> hmac.HMAC:
    # A key with half a character in it is the key of nobody; an error about it would carry it along.
    raw = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    if not raw or raw != raw.strip():
        raise InvalidArgument("a webhook key is not empty, and has no white space around it")
    return hmac.new(raw, digestmod="sha256")
