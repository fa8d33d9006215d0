"""List entries: the customers, items, vendors and tax codes that documents refer to, found, made or updated before.

QuickBooks keeps names unique, so an entry may be created without looking first; when its name is taken it is looked up
and adopted by the rules of `matching`, or somebody is asked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.online import explanations, tax_codes
from syncro_quickbooks.online.client import quote, select
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, RequestRefused, Unavailable
from syncro_quickbooks.online.list_choices import ListChoices
from syncro_quickbooks.online.list_kinds import (
    is_applied,
    is_looked_up_first,
    map_entry,
)
from syncro_quickbooks.online.list_settling import ListSettler
from syncro_quickbooks.online.mapping.customer import customer_name
from syncro_quickbooks.online.matching import Adopt, Ask, Match, NoMatch, match_customer_first
from syncro_quickbooks.online.reactivating import seen_again
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.sending import TIME_TO_SEND_AND_SETTLE, Sender, backoff
from syncro_quickbooks.online.work import TIME_TO_END, OutOfTime, Work
from syncro_quickbooks.sync.attempts import Planned, next_generation
from syncro_quickbooks.sync.choices import REFUSALS
from syncro_quickbooks.sync.model import (
    DEFECTS,
    Attention,
    Decision,
    Kind,
    Problem,
    RecordKey,
    Status,
    Write,
)
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.store import Changed, Verdict
from syncro_quickbooks.syncro.models import Customer

_ROUNDS = 3
"""Create, adopt, update: after that nothing new can come of another round."""

_LOOK_AGAIN = timedelta(minutes=1)
_READS_GONE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ready:
    """The entry is in QuickBooks and up to date."""

    view: View
    qbo_id: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The entry cannot be used: until somebody mends it (`until` None), or for now."""

    view: View
    problem: Problem
    until: datetime | None = None


Standing: TypeAlias = Ready | Blocked


class Lists:
    """The list entries of one run. Somebody wants those in `wanted`, whether or not a document needs them.

    Those in `absent` are known not to be in QuickBooks yet. Both may grow during the run.
    """

    def __init__(
        self,
        work: Work,
        settler: ListSettler,
        codes: tax_codes.TaxCodes,
        *,
        wanted: Collection[RecordKey],
        absent: Collection[RecordKey],
    ) -> None:
        self._work = work
        self._settler = settler
        self._wanted = wanted
        self._absent = absent
        self._tax_codes = codes
        self._choices = ListChoices(work)

    @property
    def added(self) -> Collection[RecordKey]:
        """Records that got outbox entries in this run although no event brought them."""
        return self._tax_codes.desired

    def ensure(self, keys: Collection[RecordKey], sender: Sender) -> dict[RecordKey, Standing]:
        """Where each of `keys` stands after everything that can be done for it now was done."""
        self._tax_codes.desire(keys)
        standings: dict[RecordKey, Standing] = {}
        for _ in range(_ROUNDS):
            planned: list[Planned] = []
            open_keys = sorted(set(keys) - set(standings))
            if not open_keys:
                break
            for view in self._work.store.views(open_keys).values():
                self._work.keep_going()
                standing = self._standing(view, planned, sender)
                if standing is not None:
                    standings[view.key] = standing
                if planned and self._work.deadline - self._work.clock.now() < TIME_TO_SEND_AND_SETTLE + TIME_TO_END:
                    sender.send(planned)  # now, else the next run would look it all up again and come no further
                    raise OutOfTime
            sender.send(planned)
        left = self._work.store.views(sorted(set(keys) - set(standings)))
        for key, view in left.items():
            standings[key] = self._ready_or_wait(view, sender)
        return standings

    def process(self, keys: Sequence[RecordKey], sender: Sender) -> None:
        """Entries with an outbox entry of their own: push those that are in use, and let who waits for them go on."""
        resting = [view for view in self._work.store.views(keys).values() if self._rests(view)]
        for view in resting:
            self._let_rest(view)
        in_use = set(keys) - {view.key for view in resting}
        for key, standing in self.ensure(in_use, sender).items():
            view = self._work.store.view(key)
            if view.state.attempt is not None:
                continue  # the dispatch brings it on
            try:
                self._processed(view, standing)
            except Changed:
                continue  # a newer version has come; its own entry stands

    def _rests(self, view: View) -> bool:
        """Nobody needs it: a product that was never invoiced or bought, a tax code the settings no longer ask for."""
        if view.state.attempt is not None:
            return False
        if view.key.kind is Kind.TAX_RATE:
            return not self._tax_codes.wanted(view.key)
        needed = view.state.linked or view.record.has_waiters or view.key in self._wanted
        return view.key.kind is Kind.PRODUCT and not needed

    def _let_rest(self, view: View) -> None:
        try:
            if view.record.has_waiters:
                view = self._work.dependents.release_waiters(view, Status.DORMANT, self._work.keep_going)
            self._work.store.conclude(view, Verdict(Status.DORMANT))
        except Changed:
            return  # somebody has begun to need it; its entry stands

    def _processed(self, view: View, standing: Standing) -> None:
        if isinstance(standing, Blocked) and standing.until is not None:
            self._work.store.postpone(view, to_millis(standing.until), standing.problem)
            return
        if view.record.has_waiters:
            ready = isinstance(standing, Ready)
            status = Status.SYNCED if ready else Status.NEEDS_ATTENTION
            view = self._work.dependents.release_waiters(view, status, self._work.keep_going)
        if view.record.status not in (Status.PENDING, Status.RETRYING):
            self._work.store.dismiss(view)  # what was found out while it was sent stands
        elif refused := view.record.chosen(*REFUSALS):
            self._work.store.conclude(view, Verdict(Status.SKIPPED, (explanations.refused(view, refused),)))
        elif isinstance(standing, Ready):
            self._work.store.conclude(view, Verdict(Status.SYNCED))
        else:
            self._work.store.conclude(view, Verdict(Status.NEEDS_ATTENTION, (standing.problem,)), revisit=True)

    # -- planning --------------------------------------------------------------------------------------------------

    def _standing(self, view: View, planned: list[Planned], sender: Sender) -> Standing | None:
        """Where `view` stands, or None when it goes on in the next round (with what was added to `planned`)."""
        settled = self._settled_standing(view, sender)
        if settled is not None:
            return settled
        if view.key.kind is Kind.TAX_RATE:
            view = self._tax_codes.current(view)
        try:
            found = self._found(view)
        except (Unavailable, RequestRefused) as error:
            sender.note_failed_read(error)
            return self._later(view, "lookup_failed", f"QuickBooks could not be read: {error}", _LOOK_AGAIN)
        except ReadAllowanceExhausted as error:
            return self._later(view, "read_allowance", str(error), _READS_GONE)
        if isinstance(found, View):
            return self._planned(found, planned)
        if isinstance(found, Ask):
            return self._park(view, found.problem)
        if isinstance(found, Write):
            planned.append(Planned(view, found, view.state.generation))
        elif isinstance(found, Adopt):
            self._settler.link(view, found.object, found.digest or self._digest_of_found(view))
        return None

    def _found(self, view: View) -> View | Adopt | Ask | Write:
        """What people decided or QuickBooks has: the record to be planned, an entry for it, a question, or a write."""
        chosen = self._choices.honour(view) if view.record.choices else view
        if not isinstance(chosen, View):
            return chosen
        view = seen_again(chosen, self._work)
        looks = is_looked_up_first(view) and view.key not in self._absent
        match = self._first_match(view) if looks else NoMatch()
        return view if isinstance(match, NoMatch) else match

    def _planned(self, view: View, planned: list[Planned]) -> Standing | None:
        generation = next_generation(view.state)
        try:
            decision = self._map(view, generation)
        except DEFECTS as error:  # met by one record, they must not stop the others
            self._work.log.exception("mapping failed", extra={"record": str(view.key)})
            decision = Attention(explanations.defect(view.key, error))
        if isinstance(decision, Attention):
            return self._park(view, decision.problem)
        if not isinstance(decision, Write) or is_applied(decision, view):
            return Ready(view, view.state.qbo_id)
        planned.append(Planned(view, decision, generation))
        return None

    def _settled_standing(self, view: View, sender: Sender) -> Standing | None:
        """What is clear without asking QuickBooks or mapping anything."""
        if view.state.attempt is not None:
            until = sender.unresolved.get(view.key, self._work.clock.now() + _LOOK_AGAIN)
            return Blocked(view, explanations.outcome_unknown(view.key), until)
        if view.record.desired is None:
            return Blocked(view, explanations.never_seen(view.key))
        refused = view.record.chosen(*REFUSALS)
        if refused is not None:
            why = explanations.refused(view, refused)
            return Ready(view, view.state.qbo_id) if view.state.linked else Blocked(view, why)
        if view.record.status is Status.NEEDS_ATTENTION and view.record.decided_in == self._work.realm_id:
            if view.state.linked:
                return Ready(view, view.state.qbo_id)  # what could not be updated can still be invoiced
            (problem, *_) = view.record.problems
            return Blocked(view, problem)
        return None

    def _ready_or_wait(self, view: View, sender: Sender) -> Standing:
        """After the last round: what is still not settled is tried again later."""
        settled = self._settled_standing(view, sender)
        if settled is not None:
            return settled
        if view.state.linked:
            decision = self._map(view, view.state.generation)
            if not isinstance(decision, Write) or is_applied(decision, view):
                return Ready(view, view.state.qbo_id)
        return self._later(view, "still_changing", f"{view.key} could not be brought up to date yet.", _LOOK_AGAIN)

    def _map(self, view: View, generation: int) -> Decision:
        if view.key.kind is Kind.TAX_RATE:
            return self._tax_codes.map(view)
        return map_entry(view, generation, self._work.settings, self._work.company)

    def _first_match(self, view: View) -> Match:
        """One read before a customer is created: by e-mail, for a shared e-mail must be asked about; else by name."""
        if view.key.kind is Kind.TAX_RATE:
            return self._tax_codes.match(view)
        customer = Customer.model_validate(view.record.desired)
        name = customer_name(customer, self._work.company)
        column, value = ("PrimaryEmailAddr", customer.email) if customer.email else ("DisplayName", name.text)
        rows = self._work.client.query(select("Customer", f"{column} = {quote(value)}"), "Customer", ReadPurpose.USER)
        return match_customer_first(customer, name, rows)

    def _digest_of_found(self, view: View) -> str:
        """A code that was found is as it was confirmed; a customer that was found has still to be updated."""
        return tax_codes.digest(view) if view.key.kind is Kind.TAX_RATE else ""

    # -- blocking --------------------------------------------------------------------------------------------------

    def _park(self, view: View, problem: Problem) -> Standing | None:
        """Nothing was sent: note why. None if the record moved on meanwhile."""
        try:
            self._work.store.conclude(view, Verdict(Status.NEEDS_ATTENTION, (problem,)), revisit=True)
        except Changed:
            return None
        return Blocked(self._work.store.view(view.key), problem)

    def _later(self, view: View, code: str, message: str, after: timedelta) -> Blocked:
        problem = Problem(code, message, "Nothing to do: it is tried again by itself.")
        wait = max(after, backoff(view.record.tries + 1))
        return Blocked(view, problem, self._work.clock.now() + wait)
