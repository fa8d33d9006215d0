"""A company file as tests and the demo see it: open a session, look at the books, work as the bookkeeper would."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from . import grammar, lists, processor, rets, seed, statuses, tables
from .books import Books, Trouble
from .processor import Session, Stored
from .statuses import HResult, Obj, Refused
from .store import Store
from .tables import TRANSACTIONS


@dataclass(kw_only=True)
class CompanyFile(Books):
    """One QuickBooks Desktop company file with its request processor. Settings are attributes, see `Books`.

    The by-hand methods follow QuickBooks' own rules but need no EditSequence, may work in a closed period and on what
    is in use; they raise Refused. Fields are given as qbXML names: `enter("Customer", Name="Acme")`.
    """

    stored_sets: dict[str, Stored] = field(default_factory=dict)
    _throws: list[tuple[str, HResult]] = field(default_factory=list)
    _break_after: int = 0  # requests left until QuickBooks dies; 0: it does not

    def __post_init__(self) -> None:
        seed.fill(self)

    # What an application does.

    def begin_session(self, path: str = "") -> Session:
        """Open the file at `path`, or the one that is open when it is empty. Raises HResult."""
        self._throw("begin_session")
        if not path and not self.is_open:
            raise HResult("0x80040416")
        if path and path.casefold() != self.path.casefold():
            raise HResult("0x8004040A" if self.is_open else "0x80040401")
        return Session(self)

    def process(self, request: str) -> str:
        """One message set in a session of its own. Raises HResult."""
        session = self.begin_session(self.path)
        try:
            return session.process(request)
        finally:
            session.end()

    # What a test arms.

    def throw(self, code: str, *, at: str = "process") -> None:
        """The next session ("begin_session") or message set ("process") throws this HRESULT; nothing is done."""
        self._throws.append((at, HResult(code)))

    def break_off(self, after: int) -> None:
        """QuickBooks dies in the next message set when `after` requests are done: no answer, nothing remembered."""
        self._break_after = after

    def refuse(self, request: str, code: int, message: str, *, severity: str = "Error", times: int = 1) -> None:
        """The next `times` requests of this name, for instance "InvoiceAdd", answer the status; nothing is done."""
        self.troubles.append(Trouble(request, Refused(code, message, severity=severity), times))

    def refuse_locked(self, request: str, *, times: int = 1) -> None:
        """The list is being changed by somebody else: 3180 in the captured words, worth a retry."""
        kind = request[:-3]
        text = f"There was an error when saving a {kind} list.  QuickBooks error message: "
        self.refuse(request, 3180, f"{text}This list has been modified by another user.", times=times)

    # What the request processor asks.

    def before_request(self) -> None:
        """Raises the HResult that was armed for message sets."""
        self._throw("process")

    def after_request(self) -> None:
        """Counts down to the death that was armed. Raises HResult."""
        if self._break_after > 0:
            self._break_after -= 1
            if not self._break_after:
                raise HResult("0x80040402")

    def raise_trouble(self, name: str) -> None:
        """Raises the Refused that was armed for this request."""
        for at, one in enumerate(self.troubles):
            if one.request == name:
                left = [Trouble(name, one.refusal, one.times - 1)] if one.times > 1 else []
                self.troubles[at : at + 1] = left
                raise one.refusal

    def _throw(self, at: str) -> None:
        for one in self._throws:
            if one[0] == at:
                self._throws.remove(one)
                raise one[1]

    # Looking at the books.

    def entities(self, kind: str) -> list[Obj]:
        """All list entries or transactions of a kind as their Ret, inactive ones too, with lines and links."""
        if kind in TRANSACTIONS:
            return [rets.txn(self, kind, one, linked=True) for one in self.store.txns(kind)]
        return [rets.entry(self, kind, one) for one in self.store.entries(kind)]

    def get(self, any_id: str) -> Obj | None:
        """One entry or transaction as its Ret, or None when there is none (any more)."""
        kind = self.store.kind_of(any_id)
        txn, entry = self.store.txn(any_id), self.store.entry(any_id)
        if txn is not None:
            return rets.txn(self, kind, txn, linked=True)
        return None if entry is None else rets.entry(self, kind, entry)

    def named(self, kind: str, full_name: str) -> Obj | None:
        """A list entry by its full name, or None."""
        found = self.store.named(kind, full_name)
        return None if found is None else rets.entry(self, kind, found)

    # The bookkeeper's hand.

    def enter(self, kind: str, **fields: object) -> Obj:
        """Add a list entry or transaction of any kind."""
        _check_fields(f"{kind}Add", fields)
        with self.store.atomic():
            if kind in TRANSACTIONS:
                content = processor.carry_out(self, f"{kind}Add", fields, by_hand=True)
            else:
                content = lists.add(self, kind, fields)
        return _ret(content)

    def change(self, any_id: str, **fields: object) -> Obj:
        """Change an entry or transaction; lines are given as for a modification and are then the whole new list."""
        kind = self.store.kind_of(any_id)
        if not kind:
            raise statuses.not_found(any_id)
        _check_fields(f"{kind}Mod", fields)
        key = "TxnID" if kind in TRANSACTIONS else "ListID"
        with self.store.atomic():
            return _ret(processor.carry_out(self, f"{kind}Mod", {key: any_id, **fields}, by_hand=True))

    def void(self, txn_id: str) -> Obj:
        """Void an invoice or credit memo."""
        with self.store.atomic():
            body = {"TxnVoidType": self.store.kind_of(txn_id), "TxnID": txn_id}
            processor.carry_out(self, "TxnVoid", body, by_hand=True)
        return self.get(txn_id) or {}

    def delete(self, any_id: str) -> None:
        """Delete a transaction, or a list entry that nothing refers to. Raises Refused 3120, 3170."""
        kind = self.store.kind_of(any_id)
        if not kind:
            raise statuses.not_found(any_id)
        with self.store.atomic():
            if kind in TRANSACTIONS:
                processor.carry_out(self, "TxnDel", {"TxnDelType": kind, "TxnID": any_id}, by_hand=True)
            elif lists.is_referred_to(self, any_id):
                raise statuses.not_saved(kind, "The list element is in use.", modifying=True)  # [G]
            else:
                self.store.drop_entry(any_id)

    def deactivate(self, list_id: str) -> Obj:
        """Make a list entry inactive; its name stays taken."""
        return self.change(list_id, IsActive="false")

    def receive(self, invoice_id: str, amount: str, **fields: object) -> Obj:
        """The bookkeeper enters a payment for one invoice. `amount` as "12.50"."""
        invoice = self.store.txn(invoice_id)
        if invoice is None:
            raise statuses.not_found(invoice_id)
        row = {"TxnID": invoice_id, "PaymentAmount": amount}
        customer = invoice["CustomerRef"]
        return self.enter("ReceivePayment", CustomerRef=customer, TotalAmount=amount, AppliedToTxnAdd=[row], **fields)

    def deposit(self, payment_ids: Sequence[str]) -> None:
        """Put payments into a bank deposit; they can no longer be deleted or change their amount [M]."""
        for payment_id in payment_ids:
            payment = self.store.txn(payment_id)
            if payment is None or self.store.kind_of(payment_id) != "ReceivePayment":
                raise statuses.not_found(payment_id)
            self.store.put_txn("ReceivePayment", {**payment, "_deposited": True})

    def open_balance(self, invoice_id: str) -> str:
        """What is open on an invoice, "12.50"."""
        invoice = self.store.txn(invoice_id)
        if invoice is None:
            raise statuses.not_found(invoice_id)
        return format(self.store.balance(invoice), "f")

    def start_over(self) -> None:
        """Back to the starting lists; settings and private data stay."""
        self.store = Store()
        self.stored_sets.clear()
        self.last_number = self.last_txn_number = 0
        seed.fill(self)


def _check_fields(request: str, fields: Obj) -> None:
    """A field that the form does not have is a mistake of the test, ValueError."""
    if not tables.is_known(request):
        return  # a kind that only the bookkeeper enters
    unknown = set(fields) - {one.name for one in grammar.elements(tables.body_rule(request))}
    if unknown:
        raise ValueError(f"{request} has no {', '.join(sorted(unknown))}")


def _ret(content: rets.Content) -> Obj:
    found: Obj = content[0][1] if content else {}
    return found
