"""The dry run of a Desktop account: it leaves no trace, and what it shows is what the next session is given."""

import json
import re

import pytest

from syncro_quickbooks.desktop.dry_run import DesktopDryRun, SessionPlan
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from tests.support.events import ACCOUNT
from tests.support.office import Office
from tests.support.office_events import invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")


def plan(office: Office, only: RecordKey | None = None) -> SessionPlan:
    connection = office.accounts.connection(ACCOUNT)
    assert connection is not None
    before = json.dumps(office.service.dynamodb.scan(TableName=office.service.table._name)["Items"], default=str)
    planned = DesktopDryRun(office.service.table, office.clock, office.service.log).plan(connection, only)
    after = json.dumps(office.service.dynamodb.scan(TableName=office.service.table._name)["Items"], default=str)
    assert after == before, "a dry run leaves no trace"
    return planned


def without_ids(qbxml: str) -> str:
    return re.sub(r'MessageSetID="[0-9a-f]*"', "", qbxml)


def test_what_is_shown_is_what_the_next_session_is_given() -> None:
    office = Office()
    office.run()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment())
    office.clock.sleep(60)
    planned = plan(office)
    assert planned.ended == "done"
    (shown,) = [step for step in planned.steps if step.qbxml]
    assert [str(each.key) for each in shown.members] == ["customer#72", "invoice#309", "payment#501"]
    assert "depends on it" in planned.steps[-1].read
    sent = [without_ids(exchange.request) for exchange in office.run().exchanges]
    assert sent[0] == without_ids(shown.qbxml)


def test_one_record_and_what_stands_in_its_way() -> None:
    office = Office()
    office.run()
    office.publish("invoice.created", invoice(number="1" * 12))
    planned = plan(office, RecordKey(Kind.INVOICE, "309"))
    assert [step.qbxml for step in planned.steps if step.qbxml] == []
    standing = {str(each.key): each.status for each in planned.records}
    assert standing["invoice#309"] is Status.NEEDS_ATTENTION


def test_before_the_first_session_the_lists_come_first() -> None:
    office = Office()
    office.publish("invoice.created", invoice())
    planned = plan(office)
    assert planned.steps == ()
    assert planned.ended != "done"
