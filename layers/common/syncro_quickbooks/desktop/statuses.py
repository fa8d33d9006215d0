"""What QuickBooks Desktop's status codes mean: cause, fix, who, actions, and what to do next (facts: QBD 2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from syncro_quickbooks.desktop.qbxml.reading import Reply
from syncro_quickbooks.sync.catalogue_entries import KEEP, LINK, OVERWRITE, REDATE, RETRY, SETTINGS, SKIP, SUFFIX
from syncro_quickbooks.sync.model import Action, Problem, Who


class Next(StrEnum):
    """What follows from a refusal."""

    SEND_AGAIN = "send_again"  # it was not looked at
    RETRY = "retry"  # in a while
    NAME_TAKEN = "name_taken"  # look the name up, adopt or ask
    STALE = "stale"  # somebody changed it meanwhile; the answer has how it is now
    OVERPAID = "overpaid"  # the invoice has less open than the payment pays
    NOT_THERE = "not_there"  # the object itself, or what it refers to, does not exist
    ASK = "ask"  # somebody has to change the document, the settings or the books
    BUG = "bug"  # our request was wrong
    UNKNOWN = "unknown"  # not in the catalogue


@dataclass(frozen=True, slots=True)
class _Meaning:
    next: Next
    cause: str
    fix: str
    who: Who = Who.BOOKKEEPER
    actions: tuple[Action, ...] = (RETRY, SKIP)


def _bug(what: str) -> _Meaning:
    return _Meaning(
        Next.BUG,
        f"QuickBooks could not take the form in which {{record}} was sent ({what}), a mistake of the integration",
        "Nothing in Syncro or QuickBooks has to change: give the text below to support.",
        Who.SUPPORT,
    )


_LATER = "Nothing to do: it is tried again by itself."
_LOCKED = _Meaning(
    Next.RETRY,
    "{record}, or something it belongs to, is open on somebody's screen in QuickBooks",
    f"{_LATER} If it goes on, close the windows in QuickBooks that show it.",
)
_INTERNAL = _Meaning(Next.RETRY, "QuickBooks met an internal error with {record}", _LATER, Who.NOBODY)
_PERMISSION = _Meaning(
    Next.ASK,
    "the QuickBooks user under whom the Web Connector works may not save {record}",
    "In QuickBooks, as Admin: give the application's user the right, or let it log in as Admin.",
    Who.ADMIN,
)
_FEATURE = _Meaning(
    Next.ASK,
    "QuickBooks does not have, or has not switched on, a feature that {record} needs",
    "Switch the feature on in QuickBooks' preferences, or upgrade QuickBooks; then try again.",
    Who.ADMIN,
)
_REFERENCE = _Meaning(
    Next.NOT_THERE,
    "{record} refers to an entry that QuickBooks does not have (any more)",
    "Choose another entry in the settings, or make it (active) again in QuickBooks; the lists are read again in the "
    "next run.",
    actions=(SETTINGS, RETRY, SKIP),
)
_UNKNOWN = _Meaning(
    Next.UNKNOWN,
    "QuickBooks refused {record} with a code we do not know",
    "Read QuickBooks' own words below; if they do not say what to change, send them to support.",
    Who.SUPPORT,
)

_MEANINGS: Mapping[int, _Meaning] = {
    1000: _INTERNAL,
    1010: _INTERNAL,
    1030: _bug("a request it does not know"),
    1060: _bug("the request's id is too long"),
    3000: _bug("an id that is none of this company file's"),
    3010: _bug("a flag"),
    3020: _bug("a date"),
    3030: _bug("a range of dates"),
    3031: _bug("a range of texts"),
    3035: _bug("a span of time"),
    3040: _bug("an amount"),
    3045: _bug("a price or quantity with too many decimals"),
    3050: _bug("a percentage"),
    3060: _bug("a quantity"),
    3070: _bug("a text that is too long"),
    3080: _bug("a text"),
    3090: _bug("a name with a character that names cannot have"),
    3100: _Meaning(
        Next.NAME_TAKEN,
        "the name of {record} is already used in QuickBooks",
        "Link it to the entry that has the name, or create it with a suffix. Customers, vendors, employees and other "
        "names share one list of names.",
        actions=(LINK, SUFFIX, SKIP),
    ),
    3110: _bug("a word from a list of words"),
    3120: _REFERENCE,
    3130: _REFERENCE,
    3140: _REFERENCE,
    3150: _bug("an element is missing"),
    3170: _Meaning(Next.ASK, "QuickBooks could not change {record}", "Read QuickBooks' own words below."),
    3171: _Meaning(
        Next.ASK,
        "{record} lies in a period that is closed in QuickBooks",
        "Have the closing date moved and try again, or change the date in Syncro to an open day.",
        actions=(REDATE, RETRY, SKIP),
    ),
    3175: _LOCKED,
    3176: _LOCKED,
    3180: _Meaning(Next.ASK, "QuickBooks could not save {record}", "Read QuickBooks' own words below."),
    3200: _Meaning(
        Next.STALE,
        "{record} was changed in QuickBooks meanwhile",
        "Overwrite it with Syncro's, or keep QuickBooks'.",
        actions=(OVERWRITE, KEEP, SKIP),
    ),
    3210: _Meaning(
        Next.OVERPAID,
        "an amount of {record} is more than QuickBooks has open or left",
        "Look in QuickBooks what else was paid or credited there; then try again.",
    ),
    3231: _Meaning(Next.SEND_AGAIN, "{record} was not looked at, because something before it failed", _LATER),
    3240: _REFERENCE,
    3250: _FEATURE,
    3260: _PERMISSION,
    3261: _PERMISSION,
    3262: _PERMISSION,
    3270: _FEATURE,
    3290: _bug("lines in the wrong order"),
}

_LOCK_WORDS = ("modified by another user", "could not be locked", "failed to acquire the lock", "in use by another")
"""Codes 3170 and 3180 stand for many things; these words mean that trying again helps (facts: QBD 2.3)."""

_MACRO_CODES = range(9100, 9200)
"""A document that others of the set name by macro was refused, so these were not done (facts: QBD 2.3)."""


def explain(reply: Reply, record_label: str) -> tuple[Next, Problem]:
    """What follows from a refusal, and the problem to show for the record called `record_label`."""
    meaning = _meaning(reply)
    cause = meaning.cause.format(record=record_label)
    return meaning.next, Problem(
        code=f"qbd_{reply.code}",
        message=f"{cause[:1].upper()}{cause[1:]}.",
        fix=meaning.fix,
        who=meaning.who,
        actions=meaning.actions,
        verbatim=f"{reply.message} (code {reply.code})",
    )


def _meaning(reply: Reply) -> _Meaning:
    code = reply.code or 0
    if code in (3170, 3180) and any(words in reply.message.lower() for words in _LOCK_WORDS):
        return _LOCKED
    if code in _MACRO_CODES:
        return _MEANINGS[3231]
    return _MEANINGS.get(code, _UNKNOWN)
