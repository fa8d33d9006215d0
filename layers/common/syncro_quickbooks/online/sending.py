"""Sends dispatches: freeze, send, settle; and after an unclear answer again, byte for byte, until it is clear."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.online.client import (
    Done,
    MemberOutcome,
    Posted,
    Refused,
)
from syncro_quickbooks.online.faults import (
    QuickBooksError,
    ReadAllowanceExhausted,
    RequestRefused,
    Throttled,
    Unavailable,
)
from syncro_quickbooks.online.frozen import MAX_MEMBERS
from syncro_quickbooks.online.grouping import groups, member_of, request_for, request_from_json, request_to_json
from syncro_quickbooks.online.proof import Absent, Found, NotKnown, Prover
from syncro_quickbooks.online.refusals import DUPLICATE_REQUEST_ID, is_definite, of_account
from syncro_quickbooks.online.work import OutOfTime, Settled, Settler, Work
from syncro_quickbooks.storage.packing import TooLarge
from syncro_quickbooks.sync.attempts import Planned, attempting, live_members
from syncro_quickbooks.sync.dispatches import PROOF_AFTER, Dispatch, Member
from syncro_quickbooks.sync.model import Action, Problem, RecordKey, Status, Who
from syncro_quickbooks.sync.records import View, without_attempt
from syncro_quickbooks.sync.store import Changed, Verdict

TIME_TO_SEND_AND_SETTLE = timedelta(seconds=150)
"""A write may take 130 s and its answer must still be stored."""

FAILS = "quickbooks_fails"
"""Code of the problem on a record that QuickBooks seems to fail at, whatever else it does; such a one is sent alone."""

_SIDE_BY_SIDE = frozenset({"Invoice"})
"""What may be on its way in several requests at once: no invoice needs to know how another one ended. Payments do, what
is left on an invoice depends on them, and a document needs its list entries."""

_FIRST_BACKOFF = timedelta(seconds=5)
_LONGEST_BACKOFF = timedelta(minutes=15)
_FIRST_SUSPICION = timedelta(minutes=5)
_LONGEST_SUSPICION = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A dispatch that was sent and whose answer nobody has waited for yet."""

    dispatch: Dispatch
    live: Mapping[RecordKey, View]
    posted: Posted


class Sender:
    """Sends the writes of one run and settles their answers.

    `before_send` raises when nothing may be sent; `settlers` by QuickBooks entity; `note_health` is told after each
    answer whether QuickBooks was there.
    """

    def __init__(
        self,
        work: Work,
        settlers: Mapping[str, Settler],
        before_send: Callable[[], None],
        note_health: Callable[[bool], None],
    ) -> None:
        self._work = work
        self._settlers = settlers
        self._before_send = before_send
        self._note_health = note_health
        self._prover = Prover(work)
        self._most_members = MAX_MEMBERS
        self._under_way: list[_UnderWay] = []
        self.unresolved: dict[RecordKey, datetime] = {}
        """Members whose outcome is not known, and when it is looked at next."""

    def send(self, planned: Sequence[Planned]) -> None:
        """Freeze and send `planned` in as few requests as the limits allow, and settle what is answered.

        Requests of what may be sent side by side may still be under way then, as many as QuickBooks copes with.
        """
        suspects = [item for item in planned if _is_suspect(item.view)]
        others = [item for item in planned if not _is_suspect(item.view)]
        for group in (*groups(others, self._most_members), *groups(suspects, 1)):
            self._make_room()
            dispatch = self._freeze(group)
            if dispatch is None:
                continue
            under_way = self._post(dispatch, {item.view.key: attempting(item, dispatch.id) for item in group})
            if under_way is None:
                continue
            if all(member.entity in _SIDE_BY_SIDE for member in dispatch.members):
                self._under_way.append(under_way)
            else:
                self._receive(under_way)

    def finish(self) -> None:
        """Wait for everything that is under way and settle it. What that raises, it raises once nothing is any more."""
        if self._under_way:
            try:
                self._receive_next()
            finally:
                self.finish()

    def recover(self, dispatch: Dispatch) -> None:
        """Bring an unresolved dispatch of an earlier run to an end, or note when to try again."""
        keys = [member.key for member in dispatch.members]
        for key in keys:
            self.unresolved.pop(key, None)
        live = live_members(dispatch, self._work.store.views(keys))
        if not live:
            self._work.store.forget(dispatch)
        elif dispatch.due > self._work.clock.now():
            self._hold(dispatch, live)
        elif dispatch.settled_by_proof or len(live) < len(dispatch.members):
            # Sent again, a member that is settled could be carried out after all: a refusal may not be replayed.
            self._prove(dispatch, live)
        else:
            again = replace(dispatch, last_sent_at=self._work.clock.now(), sends=dispatch.sends + 1)
            if again.settled_by_proof:  # too old to trust a replay; the proof counts from the true last send
                self._prove(replace(dispatch, prove=True), live)
                return
            self._check_time()
            self._before_send()
            self._work.store.note_send(again)
            under_way = self._post(again, live)
            if under_way is not None:
                self._receive(under_way)

    def note_failed_read(self, error: QuickBooksError) -> None:
        """A read failed too: during an outage reads, which are metered, must stop like writes."""
        if isinstance(error, Unavailable):
            self._note_health(False)

    def set_aside(self, dispatch: Dispatch) -> None:
        """Leave the members of an unresolved dispatch alone until it is recovered."""
        for member in dispatch.members:
            self.unresolved[member.key] = dispatch.due

    # -- freezing --------------------------------------------------------------------------------------------------

    def _freeze(self, group: Sequence[Planned]) -> Dispatch | None:
        self._check_time()
        self._before_send()
        now = self._work.clock.now()
        members = tuple(member_of(str(place), item) for place, item in enumerate(group, start=1))
        dispatch = Dispatch(
            id=f"{to_millis(now):015d}-{uuid4().hex[:8]}",
            realm_id=self._work.realm_id,
            request=request_to_json(request_for(members)),
            members=members,
            first_sent_at=now,
            last_sent_at=now,
            due=now,
        )
        try:
            self._work.store.freeze(dispatch, [attempting(item, dispatch.id) for item in group])
        except Changed:
            return None  # another attempt of one of them has begun; the next pass sees it
        except TooLarge as too_large:
            self._too_large(group, too_large)
            return None
        return dispatch

    def _too_large(self, group: Sequence[Planned], why: TooLarge) -> None:
        if len(group) > 1:
            middle = len(group) // 2
            self.send(group[:middle])
            self.send(group[middle:])
            return
        problem = Problem(
            "too_large",
            f"{group[0].view.key} is too large to be sent safely: {why}.",
            "Split it into smaller documents in Syncro.",
        )
        self._work.store.conclude(group[0].view, Verdict(Status.NEEDS_ATTENTION, (problem,)))

    def _check_time(self) -> None:
        if self._work.deadline - self._work.clock.now() < TIME_TO_SEND_AND_SETTLE:
            raise OutOfTime

    # -- sending ---------------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        while len(self._under_way) >= self._work.client.most_in_flight:
            self._receive_next()

    def _receive_next(self) -> None:
        """Settle the first that is answered; if none is, wait for the one that was sent first."""
        answered = (each for each in self._under_way if each.posted.is_answered())
        chosen = next(answered, self._under_way[0])
        self._under_way.remove(chosen)
        self._receive(chosen)

    def _post(self, dispatch: Dispatch, live: Mapping[RecordKey, View]) -> _UnderWay | None:
        """Let it go out. None if it could not, which is noted then."""
        request = request_from_json(dispatch.request)
        bids = [member.bid for member in dispatch.members]
        try:
            posted = self._work.client.post(request, bids, deadline=self._work.deadline)
        except Unavailable as unavailable:
            self._no_answer(dispatch, live, unavailable)
            return None
        return _UnderWay(dispatch, live, posted)

    def _receive(self, under_way: _UnderWay) -> None:
        """Wait for the answer and draw the conclusions."""
        dispatch, live = under_way.dispatch, under_way.live
        try:
            outcomes = under_way.posted.outcomes()
        except Throttled as throttled:
            self._keep(dispatch, live, after=timedelta(seconds=throttled.retry_after))
            raise
        except Unavailable as unavailable:
            self._no_answer(dispatch, live, unavailable)
        except RequestRefused as refused:
            self._note_health(True)
            self._whole_request_refused(dispatch, live, refused)
        else:
            self._note_health(True)
            self._settle(dispatch, live, outcomes)

    def _no_answer(self, dispatch: Dispatch, live: Mapping[RecordKey, View], unavailable: Unavailable) -> None:
        answer = str(unavailable.status or unavailable.reason)
        self._keep(dispatch, live, answer=answer, server_error=(unavailable.status or 0) >= 500)
        self._note_health(False)

    def _whole_request_refused(
        self, dispatch: Dispatch, live: Mapping[RecordKey, View], refused: RequestRefused
    ) -> None:
        """Nothing of it was done. One member is the culprit; of several, the next pass sends half at a time."""
        if len(dispatch.members) == 1:
            self._settle(dispatch, live, {dispatch.members[0].bid: Refused(refused.faults)})
            return
        self._halve(dispatch)
        for view in live.values():
            self._work.store.release(view, without_attempt(view.state))
        self._work.store.forget(dispatch)

    def _halve(self, dispatch: Dispatch) -> None:
        """From now on send less at a time than `dispatch`, so that one culprit is found and the others go on."""
        if len(dispatch.members) > 1:
            self._most_members = min(self._most_members, len(dispatch.members) // 2)

    def _settle(
        self, dispatch: Dispatch, live: Mapping[RecordKey, View], outcomes: Mapping[str, MemberOutcome]
    ) -> None:
        """Settle the definite answers; keep the dispatch while one is not."""
        clear: list[Settled] = []
        doubled = False
        blocked: QuickBooksError | None = None
        for member in dispatch.members:
            outcome = outcomes.get(member.bid)
            if member.key not in live or outcome is None:
                continue
            if isinstance(outcome, Done) or (isinstance(outcome, Refused) and is_definite(outcome)):
                clear.append(Settled(member, live[member.key], outcome))
            else:
                doubled = doubled or any(fault.code == DUPLICATE_REQUEST_ID for fault in outcome.faults)
                blocked = blocked or of_account(outcome.faults)
        failure = self._draw_conclusions(clear)
        left = self._still_unresolved(dispatch, live)
        if left:
            # Code 600: QuickBooks knows the first request of this id but does not repeat its answer; a proof will tell.
            self._keep(replace(dispatch, prove=dispatch.prove or doubled), left, answer="unclear")
        else:
            self._work.store.forget(dispatch)
        if blocked is not None:
            raise blocked
        if failure is not None:
            self._note_health(False)

    def _draw_conclusions(self, clear: Sequence[Settled]) -> Exception | None:
        """Settle, each settler's answers together. A failed read leaves members unresolved: they are replayed later."""
        failure: Exception | None = None
        for settler in dict.fromkeys(self._settlers[settled.member.entity] for settled in clear):
            answers = [settled for settled in clear if self._settlers[settled.member.entity] is settler]
            answers.sort(key=lambda settled: isinstance(settled.outcome, Refused))
            try:
                settler.settle(answers)
            except (Unavailable, RequestRefused, ReadAllowanceExhausted) as error:
                self._work.log.warning("could not read what a refusal is about", extra={"reason": str(error)})
                failure = error
        return failure

    def _still_unresolved(self, dispatch: Dispatch, live: Mapping[RecordKey, View]) -> dict[RecordKey, View]:
        return live_members(dispatch, self._work.store.views(list(live)))

    # -- unclear ---------------------------------------------------------------------------------------------------

    def _prove(self, dispatch: Dispatch, live: Mapping[RecordKey, View]) -> None:
        earliest = dispatch.last_sent_at + PROOF_AFTER
        if self._work.clock.now() < earliest:
            self._keep(replace(dispatch, prove=True), live, after=earliest - self._work.clock.now())
            return
        members = [member for member in dispatch.members if member.key in live]
        findings = self._prover.prove(dispatch, members, live)
        clear: list[Settled] = []
        unknown = False
        for member in members:
            finding = findings[member.bid]
            view = live[member.key]
            if isinstance(finding, Found):
                clear.append(Settled(member, view, Done(entity=member.entity, object=finding.object)))
            elif isinstance(finding, Absent):
                self._work.store.release(view, without_attempt(view.state))
                if finding.asked:
                    self._note_health(True)
                self._suspect(dispatch, member, view)
            elif isinstance(finding, NotKnown):
                unknown = True
            else:
                doubtful = replace(without_attempt(view.state), doubt=finding.problem.message)
                verdict = Verdict(Status.NEEDS_ATTENTION, (finding.problem,))
                self._work.store.settle(view, doubtful, member.stamp, verdict)
        self._draw_conclusions(clear)
        left = self._still_unresolved(dispatch, live)
        if unknown:
            self._keep(replace(dispatch, prove=True, sends=dispatch.sends + 1), left)
            self._note_health(False)
        elif left:
            self._keep(replace(dispatch, prove=True), left)
        else:
            self._work.store.forget(dispatch)

    def _suspect(self, dispatch: Dispatch, member: Member, view: View) -> None:
        """One of the members may be what QuickBooks fails at: find it, and try it ever more rarely and by itself."""
        self._halve(dispatch)
        if len(dispatch.members) > 1 or not dispatch.failing or member.stamp != view.record.stamp:
            return
        wait = min(_FIRST_SUSPICION * 2 ** min(view.record.tries, 10), _LONGEST_SUSPICION)
        try:
            self._work.store.postpone(view, to_millis(self._work.clock.now() + wait), _fails_at(member))
        except Changed:
            return  # a newer version has come, which may be a better one

    def _keep(
        self,
        dispatch: Dispatch,
        live: Mapping[RecordKey, View],
        *,
        after: timedelta | None = None,
        answer: str = "",
        server_error: bool = False,
    ) -> None:
        """Note when to look at the dispatch again, and what QuickBooks said this time."""
        now = self._work.clock.now()
        same = dispatch.same_answers
        if answer:
            same = same + 1 if server_error and answer == dispatch.last_answer else int(server_error)
        kept = replace(
            dispatch,
            due=now + (backoff(dispatch.sends) if after is None else after),
            last_answer=answer or dispatch.last_answer,
            same_answers=same,
        )
        self._work.store.note_send(kept)
        self._hold(kept, live)

    def _hold(self, dispatch: Dispatch, live: Mapping[RecordKey, View]) -> None:
        for key in live:
            self.unresolved[key] = dispatch.due


def backoff(tries: int) -> timedelta:
    """How long to wait after the `tries`th failure: doubling from 5 s to 15 min, with jitter."""
    longest = min(_FIRST_BACKOFF * 2 ** min(tries - 1, 10), _LONGEST_BACKOFF)
    return timedelta(seconds=longest.total_seconds() * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret


def _is_suspect(view: View) -> bool:
    return any(problem.code == FAILS for problem in view.record.problems)


def _fails_at(member: Member) -> Problem:
    return Problem(
        FAILS,
        f"QuickBooks failed again and again at {member.entity} {member.body.get('DocNumber', member.key.id)} "
        f"({member.key}) without saying why, and does not have it.",
        "Nothing to do at first: it is tried again by itself, at growing intervals. If that does not help, change "
        "something about it in Syncro, or tell support.",
        who=Who.SUPPORT,
        actions=(Action("retry", "Try again"), Action("skip", "Skip for good")),
    )
