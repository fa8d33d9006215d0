"""The field tables of QuickBooks' objects and the checks that need nothing but the body itself.

A table line is `Name:kind(argument)` with `*` for a list and `~` for read-only. Names, lengths and enumerations:
Intuit's
reference pages (facts: QBO 1.0-1.8). Kinds: s text, n number, b true/false, d date, t moment, r reference, e
enumeration,
o nested object, x anything.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from . import refusals
from .json_text import Obj, copy_of
from .tables import TABLES

_FIELD = re.compile(r"(\w+):([a-z])(?:\(([^)]*)\))?([*~]*)")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_BREAKS_A_NAME = frozenset(":\t\n")
# Names that stand in a colon-separated FullyQualifiedName (REF customer, item, account); `"` is third-party advice for
# items.
_NAME_FIELDS = frozenset(
    {"DisplayName", "Title", "GivenName", "MiddleName", "FamilyName", "Suffix", "PrintOnCheckName"}
)
_LIST_NAME_TYPES = frozenset({"Item", "Account", "Class", "Department", "Term", "PaymentMethod"})


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a type."""

    name: str
    kind: str
    argument: str
    many: bool
    read_only: bool


@dataclass(slots=True)
class Checked:
    """A body that passed: `values` is a fresh copy without read-only fields; None means "clear this field"."""

    values: Obj
    references: list[tuple[str, str, Obj]] = field(default_factory=list)


def _table(text: str) -> dict[str, Field]:
    return {
        name: Field(name, kind, argument, "*" in flags, "~" in flags)
        for name, kind, argument, flags in _FIELD.findall(text)
    }


TYPES: dict[str, dict[str, Field]] = {name: _table(text) for name, text in TABLES.items()}


class _Checker:
    def __init__(self, latin1_only: bool) -> None:
        self.latin1_only = latin1_only
        self.references: list[tuple[str, str, Obj]] = []

    def nested(self, type_name: str, body: object) -> Obj:
        if not isinstance(body, dict):
            raise refusals.unreadable_body()
        table = TYPES[type_name]
        values: Obj = {}
        for name, value in body.items():
            spec = table.get(name)
            if spec is None:
                raise refusals.unknown_property(name, type_name, list(table))
            if spec.read_only:
                continue  # "silently overwritten" (REST features page)
            values[name] = None if value is None else self.value(type_name, spec, value)
        return values

    def value(self, type_name: str, spec: Field, value: object) -> Any:
        if spec.many:
            if not isinstance(value, list):
                raise refusals.unreadable_body()
            return [self.single(type_name, spec, one) for one in value]
        return self.single(type_name, spec, value)

    def single(self, type_name: str, spec: Field, value: object) -> Any:  # noqa: PLR0911  # one return a kind
        if spec.kind == "s":
            return self.text(type_name, spec, value)
        if spec.kind == "n":
            return number(spec.name, value)
        if spec.kind == "r":
            return self.reference(spec, value)
        if spec.kind == "o":
            return self.nested(spec.argument, value)
        if spec.kind == "b":
            return boolean(spec.name, value)
        if spec.kind == "d":
            return day(spec.name, value)
        if spec.kind == "e":
            return self.choice(spec, value)
        return copy_of(value)

    def text(self, type_name: str, spec: Field, value: object) -> str:
        if isinstance(value, bool | dict | list):
            raise refusals.unreadable_body()
        text = str(value)
        limit = int(spec.argument) if spec.argument else 0
        if limit and len(text) > limit:
            raise refusals.too_long(spec.name, limit, len(text))
        if self.latin1_only and not _fits_latin1(text):
            raise refusals.invalid_text(spec.name, "this company accepts ISO-8859-1 characters only")
        if spec.name in _NAME_FIELDS and _BREAKS_A_NAME & set(text):
            raise refusals.invalid_text(spec.name, "colon, tab and newline are not allowed in a name")
        if spec.name == "Name" and type_name in _LIST_NAME_TYPES and (_BREAKS_A_NAME | {'"'}) & set(text):
            raise refusals.invalid_text(spec.name, "colon, double quote, tab and newline are not allowed in a name")
        if spec.name == "Address" and text and not _ADDRESS.fullmatch(text):
            raise refusals.invalid_value("2210", "Invalid Email Address Format", spec.name, text)
        return text

    def reference(self, spec: Field, value: object) -> Obj | None:
        if not isinstance(value, dict):
            raise refusals.unreadable_body()
        for name in value:
            if name not in ("value", "name", "type"):
                raise refusals.unknown_property(name, "ReferenceType", ["value", "name", "type"])
        target = value.get("value")
        if target is None or target == "":
            return None
        reference: Obj = {"value": str(target)}
        if "type" in value:
            reference["type"] = value["type"]
        if spec.argument:
            self.references.append((spec.argument, spec.name, reference))
        return reference

    def choice(self, spec: Field, value: object) -> str:
        if value not in spec.argument.split("|"):
            raise refusals.invalid_value("2170", "Invalid Enumeration", spec.name, value)
        return str(value)


def check(type_name: str, body: object, *, latin1_only: bool) -> Checked:
    """Check names, types, lengths and characters of a body.

    Raises Refusal: 2010 unknown field, 2040 characters, 2050 length, 2060 date, 2080 number, 2170 enumeration, 2210
    e-mail.
    """
    checker = _Checker(latin1_only)
    return Checked(checker.nested(type_name, body), checker.references)


def number(name: str, value: object) -> Decimal:
    """A JSON number, or a numeric text as Intuit's own parser takes it."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise refusals.invalid_value("2080", "Invalid Number Format", name, value)
    try:
        parsed = Decimal(value)
    except InvalidOperation:
        raise refusals.invalid_value("2080", "Invalid Number Format", name, value) from None
    # "max 15 digits in 10.5 format" (REF invoice, Line.Amount); prices may have more decimals, never more whole digits.
    if not parsed.is_finite() or abs(parsed) >= Decimal(10) ** 11:
        raise refusals.invalid_value("2090", "Invalid Number", name, value)
    return parsed


def boolean(name: str, value: object) -> bool:
    """true/false, or the same as text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise refusals.invalid_value("2230", "Invalid Boolean", name, value)


def day(name: str, value: object) -> str:
    """An xs:date as `YYYY-MM-DD`; a moment is cut to its date."""
    text = str(value)
    try:
        if len(text) > 10:
            return datetime.fromisoformat(text).date().isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise refusals.invalid_value("2060", "Invalid Date Format", name, value) from None


def _fits_latin1(text: str) -> bool:
    try:
        text.encode("iso-8859-1")
    except UnicodeEncodeError:
        return False
    return True
