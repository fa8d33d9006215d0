"""What goes wrong, and at which call: every call of every worker passes here, and chance strikes some of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, Protocol, TypeVar

from botocore.exceptions import ClientError

from emulators.quickbooks_online import Fault
from emulators.quickbooks_online.faults import Faults
from tests.support.boundaries import Crash
from tests.support.clock import ManualClock

Result = TypeVar("Result")

REFRESH = "qbo.POST token"
# How likely a call is to be struck: a sweep makes many reads of which each is like the other, a write is rare.
_WEIGHTS = {"dynamodb.query": 0.2, "dynamodb.transact_write_items": 6.0, "dynamodb.put_item": 2.0, REFRESH: 80.0}
_AT_SYNCRO = {"syncro.POST payments": 0.5, "syncro.GET payments": 0.9, "syncro.GET invoices": 0.2}
# What begins a session comes first, and would leave nothing for what matters in it.
_WEIGHTS |= {"qbwc.serverVersion": 1.0, "qbwc.authenticate": 2.0, "qbwc.sendRequestXML": 6.0}
_WEIGHTS |= {"qbwc.clientVersion": 1.0, "qbwc.ProcessRequest": 80.0, "qbwc.receiveResponseXML": 80.0}
_OTHER, _READ_OF_SERVER, _WRITE_TO_SERVER = 1.0, 6.0, 15.0
LATENCY_OF_SERVERS, LATENCY_OF_AWS = 0.4, 0.004
"""Seconds that a call takes."""
_STALLS = (2, 20, 45, 140, 200, 200, 260, 260, 400)
_AWS = {"dies before": 3, "dies after": 3, "lost": 3, "repeated": 1, "fails": 1, "stalls": 2, "meanwhile": 2}
_QBO = {"dies before": 3, "dies after": 5, "lost": 6, "late": 3, "stalls": 2, "meanwhile": 2, "quickbooks": 6}
_SYNCRO = {"dies before": 2, "dies after": 5, "lost": 6, "late": 4, "stalls": 2, "meanwhile": 2, "syncro": 6}
_SERVERS = ("qbo.", "syncro.", "qbwc.")


class Surroundings(Protocol):
    """What a mishap can move besides the call that it strikes."""

    clock: ManualClock

    @property
    def faults(self) -> Faults:
        """What QuickBooks will do wrong."""
        ...

    @property
    def syncro_faults(self) -> Faults:
        """What Syncro's API will do wrong."""
        ...

    def deliver_due(self) -> None:
        """Whatever else is due happens now."""
        ...

    def another_worker(self, account: str) -> None:
        """The account's wake-up is delivered once more."""
        ...


@dataclass
class Worker:
    """A running invocation: what it works for, when Lambda ends it, and whether it has died.

    While one that `watches` waits, others go on; a wait of any other is short.
    """

    account: str
    deadline: datetime
    watches: bool = False
    dead: bool = False


@dataclass
class Mishaps:
    """Strikes `most` calls, about every `gap`th. `struck` counts what happened to which call, `story` tells it.

    `most_at_syncro` further ones are struck among those to Syncro's API.
    """

    rng: Random
    world: Surroundings
    most: int
    gap: int
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    calls: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)
    most_at_syncro: int = 0
    refused_tokens: int = 0
    refreshing: bool = False
    _workers: list[Worker] = field(default_factory=list)
    _left: float = 0.0

    def __post_init__(self) -> None:
        self._left = self._gap()

    def _gap(self) -> float:
        return self.rng.uniform(0, 2 * self.gap)

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.most = self.most_at_syncro = 0

    def tell(self, what: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.world.clock.now():%d %H:%M:%S} {'  ' * len(self._workers)}{what}")

    @contextmanager
    def worker(self, account: str, deadline: datetime, *, watches: bool = False) -> Iterator[None]:
        """An invocation runs meanwhile."""
        self._workers.append(Worker(account, deadline, watches))
        try:
            yield
        finally:
            self._workers.pop()

    @property
    def nested(self) -> bool:
        """Whether this worker runs while another one is held up."""
        return len(self._workers) > 1

    def sleep(self, seconds: float) -> None:
        """This worker waits. If it is for the answer to a refresh that is on its way to another one, it dies first.

        The other one cannot go on before this one has come to its end.
        """
        if self.nested and self.refreshing:
            raise self.die("waiting for another worker's tokens")
        self.world.clock.sleep(seconds)
        if self._workers and self._workers[-1].watches:
            self.world.deliver_due()

    def die(self, where: str) -> Crash:
        """This worker is no more: every further call of its clean-up dies, too."""
        if self._workers:
            self._workers[-1].dead = True
        return Crash(where)

    def pass_through(
        self,
        name: str,
        call: Callable[[], Result],
        lost: Callable[[], Exception],
        *,
        repeat: Callable[[], Result] | None = None,
        late: Callable[[], None] | None = None,
    ) -> Result:
        """Make the call, unless it is struck."""
        if self._workers:
            worker = self._workers[-1]
            if worker.dead:
                raise Crash(name)
            if self.world.clock.now() > worker.deadline:
                self.tell(f"{name}: the function's time is over")
                raise self.die(name)
        self.calls += 1
        self.world.clock.sleep(LATENCY_OF_SERVERS if name.startswith(_SERVERS) else LATENCY_OF_AWS)
        if not self._workers or not (self._struck_at_syncro(name) or self._struck(name)):
            return call()
        kind = self._kind(name, repeat is not None, late is not None)
        name = _in_full(name, self.about)
        self._note(name, kind)
        return self._strike(kind, name, call, lost, repeat, late)

    def outside(self, name: str, kinds: Mapping[str, float]) -> str:
        """What goes wrong, of `kinds`, with a step that somebody else's computer takes; mostly nothing: empty."""
        self.calls += 1
        self.world.clock.sleep(LATENCY_OF_SERVERS)
        if not self._struck(name):
            return ""
        kind = self.rng.choices(list(kinds), weights=list(kinds.values()))[0]
        self._note(name, kind)
        return kind

    def _struck(self, name: str) -> bool:
        if self.most <= 0:
            return False
        self._left -= _weight(name)
        if self._left > 0:
            return False
        self.most -= 1
        self._left = self._gap()
        return True

    def _struck_at_syncro(self, name: str) -> bool:
        """Syncro is asked seldom: among all the other calls it would hardly ever be struck."""
        chance = _AT_SYNCRO.get(name.rstrip("0123456789/"), 0)
        if self.most_at_syncro <= 0 or self.rng.random() >= chance:
            return False
        self.most_at_syncro -= 1
        return True

    def _note(self, name: str, kind: str) -> None:
        self.struck[name, kind] += 1
        self.tell(f"{name}: {kind}")

    def _kind(self, name: str, repeatable: bool, delayable: bool) -> str:
        weights = dict(_QBO if name.startswith("qbo.") else _SYNCRO if name.startswith("syncro.") else _AWS)
        if not repeatable:
            weights.pop("repeated", None)
        if not delayable:
            weights.pop("late", None)
        if name.startswith("dynamodb.transact"):
            weights |= {"conflict": 1, "stalls": 6}
        if name == REFRESH:
            weights = {"dies after": 1, "lost": 1, "dies before": 1, "meanwhile": 5, "quickbooks": 1}
        if len(self._workers) > 1:
            weights.pop("stalls", None)
            weights.pop("meanwhile", None)
        return self.rng.choices(list(weights), weights=list(weights.values()))[0]

    def _strike(  # noqa: PLR0917 - the parts of one call
        self,
        kind: str,
        name: str,
        call: Callable[[], Result],
        lost: Callable[[], Exception],
        repeat: Callable[[], Result] | None,
        late: Callable[[], None] | None,
    ) -> Result:
        if kind == "dies before":
            raise self.die(name)
        if kind == "fails":
            raise lost()
        if kind == "conflict":
            raise _conflict(name)
        if kind == "late" and late is not None:
            late()
            raise lost()
        if kind in ("stalls", "meanwhile"):
            return self._held_up(kind, name, call)
        if kind in ("quickbooks", "syncro"):
            self._arm(name) if kind == "quickbooks" else self._arm_syncro(name)
            return call()
        call()
        if kind == "repeated" and repeat is not None:
            return repeat()
        if kind == "lost":
            raise lost()
        raise self.die(name)

    def _held_up(self, kind: str, name: str, call: Callable[[], Result]) -> Result:
        """The call or its answer is on its way while other things happen, with or without time passing."""
        worker = self._workers[-1]
        before = self.rng.random() < 0.5 and name != REFRESH
        self.refreshing = name == REFRESH
        answer = None if before else call()
        if kind == "stalls":
            self.world.clock.sleep(self.rng.choice(_STALLS))
            self.world.deliver_due()
            if self.rng.random() < 0.6:  # the lease, not the queue, is what keeps two workers apart
                self.world.another_worker(worker.account)
        elif self.rng.random() < 0.5 or name == REFRESH:
            self.world.another_worker(worker.account)
        else:
            self.world.deliver_due()
        self.refreshing = False
        if self.world.clock.now() > worker.deadline:
            raise self.die(name)
        return call() if before else answer  # type: ignore[return-value]  # it was called one way or the other

    def _arm(self, name: str) -> None:
        """QuickBooks answers this call, and maybe the next ones, with something else than usual."""
        rng, add = self.rng, self.world.faults.add
        method, times = name.split(maxsplit=1)[0].removeprefix("qbo."), rng.choice([1, 1, 2, 3, 4])
        kind = rng.choice(["status", "status", "again", "429", "401", "truncate", "after", "before", "omit", "late"])
        match kind:
            case "status":
                add(Fault(kind="status", status=rng.choice([500, 502, 503, 504]), method=method, times=times))
            case "again":  # one request that QuickBooks fails at, whatever else it does
                add(Fault(kind="status", status=500, method="POST", times=rng.choice([3, 4, 5])))
            case "429":
                add(Fault(kind="status", status=429, shape=rng.choice(["json", "xml"])))
            case "401":
                refusals = rng.choice([1, 1, 2])
                self.refused_tokens += refusals
                add(Fault(kind="status", status=401, shape="lowercase", path="/v3/company/", times=refusals))
            case "late":  # carried out after all, while every repeat of it fails
                add(Fault(kind="late", delay=115, method="POST", timed_out=True))
                add(Fault(kind="status", status=500, method="POST", nth=2, times=rng.choice([3, 4])))
            case "truncate" | "after" | "before":
                add(Fault(kind=kind, timed_out=rng.random() < 0.5))
            case _:
                add(Fault(kind="omit", operation="create"))
        self.tell(f"{name}: armed {kind} ×{times}")

    def _arm_syncro(self, name: str) -> None:
        """Syncro's API, too, with what it answers while it is down or asked too often (facts: Syncro 2.1)."""
        status, times = self.rng.choice([429, 500, 502, 503]), self.rng.choice([1, 1, 2, 4])
        fault = Fault(kind="status", status=status, times=times)
        self.world.syncro_faults.add(replace(fault, shape="html") if status >= 500 else fault)
        self.tell(f"{name}: armed {status} ×{times}")


def _weight(name: str) -> float:
    if (known := _WEIGHTS.get(name)) is not None:
        return known
    if not name.startswith(_SERVERS):
        return _OTHER
    return _READ_OF_SERVER if ".GET" in name else _WRITE_TO_SERVER


def _in_full(name: str, about: Mapping[str, Any]) -> str:
    """The call with what it is about: the items that it reads or writes, by kind."""
    if not name.startswith("dynamodb."):
        return name.rstrip("0123456789/")
    if "TransactItems" in about:
        operations = [operation for each in about["TransactItems"] for operation in each.values()]
        keys = [operation.get("Key") or operation["Item"] for operation in operations]
    elif "RequestItems" in about:
        keys = next(iter(about["RequestItems"].values()))["Keys"]
    elif "ExpressionAttributeValues" in about and "KeyConditionExpression" in about:
        values = about["ExpressionAttributeValues"]
        keys = [{"pk": values[":pk"], "sk": {"S": ""}}] if ":pk" in values else []
    else:
        keys = [about.get("Key") or about["Item"]]
    return f"{name} {'+'.join(sorted({_kind_of_item(key) for key in keys})) or 'due'}"


def _kind_of_item(key: Mapping[str, Any]) -> str:
    """What an item is, by its place (sync/records.py, `Keys`)."""
    scope, *parts = key["pk"]["S"].split("#")
    sort = key["sk"]["S"].partition("#")[0]
    if scope != "acct":
        return str(scope)
    if len(parts) == 1:
        return str(sort)
    return str(sort if sort in ("record", "realm", "owner") else parts[1])


def _conflict(name: str) -> ClientError:
    answer: Any = {"Error": {"Code": "TransactionCanceledException", "Message": name}}
    answer["CancellationReasons"] = [{"Code": "TransactionConflict"}]
    return ClientError(answer, name)
