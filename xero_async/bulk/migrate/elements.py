"""XML of v1 as a stream: one record after the other, each with the place where it stands.

A document may be larger than memory. So it is read in pieces, and as soon as an invoice or a contact has ended it is
handed on, as XML of its own, to the reader that all of v1 shares. What stands around the records (the answer's status,
errors, accounts) is kept, without the records, until the end. What is read goes through defusedxml, and nothing may
be endless: neither the nesting, nor a record, nor what stands around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, Final, Literal, TypeAlias
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

from ...wire.errors import DecodeError
from ...wire.xml import DEEPEST, NAMESPACES, require_defused

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

__all__ = ["LONGEST", "Element", "Frame", "Piece", "Unreadable", "split"]

Kind: TypeAlias = Literal["invoice", "contact"]

KINDS: Final[Mapping[str, Kind]] = {"Invoice": "invoice", "Contact": "contact"}
"""The elements that are records, where they are not within one."""
STEP: Final = 1 << 16
"""Bytes that are read at once."""
LONGEST: Final = 16 << 20
"""Characters of a record, and of what stands around all of them: far more than Xero ever wrote."""
MOST: Final = 300_000
"""Elements of a record, and around all of them."""
_KEPT: Final = {"\r": "&#13;"}
"""What a reader would take for the end of a line."""
_XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"


class Unreadable(Exception):
    """XML that cannot be read, with the place and the reason."""

    def __init__(self, line: int, column: int, reason: str) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.line, self.column, self.reason = line, column, reason


class Element:
    """An element with its parts."""

    __slots__ = ("attributes", "name", "parts", "texts")

    def __init__(self, name: str, attributes: str = "") -> None:
        self.name, self.attributes = name, attributes
        self.parts: list[Element] = []
        self.texts: list[str] = []

    @property
    def text(self) -> str:
        """What it holds, where it holds no elements."""
        return "".join(self.texts)

    def xml(self) -> bytes:
        """It as a document of its own."""
        pieces: list[str] = []
        self._write(pieces, NAMESPACES)
        return "".join(pieces).encode("utf-8", "replace")

    def _write(self, pieces: list[str], more: str = "") -> None:
        pieces.append(f"<{self.name}{more}{self.attributes}>")
        pieces.append(escape(self.text, _KEPT))
        for part in self.parts:
            part._write(pieces)
        pieces.append(f"</{self.name}>")

    def at(self, path: str) -> str:
        """The text at a path such as `Invoice.LineItems[2].Code`, this element included; empty where there is none."""
        found: Element | None = self
        for step in path.split(".")[1:]:
            name, _, place = step.partition("[")
            found = next((part for part in reversed(found.parts) if part.name == name), None) if found else None
            if found is not None and place:
                at = int(place.rstrip("]"))
                found = found.parts[at] if at < len(found.parts) else None
        return " ".join(found.all_text().split()) if found is not None else ""

    def all_text(self) -> str:
        """The text of all that it holds."""
        return " ".join([self.text, *(part.all_text() for part in self.parts)]).strip()


class Piece(Struct, frozen=True):
    """A record."""

    kind: Kind
    element: Element
    line: int
    """Where it begins, from 1."""
    column: int
    """From 1."""


class Frame(Struct, frozen=True):
    """What stands around the records of a document; it comes last."""

    element: Element


def split(stream: IO[bytes]) -> Iterator[Piece | Frame]:
    """The records of a document as they come, and at the end what stands around them.

    Raises `Unreadable` where it is no XML, is cut off, has a document type or entities, or something without end;
    `ModuleNotFoundError` where defusedxml is not installed; and what reading the stream raises.
    """
    splitter = _Splitter()
    parser = _parser(splitter)
    splitter.places = parser.parser
    try:
        while chunk := stream.read(STEP):
            parser.feed(chunk)
            splitter.heed(len(chunk))
            yield from splitter.taken()
        parser.close()
    except ParseError as error:
        line, column = error.position
        raise Unreadable(line, column + 1, str(error).partition(": line")[0]) from None
    except DecodeError as error:
        raise splitter.unreadable(error.message) from None
    # defusedxml's refusals are ValueErrors; an encoding that Python does not know is a LookupError.
    except (ValueError, LookupError):
        raise splitter.unreadable("it is in an unknown encoding, or has a document type or entities") from None
    yield from splitter.taken()
    if splitter.frame is not None:
        yield Frame(splitter.frame)


def _parser(target: _Splitter) -> Any:  # Any: defusedxml's parser is a subclass of one that is known by two names
    return require_defused()(target=target, forbid_dtd=True)


class _Splitter:
    """Takes a parser's events, and puts records aside as they end."""

    places: XMLParserType

    def __init__(self) -> None:
        self.frame: Element | None = None
        self._open: list[Element] = []
        self._record: tuple[int, int, int] | None = None
        """How deep the record stands that is open, its line and its column."""
        self._ready: list[Piece] = []
        self._size = self._around = self._count = self._beside = 0

    def taken(self) -> list[Piece]:
        """The records that have ended since it was asked last."""
        ready, self._ready = self._ready, []
        return ready

    def heed(self, read: int) -> None:
        """Count what was read, of which nothing has come yet. Raises `DecodeError` where that has no end."""
        self._size += read
        if self._size > LONGEST:
            raise DecodeError("a record, or what stands around them, is longer than any of Xero's")

    def unreadable(self, reason: str) -> Unreadable:
        """The error for the place where the parser is."""
        return Unreadable(self.places.CurrentLineNumber, self.places.CurrentColumnNumber + 1, reason)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if len(self._open) >= DEEPEST:
            raise DecodeError("it is nested too deeply")
        self._count += 1
        if self._count > MOST:
            raise DecodeError("a record, or what stands around them, has more elements than any of Xero's")
        element = Element(tag.rpartition("}")[2], _written(attributes))
        if self._record is None and element.name in KINDS:
            self._record = len(self._open), self.places.CurrentLineNumber, self.places.CurrentColumnNumber + 1
            self._size, self._beside, self._count = 0, self._count - 1, 0
        elif self._open:
            self._open[-1].parts.append(element)
        if self.frame is None:
            self.frame = element if self._record is None else Element("Response")
        self._open.append(element)

    def data(self, text: str) -> None:
        """A piece of text."""
        self._open[-1].texts.append(text)
        if self._record is None:
            self._around += len(text)
            if self._around > LONGEST:
                raise DecodeError("what stands around the records is longer than any of Xero's")

    def end(self, tag: str) -> None:
        """An element ends."""
        element = self._open.pop()
        if element.parts:
            # The space between elements says nothing.
            element.texts = [text for text in element.texts if text.strip()]
        if self._record is not None and self._record[0] == len(self._open):
            _, line, column = self._record
            self._ready.append(Piece(KINDS[element.name], element, line, column))
            self._record, self._size, self._count = None, 0, self._beside

    def close(self) -> None:
        """All has been read."""


def _written(attributes: Mapping[str, str]) -> str:
    """Attributes as they were, but for namespaces of which nobody has heard."""
    written = [
        f" {name.replace(_XSI, 'xsi:')}={quoteattr(value)}"
        for name, value in attributes.items()
        if "}" not in name.replace(_XSI, "")
    ]
    return "".join(written)
