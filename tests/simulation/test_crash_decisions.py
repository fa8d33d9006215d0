"""A decision is interrupted at its calls, when it is taken in and when it is carried out: it is carried out once."""

from decimal import Decimal

import botocore.exceptions
import pytest

from syncro_quickbooks.sync.decisions import NotNow, Wanted, decision_token
from syncro_quickbooks.sync.model import Kind, RecordKey
from tests.support.books import assert_each_once, is_void, standing
from tests.support.boundaries import Crash, Mode
from tests.support.crashing import History
from tests.support.events import ACCOUNT, invoice_detail, line
from tests.support.payment_events import payment_detail
from tests.support.world import World, ready_settings

pytestmark = pytest.mark.usefixtures("aws_services")

INVOICE = RecordKey(Kind.INVOICE, "309")
CUSTOMER = RecordKey(Kind.CUSTOMER, "72")


def decide(world: World, key: RecordKey, action: str, **params: str) -> None:
    """Press until there is an answer, as a person does; then everything settles."""
    token = ""
    for _ in range(3):
        try:
            token = token or decision_token(world.deployment.decisions.view(ACCOUNT, key).record)
            world.deployment.decisions.run(ACCOUNT, key, Wanted(action, params, decision=token), "somebody")
        except Crash:
            world.boundaries.revive()
        except botocore.exceptions.BotoCoreError:
            pass
        except NotNow:
            break  # taken in before the answer was lost, and done meanwhile
        else:
            break
    world.run()


def newer(world: World) -> None:
    """The invoice has 432.00 in Syncro now."""
    lines = [line(1, 3), line(2, 4, quantity="3.0")]
    world.publish("invoice.updated", invoice_detail(version=2, lines=lines, totals=("400.00", "32.00", "432.00")))
    world.run()


def posted(world: World) -> None:
    world.publish("invoice.created", invoice_detail())
    world.run()


def gone_by_hand(world: World) -> None:
    posted(world)
    company = world.companies[ACCOUNT]
    company.delete_by_hand("Invoice", company.entities("Invoice")[0]["Id"])
    newer(world)


def edited_by_hand(world: World) -> None:
    posted(world)
    company = world.companies[ACCOUNT]
    company.edit_by_hand("Invoice", company.entities("Invoice")[0]["Id"], {"DocNumber": "A-77"})
    newer(world)


def deleted(world: World) -> None:
    settings = ready_settings(world.companies[ACCOUNT], invoice_deletion="ask")
    world.deployment.accounts.save_settings(ACCOUNT, settings, version=1)
    posted(world)
    world.publish("invoice.deleted", invoice_detail(version=2))


def deleted_and_paid(world: World) -> None:
    """Deleted in Syncro while 150.00 of 216.00 are paid."""
    posted(world)
    world.publish("payment.created", payment_detail(amount="150.00"))
    world.run()
    world.publish("invoice.deleted", invoice_detail(version=2))


def ambiguous(world: World) -> None:
    """Another customer has the e-mail address."""
    entry = {"DisplayName": "Returns Ltd", "PrimaryEmailAddr": {"Address": "billing72@example.com"}}
    world.companies[ACCOUNT].create_by_hand("Customer", entry)
    posted(world)


def check_one(world: World, amount: int, number: str = "10309") -> None:
    company = world.companies[ACCOUNT]
    (invoice,) = standing(company)
    assert (Decimal(str(invoice["TotalAmt"])), invoice["DocNumber"]) == (Decimal(amount), number)
    assert world.record("invoice", 309)["status"] == "synced"
    assert_each_once(company)


def check_void(world: World) -> None:
    (invoice,) = world.companies[ACCOUNT].entities("Invoice")
    assert is_void(invoice)
    assert world.record("invoice", 309)["status"] == "synced"


def check_reversed(world: World) -> None:
    """One credit memo, of which one payment of nothing applies what was open."""
    company = world.companies[ACCOUNT]
    (memo,) = company.entities("CreditMemo")
    (invoice,) = standing(company)
    assert (Decimal(str(memo["TotalAmt"])), Decimal(str(memo["RemainingCredit"]))) == (Decimal(216), Decimal(150))
    assert (invoice["Balance"], len(company.entities("Payment"))) == (0, 2)
    assert world.record("invoice", 309)["status"] == "synced_with_warning"
    assert_each_once(company)


def check_linked(world: World) -> None:
    assert [each["DisplayName"] for each in world.companies[ACCOUNT].entities("Customer")] == ["Returns Ltd"]
    check_one(world, 216)


def check_suffixed(world: World) -> None:
    names = sorted(each["DisplayName"] for each in world.companies[ACCOUNT].entities("Customer"))
    assert names == ["Returns Ltd", "Returns R Us #72"]
    check_one(world, 216)


HISTORIES = [
    History("recreate", gone_by_hand, lambda world: decide(world, INVOICE, "recreate"), lambda w: check_one(w, 432)),
    History(
        "overwrite", edited_by_hand, lambda world: decide(world, INVOICE, "overwrite"), lambda w: check_one(w, 432)
    ),
    History("void", deleted, lambda world: decide(world, INVOICE, "void"), check_void),
    History("reverse", deleted_and_paid, lambda world: decide(world, INVOICE, "reverse"), check_reversed),
    History("link", ambiguous, lambda world: decide(world, CUSTOMER, "link"), check_linked),
    History("suffix", ambiguous, lambda world: decide(world, CUSTOMER, "create_with_suffix"), check_suffixed),
]


@pytest.mark.parametrize("mode", [Mode.BEFORE, Mode.AFTER, Mode.LOST])
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_a_decision_is_carried_out_once(history: History, mode: Mode) -> None:
    offset = [Mode.BEFORE, Mode.AFTER, Mode.LOST].index(mode)
    history.interrupted_everywhere(mode, offset, 3)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
def test_a_write_of_a_decision_that_comes_late(history: History) -> None:
    history.interrupted_everywhere(Mode.LATE)
