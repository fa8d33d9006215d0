"""SOAP 1.1, document/literal wrapped, as far as the Web Connector speaks it (facts: QBD 1.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from xml.etree.ElementTree import Element

from syncro_quickbooks.desktop.interface import INTUIT, OPERATIONS
from syncro_quickbooks.desktop.xml_reading import Document, Unreadable, local_name, namespace, parse
from syncro_quickbooks.desktop.xml_writing import escape

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
CONTENT_TYPE = "text/xml; charset=utf-8"

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

Result: TypeAlias = str | int | Sequence[str]


class Refused(Exception):
    """A message that is answered with a SOAP fault: `code` is SOAP 1.1's, the text says what is wrong."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Call:
    """A method and its arguments. A missing or nil argument, .NET's null, is None; an empty one is an empty text."""

    method: str
    arguments: Mapping[str, str | None]

    def text(self, name: str) -> str:
        """An argument, where null and empty mean the same."""
        return self.arguments.get(name) or ""


def read_call(document: Document) -> Call:
    """The call in a SOAP message, whatever prefixes it uses. Raises Refused."""
    try:
        envelope = parse(document)
    except Unreadable as error:
        raise Refused("Client", f"The message is {_lower(str(error))}.") from error
    if local_name(envelope) != "Envelope":
        raise Refused("Client", "The message is no SOAP envelope.")
    if namespace(envelope) != ENVELOPE:
        raise Refused("VersionMismatch", "This service speaks SOAP 1.1.")
    body = next((child for child in envelope if child.tag == f"{{{ENVELOPE}}}Body"), None)
    if body is None or len(body) == 0:
        raise Refused("Client", "The SOAP body holds no call.")
    return _call(body[0])


def _call(element: Element) -> Call:
    method = local_name(element)
    if method not in OPERATIONS or namespace(element) not in (INTUIT, ""):
        raise Refused("Client", f"There is no method {method[:50]!r} here.")
    arguments: dict[str, str | None] = {}
    for argument in element:
        name = local_name(argument)
        if len(argument):
            raise Refused("Client", f"{method}: {name[:50]!r} must be text and holds elements.")
        is_nil = argument.get(_NIL, "").strip() in ("true", "1")
        arguments[name] = None if is_nil else argument.text or ""
    return Call(method, arguments)


def write_answer(method: str, result: Result) -> str:
    """The SOAP message that answers a call of `method`."""
    name = f"{method}Result"
    if isinstance(result, str | int):
        content = _text_element(name, str(result))
    else:
        # In Intuit's namespace like everything else: in any other the Web Connector sees an empty list.
        content = f"<{name}>{''.join(_text_element('string', member) for member in result)}</{name}>"
    return _envelope(f'<{method}Response xmlns="{INTUIT}">{content}</{method}Response>')


def write_fault(code: str, text: str) -> str:
    """The SOAP message that refuses a call."""
    fault = f"<faultcode>soap:{code}</faultcode><faultstring>{escape(text)}</faultstring>"
    return _envelope(f"<soap:Fault>{fault}</soap:Fault>")


def _text_element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else f"<{name}/>"


def _envelope(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>{body}</soap:Body></soap:Envelope>'
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
