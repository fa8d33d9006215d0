"""The Syncro API emulator."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from emulators.quickbooks_online import Fault
from emulators.syncro_api import SyncroAccount, SyncroEmulator, serve
from emulators.wsgi_adapter import WSGIAdapter
from tests.support.clock import ManualClock

URL = "http://syncro.test/api/v1"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def syncro(clock: ManualClock) -> SyncroEmulator:
    return SyncroEmulator(token="t", clock=clock.now)


@pytest.fixture
def account(syncro: SyncroEmulator) -> SyncroAccount:
    account = syncro.accounts["t"]
    account.load("customers", {"id": 72, "business_name": "Returns R Us", "email": "billing@returns.example"})
    account.load("invoices", *({"id": n, "number": str(n), "customer_id": 72, "total": "100.0"} for n in range(1, 31)))
    return account


@pytest.fixture
def session(syncro: SyncroEmulator, account: SyncroAccount) -> requests.Session:
    session = requests.Session()
    session.mount("http://syncro.test", WSGIAdapter(syncro))
    session.headers["Authorization"] = "Bearer t"
    return session


def test_one_thing_by_its_id(session: requests.Session) -> None:
    assert session.get(f"{URL}/customers/72").json()["customer"]["business_name"] == "Returns R Us"
    assert session.get(f"{URL}/customers/73").status_code == 404
    assert session.get(f"{URL}/robots/1").status_code == 404


def test_a_list_comes_in_pages_of_25(session: requests.Session) -> None:
    first, second = (session.get(f"{URL}/invoices", params={"page": page}).json() for page in (1, 2))
    assert (len(first["invoices"]), len(second["invoices"])) == (25, 5)
    assert first["meta"] == {"total_pages": 2, "page": 1, "per_page": 25, "total_entries": 30}


def test_a_token_opens_its_own_account_only(syncro: SyncroEmulator, session: requests.Session) -> None:
    syncro.add_account("u", "other").load("customers", {"id": 1, "business_name": "Theirs"})
    assert session.get(f"{URL}/me").json()["subdomain"] == "demo"
    session.headers["Authorization"] = "Bearer u"
    assert session.get(f"{URL}/customers/72").status_code == 404
    assert session.get(f"{URL}/customers/1").status_code == 200
    session.headers["Authorization"] = "Bearer x"
    assert session.get(f"{URL}/customers/72").status_code == 401


def test_an_address_may_make_180_requests_a_minute(session: requests.Session, clock: ManualClock) -> None:
    statuses = [session.get(f"{URL}/customers/72").status_code for _ in range(181)]
    assert statuses == [200] * 180 + [429]
    clock.sleep(59)
    assert "high number of requests" in session.get(f"{URL}/customers/72").json()["error"]
    clock.sleep(61)
    assert session.get(f"{URL}/customers/72").status_code == 200


def post_payment(session: requests.Session, **change: Any) -> requests.Response:
    body = {"customer_id": 72, "invoice_id": 3, "amount_cents": 1050, "ref_num": "QBO-1", **change}
    return session.post(f"{URL}/payments", json=body)


def test_a_payment_is_on_its_invoice_and_found_by_its_reference(session: requests.Session) -> None:
    made = post_payment(session).json()["payment"]
    assert (made["payment_amount"], made["invoice_ids"], made["ref_num"]) == (10.5, [3], "QBO-1")
    invoice = session.get(f"{URL}/invoices/3").json()["invoice"]
    assert (invoice["balance_due"], invoice["is_paid"]) == ("89.5", False)
    assert [paid["ref_num"] for paid in invoice["payments"]] == ["QBO-1"]
    found = session.get(f"{URL}/payments", params={"query": "QBO-1"}).json()["payments"]
    assert [one["id"] for one in found] == [made["id"]]


def test_the_list_of_open_invoices_says_less_than_an_invoice_itself(session: requests.Session) -> None:
    post_payment(session, amount_cents=10000)
    post_payment(session, invoice_id=4)
    pages = [session.get(f"{URL}/invoices", params={"unpaid": "true", "page": page}).json() for page in (1, 2)]
    shown = [row for page in pages for row in page["invoices"]]
    assert [row["id"] for row in shown] == [1, 2, *range(4, 31)]
    assert (pages[0]["meta"]["total_entries"], {row["is_paid"] for row in shown}) == (29, {False})
    assert not {"balance_due", "line_items", "payments", "customer"} & {name for row in shown for name in row}
    paid = session.get(f"{URL}/invoices", params={"paid": "true"}).json()["invoices"]
    assert [(row["id"], row["is_paid"]) for row in paid] == [(3, True)]


def test_what_a_payment_has_too_much_does_not_make_its_invoice_negative(session: requests.Session) -> None:
    post_payment(session, amount_cents=15000)
    invoice = session.get(f"{URL}/invoices/3").json()["invoice"]
    assert (invoice["balance_due"], invoice["is_paid"]) == ("0.0", True)


@pytest.mark.parametrize("change", [{"invoice_id": 99}, {"customer_id": 1}, {"amount_cents": 0}, {"amount_cents": "9"}])
def test_a_payment_without_invoice_customer_or_amount_is_refused(session: requests.Session, change: Any) -> None:
    answer = post_payment(session, **change)
    assert answer.status_code == 422
    assert set(answer.json()) == {"errors"}


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("customers", {"business_name": "Two", "email": "Billing@Returns.example"}, "Email has already been taken"),
        ("customers", {"business_name": "Two", "email": "no email"}, "Email is not an email"),
        ("customers", {"email": "new@returns.example"}, "Business name can't be blank"),
        ("products", {"name": "Toner"}, "Description can't be blank"),
        ("products", {"description": "Black"}, "Name can't be blank"),
        ("vendors", {"name": "Lone Star", "email": "broken"}, "Email is not an email"),
    ],
)
def test_what_syncro_does_not_accept_is_told_in_its_words(
    session: requests.Session, kind: str, body: dict[str, str], said: str
) -> None:
    answer = session.post(f"{URL}/{kind}", json=body)
    assert (answer.status_code, answer.json()["message"], answer.json()["params"]) == (422, [said], body)


def test_customers_products_and_vendors_are_made(session: requests.Session, account: SyncroAccount) -> None:
    customer = session.post(f"{URL}/customers", json={"firstname": "Ann", "lastname": "Lee"}).json()["customer"]
    assert (customer["id"], customer["business_then_name"], customer["email"]) == (73, "Ann Lee", None)
    session.post(f"{URL}/products", json={"name": "Toner", "description": "Black", "price_retail": 64.99})
    session.post(f"{URL}/vendors", json={"name": "Lone Star"})
    assert str(account.all("products")[0]["price_retail"]) == "64.99"
    assert set(session.get(f"{URL}/vendors").json()) == {"vendors"}  # without meta


@pytest.mark.parametrize(("kind", "made"), [("before", 0), ("after", 1), ("late", 0)])
def test_a_call_fails_before_it_is_done_after_it_or_is_done_later(
    syncro: SyncroEmulator, session: requests.Session, clock: ManualClock, kind: Any, made: int
) -> None:
    account = syncro.accounts["t"]
    syncro.faults.add(Fault(kind=kind, method="POST", path="/payments", delay=90))
    with pytest.raises(requests.exceptions.ConnectionError):
        post_payment(session)
    assert len(account.all("payments")) == made
    clock.sleep(timedelta(minutes=2).total_seconds())
    syncro.settle()
    assert len(account.all("payments")) == (0 if kind == "before" else 1)
    post_payment(session)
    assert len(account.all("payments")) == (1 if kind == "before" else 2)  # a repeat makes a second payment
    assert [entry.status for entry in syncro.journal] == [None, 200]


def test_it_serves_real_http(syncro: SyncroEmulator, account: SyncroAccount) -> None:
    with serve(syncro) as url:
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"{url}/api/v1/customers/72", headers={"Authorization": "Bearer t"}, timeout=5)
    assert answer.json()["customer"]["id"] == 72
