"""What a call of each operation takes, sends and gives back, worked out from the facts alone.

Every argument has a value of its own, so that two that change places are seen. Nothing here is read from the table;
models are only constructed, and their fields looked up by Xero's names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple, cast
from uuid import UUID

from facts import ENUMS, SCHEMAS, OperationFact, Property
from msgspec.structs import fields
from recording import Organisation, Recorder

from xero_async import models
from xero_async.apis.rows import Resource
from xero_async.models import Model

__all__ = [
    "COROUTINES",
    "FINER",
    "REQUIRED",
    "Sample",
    "Sent",
    "ids_of",
    "key_of",
    "keyword",
    "named_coroutines",
    "parameters_of",
    "record_in",
    "record_of",
    "sample",
    "sent",
    "takes",
]

FINER = {
    ("getBudgets", "IDs"): "array<uuid>",
    ("getPurchaseOrders", "DateFrom"): "date",
    ("getPurchaseOrders", "DateTo"): "date",
}
"""Parameters that are more than the text for which the description takes them."""

REQUIRED = {"contactId"}
"""Query parameters without which Xero answers nothing."""

AUCKLAND = timezone(timedelta(hours=13))


# -- how it looks from Python ---------------------------------------------------------------------------------------


def named_coroutines(part: Resource, name: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every coroutine of a resource and of those mounted in it, with the attributes that lead to it."""
    names = {name for kind in type(part).__mro__ for name in vars(kind) if not name.startswith("_")}
    for each in sorted(names):
        member = getattr(part, each)
        if isinstance(member, Resource):
            yield from named_coroutines(member, f"{name}{each}.")
        elif hasattr(member, "operation"):
            yield name + each, member


COROUTINES: dict[str, str] = {
    call.operation.id: name  # type: ignore[attr-defined]  # set at run time
    for name, call in named_coroutines(Organisation(Recorder()))
    # These are the downloads once more, into a file.
    if not name.rpartition(".")[2].startswith("save")
}
"""The Python name of each operation, such as `invoices.attachments.upload`."""


def keyword(name: str) -> str:
    """What a parameter must be called in Python."""
    known = {
        "If-Modified-Since": "modified_since",
        "Idempotency-Key": "idempotency_key",
        "Content-Type": "content_type",
    }
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name.replace("IDs", "Ids").replace("ID", "Id"))
    return known.get(name) or spaced.lower()


def ids_of(fact: OperationFact) -> list[str]:
    """The names in the path, in order."""
    names: list[str] = re.findall(r"\{(\w+)\}", fact.path)
    return names


def takes(fact: OperationFact) -> list[str]:
    """What a call takes behind the ids."""
    if fact.sends is None:
        return []
    if fact.sends in ("bytes", "HistoryRecords"):
        return ["content"] if fact.sends == "bytes" else ["note"]
    envelope = record_in(fact.sends)
    properties = set(SCHEMAS[envelope or fact.sends])
    if properties <= {"Status"}:
        return []
    if len(properties) == 2 and "Status" in properties and fact.sends.endswith("Delete"):
        return ["ids"] if envelope else ["id"]
    # To a record of its own, Xero takes the change of that record alone, though in an envelope.
    return ["records"] if envelope and not fact.path.endswith("}") else ["record"]


# -- samples --------------------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """A value in Python, and the same in JSON."""

    python: Any
    json: Any


def record_in(schema: str) -> str | None:
    """The schema of the records in an envelope; None for what is no envelope."""
    inside = [fact.type for name, fact in SCHEMAS[schema].items() if name not in ("pagination", "Warnings")]
    if len(inside) == 1 and inside[0].startswith("array<"):
        return inside[0][6:-1]
    return None


def key_of(envelope: str) -> str:
    """The name under which an envelope holds its records."""
    return next(name for name in SCHEMAS[envelope] if name not in ("pagination", "Warnings"))


def model(schema: str) -> type[Model]:
    """The struct of a schema."""
    found: type[Model] = getattr(models, schema)
    return found


def record_of(schema: str, depth: int = 1) -> Sample:
    """A record with every property set, and such records in it down to a depth."""
    values = {name: _value(fact, f"{schema}.{name}", depth) for name, fact in SCHEMAS[schema].items()}
    kind = model(schema)
    python = {field.encode_name: field.name for field in fields(kind)}
    present = {name: value for name, value in values.items() if value is not None}
    return Sample(
        kind(**{python[name]: value.python for name, value in present.items()}),
        {name: value.json for name, value in present.items()},
    )


def _value(fact: Property, place: str, depth: int) -> Sample | None:
    if fact.type.startswith("array<"):
        item = _value(Property(fact.type[6:-1]), place, depth)
        return item and Sample([item.python], [item.json])
    if fact.type in SCHEMAS:
        return record_of(fact.type, depth - 1) if depth else None
    if values := fact.enum or ENUMS.get(fact.type):
        return Sample(values[0], values[0])
    if fact.type == "string":
        return Sample(place, place)
    return _VALUES[fact.type]


_VALUES = {
    "uuid": Sample("243216c5-369e-4056-ac67-05388f86dc81", "243216c5-369e-4056-ac67-05388f86dc81"),
    "decimal": Sample(Decimal("148062.760"), Decimal("148062.760")),
    "integer": Sample(12, 12),
    "boolean": Sample(True, True),
    "msdate": Sample(date(2026, 1, 31), "2026-01-31"),
    "msdate-time": Sample(datetime(2026, 1, 31, 12, 30, 15, tzinfo=UTC), "2026-01-31T12:30:15Z"),
}


def sample(name: str, kind: str, position: int) -> Sample:
    """A value of a parameter and its text on the wire; `position` makes it unlike those beside it."""
    if kind.startswith("array<"):
        items = [sample(f"{name} {number}", kind[6:-1], position * 10 + number) for number in (1, 2)]
        return Sample([item.python for item in items], ",".join(str(item.json) for item in items))
    number, day, id = 10 + position, date(2026, 1, 1) + timedelta(days=position), UUID(int=position + 1)
    samples = {
        "string": Sample(f"{name} = A&B (é+1)", f"{name} = A&B (é+1)"),
        "boolean": Sample(True, "true"),
        "integer": Sample(4, "4") if name == "unitdp" else Sample(number, str(number)),
        "date": Sample(day, day.isoformat()),
        "date-time": Sample(datetime(2026, 1, 31, 12, 30, 15, 999, tzinfo=AUCKLAND), "2026-01-30T23:30:15"),
        # Either will do.
        "uuid": Sample(id if position % 2 else str(id), str(id)),
    }
    return samples[kind]


# -- calls ----------------------------------------------------------------------------------------------------------


class Sent(NamedTuple):
    """A call, and the request that it must make."""

    arguments: list[Any]
    keywords: dict[str, Any]
    segments: list[str]
    """The path below the root of the API, segment by segment."""
    query: dict[str, str]
    headers: dict[str, str]
    """In lower case. An idempotency key without a value is one that the client makes."""
    body: object
    """Bytes as they are, JSON as it is read, or None."""


def parameters_of(id: str, fact: OperationFact) -> dict[str, str]:
    """The query and header parameters of an operation with their types."""
    # An upload's content type is a header of HTTP's own, which the description leaves to HTTP.
    known = fact.query | fact.headers | ({"Content-Type": "string"} if fact.sends == "bytes" else {})
    return {name: FINER.get((id, name), kind) for name, kind in known.items()}


def sent(id: str, fact: OperationFact, *, full: bool) -> Sent:
    """A call of an operation: `full` with every parameter, else with those alone that it needs."""
    ids = {name: _id(name, kind, position) for position, (name, kind) in enumerate(fact.ids.items())}
    segments = [str(ids[part[1:-1]].json) if part.startswith("{") else part for part in fact.path.split("/")[1:]]
    body = _body(fact)
    headers = {"accept": _accepted(fact)}
    if fact.sends is not None:
        headers["content-type"] = "application/pdf" if fact.sends == "bytes" else "application/json"
    if "Idempotency-Key" in fact.headers:
        headers["idempotency-key"] = ""
    if "contentType" in fact.headers:
        headers["contenttype"] = "application/octet-stream"
    # What the client says of itself: pages by number, and errors element by element.
    query = {"page": "1"} if "page" in fact.query else {}
    if "summarizeErrors" in fact.query:
        query["summarizeErrors"] = "false"
    keywords: dict[str, Any] = {}
    for position, (name, kind) in enumerate(parameters_of(id, fact).items()):
        if not full and name not in REQUIRED:
            continue
        value = _header_value(name) if name in ("contentType", "Content-Type") else sample(name, kind, position)
        if name == "Idempotency-Key":
            value = Sample("a key of mine", "a key of mine")
        keywords[keyword(name)] = value.python
        if name in fact.query:
            query[name] = str(value.json)
        else:
            headers[name.lower()] = str(value.json)
    arguments = [ids[name].python for name in ids_of(fact)] + [body.python for _ in takes(fact)]
    return Sent(arguments, keywords, segments, query, headers, body.json)


def _header_value(name: str) -> Sample:
    return Sample(f"image/{name.lower()}", f"image/{name.lower()}")


def _id(name: str, kind: str, position: int) -> Sample:
    if name == "FileName":
        return Sample("a #&%()é+b.pdf", "a #&%()é+b.pdf")
    if kind == "integer":
        return Sample("42", "42")
    return sample(name, kind, position)


def _accepted(fact: OperationFact) -> str:
    if fact.returns != "bytes":
        return "application/json"
    return "application/pdf" if fact.path.endswith("/pdf") else "*/*"


def _body(fact: OperationFact) -> Sample:
    """What a call takes behind the ids, and the body that it must send."""
    if fact.sends is None:
        return Sample(None, None)
    if fact.sends == "bytes":
        return Sample(bytes(range(256)), bytes(range(256)))
    envelope = record_in(fact.sends)
    of = record_of(envelope or fact.sends)
    bodies: dict[tuple[str, ...], Callable[[], Sample]] = {
        ("note",): lambda: Sample("called é", [{"Details": "called é"}]),
        ("records",): lambda: Sample([of.python, of.python], [of.json, of.json]),
        ("record",): lambda: Sample(of.python, [of.json] if envelope else of.json),
        ("ids",): lambda: Sample(["x", UUID(int=7)], [_deleted(envelope, "x"), _deleted(envelope, str(UUID(int=7)))]),
        ("id",): lambda: Sample("x", _deleted(fact.sends, "x")),
        # An email wants nothing said; what is left are the ways to delete by POST.
        (): lambda: Sample(None, {} if fact.sends == "RequestEmpty" else {"Status": "DELETED"}),
    }
    body = bodies[tuple(takes(fact))]()
    return Sample(body.python, {key_of(fact.sends): body.json}) if envelope else body


def _deleted(schema: str | None, id: str) -> object:
    (name,) = set(SCHEMAS[cast("str", schema)]) - {"Status"}
    return {name: id, "Status": "DELETED"}
