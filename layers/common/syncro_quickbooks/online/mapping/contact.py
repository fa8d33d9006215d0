"""E-mail, phone and address of a customer or vendor, as far as QuickBooks takes them (facts: QBO 1.1)."""

import re
from collections.abc import Mapping

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping.names import name_part, prose
from syncro_quickbooks.sync.model import Problem

MAX_EMAIL = 100
MAX_PHONE = 30
MAX_ADDRESS_LINE = 500
MAX_PLACE = 255
MAX_POSTAL_CODE = 30
_LIMITS = {
    "Line1": MAX_ADDRESS_LINE,
    "Line2": MAX_ADDRESS_LINE,
    "City": MAX_PLACE,
    "CountrySubDivisionCode": MAX_PLACE,
    "PostalCode": MAX_POSTAL_CODE,
}
_EMAIL = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]+")


def email(text: str | None, who: str) -> tuple[str, tuple[Problem, ...]]:
    """Intuit: at most 100 characters with an @ and a dot; anything else would refuse the whole entry (2210)."""
    written = (text or "").strip()
    if not written or (len(written) <= MAX_EMAIL and written.isascii() and _EMAIL.fullmatch(written)):
        return written, ()
    return "", (_left_out("email_left_out", who, "e-mail address"),)


def phone(number: str | None, who: str, company: Company) -> tuple[str, tuple[Problem, ...]]:
    """A phone number, or a warning instead of one that is too long."""
    text = name_part((number or "").replace(":", " "), company, len(number or ""))
    if len(text) <= MAX_PHONE:
        return text, ()
    return "", (_left_out("phone_left_out", who, "phone number"),)


def address(fields: Mapping[str, str | None], company: Company) -> JsonObject:
    """The address with `fields` by QuickBooks' names; empty ones are left out."""
    texts = {key: prose(text, company, _LIMITS[key]) for key, text in fields.items()}
    return {key: text for key, text in texts.items() if text}


def _left_out(code: str, who: str, what: str) -> Problem:
    kind = who.partition(" ")[0]
    return Problem(
        code=f"{'customer' if kind == 'Organization' else kind.lower()}_{code}",
        message=f"{who}: QuickBooks does not take its {what}, so it was left out.",
        fix=f"Correct the {what} in Syncro; it goes along with the next document.",
    )
