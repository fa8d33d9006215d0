"""What calls Intuit and Syncro over HTTP."""

import json
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from syncro_quickbooks.bootstrap.core import Core
from syncro_quickbooks.sync.accounts import Connection

if TYPE_CHECKING:
    from syncro_quickbooks.one_time.worker import OneTimeJobs
    from syncro_quickbooks.online.client import Client
    from syncro_quickbooks.online.dry_run import DryRun
    from syncro_quickbooks.online.grants import SecretCredentials, TokenEndpoint
    from syncro_quickbooks.online.http import Couriers
    from syncro_quickbooks.online.idle import IdleConnections
    from syncro_quickbooks.online.oauth import CompanyConnector
    from syncro_quickbooks.online.payments_from.imports import Imports
    from syncro_quickbooks.online.payments_from.poll import PaymentPoll
    from syncro_quickbooks.online.payments_from.webhooks import Webhooks
    from syncro_quickbooks.online.push import Push
    from syncro_quickbooks.online.rate import RateLimiter
    from syncro_quickbooks.online.read_budget import WorkspaceReadBudget
    from syncro_quickbooks.online.token_store import TokenStore
    from syncro_quickbooks.online.tokens import ConnectionKey, TokenSource
    from syncro_quickbooks.syncro_api.access import AccessStore, SyncroAccess
    from syncro_quickbooks.syncro_api.client import SyncroClient


class Online(Core):
    """The parts that reach QuickBooks Online and Syncro's API."""

    @cached_property
    def push(self) -> "Push":
        """Drains outboxes into QuickBooks Online."""
        from syncro_quickbooks.online.push import Push  # noqa: PLC0415 - see the package's docstring

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
    def dry_run(self) -> "DryRun":
        """Finds out what the push would do."""
        from syncro_quickbooks.online.dry_run import DryRun  # noqa: PLC0415

        return DryRun(self.table, self._clock, self._client, self._log)

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
    def read_budget(self) -> "WorkspaceReadBudget":
        """The month's metered reads of all accounts together."""
        from syncro_quickbooks.online.read_budget import WorkspaceReadBudget, allowance_from_env  # noqa: PLC0415

        return WorkspaceReadBudget(self.table, self._clock, self._log, allowance_from_env(self._environ))

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
