"""JSON whose numbers stay exact: amounts are read as Decimal and written digit for digit, never through a float."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal

from syncro_quickbooks.json_types import Json

_PLAIN_DIGITS = 30  # beyond this a plain notation would only be zeros


def loads(text: str | bytes) -> Json:
    """The value of a JSON text; numbers with a point or exponent become Decimal, others int.

    Raises ValueError for anything that is not one complete JSON value, NaN and Infinity included.
    """
    try:
        value: Json = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None
    return value


def dumps(value: Json) -> str:
    """`value` as compact ASCII JSON, keys in the order they have.

    Raises TypeError for a float (amounts are Decimal) or a type JSON has not, ValueError for an infinite number.
    """
    return "".join(_pieces(value, canonical=False))


def canonical(value: Json) -> str:
    """`value` in one spelling: keys sorted, equal numbers written alike (1.50, 1.5). For digests, not for sending."""
    return "".join(_pieces(value, canonical=True))


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def _pieces(value: Json, *, canonical: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _object(value, canonical=canonical)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield "," if index else "["
            yield from _pieces(item, canonical=canonical)
        yield "]" if value else "[]"
    elif isinstance(value, Decimal):
        text = _number(value)
        yield text.rstrip("0").rstrip(".") if canonical and "." in text and "E" not in text else text
    elif value is None or isinstance(value, str | bool | int):
        yield json.dumps(value)
    else:
        raise TypeError(f"{type(value).__name__} cannot be written as exact JSON")


def _object(value: Mapping[str, Json], *, canonical: bool) -> Iterator[str]:
    keys = sorted(value) if canonical else list(value)
    for index, key in enumerate(keys):
        if not isinstance(key, str):
            raise TypeError(f"a JSON key must be text, not {type(key).__name__}")
        yield ("," if index else "{") + json.dumps(key) + ":"
        yield from _pieces(value[key], canonical=canonical)
    yield "}" if keys else "{}"


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a JSON number")
    if value.is_zero() and value.is_signed():
        value = -value  # -0.00 is no amount
    return str(value) if abs(value.adjusted()) > _PLAIN_DIGITS else format(value, "f")
