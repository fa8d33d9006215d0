"""How an account's connection stands, for the page that shows it: one state, what is wrong, what will be soon."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.online.token_store import Consent
from syncro_quickbooks.sync.accounts import Connection, Edition
from syncro_quickbooks.sync.catalogue import explain
from syncro_quickbooks.sync.catalogue_entries import RECONNECT
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.offboarding import OFFBOARDING, Leaving

SOON = timedelta(days=14)
"""Before a consent that is refreshed every week: it has not been for some weeks."""

ENDS_SOON = timedelta(days=45)
"""Before the end of a consent that no refresh puts off (five years; facts: QBO 2.10)."""


class ConnectionState(StrEnum):
    """Where a connection stands."""

    NOT_CONNECTED = "not_connected"
    NEEDS_SETUP = "needs_setup"  # connected; something must be chosen or changed before the first record is sent
    CONNECTED = "connected"
    PAUSED = "paused"  # connected; nothing is sent, and the problems say why
    DISCONNECTED = "disconnected"  # was connected; what comes in is queued
    OFFBOARDING = "offboarding"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account's connection: `problems` hold it up, `warnings` not yet. `paused_until` None: until it is mended."""

    state: ConnectionState
    connection: Connection | None = None
    company_name: str = ""
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    paused_until: datetime | None = None
    consent: Consent | None = None
    leaving: Leaving | None = None


def standing(deployment: Deployment, account_id: str, now: datetime) -> Standing:
    """How the account's connection stands at `now`; reads QuickBooks only if nothing is known of the company."""
    connection = deployment.accounts.connection(account_id)
    leaving = deployment.offboarding.of(account_id)
    if leaving is not None:
        return Standing(ConnectionState.OFFBOARDING, connection, problems=(OFFBOARDING,), leaving=leaving)
    if connection is None:
        return Standing(ConnectionState.NOT_CONNECTED)
    consent = deployment.tokens.consent(account_id) if connection.edition is Edition.ONLINE else None
    name = str((connection.company or {}).get("name", ""))
    if connection.left or (connection.edition is Edition.ONLINE and not (consent and consent.given)):
        problem = _LEFT if connection.left else _DISCONNECTED
        return Standing(ConnectionState.DISCONNECTED, connection, name, (problem,), consent=consent)
    warnings = _ending(consent, now) if consent is not None else ()
    held = _held(deployment, connection, consent, now)
    if held is not None:
        problem, until = held
        return Standing(ConnectionState.PAUSED, connection, name, (problem,), warnings, until, consent)
    missing = _missing(deployment, account_id)
    state = ConnectionState.NEEDS_SETUP if missing else ConnectionState.CONNECTED
    return Standing(state, connection, name, missing, warnings, consent=consent)


def _held(
    deployment: Deployment, connection: Connection, consent: Consent | None, now: datetime
) -> tuple[Problem, datetime | None] | None:
    """What keeps everything from being sent, but for what set-up lacks, which is told in full."""
    if consent is not None and consent.lost_at is not None:
        _, lost = explain("invalid_grant", "", "", "The QuickBooks connection")
        return lost, None
    stopped = deployment.accounts.posting_stopped(connection.account_id, connection.edition)
    if stopped is not None:
        return _stopped(stopped), None
    pause = deployment.accounts.health(connection).pause
    if pause is None or pause.problem.code.startswith("setup_"):
        return None
    if pause.until is not None and pause.until <= now:
        return None  # it is over; nobody takes it away
    return pause.problem, pause.until


def _missing(deployment: Deployment, account_id: str) -> Sequence[Problem]:
    """The set-up checklist; while the company is not known, why."""
    view = deployment.settings_desk.view(account_id)
    if view.checklist is not None:
        return view.checklist
    return (view.company_problem or _NOT_READ,)


def _ending(consent: Consent, now: datetime) -> Sequence[Problem]:
    if consent.ends is not None and consent.ends - now < ENDS_SOON:
        return (_ends("consent_ends_soon", consent.ends),)
    if consent.until is not None and consent.until - now < SOON:
        return (_ends("consent_not_refreshed", consent.until),)
    return ()


def _ends(code: str, when: datetime) -> Problem:
    return Problem(
        code,
        f"QuickBooks' consent ends on {when:%Y-%m-%d}; from then on nothing is sent.",
        "Connect QuickBooks again before that day: nothing else changes.",
        Who.ADMIN,
        (RECONNECT,),
    )


def _stopped(reason: str) -> Problem:
    return Problem(
        "posting_stopped",
        f"Sending to QuickBooks is stopped for now: {reason}",
        "Nothing to do: everything is kept and sent as soon as support allows it again.",
        Who.SUPPORT,
    )


_DISCONNECTED = Problem(
    "disconnected",
    "QuickBooks is disconnected. What happens in Syncro is queued.",
    "Connect it again; everything queued is sent then.",
    Who.ADMIN,
    (RECONNECT,),
)
_LEFT = Problem(
    "company_left",
    "The connection was reset. What happens in Syncro is queued; what was posted in the company of before stays there.",
    "Connect the new company, or the same one again.",
    Who.ADMIN,
    (RECONNECT,),
)
_NOT_READ = Problem(
    "company_not_read",
    "Nothing is known of the company yet.",
    "With QuickBooks Desktop run the Web Connector once; else try again in a minute.",
    Who.ADMIN,
)
