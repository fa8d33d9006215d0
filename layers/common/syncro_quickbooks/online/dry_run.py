"""The dry run: what the push would do now, found out by letting it run on a table that keeps everything to itself.

It is the push, so the two cannot differ, except in what only QuickBooks' answers can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.dry_client import DryClient, Looked, Sent
from syncro_quickbooks.online.push import ClientFactory, Push
from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.online.work import OutOfTime
from syncro_quickbooks.storage.overlay import Overlay
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection
from syncro_quickbooks.sync.dispatches import Member, dispatch_from_item
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import RecordKey
from syncro_quickbooks.sync.records import Record, state_from_item
from syncro_quickbooks.sync.rehearsal import decided, silent_wakes, stage

PATIENCE = timedelta(seconds=12)
"""The last read may begin then and take as long again, and API Gateway waits 29 s."""

_AS_LONG_AS_A_PUSH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: its steps in order, how each record it looked at would stand then, and how it would end."""

    ended: str
    steps: tuple[Sent | Looked, ...]
    records: tuple[Record, ...]


class DryRun:
    """Plans for one deployment. Writes nothing, sends nothing, and reads from QuickBooks only if told to."""

    def __init__(self, table: Table, clock: Clock, client_for: ClientFactory, log: Log) -> None:
        self._table = table
        self._clock = clock
        self._client_for = client_for
        self._log = log

    def plan(self, account_id: str, only: RecordKey | None, *, read: bool) -> Plan:
        """What would be done for the outbox, or for one record as if somebody retried it now."""
        overlay = stage(self._table, account_id, only, self._clock)
        clients: list[DryClient] = []

        until = self._clock.now() + PATIENCE

        def keep_going() -> None:
            if self._clock.now() >= until:
                raise OutOfTime

        def client_for(connection: Connection, limiter: RateLimiter) -> Client:
            real = self._client_for(connection, limiter) if read else None
            known = _Known(overlay, account_id, connection.realm_id)
            clients.append(DryClient(real, known.members, known.object, keep_going))
            return clients[-1]

        wakes = silent_wakes(overlay, self._clock)
        jobs = Jobs(overlay, Accounts(overlay, self._clock, wakes), self._clock, wakes)
        push = Push(overlay, wakes, self._clock, client_for, self._log, jobs=jobs)
        report = push.run(account_id, self._clock.now() + _AS_LONG_AS_A_PUSH)
        steps = tuple(step for client in clients for step in client.steps)
        return Plan(report.ended, steps, decided(overlay.changed, account_id))


class _Known:
    """What the overlay knows of the company."""

    def __init__(self, overlay: Overlay, account_id: str, realm_id: str) -> None:
        self._overlay = overlay
        self._keys = Keys(account_id)
        self._realm_id = realm_id

    def members(self) -> Sequence[Member]:
        """Of the dispatch that was frozen or noted last: the one that is being sent."""
        partition = self._keys.dispatches(self._realm_id)
        changed = [item for key, item in self._overlay.changed.items() if key.pk == partition and item is not None]
        return dispatch_from_item(self._realm_id, changed[-1]).members if changed else ()

    def object(self, entity: str, qbo_id: str) -> JsonObject | None:
        """An object as we last knew it."""
        owner = self._overlay.get(self._keys.owner(self._realm_id, entity, qbo_id))
        if owner is None:
            return None
        key = RecordKey.parse(str(owner["record"]))
        return state_from_item(self._overlay.get(self._keys.realm_state(key, self._realm_id))).object
