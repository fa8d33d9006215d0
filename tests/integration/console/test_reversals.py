"""An invoice that was deleted in Syncro and cannot be voided is reversed with a credit memo, once, on request."""

from decimal import Decimal
from typing import Any

from emulators.quickbooks_online import Company
from tests.integration.console.acting import held
from tests.support.books import assert_each_once, is_void, sales_lines, standing
from tests.support.console import Console
from tests.support.deciding import actions, codes, press, shown
from tests.support.events import invoice_detail
from tests.support.payment_events import allocation, payment_detail
from tests.support.taxes import grouped, with_new_codes
from tests.support.world import World, ready_settings

TODAY = "2026-11-23"


def money(document: dict[str, Any], field: str = "TotalAmt") -> Decimal:
    return Decimal(str(document[field]))


def deleted(world: World, paid: str = "") -> tuple[Company, dict[str, Any]]:
    """An invoice of 200.00 and 16.00 tax, `paid` so far, is deleted in Syncro."""
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    if paid:
        world.publish("payment.created", payment_detail(amount=paid))
    world.run()
    (invoice,) = standing(company)
    world.publish("invoice.deleted", invoice_detail(version=2))
    world.run()
    return company, invoice


def test_what_is_open_is_credited_and_the_rest_is_left_to_the_customer(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="150.00")
    asked = shown(console, "invoice", 309)
    assert (codes(asked), actions(asked)) == (["deleted_but_in_use"], ["reverse", "retry", "skip"])
    after = press(world, console, "invoice", 309, "reverse")
    (memo,) = company.entities("CreditMemo")
    assert (money(memo), money(memo["TxnTaxDetail"], "TotalTax"), memo["TxnDate"]) == (Decimal(216), Decimal(16), TODAY)
    assert sales_lines(memo) == sales_lines(invoice)
    assert memo["CustomerRef"]["value"] == invoice["CustomerRef"]["value"]
    assert f"syncro:reversal:309-{invoice['Id']}:1" in memo["PrivateNote"]
    assert money(held(company, "Invoice", invoice["Id"]), "Balance") == 0
    assert money(memo, "RemainingCredit") == 150
    assert [money(each) for each in company.entities("Payment")] == [150, 0]
    assert (after["status"], codes(after)) == (
        "synced_with_warning",
        ["reversed_with_credit_memo", "reversal_unapplied"],
    )
    said, left = (problem["message"] for problem in after["problems"])
    assert f"credit memo with QuickBooks id {memo['Id']} of $216.00" in said
    assert "$66.00 of it is applied" in said
    assert "$150.00" in left
    assert_each_once(company)


def test_what_is_paid_in_full_is_only_credited(world: World, console: Console) -> None:
    company, _ = deleted(world, paid="216.00")
    after = press(world, console, "invoice", 309, "reverse")
    (memo,) = company.entities("CreditMemo")
    assert (money(memo), money(memo, "RemainingCredit")) == (Decimal(216), Decimal(216))
    assert len(company.entities("Payment")) == 1
    assert codes(after) == ["reversed_with_credit_memo", "reversal_unapplied"]


def test_what_comes_free_later_is_credited_too(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="216.00")
    press(world, console, "invoice", 309, "reverse")
    world.publish("payment.updated", payment_detail(allocations=[], version=2))
    world.run()
    (memo,) = company.entities("CreditMemo")
    assert money(memo, "RemainingCredit") == money(held(company, "Invoice", invoice["Id"]), "Balance") == 0
    assert codes(shown(console, "invoice", 309)) == ["reversed_with_credit_memo"]
    assert_each_once(company)


def test_what_comes_free_in_part_twice(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="216.00")
    press(world, console, "invoice", 309, "reverse")
    for version, kept in ((2, "116.00"), (3, "16.00")):
        changed = payment_detail(amount="216.00", allocations=[allocation(309, kept)], version=version)
        world.publish("payment.updated", changed)
        world.run()
    (memo,) = company.entities("CreditMemo")
    assert money(memo, "RemainingCredit") == 16
    assert money(held(company, "Invoice", invoice["Id"]), "Balance") == 0
    assert_each_once(company)


def test_an_invoice_of_a_closed_month(world: World, console: Console) -> None:
    company = world.connect()
    world.publish("invoice.created", invoice_detail())
    world.run()
    world.deployment.accounts.save_settings("acme", ready_settings(company, lock_date="2026-11-21"), version=1)
    world.publish("invoice.deleted", invoice_detail(version=2))
    world.run()
    after = press(world, console, "invoice", 309, "reverse")
    (memo,) = company.entities("CreditMemo")
    assert (memo["TxnDate"], money(memo, "RemainingCredit")) == (TODAY, Decimal(0))
    assert codes(after) == ["reversed_with_credit_memo"]


def test_not_while_today_is_closed(world: World, console: Console) -> None:
    company, _ = deleted(world, paid="216.00")
    world.deployment.accounts.save_settings("acme", ready_settings(company, lock_date=TODAY), version=1)
    after = press(world, console, "invoice", 309, "reverse")
    assert (codes(after), actions(after)) == (["reversal_day_closed"], ["reverse", "skip"])
    assert company.entities("CreditMemo") == []
    world.deployment.accounts.save_settings("acme", ready_settings(company, lock_date="2026-11-22"), version=2)
    press(world, console, "invoice", 309, "reverse")
    assert len(company.entities("CreditMemo")) == 1


def test_what_was_edited_since_it_was_shown_is_asked_about(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="216.00")
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "A-77"})
    after = press(world, console, "invoice", 309, "reverse")
    assert (codes(after), company.entities("CreditMemo")) == (["deleted_but_edited"], [])
    after = press(world, console, "invoice", 309, "void")
    assert (codes(after), actions(after)) == (["deleted_but_in_use"], ["reverse", "retry", "skip"])
    press(world, console, "invoice", 309, "reverse")
    (memo,) = company.entities("CreditMemo")
    assert memo["CustomerMemo"]["value"] == "Reverses invoice A-77"
    assert not is_void(held(company, "Invoice", invoice["Id"]))


def test_a_figure_that_does_not_agree_is_told(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="216.00")
    company.force_total(None, Decimal("215.99"))
    after = press(world, console, "invoice", 309, "reverse")
    assert "reversal_differs" in codes(after)
    told = after["problems"][-1]["message"]
    assert ("$215.99" in told, "$216.00" in told, invoice["DocNumber"] in told) == (True, True, True)


def test_what_syncro_has_again_is_asked_about_and_reversed_again_by_another(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="150.00")
    press(world, console, "invoice", 309, "reverse")
    world.publish("invoice.updated", invoice_detail(version=3))
    world.run()
    after = shown(console, "invoice", 309)
    assert (codes(after), actions(after)) == (["reversed_but_in_syncro"], ["recreate", "stop"])
    company.edit_by_hand("Invoice", invoice["Id"], {"DocNumber": "10309-R"})
    assert press(world, console, "invoice", 309, "recreate")["status"] == "synced"
    world.publish("invoice.deleted", invoice_detail(version=4))
    world.run()
    press(world, console, "invoice", 309, "reverse")
    memos = company.entities("CreditMemo")
    assert [(money(each), each["PrivateNote"].rpartition("-")[0]) for each in memos] == [
        (Decimal(216), "syncro:reversal:309"),
        (Decimal(216), "syncro:reversal:309"),
    ]
    assert len({each["PrivateNote"] for each in memos}) == 2


def test_a_refused_credit_memo_is_tried_again_from_the_invoice(world: World, console: Console) -> None:
    company, invoice = deleted(world, paid="216.00")
    item = invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"]
    company.deactivate_by_hand("Item", item)
    after = press(world, console, "invoice", 309, "reverse")
    assert (after["status"], company.entities("CreditMemo")) == ("needs_attention", [])
    press(world, console, "invoice", 309, "reactivate")
    assert len(company.entities("CreditMemo")) == 1
    assert codes(shown(console, "invoice", 309)) == ["reversed_with_credit_memo", "reversal_unapplied"]


def taxed(world: World, company: Company, detail: dict[str, Any], total: str) -> None:
    """An invoice is paid in full, then deleted."""
    world.publish("invoice.created", detail)
    world.publish("payment.created", payment_detail(amount=total))
    world.run()
    assert money(standing(company)[0], "Balance") == 0
    world.publish("invoice.deleted", {**detail, "event_id": "deleted", "version": 2})
    world.run()


def test_tax_outside_the_us(world: World, console: Console) -> None:
    company = with_new_codes(world, {"3": {}})
    taxed(world, company, grouped(), "5168.31")
    press(world, console, "invoice", 309, "reverse")
    (memo,) = company.entities("CreditMemo")
    assert (money(memo), money(memo["TxnTaxDetail"], "TotalTax")) == (Decimal("5168.31"), Decimal("673.15"))
    assert "reversal_differs" not in codes(shown(console, "invoice", 309))


def test_tax_that_automated_sales_tax_was_told(world: World, console: Console) -> None:
    company = world.connect(tax_mode="automated")
    detail = invoice_detail(totals=("200.00", "17.77", "217.77"))
    taxed(world, company, detail, "217.77")
    press(world, console, "invoice", 309, "reverse")
    (memo,) = company.entities("CreditMemo")
    assert (money(memo), money(memo["TxnTaxDetail"], "TotalTax")) == (Decimal("217.77"), Decimal("17.77"))
