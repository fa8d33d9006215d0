"""From a problem that offers an action to the mended books, each pressed twice."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from tests.integration.console.acting import change, edited, held, posted, total
from tests.support.books import assert_each_once, is_void, standing
from tests.support.console import Console
from tests.support.deciding import actions, answer, codes, press, shown
from tests.support.events import customer, invoice_detail
from tests.support.payment_events import payment_detail
from tests.support.world import World, ready_settings

# -- skip, stop, resume ------------------------------------------------------------------------------------------------


def test_what_is_skipped_for_good_stays_so_until_it_is_taken_back(world: World, console: Console) -> None:
    company = world.connect()
    world.publish("invoice.created", invoice_detail(number="7" * 22))
    world.run()
    after = press(world, console, "invoice", 309, "skip")
    assert (after["status"], codes(after), actions(after)) == ("skipped", ["skipped_by_choice"], ["resume"])
    assert [each["action"] for each in after["choices"]] == ["skip"]

    world.publish("invoice.updated", invoice_detail(version=2))  # with a number that fits
    world.run()
    assert (shown(console, "invoice", 309)["status"], standing(company)) == ("skipped", [])

    assert press(world, console, "invoice", 309, "resume")["status"] == "synced"
    assert len(standing(company)) == 1


def test_a_choice_can_be_deleted(world: World, console: Console) -> None:
    company = world.connect()
    world.publish("invoice.created", invoice_detail(number="7" * 22))
    world.run()
    press(world, console, "invoice", 309, "skip")
    world.publish("invoice.updated", invoice_detail(version=2))
    world.run()
    path = "/records/invoice/309/choice"
    assert [console.request("DELETE", path).status_code for _ in range(2)] == [200, 409]
    world.run()
    assert (shown(console, "invoice", 309)["status"], len(standing(company))) == ("synced", 1)


@pytest.mark.parametrize("kind", ["stop", "unlink"])
def test_syncing_stops_and_the_document_stays(kind: str, world: World, console: Console) -> None:
    company, invoice = posted(world)
    if kind == "stop":
        company.void_by_hand("Invoice", invoice["Id"])
        change(world)
    else:
        edited(world, company, invoice)
    before = company.get("Invoice", invoice["Id"])
    after = press(world, console, "invoice", 309, kind)
    assert after["status"] == "skipped"
    change(world, version=3)
    assert company.get("Invoice", invoice["Id"]) == before
    assert len(company.entities("Invoice")) == 1


# -- the bookkeeper's hand ---------------------------------------------------------------------------------------------


def test_an_edit_is_overwritten(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    after = press(world, console, "invoice", 309, "overwrite")
    (now,) = standing(company)
    assert (after["status"], now["DocNumber"], now["Id"]) == ("synced", "10309", invoice["Id"])
    assert total(now) == 432
    assert int(now["SyncToken"]) == 2, "once by hand, once by us"


def test_what_was_edited_again_since_is_asked_about_again(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    before = shown(console, "invoice", 309)
    again = company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "A-78"})
    assert answer(console, "invoice", 309, "overwrite", decision=before["decision"]).status_code == 200
    world.run()
    after = shown(console, "invoice", 309)
    assert codes(after) == ["edited_in_quickbooks"]
    assert "A-78" in after["problems"][0]["message"]
    assert company.get("Invoice", invoice["Id"]) == again
    assert press(world, console, "invoice", 309, "overwrite")["status"] == "synced"


def test_a_newer_version_does_not_inherit_the_decision(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    before = shown(console, "invoice", 309)
    assert answer(console, "invoice", 309, "overwrite", decision=before["decision"]).status_code == 200
    change(world, version=3)
    assert codes(shown(console, "invoice", 309)) == ["edited_in_quickbooks"]
    assert held(company, "Invoice", invoice["Id"])["DocNumber"] == "A-77"


def test_an_edit_is_kept_until_syncro_changes_again(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    kept = company.get("Invoice", invoice["Id"])
    after = press(world, console, "invoice", 309, "keep")
    assert (after["status"], codes(after)) == ("synced_with_warning", ["kept_as_in_quickbooks"])
    console.request("POST", "/records/invoice/309/retry")
    world.run()
    assert company.get("Invoice", invoice["Id"]) == kept

    world.publish("invoice.updated", invoice_detail(version=3))
    world.run()
    (now,) = standing(company)
    assert (now["DocNumber"], total(now)) == ("10309", Decimal(216))


def test_what_was_kept_is_sent_by_force_update(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    press(world, console, "invoice", 309, "keep")
    assert press(world, console, "invoice", 309, "force_update")["status"] == "synced"
    (now,) = standing(company)
    assert (now["DocNumber"], total(now), int(now["SyncToken"])) == ("10309", Decimal(432), 2)


@pytest.mark.parametrize("how", ["void", "delete"])
def test_what_is_gone_is_posted_again_and_paid_by_what_paid_it(how: str, world: World, console: Console) -> None:
    company, invoice = posted(world)
    world.publish("payment.created", payment_detail())
    world.run()
    (payment,) = company.entities("Payment")
    company.edit_by_hand("Payment", payment["Id"], {"Line": []})
    if how == "void":
        company.void_by_hand("Invoice", invoice["Id"])
        company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "10309-V"})
    else:
        company.delete_by_hand("Invoice", invoice["Id"])
    change(world)
    assert press(world, console, "invoice", 309, "recreate")["status"] == "synced"
    # That somebody took the payment off the old one is asked about, too.
    assert press(world, console, "payment", 344, "overwrite")["status"] == "synced"
    (now,) = standing(company)
    assert (now["Id"] != invoice["Id"], total(now), now["Balance"]) == (True, Decimal(432), 216)
    assert "syncro:invoice:309:2" in now["PrivateNote"]
    assert_each_once(company)


def test_nothing_is_posted_again_while_the_first_is_there(world: World, console: Console) -> None:
    """QuickBooks says that something is gone, and it is not the invoice: asked for again, it would be booked twice."""
    company, invoice = posted(world)
    world.emulator.faults.add(Fault(kind="error", operation="update", entity="Invoice", code="610"))
    change(world)
    after = press(world, console, "invoice", 309, "recreate")
    assert codes(after) == ["not_gone"]
    assert [each["Id"] for each in company.entities("Invoice")] == [invoice["Id"]]


# -- deleted in Syncro -------------------------------------------------------------------------------------------------


def test_a_deleted_invoice_is_voided_on_request(world: World, console: Console) -> None:
    company, invoice = posted(world, invoice_deletion="ask")
    world.publish("invoice.deleted", invoice_detail(version=2))
    world.run()
    assert codes(shown(console, "invoice", 309)) == ["deleted_in_syncro"]
    assert press(world, console, "invoice", 309, "void")["status"] == "synced"
    assert is_void(held(company, "Invoice", invoice["Id"]))
    world.publish("invoice.updated", invoice_detail(version=3))
    world.run()
    after = press(world, console, "invoice", 309, "recreate")
    assert (codes(after), actions(after)) == (["qbo_6140"], ["retry", "skip"]), "the void one keeps its number"
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "10309-V"})
    assert press(world, console, "invoice", 309, "retry")["status"] == "synced"
    assert len(standing(company)) == 1


def test_a_paid_invoice_is_not_voided(world: World, console: Console) -> None:
    company, invoice = posted(world, invoice_deletion="ask")
    world.publish("invoice.deleted", invoice_detail(version=2))
    world.run()
    line_ = {"Amount": Decimal(16), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": Decimal(16), "Line": [line_]}
    company.create_by_hand("Payment", body)
    after = press(world, console, "invoice", 309, "void")
    assert codes(after) == ["deleted_but_in_use"]
    assert not is_void(held(company, "Invoice", invoice["Id"]))


def test_a_draft_that_was_posted_is_voided(world: World, console: Console) -> None:
    company, invoice = posted(world)
    world.publish("invoice.updated", invoice_detail(version=2, is_draft=True))
    world.run()
    assert codes(shown(console, "invoice", 309)) == ["posted_draft"]
    press(world, console, "invoice", 309, "void")
    assert is_void(held(company, "Invoice", invoice["Id"]))


# -- closed books ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_quickbooks", [False, True])
def test_an_invoice_of_a_closed_month_is_posted_on_the_first_open_day(
    by_quickbooks: bool, world: World, console: Console
) -> None:
    company = world.connect()
    if by_quickbooks:
        world.publish("invoice.created", invoice_detail(308, number="10308", date="2026-11-22T00:00:00.000Z"))
        world.run()
        company.book_close_date = date(2026, 11, 21)
    else:
        world.deployment.accounts.save_settings("acme", ready_settings(company, lock_date="2026-11-21"), version=1)
    world.publish("invoice.created", invoice_detail())
    world.publish("payment.created", payment_detail(applied_at="2026-11-20T00:00:00.000Z"))
    world.run()
    after = press(world, console, "invoice", 309, "redate")
    assert after["status"] == "synced_with_warning"
    invoice = next(each for each in standing(company) if each["DocNumber"] == "10309")
    assert invoice["TxnDate"] == "2026-11-22"
    press(world, console, "payment", 344, "redate")
    (payment,) = company.entities("Payment")
    assert payment["TxnDate"] == "2026-11-22"


# -- retry and Force Update --------------------------------------------------------------------------------------------


def test_a_record_that_waits_for_its_next_try_is_tried_now(world: World, console: Console) -> None:
    company = world.connect()
    party = company.create_by_hand("Customer", {"DisplayName": "Returns R Us"})
    company.deactivate_by_hand("Customer", party["Id"])
    world.publish("invoice.created", invoice_detail())
    world.run()
    company.edit_by_hand("Customer", party["Id"], {"Active": True})
    for _ in range(2):
        assert console.request("POST", "/records/customer/72/retry").status_code == 200
    world.run()
    assert len(standing(company)) == 1


def test_force_update_by_request_id_is_one_press(world: World, console: Console) -> None:
    company, invoice = posted(world)
    for _ in range(2):
        body = {"request_id": "press-0001"}
        assert console.request("POST", "/records/invoice/309/force-update", json=body).status_code == 200
        world.run()
    assert int(held(company, "Invoice", invoice["Id"])["SyncToken"]) == 1
    (entry,) = [each for each in console.get("/records/invoice/309")["history"] if each["action"]]
    assert (entry["action"], entry["status"]) == ("force_update", "pending")
    assert entry["user"]


def test_many_are_tried_again_some_at_a_time(world: World, console: Console) -> None:
    company = world.connect()
    for number in range(300, 306):
        world.publish("invoice.created", invoice_detail(number, number="9" * 22, owner=customer(72)))
    world.run()
    pages = []
    after = None
    while True:
        body = {"kind": "invoice", "code": "number_too_long", "most": 4, "after": after}
        answered = console.request("POST", "/records/retry", json=body)
        assert answered.status_code == 200, answered.text
        pages.append(answered.json()["retried"])
        after = answered.json()["after"]
        if after is None:
            break
    assert pages == [4, 2]
    world.run()
    assert company.entities("Invoice") == []


# -- what is refused ---------------------------------------------------------------------------------------------------


def test_an_outdated_answer_changes_nothing(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    old = shown(console, "invoice", 309)
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "A-79"})
    change(world, version=3)
    before = (shown(console, "invoice", 309), json.dumps(world.items("acme#invoice#309"), default=str))
    refused = answer(console, "invoice", 309, "overwrite", decision=old["decision"])
    assert (refused.status_code, refused.json()["code"]) == (409, "decision_outdated")
    assert [each["name"] for each in refused.json()["actions"]] == ["overwrite", "keep", "unlink"]
    assert (shown(console, "invoice", 309), json.dumps(world.items("acme#invoice#309"), default=str)) == before


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("recreate", {"problem_code": "edited_in_quickbooks"}, 409, "action_not_offered"),
        ("overwrite", {"problem_code": "something_else"}, 409, "action_not_offered"),
        ("overwrite", {}, 422, "invalid_request"),
        ("overwrite", {"problem_code": "edited_in_quickbooks", "params": {"sync_token": "9"}}, 422, "invalid_request"),
        ("overwrite", {"problem_code": "edited_in_quickbooks", "extra": 1}, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_run(  # noqa: PLR0917
    name: str, body: dict[str, Any], status: int, code: str, world: World, console: Console
) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    before = shown(console, "invoice", 309)
    refused = answer(console, "invoice", 309, name, **body)
    assert (refused.status_code, refused.json().get("code", refused.text)) == (status, code)
    assert shown(console, "invoice", 309) == before


def test_another_accounts_record_is_not_there(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    world.connect("other", "9130002")
    decision = shown(console, "invoice", 309)["decision"]
    refused = answer(console, "invoice", 309, "overwrite", account="other", decision=decision)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    for method, path in (("GET", "actions"), ("POST", "retry"), ("DELETE", "choice")):
        assert console.request(method, f"/records/invoice/309/{path}", account="other").status_code == 404
    assert held(company, "Invoice", invoice["Id"])["DocNumber"] == "A-77"


def test_what_points_to_the_settings_is_not_run(world: World, console: Console) -> None:
    company = world.connect()
    world.deployment.accounts.save_settings("acme", ready_settings(company, payment_methods={}), version=1)
    world.publish("invoice.created", invoice_detail())
    world.publish("payment.created", payment_detail())
    world.run()
    before = shown(console, "payment", 344)
    refused = answer(console, "payment", 344, "open_settings", decision=before["decision"])
    assert (refused.status_code, refused.json()["code"]) == (409, "action_elsewhere")


def test_nothing_is_decided_while_it_is_being_sent(world: World, console: Console) -> None:
    company, invoice = posted(world)
    edited(world, company, invoice)
    before = shown(console, "invoice", 309)
    assert answer(console, "invoice", 309, "overwrite", decision=before["decision"]).status_code == 200
    world.emulator.faults.add(Fault(kind="after", operation="update", entity="Invoice"))
    world.run_for(timedelta(seconds=2))
    now = shown(console, "invoice", 309)
    assert now["status"] in ("sending", "pending")
    refused = answer(console, "invoice", 309, "skip", problem_code="edited_in_quickbooks")
    assert refused.status_code == 409
    world.run()
    assert total(held(company, "Invoice", invoice["Id"])) == 432
