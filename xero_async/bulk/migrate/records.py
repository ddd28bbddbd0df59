"""Records out of the documents of an archive, each with its place, and with whatever in it has no place today."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from ...models import Contact, Invoice
from ...network_v1.codec import V1Document, decode_v1
from ...wire import encode
from ...wire.errors import DecodeError, InvalidArgument
from .changes import Place, Stray
from .elements import Element, Frame, Piece, Unreadable, split
from .sources import UNPACKING, Source

__all__ = ["Around", "Bad", "Record", "damage", "read", "unread"]

_LISTS: Final = frozenset({"LineItems", "Addresses", "Phones", "Tracking", "Payments", "ValidationErrors"})
"""Elements of which each part is another item."""


class Record(Struct, frozen=True):
    """An invoice or a contact."""

    place: Place
    record: Invoice | Contact
    strays: list[Stray]
    digest: bytes
    """What tells it from every record that is not the same to the letter."""


class Bad(Struct, frozen=True):
    """A record that cannot be read, in a document that can."""

    place: Place
    kind: str
    number: str
    field: str
    reason: str


class Around(Struct, frozen=True):
    """What a document says beside its records; it comes last."""

    saved: datetime | None
    """When it was answered."""
    others: int
    """Accounts and tracking categories in it."""
    errors: list[str]
    """What v1 held against the whole of it."""
    strays: list[Stray]


def read(source: Source) -> Iterator[Record | Bad | Around]:
    """The records of a document, as they come. Raises `Unreadable` where it cannot be read."""
    position = 0
    try:
        with source.opened() as stream:
            for part in split(stream):
                if isinstance(part, Frame):
                    yield _around(part.element)
                    continue
                position += 1
                yield _record(part, Place(source.name, position, part.line, part.column))
    except UNPACKING as error:
        raise Unreadable(1, 1, damage(error)) from None
    except OSError as error:
        # A part of it may have been read, which would else count.
        raise Unreadable(1, 1, unread(error)) from None


def unread(error: OSError) -> str:
    """What keeps a file from being read."""
    return f"it cannot be read: {error.strerror or error}"


def damage(error: Exception) -> str:
    """What is wrong with something packed."""
    is_known = not isinstance(error, RuntimeError)
    return "it is packed, and damaged or cut off" if is_known else "it is packed in a way that is not known: unpack it"


def _record(piece: Piece, place: Place) -> Record | Bad:
    xml = piece.element.xml()
    number = piece.element.at(".InvoiceNumber" if piece.kind == "invoice" else ".Name")
    try:
        document = decode_v1(xml, strict=True)
        record = (document.invoices or document.contacts)[0]
        # NaN and its like are numbers to a reader, and to no writer.
        encode(record)
    except DecodeError as error:
        return Bad(place, piece.kind, number, (error.path or "").partition("].")[2], error.message.rpartition(": ")[2])
    except InvalidArgument as error:
        field, _, reason = error.message.removeprefix("$.").partition(" ")
        return Bad(place, piece.kind, number, field, reason)
    strays = [*_strays(document, piece.element), *_oddities(piece.element, "")]
    return Record(place, record, strays, blake2b(xml, digest_size=16).digest())


def _around(element: Element) -> Around:
    try:
        document = decode_v1(element.xml())
    except DecodeError:
        raise Unreadable(1, 1, f"this is no document of v1: its outermost element is {element.name}") from None
    others = len(document.accounts) + len(document.tracking)
    return Around(document.date_time_utc, others, document.errors, [*_strays(document, element)])


def _strays(document: V1Document, element: Element) -> Iterator[Stray]:
    for path in document.strays:
        prefix = f"{element.name}."
        told = path.removeprefix(prefix)
        yield Stray(told, element.at(f".{told}"))


def _oddities(element: Element, path: str) -> Iterator[Stray]:
    """What the reader of the record passes over: elements that come twice, and text beside elements."""
    is_list = element.name in _LISTS
    seen: dict[str, Element] = {}
    for place, part in enumerate(element.parts):
        told = f"{path}[{place}]" if is_list else f"{path}.{part.name}" if path else part.name
        if not is_list and (before := seen.get(part.name)) is not None and before.all_text() != part.all_text():
            yield Stray(f"{told} (the first of two)", before.all_text())
        seen[part.name] = part
        yield from _oddities(part, told)
    if element.parts and element.text.strip():
        yield Stray(path or element.name, element.text.strip())
