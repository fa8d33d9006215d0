"""Request text to elements, and answers to text in QuickBooks' spelling (facts: QBD 1.1, 1.8, captures)."""

import re
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from .statuses import malformed

_VERSION = re.compile(r'<\?qbxml\s+version\s*=\s*"(\d+\.\d+)"\s*\?>')


def parse(text: str, foreign_characters: str) -> tuple[str, ElementTree.Element]:
    """The declared qbXML version and the message set. Raises HResult 0x80040400 when it cannot be read."""
    if not text.isascii():
        raise malformed("raw non-ASCII characters; write numeric references")
    found = _VERSION.search(text)
    if found is None:
        raise malformed("no <?qbxml version?>")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise malformed("a document type")
    try:
        root = ElementTree.fromstring(text.strip())  # noqa: S314  # entities are refused above
    except ElementTree.ParseError as error:
        raise malformed(str(error)) from error
    sets = list(root)
    if root.tag != "QBXML" or len(sets) != 1 or sets[0].tag != "QBXMLMsgsRq":
        raise malformed("not <QBXML> with one <QBXMLMsgsRq>")
    for element in root.iter():
        if element.text and not _is_windows_1252(element.text):
            if foreign_characters == "refuse":
                raise malformed(f"{element.tag} has characters that Windows-1252 does not have")
            element.text = element.text.encode("cp1252", "replace").decode("cp1252")
    return found[1], sets[0]


def _is_windows_1252(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def document(attributes: dict[str, str], answers: list[str]) -> str:
    """A whole answer."""
    head = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    body = "".join(answers)
    return f'<?xml version="1.0" ?>\n<QBXML>\n<QBXMLMsgsRs{head}>\n{body}</QBXMLMsgsRs>\n</QBXML>\n'


def answer(tag: str, attributes: dict[str, str], content: list[tuple[str, Any]]) -> str:
    """One Rs element; without content it closes itself (captured)."""
    head = "".join(f' {name}="{_quoted(value)}"' for name, value in attributes.items())
    if not content:
        return f"<{tag}{head} />\n"
    inner = "".join(_element(name, value) for name, value in content)
    return f"<{tag}{head}>\n{inner}</{tag}>\n"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, one) for key, one in value.items())
        return f"<{name}>\n{inner}</{name}>\n"
    return f"<{name}>{_quoted(value)}</{name}>\n"


def _quoted(value: str) -> str:
    return escape(value, {'"': "&quot;"})
