"""One deployment in one process and in virtual time: real code, AWS in memory, the QuickBooks emulator in-process.

Messages are delivered at least once; a handler that crashes or raises gets its message again. The world runs until
nothing is left to do, or until a limit that no healthy history reaches.
"""

import heapq
import json
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import botocore.exceptions
import requests

from emulators.quickbooks_online import Company, Emulator, Fault
from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.online.faults import QuickBooksError
from syncro_quickbooks.online.http import Couriers
from tests.support.boundaries import Boundaries, Crash
from tests.support.clock import ManualClock
from tests.support.couriers import AtOnce
from tests.support.events import ACCOUNT
from tests.support.in_memory.dynamodb import MemoryDynamoDB
from tests.support.in_memory.services import MemoryKms, MemoryS3, MemorySecrets
from tests.support.recording import record

REDIRECT_URI = "https://example.com/callback"
USER = "user-1"
QBO_URL = "http://quickbooks.test"
FUNCTION_TIME = timedelta(seconds=300)
REDELIVERED_AFTER = timedelta(seconds=330)
LONGEST_HISTORY = timedelta(hours=8)


class Interrupted:
    """A client whose calls pass the boundaries."""

    def __init__(self, service: str, client: Any, world: "World") -> None:
        self._service = service
        self._world = world
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return lambda **arguments: self._call(name, getattr(self._client, name), arguments)

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(lambda **arguments: self._call(operation, getattr(self._client, operation), arguments))

    def _call(self, name: str, call: Any, arguments: dict[str, Any]) -> Any:
        self._world.boundaries.about = arguments

        def made() -> Any:
            return call(**arguments)

        # The SDK makes TransactWriteItems idempotent with a token; a repeat of it succeeds without doing anything.
        repeatable = name in ("put_item", "update_item", "delete_item", "send_message", "send_message_batch")
        return self._world.boundaries.pass_through(
            f"{self._service}.{name}",
            made,
            lambda: botocore.exceptions.ReadTimeoutError(endpoint_url=f"https://{self._service}.test"),
            repeat=made if repeatable else None,
        )


class _Pages:
    """A paginator whose every page is a call of its own."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def paginate(self, *, PaginationConfig: dict[str, int], **arguments: Any) -> Any:  # noqa: N803
        arguments["Limit"] = PaginationConfig["PageSize"]
        while True:
            page = self._call(**arguments)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class InterruptedAdapter(WSGIAdapter):
    """HTTP to the emulator, through the boundaries."""

    def __init__(self, world: "World") -> None:
        super().__init__(world.emulator)
        self._world = world

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        record(request.method or "", request.url or "", _bytes(request.body))
        path = (request.url or "").split("/v3/company/")[-1].split("?")[0]
        name = f"qbo.{request.method} {path.partition('/')[2] or path}"
        is_write = "requestid=" in (request.url or "")

        def late() -> None:
            self._world.emulator.faults.add(Fault(kind="late", delay=115))
            with suppress(requests.ConnectionError):
                super(InterruptedAdapter, self).send(request, *args, **options)
            self._world.clock.sleep(5)

        def lost() -> Exception:
            return requests.exceptions.ReadTimeout(request=request)

        return self._world.boundaries.pass_through(
            name,
            lambda: super(InterruptedAdapter, self).send(request, *args, **options),
            lost,
            late=late if is_write else None,
        )


class Queues:
    """SQS: a message that was sent is in the world's own queues."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def send_message(self, **arguments: Any) -> dict[str, Any]:
        self._world.sent(arguments)
        return {}

    def send_message_batch(self, **arguments: Any) -> dict[str, Any]:
        for entry in arguments["Entries"]:
            self._world.sent({"QueueUrl": arguments["QueueUrl"], **entry})
        return {}


class AwsClients:
    """The clients of the world's deployment."""

    def __init__(self, world: "World") -> None:
        self.dynamodb = Interrupted("dynamodb", world.table, world)
        self.sqs = Interrupted("sqs", Queues(world), world)
        self.kms = MemoryKms()
        secret = {"client_id": "test-client", "client_secret": "test-secret", "webhook_verifier": "test-verifier"}
        self.secretsmanager = MemorySecrets({"intuit": json.dumps(secret)})
        self.s3 = world.s3


class World:
    """A deployment with accounts, its queues, and the company's books to look at."""

    def __init__(self, table: MemoryDynamoDB | None = None, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.couriers: Couriers = AtOnce()
        self.boundaries = Boundaries()
        self.emulator = Emulator(clock=self.clock.now)
        self.messages: list[tuple[datetime, int, str, str]] = []
        self._order = count()
        self._next_sweep = self.clock.now() + timedelta(minutes=1)
        self._push_queue, self._later_queue = "push.fifo", "later"
        self.table = table or MemoryDynamoDB()
        self.table_name = "table"
        self.s3 = MemoryS3()
        self._environ = {
            "TABLE_NAME": self.table_name,
            "PUSH_QUEUE_URL": self._push_queue,
            "WAKE_LATER_QUEUE_URL": self._later_queue,
            "TOKEN_KEY_ID": "token-key",
            "JOBS_QUEUE_URL": "jobs.fifo",
            "POLL_QUEUE_URL": "polls.fifo",
            "INBOX_BUCKET": "inbox",
            "QBO_API_BASE_URL": QBO_URL,
            "INTUIT_TOKEN_URL": f"{QBO_URL}/oauth2/v1/tokens/bearer",
            "INTUIT_AUTHORIZE_URL": f"{QBO_URL}/connect/oauth2",
            "INTUIT_REVOKE_URL": f"{QBO_URL}/v2/oauth2/tokens/revoke",
            "INTUIT_CREDENTIALS_SECRET": "intuit",
            "OAUTH_REDIRECT_URI": REDIRECT_URI,
            "OFFBOARDING_DAYS": "30",
            "CONSOLE_URL": "https://app.example.com/quickbooks",
            "QBWC_URL": "https://qbwc.example.com/qbwc",
        }
        self.deployment = self.process()
        self.companies: dict[str, Company] = {}

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount(QBO_URL, InterruptedAdapter(self))
        return session

    def process(self) -> Deployment:
        """Another process of the same deployment: it shares the table and the queues and nothing in memory."""
        return Deployment(
            self._environ,
            clock=self.clock,
            aws=AwsClients(self),  # type: ignore[arg-type]  # what is used of the clients
            session_factory=self._session,
            couriers=self.couriers,
        )

    # -- what people do --------------------------------------------------------------------------------------------

    def connect(
        self,
        account: str = ACCOUNT,
        realm: str = "9130001",
        *,
        number_check: bool = True,
        everything: bool = False,
        **company: Any,
    ) -> Company:
        """Connect an account to a new company and save settings that are ready for invoices and payments.

        With `everything` every other kind of document is on, too.

        Without `number_check` QuickBooks books a second document of the same number, as it does if the company's
        preferences say so: then nothing but our own care prevents it.
        """
        made = self.emulator.add_company(realm, **{"country": "US", "tax_mode": "manual", **company})
        made.duplicate_number_check = number_check
        self.companies[account] = made
        self.sign_in(account, realm)
        further = everything_on(made) if everything else {}
        self.deployment.accounts.save_settings(account, ready_settings(made, **further), version=0)
        return made

    def sign_in(self, account: str, realm: str, *, replace_company: bool = False) -> None:
        """Go through Intuit's consent, as the browser of the account's admin would; another company after a reset."""
        connector = self.deployment.connector
        before = self.deployment.accounts.connection(account)
        if replace_company and before is not None:
            connector.reset(account, USER, before.realm_id)
        state = connector.new_state(account, USER)
        url = f"{connector.authorize_url(state)}&login_hint={realm}"
        answer = self._session().get(url, allow_redirects=False)
        back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
        connector.complete(account, USER, back["code"], back["state"], back["realmId"])

    def start(self, boundaries: Boundaries) -> None:
        """From now on calls are counted and one is interrupted."""
        self.boundaries = boundaries

    # -- what AWS does ---------------------------------------------------------------------------------------------

    def sent(self, arguments: dict[str, Any]) -> None:
        """A message was sent to one of the queues."""
        due = self.clock.now() + timedelta(seconds=arguments.get("DelaySeconds", 0))
        queue = "push" if arguments["QueueUrl"] == self._push_queue else "later"
        self._enqueue(due, queue, arguments["MessageBody"])

    def lose_messages(self) -> None:
        """Everything in the queues is lost."""
        self.messages.clear()

    def _enqueue(self, due: datetime, queue: str, body: str) -> None:
        heapq.heappush(self.messages, (due, next(self._order), queue, body))

    def publish(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Deliver an event to intake; a crashed or failed invocation is repeated, as Lambda does."""
        for _ in range(3):
            try:
                self.deployment.intake.accept(detail_type, detail)
            except Crash:
                self.boundaries.revive()
            except botocore.exceptions.BotoCoreError:
                pass
            else:
                return
            self.clock.sleep(60)
        raise AssertionError("the event ended in the dead-letter queue")

    def run(self, limit: timedelta = LONGEST_HISTORY) -> None:
        """Deliver messages and sweep until nothing is left to do."""
        end = self.clock.now() + limit
        while self.messages or self.outstanding():
            assert self.clock.now() < end, f"not quiet after {limit}: {self.outstanding()}"
            self._step(end)

    def run_for(self, duration: timedelta) -> None:
        """Deliver messages and sweep for some time, whatever is left then."""
        end = self.clock.now() + duration
        while self.clock.now() < end:
            self._step(end)

    def _step(self, end: datetime) -> None:
        upcoming = self.messages[0][0] if self.messages else end
        self.clock.advance_to(min(upcoming, self._next_sweep, end))
        if self.clock.now() >= self._next_sweep:
            self._next_sweep = self.clock.now() + timedelta(minutes=1)
            self._handle("sweep", "")
        while self.messages and self.messages[0][0] <= self.clock.now():
            _, _, queue, body = heapq.heappop(self.messages)
            self._handle(queue, body)

    def push(self, account: str = ACCOUNT) -> None:
        """Deliver a wake-up of the account now."""
        self._handle("push", account)

    def _handle(self, queue: str, body: str) -> None:
        try:
            if queue == "push":
                self.deployment.push.run(body, self.clock.now() + FUNCTION_TIME)
            elif queue == "later":
                self.deployment.wakes.forward(body)
            else:
                self.deployment.wakes.wake_due()
        except Crash:
            self.boundaries.revive()
        except (botocore.exceptions.BotoCoreError, QuickBooksError):
            pass
        else:
            return
        if body:
            self._enqueue(self.clock.now() + REDELIVERED_AFTER, queue, body)

    def items(self, part: str) -> list[dict[str, Any]]:
        """The table's items whose partition holds `part`."""
        return [dict(item) for pk, items in self.table.partitions() if part in pk for item in items.values()]

    def outstanding(self) -> list[str]:
        """Outbox entries and unresolved dispatches."""
        found = [*self.items("#outbox#"), *self.items("#dispatch#")]
        return [f"{item['pk']['S']} {item['sk']['S']}" for item in found]

    # -- what a test looks at --------------------------------------------------------------------------------------

    def record(self, kind: str, record_id: int, account: str = ACCOUNT) -> dict[str, Any]:
        """The record's item, attributes as plain values."""
        key = {"pk": {"S": f"acct#{account}#{kind}#{record_id}"}, "sk": {"S": "record"}}
        item = self.table.get_item(TableName=self.table_name, Key=key)["Item"]
        return {name: next(iter(value.values())) for name, value in item.items()}


def _bytes(body: bytes | str | None) -> bytes | None:
    return body.encode() if isinstance(body, str) else body


def ready_settings(company: Company, **changes: Any) -> dict[str, Any]:
    """Settings that lack nothing, pointing at what the emulator's company has."""
    accounts, methods = company.entities("Account"), company.entities("PaymentMethod")

    def account(kind: str) -> dict[str, str]:
        found = next(a for a in accounts if a["AccountType"] == kind)
        return {"id": found["Id"], "name": found["Name"]}

    def method(name: str) -> dict[str, str]:
        found = next(m for m in methods if m["Name"] == name)
        return {"id": found["Id"], "name": name}

    item = company.entities("Item")[0]
    codes = [code for code in company.entities("TaxCode") if code["TaxGroup"]]
    return {
        "schema": 1,
        "start_date": "2026-01-01",
        "time_zone": "America/Chicago",
        "tax_codes": {"1": {"id": codes[0]["Id"], "name": codes[0]["Name"]}},
        "fallback_item": {"id": item["Id"], "name": item["Name"]},
        "income_account_service": account("Income"),
        "income_account_stocked": account("Income"),
        "expense_account": account("Cost of Goods Sold"),
        "deposit_account": account("Other Current Asset"),
        "payment_methods": {
            "Cash": {"kind": "money", "method": method("Cash")},
            "Check": {"kind": "money", "method": method("Check")},
            "Credit Card": {"kind": "money", "method": method("Visa"), "deposit_account": account("Bank")},
            "Store Credit": {"kind": "store_credit"},
            "Bad Debt": {"kind": "write_off"},
            "Barter": {"kind": "do_not_sync"},
        },
        **changes,
    }


def everything_on(company: Company) -> dict[str, Any]:
    """What turns on every kind of document, with items of its own for each."""
    accounts = company.entities("Account")

    def account(kind: str) -> dict[str, str]:
        found = next(a for a in accounts if a["AccountType"] == kind)
        return {"id": found["Id"], "name": found["Name"]}

    def item(name: str) -> dict[str, str]:
        accounts = {"IncomeAccountRef": {"value": account("Income")["id"]}}
        accounts |= {"ExpenseAccountRef": {"value": account("Cost of Goods Sold")["id"]}}
        made = company.create_by_hand("Item", {"Name": name, "Type": "NonInventory", **accounts})
        return {"id": made["Id"], "name": name}

    return {
        "sync_store_credit": True,
        "sync_purchase_orders": True,
        "convert_finished_pos_to_bills": True,
        "sync_customer_purchases": True,
        "store_credit_item": item("Store Credit"),
        "bad_debt_item": item("Bad Debt"),
        "purchase_item": item("Used Goods"),
        "ap_account": account("Accounts Payable"),
        "purchase_account": account("Bank"),
    }
