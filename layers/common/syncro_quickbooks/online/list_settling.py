"""What QuickBooks' answers about list entries mean: they are there, have another's name, or somebody is asked."""

from collections.abc import Sequence
from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online import explanations, tax_codes
from syncro_quickbooks.online.client import Done
from syncro_quickbooks.online.frozen import TAX_SERVICE
from syncro_quickbooks.online.list_choices import ListChoices
from syncro_quickbooks.online.list_kinds import ENTITY_OF, keeps_its_texts, match_taken, named
from syncro_quickbooks.online.matching import Adopt, Ask, Match
from syncro_quickbooks.online.reactivating import REACTIVATED
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Settled, Work
from syncro_quickbooks.sync.catalogue import RetryClass, explain
from syncro_quickbooks.sync.model import Kind, Operation, Problem, Status
from syncro_quickbooks.sync.records import View, without_attempt
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict


class ListSettler:
    """Draws the conclusions from answers about the list entries of one run, which has `codes` made."""

    def __init__(self, work: Work, codes: tax_codes.TaxCodes) -> None:
        self._work = work
        self._codes = codes
        self._choices = ListChoices(work)

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
                self._adopt(answer, self._codes.match(answer.view), self._tax_code_taken(answer, problem))
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
                self.link(answer.view, match.object, answer.member.digest)
            else:
                self._parked_attempt(answer, match.problem if isinstance(match, Ask) else problem)
        except Changed:
            return

    def _tax_code_taken(self, answer: Settled, problem: Problem) -> Problem:
        return tax_codes.name_taken(answer.view.key, str(answer.member.body["TaxCode"]), problem.verbatim)

    def link(self, view: View, found: JsonObject, digest: str) -> None:
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

    def _parked_attempt(self, answer: Settled, problem: Problem) -> None:
        problem = explanations.with_own_entry(answer.view, problem)
        verdict, revisit = Verdict(Status.NEEDS_ATTENTION, (problem,)), explanations.settings_may_help(problem)
        state = without_attempt(answer.view.state)
        self._work.store.settle(answer.view, state, answer.member.stamp, verdict, revisit=revisit)
