"""The API of payments from QuickBooks: the access to Syncro, what became of each payment, and trying again."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from local.issuer import Issuer
from tests.support.boundaries import Boundaries, Mode
from tests.support.console import Console, console_of
from tests.support.deciding import press
from tests.support.events import ACCOUNT
from tests.support.payments_from import TOKEN, PaymentsFromWorld


@pytest.fixture
def world(aws_services: None) -> PaymentsFromWorld:
    return PaymentsFromWorld(309)


@pytest.fixture
def console(world: PaymentsFromWorld, issuer: Issuer) -> Iterator[Console]:
    with console_of(world.deployment, issuer) as opened:
        yield opened


def test_a_token_is_saved_once_syncro_accepts_it_and_never_told(world: PaymentsFromWorld, console: Console) -> None:
    refused = console.request("PUT", "/syncro-access", json={"subdomain": "demo", "token": "not-a-token-of-anybody"})
    assert (refused.status_code, refused.json()["code"]) == (422, "syncro_access_refused")
    assert world.deployment.syncro_access.load(ACCOUNT).token == TOKEN
    world.syncro.add_account("the-new-token-of-ours", "demo")
    saved = console.request("PUT", "/syncro-access", json={"subdomain": "Demo", "token": "the-new-token-of-ours"})
    assert (saved.status_code, saved.json()) == (200, {"subdomain": "demo"})
    assert console.get("/syncro-access") == {"subdomain": "demo"}
    assert console.request("DELETE", "/syncro-access").json() == {"subdomain": None}
    assert console.get("/syncro-access") == {"subdomain": None}


def test_who_saved_and_forgot_the_token_is_in_the_audit_trail(world: PaymentsFromWorld, console: Console) -> None:
    console.request("PUT", "/syncro-access", json={"subdomain": "demo", "token": "not-a-token-of-anybody"})
    assert console.request("PUT", "/syncro-access", json={"subdomain": "demo", "token": TOKEN}).status_code == 200
    world.clock.sleep(1)
    console.request("DELETE", "/syncro-access")
    deeds = [each for each in console.get("/connection/audit")["deeds"] if each["deed"].startswith("syncro_")]
    assert [each["deed"] for each in deeds] == ["syncro_access_forgotten", "syncro_access_saved"]
    assert all(each["user_id"] for each in deeds)


def test_no_token_is_stored_of_an_account_that_leaves(world: PaymentsFromWorld, console: Console) -> None:
    assert console.request("POST", "/offboarding").status_code == 200
    refused = console.request("PUT", "/syncro-access", json={"subdomain": "demo", "token": TOKEN})
    assert (refused.status_code, refused.json()["code"]) == (409, "offboarding")
    assert console.get("/syncro-access") == {"subdomain": None}


@pytest.mark.parametrize(
    "body",
    [
        {"subdomain": "evil.example/", "token": "x" * 20},
        {"subdomain": "demo", "token": "line\nbreak-in-it"},
        {"subdomain": "demo"},
        {"subdomain": "x" * 64, "token": "x" * 20},
    ],
)
def test_an_access_that_cannot_be_is_refused_unasked(
    world: PaymentsFromWorld, console: Console, body: dict[str, str]
) -> None:
    world.syncro.journal.clear()
    answer = console.request("PUT", "/syncro-access", json=body)
    assert answer.status_code == 422
    assert world.syncro.journal == []
    assert body.get("token", "no such token") not in answer.text


def test_every_payment_is_listed_with_its_ids_amount_and_reason(world: PaymentsFromWorld, console: Console) -> None:
    imported, over = world.pay((309, "100.00")), world.pay((309, "50.00"), total="60.00")
    world.poll()
    page = console.get("/payments-from-quickbooks")
    first, second = page["payments"]
    assert {name: first[name] for name in ("id", "state", "amount", "syncro_invoice_id", "syncro_payment_id")} == {
        "id": imported,
        "state": "imported",
        "amount": "100.00",
        "syncro_invoice_id": "309",
        "syncro_payment_id": "1",
    }
    assert (second["id"], second["state"], second["problem"]["code"]) == (over, "skipped", "from_overpayment")
    assert page["after"] is None
    assert page["poll"]["problems"] == []
    skipped = console.get("/payments-from-quickbooks?state=skipped")["payments"]
    assert [each["id"] for each in skipped] == [over]
    assert console.request("GET", "/payments-from-quickbooks?state=odd").status_code == 422


def test_what_is_stuck_is_tried_again_once_somebody_mended_it(world: PaymentsFromWorld, console: Console) -> None:
    world.in_syncro.load("invoices", {"id": 309, "number": "10309", "customer_id": 72, "total": "40.00"})
    paid = world.pay((309, "100.00"))
    world.poll()
    (stuck,) = console.get("/payments-from-quickbooks?state=needs_attention")["payments"]
    assert stuck["problem"]["code"] == "from_too_little_open"
    assert "$40.00" in stuck["problem"]["message"]
    world.in_syncro.load("invoices", {"id": 309, "number": "10309", "customer_id": 72, "total": "216.00"})
    assert console.request("POST", f"/payments-from-quickbooks/{paid}/retry").json()["state"] == "pending"
    world._handle("poll", ACCOUNT)
    assert [reference for reference, _, _ in world.payments_in_syncro()] == [f"QBO-{paid}"]
    again = console.request("POST", f"/payments-from-quickbooks/{paid}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_retry")
    assert console.request("POST", "/payments-from-quickbooks/987/retry").status_code == 404


def test_what_needs_attention_can_be_skipped_until_quickbooks_changes_it(
    world: PaymentsFromWorld, console: Console
) -> None:
    paid = world.pay((309, "100.00"))
    world.poll()
    world.clock.sleep(60)
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 60, "Line": world.lines((309, "60.00"))})
    world.poll()
    (asked,) = console.get("/payments-from-quickbooks?state=needs_attention")["payments"]
    assert [action["name"] for action in asked["problem"]["actions"]] == ["skip"]
    skipped = console.request("POST", f"/payments-from-quickbooks/{paid}/skip").json()
    assert skipped["state"] == "imported"
    assert skipped["problem"]["code"] == "imported_amount_changed"
    assert [action["name"] for action in skipped["problem"]["actions"]] == ["retry"]
    again = console.request("POST", f"/payments-from-quickbooks/{paid}/skip")
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_skip")
    world.clock.sleep(60)
    world.company.edit_by_hand("Payment", paid, {"TotalAmt": 50, "Line": world.lines((309, "50.00"))})
    world.poll()
    (asked,) = console.get("/payments-from-quickbooks?state=needs_attention")["payments"]
    assert "$50.00" in asked["problem"]["message"]
    assert console.request("POST", "/payments-from-quickbooks/987/skip").status_code == 404


def test_what_was_skipped_is_not_entered_unless_it_is_taken_up_again(
    world: PaymentsFromWorld, console: Console
) -> None:
    world.in_syncro.load("invoices", {"id": 309, "number": "10309", "customer_id": 72, "total": "40.00"})
    paid = world.pay((309, "100.00"))
    world.poll()
    assert console.request("POST", f"/payments-from-quickbooks/{paid}/skip").json()["state"] == "skipped"
    world.in_syncro.load("invoices", {"id": 309, "number": "10309", "customer_id": 72, "total": "216.00"})
    world.clock.sleep(600)
    world.poll()
    assert world.payments_in_syncro() == []
    assert console.request("POST", f"/payments-from-quickbooks/{paid}/retry").json()["state"] == "pending"
    world._handle("poll", ACCOUNT)
    assert [reference for reference, _, _ in world.payments_in_syncro()] == [f"QBO-{paid}"]


@pytest.mark.parametrize("what", ["retry", "skip"])
def test_a_decision_in_the_moment_of_a_poll_is_refused_and_changes_nothing(
    world: PaymentsFromWorld, console: Console, what: str
) -> None:
    world.in_syncro.load("invoices", {"id": 309, "number": "10309", "customer_id": 72, "total": "40.00"})
    paid = world.pay((309, "100.00"))
    world.poll()
    imports = world.deployment.payment_imports(ACCOUNT, "9130001")
    calls = Boundaries()
    world.start(calls)
    console.request("POST", f"/payments-from-quickbooks/{paid}/skip")
    imports.retry(paid, world.clock.now())
    world._handle("poll", ACCOUNT)
    writing = calls.calls.index("dynamodb.put_item") if "dynamodb.put_item" in calls.calls else -1
    transacting = next(at for at, call in enumerate(calls.calls) if call == "dynamodb.transact_write_items")

    def other() -> None:
        imports.skip(paid, "somebody", world.clock.now())

    assert writing == -1 or writing > transacting
    world.start(Boundaries(transacting, Mode.MEANWHILE, meanwhile=other))
    answer = console.request("POST", f"/payments-from-quickbooks/{paid}/{what}")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert world.imported(paid).skipped_by == "somebody"


def test_an_account_that_is_leaving_cannot_leave_a_token_behind(world: PaymentsFromWorld, console: Console) -> None:
    assert console.request("POST", "/offboarding").status_code == 200
    assert console.get("/syncro-access") == {"subdomain": None}
    refused = console.request("PUT", "/syncro-access", json={"subdomain": "demo", "token": TOKEN})
    assert (refused.status_code, refused.json()["code"]) == (409, "offboarding")
    assert console.get("/syncro-access") == {"subdomain": None}


def test_a_payment_on_an_invoice_that_is_linked_later_is_imported_once_it_is_saved_again(
    world: PaymentsFromWorld, console: Console
) -> None:
    """As what it was skipped with says."""
    company = world.company
    world.choose(3, sync_payments_to=False, sync_payments_from=True, start_date="2026-11-25")
    (model, *_) = company.entities("Invoice")
    made = company.create_by_hand("Invoice", {name: model[name] for name in ("CustomerRef", "Line", "TxnDate")})
    world.invoice(311)  # from before the start date
    paid = world.pay((made["Id"], "100.00"))
    world.poll()
    world.run()
    skipped = world.imported(paid).problem
    assert skipped is not None
    assert "link it" in skipped.fix
    assert "save this payment once more" in skipped.fix
    assert press(world, console, "invoice", 311, "link", id=made["Id"])["status"] == "synced_with_warning"

    company.edit_by_hand("Payment", paid, {"PaymentRefNum": "seen"})
    world.poll()
    assert world.payments_in_syncro() == [(f"QBO-{paid}", Decimal("100.00"), [311])]
