"""What the rules work on: one company file's settings, records, clock and switches."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from . import statuses
from .statuses import Obj
from .store import Store

CENT = Decimal("0.01")
VERSIONS = ("1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "6.0", "7.0", "8.0", "9.0", "10.0", "11.0", "12.0")


def cents(amount: Decimal) -> Decimal:
    """Rounded to cents, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def money(text: str | None) -> Decimal:
    """An amount element as Decimal; absent or empty is zero."""
    return cents(Decimal(text)) if text else Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Trouble:
    """A refusal armed by a test: the next `times` requests named `request` (without Rq) answer with it."""

    request: str
    refusal: statuses.Refused
    times: int


@dataclass(kw_only=True)
class Books:
    """A company file. Every setting is an attribute a test or the bookkeeper may change at any time.

    The second block is switches for what Intuit does not publish (facts: QBD 2.3, 2.4, 2.6, 7):
    unknown_id_status: 500 or 3120 when a query names an id or name that is not there;
    unknown_set_status: 9002 or 600 when a message set never arrived;
    thin_answer: "ret" or "empty", the credit-only payment's answer with a Ret without TxnID or with nothing;
    payments_change_invoices: whether applying money gives an invoice a new EditSequence;
    below_applied: "refuse" or "release", a modification that takes an invoice under what is applied to it;
    foreign_characters: "refuse" or "mangle" what Windows-1252 does not have.
    """

    name: str = "Emulated Company"
    path: str = r"C:\QuickBooks\Emulated Company.qbw"
    country: str = "US"
    product: str = "QuickBooks Pro 2014"
    qbxml_version: str = "13.0"
    sales_tax: bool = True
    closing_date: date | None = None
    time_zone: str = "America/New_York"
    is_open: bool = True  # in QuickBooks; a session that names no path needs it

    unknown_id_status: int = 500
    unknown_set_status: int = 9002
    thin_answer: str = "ret"
    payments_change_invoices: bool = True
    below_applied: str = "refuse"
    foreign_characters: str = "refuse"

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    store: Store = field(default_factory=Store)
    data_exts: dict[tuple[str, str], str] = field(default_factory=dict)  # private data by OwnerID and name
    in_use: set[str] = field(default_factory=set)  # ids another user is editing
    troubles: list[Trouble] = field(default_factory=list)
    last_number: int = 0
    last_txn_number: int = 0

    def now(self) -> datetime:
        """The company's own time."""
        return self.clock().astimezone(ZoneInfo(self.time_zone))

    def stamp(self) -> str:
        """The time as QuickBooks writes it (captured)."""
        return self.now().isoformat(timespec="seconds")

    def moment(self) -> int:
        """Seconds since 1970, which ids and edit sequences are made of (captured)."""
        return int(self.clock().timestamp())

    def today(self) -> str:
        """The date a transaction without one gets."""
        return self.now().date().isoformat()

    def versions(self) -> list[str]:
        """SupportedQBXMLVersion, oldest first."""
        newest = int(float(self.qbxml_version))
        return [one for one in VERSIONS if float(one) <= newest] + [f"{one}.0" for one in range(13, newest + 1)]

    def is_closed(self, txn_date: str) -> bool:
        """True on or before the closing date."""
        return self.closing_date is not None and txn_date <= self.closing_date.isoformat()

    def next_number(self) -> str:
        """The next number of a form that came without one."""
        self.last_number += 1
        return str(self.last_number)

    def head(self, id_name: str, old: Obj | None) -> Obj:
        """Id, times and edit sequence of a record that is saved now."""
        moment = self.moment()
        if old is None:
            new_id = self.store.next_id(moment, is_list=id_name == "ListID")
            return {
                id_name: new_id,
                "TimeCreated": self.stamp(),
                "TimeModified": self.stamp(),
                "EditSequence": str(moment),
            }
        return {
            id_name: old[id_name],
            "TimeCreated": old["TimeCreated"],
            "TimeModified": self.stamp(),
            "EditSequence": str(max(moment, int(old["EditSequence"]) + 1)),
        }

    def touch(self, kind: str, txn: Obj) -> None:
        """Give a transaction a new edit sequence because something was linked to it."""
        self.store.put_txn(kind, {**txn, **self.head("TxnID", txn)})
