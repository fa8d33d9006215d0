"""The product's own comparison of each night: it names what somebody changed in QuickBooks, and nothing else."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from emulators.quickbooks_online import Company
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.sync.model import Kind
from syncro_quickbooks.sync.reconciliation import KindSums, Reconciliation, Sum
from tests.simulation.engine.dead_letters import NIGHTS
from tests.simulation.engine.syncro import Syncro
from tests.simulation.engine.world import SimulatedWorld
from tests.support.books import standing
from tests.support.world import FUNCTION_TIME, REDELIVERED_AFTER

_MOST_RECEIVES = 3  # template.yaml: ReconcileQueue
_KINDS = {"Invoice": Kind.INVOICE, "Payment": Kind.PAYMENT, "PurchaseOrder": Kind.PURCHASE_ORDER, "Bill": Kind.BILL}
_KINDS["Purchase"] = Kind.CUSTOMER_PURCHASE
_NOTHING = KindSums()


class Nights:
    """Compares in the busy time, if a night comes then, and once more when it is quiet."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._alarms: list[tuple[str, str]] = []
        self.busy = False

    def begin(self) -> None:
        """The schedule calls when the night comes, and once more some minutes later."""
        self.busy = True
        tonight = self._world.deployment.nights.tonight()
        for late in (0, self._world.rng.randrange(1, 15)):
            self._world.at(tonight + timedelta(minutes=late), self._ask)

    def _ask(self) -> None:
        due: list[str] = []
        self._world.invoke("night", "", FUNCTION_TIME, lambda process: due.extend(process.nights.due()))
        for account in due:
            self._compare(account, 1)

    def _compare(self, account: str, receives: int) -> None:
        found: list[Reconciliation | None] = []

        def work(process: Deployment) -> None:
            found.append(process.nightly.run(account))

        done = self._world.invoke("compare", account, FUNCTION_TIME, work)
        for report in filter(None, found):
            names = [each.reason for each in report.unexplained]
            self._world.mishaps.tell(f"compared {account}: {len(report.listed)} differ, unexplained {names}")
            self._alarms += [(account, name) for name in names]
        if not done and receives == _MOST_RECEIVES:
            self._world.letters.put(NIGHTS, account)
        elif not done:
            due = self._world.clock.now() + REDELIVERED_AFTER
            self._world.at(due, lambda: self._compare(account, receives + 1))

    def check(self, accounts: list[Syncro], by_hand: str) -> Reconciliation | None:
        """Raises AssertionError if the coming night finds what is not so. Returns its report on the hand's account."""
        false = [(account, name) for account, name in self._alarms if account != by_hand]
        assert not false, f"false alarms while things went on: {false}"
        found = self._coming()
        for account, report in found.items():
            assert account == by_hand or not report.unexplained, f"unexplained: {report.unexplained}"
            for entity, kind in _KINDS.items():
                _agrees(self._world.companies[account], entity, report.kinds.get(kind, _NOTHING))
        for syncro in accounts:
            if syncro.account in found:
                _says_what_syncro_says(syncro, found[syncro.account].kinds.get(Kind.INVOICE, _NOTHING).syncro)
        return found.get(by_hand)

    def _coming(self) -> Mapping[str, Reconciliation]:
        """The coming night: every account is due whose books were written since it was last compared."""
        world = self._world
        world.clock.advance_to(world.deployment.nights.tonight())
        due = [account for account in world.deployment.nights.due() if account in world.companies]
        for account, company in world.companies.items():
            ours = (
                each for each in world.emulator.journal if each.realm == company.realm and "requestid" in each.query
            )
            newest = max((each.time for each in ours if each.status == 200), default=None)
            last = world.deployment.nights.newest(account, 1)
            forgotten = newest is not None and account not in due and not (last and last[0].at > newest)
            assert not forgotten, f"{account} is not compared, though something was written at {newest:%d %H:%M:%S}"
        found = {account: self._compared(account) for account in due}
        assert all(found.values()), f"not compared: {[account for account, report in found.items() if not report]}"
        return {account: report for account, report in found.items() if report is not None}

    def _compared(self, account: str) -> Reconciliation | None:
        """A night may be the first to find that the consent is lost: then the next one, after a sign-in."""
        world = self._world
        report, reconnects = world.deployment.nightly.run(account), world.reconnects
        world.sign_in_where_needed()
        if world.reconnects > reconnects:
            world.clock.advance_to(world.deployment.nights.tonight())
            report = world.deployment.nightly.run(account)
        return report


def _agrees(company: Company, entity: str, sums: KindSums) -> None:
    """QuickBooks' side is what it holds, and Syncro's less every line is that."""
    there = [each for each in standing(company, entity) if "syncro:" in str(each.get("PrivateNote"))]
    total = sum((Decimal(str(each["TotalAmt"])) for each in there), Decimal(0))
    found = sums.quickbooks
    assert (found.count, found.total) == (len(there), total), f"{company.realm}: {entity} is {found}, not over {total}"
    explained = sum((each.total for each in sums.lines.values()), Decimal(0))
    assert sums.syncro.total - explained == total, f"{company.realm}: {entity} does not add up: {sums}"


def _says_what_syncro_says(syncro: Syncro, found: Sum) -> None:
    live = [(each.amount, customer.open_on(each)) for customer in syncro.customers for each in customer.live("invoice")]
    amount, left = (sum((each[place] for each in live), Decimal(0)) for place in (0, 1))
    assert (found.count, found.total, found.open) == (len(live), amount, left), (
        f"{syncro.account}: Syncro's invoices are {found}, they are {len(live)} over {amount}, open by {left}"
    )
