"""Worlds with invoices that are paid, and what QuickBooks has of payments and credits."""

from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company
from tests.support.books import standing
from tests.support.events import ACCOUNT, invoice_detail
from tests.support.payment_events import store_credit_detail
from tests.support.world import World

HALF = ("100.00", "8.00", "108.00")


def world_with(*invoices: int, **company: Any) -> World:
    world = World()
    world.connect(everything=True, number_check=False, **company)
    for invoice_id in invoices:
        world.publish("invoice.created", invoice_detail(invoice_id))
    world.run()
    return world


def books(world: World) -> Company:
    return world.companies[ACCOUNT]


def open_on(world: World) -> dict[str, Decimal]:
    """What is open on each invoice, by number."""
    return {each["DocNumber"]: Decimal(str(each["Balance"])) for each in standing(books(world))}


def payments(world: World) -> list[tuple[Decimal, Decimal, list[Decimal]]]:
    """Amount, unapplied rest, and what each line applies."""
    return [
        (each["TotalAmt"], each["UnappliedAmt"], [line["Amount"] for line in each["Line"]])
        for each in standing(books(world), "Payment")
    ]


def record(world: World, payment_id: int = 344) -> dict[str, Any]:
    return world.record("payment", payment_id)


def ids(world: World, entity: str) -> dict[str, str]:
    """QuickBooks' ids of a list, by name."""
    return {each["Name"]: each["Id"] for each in books(world).entities(entity)}


def money(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))


def credit_memos(world: World) -> list[tuple[str, Decimal, Decimal]]:
    """Marker, amount and what is left of every credit memo."""
    return [
        (each["PrivateNote"], each["TotalAmt"], each["RemainingCredit"]) for each in books(world).entities("CreditMemo")
    ]


def with_credit(world: World, credit_id: int = 259, amount: str = "40.00") -> None:
    world.publish("store_credit.created", store_credit_detail(credit_id, amount))
    world.run()
