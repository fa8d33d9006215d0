"""The audit trail of an account's connection: who did what, and when. It is only added to."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.storage.table import ABSENT, Put, Table
from syncro_quickbooks.sync.records import SCHEMA, Keys

MOST_SHOWN = 200
"""Entries shown at once, the newest; nobody connects more often than that."""


class Deed(StrEnum):
    """What somebody did to an account's connection."""

    CONNECTED = "connected"
    RECONNECTED = "reconnected"
    DISCONNECTED = "disconnected"
    RESET = "reset"
    PASSWORD_REPLACED = "password_replaced"  # noqa: S105 - the Web Connector's; the deed, not the password
    OFFBOARDING_STARTED = "offboarding_started"
    OFFBOARDING_CALLED_OFF = "offboarding_called_off"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. `user_id` is the signed-in user's id (the token's subject), `realm_id` the company it was about."""

    at: datetime
    deed: Deed
    user_id: str
    realm_id: str


class Audit:
    """Writes and shows the trail."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def entry(self, account_id: str, deed: Deed, user_id: str, realm_id: str) -> Put:
        """The write that notes a deed, to be part of the transaction that does it."""
        now = to_millis(self._clock.now())
        place = Keys(account_id).audit
        return Put(
            {
                "pk": place,
                "sk": f"{now:015d}#{uuid4().hex[:8]}",
                "schema": SCHEMA,
                "deed": str(deed),
                "user_id": user_id,
                "realm_id": realm_id,
            },
            ABSENT,
        )

    def entries(self, account_id: str) -> list[AuditEntry]:
        """The newest deeds, newest first."""
        newest = deque(self._table.query(Keys(account_id).audit), maxlen=MOST_SHOWN)
        return [
            AuditEntry(
                at=from_millis(int(str(item["sk"]).partition("#")[0])),
                deed=Deed(str(item["deed"])),
                user_id=str(item["user_id"]),
                realm_id=str(item["realm_id"]),
            )
            for item in reversed(newest)
        ]
