"""A set that QuickBooks could not even read: nothing of it was done (facts: QBD 1.7)."""

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.sync.attempts import live_members
from syncro_quickbooks.sync.dispatches import Dispatch
from syncro_quickbooks.sync.model import Status
from syncro_quickbooks.sync.records import without_attempt
from syncro_quickbooks.sync.store import Verdict


def refused_as_a_whole(work: Work, dispatch: Dispatch, verbatim: str) -> None:
    """One member is the culprit; of several, the next sets are smaller until it is alone, and then it is parked."""
    members = live_members(dispatch, work.store.views([member.key for member in dispatch.members]))
    stamps = {member.key: member.stamp for member in dispatch.members}
    for view in members.values():
        if len(dispatch.members) == 1:
            verdict = Verdict(Status.NEEDS_ATTENTION, (explanations.refused_as_a_whole(view, verbatim),))
            work.store.settle(view, without_attempt(view.state), stamps[view.key], verdict)
        else:
            work.store.release(view, without_attempt(view.state))
    work.store.forget(dispatch)
