"""What must be true of the account on QuickBooks Desktop, by Syncro's figures and by what its company file holds."""

from collections import Counter
from decimal import Decimal
from typing import Any

from tests.simulation.engine.checks import DONE
from tests.simulation.engine.desktop_office import ACCOUNT, DesktopOffice
from tests.simulation.engine.world import SimulatedWorld
from tests.support.syncro_model import SyncroAccount

NOT_ON_DESKTOP = ("purchase_order", "vendor", "product")


def everything(world: SimulatedWorld, office: DesktopOffice) -> None:
    """Raises AssertionError, saying what is wrong."""
    nothing_is_twice(office)
    records_are_done(world)
    customers_agree(office)
    documents_agree(office)
    nothing_crossed(world, office)
    stops_were_heeded(world, office)


def nothing_is_twice(office: DesktopOffice) -> None:
    """No customer or number exists twice, and no marker stands on two documents."""
    company = office.company
    numbers = [each["RefNumber"] for each in company.entities("Invoice")]
    assert len(numbers) == len(set(numbers)), f"invoices twice: {sorted(numbers)}"
    notes = [each.get("Notes", "") for each in company.entities("Customer")]
    memos = [each.get("Memo", "") for kind in _DOCUMENTS for each in company.entities(kind)]
    markers = [word for note in (*notes, *memos) for word in note.split() if word.startswith("syncro:")]
    records = [word.rpartition(":")[0] for word in markers]
    assert len(records) == len(set(records)), f"booked twice: {sorted(records)}"
    made = len(company.entities("Customer")) + sum(len(company.entities(kind)) for kind in _DOCUMENTS)
    assert len(records) == made, f"{made} entries, of which {len(records)} are marked"


_DOCUMENTS = ("Invoice", "ReceivePayment", "CreditMemo")


def records_are_done(world: SimulatedWorld) -> None:
    """Every record has come to its end; purchase orders are skipped on Desktop (docs/features.md)."""
    for item in world.items(f"acct#{ACCOUNT}#"):
        if item["sk"]["S"] == "record":
            status, kind = item["status"]["S"], item["pk"]["S"].split("#")[2]
            done = {"skipped", "dormant"} if kind in NOT_ON_DESKTOP else DONE
            assert status in done, f"{item['pk']['S']} is {status}: {item.get('problems', {}).get('S')}"


def customers_agree(office: DesktopOffice) -> None:
    """Each customer owes the same in both, and each invoice is open by the same."""
    company, expected = office.company, dict[str, Decimal]()
    known = {each["Email"]: each for each in company.entities("Customer")}
    for customer in office.syncro.customers:
        email = customer.customer["email"]
        booked = any(customer.live(kind) for kind in ("invoice", "payment", "credit"))
        assert email in known or not booked, f"{ACCOUNT}: {email} is missing among {sorted(known)}"
        if email in known:
            # A change of the organization alone travels with its next document.
            name = known[email]["Name"]
            assert name in office.syncro.names_of(customer), f"{ACCOUNT}: {email} is called {name}"
            owed = _owed(office, known[email]["ListID"])
            assert owed == customer.balance(), f"{ACCOUNT}: {email} owes {owed}, in Syncro {customer.balance()}"
        expected |= customer.open_invoices()
    found = {each["RefNumber"]: Decimal(each["BalanceRemaining"]) for each in _standing(office)}
    assert found == expected, f"{ACCOUNT}: open invoices are {found}, in Syncro {expected}"


def _standing(office: DesktopOffice) -> list[dict[str, Any]]:
    return [each for each in office.company.entities("Invoice") if not each["Memo"].startswith("VOID:")]


def _owed(office: DesktopOffice, customer: str) -> Decimal:
    def total(kind: str, field: str) -> Decimal:
        found = [each for each in office.company.entities(kind) if each["CustomerRef"]["ListID"] == customer]
        return sum((Decimal(each[field]) for each in found), Decimal(0))

    credits = total("ReceivePayment", "UnusedPayment") + total("CreditMemo", "CreditRemaining")
    return total("Invoice", "BalanceRemaining") - credits


def documents_agree(office: DesktopOffice) -> None:
    """Every payment and every credit is there with its amount, every invoice with its total."""
    for kind, field, live in (
        ("Invoice", "Subtotal", "invoice"),
        ("ReceivePayment", "TotalAmount", "payment"),
        ("CreditMemo", "TotalAmount", "credit"),
    ):
        there = _standing(office) if kind == "Invoice" else office.company.entities(kind)
        found, expected = Counter(Decimal(each[field]) for each in there), _amounts(office.syncro.customers, live)
        assert found == expected, f"{ACCOUNT}: {kind} over {found}, in Syncro {expected}"


def _amounts(customers: list[SyncroAccount], kind: str) -> Counter[Decimal]:
    return Counter(each.amount for customer in customers for each in customer.live(kind))


def nothing_crossed(world: SimulatedWorld, office: DesktopOffice) -> None:
    """Names of this account are in no other company, others' not in its file, and nothing is in another file."""
    for customer in office.company.entities("Customer"):
        assert customer["Name"].startswith(ACCOUNT), f"{customer['Name']} crossed"
    for company in world.companies.values():
        for each in company.entities("Customer"):
            assert not each["DisplayName"].startswith(ACCOUNT), f"{each['DisplayName']} crossed"
    strangers = [each for kind in ("Customer", *_DOCUMENTS) for each in office.others.entities(kind)]
    assert strangers == [], f"written in another company file: {strangers}"


def stops_were_heeded(world: SimulatedWorld, office: DesktopOffice) -> None:
    """No set that writes was handed out while posting was stopped."""
    for scope, began, ended in world.stops:
        if scope in ("all", "desktop", f"account#{ACCOUNT}"):
            found = [f"{each.at:%d %H:%M:%S}" for each in office.sent if began < each.at < ended]
            assert not found, f"handed out at {found} though {scope} was stopped"
