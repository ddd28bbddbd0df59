"""Xero's XML to documents and back, guided by the models.

Xero spoke XML before it spoke JSON, and both say the same: an object's fields are elements, a list's records are
elements within the list's own, named in the singular. What XML leaves open the models decide: whether the 1 in
`<Total>1</Total>` is a number or text, and whether `<Payments />` is an empty list, an empty object or an empty text.
A document, here, is what JSON would have given: dictionaries, lists, text, `Decimal`, `bool` and None.

Three things differ between the two forms. A date is ISO 8601 in XML, `/Date(ms)/` in JSON. `StatusAttributeString` is,
as it says, an attribute: `<Invoice status="ERROR">`. And JSON carries companions such as `DateString`, made for those
who cannot read its dates; XML does not have them.

XML of another time may call the same things by other names. A `Dialect` tells which, and what may stand outermost.

Reading takes no tree: the parser's events build the document as they come. It goes through defusedxml, because what is
read may come from anywhere; writing needs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast
from xml.etree.ElementTree import ParseError

from msgspec import inspect
from msgspec.structs import fields

from ..models import Date, DateTime, Envelope, Model, record_of
from .errors import DecodeError

if TYPE_CHECKING:
    from defusedxml.ElementTree import DefusedXMLParser

__all__ = [
    "DEEPEST",
    "NAMESPACES",
    "Dialect",
    "Parsed",
    "decode_any",
    "decode_xml",
    "element",
    "outermost",
    "parse_xml",
    "require_defused",
]

NAMESPACES: Final = (
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
"""What the outermost element declares, so that `xsi:nil` and `xsi:type` mean something within."""

DEEPEST: Final = 64
"""Elements within elements, beyond which a document is refused; Xero's own have about ten."""

# https://developer.xero.com/documentation/api/requests-and-responses
_ITEMS: Final = {
    "Tracking": "TrackingCategory",
    "FromTracking": "TrackingCategory",
    "ToTracking": "TrackingCategory",
    "TaxBreakdown": "TaxBreakdownComponent",
    "Elements": "DataContractBase",
}
"""Lists whose records are not named by the singular of the list."""
_SYNONYMS: Final = {"AppliedAmount": "Amount"}
"""Fields that go by another name in XML alone, where the model has the second and not the first."""
_WRAPPERS: Final = frozenset({"Request", "Response"})
"""Outermost elements that hold fields, whatever they hold."""

_STATUS: Final = "StatusAttributeString"
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"

# -- what the models say ----------------------------------------------------------------------------------------------

Kind: TypeAlias = Literal["any", "text", "flag", "whole", "number", "date", "object", "list"]


@dataclass(slots=True, eq=False)
class _Shape:
    """What an element holds. It may hold itself, as contacts hold groups that hold contacts."""

    kind: Kind
    members: dict[str, _Shape] = field(default_factory=dict[str, "_Shape"])
    item: _Shape | None = None
    model: str = ""
    """The name of the model, where it is one."""


_ANY: Final = _Shape("any")
_SEVERAL: Final = _Shape("list", item=_ANY)
_COMPLAINTS: Final = frozenset({"ValidationErrors", "Warnings", "Errors", "Elements"})
"""Lists wherever they stand: what is held against a record is not lost because its model has no such field."""
_SCALARS: Final[Mapping[type[inspect.Type], Kind]] = {
    inspect.BoolType: "flag",
    inspect.IntType: "whole",
    inspect.FloatType: "number",
    inspect.DecimalType: "number",
}
_known: Final[dict[type, _Shape]] = {}


@lru_cache(1024)
def _shape_of(kind: type) -> _Shape:
    return _shape(inspect.type_info(kind))


def _shape(info: inspect.Type) -> _Shape:
    if isinstance(info, inspect.UnionType):
        return _shape_of_choice(info.types)
    if isinstance(info, inspect.ListType):
        return _Shape("list", item=_shape(info.item_type))
    if isinstance(info, inspect.StructType):
        return _shape_of_struct(info)
    if isinstance(info, inspect.CustomType) and info.cls in (Date, DateTime):
        return _Shape("date")
    return _Shape(_SCALARS.get(type(info), "text"))


def _shape_of_choice(choices: Iterable[inspect.Type]) -> _Shape:
    """The shape of a field that may be left out, or of an open enum, which is text."""
    kinds = [choice for choice in choices if not isinstance(choice, inspect.NoneType)]
    return _shape(next((kind for kind in kinds if isinstance(kind, inspect.StrType)), kinds[0]))


def _shape_of_struct(info: inspect.StructType) -> _Shape:
    if info.cls not in _known:
        shape = _known[info.cls] = _Shape("object", model=info.cls.__name__)
        shape.members.update((each.encode_name, _shape(each.type)) for each in info.fields)
    return _known[info.cls]


@lru_cache(1024)
def _singular(name: str) -> str:
    if name in _ITEMS:
        return _ITEMS[name]
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-2] if name.endswith("sses") else name.removesuffix("s")


# -- writing ----------------------------------------------------------------------------------------------------------

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ISSUE: Final = re.compile("[&<>\r]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE: Final = re.compile('["\t\n]')
"""What must be written as a number within an attribute."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS: Final = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/", re.ASCII)
_MOST_ZEROS: Final = 40
"""Beyond these a number keeps its exponent."""


def element(name: str, value: object, kind: type | None = None, attributes: str = "") -> str:
    """A document, or a part of one, as the XML element `name`.

    `kind` is the model that the document is of; fields that the model does not know are written as they look.
    `attributes` is XML too, with a space before it, such as `NAMESPACES`. Characters that XML cannot hold become
    U+FFFD, and fields whose names XML cannot hold are left out.
    """
    parts: list[str] = []
    _write(parts, name, value, _ANY if kind is None else _shape_of(kind), attributes)
    return "".join(parts)


def _write(parts: list[str], name: str, value: object, shape: _Shape, attributes: str = "") -> None:
    if isinstance(value, dict):
        _write_object(parts, name, cast("dict[str, object]", value), shape, attributes)
    elif isinstance(value, list):
        item, item_name = shape.item or _ANY, _singular(name)
        _open(parts, name, attributes, empty=not value)
        for each in cast("list[object]", value):
            _write(parts, item_name, each, item)
        _close(parts, name, empty=not value)
    elif value is None:
        parts.append(f'<{name}{attributes} xsi:nil="true" />')
    elif text := _text(name, value, shape):
        parts.append(f"<{name}{attributes}>{text}</{name}>")
    else:
        parts.append(f"<{name}{attributes} />")


def _write_object(parts: list[str], name: str, value: dict[str, object], shape: _Shape, attributes: str) -> None:
    if isinstance(status := value.get(_STATUS), str):
        attributes += f' status="{_ATTRIBUTE.sub(_as_number, _escape(status))}"'
        value = {each: part for each, part in value.items() if each != _STATUS}
    _open(parts, name, attributes, empty=not value)
    for each, part in value.items():
        if _NAME.fullmatch(each) and not _is_companion(each, value, shape):
            _write(parts, each, part, shape.members.get(each, _ANY))
    _close(parts, name, empty=not value)


def _open(parts: list[str], name: str, attributes: str, *, empty: bool) -> None:
    parts.append(f"<{name}{attributes} />" if empty else f"<{name}{attributes}>")


def _close(parts: list[str], name: str, *, empty: bool) -> None:
    if not empty:
        parts.append(f"</{name}>")


def _is_companion(name: str, value: Mapping[str, object], shape: _Shape) -> bool:
    """Whether a field only repeats a date: `DateString` beside `Date`."""
    return name.endswith("String") and name not in shape.members and name.removesuffix("String") in value


def _text(name: str, value: object, shape: _Shape) -> str:
    if isinstance(value, str):
        is_date = shape.kind in ("date", "any") and value.startswith("/Date(")
        return _escape(_iso(name, value) if is_date else value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < _MOST_ZEROS else str(value)
    return _escape(str(value))


def _iso(name: str, value: str) -> str:
    """`2026-01-31T00:00:00`, with a zone for the moment of the answer alone, as Xero has it."""
    written = _MILLISECONDS.fullmatch(value)
    if written is None:
        return value
    try:
        moment = _EPOCH + timedelta(milliseconds=int(written[1]))
    except OverflowError:
        return value
    text = moment.replace(tzinfo=None).isoformat(timespec="milliseconds").removesuffix(".000")
    return text + "Z" if name == "DateTimeUTC" else text


def _escape(text: str) -> str:
    return _ISSUE.sub(_escaped, text) if _ISSUE.search(text) else text


def _as_number(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"


def _escaped(found: re.Match[str]) -> str:
    return _ESCAPES.get(found[0], "\ufffd")


# -- reading ----------------------------------------------------------------------------------------------------------

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_MOST_DIGITS: Final = 100
"""The longest number in characters; a longer one stays text, for whoever takes it to refuse."""
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How XML of one kind differs from what the models say."""

    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """By the name of a model: names in the XML, and the fields that they are."""
    wrappers: frozenset[str] = frozenset()
    """More outermost elements that hold fields."""
    lists: Mapping[str, str] = field(default_factory=dict[str, str])
    """The document's lists, by the name of their records: either may be outermost, and records need no list."""


_PLAIN: Final = Dialect()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document, and what else its XML told."""

    root: str
    """The name of the outermost element."""
    document: dict[str, object]
    strays: list[str]
    """The places of elements that hold something and for which the models have no field."""


def decode_any(data: bytes, *, charset: str | None = None) -> tuple[str, dict[str, object]]:
    """The outermost element's name and what it holds, in XML of which nothing is known: text, and objects.

    Of elements with one name the last counts, except in lists of errors. Raises as `decode_xml` does.
    """
    builder = _Builder(_ANY_KIND, _PLAIN)
    _feed(builder, data, charset)
    return builder.root, builder.document


def outermost(data: bytes, *, charset: str | None = None) -> str | None:
    """The outermost element's name in whole and harmless XML; None for anything else, such as XML that is cut off."""
    try:
        return decode_any(data, charset=charset)[0]
    except DecodeError:
        return None


def decode_xml(data: bytes, kind: type, *, charset: str | None = None) -> dict[str, object]:
    """The document that XML holds, in the form that JSON would have had.

    `kind` is the model that the document is of. Where that is an envelope, the XML may be the envelope's list
    (`<Invoices>`), one record (`<Invoice>`) or an envelope (`<Response>`, `<Request>`), and the document is an envelope
    every time. Attributes and namespaces tell nothing, but for `xsi:nil` and the `status` of a record. `charset`, where
    the content type named one, counts more than what the XML says of itself.

    Raises `DecodeError` for what is no XML, for XML of another document, and for what none of Xero's has: a document
    type, entities, elements 64 deep. Raises `ModuleNotFoundError` where defusedxml is not installed.
    """
    return parse_xml(data, kind, _PLAIN, charset=charset).document


def parse_xml(data: bytes, kind: type, dialect: Dialect, *, charset: str | None = None) -> Parsed:
    """The same for XML that speaks a dialect, with what else it told."""
    builder = _Builder(kind, dialect)
    _feed(builder, data, charset)
    return Parsed(builder.root, builder.document, builder.strays)


def _feed(builder: _Builder, data: bytes, charset: str | None) -> None:
    try:
        parser = _parser(builder, charset)
        parser.feed(data)
        parser.close()
    # defusedxml's refusals are ValueErrors; an encoding that Python does not know is a LookupError.
    except (ParseError, ValueError, LookupError) as error:
        raise DecodeError(f"the XML cannot be read: {_reason(error)}") from None


def require_defused() -> type[DefusedXMLParser]:
    """The parser that is used. Raises `ModuleNotFoundError` where it is not installed."""
    try:
        from defusedxml.ElementTree import DefusedXMLParser
    except ImportError:
        raise ModuleNotFoundError('to read XML: pip install "xero_async[xml]"', name="defusedxml") from None
    return DefusedXMLParser


def _parser(builder: _Builder, charset: str | None) -> DefusedXMLParser:
    return require_defused()(target=builder, encoding=charset, forbid_dtd=True)


def _reason(error: Exception) -> str:
    """What is wrong, in the parser's words; these hold a place and never the document's text."""
    return str(error) if isinstance(error, ParseError) else "it is in an unknown encoding, or has a document type"


class _Element:
    """An element that is being read."""

    __slots__ = ("is_nil", "items", "members", "name", "repeated", "shape", "text")

    def __init__(self, name: str, shape: _Shape, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.shape = shape
        self.text: list[str] = []
        self.members: dict[str, object] = {}
        self.items: list[object] = []
        self.repeated: dict[str, list[object]] = {}
        self.is_nil = _FLAGS.get(attributes.get(_NIL, "").strip(), False)
        if _STATUS in shape.members and "status" in attributes:
            self.members[_STATUS] = attributes["status"]

    def known_as(self, name: str, dialect: Dialect) -> str:
        """What a child is called in documents."""
        names = dialect.names.get(self.shape.model)
        if names is not None and name in names:
            return names[name]
        other = _SYNONYMS.get(name)
        return other if other in self.shape.members and name not in self.shape.members else name

    def within(self, name: str) -> _Shape:
        """The shape of a child."""
        if self.shape.kind == "list":
            return self.shape.item or _ANY
        return self.shape.members.get(name) or (_SEVERAL if name in _COMPLAINTS else _ANY)

    def is_stray(self, name: str) -> bool:
        """Whether the model has no such child."""
        return bool(self.shape.members) and name not in self.shape.members and name not in _COMPLAINTS

    def take(self, name: str, value: object) -> None:
        """Add a child. A field that comes twice counts in its last form, as in JSON; of what is unknown all is kept."""
        if self.shape.kind == "list":
            self.items.append(value)
            return
        if name in self.members and name not in self.shape.members:
            self.repeated.setdefault(name, [self.members[name]]).append(value)
        self.members[name] = value

    def gather(self, name: str, value: object, *, is_list: bool) -> None:
        """Add a record to a list, or one list to another."""
        held = cast("list[object]", self.members.setdefault(name, []))
        if not is_list:
            held.append(value)
        elif isinstance(value, list):
            held.extend(cast("list[object]", value))
        elif value is not None:
            # Text in place of a list, for the reader of the document to refuse.
            held.append(value)

    def value(self) -> object:
        """What the element holds; what does not fit its shape is left for the reader of the document to refuse."""
        if self.is_nil:
            return None
        text = "".join(self.text)
        if self.shape.kind == "list":
            return self.items if self.items or not text.strip() else text
        if self.members or (self.shape.kind == "object" and not text.strip()):
            return {**self.members, **self.repeated} if self.repeated else self.members
        return _scalar(self.shape.kind, text)


def _scalar(kind: Kind, text: str) -> object:
    if kind in ("text", "any", "object"):
        return text
    bare = text.strip()
    if kind == "flag":
        return _FLAGS.get(bare.lower(), bare or None)
    if kind == "whole" and _WHOLE.fullmatch(bare):
        return int(bare)
    if kind in ("number", "whole") and len(bare) <= _MOST_DIGITS and _NUMBER.fullmatch(bare):
        return Decimal(bare)
    return bare or None


class _Builder:
    """Builds a document from a parser's events."""

    def __init__(self, kind: type, dialect: Dialect) -> None:
        self.document: dict[str, object] = {}
        self.root = ""
        self.strays: list[str] = []
        self._kind, self._dialect = kind, dialect
        self._open: list[_Element] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if len(self._open) >= DEEPEST:
            raise DecodeError("the XML cannot be read: it is nested too deeply")
        name = _local(tag)
        if not self._open:
            self.root = name
            self._open.append(_Element(name, self._shape_of_root(name), attributes))
            return
        outer = self._open[-1]
        name = outer.known_as(name, self._dialect)
        shape = self._shape_in_list(name) if self._is_gathered(name) else outer.within(name)
        self._open.append(_Element(name, shape, attributes))

    def data(self, text: str) -> None:
        """A piece of text."""
        self._open[-1].text.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        done = self._open.pop()
        value = done.value()
        if not self._open:
            self._finish(done, value)
            return
        outer = self._open[-1]
        if value and done.shape is _ANY and outer.is_stray(done.name):
            self.strays.append(self._place(done.name))
        if self._is_gathered(done.name):
            outer.gather(self._dialect.lists.get(done.name, done.name), value, is_list=done.shape.kind == "list")
        else:
            outer.take(done.name, value)

    def close(self) -> None:
        """All has been read."""

    def _place(self, name: str) -> str:
        """Where a child of the innermost element is, such as `Invoices[3].Contact.SkypeUserName`."""
        steps = [
            f"[{len(outer.items)}]" if outer.shape.kind == "list" else f".{inner.name}"
            for outer, inner in pairwise(self._open)
        ]
        outermost = "" if self.root in self._wrappers else self.root
        return f"{outermost}{''.join(steps)}.{name}".removeprefix(".")

    @property
    def _wrappers(self) -> frozenset[str]:
        return _WRAPPERS | self._dialect.wrappers

    def _shape_of_root(self, name: str) -> _Shape:
        if self._kind is _ANY_KIND:
            return _ANY
        envelope = _shape_of(self._kind)
        if name in self._wrappers:
            return envelope
        name = self._known_as(name)
        field_name, listed = _list_of(self._kind)
        if self._is_of_lists(name):
            return self._shape_in_list(name)
        if listed is None:
            return envelope if name == self._kind.__name__ else self._refuse(self._kind.__name__)
        if name in (field_name, self._kind.__name__):
            return listed
        if name in _names_of_one(self._kind, field_name):
            return listed.item or _ANY
        return self._refuse(field_name)

    def _known_as(self, name: str) -> str:
        return self._dialect.names.get(self._kind.__name__, {}).get(name, name)

    def _is_of_lists(self, name: str) -> bool:
        return name in self._dialect.lists or name in self._dialect.lists.values()

    def _is_gathered(self, name: str) -> bool:
        """Whether a child of the innermost element is one of the document's records, or a list of them."""
        return len(self._open) == 1 and self._open[0].shape.model == self._kind.__name__ and self._is_of_lists(name)

    def _shape_in_list(self, name: str) -> _Shape:
        """The shape of a list of the document, or of a record in one."""
        whole, listed = _shape_of(self._kind), self._dialect.lists.get(name)
        return whole.members[name] if listed is None else whole.members[listed].item or _ANY

    def _finish(self, done: _Element, value: object) -> None:
        field_name, listed = _list_of(self._kind)
        name = self._known_as(done.name)
        if done.name in self._wrappers or (listed is None and not self._is_of_lists(name)):
            self.document = cast("dict[str, object]", value) if isinstance(value, dict) else self._message(value)
        elif name in self._dialect.lists:
            self.document = {self._dialect.lists[name]: [value]}
        elif listed is None:
            self.document = {name: value}
        elif done.shape is listed:
            self.document = {field_name: value}
        else:
            self.document = {field_name: [value]}

    def _message(self, text: object) -> dict[str, object]:
        """What is said by an outermost element that holds text alone."""
        is_said = self._kind is _ANY_KIND or self.root in self._dialect.wrappers
        return {"Message": text} if is_said and text else {}

    def _refuse(self, expected: str) -> _Shape:
        raise DecodeError(f"the XML cannot be read: its outermost element should be {expected}")


_ANY_KIND: Final[type] = object
"""Stands for documents of which no model is known."""


def _local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]


@lru_cache(1024)
def _list_of(kind: type) -> tuple[str, _Shape | None]:
    """The field of an envelope that holds its records, and its shape; none for other models."""
    if record_of(kind) is None:
        return "", None
    own = cast("type[Envelope[Model]]", kind).records_field()
    name = next(each.encode_name for each in fields(kind) if each.name == own)
    return name, _shape_of(kind).members[name]


def _names_of_one(kind: type, field_name: str) -> frozenset[str]:
    record = record_of(kind)
    return frozenset({_singular(field_name), record.__name__ if record else ""})
