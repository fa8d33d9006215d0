"""The function behind the service may do in AWS what its sessions do, and no more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulators.quickbooks_desktop import AnswerLost
from emulators.quickbooks_desktop.web_connector import Around
from local.cloudformation import load, properties, resources, statements
from tests.support import aws
from tests.support.office import Office, sets
from tests.support.office_events import credit, invoice, payment

pytestmark = pytest.mark.usefixtures("aws_services")

_ACTIONS = {
    "GetItem": "GetItem",
    "BatchGetItem": "BatchGetItem",
    "Query": "Query",
    "PutItem": "PutItem",
    "UpdateItem": "UpdateItem",
    "DeleteItem": "DeleteItem",
    # Of a transaction IAM checks each member as what it does.
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


@contextmanager
def actions() -> Iterator[set[str]]:
    """The actions that the calls made meanwhile need, by IAM's names."""
    needed: set[str] = set()

    def made(params: dict[str, Any], model: Any, **_: object) -> None:
        names = [model.name]
        if model.name == "TransactWriteItems":
            names = [name for member in params["TransactItems"] for name in member]
        prefix = model.service_model.service_name
        needed.update(f"{prefix}:{_ACTIONS.get(name, name)}" for name in names)

    clients = [aws.client(service).meta.events for service in ("dynamodb", "sqs")]
    for events in clients:
        events.register("provide-client-params.*.*", made)
    try:
        yield needed
    finally:
        for events in clients:
            events.unregister("provide-client-params.*.*", made)


def test_sessions_need_exactly_what_the_template_allows() -> None:
    """First session, new documents, a lost answer and its recovery, a change, a credit, a removal."""
    office = Office(ready=False, on_wire=True)
    with actions() as needed:
        office.run()  # the lists are read
    office.choose()
    office.publish("invoice.created", invoice())
    office.publish("payment.created", payment(501, (309, "100.00"), amount="100.00"))
    office.connector.around = _lose_the_first_answer()
    with actions() as found:
        office.interrupted_run()
        recovered = office.run()
    needed |= found
    assert sets(recovered) == []
    for detail_type, detail in (
        ("store_credit.created", credit(61, "20.00")),
        ("payment.updated", payment(501, (309, "100.00"), amount="100.00", version=2, success=False)),
        ("invoice.updated", invoice(version=2, note="Thank you")),
    ):
        office.publish(detail_type, detail)
        with actions() as found:
            office.run()
        needed |= found
    assert len(office.company.entities("Invoice")) == len(office.company.entities("CreditMemo")) == 1
    assert office.company.entities("ReceivePayment") == []
    allowed = statements(properties(resources(load())["QbdSoapFunction"]))
    assert needed == {str(action) for statement in allowed for action in statement["Action"]}  # type: ignore[union-attr]  # a list


def _lose_the_first_answer() -> Around:
    """QuickBooks has done what it was asked, and the computer goes off before anybody is told."""
    lost: list[str] = []

    def around(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "ProcessRequest" and not lost:
            lost.append(name)
            raise AnswerLost
        return answer

    return around
