"""Reads what a company is like, at connect and once a day."""

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.faults import Unavailable
from syncro_quickbooks.online.read_budget import ReadPurpose


def read_company(client: Client, info: JsonObject | None = None) -> Company:
    """The company as QuickBooks describes it: two metered reads, one if its `CompanyInfo` is at hand.

    Raises as `Client.query` and `Company.from_quickbooks`.
    """
    preferences = _only(client, "Preferences")
    return Company.from_quickbooks(preferences, info or _only(client, "CompanyInfo"))


def _only(client: Client, entity: str) -> JsonObject:
    rows = client.query(f"SELECT * FROM {entity}", entity, ReadPurpose.USER)  # noqa: S608 - QuickBooks' query language
    if len(rows) != 1:
        raise Unavailable("unreadable", explanation=f"{len(rows)} rows of {entity} instead of one")
    return rows[0]
