"""A world whose accounts have a Syncro, too, and a function that works on their one-time jobs in it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import botocore.exceptions
import requests

from emulators.quickbooks_online.faults import Fault
from emulators.syncro_api import SyncroAccount, SyncroEmulator
from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.sync.job import Job, JobKind, JobState, Outcome, Result
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE, schedule_of
from syncro_quickbooks.syncro_api.access import SyncroAccess
from syncro_quickbooks.syncro_api.errors import SyncroError
from tests.support import events
from tests.support.boundaries import Crash
from tests.support.events import ACCOUNT
from tests.support.world import World

SYNCRO_URL = "http://{subdomain}.syncro.test"
TOKEN = "T1-of-demo-account"
JOBS_TIME = timedelta(seconds=90)
JOBS_REDELIVERED_AFTER = timedelta(seconds=120)


class InterruptedSyncro(WSGIAdapter):
    """HTTP to Syncro, through the boundaries."""

    def __init__(self, world: "JobWorld") -> None:
        super().__init__(world.syncro)
        self._world = world

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        name = f"syncro.{request.method} {(request.url or '').partition('/api/v1/')[2].partition('?')[0]}"

        def late() -> None:
            self._world.syncro.faults.add(Fault(kind="late", delay=100))
            with suppress(requests.ConnectionError):
                super(InterruptedSyncro, self).send(request, *args, **options)
            self._world.clock.sleep(60)

        return self._world.boundaries.pass_through(
            name,
            lambda: super(InterruptedSyncro, self).send(request, *args, **options),
            lambda: requests.exceptions.ReadTimeout(request=request),
            late=late if request.method == "POST" else None,
        )


class JobWorld(World):
    """`syncro` is Syncro's API for all accounts, `theirs` the one account's things in it."""

    def __init__(self) -> None:
        self.theirs: SyncroAccount
        super().__init__()
        self.deployment.syncro_access.save(ACCOUNT, SyncroAccess("demo", TOKEN))
        self.syncro.journal.clear()

    def process(self) -> Deployment:
        if not hasattr(self, "syncro"):
            self.syncro = SyncroEmulator(clock=self.clock.now)
            self.theirs = self.syncro.add_account(TOKEN, "demo")
        self._environ["SYNCRO_API_BASE_URL"] = SYNCRO_URL
        return super().process()

    def _session(self) -> requests.Session:
        session = super()._session()
        session.mount("http://demo.syncro.test", InterruptedSyncro(self))
        return session

    # -- what AWS does -------------------------------------------------------------------------------------------------

    def sent(self, arguments: dict[str, Any]) -> None:
        if arguments["QueueUrl"] != "jobs.fifo":
            super().sent(arguments)
            return
        self._enqueue(self.clock.now(), "jobs", arguments["MessageBody"])

    def _handle(self, queue: str, body: str) -> None:
        if queue == "jobs":
            self._try(self._run_jobs, body)
        elif queue == "later" and schedule_of(body) == JOBS_SCHEDULE:
            self._try(self.deployment.job_wakes.forward, body, queue)
        else:
            super()._handle(queue, body)
            if queue == "sweep":
                self._try(lambda _: self.deployment.job_wakes.wake_due(), "")

    def _run_jobs(self, account: str) -> None:
        self.deployment.one_time_jobs.run(account, self.clock.now() + JOBS_TIME)

    def _try(self, work: Callable[[str], Any], body: str, queue: str = "jobs") -> None:
        try:
            work(body)
        except Crash:
            self.boundaries.revive()
        except (botocore.exceptions.BotoCoreError, SyncroError):
            pass
        else:
            return
        if body:
            self._enqueue(self.clock.now() + JOBS_REDELIVERED_AFTER, queue, body)

    # -- what people do, and see ---------------------------------------------------------------------------------------

    def organization(self, syncro_id: int, name: str, *, version: int = 1, told: bool = True, **fields: Any) -> None:
        """An organization in Syncro; `told`: by an event, too."""
        customer = {**events.customer(syncro_id, name=name), **fields}
        del customer["version"]
        self.theirs.load("customers", {key: value for key, value in customer.items() if key != "tax_free"})
        if told:
            self._tell("customer", customer, version)

    def product(self, syncro_id: int, name: str, *, version: int = 1, told: bool = True, **fields: Any) -> None:
        """A product in Syncro; `told`: by an event, too."""
        product = {**events.product(syncro_id, name=name), **fields}
        del product["version"]
        self.theirs.load("products", product)
        if told:
            self._tell("product", product, version)

    def _tell(self, kind: str, thing: dict[str, Any], version: int) -> None:
        detail = {"event_id": f"{kind}-{thing['id']}-{version}", "account_id": ACCOUNT, kind: thing}
        when = {"occurred_at": "2026-11-23T09:00:00.000Z", "version": version}
        self.publish(f"{kind}.updated", {**detail, **when})

    def begin(self, kind: JobKind) -> Job:
        """Somebody starts a job; it runs until it has its report."""
        self.deployment.jobs.start(ACCOUNT, kind, "user-1")
        self.run()
        return self.job(kind)

    def confirm(self, kind: JobKind) -> Job:
        """Somebody confirms the report; it runs until it is applied."""
        self.deployment.jobs.confirm(ACCOUNT, kind, self.job(kind).id, "user-1")
        self.run()
        return self.job(kind)

    def job(self, kind: JobKind) -> Job:
        """The newest job of the kind."""
        job = self.deployment.jobs.newest(ACCOUNT, kind)
        assert job is not None
        return job

    def report(self, kind: JobKind) -> dict[str, tuple[Outcome, str]]:
        """Name, outcome and reason of every row."""
        rows = self.deployment.jobs.rows(self.job(kind))
        return {row.name: (row.outcome, row.problem.code if row.problem else "") for row in rows}

    def results(self, kind: JobKind) -> dict[str, Result]:
        """What every row has come to."""
        return {row.name: row.result for row in self.deployment.jobs.rows(self.job(kind))}

    def state(self, kind: str, syncro_id: int) -> dict[str, Any]:
        """What is known of a record in the connected company, attributes as plain values."""
        connection = self.deployment.accounts.connection(ACCOUNT)
        realm = connection.realm_id if connection else ""
        key = {"pk": {"S": f"acct#{ACCOUNT}#{kind}#{syncro_id}"}, "sk": {"S": f"realm#{realm}"}}
        item = self.table.get_item(TableName=self.table_name, Key=key)["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}

    def outstanding(self) -> list[str]:
        found = super().outstanding()
        kinds = [JobState.LISTING, JobState.READING, JobState.COMPARING, JobState.APPLYING]
        jobs = [item for item in self.items(f"acct#{ACCOUNT}") if item["sk"]["S"].startswith("job#")]
        return [*found, *(item["sk"]["S"] for item in jobs if item["state"]["S"] in kinds)]
