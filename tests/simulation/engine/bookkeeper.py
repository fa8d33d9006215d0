"""An account whose payments come from QuickBooks: what its bookkeeper enters there, and what Syncro must have then."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

from syncro_quickbooks.clock import from_millis
from syncro_quickbooks.online.payments_from.imports import Imports, PaymentImport, State
from syncro_quickbooks.syncro_api.access import SyncroAccess
from tests.simulation.engine.syncro import ENVELOPE, Syncro
from tests.simulation.engine.world import SimulatedWorld
from tests.support.books import assert_each_once, standing
from tests.support.payment_events import allocation, payment_detail
from tests.support.syncro_model import Event
from tests.support.world import ready_settings

ACCOUNT, REALM, TOKEN = "initech", "9130003", "a-token-of-initech"
CENT = Decimal("0.01")
_A_LOOK, _LOOKS = timedelta(minutes=15), 200

Share = tuple[int, Decimal]
"""A Syncro invoice and what is paid on it."""


@dataclass
class Paid:
    """A payment as the bookkeeper left it. `was`: each state it had, None where it counts for nothing in Syncro."""

    shares: list[Share]
    total: Decimal
    gone: bool = False
    was: list[Share | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.note()

    @property
    def counts_for(self) -> Share | None:
        """What should be in Syncro: a payment of exactly one invoice, and of nothing else."""
        one = len(self.shares) == 1 and self.shares[0][1] == self.total and not self.gone
        return self.shares[0] if one else None

    def note(self) -> None:
        """Remember the state that it has now."""
        self.was.append(self.counts_for)


class Bookkeeper:
    """Enters payments in QuickBooks and changes them; invoices are written in Syncro, and never changed."""

    def __init__(self, world: SimulatedWorld, rng: Random) -> None:
        self.account = ACCOUNT
        self.payments: dict[str, Paid] = {}
        self._world, self._rng = world, rng
        self._syncro, self._api = Syncro(ACCOUNT, rng), world.syncro.add_account(TOKEN, ACCOUNT)
        self._company = world.connect(ACCOUNT, REALM, number_check=rng.random() < 0.2)
        settings = ready_settings(self._company, sync_payments_to=False, sync_payments_from=True)
        world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
        world.deployment.syncro_access.save(ACCOUNT, SyncroAccess(ACCOUNT, TOKEN))
        world.polled.add(ACCOUNT)
        self._told: set[int] = set()
        self._changed_at = world.clock.now()

    def begin(self) -> None:
        """Two invoices come in, so that there is something to pay; from now on Syncro's API may fail, too."""
        self._world.mishaps.most_at_syncro = self._rng.choice([1, 2, 3, 5, 8])
        for event in [*self._invoice(), *self._invoice()]:
            self._world.publish(*event)
        self._world.go_on(self._world.clock.now() + timedelta(minutes=1))

    # -- what is done --------------------------------------------------------------------------------------------------

    def deed(self) -> list[Event]:
        """Somebody does something. Returns the events that Syncro sends of it."""
        deeds: list[tuple[int, Callable[[], Iterable[Event] | None]]] = [
            (4, self._invoice),
            (6, self._pay_one),
            (1, self._pay_several),
            (1, self._pay_too_much),
            (2, lambda: self._take_back("void")),
            (1, lambda: self._take_back("delete")),
            (2, self._change_amount),
            (2, self._tell_of_payments),
        ]
        if not self._open():
            deeds = deeds[:1]
        ((_, do),) = self._rng.choices(deeds, [weight for weight, _ in deeds])
        return list(do() or ())

    def _invoice(self) -> Iterator[Event]:
        customer = self._syncro.customers[0]
        amount = Decimal(self._rng.randrange(100, 50_000)) / 100
        customer.invoice(amount)
        number = customer.live("invoice")[-1].id
        self._api.load("customers", {"id": customer.customer["id"], "business_name": ACCOUNT})
        owner = customer.customer["id"]
        self._api.load("invoices", {"id": number, "number": f"10{number}", "customer_id": owner, "total": str(amount)})
        detail_type, detail = customer.events[-1]
        yield detail_type, {**detail, "account_id": ACCOUNT, "event_id": f"event-{ACCOUNT}"}

    def _pay_one(self) -> None:
        number, left = self._rng.choice(self._open())
        amount = left if self._rng.random() < 0.5 else self._part(left)
        self._pay([(number, amount)], amount)

    def _pay_several(self) -> None:
        shares = [(number, self._part(left)) for number, left in self._open()[:2]]
        self._pay(shares, sum((amount for _, amount in shares), Decimal(0)))

    def _pay_too_much(self) -> None:
        number, left = self._rng.choice(self._open())
        self._pay([(number, left)], left + 1)

    def _pay(self, shares: list[Share], total: Decimal) -> None:
        customer = {"CustomerRef": {"value": standing(self._company)[0]["CustomerRef"]["value"]}}
        body = {**customer, "TotalAmt": total, "TxnDate": "2026-11-22", "Line": self._lines(shares)}
        made = self._company.create_by_hand("Payment", body)
        self.payments[str(made["Id"])] = Paid(shares, total)
        self._changed(f"payment {made['Id']} over {total} for {shares}")

    def _take_back(self, how: str) -> None:
        standing_ones = [number for number, paid in self.payments.items() if not paid.gone]
        if standing_ones:
            number = self._rng.choice(standing_ones)
            self._company.void_by_hand("Payment", number) if how == "void" else self._company.delete_by_hand(
                "Payment", number
            )
            self.payments[number].gone = True
            self.payments[number].note()
            self._changed(f"payment {number}: {how}")

    def _change_amount(self) -> None:
        single = [(number, paid) for number, paid in self.payments.items() if paid.counts_for]
        if single:
            number, paid = self._rng.choice(single)
            ((invoice, amount),) = paid.shares
            paid.total = self._part(amount)
            paid.shares = [(invoice, paid.total)]
            paid.note()
            self._company.edit_by_hand("Payment", number, {"TotalAmt": paid.total, "Line": self._lines(paid.shares)})
            self._changed(f"payment {number}: over {paid.total} only")

    def _changed(self, what: str) -> None:
        self._world.mishaps.tell(f"-- QuickBooks, {ACCOUNT}: {what}")
        self._changed_at = self._world.clock.now()
        self._world.announce(ACCOUNT)

    def _tell_of_payments(self) -> Iterator[Event]:
        """Syncro tells of the payments that were entered over its API, as it does of every other one."""
        for payment in self._in_syncro():
            if payment["id"] not in self._told:
                self._told.add(payment["id"])
                amount, (invoice,) = str(payment["payment_amount"]), payment["invoice_ids"]
                shares, owner = [allocation(invoice, amount)], self._syncro.customers[0].customer
                reference = {"ref_num": payment["ref_num"], "account": ACCOUNT, "owner": owner}
                yield "payment.created", {**ENVELOPE, **payment_detail(payment["id"], amount, shares, **reference)}

    def _open(self) -> list[Share]:
        """The invoices that QuickBooks shows as open."""
        found = [(int(each["DocNumber"][2:]), Decimal(str(each["Balance"]))) for each in standing(self._company)]
        return [(number, left) for number, left in found if left > 0]

    def _lines(self, shares: list[Share]) -> list[dict[str, Any]]:
        ids = {int(each["DocNumber"][2:]): each["Id"] for each in standing(self._company)}
        linked = [(amount, {"TxnId": ids[number], "TxnType": "Invoice"}) for number, amount in shares]
        return [{"Amount": amount, "LinkedTxn": [link]} for amount, link in linked]

    def _part(self, amount: Decimal) -> Decimal:
        return max(CENT, (amount * self._rng.randrange(1, 100) / 100).quantize(CENT))

    # -- what becomes of it --------------------------------------------------------------------------------------------

    def wait(self) -> None:
        """Let polls happen until every change was seen and brought into Syncro, or for two days."""
        for _ in range(_LOOKS):
            self._world.sign_in_where_needed()
            self._retry_what_syncro_never_answered()
            if self._is_settled():
                break
            self._world.go_on(self._world.clock.now() + _A_LOOK)
        self._world.polled.clear()

    def check(self) -> None:
        """Raises AssertionError, saying what is wrong."""
        assert_each_once(self._company)
        self._nothing_was_pushed_back()
        self._records_are_done()
        found: dict[str, list[Share]] = {}
        for payment in self._in_syncro():
            (invoice,) = payment["invoice_ids"]
            found.setdefault(payment["ref_num"], []).append((invoice, payment["payment_amount"]))
        known = self._imports().get_many(list(self.payments))
        for number, paid in self.payments.items():
            self._is_right(number, paid, found.pop(f"QBO-{number}", []), known.get(number))
        assert not found, f"in Syncro, and not in QuickBooks: {found}"

    def _is_right(self, number: str, paid: Paid, found: list[Share], known: PaymentImport | None) -> None:
        state, code = (known.state, known.problem and known.problem.code) if known else (None, None)
        told = f"QuickBooks payment {number} was {paid.was}, Syncro has {found}, it is {state} ({code})"
        assert len(found) <= 1, f"twice: {told}"
        if found:
            same = found[0] == paid.counts_for
            assert found[0] in paid.was, told
            assert state is (State.IMPORTED if same else State.NEEDS_ATTENTION), told
            assert same or str(code).startswith("imported_"), told
        elif paid.counts_for is None:
            assert state in (State.SKIPPED, None), told
            assert state or paid.gone, told
        else:
            invoice, amount = paid.counts_for
            assert code == "from_too_little_open", f"lost: {told}"
            assert self._open_in_syncro(invoice) < amount, told

    def _nothing_was_pushed_back(self) -> None:
        there = {each["Id"] for each in standing(self._company, "Payment")}
        expected = {number for number, paid in self.payments.items() if not paid.gone}
        assert there == expected, f"payments in QuickBooks are {there}, the bookkeeper's {expected}"
        paid_on: dict[int, Decimal] = {}
        for paid in self.payments.values():
            for invoice, amount in [] if paid.gone else paid.shares:
                paid_on[invoice] = paid_on.get(invoice, Decimal(0)) + amount
        live = self._syncro.customers[0].live("invoice")
        owed = {f"10{each.id}": each.amount - paid_on.get(each.id, Decimal(0)) for each in live}
        found = {each["DocNumber"]: Decimal(str(each["Balance"])) for each in standing(self._company)}
        assert found == owed, f"{ACCOUNT}: open invoices are {found}, should be {owed}"

    def _records_are_done(self) -> None:
        for item in self._world.items(f"acct#{ACCOUNT}#"):
            if item["sk"]["S"] == "record":
                status, told = item["status"]["S"], item.get("problems", {}).get("S", "")
                done = "payment_imported" in told if "#payment#" in item["pk"]["S"] else status.startswith("synced")
                assert done, f"{item['pk']['S']} is {status}: {told}"

    def _is_settled(self) -> bool:
        state = self._world.deployment.polls.state(ACCOUNT)
        assert state is not None
        return from_millis(state.watermark) > self._changed_at and not list(self._imports().unsettled())

    def _retry_what_syncro_never_answered(self) -> None:
        for each in self._imports().page(State.NEEDS_ATTENTION).imports:
            if each.stuck is not None and each.stuck.code == "from_unanswered":
                self._imports().retry(each.qbo_id, self._world.clock.now())

    def _imports(self) -> Imports:
        return self._world.deployment.payment_imports(ACCOUNT, REALM)

    def _in_syncro(self) -> list[dict[str, Any]]:
        self._world.syncro.settle()
        return self._api.all("payments")

    def _open_in_syncro(self, invoice: int) -> Decimal:
        found = self._api.one("invoices", str(invoice))
        assert found is not None
        return Decimal(found["balance_due"])
