"""Where settings are looked at and saved: checked as a whole against QuickBooks' own lists, then saved or not."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition, StaleSettings
from syncro_quickbooks.sync.audit import Audit, Deed
from syncro_quickbooks.sync.kept_lists import ListSource
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.pick_lists import Entry, ListsUnavailable, PickList
from syncro_quickbooks.sync.references import Reference, Rule, references, with_names, wrong
from syncro_quickbooks.sync.settings import Reason, Settings, SettingsError, load_settings

GOOD_FOR = timedelta(days=1)
"""How old a list may be that is shown or checked against; an older one is read when somebody asks for it."""

ASKED_AT_MOST_EVERY = timedelta(minutes=1)
"""A list this new is not read again however often somebody presses the button: reads are metered."""


class Choices(Protocol):
    """What can be chosen in one edition's settings."""

    @property
    def lists(self) -> ListSource:
        """QuickBooks' lists."""
        ...

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rule of every setting that names something in QuickBooks."""
        ...

    def rule(self, reference: Reference) -> Rule | None:
        """The rule that a reference has to meet; None where the edition has no use for it."""
        ...

    def refusals(self, settings: Settings) -> Sequence[Reason]:
        """What was chosen that the edition does not do."""
        ...

    def checklist(self, settings: Settings, company: JsonObject) -> Sequence[Problem]:
        """What is missing before anything is sent to `company`, as it is stored."""
        ...

    def read_company(self, connection: Connection) -> JsonObject:
        """What the company is like now, as it is stored. Raises ListsUnavailable."""
        ...


class NotConnected(Exception):
    """The account has no QuickBooks company, so there is nothing to choose from."""


@dataclass(frozen=True, slots=True)
class SettingsView:
    """An account's settings as they are now.

    `settings` is None if what is stored cannot be read. `refused` names what is wrong by the lists that were read last;
    `checklist` what is missing, None as long as nothing is known of the company, and `company_problem` why that is so.
    """

    connection: Connection
    settings: Settings | None
    refused: Sequence[Reason]
    checklist: Sequence[Problem] | None
    company_problem: Problem | None
    rules: Mapping[str, Rule]


class SettingsDesk:
    """Shows, checks and saves the settings of accounts of every edition."""

    def __init__(self, accounts: Accounts, clock: Clock, editions: Mapping[Edition, Choices], audit: Audit) -> None:
        self._accounts = accounts
        self._audit = audit
        self._clock = clock
        self._editions = editions

    def view(self, account_id: str, *, refresh: bool = False) -> SettingsView:
        """The settings and how they stand; reads the company if it is not known, or with `refresh`.

        Raises NotConnected.
        """
        connection = self._connected(account_id)
        choices = self._editions[connection.edition]
        connection, problem, read = self._with_company(connection, choices, refresh=refresh)
        settings, reasons = _stored(connection)
        if settings is not None:
            find = _Lookup(choices.lists, connection, self._clock.now(), keeps_to_kept=True)
            reasons = [*choices.refusals(settings), *_refused(settings, choices, find)]
        company = connection.company
        checklist = None if company is None or settings is None else choices.checklist(settings, company)
        if read and checklist is not None and not checklist:
            self._accounts.set_up(connection)
        return SettingsView(connection, settings, reasons, checklist, problem, choices.rules)

    def check(self, account_id: str, settings: Settings) -> Sequence[Reason]:
        """Why the settings could not be saved; empty if they could. Raises NotConnected and ListsUnavailable."""
        connection = self._connected(account_id)
        choices = self._editions[connection.edition]
        return self._reasons(settings, choices, _Lookup(choices.lists, connection, self._clock.now()))

    def save(self, account_id: str, settings: Settings, *, version: int, user_id: str) -> int:
        """Replace the settings read at `version`; returns the new version. References get QuickBooks' own names.

        Who did it is noted.

        Raises, with nothing changed, NotConnected, StaleSettings, AnotherCompany, SettingsError with every reason, and
        ListsUnavailable if QuickBooks would have to be asked and cannot.
        """
        connection = self._connected(account_id)
        if connection.settings_version != version:
            raise StaleSettings
        choices = self._editions[connection.edition]
        lookup = _Lookup(choices.lists, connection, self._clock.now())
        reasons = self._reasons(settings, choices, lookup)
        if reasons:
            raise SettingsError(reasons)

        def name_of(reference: Reference) -> str:
            rule = choices.rule(reference)
            entry = lookup.find(rule.list, reference.ref.id) if rule else None
            return entry.name if entry else reference.ref.name

        stored = with_names(settings, name_of)
        realm_id, about = connection.realm_id, f"version {version + 1}"
        noted = self._audit.entry(account_id, Deed.SETTINGS_SAVED, user_id, realm_id, about)
        return self._accounts.save_settings(account_id, stored, version=version, realm_id=realm_id, also=[noted])

    def pick_list(self, account_id: str, name: str, *, refresh: bool = False, setting: str = "") -> PickList:
        """One of QuickBooks' lists, read if it is older than a day or, with `refresh`, older than a minute.

        With `setting` only what can be chosen for it. If the list cannot be read, the old one with the reason. Raises
        NotConnected, LookupError for a list that the edition does not have or that the setting is not chosen from, and
        ListsUnavailable if the list was never read.
        """
        connection = self._connected(account_id)
        choices = self._editions[connection.edition]
        if name not in choices.lists.names:
            raise LookupError(name)
        rule = choices.rules[setting] if setting else None
        if rule is not None and rule.list != name:
            raise LookupError(setting)
        shown = self._shown(choices.lists, connection, name, refresh=refresh)
        if rule is None:
            return shown
        find = _Lookup(choices.lists, connection, self._clock.now()).find
        return replace(shown, entries=[entry for entry in shown.entries if rule.unfit(entry, find) is None])

    def chosen_from(self, account_id: str, name: str) -> Mapping[str, Rule]:
        """The rules of the settings that are chosen from a list. Raises NotConnected."""
        rules = self._editions[self._connected(account_id).edition].rules
        return {setting: rule for setting, rule in rules.items() if rule.list == name}

    def _shown(self, lists: ListSource, connection: Connection, name: str, *, refresh: bool) -> PickList:
        kept = lists.kept(connection, name)
        if kept is not None and not _older(kept, ASKED_AT_MOST_EVERY if refresh else GOOD_FOR, self._clock.now()):
            return kept
        try:
            return lists.read(connection, name)
        except ListsUnavailable as unavailable:
            if kept is None:
                raise
            return replace(kept, problem=unavailable.problem)

    def _connected(self, account_id: str) -> Connection:
        connection = self._accounts.connection(account_id)
        if connection is None:
            raise NotConnected
        return connection

    def _with_company(
        self, connection: Connection, choices: Choices, *, refresh: bool
    ) -> tuple[Connection, Problem | None, bool]:
        """With what is known of its company, why that is not the newest, and whether it was read just now."""
        read_at, now = connection.company_read_at, self._clock.now()
        is_new = read_at is not None and now - read_at < ASKED_AT_MOST_EVERY
        if connection.company is not None and (is_new or not refresh):
            return connection, None, False
        try:
            company = choices.read_company(connection)
        except ListsUnavailable as unavailable:
            return connection, unavailable.problem, False
        if company != connection.company:
            self._accounts.save_company(connection.account_id, connection.realm_id, company)
        return replace(connection, company=company, company_read_at=now), None, True

    def _reasons(self, settings: Settings, choices: Choices, lookup: "_Lookup") -> list[Reason]:
        return [*choices.refusals(settings), *_refused(settings, choices, lookup)]


class _Lookup:
    """The lists as one request sees them: read when they are too old, and once more before anything is refused.

    With `keeps_to_kept` QuickBooks is not asked at all.
    """

    def __init__(
        self, lists: ListSource, connection: Connection, now: datetime, *, keeps_to_kept: bool = False
    ) -> None:
        self._lists = lists
        self._connection = connection
        self._now = now
        self._keeps_to_kept = keeps_to_kept
        self.passes_over = (ListsUnavailable,) if keeps_to_kept else ()
        self._seen: dict[str, PickList] = {}
        self._newest: set[str] = set()

    def list(self, name: str) -> PickList:
        """The list, at most a day old. Raises ListsUnavailable."""
        if name not in self._seen:
            kept = self._lists.kept(self._connection, name)
            if kept is None or (_older(kept, GOOD_FOR, self._now) and not self._keeps_to_kept):
                return self._read(name)
            self._seen[name] = kept
        return self._seen[name]

    def find(self, name: str, entry_id: str) -> Entry | None:
        """An entry of a list, which may have been added a moment ago. Raises ListsUnavailable."""
        found = self.list(name).by_id.get(entry_id)
        if found is None and self.renew(name):
            found = self.list(name).by_id.get(entry_id)
        return found

    def renew(self, name: str) -> bool:
        """Whether the list has been read anew for this. Raises ListsUnavailable."""
        if self._keeps_to_kept or name in self._newest:
            return False
        if not _older(self.list(name), ASKED_AT_MOST_EVERY, self._now):
            return False
        self._read(name)
        return True

    def hint(self, name: str) -> str:
        """What to do if the list is not the newest."""
        problem = self._seen[name].problem if name in self._seen else None
        return f" {problem.fix}" if problem else ""

    def _read(self, name: str) -> PickList:
        if self._keeps_to_kept:
            raise ListsUnavailable(Problem("list_not_read_yet", f"QuickBooks' list of {name} was not read yet."))
        self._seen[name] = self._lists.read(self._connection, name)
        self._newest.add(name)
        return self._seen[name]


def _refused(settings: Settings, choices: Choices, lookup: _Lookup) -> list[Reason]:
    """What is wrong with the references; those whose list is not kept are passed over if that is all we have."""
    found = []
    for reference in references(settings):
        rule = choices.rule(reference)
        if rule is None:
            continue
        with suppress(*lookup.passes_over):
            reason = wrong(reference, rule, lookup.find)
            if reason is not None and lookup.renew(rule.list):
                reason = wrong(reference, rule, lookup.find)
            if reason is not None:
                found.append(replace(reason, fix=reason.fix + lookup.hint(rule.list)))
    return found


def _stored(connection: Connection) -> tuple[Settings | None, Sequence[Reason]]:
    try:
        return (load_settings(connection.settings) if connection.settings is not None else Settings()), ()
    except SettingsError as error:
        return None, error.reasons


def _older(kept: PickList, than: timedelta, now: datetime) -> bool:
    return kept.read_at is None or now - kept.read_at >= than
