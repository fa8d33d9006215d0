"""An account whose bookkeeper changes in QuickBooks what came from Syncro: it stays, and is asked about."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from syncro_quickbooks.sync.reconciliation import Reconciliation
from tests.simulation.engine.syncro import Syncro
from tests.simulation.engine.world import SimulatedWorld
from tests.support.books import assert_each_once
from tests.support.syncro_model import Event, SyncroAccount

ACCOUNT, REALM = "umbrella", "9130004"


class Hand:
    """Invoices are written and repriced in Syncro; some that are in QuickBooks are edited, voided or deleted there."""

    def __init__(self, world: SimulatedWorld, rng: Random) -> None:
        self.account = ACCOUNT
        self._world, self._rng = world, rng
        self._company = world.connect(ACCOUNT, REALM, everything=True, number_check=rng.random() < 0.2)
        self._customer: SyncroAccount = Syncro(ACCOUNT, rng).customers[0]
        self._left: dict[int, Decimal | None] = {}
        """What the bookkeeper left of an invoice: its amount, None if nothing is there any more."""
        self._versions: dict[int, int] = {}

    def deed(self) -> list[Event]:
        """Somebody does something. Returns the events that Syncro sends of it."""
        before, amount = len(self._customer.events), Decimal(self._rng.randrange(100, 50_000)) / 100
        deeds: list[tuple[int, Callable[[], None]]] = [
            (4, lambda: self._customer.invoice(amount)),
            (4, lambda: self._customer.reprice(self._rng.randrange(8), amount)),
            (6, self._touch),
        ]
        ((_, do),) = self._rng.choices(deeds, [weight for weight, _ in deeds])
        do()
        envelope = {"account_id": ACCOUNT, "event_id": f"event-{ACCOUNT}"}
        return [(detail_type, {**detail, **envelope}) for detail_type, detail in self._customer.events[before:]]

    def _touch(self) -> None:
        """By somebody who sees an invoice of which we know that it is there."""
        free = [each.id for each in self._customer.live("invoice") if each.id not in self._left]
        known = [number for number in free if self._status(number).startswith("synced")]
        if not known:
            return
        number, how = self._rng.choice(known), self._rng.choice(["edit", "void", "delete"])
        document = self._documents(number)[0]
        if how == "edit":
            line = {**document["Line"][0], "Amount": document["TotalAmt"] + 1}
            line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": 1, "UnitPrice": line["Amount"]}
            self._company.edit_by_hand("Invoice", document["Id"], {"Line": [line]})
        elif how == "void":
            self._company.void_by_hand("Invoice", document["Id"])
        else:
            self._company.delete_by_hand("Invoice", document["Id"])
        self._left[number] = None if how == "delete" else self._documents(number)[0]["TotalAmt"]
        self._versions[number] = self._version(number)
        self._world.mishaps.tell(f"-- QuickBooks, {ACCOUNT}: {how} invoice {number}, now {self._left[number]}")

    def told_again(self) -> int:
        """How often Syncro changed what was touched: QuickBooks is read each time, it may be as it was again."""
        return sum(self._version(number) - before for number, before in self._versions.items())

    def check(self, night: Reconciliation | None) -> None:
        """Raises AssertionError, saying what is wrong, with the books or with what the night says of them."""
        assert_each_once(self._company)
        for invoice in self._customer.live("invoice"):
            found, status = [each["TotalAmt"] for each in self._documents(invoice.id)], self._status(invoice.id)
            told = f"{ACCOUNT}: invoice {invoice.id} of {invoice.amount} is {found} in QuickBooks, and {status}"
            if invoice.id not in self._left:
                assert (found, status[:6]) == ([invoice.amount], "synced"), told
                continue
            left = self._left[invoice.id]
            assert found == ([] if left is None else [left]), f"overwritten, it was left as {left}: {told}"
            if self._version(invoice.id) > self._versions[invoice.id]:
                assert status == "needs_attention", f"not asked about: {told}"

        if night is not None:
            self._is_named(night)

    def _is_named(self, night: Reconciliation) -> None:
        """The night names what was touched, and nothing else; what is asked about anyway it may explain by that."""
        listed, named = ({int(each.key.id) for each in all_of} for all_of in (night.listed, night.unexplained))
        touched = set(self._left)
        asked = {number for number in touched if self._status(number) == "needs_attention"}
        assert touched - asked <= named <= touched, f"{ACCOUNT}: {touched} were touched, the night names {named}"
        assert touched <= listed, f"{ACCOUNT}: {touched} were touched, the night lists {listed}"

    def _documents(self, number: int) -> list[dict[str, Any]]:
        return [each for each in self._company.entities("Invoice") if each["DocNumber"] == f"10{number}"]

    def _version(self, number: int) -> int:
        return next(each.version for each in self._customer.live("invoice") if each.id == number)

    def _status(self, number: int) -> str:
        records = self._world.items(f"acct#{ACCOUNT}#invoice#{number}")
        return next((str(each["status"]["S"]) for each in records if each["sk"]["S"] == "record"), "")
