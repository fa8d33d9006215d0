"""How an account's sign-in at Intuit stands, without the tokens."""

from dataclasses import dataclass
from datetime import datetime

from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.storage.table import Table, Value
from syncro_quickbooks.sync.records import Keys


@dataclass(frozen=True, slots=True)
class Consent:
    """When the tokens were refreshed, and how long the consent lasts as far as Intuit said.

    `unused_until`: it ends then if nothing is refreshed before; `ends_at`: only signing in again helps after it.
    `lost_at`: Intuit refused it.
    """

    refreshed_at: datetime | None
    unused_until: datetime | None
    ends_at: datetime | None
    lost_at: datetime | None


class Consents:
    """Reads what the token store notes beside the sealed tokens."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, account_id: str) -> Consent | None:
        """The account's sign-in, None if it has none (any more)."""
        item = self._table.get(Keys(account_id).of_account("token"))
        if item is None or "sealed" not in item:
            return None
        return Consent(
            refreshed_at=_moment(item.get("refreshed_at")),
            unused_until=_moment(item.get("consent_until")),
            ends_at=_moment(item.get("consent_ends")),
            lost_at=_moment(item.get("invalid_since")),
        )


def _moment(millis: Value) -> datetime | None:
    return from_millis(millis) if isinstance(millis, int) else None
