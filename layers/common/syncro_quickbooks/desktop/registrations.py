"""What an account is known by in the Web Connector: its user, its password, and the two GUIDs of its .qwc file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from syncro_quickbooks.desktop.passwords import PasswordHash
from syncro_quickbooks.storage.table import (
    ABSENT,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    Key,
    Put,
    Table,
    Update,
    Write,
)
from syncro_quickbooks.sync.accounts import Accounts, AnotherCompany, Edition
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.records import SCHEMA

LONGEST_USER = 64
UNSEEN = "unseen-desktop"
"""Where the `due` index has the registrations whose Web Connector has called before, each due when it is missed."""

GONE_AFTER = timedelta(days=30)
"""A Web Connector that has been missed for so long was taken out of use."""


@dataclass(frozen=True, slots=True)
class Registration:
    """An account's application in the Web Connector. `file_id` names the one company file it may be used with.

    Both GUIDs have braces. They never change: the Web Connector refuses a .qwc file with others (facts: QBD 1.5).
    """

    account_id: str
    user: str
    owner_id: str
    file_id: str


class UserTaken(Exception):
    """Another account has this user name."""


class Registrations:
    """Registers accounts for Desktop."""

    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def find(self, account_id: str) -> Registration | None:
        """The account's registration, or None."""
        item = self._table.get(place(account_id))
        return registration_from_item(account_id, item) if item else None

    def register(
        self, account_id: str, user: str, noted: Callable[[str], Sequence[Write]] = lambda _: ()
    ) -> Registration:
        """Give the account a user name and its GUIDs, and connect it to the company file they name.

        `noted(file_id)` is written with the connection or not at all: raises ConditionFailed if it does not hold. An
        account that is registered already keeps what it has. Raises UserTaken, ValueError for a name that is empty or
        longer than LONGEST_USER, and AnotherCompany if the account has not left another company, Online or Desktop.
        """
        if not 0 < len(user) <= LONGEST_USER:
            raise ValueError(f"a user name has 1 to {LONGEST_USER} characters")
        known, connection = self.find(account_id), self._accounts.connection(account_id)
        free = connection is None or connection.left
        if connection is not None and not free and (known is None or connection.realm_id != known.file_id):
            raise AnotherCompany
        if known is None:
            known = self._add(Registration(account_id, user, _guid(), _guid()))
        if free:
            self._accounts.connect(account_id, Edition.DESKTOP, known.file_id, also=noted(known.file_id))
        return known

    def remove(self, account_id: str) -> None:
        """Give up user name, password and GUIDs, and end a session that is going on. What is not there is no error."""
        if writes := self.removing(account_id):
            self._table.transact(writes)

    def removing(self, account_id: str) -> list[Write]:
        """The writes of `remove`, to be part of another transaction; none if the account is not registered."""
        known = self.find(account_id)
        if known is None:
            return []
        return [Delete(user_place(known.user)), Delete(place(account_id)), _session_end(account_id)]

    def locking_out(self, account_id: str) -> list[Write]:
        """The writes that end the account's password and session, none if it is not registered."""
        if self.find(account_id) is None:
            return []
        forgotten = Update(place(account_id), "REMOVE #salt, #digest", {}, Condition("attribute_exists(#pk)"))
        return [forgotten, _session_end(account_id)]

    def _add(self, new: Registration) -> Registration:
        user, own = user_place(new.user), place(new.account_id)
        names: Item = {"pk": user.pk, "sk": user.sk, "schema": SCHEMA, "account_id": new.account_id}
        item: Item = {"pk": own.pk, "sk": own.sk, "schema": SCHEMA, "user": new.user}
        item |= {"owner_id": new.owner_id, "file_id": new.file_id}
        mine = Condition("attribute_not_exists(#pk) OR #account_id = :me", {":me": new.account_id})
        try:
            self._table.transact([Put(item, ABSENT), Put(names, mine)])
        except ConditionFailed:
            if (raced := self.find(new.account_id)) is not None:
                return raced
            raise UserTaken(f"the user name {new.user!r} belongs to another account") from None
        return new

    def set_password(self, account_id: str, password: str, also: Sequence[Write] = ()) -> None:
        """Replace the password; sessions that are open go on. `also` is written with it or not at all.

        Raises LookupError for an account not registered, ValueError for a password that is too short, and
        ConditionFailed if only `also` does not hold.
        """
        made = PasswordHash.of(password)
        change = "SET #salt = :salt, #digest = :digest, #cost = :cost, #block = :block, #parallel = :parallel"
        values: Item = {":salt": made.salt, ":digest": made.digest}
        values |= {":cost": made.cost, ":block": made.block, ":parallel": made.parallel}
        replaced = Update(place(account_id), change, values, Condition("attribute_exists(#pk)"))
        try:
            self._table.transact([replaced, *also])
        except ConditionFailed as refused:
            if 0 not in refused.failed:
                raise
            raise LookupError(f"account {account_id} is not registered for QuickBooks Desktop") from None


def registration_from_item(account_id: str, item: Item) -> Registration:
    """The registration in the item at `place`."""
    return Registration(account_id, str(item["user"]), str(item["owner_id"]), str(item["file_id"]))


def _guid() -> str:
    return f"{{{uuid4()}}}"


def _session_end(account_id: str) -> Delete:
    """Its ticket is unknown from then on, and what it still writes fails: the session is its own lease."""
    return Delete(Keys(account_id).of_account("desktop-session"))


def place(account_id: str) -> Key:
    """Where an account's registration and password are."""
    return Keys(account_id).of_account("desktop")


def user_place(user: str) -> Key:
    """Where it says whose user that is."""
    return Key(f"desktop-user#{user}", "account")
