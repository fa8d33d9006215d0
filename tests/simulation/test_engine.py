"""The simulation itself: a seed is one history, and a history in which something is wrong is told as violated.

The many histories run with `make simulate`.
"""

from decimal import Decimal

import pytest

from tests.simulation.engine import checks, desktop_checks, history
from tests.simulation.engine.desktop_office import DesktopOffice
from tests.simulation.engine.hand import Hand
from tests.simulation.engine.history import run
from tests.simulation.engine.syncro import Syncro
from tests.simulation.engine.world import SimulatedWorld


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_a_seed_tells_the_same_story_each_time(seed: int) -> None:
    told = run(seed)
    assert told.story
    assert run(seed) == told


def test_nothing_is_violated_whatever_goes_wrong() -> None:
    told = [run(seed) for seed in range(50)]
    assert [(each.seed, each.violation) for each in told if each.violation] == []
    assert sum(each.struck.total() for each in told) > 50


def test_a_dollar_too_much_in_the_books_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def and_a_dollar(world: SimulatedWorld, accounts: list[Syncro], hand: Hand | None) -> None:
        company = next(each for each in world.companies.values() if each.entities("Customer"))
        customer = company.entities("Customer")[0]
        body = {"CustomerRef": {"value": customer["Id"]}, "TotalAmt": 1, "Line": []}
        company.create_by_hand("Payment", body)
        everything(world, accounts, hand)

    everything = checks.everything
    monkeypatch.setattr(checks, "everything", and_a_dollar)
    assert "in Syncro" in run(8).violation


def test_a_dollar_too_much_in_the_company_file_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def and_a_dollar(world: SimulatedWorld, office: DesktopOffice) -> None:
        everything(world, office)
        for invoice in office.company.entities("Invoice"):
            if Decimal(invoice["BalanceRemaining"]) > 1:
                office.company.receive(invoice["TxnID"], "1.00", Memo="syncro:payment:7:1")
                everything(world, office)

    everything = desktop_checks.everything
    monkeypatch.setattr(desktop_checks, "everything", and_a_dollar)
    monkeypatch.setattr(history, "ON_DESKTOP", 1)
    violations = [run(seed).violation for seed in range(4)]
    assert any("hooli" in each and "in Syncro" in each for each in violations)
