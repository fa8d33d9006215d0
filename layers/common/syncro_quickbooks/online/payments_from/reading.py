"""What changed among a company's payments since the watermark: one metered read as a rule."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import Client, quote
from syncro_quickbooks.online.read_budget import ReadPurpose

OVERLAP = timedelta(minutes=5)
"""Changes that were being committed while the last poll was answered; what is seen twice is known by its SyncToken."""

LONGEST_BACK = timedelta(days=30) - timedelta(hours=1)  # facts: QBO 2.5; an hour for the way and for clocks
MOST_CHANGES = 1000
_SHORTEST_WINDOW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Changes:
    """The changed payments. Deletions before `deletions_since` (ms) were not told, 0 if all were."""

    payments: list[JsonObject]
    deletions_since: int = 0


def read_changes(client: Client, watermark: datetime, now: datetime) -> Changes:
    """What changed between `watermark` and `now`. Raises as `Client.query`."""
    since = watermark - OVERLAP
    if since >= now - LONGEST_BACK:
        changed = client.changes("Payment", since, ReadPurpose.POLL)
        if len(changed) < MOST_CHANGES:
            return Changes(changed)
    # A query tells all that are there, whatever the time, but not what was deleted: that only CDC does.
    alive = client.query_all("Payment", f"MetaData.LastUpdatedTime >= {quote(since.isoformat())}", ReadPurpose.POLL)
    told_from, recent = _told_by_cdc(client, max(since, now - LONGEST_BACK), now)
    deleted = [each for each in recent if each.get("status") == "Deleted"]
    return Changes([*alive, *deleted], to_millis(told_from) if told_from > since else 0)


def _told_by_cdc(client: Client, since: datetime, now: datetime) -> tuple[datetime, list[JsonObject]]:
    """The longest of ever halved windows up to now of which CDC tells everything, and what it tells."""
    while now - since > _SHORTEST_WINDOW:
        changed = client.changes("Payment", since, ReadPurpose.POLL)
        if len(changed) < MOST_CHANGES:
            return since, changed
        since += (now - since) / 2
    return now, []
