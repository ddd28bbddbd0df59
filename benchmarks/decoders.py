"""Everything that reads an answer of Xero's: this package, its peers, and plain JSON readers.

The floor is msgspec with the structs of this package, but floats for money and text for dates: what speed costs when
exactness is given up. pydantic gets the same models with `Decimal`, and dates read by this package's parser. The peers
are given what they give themselves: Xero's client `json.loads` with `Decimal` and then its `deserialize`, pyxero
`json.loads` with its hook for dates; both decode the bytes to text first, as their clients do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from importlib import import_module
from types import SimpleNamespace, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import msgspec

from benchmarks.peers import PYXERO, XERO_PYTHON
from xero_async import models
from xero_async.wire import decode
from xero_async.wire.dates import parse_date

Fields = dict[str, tuple[Any, str]]
"""For each field, its type and its name on the wire."""

Envelope = type[msgspec.Struct]
Read = Callable[[bytes], Any]
"""Reads an answer."""


class Decoder(NamedTuple):
    """A way to read answers."""

    name: str
    make: Callable[[Envelope], Read]
    """Gives what reads answers of a kind, such as `models.Invoices`; imports what it needs."""
    records: Callable[[Any, str], Any]
    """Takes the list of records out of what was read, by its name on the wire."""
    needs: tuple[str, ...] = ()


class Mirror:
    """The models again, with other types for money and dates, for other decoders."""

    def __init__(self, make: Callable[[str, Fields], type], money: Any, dates: dict[Any, Any]) -> None:
        self._make, self._money, self._dates = make, money, dates
        self._made: dict[type, type] = {}

    def of(self, struct: type) -> type:
        """The mirror image of a struct; structs that refer back to one being made become plain dicts."""
        if struct not in self._made:
            self._made[struct] = dict
            fields = {
                field.name: (self._type(field.type), field.encode_name) for field in msgspec.structs.fields(struct)
            }
            self._made[struct] = self._make(struct.__name__, fields)
        return self._made[struct]

    def _type(self, kind: Any) -> Any:
        if get_origin(kind) is Annotated:
            return self._type(get_args(kind)[0])
        if get_origin(kind) in (Union, UnionType):
            options = [option for option in get_args(kind) if option is not type(None)]
            return str if str in options else self._type(options[0])
        if get_origin(kind) is list:
            return list[self._type(get_args(kind)[0])]  # type: ignore[misc]  # a type made at run time
        if kind is Decimal:
            return self._money
        if kind in self._dates:
            return self._dates[kind]
        return self.of(kind) if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else kind


def _ours(envelope: Envelope) -> Read:
    return partial(decode, envelope)


def _floor(envelope: Envelope) -> Read:
    as_text = {models.Date: str, models.DateTime: str}
    decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Mirror(_floor_struct, float, as_text).of(envelope))
    return decoder.decode


def _floor_struct(name: str, fields: Fields) -> type:
    """A msgspec struct with the options of our own."""
    return msgspec.defstruct(
        name,
        [(key, kind | None, None) for key, (kind, _) in fields.items()],
        kw_only=True,
        gc=False,
        omit_defaults=True,
        rename={key: wire for key, (_, wire) in fields.items()},
    )


def _pydantic(envelope: Envelope) -> Read:
    import pydantic

    def parsed(marker: Any, kind: type) -> Any:
        def parse(raw: object) -> object:
            return parse_date(marker, raw)

        return Annotated[kind, pydantic.BeforeValidator(parse)]

    def make(name: str, fields: Fields) -> type:
        columns: dict[str, Any] = {
            key: (kind | None, pydantic.Field(default=None, alias=wire)) for key, (kind, wire) in fields.items()
        }
        model: type[pydantic.BaseModel] = pydantic.create_model(name, **columns)
        return model

    dates = {models.Date: parsed(models.Date, date), models.DateTime: parsed(models.DateTime, datetime)}
    model: Any = Mirror(make, Decimal, dates).of(envelope)
    read: Read = model.model_validate_json
    return read


def _orjson(envelope: Envelope) -> Read:
    import orjson

    return orjson.loads


def _xero_python(envelope: Envelope) -> Read:
    accounting, client = import_module("xero_python.accounting"), import_module("xero_python.api_client")
    api_client = client.ApiClient()
    finder = accounting.AccountingApi(api_client).get_model_finder()

    def read(data: bytes) -> Any:
        return api_client.deserialize(SimpleNamespace(text=data.decode()), envelope.__name__, finder)

    return read


def _pyxero(envelope: Envelope) -> Read:
    hook = import_module("xero.utils").json_load_object_hook
    return lambda data: json.loads(data.decode(), object_hook=hook)


def _dicts(loads: Read, envelope: Envelope) -> Read:
    return loads


def _attribute(answer: Any, name: str) -> Any:
    return getattr(answer, name.lower())


def _item(answer: Any, name: str) -> Any:
    return answer[name]


DECODERS = (
    Decoder("xero_async", _ours, _attribute),
    Decoder(XERO_PYTHON, _xero_python, _attribute, (XERO_PYTHON,)),
    Decoder(PYXERO, _pyxero, _item, (PYXERO,)),
    Decoder("pydantic", _pydantic, _attribute, ("pydantic",)),
    Decoder("json, dicts", partial(_dicts, json.loads), _item),
    Decoder("orjson, dicts", _orjson, _item, ("orjson",)),
    Decoder("msgspec, dicts", partial(_dicts, msgspec.json.decode), _item),
    Decoder("msgspec, floats and text", _floor, _attribute),
)
