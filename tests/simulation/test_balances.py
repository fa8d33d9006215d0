"""Whatever is done in Syncro, and however its events arrive: each customer owes the same in both, to the cent."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import assert_each_once, standing
from tests.support.events import ACCOUNT
from tests.support.syncro_model import SyncroAccount
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

AMOUNTS = st.integers(min_value=1, max_value=50_000).map(lambda cents: Decimal(cents) / 100)
PICKS = st.integers(min_value=0, max_value=7)
Deed = Callable[[SyncroAccount], None]

DEEDS: st.SearchStrategy[Deed] = st.one_of(
    AMOUNTS.map(lambda amount: lambda account: account.invoice(amount)),
    st.tuples(PICKS, AMOUNTS).map(lambda drawn: lambda account: account.pay(*drawn)),
    AMOUNTS.map(lambda amount: lambda account: account.give_credit(amount)),
    st.tuples(PICKS, AMOUNTS).map(lambda drawn: lambda account: account.use_credit(*drawn)),
    PICKS.map(lambda pick: lambda account: account.move_use(pick)),
    st.tuples(PICKS, AMOUNTS).map(lambda drawn: lambda account: account.change_credit(*drawn)),
    PICKS.map(lambda pick: lambda account: account.apply_rest(pick)),
    st.tuples(PICKS, AMOUNTS).map(lambda drawn: lambda account: account.reprice(*drawn)),
    PICKS.map(lambda pick: lambda account: account.delete(pick)),
)


def owed_in_quickbooks(world: World, name: str) -> Decimal:
    company = world.companies[ACCOUNT]

    def total(entity: str, field: str) -> Decimal:
        of_customer = [each for each in standing(company, entity) if each["CustomerRef"].get("name") == name]
        return sum((Decimal(str(each[field])) for each in of_customer), Decimal(0))

    return total("Invoice", "Balance") - total("Payment", "UnappliedAmt") - total("CreditMemo", "RemainingCredit")


def open_in_quickbooks(world: World) -> dict[str, Decimal]:
    return {each["DocNumber"]: each["Balance"] for each in standing(world.companies[ACCOUNT])}


@settings(max_examples=60, deadline=None)
@given(
    deeds=st.lists(st.tuples(st.integers(min_value=1, max_value=2), DEEDS), min_size=3, max_size=14),
    order=st.randoms(use_true_random=False),
    jumble=st.integers(min_value=0, max_value=8),
)
def test_what_each_customer_owes_is_the_same_in_both(deeds: list[tuple[int, Deed]], order: Random, jumble: int) -> None:
    accounts = {customer_id: SyncroAccount(customer_id) for customer_id in (1, 2)}
    events = []
    for customer_id, deed in deeds:
        before = len(accounts[customer_id].events)
        deed(accounts[customer_id])
        events += accounts[customer_id].events[before:]
    # Every event is late by up to `jumble` others, some come twice, and pushes happen in between.
    late = sorted(enumerate(events), key=lambda placed: placed[0] + order.uniform(0, jumble))
    world = World()
    world.connect(number_check=False, everything=True)
    for _, event in late:
        for _ in range(order.choice([1, 1, 2])):
            world.publish(*event)
        world.run_for(timedelta(seconds=order.choice([0, 0, 3, 15])))
    world.run()
    assert_each_once(world.companies[ACCOUNT])
    expected: dict[str, Decimal] = {}
    for account in accounts.values():
        name = account.customer["business_then_name"]
        assert owed_in_quickbooks(world, name) == account.balance()
        expected |= account.open_invoices()
    assert open_in_quickbooks(world) == expected
