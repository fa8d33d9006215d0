"""What a request may contain, in which order, and how values look.

A rule is written as a line of elements: `Name` + how often (`!` once, `?` at most once, `+` once or more, `~` any
number) + `:type`, or `{…}` with its own children; `[a | b]` with the same marks is a choice. Types: a number is text
of that length, `refN` a reference, the rest are in `_FORMS`. `&name` stands for a shared piece, see tables.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element as Xml

from .statuses import Obj, Refused, bad_id, bad_value, malformed, too_long

_MANY = 1_000_000
_OFTEN = {"!": (1, 1), "?": (0, 1), "+": (1, _MANY), "~": (0, _MANY)}
_TOKEN = re.compile(r"\s*(?:([A-Za-z]\w*)([!?+~])(?::(\w+(?:\([^)]*\))?))?|\]([!?+~])|([\[|{}]))")
# Valid in QuickBooks, not built here: a test that needs one should hear it, not a parse error.
_NOT_BUILT = frozenset(
    {
        "CreditCardTxnInfo",
        "CreditCardTxnInfoMod",
        "AccountFilter",
        "CurrencyFilter",
        "ClassFilter",
        "TotalBalanceFilter",
        "DateMacro",
    }
)
_USE_MACRO = frozenset({"TxnID", "TxnLineID", "CreditTxnID", "LinkToTxnID"})


@dataclass(frozen=True, slots=True)
class Element:
    """An element that may stand here; `kind` is its type, empty when it has children."""

    name: str
    least: int
    most: int
    kind: str = ""
    children: "tuple[Part, ...]" = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    alternatives: "tuple[tuple[Part, ...], ...]"
    least: int
    most: int


Part = Element | Choice


def parse(rule: str, pieces: Mapping[str, str]) -> tuple[Part, ...]:
    """A rule's text as parts."""
    while "&" in rule:
        rule = re.sub(r"&(\w+)", lambda match: pieces[match[1]], rule)
    tokens = []
    at = 0
    rule = rule.strip()
    while at < len(rule):
        match = _TOKEN.match(rule, at)
        if match is None:
            raise ValueError(f"rule unreadable at {rule[at : at + 40]!r}")
        tokens.append(match.groups())
        at = match.end()
    parts, rest = _sequence(tokens, 0)
    if rest != len(tokens):
        raise ValueError(f"rule has an unpaired bracket: {rule!r}")
    return parts


_Token = tuple[str | None, ...]


def _sequence(tokens: list[_Token], at: int) -> tuple[tuple[Part, ...], int]:
    parts: list[Part] = []
    while at < len(tokens):
        name, often, kind, _, mark = tokens[at]
        if name is not None:
            children: tuple[Part, ...] = ()
            at += 1
            if at < len(tokens) and tokens[at][4] == "{":
                children, at = _sequence(tokens, at + 1)
                at += 1  # the closing brace
            elif kind and kind.startswith("ref"):
                children = (Element("ListID", 0, 1, "id"), Element("FullName", 0, 1, kind.removeprefix("ref")))
            parts.append(Element(name, *_OFTEN[often or "!"], "" if children else kind or "text", children))
        elif mark == "[":
            choice, at = _choice(tokens, at + 1)
            parts.append(choice)
        else:
            break
    return tuple(parts), at


def _choice(tokens: list[_Token], at: int) -> tuple[Choice, int]:
    alternatives = []
    while True:
        sequence, at = _sequence(tokens, at)
        alternatives.append(sequence)
        if tokens[at][4] != "|":
            return Choice(tuple(alternatives), *_OFTEN[tokens[at][3] or "!"]), at + 1
        at += 1


def check(element: Xml, parts: tuple[Part, ...]) -> None:
    """Element names, order and number, all the way down.

    Raises HResult 0x80040400, NotImplementedError for the few valid elements that this emulator leaves out.
    """
    if not parts:
        if len(element):
            raise malformed(f"{element.tag} cannot have children")
        return
    children = list(element)
    if (element.text or "").strip():
        raise malformed(f"{element.tag} cannot have text")
    at = _take(parts, children, 0, element.tag)
    if at < len(children):
        raise _unexpected(children[at].tag, f"not expected in {element.tag} here")


def _take(parts: tuple[Part, ...], children: list[Xml], at: int, where: str) -> int:
    for part in parts:
        count = 0
        while at < len(children) and count < part.most:
            if isinstance(part, Element):
                if children[at].tag != part.name:
                    break
                _attributes(children[at])
                check(children[at], part.children)
                at += 1
            else:
                chosen = next((one for one in part.alternatives if children[at].tag in _first(one)), None)
                if chosen is None:
                    break
                at = _take(chosen, children, at, where)
            count += 1
        if count < part.least and not (isinstance(part, Choice) and any(map(_may_be_empty, part.alternatives))):
            wanted = part.name if isinstance(part, Element) else " or ".join(sorted(_all_first(part)))
            found = children[at].tag if at < len(children) else "the end"
            raise _unexpected(found, f"where {where} wants {wanted}")
    return at


def _unexpected(tag: str, why: str) -> Exception:
    if tag in _NOT_BUILT:
        return NotImplementedError(f"the emulator knows no {tag}")
    return malformed(f"{tag} is {why}")


def _attributes(element: Xml) -> None:
    for name in element.attrib:
        if name == "defMacro" and element.tag.endswith("Add"):
            continue  # which add may have one, the request processor knows
        if name != "useMacro" or element.tag not in _USE_MACRO:
            raise malformed(f"attribute {name} is not known on {element.tag}")


def _first(parts: tuple[Part, ...]) -> set[str]:
    found: set[str] = set()
    for part in parts:
        found |= {part.name} if isinstance(part, Element) else _all_first(part)
        if part.least and not (isinstance(part, Choice) and any(map(_may_be_empty, part.alternatives))):
            break
    return found


def _all_first(choice: Choice) -> set[str]:
    return set().union(*map(_first, choice.alternatives))


def _may_be_empty(parts: tuple[Part, ...]) -> bool:
    return all(
        part.least == 0 or (isinstance(part, Choice) and any(map(_may_be_empty, part.alternatives))) for part in parts
    )


def read(element: Xml, parts: tuple[Part, ...], macros: Mapping[str, str]) -> Obj:
    """The checked element as a dict: text, dicts, and lists for what may repeat.

    Raises Refused 3000 to 3110 for a value of the wrong form, 9101 for a macro that has no value.
    """
    known = {one.name: one for one in elements(parts)}
    found: Obj = {}
    for child in element:
        rule = known[child.tag]
        value = read(child, rule.children, macros) if rule.children else _value(child, rule.kind, macros)
        if rule.most > 1:
            found.setdefault(child.tag, []).append(value)
        else:
            found[child.tag] = value
    return found


def elements(parts: tuple[Part, ...]) -> list[Element]:
    """All elements that may stand at this level, whatever the choices."""
    found: list[Element] = []
    for part in parts:
        if isinstance(part, Element):
            found.append(part)
        else:
            for one in part.alternatives:
                # In a line-or-group choice each kind repeats by the choice's own mark.
                found += [
                    Element(inner.name, inner.least, max(inner.most, part.most), inner.kind, inner.children)
                    for inner in elements(one)
                ]
    return found


_NUMBER = {"price": (3045, "price"), "quan": (3060, "quantity"), "percent": (3050, "percentage")}
_FORMS = {
    "amt": (3040, "amount", re.compile(r"[+-]?\d{1,13}(\.\d{2})?")),
    "bool": (3010, "boolean", re.compile(r"true|false|1|0")),
    "date": (3020, "date", re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")),
    "datetime": (3020, "date", re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d([+-]\d\d:\d\d)?)?)?")),
    "int": (3060, "integer", re.compile(r"[+-]?\d+")),
    "float": (3060, "number", re.compile(r"[+-]?\d+(\.\d+)?")),
}
_PLAIN_NUMBER = re.compile(r"[+-]?\d{1,10}(\.\d{1,5})?")
_ID = re.compile(r"-1|[0-9A-F]{1,20}-\d{1,15}")
_GUID = re.compile(r"0|\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")


def _value(element: Xml, kind: str, macros: Mapping[str, str]) -> str:
    field = element.tag
    macro = element.get("useMacro")
    if macro is not None:
        if macro not in macros:
            # The range is published, the single codes are not [G].
            raise Refused(9101, f'The macro "{macro}" used in the field "{field}" has not been defined.')
        return macros[macro]
    text = element.text or ""
    if kind.isdecimal():
        if len(text) > int(kind):
            raise too_long(text, field)
        return text
    text = text.strip() if kind != "text" else text
    if text:
        _check_form(text, kind, field)
    return {"1": "true", "0": "false"}.get(text, text) if kind == "bool" else text


def _check_form(text: str, kind: str, field: str) -> None:
    if kind in _FORMS:
        code, what, pattern = _FORMS[kind]
        if not pattern.fullmatch(text):
            raise bad_value(code, what, text, field)
    elif kind in _NUMBER:
        if not _PLAIN_NUMBER.fullmatch(text):
            code, what = _NUMBER[kind]
            too_fine = re.fullmatch(r"[+-]?\d{1,10}\.\d{6,}", text) and kind != "percent"
            raise bad_value(3045 if too_fine else code, what, text, field)
    elif kind == "id":
        if not _ID.fullmatch(text):
            raise bad_id(text, field)
    elif kind == "guid":
        if not _GUID.fullmatch(text):
            raise bad_id(text, field)
    elif kind.startswith("enum(") and text not in kind[5:-1].split(","):
        raise Refused(3110, f'The enumerated value "{text}" in the field "{field}" is unknown.')
