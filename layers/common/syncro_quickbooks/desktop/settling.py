"""Settling: what QuickBooks' replies mean for each member of a set."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.mapping.bodies import kept
from syncro_quickbooks.desktop.mapping.totals import compare
from syncro_quickbooks.desktop.planning.applying import NOT_ENOUGH
from syncro_quickbooks.desktop.planning.concluding import done, put_off
from syncro_quickbooks.desktop.planning.customers import customer_key
from syncro_quickbooks.desktop.qbxml.reading import Reply, text
from syncro_quickbooks.desktop.statuses import Next, explain
from syncro_quickbooks.desktop.work import (
    CREDIT_APPLICATION,
    MOST_ROUNDS,
    Settled,
    Work,
    request_name,
)
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.dispatches import Dispatch, Member
from syncro_quickbooks.sync.model import Kind, Operation, Problem, RecordKey, Status
from syncro_quickbooks.sync.records import RealmState, View, changed_in_quickbooks, without_attempt
from syncro_quickbooks.sync.store import Changed, OwnerTaken, Verdict
from syncro_quickbooks.syncro.models import Payment, StoreCredit

_ENDINGS = (Operation.VOID, Operation.DELETE)
_MOST_TRIES = 12
"""Sessions; with one every few minutes a lock has then lasted for hours, and somebody should look."""


class Settler:
    """Draws the conclusions from replies."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def settle(self, dispatch: Dispatch, live: Mapping[RecordKey, View], replies: Sequence[Reply]) -> int:
        """Settle every member whose outcome the replies tell. Returns how many that were. Raises OutOfTime."""
        by_id = _by_request(replies)
        settled = 0
        for member in dispatch.members:
            reply = by_id.get(member.bid)
            if member.key not in live or reply is None or not _tells(reply, member):
                continue
            self._work.keep_going()
            self.settle_one(Settled(member, live[member.key], reply))
            settled += 1
        return settled

    def settle_one(self, answer: Settled) -> None:
        """Settle one definite reply."""
        try:
            if answer.reply.done:
                self._applied(answer)
            else:
                self._refused(answer)
        except Changed:
            return  # settled before, by an earlier call that died after it
        except OwnerTaken as taken:
            name = text(answer.reply.object or {}, "Name") or text(answer.reply.object or {}, "RefNumber")
            self.park(answer.view, answer.member.stamp, explanations.taken_by_another(answer.view, name, taken.owner))

    # -- done ----------------------------------------------------------------------------------------------------------

    def _applied(self, answer: Settled) -> None:
        member, view, reply = answer.member, answer.view, answer.reply
        ended = member.operation in _ENDINGS
        state = _state(answer)
        compared = () if ended else compare(member.expected, state.object or {}, explanations.named(view))
        warnings = (*member.warnings, *compared, *_warned(reply, view))
        if view.key.kind is Kind.STORE_CREDIT:
            customer = customer_key(StoreCredit.model_validate(view.record.desired).customer_id)
            self._work.dependents.reopen_users(customer, Kind.PAYMENT, NOT_ENOUGH)
        self._work.store.settle(view, state, member.stamp, done(warnings))

    # -- refused -------------------------------------------------------------------------------------------------------

    def _refused(self, answer: Settled) -> None:
        view, member, reply = answer.view, answer.member, answer.reply
        what, problem = explain(reply, explanations.named(view))
        # The name of a customer that is there already cannot be adopted away.
        customer_name = what is Next.NAME_TAKEN and member.operation is Operation.CREATE
        if what is Next.SEND_AGAIN:
            self._release(view)
        elif what is Next.RETRY:
            self._later(answer, problem)
        elif what is Next.NOT_THERE and member.operation in _ENDINGS:
            # Somebody removed it before us.
            self._work.store.settle(view, replace(view.state, gone=True), member.stamp, done(()))
        elif what is Next.NOT_THERE and member.operation is Operation.UPDATE and view.state.qbo_id in reply.message:
            self.park(view, member.stamp, explanations.gone_by_hand(view), replace(view.state, gone=True))
        elif customer_name or what in (Next.STALE, Next.OVERPAID):
            self._round(answer, what, problem)
        else:
            if what is Next.NOT_THERE:
                self._work.memory.stored["lists_doubted"] = True
            if view.key.kind is Kind.INVOICE and member.operation is Operation.UPDATE:
                # It may have fallen below what is paid: what pays it may be lowered, too.
                self._follow(view, self._work.payments_of(view.key))
            self.park(view, member.stamp, problem)

    def _round(self, answer: Settled, what: Next, problem: Problem) -> None:
        """More has to be known, then it is planned anew; not for ever."""
        view, member = answer.view, answer.member
        applies_credit = member.entity == CREDIT_APPLICATION
        if applies_credit:
            self._follow(view, self._work.what_may_give_room(Payment.model_validate(view.record.desired)))
            self.park(view, member.stamp, problem)
        elif self._work.memory.round(view.key) >= MOST_ROUNDS:
            self.park(view, member.stamp, explanations.going_round(view, problem))
        elif what is Next.NAME_TAKEN:
            self._work.memory.wants(view.key, "name")
            self._release(view)
        elif what is Next.OVERPAID and view.key.kind is Kind.PAYMENT:
            payment = Payment.model_validate(view.record.desired)
            for each in payment.allocations:
                self._work.memory.wants(RecordKey(Kind.INVOICE, str(each.invoice_id)), "balance")
            self._release(view)
        elif what is Next.STALE:
            self._changed_meanwhile(answer)
        else:
            self.park(view, member.stamp, problem)

    def _follow(self, view: View, on: Sequence[RecordKey]) -> None:
        self._work.dependents.follow(view, list(self._work.store.views(on).values()))

    def _changed_meanwhile(self, answer: Settled) -> None:
        """Only what a person changed of money, lines or customer is asked about; else it is sent with the new token."""
        view, now = answer.view, answer.reply.object
        entity = answer.member.entity
        if now is None or (entity == "Invoice" and not text(now, "TxnID")):
            self._work.memory.wants(view.key, "object")
            self._release(view)
            return
        fresh = kept(entity, now)
        if "lines" in (view.state.object or {}) and "lines" not in fresh:
            self._work.memory.wants(view.key, "object")
            self._release(view)
            return
        self.refreshed(view, fresh, answer.member.stamp)

    def refreshed(self, view: View, fresh: JsonObject, stamp: str) -> None:
        """`fresh` is how QuickBooks has the object now: take it over, or ask if a person changed what counts."""
        found = explanations.differences(view.state.object or {}, fresh)
        state = replace(without_attempt(view.state), sync_token=text(fresh, "EditSequence"), object=fresh)
        chosen = view.record.chosen("overwrite", "void")
        is_shown = chosen is not None and chosen.params.get("sync_token") == state.sync_token
        if view.record.chosen("keep"):
            state = replace(state, kept=view.record.version, applied_stamp=stamp, applied_digest="")
            self._work.store.settle(view, state, stamp, done((explanations.kept(replace(view, state=state)),)))
        elif found and view.key.kind is not Kind.CUSTOMER and not is_shown:
            problem = explanations.edited_by_hand(view, found, fresh)
            self.park(view, stamp, problem, changed_in_quickbooks(view.state))
        elif view.record.chosen("overwrite"):
            self._work.store.release(view, replace(state, applied_digest=""))
        else:
            self._work.store.release(view, state)

    def _later(self, answer: Settled, problem: Problem) -> None:
        view = answer.view
        if view.record.tries + 1 >= _MOST_TRIES:
            self.park(view, answer.member.stamp, problem)
            return
        self._release(view)
        if view.key.kind is Kind.CUSTOMER:
            self._work.memory.table("held")[str(view.key)] = problem.code
            if view.state.linked:  # else what needs it is put off; a change of it may be needed by nothing for weeks
                self._work.dependents.reopen([view.key])
            with suppress(Changed):
                put_off(self._work, self._work.store.view(view.key), problem)
        else:
            put_off(self._work, view, problem)

    def _release(self, view: View) -> None:
        self._work.store.release(view, without_attempt(view.state))

    def park(self, view: View, stamp: str, problem: Problem, state: RealmState | None = None) -> None:
        """Somebody has to look at it; the session goes on. Raises Changed."""
        verdict = Verdict(Status.NEEDS_ATTENTION, (problem,))
        self._work.store.settle(view, without_attempt(state or view.state), stamp, verdict, revisit=True)


def _by_request(replies: Sequence[Reply]) -> dict[str, Reply]:
    """The replies by request id; two to one id tell nothing."""
    found: dict[str, Reply] = {}
    twice: set[str] = set()
    for reply in replies:
        if reply.request_id in found:
            twice.add(reply.request_id)
        found[reply.request_id] = reply
    return {request_id: reply for request_id, reply in found.items() if request_id not in twice}


def _tells(reply: Reply, member: Member) -> bool:
    """Whether the reply is to this member's request and says what became of it."""
    if reply.name != request_name(member.entity, member.operation) or reply.code is None:
        return False
    return not reply.done or member.entity == CREDIT_APPLICATION or bool(_id_in(reply, member))


def _id_in(reply: Reply, member: Member) -> str:
    name = "ListID" if member.entity == "Customer" else "TxnID"
    for place in (reply.object or {}, reply.recovery, reply.fields):
        if found := text(place, name):
            return found
    return ""


def _state(answer: Settled) -> RealmState:
    """The record's state after QuickBooks carried the member out."""
    member, view, reply = answer.member, answer.view, answer.reply
    ended = member.operation in _ENDINGS
    if member.entity == CREDIT_APPLICATION:
        qbo_id, token, stored = f"credits-{view.key.id}", "", view.state.object
    elif ended:
        qbo_id, token, stored = view.state.qbo_id, view.state.sync_token, view.state.object
    elif reply.object is not None:
        stored = kept(member.entity, reply.object)
        qbo_id, token = _id_in(reply, member), text(stored, "EditSequence")
    else:
        # Only the ids were recovered: without an EditSequence it is read before it is changed (facts: QBD 2.4).
        qbo_id, token, stored = _id_in(reply, member), "", dict(reply.recovery)
    return replace(
        without_attempt(view.state),
        entity=member.entity,
        qbo_id=qbo_id,
        sync_token=token,
        generation=member.generation,
        applied_stamp=member.stamp,
        applied_digest=member.digest,
        object=stored,
        gone=ended,
        doubt="",
        kept=0,
    )


def _warned(reply: Reply, view: View) -> tuple[Problem, ...]:
    """QuickBooks did it and warns of something: codes 500 to 999 (facts: QBD 2.3)."""
    if not reply.code or reply.code < 500:
        return ()
    said = problems.warning(
        f"qbd_{reply.code}", f"{explanations.named(view)} was saved, and QuickBooks warns: {reply.message}"
    )
    return (said,)
