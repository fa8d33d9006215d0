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
from syncro_quickbooks.sync.jobs import ROWS_AT_ONCE, Job, JobKind, Jobs, JobState, Outcome, Result, Row
from syncro_quickbooks.sync.model import Kind, Problem, RecordKey, Status
from syncro_quickbooks.sync.organizations import Comparison, Entry, Organization, obstacle, owner_in
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.store import Changed, OwnerTaken
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
_SYNCED = (Status.SYNCED, Status.SYNCED_WITH_WARNING)
_COMING = (Status.PENDING, Status.RETRYING)


class OrganizationJobs:
    """Takes an account's jobs on, for one call. What it keeps in the session's memory is the iterator and what it
    asked; a session without that reads from the start again."""

    def __init__(self, work: Work, jobs: Jobs) -> None:
        self._work = work
        self._jobs = jobs
        self._memory = work.memory.table("job")

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
        return self._apply(job, most)

    def _save(self, job: Job, rows: Sequence[Row] = (), page: Sequence[JsonObject] = ()) -> Job:
        """Store the job's next step. Raises Changed if somebody moved it meanwhile."""
        self._work.store.commit(self._jobs.saving(job, rows, page))
        return replace(job, turn=job.turn + 1)

    def _ask(self, job: Job, requests: Sequence[str]) -> str:
        self._memory["asks"] = job.id
        return message_set(requests, self._work.company.version)

    def _refused(self, job: Job, reply: Reply | None) -> None:
        """Not again in this session; a few of them end the job."""
        self._memory.update({"iterator": "", "off": True})
        refusals = job.refusals + 1
        if refusals < _MOST_REFUSALS:
            self._save(replace(job, asked=False, refusals=refusals))
            return
        known = reply is not None and reply.code is not None
        problem = explain(reply, "the list of customers")[1] if reply is not None and known else _NO_ANSWER
        self._save(replace(job, state=JobState.FAILED, problem=problem))

    # -- reading -------------------------------------------------------------------------------------------------------

    def _ask_page(self, job: Job) -> str:
        """The next page. Iterators live in one session (facts: QBD 2.5): another one begins anew."""
        iterator = str(self._memory.get("iterator", "")) if self._memory.get("of") == job.id else ""
        if not iterator:
            job = replace(job, reading=job.reading + 1, page=0, read=0, page_size=_page_size(job))
        job = self._save(replace(job, asked=True))
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
        self._save(come, page=page)
        self._memory.update({"of": job.id, "iterator": reply.iterator_id if left else ""})
        self._work.memory.add("read", len(page))

    # -- comparing -----------------------------------------------------------------------------------------------------

    def _compare(self, job: Job) -> str:
        """Write the report, some rows at a time: where a call ends, the next one goes on."""
        organizations = self._organizations()
        entries = [_entry(fields) for fields in self._jobs.entries(job)]
        comparison = Comparison(organizations, entries)
        if job.kind is JobKind.EXPORT_ORGANIZATIONS:
            rows = [comparison.of_organization(each) for each in organizations]
        else:
            rows = [comparison.of_entry(each) for each in entries]
        rows = sorted((row for row in rows if row.subject > job.cursor), key=lambda row: row.subject)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            job = self._save(replace(job, cursor=some[-1].subject, counts=_counted(job, some)), some)
            self._work.keep_going()  # after some, so that every call gets on
        self._save(replace(job, state=JobState.REPORTED))
        return ""

    def _organizations(self) -> list[Organization]:
        store = self._work.store
        keys = [RecordKey(Kind.CUSTOMER, str(item["sk"])) for item in store.items(store.keys.known(Kind.CUSTOMER))]
        return [self._organization(view) for view in store.views(keys).values()]

    def _organization(self, view: View) -> Organization:
        customer = Customer.model_validate(view.record.desired) if view.record.desired is not None else None
        name = customer_name(customer) if customer is not None else None
        moved = self._work.moved and not view.state.linked
        return Organization(
            view=view,
            customer=customer,
            name=name.text if name else "",
            altered=name.altered if name else False,
            elsewhere=moved and self._work.store.posted_elsewhere(view.key),
        )

    # -- applying ------------------------------------------------------------------------------------------------------

    def _apply(self, job: Job, most: int) -> str | None:
        """Hand over the next rows: no more than fill a message set are under way."""
        job = self._note_ends(job)
        room = most - len(job.open)
        rows = self._jobs.next_rows(job, room) if room > 0 else []
        if rows and rows[0].outcome is Outcome.MATCHES:
            return self._ask_for_matches(job, rows)
        if rows:
            self._hand_over(job, rows, self._views(rows))
            return ""
        if job.open:
            return None  # they are tried again later
        self._save(replace(job, state=JobState.DONE))
        return ""

    def _note_ends(self, job: Job) -> Job:
        """What has come to an end of what was handed over."""
        if not job.open:
            return job
        rows = self._jobs.rows_at(job, job.open)
        views = self._views(rows)
        ended = [_ended(row, views[row.record]) for row in rows if not _is_coming(views[row.record])]
        return self._save(_with_results(job, ended), ended) if ended else job

    def _ask_for_matches(self, job: Job, rows: Sequence[Row]) -> str:
        """Much may have happened since the report: they are read again before they are linked."""
        self._memory["asked"] = [row.place for row in rows]
        only: JsonObject = {"IncludeRetElement": list(_READ)}
        queries = [Request("CustomerQuery", {"ListID": row.entry, **only}) for row in rows]
        return self._ask(job, [written(query, str(bid)) for bid, query in enumerate(queries, start=1)])

    def _take_matches(self, job: Job, answer: Answer) -> None:
        asked = self._memory.pop("asked", [])
        places = [str(place) for place in asked] if isinstance(asked, list) else []
        rows = sorted(self._jobs.rows_at(job, places), key=lambda row: row.place)
        replies = {reply.request_id: reply for reply in answer.replies}
        told = {place: replies.get(str(bid)) for bid, place in enumerate(places, start=1)}
        for reply in told.values():
            if reply is None or not (reply.done or reply.code in NOT_FOUND):
                self._refused(job, reply)
                return
        views = self._views(rows)
        linked = [row for row in rows if self._link(views[row.record], row, told[row.place])]
        self._hand_over(job, rows, self._views(rows), changed=[row for row in rows if row not in linked])

    def _link(self, view: View, row: Row, reply: Reply | None) -> bool:
        """Link the organization to its customer, if that is still how both are. Returns whether it is linked now."""
        if view.state.linked:
            return view.state.qbo_id == row.entry
        found = reply.object if reply is not None else None
        organization = self._organization(view)
        if found is None or organization.customer is None or view.record.deleted:
            return False
        entry = _entry(found)
        if entry.id != row.entry or obstacle(organization, entry) is not None:
            return False
        stored = kept("Customer", found)
        ours = owner_in(entry.note) == row.record
        # What the bookkeeper made stays as it is until Syncro's changes.
        digest = "" if ours else map_customer(organization.customer, "", stored).digest
        try:
            self._work.store.release(view, adopted(view, found, digest))
        except (OwnerTaken, Changed):
            return False
        return True

    def _hand_over(self, job: Job, rows: Sequence[Row], views: dict[str, View], changed: Sequence[Row] = ()) -> None:
        """Into the outbox with them: there they are made, or found to be as they should.

        A call that dies before the job is saved does the same again: nothing happens to what is in the outbox or done.
        """
        opened = []
        ended = []
        for row in rows:
            view = views[row.record]
            if row in changed or view.record.deleted:
                ended.append(replace(row, result=Result.CHANGED))
            elif view.state.linked and view.record.status in _SYNCED:
                ended.append(_ended(row, view))
            else:
                opened.append(row)
        self._work.dependents.reopen([RecordKey.parse(row.record) for row in opened])
        still_open = (*job.open, *(row.place for row in opened))
        self._save(_with_results(replace(job, cursor=rows[-1].place, open=still_open, refusals=0), ended), ended)

    def _views(self, rows: Sequence[Row]) -> dict[str, View]:
        views = self._work.store.views([RecordKey.parse(row.record) for row in rows])
        return {str(key): view for key, view in views.items()}


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


def _counted(job: Job, rows: Sequence[Row]) -> dict[str, int]:
    counts = dict(job.counts)
    for row in rows:
        counts[row.outcome] = counts.get(row.outcome, 0) + 1
    return counts


def _is_coming(view: View) -> bool:
    return view.state.attempt is not None or view.record.status in _COMING


def _ended(row: Row, view: View) -> Row:
    done = view.state.linked and not view.state.gone
    return replace(row, entry=view.state.qbo_id, result=Result.DONE if done else Result.NOT_DONE)


def _with_results(job: Job, ended: Sequence[Row]) -> Job:
    places = {row.place for row in ended}
    done = sum(row.result is Result.DONE for row in ended)
    return replace(
        job,
        open=tuple(place for place in job.open if place not in places),
        done=job.done + done,
        not_done=job.not_done + len(ended) - done,
    )


_NO_ANSWER = Problem(
    "desktop_no_answer",
    "QuickBooks did not answer the question for its customers several times in a row.",
    "Start the job again; if it goes on, give this to support.",
)
