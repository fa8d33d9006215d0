"""The dry run: what the Web Connector's next session would be given, found out by asking the exchange for it.

It is the exchange itself, on a table that keeps everything to itself. What follows the first request depends on
QuickBooks' answer to it, so the plan ends there and says so.
"""

from dataclasses import dataclass, replace

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.drain import OutboxExchange
from syncro_quickbooks.desktop.exchange import NO_OP
from syncro_quickbooks.desktop.sessions import Session, Sessions
from syncro_quickbooks.desktop.work import Memory
from syncro_quickbooks.log import Log
from syncro_quickbooks.storage.overlay import Overlay
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection
from syncro_quickbooks.sync.dispatches import Member, dispatch_from_item
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import RecordKey
from syncro_quickbooks.sync.records import Record
from syncro_quickbooks.sync.rehearsal import decided, silent_wakes, stage

_LISTS_FIRST = "QuickBooks' lists for the settings; taken to be as they were when they were read last"
_ANSWER_NEEDED = "QuickBooks' answer to this; what follows depends on it"
_READS = {
    "lists": "QuickBooks' lists for the settings, which have never been read",
    "reads": "what QuickBooks has, before something is written",
    "status": "what became of a message set whose answer was lost",
    "night": "the documents of these months, for the nightly comparison",
    "lookup": "what became of a message set whose answer was lost",
}


@dataclass(frozen=True, slots=True)
class Handed:
    """One step: the qbXML that would be handed out, with whose writes are in it; or what is taken for granted."""

    qbxml: str = ""
    read: str = ""
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """What a session would be given first, how the records decided about would stand, and how it would end."""

    ended: str
    steps: tuple[Handed, ...]
    records: tuple[Record, ...]


class DesktopDryRun:
    """Plans for one deployment. Writes nothing, and no session notices."""

    def __init__(self, table: Table, clock: Clock, log: Log) -> None:
        self._table = table
        self._clock = clock
        self._log = log

    def plan(self, connection: Connection, only: RecordKey | None) -> SessionPlan:
        """What would be handed out for the outbox, or for one record as if somebody retried it now."""
        account_id = connection.account_id
        overlay = stage(self._table, account_id, only, self._clock)
        wakes = silent_wakes(overlay, self._clock)
        accounts = Accounts(overlay, self._clock, wakes)
        jobs = Jobs(overlay, accounts, self._clock, wakes)
        assumed = self._with_lists(accounts, connection)
        exchange = OutboxExchange(overlay, accounts, self._clock, self._log, jobs)
        session = self._session(overlay, account_id)
        request = exchange.next_request(session)
        memory = Memory(session.memory)
        steps = [*assumed]
        if request and request != NO_OP:
            kind, set_id = str(memory.table("step").get("kind", "")), str(memory.table("step").get("set", ""))
            members = _members(overlay, connection, set_id) if kind == "write" else ()
            steps += [Handed(request, _READS.get(kind, ""), members), Handed(read=_ANSWER_NEEDED)]
        ended = "more to decide about than one call can" if request == NO_OP else memory.text("error") or "done"
        return SessionPlan(ended, tuple(steps), decided(overlay.changed, account_id))

    def _with_lists(self, accounts: Accounts, connection: Connection) -> list[Handed]:
        """A session may read the lists first; where they are known, the plan goes on with them."""
        company = Company.from_json(connection.company) if connection.company is not None else None
        if company is None or not company.lists:
            return []
        fresh = replace(company, lists_read_at=self._clock.now())
        accounts.save_company(connection.account_id, connection.realm_id, fresh.to_json())
        return [Handed(read=_LISTS_FIRST)]

    def _session(self, overlay: Overlay, account_id: str) -> Session:
        sessions = Sessions(overlay, self._clock)
        return sessions.find(sessions.open(account_id, ""))


def _members(overlay: Overlay, connection: Connection, set_id: str) -> tuple[Member, ...]:
    item = overlay.get(Keys(connection.account_id).dispatch(connection.realm_id, set_id))
    return dispatch_from_item(connection.realm_id, item).members if item is not None else ()
