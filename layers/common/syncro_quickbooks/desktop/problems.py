"""Why a session ends early, in words for the person in front of the Web Connector."""

from syncro_quickbooks.sync.model import Problem, Who

_NEXT_RUN = "Nothing is lost: the next run finds out what QuickBooks has done and goes on from there."


def wrong_company_file(found: list[str]) -> Problem:
    """The open company file is not the account's. `found` are the FileIDs it has."""
    return Problem(
        code="desktop_wrong_company_file",
        message="QuickBooks has another company file open than the one this application belongs to. Nothing was sent.",
        fix="Open the company file in which the application was added, and run the update again.",
        verbatim=", ".join(found),
    )


def unknown_company_file(why: str) -> Problem:
    """Nothing says which company file is open."""
    return Problem(
        code="desktop_unknown_company_file",
        message="The Web Connector did not say which company file is open, so nothing was sent.",
        fix="Remove the application from the Web Connector and add it again with the company file open.",
        verbatim=why,
    )


def out_of_order(what: str) -> Problem:
    """A call came that was not due: an answer of ours got lost, or a call was repeated."""
    return Problem(
        code="desktop_out_of_order",
        message=f"The connection was interrupted: {what}. The update stops here.",
        fix=f"Run the update again. {_NEXT_RUN}",
        who=Who.NOBODY,
    )


def internal() -> Problem:
    """We failed."""
    return Problem(
        code="desktop_internal_error",
        message="An error on our side has stopped the update. It was reported to us.",
        fix=f"Run the update again later. {_NEXT_RUN}",
        who=Who.SUPPORT,
    )


def unreadable(why: str) -> Problem:
    """QuickBooks' answer could not be read."""
    return Problem(
        code="desktop_unreadable_answer",
        message="QuickBooks' answer could not be read, so the update stops here.",
        fix=f"Run the update again. {_NEXT_RUN}",
        who=Who.NOBODY,
        verbatim=why,
    )


def stopped(why: str) -> Problem:
    """The exchange ended the session early."""
    return Problem(code="desktop_stopped", message=why)


def posting_stopped(reason: str) -> Problem:
    """Somebody has stopped the sending."""
    return Problem("posting_stopped", f"Sending is stopped: {reason}", "It goes on by itself once the stop is lifted.")


def not_served(country: str) -> Problem:
    """It is an edition of another country."""
    return Problem(
        "desktop_edition_not_served",
        f"This is the {country or 'unknown'} edition of QuickBooks; only the US edition is served.",
        "Nothing was sent. Use QuickBooks Online, or the US edition of QuickBooks Desktop.",
    )


NOT_CONNECTED = Problem(
    "desktop_not_connected", "The account is not connected to this company file.", "Contact support."
)
TOO_OLD = Problem(
    "desktop_too_old", "This QuickBooks is too old for the integration.", "Update QuickBooks to 2014 or later."
)
NO_PROGRESS = Problem(
    "desktop_no_progress",
    "QuickBooks' answers brought nothing further several times in a row, so this session ends.",
    "The next run finds out what QuickBooks has done and goes on from there.",
)


def words(problem: Problem) -> str:
    """The problem as one text, with QuickBooks' own words if there are any."""
    own = f"[{problem.verbatim}]" if problem.verbatim else ""
    return " ".join(part for part in (problem.message, problem.fix, own) if part)
