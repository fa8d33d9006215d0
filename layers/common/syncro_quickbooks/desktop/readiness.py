"""Whether an account's QuickBooks may be asked anything now, and whether anything may be written to it."""

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.desktop import problems
from syncro_quickbooks.desktop.choices import payments_back
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.pick_lists import READ_EVERY
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition, Pause
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.settings import Settings, SettingsError, load_settings, missing_desktop_choices


class Readiness:
    """Of one deployment's Desktop accounts: connected, described, allowed and set up."""

    def __init__(self, accounts: Accounts, clock: Clock) -> None:
        self._accounts = accounts
        self._clock = clock

    def connection(self, account_id: str) -> Connection | None:
        """The account's connection, None unless it is one to Desktop."""
        connection = self._accounts.connection(account_id)
        return connection if connection is not None and connection.edition is Edition.DESKTOP else None

    def obstacle(self, connection: Connection, company: Company) -> Problem | None:
        """Why nothing at all may be asked of this QuickBooks."""
        if not company.served:
            return problems.not_served(company.country)
        if not company.version:
            return problems.TOO_OLD
        reason = self._accounts.posting_stopped(connection.account_id, Edition.DESKTOP)
        return problems.posting_stopped(reason) if reason is not None else None

    def held(self, connection: Connection, company: Company) -> Problem | None:
        """Why nothing may be written now: a choice that is missing, or a pause. Ends a pause that is over."""
        settings = settings_of(connection)
        if isinstance(settings, Problem):
            return settings
        pause = self._accounts.health(connection).pause
        missing = missing_desktop_choices(settings, sales_tax=company.sales_tax) if settings.sync_invoices_to else ()
        if missing:
            if pause is None or pause.problem.code != missing[0].code:
                self._accounts.pause(connection, Pause(missing[0]))
            return missing[0]
        if pause is None:
            return None
        over = pause.until is not None and pause.until <= self._clock.now()
        if over or pause.problem.code.startswith("setup_"):
            self._accounts.resume(connection.account_id)
            return None
        return pause.problem

    def lists_due(self, company: Company | None) -> bool:
        """Whether QuickBooks' lists are to be read, as they are once a day."""
        read_at = company.lists_read_at if company is not None else None
        return read_at is None or self._clock.now() - read_at >= READ_EVERY

    def to_be_looked_at(self, connection: Connection | None) -> bool:
        """Whether lists are to be read, or records to be decided about anew."""
        company = company_of(connection)
        if connection is None or company is None or self.lists_due(company):
            return True
        return self._accounts.health(connection).decided_by != decided_by(connection, company)


def company_of(connection: Connection | None) -> Company | None:
    """What QuickBooks said of host, company and lists in the last sessions."""
    stored = connection.company if connection is not None else None
    return Company.from_json(stored) if stored is not None else None


def decided_by(connection: Connection, company: Company) -> str:
    """The settings and the company that records are decided by."""
    return f"{connection.realm_id} {connection.settings_version} {company.fingerprint}"


def settings_of(connection: Connection) -> Settings | Problem:
    """The account's settings, or why they cannot be used."""
    if connection.settings is None:
        return Settings()
    try:
        settings = load_settings(connection.settings)
    except SettingsError as error:
        return Problem("settings_unusable", f"The account's settings cannot be used: {error}", "Save them again.")
    return payments_back(settings) or settings
