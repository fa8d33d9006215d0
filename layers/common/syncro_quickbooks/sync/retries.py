"""Retrying what failed while an alarm is red: one as a canary, then more and more, within a budget.

Alarms say when they change; once an hour whoever is still red is worked for again, and so are letters that no alarm has
told of. Rounds are written down, and only added to. There is one at a time: each would try a canary of its own.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.packing import pack
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Key, Put, Table, Update, Value
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.alarms import in_letter
from syncro_quickbooks.sync.dead_letters import EventDeadLetters, LetterBox, RefusedLetter, WakeUpDeadLetters
from syncro_quickbooks.sync.later_retries import GROWTH, LaterRetries
from syncro_quickbooks.sync.lease import LeaseHeld, Leases
from syncro_quickbooks.sync.model import Status
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.sync.troubles import WORKED, Trouble, Troubles

LETTERS_AT_A_TIME = 200
MOST_RECORDS = 85
"""1 + 4 + 16 + 64: what a round tries again at most."""

KEPT = timedelta(days=400)
_LOOK_EVERY = 5  # seconds
_TIME_FOR_A_STEP = timedelta(seconds=60)
_TIME_FOR_RECORDS = 4 * _TIME_FOR_A_STEP
_TIME_TO_END = timedelta(seconds=20)
_STATE = "retries"
_ROUNDS = "retries#rounds"
_IN_HAND = (Status.PENDING, Status.SENDING)


@dataclass(slots=True)
class Round:
    """What one round did. `stopped` says what ended it before everything was tried, "" if nothing did."""

    alarms: Sequence[str]
    events_taken_in: int = 0
    events_left: int = 0
    refused: Sequence[RefusedLetter] = ()
    wake_ups_deleted: int = 0
    accounts_overdue: Sequence[str] = ()
    records_retried: int = 0
    records_worked: int = 0
    desktop_put_back: int = 0
    steps: list[int] = field(default_factory=list)
    stopped: str = ""

    @property
    def found_something(self) -> bool:
        """Whether there is anything to write down."""
        looked_at = self.events_taken_in + self.events_left + len(self.refused) + self.wake_ups_deleted
        return bool(looked_at + len(self.accounts_overdue) + self.records_retried + self.desktop_put_back)


class Retries:
    """Knows which alarms are red, and works for them. What alarms said while nobody listened is in `missed`."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        events: EventDeadLetters,
        wake_ups: WakeUpDeadLetters,
        troubles: Troubles,
        *,
        missed: LetterBox,
    ) -> None:
        self._table = table
        self._clock = clock
        self._leases = Leases(table, clock)
        self._missed = missed
        self._events = events
        self._wake_ups = wake_ups
        self._troubles = troubles
        self._later = LaterRetries(table, clock, troubles)

    def note_alarm(self, name: str, *, red: bool, at: datetime) -> None:
        """An alarm changed at `at`. Older news than what is known changes nothing: events may come in any order."""
        values: dict[str, Value] = {":red": red, ":at": to_millis(at), ":schema": SCHEMA}
        newer = Condition("attribute_not_exists(#at) OR #at < :at")
        change = "SET #red = :red, #at = :at, #schema = :schema"
        try:
            self._table.write(Update(Key(_STATE, f"alarm#{name}"), change, values, newer))
        except ConditionFailed:
            return

    def note_missed(self) -> list[str]:
        """Note what alarms have said while nobody could take it in. Returns the letters that tell of none.

        None of them is kept: what the schedule said it says again.
        """
        unknown: list[str] = []
        for letter in self._missed.take(LETTERS_AT_A_TIME):
            try:
                change = in_letter(letter["Body"])
            except ValueError:
                unknown.append(letter["Body"])
            else:
                if change is not None:
                    self.note_alarm(change.name, red=change.red, at=change.at)
            self._missed.delete(letter)
        return unknown

    def red_alarms(self) -> list[str]:
        """The names of the alarms that are red."""
        items = self._table.query(_STATE, prefix="alarm#")
        return [str(item["sk"]).removeprefix("alarm#") for item in items if item.get("red")]

    def letters_wait(self) -> bool:
        """Whether there are dead letters, whatever the alarms have said."""
        return self._events.wait() or self._wake_ups.wait()

    def work(self, alarms: Sequence[str], deadline: datetime) -> Round:
        """One round, which ends before `deadline`. What died half way is found again by the next one.

        Does nothing while another one is under way; what that does not do, the next hour's does.
        """
        try:
            lease = self._leases.take_until(Key(_STATE, "round"), deadline)
        except LeaseHeld:
            return Round(alarms, stopped="another round is under way")
        try:
            return self._worked(Round(alarms), deadline)
        finally:
            self._leases.give_back(lease)

    def _worked(self, done: Round, deadline: datetime) -> Round:
        done.wake_ups_deleted, done.accounts_overdue = self._wake_ups.clear(LETTERS_AT_A_TIME)
        self._take_in_events(done, deadline)
        done.desktop_put_back = self._later.work()
        self._retry_records(done, deadline)
        if done.found_something:
            self._write_down(done)
        return done

    def _take_in_events(self, done: Round, deadline: datetime) -> None:
        """Until one fails, for as long as the records have time left: an hour's outage leaves tens of thousands.

        Refused letters are listed in what is written down, so there is an end to them, too.
        """
        place = Key(_STATE, "failed-letter")
        known = self._table.get(place)
        failed_before = str(known["message_id"]) if known else ""
        there_is_more = True
        while there_is_more:
            letters = self._events.redrive(
                LETTERS_AT_A_TIME, failed_before, lambda: self._time_left(deadline) > timedelta(0)
            )
            done.events_taken_in += letters.taken_in
            done.events_left = letters.left
            done.refused = [*done.refused, *letters.refused]
            there_is_more = (
                letters.left == 0
                and bool(letters.taken_in or letters.refused)
                and len(done.refused) < LETTERS_AT_A_TIME
                and self._time_left(deadline) > _TIME_FOR_RECORDS
            )
        if letters.failure:
            done.stopped = f"an event failed again: {letters.failure}"
            self._table.write(Put({"pk": place.pk, "sk": place.sk, "message_id": letters.failed_id}))

    def _retry_records(self, done: Round, deadline: datetime) -> None:
        """A canary; if it got through 4, then 16, then 64. One that fails again moves to the end of the line."""
        waiting = self._troubles.longest_untried(Edition.ONLINE, lambda _: MOST_RECORDS, MOST_RECORDS)
        size = 1
        while waiting and self._time_left(deadline) > _TIME_FOR_A_STEP:
            step, waiting = waiting[:size], waiting[size:]
            retried = [trouble for trouble in step if self._troubles.retry(trouble)]
            done.steps.append(len(retried))
            done.records_retried += len(retried)
            statuses = self._outcome(retried)
            done.records_worked += sum(status in WORKED for status in statuses)
            bad = sorted({str(status) for status in statuses if status not in WORKED})
            if bad:
                done.stopped = f"of {len(retried)} records that were retried some are {', '.join(bad)}"
                return
            if retried:  # a step whose records have all moved on shows nothing
                size *= GROWTH

    def _outcome(self, retried: Sequence[Trouble]) -> list[Status]:
        """Where they stand once the push has been at them, or after a minute."""
        give_up = self._clock.now() + _TIME_FOR_A_STEP
        statuses = self._troubles.statuses(retried)
        while any(status in _IN_HAND for status in statuses) and self._clock.now() < give_up:
            self._clock.sleep(_LOOK_EVERY)
            statuses = self._troubles.statuses(retried)
        return statuses

    def _time_left(self, deadline: datetime) -> timedelta:
        return deadline - _TIME_TO_END - self._clock.now()

    def _write_down(self, done: Round) -> None:
        now = self._clock.now()
        written = asdict(done)
        self._table.write(
            Put(
                {
                    "pk": _ROUNDS,
                    "sk": f"{to_millis(now):015d}#{uuid4().hex[:8]}",
                    "schema": SCHEMA,
                    "round": pack(written),
                    "ttl": int((now + KEPT).timestamp()),
                }
            )
        )
