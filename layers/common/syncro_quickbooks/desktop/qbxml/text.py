"""Texts as QuickBooks Desktop takes them: Windows-1252 and no control characters (facts: QBD 1.8)."""

import re
import unicodedata

# What NFKD cannot take apart and Windows-1252 lacks.
_TRANSLITERATIONS = str.maketrans(
    {
        **dict.fromkeys("‐‑‒―−", "-"),
        **{"‛": "'", "′": "'", "‟": '"', "″": '"'},
        **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ħ": "h", "Ħ": "H", "ß": "ß"},
    }
)
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def plain(value: str) -> str:
    """`value` with what Windows-1252 lacks transliterated or dropped; of control characters only line ends stay."""
    composed = unicodedata.normalize("NFC", re.sub(r"\r\n|\r", "\n", value).replace("\t", " "))
    return "".join(map(_character, composed))


def one_line(value: str | None, limit: int) -> str:
    """`value` on one line, blanks collapsed, cut to `limit` characters."""
    return " ".join(plain(value or "").split())[:limit].rstrip()


def prose(value: str | None, limit: int) -> str:
    """`value` with its lines, cut to `limit` characters."""
    lines = [line.rstrip() for line in plain(value or "").split("\n")]
    return "\n".join(lines).strip()[:limit].rstrip()


def _character(character: str) -> str:
    if character == "\n":
        return character
    if unicodedata.category(character) in _UNPRINTABLE:
        return ""
    if _fits(character):
        return character
    decomposed = unicodedata.normalize("NFKD", character.translate(_TRANSLITERATIONS))
    return "".join(part for part in decomposed if _fits(part))


def _fits(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
