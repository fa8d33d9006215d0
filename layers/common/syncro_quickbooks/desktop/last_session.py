"""What is left of an account's newest ended session, for whoever looks after the account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.desktop.sessions import Session
from syncro_quickbooks.storage.table import Item, Put, Table
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import AT_CUSTOMER, Problem
from syncro_quickbooks.sync.records import LAYERS, SCHEMA, problems_from_text, problems_to_text

_MOST_LOOKED_AT = 100
"""Entries of each layer: where nothing goes on, all of them wait."""


@dataclass(frozen=True, slots=True)
class LastSession:
    """When it was, with which company file, how many requests were sent, and what stopped it early, if anything."""

    opened_at: datetime
    ended_at: datetime
    company_file: str
    country: str
    qbxml_version: str
    requests: int
    problem: Problem | None = None


class LastSessions:
    """Keeps one `LastSession` an account."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def note(self, session: Session, problem: Problem | None) -> None:
        """`session` has ended, early if there is a `problem`."""
        key = Keys(session.account_id).of_account("desktop-last-session")
        item: Item = {
            "pk": key.pk,
            "sk": key.sk,
            "schema": SCHEMA,
            "opened_at": to_millis(session.opened_at),
            "ended_at": to_millis(self._clock.now()),
            "company_file": session.company_file,
            "country": session.country,
            "qbxml_version": session.qbxml_version,
            "requests": session.requests,
            "problems": problems_to_text([problem] if problem else []),
        }
        self._table.write(Put(item))

    def left_over(self, account_id: str) -> timedelta:
        """For how long the oldest of what is due now had been waiting when the newest session ended.

        Nothing if that session left nothing, or was stopped by what somebody at the customer has to mend.
        """
        last = self.of(account_id)
        if last is None or (last.problem is not None and last.problem.who in AT_CUSTOMER):
            return timedelta(0)
        since = self._due_since(account_id)
        return timedelta(0) if since is None else max(last.ended_at - since, timedelta(0))

    def _due_since(self, account_id: str) -> datetime | None:
        now = to_millis(self._clock.now())
        layers = (self._table.query(Keys(account_id).outbox(layer), page=_MOST_LOOKED_AT) for layer in LAYERS)
        entries = (entry for layer in layers for entry in islice(layer, _MOST_LOOKED_AT))
        waiting = [int(str(entry["since"])) for entry in entries if int(str(entry["due"])) <= now]
        return from_millis(min(waiting)) if waiting else None

    def of(self, account_id: str) -> LastSession | None:
        """The account's newest ended session, or None."""
        item = self._table.get(Keys(account_id).of_account("desktop-last-session"))
        if item is None:
            return None
        problems = problems_from_text(str(item["problems"]))
        return LastSession(
            opened_at=from_millis(int(str(item["opened_at"]))),
            ended_at=from_millis(int(str(item["ended_at"]))),
            company_file=str(item["company_file"]),
            country=str(item["country"]),
            qbxml_version=str(item["qbxml_version"]),
            requests=int(str(item["requests"])),
            problem=problems[0] if problems else None,
        )
