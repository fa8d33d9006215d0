"""A deployment under load: workers, queues and QuickBooks in virtual time, each call as long as it takes in reality.

What takes how long is assumed, as `benchmarks/prices.py` does: 0.8 s a write of QuickBooks Online and 0.15 s for each
further member of a batch (Intuit gives no figures), single-digit milliseconds for DynamoDB and SQS. The limits are
Intuit's published ones, enforced by the emulator.
"""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import botocore.exceptions
import requests

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.online.faults import QuickBooksError
from tests.simulation.load.shared_clock import SharedClock, VirtualCouriers
from tests.support.boundaries import Boundaries, Result
from tests.support.world import FUNCTION_TIME, QBO_URL, InterruptedAdapter, World

WORKERS = 10
"""Far fewer than Lambda would run at once: what one account does must not keep the others waiting."""

COLD_START = 1.5
WARM_START = 0.05
TRIED_AGAIN_AFTER = 60
OWN_WORK = 0.006
"""CPU for one document, counted with the transaction that settles it."""

_SECONDS = {
    "dynamodb.get_item": 0.004,
    "dynamodb.batch_get_item": 0.008,
    "dynamodb.query": 0.006,
    "dynamodb.put_item": 0.006,
    "dynamodb.update_item": 0.006,
    "dynamodb.delete_item": 0.006,
    "dynamodb.transact_write_items": 0.015 + OWN_WORK,
    "sqs.send_message": 0.015,
    "sqs.send_message_batch": 0.02,
}


@dataclass(frozen=True)
class Pace:
    """How long QuickBooks takes, in seconds, each answer up to three tenths more or less."""

    write: float = 0.8
    read: float = 0.6
    member: float = 0.15

    def of(self, request: requests.PreparedRequest) -> float:
        """How long it takes to answer `request`."""
        if "/batch" in (request.url or ""):
            assert isinstance(request.body, bytes)
            return self.write + self.member * (request.body.count(b'"bId"') - 1)
        return self.write if request.method == "POST" else self.read


class _TakingTime(Boundaries):
    """Calls of AWS take time."""

    def __init__(self, clock: SharedClock) -> None:
        super().__init__()
        self._clock = clock

    def pass_through(self, name: str, call: Callable[[], Result], *_: Any, **__: Any) -> Result:
        seconds = _SECONDS.get(name)
        if seconds is not None:
            self._clock.sleep(seconds)
        return call()


class _TakingTimeAdapter(InterruptedAdapter):
    """Calls of QuickBooks take time, half of it on the way there."""

    def __init__(self, world: "LoadWorld") -> None:
        super().__init__(world)
        self._load = world

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        load, realm = self._load, (request.url or "").partition("/v3/company/")[2].partition("/")[0]
        seconds = load.pace.of(request) * load.chance.uniform(0.7, 1.3)
        load.on_their_way[realm] += 1
        load.most_on_their_way[realm] = max(load.most_on_their_way[realm], load.on_their_way[realm])
        load.clock.sleep(seconds / 2)
        try:
            return super().send(request, *args, **options)
        finally:
            load.clock.sleep(seconds / 2)
            load.on_their_way[realm] -= 1


class LoadWorld(World):
    """Accounts, a queue with a group for each of them, and some workers."""

    clock: SharedClock

    def __init__(self, *, seed: int = 1, workers: int = WORKERS) -> None:
        super().__init__(clock=SharedClock())
        random.seed(seed)  # the layer's jitter
        self.chance = random.Random(seed)
        self.pace = Pace()
        self.on_their_way: Counter[str] = Counter()
        self.most_on_their_way: Counter[str] = Counter()
        self.emulator.enforce_limits = True
        self.boundaries = _TakingTime(self.clock)
        self.couriers = VirtualCouriers(self.clock)
        self._cold = [self.process() for _ in range(workers)]
        self._warm: list[Deployment] = []
        self._behind: dict[str, int] = defaultdict(int)
        self._ready: deque[str] = deque()
        self._at_work: set[str] = set()
        self._coming = 0
        self.ended: dict[str, list[str]] = defaultdict(list)
        self._sweep()

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount(QBO_URL, _TakingTimeAdapter(self))
        return session

    # -- what a scenario does ------------------------------------------------------------------------------------------

    def event(self, moment: datetime, detail_type: str, detail: dict[str, Any]) -> None:
        """Syncro sends an event then; a function of its own takes it in."""
        self._coming += 1
        self.clock.at(moment, lambda: self.clock.start(lambda: self._take_in(detail_type, detail)))

    def _take_in(self, detail_type: str, detail: dict[str, Any]) -> None:
        self.deployment.intake.accept(detail_type, detail)
        self._coming -= 1

    def go_on(self, duration: timedelta) -> None:
        """Let virtual time pass."""
        self.clock.run(self.clock.now() + duration)

    def go_on_until_done(self, most: timedelta) -> None:
        """Let virtual time pass until nothing is left to do. Raises AssertionError if that takes longer than `most`."""
        end = self.clock.now() + most
        while self._coming or self._at_work or self.outstanding():
            assert self.clock.now() < end, f"not done after {most}: {self.outstanding()[:5]}"
            self.go_on(timedelta(seconds=10))

    # -- what AWS does -------------------------------------------------------------------------------------------------

    def sent(self, arguments: dict[str, Any]) -> None:
        """A message was sent to one of the queues."""
        due = self.clock.now() + timedelta(seconds=arguments.get("DelaySeconds", 0))
        body = arguments["MessageBody"]
        if arguments["QueueUrl"] == self._push_queue:
            self.clock.at(due, lambda: self._wake(body))
        else:
            self.clock.at(due, lambda: self.clock.start(lambda: self.deployment.wakes.forward(body)))

    def _sweep(self) -> None:
        self.clock.at(self.clock.now() + timedelta(minutes=1), self._sweep)
        self.clock.start(self.deployment.wakes.wake_due)

    def _wake(self, account: str) -> None:
        """A group gives one message at a time; who has waited longest gets the next free worker."""
        self._behind[account] += 1
        if account not in self._at_work and account not in self._ready:
            self._ready.append(account)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._ready and (self._warm or self._cold):
            account = self._ready.popleft()
            self._behind[account] -= 1
            self._at_work.add(account)
            is_warm = bool(self._warm)
            worker = self._warm.pop() if is_warm else self._cold.pop()
            self.clock.start(partial(self._work, account, worker, is_warm=is_warm))

    def _work(self, account: str, worker: Deployment, *, is_warm: bool) -> None:
        self.clock.sleep(WARM_START if is_warm else COLD_START)
        try:
            report = worker.push.run(account, self.clock.now() + FUNCTION_TIME)
            self.ended[account].append(report.ended)
        except (botocore.exceptions.BotoCoreError, QuickBooksError):
            again = self.clock.now() + timedelta(seconds=TRIED_AGAIN_AFTER)
            self.clock.at(again, lambda: self._wake(account))
        self._warm.append(worker)
        self._at_work.discard(account)
        if self._behind[account]:
            self._ready.append(account)
        self._hand_out()
