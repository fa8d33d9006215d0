"""Connections that nobody uses: kept alive, and paused when Intuit no longer accepts them.

A refresh token lives 100 days from its last refresh (facts: QBO 2.10): without invoices it would be lost unseen.
"""

from datetime import datetime

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.faults import AccountBlocked, QuickBooksError, Reconnect
from syncro_quickbooks.online.token_store import IDLE, TokenStore
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.storage.table import Item, Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition, Pause
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.wake import due_items

_MOST_PER_SHARD = 200


def pause_until_reconnected(accounts: Accounts, connection: Connection, problem: Problem, log: Log) -> None:
    """Nothing is sent before somebody signs in again; the queue stays. Logged once, for alarms to count."""
    if accounts.pause(connection, Pause(problem)):
        fields = {"account_id": connection.account_id, "realm_id": connection.realm_id, "reason": problem.code}
        log.warning("connection_needs_reconnect", extra=fields)


class IdleConnections:
    """Refreshes the tokens of connections that have not been used for a week."""

    def __init__(self, table: Table, tokens: TokenStore, accounts: Accounts, clock: Clock, log: Log) -> None:
        self._table = table
        self._tokens = tokens
        self._accounts = accounts
        self._clock = clock
        self._log = log

    def refresh_due(self, deadline: datetime) -> int:
        """Refresh what is due and return how many; what `deadline` or a failure leaves is due the next time, too.

        What one account's item raises that nobody expects is raised once the others have had their turn.
        """
        refreshed = 0
        unexpected: Exception | None = None
        for item in due_items(self._table, IDLE, to_millis(self._clock.now()), _MOST_PER_SHARD):
            if self._clock.now() >= deadline:
                break
            account_id = str(item["pk"]).removeprefix("acct#")
            try:
                refreshed += self._refresh(account_id, item)
            except AccountBlocked:
                raise  # it is the app itself that Intuit refuses: the next account would fare no better
            except QuickBooksError as error:
                self._log.warning(
                    "idle token not refreshed yet", extra={"account_id": account_id, "reason": str(error)}
                )
            except Exception as error:  # noqa: BLE001 - the others' consents must not die of it
                fields = {"account_id": account_id, "reason": type(error).__name__}
                self._log.warning("idle token cannot be refreshed", extra=fields)
                unexpected = error
        if unexpected is not None:
            raise unexpected
        return refreshed

    def _refresh(self, account_id: str, item: Item) -> bool:
        """Its access token has long expired, so asking for one is a refresh."""
        realm_id = str(item["realm_id"])
        try:
            self._tokens.access_token(ConnectionKey(account_id, realm_id))
        except Reconnect as lost:
            connection = self._accounts.connection(account_id)
            if connection is not None and (connection.edition, connection.realm_id) == (Edition.ONLINE, realm_id):
                pause_until_reconnected(self._accounts, connection, lost.problem, self._log)
            return False
        return True
