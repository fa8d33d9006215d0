"""Organizations: they travel with the first document that needs them, and are updated with the next one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.customer import map_customer
from syncro_quickbooks.desktop.planning.concluding import put_off
from syncro_quickbooks.desktop.sets import Batch
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.attempts import Planned, next_generation
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Kind,
    Nothing,
    Operation,
    Problem,
    RecordKey,
    Status,
    Wait,
    Write,
    marker,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.models import Customer


@dataclass(frozen=True, slots=True)
class Ready:
    """The customer can be referred to: by id, or by the name the same set gives it."""

    ref: JsonObject


@dataclass(frozen=True, slots=True)
class Blocked:
    """Nothing can be posted for the customer before somebody mends `problem`."""

    view: View
    problem: Problem


@dataclass(frozen=True, slots=True)
class NotNow:
    """It is looked up first, or (`held`) open on somebody's screen: then it is tried again in a later session."""

    held: Problem | None = None


Standing: TypeAlias = Ready | Blocked | NotNow


class Customers:
    """The customers that one call's documents need."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._views: dict[RecordKey, View] = {}

    def load(self, views: Sequence[View]) -> None:
        """Their own entries."""
        self._views.update({view.key: view for view in views})

    def read(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, View]:
        """The records of `keys`, read once a call."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._views]
        if missing:
            self._views.update(self._work.store.views(missing))
        return {key: self._views[key] for key in keys}

    def customer(self, syncro_id: int) -> Customer | None:
        """What Syncro says of an organization that `read` has brought; None if no event has."""
        desired = self._views[customer_key(syncro_id)].record.desired
        return Customer.model_validate(desired) if desired is not None else None

    def ensure(self, syncro_id: int, batch: Batch) -> Standing:
        """See to it that documents can refer to the customer: as it is, or made or changed by the set itself."""
        key = customer_key(syncro_id)
        view = self._views[key]
        planned = batch.planned.get(key)
        if planned is not None:
            created = planned.write.operation is Operation.CREATE
            return Ready({"FullName": planned.write.body["Name"]} if created else {"ListID": view.state.qbo_id})
        obstacle = self._obstacle(view)
        if obstacle is not None:
            return obstacle
        # What somebody has to look at is an update of it: documents can do without.
        write = None if self._is_parked(view) else self._write(view)
        if write is not None and self._is_held(key):
            return NotNow(explanations.locked(view))
        if write is not None:
            batch.add(Planned(view, write, next_generation(view.state)))
        if view.state.linked:
            return Ready({"ListID": view.state.qbo_id})
        return Ready({"FullName": write.body["Name"]} if write else {})

    def _obstacle(self, view: View) -> Standing | None:
        problem: Problem | None = None
        if view.record.desired is None:
            problem = explanations.never_seen(view.key)
        elif view.state.doubt:
            problem = explanations.doubtful(view)
        elif view.state.gone:
            problem = explanations.gone_by_hand(view)
        elif self._is_parked(view) and not view.state.linked:
            problem = view.record.problems[0] if view.record.problems else explanations.never_seen(view.key)
        if problem is not None:
            return Blocked(view, problem)
        if str(view.key) in self._work.memory.table("reads"):
            return NotNow()
        return None

    def _is_parked(self, view: View) -> bool:
        return view.record.status is Status.NEEDS_ATTENTION and view.record.decided_in == self._work.realm_id

    def _is_held(self, key: RecordKey) -> bool:
        """Locked on somebody's screen: not again in this session."""
        return str(key) in self._work.memory.table("held")

    def _write(self, view: View) -> Write | None:
        """The add or modification that the customer needs; None if it is as it should be."""
        customer = as_named(view)
        current = view.state.object if view.state.linked else None
        write = map_customer(customer, marker(view.key, next_generation(view.state)), current)
        return None if write.digest == view.state.applied_digest and view.state.linked else write

    # -- its own entry in the outbox -----------------------------------------------------------------------------------

    def consider(self, view: View, batch: Batch) -> Decision | None:
        """Somebody has asked for the customer itself, or waits for it."""
        if self._obstacle(view) is not None or self._is_held(view.key):
            return Attention(explanations.gone_by_hand(view)) if view.state.gone else None
        del batch
        return self._write(view) or Nothing()

    def deletion(self, view: View, batch: Batch) -> Decision | None:
        """An organization that is deleted in Syncro stays a customer: its documents are in the books."""
        del view, batch
        return Nothing()


def customer_key(syncro_id: int) -> RecordKey:
    """The record of a Syncro organization."""
    return RecordKey(Kind.CUSTOMER, str(syncro_id))


def as_named(view: View) -> Customer:
    """The organization by the name that it has in QuickBooks: with what somebody chose to put behind it."""
    customer = Customer.model_validate(view.record.desired)
    name = customer.business_then_name.strip()
    return customer.model_copy(
        update={"business_then_name": f"{name} {view.state.suffix}"} if view.state.suffix else {}
    )


def unready(work: Work, view: View, standing: Blocked | NotNow) -> Wait | None:
    """What becomes of a document whose customer is not ready."""
    if isinstance(standing, NotNow):
        if standing.held is not None:
            put_off(work, view, standing.held)
        return None
    waits = explanations.waits_for(view, standing.view)
    why = replace(standing.problem, code=waits.code, message=f"{waits.message} {standing.problem.message}", actions=())
    return Wait(why, on=(standing.view.key,))
