"""An invoice in QuickBooks that is changed on either side, for somebody to decide about."""

from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company
from tests.support.books import standing
from tests.support.events import invoice_detail, line
from tests.support.world import World, ready_settings


def posted(world: World, **settings: Any) -> tuple[Company, dict[str, Any]]:
    """One invoice of 216.00 in QuickBooks."""
    company = world.connect()
    if settings:
        world.deployment.accounts.save_settings("acme", ready_settings(company, **settings), version=1)
    world.publish("invoice.created", invoice_detail())
    world.run()
    (invoice,) = standing(company)
    return company, invoice


def change(world: World, version: int = 2) -> None:
    """A newer version with 432.00."""
    lines = [line(1, 3), line(2, 4, quantity="3.0")]
    world.publish("invoice.updated", invoice_detail(version=version, lines=lines, totals=("400.00", "32.00", "432.00")))
    world.run()


def edited(world: World, company: Company, invoice: dict[str, Any]) -> None:
    """A person changes the number in QuickBooks, then the invoice changes in Syncro."""
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "A-77"})
    change(world)


def held(company: Company, entity: str, object_id: str) -> dict[str, Any]:
    """An object that QuickBooks still has."""
    found = company.get(entity, object_id)
    assert found is not None
    return found


def total(document: dict[str, Any]) -> Decimal:
    return Decimal(str(document["TotalAmt"]))
