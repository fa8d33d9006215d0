"""What is known of one QuickBooks payment that was not written by us: wanted, attempt and applied, as for a record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.storage.table import ABSENT, Condition, Delete, Item, Key, Put, Table, Value, Write
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Problem
from syncro_quickbooks.sync.problems import RETRY
from syncro_quickbooks.sync.records import SCHEMA, problems_from_text, problems_to_text


class State(StrEnum):
    """Where the import of a payment stands."""

    PENDING = "pending"
    IMPORTED = "imported"
    SKIPPED = "skipped"
    NEEDS_ATTENTION = "needs_attention"


@dataclass(frozen=True, slots=True)
class Share:
    """What of a payment belongs to which Syncro invoice: its id, its QuickBooks id, the amount applied."""

    invoice: str
    invoice_qbo_id: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Posting:
    """A POST to Syncro of which the answer is not known. `sent_at` is in ms; `sends` counts them."""

    share: Share
    sent_at: int
    sends: int = 1
    first_at: int = 0


@dataclass(frozen=True, slots=True)
class Posted:
    """The payment in Syncro."""

    share: Share
    payment: str


@dataclass(frozen=True, slots=True)
class PaymentImport:
    """One payment of QuickBooks.

    `share` is what of it should be in Syncro, `reason` why that is nothing, or that it differs from what is there.
    `posting` is stored before anything is sent, `posted` is what Syncro has. `stuck` is why posting does not get on;
    `due` (ms) when to try again. `skipped_by` is who decided that nothing is to be done, until QuickBooks changes it.
    """

    qbo_id: str
    sync_token: str = ""
    deleted: bool = False
    day: date | None = None
    method: str = ""
    total: Decimal = Decimal(0)
    share: Share | None = None
    reason: Problem | None = None
    posting: Posting | None = None
    posted: Posted | None = None
    stuck: Problem | None = None
    skipped_by: str = ""
    due: int = 0
    changed_at: int = 0
    revision: int = 0

    @property
    def state(self) -> State:
        """As people see it: what is in Syncro and no longer what QuickBooks says needs somebody."""
        if (self.stuck is not None or (self.posted and self.reason)) and not self.skipped_by:
            return State.NEEDS_ATTENTION
        if self.posted:
            return State.IMPORTED
        return State.PENDING if self.unsettled else State.SKIPPED

    @property
    def unsettled(self) -> bool:
        """Whether there is something to do without QuickBooks changing anything."""
        return self.stuck is None and self.posted is None and bool(self.share or self.posting)

    @property
    def problem(self) -> Problem | None:
        """What people are told. What somebody skipped can be taken up again."""
        problem = self.stuck or self.reason
        return replace(problem, actions=(RETRY,)) if problem and self.skipped_by else problem

    @property
    def marker(self) -> str:
        """The reference the payment carries in Syncro."""
        return f"QBO-{self.qbo_id}"


@dataclass(frozen=True, slots=True)
class ImportPage:
    """Some imports in order of QuickBooks' id, and where to go on; "" at the end."""

    imports: list[PaymentImport]
    after: str = ""


@dataclass(frozen=True)
class Imports:
    """The stored imports of one account and company."""

    table: Table
    account_id: str
    realm_id: str
    keys: Keys = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", Keys(self.account_id))

    @property
    def _partition(self) -> str:
        return f"acct#{self.account_id}#payments-from#{self.realm_id}"

    @property
    def _waiting(self) -> str:
        return f"acct#{self.account_id}#payments-from-due#{self.realm_id}"

    def get_many(self, qbo_ids: Sequence[str]) -> dict[str, PaymentImport]:
        """Those of `qbo_ids` that are known."""
        found = self.table.get_many([Key(self._partition, each) for each in qbo_ids])
        return {key.sk: _from_item(item) for key, item in found.items()}

    def unsettled(self) -> Iterator[PaymentImport]:
        """Those with something to do, read as they are consumed."""
        for hint in list(self.table.query(self._waiting)):
            item = self.table.get(Key(self._partition, str(hint["sk"])))
            if item is not None:
                yield _from_item(item)

    def page(self, state: State | None = None, after: str = "", limit: int = 50) -> ImportPage:
        """At most `limit` imports of a state (None: any) behind `after`."""
        found: list[PaymentImport] = []
        for item in self.table.query(self._partition, after=after):
            each = _from_item(item)
            if state is None or each.state is state:
                if len(found) == limit:
                    return ImportPage(found, found[-1].qbo_id)
                found.append(each)
        return ImportPage(found)

    def retry(self, qbo_id: str, now: datetime) -> bool:
        """Somebody mended what an import was stuck at: the next poll tries again. False if it is not stuck nor skipped.

        Whatever may be in Syncro already is looked for first. Raises ConditionFailed if it just changed.
        """
        each = self.get_many([qbo_id]).get(qbo_id)
        if each is None or (each.stuck is None and not each.skipped_by):
            return False
        posting = replace(each.posting, sends=1) if each.posting else None
        again = replace(each, stuck=None, skipped_by="", due=0, posting=posting)
        _, writes = self.storing(again, to_millis(now))
        self.table.transact(writes)
        return True

    def skip(self, qbo_id: str, user_id: str, now: datetime) -> bool:
        """Somebody decided that nothing is to be done, as long as QuickBooks does not change the payment.

        False if it needs nobody's attention. Raises ConditionFailed if it just changed.
        """
        each = self.get_many([qbo_id]).get(qbo_id)
        if each is None or each.state is not State.NEEDS_ATTENTION:
            return False
        _, writes = self.storing(replace(each, skipped_by=user_id), to_millis(now))
        self.table.transact(writes)
        return True

    def of_another_company(self, payments: Sequence[str]) -> frozenset[str]:
        """Those of the Syncro payments that were made from payments of another company: its ids are no ids here."""
        places = {self.keys.imported(each): each for each in payments}
        notes = self.table.get_many(list(places))
        return frozenset(places[place] for place, note in notes.items() if note["realm"] != self.realm_id)

    def storing(self, new: PaymentImport, now: int) -> tuple[PaymentImport, list[Write]]:
        """The writes that replace what was read; they fail if somebody else wrote meanwhile. And what is stored then.

        Whether it waits for something, and which payment in Syncro it became, can be found from there, too.
        """
        stored = replace(new, revision=new.revision + 1, changed_at=now)
        key = Key(self._partition, new.qbo_id)
        as_read = Condition("#revision = :read", {":read": new.revision}) if new.revision else ABSENT
        writes: list[Write] = [Put(_to_item(key, stored), as_read)]
        hint = Key(self._waiting, new.qbo_id)
        waiting = Put({"pk": hint.pk, "sk": hint.sk, "schema": SCHEMA})
        writes.append(waiting if stored.unsettled else Delete(hint))
        if stored.posted is not None:
            place = self.keys.imported(stored.posted.payment)
            note: Item = {"qbo_id": new.qbo_id, "realm": self.realm_id}
            writes.append(Put({"pk": place.pk, "sk": place.sk, "schema": SCHEMA, **note}))
        return stored, writes


def _to_item(key: Key, each: PaymentImport) -> Item:
    item: Item = {
        "pk": key.pk,
        "sk": key.sk,
        "schema": SCHEMA,
        "sync_token": each.sync_token,
        "deleted": each.deleted,
        "day": each.day.isoformat() if each.day else "",
        "method": each.method,
        "total": str(each.total),
        "skipped_by": each.skipped_by,
        "due": each.due,
        "changed_at": each.changed_at,
        "revision": each.revision,
        "state": str(each.state),
    }
    for name, problem in (("reason", each.reason), ("stuck", each.stuck)):
        if problem is not None:
            item[name] = problems_to_text([problem])
    if each.share:
        item["share"] = _share_to(each.share)
    if each.posting:
        posting = each.posting
        item["posting"] = {
            "share": _share_to(posting.share),
            "sent_at": posting.sent_at,
            "sends": posting.sends,
            "first_at": posting.first_at,
        }
    if each.posted:
        item["posted"] = {"share": _share_to(each.posted.share), "payment": each.posted.payment}
    return item


def _from_item(item: Item) -> PaymentImport:
    day, posting, posted = str(item["day"]), item.get("posting"), item.get("posted")
    return PaymentImport(
        qbo_id=str(item["sk"]),
        sync_token=str(item["sync_token"]),
        deleted=bool(item["deleted"]),
        day=date.fromisoformat(day) if day else None,
        method=str(item["method"]),
        total=Decimal(str(item["total"])),
        share=_share_from(item.get("share")),
        reason=_problem_from(item.get("reason")),
        posting=_posting_from(posting) if isinstance(posting, dict) else None,
        posted=Posted(_needed(posted), str(posted["payment"])) if isinstance(posted, dict) else None,
        stuck=_problem_from(item.get("stuck")),
        skipped_by=str(item["skipped_by"]),
        due=_int(item["due"]),
        changed_at=_int(item["changed_at"]),
        revision=_int(item["revision"]),
    )


def _posting_from(value: dict[str, Value]) -> Posting:
    return Posting(_needed(value), _int(value["sent_at"]), _int(value["sends"]), _int(value["first_at"]))


def _share_to(share: Share) -> dict[str, Value]:
    return {"invoice": share.invoice, "invoice_qbo_id": share.invoice_qbo_id, "amount": str(share.amount)}


def _share_from(value: Value) -> Share | None:
    if not isinstance(value, dict):
        return None
    return Share(str(value["invoice"]), str(value["invoice_qbo_id"]), Decimal(str(value["amount"])))


def _needed(value: dict[str, Value]) -> Share:
    share = _share_from(value.get("share"))
    if share is None:
        raise ValueError("a stored posting without its share cannot be read")
    return share


def _problem_from(value: Value) -> Problem | None:
    return problems_from_text(str(value))[0] if value else None


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0
