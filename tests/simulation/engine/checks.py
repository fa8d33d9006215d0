"""What must be true once it is quiet, judged by Syncro's own figures and by what QuickBooks holds."""

from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company
from tests.simulation.engine import contents
from tests.simulation.engine.hand import Hand
from tests.simulation.engine.syncro import Syncro
from tests.simulation.engine.world import SimulatedWorld
from tests.support.books import assert_each_once, standing

DONE = {"synced", "synced_with_warning", "dormant"}


def everything(world: SimulatedWorld, accounts: list[Syncro], hand: Hand | None) -> None:
    """Raises AssertionError, saying what is wrong."""
    for syncro in accounts:
        company = world.companies[syncro.account]
        assert_each_once(company)
        nothing_is_left_over(world, syncro)
        customers_agree(company, syncro)
        contents.agree(company, syncro)
        what_can_be_voided_was_not_deleted(world, company)
        nothing_crossed(world, syncro, company)
    stops_were_heeded(world)
    reads_were_counted(world, accounts, hand)
    consents_were_kept(world)


def nothing_is_left_over(world: SimulatedWorld, syncro: Syncro) -> None:
    """Every record has come to its end, no entry, no dispatch and no message is left."""
    account, unpaid = syncro.account, {str(each.id) for each in syncro.purchases if not each.paid_out}
    failed = {str(each.id) for customer in syncro.customers for each in customer.failed()}
    assert world.outstanding() == [], f"left over: {world.outstanding()}"
    assert world.letters.events() == [], "events were lost"
    for item in world.items(f"acct#{account}#"):
        if item["sk"]["S"] == "record":
            status = item["status"]["S"]
            done = status in DONE or (status == "waiting" and item["pk"]["S"].rpartition("purchase#")[2] in unpaid)
            done |= status == "skipped" and item["pk"]["S"].rpartition("#payment#")[2] in failed
            assert done, f"{account} {item['pk']['S']} is {status}: {item.get('problems', {}).get('S')}"


def customers_agree(company: Company, syncro: Syncro) -> None:
    """Each customer owes the same in both, and each invoice is open by the same."""
    expected: dict[str, Decimal] = {}
    known = {each["PrimaryEmailAddr"]["Address"]: each for each in company.entities("Customer")}
    for customer in syncro.customers:
        email = customer.customer["email"]
        booked = any(customer.live(kind) for kind in ("invoice", "payment", "credit"))
        assert email in known or not booked, f"{syncro.account}: {email} is missing among {sorted(known)}"
        if email in known:
            name = known[email]["DisplayName"]
            assert name in syncro.names_of(customer), f"{syncro.account}: {email} is called {name}"
            owed = _owed(company, known[email]["Id"])
            assert owed == customer.balance(), f"{syncro.account}: {email} owes {owed}, in Syncro {customer.balance()}"
        expected |= customer.open_invoices()
    found = {each["DocNumber"]: each["Balance"] for each in standing(company)}
    assert found == expected, f"{syncro.account}: open invoices are {found}, in Syncro {expected}"


def _owed(company: Company, customer_id: str) -> Decimal:
    def total(entity: str, field: str) -> Decimal:
        of_customer = [each for each in standing(company, entity) if each["CustomerRef"]["value"] == customer_id]
        return sum((Decimal(str(each[field])) for each in of_customer), Decimal(0))

    return total("Invoice", "Balance") - total("Payment", "UnappliedAmt") - total("CreditMemo", "RemainingCredit")


def what_can_be_voided_was_not_deleted(world: SimulatedWorld, company: Company) -> None:
    """Invoices and payments that Syncro deleted are still there, void; only the other kinds go."""
    for entry in world.emulator.journal:
        if entry.realm == company.realm and entry.kind == "write":
            members = entry.body.get("BatchItemRequest", ()) if isinstance(entry.body, dict) else ()
            deleted = {entry.operation, *(f"delete {each}" for member in members for each in _deleted_by(member))}
            assert not deleted & {"delete Invoice", "delete Payment"}, f"{deleted} in {company.realm}"


def _deleted_by(member: dict[str, Any]) -> list[str]:
    return list(member) if member.get("operation") == "delete" else []


def nothing_crossed(world: SimulatedWorld, syncro: Syncro, company: Company) -> None:
    """Names, tokens and requests of one account never show up in another's company."""
    others = [account for account in world.companies if account != syncro.account]
    for entity, field in (("Customer", "DisplayName"), ("Vendor", "DisplayName"), ("Item", "Name")):
        for each in company.entities(entity):
            assert not any(each[field].startswith(other) for other in others), f"{each[field]} crossed"
    for entry in world.emulator.journal:
        if entry.realm == company.realm:
            assert entry.status != 403, f"{entry.operation} with another company's token"


def stops_were_heeded(world: SimulatedWorld) -> None:
    """While posting was stopped nothing was written in QuickBooks, nor sent to Syncro."""
    writes = [(each.time, each.realm) for each in world.emulator.journal if "requestid" in each.query]
    in_syncro = {token[-4:]: account.subdomain for token, account in world.syncro.accounts.items()}
    for scope, began, ended in world.stops:
        if scope == "desktop":
            continue
        realms = {company.realm for account, company in world.companies.items() if scope == f"account#{account}"}
        for at, realm in writes:
            stopped = began < at < ended and (not scope.startswith("account#") or realm in realms)
            assert not stopped, f"written in {realm} at {at:%d %H:%M:%S} though {scope} was stopped"
        for post in world.syncro.journal:
            if post.method == "POST" and began < post.time < ended:
                account = in_syncro[post.token]
                stopped = scope in ("all", "online", f"account#{account}")
                assert not stopped, f"sent to {account}'s Syncro at {post.time:%d %H:%M:%S} though {scope} was stopped"


def reads_were_counted(world: SimulatedWorld, accounts: list[Syncro], hand: Hand | None) -> None:
    """Every metered read was counted before it was made, and there are no more than the history needs."""
    made = world.emulator.limits.reads_used
    counted = world.reads_counted() - world.reads_elsewhere
    assert made <= counted, f"{made} reads were made, {counted} counted"
    most = allowed_reads(world, accounts) + (hand.told_again() if hand else 0)
    assert made <= most, f"{made} reads were made, {most} are enough"


def allowed_reads(world: SimulatedWorld, accounts: list[Syncro]) -> int:
    """Three a company to know it; one a name to look it up, a bill to see its order, a deletion, a failure, a poll, a
    payment that is to let an invoice fall, an invoice that goes to another customer."""
    made = {kind: sum(len(company.entities(kind)) for company in world.companies.values()) for kind in _READ_FOR}
    customers = [customer for syncro in accounts for customer in syncro.customers]
    taken_back = sum(customer.taken_back() + customer.fallen_short for customer in customers)
    taken_back += sum(syncro.handed_over for syncro in accounts)
    needed = (
        READS_A_NIGHT * world.handled["compare"]
        + 3 * len(world.companies)
        + sum(made.values())
        + taken_back
        + world.handled["poll"]
    )
    return needed + READS_A_MISHAP * world.mishaps.struck.total()


_READ_FOR = ("Customer", "Vendor", "Bill")
READS_A_NIGHT = 12
"""For each of six entities the documents of these months, and those that are dated otherwise."""

READS_A_MISHAP = 5
"""A proof, and a lookup that is made again."""


def consents_were_kept(world: SimulatedWorld) -> None:
    """Nobody has to sign in again unless new tokens were lost on their way into the table, or refused twice."""
    struck = world.mishaps.struck
    lost = sum(struck[call, kind] for call, kind in struck if call.endswith(" token") and kind != "meanwhile")
    excused = lost + world.mishaps.refused_tokens // 2
    assert world.reconnects <= excused, f"{world.reconnects} consents lost"
