"""The exchange of one deployment's Desktop accounts: which qbXML to send, and what to make of the answers.

A call decides everything from the table: what is unresolved comes first, then what is to be read, then what the outbox
has. `session.memory` only saves work; a session without it comes to the same books.
"""

from contextlib import suppress
from dataclasses import replace

from syncro_quickbooks.clock import Clock, to_millis
from syncro_quickbooks.desktop import hresults, problems
from syncro_quickbooks.desktop.company import Company, read_company
from syncro_quickbooks.desktop.exchange import DONE, FAILED, NO_OP
from syncro_quickbooks.desktop.night import Night
from syncro_quickbooks.desktop.night_reading import Readings
from syncro_quickbooks.desktop.organization_jobs import OrganizationJobs
from syncro_quickbooks.desktop.pace import Pace, Paces
from syncro_quickbooks.desktop.pick_lists import PickLists
from syncro_quickbooks.desktop.planning.choosing import RUNS
from syncro_quickbooks.desktop.planning.outbox import Planner
from syncro_quickbooks.desktop.qbxml.reading import Answer, read_answer
from syncro_quickbooks.desktop.readiness import Readiness, company_of, decided_by, settings_of
from syncro_quickbooks.desktop.reading_back import ReadingBack
from syncro_quickbooks.desktop.recovery import Recovery
from syncro_quickbooks.desktop.refusals import refused_as_a_whole
from syncro_quickbooks.desktop.sessions import Session
from syncro_quickbooks.desktop.sets import freeze
from syncro_quickbooks.desktop.settling import Settler
from syncro_quickbooks.desktop.work import TIME_FOR_A_CALL, Memory, OutOfTime, Work
from syncro_quickbooks.desktop.xml_reading import Unreadable
from syncro_quickbooks.log import Log
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.attempts import live_members
from syncro_quickbooks.sync.dependents import Dependents
from syncro_quickbooks.sync.dispatches import Dispatch
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.model import FAILING, Problem
from syncro_quickbooks.sync.nights import Nights
from syncro_quickbooks.sync.records import LAYERS
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.sync.store import Store

_UNREADABLE_SETS = 3
_MOST_COUNTED = 300
_PARSE_ERROR = "0x80040400"  # the whole set was refused, nothing of it done (facts: QBD 1.7)


class OutboxExchange:
    """Exchanges accounts' outboxes with their company files. Holds nothing about any account between calls."""

    def __init__(self, table: Table, accounts: Accounts, clock: Clock, log: Log, jobs: Jobs) -> None:
        self._table = table
        self._accounts = accounts
        self._clock = clock
        self._log = log
        self._paces = Paces(table)
        self._jobs = jobs
        self._nights = Nights(table, clock)
        self._readiness = Readiness(accounts, clock)

    # -- the methods of the exchange -----------------------------------------------------------------------------------

    def has_work(self, account_id: str) -> bool:
        """Whether a session for the account would have anything to do."""
        connection = self._readiness.connection(account_id)
        if connection is None or self._accounts.posting_stopped(account_id, Edition.DESKTOP) is not None:
            return False
        if self._readiness.lists_due(company_of(connection)):
            return True
        pause = self._accounts.health(connection).pause
        if pause is not None and not pause.problem.code.startswith("setup_"):
            return pause.until is not None and pause.until <= self._clock.now()
        if self._readiness.to_be_looked_at(connection):
            return True
        due = self._paces.has_due(account_id, connection.realm_id, to_millis(self._clock.now()))
        if due or self._jobs.has_work(account_id, connection.realm_id):
            return True
        return pause is None and self._readings(account_id, connection.realm_id).wanted() is not None

    def begin(self, session: Session, company: str) -> None:
        """Note what QuickBooks says of host, company and preferences; the lists of before stay."""
        connection = self._readiness.connection(session.account_id)
        if connection is None:
            return
        described = read_company(company)
        known = company_of(connection)
        if known is not None:
            described = described.with_lists_of(known)
        if described != known:
            self._accounts.save_company(session.account_id, connection.realm_id, described.to_json())

    def next_request(self, session: Session) -> str:
        """The next message set, or nothing when all is done or nothing may be sent."""
        memory = Memory(session.memory)
        connection = self._readiness.connection(session.account_id)
        company = company_of(connection)
        if connection is None or company is None:
            memory.stored["error"] = problems.words(problems.NOT_CONNECTED)
            return ""
        obstacle = self._readiness.obstacle(connection, company) or _no_progress(memory)
        if obstacle is not None:
            memory.stored["error"] = problems.words(obstacle)
            return ""
        if self._readiness.lists_due(company):
            memory.stored["step"] = {"kind": "lists"}
            lists = PickLists(self._table, session.account_id, connection.realm_id, memory)
            return lists.request(company)
        held = self._readiness.held(connection, company)
        if held is not None:
            memory.stored["error"] = problems.words(held)
            return ""
        work = self._work(session, connection, company, memory)
        try:
            return self._of_outbox(work, connection)
        except OutOfTime:
            return NO_OP  # there is more to decide about: the next call does
        finally:
            self._tell(work)

    def take_response(self, session: Session, response: str, hresult: str, message: str) -> int:
        """What became of the request that was returned last. Returns the progress in per cent."""
        memory = Memory(session.memory)
        step = memory.table("step")
        kind, set_id = str(step.get("kind", "")), str(step.get("set", ""))
        memory.stored["step"] = {}
        connection = self._readiness.connection(session.account_id)
        company = company_of(connection)
        if connection is None or company is None:
            return FAILED
        work = self._work(session, connection, company, memory)
        if hresult or not response.strip():
            return self._thrown(work, kind, set_id, hresult, message)
        try:
            answer = read_answer(response)
        except Unreadable as error:
            self._log.warning("Unreadable answer", extra={"account_id": session.account_id, "reason": str(error)})
            return self._unreadable(work, kind, str(error))
        with suppress(OutOfTime):  # the rest is found by the next call
            self._taken(work, connection, kind, set_id, answer)
        self._tell(work)
        self._doubt_lists(work, connection)
        return self._progress(work)

    def _tell(self, work: Work) -> None:
        """What a metric filter of the template counts; and the coming night is to compare it."""
        verdicts = work.store.verdicts
        if verdicts:
            self._nights.note_change(work.account_id)
            counts = {"decided": verdicts.total(), "failed": sum(verdicts[status] for status in FAILING)}
            self._log.info("Records decided", extra={"account_id": work.account_id, **counts})

    def last_error(self, session: Session) -> str:
        """Why the session ended early, empty if it did not."""
        return Memory(session.memory).text("error")

    def close(self, session: Session) -> str:
        """The session is over: how much was brought to QuickBooks."""
        done = Memory(session.memory).number("done")
        return f"{done} {'record' if done == 1 else 'records'} exchanged." if done else ""

    # -- asking --------------------------------------------------------------------------------------------------------

    def _work(self, session: Session, connection: Connection, company: Company, memory: Memory) -> Work:
        realm_id, lease = connection.realm_id, session.lease
        store = Store(self._table, self._clock, lease, session.account_id, realm_id, runs=RUNS)
        settings = settings_of(connection)
        return Work(
            account_id=session.account_id,
            realm_id=connection.realm_id,
            settings=settings if isinstance(settings, Settings) else Settings(),
            company=company,
            store=store,
            dependents=Dependents(store),
            clock=self._clock,
            deadline=self._clock.now() + TIME_FOR_A_CALL,
            memory=memory,
            log=self._log,
            moved=connection.moved,
        )

    def _of_outbox(self, work: Work, connection: Connection) -> str:
        settler = Settler(work)
        for dispatch in work.store.dispatches():
            if not work.memory.number("recovering"):
                work.memory.add("recovering")
                self._paces.unanswered(work.account_id, len(dispatch.members))
            question = Recovery(work, settler).next_request(dispatch, self._paces.of(work.account_id).most)
            if question:
                return question
        work.memory.stored["recovering"] = 0
        self._revisit(work, connection)
        pace = self._paces.of(work.account_id)
        OrganizationJobs(work, self._jobs).link_made()
        return self._live(work, settler, pace) or self._backfill(work, settler, pace) or self._of_night(work)

    def _live(self, work: Work, settler: Settler, pace: Pace) -> str:
        """What the outbox wants: something to be read, or the next set."""
        for _ in range(2):
            reads = ReadingBack(work, settler).request(pace.most)
            if reads:
                work.memory.stored["step"] = {"kind": "reads"}
                return reads
            request = self._next_set(work, pace)
            if request:
                return request
        return ""

    def _backfill(self, work: Work, settler: Settler, pace: Pace) -> str:
        """What the account's jobs want, once nothing else is to be done."""
        jobs = OrganizationJobs(work, self._jobs)
        while (question := jobs.advance(pace.most)) is not None:
            if question:
                work.memory.stored["step"] = {"kind": "job"}
                return question
            if request := self._live(work, settler, pace):
                return request
            work.keep_going()
        return ""

    def _of_night(self, work: Work) -> str:
        """What the nightly comparison wants to know."""
        question = self._night(work).request()
        if question:
            work.memory.stored["step"] = {"kind": "night"}
        return question

    def _night(self, work: Work) -> Night:
        return Night(work, self._readings(work.account_id, work.realm_id))

    def _readings(self, account_id: str, realm_id: str) -> Readings:
        return Readings(self._table, self._clock, account_id, realm_id)

    def _next_set(self, work: Work, pace: Pace) -> str:
        batch = Planner(work).plan(pace.most)
        if not batch.planned:
            return ""
        dispatch = freeze(work, batch)
        if dispatch is None:
            return ""
        work.memory.stored["step"] = {"kind": "write", "set": dispatch.id}
        return str(dispatch.request["set"])

    def _revisit(self, work: Work, connection: Connection) -> None:
        """Once settings or the company differ from those that records were decided by, decide about them again."""
        now = decided_by(connection, work.company)
        if now == self._accounts.health(connection).decided_by:
            return
        work.dependents.revisit_all(work.keep_going)
        self._accounts.save_decided_by(connection.account_id, now)

    # -- taking --------------------------------------------------------------------------------------------------------

    def _taken(self, work: Work, connection: Connection, kind: str, set_id: str, answer: Answer) -> None:
        if kind == "lists":
            lists = PickLists(self._table, work.account_id, work.realm_id, work.memory)
            complete = lists.take(answer, work.company)
            if complete is not None:
                read = replace(complete, lists_read_at=self._clock.now())
                self._accounts.save_company(connection.account_id, work.realm_id, read.to_json())
        elif kind == "reads":
            ReadingBack(work, Settler(work)).take(answer)
        elif kind == "job":
            OrganizationJobs(work, self._jobs).take(answer)
        elif kind == "night":
            self._night(work).take(answer)
        else:
            self._of_dispatch(work, kind, set_id, answer)

    def _doubt_lists(self, work: Work, connection: Connection) -> None:
        """A reference led nowhere: the lists are read again, once a session; what differs then is decided anew."""
        if work.memory.stored.get("lists_doubted") is not True or work.memory.number("doubted"):
            return
        work.memory.add("doubted")
        doubted = replace(work.company, lists_read_at=None)
        self._accounts.save_company(connection.account_id, work.realm_id, doubted.to_json())

    def _of_dispatch(self, work: Work, kind: str, set_id: str, answer: Answer) -> None:
        dispatch = _dispatch(work, set_id)
        if dispatch is None:
            return
        self._nights.note_change(work.account_id)  # before: whoever dies in the middle leaves the account due
        recovery = Recovery(work, Settler(work))
        before = _unsettled(work, dispatch)
        with suppress(OutOfTime):  # the set stays unresolved: QuickBooks is asked for the rest of its answer
            if kind == "lookup":
                recovery.take_lookup(dispatch, answer)
            else:
                recovery.take_status(dispatch, answer)
        settled = before - _unsettled(work, dispatch)
        work.memory.add("done", settled)
        work.memory.stored["idle"] = 0 if settled or kind != "write" else work.memory.number("idle") + 1
        if kind == "write" and answer.replies:
            # QuickBooks may forget it now, unless it was sent twice: the first one may still arrive.
            work.memory.stored["last_set"] = set_id if dispatch.sends == 1 else ""
            self._paces.answered(work.account_id)

    def _thrown(self, work: Work, kind: str, set_id: str, hresult: str, message: str) -> int:
        """QuickBooks threw: nothing was done if it could not read the set, else nobody knows."""
        dispatch = _dispatch(work, set_id)
        if kind == "write" and dispatch is not None and hresult.strip().lower() == _PARSE_ERROR:
            refused_as_a_whole(work, dispatch, f"{message} ({hresult})")
            self._paces.refused(work.account_id, len(dispatch.members))
            return self._progress(work)
        work.memory.stored["error"] = problems.words(hresults.explain(hresult, message))
        return FAILED

    def _unreadable(self, work: Work, kind: str, reason: str) -> int:
        """Asked again in this session, which QuickBooks allows for; a few times."""
        if kind in ("write", "status", "lookup") and work.memory.add("idle") < _UNREADABLE_SETS:
            return self._progress(work)
        work.memory.stored["error"] = problems.words(problems.unreadable(reason))
        return FAILED

    def _progress(self, work: Work) -> int:
        """Per cent, DONE only when nothing is left."""
        now = to_millis(self._clock.now())
        left = len(work.store.dispatches()) + len(work.memory.table("reads"))
        left += self._readiness.to_be_looked_at(self._readiness.connection(work.account_id))
        for layer in LAYERS:
            for entry in work.store.outbox(layer):
                left += entry.due <= now
                if left >= _MOST_COUNTED:
                    break
        if self._jobs.has_work(work.account_id, work.realm_id):
            left += sum(job.remaining for job in self._jobs.working(work.account_id, work.realm_id))
        left += self._night(work).wanted() is not None
        done = work.memory.number("done") + work.memory.number("read")
        return DONE if left == 0 else min(99, done * 100 // (done + left))


def _dispatch(work: Work, set_id: str) -> Dispatch | None:
    return next((each for each in work.store.dispatches() if each.id == set_id), None)


def _unsettled(work: Work, dispatch: Dispatch) -> int:
    return len(live_members(dispatch, work.store.views([member.key for member in dispatch.members])))


def _no_progress(memory: Memory) -> Problem | None:
    return problems.NO_PROGRESS if memory.number("idle") >= _UNREADABLE_SETS else None
