"""OpenTelemetry: a span for each call. It takes the extra `xero_async[opentelemetry]`, and is imported when it is used.

    from xero_async.telemetry import OpenTelemetry

    async with Xero(auth, telemetry=OpenTelemetry()) as xero: ...

A span lasts as long as its call, waits for turns and retries included, and is a child of the span that is current where
the call is awaited. Each attempt is an event in it. Names are those of the semantic conventions for HTTP clients, but
for `url.full`, which is left out: paths and queries hold ids, names and filters, and the template tells enough. No
span holds a token, a body or a message.
"""

# https://opentelemetry.io/docs/specs/semconv/http/http-spans/

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, TracerProvider, get_tracer
from opentelemetry.util.types import AttributeValue

from ._version import __version__
from .calls import Hook
from .outcomes import Attempt
from .wire.operation import Operation

__all__ = ["OpenTelemetry"]

_PORTS = {"https": 443, "http": 80}


class OpenTelemetry:
    """Makes a span of each call, by a tracer of the `provider`, or of the global one."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        self._tracer: Tracer = get_tracer("xero_async", __version__, provider)

    @contextmanager
    def call(self, operation: Operation[Any], tenant: str | None, base_url: str) -> Generator[Hook]:
        """A span around one call."""
        with self._tracer.start_as_current_span(
            f"{operation.method} {operation.root}{operation.path}",
            kind=SpanKind.CLIENT,
            attributes=_of_call(operation, tenant, base_url),
            # Messages may hold Xero's words about a customer, so only the class of an error is told.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield lambda attempt: _note(span, attempt)
            except BaseException as error:
                kind = type(error).__qualname__
                span.set_attribute("error.type", kind)
                span.set_status(Status(StatusCode.ERROR, kind))
                raise


def _of_call(operation: Operation[Any], tenant: str | None, base_url: str) -> dict[str, AttributeValue]:
    server = urlsplit(base_url)
    of_call: dict[str, AttributeValue | None] = {
        "http.request.method": operation.method,
        "url.template": operation.root + operation.path,
        "url.scheme": server.scheme,
        "server.address": server.hostname,
        "server.port": server.port or _PORTS.get(server.scheme),
        "xero.operation": operation.id,
        "xero.tenant_id": tenant,
    }
    return _present(of_call)


def _note(span: Span, attempt: Attempt) -> None:
    """Tell of an attempt: how the last one ended stands in the span itself."""
    of_attempt = _present(
        {
            "http.response.status_code": attempt.status,
            "http.request.resend_count": attempt.number - 1 or None,
            "http.request.body.size": attempt.sent,
            "http.response.body.size": attempt.received,
            "xero.correlation_id": attempt.correlation_id,
        }
    )
    span.set_attributes(of_attempt)
    of_event: dict[str, AttributeValue | None] = {
        "error.type": attempt.failure,
        "xero.waited": attempt.waited,
        "xero.seconds": attempt.seconds,
        "xero.next": attempt.next,
        "xero.wait": attempt.wait,
    }
    span.add_event("xero.attempt", of_attempt | _present(of_event))


def _present(attributes: dict[str, AttributeValue | None]) -> dict[str, AttributeValue]:
    return {name: value for name, value in attributes.items() if value is not None}
