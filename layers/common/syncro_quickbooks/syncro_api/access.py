"""An account's access to Syncro's API: its subdomain and a token, checked before it is stored, sealed at rest."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.log import Log
from syncro_quickbooks.storage.table import Delete, Item, Put, Table, Write
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.offboarding import not_leaving
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.syncro_api.errors import NoSyncroAccess
from syncro_quickbooks.vault import Vault

_SUBDOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_TOKEN = re.compile(r"[\x21-\x7e]{8,500}")


@dataclass(frozen=True, slots=True)
class SyncroAccess:
    """Where an account's Syncro is and what opens it; the token never shows in a repr."""

    subdomain: str
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError with words for the person who typed it."""
        if not _SUBDOMAIN.fullmatch(self.subdomain):
            raise ValueError("subdomain: the part of your Syncro address before .syncromsp.com, in lower case")
        if not _TOKEN.fullmatch(self.token):
            raise ValueError("token: 8 to 500 visible characters without blanks, as Syncro showed it when it was made")


class AccessStore:
    """The stored accesses, one an account. `check` asks Syncro with an access, raising SyncroError if it is no good."""

    def __init__(
        self, table: Table, vault: Callable[[], Vault], clock: Clock, check: Callable[[str, SyncroAccess], None]
    ) -> None:
        self._table = table
        self._vault = vault
        self._clock = clock
        self._check = check

    def save(self, account_id: str, access: SyncroAccess, also: Sequence[Write] = ()) -> None:
        """Ask Syncro with it, then store it in place of the one before; `also` is written with it or not at all.

        Raises NoSyncroAccess (Syncro does not accept it), SyncroThrottled, SyncroUnavailable, and ConditionFailed for
        an account that is leaving: nothing is stored then.
        """
        self._check(account_id, access)
        place = Keys(account_id).of_account("syncro-access")
        sealed = self._vault().seal(_owner(account_id, access.subdomain), access.token.encode())
        item: Item = {"pk": place.pk, "sk": place.sk, "schema": SCHEMA, "subdomain": access.subdomain}
        saved = Put({**item, "sealed": list(sealed), "saved_at": to_millis(self._clock.now())})
        self._table.transact([not_leaving(account_id), saved, *also])

    def subdomain(self, account_id: str) -> str | None:
        """The subdomain of the stored access, None without one."""
        item = self._table.get(Keys(account_id).of_account("syncro-access"))
        return str(item["subdomain"]) if item else None

    def load(self, account_id: str) -> SyncroAccess:
        """The account's access. Raises NoSyncroAccess if none is stored."""
        item = self._table.get(Keys(account_id).of_account("syncro-access"))
        if item is None:
            raise NoSyncroAccess("no Syncro API token is stored for this account")
        sealed, subdomain = item["sealed"], str(item["subdomain"])
        parts = [part for part in sealed if isinstance(part, bytes)] if isinstance(sealed, list) else []
        return SyncroAccess(subdomain, self._vault().open(_owner(account_id, subdomain), parts).decode())

    def forget(self, account_id: str) -> None:
        """Delete the account's access; the token itself stays valid until it is deleted in Syncro."""
        self._table.write(self.forgetting(account_id))

    def forgetting(self, account_id: str) -> Delete:
        """The write that deletes the account's access, to be part of another transaction."""
        return Delete(Keys(account_id).of_account("syncro-access"))


def note_access_lost(log: Log, account_id: str, problem: Problem, before: Problem | None) -> None:
    """Syncro does not let us in, because of `problem`: logged for alarms to count, unless that was so `before`."""
    if before is None or before.code != problem.code:
        log.warning("syncro_access_lost", extra={"account_id": account_id, "reason": problem.message})


def _owner(account_id: str, subdomain: str) -> dict[str, str]:
    return {"account_id": account_id, "syncro_subdomain": subdomain}
