"""List entries: the customers, items, vendors and tax codes that documents refer to, found, made or updated before.

QuickBooks keeps names unique, so an entry may be created without looking first; when its name is taken it is looked up
and adopted by the rules of `matching`, or somebody is asked.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations, tax_codes
from syncro_quickbooks.online.client import Done, quote, select
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, RequestRefused, Unavailable
from syncro_quickbooks.online.frozen import TAX_SERVICE
from syncro_quickbooks.online.list_choices import ListChoices
from syncro_quickbooks.online.list_kinds import (
    ENTITY_OF,
    is_applied,
    is_looked_up_first,
    keeps_its_texts,
    map_entry,
    match_taken,
    named,
)
from syncro_quickbooks.online.mapping.customer import customer_name
from syncro_quickbooks.online.matching import Adopt, Ask, Match, NoMatch, match_customer_first
from syncro_quickbooks.online.reactivating import REACTIVATED, seen_again
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.sending import TIME_TO_SEND_AND_SETTLE, Sender, backoff
from syncro_quickbooks.online.work import TIME_TO_END, OutOfTime, Settled, Work
from syncro_quickbooks.sync.attempts import Planned, next_generation
from syncro_quickbooks.sync.catalogue import RetryClass, explain
from syncro_quickbooks.sync.choices import REFUSALS
from syncro_quickbooks.sync.model import (
    Attention,
    Decision,
    Kind,
    Operation,
    Problem,
    RecordKey,
    Status,
    Write,
)
from syncro_quickbooks.sync.records import View, without_attempt
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict
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

    def __init__(self, work: Work, *, wanted: Collection[RecordKey], absent: Collection[RecordKey]) -> None:
        self._work = work
        self._wanted = wanted
        self._absent = absent
        self._tax_codes = tax_codes.TaxCodes(work)
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
            self._link(view, found.object, found.digest or self._digest_of_found(view))
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
        except Exception as error:  # a defect met by one record must not stop the others
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

    # -- settling --------------------------------------------------------------------------------------------------

    def settle(self, answers: Sequence[Settled]) -> None:
        """Settle QuickBooks' definite answers about list entries."""
        taken: list[tuple[Settled, Problem]] = []
        for answer in answers:
            try:
                if answer.member.digest == REACTIVATED and isinstance(answer.outcome, Done):
                    self._choices.reactivated(answer.view, answer.outcome.object)
                    continue
                if isinstance(answer.outcome, Done):
                    self._done(answer, answer.outcome.object)
                    continue
                fault = answer.outcome.faults[0]
                what = explanations.entry_named(answer.member)
                retry_class, problem = explain(fault.code, fault.message, fault.detail, what, fault.element)
                if retry_class is RetryClass.NAME_TAKEN and answer.member.operation is Operation.CREATE:
                    taken.append((answer, problem))
                elif retry_class is RetryClass.STALE and answer.member.digest == REACTIVATED:
                    self._work.store.release(answer.view, without_attempt(answer.view.state))
                elif retry_class is RetryClass.STALE and answer.member.operation is Operation.UPDATE:
                    self._take_new_token(answer, problem)
                else:
                    self._parked_attempt(answer, problem)
            except Changed:
                continue  # settled before, by whoever held the lease then
        self._names_taken(taken)

    def _done(self, answer: Settled, stored: JsonObject) -> None:
        try:
            self._applied(answer, stored)
        except OwnerTaken as taken:  # found when the answer was lost, but made for another record of that name
            self._owned(answer.view, stored, taken.owner)

    def _applied(self, answer: Settled, stored: JsonObject) -> None:
        member, view = answer.member, answer.view
        qbo_id, sync_token = tax_codes.linked(stored)
        state = replace(
            without_attempt(view.state),
            entity=ENTITY_OF[view.key.kind],
            qbo_id=qbo_id,
            sync_token=sync_token,
            generation=member.generation,
            applied_stamp=member.stamp,
            applied_digest=member.digest,
            object=stored,
        )
        verdict = Verdict(Status.SYNCED_WITH_WARNING if member.warnings else Status.SYNCED, member.warnings)
        self._work.store.settle(view, state, member.stamp, verdict)

    def _take_new_token(self, answer: Settled, problem: Problem) -> None:
        """Somebody edited the entry: only our own fields are sent, so theirs stay; send again with the new token."""
        view = answer.view
        now = self._work.client.read(answer.member.entity, view.state.qbo_id, ReadPurpose.RECOVERY)
        if now is None or str(now.get("SyncToken")) == view.state.sync_token:
            self._parked_attempt(answer, problem)
            return
        fresh = replace(without_attempt(view.state), sync_token=str(now.get("SyncToken")), object=now)
        self._work.store.release(view, fresh)

    def _names_taken(self, taken: Sequence[tuple[Settled, Problem]]) -> None:
        """One read for all entries of a kind whose name is taken, in one call; then adopt or ask one by one."""
        by_entity: dict[str, list[tuple[Settled, Problem]]] = {}
        for answer, problem in taken:
            if answer.member.entity == TAX_SERVICE:
                self._adopt(answer, self._tax_codes.match(answer.view), self._tax_code_taken(answer, problem))
                continue
            by_entity.setdefault(answer.member.entity, []).append((answer, problem))
        if not by_entity:
            return
        queries = [
            (named([answer.member.body for answer, _ in members], entity), entity)
            for entity, members in by_entity.items()
        ]
        found = self._work.client.query_together(queries, ReadPurpose.USER)
        for members, rows in zip(by_entity.values(), found, strict=True):
            for answer, problem in members:
                self._adopt_or_ask(answer, problem, rows)

    def _adopt_or_ask(self, answer: Settled, problem: Problem, rows: Sequence[JsonObject]) -> None:
        self._adopt(answer, match_taken(answer.view, self._work.company, rows), problem)

    def _adopt(self, answer: Settled, match: Match, problem: Problem) -> None:
        try:
            if isinstance(match, Adopt):
                self._link(answer.view, match.object, answer.member.digest)
            else:
                self._parked_attempt(answer, match.problem if isinstance(match, Ask) else problem)
        except Changed:
            return

    def _tax_code_taken(self, answer: Settled, problem: Problem) -> Problem:
        return tax_codes.name_taken(answer.view.key, str(answer.member.body["TaxCode"]), problem.verbatim)

    def _digest_of_found(self, view: View) -> str:
        """A code that was found is as it was confirmed; a customer that was found has still to be updated."""
        return tax_codes.digest(view) if view.key.kind is Kind.TAX_RATE else ""

    def _link(self, view: View, found: JsonObject, digest: str) -> None:
        """Link a record to an existing entry. Some keep the bookkeeper's texts until Syncro's change."""
        state = replace(
            without_attempt(view.state),
            entity=ENTITY_OF[view.key.kind],
            qbo_id=str(found["Id"]),
            sync_token=str(found["SyncToken"]),
            applied_digest=digest if keeps_its_texts(view) else "",
            object=found,
        )
        try:
            if view.key.kind is Kind.TAX_RATE:
                self._work.store.settle(view, state, view.record.stamp, Verdict(Status.SYNCED))
            else:
                self._work.store.release(view, state)
        except OwnerTaken as taken:
            self._owned(view, found, taken.owner)

    def _owned(self, view: View, found: JsonObject, owner: str) -> None:
        """The entry is another record's already."""
        if view.key.kind is Kind.TAX_RATE:
            problem = tax_codes.shared(view.key, str(found.get("Name")), owner)
        else:
            problem = explanations.taken_by_another(view.key, found, owner)
        verdict, revisit = Verdict(Status.NEEDS_ATTENTION, (problem,)), explanations.settings_may_help(problem)
        self._work.store.settle(view, without_attempt(view.state), view.record.stamp, verdict, revisit=revisit)

    # -- blocking --------------------------------------------------------------------------------------------------

    def _parked_attempt(self, answer: Settled, problem: Problem) -> None:
        problem = explanations.with_own_entry(answer.view, problem)
        verdict, revisit = Verdict(Status.NEEDS_ATTENTION, (problem,)), explanations.settings_may_help(problem)
        state = without_attempt(answer.view.state)
        self._work.store.settle(answer.view, state, answer.member.stamp, verdict, revisit=revisit)

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
