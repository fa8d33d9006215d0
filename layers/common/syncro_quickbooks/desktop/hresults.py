"""Why QuickBooks itself refused: the HRESULTs the Web Connector passes on (facts: QBD 1.7)."""

from dataclasses import dataclass

from syncro_quickbooks.sync.model import Problem, Who

_PREFIX = "0x80040"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an HRESULT means, what to do, and whether trying again later can help by itself."""

    cause: str
    fix: str = ""
    who: Who = Who.BOOKKEEPER
    passes: bool = False


_LATER = "The next run tries again; if it goes on, restart QuickBooks."
_ALLOW = (
    "In QuickBooks, as Admin: Edit, Preferences, Integrated Applications, Company Preferences; allow this "
    "application and try again."
)
_OURS = "Send these words to support; nothing was changed in QuickBooks."

_MEANINGS: dict[str, Meaning] = {
    "400": Meaning("QuickBooks could not read our request, and did nothing of it", _OURS, Who.SUPPORT),
    "401": Meaning("QuickBooks could not be reached", _LATER, passes=True),
    "402": Meaning("QuickBooks met an unexpected error", "See qbsdklog.txt on the computer.", Who.SUPPORT),
    "408": Meaning("QuickBooks could not be started", _LATER, passes=True),
    "40A": Meaning(
        "another company file is open in QuickBooks",
        "Open the company file this application was added to.",
        passes=True,
    ),
    "40D": Meaning("QuickBooks has ended the session", _LATER, passes=True),
    "410": Meaning("the company file is open in another mode", "Close it, or open it in the same mode.", passes=True),
    "414": Meaning("a window in QuickBooks waits for an answer", "Close it and try again.", passes=True),
    "416": Meaning("QuickBooks is not running and no company file is open", "Open the company file.", passes=True),
    "418": Meaning("this application was never allowed to use the company file", _ALLOW, Who.ADMIN),
    "41A": Meaning("this application may not use the company file", _ALLOW, Who.ADMIN),
    "41B": Meaning("QuickBooks could not lock the company file", _LATER, passes=True),
    "41C": Meaning("QuickBooks met an internal error", _LATER, passes=True),
    "41D": Meaning(
        "this application may not log in by itself",
        "Open the company file, or allow automatic login for this application in QuickBooks' preferences.",
        Who.ADMIN,
    ),
    "41E": Meaning("the application's certificate has expired", _ALLOW, Who.ADMIN),
    "41F": Meaning("this edition of QuickBooks cannot work with applications", "Use Pro, Premier or Enterprise."),
    "420": Meaning("somebody refused this application access in QuickBooks", _ALLOW, Who.ADMIN),
    "421": Meaning("QuickBooks has a message for its user", "Read it in QuickBooks, and try again."),
    "422": Meaning("the company file must be in single-user mode", "Switch to single-user mode.", passes=True),
    "423": Meaning("this QuickBooks is too old for our requests", "Update QuickBooks.", Who.SUPPORT),
    "424": Meaning("QuickBooks is still starting", _LATER, passes=True),
    "427": Meaning("this QuickBooks is not registered", "Register it.", Who.ADMIN),
    "42A": Meaning("remote access to QuickBooks is not allowed", _ALLOW, Who.ADMIN),
    "42C": Meaning("the application's certificate was revoked", _ALLOW, Who.ADMIN),
}
_UNKNOWN = Meaning("QuickBooks refused", "QuickBooks' own words are below.")


def meaning(hresult: str) -> Meaning:
    """What an HRESULT such as `0x80040414` means; an unknown one is said to be so."""
    code = hresult.strip().lower()
    return _MEANINGS.get(code.removeprefix(_PREFIX).upper(), _UNKNOWN) if code.startswith(_PREFIX) else _UNKNOWN


def explain(hresult: str, message: str) -> Problem:
    """The problem to show for what QuickBooks or the Web Connector reported."""
    known = meaning(hresult)
    return Problem(
        code=f"qbd_{hresult.strip() or 'error'}"[:40],
        message=f"{known.cause[:1].upper()}{known.cause[1:]}.",
        fix=known.fix,
        who=known.who,
        verbatim=f"{message.strip()} ({hresult.strip()})".strip(),
    )
