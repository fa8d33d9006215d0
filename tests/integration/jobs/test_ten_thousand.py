"""A slice of the run with ten thousand: the limits are used, nothing is double, and the calls are counted."""

import random

import pytest

from tests.simulation.ten_thousand import ENOUGH, export_products, import_customers

pytestmark = pytest.mark.usefixtures("aws_services")


def test_an_import_of_500_customers_uses_syncros_limit_and_survives_two_deaths() -> None:
    figures = import_customers(500, random.Random(7))
    # One request each; what was in doubt after a death is looked up, 25 rows at most each time.
    assert 500 <= figures.calls <= 550
    assert figures.used >= ENOUGH
    assert figures.peak <= 180
    assert len(figures.kills) == 2


@pytest.mark.parametrize(("members_count", "calls"), [(False, 30), (True, 30)])
def test_an_export_of_900_products_is_30_full_batches_and_uses_the_limit(members_count: bool, calls: int) -> None:
    figures = export_products(900, random.Random(11), deaths=0, members_count=members_count)
    assert figures.calls == calls
    assert figures.used >= ENOUGH
    assert figures.peak <= 40
    assert figures.reads == 4  # two of the company, the count and the one page of the list


def test_an_export_survives_two_deaths() -> None:
    figures = export_products(300, random.Random(13))
    # Ten batches; a death may leave one in doubt, which is proven and looked up, or sent again.
    assert 10 <= figures.calls <= 16
    assert len(figures.kills) == 2
