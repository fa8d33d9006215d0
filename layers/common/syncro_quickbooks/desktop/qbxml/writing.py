"""Writing qbXML message sets: pure ASCII, elements in QuickBooks' order, every value in its form (facts: QBD 1.8, 2.1).

A body is neutral: qbXML's names with texts, Decimals, flags and lists for what repeats, in any order.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.desktop.qbxml.forms import REQUESTS, Form, Text, Type
from syncro_quickbooks.desktop.qbxml.text import plain
from syncro_quickbooks.desktop.xml_writing import escape
from syncro_quickbooks.json_types import Json, JsonObject

MOST_DECIMALS = 5
LARGEST_PRICE = Decimal(10) ** 10
LARGEST_AMOUNT = Decimal(10) ** 13

STOP_ON_ERROR = "stopOnError"
GO_ON = "continueOnError"

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")
_LONGEST_ID = 36


class Unwritable(ValueError):
    """A body that QuickBooks could not take; the text names the element."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its name without Rq ("InvoiceAdd"), its body, and the macro by which others of the set name it.

    `iterator` is Start or Continue for a query that comes in pages.
    """

    name: str
    body: JsonObject
    macro: str = ""
    iterator: str = ""
    iterator_id: str = ""


def written(request: Request, request_id: str) -> str:
    """One request as qbXML. Raises Unwritable."""
    form = REQUESTS[request.name]
    content = "".join(_children(request.body, form, request.name))
    attributes = _attributes({"requestID": request_id, "iterator": request.iterator, "iteratorID": request.iterator_id})
    if request.name.endswith(("Add", "Mod")):
        content = f"<{request.name}{_attributes({'defMacro': request.macro})}>{content}</{request.name}>"
    return f"<{request.name}Rq{attributes}>{content}</{request.name}Rq>"


def message_set(
    requests: Sequence[str], version: str, *, on_error: str = GO_ON, set_id: str = "", old_set_id: str = ""
) -> str:
    """A whole message set of written requests.

    QuickBooks keeps the answer under `set_id`, and forgets the one it keeps under `old_set_id` (facts: QBD 2.4).
    """
    attributes = _attributes({"onError": on_error, "oldMessageSetID": old_set_id, "newMessageSetID": set_id})
    return (
        f'<?xml version="1.0" encoding="utf-8"?><?qbxml version="{version}"?>'
        f"<QBXML><QBXMLMsgsRq{attributes}>{''.join(requests)}</QBXMLMsgsRq></QBXML>"
    )


def status_query(set_id: str, version: str) -> str:
    """Asks what QuickBooks keeps under `set_id`: an empty set that names it as old and as new."""
    return message_set([], version, on_error=STOP_ON_ERROR, set_id=set_id, old_set_id=set_id)


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in values.items() if value)


def _children(body: JsonObject, form: Mapping[str, Form], where: str) -> Iterator[str]:
    unknown = set(body) - set(form)
    if unknown:
        raise Unwritable(f"{where} has no {', '.join(sorted(unknown))}")
    for name, inner in form.items():
        value = body.get(name)
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield _element(name, each, inner, where)


def _element(name: str, value: Json, form: Form, where: str) -> str:
    if isinstance(form, Mapping):
        if not isinstance(value, dict):
            raise Unwritable(f"{where} {name} is not a group of elements")
        return f"<{name}>{''.join(_children(value, form, f'{where} {name}'))}</{name}>"
    if form is Type.ID and isinstance(value, dict):
        return f"<{name}{_attributes({'useMacro': str(value['useMacro'])})}/>"
    return f"<{name}>{escape(_value(value, form, f'{where} {name}'))}</{name}>"


def _value(value: Json, form: Type | Text, where: str) -> str:
    if form is Type.FLAG and isinstance(value, bool):
        return "true" if value else "false"
    if form is Type.AMOUNT and isinstance(value, Decimal | int):
        return _amount(Decimal(value), where)
    if form is Type.PRICE and isinstance(value, Decimal | int):
        return _price(Decimal(value), where)
    if form is Type.WHOLE and isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value, form, where) if isinstance(form, Text) else _written_as(value, form, where)
    raise Unwritable(f"{where} cannot be {type(value).__name__}")


def _amount(amount: Decimal, where: str) -> str:
    if abs(amount) >= LARGEST_AMOUNT or money.cents(amount) != amount:
        raise Unwritable(f"{where} {amount} is not an amount in cents of at most 13 digits before the point")
    return f"{money.cents(amount):f}"


def _price(number: Decimal, where: str) -> str:
    if abs(number) >= LARGEST_PRICE or money.decimals(number) > MOST_DECIMALS:
        raise Unwritable(f"{where} {number} has more than 10 digits before or 5 after the point")
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: str, form: Text, where: str) -> str:
    text = plain(value)
    if len(text) > form.limit:
        raise Unwritable(f"{where} has {len(text)} characters, {form.limit} fit")
    return text


def _written_as(value: str, form: Type, where: str) -> str:
    fits = {
        Type.DATE: _DATE.fullmatch(value),
        Type.MOMENT: _MOMENT.fullmatch(value),
        Type.ID: 0 < len(value) <= _LONGEST_ID or None,
    }
    if not fits.get(form):
        raise Unwritable(f"{where} cannot be {value!r}")
    return value
