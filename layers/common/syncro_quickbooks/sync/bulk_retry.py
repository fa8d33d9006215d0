"""Trying again what needs attention or waits for its next try: many records, some at a time."""

from dataclasses import dataclass

from syncro_quickbooks.sync.decisions import Decisions, NoSuchRecord, NotNow
from syncro_quickbooks.sync.listings import Listings, Place
from syncro_quickbooks.sync.model import Kind, Status
from syncro_quickbooks.sync.records import View

RETRYABLE = (Status.NEEDS_ATTENTION, Status.RETRYING)


@dataclass(frozen=True, slots=True)
class Retried:
    """What one call did: how many it retried, and where the next one goes on, None when all was looked at."""

    retried: int
    after: Place | None


def retry_some(  # noqa: PLR0917  a filter and a place
    listings: Listings,
    decisions: Decisions,
    account_id: str,
    user: str,
    kind: Kind | None,
    code: str,
    most: int,
    after: Place | None,
) -> Retried:
    """Look at up to `most` records from where an earlier call stopped; retry those of `kind` with problem `code`."""
    views, behind = listings.page(RETRYABLE, kind, after, most)
    meant = [view for view in views if not code or any(problem.code == code for problem in view.record.problems)]
    return Retried(sum(_retried(decisions, account_id, view, user) for view in meant), behind)


def _retried(decisions: Decisions, account_id: str, view: View, user: str) -> bool:
    try:
        decisions.retry(account_id, view.key, user)
    except (NoSuchRecord, NotNow):
        return False  # it is being sent, or has just changed
    return True
