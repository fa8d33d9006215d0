"""Exports and imports of organizations: read all customers, compare, and once that is confirmed, link and make them.

All of it waits until nothing else is to be done. What is read is a question like any other; what is made goes through
the outbox like a customer that an invoice needs, one message set at a time, so that live records come between.
"""

from collections.abc import Sequence
from dataclasses import replace

from syncro_quickbooks.desktop.mapping.bodies import kept
from syncro_quickbooks.desktop.mapping.customer import map_customer
from syncro_quickbooks.desktop.mapping.names import customer_name
from syncro_quickbooks.desktop.qbxml.reading import Answer, Reply, text
from syncro_quickbooks.desktop.qbxml.writing import Request, message_set, written
from syncro_quickbooks.desktop.reading_back import NOT_FOUND, adopted
from syncro_quickbooks.desktop.statuses import explain
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.applying import Applying
from syncro_quickbooks.sync.comparison import Entry, Thing, obstacle, owner_in
from syncro_quickbooks.sync.job import Job, JobState, Outcome, Row
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey
from syncro_quickbooks.sync.records import RealmState, View
from syncro_quickbooks.sync.reporting import write_report
from syncro_quickbooks.sync.store import Changed
from syncro_quickbooks.syncro.models import Customer

MOST_CUSTOMERS = 200
"""A page of so many stays below 1.5 MB: a customer with full notes and addresses has about 7 KB (facts: QBD 2.2)."""

FEWEST_CUSTOMERS = 25

_MOST_REFUSALS = 3
_PAGE = "customers"
_READ = (
    *("ListID", "EditSequence", "Name", "FullName", "IsActive", "CompanyName", "FirstName", "LastName"),
    *("BillAddress", "Phone", "AltPhone", "Email", "Notes"),
)


class OrganizationJobs:
    """Takes an account's jobs on, for one call. What it keeps in the session's memory is the iterator and what it
    asked; a session without that reads from the start again."""

    def __init__(self, work: Work, jobs: Jobs) -> None:
        self._work = work
        self._jobs = jobs
        self._applying = Applying(jobs, work.store, work.dependents, _adopt)
        self._memory = work.memory.table("job")

    def link_made(self) -> None:
        """Before anything else: an organization that was made from a customer must not be made a customer again."""
        for job in self._jobs.working(self._work.account_id, self._work.realm_id):
            try:
                self._applying.link_made(job)
            except Changed:
                continue  # more was made meanwhile; a later call links it

    def advance(self, most: int) -> str | None:
        """One step: a question for QuickBooks; or empty, and the outbox may hold more now; None if there is nothing.

        `most` is how many records go into a message set. Raises OutOfTime.
        """
        if self._memory.get("off"):
            return None
        for job in self._jobs.working(self._work.account_id, self._work.realm_id):
            try:
                step = self._step(job, most)
            except Changed:
                continue  # somebody has cancelled it
            if step is not None:
                return step
        return None

    def take(self, answer: Answer) -> None:
        """QuickBooks has answered the question."""
        asks = self._memory.pop("asks", None)
        working = self._jobs.working(self._work.account_id, self._work.realm_id)
        job = next((each for each in working if each.id == asks), None)
        try:
            if job is not None and job.state is JobState.READING:
                self._take_page(job, answer)
            elif job is not None and job.state is JobState.APPLYING:
                self._take_matches(job, answer)
        except Changed:
            return  # somebody has cancelled it

    def _step(self, job: Job, most: int) -> str | None:
        if job.state is JobState.READING:
            return self._ask_page(job)
        if job.state is JobState.COMPARING:
            return self._compare(job)
        return self._apply(job, most) if job.in_quickbooks else None

    def _ask(self, job: Job, requests: Sequence[str]) -> str:
        self._memory["asks"] = job.id
        return message_set(requests, self._work.company.version)

    def _refused(self, job: Job, reply: Reply | None) -> None:
        """Not again in this session; a few of them end the job."""
        self._memory.update({"iterator": "", "off": True})
        refusals = job.refusals + 1
        if refusals < _MOST_REFUSALS:
            self._applying.save(replace(job, asked=False, refusals=refusals))
            return
        known = reply is not None and reply.code is not None
        problem = explain(reply, "the list of customers")[1] if reply is not None and known else _NO_ANSWER
        self._applying.save(replace(job, state=JobState.FAILED, problem=problem))

    # -- reading -------------------------------------------------------------------------------------------------------

    def _ask_page(self, job: Job) -> str:
        """The next page. Iterators live in one session (facts: QBD 2.5): another one begins anew."""
        iterator = str(self._memory.get("iterator", "")) if self._memory.get("of") == job.id else ""
        if not iterator:
            job = replace(job, reading=job.reading + 1, page=0, read=0, page_size=_page_size(job))
        job = self._applying.save(replace(job, asked=True))
        body: JsonObject = {"MaxReturned": job.page_size, "ActiveStatus": "All", "IncludeRetElement": list(_READ)}
        step = "Continue" if iterator else "Start"
        query = Request("CustomerQuery", body, iterator=step, iterator_id=iterator)
        return self._ask(job, [written(query, _PAGE)])

    def _take_page(self, job: Job, answer: Answer) -> None:
        reply = next((each for each in answer.replies if each.request_id == _PAGE), None)
        if reply is None or not reply.done or (reply.remaining and not reply.iterator_id):
            self._refused(job, reply)
            return
        page: list[JsonObject] = [{name: ret[name] for name in _READ if name in ret} for _, ret in reply.objects]
        left = reply.remaining or 0
        read = job.read + len(page)
        state = JobState.READING if left else JobState.COMPARING
        come = replace(job, state=state, page=job.page + 1, read=read, total=read + left, asked=False, refusals=0)
        self._applying.save(come, page=page)
        self._memory.update({"of": job.id, "iterator": reply.iterator_id if left else ""})
        self._work.memory.add("read", len(page))

    # -- comparing -----------------------------------------------------------------------------------------------------

    def _compare(self, job: Job) -> str:
        """Write the report, some rows at a time: where a call ends, the next one goes on."""
        entries = [_entry(fields) for fields in self._jobs.entries(job)]
        now, keep_going = self._work.clock.now(), self._work.keep_going
        write_report(job, self._organizations(), entries, save=self._applying.save, keep_going=keep_going, now=now)
        return ""

    def _organizations(self) -> list[Thing]:
        store = self._work.store
        keys = [RecordKey(Kind.CUSTOMER, str(item["sk"])) for item in store.items(store.keys.known(Kind.CUSTOMER))]
        return [self._organization(view) for view in store.views(keys).values()]

    def _organization(self, view: View) -> Thing:
        customer = Customer.model_validate(view.record.desired) if view.record.desired is not None else None
        name = customer_name(customer) if customer is not None else None
        moved = self._work.moved and not view.state.linked
        return Thing(
            view=view,
            said=customer.business_then_name if customer else str(view.key),
            name=name.text if name else "",
            altered=name.altered if name else False,
            email=(customer.email or "") if customer else "",
            disabled=customer.disabled if customer else False,
            elsewhere=moved and self._work.store.posted_elsewhere(view.key),
        )

    # -- applying ------------------------------------------------------------------------------------------------------

    def _apply(self, job: Job, most: int) -> str | None:
        """Hand over the next rows: no more than fill a message set are under way."""
        job = self._applying.note_ends(self._applying.link_made(job))
        room = most - len(job.open)
        rows = self._jobs.next_rows(job, room) if room > 0 else []
        if rows and rows[0].outcome is Outcome.MATCHES:
            return self._ask_for_matches(job, rows)
        if rows:
            self._applying.hand_over(job, rows)
            return ""
        if job.open or job.in_syncro:
            return None  # they are tried again later, or come from Syncro
        self._applying.finish(job)
        return ""

    def _ask_for_matches(self, job: Job, rows: Sequence[Row]) -> str:
        """Much may have happened since the report: they are read again before they are linked."""
        self._memory["asked"] = [row.place for row in rows]
        only: JsonObject = {"IncludeRetElement": list(_READ)}
        queries = [Request("CustomerQuery", {"ListID": row.entry, **only}) for row in rows]
        return self._ask(job, [written(query, str(bid)) for bid, query in enumerate(queries, start=1)])

    def _take_matches(self, job: Job, answer: Answer) -> None:
        asked = self._memory.pop("asked", [])
        places = [str(place) for place in asked] if isinstance(asked, list) else []
        rows = self._jobs.rows_at(job, places)
        replies = {reply.request_id: reply for reply in answer.replies}
        told = {place: replies.get(str(bid)) for bid, place in enumerate(places, start=1)}
        for reply in told.values():
            if reply is None or not (reply.done or reply.code in NOT_FOUND):
                self._refused(job, reply)
                return
        views = self._applying.views(rows)
        changed = [row for row in rows if not self._link(views[row.record], row, told[row.place])]
        self._applying.hand_over(job, rows, changed)

    def _link(self, view: View, row: Row, reply: Reply | None) -> bool:
        """Link the organization to its customer, if that is still how both are. Returns whether it is linked now."""
        found = reply.object if reply is not None else None
        if view.state.linked:
            return self._applying.link(view, row, {})
        organization = self._organization(view)
        if found is None or not organization.there:
            return False
        entry = _entry(found)
        if entry.id != row.entry or obstacle(organization, entry) is not None:
            return False
        return self._applying.link(view, row, found)


def _adopt(view: View, _row: Row, found: JsonObject) -> RealmState:
    """What the bookkeeper made stays as it is until Syncro's changes."""
    ours = owner_in(text(found, "Notes")) == str(view.key)
    customer = Customer.model_validate(view.record.desired)
    return adopted(view, found, "" if ours else map_customer(customer, "", kept("Customer", found)).digest)


def _page_size(job: Job) -> int:
    """Halved after a page that was asked for and did not come: it may have been too large for the line."""
    if not job.page_size:
        return MOST_CUSTOMERS
    return max(FEWEST_CUSTOMERS, job.page_size // 2) if job.asked else job.page_size


def _entry(fields: JsonObject) -> Entry:
    return Entry(
        id=text(fields, "ListID"),
        name=text(fields, "FullName") or text(fields, "Name"),
        email=text(fields, "Email"),
        active=text(fields, "IsActive").lower() not in ("false", "0"),
        note=text(fields, "Notes"),
        fields=fields,
    )


_NO_ANSWER = Problem(
    "desktop_no_answer",
    "QuickBooks did not answer the question for its customers several times in a row.",
    "Start the job again; if it goes on, give this to support.",
)
