"""Open invoices that both books had at the cut-over are linked: a report first, and nothing is sent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncro_quickbooks.sync.decisions import Wanted
from syncro_quickbooks.sync.job import JobKind, JobState, Outcome, Result
from syncro_quickbooks.sync.jobs import JobRefused
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.reconciliation import Line
from tests.support.boundaries import Boundaries
from tests.support.cut_over import (
    LINK,
    at_cut_over,
    in_quickbooks,
    in_syncro,
    now,
    open_in_both,
    paid_in_syncro,
    writes,
)
from tests.support.events import ACCOUNT, customer, invoice_detail, line
from tests.support.job_world import JobWorld
from tests.support.payment_events import allocation, payment_detail
from tests.support.world import ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")


@pytest.fixture
def world() -> JobWorld:
    return at_cut_over()


def force(world: JobWorld, invoice_id: int = 309) -> None:
    detail = {"event_id": "f1", "account_id": ACCOUNT, "occurred_at": "2026-11-26T09:00:00.000Z"}
    world.publish("force_update.requested", {**detail, "request_id": "f1", "kind": "invoice", "id": invoice_id})
    world.run()


def codes(world: JobWorld, kind: str, record_id: int) -> tuple[str, list[str]]:
    view = world.deployment.decisions.view(ACCOUNT, RecordKey(Kind(kind), str(record_id)))
    return str(view.record.status), [problem.code for problem in view.record.problems]


# -- the report --------------------------------------------------------------------------------------------------------


def test_the_report_tells_matches_from_everything_else(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    company.create_by_hand("Customer", {"DisplayName": "Other Inc"})
    in_syncro(world, 1, number="A-1")
    in_quickbooks(world, "A-1")
    in_syncro(world, 2, number="A-2", due="100.00")
    in_quickbooks(world, "A-2", paid="16.00")
    in_syncro(world, 3, number="A-3")
    in_quickbooks(world, "A-3", total="215.99")
    in_syncro(world, 4, number="A-4")
    in_quickbooks(world, "A-4", TxnDate="2026-11-19")
    in_syncro(world, 5, number="A-5")
    in_quickbooks(world, "A-5", customer="Other Inc")
    in_syncro(world, 6, number="A-6")
    in_quickbooks(world, "A-7")
    in_syncro(world, 8, number="A-8")
    in_syncro(world, 9, number="A-8")
    in_quickbooks(world, "A-8")
    in_syncro(world, 10, number="A-10", due="0.00")  # paid in Syncro, so it is not asked about
    in_quickbooks(world, "A-11", paid="216.00")
    before = company.entities("Invoice")
    job = world.begin(LINK)
    assert (job.state, job.progress) == (JobState.REPORTED, 50)
    owner = "Returns R Us"
    assert world.report(LINK) == {
        f"A-1 {owner}": (Outcome.MATCHES, ""),
        f"A-2 {owner}": (Outcome.DIFFERS, "figures_differ"),
        f"A-3 {owner}": (Outcome.DIFFERS, "figures_differ"),
        f"A-4 {owner}": (Outcome.DIFFERS, "figures_differ"),
        f"A-5 {owner}": (Outcome.COLLIDES, "customer_differs"),
        f"A-6 {owner}": (Outcome.ONLY_IN_SYNCRO, ""),
        f"A-7 {owner}": (Outcome.ONLY_IN_QUICKBOOKS, ""),
        f"A-8 {owner}": (Outcome.COLLIDES, "number_used_twice"),
    }
    assert job.counts == {"matches": 1, "differs": 3, "collides": 3, "only_in_syncro": 1, "only_in_quickbooks": 1}
    told = {row.name: row.problem.message for row in world.deployment.jobs.rows(job) if row.problem}
    assert "open 100.00 in Syncro, 200.00 in QuickBooks" in told[f"A-2 {owner}"].replace("$", "")
    assert "total 216.00 in Syncro, 215.99 in QuickBooks" in told[f"A-3 {owner}"].replace("$", "")
    assert "date 2026-11-20 in Syncro, 2026-11-19 in QuickBooks" in told[f"A-4 {owner}"]
    assert company.entities("Invoice") == before
    done = world.confirm(LINK)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 1, 0)
    assert company.entities("Invoice") == before


def test_the_customer_is_the_linked_one_else_that_of_the_exact_name(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    renamed = company.create_by_hand("Customer", {"DisplayName": "Blue Sky"})
    owner = customer(80, name="Blue Sky")
    world.organization(80, "Blue Sky")
    world.organization(81, "blue  sky LLC")
    world.begin(JobKind.EXPORT_ORGANIZATIONS)
    world.confirm(JobKind.EXPORT_ORGANIZATIONS)
    company.edit_by_hand("Customer", renamed["Id"], {"DisplayName": "Blue Sky Inc"})
    company.create_by_hand("Customer", {"DisplayName": "Blue Sky"})
    in_syncro(world, 1, number="B-1", owner=owner)
    in_quickbooks(world, "B-1", customer="Blue Sky Inc")
    in_syncro(world, 2, number="B-2", owner=owner)
    in_quickbooks(world, "B-2", customer="Blue Sky")
    # Another organization of that name is linked to it already.
    in_syncro(world, 3, number="B-3", owner=customer(82, name="Blue Sky Inc"))
    in_quickbooks(world, "B-3", customer="Blue Sky Inc")
    world.begin(LINK)
    assert {name.split()[0]: found for name, found in world.report(LINK).items()} == {
        "B-1": (Outcome.MATCHES, ""),
        "B-2": (Outcome.COLLIDES, "customer_differs"),
        "B-3": (Outcome.COLLIDES, "customer_differs"),
    }


def test_what_is_linked_already_and_what_somebody_leaves_alone(world: JobWorld) -> None:
    in_syncro(world, 1, number="C-1")
    mine = in_quickbooks(world, "C-1")
    in_syncro(world, 2, number="C-2", told=True)
    in_quickbooks(world, "C-2")
    world.deployment.decisions.run(ACCOUNT, RecordKey(Kind.INVOICE, "2"), Wanted("skip", {}), "user-1")
    world.run()
    world.begin(LINK)
    world.confirm(LINK)
    job = world.begin(LINK)
    assert job.counts == {"linked": 1, "left_out": 1, "only_in_quickbooks": 1}
    assert world.report(LINK)["C-1 Returns R Us"] == (Outcome.LINKED, "")
    assert world.confirm(LINK).state is JobState.DONE
    assert now(world, mine) == mine


def test_many_pages_of_both_sides(world: JobWorld) -> None:
    for number in range(1, 61):
        in_syncro(world, number, number=f"D-{number}")
        if number % 2:
            in_quickbooks(world, f"D-{number}")
    world.emulator.journal.clear()
    job = world.begin(LINK)
    assert job.counts == {"matches": 30, "only_in_syncro": 30}
    # Three pages of 25, and each in full.
    assert len(world.syncro.journal) == 3 + 60
    assert sum(call.reads for call in world.emulator.journal) == 2, "how many there are, and a page"
    done = world.confirm(LINK)
    assert (done.done, done.not_done, writes(world, 0)) == (30, 0, [])
    assert sum(call.reads for call in world.emulator.journal) == 3, "all of them once more before they are linked"


def test_a_page_that_takes_longer_than_a_run_is_gone_through_all_the_same(world: JobWorld) -> None:
    for number in range(1, 31):
        in_syncro(world, number, number=f"F-{number}", told=number > 28)
    mine = in_quickbooks(world, "F-30")
    for payment, number in ((344, 29), (345, 30)):
        paid_in_syncro(world, payment, "216.00", number)  # so both are read last, one by one

    class Slow(Boundaries):
        def pass_through(self, name: str, *args: Any, **kwargs: Any) -> Any:
            if name.startswith("syncro.GET"):
                world.clock.sleep(9)
            return super().pass_through(name, *args, **kwargs)

    world.start(Slow())
    asked = len(world.syncro.journal)
    assert world.begin(LINK).counts == {"only_in_syncro": 29, "matches": 1}
    read = [call.path for call in world.syncro.journal[asked:] if call.path.count("/") == 4]
    assert len(read) == len(set(read)) == 30, "each once, over several runs"
    assert world.confirm(LINK).done == 1
    assert open_in_both(world, mine, 30) == (Decimal(0), Decimal(0))


# -- what a link means -------------------------------------------------------------------------------------------------


def test_a_payment_that_comes_after_linking_pays_the_invoice_that_was_there(world: JobWorld) -> None:
    in_syncro(world, 309, due="156.00")
    other = in_quickbooks(world, "10999")
    mine = in_quickbooks(world, "10309", paid="60.00")
    assert world.begin(LINK).counts == {"matches": 1, "only_in_quickbooks": 1}
    before = len(world.emulator.journal)
    assert world.confirm(LINK).done == 1
    assert writes(world, before) == []
    assert now(world, mine) == mine
    assert codes(world, "invoice", 309) == ("synced", [])
    paid_in_syncro(world, 344, "100.00")
    assert open_in_both(world, mine) == (Decimal("56.00"), Decimal("56.00"))
    paid_in_syncro(world, 345, "56.00")
    assert open_in_both(world, mine) == (Decimal(0), Decimal(0))
    assert now(world, other) == other
    assert len(world.companies[ACCOUNT].entities("Payment")) == 3
    assert now(world, mine)["Line"] == mine["Line"]


def test_what_was_paid_meanwhile_goes_on_once_its_invoice_is_linked(world: JobWorld) -> None:
    in_syncro(world, 309, told=True)
    mine = in_quickbooks(world, "10309")
    assert codes(world, "invoice", 309) == ("skipped", ["before_start_date"])
    paid_in_syncro(world, 344, "216.00")  # it is not among Syncro's open ones any more
    assert codes(world, "payment", 344) == ("needs_attention", ["payment_on_unposted"])
    in_syncro(world, 310, number="10310")
    partly = in_quickbooks(world, "10310")
    paid_in_syncro(world, 345, "16.00", 310)
    assert codes(world, "payment", 345)[0] == "waiting"
    assert world.begin(LINK).counts == {"matches": 2}
    assert world.confirm(LINK).done == 2
    assert [codes(world, kind, which) for kind, which in (("invoice", 309), ("payment", 344), ("payment", 345))] == [
        ("synced", []),
        ("synced", []),
        ("synced", []),
    ]
    assert open_in_both(world, mine) == (Decimal(0), Decimal(0))
    assert open_in_both(world, partly, 310) == (Decimal(200), Decimal(200))


def test_a_payment_that_both_books_had_is_never_sent(world: JobWorld) -> None:
    in_syncro(world, 309)
    detail = paid_in_syncro(world, 344, "60.00", told=False)  # before, and by hand in QuickBooks
    mine = in_quickbooks(world, "10309", paid="60.00")
    assert world.begin(LINK).counts == {"matches": 1}
    world.confirm(LINK)
    world.publish("payment.updated", detail)  # its event comes late, or somebody saves it again
    world.run()
    assert codes(world, "payment", 344) == ("skipped", ["payment_in_both_books"])
    assert codes(world, "invoice", 309) == ("synced", [])
    assert open_in_both(world, mine) == (Decimal(156), Decimal(156))
    world.publish("payment.deleted", {**detail, "version": 2})
    world.run()
    assert codes(world, "payment", 344) == ("skipped", ["in_both_books_deleted_in_syncro"])
    assert len(world.companies[ACCOUNT].entities("Payment")) == 1


def test_a_payment_that_was_entered_by_hand_while_it_waited_is_told(world: JobWorld) -> None:
    in_syncro(world, 309, told=True)
    in_quickbooks(world, "10309", paid="60.00")
    paid_in_syncro(world, 344, "60.00")
    job = world.begin(LINK)
    assert job.counts == {"differs": 1}
    (row,) = world.deployment.jobs.rows(job)
    assert row.problem is not None
    told = row.problem.message.replace("$", "")
    assert "open 216.00 (with 60.00 of payments still to be sent) in Syncro, 156.00 in QuickBooks" in told


def test_what_syncro_changes_later_is_an_ordinary_update(world: JobWorld) -> None:
    in_syncro(world, 309)
    mine = in_quickbooks(world, "10309")
    world.begin(LINK)
    world.confirm(LINK)
    before = len(world.emulator.journal)
    # Its first event: the same with all that the API leaves out, and figures written in another way.
    world.publish("invoice.updated", invoice_detail(version=4, totals=("200", "16.0", "216.000")))
    world.run()
    assert (writes(world, before), codes(world, "invoice", 309)) == ([], ("synced", []))
    assert now(world, mine) == mine
    more = [line(1, 3), line(2, 4), line(3, 4)]
    world.publish("invoice.updated", invoice_detail(version=5, lines=more, totals=("300.00", "24.00", "324.00")))
    world.run()
    changed = now(world, mine)
    assert Decimal(str(changed["TotalAmt"])) == 324
    assert (changed["DocNumber"], changed["TxnDate"]) == ("10309", "2026-11-20")
    assert "syncro:invoice:309:" in changed["PrivateNote"]
    world.publish("invoice.updated", invoice_detail(version=6))  # back to what it was when it was linked
    world.run()
    assert Decimal(str(now(world, mine)["TotalAmt"])) == 216
    assert len(now(world, mine)["Line"]) == 3, "Syncro's two and the subtotal"
    assert len(world.companies[ACCOUNT].entities("Invoice")) == 1


def test_what_the_bookkeeper_changed_after_linking_is_asked_about(world: JobWorld) -> None:
    in_syncro(world, 309)
    mine = in_quickbooks(world, "10309")
    world.begin(LINK)
    world.confirm(LINK)
    edited = world.companies[ACCOUNT].edit_by_hand("Invoice", mine["Id"], {"DueDate": "2027-01-31"})
    world.publish("invoice.updated", invoice_detail(version=2, due_date="2026-12-30T00:00:00.000Z"))
    world.run()
    assert codes(world, "invoice", 309) == ("needs_attention", ["edited_in_quickbooks"])
    assert now(world, mine) == edited
    world.publish("invoice.updated", invoice_detail(version=3))  # Syncro takes it back: nothing is left to be sent
    world.run()
    assert codes(world, "invoice", 309) == ("synced", [])
    assert now(world, mine) == edited


def test_overwriting_what_was_linked_ends_its_being_left_alone(world: JobWorld) -> None:
    in_syncro(world, 309)
    mine = in_quickbooks(world, "10309")
    world.begin(LINK)
    world.confirm(LINK)
    world.companies[ACCOUNT].edit_by_hand("Invoice", mine["Id"], {"DueDate": "2027-01-31"})
    lines = [line(1, 3), line(2, 4), line(3, 4)]
    world.publish("invoice.updated", invoice_detail(version=2, lines=lines, totals=("300.00", "24.00", "324.00")))
    world.run()
    key = RecordKey(Kind.INVOICE, "309")
    (asked,) = world.deployment.decisions.view(ACCOUNT, key).record.problems
    (overwrite,) = (action for action in asked.actions if action.name == "overwrite")
    world.deployment.decisions.run(ACCOUNT, key, Wanted("overwrite", overwrite.params), "user-1")
    world.run()
    assert (now(world, mine)["DueDate"], now(world, mine)["TotalAmt"]) == ("2026-12-04", 324)
    world.publish("invoice.updated", invoice_detail(version=3))  # again what it was when it was linked
    world.run()
    assert codes(world, "invoice", 309) == ("synced", [])
    assert now(world, mine)["TotalAmt"] == 216


def test_what_somebody_had_posted_unapplied_is_applied_once_its_invoice_is_linked(world: JobWorld) -> None:
    in_syncro(world, 309, told=True)
    mine = in_quickbooks(world, "10309")
    paid_in_syncro(world, 344, "100.00")
    key = RecordKey(Kind.PAYMENT, "344")
    world.deployment.decisions.run(ACCOUNT, key, Wanted("post_unapplied", {}), "user-1")
    world.run()
    (payment,) = world.companies[ACCOUNT].entities("Payment")
    assert (payment["UnappliedAmt"], now(world, mine)["Balance"]) == (100, 216)
    assert world.begin(LINK).counts == {"matches": 1}
    world.confirm(LINK)
    assert open_in_both(world, mine) == (Decimal(116), Decimal(116))
    assert len(world.companies[ACCOUNT].entities("Payment")) == 1


def test_force_update_waits_for_the_event_that_says_how_it_is_taxed(world: JobWorld) -> None:
    in_syncro(world, 309)
    mine = in_quickbooks(world, "10309")
    world.begin(LINK)
    world.confirm(LINK)
    force(world)
    assert codes(world, "invoice", 309) == ("synced_with_warning", ["told_by_api_only"])
    assert now(world, mine) == mine
    world.publish("invoice.updated", invoice_detail(version=2))
    world.run()
    assert codes(world, "invoice", 309) == ("synced", [])
    assert len(now(world, mine)["Line"]) == 3, "Force Update sends all, as Syncro says it"


def test_an_invoice_that_only_the_api_told_of_is_never_sent(world: JobWorld) -> None:
    in_syncro(world, 309)
    world.begin(LINK)
    force(world)
    assert codes(world, "invoice", 309) == ("needs_attention", ["told_by_api_only"])
    assert world.companies[ACCOUNT].entities("Invoice") == []


# -- between the report and the link -----------------------------------------------------------------------------------


def test_what_changed_since_the_report_is_not_linked(world: JobWorld) -> None:
    company = world.companies[ACCOUNT]
    made = {}
    for number in range(1, 6):
        in_syncro(world, number, number=f"E-{number}")
        made[number] = in_quickbooks(world, f"E-{number}")
    assert world.begin(LINK).counts == {"matches": 5}
    company.edit_by_hand("Invoice", made[1]["Id"], {"DocNumber": "E-1x"})
    company.void_by_hand("Invoice", made[2]["Id"])
    company.delete_by_hand("Invoice", made[3]["Id"])
    in_syncro(world, 4, number="E-4", told=True, totals=("300.00", "24.00", "324.00"))
    done = world.confirm(LINK)
    assert (done.state, done.done, done.not_done) == (JobState.DONE, 1, 4)
    results = {name.split()[0]: result for name, result in world.results(LINK).items()}
    assert results == {"E-5": Result.DONE, **dict.fromkeys(("E-1", "E-2", "E-3", "E-4"), Result.CHANGED)}
    assert codes(world, "invoice", 4) == ("skipped", ["before_start_date"])


def test_a_report_counts_for_a_day_and_can_be_cancelled(world: JobWorld) -> None:
    in_syncro(world, 309)
    mine = in_quickbooks(world, "10309")
    job = world.begin(LINK)
    jobs = world.deployment.jobs
    with pytest.raises(JobRefused, match="One link of open invoices is going on"):
        jobs.start(ACCOUNT, LINK, "user-1")
    world.run_for(timedelta(hours=25))
    with pytest.raises(JobRefused, match="more than a day old"):
        jobs.confirm(ACCOUNT, LINK, job.id, "user-1")
    jobs.cancel(ACCOUNT, LINK, job.id, "user-1")
    world.run()
    assert world.job(LINK).state is JobState.CANCELLED
    assert world.begin(LINK).counts == {"matches": 1}
    world.confirm(LINK)
    assert now(world, mine) == mine
    assert world.begin(LINK).counts == {"linked": 1}


def test_the_nightly_comparison_has_nothing_to_say_of_what_was_linked(world: JobWorld) -> None:
    in_syncro(world, 309)
    paid_in_syncro(world, 344, "16.00", told=False)
    mine = in_quickbooks(world, "10309", paid="16.00")
    world.begin(LINK)
    world.confirm(LINK)
    paid_in_syncro(world, 345, "100.00")
    assert open_in_both(world, mine) == (Decimal(100), Decimal(100))
    world.clock.advance_to(world.deployment.nights.tonight())
    found = world.deployment.nightly.run(ACCOUNT)
    assert found is not None
    assert found.listed == []
    (invoices, payments) = (found.kinds[kind] for kind in (Kind.INVOICE, Kind.PAYMENT))
    assert (invoices.syncro.open, invoices.quickbooks.open) == (Decimal(100), Decimal(100))
    assert payments.syncro.total == payments.quickbooks.total == 100


@pytest.mark.parametrize("voided", [False, True])
def test_at_night_a_payment_that_both_had_and_syncro_deleted_counts_as_quickbooks_shows_it(
    voided: bool, world: JobWorld
) -> None:
    in_syncro(world, 309)
    paid = paid_in_syncro(world, 344, "16.00", told=False)
    in_quickbooks(world, "10309", paid="16.00")
    world.begin(LINK)
    world.confirm(LINK)
    world.publish("payment.deleted", {**paid, "version": 2})
    world.run()
    if voided:
        (there,) = world.companies[ACCOUNT].entities("Payment")
        world.companies[ACCOUNT].void_by_hand("Payment", there["Id"])
    world.clock.advance_to(world.deployment.nights.tonight())
    found = world.deployment.nightly.run(ACCOUNT)
    assert found is not None
    invoices = found.kinds[Kind.INVOICE]
    left = Decimal(216) if voided else Decimal(200)
    assert (invoices.syncro.open, invoices.quickbooks.open) == (Decimal(216), left)
    assert [(each.line, each.open) for each in found.listed if each.key.kind is Kind.INVOICE] == (
        [] if voided else [(Line.SKIPPED, Decimal(16))]
    )


def test_settings_that_change_send_nothing_of_what_was_linked(world: JobWorld) -> None:
    in_syncro(world, 309)
    mine = in_quickbooks(world, "10309")
    world.begin(LINK)
    world.confirm(LINK)
    company = world.companies[ACCOUNT]
    changed: dict[str, Any] = ready_settings(company, start_date="2026-01-01")
    world.deployment.accounts.save_settings(ACCOUNT, changed, version=2)
    world.run_for(timedelta(hours=25))
    assert now(world, mine) == mine
    # An overpayment: the invoice is paid, the rest is the customer's.
    paid = payment_detail(344, "300.00", [allocation(309, "216.00")], applied_at="2026-11-26T00:00:00.000Z")
    world.publish("payment.created", paid)
    world.run()
    (payment,) = company.entities("Payment")
    assert (now(world, mine)["Balance"], payment["UnappliedAmt"]) == (0, 84)
