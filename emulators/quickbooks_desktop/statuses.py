"""QuickBooks Desktop's refusals: a status for one request, an HRESULT for a whole message set (facts: QBD 1.7, 2.3)."""

from typing import Any

Obj = dict[str, Any]

LOCKED = "The transaction could not be locked.  It is in use by another user."
NOT_IN_LIST = "QuickBooks error message: Invalid argument.  The specified record does not exist in the list."

HRESULTS = {
    "0x80040400": "QuickBooks found an error when parsing the provided XML text stream.",
    "0x80040401": "Could not access QuickBooks.",
    "0x80040402": "Unexpected error. Check the qbsdklog.txt file for additional information.",
    "0x80040408": "Could not start QuickBooks.",
    "0x8004040A": "A QuickBooks company data file is already open and it is different from the one requested.",
    "0x80040410": "The QuickBooks company data file is currently open in a mode other than the one specified.",
    "0x80040414": "A modal dialog box is showing in the QuickBooks user interface.",
    "0x80040416": "If QuickBooks is not running, a call to BeginSession must include the name of the data file.",
    "0x80040418": "This application has not accessed this company data file before. The administrator must allow it.",
    "0x8004041A": "This application does not have permission to access this QuickBooks company data file.",
    "0x8004041B": "Unable to lock the necessary information to allow this application to access the company data file.",
    "0x8004041C": "An internal QuickBooks error occurred while trying to access the QuickBooks company data file.",
    "0x80040422": "This application requires Single User file access mode and there is already another application.",
    "0x80040423": "The version of qbXML that was requested is not supported or is unknown.",
    "0x80040424": "QuickBooks did not finish its initialization.",
}


class HResult(Exception):
    """QuickBooks threw: no answer at all. For 0x80040400 nothing of the message set was done."""

    def __init__(self, code: str, message: str = "", *, why: str = "") -> None:
        self.code = code
        self.message = message or HRESULTS.get(code, "Unknown error.")
        self.why = why  # for whoever debugs a test: QuickBooks itself does not tell
        super().__init__(f"{code}: {self.message}" + (f" ({why})" if why else ""))


class Refused(Exception):
    """One request's status other than 0. `content` is what the answer carries all the same: a 3200's current object."""

    def __init__(
        self, code: int, message: str, *, severity: str = "Error", content: list[tuple[str, Obj]] | None = None
    ) -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.severity, self.content = code, message, severity, content or []


def malformed(why: str) -> HResult:
    """0x80040400, with the reason QuickBooks keeps to itself."""
    return HResult("0x80040400", why=why)


def bad_value(code: int, kind: str, value: str, field: str) -> Refused:
    """3010 to 3060: a value of the wrong form."""
    return Refused(code, f'There was an error when converting the {kind} "{value}" in the field "{field}".')


def too_long(value: str, field: str) -> Refused:
    """3070: a status, not a parse error (facts: QBD 2.3)."""
    return Refused(3070, f'The string "{value}" in the field "{field}" is too long.')


def bad_id(value: str, field: str) -> Refused:
    """3000: not an id QuickBooks could have given out."""
    return Refused(3000, f'The given object ID "{value}" in the field "{field}" is invalid.')


def name_taken(name: str) -> Refused:
    """3100 (captured)."""
    return Refused(3100, f'The name "{name}" of the list element is already in use.')


def not_found(what: str) -> Refused:
    """3120 (captured)."""
    return Refused(3120, f'Object "{what}" specified in the request cannot be found.  {NOT_IN_LIST}')


def bad_parent(name: str, list_name: str) -> Refused:
    """3130 (captured)."""
    return Refused(3130, f'There is an invalid reference to a parent "{name}" in the {list_name} list.  {NOT_IN_LIST}')


def bad_reference(kind: str, name: str, where: str) -> Refused:
    """3140 (captured)."""
    return Refused(3140, f'There is an invalid reference to QuickBooks {kind} "{name}" in the {where}.  {NOT_IN_LIST}')


def missing(element: str) -> Refused:
    """3150."""
    return Refused(3150, f"There is a missing element: {element}")


def not_saved(kind: str, why: str, *, modifying: bool = False) -> Refused:
    """3180 while saving, 3170 while modifying; only the text says what it is about."""
    verb, code = ("modifying", 3170) if modifying else ("saving", 3180)
    return Refused(code, f"There was an error when {verb} a {kind}.  QuickBooks error message: {why}")


def locked(kind: str, *, related: bool = False) -> Refused:
    """3175, or 3176 when a related object is in use."""
    text = f"There was an error when saving a {kind}.  QuickBooks error message: {LOCKED}"
    return Refused(3176 if related else 3175, text)


def closed_period(kind: str) -> Refused:
    """3171: on or before the closing date [M]; the facts name the rule but no code."""
    return Refused(
        3171,
        f"An attempt was made to modify a {kind} with a date that is on or before the closing date of the company.",
    )


def stale(sequence: str, content: list[tuple[str, Obj]]) -> Refused:
    """3200, which carries the current object (captured)."""
    return Refused(3200, f'The provided edit sequence "{sequence}" is out-of-date. ', content=content)


def bad_amount(field: str, value: str, why: str) -> Refused:
    """3210 (captured for over-payment; the other reasons are [G])."""
    return Refused(3210, f'The "{field}" field has an invalid value "{value}".  QuickBooks error message: {why}')
