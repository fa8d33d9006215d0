"""The deployment of a simulated history: bus, queues, sweep and workers as AWS runs them, moved by chance."""

import heapq
import hmac
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import botocore.exceptions
import requests

from emulators.quickbooks_online.faults import Faults
from emulators.syncro_api import SyncroEmulator
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.clock import from_millis, to_millis
from syncro_quickbooks.online.faults import QuickBooksError
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import Key, Update
from syncro_quickbooks.sync.accounts import Pause
from syncro_quickbooks.sync.intake import Rejected
from syncro_quickbooks.sync.wake import MISSED_AFTER
from tests.simulation.engine.dead_letters import LATER, POLLS, PUSHES, VARIABLES, DeadLetters, of_the_bus
from tests.simulation.engine.mishaps import Mishaps
from tests.simulation.engine.struck import SYNCRO_URL, SimulatedQueues, StruckAdapter, StruckSyncroAdapter, WorkersClock
from tests.support.boundaries import Crash
from tests.support.clock import ManualClock
from tests.support.couriers import AtOnce, WhenAsked
from tests.support.syncro_model import Event
from tests.support.world import FUNCTION_TIME, QBO_URL, REDELIVERED_AFTER, AwsClients, Interrupted, World

POLL_QUEUE = "polls.fifo"  # as tests.support.world has it
VERIFIER = b"test-verifier"
INTAKE_TIME, SHORT_TIME = timedelta(seconds=30), timedelta(seconds=60)
MOST_RECEIVES = 5  # template.yaml: maxReceiveCount
ASYNC_ATTEMPTS = 3  # Lambda: twice again after a failed invocation
MINUTE = timedelta(minutes=1)

_FAILURES = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, QuickBooksError)


class SimulatedWorld(World):
    """A world whose events and messages come late, twice and in another order, and whose workers are struck."""

    def __init__(self, rng: Random, start: datetime, *, mishaps: int, gap: int, lateness: float) -> None:
        self.rng = rng
        self._lateness = lateness
        self._upcoming: list[tuple[datetime, int, Callable[[], None]]] = []
        self._inflight: dict[str, tuple[datetime, int, int]] = {}
        self._behind: dict[str, int] = {}
        self._receipts = 0
        self.failing_events = 0
        self.reads_elsewhere = 0
        self.reconnects = 0
        self.handled: Counter[str] = Counter()
        self.polled: set[str] = set()
        self.stopped: dict[str, datetime] = {}
        self.stops: list[tuple[str, datetime, datetime]] = []
        self.also_at_work: dict[str, Callable[[], None]] = {}
        super().__init__(clock=ManualClock(start))
        self.couriers = AtOnce() if rng.random() < 0.5 else WhenAsked()
        self.letters = DeadLetters(self.clock)
        self._environ |= VARIABLES
        self.syncro = SyncroEmulator(clock=self.clock.now)
        self._environ["SYNCRO_API_BASE_URL"] = SYNCRO_URL
        self.deployment = self.process()
        self.mishaps = Mishaps(rng, self, mishaps, gap)
        self._processes = [self.process(), self.process()]

    @property
    def faults(self) -> Faults:
        """What QuickBooks will do wrong."""
        return self.emulator.faults

    @property
    def syncro_faults(self) -> Faults:
        """What Syncro's API will do wrong."""
        return self.syncro.faults

    @property
    def boundaries(self) -> Any:
        """What every call to AWS passes."""
        return self.mishaps

    @boundaries.setter
    def boundaries(self, _: Any) -> None:
        """The world's own ones are not used."""

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount(QBO_URL, StruckAdapter(self))
        session.mount(SYNCRO_URL, StruckSyncroAdapter(self))
        return session

    def process(self) -> Deployment:
        """Another process of the same deployment."""
        clients: Any = AwsClients(self)
        if hasattr(self, "letters"):  # the base class makes one before
            clients.sqs = Interrupted("sqs", SimulatedQueues(self), self)
        return Deployment(
            self._environ,
            clock=WorkersClock(self),
            aws=clients,
            session_factory=self._session,
            couriers=self.couriers,
        )

    def with_read_allowance(self, reads: int, used: int) -> None:
        """From now on this is the month's allowance, of which so many are used."""
        self._environ["READ_ALLOWANCE"] = str(reads)
        self._processes = [self.process(), self.process()]
        self.deployment = self.process()
        further = used - self.reads_counted()
        self.reads_elsewhere += further
        month = Key(f"workspace#reads#{self.clock.now():%Y-%m}", "counter")
        self.deployment.table.write(Update(month, "ADD #used :further", {":further": further}))

    # -- time ----------------------------------------------------------------------------------------------------------

    def at(self, due: datetime, do: Callable[[], None]) -> None:
        """Do something then."""
        heapq.heappush(self._upcoming, (due, next(self._order), do))

    def go_on(self, until: datetime) -> None:
        """Let everything that is due until then happen."""
        while (moment := self._next()) is not None and moment <= until:
            self.clock.advance_to(moment)
            self.deliver_due()
        self.clock.advance_to(until)

    def run_dry(self, within: timedelta) -> None:
        """Let everything happen until nothing is left to do."""
        end = self.clock.now() + within
        while True:
            moment = self._next()
            if moment is None or moment > end:
                break
            self.clock.advance_to(moment)
            self.deliver_due()
        assert self._next() is None, f"not quiet after {within}: {self.outstanding()}"

    def _next(self) -> datetime | None:
        moments = [until for until, *_ in self._inflight.values()]
        if self._upcoming:
            moments.append(self._upcoming[0][0])
        if (sweep := self._next_useful_sweep()) is not None:
            moments.append(sweep)
        return min(moments, default=None)

    def _next_useful_sweep(self) -> datetime | None:
        """The sweep runs every minute; one that would find nothing changes nothing and is left out."""
        due, poll = self.table.next_due("due"), self.table.next_due("poll") if self.polled else None
        useful = [] if due is None else [from_millis(due + 2) + MISSED_AFTER]
        useful += [] if poll is None else [from_millis(poll)]
        if not useful:
            return None
        late = max(min(useful), self._next_sweep) - self._next_sweep
        return self._next_sweep + MINUTE * -(-late // MINUTE)

    def deliver_due(self) -> None:
        """Whatever is due now happens."""
        for account in list(self._inflight):
            until, receives, _ = self._inflight.get(account, (datetime.max.replace(tzinfo=UTC), 0, 0))
            if until <= self.clock.now():
                del self._inflight[account]
                self._push(account, receives)
        sweep = self._next_useful_sweep()
        if sweep is not None and sweep <= self.clock.now():
            self._next_sweep = sweep + MINUTE
            self.invoke("sweep", "", SHORT_TIME, self._sweep)
        while self._upcoming and self._upcoming[0][0] <= self.clock.now():
            heapq.heappop(self._upcoming)[2]()

    def _sweep(self, process: Deployment) -> None:
        process.wakes.wake_due()
        if self.polled:
            process.polls.wake_due()

    # -- workers -------------------------------------------------------------------------------------------------------

    def invoke(
        self, what: str, account: str, time: timedelta, work: Callable[[Deployment], Any], *, watches: bool = False
    ) -> bool:
        """Run one function. Returns whether it came to its end. Others go on while one that `watches` waits."""
        place = self.rng.randrange(len(self._processes))
        self.handled[what] += 1
        self.mishaps.tell(f"{what} {account}")
        try:
            with self.mishaps.worker(account, self.clock.now() + time, watches=watches):
                work(self._processes[place])
        except Crash:
            self._processes[place] = self.process()
            return False
        except _FAILURES as failure:
            self.mishaps.tell(f"{what} {account} failed: {type(failure).__name__}")
            return False
        return True

    # -- the bus -------------------------------------------------------------------------------------------------------

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Syncro sends an event: at least once, and sometimes late."""
        for _ in range(self.rng.choice([1, 1, 1, 1, 2])):
            late = self.rng.uniform(0, self._lateness) if self.rng.random() < 0.9 else self.rng.uniform(0, 900)
            due = self.clock.now() + timedelta(seconds=late)
            self.at(due, lambda: self._take_in((detail_type, detail), 1))

    def _take_in(self, event: Event, attempt: int) -> None:
        account = event[1]["account_id"]
        what = f"{event[0]} v{event[1].get('version')} for"

        def door(process: Deployment) -> None:
            try:
                process.intake.accept(*event)
            except Rejected as rejected:  # a Force Update that overtook what it is about
                self.mishaps.tell(f"{what} {account}: {rejected}")
                process.keep_refused(of_the_bus(event), rejected.reason)

        if attempt == 1 and self.failing_events:
            self.failing_events -= 1
            self.letters.failed_invocation(event)
        elif not self.invoke(what, account, INTAKE_TIME, door):
            if attempt == ASYNC_ATTEMPTS:
                self.letters.failed_invocation(event)
            else:
                self.at(self.clock.now() + attempt * MINUTE, lambda: self._take_in(event, attempt + 1))

    # -- the queues ----------------------------------------------------------------------------------------------------

    def sent(self, arguments: dict[str, Any]) -> None:
        """A message was sent to one of the queues; the standard one may deliver it twice."""
        due = self.clock.now() + timedelta(seconds=arguments.get("DelaySeconds", 0))
        body = arguments["MessageBody"]
        if arguments["QueueUrl"] == self._push_queue:
            self.at(due, lambda: self._push(body, 0))
            return
        if arguments["QueueUrl"] == POLL_QUEUE:
            self.at(due, lambda: self._poll(body, 0))
            return
        for _ in range(self.rng.choice([1, 1, 1, 1, 1, 1, 2])):
            self.at(due + timedelta(seconds=self.rng.choice([0, 0, 1])), lambda: self._forward(body, 0))

    def _push(self, account: str, receives: int) -> None:
        """FIFO: one message of a group at a time; what is not deleted comes again when its visibility ends."""
        if account in self._inflight:
            self._behind[account] = self._behind.get(account, 0) + 1
            return
        if receives == MOST_RECEIVES:
            self.letters.put(PUSHES, account)
            self._next_of_group(account)
            return
        self._receipts += 1
        receipt = self._receipts
        self._inflight[account] = (self.clock.now() + REDELIVERED_AFTER, receives + 1, receipt)
        if self._push_now(account) and self._inflight.get(account, (None, 0, 0))[2] == receipt:
            del self._inflight[account]
            self._next_of_group(account)

    def _next_of_group(self, account: str) -> None:
        waiting = self._behind.pop(account, 0)
        for _ in range(waiting):
            self.at(self.clock.now(), lambda: self._push(account, 0))

    def _push_now(self, account: str) -> bool:
        def work(process: Deployment) -> None:
            report = process.push.run(account, self.clock.now() + FUNCTION_TIME)
            self.mishaps.tell(f"push {account}: {report.ended}, {report.seen} looked at, next {report.next_due}")

        return self.invoke("push", account, FUNCTION_TIME, work)

    def _forward(self, body: str, receives: int) -> None:
        if self.invoke("forward", body, SHORT_TIME, lambda process: process.wakes.forward(body)):
            return
        if receives + 1 == MOST_RECEIVES:
            self.letters.put(LATER, body)
        else:
            self.at(self.clock.now() + timedelta(seconds=90), lambda: self._forward(body, receives + 1))

    def another_worker(self, account: str) -> None:
        """The queue delivers the account's wake-up once more, to another process, while somebody is at it."""
        if account in self.polled and self.rng.random() < 0.5:
            self._poll_now(account)
        elif account in self.companies:
            self._push_now(account)
        elif account in self.also_at_work:
            self.also_at_work[account]()

    # -- payments back -------------------------------------------------------------------------------------------------

    def _poll(self, account: str, receives: int) -> None:
        if account not in self.polled or self._poll_now(account):
            return
        if receives + 1 == MOST_RECEIVES:
            self.letters.put(POLLS, account)
        else:
            self.at(self.clock.now() + REDELIVERED_AFTER, lambda: self._poll(account, receives + 1))

    def _poll_now(self, account: str) -> bool:
        def work(process: Deployment) -> None:
            report = process.payment_poll.run(account, self.clock.now() + FUNCTION_TIME)
            told = f"{report.ended}, {report.changed} changed, {report.imported} imported, next {report.next_due}"
            self.mishaps.tell(f"poll {account}: {told}")

        return self.invoke("poll", account, FUNCTION_TIME, work)

    def announce(self, account: str) -> None:
        """Intuit tells that payments changed: mostly, sometimes twice, sometimes late."""
        realm = self.companies[account].realm
        changes = {"entities": [{"name": "Payment", "id": "1", "operation": "Update"}]}
        body = json.dumps({"eventNotifications": [{"realmId": realm, "dataChangeEvent": changes}]}).encode()
        signature = b64encode(hmac.digest(VERIFIER, body, "sha256")).decode()
        for _ in range(self.rng.choice([0, 1, 1, 1, 2])):
            due = self.clock.now() + timedelta(seconds=self.rng.choice([0, 5, 60, 600]))
            self.at(due, lambda: self._announced(account, body, signature))

    def _announced(self, account: str, body: bytes, signature: str) -> None:
        self.invoke("webhook", account, SHORT_TIME, lambda process: process.webhooks.take(body, signature))

    # -- people --------------------------------------------------------------------------------------------------------

    def look_from_the_console(self, account: str) -> None:
        """Somebody opens the settings: a token is needed outside the push."""
        key = ConnectionKey(account, self.companies[account].realm)
        self.invoke("console", account, SHORT_TIME, lambda process: process.tokens.access_token(key))

    def stop_or_allow(self, scope: str) -> None:
        """Operations stop posting for a scope, or allow what they stopped."""
        self.mishaps.tell(f"-- posting for {scope} is {'allowed' if scope in self.stopped else 'stopped'}")
        if scope in self.stopped:
            self.stops.append((scope, self.stopped.pop(scope), self.clock.now()))
            self.deployment.accounts.allow_posting(scope)
        else:
            self.stopped[scope] = self.clock.now()
            self.deployment.accounts.stop_posting(scope, "we look into it")

    def sign_in_where_needed(self) -> None:
        """The admins of accounts whose consent is lost sign in again."""
        for account, pause in self.paused_accounts().items():
            self.mishaps.tell(f"{account} signs in again: {pause.problem.code}")
            self.reconnects += 1
            self.sign_in(account, self.companies[account].realm)

    def paused_accounts(self) -> dict[str, Pause]:
        """The accounts that do nothing until somebody signs in."""
        found: dict[str, Pause] = {}
        for account in self.companies:
            place = {"pk": {"S": f"acct#{account}"}, "sk": {"S": "health"}}
            if "pause" not in self.table.get_item(TableName=self.table_name, Key=place).get("Item", {}):
                continue  # as nearly always, and reading a whole connection takes its time
            connection = self.deployment.accounts.connection(account)
            assert connection is not None
            pause = self.deployment.accounts.health(connection).pause
            if pause is not None and pause.until is None:
                found[account] = pause
        return found

    def redrive_dead_events(self) -> None:
        """Operations send what ended in the dead-letter queue once more, by hand."""
        for event in self.letters.take_events():
            self._take_in(event, 1)

    def reads_counted(self) -> int:
        """Metered reads as the workspace's counter has them, those of others included."""
        return sum(int(item["used"]["N"]) for item in self.items("workspace#reads") if "used" in item)

    def now_in_millis(self) -> int:
        """The current time in ms."""
        return to_millis(self.clock.now())
