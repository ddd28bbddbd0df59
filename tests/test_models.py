"""The models against Xero's own description: nothing missing, nothing more, and every field of the right type."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from facts import ENUMS, SCHEMAS, Property
from msgspec import Struct
from msgspec.structs import fields

from xero_async import models
from xero_async.models import Connection, Date, DateTime, Envelope, MaxLength, Model, envelope_of
from xero_async.models._base import wire_name
from xero_async.wire import decode, encode

BASES = {"Model", "Envelope", "MaxLength"}
# What the identity service sends is not in the description of the Accounting API.
ELSEWHERE = {"Connection"}
# Seen in answers, though not described: some endpoints write their sentence here.
BESIDES = {"ValidationError": {"Description": Property("string")}}

SIMPLE: dict[str, object] = {
    "string": str,
    "uuid": str,
    "decimal": Decimal,
    "integer": int,
    "boolean": bool,
    "msdate": Date,
    "msdate-time": DateTime,
}

EVERY_SCHEMA = pytest.mark.parametrize("schema", sorted(SCHEMAS))


def model(schema: str) -> type[Model]:
    """The struct of a schema."""
    found: type[Model] = getattr(models, schema)
    return found


def properties_of(schema: str) -> dict[str, Property]:
    """The properties of a schema, with those that were only ever seen."""
    return SCHEMAS[schema] | BESIDES.get(schema, {})


def declared_models() -> set[str]:
    """The names of all structs that the package offers as models."""
    named = ((name, getattr(models, name)) for name in models.__all__)
    return {name for name, value in named if isinstance(value, type) and issubclass(value, Struct)}


def expected(fact: Property) -> object:
    """The type that a field must have, without its None."""
    if fact.type.startswith("array<"):
        return list[expected(Property(fact.type[6:-1]))]  # type: ignore[misc]  # made at run time
    if values := fact.enum or ENUMS.get(fact.type, ()):
        return Union[Literal[values], str]  # noqa: UP007 - made at run time, which `|` on a Literal's values is not
    if fact.max is not None:
        return Annotated[str, MaxLength(fact.max)]
    return SIMPLE.get(fact.type) or model(fact.type)


def enum_fields() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Each field with known values: its schema, its name and the values."""
    for schema, properties in SCHEMAS.items():
        for name, fact in properties.items():
            if values := fact.enum or ENUMS.get(fact.type):
                yield schema, name, values


def names_of(kind: type[Model]) -> dict[str, str]:
    """Python's name for each of Xero's names."""
    return {field.encode_name: field.name for field in fields(kind)}


def notes_of(kind: type[Model]) -> dict[str, str]:
    """The sentence below each field of a struct, by the field's name; empty where there is none."""
    notes: dict[str, str] = {}
    # Most structs stand alone; one that takes over the fields of another takes over their notes.
    for base in reversed(kind.__mro__):
        if base not in (Model, Envelope) and issubclass(base, Model):
            notes |= _own_notes_of(base)
    return notes


def _own_notes_of(kind: type[Model]) -> dict[str, str]:
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    notes: dict[str, str] = {}
    name = ""
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name = statement.target.id
            notes[name] = ""
        elif name and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            notes[name] = str(statement.value.value)
    return notes


def test_the_models_are_the_schemas() -> None:
    """There is one struct for each schema that has properties, and no struct besides."""
    assert len(SCHEMAS) + len(ENUMS) == 140
    assert declared_models() - BASES - ELSEWHERE == set(SCHEMAS)


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_the_enums_are_the_schemas(name: str) -> None:
    """There is one open type for each schema that is an enum: its values, or any other text."""
    values, other = get_args(getattr(models, name))
    assert (get_origin(values), get_args(values), other) == (Literal, ENUMS[name], str)


@EVERY_SCHEMA
def test_the_fields_are_the_properties(schema: str) -> None:
    """A struct has exactly the properties of its schema, under Xero's names and in snake case."""
    assert {field.encode_name for field in fields(model(schema))} == set(properties_of(schema))
    assert all(field.name.islower() for field in fields(model(schema)))


@EVERY_SCHEMA
def test_the_fields_have_the_types_of_the_properties(schema: str) -> None:
    """Money is Decimal, ids are text, days and instants are theirs; enums are open, and lengths are marked."""
    for field in fields(model(schema)):
        wanted: Any = expected(properties_of(schema)[field.encode_name])
        assert field.type == (wanted | None), field.encode_name


@EVERY_SCHEMA
def test_every_field_may_be_left_out(schema: str) -> None:
    """Every field defaults to None, and a record of which nothing was set sends nothing."""
    kind = model(schema)
    assert all(field.default is None for field in fields(kind))
    assert encode(kind()) == b"{}"


@EVERY_SCHEMA
def test_read_only_fields_say_so(schema: str) -> None:
    """A field's note ends with "Read-only." exactly where the description says that it is."""
    notes = notes_of(model(schema))
    said = {wire for wire, name in names_of(model(schema)).items() if notes[name].endswith("Read-only.")}
    assert said == {wire for wire, fact in SCHEMAS[schema].items() if fact.read_only}


@pytest.mark.parametrize(("schema", "name", "values"), list(enum_fields()))
def test_enums_are_open(schema: str, name: str, values: tuple[str, ...]) -> None:
    """A field with known values takes each of them, and any other string, without a repair, and sends it back."""
    kind, field = model(schema), names_of(model(schema))[name]
    for value in (*values, "A_VALUE_OF_NEXT_YEAR"):
        data = encode({name: value})
        record = decode(kind, data, strict=True)
        assert getattr(record, field) == value
        assert encode(record) == data


def test_lengths_are_marks_and_not_checks() -> None:
    """A text longer than Xero takes is decoded whole: what came is kept."""
    contact = decode(models.Contact, encode({"Name": "x" * 300}), strict=True)
    assert contact.name == "x" * 300


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("invoice_id", "InvoiceID"),
        ("updated_date_utc", "UpdatedDateUTC"),
        ("updated_date_utc_string", "UpdatedDateUTCString"),
        ("cis_rate", "CISRate"),
        ("address_line1", "AddressLine1"),
        ("class_", "Class"),
    ],
)
def test_names_are_derived(name: str, wire: str) -> None:
    """Xero's names follow from Python's, abbreviations included."""
    assert wire_name(name) == wire


def test_what_was_not_set_is_not_sent() -> None:
    """Only what was set goes out, so that an update changes nothing else; an empty list was set."""
    assert encode(models.Invoice(reference="x", line_items=[])) == b'{"LineItems":[],"Reference":"x"}'


@pytest.mark.parametrize("envelope", sorted(name for name in SCHEMAS if issubclass(getattr(models, name), Envelope)))
def test_envelopes_know_their_records(envelope: str) -> None:
    """Each envelope is found by its record, and gives its records under one name whatever the field is called."""
    kind: type[Envelope[Model]] = getattr(models, envelope)
    (record_field,) = (field for field in fields(kind) if field.name == kind.records_field())
    record_type = get_args(get_args(record_field.type)[0])[0]
    assert get_origin(get_args(record_field.type)[0]) is list
    assert envelope_of(record_type) is kind
    assert kind().records is None
    assert decode(kind, b'{"%s": [{}]}' % record_field.encode_name.encode()).records == [record_type()]


def test_a_record_without_an_envelope() -> None:
    """Asking for the envelope of what travels without one is an error that names it."""
    with pytest.raises(LookupError, match="Pagination does not travel in an envelope"):
        envelope_of(models.Pagination)


def test_a_connection_is_read() -> None:
    """The identity service's names are in camel case, its dates without a zone and with seven decimals."""
    data = b"""{"id": "c", "authEventId": "e", "tenantId": "t", "tenantType": "ORGANISATION", "tenantName": "Demo",
        "createdDateUtc": "2019-07-09T23:40:30.1833130", "updatedDateUtc": "2020-05-15T01:35:13.8491980"}"""
    connection = decode(Connection, data, strict=True)
    assert (connection.id, connection.tenant_id, connection.tenant_name) == ("c", "t", "Demo")
    assert connection.created_date_utc is not None
    assert connection.created_date_utc.isoformat() == "2019-07-09T23:40:30.183313+00:00"
