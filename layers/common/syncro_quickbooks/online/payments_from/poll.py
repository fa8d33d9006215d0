"""A poll: one account's payments in QuickBooks since the last one, and each that counts brought into Syncro."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.online.client import Client
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.faults import (
    AccountBlocked,
    QuickBooksError,
    ReadAllowanceExhausted,
    Reconnect,
    RequestRefused,
    Throttled,
)
from syncro_quickbooks.online.idle import pause_until_reconnected
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.payments_from import problems
from syncro_quickbooks.online.payments_from.imports import Imports
from syncro_quickbooks.online.payments_from.pacing import SHORTEST, MonthsReads, apart, next_poll
from syncro_quickbooks.online.payments_from.posting import Poster, SomebodyElse
from syncro_quickbooks.online.payments_from.reading import OVERLAP, read_changes
from syncro_quickbooks.online.payments_from.rules import Known, Seen, judge, pays_unknown_invoice, seen_payment
from syncro_quickbooks.online.rate import RateLimiter, RateState
from syncro_quickbooks.online.read_budget import WorkspaceReadBudget
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.accounts import Accounts, Connection, Edition
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.lease import Lease, LeaseHeld, LeaseLost, Leases
from syncro_quickbooks.sync.model import AT_CUSTOMER, Kind, Problem, RecordKey
from syncro_quickbooks.sync.polls import Polls, PollState
from syncro_quickbooks.sync.settings import Settings, SettingsError, load_settings
from syncro_quickbooks.syncro_api.access import note_access_lost
from syncro_quickbooks.syncro_api.client import SyncroClient
from syncro_quickbooks.syncro_api.errors import NoSyncroAccess, SyncroError, SyncroThrottled

_NO_IMPORTS = "imports no payments"
_TRY_AGAIN = timedelta(minutes=5)
_HELD = timedelta(hours=1)
_ANNOUNCED_WITHIN = timedelta(minutes=15)
_GAP_TOLD_FOR = timedelta(days=30)
_WAITED_FOR_LINKS = timedelta(days=1)
_TIME_FOR_ONE = timedelta(seconds=170)  # waiting for its turn, two reads and a write, each at most as long as allowed

ClientFactory: TypeAlias = Callable[[Connection, RateLimiter], Client]
SyncroFactory: TypeAlias = Callable[[str], SyncroClient]


@dataclass(slots=True)
class PollReport:
    """What a poll did, for its log line and the metrics; `held`: it did nothing, for no reason of the customer's."""

    account_id: str
    ended: str = "done"
    changed: int = 0
    imported: int = 0
    held: bool = False
    next_due: datetime | None = None


class PaymentPoll:
    """Polls accounts. Holds nothing about any account between runs."""

    def __init__(
        self,
        *,
        table: Table,
        polls: Polls,
        accounts: Accounts,
        clock: Clock,
        client_for: ClientFactory,
        syncro_for: SyncroFactory,
        reads: WorkspaceReadBudget,
        log: Log,
    ) -> None:
        self._table = table
        self._polls = polls
        self._accounts = accounts
        self._clock = clock
        self._client_for = client_for
        self._syncro_for = syncro_for
        self._reads = reads
        self._log = log
        self._leases = Leases(table, clock)

    def run(self, account_id: str, deadline: datetime) -> PollReport:
        """Bring what was paid in QuickBooks into Syncro and arrange the next look. Ends before `deadline`.

        What it raises is unexpected; the message may then simply be delivered again.
        """
        report = PollReport(account_id)
        if self._polls.state(account_id) is None:  # also an account that has left: its lease would outlive it
            report.ended = _NO_IMPORTS
            return report
        try:
            lease = self._leases.take(account_id, "poll-lease")
        except LeaseHeld:
            report.ended = "another poll is at it"
            return report
        try:
            self._under_lease(lease, deadline, report)
        except (LeaseLost, SomebodyElse):
            report.ended = "another poll took over"
        finally:
            self._leases.give_back(lease)
        return report

    def _under_lease(self, lease: Lease, deadline: datetime, report: PollReport) -> None:
        guard = self._polls.begin(report.account_id)
        state = self._polls.state(report.account_id)
        if state is None:
            report.ended = _NO_IMPORTS
            return
        problem, wait = None, _TRY_AGAIN
        try:
            problem, report.next_due = self._poll(state, lease, deadline, report)
        except _Held as held:
            problem, wait = held.problem, held.wait
        except ReadAllowanceExhausted:
            problem, wait = problems.NO_READS, _HELD
        except (Reconnect, AccountBlocked) as error:
            problem, wait = error.problem, _HELD
        except Throttled as throttled:
            wait = timedelta(seconds=throttled.retry_after)
        except NoSyncroAccess as error:
            problem, wait = problems.no_access(error), _HELD
            note_access_lost(self._log, report.account_id, problem, state.problem)
        except SyncroThrottled as throttled:
            wait = timedelta(seconds=throttled.retry_after)
        except RequestRefused as refusal:
            problem, wait = problems.unreadable(refusal), _HELD  # asked again it would be refused again, and counted
        except QuickBooksError as error:
            problem = problems.unreadable(error)
        except SyncroError as error:
            problem = problems.no_syncro(error)
        if report.next_due is None:
            report.ended = f"held: {problem.code}" if problem else "tried again soon"
            report.next_due = self._clock.now() + wait
        # That reads are used up has alarms of its own, and is so for the rest of a month.
        at_us = problem is not None and problem.who not in AT_CUSTOMER
        report.held = at_us and problem is not problems.NO_READS
        self._polls.finish(report.account_id, guard, report.next_due, problem)

    def _poll(
        self, state: PollState, lease: Lease, deadline: datetime, report: PollReport
    ) -> tuple[Problem | None, datetime]:
        """Returns what people should know, and when to look again."""
        connection, settings = self._ready(report.account_id)
        now = self._clock.now()
        enrolled = state
        if state.realm_id != connection.realm_id:  # the first poll, or another company than before
            since = connection.enabled_at.get("sync_payments_from", now)
            state = PollState(connection.realm_id, to_millis(since), payment_at=to_millis(now))
        imports = Imports(self._table, report.account_id, connection.realm_id)
        poster = Poster(
            self._table,
            imports,
            self._syncro_for(report.account_id),
            self._clock,
            self._leases,
            lease,
            _company(connection).home_currency,
        )
        # What Syncro did not take yet is tried again sooner than QuickBooks is read again: reads are metered.
        if state.to_be_read(to_millis(now)):
            try:
                state = self._read(state, connection, settings, poster, report)
            except Reconnect as lost:  # told as the push tells it, which may have nothing to send for months
                pause_until_reconnected(self._accounts, connection, lost.problem, self._log)
                raise
            self._polls.keep(report.account_id, state, enrolled.watermark)
        problem, again = self._settle_all(poster, deadline, report)
        return problem, from_millis(state.read_at if again is None else min(state.read_at, again))

    def _read(
        self, state: PollState, connection: Connection, settings: Settings, poster: Poster, report: PollReport
    ) -> PollState:
        """Store what changed in QuickBooks. Returns the new state, with the watermark advanced over it."""
        now = self._clock.now()
        limiter = RateLimiter(self._clock, RateState.from_item(self._accounts.health(connection).rate))
        # What is being sent may become known as ours any moment: it is looked for before the links are.
        sending = self._is_sending(connection, state, now)
        changes = read_changes(self._client_for(connection, limiter), from_millis(state.watermark), now)
        news, unknown = self._note(changes.payments, connection, settings, poster)
        report.changed = len(news)
        new = replace(
            state,
            watermark=state.watermark if sending and unknown else to_millis(now),
            polled_at=to_millis(now),
            payment_at=to_millis(now) if news else state.payment_at,
            missed_at=to_millis(now) if self._missed(report.account_id, news, now) else state.missed_at,
        )
        if changes.deletions_since:
            new = replace(
                new, gap=problems.deletions_unseen(state.watermark, changes.deletions_since), gap_at=to_millis(now)
            )
        elif state.gap_at < to_millis(now - _GAP_TOLD_FOR):
            new = replace(new, gap=None)
        reads = MonthsReads(self._polls.polling(), self._reads.allowance, *self._reads.used_by_polls())
        due = now + SHORTEST if sending and unknown else next_poll(new, reads, now)
        return replace(new, read_at=to_millis(due), apart=apart(reads, now) // timedelta(milliseconds=1))

    def _is_sending(self, connection: Connection, state: PollState, now: datetime) -> bool:
        """Whether an invoice may be in QuickBooks of which we do not know yet that it is ours; for a day at most."""
        if state.watermark < to_millis(now - _WAITED_FOR_LINKS):
            return False
        sent = self._table.query(Keys(connection.account_id).dispatches(connection.realm_id), page=1)
        return next(sent, None) is not None

    def _ready(self, account_id: str) -> tuple[Connection, Settings]:
        """The connection and settings by which payments may be imported. Raises _Held."""
        connection = self._accounts.connection(account_id)
        if connection is None or connection.edition is not Edition.ONLINE:
            raise _Held(problems.NOT_CONNECTED, _HELD)
        self._heed_stop(account_id)
        if connection.settings is None:
            raise _Held(problems.NO_SETTINGS, _HELD)
        try:
            settings = load_settings(connection.settings)  # which refuses both directions at once
        except SettingsError as error:
            raise _Held(problems.unusable(error), _HELD) from error
        if not settings.sync_payments_from or settings.sync_payments_to:
            raise _Held(problems.NOT_CHOSEN, timedelta(hours=24))
        if connection.company is None:
            raise _Held(None, _TRY_AGAIN)  # the push that saved settings cause reads the company's preferences
        pause = self._accounts.health(connection).pause
        if pause is not None and pause.until is None:
            raise _Held(pause.problem, _HELD)
        return connection, settings

    def _heed_stop(self, account_id: str) -> None:
        """What the team stopped is stopped in both directions. Raises _Held."""
        reason = self._accounts.posting_stopped(account_id, Edition.ONLINE)
        if reason is not None:
            raise _Held(problems.stopped(reason), _TRY_AGAIN)

    def _note(
        self, payments: Sequence[JsonObject], connection: Connection, settings: Settings, poster: Poster
    ) -> tuple[list[JsonObject], bool]:
        """Store what each changed payment means.

        Returns those that are not ours and were not known like this, and whether any pays an unknown invoice.
        """
        raw = {bodies.text(each, "Id"): each for each in payments}
        seen = {qbo_id: seen_payment(each) for qbo_id, each in raw.items()}
        known = self._known(list(seen.values()), connection)
        before = poster.imports.get_many(list(seen))
        news: list[JsonObject] = []
        unknown = False
        for qbo_id, each in seen.items():
            was = before.get(qbo_id)
            same = was and (was.sync_token, was.deleted) == (each.sync_token or was.sync_token, each.deleted)
            if was and same and not pays_unknown_invoice(was):
                continue
            found = judge(each, known[qbo_id], was)
            if found is None:
                continue
            found = replace(found, method=_method(raw[qbo_id], each, settings) or found.method)
            unknown = unknown or pays_unknown_invoice(found)
            if found != was:
                news.append(raw[qbo_id])
                poster.store(found)
        return news, unknown

    def _known(self, seen: Sequence[Seen], connection: Connection) -> dict[str, Known]:
        """Which of the payments are ours, and which invoices they pay are Syncro's."""
        keys, realm_id = Keys(connection.account_id), connection.realm_id
        places = [keys.owner(realm_id, "Payment", each.qbo_id) for each in seen]
        places += [keys.owner(realm_id, "Invoice", invoice) for each in seen for invoice in each.invoices]
        owners = self._table.get_many(places)
        currency = _company(connection).home_currency

        def invoices_of(each: Seen) -> Mapping[str, str]:
            found = {id_: owners.get(keys.owner(realm_id, "Invoice", id_)) for id_ in each.invoices}
            records = {id_: RecordKey.parse(str(item["record"])) for id_, item in found.items() if item}
            return {id_: record.id for id_, record in records.items() if record.kind is Kind.INVOICE}

        return {
            each.qbo_id: Known(keys.owner(realm_id, "Payment", each.qbo_id) in owners, invoices_of(each), currency)
            for each in seen
        }

    def _missed(self, account_id: str, news: Sequence[JsonObject], now: datetime) -> bool:
        """Whether something changed long enough ago that a webhook should have told us, and none did."""
        state = self._polls.state(account_id)
        announced = from_millis(state.announced_at) if state else now
        for each in news:
            changed = _changed_at(each)
            if changed is not None and changed < now - _ANNOUNCED_WITHIN and announced < changed - OVERLAP:
                return True
        return False

    def _settle_all(self, poster: Poster, deadline: datetime, report: PollReport) -> tuple[Problem | None, int | None]:
        """Bring what is unsettled as far as it gets.

        Returns what people should know, and when to look again (ms), None if nothing is left.
        """
        again: list[int] = []
        problem: Problem | None = None
        for each in poster.imports.unsettled():
            if deadline - self._clock.now() < _TIME_FOR_ONE:
                report.ended = "out of time"
                again.append(to_millis(self._clock.now()))
                break
            self._heed_stop(report.account_id)
            try:
                settled = poster.settle(each)
            except SyncroThrottled as throttled:
                again.append(to_millis(self._clock.now() + timedelta(seconds=throttled.retry_after)))
                break
            except NoSyncroAccess:
                raise
            except SyncroError as error:
                extra = {"account_id": report.account_id, "qbo_payment_id": each.qbo_id, "reason": str(error)}
                self._log.warning("payment not entered in Syncro yet", extra=extra)
                again.append(to_millis(self._clock.now() + _TRY_AGAIN))
                problem = problems.no_syncro(error)
                continue
            report.imported += settled.posted is not None
            if settled.unsettled:
                again.append(max(settled.due, to_millis(self._clock.now())))
        return problem, min(again, default=None)


class _Held(Exception):
    """Nothing can be polled for now, because of `problem`."""

    def __init__(self, problem: Problem | None, wait: timedelta) -> None:
        super().__init__(problem.code if problem else "not ready")
        self.problem = problem
        self.wait = wait


def _company(connection: Connection) -> Company:
    return Company.from_json(connection.company or {})


def _method(payment: JsonObject, seen: Seen, settings: Settings) -> str:
    """The name of QuickBooks' method, as far as it is told or known from the settings; no read is worth it."""
    told = bodies.text(bodies.section(payment, "PaymentMethodRef"), "name")
    chosen = [each.method for each in settings.payment_methods.values() if each.method]
    return told or next((ref.name for ref in chosen if ref.id == seen.method), "")


def _changed_at(payment: JsonObject) -> datetime | None:
    try:
        return datetime.fromisoformat(bodies.text(bodies.section(payment, "MetaData"), "LastUpdatedTime"))
    except ValueError:
        return None
