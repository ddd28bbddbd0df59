"""Microseconds to decode a record: this package beside what else reads JSON, all in one run.

    python -m benchmarks.decode

The floor is msgspec with the same structs, but floats for money and text for dates: what speed costs when exactness is
given up. pydantic gets the same models with `Decimal`, and dates read by our own parser. Each figure is the median of
the best times of several processes; needs orjson and pydantic.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from statistics import median
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import orjson
import pydantic

from benchmarks.samples import contacts_page, invoices_page
from xero_async import models
from xero_async.wire import decode
from xero_async.wire.dates import parse_date

RECORDS, PROCESSES, ROUNDS = 1000, 5, 9

Fields = dict[str, tuple[Any, str]]
"""For each field, its type and its name on the wire."""


class Mirror:
    """The models again, with other types for money and dates, for other decoders."""

    def __init__(
        self, make: Callable[[str, dict[str, tuple[Any, str]]], type], money: Any, dates: dict[Any, Any]
    ) -> None:
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


def floor_struct(name: str, fields: Fields) -> type:
    """A msgspec struct with the options of our own."""
    return msgspec.defstruct(
        name,
        [(key, kind | None, None) for key, (kind, _) in fields.items()],
        kw_only=True,
        gc=False,
        omit_defaults=True,
        rename={key: wire for key, (_, wire) in fields.items()},
    )


def pydantic_model(name: str, fields: Fields) -> type:
    """A pydantic model that reads the same."""
    columns: dict[str, Any] = {
        key: (kind | None, pydantic.Field(default=None, alias=wire)) for key, (kind, wire) in fields.items()
    }
    model: type[pydantic.BaseModel] = pydantic.create_model(name, **columns)
    return model


def parsed(marker: Any, kind: type) -> Any:
    """A pydantic type for a date of Xero's."""

    def parse(raw: object) -> object:
        return parse_date(marker, raw)

    return Annotated[kind, pydantic.BeforeValidator(parse)]


def decoders(envelope: type[msgspec.Struct]) -> dict[str, Callable[[bytes], object]]:
    """What is measured, by name."""
    as_text = {models.Date: str, models.DateTime: str}
    floor: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Mirror(floor_struct, float, as_text).of(envelope))
    pydantic_dates = {models.Date: parsed(models.Date, date), models.DateTime: parsed(models.DateTime, datetime)}
    model: Any = Mirror(pydantic_model, Decimal, pydantic_dates).of(envelope)
    return {
        "xero_async": lambda data: decode(envelope, data),
        "msgspec, floats and text": floor.decode,
        "msgspec, dicts": msgspec.json.decode,
        "orjson, dicts": orjson.loads,
        "json, dicts": json.loads,
        "pydantic": model.model_validate_json,
    }


def best_times() -> dict[str, dict[str, float]]:
    """Microseconds a record, the best of some rounds, for each kind of record and decoder."""
    # A new page for each round, as in an export: the instants on it were never met before.
    return {
        "invoices": _best(models.Invoices, [invoices_page(RECORDS, seed=seed) for seed in range(ROUNDS)]),
        "contacts": _best(models.Contacts, [contacts_page(RECORDS, seed=seed) for seed in range(ROUNDS)]),
    }


def _best(envelope: type[msgspec.Struct], drawn: list[bytes]) -> dict[str, float]:
    runs = decoders(envelope)
    times: dict[str, list[float]] = {label: [] for label in runs}
    for turn, data in enumerate(drawn):
        # Who comes first finds the caches cold, so each has its turn at that.
        labels = deque(runs)
        labels.rotate(turn)
        for label in labels:
            start = time.perf_counter()
            runs[label](data)
            times[label].append(time.perf_counter() - start)
    return {label: min(taken) / RECORDS * 1e6 for label, taken in times.items()}


def main() -> None:
    """Measure in several processes and print the medians, and the ratios to ours."""
    if "--once" in sys.argv:
        print(json.dumps(best_times()))
        return
    command = [sys.executable, "-m", "benchmarks.decode", "--once"]
    runs: list[dict[str, dict[str, float]]] = [
        json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout) for _ in range(PROCESSES)
    ]
    for page, labels in runs[0].items():
        print(f"\n{RECORDS} {page}{' of 5 lines' if page == 'invoices' else ''}, µs a record")
        ours = [run[page]["xero_async"] for run in runs]
        for label in labels:
            times = [run[page][label] for run in runs]
            ratio = median(mine / other for mine, other in zip(ours, times, strict=True))
            print(f"  {label:26} {median(times):7.2f}   xero_async takes {ratio:5.2f} times that")


if __name__ == "__main__":
    main()
