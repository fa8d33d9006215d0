"""The emulator as a real HTTP server, its admin endpoints, and the company files it starts with."""

import gzip
import json
import time as real_time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from emulators.quickbooks_online import Emulator, Fault, serve
from emulators.quickbooks_online.entities import ENTITIES


@pytest.fixture
def live() -> Iterator[tuple[Emulator, str]]:
    emu = Emulator()
    emu.add_company("1001")
    with serve(emu) as url:
        yield emu, url


def http(url: str, body: Any = None, method: str | None = None, **headers: str) -> tuple[int, Any, Any]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=data, headers=headers, method=method)  # noqa: S310  # a local server
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  # as above
            content = answer.read()
            if answer.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            return answer.status, json.loads(content), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def bearer(emu: Emulator) -> dict[str, str]:
    return {"Authorization": f"Bearer {emu.issue_tokens('1001').access_token}"}


def test_answers_come_compressed_if_asked(live: Any) -> None:
    emu, url = live
    status, body, headers = http(f"{url}/v3/company/1001/preferences", **bearer(emu), **{"Accept-Encoding": "gzip"})
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert body["Preferences"]["Id"] == "1"


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_dropped_connection_closes_the_socket_without_an_answer(live: Any, kind: Any) -> None:
    emu, url = live
    emu.faults.add(Fault(kind=kind))
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        http(f"{url}/v3/company/1001/customer", {"DisplayName": "A"}, **bearer(emu))
    assert len(emu.companies["1001"].entities("Customer")) == (kind == "after")


def test_a_late_write_is_done_by_a_timer(live: Any) -> None:
    emu, url = live
    emu.faults.add(Fault(kind="late", delay=0.05))
    with pytest.raises((ConnectionError, urllib.error.URLError)):
        http(f"{url}/v3/company/1001/customer", {"DisplayName": "A"}, **bearer(emu))
    store = emu.companies["1001"].store  # looked at directly: `entities` would carry it out itself
    assert list(store.all("Customer")) == []
    deadline = real_time.monotonic() + 3
    while not list(store.all("Customer")) and real_time.monotonic() < deadline:
        real_time.sleep(0.01)
    assert len(list(store.all("Customer"))) == 1


def test_admin_arms_faults_shows_the_journal_and_resets(live: Any) -> None:
    emu, url = live
    assert http(f"{url}/_emulator/health")[1]["status"] == "ok"
    assert http(f"{url}/_emulator/faults", {"kind": "status", "status": 503})[1] == {"armed": 1}
    assert http(f"{url}/v3/company/1001/preferences", **bearer(emu))[0] == 503
    [entry] = http(f"{url}/_emulator/journal")[1]["journal"]
    assert (entry["operation"], entry["status"], entry["realm"]) == ("read Preferences", 503, "1001")
    http(f"{url}/v3/company/1001/customer", {"DisplayName": "A"}, **bearer(emu))
    assert http(f"{url}/_emulator/reset", {}, method="POST")[0] == 200
    assert http(f"{url}/_emulator/journal")[1] == {"journal": []}
    assert http(f"{url}/_emulator/companies/1001/Customer")[1] == {"Customer": []}


def test_admin_arms_a_code_for_an_operation_and_for_a_member_of_a_batch(live: Any) -> None:
    emu, url = live
    company = f"{url}/v3/company/1001"
    http(f"{url}/_emulator/faults", {"kind": "error", "operation": "create", "entity": "Payment", "code": "6540"})
    body = {"CustomerRef": {"value": "1"}, "TotalAmt": 1}
    assert http(f"{company}/payment", body, **bearer(emu))[1]["Fault"]["Error"][0]["code"] == "6540"
    http(f"{url}/_emulator/faults", {"kind": "error", "member": 2, "code": "2500"})
    members = [{"bId": name, "operation": "create", "Customer": {"DisplayName": name}} for name in "AB"]
    first, second = http(f"{company}/batch", {"BatchItemRequest": members}, **bearer(emu))[1]["BatchItemResponse"]
    assert (first["Customer"]["DisplayName"], second["Fault"]["Error"][0]["code"]) == ("A", "2500")


@pytest.mark.parametrize("entity", sorted(ENTITIES))
def test_admin_shows_every_entity(live: Any, entity: str) -> None:
    emu, url = live
    status, body, _ = http(f"{url}/_emulator/companies/1001/{entity}")
    assert (status, list(body)) == (200, [entity])
    assert len(body[entity]) == len(emu.companies["1001"].entities(entity))


def test_admin_works_by_hand_and_changes_settings(live: Any) -> None:
    emu, url = live
    company = f"{url}/_emulator/companies/1001"
    made = http(f"{company}/by-hand", {"action": "create", "entity": "Customer", "fields": {"DisplayName": "A"}})[1]
    edit = {"action": "edit", "entity": "Customer", "id": made["result"]["Id"], "fields": {"Notes": "x"}}
    assert http(f"{company}/by-hand", edit)[1]["result"]["SyncToken"] == "1"
    gone = {"action": "deactivate", "entity": "Customer", "id": "1"}
    assert http(f"{company}/by-hand", gone)[1]["result"]["DisplayName"] == "A (deleted)"
    http(f"{company}/settings", {"auto_apply_credit": True, "book_close_date": "2026-01-31"})
    assert emu.companies["1001"].auto_apply_credit is True
    assert http(f"{company}/by-hand", {**edit, "fields": {"Bad": 1}})[1]["Fault"]["Error"][0]["code"] == "2010"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("faults", {"kind": "earthquake"}, 400),
        ("faults", {"colour": "red"}, 400),
        ("companies/1001/settings", {"store": {}}, 400),
        ("companies/1001/by-hand", {"action": "burn"}, 400),
        ("companies/7/Customer", None, 404),
        ("nothing", None, 404),
    ],
)
def test_admin_says_what_it_cannot_do(live: Any, path: str, body: Any, status: int) -> None:
    answer = http(f"{live[1]}/_emulator/{path}", body)
    assert answer[0] == status
    assert answer[1]["error"]


def test_admin_adds_a_company_with_tokens(live: Any) -> None:
    _, url = live
    added = http(f"{url}/_emulator/companies", {"realm": "7", "country": "CA", "custom_txn_numbers": False})[1]
    answer = http(f"{url}/v3/company/7/companyinfo/7", Authorization=f"Bearer {added['access_token']}")
    assert answer[1]["CompanyInfo"]["Country"] == "CA"
