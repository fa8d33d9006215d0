"""The nightly comparison against the emulator. Every sum is worked out by hand: invoices are over 216.00 each."""

from datetime import timedelta
from typing import Any

import pytest

from emulators.quickbooks_online import Fault
from syncro_quickbooks.online.read_budget import ReadPurpose
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.decisions import Wanted
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.reconciliation import Line, Reconciliation
from tests.support.boundaries import Boundaries, Mode
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.sums import assert_adds_up, figures, lines
from tests.support.world import World

pytestmark = pytest.mark.usefixtures("aws_services")

DAY = timedelta(days=1)


def connected() -> World:
    world = World()
    world.connect(everything=True)
    world.run()
    return world


def night(world: World) -> Reconciliation:
    """The coming night's comparison."""
    world.clock.advance_to(world.deployment.nights.tonight())
    assert world.deployment.nights.due() == [ACCOUNT]
    found = world.deployment.nightly.run(ACCOUNT)
    assert found is not None
    return found


def polled(world: World) -> int:
    """The metered reads that comparisons have cost so far."""
    return world.deployment.read_budget.meter().used_for[ReadPurpose.POLL]


def invoice_in_books(world: World, number: int) -> dict[str, Any]:
    (found,) = (i for i in world.companies[ACCOUNT].entities("Invoice") if i["DocNumber"] == f"10{number}")
    return found


def test_where_everything_arrived_both_sides_say_the_same() -> None:
    world = connected()
    for number in (1, 2):
        world.publish("invoice.created", invoice_detail(number))
    world.publish("payment.created", payment_detail(11, "100.00", [allocation(1, "100.00")]))
    world.run()
    found = night(world)
    invoices, payments = found.kinds[Kind.INVOICE], found.kinds[Kind.PAYMENT]
    assert figures(invoices.syncro) == figures(invoices.quickbooks) == (2, "432.00", "332.00")
    assert figures(payments.syncro) == figures(payments.quickbooks) == (1, "100.00", "0")
    assert found.listed == []
    assert polled(world) == 2  # one for the invoices, one for the payments


def copy_by_hand(world: World) -> None:
    """Somebody copies invoice 1 in QuickBooks, our mark with it."""
    original = invoice_in_books(world, 1)
    copied = {name: original[name] for name in ("CustomerRef", "Line", "PrivateNote", "TxnDate", "TxnTaxDetail")}
    copied["Line"] = [line for line in copied["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    world.companies[ACCOUNT].create_by_hand("Invoice", {**copied, "DocNumber": "101 copy"})


def test_every_difference_is_explained_or_named() -> None:
    world = connected()
    company = world.companies[ACCOUNT]
    for number in (1, 2, 3, 6):
        world.publish("invoice.created", invoice_detail(number))
    world.publish("invoice.created", invoice_detail(4, number="N" * 22))  # QuickBooks takes 21 characters
    refund = invoice_detail(5, is_refund=True, totals=("-100.00", "-8.00", "-108.00"))
    world.publish("invoice.created", refund)
    world.run()
    world.publish("payment.created", payment_detail(11, "216.00", [allocation(1, "216.00")]))
    world.publish("payment.created", payment_detail(12, "100.00", [allocation(6, "100.00")]))
    world.publish("payment.created", payment_detail(13, "50.00", [allocation(4, "50.00")]))
    world.run()

    company.delete_by_hand("Invoice", invoice_in_books(world, 2)["Id"])
    edited = invoice_in_books(world, 3)
    changed = edited["Line"]
    changed[0]["Amount"] = changed[0]["SalesItemLineDetail"]["UnitPrice"] = 150
    company.edit_by_hand("Invoice", edited["Id"], {"Line": changed})  # (150 + 100) at 8 %: 270.00
    (hundred,) = (p for p in company.entities("Payment") if str(p["TotalAmt"]) == "100.00")
    company.void_by_hand("Payment", hundred["Id"])

    found = night(world)
    assert_adds_up(found)
    invoices, payments = found.kinds[Kind.INVOICE], found.kinds[Kind.PAYMENT]
    # 5 x 216.00 - 108.00; open: 0, 216, 216, 216 - 50, -108 and 216 - 100
    assert figures(invoices.syncro) == (6, "972.00", "606.00")
    # 216.00, 270.00 and 216.00, of which the first is paid
    assert figures(invoices.quickbooks) == (3, "702.00", "486.00")
    assert lines(invoices) == {
        Line.FAILED: (1, "216.00", "216.00"),
        Line.SKIPPED: (1, "-108.00", "-108.00"),
        Line.WAITING: (0, "0", "-50.00"),  # the payment of 50.00 that waits for its invoice
        Line.UNEXPLAINED: (1, "162.00", "62.00"),  # 216.00 - 54.00; open 216.00 - 54.00 - 100.00
    }
    assert figures(payments.syncro) == (3, "366.00", "0")
    assert figures(payments.quickbooks) == (1, "216.00", "0")
    assert lines(payments) == {Line.WAITING: (1, "50.00", "0"), Line.UNEXPLAINED: (1, "100.00", "0")}

    assert sorted(each.reason for each in found.unexplained) == [
        "Invoice 102 is deleted or void in QuickBooks.",
        "Invoice 103 is 270.00 in QuickBooks and was 216.00 when it was last written.",
        "Invoice 106 is open by 116.00 in Syncro and by 216.00 in QuickBooks.",
        "Payment 112 is deleted or void in QuickBooks.",
    ]
    explained = {(str(each.key), each.line) for each in found.listed if each.line is not Line.UNEXPLAINED}
    assert explained == {
        ("invoice#4", Line.FAILED),
        ("invoice#4", Line.WAITING),
        ("invoice#5", Line.SKIPPED),
        ("payment#13", Line.WAITING),
    }
    assert all(each.reason for each in found.listed)
    assert not any(each.double for each in found.listed)
    assert polled(world) == 3  # invoices, payments, and the one invoice that was missing

    (kept,) = world.deployment.nights.newest(ACCOUNT, 5)
    assert kept.unexplained == 4
    problem = kept.report["problem"]
    assert isinstance(problem, dict)
    assert "4 documents differ" in str(problem["message"])
    assert all(name in str(problem["message"]) for name in ("Invoice 102", "Invoice 103", "Invoice 106", "Payment 112"))


def test_credits_write_offs_and_the_rest_of_payments_are_booked_elsewhere_and_leave_nothing_unexplained() -> None:
    world = connected()
    for number in (1, 2):
        world.publish("invoice.created", invoice_detail(number))
    world.publish("store_credit.created", store_credit_detail(61, "30.00"))
    world.publish("payment.created", payment_detail(11, "316.00", [allocation(1, "216.00")]))  # 100.00 too much
    world.run()
    credit = payment_detail(12, "30.00", [allocation(2, "30.00", 61)], method="Store Credit")
    rest = payment_detail(13, "100.00", [allocation(2, "100.00", 11)], method="Store Credit")
    bad = payment_detail(14, "20.00", [allocation(2, "20.00")], method="Bad Debt")
    kept = payment_detail(15, "10.00", [allocation(2, "10.00")], method="Barter")  # not sent, by the settings
    for each in (credit, rest, bad, kept):
        world.publish("payment.created", each)
        world.run()
    found = night(world)
    assert_adds_up(found)
    assert found.unexplained == []
    invoices, payments = found.kinds[Kind.INVOICE], found.kinds[Kind.PAYMENT]
    # Open in Syncro: 0 and 216 - 30 - 100 - 20 - 10; QuickBooks does not know of the 10.00.
    assert figures(invoices.syncro) == (2, "432.00", "56.00")
    assert figures(invoices.quickbooks) == (2, "432.00", "66.00")
    # The second invoice carries a warning that it is open in QuickBooks by 10.00: a note, no difference of its total.
    assert lines(invoices) == {Line.SKIPPED: (0, "0", "-10.00"), Line.WARNED: (0, "0.00", "0.00")}
    assert str(payments.syncro.total) == "476.00"
    assert str(payments.of(Line.SKIPPED).total) == "10.00"
    assert str(payments.of(Line.ELSEWHERE).total) == "150.00"
    assert all(each.reason for each in found.listed)
    assert str(payments.quickbooks.total) == "316.00"
    assert str(found.kinds[Kind.WRITE_OFF].quickbooks.total) == "20.00"


def test_a_reversed_invoice_stands_beside_its_credit_memo_and_nothing_is_unexplained() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.publish("payment.created", payment_detail(11, "150.00", [allocation(1, "150.00")]))
    world.run()
    world.publish("invoice.deleted", invoice_detail(1, version=2))
    world.run()
    key = RecordKey(Kind.INVOICE, "1")
    world.deployment.decisions.run(ACCOUNT, key, Wanted("reverse", {}), "somebody")
    world.run()
    found = night(world)
    assert_adds_up(found)
    assert (str(found.kinds[Kind.REVERSAL].syncro.total), str(found.kinds[Kind.REVERSAL].quickbooks.total)) == (
        "216.00",
        "216.00",
    )
    assert [Line.UNEXPLAINED in sums.lines for sums in found.kinds.values()] == [False] * 4


def test_a_second_document_with_our_marker_is_found_although_no_record_is_linked_to_it() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    copy_by_hand(world)
    found = night(world)
    assert_adds_up(found)
    (twice,) = found.unexplained
    assert "101 copy" in twice.name
    assert str(twice.total) == "-216.00"
    assert twice.double


def test_what_the_bookkeeper_enters_besides_is_nobody_elses_business() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    original = invoice_in_books(world, 1)
    own = {name: original[name] for name in ("CustomerRef", "TxnDate")}
    own["Line"] = [line for line in original["Line"] if line["DetailType"] == "SalesItemLineDetail"]
    world.companies[ACCOUNT].create_by_hand("Invoice", {**own, "DocNumber": "HAND"})
    found = night(world)
    assert found.listed == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (1, "216.00", "216.00")


def test_a_document_that_was_moved_to_another_month_by_hand_is_still_the_same_money() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world.companies[ACCOUNT].edit_by_hand("Invoice", invoice_in_books(world, 1)["Id"], {"TxnDate": "2026-03-01"})
    assert night(world).listed == []


def test_an_account_where_nothing_happens_costs_no_read_for_four_weeks() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    night(world)
    reads = polled(world)
    assert reads == 1
    for _ in range(27):
        world.clock.sleep(DAY.total_seconds())
        assert world.deployment.nights.due() == []
        assert world.deployment.nightly.run(ACCOUNT) is None  # also if somebody asks for it
    assert polled(world) == 0  # a new month's counter, and nothing in it
    world.clock.sleep(DAY.total_seconds())
    assert world.deployment.nights.due() == [ACCOUNT]
    world.deployment.nightly.run(ACCOUNT)
    assert polled(world) == 1


def test_the_night_after_a_change_it_is_compared_again_but_once() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    night(world)
    world.clock.sleep(3600)
    world.publish("invoice.created", invoice_detail(2))
    world.run()
    assert world.deployment.nights.due() == []
    assert figures(night(world).kinds[Kind.INVOICE].quickbooks) == (2, "432.00", "432.00")
    assert world.deployment.nightly.run(ACCOUNT) is None  # the message came twice
    assert len(world.deployment.nights.newest(ACCOUNT, 10)) == 2


def pushed_but_killed(at: int) -> World:
    """A world whose push was killed at a call; what it left to be done another one has done."""
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.clock.sleep(11)
    world.start(Boundaries(at=at, mode=Mode.AFTER))
    world.push()
    world.run()
    return world


def test_whoever_is_killed_while_it_pushes_leaves_the_account_due() -> None:
    calls = pushed_but_killed(-1).boundaries.calls
    assert any(call.startswith("qbo.POST") for call in calls)
    for at, call in enumerate(calls):
        world = pushed_but_killed(at)
        assert world.boundaries.hit == call
        world.clock.advance_to(world.deployment.nights.tonight())
        assert world.deployment.nights.due() == [ACCOUNT], f"killed at {call}"


def killed_just_before_the_night(at: int) -> World:
    """An invoice is changed and paid, another one is new; the push was killed at a call, and nobody has gone on."""
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world.clock.advance_to(world.deployment.nights.tonight() - timedelta(seconds=30))
    more = [line(1, 3), line(2, 4, quantity="3.0")]
    world.publish("invoice.updated", invoice_detail(1, version=2, lines=more, totals=("400.00", "32.00", "432.00")))
    world.publish("invoice.created", invoice_detail(2))
    world.publish("payment.created", payment_detail(11, "100.00", [allocation(1, "100.00")]))
    world.clock.sleep(11)
    world.deployment.tokens.access_token(ConnectionKey(ACCOUNT, "9130001"))  # a refresh that is killed is another story
    world.start(Boundaries(at=at, mode=Mode.AFTER))
    world.push()
    return world


def test_what_is_being_written_when_the_night_comes_is_no_difference() -> None:
    calls = killed_just_before_the_night(-1).boundaries.calls
    assert sum(call.startswith("qbo.POST") for call in calls) >= 2
    for at, call in enumerate(calls):
        world = killed_just_before_the_night(at)
        assert world.boundaries.hit == call
        world.start(Boundaries())
        world.clock.advance_to(world.deployment.nights.tonight())
        found = world.deployment.nightly.run(ACCOUNT)
        assert found is not None
        assert_adds_up(found)
        assert found.unexplained == [], f"killed at call {at} ({call})"


def test_what_is_unexplained_is_told_every_night_until_it_is_mended_and_then_no_more() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    copy_by_hand(world)
    for _ in range(4):
        assert ["101 copy" in each.name for each in night(world).unexplained] == [True]
    (copy,) = (each for each in world.companies[ACCOUNT].entities("Invoice") if each["DocNumber"] == "101 copy")
    world.companies[ACCOUNT].delete_by_hand("Invoice", copy["Id"])
    assert night(world).unexplained == []
    world.clock.sleep((5 * DAY).total_seconds())
    assert world.deployment.nights.due() == []


@pytest.mark.parametrize("allowance", ["0", "1"])
def test_without_reads_left_for_polls_the_books_go_on_and_the_night_is_put_off(allowance: str) -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world._environ["READ_ALLOWANCE"] = allowance
    world.deployment = world.process()
    world.clock.advance_to(world.deployment.nights.tonight())
    assert world.deployment.nightly.run(ACCOUNT) is None
    assert world.deployment.nights.due() == []
    assert world.deployment.nights.newest(ACCOUNT, 1) == []
    world.clock.sleep(DAY.total_seconds())
    assert world.deployment.nights.due() == [ACCOUNT]


def test_a_consent_that_the_night_finds_lost_pauses_the_connection_and_the_next_night_compares() -> None:
    """With nothing to push the night is the only one to notice, and the console asks for a sign-in by this pause."""
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world.emulator.oauth.disconnect("9130001")
    world.clock.advance_to(world.deployment.nights.tonight())
    assert world.deployment.nightly.run(ACCOUNT) is None
    connection = world.deployment.accounts.connection(ACCOUNT)
    assert connection is not None
    pause = world.deployment.accounts.health(connection).pause
    assert pause is not None
    assert (pause.problem.code, pause.until) == ("qbo_invalid_grant", None)
    world.sign_in(ACCOUNT, "9130001")
    assert night(world).listed == []


def test_a_night_that_ends_in_a_crash_is_not_read_again_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world.clock.advance_to(world.deployment.nights.tonight())

    def out_of_memory(*_: object) -> object:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("syncro_quickbooks.sync.reconciling.reconcile", out_of_memory)
        with pytest.raises(MemoryError):  # an error of the function, which has its alarm
            world.deployment.nightly.run(ACCOUNT)
    assert polled(world) == 1
    assert world.deployment.nightly.run(ACCOUNT) is None  # SQS hands the message out again
    assert world.deployment.nights.due() == []
    assert polled(world) == 1
    world.clock.sleep(DAY.total_seconds())
    assert world.deployment.nights.due() == [ACCOUNT]
    assert world.deployment.nightly.run(ACCOUNT) is not None


def test_an_answer_that_is_cut_off_is_no_difference() -> None:
    world = connected()
    world.publish("invoice.created", invoice_detail(1))
    world.run()
    world.clock.advance_to(world.deployment.nights.tonight())
    world.emulator.faults.add(Fault(kind="truncate", operation="query"))
    assert world.deployment.nightly.run(ACCOUNT) is None
    assert world.deployment.nights.newest(ACCOUNT, 1) == []


def test_where_payments_are_not_sent_what_is_open_is_not_compared() -> None:
    world = connected()
    settings = world.deployment.accounts.connection(ACCOUNT)
    assert settings is not None
    assert settings.settings is not None
    off = {**settings.settings, "sync_payments_to": False}
    world.deployment.accounts.save_settings(ACCOUNT, off, version=settings.settings_version)
    world.publish("invoice.created", invoice_detail(1))
    world.publish("payment.created", payment_detail(11, "216.00", [allocation(1, "216.00")]))
    world.run()
    found = night(world)
    assert found.unexplained == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (1, "216.00", "0")


def test_a_thousand_and_one_invoices_cost_two_reads() -> None:
    world = connected()
    for number in range(1, 1002):
        world.publish("invoice.created", invoice_detail(number, number=f"N{number}"))
    world.run()
    found = night(world)
    assert found.listed == []
    assert figures(found.kinds[Kind.INVOICE].quickbooks) == (1001, "216216.00", "216216.00")
    assert polled(world) == 2
