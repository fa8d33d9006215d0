"""What can be said about an invoice before anything is looked up in QuickBooks."""

from dataclasses import replace
from datetime import date

import pytest

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.online.mapping.invoice import Choices, precheck_invoice
from syncro_quickbooks.sync.model import Attention, Operation, Skip, Wait
from syncro_quickbooks.sync.settings import Settings
from syncro_quickbooks.syncro.models import InvoiceSnapshot
from tests.unit.mapping.mapping_builders import (
    CANADA,
    SETTINGS,
    US,
    customer,
    line,
    mapped,
    posted,
    simple,
    snapshot,
    written,
)


def verdict(
    of: InvoiceSnapshot,
    *,
    settings: Settings = SETTINGS,
    company: Company = US,
    current: JsonObject | None = None,
    choices: Choices | None = None,
) -> Skip | Attention | Wait | None:
    return precheck_invoice(of, settings, company, current, customer=customer(), choices=choices or Choices())


def test_an_ordinary_invoice_passes() -> None:
    assert verdict(simple()) is None


SKIPS: list[tuple[dict[str, Json], str]] = [
    ({"is_draft": True}, "draft"),
    ({"is_refund": True}, "refund"),
    ({"total": "-0.01"}, "negative_total"),
    ({"date": "2026-10-31T00:00:00Z"}, "before_start_date"),
]


@pytest.mark.parametrize(("changes", "code"), SKIPS)
def test_what_is_not_meant_for_quickbooks_is_skipped_with_the_reason(changes: dict[str, Json], code: str) -> None:
    settings = SETTINGS.model_copy(update={"start_date": date(2026, 11, 1)})
    found = verdict(simple(**changes), settings=settings)
    assert isinstance(found, Skip)
    assert found.problem.code == code
    assert found.problem.message.startswith("Invoice INV-1 ")
    assert found.problem.fix


@pytest.mark.parametrize(("changes", "code"), SKIPS)
def test_the_same_reason_on_a_posted_invoice_asks_and_says_what_quickbooks_shows(
    changes: dict[str, Json], code: str
) -> None:
    settings = SETTINGS.model_copy(update={"start_date": date(2026, 11, 1)})
    current = posted(written(mapped(simple())))
    found = verdict(simple(**changes), settings=settings, current=current)
    assert isinstance(found, Attention)
    assert found.problem.code == f"posted_{code}"
    assert "QuickBooks still shows $216.50." in found.problem.message


def test_an_old_invoice_that_somebody_linked_goes_on_syncing() -> None:
    settings = SETTINGS.model_copy(update={"start_date": date(2026, 12, 1)})
    current = posted(written(mapped(simple())))
    assert verdict(simple(), settings=settings, current=current) is None


def test_an_old_invoice_is_pushed_when_somebody_says_so() -> None:
    settings = SETTINGS.model_copy(update={"start_date": date(2026, 12, 1)})
    assert verdict(simple(), settings=settings, choices=Choices(ignore_start_date=True)) is None


def test_the_start_date_is_the_first_day_that_counts() -> None:
    assert verdict(simple(), settings=SETTINGS.model_copy(update={"start_date": date(2026, 11, 16)})) is None


def test_the_invoices_own_day_is_taken_in_the_accounts_time_zone() -> None:
    settings = SETTINGS.model_copy(update={"start_date": date(2026, 11, 16), "time_zone": "America/Chicago"})
    late_on_the_fifteenth = simple(date="2026-11-16T03:00:00Z")
    assert isinstance(verdict(late_on_the_fifteenth, settings=settings), Skip)


def test_nothing_is_sent_while_invoices_are_switched_off() -> None:
    found = verdict(simple(), settings=SETTINGS.model_copy(update={"sync_invoices_to": False}))
    assert isinstance(found, Skip)
    assert found.problem.code == "invoices_off"


def test_an_invoice_without_lines_waits_for_them() -> None:
    found = verdict(snapshot(subtotal="0", tax="0", total="0"))
    assert isinstance(found, Wait)
    assert (found.problem.code, found.on) == ("no_lines", ())


def test_a_posted_invoice_that_lost_its_lines_asks() -> None:
    found = verdict(snapshot(subtotal="0", tax="0", total="0"), current=posted(written(mapped(simple()))))
    assert isinstance(found, Attention)
    assert found.problem.code == "posted_no_lines"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("A" * 22, "number_too_long"),
        ("  ", "number_missing"),
        ("INV-🔧", "number_characters"),
        ("INV\x07-1", "number_characters"),
    ],
)
def test_a_number_that_does_not_fit_is_never_changed(number: str, code: str) -> None:
    found = verdict(simple(number=number))
    assert isinstance(found, Attention)
    assert found.problem.code == code


def test_a_number_of_21_characters_fits() -> None:
    assert verdict(simple(number="A" * 21)) is None


def test_a_company_that_numbers_by_itself_blocks_the_invoice() -> None:
    found = verdict(simple(), company=replace(US, custom_txn_numbers=False))
    assert isinstance(found, Attention)
    assert found.problem.code == "quickbooks_numbers_itself"


@pytest.mark.parametrize(
    ("settings", "company"),
    [
        (SETTINGS, replace(US, book_close_date=date(2026, 11, 16))),
        (SETTINGS.model_copy(update={"lock_date": date(2026, 11, 16)}), US),
    ],
)
def test_a_new_invoice_in_a_closed_period_asks(settings: Settings, company: Company) -> None:
    found = verdict(simple(), settings=settings, company=company)
    assert isinstance(found, Attention)
    assert found.problem.code == "books_closed"
    assert "2026-11-16" in found.problem.message


def test_the_day_after_the_closing_date_is_open() -> None:
    assert verdict(simple(), company=replace(US, book_close_date=date(2026, 11, 15))) is None


CLOSED = replace(US, book_close_date=date(2026, 11, 30))


def test_a_cosmetic_change_in_a_closed_period_is_skipped() -> None:
    current = posted(written(mapped(simple())))
    found = mapped(simple(note="A kind word"), current=current, company=CLOSED)
    assert isinstance(found, Skip)
    assert found.problem.code == "closed_books_cosmetic"


def test_a_money_change_in_a_closed_period_asks() -> None:
    current = posted(written(mapped(simple())))
    dearer = snapshot(line(1, "101", "2"), subtotal="202", tax="16.67", total="218.67")
    found = mapped(dearer, current=current, company=CLOSED)
    assert isinstance(found, Attention)
    assert found.problem.code == "books_closed"


def test_moving_money_between_items_in_a_closed_period_asks_although_the_total_stays() -> None:
    current = posted(written(mapped(simple())))
    found = mapped(simple(), items={21: "999"}, current=current, company=CLOSED)
    assert isinstance(found, Attention)


def test_forcing_a_date_into_a_closed_period_asks() -> None:
    current = posted(written(mapped(simple())), TxnDate="2026-12-05")
    assert written(mapped(simple(), current=current, company=CLOSED)).operation is Operation.UPDATE
    forced = mapped(simple(), current=current, company=CLOSED, choices=Choices(force_update=True))
    assert isinstance(forced, Attention)


def test_an_unchanged_invoice_in_a_closed_period_is_recognised_by_its_digest() -> None:
    first = written(mapped(simple()))
    again = written(mapped(simple(), current=posted(first), company=CLOSED, applied_digest=first.digest))
    assert again.digest == first.digest


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"total": "10000000000"}, "amount_too_large"), ({"tax_rate_id": 77}, "tax_rate_unknown")],
)
def test_what_quickbooks_cannot_hold_asks(changes: dict[str, Json], code: str) -> None:
    found = verdict(simple(**changes))
    assert isinstance(found, Attention)
    assert found.problem.code == code


def test_751_lines_are_too_many_once_one_of_them_is_taxed() -> None:
    untaxed = [line(number, "1", taxable=False) for number in range(1, 751)]
    one_taxed = snapshot(*untaxed, line(751, "100"), subtotal="850", tax="8.25", total="858.25")
    found = verdict(one_taxed)
    assert isinstance(found, Attention)
    assert found.problem.code == "too_many_taxable_lines"
    assert "751" in found.problem.message
    all_untaxed = snapshot(*untaxed, line(751, "100", taxable=False), subtotal="850", tax="0", total="850")
    assert verdict(all_untaxed) is None


def test_750_taxed_lines_fit() -> None:
    lines = [line(number, "1") for number in range(1, 751)]
    assert verdict(snapshot(*lines, subtotal="750", tax="61.88", total="811.88")) is None


def test_more_lines_than_quickbooks_takes_at_all_ask() -> None:
    lines = [line(number, "0", taxable=False) for number in range(1, 10_002)]
    found = verdict(snapshot(*lines, subtotal="0", tax="0", total="0"))
    assert isinstance(found, Attention)
    assert found.problem.code == "too_many_lines"


@pytest.mark.parametrize("company", [US, CANADA])
def test_an_unmapped_rate_is_named(company: Company) -> None:
    rates: list[Json] = [{"id": 8, "name": "HST (Archived)", "rate": "13", "components": []}]
    found = verdict(simple(tax_rate_id=8, rates=rates), company=company)
    assert isinstance(found, Attention)
    assert found.problem.code == "tax_rate_unmapped"
    assert "'HST (Archived)'" in found.problem.message
    assert found.problem.actions[0].params["rate_id"] == "8"


def test_without_the_customer_nothing_is_said_about_tax() -> None:
    assert precheck_invoice(simple(tax_rate_id=77), SETTINGS, US, None) is None
