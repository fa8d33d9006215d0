"""Reading Syncro's open invoices: page by page, each in full, then those that only payments known here have closed."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.sync.job import Job, JobState
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.listings import Listings, Place
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.taking_in import TakingIn
from syncro_quickbooks.syncro.api_things import from_api
from syncro_quickbooks.syncro.models import Payment
from syncro_quickbooks.syncro_api.client import SyncroClient, Things
from syncro_quickbooks.syncro_api.errors import SyncroUnavailable

_AT_ONCE = 25
"""As many as a page of Syncro's list has; they share a step, unless its time is up before."""

_HELD_BACK = (Status.NEEDS_ATTENTION, Status.WAITING)
_WITHIN, _PAID = "within#", "paid#"
"""How the cursor begins within a page, and once the list has been read and what was paid meanwhile is."""


class OpenInvoiceListing:
    """Lists one account's open invoices. `in_time` says whether another call may be begun.

    Its steps raise JobMoved, and as the client does.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        client: SyncroClient,
        taking_in: TakingIn,
        listings: Listings,
        in_time: Callable[[], bool],
        log: Log,
    ) -> None:
        self._jobs = jobs
        self._client = client
        self._taking_in = taking_in
        self._listings = listings
        self._in_time = in_time
        self._log = log

    def step(self, job: Job) -> Job:
        """The next page, or the next of those that were paid. Returns the job as it is stored; READING at the end."""
        return self._paid_step(job) if job.cursor.startswith(_PAID) else self._page_step(job)

    def _page_step(self, job: Job) -> Job:
        page = self._client.page(Things.INVOICES, job.listed + 1, unpaid="true")
        ids = [str(each["id"]) for each in page.things if isinstance(each.get("id"), int)]
        if page.pages is None:  # of invoices it is always told (facts: Syncro 2.1)
            raise SyncroUnavailable("the list of invoices does not say how many pages it has")
        last = job.cursor.removeprefix(_WITHIN)
        left = ids[ids.index(last) + 1 :] if last in ids else ids
        read = self._read(left)
        if len(read) < len(left):
            return self._keep(job, read, lambda then: replace(then, cursor=f"{_WITHIN}{left[len(read) - 1]}"))
        listed, pages = job.listed + 1, page.pages
        cursor = _PAID if not ids or listed >= pages else ""
        return self._keep(job, read, lambda then: replace(then, cursor=cursor, listed=listed, pages_there=pages))

    def _paid_step(self, job: Job) -> Job:
        """A payment that waits for its invoice has closed it in Syncro, but not in QuickBooks."""
        listed, done = self._listed(job), int(job.cursor.removeprefix(_PAID) or 0)
        left = sorted(int(key.id) for key in self._waited_for() if str(key) not in listed and int(key.id) > done)
        read = self._read([str(each) for each in left[:_AT_ONCE]])
        if len(read) == len(left):
            return self._keep(job, read, lambda then: replace(then, cursor="", state=JobState.READING))
        return self._keep(job, read, lambda then: replace(then, cursor=f"{_PAID}{left[len(read) - 1]}"))

    def _listed(self, job: Job) -> set[str]:
        return {str(each["record"]) for each in self._jobs.listed(job)}

    def _waited_for(self) -> set[RecordKey]:
        found: set[RecordKey] = set()
        place: Place | None = None
        while True:
            views, place = self._listings.page(_HELD_BACK, Kind.PAYMENT, place, _AT_ONCE)
            for view in views:
                paid = Payment.model_validate(view.record.desired).allocations if view.record.desired else ()
                found |= {RecordKey(Kind.INVOICE, str(each.invoice_id)) for each in paid}
            if place is None:
                return found

    def _read(self, ids: Sequence[str]) -> list[JsonObject | None]:
        """Those in full, as many as there is time for, but one at least; None for one that is gone."""
        read: list[JsonObject | None] = []
        for id_ in ids:
            if read and not self._in_time():
                break
            read.append(self._client.get(Things.INVOICES, id_))
        return read

    def _keep(self, job: Job, read: Sequence[JsonObject | None], change: Callable[[Job], Job]) -> Job:
        """Take in what no event has brought, and store what only the API tells of them."""
        snapshots: dict[RecordKey, JsonObject] = {}
        kept: list[JsonObject] = []
        for thing in read:
            if thing is None:
                continue
            key = RecordKey(Kind.INVOICE, str(thing["id"]))
            kept.append({"record": str(key), **_only_told_here(thing)})
            try:
                snapshots[key] = from_api(str(Kind.INVOICE), thing)
            except ValueError as unreadable:
                self._log.warning("left out", extra={"account_id": job.account_id, "reason": str(unreadable)})
        self._taking_in.take_in(job.account_id, snapshots)
        return self._jobs.keep(job, lambda then: replace(change(then), problem=None), listed=kept)


def _only_told_here(thing: JsonObject) -> JsonObject:
    """What the records do not keep: what is still due, and the payments that are in that."""
    ids: list[Json] = [str(each["id"]) for each in _objects(thing.get("payments")) if "id" in each]
    due = thing.get("balance_due")
    return {
        "number": str(thing.get("number") or ""),
        "customer": str(thing.get("customer_business_then_name") or _named(thing.get("customer")) or ""),
        "due": str(due) if due is not None else "0" if thing.get("is_paid") is True else "",
        "payments": ids,
    }


def _objects(value: Json) -> list[JsonObject]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _named(owner: Json) -> Json:
    return owner.get("business_then_name") if isinstance(owner, dict) else None
