"""What the dry runs of both editions share: which part of the table they see, and what became of the records there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.storage.overlay import Overlay
from syncro_quickbooks.storage.table import Item, Key, Put, Table, Update
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import RecordKey, Status
from syncro_quickbooks.sync.records import Record, record_from_item
from syncro_quickbooks.sync.store import outbox_item
from syncro_quickbooks.sync.wake import Wakes

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def stage(table: Table, account_id: str, only: RecordKey | None, clock: Clock) -> Overlay:
    """The table as a dry run sees it: without one-time jobs, and for `only` one record as if somebody retried it now.

    Quiet time and back-off of that record do not matter to what would be sent.
    """
    overlay = Overlay(table, _Hidden(account_id, only))
    if only is not None:
        keys = Keys(account_id)
        record = record_from_item(only, overlay.get(keys.record(only)))
        pending = Update(keys.record(only), "SET #status = :pending", {":pending": str(Status.PENDING)})
        overlay.transact([pending, Put(outbox_item(keys, record, to_millis(clock.now())))])
    return overlay


def silent_wakes(overlay: Overlay, clock: Clock) -> Wakes:
    """Wake-ups that nobody hears."""
    silent: SQSClient = _Silent()  # type: ignore[assignment]  # nothing but sending is asked of it
    return Wakes(overlay, silent, clock, "", "")


def decided(changed: Mapping[Key, Item | None], account_id: str) -> tuple[Record, ...]:
    """The records that were decided about."""
    prefix = f"acct#{account_id}#"
    return tuple(
        record_from_item(RecordKey.parse(key.pk.removeprefix(prefix)), item)
        for key, item in changed.items()
        if key.sk == "record" and item is not None and item.get("version")
    )


class _Hidden:
    """What a plan leaves out: one-time jobs, a session of the Web Connector, and for one record the other ones."""

    def __init__(self, account_id: str, only: RecordKey | None) -> None:
        self._keys = Keys(account_id)
        self._only = only

    def __call__(self, key: Key) -> bool:
        of_account = key.pk == f"acct#{self._keys.account_id}"
        is_outbox = key.pk.startswith(f"acct#{self._keys.account_id}#outbox#")
        is_apart = of_account and (key.sk.startswith("job#") or key.sk == "desktop-session")
        return is_apart or (is_outbox and self._only is not None)


class _Silent:
    """A queue that nobody reads."""

    def send_message(self, **message: object) -> None:
        """Drop it."""
