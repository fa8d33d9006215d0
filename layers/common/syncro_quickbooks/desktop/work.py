"""What one call of a session works with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.qbxml.reading import Reply
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.sync.dependents import Dependents
from syncro_quickbooks.sync.dispatches import Member
from syncro_quickbooks.sync.model import Kind, Operation, RecordKey
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.sync.store import Store
from syncro_quickbooks.syncro.models import Payment

TIME_FOR_A_CALL = timedelta(seconds=8)
"""API Gateway gives a call 29 s and a session's own upkeep is some 15 table calls; what is planned by then is sent."""

MOST_ROUNDS = 4
"""How often one record may be tried again within a session (facts: QBD 1.3, loops without end have been seen)."""


class OutOfTime(Exception):
    """The call must end now; what is left comes with the next one."""


class Memory:
    """What a session keeps between its calls, in the form in which it is stored.

    `reads` says which records are to be looked up ("name", "object", "balance"), `fresh` which were just read,
    `balances` what is open on an invoice (by TxnID), `rounds` how often a record came round again.
    """

    def __init__(self, stored: JsonObject) -> None:
        self.stored = stored

    def table(self, name: str) -> JsonObject:
        """A part of the memory, to be changed in place."""
        part = self.stored.setdefault(name, {})
        if not isinstance(part, dict):
            raise TypeError(f"the session's memory of {name} is damaged")
        return part

    def number(self, name: str) -> int:
        """A counter."""
        value = self.stored.get(name, 0)
        return value if isinstance(value, int) else 0

    def add(self, name: str, by: int = 1) -> int:
        """Count on. Returns the new number."""
        value = self.number(name) + by
        self.stored[name] = value
        return value

    def text(self, name: str) -> str:
        """A word."""
        value = self.stored.get(name, "")
        return value if isinstance(value, str) else ""

    def wants(self, key: RecordKey, how: str) -> None:
        """Have a record looked up before it is planned."""
        self.table("reads")[str(key)] = how

    def round(self, key: RecordKey) -> int:
        """A record comes round again. Returns how often it has."""
        rounds = self.table("rounds")
        before = rounds.get(str(key), 0)
        rounds[str(key)] = (before if isinstance(before, int) else 0) + 1
        return (before if isinstance(before, int) else 0) + 1


@dataclass(frozen=True, slots=True)
class Work:
    """One account's company file, for one call: never kept, never shared, so two accounts cannot mix."""

    account_id: str
    realm_id: str
    settings: Settings
    company: Company
    store: Store
    dependents: Dependents
    clock: Clock
    deadline: datetime
    memory: Memory
    log: Log
    moved: bool = False

    def payments_of(self, key: RecordKey) -> list[RecordKey]:
        """The payments that pay an invoice or use what is left of a payment or credit, or did once."""
        return [each for each in self.dependents.users(key) if each.kind is Kind.PAYMENT]

    def what_may_give_room(self, payment: Payment) -> tuple[RecordKey, ...]:
        """The invoices that it pays, and whatever else pays them."""
        invoices = [RecordKey(Kind.INVOICE, str(each.invoice_id)) for each in payment.allocations]
        others = [each for invoice in invoices for each in self.payments_of(invoice) if each.id != str(payment.id)]
        return tuple(dict.fromkeys([*invoices, *others]))

    def keep_going(self) -> None:
        """Raises OutOfTime when the call has to be answered."""
        if self.clock.now() >= self.deadline:
            raise OutOfTime


@dataclass(frozen=True, slots=True)
class Settled:
    """A member, its record, and QuickBooks' reply."""

    member: Member
    view: View
    reply: Reply


def request_name(entity: str, operation: Operation) -> str:
    """The request that does `operation` to an `entity`."""
    if operation is Operation.VOID:
        return "TxnVoid"
    if operation is Operation.DELETE:
        return "TxnDel"
    named = "ReceivePayment" if entity == CREDIT_APPLICATION else entity
    return f"{named}{'Add' if operation is Operation.CREATE else 'Mod'}"


CREDIT_APPLICATION = "CreditApplication"
"""A payment that only applies credits: QuickBooks makes no transaction of it and returns no id (facts: QBD 2.6)."""
