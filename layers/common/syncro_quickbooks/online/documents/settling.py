"""Settling: what QuickBooks' definite answers mean for each document."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations
from syncro_quickbooks.online.client import Done
from syncro_quickbooks.online.documents.inactive import inactive_use
from syncro_quickbooks.online.documents.outcome import applied_state, done, final_warnings, verdict_of
from syncro_quickbooks.online.documents.rules import Again, Carried, Rules
from syncro_quickbooks.online.mapping.hand import foreign_change, is_voided, reflects
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync.catalogue import RetryClass, explain
from syncro_quickbooks.sync.model import Attention, Kind, Operation, Problem, Skip, Status
from syncro_quickbooks.sync.records import RealmState, changed_in_quickbooks, without_attempt, without_document
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict

ENTITIES = ("Invoice", "Payment", "CreditMemo", "PurchaseOrder", "Bill", "Purchase")
_ENDINGS = (Operation.VOID, Operation.DELETE)


class DocumentSettler:
    """Draws the conclusions from answers about documents; `rules` has what is special about each kind."""

    def __init__(self, work: Work, rules: Mapping[Kind, Rules]) -> None:
        self._work = work
        self._rules = rules

    def settle(self, answers: Sequence[Settled]) -> None:
        """Settle QuickBooks' definite answers. What a read raises leaves the rest unsettled."""
        for answer in answers:
            try:
                self._settle(answer)
            except Changed:
                continue  # settled before, by whoever held the lease then
            except OwnerTaken as taken:
                problem = explanations.taken_by_another(answer.view.key, answer.member.body, taken.owner)
                self._attention(answer, answer.view.state, problem)

    def _settle(self, answer: Settled) -> None:
        if isinstance(answer.outcome, Done):
            self._applied(answer, answer.outcome.object)
            return
        fault = answer.outcome.faults[0]
        what = explanations.named(answer.view.key, {**(answer.view.state.object or {}), **answer.member.body})
        retry_class, problem = explain(fault.code, fault.message, fault.detail, what, fault.element)
        reaction = self._rules[answer.view.key.kind].refused(answer, fault.code, problem)
        if isinstance(reaction, Carried):
            self._applied(answer, reaction.object)
        elif isinstance(reaction, Again):
            self._work.store.release(answer.view, without_attempt(answer.view.state))
        elif reaction is not None:
            self._reacted(answer, reaction)
        elif answer.member.operation is not Operation.CREATE and retry_class in (RetryClass.STALE, RetryClass.GONE):
            self._compare_with_now(answer, retry_class, problem)
        else:
            self._refused(answer, retry_class, problem)

    def _refused(self, answer: Settled, retry_class: RetryClass, problem: Problem) -> None:
        """For good; something that is gone is looked for, so that the message can name it."""
        who = explanations.named(answer.view.key, {**(answer.view.state.object or {}), **answer.member.body})
        gone = retry_class is RetryClass.GONE
        inactive = inactive_use(answer.member.body, who, problem, self._work) if gone else None
        if inactive is not None:
            self._reacted(answer, inactive)
        else:
            self._attention(answer, answer.view.state, problem)

    def _reacted(self, answer: Settled, reaction: Attention | Skip) -> None:
        self._work.dependents.follow(answer.view, list(self._work.store.views(reaction.follows).values()))
        state, stamp = without_attempt(answer.view.state), answer.member.stamp
        self._work.store.settle(answer.view, state, stamp, verdict_of(reaction), revisit=True)

    def _applied(self, answer: Settled, stored: JsonObject) -> None:
        member, view = answer.member, answer.view
        ended = member.operation in _ENDINGS
        warnings = member.warnings if ended else final_warnings(member.warnings, member.expected, stored, view.key)
        state = applied_state(answer, stored, gone=ended)
        if isinstance(self._rules[view.key.kind].applied(answer, warnings), Again):
            self._work.store.release(view, without_document(state))
        else:
            self._work.store.settle(view, state, member.stamp, done(warnings))

    def _compare_with_now(self, answer: Settled, retry_class: RetryClass, problem: Problem) -> None:
        """Something changed the document; only a person's change of money, lines or status is asked about."""
        member, view = answer.member, answer.view
        ends = member.operation in _ENDINGS
        now = self._work.client.read(member.entity, view.state.qbo_id, ReadPurpose.RECOVERY)
        if now is None or (is_voided(now) and not ends):
            if ends:
                self._applied(answer, view.state.object or {})
            else:
                self._attention(answer, changed_in_quickbooks(view.state), explanations.gone_by_hand(view, now))
            return
        if is_voided(now) if ends else reflects(now, member.body):
            self._applied(answer, now)  # our own earlier request, whose answer was lost
            return
        differences = foreign_change(view.state.object or {}, now)
        if differences:
            problem = explanations.edited_by_hand(view, differences, now)
            self._attention(answer, changed_in_quickbooks(view.state), problem)
        elif str(now.get("SyncToken")) != view.state.sync_token:
            fresh = replace(view.state, sync_token=str(now.get("SyncToken")), object=now)
            self._work.store.release(view, without_attempt(fresh))
        else:
            self._refused(answer, retry_class, problem)

    def _attention(self, answer: Settled, state: RealmState, problem: Problem) -> None:
        verdict, revisit = Verdict(Status.NEEDS_ATTENTION, (problem,)), explanations.settings_may_help(problem)
        self._work.store.settle(answer.view, without_attempt(state), answer.member.stamp, verdict, revisit=revisit)
