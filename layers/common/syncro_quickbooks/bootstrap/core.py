"""What every deployment has, whatever QuickBooks an account uses: the table, the queues, and the sync core on them."""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from syncro_quickbooks.bootstrap.aws import AwsClients, Boto3Clients
from syncro_quickbooks.clock import Clock, SystemClock
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts
from syncro_quickbooks.sync.polls import Polls
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE, Wakes

if TYPE_CHECKING:
    import requests

    from syncro_quickbooks.online.http import Couriers
    from syncro_quickbooks.sync.audit import Audit
    from syncro_quickbooks.sync.decisions import Decisions
    from syncro_quickbooks.sync.gauges import Gauges
    from syncro_quickbooks.sync.intake import Intake
    from syncro_quickbooks.sync.jobs import Jobs
    from syncro_quickbooks.sync.listings import Listings
    from syncro_quickbooks.sync.nights import Nights
    from syncro_quickbooks.vault import KmsVault


class Core:
    """One deployment's table, queues and clock, and the sync core's parts.

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
        from syncro_quickbooks.sync.gauges import Gauges  # noqa: PLC0415 - see the package's docstring

        return Gauges(self.table, self._clock)

    @cached_property
    def intake(self) -> "Intake":
        """Takes Syncro's events in."""
        from syncro_quickbooks.sync.intake import Intake  # noqa: PLC0415 - only events' doors start with it

        return Intake(self.table, self.wakes, self._clock, self._read_inbox)

    def keep_refused(self, event: object, reason: str) -> None:
        """Puts an event of the bus that no retry can help into the queue of refused events, with the reason."""
        letter = json.dumps({"reason": reason, "event": event})
        self._aws.sqs.send_message(QueueUrl=self._environ["REFUSED_EVENTS_QUEUE_URL"], MessageBody=letter)

    @cached_property
    def nights(self) -> "Nights":
        """When accounts are compared with QuickBooks, and the reports."""
        from syncro_quickbooks.sync.nights import Nights  # noqa: PLC0415

        return Nights(self.table, self._clock)

    def ask_for_comparison(self, account_id: str) -> None:
        """Have the account compared by whoever takes the message."""
        self._aws.sqs.send_message(QueueUrl=self._environ["RECONCILE_QUEUE_URL"], MessageBody=account_id)

    @cached_property
    def _vault(self) -> "KmsVault":
        from syncro_quickbooks.vault import KmsVault  # noqa: PLC0415

        return KmsVault(lambda: self._aws.kms, self._environ["TOKEN_KEY_ID"])

    @cached_property
    def audit(self) -> "Audit":
        """Who did what to an account's connection."""
        from syncro_quickbooks.sync.audit import Audit  # noqa: PLC0415

        return Audit(self.table, self._clock)

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

    def listings(self, account_id: str) -> "Listings":
        """An account's records for people to look at."""
        from syncro_quickbooks.sync.listings import Listings  # noqa: PLC0415

        connection = self.accounts.connection(account_id)
        return Listings(self.table, account_id, connection.realm_id if connection else "")

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
