"""Sessions of the Web Connector. Consecutive calls reach different processes, so everything is in the table.

One item an account holds its newest session, and its fencing number only ever rises: a ticket of an earlier session
finds somebody else's hash and is nothing. Each step is written on condition that nobody made one meanwhile.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import ABSENT, Condition, ConditionFailed, Item, Put, Table
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.lease import Lease
from syncro_quickbooks.sync.records import LONGEST_TEXT, SCHEMA

SILENCE = timedelta(seconds=120)
"""A session nothing has been heard of for so long may be superseded; until then another login is told to wait."""

LIFE = timedelta(hours=12)
"""A ticket is good for so long. Longer than any first export should take; the next session goes on anyway."""

# As account ids are in the events' contract, plus our own random part.
_TICKET = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]{0,62})\.[A-Za-z0-9_-]{32}")


class State(StrEnum):
    """What is expected of the Web Connector next."""

    OPENED = "opened"  # its first question, which names the company file
    READY = "ready"  # a question
    PAUSED = "paused"  # a question, after a pause
    WORKING = "working"  # nothing: a call is being worked on (or its process died)
    WAITING = "waiting"  # the answer to a request
    OVER = "over"  # at most a question for the reason, and the end
    CLOSED = "closed"  # nothing


@dataclass(frozen=True, slots=True)
class Session:
    """A session as one call sees it. `memory` belongs to the exchange; what is put there is stored after the call.

    `begun` says that the company file was the right one. `company_file` (a Windows path), `country` and
    `qbxml_version` are what the Web Connector said of QuickBooks.
    """

    account_id: str
    fence: int
    ticket_hash: str = field(repr=False)
    opened_at: datetime
    file_id: str
    turn: int = 0
    state: State = State.OPENED
    begun: bool = False
    requests: int = 0
    company_file: str = ""
    country: str = ""
    qbxml_version: str = ""
    last_error: str = ""
    outcome: str = ""
    memory: JsonObject = field(default_factory=dict)

    @property
    def lease(self) -> Lease:
        """The right to write for the account, until another session supersedes this one."""
        return Lease(Keys(self.account_id).of_account("desktop-session"), self.fence)

    @property
    def ended(self) -> bool:
        """Whether no request can follow any more."""
        return self.state in (State.OVER, State.CLOSED)


class NoSession(Exception):
    """The ticket is unknown, too old, or of a session that was superseded; the text says which.

    `account_id` is whose ticket it claims to be.
    """

    def __init__(self, reason: str, account_id: str) -> None:
        super().__init__(reason)
        self.account_id = account_id


class Busy(Exception):
    """Another session of the account is going on."""


class Sessions:
    """Opens, finds and stores sessions."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def open(self, account_id: str, file_id: str) -> str:
        """Open a session for the account's company file and return its ticket.

        One that was silent for SILENCE, or is over, is superseded. Raises Busy while another is going on.
        """
        key = Keys(account_id).of_account("desktop-session")
        before = self._table.get(key)
        now = self._clock.now()
        if before is not None and int(str(before["expires_at"])) > to_millis(now):
            raise Busy
        ticket = f"{account_id}.{secrets.token_urlsafe(24)}"
        fence = int(str(before["fence"])) + 1 if before else 1
        opened = Session(account_id, fence, _hash(ticket), now, file_id)
        unchanged = ABSENT
        if before is not None:
            unchanged = Condition("#fence = :seen AND #turn = :turn", {":seen": fence - 1, ":turn": before["turn"]})
        try:
            self._table.write(Put(self._item(opened), unchanged))
        except ConditionFailed:
            raise Busy from None
        return ticket

    def find(self, ticket: str) -> Session:
        """The session of a ticket. Raises NoSession."""
        shape = _TICKET.fullmatch(ticket)
        if shape is None:
            raise NoSession("no ticket of ours", "")
        account_id = shape[1]
        item = self._table.get(Keys(account_id).of_account("desktop-session"))
        if item is None or not hmac.compare_digest(str(item["ticket_hash"]), _hash(ticket)):
            raise NoSession("unknown ticket, or one of a session that another one has superseded", account_id)
        session = _session(account_id, item)
        if self._clock.now() >= session.opened_at + LIFE:
            raise NoSession("the ticket has expired", account_id)
        return session

    def save(self, session: Session) -> Session:
        """Store the session's next step; an ended one lets the account's next session begin at once.

        Returns it as it is now stored. Raises NoSession if another call or session came between.
        """
        stepped = replace(session, turn=session.turn + 1)
        mine = Condition("#fence = :fence AND #turn = :turn", {":fence": session.fence, ":turn": session.turn})
        try:
            self._table.write(Put(self._item(stepped), mine))
        except ConditionFailed:
            raise NoSession("another call or session came between", session.account_id) from None
        return stepped

    def _item(self, session: Session) -> Item:
        key = session.lease.key
        silent_until = 0 if session.ended else to_millis(self._clock.now() + SILENCE)
        return {
            "pk": key.pk,
            "sk": key.sk,
            "schema": SCHEMA,
            "fence": session.fence,
            "expires_at": silent_until,
            "turn": session.turn,
            "ticket_hash": session.ticket_hash,
            "opened_at": to_millis(session.opened_at),
            "file_id": session.file_id,
            "state": str(session.state),
            "begun": session.begun,
            "requests": session.requests,
            "company_file": session.company_file,
            "country": session.country,
            "qbxml_version": session.qbxml_version,
            "last_error": session.last_error[:LONGEST_TEXT],
            "outcome": session.outcome[:LONGEST_TEXT],
            "memory": pack(session.memory),
        }


def _session(account_id: str, item: Item) -> Session:
    memory = unpack(item["memory"])
    return Session(
        account_id=account_id,
        fence=int(str(item["fence"])),
        ticket_hash=str(item["ticket_hash"]),
        opened_at=from_millis(int(str(item["opened_at"]))),
        file_id=str(item["file_id"]),
        turn=int(str(item["turn"])),
        state=State(str(item["state"])),
        begun=bool(item["begun"]),
        requests=int(str(item["requests"])),
        company_file=str(item["company_file"]),
        country=str(item["country"]),
        qbxml_version=str(item["qbxml_version"]),
        last_error=str(item["last_error"]),
        outcome=str(item["outcome"]),
        memory=memory if isinstance(memory, dict) else {},
    )


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
