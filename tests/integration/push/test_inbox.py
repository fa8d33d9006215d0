"""Events too large for the bus: `snapshot_ref` names an object of the inbox bucket that holds the whole detail."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from syncro_quickbooks.sync.intake import Rejected
from tests.integration.push.untouched import nothing_changes
from tests.support.books import standing
from tests.support.events import invoice_detail, line
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")


@pytest.fixture
def world() -> World:
    made = World()
    made.connect()
    return made


def put(world: World, key: str, body: bytes | dict[str, Any]) -> None:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    world.s3.put_object(Bucket="inbox", Key=key, Body=text)


def reference(key: str, *, version: int = 1, account: str = "acme") -> dict[str, Any]:
    return {
        "event_id": "event-ref",
        "account_id": account,
        "occurred_at": "2026-11-23T09:00:00.000Z",
        "version": version,
        "snapshot_ref": key,
    }


def test_a_large_invoice_in_the_inbox_is_booked_like_any_other(world: World) -> None:
    lines = [{**line(number, None), "name": f"Line {number}: " + "at length. " * 600} for number in range(1, 51)]
    detail = invoice_detail(lines=lines, totals=("5000.00", "400.00", "5400.00"))
    assert len(json.dumps(detail)) > 300_000
    put(world, "acme/invoice-309-1.json", detail)
    world.publish("invoice.created", reference("acme/invoice-309-1.json"))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
    assert [str(invoice["TotalAmt"]) for invoice in standing(world.companies["acme"])] == ["5400.00"]

    # The same reference again is the same version again.
    before = len(world.emulator.journal)
    world.publish("invoice.created", reference("acme/invoice-309-1.json"))
    world.run()
    assert len(world.emulator.journal) == before


REFUSED: dict[str, tuple[str, bytes | dict[str, Any], str]] = {
    "another account's prefix": (
        "evil/invoice.json",
        invoice_detail(),
        "must start with the account's own prefix acme/",
    ),
    "a prefix that only begins alike": ("acme2/invoice.json", invoice_detail(), "must start with"),
    "another account inside": ("acme/other.json", invoice_detail(account="other"), "of another account or version"),
    "another version": ("acme/v2.json", invoice_detail(version=2), "of another account or version"),
    "garbage": ("acme/garbage.json", b"\x00\xff\xfe not json", "snapshot_ref: "),
    "cut off": ("acme/cut.json", json.dumps(invoice_detail()).encode()[:-20], "snapshot_ref: "),
    "empty": ("acme/empty.json", b"", "snapshot_ref: "),
    "a list": ("acme/list.json", b"[1, 2]", "is no JSON object"),
    "NaN inside": ("acme/nan.json", b'{"version": NaN}', "NaN"),
    "outside the contract": ("acme/broken.json", {**invoice_detail(), "customer": None}, "customer: "),
    "itself a reference": ("acme/loop.json", reference("acme/loop.json"), "is itself a reference"),
}


@pytest.mark.parametrize(("key", "body", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_the_events_own_detail_is_refused_with_the_reason(
    world: World, key: str, body: bytes | dict[str, Any], reason: str
) -> None:
    put(world, key, body)
    with nothing_changes(world), pytest.raises(Rejected) as refused:
        world.deployment.intake.accept("invoice.created", reference(key))
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    "key", ["acme/../evil/invoice.json", "/acme/invoice.json", "acme/a b.json", "acme/", "a" * 600]
)
def test_a_key_that_is_none_is_refused(world: World, key: str) -> None:
    with nothing_changes(world), pytest.raises(Rejected, match="snapshot_ref"):
        world.deployment.intake.accept("invoice.created", reference(key))


def test_an_object_that_is_not_there_yet_is_worth_another_try(world: World) -> None:
    key = "acme/invoice-309-late.json"
    with nothing_changes(world), pytest.raises(ClientError, match="NoSuchKey"):
        world.deployment.intake.accept("invoice.created", reference(key))
    put(world, key, invoice_detail())
    world.publish("invoice.created", reference(key))
    world.run()
    assert world.record("invoice", 309)["status"] == "synced"
