"""Ten thousand customers imported, ten thousand products exported, killed twice on the way: what it takes.

`python -m tests.simulation.ten_thousand [how many]` (`make ten-thousand`) runs both against the emulators' limits in
virtual time and prints the calls made and how much of what the limits allow was used while the worker lived; until a
dead one is replaced its queue's visibility time passes. What it counts comes from the emulators' journals. It fails if
something is double, missing, or slower than nine tenths of the limits.
"""

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import process_time
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.sync.job import Job, JobKind, JobState
from tests.support import aws
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT
from tests.support.job_world import JobWorld

SYNCRO_A_MINUTE = 180
BATCHES_A_MINUTE = 40
BATCH = 30
MEMBERS_A_MINUTE = 500
ENOUGH = 0.9


@dataclass(frozen=True)
class Figures:
    """What a job took once it was confirmed. `used` is the share of what the limit allows while the worker lived."""

    what: str
    minutes: float
    dead: float
    calls: int
    reads: int
    kills: tuple[str, ...]
    used: float
    peak: int
    cpu_seconds: float


def run_to_the_end(world: JobWorld) -> None:
    """As `World.run`, but the table is looked through only when nothing is on its way any more."""
    while world.messages or world.outstanding():
        end = world.clock.now() + timedelta(minutes=5)
        while world.messages:
            world._step(end)
            end = world.clock.now() + timedelta(minutes=5)
        world.run_for(timedelta(minutes=2))


@dataclass
class Lives(Boundaries):
    """A process that dies at each of `deaths`, the number of its calls in that life, and comes back."""

    deaths: tuple[int, ...] = ()
    modes: tuple[Mode, ...] = ()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    died: list[tuple[str, datetime]] = field(default_factory=list)

    def revive(self) -> None:
        """Dead: note when; the next death is the next one's."""
        super().revive()
        self.died.append((self.hit, self.now()))
        self.calls.clear()
        self.at = self.deaths[len(self.died)] if len(self.died) < len(self.deaths) else -1
        self.mode = self.modes[len(self.died) % len(self.modes)]

    def dead_minutes(self, calls: list[datetime]) -> float:
        """From each death to the next of `calls`."""
        gaps = [min((call for call in calls if call > at), default=at) - at for _, at in self.died]
        return sum(gap.total_seconds() for gap in gaps) / 60


def killed(world: JobWorld, times: int, calls: int, dice: random.Random) -> Lives:
    """From now on the process dies at some random calls, after at most `calls` of each life."""
    deaths = tuple(dice.randrange(calls // 5, calls) for _ in range(times))
    modes = tuple(dice.choice([Mode.BEFORE, Mode.AFTER]) for _ in range(times)) or (Mode.BEFORE,)
    lives = Lives(at=(*deaths, -1)[0], mode=modes[0], deaths=deaths, modes=modes, now=world.clock.now)
    world.start(lives)
    return lives


def import_customers(many: int, dice: random.Random, *, deaths: int = 2) -> Figures:
    """Customers of QuickBooks that Syncro does not have."""
    world = JobWorld()
    world.connect()
    company = world.companies[ACCOUNT]
    for number in range(many):
        mail = {"PrimaryEmailAddr": {"Address": f"office{number}@example.com"}}
        company.create_by_hand("Customer", {"DisplayName": f"Customer {number:05}", **mail})
    report_of(world, JobKind.IMPORT_ORGANIZATIONS)
    lives = killed(world, deaths, 3 * many // 2, dice)
    begun, before, cpu = world.clock.now(), len(world.syncro.journal), process_time()
    job = applied(world, JobKind.IMPORT_ORGANIZATIONS)
    calls = world.syncro.journal[before:]
    minutes = (max(call.time for call in calls) - begun).total_seconds() / 60
    dead = lives.dead_minutes([call.time for call in calls])
    names = [each["business_name"] for each in world.theirs.all("customers")]
    if len(lives.died) != deaths:
        raise AssertionError(f"it was killed {len(lives.died)} times")
    if len(names) != len(set(names)) or len(names) != many or job.done != many:
        raise AssertionError(f"{len(names)} organizations, {len(set(names))} names, {job.done} done, not {many}")
    if refused := [call for call in calls if call.status == 429]:
        raise AssertionError(f"{len(refused)} requests over Syncro's limit")
    return Figures(
        what=f"import of {many:,} customers",
        minutes=minutes,
        dead=dead,
        calls=len(calls),
        reads=reads_of(world),
        kills=tuple(call for call, _ in lives.died),
        used=len(calls) / (minutes - dead) / SYNCRO_A_MINUTE,
        peak=most_a_minute([call.time.timestamp() for call in calls]),
        cpu_seconds=process_time() - cpu,
    )


def export_products(many: int, dice: random.Random, *, deaths: int = 2, members_count: bool = False) -> Figures:
    """Products of Syncro that no event has brought and QuickBooks does not have."""
    world = JobWorld()
    world.connect()
    for number in range(1, many + 1):
        world.product(number, f"Product {number:05}", told=False)
    report_of(world, JobKind.EXPORT_PRODUCTS)
    lives = killed(world, deaths, many, dice)
    journal = world.emulator.journal
    begun, before, cpu = world.clock.now(), len(journal), process_time()
    with counting_members() if members_count else nothing_else():
        job = applied(world, JobKind.EXPORT_PRODUCTS)
    calls = list(journal)[before:]
    minutes = (max(call.time for call in calls) - begun).total_seconds() / 60
    dead = lives.dead_minutes([call.time for call in calls])
    names = [each["Name"] for each in world.companies[ACCOUNT].entities("Item") if each["Name"].startswith("Product ")]
    if len(lives.died) != deaths:
        raise AssertionError(f"it was killed {len(lives.died)} times")
    if len(names) != len(set(names)) or len(names) != many or job.done != many:
        raise AssertionError(f"{len(names)} items, {len(set(names))} names, {job.done} done, not {many}")
    allowed = MEMBERS_A_MINUTE if members_count else BATCHES_A_MINUTE * BATCH
    return Figures(
        what=f"export of {many:,} products" + (", members counted as calls" if members_count else ""),
        minutes=minutes,
        dead=dead,
        calls=len(calls),
        reads=reads_of(world),
        kills=tuple(call for call, _ in lives.died),
        used=many / (minutes - dead) / allowed,
        peak=most_a_minute([call.time.timestamp() for call in calls]),
        cpu_seconds=process_time() - cpu,
    )


def report_of(world: JobWorld, kind: JobKind) -> None:
    """Have the report written."""
    world.deployment.jobs.start(ACCOUNT, kind, "user-1")
    run_to_the_end(world)
    if world.job(kind).state is not JobState.REPORTED:
        raise AssertionError(f"no report: {world.job(kind)}")


def applied(world: JobWorld, kind: JobKind) -> Job:
    """Confirm it and let it come to its end."""
    world.boundaries.calls.clear()
    world.deployment.jobs.confirm(ACCOUNT, kind, world.job(kind).id, "user-1")
    run_to_the_end(world)
    if world.job(kind).state is not JobState.DONE:
        raise AssertionError(f"not done: {world.job(kind)}")
    return world.job(kind)


def reads_of(world: JobWorld) -> int:
    """Metered reads of QuickBooks so far, as its emulator counts them."""
    return sum(call.reads for call in world.emulator.journal)


def most_a_minute(times: list[float]) -> int:
    """The most calls in any 60 seconds."""
    times = sorted(times)
    most = first = 0
    for last, time in enumerate(times):
        while times[first] <= time - 60:
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


@contextmanager
def nothing_else() -> Iterator[None]:
    """Nothing is changed."""
    yield


def shown(all_figures: list[Figures]) -> Table:
    """The figures as a table."""
    table = Table(title="One-time jobs against the limits, in virtual time, after confirming the report")
    for column in (
        "",
        "minutes",
        "of them dead",
        "calls",
        "most in a minute",
        "reads, report included",
        "used of the limit",
        "CPU s",
    ):
        table.add_column(column, justify="right" if column else "left")
    for each in all_figures:
        numbers = (f"{each.minutes:.1f}", f"{each.dead:.1f}", f"{each.calls:,}", str(each.peak), f"{each.reads:,}")
        table.add_row(each.what, *numbers, f"{each.used:.1%}", f"{each.cpu_seconds:.0f}")
    return table


def main() -> int:
    """Returns the exit code: 1 if less than nine tenths of a limit was used."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = random.randrange(10**6)
    console = Console(width=140)
    console.print(f"seed {seed}")
    runs: list[Callable[[], Figures]] = [
        lambda: export_products(many, random.Random(seed)),
        lambda: export_products(many, random.Random(seed + 1), members_count=True),
        lambda: import_customers(many, random.Random(seed + 2)),
    ]
    with aws.moto():
        found = []
        for run in runs:
            found.append(run())
            console.print(f"{found[-1].what}: killed at {' and '.join(found[-1].kills)}")
    console.print(shown(found))
    return 0 if all(each.used >= ENOUGH for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
