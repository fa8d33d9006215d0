"""The SOAP service as deployed: REST API, function, permissions and table are the stack's own."""

import json
from functools import cache

import requests
from lxml import etree

from emulators.quickbooks_desktop import CompanyFile, WebConnector
from local import accounts, books, deployment
from local.config import Config
from local.stack import Stack
from syncro_quickbooks.clock import SystemClock
from syncro_quickbooks.desktop.sessions import Sessions
from syncro_quickbooks.storage.table import Table
from tests.support import events
from tests.support.office import ready_settings

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def desktop_account(config: Config) -> dict[str, str]:
    described = json.loads((config.state / "stack.json").read_text(encoding="utf-8"))
    (account,) = (one for one in described["accounts"] if one["edition"] == "desktop")
    return account


@cache
def company_file() -> CompanyFile:
    """The one company file on the customer's computer."""
    return CompanyFile(name="Demo Desktop Books")


def connector(config: Config, password: str) -> WebConnector:
    account = desktop_account(config)
    return WebConnector(
        company=company_file(),
        url=account["qbwc_url"],
        user=account["qbwc_user"],
        password=password,
        file_id=account["realm_id"],
    )


def test_a_web_connector_logs_in_with_what_stack_json_says(up: Stack, config: Config) -> None:
    report = connector(config, desktop_account(config)["qbwc_password"]).run()
    assert (report.outcome, report.calls[:5]) == (
        "done",
        ["serverVersion", "clientVersion", "authenticate", "sendRequestXML", "receiveResponseXML"],
    )
    assert "ItemQueryRq" in report.exchanges[0].request  # the first session reads the lists


def test_an_invoice_from_the_bus_is_in_the_company_file(up: Stack, config: Config) -> None:
    """Bus, rule, intake and the SOAP function with its own permissions; the settings name what the lists brought."""
    account = desktop_account(config)
    office = connector(config, account["qbwc_password"])
    office.run()
    parts = accounts.deployed(up)
    connection = parts.accounts.connection(account["account_id"])
    assert connection is not None
    parts.accounts.save_settings(
        account["account_id"], ready_settings(office.company), version=connection.settings_version
    )
    event = books.sample("invoice_created.json")
    event["detail"] = events.invoice_detail(  # type: ignore[assignment]  # a template's node
        account=account["account_id"],
        totals=("200.00", "16.50", "216.50"),
        products=[events.product(3, name="Managed Services"), events.product(4)],
    )
    books.publish(up, [event])
    for _ in books.until(60, every=1):
        report = office.run()
        if office.company.entities("Invoice"):
            break
    (invoice,) = office.company.entities("Invoice")
    assert (invoice["RefNumber"], invoice["BalanceRemaining"]) == ("10309", "216.50"), report.last_error


def test_a_wrong_password_is_refused_and_noted(up: Stack, config: Config) -> None:
    assert connector(config, "not the password").run().code == "QBWC1040"


def test_a_session_can_be_opened_used_and_closed_with_the_functions_own_permissions(up: Stack, config: Config) -> None:
    # Whether there is work for Desktop is the other tests' affair, so the session is opened here.
    account = desktop_account(config)
    table = Table(accounts.LocalClients(up.config.aws_url).dynamodb, up.outputs["TableName"])
    ticket = Sessions(table, SystemClock()).open(account["account_id"], account["realm_id"])
    answers = [
        call(
            account["qbwc_url"],
            f"<{method} xmlns='http://developer.intuit.com/'><ticket>{ticket}</ticket>{more}</{method}>",
        )
        for method, more in (("receiveResponseXML", "<response/>"), ("getLastError", ""), ("closeConnection", ""))
    ]
    assert answers[0] == "-1"
    assert "interrupted" in answers[1]
    assert answers[1] == answers[2]


def call(url: str, body: str) -> str:
    envelope = f"<e:Envelope xmlns:e='{SOAP[1:-1]}'><e:Body>{body}</e:Body></e:Envelope>"
    answer = requests.post(url, data=envelope, headers={"Content-Type": "text/xml; charset=utf-8"}, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    return "".join(etree.fromstring(answer.content).itertext())


def test_everything_the_service_answers_is_xml(up: Stack, config: Config) -> None:
    url = desktop_account(config)["qbwc_url"]
    support = url.removesuffix("/qbwc") + "/support"
    for answer, status in (
        (requests.get(url, timeout=30), 200),
        (requests.get(f"{url}?wsdl", timeout=30), 200),
        (requests.get(support, timeout=30), 200),
        (requests.post(url, data="no XML", headers={"Content-Type": "text/xml"}, timeout=30), 500),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"].startswith("text/xml"), answer.text
        assert "Content-Encoding" not in answer.headers
        etree.fromstring(answer.content)


def test_the_service_writes_its_own_log(up: Stack) -> None:
    logs = deployment.session().client("logs", endpoint_url=up.config.aws_url)
    group = f"/aws/lambda/{deployment.STACK_NAME}-qbd-soap"
    assert [found["logGroupName"] for found in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]] == [
        group
    ]
