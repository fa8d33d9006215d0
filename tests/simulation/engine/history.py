"""One history: a busy time in which everything may go wrong, then a calm one, then the books are compared."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from unittest.mock import patch

from tests.simulation.engine import checks, desktop_checks
from tests.simulation.engine.allowance import LAST_EVENING, Allowance
from tests.simulation.engine.bookkeeper import Bookkeeper
from tests.simulation.engine.chance import seeded
from tests.simulation.engine.desktop_office import DesktopOffice
from tests.simulation.engine.hand import Hand
from tests.simulation.engine.nights import Nights
from tests.simulation.engine.rounds import Rounds
from tests.simulation.engine.syncro import Syncro
from tests.simulation.engine.world import SimulatedWorld

REALMS = {"acme": "9130001", "globex": "9130002"}
PAID_BACK, BY_HAND, STOPPED, STOPPED_WHILE_PAID, ROUNDS = 1 / 12, 1 / 10, 1 / 8, 1 / 2, 1 / 8
"""In how many histories payments come back from QuickBooks, somebody changes documents there, posting is stopped (and
in how many of those in which payments come back: a stop is for both directions), what failed is tried again while
alarms are red."""

MORNING, BEFORE_NIGHT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC), datetime(2026, 11, 24, 7, 50, tzinfo=UTC)
BEGINS = [MORNING] * 10 + [BEFORE_NIGHT, LAST_EVENING]
"""When a history begins: at an ordinary time, before the books are compared, in the last hours of a month."""

ON_DESKTOP = 1 / 12
"""In how many histories a further account is on QuickBooks Desktop."""

FEW, MANY, WITH_MANY = (3, 8), (20, 40), 1 / 30
"""How many deeds a history has, and in how many it has many."""

AN_HOUR, A_WHILE = timedelta(minutes=58), timedelta(minutes=40)
QUIET_WITHIN = timedelta(days=3)


@dataclass
class Told:
    """What became of a history. `violation` is empty if everything is as it must be."""

    seed: int
    violation: str = ""
    calls: int = 0
    virtual_hours: float = 0.0
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    ingredients: Counter[str] = field(default_factory=Counter)


@dataclass
class Cast:
    """Who takes part in a history besides the deployment."""

    accounts: list[Syncro]
    nights: Nights
    bookkeeper: Bookkeeper | None = None
    hand: Hand | None = None
    office: DesktopOffice | None = None
    stops: bool = False
    rounds: Rounds | None = None
    allowance: Allowance | None = None
    deeds: tuple[int, int] = FEW

    def doers(self) -> list[Syncro | Bookkeeper | Hand | DesktopOffice]:
        """Those who do something in the busy time; further accounts do more than those of every history."""
        further = [each for each in (self.bookkeeper, self.hand, self.office) if each]
        return [*self.accounts, *further * 4]

    def ingredients(self) -> list[str]:
        """What makes this history another one than most."""
        found: dict[str, object] = {
            "payments back": self.bookkeeper,
            "a hand in QuickBooks": self.hand,
            "a Desktop office": self.office,
            "posting stops": self.stops,
            "a night in the busy time": self.nights.busy,
            "reads nearly used up": self.allowance,
            "rounds of retries": self.rounds,
            "many deeds": self.deeds == MANY,
        }
        return [name for name, there in found.items() if there]


def run(seed: int) -> Told:
    """Run the history of `seed`."""
    with seeded(seed) as rng:
        began = rng.choice(BEGINS)
        world = _connected(rng, began)
        cast = Cast([Syncro(account, rng) for account in REALMS], Nights(world))
        if rng.random() < PAID_BACK:
            cast.bookkeeper = Bookkeeper(world, rng)
        if rng.random() < BY_HAND:
            cast.hand = Hand(world, rng)
        if rng.random() < ON_DESKTOP:
            cast.office = DesktopOffice(world, rng)
        if began == BEFORE_NIGHT:
            cast.nights.begin()
        if began == LAST_EVENING:
            cast.allowance = Allowance(world, rng)
        cast.stops = rng.random() < (STOPPED_WHILE_PAID if cast.bookkeeper else STOPPED)
        if rng.random() < ROUNDS:
            cast.rounds = Rounds(world, rng)
        if rng.random() < WITH_MANY:
            cast.deeds = MANY
        with patch("time.sleep", world.clock.sleep):
            violation = _violation(world, cast, rng)
    hours = (world.clock.now() - began) / timedelta(hours=1)
    ingredients = Counter(cast.ingredients())
    return Told(seed, violation, world.mishaps.calls, hours, world.mishaps.struck, world.mishaps.story, ingredients)


def _violation(world: SimulatedWorld, cast: Cast, rng: Random) -> str:
    try:
        _busy(world, cast, rng)
        _calm(world, cast)
        checks.everything(world, cast.accounts, cast.hand)
        if cast.bookkeeper:
            cast.bookkeeper.check()
        if cast.office:
            desktop_checks.everything(world, cast.office)
        report = cast.nights.check(cast.accounts, cast.hand.account if cast.hand else "")
        checks.consents_were_kept(world)
        if cast.allowance:
            cast.allowance.check()
        if cast.hand:
            cast.hand.check(report)
    except Exception as broken:  # noqa: BLE001 - whatever it is, it must not happen
        return f"{type(broken).__name__}: {broken}"
    return ""


def _connected(rng: Random, start: datetime) -> SimulatedWorld:
    """Two accounts that are ready; in most companies nothing but our own care prevents a second document."""
    world = SimulatedWorld(
        rng,
        start,
        mishaps=rng.choice([0, 1, 1, 2, 2, 3, 4, 6]),
        gap=rng.choice([20, 60, 120, 240]),
        lateness=rng.choice([0.0, 2.0, 20.0]),
    )
    for account, realm in REALMS.items():
        world.connect(account, realm, everything=True, number_check=rng.random() < 0.2)
    return world


def _busy(world: SimulatedWorld, cast: Cast, rng: Random) -> None:
    doers = cast.doers()
    if cast.bookkeeper:
        cast.bookkeeper.begin()
    hour_after = rng.randrange(8) if rng.random() < 0.3 else -1
    for number in range(rng.randrange(*cast.deeds) + len(doers) - len(cast.accounts)):
        syncro = rng.choice(doers)
        if cast.stops and rng.random() < 0.4:
            editions = ["online", "desktop"] if cast.office else ["online"]
            world.stop_or_allow(rng.choice(["all", *editions, f"account#{syncro.account}"]))
        if cast.rounds and rng.random() < 0.6:
            cast.rounds.something_fails(syncro.account)
        if number == hour_after:  # by then the tokens are to be refreshed
            world.go_on(world.clock.now() + AN_HOUR)
        for detail_type, detail in syncro.deed():
            world.mishaps.tell(f"-- Syncro, {syncro.account}: {detail_type} {_in_short(detail)}")
            world.publish(detail_type, detail)
        if number == hour_after and syncro.account in world.companies:
            world.at(world.clock.now(), partial(world.look_from_the_console, syncro.account))
        world.go_on(world.clock.now() + timedelta(seconds=rng.choice([0, 0, 1, 5, 15, 40, 300])))
    world.go_on(world.clock.now() + timedelta(minutes=rng.choice([1, 5, 10])))
    if cast.bookkeeper:  # whether Syncro has what it never answered is asked minutes later
        world.go_on(world.clock.now() + A_WHILE)


def _calm(world: SimulatedWorld, cast: Cast) -> None:
    world.mishaps.calm()
    world.mishaps.tell("-- everything works again")
    world.failing_events = 0
    world.emulator.faults.clear()
    world.syncro_faults.clear()
    for scope in list(world.stopped):
        world.stop_or_allow(scope)
    if cast.allowance:
        cast.allowance.until_the_new_month([syncro.account for syncro in cast.accounts])
    world.sign_in_where_needed()
    if cast.office:
        cast.office.calm()
    if cast.rounds:
        cast.rounds.until_green()
    if cast.bookkeeper:
        cast.bookkeeper.wait()
    for _ in itertools.repeat(None, 3):
        world.redrive_dead_events()
        world.run_dry(QUIET_WITHIN)
        if cast.office:
            cast.office.wait()
        world.sign_in_where_needed()


_THINGS = ("invoice", "payment", "store_credit", "purchase_order", "customer_purchase", "product", "vendor", "customer")


def _in_short(detail: dict[str, object]) -> str:
    for kind in _THINGS:
        thing = detail.get(kind)
        if isinstance(thing, dict):
            figures = {name: thing[name] for name in ("total", "payment_amount", "amount", "status") if name in thing}
            shares = [f"{each['invoice_id']}: {each['amount']}" for each in thing.get("allocations", ())]
            return f"{kind} {thing['id']} v{detail['version']} {figures} {shares or ''}"
    return str(detail.get("id"))
