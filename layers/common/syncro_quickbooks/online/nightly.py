"""One account's night: compare it with QuickBooks Online, keep the report, and say what is unexplained."""

from collections.abc import Callable
from typing import TypeAlias

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.faults import QuickBooksError
from syncro_quickbooks.online.rate import RateLimiter, RateState
from syncro_quickbooks.online.reconciling import Comparison
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.nights import Nights
from syncro_quickbooks.sync.reconciliation import Reconciliation
from syncro_quickbooks.sync.settings import SettingsError, load_settings

ClientFactory: TypeAlias = Callable[[Connection, RateLimiter], Client]


class Nightly:
    """Compares accounts. Its reads are polls: they stop long before those that the books need."""

    def __init__(
        self, table: Table, clock: Clock, accounts: Accounts, nights: Nights, *, client_for: ClientFactory, log: Log
    ) -> None:
        self._table = table
        self._clock = clock
        self._accounts = accounts
        self._nights = nights
        self._client_for = client_for
        self._log = log

    def run(self, account_id: str) -> Reconciliation | None:
        """Compare the account if it is due. None if it was not, or could not be: then the coming night is its time."""
        if not self._nights.is_due(account_id):
            return None
        connection = self._accounts.connection(account_id)
        if connection is None or connection.edition is not Edition.ONLINE or connection.settings is None:
            self._nights.forget(account_id)
            return None
        started = self._clock.now()
        try:
            found = self._compared(connection)
        except (QuickBooksError, SettingsError) as error:
            fields = {"account_id": account_id, "reason": f"{type(error).__name__}: {error}"}
            self._log.warning("Not compared tonight", extra=fields)
            self._nights.put_off(account_id)
            return None
        self._nights.save(account_id, found)
        self._nights.done(account_id, started)
        return found

    def _compared(self, connection: Connection) -> Reconciliation:
        health = self._accounts.health(connection)
        limiter = RateLimiter(self._clock, RateState.from_item(health.rate))
        settings = load_settings(connection.settings or {})
        return Comparison(self._table, self._clock, self._client_for(connection, limiter), settings).run()
