"""The words of the sync core: records, their status, and what has been decided about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from syncro_quickbooks.json_types import JsonObject


class Kind(StrEnum):
    """A kind of record: a Syncro thing, spelt as in the events' detail-type, or a further document that one needs."""

    INVOICE = "invoice"
    PAYMENT = "payment"
    CUSTOMER = "customer"
    PRODUCT = "product"
    VENDOR = "vendor"
    PURCHASE_ORDER = "purchase_order"
    CUSTOMER_PURCHASE = "customer_purchase"
    STORE_CREDIT = "store_credit"

    BILL = "bill"  # of a finished purchase order, with its id
    WRITE_OFF = "write_off"  # the credit memo of a payment that is none, with its id
    REVERSAL = "reversal"  # the credit memo against a deleted invoice, with Syncro's and QuickBooks' id of that
    REVERSAL_USE = "reversal_use"  # the payment of nothing that applies that credit memo, with its id
    TAX_RATE = "tax_rate"  # a tax code that the settings ask for, with the Syncro rate's id


class Status(StrEnum):
    """Where a record stands, in the words the bookkeeper sees.

    SENDING is never stored: a record is shown as sending while its state holds an attempt.
    """

    DORMANT = "dormant"
    WAITING = "waiting"
    PENDING = "pending"
    SENDING = "sending"
    SYNCED = "synced"
    SYNCED_WITH_WARNING = "synced_with_warning"
    SKIPPED = "skipped"
    RETRYING = "retrying"
    NEEDS_ATTENTION = "needs_attention"


FAILING = (Status.NEEDS_ATTENTION, Status.RETRYING)
"""What a record that failed has become, once or for now."""


class Operation(StrEnum):
    """What a request does to its QuickBooks object."""

    CREATE = "create"
    UPDATE = "update"
    VOID = "void"
    DELETE = "delete"


class Who(StrEnum):
    """Who can mend a problem."""

    BOOKKEEPER = "bookkeeper"
    ADMIN = "admin"
    SUPPORT = "support"
    NOBODY = "nobody"


AT_CUSTOMER = frozenset({Who.BOOKKEEPER, Who.ADMIN})
"""Those who work for the customer; for what anybody else has to mend, alarms call us."""


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """Names one Syncro thing of an account; `id` is Syncro's id as text."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}#{self.id}"

    @classmethod
    def parse(cls, text: str) -> "RecordKey":
        """The key that `str()` wrote. Raises ValueError for anything else."""
        kind, _, record_id = text.partition("#")
        return cls(Kind(kind), record_id)


@dataclass(frozen=True, slots=True)
class Action:
    """Something the console can run to mend a problem: a verb of the error catalogue and its parameters."""

    name: str
    label: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """A failure, skip or warning explained: what happened, to which record, what it means, what to do.

    `code` is ours (`tax_rate_unmapped`) or `qbo_<fault code>`; `verbatim` keeps QuickBooks' own text.
    """

    code: str
    message: str
    fix: str = ""
    who: Who = Who.BOOKKEEPER
    actions: tuple[Action, ...] = ()
    verbatim: str = ""


DEFECT = "internal"
"""The code of a problem that is a defect of ours, met before anything was sent."""

DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What our own mistakes raise; the table's and QuickBooks' errors and the end of the run are none of the record's."""

UNREADABLE_SET = "qbd_0x80040400"
"""The code of a problem for which QuickBooks Desktop refused a whole message set (facts: QBD 1.7)."""


@dataclass(frozen=True, slots=True)
class Totals:
    """A document's money in its own currency; `None` where a side does not state the figure."""

    total: Decimal
    tax: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Write:
    """Send `body` to QuickBooks. `digest` identifies the content, whatever the SyncToken or marker.

    The record is looked at again when one of `follows` changes.
    """

    operation: Operation
    entity: str
    body: JsonObject
    digest: str
    expected: Totals | None = None
    warnings: tuple[Problem, ...] = ()
    lines: int = 0
    follows: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Nothing:
    """QuickBooks already holds what Syncro says."""

    warnings: tuple[Problem, ...] = ()
    follows: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """QuickBooks has the document already; `object` is ours from now on, with the content that `digest` identifies."""

    entity: str
    object: JsonObject
    digest: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Will not be sent, for a reason that is not an error."""

    problem: Problem
    follows: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Attention:
    """Cannot be sent until somebody decides or repairs something, or one of `follows` changes."""

    problem: Problem
    follows: tuple[RecordKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Cannot be sent before one of the records `on` changes; without any, before its own next event."""

    problem: Problem
    on: tuple[RecordKey, ...] = ()


Decision: TypeAlias = Write | Nothing | Link | Skip | Attention | Wait


def marker(key: RecordKey, generation: int) -> str:
    """The text in PrivateNote (Notes on a customer) that says whose document this is."""
    return f"syncro:{key.kind}:{key.id}:{generation}"
