"""The lists that settings are chosen from: read from QuickBooks when somebody asks, kept, searched, of one account."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from emulators.quickbooks_online import Company, Fault
from syncro_quickbooks.json_types import Json
from syncro_quickbooks.sync.pick_lists import Entry, ListsUnavailable, PickList, Rate, page_of
from tests.integration.push.spending import spending
from tests.support.boundaries import Boundaries, Crash, Mode
from tests.support.events import ACCOUNT
from tests.support.world import World

INCOME = {"IncomeAccountRef": {"value": "1"}}

pytestmark = pytest.mark.usefixtures("aws_services")


def pick_list(world: World, name: str, *, account: str = ACCOUNT, refresh: bool = False) -> PickList:
    return world.deployment.settings_desk.pick_list(account, name, refresh=refresh)


def entry(world: World, list_name: str, name: str) -> Entry:
    return next(each for each in pick_list(world, list_name).entries if each.name == name)


def services(company: Company, count: int) -> None:
    """Services with names that compress about as well as real ones."""
    for number in range(count):
        name = f"Service {number:05d} {sha256(str(number).encode()).hexdigest()[:16]}"
        company.create_by_hand("Item", {"Name": name, "Type": "Service", **INCOME})


def test_each_list_says_what_a_choice_depends_on(world: World) -> None:
    world.connect(country="CA", tax_mode="manual")
    assert entry(world, "accounts", "Undeposited Funds").to_json() == {
        "id": "7",
        "name": "Undeposited Funds",
        "kind": "Other Current Asset",
        "subtype": "UndepositedFunds",
    }
    assert entry(world, "items", "Services").to_json() == {
        "id": "1",
        "name": "Services",
        "kind": "Service",
        "account": "1",
        "bought": False,
    }
    group = entry(world, "tax_codes", "GST/QST QC - 9.975").to_json()
    rates: Json = [{"name": "GST", "percent": "5"}, {"name": "QST", "percent": "9.975"}]
    assert (group["kind"], group["rates"]) == ("Sales", rates)
    assert entry(world, "tax_codes", "Exempt").kind == "Without rates"
    assert entry(world, "tax_agencies", "Canada Revenue Agency").kind == "Sales"
    assert [each.name for each in pick_list(world, "terms").entries] == ["Due on receipt", "Net 15", "Net 30", "Net 60"]
    assert entry(world, "payment_methods", "Visa").kind == "CREDIT_CARD"


def test_what_is_inactive_is_not_offered(world: World) -> None:
    company = world.connect()
    term = next(each for each in company.entities("Term") if each["Name"] == "Net 15")
    company.deactivate_by_hand("Term", term["Id"])
    assert "Net 15" not in [each.name for each in pick_list(world, "terms").entries]


def test_three_thousand_items_cost_four_reads_and_are_kept(world: World) -> None:
    company = world.connect()
    services(company, 2_999)
    with spending(world) as reading:
        read = pick_list(world, "items")
    with spending(world) as again:
        kept = pick_list(world, "items")
    assert (len(read.entries), reading.reads, again.reads) == (3_000, 4, 0)  # 3 full pages, and the end
    assert kept == read
    assert len([item for item in world.items("#lists#") if item["sk"]["S"].startswith("items#")]) == 3


def test_a_list_that_was_read_again_leaves_nothing_of_the_old_one(world: World) -> None:
    company = world.connect()
    services(company, 1_500)
    pick_list(world, "items")
    for item in company.entities("Item")[1:]:
        company.deactivate_by_hand("Item", item["Id"])
    world.clock.sleep(61)
    assert [each.name for each in pick_list(world, "items", refresh=True).entries] == ["Services"]
    assert [each.name for each in pick_list(world, "items").entries] == ["Services"]
    assert len([item for item in world.items("#lists#") if item["sk"]["S"].startswith("items#")]) == 1


def test_a_list_is_read_again_on_request_or_after_a_day_and_not_before(world: World) -> None:
    world.connect()
    reads = []
    for wait, refresh in ((0, False), (23 * 3600, False), (0, True), (30, True), (31, True), (25 * 3600, False)):
        world.clock.sleep(wait)
        with spending(world) as spent:
            pick_list(world, "terms", refresh=refresh)
        reads.append(spent.reads)
    assert reads == [1, 0, 1, 0, 1, 1]


def test_a_list_that_cannot_be_read_is_shown_as_it_was_with_the_reason(world: World) -> None:
    world.connect()
    first = pick_list(world, "terms")
    world.clock.sleep(25 * 3600)
    world.emulator.faults.add(Fault(kind="before", operation="query", entity="Term"))
    shown = pick_list(world, "terms")
    assert (shown.entries, shown.read_at) == (first.entries, first.read_at)
    assert shown.problem is not None
    assert shown.problem.code == "quickbooks_unavailable"
    assert pick_list(world, "terms").problem is None


def test_a_list_that_was_never_read_and_cannot_be_is_an_error(world: World) -> None:
    world.connect()
    world.emulator.faults.add(Fault(kind="truncate", operation="query", entity="TaxRate"))
    with pytest.raises(ListsUnavailable):
        pick_list(world, "tax_codes")
    assert not world.items("#lists#")


def test_a_reading_that_died_half_way_leaves_the_old_list_and_is_gone_on_with(world: World) -> None:
    company = world.connect()
    first = pick_list(world, "items")
    services(company, 2_500)
    world.clock.sleep(61)
    world.emulator.faults.add(Fault(kind="before", operation="query", entity="Item", nth=3))
    assert pick_list(world, "items", refresh=True).entries == first.entries
    with spending(world) as spent:
        read = pick_list(world, "items", refresh=True)
    assert (len({each.id for each in read.entries}), spent.reads) == (2_501, 1)
    assert pick_list(world, "items") == read


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER])
def test_wherever_a_reading_dies_there_is_a_whole_list(world: World, mode: Mode) -> None:
    company = world.connect()
    services(company, 1_100)
    shown = {each.id for each in pick_list(world, "items").entries}
    read, at = None, 0
    while read is None and at < 60:
        world.clock.sleep(61)
        company.create_by_hand("Item", {"Name": f"New {at}", "Type": "Service", **INCOME})
        world.start(Boundaries(at, mode))
        with suppress(Crash):
            read = pick_list(world, "items", refresh=True)
        at += 1
        world.start(Boundaries())
        found = [each.id for each in pick_list(world, "items").entries]
        assert len(found) == len(set(found))
        assert set(found) in (shown, {each["Id"] for each in company.entities("Item")})
        shown = set(found)
    assert shown == {each["Id"] for each in company.entities("Item")}
    assert at > 15


def test_what_is_gone_on_with_is_not_older_than_half_an_hour(world: World) -> None:
    company = world.connect()
    services(company, 1_500)
    world.emulator.faults.add(Fault(kind="before", operation="query", entity="Item", nth=2))
    with pytest.raises(ListsUnavailable):
        pick_list(world, "items")
    world.clock.sleep(31 * 60)
    with spending(world) as spent:
        assert len(pick_list(world, "items").entries) == 1_501
    assert spent.reads == 2


class Slow(Boundaries):
    """QuickBooks takes 6 s for every query."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def pass_through(self, name: str, *arguments: Any, **named: Any) -> Any:
        if name == "qbo.GET query":
            self._world.clock.sleep(6)
        return super().pass_through(name, *arguments, **named)


def test_a_list_that_takes_longer_than_a_page_waits_is_read_in_several_goes(world: World) -> None:
    """Each thousand of it takes 6 s, and people wait 10 s for the whole list."""
    company = world.connect()
    services(company, 4_200)
    world.start(Slow(world))
    for _ in range(2):
        with pytest.raises(ListsUnavailable) as unavailable:
            pick_list(world, "items")
        assert unavailable.value.problem.code == "list_takes_long"
    with spending(world) as spent:
        assert len(pick_list(world, "items").entries) == 4_201
    assert spent.reads == 1
    assert not [item for item in world.items("#lists#") if item["sk"]["S"].startswith("begun#")]


def test_an_account_sees_its_own_lists_only(world: World) -> None:
    world.connect()
    other = world.connect("other", "9130002")
    other.create_by_hand("Term", {"Name": "Theirs", "DueDays": 9})
    assert "Theirs" in [each.name for each in pick_list(world, "terms", account="other").entries]
    assert "Theirs" not in [each.name for each in pick_list(world, "terms").entries]


def test_the_lists_of_a_company_that_was_left_are_not_those_of_the_next(world: World) -> None:
    world.connect()
    pick_list(world, "terms")
    company = world.emulator.add_company("9130002")
    company.create_by_hand("Term", {"Name": "Net 7", "DueDays": 7})
    world.sign_in(ACCOUNT, "9130002", replace_company=True)
    assert "Net 7" in [each.name for each in pick_list(world, "terms").entries]


def test_an_unknown_list_is_no_list(world: World) -> None:
    world.connect()
    with pytest.raises(LookupError):
        pick_list(world, "customers")


# -- searching ---------------------------------------------------------------------------------------------------------

NAMES = ("Zebra", "apple", "Apple", "Banana split", "Split rail", "cherry/red")
ENTRIES = PickList("items", [Entry(str(place), name, "Service") for place, name in enumerate(NAMES)], None).entries


def pages(query: str, size: int) -> list[list[str]]:
    shown, cursor = [], ""
    while True:
        page = page_of(ENTRIES, query, cursor, size)
        shown.append([each.name for each in page.entries])
        if page.cursor is None:
            return shown
        cursor = page.cursor


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7])
def test_paging_shows_every_entry_once_in_order_of_name(size: int) -> None:
    expected = ["apple", "Apple", "Banana split", "cherry/red", "Split rail", "Zebra"]
    assert [name for page in pages("", size) for name in page] == expected


def test_searching_ignores_case_and_blanks() -> None:
    assert pages(" SPLIT ", 10) == [["Banana split", "Split rail"]]
    assert page_of(ENTRIES, "split", "", 1).total == 2
    assert pages("no such", 10) == [[]]


def test_a_cursor_stays_good_when_its_entry_is_gone() -> None:
    cursor = page_of(ENTRIES, "", "", 3).cursor or ""
    rest = [each for each in ENTRIES if each.name != "Banana split"]
    assert [each.name for each in page_of(rest, "", cursor, 10).entries] == ["cherry/red", "Split rail", "Zebra"]


def test_an_entry_comes_back_as_it_was_kept() -> None:
    full = Entry("7", "GST", "Sales", rates=(Rate("GST 5", Decimal("5.000")),))
    item = Entry("8", "Labor", "Service", account="1", bought=True)
    assert [Entry.from_json(each.to_json()) for each in (full, item)] == [full, item]


def test_a_day_is_what_a_list_is_good_for(world: World) -> None:
    world.connect()
    read_at = pick_list(world, "terms").read_at
    assert read_at == world.clock.now()
    world.clock.sleep(timedelta(hours=24).total_seconds() - 1)
    assert pick_list(world, "terms").read_at == read_at
    world.clock.sleep(1)
    assert pick_list(world, "terms").read_at == world.clock.now()
