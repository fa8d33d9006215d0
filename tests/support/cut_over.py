"""Accounts at their cut-over: invoices that Syncro and the bookkeeper have both written, before the start date."""

from decimal import Decimal
from typing import Any

from syncro_quickbooks.sync.job import JobKind
from tests.support import events, payment_events
from tests.support.events import ACCOUNT
from tests.support.job_world import JobWorld
from tests.support.world import ready_settings

LINK = JobKind.LINK_OPEN_INVOICES
START = "2026-11-25"
OWNER = "Returns R Us"
_ONLY_IN_EVENTS = ("tax_rate_id", "notax", "is_draft", "is_refund")

Obj = dict[str, Any]


def at_cut_over(**settings: Any) -> JobWorld:
    """A connected account that begins on START, with one customer in both."""
    world = JobWorld()
    world.connect()
    cut_over(world, **settings)
    return world


def cut_over(world: JobWorld, **settings: Any) -> None:
    """The connected account begins on START, with one customer in both."""
    company = world.companies[ACCOUNT]
    world.deployment.accounts.save_settings(ACCOUNT, ready_settings(company, start_date=START, **settings), version=1)
    company.create_by_hand("Customer", {"DisplayName": OWNER})


def in_syncro(world: JobWorld, invoice_id: int, *, due: str = "216.00", told: bool = False, **fields: Any) -> Obj:
    """An open invoice over 216.00 of which `due` is open, as the public API has it; `told`: by an event, too."""
    detail = events.invoice_detail(invoice_id, **fields)
    invoice, owner = detail["invoice"], detail["customer"]
    lines = [{k: v for k, v in line.items() if k != "tax_rate_id"} for line in invoice["line_items"]]
    row = {name: value for name, value in invoice.items() if name not in _ONLY_IN_EVENTS}
    row |= {"line_items": lines, "balance_due": due, "customer_business_then_name": owner["business_then_name"]}
    world.theirs.load("invoices", row)
    if told:
        world.publish("invoice.created", detail)
        world.run()
    return detail


def in_quickbooks(
    world: JobWorld, number: str, *, total: str = "216.00", customer: str = OWNER, paid: str = "", **fields: Any
) -> Obj:
    """What the bookkeeper has entered, and what is paid on it."""
    company = world.companies[ACCOUNT]
    party = next(each for each in company.entities("Customer") if each["DisplayName"] == customer)
    item = company.entities("Item")[0]
    detail = {"ItemRef": {"value": item["Id"]}, "Qty": 1, "UnitPrice": Decimal(total)}
    sale = {"DetailType": "SalesItemLineDetail", "Amount": Decimal(total), "SalesItemLineDetail": detail}
    owner = {"CustomerRef": {"value": party["Id"]}}
    made = company.create_by_hand(
        "Invoice", {**owner, "DocNumber": number, "TxnDate": "2026-11-20", "Line": [sale], **fields}
    )
    if paid:
        applied = {"Amount": Decimal(paid), "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}
        company.create_by_hand("Payment", {**owner, "TotalAmt": Decimal(paid), "Line": [applied]})
    return now(world, made)


def now(world: JobWorld, document: Obj) -> Obj:
    """QuickBooks' invoice as it is now."""
    found = world.companies[ACCOUNT].get("Invoice", document["Id"])
    assert found is not None
    return found


def paid_in_syncro(world: JobWorld, payment_id: int, amount: str, invoice_id: int = 309, *, told: bool = True) -> Obj:
    """The customer pays in Syncro after the cut-over; `told`: its event comes, too."""
    allocations = [payment_events.allocation(invoice_id, amount)]
    applied_at = "2026-11-26T00:00:00.000Z"
    detail = payment_events.payment_detail(payment_id, amount, allocations, applied_at=applied_at)
    world.theirs.pay(dict(detail["payment"]), {invoice_id: Decimal(amount)})
    if told:
        world.publish("payment.created", detail)
        world.run()
    return detail


def open_in_both(world: JobWorld, document: Obj, invoice_id: int = 309) -> tuple[Decimal, Decimal]:
    """What is open of an invoice in Syncro and in QuickBooks."""
    theirs = world.theirs.one("invoices", str(invoice_id))
    assert theirs is not None
    return Decimal(theirs["balance_due"]), Decimal(str(now(world, document)["Balance"]))


def writes(world: JobWorld, since: int) -> list[str]:
    """What was sent to QuickBooks to be written since a point in its journal."""
    sent = [call for call in world.emulator.journal[since:] if call.method == "POST" and "requestid" in str(call.query)]
    return [call.path.rpartition("/")[2] for call in sent]
