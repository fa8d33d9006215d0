"""The nightly comparison over the API: sums as texts, every document that differs, only the caller's own."""

from typing import Any

import pytest

from tests.support.console import Console
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.world import World


@pytest.fixture
def company(world: World) -> Any:
    return world.connect()


def test_the_sums_of_the_newest_nights_and_what_is_unexplained(world: World, company: Any, console: Console) -> None:
    assert console.get("/reconciliation") == {"nights": []}
    for number in (1, 2):
        world.publish("invoice.created", invoice_detail(number))
    world.run()
    company.delete_by_hand("Invoice", company.entities("Invoice")[0]["Id"])
    world.clock.advance_to(world.deployment.nights.tonight())
    world.deployment.nightly.run(ACCOUNT)

    (night,) = console.get("/reconciliation?nights=5")["nights"]
    assert night["unexplained"] == night["documents_in_all"] == 1
    invoices = night["kinds"]["invoice"]
    assert invoices["syncro"] == {"count": 2, "total": "432.00", "open": "432.00"}
    assert invoices["quickbooks"] == {"count": 1, "total": "216.00", "open": "216.00"}
    assert invoices["lines"] == {"unexplained": {"count": 1, "total": "216.00", "open": "216.00"}}
    (document,) = night["documents"]
    assert (document["kind"], document["line"], document["total"]) == ("invoice", "unexplained", "216.00")
    assert document["name"] in night["problem"]["message"]
    assert night["problem"]["fix"]


def test_nobody_sees_another_accounts_nights(world: World, company: Any, console: Console) -> None:
    world.connect("other", "9130002")
    world.publish("invoice.created", invoice_detail(1, account="other"))
    world.run()
    world.clock.advance_to(world.deployment.nights.tonight())
    world.deployment.nightly.run("other")
    assert len(world.deployment.nights.newest("other", 1)) == 1
    assert console.get("/reconciliation") == {"nights": []}


@pytest.mark.parametrize("nights", ["0", "15", "-1", "many"])
def test_a_number_of_nights_that_is_none_is_refused(world: World, console: Console, nights: str) -> None:
    answer = console.request("GET", f"/reconciliation?nights={nights}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
