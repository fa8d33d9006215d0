"""How much is asked of an account's QuickBooks at a time, and whether there is anything to ask."""

from dataclasses import dataclass

from syncro_quickbooks.desktop.sets import MOST_MEMBERS
from syncro_quickbooks.storage.table import Put, Table
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.records import LAYERS, SCHEMA

_SMALL = 5
"""A set of so few whose answer was lost was not too large: the line broke."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The most members of a set, and the most queries of a question."""

    most: int = MOST_MEMBERS


class Paces:
    """Keeps each account's pace: halved after a set without an answer, doubled after one with."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, account_id: str) -> Pace:
        """The account's pace."""
        item = self._table.get(Keys(account_id).of_account("desktop-pace"))
        return Pace(int(str(item["most"]))) if item else Pace()

    def unanswered(self, account_id: str, members: int) -> None:
        """A set of so many members had no answer."""
        if members > _SMALL:
            self._save(account_id, max(_SMALL, min(members, self.of(account_id).most) // 2))

    def refused(self, account_id: str, members: int) -> None:
        """A set of so many members could not be read: half of them next, until the culprit is alone."""
        self._save(account_id, max(1, members // 2))

    def answered(self, account_id: str) -> None:
        """A set had an answer."""
        most = self.of(account_id).most
        if most < MOST_MEMBERS:
            self._save(account_id, min(MOST_MEMBERS, most * 2))

    def has_due(self, account_id: str, realm_id: str, now: int) -> bool:
        """Whether something is unresolved or due in the outbox at `now` (ms)."""
        keys = Keys(account_id)
        if next(self._table.query(keys.dispatches(realm_id)), None) is not None:
            return True
        entries = (entry for layer in LAYERS for entry in self._table.query(keys.outbox(layer)))
        return any(int(str(entry["due"])) <= now for entry in entries)

    def _save(self, account_id: str, most: int) -> None:
        place = Keys(account_id).of_account("desktop-pace")
        self._table.write(Put({"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "most": most}))
