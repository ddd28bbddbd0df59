"""`where` and `order`: from Xero's text to SQL, without a value ever standing in the SQL.

The grammar (https://developer.xero.com/documentation/api/accounting/requests-and-responses#get-modified):

    either     := both (("OR" | "||") both)*
    both       := term (("AND" | "&&") term)*
    term       := ("!" | "NOT") term | "(" either ")" | operand [compare operand]
    compare    := "==" | "=" | "!=" | "<>" | ">" | ">=" | "<" | "<="
    operand    := field method* | "text" | number | true | false | null
                  | Guid("…") | DateTime(y, m, d[, h, m, s]) | DateTime.Parse("2026-01-31")
    method     := .Contains("text") | .StartsWith("text") | .EndsWith("text") | .ToLower() | .ToUpper()
                  | .HasValue | .Value

Names, keywords and methods are read without regard to case, text is compared with regard to it. The tree is
checked for kinds while it is built, as the real service does, so a GUID compared with text is refused.
Amounts are stored as whole millionths and dates as milliseconds, so every comparison is exact; an empty
text counts as null, and what is null contains nothing, where the real service breaks off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final, Literal

from msgspec import Struct

from .resources import Column, Resource
from .values import MONEY, is_guid, ms_of, read_moment

SqlValue = str | int | None
SCALE: Final = 6  # decimals kept of a number in a column
WIDEST: Final = 2**63 - 1

_DEEPEST: Final = 40
_LONGEST: Final = 1500  # tokens of one filter, far above what fits into an address

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)"
    r'|(?P<text>"[^"]*")'
    r"|(?P<name>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)"
    r"|(?P<sign>==|!=|>=|<=|<>|&&|\|\||[<>=!(),.]))",
    re.ASCII,
)
_ORDER: Final = re.compile(r"\s*([A-Za-z_][\w.]*)(?:\s+(ASC|DESC|ASCENDING|DESCENDING))?\s*", re.ASCII | re.IGNORECASE)

OperandKind = Literal["text", "guid", "date", "bool", "number", "object", "null"]


class QueryRefused(Exception):
    """A `where` or `order` that does not parse; its text is shown to the client."""


class Condition(Struct, frozen=True):
    """A piece of SQL and the values of its question marks."""

    sql: str
    values: tuple[SqlValue, ...] = ()
    optimised: bool = True  # whether the real service answers it without reading every document


class _Operand(Struct, frozen=True):
    """One side of a comparison; `literal` marks literals, `number` is the exact value of a literal number."""

    kind: OperandKind
    condition: Condition
    literal: bool = False
    number: Decimal | None = None


_NULL: Final = _Operand("null", Condition("NULL"), literal=True)
_TYPES: Final[dict[OperandKind, str]] = {  # as the real service names them in its refusals
    "text": "String",
    "guid": "Guid",
    "date": "DateTime?",
    "bool": "Boolean",
    "number": "Decimal?",
    "object": "Object",
    "null": "Object",
}
# https://developer.xero.com/documentation/api/accounting/invoices#optimised-use-of-the-where-filter
_RANGED: Final = frozenset(f'"{name}"' for name in ("Date", "DueDate", "AmountDue", "AmountPaid"))
_SPELT: Final = {"=": "==", "<>": "!="}
_SQL_SIGNS: Final = {"==": "IS", "!=": "IS NOT", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
_FLIPPED: Final = {"==": "==", "!=": "!=", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
_MATCHES: Final = {
    "contains": "instr({0}, {1}) > 0",
    "startswith": "substr({0}, 1, length({1})) = {1}",
    "endswith": "substr({0}, -max(length({1}), 1), length({1})) = {1}",
}
_CASES: Final = {"tolower": "lower_case({0})", "toupper": "upper_case({0})"}


def scaled(number: Decimal) -> int:
    """A stored number as whole millionths; what does not fit a column is cut to its limit."""
    return _bounded(number.scaleb(SCALE, MONEY).to_integral_value())


def _bounded(units: Decimal) -> int:
    return max(-WIDEST, min(WIDEST, int(units)))


def compile_where(where: str, resource: Resource) -> Condition:
    """The SQL condition of a `where`; `QueryRefused` when it does not parse or names an unknown field."""
    return _Parser(where, resource).parse()


def compile_order(order: str, resource: Resource) -> str:
    """The SQL terms of an `order`, made total by the id at its end; `QueryRefused` for unknown fields."""
    terms: list[str] = []
    for part in order.split(","):
        matched = _ORDER.fullmatch(part)
        if matched is None:
            raise QueryRefused(f"'{part.strip()}' is not a field and a direction")
        direction = "DESC" if (matched[2] or "").upper().startswith("DESC") else "ASC"
        terms.append(f'"{_column(resource, matched[1]).column}" {direction}')
    return ", ".join([*terms[:20], "id ASC"])


def _column(resource: Resource, path: str) -> Column:
    found = resource.column(path)
    if found is None:
        raise QueryRefused(f"No property or field '{path}' exists in type '{resource.item}'")
    return found


class _Parser:
    """A recursive descent over the tokens of one `where`."""

    def __init__(self, where: str, resource: Resource) -> None:
        self.resource = resource
        self.tokens = _tokens(where)
        self.at = 0
        self.depth = 0

    def parse(self) -> Condition:
        whole = self._either()
        if self.at < len(self.tokens):
            raise QueryRefused(f"Syntax error at '{self.tokens[self.at][1]}'")
        return whole

    def _either(self) -> Condition:
        return self._chain(self._both, "OR", {"or", "||"})

    def _both(self) -> Condition:
        return self._chain(self._term, "AND", {"and", "&&"})

    def _chain(self, part: Callable[[], Condition], joint: str, signs: set[str]) -> Condition:
        parts = [part()]
        while self._peek().lower() in signs and self._kind() != "text":
            self.at += 1
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        return Condition(
            "(" + f" {joint} ".join(each.sql for each in parts) + ")",
            tuple(value for each in parts for value in each.values),
            joint == "AND" and all(each.optimised for each in parts),
        )

    def _term(self) -> Condition:
        if self._peek().lower() in ("!", "not") and self._kind() != "text":
            return self._negated()
        if self._peek() != "(":
            return self._comparison()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise QueryRefused("The expression is nested too deeply")
        self._expect("(")
        inside = self._either()
        self._expect(")")
        self.depth -= 1
        return inside

    def _negated(self) -> Condition:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise QueryRefused("The expression is nested too deeply")
        self.at += 1
        inside = self._term()
        self.depth -= 1
        return Condition(f"(NOT coalesce({inside.sql}, 0))", inside.values, optimised=False)

    def _comparison(self) -> Condition:
        left = self._operand()
        sign = _SPELT.get(self._peek(), self._peek())
        if self._kind() != "sign" or sign not in _SQL_SIGNS:
            if left.kind != "bool":
                raise QueryRefused("Expression of type 'Boolean' expected")
            return left.condition
        self.at += 1
        return _compared(left, sign, self._operand())

    def _operand(self) -> _Operand:
        kind, token = self._take()
        if kind == "text":
            return _literal("text", token[1:-1])
        if kind == "number":
            number = Decimal(token)
            return _Operand("number", Condition("?", (scaled(number),)), literal=True, number=number)
        if kind != "name":
            raise QueryRefused(f"Expression expected at '{token}'")
        match token.lower():
            case "true" | "false":
                return _literal("bool", int(token.lower() == "true"))
            case "null":
                return _NULL
            case "guid":
                return self._guid()
            case "datetime":
                return self._date()
            case "datetime.parse":
                return self._parsed_date()
            case _:
                return self._field(token)

    def _field(self, token: str) -> _Operand:
        path, _, method = token.rpartition(".")
        if method.lower() in ("hasvalue", "value") and path and self._peek() != "(":
            return self._nullable(path, method)
        if self._peek() != "(" or not path:
            return _stored(_column(self.resource, token))
        operand = self._called(_stored(_column(self.resource, path)), method)
        while self._peek() == ".":
            self.at += 1
            operand = self._called(operand, self._take()[1])
        return operand

    def _nullable(self, path: str, member: str) -> _Operand:
        """The two members of what may be null: whether it is there, and itself."""
        operand = _stored(_column(self.resource, path))
        if operand.kind not in ("date", "number"):
            raise QueryRefused(f"No property or field '{member}' exists in type '{_TYPES[operand.kind]}'")
        if member.lower() == "value":
            return operand
        return _Operand("bool", Condition(f"({operand.condition.sql} IS NOT NULL)", optimised=False))

    def _called(self, on: _Operand, method: str) -> _Operand:
        name = method.lower()
        if on.kind != "text" or (name not in _MATCHES and name not in _CASES):
            raise QueryRefused(f"No applicable method '{method}' exists in type '{_TYPES[on.kind]}'")
        self._expect("(")
        if name in _CASES:
            self._expect(")")
            changed = _CASES[name].format(on.condition.sql)
            return _Operand("text", Condition(changed, on.condition.values, optimised=False))
        kind, part = self._take()
        self._expect(")")
        if kind != "text":
            raise QueryRefused(f"'{method}' expects text")
        return _Operand("bool", _matched(_MATCHES[name], on.condition, part[1:-1]))

    def _guid(self) -> _Operand:
        self._expect("(")
        kind, token = self._take()
        self._expect(")")
        if kind != "text" or not is_guid(token[1:-1]):
            raise QueryRefused("Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)")
        return _literal("guid", token[1:-1].lower())

    def _date(self) -> _Operand:
        self._expect("(")
        parts = [self._whole_number()]
        while self._peek() == ",":
            self.at += 1
            parts.append(self._whole_number())
        self._expect(")")
        if len(parts) not in (3, 6):
            raise QueryRefused("No applicable constructor exists in type 'DateTime'")
        year, month, day, hour, minute, second = [*parts, 0, 0, 0][:6]
        try:
            moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except (ValueError, OverflowError):
            raise QueryRefused("Year, Month, and Day parameters describe an un-representable DateTime") from None
        return _literal("date", ms_of(moment))

    def _parsed_date(self) -> _Operand:
        self._expect("(")
        kind, token = self._take()
        self._expect(")")
        try:
            return _literal("date", read_moment(token[1:-1] if kind == "text" else ""))
        except ValueError:
            raise QueryRefused("String was not recognized as a valid DateTime.") from None

    def _whole_number(self) -> int:
        kind, token = self._take()
        if kind != "number" or not token.isdigit() or len(token) > 4:
            raise QueryRefused("No applicable constructor exists in type 'DateTime'")
        return int(token)

    def _kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise QueryRefused("Expression expected at the end")
        self.at += 1
        return self.tokens[self.at - 1]

    def _expect(self, sign: str) -> None:
        if self._kind() != "sign" or self._peek() != sign:
            raise QueryRefused(f"'{sign}' expected at '{self._peek() or 'the end'}'")
        self.at += 1


def _tokens(where: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, end = 0, len(where.rstrip())
    while at < end:
        matched = _TOKEN.match(where, at)
        if matched is None or matched.lastgroup is None:
            raise QueryRefused(f"Syntax error '{where[at : at + 20].strip()}' at position {at}")
        kind, token = matched.lastgroup, matched[matched.lastgroup]
        found.append((kind, re.sub(r"\s", "", token) if kind == "name" else token))
        at = matched.end()
    if not found:
        raise QueryRefused("Expression expected")
    if len(found) > _LONGEST:
        raise QueryRefused("The expression is too long")
    return found


def _literal(kind: OperandKind, value: SqlValue) -> _Operand:
    """A literal; an empty text is null, as it is in the columns."""
    return _NULL if value == "" and kind == "text" else _Operand(kind, Condition("?", (value,)), literal=True)


def _stored(column: Column) -> _Operand:
    return _Operand(column.kind, Condition(f'"{column.column}"'))


def _matched(template: str, on: Condition, part: str) -> Condition:
    """A text match; the part stands in the template once or more."""
    values = on.values + (part,) * template.count("{1}")
    return Condition(f"({template.format(on.sql, '?')})", values, optimised=False)


def _compared(left: _Operand, sign: str, right: _Operand) -> Condition:
    if left.literal and not right.literal:
        left, sign, right = right, _FLIPPED[sign], left
    kinds = {left.kind, right.kind} - {"null"}
    ordered = sign not in ("==", "!=")
    if len(kinds) > 1 or (ordered and ("null" in (left.kind, right.kind) or kinds & {"bool", "guid"})):
        types = f"'{_TYPES[left.kind]}' and '{_TYPES[right.kind]}'"
        raise QueryRefused(f"Operator '{sign}' incompatible with operand types {types}")
    if "object" in kinds and right.kind != "null":
        raise QueryRefused(f"Operator '{sign}' incompatible with operand types 'Object' and 'Object'")
    if right.number is not None:
        return _against_number(left, sign, right.number)
    return Condition(
        f"({left.condition.sql} {_SQL_SIGNS[sign]} {right.condition.sql})",
        left.condition.values + right.condition.values,
        _is_optimised(left, sign) and right.condition.optimised,
    )


def _is_optimised(left: _Operand, sign: str) -> bool:
    return left.condition.optimised and (sign == "==" or (sign != "!=" and left.condition.sql in _RANGED))


def _against_number(left: _Operand, sign: str, number: Decimal) -> Condition:
    """A comparison with a literal number, exact even where it has more decimals than a column keeps."""
    if left.number is not None:
        values: tuple[SqlValue, ...] = ((left.number > number) - (left.number < number),)
        return Condition(f"(? {_SQL_SIGNS[sign]} 0)", values)
    units = number.scaleb(SCALE, MONEY)
    whole = units.to_integral_value()
    optimised = _is_optimised(left, sign)
    if whole != units and sign in ("==", "!="):
        return Condition("0" if sign == "==" else "1", optimised=optimised)
    if whole != units:
        whole = units.to_integral_value(ROUND_FLOOR if sign in (">", "<=") else ROUND_CEILING)
    values = (*left.condition.values, _bounded(whole))
    return Condition(f"({left.condition.sql} {_SQL_SIGNS[sign]} ?)", values, optimised)
