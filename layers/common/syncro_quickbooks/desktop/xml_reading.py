"""Reading XML that anybody may have sent: no document types, so no entities, and no depth without end.

The parser is the standard library's, which boto3 has loaded anyway (docs/decisions.md has the figures).
"""

from typing import TypeAlias
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

_DEEPEST = 50  # SOAP around qbXML is 3 deep, qbXML itself below 12
# A handler's error ends the parse only with the piece it is in, so pieces bound what an entity can grow to meanwhile.
_PIECE = 16_384

Document: TypeAlias = str | bytes
"""XML as characters, or as bytes in the encoding its own declaration names."""


class Unreadable(Exception):
    """Not XML, cut off, or XML of a kind that is refused; the text says which."""


class Careful:
    """What every target of the parser must refuse: nothing from outside has need of it."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0

    def doctype(self, *_: object) -> None:
        """Without a document type nobody can define an entity, inside the document or elsewhere."""
        raise Unreadable("a document type (DTD) is not accepted")

    def deeper(self) -> None:
        """An element begins."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise Unreadable(f"elements are nested more than {_DEEPEST} deep")


class _Builder(Careful, TreeBuilder):
    """Builds elements."""

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Begin an element."""
        self.deeper()
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """End an element."""
        self.depth -= 1
        return super().end(tag)


def feed(document: Document, target: Careful) -> object:
    """Feed `document` to the parser in pieces; returns what `target.close()` does. Raises Unreadable."""
    parser = XMLParser(target=target)  # noqa: S314 - Careful refuses what makes it vulnerable
    try:
        for start in range(0, len(document), _PIECE):
            parser.feed(document[start : start + _PIECE])
        return parser.close()
    # ValueError: characters that no encoding has; LookupError: an encoding nobody knows.
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable(f"no well-formed XML: {error}") from error


def parse(document: Document) -> Element:
    """The root element of `document`. Raises Unreadable."""
    root = feed(document, _Builder())
    if not isinstance(root, Element):
        raise Unreadable("no XML")
    return root


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def namespace(element: Element) -> str:
    """The element's namespace, empty without one."""
    return element.tag[1:].rpartition("}")[0]
