"""From a planned write to the attempt that a record carries until its dispatch is settled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from syncro_quickbooks.sync.dispatches import Dispatch
from syncro_quickbooks.sync.model import RecordKey, Write
from syncro_quickbooks.sync.records import Attempt, RealmState, View


@dataclass(frozen=True, slots=True)
class Planned:
    """One record's write, ready to be frozen. `generation` is the one in its marker."""

    view: View
    write: Write
    generation: int


def attempting(item: Planned, dispatch_id: str) -> View:
    """The record of `item` once its dispatch is frozen."""
    attempt = Attempt(dispatch_id, item.write.operation, item.view.record.stamp, item.write.digest, item.generation)
    return replace(item.view, state=replace(item.view.state, attempt=attempt, generation=item.generation))


def live_members(dispatch: Dispatch, views: Mapping[RecordKey, View]) -> dict[RecordKey, View]:
    """The members that `dispatch` has not settled yet."""
    return {
        key: view
        for key, view in views.items()
        if view.state.attempt is not None and view.state.attempt.dispatch_id == dispatch.id
    }


def next_generation(state: RealmState) -> int:
    """The generation in the marker: that of the linked document, else a new one for the create to come."""
    return state.generation if state.linked else state.generation + 1


def is_forced(view: View) -> bool:
    """Whether somebody pressed Force Update since the record was last sent."""
    return view.record.force != view.state.applied_stamp.partition(":")[2]
