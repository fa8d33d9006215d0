"""What the bookkeeper did in QuickBooks is asked about, never overwritten or undone."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from emulators.quickbooks_online import Company
from tests.integration.push.spending import actions_of, problem_of, spending
from tests.support.books import assert_each_once, is_void, standing
from tests.support.events import invoice_detail, line
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


def posted(**settings: Any) -> tuple[World, Company, dict[str, Any]]:
    """A world with one invoice of 216.00 in QuickBooks."""
    world = World()
    company = world.connect()
    if settings:
        world.deployment.accounts.save_settings("acme", ready_settings(company, **settings), version=1)
    world.publish("invoice.created", invoice_detail())
    world.run()
    (invoice,) = standing(company)
    return world, company, invoice


def newer(version: int = 2) -> dict[str, Any]:
    """A newer version with 432.00."""
    return invoice_detail(
        version=version, lines=[line(1, 3), line(2, 4, quantity="3.0")], totals=("400.00", "32.00", "432.00")
    )


def change_in_syncro(world: World) -> dict[str, Any]:
    world.publish("invoice.updated", newer())
    world.run()
    return world.record("invoice", 309)


def delete_in_syncro(world: World, version: int = 2) -> dict[str, Any]:
    world.publish("invoice.deleted", invoice_detail(version=version))
    world.run()
    return world.record("invoice", 309)


def assert_untouched(company: Company, before: dict[str, Any] | None, invoice_id: str) -> None:
    """The document is as the person left it, and there is no other."""
    assert company.get("Invoice", invoice_id) == before
    assert len(company.entities("Invoice")) == (0 if before is None else 1)


def pay(company: Company, invoice: dict[str, Any], amount: str) -> None:
    line_ = {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    payment = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": Decimal(amount), "Line": [line_]}
    company.create_by_hand("Payment", payment)


# -- changed in Syncro afterwards --------------------------------------------------------------------------------------


def doubled(invoice: dict[str, Any]) -> dict[str, Any]:
    """The first line costs twice as much."""
    first, *others = [each for each in invoice["Line"] if "SalesItemLineDetail" in each]
    detail = {**first["SalesItemLineDetail"], "UnitPrice": Decimal("200")}
    return {"Line": [{**first, "Amount": Decimal("200.00"), "SalesItemLineDetail": detail}, *others]}


def other_text(invoice: dict[str, Any]) -> dict[str, Any]:
    first, *others = [each for each in invoice["Line"] if "SalesItemLineDetail" in each]
    return {"Line": [{**first, "Description": "As agreed by phone"}, *others]}


def one_line_less(invoice: dict[str, Any]) -> dict[str, Any]:
    return {"Line": [each for each in invoice["Line"] if "SalesItemLineDetail" in each][:1]}


@pytest.mark.parametrize(
    ("edit", "shown"),
    [
        (doubled, ["total was 216.00, is 324.00", "line 1 amount was 100.00, is 200.00"]),
        (other_text, ["line 1 description was Work item 1, is As agreed by phone"]),
        (one_line_less, ["number of lines was 2, is 1", "total was 216.00, is 108.00"]),
        (lambda _: {"DocNumber": "A-77"}, ["number was 10309, is A-77"]),
        (lambda _: {"DueDate": "2027-01-31"}, ["due date was 2026-12-04, is 2027-01-31"]),
    ],
    ids=["price", "text of a line", "line removed", "number", "due date"],
)
def test_an_edit_of_money_or_lines_is_shown_and_asked_about(edit: Any, shown: list[str]) -> None:
    world, company, invoice = posted()
    edited = company.edit_by_hand("Invoice", invoice["Id"], edit(invoice))
    record = change_in_syncro(world)
    assert record["status"] == "needs_attention"
    problem = problem_of(record)
    assert problem["code"] == "edited_in_quickbooks"
    for difference in shown:
        assert difference in problem["message"]
    assert "10309" in problem["message"]
    assert actions_of(problem) == ["overwrite", "keep", "unlink"]
    assert_untouched(company, edited, invoice["Id"])

    # The next version asks again instead of slipping through with the token that was read; so does what we wrote first.
    for version in (newer(version=3), invoice_detail(version=4)):
        world.publish("invoice.updated", version)
        world.run()
        assert problem_of(world.record("invoice", 309))["code"] == "edited_in_quickbooks"
        assert_untouched(company, edited, invoice["Id"])


@pytest.mark.parametrize("keeps_marker", [True, False], ids=["below our marker", "instead of our marker"])
def test_an_edit_of_the_memo_goes_through_and_is_kept(keeps_marker: bool) -> None:
    world, company, invoice = posted()
    memo = f"{invoice['PrivateNote']}\nSend by post" if keeps_marker else "Send by post"
    company.edit_by_hand("Invoice", invoice["Id"], {"PrivateNote": memo})
    with spending(world) as spent:
        record = change_in_syncro(world)
    assert (record["status"], spent.reads) == ("synced", 1)
    (now,) = standing(company)
    assert now["TotalAmt"] == Decimal("432.00")
    assert "Send by post" in now["PrivateNote"]
    assert now["PrivateNote"].count("syncro:invoice:309:") == 1


def test_a_payment_by_hand_does_not_stop_a_change() -> None:
    world, company, invoice = posted()
    company.payments_bump_invoice_token = True
    pay(company, invoice, "100.00")
    assert change_in_syncro(world)["status"] == "synced"
    (now,) = standing(company)
    assert (now["TotalAmt"], now["Balance"]) == (Decimal("432.00"), Decimal("332.00"))


@pytest.mark.parametrize("done", ["voided", "deleted"])
def test_a_document_voided_or_deleted_by_hand_is_asked_about_and_not_recreated(done: str) -> None:
    world, company, invoice = posted()
    by_hand = company.void_by_hand if done == "voided" else company.delete_by_hand
    by_hand("Invoice", invoice["Id"])
    left = company.get("Invoice", invoice["Id"])
    for version in (newer(2), newer(3), invoice_detail(version=4)):  # the last is what QuickBooks had
        world.publish("invoice.updated", version)
        world.run()
        record = world.record("invoice", 309)
        assert record["status"] == "needs_attention"
        problem = problem_of(record)
        assert problem["code"] == f"{done}_in_quickbooks"
        assert "10309" in problem["message"]
        assert actions_of(problem) == ["recreate", "stop"]
        assert_untouched(company, left, invoice["Id"])
    assert world.outstanding() == []


# -- deleted in Syncro -------------------------------------------------------------------------------------------------


def test_an_unpaid_invoice_deleted_in_syncro_is_voided() -> None:
    world, company, invoice = posted()
    with spending(world) as spent:
        record = delete_in_syncro(world)
    assert record["status"] == "synced"
    assert spent.operations == ["read Invoice", "void Invoice"]
    voided = company.get("Invoice", invoice["Id"])
    assert voided is not None
    assert is_void(voided)
    assert voided["DocNumber"] == "10309"
    with spending(world) as spent:
        delete_in_syncro(world, version=3)
    assert (spent.calls, world.record("invoice", 309)["status"]) == (0, "synced")


@pytest.mark.parametrize("amount", ["216.00", "50.00"], ids=["paid", "partly paid"])
def test_a_paid_invoice_deleted_in_syncro_is_asked_about(amount: str) -> None:
    world, company, invoice = posted()
    pay(company, invoice, amount)
    before = company.get("Invoice", invoice["Id"])
    record = delete_in_syncro(world)
    assert record["status"] == "needs_attention"
    problem = problem_of(record)
    assert problem["code"] == "deleted_but_in_use"
    assert f"${amount}" in problem["message"]
    assert "QuickBooks still shows $216.00" in problem["message"]
    assert {"retry", "skip"} <= set(actions_of(problem))
    assert_untouched(company, before, invoice["Id"])


@pytest.mark.parametrize("done", ["voided", "deleted"])
def test_an_invoice_that_is_gone_from_quickbooks_already_is_done(done: str) -> None:
    world, company, invoice = posted()
    by_hand = company.void_by_hand if done == "voided" else company.delete_by_hand
    by_hand("Invoice", invoice["Id"])
    left = company.get("Invoice", invoice["Id"])
    with spending(world) as spent:
        record = delete_in_syncro(world)
    assert (record["status"], json.loads(record["problems"])) == ("synced", [])
    assert spent.operations == ["read Invoice"]
    assert_untouched(company, left, invoice["Id"])


def test_an_invoice_in_a_closed_period_is_asked_about_even_before_our_preferences_know() -> None:
    world, company, invoice = posted()
    company.book_close_date = date(2026, 11, 21)
    before = company.get("Invoice", invoice["Id"])
    record = delete_in_syncro(world)
    assert record["status"] == "needs_attention"
    assert problem_of(record)["code"] == "qbo_6200"
    assert_untouched(company, before, invoice["Id"])


def test_an_invoice_in_a_period_known_to_be_closed_is_asked_about_without_trying() -> None:
    world, company, invoice = posted()
    company.book_close_date = date(2026, 11, 21)
    before = company.get("Invoice", invoice["Id"])
    world.clock.sleep(timedelta(hours=25).total_seconds())
    with spending(world) as spent:
        record = delete_in_syncro(world)
    assert record["status"] == "needs_attention"
    problem = problem_of(record)
    assert "closed up to 2026-11-21" in problem["message"]
    assert "QuickBooks still shows $216.00" in problem["message"]
    assert [entry.operation for entry in spent.entries if entry.kind == "write"] == []
    assert_untouched(company, before, invoice["Id"])


def test_by_the_setting_ask_a_deletion_waits_for_a_decision() -> None:
    world, company, invoice = posted(invoice_deletion="ask")
    record = delete_in_syncro(world)
    assert record["status"] == "needs_attention"
    assert problem_of(record)["code"] == "deleted_in_syncro"
    assert actions_of(problem_of(record)) == ["void", "retry", "skip"]
    assert_untouched(company, invoice, invoice["Id"])


def test_by_the_setting_ignore_a_deletion_is_skipped_and_says_what_quickbooks_still_shows() -> None:
    world, company, invoice = posted(invoice_deletion="ignore")
    record = delete_in_syncro(world)
    assert record["status"] == "skipped"
    assert "$216.00" in problem_of(record)["message"]
    assert_untouched(company, invoice, invoice["Id"])


def test_an_invoice_deleted_before_it_was_ever_sent_leaves_no_trace_in_quickbooks() -> None:
    world = World()
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    record = delete_in_syncro(world)
    assert record["status"] == "synced"
    assert company.entities("Invoice") == []
    assert len(company.entities("Customer")) == 0


def test_an_invoice_voided_after_its_deletion_is_not_reposted_by_a_later_version() -> None:
    world, company, invoice = posted()
    delete_in_syncro(world)
    voided = company.get("Invoice", invoice["Id"])
    world.publish("invoice.updated", newer(version=3))
    world.run()
    record = world.record("invoice", 309)
    assert record["status"] == "needs_attention"
    assert problem_of(record)["code"] == "voided_after_deletion"
    assert_untouched(company, voided, invoice["Id"])
    assert_each_once(company)
