"""What payments apply to which document, as far as we know it: how much room a document has for one more."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.applied import applications
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.records import View


class Ledger:
    """Applications of one run. What is planned in a chunk counts before QuickBooks has it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._targets: dict[RecordKey, View] = {}
        self._payers: dict[RecordKey, list[View]] = {}
        self._planned: dict[RecordKey, Mapping[tuple[str, str], Decimal]] = {}
        self._capacity: dict[tuple[str, str], Decimal] = {}

    def load(self, targets: Collection[RecordKey]) -> None:
        """Read `targets` and everything that applies to them; what was planned before has been sent by now."""
        self._planned.clear()
        users = {key: self._work.dependents.users(key) for key in targets}
        views = self._work.store.views([*targets, *(user for each in users.values() for user in each)])
        self._targets = {key: views[key] for key in targets}
        self._payers = {key: [views[user] for user in each if user.kind is Kind.PAYMENT] for key, each in users.items()}

    def target(self, key: RecordKey) -> View:
        """A document that was loaded."""
        return self._targets[key]

    def payers(self, key: RecordKey) -> list[View]:
        """The payments that refer to a loaded document, or did once."""
        return self._payers[key]

    def room(self, key: RecordKey, entity: str, payer: RecordKey) -> Decimal | None:
        """How much of the document `payer` may apply; None if nothing is known of its amount."""
        view = self._targets[key]
        place = entity, view.state.qbo_id
        if view.state.release_to:
            capacity: Decimal | None = Decimal(view.state.release_to)
        else:
            capacity = self._capacity.get(place, _capacity(view))
        return None if capacity is None else capacity - self._applied(place, self._others(key, payer))

    def _others(self, key: RecordKey, payer: RecordKey) -> list[View]:
        return [each for each in self._payers[key] if each.key != payer]

    def others_applying(self, key: RecordKey, entity: str, payer: RecordKey) -> list[RecordKey]:
        """Other payments that apply something to the document."""
        place = entity, self._targets[key].state.qbo_id
        return [each.key for each in self._others(key, payer) if self._applied(place, [each])]

    def _applied(self, place: tuple[str, str], payers: Iterable[View]) -> Decimal:
        """The more of what each applies and is about to: a batch's order must not be assumed (facts: QBO 2.3)."""
        total = Decimal(0)
        for each in payers:
            now = applications(None if each.state.gone else each.state.object)
            soon = self._planned.get(each.key, {})
            total += max(now.get(place, Decimal(0)), soon.get(place, Decimal(0)))
        return total

    def plan(self, payer: RecordKey, planned: Mapping[tuple[str, str], Decimal]) -> None:
        """`payer` is about to apply this; it counts for those planned after it."""
        self._planned[payer] = planned

    def documents(self, applied: Collection[tuple[str, str]]) -> dict[RecordKey, str]:
        """The loaded documents, with their entities, among those that a payment was to be applied to."""
        return {
            key: view.state.entity
            for key, view in self._targets.items()
            if (view.state.entity, view.state.qbo_id) in applied
        }

    def look_up(self, documents: Mapping[RecordKey, str]) -> bool:
        """Read what QuickBooks really has open on `documents`, one metered read each. Returns whether it is less of one
        of them than we thought. Raises as the client does.
        """
        found = [self._look_up(key, entity) for key, entity in documents.items()]
        return any(found)

    def _look_up(self, key: RecordKey, entity: str) -> bool:
        view = self._targets[key]
        place = entity, view.state.qbo_id
        now = self._work.client.read(entity, view.state.qbo_id, ReadPurpose.USER)
        balance = bodies.amount(now or {}, "Balance")
        if balance is None:
            return False
        self._planned.clear()
        capacity = balance + self._applied(place, self._payers[key])
        before = self._capacity.get(place, _capacity(view))
        self._capacity[place] = capacity
        return before is None or capacity < before


def _capacity(view: View) -> Decimal | None:
    """What our payments may apply to the document, as far as is known: not what was paid on it before it was linked."""
    total, found = bodies.amount(view.state.object or {}, "TotalAmt"), view.state.as_found
    return total if total is None or found is None else total - Decimal(found.paid)
