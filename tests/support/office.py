"""A customer's office beside a deployment: events come in, the Web Connector runs whole sessions over SOAP, an emulated
company file keeps the books. One process, virtual time; as on Lambda only the table remembers between calls."""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import requests

from emulators.quickbooks_desktop import AnswerLost, CompanyFile, WebConnector
from emulators.quickbooks_desktop.web_connector import Report
from emulators.syncro_api import SyncroEmulator
from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.desktop.drain import OutboxExchange
from syncro_quickbooks.desktop.night_reading import Readings
from syncro_quickbooks.desktop.reconciling import DesktopBooks
from syncro_quickbooks.one_time.mapping import for_syncro
from syncro_quickbooks.one_time.worker import OneTimeJobs
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.intake import Intake
from syncro_quickbooks.sync.jobs import Jobs
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.nightly import BooksOf, Nightly
from syncro_quickbooks.sync.nights import Nights
from syncro_quickbooks.sync.reconciliation import Reconciliation
from syncro_quickbooks.sync.records import RealmState, Record, record_from_item, state_from_item
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE, Wakes
from syncro_quickbooks.syncro_api.access import SyncroAccess
from syncro_quickbooks.syncro_api.client import SyncroClient
from syncro_quickbooks.syncro_api.pace import Pace
from tests.support import aws
from tests.support.boundaries import Boundaries, Crash
from tests.support.events import ACCOUNT
from tests.support.web_connector import PASSWORD, URL, Service
from tests.support.world import Interrupted

DELIVERIES = 3
SYNCRO_TOKEN = "T1-of-the-office"


class Office:
    """One account with its company file. `boundaries` sees every table call of a session and every step of it.

    `on_wire`: through botocore to moto, for tests that look at the calls.
    """

    def __init__(self, account: str = ACCOUNT, *, ready: bool = True, on_wire: bool = False, **company: Any) -> None:
        self.account = account
        self.boundaries = Boundaries()
        clients = (aws.client("dynamodb"), aws.client("sqs")) if on_wire else ()
        self.service = Service(None, *clients)  # type: ignore[arg-type]  # the exchange needs the service's own table
        self.clock = self.service.clock
        self.service.table = Table(Interrupted("dynamodb", self.service.dynamodb, self), self.service.table._name)  # type: ignore[arg-type]  # a part of the client
        wakes = Wakes(self.service.table, self.service.sqs, self.clock, *self.service.queues())
        self.accounts = self.service.accounts = Accounts(self.service.table, self.clock, wakes)
        queues = self.service.queues()
        job_wakes = Wakes(self.service.table, self.service.sqs, self.clock, *queues, schedule=JOBS_SCHEDULE)
        self.jobs = Jobs(self.service.table, self.accounts, self.clock, job_wakes)
        self.service.exchange = OutboxExchange(
            self.service.table, self.accounts, self.clock, self.service.log, self.jobs
        )
        self.syncro = SyncroEmulator(clock=self.clock.now)
        self.theirs = self.syncro.add_account(SYNCRO_TOKEN)
        self.one_time_jobs = self._one_time_jobs(wakes, job_wakes)
        self.nights = Nights(self.service.table, self.clock)
        self.nightly = self._nightly()
        self.intake = Intake(self.service.table, wakes, self.clock, lambda _: {})
        registration = self.service.registrations.register(account, account)
        self.service.registrations.set_password(account, PASSWORD)
        self.file_id = registration.file_id
        self.company = CompanyFile(name=f"{account} books", clock=self.clock.now, **company)
        self.connector = WebConnector(
            company=self.company,
            url=URL,
            user=account,
            password=PASSWORD,
            owner_id=registration.owner_id,
            file_id=registration.file_id,
            http=self.service.http(),
            sleep=self.clock.sleep,
            around=self._around,
        )
        if ready:
            self.choose()

    def _one_time_jobs(self, wakes: Wakes, job_wakes: Wakes) -> OneTimeJobs:
        """The function that works in Syncro; its calls are not interrupted here."""
        table = Table(self.service.dynamodb, self.service.table._name)
        accounts = Accounts(table, self.clock, wakes)
        jobs = Jobs(table, accounts, self.clock, job_wakes)

        def session() -> requests.Session:
            made = requests.Session()
            made.trust_env = False
            made.mount("http://syncro.test", WSGIAdapter(self.syncro))
            return made

        def client(account: str) -> SyncroClient:
            return SyncroClient(
                base_url="http://syncro.test",
                account_id=account,
                access=SyncroAccess("demo", SYNCRO_TOKEN),
                session_factory=session,
                pace=Pace(table, self.clock),
                logger=self.service.log,
            )

        return OneTimeJobs(
            table=table,
            accounts=accounts,
            jobs=jobs,
            wakes=job_wakes,
            push_wakes=wakes,
            clock=self.clock,
            client_for=client,
            for_syncro=for_syncro,
            log=self.service.log,
        )

    def _nightly(self) -> Nightly:
        """The function that compares at night."""

        def books(connection: Connection) -> DesktopBooks:
            readings = Readings(self.service.table, self.clock, connection.account_id, connection.realm_id)
            return DesktopBooks(readings, self.clock)

        of_edition: dict[Edition, BooksOf] = {Edition.DESKTOP: books}
        table, log = self.service.table, self.service.log
        return Nightly(table, self.clock, self.accounts, self.nights, books=of_edition, log=log)

    # -- Syncro's side -------------------------------------------------------------------------------------------------

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """An event comes in."""
        self.intake.accept(detail_type, detail)

    def choose(self, **changes: Any) -> None:
        """Somebody saves the settings."""
        connection = self.accounts.connection(self.account)
        assert connection is not None
        settings = {**ready_settings(self.company), **changes}
        self.accounts.save_settings(self.account, settings, version=connection.settings_version)

    def record(self, kind: Kind, syncro_id: int) -> Record:
        """A record as it is stored."""
        key = RecordKey(kind, str(syncro_id))
        return record_from_item(key, self.service.table.get(Keys(self.account).record(key)))

    def state(self, kind: Kind, syncro_id: int) -> RealmState:
        """What is known of a record in the company file."""
        key = RecordKey(kind, str(syncro_id))
        return state_from_item(self.service.table.get(Keys(self.account).realm_state(key, self.file_id)))

    def status(self, kind: Kind, syncro_id: int) -> tuple[Status, list[str]]:
        """How a record stands, and the codes of what is to be said of it."""
        record = self.record(kind, syncro_id)
        return record.status, [problem.code for problem in record.problems]

    # -- the office's side ---------------------------------------------------------------------------------------------

    def work_in_syncro(self) -> None:
        """The function for one-time jobs does what it can."""
        due: int | None = 0
        while due is not None and due <= to_millis(self.clock.now()):
            report = self.one_time_jobs.run(self.account, self.clock.now() + timedelta(seconds=90))
            due = report.next_due

    def run(self) -> Report:
        """One session that nothing interrupts."""
        self.work_in_syncro()
        self.clock.sleep(130)
        report = self.connector.run()
        for exchange in report.exchanges:
            record_set(exchange.request)
        return report

    def run_until_quiet(self, most: int = 12) -> list[Report]:
        """Sessions until there is no more work; more than `most` would be a loop."""
        reports = []
        for _ in range(most):
            reports.append(self.run())
            if reports[-1].outcome == "none":
                return reports
        raise AssertionError(f"still work after {most} sessions: {[each.message for each in reports]}")

    def interrupted_run(self) -> None:
        """A session in which something breaks."""
        self.clock.sleep(130)
        with suppress(Crash, AnswerLost):
            self.connector.run()
        self.boundaries.revive()

    def compare(self) -> Reconciliation | None:
        """The function's hourly look: the account is compared if it is due, and if its books have been read."""
        found = None
        for account in self.nights.due():
            found = self.nightly.run(account)
        return found

    def _around(self, name: str, call: Callable[[], Any]) -> Any:
        return self.boundaries.pass_through(name, call, AnswerLost)

    def numbers(self) -> list[str]:
        """The numbers of the invoices in the books."""
        return [each["RefNumber"] for each in self.company.entities("Invoice")]


def sets(report: Report) -> list[str]:
    """The names of the requests in each message set of a session that wrote something."""
    found = []
    for exchange in report.exchanges:
        names = [n for n in re.findall(r"<(\w+)Rq[ >]", exchange.request) if n != "QBXMLMsgs"]
        if any(name.endswith(("Add", "Mod", "Void", "Del")) for name in names):
            found.append(" ".join(names))
    return found


def record_set(request: str) -> None:
    """Keep a message set in `$QBXML_DIR`, for a check against Intuit's own schema."""
    folder = os.environ.get("QBXML_DIR")
    if folder:
        (Path(folder) / f"{sha256(request.encode()).hexdigest()[:16]}.xml").write_text(request)


def ready_settings(company: CompanyFile, **changes: Any) -> dict[str, Any]:
    """Settings with which everything can be sent; ids are those of the company's own lists."""

    def ref(kind: str, name: str) -> dict[str, str]:
        found = company.named(kind, name)
        assert found is not None, name
        return {"id": found["ListID"], "name": name}

    def method(name: str) -> dict[str, Any]:
        return {"kind": "money", "method": ref("PaymentMethod", name)}

    return {
        "schema": 1,
        "start_date": "2026-01-01",
        "quiet_seconds": 0,
        "time_zone": "America/New_York",
        "fallback_item": ref("ItemOtherCharge", "Syncro Charges"),
        "discount_item": ref("ItemOtherCharge", "Syncro Charges"),
        "tax_codes": {"1": ref("ItemSalesTax", "State Tax")},
        "deposit_account": ref("Account", "Undeposited Funds"),
        "payment_methods": {
            "Cash": method("Cash"),
            "Check": method("Check"),
            "Store Credit": {"kind": "store_credit"},
            "Write-off": {"kind": "write_off"},
        },
        "sync_store_credit": True,
        "store_credit_item": ref("ItemOtherCharge", "Store Credit"),
        **changes,
    }
