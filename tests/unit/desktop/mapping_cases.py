"""Syncro's things, settings and a company for the mapping to Desktop."""

from typing import Any

from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.model import Attention, Skip, Wait, Write
from syncro_quickbooks.sync.pick_lists import Entry
from syncro_quickbooks.sync.settings import Settings, load_settings
from syncro_quickbooks.syncro.models import Customer
from tests.support import events

COMPANY = Company(
    country="US",
    versions=("12.0", "13.0"),
    sales_tax=True,
    taxable_code={"ListID": "C-TAX"},
    untaxed_code={"ListID": "C-NON"},
    lists={"items": (Entry("I-LABOR", "Labor:On site", "ItemService"), Entry("I-CABLE", "Cable", "ItemNonInventory"))},
)


def settings(**changes: Any) -> Settings:
    return load_settings(
        {
            "schema": 1,
            "start_date": "2026-01-01",
            "fallback_item": {"id": "I-FALLBACK"},
            "tax_codes": {"1": {"id": "T-CITY"}},
            "deposit_account": {"id": "A-UNDEPOSITED"},
            "payment_methods": {"Check": {"kind": "money", "method": {"id": "M-CHECK"}}},
            "sync_store_credit": True,
            "store_credit_item": {"id": "I-CREDIT"},
            **changes,
        }
    )


def organization(**fields: Any) -> Customer:
    return Customer.model_validate({**events.customer(), **fields})


def lines_of(write: Write) -> list[JsonObject]:
    """The lines of a new invoice."""
    lines = write.body["InvoiceLineAdd"]
    assert isinstance(lines, list)
    found = [each for each in lines if isinstance(each, dict)]
    assert len(found) == len(lines)
    return found


def code_of(decision: object) -> str:
    assert isinstance(decision, Attention | Skip | Wait), decision
    return decision.problem.code
