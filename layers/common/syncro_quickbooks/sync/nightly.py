"""One account's night: compare it with its QuickBooks, keep the report, and say what is unexplained."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.log import Log
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.nights import Nights
from syncro_quickbooks.sync.reconciliation import Reconciliation
from syncro_quickbooks.sync.reconciling import Books, Comparison, NotYetRead, Unread
from syncro_quickbooks.sync.settings import SettingsError, load_settings

BooksOf: TypeAlias = Callable[[Connection], Books]


class Nightly:
    """Compares accounts with the books of their edition."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        accounts: Accounts,
        nights: Nights,
        *,
        books: Mapping[Edition, BooksOf],
        log: Log,
    ) -> None:
        self._table = table
        self._clock = clock
        self._accounts = accounts
        self._nights = nights
        self._books = books
        self._log = log

    def run(self, account_id: str) -> Reconciliation | None:
        """Compare the account if it is due. None if it was not, or could not be: then the coming night is its time,
        or when QuickBooks has been read."""
        if not self._nights.is_due(account_id):
            return None
        connection = self._accounts.connection(account_id)
        if connection is None or connection.settings is None:
            self._nights.forget(account_id)
            return None
        fields = {"account_id": account_id}
        # Whatever ends this one, a crash or the function's memory: reads are metered, so there is one a night.
        self._nights.put_off(account_id)
        try:
            books = self._books[connection.edition](connection)
            settings = load_settings(connection.settings)
            found = Comparison(self._table, self._clock, connection, settings, books).run()
        except NotYetRead:
            self._log.info("Compared once QuickBooks has been read", extra=fields)
            return None
        except (Unread, SettingsError) as error:
            reason = f"{type(error).__name__}: {error}"
            self._log.warning("Not compared tonight", extra={**fields, "reason": reason})
            return None
        self._nights.save(account_id, found)
        self._nights.done(account_id, books.read_at, differs=bool(found.unexplained))
        return found
