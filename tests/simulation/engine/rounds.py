"""Alarms that go red, and the product's own rounds for them: they bring back what failed, whenever they come."""

import json
from collections.abc import Callable
from datetime import timedelta
from random import Random

from emulators.quickbooks_online import Fault
from syncro_quickbooks.bootstrap import Deployment
from tests.simulation.engine.dead_letters import LATER, MISSED, PUSHES
from tests.simulation.engine.world import ASYNC_ATTEMPTS, MINUTE, SimulatedWorld
from tests.support.world import FUNCTION_TIME

ALARMS = ("dead-letters-events", "failure-rate")
A_BUG_OF_OURS = "2010"
_MOST_ROUNDS = 12
_AN_HOUR = timedelta(hours=1)


class Rounds:
    """`functions/retry_failed` with what it is for: events that failed three times, wake-ups, our own mistakes."""

    def __init__(self, world: SimulatedWorld, rng: Random) -> None:
        self._world, self._rng = world, rng
        self.worked = 0
        self.bugs = 0

    def something_fails(self, account: str) -> None:
        """A function cannot take in an event, a wake-up fails five times, or a release has a bug."""
        what = self._rng.choice(["event", "wake-up", "bug", "alarm", "alarm"])
        self._world.mishaps.tell(f"-- fails: {what}")
        if what == "event":
            self._world.failing_events += self._rng.choice([1, 2])
        elif what == "wake-up" and account in self._world.companies:
            self._world.letters.put(PUSHES, account)
            self._world.letters.put(LATER, f"{account} 0123")
        elif what == "bug":
            times, operation = self._rng.choice([1, 2, 3]), self._rng.choice(["create", "update"])
            self._world.faults.add(Fault(kind="error", code=A_BUG_OF_OURS, operation=operation, times=times))
            self.bugs += times
        else:
            self._alarm(self._rng.choice(ALARMS), red=self._rng.random() < 0.8)

    def until_green(self) -> None:
        """It is quiet, and the alarms are red as long as something is left that a round can bring back."""
        for alarm in ALARMS:
            self._alarm(alarm, red=True)
        for _ in range(_MOST_ROUNDS):
            self._world.go_on(self._world.clock.now() + _AN_HOUR)
            self._world.sign_in_where_needed()  # rounds leave a paused account alone
            if not self._left():
                break
            self._scheduled(1)
        assert not self._left(), f"rounds did not bring back {self._left()}"
        for alarm in ALARMS:
            self._alarm(alarm, red=False)

    def _left(self) -> list[str]:
        online = [item for account in self._world.companies for item in self._world.items(f"acct#{account}#")]
        troubled = [item["pk"]["S"] for item in online if "troubled" in str(item.get("due_shard"))]
        return [*self._world.letters.left_by_rounds(), *troubled]

    # -- the function --------------------------------------------------------------------------------------------------

    def _alarm(self, name: str, *, red: bool) -> None:
        at = self._world.clock.now()

        def door(process: Deployment) -> None:
            process.retries.note_alarm(name, red=red, at=at)
            if red:
                self._work(process)

        state = {"value": "ALARM" if red else "OK", "timestamp": at.isoformat()}
        letter = json.dumps({"requestPayload": {"detail": {"alarmName": name, "state": state}}})
        self._in_the_end(f"alarm {name} {'red' if red else 'green'}", door, 1, letter)

    def _scheduled(self, attempt: int) -> None:
        self._in_the_end("retry", self._work, attempt, json.dumps({"requestPayload": {"detail": "{}"}}))

    def _work(self, process: Deployment) -> None:
        process.retries.note_missed()
        alarms = process.retries.red_alarms()
        if alarms or process.retries.letters_wait():
            done = process.retries.work(alarms, self._world.clock.now() + FUNCTION_TIME)
            self._world.mishaps.tell(f"round: {done}")
            self.worked += done.events_taken_in + done.records_worked

    def _in_the_end(self, what: str, door: Callable[[Deployment], None], attempt: int, letter: str) -> None:
        """Lambda tries twice more, then keeps the `letter`."""
        if self._world.invoke(what, "", FUNCTION_TIME, door, watches=True):
            return
        if attempt < ASYNC_ATTEMPTS:
            due = self._world.clock.now() + attempt * MINUTE
            self._world.at(due, lambda: self._in_the_end(what, door, attempt + 1, letter))
        else:
            self._world.letters.put(MISSED, letter)
