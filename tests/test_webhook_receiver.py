"""Webhooks, over real sockets: the answers that Xero wants, in time, and no event lost or doubled on the way."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from aiohttp import ClientSession, web
from hooks import KEY, OTHER, event, post

from xero_async.webhooks import SIGNATURE_HEADER, Event, Receiver, parse, sign, verify
from xero_async.wire.errors import DecodeError, InvalidArgument

STRANGER = "a str4nger's key"


class Hook:
    """Xero's end of a webhook: it signs and posts."""

    def __init__(self, session: ClientSession, url: str, port: int) -> None:
        self.session, self.url, self.port = session, url, port

    async def __call__(self, body: bytes, signature: str | None = None) -> int:
        """Post a body, signed rightly where nothing else is said, and return the status of an answer with no body."""
        headers = {SIGNATURE_HEADER: sign(body, KEY) if signature is None else signature}
        async with self.session.post(self.url, data=body, headers=headers) as response:
            assert await response.read() == b""
            assert "Set-Cookie" not in response.headers
            return response.status


@asynccontextmanager
async def serving(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], **options: Any
) -> AsyncGenerator[Hook]:
    """A server on loopback with the handler as the README mounts it."""
    app = web.Application(**options)
    app.router.add_post("/webhooks/xero", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    _, port = runner.addresses[0][:2]
    try:
        async with ClientSession() as session:
            yield Hook(session, f"http://127.0.0.1:{port}/webhooks/xero", port)
    finally:
        await runner.cleanup()


class Taken:
    """A `deliver` that keeps what it is given, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.events: list[Event] = []
        self._failures = failures

    async def __call__(self, event: Event, /) -> None:
        """Take an event, or fail."""
        await asyncio.sleep(0)
        if self._failures:
            self._failures -= 1
            raise OSError("the disk is full")
        self.events.append(event)

    @property
    def numbers(self) -> list[int]:
        """The numbers in the ids of the records, in the order in which they came."""
        return [int((event.resource_id or "")[-12:]) for event in self.events]


# -- the handler ----------------------------------------------------------------------------------------------------


async def test_the_intent_to_receive() -> None:
    """Xero's trial of a new webhook, right and wrong signatures by turns, is answered with an empty 200 or 401."""
    queue: asyncio.Queue[Event] = asyncio.Queue()
    async with serving(Receiver(KEY, queue.put).handle) as hook:
        for turn in range(6):
            body = post(entropy=f"turn-{turn}")
            started = monotonic()
            assert await hook(body) == 200
            assert await hook(body, sign(body, OTHER)) == 401
            assert await hook(body, sign(body + b" ", KEY)) == 401
            assert await hook(body, "") == 401
            assert monotonic() - started < 5
        async with hook.session.post(hook.url, data=post()) as unsigned:
            assert (unsigned.status, await unsigned.read()) == (401, b"")
    assert queue.empty()


async def test_the_intent_to_receive_with_a_full_queue() -> None:
    """A post without events asks for no room, so a webhook can be turned on while events wait for theirs."""
    queue: asyncio.Queue[Event] = asyncio.Queue(1)
    async with serving(Receiver(KEY, queue.put, within=0.3).handle) as hook:
        waiting = asyncio.create_task(hook(post(1, 2)))
        await asyncio.sleep(0.1)
        assert await hook(post()) == 200
        assert not waiting.done()
        assert await waiting == 503


async def test_events_come_to_the_queue() -> None:
    """Events are in the queue, in their order, when Xero is told that they arrived; those of a wrong post never."""
    queue: asyncio.Queue[Event] = asyncio.Queue()
    async with serving(Receiver([OTHER, KEY], queue.put).handle) as hook:
        assert await hook(post(1, 2, 3)) == 200
        assert await hook(post(4), sign(post(4), STRANGER)) == 401
        assert await hook(post(5), sign(post(5), OTHER)) == 200
        assert [queue.get_nowait().sequence for _ in range(queue.qsize())] == [1, 2, 3, 5]


async def test_a_full_queue() -> None:
    """A full queue is answered with 503 in time; when there is room, Xero's next try brings what was missing, once."""
    queue: asyncio.Queue[Event] = asyncio.Queue(2)
    async with serving(Receiver(KEY, queue.put, within=0.1).handle) as hook:
        started = monotonic()
        assert await hook(post(1, 2, 3)) == 503
        assert monotonic() - started < 5
        assert [queue.get_nowait().sequence for _ in range(2)] == [1, 2]
        assert await hook(post(1, 2, 3, entropy="another")) == 200
        assert [queue.get_nowait().sequence for _ in range(queue.qsize())] == [3]


async def test_a_queue_smaller_than_a_post() -> None:
    """A post with more events than the queue holds passes through it while somebody takes them out."""
    queue: asyncio.Queue[Event] = asyncio.Queue(1)
    taken: list[int | None] = []

    async def work() -> None:
        while True:
            taken.append((await queue.get()).sequence)

    worker = asyncio.create_task(work())
    async with serving(Receiver(KEY, queue.put).handle) as hook:
        assert await hook(post(*range(1, 51))) == 200
    worker.cancel()
    assert taken + [queue.get_nowait().sequence for _ in range(queue.qsize())] == list(range(1, 51))


async def test_a_deliver_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """What `deliver` raises is answered with 503 and logged, and the events come with Xero's next try."""
    taken = Taken(failures=2)
    async with serving(Receiver(KEY, taken).handle) as hook:
        assert [await hook(post(1, 2)) for _ in range(3)] == [503, 503, 200]
    assert taken.numbers == [1, 2]
    assert caplog.text.count("OSError: the disk is full") == 2


@pytest.mark.parametrize("pause", [60.0, 0.0])
async def test_a_deliver_that_is_late(pause: float, caplog: pytest.LogCaptureFixture) -> None:
    """A `deliver` that is not done in time is cancelled for a 503; an error about time of its own is logged as such."""

    async def late(_: Event) -> None:
        await asyncio.sleep(pause)
        raise TimeoutError("the database did not answer")

    async with serving(Receiver(KEY, late, within=0.1).handle) as hook:
        assert await hook(post(1)) == 503
    assert ("the database did not answer" in caplog.text) is (pause == 0)
    assert ("in time, and Xero" in caplog.text) is (pause > 0)


async def test_an_event_that_comes_again() -> None:
    """An event that Xero sends again is handed over once, be the post around it another."""
    taken = Taken()
    async with serving(Receiver(KEY, taken).handle) as hook:
        for body in (post(1, 2), post(1, 2), post(1, 2, entropy="another"), post(2, 3)):
            assert await hook(body) == 200
    assert taken.numbers == [1, 2, 3]


async def test_a_post_that_comes_twice_at_once() -> None:
    """Two copies of a post at the same time are one, and neither is answered before its events are handed over."""
    taken = Taken()
    async with serving(Receiver(KEY, taken).handle) as hook:
        statuses = await asyncio.gather(*(hook(post(1, 2, 3)) for _ in range(8)))
    assert statuses == [200] * 8
    assert taken.numbers == [1, 2, 3]


async def test_posts_that_wait_for_each_other() -> None:
    """A post that stalls another one's events holds up no answer: both are told in time to come again."""

    async def late(_: Event) -> None:
        await asyncio.sleep(60)

    async with serving(Receiver(KEY, late, within=0.2).handle) as hook:
        started = monotonic()
        assert await asyncio.gather(*(hook(post(number)) for number in range(1, 6))) == [503] * 5
        assert monotonic() - started < 2


async def test_a_server_that_is_stopped() -> None:
    """A post that is cancelled half way was not answered, and brings the rest of its events when it comes again."""
    queue: asyncio.Queue[Event] = asyncio.Queue(1)
    receiver, body = Receiver(KEY, queue.put), post(1, 2)
    first = asyncio.create_task(receiver.receive(body, sign(body, KEY)))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert queue.get_nowait().sequence == 1
    assert await receiver.receive(body, sign(body, KEY)) == 200
    assert [queue.get_nowait().sequence for _ in range(queue.qsize())] == [2]


@pytest.mark.parametrize(
    "changes",
    [
        {"eventType": "CREATE"},
        {"eventCategory": "INVOICE"},
        {"eventDateUtc": "2024-06-21T01:15:39.903"},
        {"tenantId": "aef86862-2015-4b6b-88bc-d89032cecc50"},
        {"resourceId": "717f2bfc-c6d4-41fd-b238-000000000002"},
    ],
)
async def test_another_event_of_the_same_number(changes: dict[str, Any]) -> None:
    """The number alone makes no event the same: a webhook that was made anew counts from the beginning."""
    taken = Taken()
    receiver = Receiver(KEY, taken)
    for body in (post(1), post(1, **changes)):
        assert await receiver.receive(body, sign(body, KEY)) == 200
    assert len(taken.events) == 2


async def test_the_same_event_under_another_number() -> None:
    """Two events of one moment that Xero counts as two are two."""
    taken = Taken()
    receiver = Receiver(KEY, taken)
    for body in (post(1, first=10), post(1, first=11)):
        assert await receiver.receive(body, sign(body, KEY)) == 200
    assert taken.numbers == [1, 1]


async def test_events_without_a_number() -> None:
    """Events that the post does not number may come twice, rather than not at all."""
    taken = Taken()
    receiver, body = Receiver(KEY, taken), json.dumps({"events": [event(1)]}).encode()
    assert [await receiver.receive(body, sign(body, KEY)) for _ in range(2)] == [200, 200]
    assert taken.numbers == [1, 1]


@pytest.mark.parametrize(("remember", "again"), [(0, [1, 2, 3]), (2, [1, 2, 3]), (3, [])])
async def test_the_memory_has_an_end(remember: int, again: list[int]) -> None:
    """So many events are remembered and no more, the oldest being forgotten first; none with 0."""
    taken = Taken()
    receiver = Receiver(KEY, taken, remember=remember)
    body = post(1, 2, 3)
    assert [await receiver.receive(body, sign(body, KEY)) for _ in range(2)] == [200, 200]
    assert taken.numbers == [1, 2, 3, *again]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
async def test_a_signed_post_that_is_none(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A post with a right signature that cannot be read is not waved through: it is logged, and Xero sends it again."""
    async with serving(Receiver(KEY, Taken()).handle) as hook:
        assert await hook(body) == 500
    assert "at $" in caplog.text


@pytest.mark.parametrize(
    "options", [{"within": 0}, {"within": 5}, {"within": float("nan")}, {"remember": -1}, {"max_size": 0}]
)
def test_refused_options(options: dict[str, Any]) -> None:
    """A receiver that would answer late, or take nothing, is refused when it is made."""
    with pytest.raises(InvalidArgument):
        Receiver(KEY, Taken(), **options)


# -- bodies ---------------------------------------------------------------------------------------------------------


async def raw_post(
    hook: Hook, head: str, body: bytes, *, leave: bool = False, then: bytes = b""
) -> tuple[bytes, float]:
    """Post through a bare socket; return all that is answered until the connection ends, and the seconds it took."""
    started = monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", hook.port)
    lines = ["POST /webhooks/xero HTTP/1.1", "Host: localhost", f"{SIGNATURE_HEADER}: {sign(body, STRANGER)}", head]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    if then:
        await asyncio.sleep(0.05)
        writer.write(then)
    if leave:
        writer.transport.abort()
        return b"", 0.0
    answer = await reader.read()
    writer.close()
    return answer, monotonic() - started


@pytest.mark.parametrize(
    ("head", "body"),
    [("Content-Length: 500", b"{"), ("Content-Length: 1", b""), ("Transfer-Encoding: chunked", b"5\r\n{")],
)
async def test_a_body_that_stalls(head: str, body: bytes) -> None:
    """A body that does not come is waited for no longer than there is time to answer, and the connection ends."""
    async with serving(Receiver(KEY, Taken(), within=0.2).handle) as hook:
        answer, seconds = await raw_post(hook, head, body)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"\r\n\r\n")
    assert 0.15 < seconds < 2


@pytest.mark.parametrize("client_max_size", [0, 10, 2**20])
async def test_a_body_that_is_too_large(client_max_size: int) -> None:
    """A body beyond the receiver's own bound is refused, and one within it taken, whatever bound the server has."""
    taken = Taken()
    small, large = post(1), post(*range(2, 10))
    receiver = Receiver(KEY, taken, max_size=len(small))
    async with serving(receiver.handle, client_max_size=client_max_size) as hook:
        assert await hook(small) == 200
        assert await hook(large) == 413
        chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(large), large)
        answer, _ = await raw_post(hook, "Connection: close\r\nTransfer-Encoding: chunked", chunks)
        assert answer.startswith(b"HTTP/1.1 413 ")
    assert taken.numbers == [1]


async def test_a_body_that_was_read_before() -> None:
    """A middleware that reads the body first does not take it away."""

    @web.middleware
    async def curious(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        await request.read()
        return await handler(request)

    taken = Taken()
    async with serving(Receiver(KEY, taken).handle, middlewares=[curious]) as hook:
        assert await hook(post(1)) == 200
        assert await hook(b"", sign(b"", OTHER)) == 401
    assert taken.numbers == [1]


async def test_a_client_that_leaves(caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes away within its body leaves no event, no error and a receiver that goes on."""
    taken = Taken()
    async with serving(Receiver(KEY, taken, within=0.2).handle) as hook:
        await raw_post(hook, "Content-Length: 500", b"{", leave=True)
        await asyncio.sleep(0.1)
        assert await hook(post(1)) == 200
    assert taken.numbers == [1]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_body_that_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    """Chunks that become none in the midst of a body are no event and no error in the log."""
    taken = Taken()
    async with serving(Receiver(KEY, taken, within=0.5).handle) as hook:
        await raw_post(hook, "Transfer-Encoding: chunked", b"1\r\n{\r\n", then=b"zz\r\n")
    assert taken.numbers == []
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_body_that_cannot_be_unpacked(caplog: pytest.LogCaptureFixture) -> None:
    """What only says that it is gzip is refused with an empty answer, and fills no log with tracebacks."""
    async with serving(Receiver(KEY, Taken()).handle) as hook:
        answer, _ = await raw_post(hook, "Content-Encoding: gzip\r\nContent-Length: 5", b"plain")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_no_framework() -> None:
    """Under another framework, the raw body and the header make the status."""
    taken = Taken()
    receiver = Receiver(KEY, taken)
    assert await receiver.receive(post(1), sign(post(1), KEY)) == 200
    assert await receiver.receive(post(2), None) == 401
    assert taken.numbers == [1]
    text: Any = post(1).decode()
    with pytest.raises(InvalidArgument, match="raw bytes"):
        await receiver.receive(text, "")


# -- what is not shown ----------------------------------------------------------------------------------------------


async def test_the_key_is_found_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """No key, no body and no signature is in a repr, an error or the log, whatever is posted."""
    caplog.set_level(logging.DEBUG)
    receiver = Receiver([KEY, OTHER], Taken(failures=1), within=0.2)
    async with serving(receiver.handle) as hook:
        for body in (post(1), post(1), post(), b"[]", b"{"):
            await hook(body)
            await hook(body, sign(body, STRANGER))
        await raw_post(hook, "Content-Length: 5", b"")
    seen = [repr(receiver), repr(receiver.handle), repr(vars(receiver)), caplog.text]
    for argument in ("{}", post(1).decode()):
        unread: Any = argument
        with pytest.raises(InvalidArgument) as caught:
            verify(unread, KEY, KEY)
        seen.append(f"{caught.value!r} {caught.value.__context__!r}")
    with pytest.raises(DecodeError) as unreadable:
        parse(b'["S0m3r4Nd0mt3xt"]')
    seen.append(f"{unreadable.value!r} {unreadable.value.body!r}")
    secrets = [KEY, OTHER, "S0m3r4Nd0mt3xt", sign(post(1), KEY), sign(post(1), STRANGER)]
    assert [secret for secret in secrets if secret in "\n".join(seen)] == []
