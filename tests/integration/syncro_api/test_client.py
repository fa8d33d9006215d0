"""The client of Syncro's API against the emulator: access, answers, errors of every shape, and the shared pace."""

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.storage.table import Key, Table
from syncro_quickbooks.syncro_api.access import SyncroAccess
from syncro_quickbooks.syncro_api.client import Things
from syncro_quickbooks.syncro_api.errors import (
    NoSyncroAccess,
    SyncroRefused,
    SyncroThrottled,
    SyncroUnavailable,
    messages_of,
)
from syncro_quickbooks.syncro_api.pace import Pace
from tests.integration.syncro_api.conftest import TOKEN, Setup
from tests.support.clock import ManualClock

ACCESS = Key("acct#acme", "syncro-access")


def test_a_token_is_asked_about_before_it_is_stored(setup: Setup) -> None:
    with pytest.raises(NoSyncroAccess):
        setup.deployment.syncro_access.save("acme", SyncroAccess("demo", "another-token"))
    assert setup.deployment.table.get(ACCESS) is None
    setup.deployment.syncro_access.save("acme", SyncroAccess("demo", TOKEN))
    assert setup.deployment.syncro_access.subdomain("acme") == "demo"
    assert [entry.path for entry in setup.emulator.journal] == ["/api/v1/me", "/api/v1/me"]


def test_a_refused_change_keeps_the_access_that_works(connected: Setup) -> None:
    connected.emulator.add_account("a-new-token-of-ours", "demo")
    connected.emulator.faults.add(Fault(kind="status", status=503, path="/me"))
    with pytest.raises(SyncroUnavailable):
        connected.deployment.syncro_access.save("acme", SyncroAccess("demo", "a-new-token-of-ours"))
    assert connected.deployment.syncro_access.load("acme") == SyncroAccess("demo", TOKEN)


def test_the_token_is_readable_nowhere_and_for_no_other_account(connected: Setup, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    connected.deployment.syncro("acme").page(Things.CUSTOMERS)
    stored = connected.deployment.table.get(ACCESS)
    assert stored is not None
    told = f"{stored} {connected.deployment.syncro_access.load('acme')} {[r.__dict__ for r in caplog.records]}"
    assert TOKEN not in told
    connected.deployment.table.write(_put({**stored, "pk": "acct#beta"}))
    with pytest.raises(Exception, match="InvalidCiphertext"):
        connected.deployment.syncro_access.load("beta")
    with pytest.raises(NoSyncroAccess):
        connected.deployment.syncro("nobody")


@pytest.mark.parametrize("subdomain", ["", "evil.com/", "a#b", "UPPER", "-a", "x" * 64, "a@b", "a.b"])
def test_a_subdomain_cannot_lead_elsewhere(subdomain: str) -> None:
    with pytest.raises(ValueError, match="subdomain"):
        SyncroAccess(subdomain, TOKEN)


@pytest.mark.parametrize("token", ["", "short", "with blank", "line\nbreak!", "x" * 501])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        SyncroAccess("demo", token)


def test_things_are_made_read_and_listed_with_exact_numbers(connected: Setup) -> None:
    client = connected.deployment.syncro("acme")
    fields: dict[str, Any] = {"name": "Toner", "description": "Black", "price_retail": Decimal("64.99")}
    made = client.create(Things.PRODUCTS, fields)
    assert client.get(Things.PRODUCTS, str(made["id"])) == made
    assert made["price_retail"] == Decimal("64.99")
    assert client.get(Things.PRODUCTS, "99") is None
    assert [each["id"] for each in client.all(Things.PRODUCTS, query="Toner")] == [made["id"]]


@pytest.mark.parametrize(("things", "pages"), [(Things.CUSTOMERS, 3), (Things.VENDORS, 3)])
def test_a_list_is_read_to_its_end_with_or_without_a_page_count(connected: Setup, things: Things, pages: int) -> None:
    """Customers: 60 in pages of 25 with their number. Vendors: 160 in pages of 100 without, so one look more."""
    wanted = {Things.CUSTOMERS: 60, Things.VENDORS: 160}[things]
    connected.account.load(things, *({"id": number} for number in range(1, wanted + 1)))
    found = [each["id"] for each in connected.deployment.syncro("acme").all(things)]
    assert found == list(range(1, wanted + 1))
    assert len(connected.emulator.journal) == pages


def test_a_refusal_tells_syncros_words(connected: Setup) -> None:
    client = connected.deployment.syncro("acme")
    with pytest.raises(SyncroRefused) as refused:
        client.create(Things.PRODUCTS, {"name": ""})
    assert refused.value.messages == ("Name can't be blank", "Description can't be blank")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "Not found"}, ("Not found",)),
        ({"error": ["a", "b"]}, ("a", "b")),
        ({"errors": "a"}, ("a",)),
        ({"errors": {"email": ["is taken", "is odd"]}}, ("email is taken", "email is odd")),
        ({"success": False, "message": ["a"], "params": {"x": 1}}, ("a",)),
        ({"success": False}, ("no reason given",)),
        ({"message": "Not found"}, ("Not found",)),
        ({"payment": {"id": 1}}, ()),
        ({"payment": {"id": 1}, "message": "thanks"}, ()),
        ({"errors": {}, "payment": {"id": 1}}, ()),
        (["odd"], ()),
    ],
)
def test_every_shape_of_an_error_is_read(body: Any, told: tuple[str, ...]) -> None:
    assert messages_of(body) == told


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Fault(kind="before"), SyncroUnavailable),
        (Fault(kind="after"), SyncroUnavailable),
        (Fault(kind="status", status=500), SyncroUnavailable),
        (Fault(kind="status", status=502, shape="html"), SyncroUnavailable),
        (Fault(kind="status", status=200, shape="html"), SyncroUnavailable),
        (Fault(kind="status", status=302), SyncroUnavailable),
        (Fault(kind="status", status=409), SyncroUnavailable),
        (Fault(kind="status", status=200, message="Invoice is locked"), SyncroRefused),
        (Fault(kind="status", status=404, shape="html"), SyncroRefused),
        (Fault(kind="status", status=403), NoSyncroAccess),
        (Fault(kind="status", status=429, shape="empty"), SyncroThrottled),
        (Fault(kind="status", status=200, message="a high number of requests was seen"), SyncroThrottled),
    ],
)
def test_only_a_clear_answer_is_definite(connected: Setup, fault: Fault, raised: type[Exception]) -> None:
    connected.emulator.faults.add(fault)
    with pytest.raises(raised):
        connected.deployment.syncro("acme").get(Things.CUSTOMERS, "1")
    assert len(connected.emulator.journal) == 1  # and nothing is repeated


def test_one_account_told_to_slow_down_holds_all(connected: Setup) -> None:
    connected.emulator.faults.add(Fault(kind="status", status=429))
    with pytest.raises(SyncroThrottled):
        connected.deployment.syncro("acme").page(Things.CUSTOMERS)
    with pytest.raises(SyncroThrottled) as refused:
        connected.deployment.syncro("acme", timedelta(seconds=30)).page(Things.CUSTOMERS)
    assert 55 < refused.value.retry_after <= 60
    assert len(connected.emulator.journal) == 1
    before = connected.clock.now()
    connected.deployment.syncro("acme", timedelta(seconds=90)).page(Things.CUSTOMERS)
    assert timedelta(seconds=55) < connected.clock.now() - before <= timedelta(seconds=60)


def test_a_job_uses_over_ninety_percent_of_the_limit_and_never_exceeds_it(connected: Setup) -> None:
    client, start = connected.deployment.syncro("acme"), connected.clock.now()
    for _ in range(250):
        client.page(Things.CUSTOMERS)
    minutes = (connected.clock.now() - start) / timedelta(minutes=1)
    assert {entry.status for entry in connected.emulator.journal} == {200}
    assert 250 / minutes >= 0.9 * 180


class Meddled:
    """The table of a worker who always loses the race: another one writes just before each of its own writes."""

    def __init__(self, table: Table, meddle: Callable[[], None]) -> None:
        self._table = table
        self._meddle = meddle

    def __getattr__(self, name: str) -> Any:
        if name in ("write", "update_and_get"):
            self._meddle()
        return getattr(self._table, name)


def test_workers_share_one_pace(connected: Setup) -> None:
    """No slot is handed out twice, also if one worker's write comes between another's look and write."""
    slots: list[float] = []
    start = connected.clock.now()

    class Own(ManualClock):
        def sleep(self, seconds: float) -> None:
            slots.append(seconds)

    table: Any = connected.deployment.table
    quick = Pace(table, Own(start))
    table = Meddled(table, lambda: quick.take(timedelta(minutes=5)))
    for _ in range(10):
        Pace(table, Own(start)).take(timedelta(minutes=5))
    assert len(slots) >= 15
    # The check at the start was the first; the rest of the burst went at once.
    assert slots == pytest.approx([0.353 * number for number in range(1, len(slots) + 1)])


def _put(item: Any) -> Any:
    from syncro_quickbooks.storage.table import Put

    return Put(item)
