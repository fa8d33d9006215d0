"""The nightly comparison as deployed: schedule, queue, function, its permissions, and the office's session between."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from local import accounts, deployment, desktop_demo
from local.books import publish, sample, until
from local.desktop import Office
from local.records import Records, has_arrived
from local.stack import Stack

EVENTS = Path(__file__).parents[2] / "events"
ACCOUNTS = {"acme-it": "online", "demo-desktop": "desktop"}


def night_falls(up: Stack, account: str) -> None:
    """The account is due, and the schedule calls."""
    parts = accounts.deployed(up)
    parts.table.write(parts.nights.at_once(account))
    functions = deployment.session().client("lambda", endpoint_url=up.config.aws_url)
    name = deployment.physical_name(up.config, "ReconcileFunction")
    answer = functions.invoke(FunctionName=name, Payload=(EVENTS / "reconcile_schedule.json").read_bytes())
    assert "FunctionError" not in answer, answer["Payload"].read()


def nights(up: Stack, account: str) -> list[dict[str, Any]]:
    """What the API tells of the account's nights, the newest first."""
    described: dict[str, Any] = up.describe()
    (token,) = (each["api_token"] for each in described["accounts"] if each["account_id"] == account)
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{described['api_url']}/reconciliation", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return list(json.loads(answer.text)["nights"])


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_cent_between_both_sides_is_named(up: Stack, account: str) -> None:
    event = desktop_demo.for_account(sample("invoice_created.json"), account)
    office = Office(up.config.qbd_url, account)
    on_desktop = ACCOUNTS[account] == "desktop"
    publish(up, [event])
    records = Records(up, account)
    assert any(has_arrived(records.of("invoice", "9001"), event) for _ in until(60))
    if on_desktop:
        assert office.run()["outcome"] in ("done", "none")  # none: another test has brought it
    before = len(nights(up, account))

    for _ in until(120, every=1):
        night_falls(up, account)
        if on_desktop:  # what the comparison wants to know is asked by the office's next session
            office.run()
        if len(nights(up, account)) > before:
            break
    else:
        raise AssertionError("no night's report came")
    (newest, *_) = nights(up, account)
    assert newest["unexplained"] == 0, json.dumps(newest, indent=1)
    invoices = newest["kinds"]["invoice"]
    assert invoices["quickbooks"]["count"] >= 1
    for figure in ("count", "total", "open"):  # what other tests left is named, too
        named = sum((Decimal(str(line[figure])) for line in invoices["lines"].values()), Decimal(0))
        ours, theirs = (Decimal(str(invoices[side][figure])) for side in ("syncro", "quickbooks"))
        assert ours - named == theirs, json.dumps(newest, indent=1)
