"""Planning: brings each document as far as it can go now: sent, skipped, waiting, or put off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.documents.choosing import Choosing
from syncro_quickbooks.online.documents.outcome import done, final_warnings, verdict_of
from syncro_quickbooks.online.documents.reversals import Reversing
from syncro_quickbooks.online.documents.rules import Candidate, Rules
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, RequestRefused, Unavailable
from syncro_quickbooks.online.lists import Blocked, Lists, Ready, Standing
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.sending import Sender, backoff
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.attempts import Planned, is_forced, next_generation
from syncro_quickbooks.sync.model import (
    DEFECTS,
    Attention,
    Decision,
    Kind,
    Link,
    Nothing,
    Problem,
    RecordKey,
    Skip,
    Status,
    Wait,
    Write,
    marker,
)
from syncro_quickbooks.sync.records import LAYER_OF, View, without_attempt
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict

Decided = TypeVar("Decided")

_CONCLUDED = (Status.SYNCED, Status.SYNCED_WITH_WARNING, Status.SKIPPED, Status.NEEDS_ATTENTION)


class Documents:
    """The documents of one run; `rules` has what is special about each kind."""

    def __init__(self, work: Work, lists: Lists, rules: Mapping[Kind, Rules]) -> None:
        self._work = work
        self._lists = lists
        self._rules = rules
        self._choosing = Choosing(work)
        self._reversing = Reversing(work)

    def process(self, keys: Sequence[RecordKey], sender: Sender) -> None:
        """Bring each record as far as it can go now."""
        planned: list[Planned] = []
        candidates = self._candidates(self._work.store.views(keys), planned)
        standings = self._lists.ensure({key for c in candidates for key in c.needs}, sender)
        for candidate in candidates:
            self._plan(candidate, standings, planned)
        sender.send(planned)

    # -- considering -----------------------------------------------------------------------------------------------

    def _candidates(self, views: Mapping[RecordKey, View], planned: list[Planned]) -> list[Candidate]:
        """Those that go on once their list entries are ready; what can be decided before is decided at once."""
        idle = [view for view in views.values() if view.state.attempt is None]  # a dispatch brings it to an end
        open_views = [left for view in idle if (left := self._as_chosen(view, planned))]
        unreadable: dict[RecordKey, Attention] = {}
        for kind, rules in self._rules.items():
            of_kind = [view for view in open_views if view.key.kind is kind and view.record.desired is not None]
            unreadable |= self._load(rules, of_kind)
        candidates: list[Candidate] = []
        for view in open_views:
            self._work.keep_going()
            if view.key in unreadable:
                self._decided(view, unreadable[view.key], view.state.generation, planned)
                continue
            considered = self._guarded(view, partial(self._consider, view))
            if isinstance(considered, Candidate):
                candidates.append(considered)
            elif considered is not None:
                self._decided(view, considered, view.state.generation, planned)
        return candidates

    def _as_chosen(self, view: View, planned: list[Planned]) -> View | None:
        """The record as people want it planned; None where their choice decides by itself."""
        if not view.record.choices or view.record.status in _CONCLUDED:
            return view
        honoured = self._guarded(view, partial(self._choosing.honour, view))
        if isinstance(honoured, View):
            return honoured
        if honoured is not None:
            self._decided(view, honoured, view.state.generation, planned)
        return None

    def _load(self, rules: Rules, views: Sequence[View]) -> dict[RecordKey, Attention]:
        """Read what deciding about `views` needs. Returns those whose snapshots this release cannot read, with why."""
        try:
            if views:
                rules.load(views)
        except DEFECTS:
            unreadable = {view.key: why for view in views if (why := self._cannot_be_loaded(rules, view))}
            readable = [view for view in views if view.key not in unreadable]
            if readable:
                rules.load(readable)
            return unreadable
        return {}

    def _cannot_be_loaded(self, rules: Rules, view: View) -> Attention | None:
        try:
            rules.load([view])
        except DEFECTS as error:
            self._work.log.exception("snapshot cannot be read", extra={"record": str(view.key)})
            return Attention(explanations.defect(view.key, error))
        return None

    def _consider(self, view: View) -> Candidate | Decision | None:  # noqa: PLR0911  one return a reason
        if view.record.status in _CONCLUDED:
            self._tell_waiters(view)
            return None
        rules = self._rules[view.key.kind]
        if view.record.desired is None:
            return Attention(explanations.snapshot_too_large(view.key))
        if view.state.doubt:
            return self._choosing.link(view) or Attention(explanations.still_doubtful(view))
        if view.state.reversed:
            return self._reversing.outcome(view)
        if rules.ended(view) or view.record.chosen("void"):
            return self._deletion(view, rules)
        if view.state.gone:
            return Attention(explanations.voided_by_us(view))
        return self._choosing.link(view) or self._elsewhere(view) or self._considered(view, rules)

    def _elsewhere(self, view: View) -> Attention | None:
        if not self._work.moved or view.state.linked or view.record.chosen("push_anyway"):
            return None
        return (
            Attention(explanations.posted_elsewhere(view.key)) if self._work.store.posted_elsewhere(view.key) else None
        )

    def _considered(self, view: View, rules: Rules) -> Candidate | Decision:
        considered = rules.consider(view)  # also what follows from it for others
        return Nothing((explanations.kept(view),)) if self._choosing.is_kept(view) else considered

    def _tell_waiters(self, view: View) -> None:
        """It was settled before; its entry has stayed for those who wait for it."""
        told = self._work.dependents.release_waiters(view, view.record.status, self._work.keep_going)
        self._work.store.dismiss(told)

    def _deletion(self, view: View, rules: Rules) -> Decision | None:
        """Deleted in Syncro: the document is read afresh, for what was linked to it does not show in what we wrote."""
        if not view.state.linked or view.state.gone:
            return rules.deletion(view, None)
        if self._choosing.is_kept(view) and not view.record.chosen("void"):
            return Skip(explanations.left_in_quickbooks(view))
        now = self._work.client.read(view.state.entity, view.state.qbo_id, ReadPurpose.USER)
        if now is None or is_voided(now):
            decision = rules.deletion(view, None)  # what else goes with it
            if not isinstance(decision, Nothing):
                return decision
            gone = replace(view.state, gone=True, object=now or view.state.object)
            self._work.store.settle(view, gone, view.record.stamp, Verdict(Status.SYNCED))
            return None
        differences = foreign_change(view.state.object or {}, now)
        void = view.record.chosen("void")
        if differences and not (void and void.params.get("sync_token") == bodies.text(now, "SyncToken")):
            return Attention(explanations.edited_and_deleted(view, differences, now))
        return rules.deletion(view, now)

    def _guarded(self, view: View, decide: Callable[[], Decided]) -> Decided | Attention | None:
        """What one record meets must not stop the others: a failed read puts it off, our own defect is its problem."""
        try:
            return decide()
        except Changed:
            return None  # a newer version has come; its own outbox entry stands
        except (Unavailable, RequestRefused, ReadAllowanceExhausted) as error:
            self._put_off(view, explanations.not_read(view.key, error))
            return None
        except DEFECTS as error:
            self._work.log.exception("mapping failed", extra={"record": str(view.key)})
            return Attention(explanations.defect(view.key, error))

    # -- planning --------------------------------------------------------------------------------------------------

    def _plan(self, candidate: Candidate, standings: Mapping[RecordKey, Standing], planned: list[Planned]) -> None:
        view = candidate.view
        ready: dict[RecordKey, Ready] = {}
        for key in candidate.needs:
            standing = standings[key]
            if isinstance(standing, Blocked):
                self._blocked(view, standing)
                return
            ready[key] = standing
        generation = next_generation(view.state)
        decision = self._guarded(view, partial(candidate.map, ready, marker(view.key, generation)))
        if decision is not None:
            self._decided(view, decision, generation, planned)

    def _decided(self, view: View, decision: Decision, generation: int, planned: list[Planned]) -> None:
        """Note the decision, or add its write to `planned`."""
        try:
            if isinstance(decision, Link):
                self._link(view, decision)
                return
            if not isinstance(decision, Wait):
                self._work.dependents.follow(view, self._views(decision.follows))
            if not isinstance(decision, Write):
                self._conclude(view, decision)
            elif decision.digest == view.state.applied_digest and not is_forced(view):
                warnings = final_warnings(decision.warnings, decision.expected, view.state.object or {}, view.key)
                self._conclude(view, Nothing(warnings))
            else:
                planned.append(Planned(view, decision, generation))
        except Changed:
            return  # a newer version has come; its own outbox entry stands

    def _conclude(self, view: View, decision: Skip | Attention | Wait | Nothing) -> None:
        if isinstance(decision, Wait) and decision.on:
            self._wait(view, decision)
            return
        verdict = done(decision.warnings) if isinstance(decision, Nothing) else verdict_of(decision)
        if view.record.has_waiters:
            view = self._work.dependents.release_waiters(view, verdict.status, self._work.keep_going)
        self._work.store.conclude(view, verdict, revisit=verdict.status is Status.NEEDS_ATTENTION)

    def _wait(self, view: View, decision: Wait) -> None:
        if any(LAYER_OF[key.kind] == 1 for key in decision.on):
            self._put_off(view, decision.problem)  # nothing would wake it once a list entry is ready, so look again
        else:
            self._work.dependents.wait(view, self._views(decision.on), decision.problem)

    def _views(self, keys: Sequence[RecordKey]) -> list[View]:
        return list(self._work.store.views(keys).values()) if keys else []

    def _link(self, view: View, link: Link) -> None:
        """QuickBooks has the document already: it is ours from now on, and planned anew as such."""
        state = replace(
            without_attempt(view.state),
            entity=link.entity,
            qbo_id=str(link.object["Id"]),
            sync_token=str(link.object["SyncToken"]),
            object=link.object,
            applied_digest=link.digest,
            applied_stamp=view.record.stamp,
            kept=0 if link.digest else view.record.version,  # what somebody named stays as it is until Syncro's changes
            doubt="",
        )
        try:
            self._work.store.release(view, state)
        except OwnerTaken as taken:
            problem = explanations.taken_by_another(view.key, link.object, taken.owner)
            self._work.store.conclude(view, Verdict(Status.NEEDS_ATTENTION, (problem,)))

    def _blocked(self, view: View, standing: Blocked) -> None:
        try:
            if standing.until is None:
                problem = explanations.of_entry(standing.view.key, standing.problem)
                self._work.dependents.wait(view, [standing.view], problem)
            else:
                until = max(standing.until, self._work.clock.now() + backoff(view.record.tries + 1))
                self._work.store.postpone(view, to_millis(until), standing.problem)
        except Changed:
            return  # one of the two moved on; the next pass sees how

    def _put_off(self, view: View, problem: Problem) -> None:
        """Try the record again after its back-off."""
        due = self._work.clock.now() + max(backoff(view.record.tries + 1), timedelta(seconds=1))
        try:
            self._work.store.postpone(view, to_millis(due), problem)
        except Changed:
            return


def desired_of(views: Mapping[RecordKey, View]) -> dict[RecordKey, JsonObject]:
    """What is desired of each record that an event has brought."""
    return {key: view.record.desired for key, view in views.items() if view.record.desired is not None}
