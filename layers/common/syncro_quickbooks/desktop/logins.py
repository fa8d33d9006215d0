"""Who is calling: the Web Connector's users and their passwords."""

from datetime import timedelta

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.desktop.backoff import Backoff
from syncro_quickbooks.desktop.passwords import PasswordHash, waste_time
from syncro_quickbooks.desktop.registrations import (
    LONGEST_USER,
    UNSEEN,
    Registration,
    place,
    registration_from_item,
    user_place,
)
from syncro_quickbooks.storage.table import Item, Table, Update, Value
from syncro_quickbooks.sync.wake import shard_of

MISSED_AFTER = timedelta(days=3)
"""The computer may be off over a weekend, but not for longer; a Web Connector that is on calls every 15 minutes."""

_NOTED_EVERY = timedelta(days=1)


class NotLetIn(Exception):
    """Unknown user, wrong password, or tried too often; `account_id` says whose user it was, if anybody's."""

    def __init__(self, reason: str, account_id: str = "") -> None:
        super().__init__(reason)
        self.account_id = account_id


class Logins:
    """Checks logins."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._backoff = Backoff(table, clock)

    def let_in(self, user: str, password: str, address: str) -> Registration:
        """Whose user and password these are; `address` is the caller's. Raises NotLetIn."""
        if not user or len(user) > LONGEST_USER:
            raise NotLetIn("no such user")
        named = self._table.get(user_place(user))
        account_id = str(named["account_id"]) if named else ""
        if self._backoff.waiting(user, address):
            # The right password gets the same answer, else trying on would pay.
            raise NotLetIn("too many wrong passwords from this address; the next try counts in a minute", account_id)
        # Looked up for nobody, too: how long the answer takes does not tell which users exist.
        item = self._table.get(place(account_id)) or {}
        if not _fits(item, password):
            self._backoff.failed(user, address)
            raise NotLetIn("wrong password" if account_id else "no such user", account_id)
        self._backoff.succeeded(user, address)
        self._note_seen(account_id, item)
        return registration_from_item(account_id, item)

    def _note_seen(self, account_id: str, item: Item) -> None:
        """Once a day: a Web Connector calls about a hundred times."""
        missed_at, missed = item.get("next_due"), self._clock.now() + MISSED_AFTER
        if not isinstance(missed_at, int) or missed_at < to_millis(missed - _NOTED_EVERY):
            values: dict[str, Value] = {":shard": shard_of(UNSEEN, account_id), ":due": to_millis(missed)}
            self._table.write(Update(place(account_id), "SET #due_shard = :shard, #next_due = :due", values))


def _fits(item: Item, password: str) -> bool:
    salt, digest = item.get("salt"), item.get("digest")
    if not isinstance(salt, bytes) or not isinstance(digest, bytes):
        waste_time(password)
        return False
    cost, block, parallel = (int(str(item[name])) for name in ("cost", "block", "parallel"))
    return PasswordHash(salt, digest, cost, block, parallel).fits(password)
