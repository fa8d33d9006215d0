"""The whole deployment: what knows both editions, and QuickBooks Desktop's parts."""

import os
from datetime import timedelta
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

from syncro_quickbooks.bootstrap.online import Online
from syncro_quickbooks.sync.accounts import Connection, Edition
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE, PUSH_SCHEDULE

if TYPE_CHECKING:
    from syncro_quickbooks.desktop.dry_run import DesktopDryRun
    from syncro_quickbooks.desktop.endpoint import Endpoint
    from syncro_quickbooks.desktop.exchange import Exchange
    from syncro_quickbooks.desktop.last_session import LastSessions
    from syncro_quickbooks.desktop.registrations import Registrations
    from syncro_quickbooks.sync.nightly import BooksOf, Nightly
    from syncro_quickbooks.sync.offboarding import Offboarding
    from syncro_quickbooks.sync.retries import Retries
    from syncro_quickbooks.sync.settings_desk import Choices, SettingsDesk


class Deployment(Online):
    """One deployment; functions use `deployment()`. Here are the parts that know both editions, and Desktop's."""

    @cached_property
    def nightly(self) -> "Nightly":
        """Compares accounts with QuickBooks."""
        from syncro_quickbooks.desktop.night_reading import Readings  # noqa: PLC0415
        from syncro_quickbooks.desktop.reconciling import DesktopBooks  # noqa: PLC0415
        from syncro_quickbooks.online.idle import pause_until_reconnected  # noqa: PLC0415
        from syncro_quickbooks.online.rate import RateLimiter, RateState  # noqa: PLC0415
        from syncro_quickbooks.online.reconciling import OnlineBooks  # noqa: PLC0415
        from syncro_quickbooks.sync.nightly import Nightly  # noqa: PLC0415

        def online(connection: Connection) -> OnlineBooks:
            rate = RateState.from_item(self.accounts.health(connection).rate)
            client = self._client(connection, RateLimiter(self._clock, rate))
            pause = partial(pause_until_reconnected, self.accounts, connection, log=self._log)
            return OnlineBooks(client, self._clock, pause)

        def desktop(connection: Connection) -> DesktopBooks:
            readings = Readings(self.table, self._clock, connection.account_id, connection.realm_id)
            return DesktopBooks(readings, self._clock)

        books: dict[Edition, BooksOf] = {Edition.ONLINE: online, Edition.DESKTOP: desktop}
        return Nightly(self.table, self._clock, self.accounts, self.nights, books=books, log=self._log)

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
        missed = box("RETRY_FAILED_DLQ_URL")
        return Retries(self.table, self._clock, events, wake_ups, troubles, missed=missed)

    @cached_property
    def offboarding(self) -> "Offboarding":
        """Deletes the data of accounts that leave, after a set time."""
        from syncro_quickbooks.sync.offboarding import Offboarding  # noqa: PLC0415

        kept = timedelta(days=int(self._environ["OFFBOARDING_DAYS"]))
        return Offboarding(self.table, self.accounts, self._clock, kept, self.registrations.remove)

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
    def desktop_dry_run(self) -> "DesktopDryRun":
        """Finds out what a session of the Web Connector would be given."""
        from syncro_quickbooks.desktop.dry_run import DesktopDryRun  # noqa: PLC0415

        return DesktopDryRun(self.table, self._clock, self._log)

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
    def last_sessions(self) -> "LastSessions":
        """How the accounts' newest Desktop sessions ended."""
        from syncro_quickbooks.desktop.last_session import LastSessions  # noqa: PLC0415

        return LastSessions(self.table, self._clock)

    @cached_property
    def _exchange(self) -> "Exchange":
        from syncro_quickbooks.desktop.drain import OutboxExchange  # noqa: PLC0415

        return OutboxExchange(self.table, self.accounts, self._clock, self._log, self.jobs)


@cache
def deployment() -> Deployment:
    """The deployment this process belongs to, as its environment describes it."""
    return Deployment(os.environ)
