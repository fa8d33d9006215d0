"""What QuickBooks Online's fault codes mean to a bookkeeper: cause, fix, who, actions, and whether a repeat can help.

The entries are in `catalogue_entries`; the list of codes is Intuit's "Error codes" page (facts: QBO 2.7).
"""

import re

from syncro_quickbooks.sync.catalogue_entries import ENTRIES, RETRY, SKIP, Entry, RetryClass
from syncro_quickbooks.sync.model import Action, Problem, Who

__all__ = ["RetryClass", "explain", "retry_class"]

_UNKNOWN = Entry(
    RetryClass.UNKNOWN,
    "QuickBooks refused {record} with a code we do not know",
    "Read QuickBooks' own words below; if they do not say what to change, send them to support.",
    Who.SUPPORT,
    (RETRY, SKIP),
)
_LINE = re.compile(r"\bline(?:\s+(?:no\.?|number|item))?[\s#:\[(]*(\d+)", re.IGNORECASE)
_OTHER_ID = re.compile(r"\bId\s*=\s*(\d+)")


def retry_class(code: str) -> RetryClass:
    """The retry class of a fault code (without leading zeros)."""
    return ENTRIES.get(code, _UNKNOWN).retry


def explain(code: str, message: str, detail: str, record_label: str, element: str = "") -> tuple[RetryClass, Problem]:
    """The retry class of a fault and the problem to show for the record called `record_label` ("Invoice 1001").

    `element` is the field QuickBooks points at, if it does. A code that is not in the catalogue is UNKNOWN: it needs
    attention, with QuickBooks' words as they are.
    """
    entry = ENTRIES.get(code, _UNKNOWN)
    line = _LINE.search(element) or _LINE.search(detail)
    record = f"{record_label}, line {line[1]}" if line else record_label
    pointed = f' QuickBooks points at the field "{element}".' if element else ""
    cause = entry.cause.format(record=record or "the record")
    return entry.retry, Problem(
        code=f"qbo_{code}",
        message=f"{cause[:1].upper()}{cause[1:]}.{pointed}",
        fix=entry.fix,
        who=entry.who,
        actions=_with_other_id(entry.actions, detail),
        verbatim=_verbatim(code, message, detail),
    )


def _with_other_id(actions: tuple[Action, ...], detail: str) -> tuple[Action, ...]:
    """The id of the entry that has the name or number, where QuickBooks tells it (facts: QBO 2.7, 6240)."""
    other = _OTHER_ID.search(detail)
    if other is None:
        return actions
    return tuple(
        Action(action.name, action.label, {"qbo_id": other[1]}) if action.name == "link" else action
        for action in actions
    )


def _verbatim(code: str, message: str, detail: str) -> str:
    words = ": ".join(part for part in (message, detail) if part)
    return f"{words} (code {code})" if words else f"code {code}"
