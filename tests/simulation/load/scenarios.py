"""The scenarios, each of which asserts what must hold and returns its figures."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import process_time
from typing import Any
from unittest.mock import patch

from emulators.quickbooks_online import Fault, JournalEntry
from emulators.quickbooks_online.web import Request, Response
from syncro_quickbooks.online.rate import MOST_IN_FLIGHT, Breaker, RateLimiter
from tests.simulation.load.world import LoadWorld, Pace
from tests.support.books import assert_each_once, standing
from tests.support.events import customer, invoice_detail, line

BUSY, BUSY_REALM = "busy", "9130001"
CUSTOMERS, FEW_CUSTOMERS = 250, 30
PRODUCTS = 40
LINES = 10
TOTALS = ("1000.00", "80.00", "1080.00")
FIRST_INVOICE = 100_000
BATCHES_A_MINUTE, MEMBERS_A_MINUTE, BATCH = 40, 500, 30
LONGEST_PAUSE = Breaker.LONGEST_PAUSE


@dataclass(frozen=True)
class Figures:
    """What a scenario came to. Times are virtual, of everything between the first event and the last settled record.

    `once` is how much was used of 40 batches of 30 a minute, `by_member` the busiest minute's share of 500 members:
    the two readings of what a batch counts.
    `longest_wait` (s) is that of other accounts' invoices, quiet time included; `cpu` (ms) is our own for a document.
    """

    name: str
    documents: int
    minutes: float
    once: float
    by_member: float
    calls: int
    reads: int
    throttled: int
    most_at_once: int
    longest_wait: float | None
    cpu: float

    @property
    def a_minute(self) -> float:
        """Documents a minute."""
        return self.documents / self.minutes

    def cells(self) -> list[str]:
        """The figures as text, in the order of COLUMNS."""
        return [
            f"{self.documents:,}",
            f"{self.minutes:.1f}",
            f"{self.a_minute:,.0f}",
            f"{self.once:.0%}",
            f"{self.by_member:.0%}",
            "" if self.longest_wait is None else f"{self.longest_wait:,.0f}",
            f"{self.calls:,}",
            str(self.most_at_once),
            str(self.reads),
            str(self.throttled),
            f"{self.cpu:.1f}",
        ]


COLUMNS = (
    "documents",
    "virtual minutes",
    "a minute",
    "of 40 batches",
    "of 500 members",
    "longest wait of others, s",
    "calls",
    "at once",
    "metered reads",
    "429s",
    "CPU ms each",
)


class Scenario:
    """A busy account whose customers and products QuickBooks knows, and others with one invoice each."""

    def __init__(self, *, others: int = 0, seed: int = 1, customers: int = CUSTOMERS) -> None:
        self.world = LoadWorld(seed=seed)
        self.customers = customers
        self.company = self.world.connect(BUSY, BUSY_REALM)
        self.others = [f"other-{number:03}" for number in range(others)]
        for number, account in enumerate(self.others):
            self.world.connect(account, f"{9_140_000 + number}")
        self._emulator_cpu = 0.0
        self._sent: dict[str, datetime] = {}
        self._watch_emulator()
        for number in range(1, customers + 1):
            self._invoice(number, self.world.clock.now() + timedelta(milliseconds=50 * number))
        self.world.go_on(timedelta(seconds=1))
        self.world.go_on_until_done(timedelta(minutes=30))
        self._known = len(standing(self.company))
        self.start = self.world.clock.now()
        self._before = len(self.world.emulator.journal)
        self._cpu = process_time() - self._emulator_cpu
        self.invoices: list[int] = []

    # -- what happens --------------------------------------------------------------------------------------------------

    def month_end(self, many: int, within: timedelta) -> None:
        """The busy account's invoices come, evenly within that time."""
        for number in range(many):
            self.invoices.append(FIRST_INVOICE + number)
            self._invoice(FIRST_INVOICE + number, self.start + within * number / many)

    def single_invoices(self, within: timedelta) -> None:
        """Each other account's invoice comes at some moment within that time."""
        for account in self.others:
            self._sent[account] = self.start + within * self.world.chance.random()
            self._invoice(1, self._sent[account], account=account)

    def _invoice(self, number: int, moment: datetime, account: str = BUSY) -> None:
        lines = [line(place, (number + place) % PRODUCTS + 1) for place in range(1, LINES + 1)]
        owner_id = number % self.customers + 1
        owner = customer(owner_id, name=f"Customer {owner_id}")
        detail = invoice_detail(
            number,
            account=account,
            lines=lines,
            totals=TOTALS,
            owner=owner,
            occurred_at=moment.isoformat(),
        )
        self.world.event(moment, "invoice.created", detail)

    def at(self, after: timedelta, do: Callable[[], None]) -> None:
        """Something happens so long after the beginning."""
        self.world.clock.at(self.start + after, do)

    def fault(self, **fault: Any) -> None:
        """QuickBooks does that wrong from now on."""
        self.world.emulator.faults.add(Fault(**fault))

    # -- what came of it -----------------------------------------------------------------------------------------------

    @property
    def journal(self) -> list[JournalEntry]:
        """The calls of the busy account's company since the beginning, without OAuth."""
        return [
            each
            for each in self.world.emulator.journal[self._before :]
            if each.realm == BUSY_REALM and each.kind != "oauth"
        ]

    def status(self, number: int) -> str:
        """How one of the busy account's invoices stands."""
        return str(self.world.record("invoice", number, BUSY)["status"])

    def journal_between(self, begin: timedelta, end: timedelta) -> list[JournalEntry]:
        """The busy account's calls in that time."""
        return [each for each in self.journal if begin <= each.time - self.start < end]

    def check(self, statuses: dict[int, str] | None = None) -> None:
        """Every invoice is booked once, to the cent, but for those that `statuses` says otherwise of."""
        statuses = statuses or {}
        for number in self.invoices:
            status = self.status(number)
            assert status == statuses.get(number, "synced"), f"invoice {number} is {status}"
        booked = standing(self.company)
        assert_each_once(self.company)
        assert len(booked) == self._known + len(self.invoices) - len(statuses), f"{len(booked)} are booked"
        assert {str(each["TotalAmt"]) for each in booked} == {"1080.00"}
        for account in self.others:
            assert self.world.record("invoice", 1, account)["status"] == "synced", account
            assert len(standing(self.world.companies[account])) == 1, account

    def figures(self, name: str) -> Figures:
        """What it took."""
        cpu = process_time() - self._emulator_cpu - self._cpu
        minutes = (max(self._settled(BUSY, self.invoices)) - self.start).total_seconds() / 60
        let_in = [each for each in self.journal if each.kind == "write" and each.status != 429]
        writes = [
            each.time
            for each in let_in
            for _ in (each.body["BatchItemRequest"] if each.path.endswith("/batch") else [each.body])
        ]
        documents = len(self.invoices)
        return Figures(
            name=name,
            documents=documents,
            minutes=minutes,
            once=documents / minutes / (BATCHES_A_MINUTE * BATCH),
            by_member=most_within(writes, timedelta(minutes=1)) / MEMBERS_A_MINUTE,
            calls=len(self.journal),
            reads=sum(each.reads for each in self.journal),
            throttled=sum(each.status == 429 for each in self.journal),
            most_at_once=self.world.most_on_their_way[BUSY_REALM],
            longest_wait=max(self._waits(), default=None),
            cpu=cpu * 1000 / (documents + len(self.others)),
        )

    def _settled(self, account: str, invoices: Iterable[int]) -> list[datetime]:
        records = (self.world.record("invoice", number, account) for number in invoices)
        return [datetime.fromtimestamp(int(each["changed_at"]) / 1000, self.start.tzinfo) for each in records]

    def _waits(self) -> list[float]:
        return [(max(self._settled(account, [1])) - self._sent[account]).total_seconds() for account in self.others]

    def _watch_emulator(self) -> None:
        """QuickBooks' own CPU is not ours."""
        handle = self.world.emulator.handle

        def timed(request: Request) -> Response:
            begun = process_time()
            try:
                return handle(request)
            finally:
                self._emulator_cpu += process_time() - begun

        self.world.emulator.handle = timed  # type: ignore[method-assign]  # this one only


def most_within(moments: list[datetime], window: timedelta) -> int:
    """The most of `moments` in any span of that length."""
    moments = sorted(moments)
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most


@contextmanager
def counting_members() -> Iterator[None]:
    """The limiter's switch for the other reading of Intuit's limits, for every limiter that is made."""
    made = RateLimiter.__init__

    def init(self: RateLimiter, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **{**kwargs, "members_count": True})

    with patch.object(RateLimiter, "__init__", init):
        yield


def month_end(
    many: int,
    others: int,
    *,
    within: timedelta = timedelta(minutes=1),
    customers: int = CUSTOMERS,
    members_count: bool = False,
) -> Figures:
    """All invoices of one account `within` a minute, and one of each other account meanwhile."""
    with counting_members() if members_count else nullcontext():
        scenario = Scenario(others=others, customers=customers)
        scenario.month_end(many, within)
        scenario.single_invoices(timedelta(minutes=8 * min(1, many / 10_000)))
        scenario.world.go_on_until_done(timedelta(hours=1))
    scenario.check()
    figures = scenario.figures("month end" + (", sent as if members counted" if members_count else ""))
    assert figures.throttled == 0, f"{figures.throttled} requests were over the limits"
    assert figures.reads == 0, f"{figures.reads} metered reads for what is known"
    assert 1 <= figures.most_at_once <= MOST_IN_FLIGHT, f"{figures.most_at_once} requests at once"
    assert figures.longest_wait is None or figures.longest_wait < 60, f"another account waited {figures.longest_wait} s"
    return figures


def members_counted_unawares(many: int, others: int) -> Figures:
    """As the month end, but QuickBooks counts the members of batches and turns away what is more than 500 a minute.

    That is learned from the first 429 and not met again.
    """
    scenario = Scenario(others=others)
    scenario.world.emulator.limits.members_count = True
    scenario.month_end(many, timedelta(minutes=1))
    scenario.single_invoices(timedelta(minutes=5))
    scenario.world.go_on_until_done(timedelta(hours=1))
    scenario.check()
    figures = scenario.figures("month end, QuickBooks counts members")
    assert 0 < figures.throttled <= MOST_IN_FLIGHT, f"{figures.throttled} requests were turned away"
    assert figures.by_member <= 1, f"{figures.by_member:.0%} of the limit in a minute"
    assert (figures.longest_wait or 0) < 60, f"another account waited {figures.longest_wait} s"
    return figures


def outage(many: int, others: int = 20) -> Figures:
    """QuickBooks is away for two hours in the middle; the last answers before it are lost. Nobody does anything."""
    scenario = Scenario(others=others, customers=FEW_CUSTOMERS)
    scenario.month_end(many, timedelta(seconds=20))
    scenario.single_invoices(timedelta(hours=2))
    begin, end = timedelta(seconds=25), timedelta(hours=2, seconds=25)
    scenario.at(begin, lambda: scenario.fault(kind="after", times=4))
    scenario.at(
        begin + timedelta(seconds=6), lambda: scenario.fault(kind="status", status=503, shape="html", times=None)
    )
    scenario.at(end, scenario.world.emulator.faults.clear)
    scenario.world.go_on(end)
    done = sum(scenario.status(number) == "synced" for number in scenario.invoices)
    assert 0 < done < many, f"{done} of {many} were done before the outage"
    during = len(scenario.journal_between(begin + timedelta(minutes=5), end))
    assert during <= 30, f"{during} calls during the outage"
    scenario.world.go_on_until_done(LONGEST_PAUSE + timedelta(minutes=10))
    scenario.check()
    return scenario.figures("outage of two hours")


def throttled(many: int, others: int = 20) -> Figures:
    """For three minutes everything that the account asks is answered with a 429."""
    scenario = Scenario(others=others, customers=FEW_CUSTOMERS)
    scenario.month_end(many, timedelta(seconds=20))
    scenario.single_invoices(timedelta(minutes=4))
    begin = timedelta(seconds=25)
    storm: dict[str, Any] = {"kind": "status", "status": 429, "realm": BUSY_REALM, "times": None}
    scenario.at(begin, lambda: scenario.fault(**storm))
    scenario.at(begin + timedelta(minutes=3), scenario.world.emulator.faults.clear)
    scenario.world.go_on_until_done(timedelta(minutes=15))
    scenario.check()
    figures = scenario.figures("three minutes of 429")
    assert figures.throttled <= MOST_IN_FLIGHT + 3, f"{figures.throttled} calls in the storm, more than one a minute"
    assert (figures.longest_wait or 0) < 60, f"another account waited {figures.longest_wait} s"
    return figures


def slow(many: int, others: int = 20) -> Figures:
    """Every answer takes ten seconds."""
    scenario = Scenario(others=others, customers=FEW_CUSTOMERS)
    scenario.world.pace = Pace(write=10, read=10, member=0)
    scenario.month_end(many, timedelta(seconds=20))
    scenario.single_invoices(timedelta(minutes=1))
    scenario.world.go_on_until_done(timedelta(hours=1))
    scenario.check()
    figures = scenario.figures("QuickBooks takes 10 s for everything")
    assert figures.throttled == 0
    # Quiet time, then the customer's look-up, the creation of the list entries and the invoice.
    assert (figures.longest_wait or 0) < 90, f"another account waited {figures.longest_wait} s"
    return figures


def refused(many: int, others: int = 50) -> Figures:
    """QuickBooks refuses one invoice, always: it stops nobody, neither its own account nor another one."""
    scenario = Scenario(others=others, customers=FEW_CUSTOMERS)
    scenario.month_end(many, timedelta(seconds=20))
    scenario.single_invoices(timedelta(minutes=1))
    poison = scenario.invoices[many // 2]
    scenario.fault(kind="error", name=f"10{poison}", code="6000", times=None)
    scenario.world.go_on_until_done(timedelta(minutes=10))
    scenario.check({poison: "needs_attention"})
    figures = scenario.figures("one invoice is always refused")
    assert (figures.longest_wait or 0) < 60, f"another account waited {figures.longest_wait} s"
    return figures


def failing(many: int, others: int = 50) -> Figures:
    """QuickBooks fails with a 500 at whatever holds one invoice: only those in its batch wait until it is found.

    The other accounts' invoices come while it is looked for.
    """
    scenario = Scenario(others=others, customers=FEW_CUSTOMERS)
    scenario.month_end(many, timedelta(seconds=20))
    scenario.single_invoices(timedelta(minutes=15))
    poison = scenario.invoices[many // 2]
    scenario.fault(kind="status", status=500, name=f"10{poison}", times=None)
    scenario.world.go_on(timedelta(minutes=2))
    done = sum(scenario.status(number) == "synced" for number in scenario.invoices)
    assert done >= many - BATCH, f"only {done} of {many} were done in two minutes"
    scenario.world.go_on(timedelta(hours=1))
    scenario.check({poison: "retrying"})
    scenario.invoices.remove(poison)
    figures = scenario.figures("QuickBooks fails at one invoice")
    assert (figures.longest_wait or 0) < 60, f"another account waited {figures.longest_wait} s"
    return figures
