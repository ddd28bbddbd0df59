"""Spans of calls, as an exporter of OpenTelemetry's own sees them."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from scripted import Reply, scripted

from xero_async import Contact, NotFound, RetryPolicy, StaticToken, Xero
from xero_async.telemetry import OpenTelemetry

ID = "7d0f2a3e-1c1d-4a8b-9b36-0a2f3c4d5e6f"
QUICK = RetryPolicy(base=0.005, cap=0.02)
GOOD = Reply(body=b'{"Status":"OK","Contacts":[{"ContactID":"c"}]}', headers={"Xero-Correlation-Id": "c-1"})


class Watched:
    """A provider whose spans can be read."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.telemetry = OpenTelemetry(self.provider)

    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended."""
        return self._exporter.get_finished_spans()


async def test_a_call_is_one_span_with_an_event_for_each_attempt() -> None:
    """A read that is answered at its second attempt is one client span, within the span of its caller."""
    watched = Watched()
    async with (
        scripted([Reply(status=502), GOOD]) as server,
        Xero(StaticToken("t"), base_url=server.base_url, retry=QUICK, telemetry=watched.telemetry) as xero,
    ):
        with watched.provider.get_tracer("test").start_as_current_span("caller"):
            await xero.tenant("tenant").contacts.get(ID)
        port = int(server.base_url.rpartition(":")[2])
    call, caller = watched.spans()
    assert (call.name, call.kind) == ("GET /api.xro/2.0/Contacts/{ContactID}", SpanKind.CLIENT)
    assert call.parent is not None
    assert call.parent == caller.get_span_context()
    assert call.status.status_code is StatusCode.UNSET
    assert dict(call.attributes or {}) == {
        "http.request.method": "GET",
        "url.template": "/api.xro/2.0/Contacts/{ContactID}",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": port,
        "xero.operation": "getContact",
        "xero.tenant_id": "tenant",
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
        "http.request.body.size": 0,
        "http.response.body.size": len(GOOD.body),
        "xero.correlation_id": "c-1",
    }
    told = [dict(event.attributes or {}) for event in call.events]
    assert [(event["http.response.status_code"], event["xero.next"]) for event in told] == [
        (502, "wait"),
        (200, "value"),
    ]


async def test_an_error_ends_its_span_with_its_class_alone() -> None:
    """A span says which error ended its call, and how an attempt without an answer ended."""
    watched = Watched()
    once = RetryPolicy(attempts=1)
    replies = [Reply(status=404, body=b"no such customer"), Reply(drop=True)]
    async with (
        scripted(replies) as server,
        Xero(StaticToken("t"), base_url=server.base_url, retry=once, telemetry=watched.telemetry) as xero,
    ):
        tenant = xero.tenant("tenant")
        with pytest.raises(NotFound):
            await tenant.contacts.get(ID)
        await asyncio.gather(tenant.contacts.create([Contact(name="x")]), return_exceptions=True)
    ends = [(span.status.status_code, span.status.description) for span in watched.spans()]
    assert ends == [(StatusCode.ERROR, "NotFound"), (StatusCode.ERROR, "OutcomeUnknown")]
    assert [dict(span.attributes or {})["error.type"] for span in watched.spans()] == ["NotFound", "OutcomeUnknown"]
    assert dict(watched.spans()[1].events[0].attributes or {})["error.type"] == "dropped"


async def test_no_span_holds_a_secret_or_a_customer() -> None:
    """Token, body, id, filter and Xero's own words are in no span."""
    watched = Watched()
    page = Reply(status=400, body=b'{"Type":"ValidationException","Message":"Jane Roe is archived"}')
    async with (
        scripted([page]) as server,
        Xero(StaticToken("s3cr3t"), base_url=server.base_url, telemetry=watched.telemetry) as xero,
    ):
        tenant = xero.tenant("tenant")
        calls = (
            tenant.contacts.list(where='Name=="Jane Roe"').pages().__anext__(),
            tenant.contacts.get(ID),
            tenant.contacts.create([Contact(name="Jane Roe")]),
        )
        await asyncio.gather(*calls, return_exceptions=True)
    text = "".join(span.to_json() for span in watched.spans())
    assert len(watched.spans()) == 3
    assert not [word for word in ("s3cr3t", "Jane", ID, "where") if word in text]


def test_opentelemetry_is_imported_only_when_used() -> None:
    """The package loads without it."""
    script = "import sys, xero_async; print('opentelemetry' in sys.modules, 'xero_async.telemetry' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "False"]
