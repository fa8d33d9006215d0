"""Offboarding: an account leaves. Its sign-in goes at once, everything else after a set time, unless called off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.storage.table import (
    ABSENT,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Table,
    Update,
)
from syncro_quickbooks.sync.accounts import Accounts
from syncro_quickbooks.sync.audit import Audit, Deed
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem, Who
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.sync.wake import due_items, shard_of

LOOKED_AT_AGAIN_AFTER = timedelta(hours=1)
"""What was under way when the deletion began has been written by then; it is deleted, too."""

_DUE = "offboarding"
_MOST_PER_SHARD = 10

OFFBOARDING = Problem(
    "offboarding",
    "This account is being offboarded: its sign-in was deleted and the rest of its data will be.",
    "Call the offboarding off first.",
    Who.ADMIN,
)


def not_leaving(account_id: str) -> Check:
    """Lets a transaction fail while the account is being offboarded."""
    return Check(_place(account_id), ABSENT)


@dataclass(frozen=True, slots=True)
class Leaving:
    """An account that is being offboarded: since when, and when the rest of its data is deleted."""

    since: datetime
    erased_at: datetime


class Offboarding:
    """Starts, calls off and carries out offboardings.

    `kept` is how long data outlive the start; `close(account_id)` gives up what stands outside the account's own items.
    """

    def __init__(
        self, table: Table, accounts: Accounts, clock: Clock, kept: timedelta, close: Callable[[str], None]
    ) -> None:
        self._table = table
        self._accounts = accounts
        self._clock = clock
        self._kept = kept
        self._close = close
        self._audit = Audit(table, clock)

    def of(self, account_id: str) -> Leaving | None:
        """The account's offboarding, None if there is none."""
        item = self._table.get(_place(account_id))
        if item is None:
            return None
        return Leaving(from_millis(int(str(item["since"]))), from_millis(int(str(item["erased_at"]))))

    def starting(self, account_id: str, user_id: str, realm_id: str) -> list[Put]:
        """The writes that start it, to be part of the transaction that deletes the account's sign-in.

        They fail if it was started before.
        """
        now = self._clock.now()
        erased_at = to_millis(now + self._kept)
        place = _place(account_id)
        item: Item = {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "since": to_millis(now), "erased_at": erased_at}
        item |= {"next_due": erased_at, "due_shard": shard_of(_DUE, account_id), "begun": False, "found": 0}
        noted = self._audit.entry(account_id, Deed.OFFBOARDING_STARTED, user_id, realm_id)
        return [Put(item, ABSENT), noted]

    def call_off(self, account_id: str, user_id: str, realm_id: str) -> bool:
        """End it; the account has to be connected again. False if there is none, or the deletion has begun."""
        waiting = Condition("#begun = :no", {":no": False})
        noted = self._audit.entry(account_id, Deed.OFFBOARDING_CALLED_OFF, user_id, realm_id)
        try:
            self._table.transact([Delete(_place(account_id), waiting), noted])
        except ConditionFailed:
            return False
        return True

    def erase_due(self, deadline: datetime) -> int:
        """Delete what is due, until `deadline`. Returns how many accounts are gone; the rest goes on the next time."""
        gone = 0
        for item in due_items(self._table, _DUE, to_millis(self._clock.now()), _MOST_PER_SHARD):
            if self._clock.now() >= deadline:
                break
            gone += self._erase(str(item["pk"]).removeprefix("acct#"), item, deadline)
        return gone

    def _erase(self, account_id: str, item: Item, deadline: datetime) -> bool:
        """Go through the table once, from where the last run stopped; gone when a whole look has found nothing."""
        if not self._begun(account_id):
            return False
        found, after = int(str(item["found"])), _cursor(item)
        while True:
            keys, after = self._table.keys_of(f"acct#{account_id}", after)
            doomed = [key for key in keys if key != _place(account_id)]
            self._table.delete_all(doomed)
            found += len(doomed)
            if after is None:
                return self._looked_through(account_id, found)
            self._note(account_id, found, after)
            if self._clock.now() >= deadline:
                return False

    def _begun(self, account_id: str) -> bool:
        """From here on there is no way back: the account is not known any more, so its events are refused."""
        waiting = Condition("attribute_exists(#pk)")
        try:
            self._table.write(Update(_place(account_id), "SET #begun = :yes", {":yes": True}, waiting))
        except ConditionFailed:
            return False  # called off this very moment
        self._close(account_id)
        self._accounts.allow_posting(f"account#{account_id}")
        self._table.write(Delete(Keys(account_id).of_account("connection")))
        return True

    def _looked_through(self, account_id: str, found: int) -> bool:
        if found == 0:
            self._table.write(Delete(_place(account_id)))
            return True
        again = to_millis(self._clock.now() + LOOKED_AT_AGAIN_AFTER)
        change = "SET #found = :none, #next_due = :again REMOVE #at_pk, #at_sk"
        self._table.write(Update(_place(account_id), change, {":none": 0, ":again": again}))
        return False

    def _note(self, account_id: str, found: int, after: Key) -> None:
        change = "SET #found = :found, #at_pk = :pk, #at_sk = :sk"
        self._table.write(Update(_place(account_id), change, {":found": found, ":pk": after.pk, ":sk": after.sk}))


def _cursor(item: Item) -> Key | None:
    return Key(str(item["at_pk"]), str(item["at_sk"])) if "at_pk" in item else None


def _place(account_id: str) -> Key:
    return Keys(account_id).of_account("offboarding")
