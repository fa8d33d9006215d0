"""Takes in what people decide about records: retry, Force Update, and the actions that problems offer.

The choice is stored with the record, the outbox entry and the wake-up in one transaction, on condition that the record
still shows what was answered. The worker honours it under the lease when it plans the record.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from uuid import uuid4

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.table import (
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Table,
    Update,
    Value,
    Write,
)
from syncro_quickbooks.sync.choices import (
    AT_ONCE,
    ELSEWHERE,
    REFUSALS,
    TAKEN_BACK,
    Choice,
    added,
    choices_to_text,
    find,
    offered,
    parameters,
)
from syncro_quickbooks.sync.intake import Intake
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Action, Kind, Problem, RecordKey, Status
from syncro_quickbooks.sync.records import SCHEMA, Record, View, problems_to_text, record_from_item, state_from_item
from syncro_quickbooks.sync.store import HISTORY_KEPT, outbox_item
from syncro_quickbooks.sync.wake import Wakes

_LOOKED_AT_AGAIN = (
    Status.NEEDS_ATTENTION,
    Status.RETRYING,
    Status.SKIPPED,
    Status.SYNCED_WITH_WARNING,
    Status.WAITING,
)


_SAID_BY = {Kind.BILL: Kind.PURCHASE_ORDER, Kind.WRITE_OFF: Kind.PAYMENT}
"""Of whose event a document is a part."""

_UNSAID = (Kind.TAX_RATE, Kind.REVERSAL, Kind.REVERSAL_USE)
"""People's choices made these, so no event could bring them again."""


class NoSuchRecord(Exception):
    """The account has no such record, or no connection."""


class NotNow(Exception):
    """It cannot be run on the record as it stands; `problem` says why, nothing was changed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to run: an action of the problem `code`, or of what `decision` (a token) was shown as."""

    action: str
    params: Mapping[str, str]
    code: str = ""
    decision: str = ""


def decision_token(record: Record) -> str:
    """Names what a record shows: whoever answers with it answers this and nothing that has come since.

    Once it was answered the same is another question: it may be answered alike, and a late repeat is none.
    """
    problems, choices = problems_to_text(record.problems), choices_to_text(record.choices)
    shown = (record.stamp, str(record.status), problems, choices, record.answered)
    return sha256(json.dumps(shown).encode()).hexdigest()[:24]


class Decisions:
    """Takes decisions in, for one deployment."""

    def __init__(self, table: Table, wakes: Wakes, clock: Clock, intake: Intake) -> None:
        self._table = table
        self._wakes = wakes
        self._clock = clock
        self._intake = intake

    def view(self, account_id: str, key: RecordKey) -> View:
        """The record as it stands in the connected company. Raises NoSuchRecord."""
        keys, realm_id = Keys(account_id), self._realm(account_id)
        record, state = keys.record(key), keys.realm_state(key, realm_id)
        found = self._table.get_many([record, state])
        view = View(record_from_item(key, found.get(record)), state_from_item(found.get(state)))
        if not view.record.version:
            raise NoSuchRecord
        return view

    def run(self, account_id: str, key: RecordKey, wanted: Wanted, user: str) -> View:
        """Store the choice and have the record looked at. Returns the record as it is then.

        The same answer to the same question twice is one answer. Raises NoSuchRecord, NotNow and BadParameters.
        """
        view = self.view(account_id, key)
        if wanted.action == "force_update":
            return self._forced(account_id, view, wanted, user)
        answer = _answer(wanted)
        if answer and view.record.answered == answer:
            self._wakes.wake_at(account_id, self._now())
            return view
        problem, action = _meant(view, wanted)
        params = parameters(action, wanted.params, key)
        if action.name in ELSEWHERE:
            raise NotNow(_elsewhere(view, action))
        if action.name == TAKEN_BACK:
            left = tuple(each for each in view.record.choices if each.action not in REFUSALS)
            return self._store(account_id, view, view, self._new(view, action.name, user), answer, choices=left)
        target = view
        if "record" in params:
            target = self.view(account_id, RecordKey.parse(params["record"]))
        said = {name: value for name, value in params.items() if name != "record"}
        new = replace(self._new(target, action.name, user), code=problem.code, params=said)
        return self._store(account_id, view, target, new, answer)

    def retry(self, account_id: str, key: RecordKey, user: str) -> View:
        """Have the record looked at now, whatever it shows. Raises NoSuchRecord and NotNow."""
        view = self.view(account_id, key)
        if view.record.status is Status.PENDING:
            self._wakes.wake_at(account_id, self._now())
            return view
        if view.record.status not in _LOOKED_AT_AGAIN:
            raise NotNow(_nothing_to_retry(view))
        return self._store(account_id, view, view, self._new(view, "retry", user), "")

    def force(self, account_id: str, key: RecordKey, request_id: str, user: str) -> View:
        """Press Force Update; the same `request_id` twice is one press. Raises NoSuchRecord and NotNow."""
        view = self.view(account_id, key)
        if key.kind in _UNSAID:
            raise NotNow(_not_offered(view, "force_update"))
        noted = Choice(uuid4().hex, "force_update", "", view.record.version, user, self._now(), {"request": request_id})
        if view.record.force != request_id:
            self._table.write(Put(self._history(Keys(account_id), view.record, noted)))
        event: JsonObject = {
            "event_id": request_id,
            "account_id": account_id,
            "occurred_at": self._clock.now().isoformat(),
            "request_id": request_id,
            "kind": str(_SAID_BY.get(key.kind, key.kind)),
            "id": int(key.id),
        }
        self._intake.accept("force_update.requested", event)
        return self.view(account_id, key)

    def take_back(self, account_id: str, key: RecordKey, action: str, user: str) -> View:
        """Take back the choice of `action`, or every one if it is empty. Raises NoSuchRecord and NotNow."""
        view = self.view(account_id, key)
        left = tuple(each for each in view.record.choices if action and each.action != action)
        if left == view.record.choices:
            raise NotNow(_nothing_to_take_back(view))
        taken = replace(self._new(view, TAKEN_BACK, user), params={"of": action} if action else {})
        return self._store(account_id, view, view, taken, "", choices=left)

    def _realm(self, account_id: str) -> str:
        connection = self._table.get(Keys(account_id).of_account("connection"))
        if connection is None:
            raise NoSuchRecord
        return str(connection["realm_id"])

    def _forced(self, account_id: str, view: View, wanted: Wanted, user: str) -> View:
        shown = decision_token(view.record)
        if wanted.decision not in ("", shown, view.record.force):
            raise NotNow(_changed_meanwhile(view))
        return self.force(account_id, view.key, wanted.decision or shown, user)

    def _new(self, view: View, action: str, user: str) -> Choice:
        return Choice(uuid4().hex, action, "", view.record.version, user, self._now())

    # -- storing -------------------------------------------------------------------------------------------------------

    def _store(  # noqa: PLR0917  the parts of one transaction
        self,
        account_id: str,
        view: View,
        target: View,
        new: Choice,
        answer: str,
        choices: Sequence[Choice] | None = None,
    ) -> View:
        keys, now, realm_id = Keys(account_id), self._now(), self._realm(account_id)
        if choices is None:
            choices = target.record.choices if new.action in AT_ONCE else added(target.record.choices, new)
        wake_id = uuid4().hex
        writes: list[Write] = [
            self._reopening(keys, target, choices, answer if target.key == view.key else ""),
            *(_idle(keys.realm_state(each, realm_id)) for each in dict.fromkeys((view.key, target.key))),
            Put(outbox_item(keys, target.record, now)),
            *(
                Put(self._history(keys, each, new))
                for each in {each.key: each.record for each in (view, target)}.values()
            ),
            self._wakes.due_at(account_id, now, wake_id),
        ]
        if new.action == "redate":
            # QuickBooks may know of a later closing date than we do; the next run reads it.
            writes.append(Delete(keys.of_account("company")))
        if target.key != view.key:
            noted: dict[str, Value] = {":answer": answer or view.record.answered}
            writes.append(Update(keys.record(view.key), "SET #answered = :answer", noted, _as_shown(view)))
        try:
            self._table.transact(writes)
        except ConditionFailed:
            now_shown = self.view(account_id, view.key)
            if answer and now_shown.record.answered == answer:
                return now_shown  # the other press of a double click came first
            raise NotNow(_changed_meanwhile(view)) from None
        self._wakes.send(account_id, now, wake_id)
        return self.view(account_id, view.key)

    def _reopening(self, keys: Keys, target: View, choices: Sequence[Choice], answer: str) -> Update:
        return Update(
            keys.record(target.key),
            "SET #status = :pending, #listed_in = :listing, #changed_at = :now, "
            "#choices = :choices, #answered = :answer",
            {
                ":pending": str(Status.PENDING),
                ":listing": keys.listing(Status.PENDING),
                ":choices": choices_to_text(choices),
                ":answer": answer or target.record.answered,
                ":now": self._now(),
            },
            _as_shown(target),
        )

    def _history(self, keys: Keys, record: Record, new: Choice) -> Item:
        params: dict[str, Value] = dict(new.params)
        return {
            "pk": keys.history(record.key),
            "sk": f"{new.at:015d}#{uuid4().hex[:8]}",
            "schema": SCHEMA,
            "status": str(Status.PENDING),
            "problems": "[]",
            "stamp": record.stamp,
            "listed_in": keys.log,
            "changed_at": new.at,
            "action": new.action,
            "params": params,
            "answers": new.code,
            "user": new.user,
            "ttl": new.at // 1000 + int(HISTORY_KEPT.total_seconds()),
        }

    def _now(self) -> int:
        return to_millis(self._clock.now())


def offered_now(view: View) -> list[Problem]:
    """What the record shows, with the actions that can be run on it as it stands."""
    return [offered(problem, view.key.kind, linked=view.state.linked) for problem in view.record.problems]


def _idle(state: Key) -> Check:
    """Nothing is being sent of it: what that does to the books is not known yet."""
    return Check(state, Condition("attribute_not_exists(#attempt)"))


def _as_shown(view: View) -> Condition:
    record = view.record
    parts = ["#version = :seen_version AND #force = :seen_force AND #status = :seen_status"]
    values: dict[str, Value] = {
        ":seen_version": record.version,
        ":seen_force": record.force,
        ":seen_status": str(record.status),
    }
    if record.problems:
        parts.append("#problems = :seen_problems")
        values[":seen_problems"] = problems_to_text(record.problems)
    parts.append("(#choices = :seen_choices)" if record.choices else _NONE_CHOSEN)
    values[":seen_choices"] = choices_to_text(record.choices)
    parts.append("#answered = :seen_answered" if record.answered else _NOT_ANSWERED)
    values[":seen_answered"] = record.answered
    return Condition(" AND ".join(parts), values)


_NONE_CHOSEN = "(attribute_not_exists(#choices) OR #choices = :seen_choices)"
_NOT_ANSWERED = "(attribute_not_exists(#answered) OR #answered = :seen_answered)"


def _answer(wanted: Wanted) -> str:
    """Identifies an answer to one question; without a token nothing tells a repeat from a new answer."""
    if not wanted.decision:
        return ""
    return sha256(json.dumps([wanted.decision, wanted.action, dict(wanted.params)]).encode()).hexdigest()[:24]


def _meant(view: View, wanted: Wanted) -> tuple[Problem, Action]:
    """The action that is meant. Raises NotNow."""
    if view.state.attempt is not None:
        raise NotNow(_being_sent(view))
    if wanted.decision and wanted.decision != decision_token(view.record):
        raise NotNow(_changed_meanwhile(view))
    if view.record.status in (Status.PENDING, Status.DORMANT):
        raise NotNow(_looked_at(view))
    found = find(offered_now(view), wanted.action, wanted.code, wanted.params)
    if found is None:
        raise NotNow(_not_offered(view, wanted.action))
    return found


# -- why not -----------------------------------------------------------------------------------------------------------


def _problem(view: View, code: str, why: str, fix: str) -> Problem:
    shown = offered_now(view)
    return Problem(code, f"{view.key} {why} Nothing was changed.", fix, actions=shown[0].actions if shown else ())


def _changed_meanwhile(view: View) -> Problem:
    return _problem(
        view, "decision_outdated", "no longer shows what was answered.", "Look at the record again, then decide."
    )


def _not_offered(view: View, action: str) -> Problem:
    return _problem(
        view, "action_not_offered", f"does not offer '{action}' as it stands.", "Choose one of the actions it offers."
    )


def _being_sent(view: View) -> Problem:
    return _problem(
        view,
        "record_being_sent",
        "is being sent, and what became of that is not known yet.",
        "Wait until it has settled; that takes a few minutes at most.",
    )


def _looked_at(view: View) -> Problem:
    return _problem(view, "record_pending", "is about to be looked at anyway.", "Look at the record again in a moment.")


def _nothing_to_retry(view: View) -> Problem:
    return _problem(
        view,
        "nothing_to_retry",
        f"is {view.record.status}, so there is nothing to try again.",
        "Press Force Update to send it anew.",
    )


def _nothing_to_take_back(view: View) -> Problem:
    return _problem(view, "nothing_chosen", "has no such choice to take back.", "Look at the record again.")


def _elsewhere(view: View, action: Action) -> Problem:
    where = {"reconnect": "Connect QuickBooks again; the record is then sent by itself."}
    return Problem(
        "action_elsewhere",
        f"{view.key}: '{action.label}' is not run on the record.",
        where.get(action.name, "Change the settings; the record is then decided about again by itself."),
        actions=(action,),
    )
