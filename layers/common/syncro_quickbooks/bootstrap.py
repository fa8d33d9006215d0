"""The composition root: builds one deployment's parts from its environment. Nothing here knows an account.

What only some functions need (HTTP, KMS, Secrets Manager, S3) is imported and made when it is first asked for: every
import at the top is start-up time of every function.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Protocol

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from syncro_quickbooks.clock import Clock, SystemClock
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.polls import Polls
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE, PUSH_SCHEDULE, Wakes

if TYPE_CHECKING:
    import requests
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from syncro_quickbooks.desktop.endpoint import Endpoint
    from syncro_quickbooks.desktop.exchange import Exchange
    from syncro_quickbooks.desktop.last_session import LastSessions
    from syncro_quickbooks.desktop.registrations import Registrations
    from syncro_quickbooks.one_time.worker import OneTimeJobs
    from syncro_quickbooks.online.client import Client
    from syncro_quickbooks.online.dry_run import DryRun
    from syncro_quickbooks.online.grants import SecretCredentials, TokenEndpoint
    from syncro_quickbooks.online.http import Couriers
    from syncro_quickbooks.online.idle import IdleConnections
    from syncro_quickbooks.online.nightly import Nightly
    from syncro_quickbooks.online.oauth import CompanyConnector
    from syncro_quickbooks.online.payments_from.imports import Imports
    from syncro_quickbooks.online.payments_from.poll import PaymentPoll
    from syncro_quickbooks.online.payments_from.webhooks import Webhooks
    from syncro_quickbooks.online.push import Push
    from syncro_quickbooks.online.rate import RateLimiter
    from syncro_quickbooks.online.read_budget import WorkspaceReadBudget
    from syncro_quickbooks.online.token_store import TokenStore
    from syncro_quickbooks.online.tokens import ConnectionKey, TokenSource
    from syncro_quickbooks.sync.audit import Audit
    from syncro_quickbooks.sync.decisions import Decisions
    from syncro_quickbooks.sync.gauges import Gauges
    from syncro_quickbooks.sync.intake import Intake
    from syncro_quickbooks.sync.jobs import Jobs
    from syncro_quickbooks.sync.listings import Listings
    from syncro_quickbooks.sync.nights import Nights
    from syncro_quickbooks.sync.offboarding import Offboarding
    from syncro_quickbooks.sync.retries import Retries
    from syncro_quickbooks.sync.settings_desk import Choices, SettingsDesk
    from syncro_quickbooks.syncro_api.access import AccessStore, SyncroAccess
    from syncro_quickbooks.syncro_api.client import SyncroClient
    from syncro_quickbooks.vault import KmsVault

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


class AwsClients(Protocol):
    """The AWS services a deployment uses."""

    @property
    def dynamodb(self) -> "DynamoDBClient": ...
    @property
    def sqs(self) -> "SQSClient": ...
    @property
    def kms(self) -> "KMSClient": ...
    @property
    def secretsmanager(self) -> "SecretsManagerClient": ...
    @property
    def s3(self) -> "S3Client": ...


class Boto3Clients:
    """boto3's clients, each made when it is first used. Time limits are far below every function's own."""

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return boto3.client("dynamodb", config=_CONFIG)

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=_CONFIG)

    @cached_property
    def kms(self) -> "KMSClient":
        return boto3.client("kms", config=_CONFIG)

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        return boto3.client("secretsmanager", config=_CONFIG)

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3", config=_CONFIG)


class Deployment:
    """One deployment; functions use `deployment()`.

    Tests give it their own clock, AWS clients, HTTP sessions, and couriers that bring requests to QuickBooks.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Clock | None = None,
        aws: AwsClients | None = None,
        session_factory: "Callable[[], requests.Session] | None" = None,
        couriers: "Couriers | None" = None,
    ) -> None:
        self._environ = environ
        self._clock = clock or SystemClock()
        self._aws = aws or Boto3Clients()
        self._session_factory = session_factory
        self._given_couriers = couriers
        self._log = Logger(child=True)
        self._verifier: str | None = None

    @property
    def clock(self) -> Clock:
        """Where the time comes from."""
        return self._clock

    @cached_property
    def table(self) -> Table:
        """The deployment's table."""
        return Table(self._aws.dynamodb, self._environ["TABLE_NAME"])

    @cached_property
    def wakes(self) -> Wakes:
        """Sends and repairs wake-ups."""
        environ = self._environ
        return Wakes(self.table, self._aws.sqs, self._clock, environ["PUSH_QUEUE_URL"], environ["WAKE_LATER_QUEUE_URL"])

    @cached_property
    def polls(self) -> Polls:
        """When to look for payments in QuickBooks."""
        return Polls(self.table, self._aws.sqs, self._clock, self._environ["POLL_QUEUE_URL"])

    @cached_property
    def accounts(self) -> Accounts:
        """Connections, settings and pauses."""
        return Accounts(self.table, self._clock, self.wakes)

    @cached_property
    def gauges(self) -> "Gauges":
        """What the alarms need to know of the table."""
        from syncro_quickbooks.sync.gauges import Gauges  # noqa: PLC0415 - see the module's docstring

        return Gauges(self.table, self._clock)

    @cached_property
    def intake(self) -> "Intake":
        """Takes Syncro's events in."""
        from syncro_quickbooks.sync.intake import Intake  # noqa: PLC0415 - only events' doors start with it

        return Intake(self.table, self.wakes, self._clock, self._read_inbox)

    def keep_refused(self, event: Mapping[str, object], reason: str) -> None:
        """Puts an event of the bus that no retry can help into the dead-letter queue, with the reason."""
        letter = json.dumps({"reason": reason, "event": event})
        self._aws.sqs.send_message(QueueUrl=self._environ["EVENTS_DLQ_URL"], MessageBody=letter)

    @cached_property
    def retries(self) -> "Retries":
        """Tries again what failed, while an alarm is red."""
        from syncro_quickbooks.sync import nights, polls  # noqa: PLC0415
        from syncro_quickbooks.sync.dead_letters import (  # noqa: PLC0415
            EventDeadLetters,
            LetterBox,
            WakeUpDeadLetters,
        )
        from syncro_quickbooks.sync.retries import Retries  # noqa: PLC0415
        from syncro_quickbooks.sync.troubles import Troubles  # noqa: PLC0415

        def box(variable: str) -> LetterBox:
            return LetterBox(self._aws.sqs, self._environ[variable])

        events = EventDeadLetters(box("EVENTS_DLQ_URL"), self.intake.accept, self.keep_refused)
        boxes = [
            (box("PUSH_DLQ_URL"), PUSH_SCHEDULE),
            (box("JOBS_DLQ_URL"), JOBS_SCHEDULE),
            (box("POLL_DLQ_URL"), polls.SCHEDULE),
            (box("RECONCILE_DLQ_URL"), nights.SCHEDULE),
            (box("WAKE_LATER_DLQ_URL"), ""),  # they name their own
        ]
        wake_ups = WakeUpDeadLetters(boxes, self.table, self._clock)
        troubles = Troubles(self.table, self.accounts, self.wakes, self._clock)
        return Retries(self.table, self._clock, events, wake_ups, troubles)

    @cached_property
    def nights(self) -> "Nights":
        """When accounts are compared with QuickBooks, and the reports."""
        from syncro_quickbooks.sync.nights import Nights  # noqa: PLC0415

        return Nights(self.table, self._clock)

    @cached_property
    def nightly(self) -> "Nightly":
        """Compares accounts with QuickBooks Online."""
        from syncro_quickbooks.online.nightly import Nightly  # noqa: PLC0415

        return Nightly(self.table, self._clock, self.accounts, self.nights, client_for=self._client, log=self._log)

    def ask_for_comparison(self, account_id: str) -> None:
        """Have the account compared by whoever takes the message."""
        self._aws.sqs.send_message(QueueUrl=self._environ["RECONCILE_QUEUE_URL"], MessageBody=account_id)

    @cached_property
    def push(self) -> "Push":
        """Drains outboxes into QuickBooks Online."""
        from syncro_quickbooks.online.push import Push  # noqa: PLC0415 - see the module's docstring

        return Push(self.table, self.wakes, self._clock, self._client, self._log, jobs=self.jobs)

    @cached_property
    def payment_poll(self) -> "PaymentPoll":
        """Brings payments from QuickBooks Online into Syncro."""
        from syncro_quickbooks.online.payments_from.poll import PaymentPoll  # noqa: PLC0415

        return PaymentPoll(
            table=self.table,
            polls=self.polls,
            accounts=self.accounts,
            clock=self._clock,
            client_for=self._client,
            syncro_for=self.syncro,
            reads=self.read_budget,
            log=self._log,
        )

    @cached_property
    def webhooks(self) -> "Webhooks":
        """Takes in what Intuit tells of changes."""
        from syncro_quickbooks.online.payments_from.webhooks import Webhooks  # noqa: PLC0415

        return Webhooks(self.table, self.polls, self._webhook_verifier, self._log)

    def _webhook_verifier(self) -> str:
        """The verifier token of the app's webhooks, read once. Raises KeyError if the secret has none."""
        if self._verifier is None:
            name = self._environ["INTUIT_CREDENTIALS_SECRET"]
            secret = json.loads(self._aws.secretsmanager.get_secret_value(SecretId=name)["SecretString"])
            self._verifier = str(secret["webhook_verifier"])
        return self._verifier

    def payment_imports(self, account_id: str, realm_id: str) -> "Imports":
        """The payments of a company that were, or were not, brought into Syncro."""
        from syncro_quickbooks.online.payments_from.imports import Imports  # noqa: PLC0415

        return Imports(self.table, account_id, realm_id)

    @cached_property
    def tokens(self) -> "TokenStore":
        """The stored tokens of the connections."""
        from syncro_quickbooks.online.token_store import TokenStore  # noqa: PLC0415

        return TokenStore(self.table, self._vault, self._token_endpoint, self._clock, self._log)

    @cached_property
    def _vault(self) -> "KmsVault":
        from syncro_quickbooks.vault import KmsVault  # noqa: PLC0415

        return KmsVault(lambda: self._aws.kms, self._environ["TOKEN_KEY_ID"])

    @cached_property
    def syncro_access(self) -> "AccessStore":
        """The accounts' access to Syncro's API."""
        from syncro_quickbooks.syncro_api.access import AccessStore  # noqa: PLC0415

        def check(account_id: str, access: "SyncroAccess") -> None:
            self._syncro_client(account_id, access, timedelta(seconds=10)).check()  # somebody waits for the answer

        return AccessStore(self.table, lambda: self._vault, self._clock, check)

    def syncro(self, account_id: str, patience: timedelta = timedelta(seconds=30)) -> "SyncroClient":
        """The client of the account's Syncro; a call waits up to `patience` for its turn. Raises NoSyncroAccess."""
        return self._syncro_client(account_id, self.syncro_access.load(account_id), patience)

    def _syncro_client(self, account_id: str, access: "SyncroAccess", patience: timedelta) -> "SyncroClient":
        from syncro_quickbooks.syncro_api.client import DEFAULT_BASE_URL, SyncroClient  # noqa: PLC0415
        from syncro_quickbooks.syncro_api.pace import Pace, pace_from_env  # noqa: PLC0415

        return SyncroClient(
            base_url=self._environ.get("SYNCRO_API_BASE_URL") or DEFAULT_BASE_URL,
            account_id=account_id,
            access=access,
            session_factory=self._sessions,
            pace=Pace(self.table, self._clock, pace_from_env(self._environ)),
            logger=self._log,
            patience=patience,
        )

    @cached_property
    def idle_connections(self) -> "IdleConnections":
        """Keeps the consents of connections alive that nobody uses."""
        from syncro_quickbooks.online.idle import IdleConnections  # noqa: PLC0415

        return IdleConnections(self.table, self.tokens, self.accounts, self._clock, self._log)

    @cached_property
    def offboarding(self) -> "Offboarding":
        """Deletes the data of accounts that leave, after a set time."""
        from syncro_quickbooks.sync.offboarding import Offboarding  # noqa: PLC0415

        kept = timedelta(days=int(self._environ["OFFBOARDING_DAYS"]))
        return Offboarding(self.table, self.accounts, self._clock, kept, self.registrations.remove)

    @cached_property
    def audit(self) -> "Audit":
        """Who did what to an account's connection."""
        from syncro_quickbooks.sync.audit import Audit  # noqa: PLC0415

        return Audit(self.table, self._clock)

    @cached_property
    def web_connector(self) -> "Endpoint":
        """The SOAP service that the QuickBooks Web Connector calls."""
        from syncro_quickbooks.desktop.endpoint import Endpoint  # noqa: PLC0415
        from syncro_quickbooks.desktop.logins import Logins  # noqa: PLC0415
        from syncro_quickbooks.desktop.service import WebConnectorService  # noqa: PLC0415
        from syncro_quickbooks.desktop.sessions import Sessions  # noqa: PLC0415

        logins, sessions = Logins(self.table, self._clock), Sessions(self.table, self._clock)
        service = WebConnectorService(logins, sessions, self.last_sessions, self._exchange, self._log)
        return Endpoint(service, self._log)

    @cached_property
    def registrations(self) -> "Registrations":
        """What accounts are known by in the Web Connector."""
        from syncro_quickbooks.desktop.registrations import Registrations  # noqa: PLC0415

        return Registrations(self.table, self.accounts)

    @cached_property
    def settings_desk(self) -> "SettingsDesk":
        """Shows, checks and saves settings, and QuickBooks' lists that they are chosen from."""
        from syncro_quickbooks.desktop.choices import DesktopChoices  # noqa: PLC0415
        from syncro_quickbooks.online.choices import OnlineChoices  # noqa: PLC0415
        from syncro_quickbooks.online.pick_lists import OnlineLists  # noqa: PLC0415
        from syncro_quickbooks.sync.kept_lists import KeptLists  # noqa: PLC0415
        from syncro_quickbooks.sync.settings_desk import SettingsDesk  # noqa: PLC0415

        lists = OnlineLists(KeptLists(self.table, self._clock), self._clock, self._impatient_client)
        online = OnlineChoices(lists, self._impatient_client)
        editions: dict[Edition, Choices] = {Edition.ONLINE: online, Edition.DESKTOP: DesktopChoices(self.accounts)}
        return SettingsDesk(self.accounts, self._clock, editions, self.audit)

    @cached_property
    def dry_run(self) -> "DryRun":
        """Finds out what the push would do."""
        from syncro_quickbooks.online.dry_run import DryRun  # noqa: PLC0415

        return DryRun(self.table, self._clock, self._client, self._log)

    @cached_property
    def decisions(self) -> "Decisions":
        """Takes in what people decide about records."""
        from syncro_quickbooks.sync.decisions import Decisions  # noqa: PLC0415

        return Decisions(self.table, self.wakes, self._clock, self.intake)

    @cached_property
    def jobs(self) -> "Jobs":
        """Starts, confirms, cancels and shows one-time exports and imports."""
        from syncro_quickbooks.sync.jobs import Jobs  # noqa: PLC0415

        return Jobs(self.table, self.accounts, self._clock, self.job_wakes)

    @cached_property
    def job_wakes(self) -> Wakes:
        """Sends and repairs the wake-ups of one-time jobs."""
        environ = self._environ
        queues = (environ["JOBS_QUEUE_URL"], environ["WAKE_LATER_QUEUE_URL"])
        return Wakes(self.table, self._aws.sqs, self._clock, *queues, schedule=JOBS_SCHEDULE)

    @cached_property
    def one_time_jobs(self) -> "OneTimeJobs":
        """Does what one-time jobs have to do in Syncro."""
        from syncro_quickbooks.one_time.mapping import for_syncro  # noqa: PLC0415
        from syncro_quickbooks.one_time.worker import OneTimeJobs  # noqa: PLC0415

        return OneTimeJobs(
            table=self.table,
            accounts=self.accounts,
            jobs=self.jobs,
            wakes=self.job_wakes,
            push_wakes=self.wakes,
            clock=self._clock,
            client_for=self.syncro,
            for_syncro=for_syncro,
            log=self._log,
        )

    @cached_property
    def last_sessions(self) -> "LastSessions":
        """How the accounts' newest Desktop sessions ended."""
        from syncro_quickbooks.desktop.last_session import LastSessions  # noqa: PLC0415

        return LastSessions(self.table, self._clock)

    @cached_property
    def read_budget(self) -> "WorkspaceReadBudget":
        """The month's metered reads of all accounts together."""
        from syncro_quickbooks.online.read_budget import WorkspaceReadBudget, allowance_from_env  # noqa: PLC0415

        return WorkspaceReadBudget(self.table, self._clock, self._log, allowance_from_env(self._environ))

    def listings(self, account_id: str) -> "Listings":
        """An account's records for people to look at."""
        from syncro_quickbooks.sync.listings import Listings  # noqa: PLC0415

        connection = self.accounts.connection(account_id)
        return Listings(self.table, account_id, connection.realm_id if connection else "")

    @cached_property
    def _exchange(self) -> "Exchange":
        from syncro_quickbooks.desktop.drain import OutboxExchange  # noqa: PLC0415

        return OutboxExchange(self.table, self.accounts, self._clock, self._log, self.jobs)

    @property
    def console_url(self) -> str:
        """The page that people connect QuickBooks from; empty if none is configured."""
        return self._environ["CONSOLE_URL"]

    @property
    def web_connector_url(self) -> str:
        """Where the QuickBooks Web Connector calls."""
        return self._environ["QBWC_URL"]

    @cached_property
    def connector(self) -> "CompanyConnector":
        """Connects accounts to companies."""
        from syncro_quickbooks.online.oauth import CompanyConnector  # noqa: PLC0415

        return CompanyConnector(
            authorize_url=self._environ["INTUIT_AUTHORIZE_URL"],
            redirect_uri=self._environ["OAUTH_REDIRECT_URI"],  # exactly as it is registered with Intuit
            credentials=self._credentials,
            endpoint=self._token_endpoint,
            tokens=self.tokens,
            accounts=self.accounts,
            table=self.table,
            clock=self._clock,
            client_for=self._client_with,
            log=self._log,
        )

    @cached_property
    def _credentials(self) -> "SecretCredentials":
        from syncro_quickbooks.online.grants import SecretCredentials  # noqa: PLC0415

        name = self._environ["INTUIT_CREDENTIALS_SECRET"]
        return SecretCredentials(lambda: self._aws.secretsmanager.get_secret_value(SecretId=name)["SecretString"])

    @cached_property
    def _token_endpoint(self) -> "TokenEndpoint":
        from syncro_quickbooks.online.grants import TokenEndpoint  # noqa: PLC0415

        return TokenEndpoint(
            token_url=self._environ["INTUIT_TOKEN_URL"],
            revoke_url=self._environ.get("INTUIT_REVOKE_URL", ""),
            credentials=self._credentials,
            session_factory=self._sessions,
            logger=self._log,
        )

    def _client(self, connection: Connection, limiter: "RateLimiter") -> "Client":
        from syncro_quickbooks.online.tokens import ConnectionKey  # noqa: PLC0415

        return self._client_of(ConnectionKey(connection.account_id, connection.realm_id), self.tokens, limiter)

    def _client_with(self, connection: "ConnectionKey", tokens: "TokenSource") -> "Client":
        from syncro_quickbooks.online.rate import RateLimiter  # noqa: PLC0415

        return self._client_of(connection, tokens, RateLimiter(self._clock))

    def _impatient_client(self, connection: "ConnectionKey") -> "Client":
        """For somebody who waits in front of a page."""
        from syncro_quickbooks.online.rate import RateLimiter  # noqa: PLC0415

        return self._client_of(connection, self.tokens, RateLimiter(self._clock), is_patient=False)

    def _client_of(
        self, connection: "ConnectionKey", tokens: "TokenSource", limiter: "RateLimiter", *, is_patient: bool = True
    ) -> "Client":
        from syncro_quickbooks.online.client import Client  # noqa: PLC0415
        from syncro_quickbooks.online.http import PATIENCE, READ_TIMEOUT  # noqa: PLC0415

        return Client(
            base_url=self._environ["QBO_API_BASE_URL"],
            account_id=connection.account_id,
            realm_id=connection.realm_id,
            tokens=tokens,
            session_factory=self._sessions,
            clock=self._clock,
            reads=self.read_budget,
            limiter=limiter,
            logger=self._log,
            couriers=self._couriers,
            read_timeout=READ_TIMEOUT if is_patient else PATIENCE,
        )

    @cached_property
    def _couriers(self) -> "Couriers":
        if self._given_couriers is not None:
            return self._given_couriers
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        from syncro_quickbooks.online.rate import MOST_IN_FLIGHT  # noqa: PLC0415

        return ThreadPoolExecutor(MOST_IN_FLIGHT, thread_name_prefix="to-intuit")

    def _sessions(self) -> "requests.Session":
        if self._session_factory is not None:
            return self._session_factory()
        from syncro_quickbooks.online.http import new_session  # noqa: PLC0415

        return new_session()

    def _read_inbox(self, key: str) -> JsonObject:
        from syncro_quickbooks import exact_json  # noqa: PLC0415

        stored = self._aws.s3.get_object(Bucket=self._environ["INBOX_BUCKET"], Key=key)
        detail = exact_json.loads(stored["Body"].read())
        if not isinstance(detail, dict):
            raise ValueError(f"inbox object {key} is no JSON object")  # noqa: TRY004 - like every other unreadable text
        return detail


@cache
def deployment() -> Deployment:
    """The deployment this process belongs to, as its environment describes it."""
    return Deployment(os.environ)
