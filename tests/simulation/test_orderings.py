"""Events in any order, any number of times, with pushes in between: the books show the newest version."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.books import assert_each_once, standing
from tests.support.events import invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

VERSIONS = {
    1: ("invoice.created", invoice_detail(version=1)),
    2: (
        "invoice.updated",
        invoice_detail(version=2, lines=[line(1, 3, quantity="2.0")], totals=("200.00", "16.00", "216.00")),
    ),
    3: (
        "invoice.updated",
        invoice_detail(version=3, lines=[line(1, 3, quantity="4.0")], totals=("400.00", "32.00", "432.00")),
    ),
    4: (
        "invoice.deleted",
        invoice_detail(version=4, lines=[line(1, 3, quantity="4.0")], totals=("400.00", "32.00", "432.00")),
    ),
}


def permuted(versions: list[int]) -> st.SearchStrategy[list[int]]:
    """Every version at least once, some twice, in any order."""
    return st.lists(st.sampled_from(versions), max_size=3).flatmap(lambda extra: st.permutations(versions + extra))


@settings(max_examples=40, deadline=None)
@given(order=permuted([1, 2, 3]), pauses=st.lists(st.sampled_from([0, 3, 12, 200]), min_size=6, max_size=6))
def test_the_newest_version_is_booked_once(order: list[int], pauses: list[int]) -> None:
    world = deliver(order, pauses)
    company = world.companies["acme"]
    assert_each_once(company)
    (invoice,) = standing(company)
    assert Decimal(str(invoice["TotalAmt"])) == Decimal("432.00")
    assert world.record("invoice", 309)["status"] == "synced"


@settings(max_examples=40, deadline=None)
@given(order=permuted([1, 2, 3, 4]), pauses=st.lists(st.sampled_from([0, 3, 12, 200]), min_size=7, max_size=7))
def test_a_deleted_invoice_counts_for_nothing(order: list[int], pauses: list[int]) -> None:
    world = deliver(order, pauses)
    company = world.companies["acme"]
    assert_each_once(company)
    assert standing(company) == []
    assert world.record("invoice", 309)["status"] == "synced"


def deliver(order: list[int], pauses: list[int]) -> World:
    world = World()
    world.connect(number_check=False)
    for version, pause in zip(order, pauses, strict=False):
        world.publish(*VERSIONS[version])
        world.run_for(timedelta(seconds=pause))
    for version in order[len(pauses) :]:
        world.publish(*VERSIONS[version])
    world.run()
    return world
