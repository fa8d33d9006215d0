"""The audit trail of an account: who connected it, saved its settings, ran its jobs, and when. It is only added to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from uuid import uuid4

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.storage.table import ABSENT, Put, Table
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.records import SCHEMA

MOST_SHOWN = 200
"""Entries shown at once, the newest; older ones are in the table."""


class Deed(StrEnum):
    """What somebody did to an account as a whole; what is done to a record is in its history."""

    CONNECTED = "connected"
    RECONNECTED = "reconnected"
    DISCONNECTED = "disconnected"
    RESET = "reset"
    PASSWORD_REPLACED = "password_replaced"  # noqa: S105 - the Web Connector's; the deed, not the password
    SETTINGS_SAVED = "settings_saved"
    SYNCRO_ACCESS_SAVED = "syncro_access_saved"
    SYNCRO_ACCESS_FORGOTTEN = "syncro_access_forgotten"
    JOB_STARTED = "job_started"
    JOB_CONFIRMED = "job_confirmed"
    JOB_CANCELLED = "job_cancelled"
    OFFBOARDING_STARTED = "offboarding_started"
    OFFBOARDING_CALLED_OFF = "offboarding_called_off"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One deed. `user_id` is the signed-in user's id (the token's subject), `realm_id` the company it was about.

    `about` says which job, which version of the settings; empty where the deed says it all.
    """

    at: datetime
    deed: Deed
    user_id: str
    realm_id: str
    about: str = ""


class Audit:
    """Writes and shows the trail."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def entry(self, account_id: str, deed: Deed, user_id: str, realm_id: str, about: str = "") -> Put:
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
                "about": about,
            },
            ABSENT,
        )

    def entries(self, account_id: str) -> list[AuditEntry]:
        """The newest deeds, newest first."""
        newest = islice(self._table.query(Keys(account_id).audit, newest_first=True), MOST_SHOWN)
        return [
            AuditEntry(
                at=from_millis(int(str(item["sk"]).partition("#")[0])),
                deed=Deed(str(item["deed"])),
                user_id=str(item["user_id"]),
                realm_id=str(item["realm_id"]),
                about=str(item.get("about", "")),
            )
            for item in newest
        ]
