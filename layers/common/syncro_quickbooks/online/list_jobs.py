"""QuickBooks Online's side of one-time jobs: read its list, compare, and once that is confirmed, link and make.

All of it comes after what is live. What is made goes through the outbox like an entry that an invoice needs, one batch
at a time; what an import makes in Syncro comes from there, and is linked here.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import PAGE, quote, select
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.faults import ReadAllowanceExhausted, RequestRefused, Unavailable
from syncro_quickbooks.online.list_kinds import ENTITY_OF, map_entry
from syncro_quickbooks.online.mapping.bodies import text
from syncro_quickbooks.online.mapping.customer import customer_name
from syncro_quickbooks.online.mapping.imported import email_of, name_of, unfit
from syncro_quickbooks.online.mapping.item import item_name
from syncro_quickbooks.online.mapping.names import CleanName
from syncro_quickbooks.online.mapping.vendor import vendor_name
from syncro_quickbooks.online.open_invoices import OPEN, OpenInvoiceLinks, as_read
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.work import Work
from syncro_quickbooks.sync.applying import Applying
from syncro_quickbooks.sync.comparison import Entry, Thing, obstacle
from syncro_quickbooks.sync.job import Job, JobKind, JobState, Outcome, Row
from syncro_quickbooks.sync.jobs import REPORT_COUNTS_FOR, Jobs
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Who, Write
from syncro_quickbooks.sync.records import RealmState, View
from syncro_quickbooks.sync.reporting import save_report, write_report
from syncro_quickbooks.sync.store import Changed
from syncro_quickbooks.syncro.models import Customer, Product, Vendor

ALL = "Active IN (true, false)"
MATCHES_AT_ONCE = 90
"""Read again in one metered read, and linked, before anything live gets its turn."""

MOST_OPEN = 150
"""A batch in doubt waits for its proof; the job goes on meanwhile, but not without end."""

_MOST_REFUSALS = 3
_LOOK_AGAIN = timedelta(minutes=1)
_READS_GONE = timedelta(hours=1)


class ListJobs:
    """Takes an account's jobs on, for one run. `due` is when to look again at what could not be read (ms).

    `handed_over` are the records that jobs want to be in QuickBooks, whether or not anything else needs them. `absent`
    are the customers among them of which the report has shown that QuickBooks has none with their name or e-mail
    address: they need not be looked up one by one.
    """

    def __init__(self, work: Work, jobs: Jobs) -> None:
        self._work = work
        self._jobs = jobs
        self._applying = Applying(jobs, work.store, work.dependents, self._adopted)
        self._open_invoices = OpenInvoiceLinks(work, jobs)
        self.handed_over: set[RecordKey] = set()
        self.absent: set[RecordKey] = set()
        self.due: int | None = None

    def begin(self) -> None:
        """Before anything else: what an earlier run has handed over is known, and what was made in Syncro is linked.

        An organization that was made from a customer must not be made a customer again.
        """
        for job in self._working():
            self._hand_over(self._jobs.rows_at(job, job.open))
            try:
                self._applying.link_made(job)
            except Changed:
                continue  # more was made meanwhile; a later run links it

    def advance(self, most: int) -> bool:
        """One step of one job. True if it got on, and the outbox may hold more now; `most` records at once.

        Raises OutOfTime, Throttled, Reconnect and AccountBlocked.
        """
        self.due = None
        for job in self._working():
            try:
                if job.in_quickbooks and self._step(job, most):
                    return True
            except Changed:
                return True  # somebody has moved it: it is read again
            except (Unavailable, RequestRefused, ReadAllowanceExhausted) as error:
                self._not_read(job, error)
        return False

    def _working(self) -> list[Job]:
        return self._jobs.working(self._work.account_id, self._work.realm_id)

    def _step(self, job: Job, most: int) -> bool:
        self._work.keep_going()
        if job.state is JobState.READING:
            self._read(job)
            return True
        if job.state is JobState.COMPARING:
            self._compare(job)
            return True
        return self._apply(job, most)

    def _not_read(self, job: Job, error: Exception) -> None:
        """Tried again later. A question that QuickBooks does not understand several times ends the job."""
        wait = _READS_GONE if isinstance(error, ReadAllowanceExhausted) else _LOOK_AGAIN
        refusals = job.refusals + isinstance(error, RequestRefused)
        failed = refusals >= _MOST_REFUSALS
        held = replace(job, refusals=refusals, problem=_unread(error, failed=failed))
        try:
            self._applying.save(replace(held, state=JobState.FAILED) if failed else held)
        except Changed:
            return
        due = to_millis(self._work.clock.now() + wait)
        self.due = due if self.due is None else min(self.due, due)

    # -- reading and comparing -----------------------------------------------------------------------------------------

    def _read(self, job: Job) -> None:
        """The next page, by Id: `cursor` is the last one read."""
        entity, which = _entity_of(job), OPEN if _is_of_invoices(job) else ALL
        total = job.total
        if not job.page:
            total = self._work.client.count(entity, which, ReadPurpose.USER)
        page = self._work.client.page(entity, which, job.cursor, ReadPurpose.USER)
        over = len(page) < PAGE
        come = replace(
            job,
            state=JobState.COMPARING if over else JobState.READING,
            cursor="" if over else text(page[-1], "Id"),
            page=job.page + 1,
            read=job.read + len(page),
            total=max(total, job.read + len(page)),
            refusals=0,
            problem=None,
        )
        self._applying.save(come, page=[as_read(each) for each in page] if _is_of_invoices(job) else page)

    def _compare(self, job: Job) -> None:
        now, keep_going = self._work.clock.now(), self._work.keep_going
        if _is_of_invoices(job):
            rows = self._open_invoices.rows(job)
            save_report(job, rows, save=self._applying.save, keep_going=keep_going, now=now)
            return
        entries = [entry_of(job.kind.things, fields) for fields in self._jobs.entries(job)]
        write_report(
            job, self._things(job.kind.things), entries, save=self._applying.save, keep_going=keep_going, now=now
        )

    def _things(self, kind: Kind) -> list[Thing]:
        store = self._work.store
        keys = [RecordKey(kind, str(item["sk"])) for item in store.items(store.keys.known(kind))]
        return [self._thing(view) for view in store.views(keys).values()]

    def _thing(self, view: View) -> Thing:
        moved = self._work.moved and not view.state.linked
        elsewhere = moved and self._work.store.posted_elsewhere(view.key)
        return thing_of(view, self._work.company, elsewhere=elsewhere)

    # -- applying ------------------------------------------------------------------------------------------------------

    def _apply(self, job: Job, most: int) -> bool:
        job = self._applying.note_ends(self._applying.link_made(job))
        room = min(most, MOST_OPEN - len(job.open))
        rows = self._jobs.next_rows(job, MATCHES_AT_ONCE) if room > 0 else []
        if rows and rows[0].outcome is Outcome.MATCHES:
            self._link_matches(job, rows)
        elif rows:
            self._make(job, rows[:room])
        elif job.open or job.in_syncro:
            return False  # they are tried again later, or come from Syncro
        else:
            self._applying.finish(job)
        return True

    def _link_matches(self, job: Job, rows: Sequence[Row]) -> None:
        """Much may have happened since the report: they are read again before they are linked."""
        entity = _entity_of(job)
        which = f"Id IN ({', '.join(quote(row.entry) for row in rows)})"
        statement = select(entity, f"{which}{'' if _is_of_invoices(job) else f' AND {ALL}'} MAXRESULTS {PAGE}")
        now = {text(found, "Id"): found for found in self._work.client.query(statement, entity, ReadPurpose.USER)}
        views = self._applying.views(rows)
        changed = [row for row in rows if not self._link(views[row.record], row, now.get(row.entry))]
        self._hand_over(rows)
        self._applying.hand_over(job, rows, changed)

    def _link(self, view: View, row: Row, found: JsonObject | None) -> bool:
        """Link the record to its entry, if that is still how both are. Returns whether it is linked now."""
        if view.state.linked:
            return view.state.qbo_id == row.entry
        if view.key.kind is Kind.INVOICE:
            still = found is not None and self._open_invoices.is_still(view, row, found)
            return still and self._applying.link(view, row, found or {})
        thing = self._thing(view)
        if found is None or not thing.there or obstacle(thing, entry_of(view.key.kind, found)) is not None:
            return False
        return self._applying.link(view, row, found)

    def _make(self, job: Job, rows: Sequence[Row]) -> None:
        fresh = job.reported_at is not None and self._work.clock.now() - job.reported_at < REPORT_COUNTS_FOR
        if fresh:
            self.absent |= {RecordKey.parse(row.record) for row in rows}
        self._hand_over(rows)
        self._applying.hand_over(job, rows)

    def _hand_over(self, rows: Sequence[Row]) -> None:
        self.handed_over |= {RecordKey.parse(row.record) for row in rows if row.record}

    def _adopted(self, view: View, row: Row, found: JsonObject) -> RealmState:
        """It is ours from now on. What the bookkeeper made stays as it is until Syncro's changes."""
        if view.key.kind is Kind.INVOICE:
            return self._open_invoices.adopted(view, row, found)
        linked = replace(
            view.state,
            entity=ENTITY_OF[view.key.kind],
            qbo_id=text(found, "Id"),
            sync_token=text(found, "SyncToken"),
            object=found,
            applied_digest="",
        )
        mapped = map_entry(replace(view, state=linked), 1, self._work.settings, self._work.company)
        return replace(linked, applied_digest=mapped.digest if isinstance(mapped, Write) else "")


def _is_of_invoices(job: Job) -> bool:
    return job.kind is JobKind.LINK_OPEN_INVOICES


def _entity_of(job: Job) -> str:
    return "Invoice" if _is_of_invoices(job) else ENTITY_OF[job.kind.things]


def entry_of(kind: Kind, fields: JsonObject) -> Entry:
    """An entry of one of QuickBooks' lists, as it is compared."""
    active = fields.get("Active") is not False
    name = name_of(kind, fields)
    return Entry(
        id=text(fields, "Id"),
        name=name,
        email=email_of(fields),
        active=active,
        note=text(fields, "Notes"),
        fields=fields,
        unfit=unfit(kind, fields),
    )


def thing_of(view: View, company: Company, *, elsewhere: bool) -> Thing:
    """A thing of Syncro, as it is compared."""
    desired = view.record.desired
    if desired is None:
        return Thing(view, said=str(view.key), name="", altered=False, elsewhere=elsewhere)
    email, disabled = "", False
    name: CleanName
    if view.key.kind is Kind.CUSTOMER:
        customer = Customer.model_validate(desired)
        said, name, email = customer.business_then_name, customer_name(customer, company), customer.email or ""
        disabled = customer.disabled
    elif view.key.kind is Kind.VENDOR:
        vendor = Vendor.model_validate(desired)
        said, name = vendor.name, vendor_name(vendor, company)
    else:
        product = Product.model_validate(desired)
        said, name, disabled = product.name, item_name(product, company), product.disabled
    return Thing(view, said, name.text, name.altered, email, disabled, elsewhere)


def _unread(error: Exception, *, failed: bool) -> Problem:
    if isinstance(error, ReadAllowanceExhausted):
        fix = "Nothing to do: the job goes on by itself once there are reads again."
        return Problem("read_allowance", str(error), fix, who=Who.NOBODY)
    fix = "Start the job again; if it goes on, give this to support." if failed else "Nothing to do: it is tried again."
    return Problem("job_not_read", f"QuickBooks' list could not be read: {error}", fix, who=Who.SUPPORT)
