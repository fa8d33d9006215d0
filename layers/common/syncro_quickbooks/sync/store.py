"""Reads records and commits what a worker learned about them, each change one transaction under the lease."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.table import (
    ABSENT,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Put,
    Table,
    Update,
    Value,
    Write,
)
from syncro_quickbooks.sync.choices import Choice, choices_to_text, lasting, offered
from syncro_quickbooks.sync.dispatches import Dispatch, dispatch_from_item, dispatch_to_item
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.lease import Lease, LeaseLost
from syncro_quickbooks.sync.model import DEFECT, UNREADABLE_SET, Problem, RecordKey, Status, Who
from syncro_quickbooks.sync.records import (
    LAYER_OF,
    SCHEMA,
    OutboxEntry,
    RealmState,
    Record,
    View,
    problems_to_text,
    record_from_item,
    state_from_item,
    state_to_item,
    without_attempt,
)
from syncro_quickbooks.sync.wake import shard_of

TROUBLED = "troubled"
"""Where the `due` index has the records that need attention for a reason only a repair of ours can end."""

HISTORY_KEPT = timedelta(days=400)
"""A year-end question must still find its answer."""

_OUTBOX_PAGE = 200


class Changed(Exception):
    """The record changed since it was read; nothing was written, and the next pass will see it."""


class OwnerTaken(Exception):
    """The QuickBooks object is already linked to another Syncro record."""

    def __init__(self, owner: str) -> None:
        super().__init__(f"already linked to {owner}")
        self.owner = owner


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a record stands after a piece of work."""

    status: Status
    problems: tuple[Problem, ...] = ()


class Store:
    """One account's records in one realm, written under one lease. Lives for one run of a worker.

    `runs` are the actions that this edition can run: no others are shown. `verdicts` counts how many records the run
    left in which status.
    """

    def __init__(
        self,
        table: Table,
        clock: Clock,
        lease: Lease,
        account_id: str,
        realm_id: str,
        *,
        runs: Set[str],
    ) -> None:
        self._table = table
        self._clock = clock
        self._lease = lease
        self.keys = Keys(account_id)
        self.realm_id = realm_id
        self._runs = runs
        self.verdicts: Counter[Status] = Counter()

    def now(self) -> int:
        """The current time in ms."""
        return to_millis(self._clock.now())

    # -- reading ---------------------------------------------------------------------------------------------------

    def views(self, keys: Sequence[RecordKey]) -> dict[RecordKey, View]:
        """Each of `keys` with its record and state; empty ones where nothing is stored."""
        records = {key: self.keys.record(key) for key in keys}
        states = {key: self.keys.realm_state(key, self.realm_id) for key in keys}
        items = self._table.get_many([*records.values(), *states.values()])
        return {
            key: View(record_from_item(key, items.get(records[key])), state_from_item(items.get(states[key])))
            for key in keys
        }

    def view(self, key: RecordKey) -> View:
        """One record with its state."""
        return self.views([key])[key]

    def outbox(self, layer: int) -> Iterator[OutboxEntry]:
        """The entries of a layer, read in pages as they are consumed."""
        for item in self._table.query(self.keys.outbox(layer), page=_OUTBOX_PAGE):
            yield _entry(item, layer)

    def entries(self, keys: Sequence[RecordKey]) -> list[OutboxEntry]:
        """The outbox entries that `keys` still have."""
        found = self._table.get_many([self.keys.outbox_entry(key) for key in keys])
        return [_entry(item, LAYER_OF[key.kind]) for key in keys if (item := found.get(self.keys.outbox_entry(key)))]

    def dispatches(self) -> list[Dispatch]:
        """The account's unresolved dispatches in this realm, oldest first."""
        partition = self.keys.dispatches(self.realm_id)
        return [dispatch_from_item(self.realm_id, item) for item in self._table.query(partition)]

    def posted_elsewhere(self, key: RecordKey) -> bool:
        """Whether a company that the account was connected to before has, or may have, a document of the record."""
        here = self.keys.realm_state(key, self.realm_id)
        states = self._table.query(here.pk, prefix="realm#")
        return any(state["sk"] != here.sk and (state.get("qbo_id") or "attempt" in state) for state in states)

    def imported(self, payments: Sequence[RecordKey]) -> frozenset[RecordKey]:
        """Those of the Syncro payments that were made from payments of QuickBooks."""
        places = {self.keys.imported(key.id): key for key in payments}
        return frozenset(places[place] for place in self._table.get_many(list(places)))

    def items(self, partition: str) -> Iterator[Item]:
        """The items of a partition, read in pages as they are consumed."""
        return self._table.query(partition)

    def owner(self, entity: str, qbo_id: str) -> RecordKey | None:
        """Whose QuickBooks object this is, as far as we linked it."""
        item = self._table.get(self.keys.owner(self.realm_id, entity, qbo_id))
        return RecordKey.parse(str(item["record"])) if item else None

    def owners(self, entity: str, qbo_ids: Iterable[str]) -> dict[str, RecordKey]:
        """Whose these QuickBooks objects are, those of them that we linked."""
        places = {self.keys.owner(self.realm_id, entity, qbo_id): qbo_id for qbo_id in qbo_ids}
        found = self._table.get_many(list(places))
        return {places[place]: RecordKey.parse(str(item["record"])) for place, item in found.items()}

    # -- dispatches ------------------------------------------------------------------------------------------------

    def freeze(self, dispatch: Dispatch, views: Sequence[View]) -> None:
        """Store a dispatch and the attempts of its members, before it is sent.

        `views` are the members' as planned, each with its attempt set. Raises Changed if another attempt has begun,
        LeaseLost, TooLarge.
        """
        key = self.keys.dispatch(self.realm_id, dispatch.id)
        operations: list[Write] = [Put(dispatch_to_item(key, dispatch), ABSENT)]
        idle = Condition("attribute_not_exists(#attempt)")
        for view in views:
            place = self.keys.realm_state(view.key, self.realm_id)
            operations.append(Put(state_to_item(place, view.state), idle))
        self.commit(operations)

    def note_send(self, dispatch: Dispatch) -> None:
        """Store that `dispatch` is about to be sent again, or when it will be."""
        key = self.keys.dispatch(self.realm_id, dispatch.id)
        self.commit([Put(dispatch_to_item(key, dispatch), Condition("attribute_exists(#pk)"))])

    def forget(self, dispatch: Dispatch) -> None:
        """Drop a dispatch whose members are all settled."""
        self.commit([Delete(self.keys.dispatch(self.realm_id, dispatch.id))])

    # -- settling --------------------------------------------------------------------------------------------------

    def settle(
        self,
        view: View,
        state: RealmState,
        stamp: str,
        verdict: Verdict,
        *,
        revisit: bool = False,
    ) -> None:
        """An attempt for `stamp` is over: store `state` without it, and the verdict if `stamp` is still desired.

        If somebody waits for the record its outbox entry stays, so that the next pass lets them go on. `revisit` is as
        for `conclude`. If a newer version has come meanwhile, or the record was reopened, its outbox entry and status
        stay as they are, so that it is planned again.
        Raises OwnerTaken if the link in `state` is another record's, Changed if the attempt is not the stored one.
        """
        revisits = [self.revisit(view.key)] if revisit else []
        after = replace(view, state=state)
        dispatch_id = view.state.attempt.dispatch_id if view.state.attempt else ""
        concluded = self.conclusion(after, stamp, verdict, dispatch_id, keep_entry=view.record.has_waiters)
        self._end_attempt(view, state, [*concluded, *revisits])
        self.verdicts[verdict.status] += 1

    def release(self, view: View, state: RealmState) -> None:
        """An attempt is over without a verdict: store `state` without it and let the record be planned again.

        Raises as `settle` does.
        """
        self._end_attempt(view, state, ())

    def _end_attempt(self, view: View, state: RealmState, conclusion: Sequence[Write]) -> None:
        place = self.keys.realm_state(view.key, self.realm_id)
        before = view.state.attempt
        if before is None:
            unchanged = Condition("attribute_not_exists(#attempt)")
        else:
            unchanged = Condition("#attempt.#dispatch_id = :id", {":id": before.dispatch_id})
        needed: list[Write] = [Put(state_to_item(place, without_attempt(state)), unchanged)]
        if state.linked:
            needed.append(self._claim(view.key, state))
        try:
            self.commit(needed, conclusion)
        except Changed:
            if state.linked and (owner := self.owner(state.entity, state.qbo_id)) not in (None, view.key):
                raise OwnerTaken(str(owner)) from None
            raise

    def conclude(self, view: View, verdict: Verdict, *, revisit: bool = False) -> None:
        """Nothing was or will be sent for what `view` desires: store why. Raises Changed if it moved on.

        With `revisit` it is decided about again when the settings or the company's preferences change.
        """
        revisits = [self.revisit(view.key)] if revisit else []
        self.commit([*self.conclusion(view, view.record.stamp, verdict), *revisits])
        self.verdicts[verdict.status] += 1

    def dismiss(self, view: View) -> None:
        """The outbox entry has nothing more to say; status and problems stay.

        Raises Changed if the record moved on, or was put back into the outbox since `view` was read.
        """
        same = Condition("attribute_not_exists(#pk) OR #stamp = :stamp", {":stamp": view.record.stamp})
        settled = Condition("#status = :status", {":status": str(view.record.status)})
        entry, record = self.keys.outbox_entry(view.key), self.keys.record(view.key)
        self.commit([Delete(entry, same), Check(record, settled)])

    def postpone(self, view: View, due: int, problem: Problem) -> None:
        """Try again at `due` (ms). Raises Changed if the record moved on."""
        entry = self.keys.outbox_entry(view.key)
        current = Condition("#stamp = :stamp", {":stamp": view.record.stamp})
        self.commit(
            [
                Update(entry, "SET #due = :due", {":due": due}, current),
                Update(
                    self.keys.record(view.key),
                    "SET #status = :status, #listed_in = :listing, #problems = :problems, #changed_at = :now "
                    "ADD #tries :one",
                    {
                        ":status": str(Status.RETRYING),
                        ":listing": self.keys.listing(Status.RETRYING),
                        ":problems": problems_to_text([problem]),
                        ":now": self.now(),
                        ":one": 1,
                    },
                    _still_desired(view.record.stamp, choices=view.record.choices),
                ),
            ]
        )
        self.verdicts[Status.RETRYING] += 1

    def revisit(self, key: RecordKey) -> Put:
        """The write that has the record decided about again when settings or preferences change."""
        return Put({"pk": self.keys.revisits, "sk": str(key), "schema": SCHEMA})

    # -- parts -----------------------------------------------------------------------------------------------------

    def _claim(self, key: RecordKey, state: RealmState) -> Put:
        place = self.keys.owner(self.realm_id, state.entity, state.qbo_id)
        item: Item = {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "record": str(key)}
        return Put(item, Condition("attribute_not_exists(#pk) OR #record = :me", {":me": str(key)}))

    def conclusion(
        self, view: View, stamp: str, verdict: Verdict, dispatch_id: str = "", *, keep_entry: bool = False
    ) -> list[Write]:
        """The writes that note `verdict` about what `stamp` stands for, and take it out of the outbox.

        They fail if the record moved on, somebody has begun to wait for it, or it was reopened while that dispatch was
        under way.
        """
        now = self.now()
        linked = view.state.linked
        shown = tuple(offered(problem, view.key.kind, linked=linked, runs=self._runs) for problem in verdict.problems)
        verdict = replace(verdict, problems=shown)
        choices, kept = view.record.choices, lasting(view.record.choices)
        over = choices != kept and verdict.status is not Status.WAITING  # what it waits for, it waits for by choice
        change: dict[str, Value] = {":choices": choices_to_text(kept)} if over else {}
        index, unlisted = "", " REMOVE #due_shard, #next_due"
        if _ours_to_repair(verdict):
            index, unlisted = ", #due_shard = :shard, #next_due = :now", ""
            change[":shard"] = shard_of(TROUBLED, self.keys.account_id)
        operations: list[Write] = [
            Update(
                self.keys.record(view.key),
                "SET #status = :status, #listed_in = :listing, #problems = :problems, #decided_in = :realm, "
                "#changed_at = :now, #tries = :none, #first_dirty_at = :none"
                f"{', #choices = :choices' if over else ''}{index}{unlisted}",
                {
                    **change,
                    ":realm": self.realm_id,
                    ":status": str(verdict.status),
                    ":listing": self.keys.listing(verdict.status),
                    ":problems": problems_to_text(verdict.problems),
                    ":now": now,
                    ":none": 0,
                },
                _still_desired(stamp, view.record.has_waiters, view.record.choices, dispatch_id),
            ),
            Put(self._history(view.key, verdict, stamp, now)),
        ]
        if not keep_entry:
            same = Condition("attribute_not_exists(#pk) OR #stamp = :stamp", {":stamp": stamp})
            operations.append(Delete(self.keys.outbox_entry(view.key), same))
        return operations

    def _history(self, key: RecordKey, verdict: Verdict, stamp: str, now: int) -> Item:
        return {
            "pk": self.keys.history(key),
            "sk": f"{now:015d}#{uuid4().hex[:8]}",
            "schema": SCHEMA,
            "status": str(verdict.status),
            "problems": problems_to_text(verdict.problems),
            "stamp": stamp,
            "listed_in": self.keys.log,
            "changed_at": now,
            "ttl": now // 1000 + int(HISTORY_KEPT.total_seconds()),
        }

    def commit(self, needed: Sequence[Write], if_current: Sequence[Write] = ()) -> None:
        """Write `needed`, and `if_current` with it unless one of its conditions shows that the record moved on.

        Raises LeaseLost, and Changed if a condition of `needed` does not hold.
        """
        operations: list[Write] = [self._lease.check(), *needed, *if_current]
        try:
            self._table.transact(operations)
        except ConditionFailed as refused:
            if 0 in refused.failed:
                raise LeaseLost from refused
            if not if_current or any(place <= len(needed) for place in refused.failed):
                raise Changed from refused
            self.commit(needed)


def _ours_to_repair(verdict: Verdict) -> bool:
    """It is stopped by what nobody at the customer can mend: a defect of ours, our request, or QuickBooks itself."""
    return verdict.status is Status.NEEDS_ATTENTION and any(map(_is_ours, verdict.problems))


def _is_ours(problem: Problem) -> bool:
    """Not what Desktop could not even read: that stops all others of its message set until it is alone in one."""
    refused = problem.code.startswith(("qbo_", "qbd_")) and problem.code != UNREADABLE_SET
    return problem.who in (Who.NOBODY, Who.SUPPORT) and (problem.code == DEFECT or refused)


def outbox_item(keys: Keys, record: Record, due: int) -> Item:
    """The outbox entry that stands for what `record` desires, due at `due` (ms)."""
    place = keys.outbox_entry(record.key)
    since = record.first_dirty_at or due
    return {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "stamp": record.stamp, "due": due, "since": since}


def _entry(item: Item, layer: int) -> OutboxEntry:
    due = int(str(item["due"]))
    since = int(str(item.get("since", due)))
    return OutboxEntry(RecordKey.parse(str(item["sk"])), layer, stamp=str(item["stamp"]), due=due, since=since)


def _still_desired(
    stamp: str, has_waiters: bool | None = None, choices: Sequence[Choice] | None = None, dispatch_id: str = ""
) -> Condition:
    """The record still desires what `stamp` stands for, people decided no more than `choices` about it and, if that
    matters, nobody has begun to wait for it. It is not to be planned again after that dispatch."""
    version, _, force = stamp.partition(":")
    parts = ["#version = :version AND #force = :force"]
    values: dict[str, Value] = {":version": int(version), ":force": force}
    if choices is not None:
        parts.append("#choices = :chosen" if choices else "(attribute_not_exists(#choices) OR #choices = :chosen)")
        values[":chosen"] = choices_to_text(choices)
    if has_waiters is False:
        parts.append("(attribute_not_exists(#has_waiters) OR #has_waiters = :nobody)")
        values[":nobody"] = False
    if dispatch_id:
        parts.append("(attribute_not_exists(#again_after) OR #again_after <> :dispatch)")
        values[":dispatch"] = dispatch_id
    return Condition(" AND ".join(parts), values)
