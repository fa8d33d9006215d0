"""The SOAP service as deployed: REST API, function, permissions and table are the stack's own."""

import json

import requests
from lxml import etree  # type: ignore[import-untyped]  # no stubs in the lock file

from emulators.quickbooks_desktop import CompanyFile, WebConnector
from local import accounts, deployment, desktop_demo
from local.books import publish, sample, until
from local.config import Config
from local.desktop import Office
from local.records import Records, has_arrived
from local.stack import Stack
from syncro_quickbooks.clock import SystemClock
from syncro_quickbooks.desktop.company import Company
from syncro_quickbooks.desktop.sessions import Sessions
from syncro_quickbooks.storage.table import Table
from syncro_quickbooks.sync.settings import MethodKind, load_settings, missing_desktop_choices

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def desktop_account(config: Config) -> dict[str, str]:
    described = json.loads((config.state / "stack.json").read_text(encoding="utf-8"))
    (account,) = (one for one in described["accounts"] if one["edition"] == "desktop")
    return dict(account)


def test_the_account_was_set_up_by_a_first_session_that_read_the_lists(up: Stack) -> None:
    connection = accounts.deployed(up).accounts.connection("demo-desktop")
    assert connection is not None
    assert connection.company is not None
    assert connection.settings is not None
    company, settings = Company.from_json(connection.company), load_settings(connection.settings)
    assert company.name == "Demo Desktop Books"
    assert missing_desktop_choices(settings, sales_tax=company.sales_tax) == ()
    assert settings.tax_codes[1].id in {entry.id for entry in company.lists["sales_tax_items"]}
    for method in ("Cash", "Check", "Credit Card", "Offline CC", "Quick", "Other", "ACH"):
        chosen = settings.payment_method(method)
        assert chosen is not None
        assert chosen.kind is MethodKind.MONEY


def test_a_wrong_password_is_refused_and_noted(up: Stack, config: Config) -> None:
    account = desktop_account(config)
    stranger = WebConnector(
        company=CompanyFile(), url=account["qbwc_url"], user=account["qbwc_user"], password="not the password"
    )
    assert stranger.run().code == "QBWC1040"


def test_another_company_file_gets_nothing(up: Stack, config: Config) -> None:
    account = desktop_account(config)
    event = desktop_demo.for_account(sample("invoice_created_december.json"), account["account_id"])
    publish(up, [event])
    records = Records(up, account["account_id"])
    assert any(has_arrived(records.of("invoice", "9002"), event) for _ in until(60))
    other = WebConnector(  # of the emulator's own FileID
        company=CompanyFile(), url=account["qbwc_url"], user=account["qbwc_user"], password=account["qbwc_password"]
    )
    report = other.run()
    assert report.exchanges == []
    assert "another company file" in report.last_error
    office = Office(up.config.qbd_url, account["account_id"])
    assert office.run()["outcome"] == "done"
    assert [each["RefNumber"] for each in office.entities("Invoice")].count("INV-10497") == 1


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
