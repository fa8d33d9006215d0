"""When which account is compared with QuickBooks, and what came of it, kept for some weeks.

An account is due the night after something of it was decided, and every night while something of it is unexplained.
Otherwise it costs no read until it is looked at for what may have been done in QuickBooks alone, four weeks after the
last time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice

from syncro_quickbooks.clock import Clock, from_millis, to_millis
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.storage.packing import pack, unpack
from syncro_quickbooks.storage.table import Condition, ConditionFailed, Put, Table, Update, Value
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.reconciliation import KindSums, Listed, Reconciliation, Sum, problem_of
from syncro_quickbooks.sync.records import SCHEMA
from syncro_quickbooks.sync.wake import due_items, shard_of
from syncro_quickbooks.syncro.dates import calendar_date

NIGHT = time(8)
"""UTC: the night from Newfoundland to California. Where it is day then, the reads are as few as at night."""

IDLE_FOR = timedelta(days=28)
KEPT = timedelta(days=56)
SCHEDULE = "reconciliation"
"""The account's item that keeps when it is due, and its name in the `due` index."""

_MOST_PER_SHARD = 500
_MOST_LISTED = 500
"""Documents that one night's report names; more than anybody reads."""


@dataclass(frozen=True, slots=True)
class Night:
    """A report as it is kept: `report` has the sums by kind, the documents that differ, and the problem if any."""

    at: datetime
    unexplained: int
    report: JsonObject


class Nights:
    """The accounts' schedule of comparisons and their reports."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def note_change(self, account_id: str) -> None:
        """Something of the account was decided: compare it in the coming night, unless it is due before."""
        tonight = self.tonight()
        later = Condition("attribute_not_exists(#next_due) OR #next_due > :due", {":due": to_millis(tonight)})
        try:
            self._table.write(self._due_at(account_id, tonight, later))
        except ConditionFailed:
            return

    def due(self) -> list[str]:
        """The accounts whose night has come."""
        items = due_items(self._table, SCHEDULE, to_millis(self._clock.now()), _MOST_PER_SHARD)
        return [str(item["pk"]).removeprefix("acct#") for item in items]

    def is_due(self, account_id: str) -> bool:
        """Whether the account has not been compared since its night came: messages come twice, reads are metered."""
        item = self._table.get(Keys(account_id).of_account(SCHEDULE))
        due = item.get("next_due") if item else None
        return isinstance(due, int) and due <= to_millis(self._clock.now())

    def done(self, account_id: str, started: datetime, *, differs: bool) -> None:
        """It was compared: again the coming night if something `differs` or was decided meanwhile, else in four weeks.

        What differs is told every night until it is mended or older than what is compared.
        """
        newest = self._table.query_listed(Keys(account_id).log, limit=1)
        changed = bool(newest) and newest[0].changed_at >= to_millis(started)
        self._table.write(
            self._due_at(account_id, self.tonight() if changed or differs else self._clock.now() + IDLE_FOR)
        )

    def put_off(self, account_id: str) -> None:
        """It could not be compared: the coming night is early enough."""
        self._table.write(self.next_night(account_id))

    def forget(self, account_id: str) -> None:
        """Nothing of the account can be compared."""
        self._table.write(self.not_due(account_id))

    # -- writes for the transactions of whoever reads QuickBooks for a comparison, where that takes its time ---------

    def not_due(self, account_id: str) -> Update:
        """The account is not due for now."""
        return Update(Keys(account_id).of_account(SCHEDULE), "REMOVE #next_due, #due_shard", {})

    def at_once(self, account_id: str) -> Update:
        """The account is due now."""
        return self._due_at(account_id, self._clock.now())

    def next_night(self, account_id: str) -> Update:
        """The account is due the coming night."""
        return self._due_at(account_id, self.tonight())

    def tonight(self) -> datetime:
        """When the coming night is."""
        now = self._clock.now()
        today = datetime.combine(now.date(), NIGHT, now.tzinfo)
        return today if today > now else today + timedelta(days=1)

    def save(self, account_id: str, found: Reconciliation) -> None:
        """Keep the night's report."""
        now = self._clock.now()
        self._table.write(
            Put(
                {
                    "pk": Keys(account_id).nights,
                    "sk": f"{to_millis(now):015d}",
                    "schema": SCHEMA,
                    "unexplained": len(found.unexplained),
                    "report": pack(_to_json(found)),
                    "ttl": int((now + KEPT).timestamp()),
                }
            )
        )

    def newest(self, account_id: str, most: int) -> list[Night]:
        """The newest reports, the last first."""
        items = self._table.query(Keys(account_id).nights, newest_first=True, page=most)
        found = []
        for item in islice(items, most):
            report = unpack(item["report"])
            at = from_millis(int(str(item["sk"])))
            found.append(Night(at, int(str(item["unexplained"])), report if isinstance(report, dict) else {}))
        return found

    def _due_at(self, account_id: str, due: datetime, condition: Condition | None = None) -> Update:
        values: dict[str, Value] = {":shard": shard_of(SCHEDULE, account_id), ":due": to_millis(due)}
        change = "SET #due_shard = :shard, #next_due = :due"
        return Update(Keys(account_id).of_account(SCHEDULE), change, values, condition)


def first_day(now: datetime, zone: str) -> date:
    """The first day of the months that are compared at `now`: the one of the account's calendar and the one before."""
    today = calendar_date(now - timedelta(microseconds=1), zone)  # a midnight is a moment here
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def _to_json(found: Reconciliation) -> JsonObject:
    unexplained = found.unexplained
    kinds: dict[str, Json] = {str(kind): _sums(sums) for kind, sums in found.kinds.items()}
    # The unexplained first, should there be more than fit.
    listed = [*unexplained, *(each for each in found.listed if each not in unexplained)][:_MOST_LISTED]
    problem = problem_of(unexplained) if unexplained else None
    return {
        "kinds": kinds,
        "documents": [_listed(each) for each in listed],
        "documents_in_all": len(found.listed),
        "problem": {"code": problem.code, "message": problem.message, "fix": problem.fix} if problem else None,
    }


def _sums(sums: KindSums) -> JsonObject:
    lines: Mapping[str, JsonObject] = {str(line): _sum(each) for line, each in sums.lines.items()}
    return {"syncro": _sum(sums.syncro), "quickbooks": _sum(sums.quickbooks), "lines": dict(lines)}


def _sum(each: Sum) -> JsonObject:
    return {"count": each.count, "total": str(each.total), "open": str(each.open)}


def _listed(each: Listed) -> JsonObject:
    return {
        "kind": str(each.key.kind),
        "id": each.key.id,
        "name": each.name,
        "line": str(each.line),
        "total": str(each.total),
        "open": str(each.open),
        "reason": each.reason,
    }
