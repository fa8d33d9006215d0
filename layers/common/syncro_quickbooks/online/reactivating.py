"""Making a list entry active again that somebody made inactive: a dispatch like any other."""

from collections.abc import Mapping
from dataclasses import replace

from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.model import Attention, Kind, Operation, Write
from syncro_quickbooks.sync.records import View

REACTIVATED = "reactivated"
"""The digest of such a write: it says nothing of the record itself, which is planned anew once it is done."""


def reactivation(view: View, entry: Mapping[str, str], work: Work) -> Write | Attention | None:
    """The write that makes `entry` (its entity and id) active; None if it is. One metered read; raises as it does."""
    entity, qbo_id = entry["entity"], entry["id"]
    now = work.client.read(entity, qbo_id, ReadPurpose.USER)
    if now is None:
        return Attention(explanations.entry_gone(view, entity, qbo_id))
    if now.get("Active") is not False:
        return None
    return Write(Operation.UPDATE, entity, {**bodies.identity(now), "Active": True}, REACTIVATED)


def seen_again(view: View, work: Work) -> View:
    """An item that was inactive when it was last seen may have been made active again. Raises as a read does."""
    seen = view.state.object or {}
    if view.key.kind is not Kind.PRODUCT or not view.state.linked or seen.get("Active") is not False:
        return view
    now = work.client.read("Item", view.state.qbo_id, ReadPurpose.USER)
    if now is None:
        return view
    state = replace(view.state, sync_token=str(now.get("SyncToken")), object=now)
    work.store.release(view, state)
    return replace(view, state=state)
