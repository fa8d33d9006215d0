"""A product becomes an item once, and later only its name, description and prices follow."""

from decimal import Decimal

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.mapping.item import map_item
from syncro_quickbooks.sync.model import Attention, Nothing, Operation, Write
from syncro_quickbooks.sync.settings import Ref
from syncro_quickbooks.syncro.models import Product
from tests.unit.mapping.mapping_builders import CANADA, SETTINGS, US, product

SERVICE = product(21, name="Remote Support", description="Per hour", price_retail="125", price_cost="30")
STOCKED = product(23, name="Toner", maintain_stock=True, price_retail="64.99", price_cost="40.1")


def item(of: Product, current: JsonObject | None = None) -> Write:
    decision = map_item(of, SETTINGS, US, current)
    assert isinstance(decision, Write), decision
    return decision


def test_a_service_becomes_a_service_item() -> None:
    write = item(SERVICE)
    assert (write.operation, write.entity) == (Operation.CREATE, "Item")
    assert write.body == {
        "Name": "Remote Support",
        "Description": "Per hour",
        "UnitPrice": Decimal(125),
        "Type": "Service",
        "IncomeAccountRef": {"value": "60"},
        "Taxable": True,
    }


def test_a_stocked_product_becomes_a_non_inventory_item_with_cost() -> None:
    assert item(STOCKED).body == {
        "Name": "Toner",
        "UnitPrice": Decimal("64.99"),
        "PurchaseCost": Decimal("40.1"),
        "Type": "NonInventory",
        "IncomeAccountRef": {"value": "61"},
        "ExpenseAccountRef": {"value": "62"},
        "Taxable": True,
    }


def test_taxable_is_said_in_the_us_only() -> None:
    decision = map_item(SERVICE, SETTINGS, CANADA, None)
    assert isinstance(decision, Write)
    assert "Taxable" not in decision.body


def test_the_category_can_choose_the_income_account_but_is_never_sent() -> None:
    settings = SETTINGS.model_copy(update={"income_accounts_by_category": {"labor": Ref(id="77")}})
    decision = map_item(product(21, product_category="Labor"), settings, US, None)
    assert isinstance(decision, Write)
    assert decision.body["IncomeAccountRef"] == {"value": "77"}
    assert "Labor" not in str(decision.body)


def test_an_update_changes_only_name_description_and_prices_of_what_quickbooks_has() -> None:
    current: JsonObject = {
        "Id": "121",
        "SyncToken": "2",
        "Name": "Old toner",
        "FullyQualifiedName": "Supplies:Old toner",
        "Level": 1,
        "MetaData": {"CreateTime": "2026-01-01T00:00:00Z"},
        "domain": "QBO",
        "sparse": False,
        "Active": True,
        "Type": "NonInventory",
        "UnitPrice": 60,
        "PurchaseCost": 38,
        "Description": "Bookkeeper's text",
        "IncomeAccountRef": {"value": "501"},
        "ExpenseAccountRef": {"value": "502"},
        "ParentRef": {"value": "9"},
        "SubItem": True,
        "Taxable": False,
    }
    write = item(STOCKED, current)
    assert write.operation is Operation.UPDATE
    assert write.body == {
        "Id": "121",
        "SyncToken": "2",
        "Name": "Toner",
        "Active": True,
        "Type": "NonInventory",
        "UnitPrice": Decimal("64.99"),
        "PurchaseCost": Decimal("40.1"),
        "Description": "Bookkeeper's text",
        "IncomeAccountRef": {"value": "501"},
        "ExpenseAccountRef": {"value": "502"},
        "ParentRef": {"value": "9"},
        "SubItem": True,
        "Taxable": False,
    }
    assert write.digest == item(STOCKED).digest


def test_an_item_without_a_purchase_side_gets_no_cost() -> None:
    current: JsonObject = {"Id": "1", "SyncToken": "0", "Type": "Service", "IncomeAccountRef": {"value": "5"}}
    assert "PurchaseCost" not in item(STOCKED, current).body


def test_an_item_that_quickbooks_keeps_stock_of_is_left_alone() -> None:
    current: JsonObject = {"Id": "1", "SyncToken": "0", "Type": "Inventory", "QtyOnHand": 12}
    decision = map_item(STOCKED, SETTINGS, US, current)
    assert isinstance(decision, Nothing)
    assert [warning.code for warning in decision.warnings] == ["item_is_inventory"]


@pytest.mark.parametrize(
    ("of", "setting"),
    [
        (SERVICE, "income_account_service"),
        (STOCKED, "income_account_stocked"),
        (STOCKED, "expense_account"),
    ],
)
def test_a_missing_account_asks_for_that_setting(of: Product, setting: str) -> None:
    decision = map_item(of, SETTINGS.model_copy(update={setting: None}), US, None)
    assert isinstance(decision, Attention)
    assert decision.problem.code == "item_account_missing"
    assert decision.problem.actions[0].params == {"setting": setting}


def test_a_disabled_product_stays_an_active_item() -> None:
    assert "Active" not in item(product(21, disabled=True)).body


@pytest.mark.parametrize("price", ["-1", "99999999999", "0.123456"])
def test_a_price_that_quickbooks_cannot_hold_is_left_out(price: str) -> None:
    assert "UnitPrice" not in item(product(21, price_retail=price)).body


def as_quickbooks_has(write: Write, **changes: Json) -> JsonObject:
    return {**write.body, "Id": "121", "SyncToken": "0", "Active": True, **changes}


def test_only_what_syncro_changed_is_sent_so_what_the_bookkeeper_changed_stays() -> None:
    before = item(SERVICE)
    theirs = as_quickbooks_has(before, Name="Support, remote", Description="Theirs", UnitPrice=99)
    dearer = SERVICE.model_copy(update={"price_retail": Decimal(130)})
    decision = map_item(dearer, SETTINGS, US, theirs, before.digest)
    assert isinstance(decision, Write)
    assert decision.body == {**theirs, "UnitPrice": Decimal(130)}
    renamed = SERVICE.model_copy(update={"name": "Remote help"})
    decision = map_item(renamed, SETTINGS, US, theirs, before.digest)
    assert isinstance(decision, Write)
    assert decision.body == {**theirs, "Name": "Remote help"}


@pytest.mark.parametrize("of", [SERVICE, SERVICE.model_copy(update={"price_cost": Decimal(31), "taxable": False})])
def test_what_an_item_has_no_room_for_is_no_change(of: Product) -> None:
    """A service has no purchase side, hence no cost; whether it is taxable is said at create only."""
    before = item(SERVICE)
    assert isinstance(map_item(of, SETTINGS, US, as_quickbooks_has(before), before.digest), Nothing)


def test_a_changed_product_of_an_inactive_item_asks() -> None:
    inactive = as_quickbooks_has(item(SERVICE), Name="Remote Support (deleted)", Active=False)
    decision = map_item(SERVICE, SETTINGS, US, inactive)
    assert isinstance(decision, Attention)
    assert decision.problem.actions[0].params == {"entity": "Item", "id": "121"}


def test_the_item_of_a_disabled_product_is_left_alone() -> None:
    disabled = product(21, disabled=True, name="Changed")
    assert isinstance(map_item(disabled, SETTINGS, US, as_quickbooks_has(item(SERVICE))), Nothing)


def test_a_product_of_which_only_the_name_is_known_can_be_exported() -> None:
    assert item(product(77)).body == {
        "Name": "Product 77",
        "Type": "Service",
        "IncomeAccountRef": {"value": "60"},
        "Taxable": True,
    }
