"""Tax codes to be made, and invoices taxed by them, with figures worked out by hand."""

from typing import Any

from emulators.quickbooks_online import Company
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.world import World, ready_settings

GST_QST = {"id": 3, "name": "GST + QST", "rate": "14.975", "components": []}
GST_QST["components"] = [{"id": 11, "name": "GST", "rate": "5"}, {"id": 12, "name": "QST", "rate": "9.975"}]
ZERO_CODE = "Zero-rated"


def new_code(company: Company, name: str = "GST + QST", **rates: str) -> dict[str, Any]:
    """A confirmed tax code: rates as name=percent, 5 % GST and 9.975 % QST unless told otherwise."""
    agency = company.entities("TaxAgency")[0]
    return {
        "name": name,
        "agency": {"id": agency["Id"], "name": agency["DisplayName"]},
        "rates": [{"name": each, "percent": percent} for each, percent in (rates or _QUEBEC).items()],
    }


_QUEBEC = {"GST": "5", "QST": "9.975"}


def with_new_codes(world: World, codes: dict[str, Any], **company: Any) -> Company:
    """Connect the account to a company of which nothing but `codes` is known for tax, by Syncro rate id."""
    made = world.connect(**{"country": "CA", **company})
    confirm(world, codes_of(made, codes))
    return made


def codes_of(company: Company, codes: dict[str, Any]) -> dict[str, Any]:
    """`codes` with what a test leaves to the company filled in."""
    return {rate: code if "agency" in code else new_code(company, **code) for rate, code in codes.items()}


def confirm(world: World, codes: dict[str, Any], **changes: Any) -> None:
    """Save settings that ask for these tax codes."""
    company = world.companies[ACCOUNT]
    zero = [each for each in company.entities("TaxCode") if each["Name"] == ZERO_CODE]
    special = {"zero_tax_code": {"id": zero[0]["Id"], "name": ZERO_CODE}} if zero else {}
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    settings = ready_settings(company, tax_codes={}, new_tax_codes=codes, **{**special, **changes})
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=connection.settings_version)


def grouped(number: int = 309, **fields: Any) -> dict[str, Any]:
    """4,495.16 with 5 % and 9.975 %: 224.758 and 448.39221, so 224.76 and 448.39, 673.15 in all."""
    lines = fields.pop("lines", [line(1, 3, price="4495.16")])
    totals = fields.pop("totals", ("4495.16", "673.15", "5168.31"))
    rates = fields.pop("tax_rates", [GST_QST])
    detail = invoice_detail(number, lines=lines, totals=totals, **{"tax_rate_id": 3, **fields})
    return {**detail, "tax_rates": rates}
