"""JSON or XML: what a request is written in, and what its answer should be written in.

The engine speaks JSON. Where a client sends XML, the body is turned into JSON before the engine sees it; where it
wants XML, the answer is turned into XML when the engine is done. Neither costs a client of JSON anything.

As at Xero, an answer is XML unless JSON is asked for: a client that forgets its `Accept` header gets here what it
would get there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from xero_async.models import Model, RequestEmpty, record_of
from xero_async.wire.errors import DecodeError
from xero_async.wire.operation import Operation
from xero_async.wire.xml import NAMESPACES, decode_xml, element

from .answers import Answer, data_refused, unsupported
from .values import Document, as_document, as_list, documents_in, dump_json, load_json, text_of

__all__ = ["id_in", "in_json", "in_xml", "preferred", "qualities"]

JSON: Final = "application/json"
# https://developer.xero.com/documentation/api/http-response-codes
XML: Final = "text/xml; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 3_670_016
"""The longest XML body in bytes, 3.5 MB: what the engine takes of JSON."""

_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
"""What may stand before the first character of a body."""


# -- what is sent -----------------------------------------------------------------------------------------------------


def in_json(row: Operation[Any], body: bytes, content_type: str) -> tuple[bytes, str]:
    """A request's body and its content type, with the body as JSON if it was XML.

    Raises `Refused`: 400 for XML that cannot be read, 415 where XML is not read at all.
    """
    if row.sends is None or row.sends is bytes:
        return body, content_type
    kind, charset = _kind_and_charset(content_type)
    if kind == FORM and body.lstrip().startswith(b"xml="):
        body, kind, charset = _out_of_form(body, charset), "", "utf-8"
    if "json" in kind and _looks_like_xml(body):
        raise data_refused("JSON for post data was invalid, it begins like XML.")
    if "json" in kind or not ("xml" in kind or _looks_like_xml(body)):
        return body, JSON if kind in ("", FORM) else content_type
    if len(body) > MOST_BYTES:
        raise data_refused(f"The request is {len(body)} bytes long; it may have at most {MOST_BYTES}.")
    return (_converted(row, body, charset) if body.strip(_BLANKS) else b""), JSON


def _kind_and_charset(content_type: str) -> tuple[str, str | None]:
    """`text/xml; charset=UTF-16` taken apart."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    named = (each.partition("=")[2].strip(' "') for each in parameters if each.startswith("charset"))
    return kind, next(named, None) or None


def _looks_like_xml(body: bytes) -> bool:
    return body.lstrip(_BLANKS).startswith(b"<")


# https://blog.xero.com/developer/api-overview/http-put-and-post/
def _out_of_form(body: bytes, charset: str | None) -> bytes:
    """The field `xml` of a form, in which XML once had to come."""
    try:
        return parse_qs(body.strip().decode(), encoding=charset or "utf-8", max_num_fields=8)["xml"][0].encode()
    except (ValueError, LookupError):
        raise data_refused("The form of the post data was invalid.") from None


def _converted(row: Operation[Any], body: bytes, charset: str | None) -> bytes:
    kind = _model_of(row)
    if kind is RequestEmpty:
        return b"{}"
    try:
        return dump_json(decode_xml(body, kind, charset=charset))
    except DecodeError as error:
        raise data_refused(f"XML for post data was invalid, {error}.") from None
    except ModuleNotFoundError:
        raise unsupported(
            "This sandbox reads XML once defusedxml is installed: pip install 'xero_async[xml]'."
            " Until then send Content-Type: application/json."
        ) from None


def _model_of(row: Operation[Any]) -> type[Model]:
    """The model of what is sent. What comes back is in an envelope, which tells the names of its list as well."""
    found: type[Model] | None = row.returns if row.returns and record_of(row.returns) else row.sends
    assert found is not None
    return found


def id_in(body: bytes, name: str) -> str:
    """The id that the one record in a body of JSON has under a name, or nothing."""
    with suppress(ValueError):
        document = as_document(load_json(body)) or {}
        lists = [documents_in(value) for value in document.values()]
        for each in (document, *(records[0] for records in lists if len(records) == 1)):
            if found := text_of(each, name):
                return found
    return ""


# -- what comes back --------------------------------------------------------------------------------------------------


def qualities(header: str) -> list[tuple[str, float]]:
    """What an `Accept` or `Accept-Encoding` header names, in lower case, and how much each is wanted, from 0 to 1."""
    return [_quality(each) for each in header.lower().split(",")]


def _quality(named: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in named.split(";"))
    value = next((each[2:] for each in parameters if each.startswith("q=")), "1")
    try:
        return name, min(float(value), 1.0)
    except ValueError:
        return name, 1.0


def preferred(accept: str) -> Literal["json", "xml"]:
    """What an `Accept` header asks for: JSON if it is named, and XML is not liked better; else XML."""
    best: dict[str, tuple[float, int, int]] = {}
    for place, (name, quality) in enumerate(qualities(accept)):
        form, rank = _form(name)
        if form and quality > 0:
            best[form] = max(best.get(form, _NOT_WANTED), (quality, rank, -place))
    return "json" if best.get("json", _NOT_WANTED) > best.get("xml", _NOT_WANTED) else "xml"


_NOT_WANTED: Final = (0.0, 0, 0)


def _form(name: str) -> tuple[str, int]:
    """The form that a media range stands for, and 1 if it names it."""
    if name in ("application/json", "text/json") or name.endswith("+json"):
        return "json", 1
    if name in ("application/xml", "text/xml") or name.endswith("+xml"):
        return "xml", 1
    return ("xml", 0) if name in ("*/*", "application/*", "text/*") else ("", 0)


def in_xml(row: Operation[Any] | None, answer: Answer) -> Answer:
    """An answer of the engine as XML; files, plain text and what stands before the engine stay as they are."""
    if not answer.content_type.startswith(JSON) or not answer.body:
        return answer
    if row is not None and row.returns is bytes and answer.status == 200:
        return answer  # a file, which may be of JSON
    document = as_document(load_json(answer.body))
    if document is None:
        return answer
    if "ErrorNumber" in document:
        text = _exception(document, row)
    elif "Status" in document and answer.status < 300:
        text = element("Response", document, row.returns if row else None, NAMESPACES)
    else:
        return answer
    return answer._replace(body=text.encode(), content_type=XML)


def _exception(document: Mapping[str, object], row: Operation[Any] | None) -> str:
    """An error, whose elements all have one name, and the name of their kind beside it."""
    kind = record_of(row.returns) or row.returns if row and row.returns and row.returns is not bytes else None
    kind_name = f' xsi:type="{kind.__name__}"' if kind else ""
    head: Document = {name: value for name, value in document.items() if name != "Elements"}
    text = element("ApiException", head, None, NAMESPACES)
    elements = as_list(document.get("Elements"))
    if elements is None:
        return text
    told = "".join(element("DataContractBase", each, kind, kind_name) for each in elements)
    return f"{text.removesuffix('</ApiException>')}<Elements>{told}</Elements></ApiException>"
