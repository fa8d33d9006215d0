"""Two accounts in one warm process, one pushed in the middle of the other: neither ever sees anything of the other's.

Both use the same ids of customers, products and invoices, so a mix-up of keys, tokens or realms would show.
"""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.books import assert_each_once, sales_lines, standing
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import customer, invoice_detail, line, product
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

REALMS = {"acme": "9130001", "globex": "9130002"}
NAMES = {"acme": "Returns R Us", "globex": "Cypress Creek"}
TOTALS = {
    ("acme", 1): ("100.00", "8.00", "108.00"),
    ("acme", 2): ("200.00", "16.00", "216.00"),
    ("globex", 1): ("500.00", "40.00", "540.00"),
    ("globex", 2): ("1000.00", "80.00", "1080.00"),
}
ACCESS_TOKEN_AGED = 52 * 60  # seconds: at 50 minutes it is refreshed


def event(account: str, version: int) -> dict[str, Any]:
    price = {"acme": "100.0", "globex": "500.0"}[account]
    return invoice_detail(
        account=account,
        version=version,
        owner=customer(version=version, name=NAMES[account]),
        products=[product(3, name=f"Work for {NAMES[account]}")],
        lines=[line(1, 3, price=price, quantity=f"{version}.0")],
        totals=TOTALS[account, version],
    )


def both_ready(version: int) -> World:
    """Both accounts have this version to push, and tokens that have to be refreshed first."""
    world = World()
    for account, realm in REALMS.items():
        world.connect(account, realm)
    for done in range(1, version):
        publish(world, done)
        world.run()
    world.clock.sleep(ACCESS_TOKEN_AGED)
    publish(world, version)
    world.clock.sleep(11)  # the quiet time is over
    return world


def publish(world: World, version: int) -> None:
    for account in REALMS:
        world.publish(f"invoice.{'created' if version == 1 else 'updated'}", event(account, version))


def pushed(first: str, second: str, version: int, at: int) -> World:
    """The world after `second` was pushed at call `at` of the push of `first`."""
    world = both_ready(version)
    world.start(Boundaries(at=at, mode=Mode.MEANWHILE, meanwhile=lambda: world.push(second)))
    world.push(first)
    return world


def assert_calls_are_apart(world: World) -> None:
    """The journal keeps the end of each token, "…<realm>-<number>"."""
    calls = [entry for entry in world.emulator.journal if entry.kind != "oauth"]
    assert {entry.realm for entry in calls} == set(REALMS.values())
    for account, realm in REALMS.items():
        (other,) = set(NAMES) - {account}
        for entry in calls:
            if entry.realm == realm:
                owner = entry.token.rpartition("-")[0]
                assert owner, "the journal's end of the token no longer shows the realm"
                assert realm.endswith(owner), f"{entry.operation}: token of another realm"
                assert entry.status == 200, f"{entry.operation}: {entry.status}"
                assert NAMES[other] not in f"{entry.query} {entry.body}"


def assert_books_are_apart(world: World, version: int) -> None:
    for account, realm in REALMS.items():
        company = world.companies[account]
        assert_each_once(company)
        (invoice,) = standing(company)
        subtotal, _, total = TOTALS[account, version]
        assert Decimal(str(invoice["TotalAmt"])) == Decimal(total)
        assert sales_lines(invoice) == [(f"Work for {NAMES[account]}", Decimal(subtotal))]
        assert [each["DisplayName"] for each in company.entities("Customer")] == [NAMES[account]]
        assert world.record("invoice", 309, account)["status"] == "synced"
        (foreign,) = set(REALMS.values()) - {realm}
        places = [f"{item['pk']['S']} {item['sk']['S']}" for item in world.items(f"acct#{account}")]
        assert not [place for place in places if foreign in place]


@pytest.mark.parametrize(("first", "second", "version"), [("acme", "globex", 1), ("globex", "acme", 2)])
def test_an_account_pushed_at_any_call_of_another_stays_apart(first: str, second: str, version: int) -> None:
    alone = both_ready(version)
    alone.start(Boundaries())
    alone.push(first)
    calls = alone.boundaries.calls
    assert any(call.startswith("qbo.POST") for call in calls)
    for at, call in enumerate(calls):
        world = pushed(first, second, version, at)
        assert world.boundaries.hit == call
        try:
            world.run()
            assert_calls_are_apart(world)
            assert_books_are_apart(world, version)
        except AssertionError as error:
            raise AssertionError(f"call {at} ({call}): {error}") from error
