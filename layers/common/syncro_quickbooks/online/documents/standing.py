"""Where a document stands that another one needs: there, still coming, or never to be by itself. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from syncro_quickbooks.sync.model import Status
from syncro_quickbooks.sync.records import View


class Stand(StrEnum):
    """Whether a document can be referred to in QuickBooks."""

    READY = "ready"
    COMING = "coming"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class DocumentStanding:
    """Where it stands; `reason` says what holds it up, in words for people, empty if it simply takes its time."""

    stand: Stand
    reason: str = ""


def standing_of(view: View) -> DocumentStanding:
    """Where `view` stands for a document that pays or uses it.

    One that is about to change is waited for, except while payments are taken off it for that very change.
    """
    record, state = view.record, view.state
    if state.gone or (record.deleted and not state.linked):
        return DocumentStanding(Stand.NEVER, "it was deleted in Syncro.")
    if state.linked:
        changes = state.attempt is not None or record.status in (Status.PENDING, Status.RETRYING)
        return DocumentStanding(Stand.COMING if changes and not state.release_to else Stand.READY)
    reason = record.problems[0].message if record.problems else ""
    if record.status in (Status.SYNCED, Status.SYNCED_WITH_WARNING):
        return DocumentStanding(Stand.NEVER, "nothing of it has to be there.")
    if record.status is Status.SKIPPED:
        return DocumentStanding(Stand.NEVER, reason)
    return DocumentStanding(Stand.COMING, reason if record.status is Status.NEEDS_ATTENTION else "")
