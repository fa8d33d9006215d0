"""JSON whose numbers stay exact: amounts are read as Decimal and written digit for digit, never through a float."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from json.encoder import encode_basestring_ascii as _quoted

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
    pieces: list[str] = []
    _write(value, pieces.append, canonical=False)
    return "".join(pieces)


def canonical(value: Json) -> str:
    """`value` in one spelling: keys sorted, equal numbers written alike (1.50, 1.5). For digests, not for sending."""
    pieces: list[str] = []
    _write(value, pieces.append, canonical=True)
    return "".join(pieces)


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not a JSON number")


def _write(value: Json, add: Callable[[str], None], *, canonical: bool) -> None:
    """The commonest first: documents are mostly text and objects."""
    if isinstance(value, str):
        add(_quoted(value))
    elif isinstance(value, dict):
        _write_object(value, add, canonical=canonical)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            add("," if index else "[")
            _write(item, add, canonical=canonical)
        add("]" if value else "[]")
    elif isinstance(value, Decimal):
        text = _number(value)
        add(text.rstrip("0").rstrip(".") if canonical and "." in text and "E" not in text else text)
    elif value is None or isinstance(value, bool | int):
        add(json.dumps(value))
    elif isinstance(value, Mapping):
        _write_object(value, add, canonical=canonical)
    else:
        raise TypeError(f"{type(value).__name__} cannot be written as exact JSON")


def _write_object(value: Mapping[str, Json], add: Callable[[str], None], *, canonical: bool) -> None:
    before = "{"
    for key in sorted(value) if canonical else value:
        if not isinstance(key, str):
            raise TypeError(f"a JSON key must be text, not {type(key).__name__}")
        add(f"{before}{_quoted(key)}:")
        _write(value[key], add, canonical=canonical)
        before = ","
    add("}" if value else "{}")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError(f"{value} is not a JSON number")
    if value.is_zero() and value.is_signed():
        value = -value  # -0.00 is no amount
    return str(value) if abs(value.adjusted()) > _PLAIN_DIGITS else format(value, "f")
