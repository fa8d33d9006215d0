"""The Syncro API emulator."""

from typing import Any

import pytest
import requests

from emulators.syncro_api import SyncroEmulator, serve
from emulators.wsgi_adapter import WSGIAdapter

URL = "http://syncro.test/api/v1"


@pytest.fixture
def syncro() -> SyncroEmulator:
    emulator = SyncroEmulator(token="t")
    emulator.load("customers", {"id": 72, "business_name": "Returns R Us"})
    emulator.load("invoices", *({"id": number, "number": str(number)} for number in range(1, 31)))
    return emulator


@pytest.fixture
def session(syncro: SyncroEmulator) -> requests.Session:
    session = requests.Session()
    session.mount("http://syncro.test", WSGIAdapter(syncro))
    session.headers["Authorization"] = "Bearer t"
    return session


def test_one_thing_by_its_id(session: requests.Session) -> None:
    assert session.get(f"{URL}/customers/72").json() == {"customer": {"id": 72, "business_name": "Returns R Us"}}
    assert session.get(f"{URL}/customers/73").status_code == 404
    assert session.get(f"{URL}/robots/1").status_code == 404


def test_a_list_comes_in_pages_of_25(session: requests.Session) -> None:
    first, second = (session.get(f"{URL}/invoices", params={"page": page}).json() for page in (1, 2))
    assert (len(first["invoices"]), len(second["invoices"])) == (25, 5)
    assert first["meta"] == {"total_pages": 2, "page": 1, "per_page": 25, "total_entries": 30}


def test_another_token_is_not_authorized(session: requests.Session) -> None:
    session.headers["Authorization"] = "Bearer x"
    assert session.get(f"{URL}/customers/72").status_code == 401


def post_payment(session: requests.Session, **change: Any) -> requests.Response:
    body = {"customer_id": 72, "invoice_id": 3, "amount_cents": 1050, "ref_num": "QBO-1", **change}
    return session.post(f"{URL}/payments", json=body)


def test_a_payment_is_made_and_found_by_its_reference(session: requests.Session) -> None:
    made = post_payment(session).json()["payment"]
    assert (made["payment_amount"], made["invoice_ids"], made["ref_num"]) == (10.5, [3], "QBO-1")
    found = session.get(f"{URL}/payments", params={"query": "QBO-1"}).json()["payments"]
    assert [one["id"] for one in found] == [made["id"]]
    assert post_payment(session, customer_id=1).status_code == 422


def test_a_lost_answer_leaves_a_payment_and_a_repeat_makes_two(
    syncro: SyncroEmulator, session: requests.Session
) -> None:
    syncro.drop_next_answer = True
    with pytest.raises(requests.exceptions.ConnectionError):
        post_payment(session)
    post_payment(session)
    assert len(syncro.all("payments")) == 2
    assert [entry.status for entry in syncro.journal] == [None, 200]


def test_it_serves_real_http(syncro: SyncroEmulator) -> None:
    with serve(syncro) as url:
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"{url}/api/v1/customers/72", headers={"Authorization": "Bearer t"}, timeout=5)
    assert answer.json()["customer"]["id"] == 72
