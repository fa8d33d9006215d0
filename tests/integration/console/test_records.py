"""Records, one record, and the history of all: what was synced, what was not, and why."""

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from tests.support.console import Console
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.world import World


@pytest.fixture
def company(world: World) -> Any:
    return world.connect()


def publish(world: World, number: int, **fields: Any) -> None:
    world.publish("invoice.created", invoice_detail(number, **fields))


def ids(page: Any) -> list[tuple[str, str]]:
    return [(record["kind"], record["id"]) for record in page["records"]]


def all_pages(console: Console, path: str, rows: str, **options: Any) -> list[Any]:
    """The rows of every page; each page is followed by the one its cursor names."""
    found, cursor, joint = [], "", "&" if "?" in path else "?"
    for _ in range(50):
        page = console.get(path + (f"{joint}cursor={cursor}" if cursor else ""), **options)
        found += page[rows]
        if page["next"] is None:
            return found
        cursor = page["next"]
    raise AssertionError("the pages do not end")


def test_a_synced_invoice_with_its_customer_and_items(world: World, company: Any, console: Console) -> None:
    publish(world, 309)
    world.run()
    record = console.get("/records/invoice/309")
    assert (record["status"], record["label"], record["problems"]) == ("synced", "10309", [])
    (booked,) = company.entities("Invoice")
    assert record["quickbooks"] == {
        "entity": "Invoice",
        "id": booked["Id"],
        "operation": None,
        "removed": False,
        "doubt": "",
    }
    assert [entry["status"] for entry in record["history"]] == ["synced"]
    assert record["due"] is None
    assert set(ids(console.get("/records"))) == {
        ("invoice", "309"),
        ("customer", "72"),
        ("product", "3"),
        ("product", "4"),
    }
    assert ids(console.get("/records?kind=customer")) == [("customer", "72")]
    assert console.get("/records/customer/72")["label"] == "Returns R Us"


def test_a_record_that_needs_somebody_says_what_and_offers_the_way_out(
    world: World, company: Any, console: Console
) -> None:
    company.create_by_hand("Vendor", {"DisplayName": "Returns R Us"})
    publish(world, 309)
    world.run()
    page = console.get("/records?status=needs_attention")
    assert ids(page) == [("customer", "72")]
    (problem,) = page["records"][0]["problems"]
    assert "Returns R Us" in problem["message"]
    assert problem["fix"]
    assert problem["actions"]
    assert ids(console.get("/records?status=waiting")) == [("invoice", "309")]
    assert [entry["status"] for entry in console.get("/records/customer/72")["history"]] == ["needs_attention"]
    assert [record["status"] for record in console.get("/records")["records"]][:2] == ["needs_attention", "waiting"]
    standing = {each["status"]: each for each in console.get("/connection/health")["records"]}
    assert (standing["needs_attention"]["count"], standing["needs_attention"]["oldest_id"]) == (1, "72")
    assert (standing["waiting"]["count"], standing["pending"]["count"]) == (1, 0)


def test_a_record_is_listed_under_the_status_it_has_now_wherever_it_changes(
    world: World, company: Any, console: Console
) -> None:
    """Quiet time, an outage, sending, a Force Update, and the settings that set what was parked free again."""
    publish(world, 309)
    assert ids(console.get("/records?status=pending&kind=invoice")) == [("invoice", "309")]
    world.emulator.faults.add(Fault(kind="status", status=503, times=3))
    world.run_for(timedelta(seconds=40))
    agree(world)
    world.run()
    agree(world)
    assert ids(console.get("/records?status=synced&kind=invoice")) == [("invoice", "309")]
    publish(world, 310, tax_rate_id=99)
    world.run()
    agree(world)
    forced = {"event_id": "f1", "account_id": ACCOUNT, "occurred_at": "2026-11-23T09:00:00.000Z"}
    world.publish("force_update.requested", {**forced, "request_id": "f1", "kind": "invoice", "id": 309})
    agree(world)
    world.run()
    agree(world)
    assert console.get("/records?status=pending")["records"] == []


def agree(world: World) -> None:
    """Every record that was ever desired stands in the index under its status."""
    records = [item for item in world.items(f"acct#{ACCOUNT}#") if item["sk"]["S"] == "record"]
    known = [item for item in records if item["version"]["N"] != "0"]
    assert known
    for item in known:
        assert item["listed_in"]["S"] == f"acct#{ACCOUNT}#status#{item['status']['S']}", item["pk"]


def test_the_log_has_everything_once_the_last_first(world: World, company: Any, console: Console) -> None:
    for number in (1, 2, 3):
        publish(world, number)
        world.run()
    entries = console.get("/sync-log")["entries"]
    assert [entry["id"] for entry in entries if entry["kind"] == "invoice"] == ["3", "2", "1"]
    times = [datetime.fromisoformat(entry["at"]) for entry in entries]
    assert times == sorted(times, reverse=True)
    assert all_pages(console, "/sync-log?limit=2", "entries") == entries


def test_pages_show_every_record_once(world: World, company: Any, console: Console) -> None:
    for number in range(1, 8):
        publish(world, number, lines=[line(1, 3), line(2, 4)])
    publish(world, 8, owner=customer(73, name="Another"))
    world.run()
    whole = ids(console.get("/records"))
    assert len(whole) == 8 + 2 + 2
    for path in ("/records?limit=1", "/records?limit=5"):
        assert ids({"records": all_pages(console, path, "records")}) == whole
    of_a_kind = all_pages(console, "/records?kind=product&limit=1", "records")
    assert sorted(ids({"records": of_a_kind})) == [("product", "3"), ("product", "4")]


def test_another_accounts_records_are_not_there(world: World, company: Any, console: Console) -> None:
    world.connect("neighbour", "9130002")
    world.publish("invoice.created", invoice_detail(500, account="neighbour", number="SECRET-1"))
    world.run()
    assert console.get("/records/invoice/500", account="neighbour")["label"] == "SECRET-1"
    before = world.items("")
    answers = [
        console.request("GET", path)
        for path in (
            "/records/invoice/500",
            "/records/invoice/500%23record",
            "/records/invoice/..%2F..%2Fneighbour%23invoice%23500",
            "/records?account_id=neighbour",
            "/records?status=synced",
            "/sync-log",
        )
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 200, 200, 200]
    assert not [answer for answer in answers if "SECRET" in answer.text]
    assert all(answer.json().get("records", answer.json().get("entries", [])) == [] for answer in answers[3:])
    problem = answers[0].json()
    assert problem["detail"] == console.request("GET", "/records/invoice/501").json()["detail"].replace("501", "500")
    assert world.items("") == before


def test_a_cursor_of_another_account_leads_nowhere_new(world: World, company: Any, console: Console) -> None:
    world.connect("neighbour", "9130002")
    for number in (1, 2, 3):
        world.publish("invoice.created", invoice_detail(number, account="neighbour", number=f"SECRET-{number}"))
    world.run()
    theirs = console.get("/records?limit=1", account="neighbour")["next"]
    logged = console.get("/sync-log?limit=1", account="neighbour")["next"]
    assert console.get(f"/records?cursor={theirs}")["records"] == []
    assert console.get(f"/sync-log?cursor={logged}")["entries"] == []


def made_up(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "cursor"),
    [
        ("/records", "x"),
        ("/records", "%FF%FE"),
        ("/records", made_up()),
        ("/records", made_up("invoice#1", 5, "synced", "", "more")),
        ("/records", made_up("invoice#1", 5, "", "")),
        ("/records", made_up("invoice#1", "5", "synced", "")),
        ("/records", made_up("invoice#1", -1, "synced", "")),
        ("/records", made_up("invoice#1#record", 5, "synced", "")),
        ("/records", made_up("nothing#1", 5, "synced", "")),
        ("/records?status=waiting", made_up("invoice#1", 5, "synced", "")),
        ("/sync-log", made_up("invoice#1", 5, "", "")),
        ("/sync-log", made_up("invoice#1", 5, "", "\ud800")),
        ("/sync-log", base64.urlsafe_b64encode(b"[" * 300).decode()),
    ],
)
def test_a_cursor_that_was_made_up(console: Console, path: str, cursor: str) -> None:
    answer = console.request("GET", f"{path}{'&' if '?' in path else '?'}cursor={cursor}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), answer.text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/records?status=broken", "query.status"),
        ("/records?kind=cat", "query.kind"),
        ("/records?limit=0", "query.limit"),
        ("/records?limit=51", "query.limit"),
        ("/records?limit=ten", "query.limit"),
        ("/records?cursor=" + "x" * 501, "query.cursor"),
        ("/records/cat/1", "path.kind"),
        ("/records/invoice/1.1", "path.id"),
        ("/records/invoice/" + "1" * 65, "path.id"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(console: Console, path: str, field: str) -> None:
    answer = console.request("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert [each["field"] for each in answer.json()["fields"]] == [field]
