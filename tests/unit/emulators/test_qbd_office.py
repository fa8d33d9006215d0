"""Adding a .qwc file, and the door through which a demo looks at the books and runs sessions (facts: QBD 1.4, 1.5)."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
import requests

from emulators.quickbooks_desktop import CompanyFile, Exchange, Report
from emulators.quickbooks_desktop.office import Office, as_json
from emulators.quickbooks_desktop.qwc import NotAdded, add
from emulators.quickbooks_online.serve import make, running
from emulators.wsgi_adapter import WSGIAdapter

OWNER = "{57F3B9B1-86F1-4FCC-B1EE-566DE1813D20}"
FIELDS = {
    "AppName": "Syncro QuickBooks",
    "AppID": "",
    "AppURL": "https://qbwc.example.com/qbwc",
    "AppDescription": "Syncro to QuickBooks",
    "AppSupport": "https://qbwc.example.com/support",
    "UserName": "acme",
    "OwnerID": OWNER,
    "FileID": "{90A44FB5-33D9-4815-AC85-BC87A7E7D1EB}",
    "QBType": "QBFS",
}


def qwc(**changes: str) -> str:
    fields = {**FIELDS, **changes}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f'<?xml version="1.0"?><QBWCXML>{inner}</QBWCXML>'


def site(statuses: dict[str, str]) -> requests.Session:
    """A web site that answers GET on some paths, 404 elsewhere."""

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        found = statuses.get(environ["PATH_INFO"], "404 Not Found") if environ["REQUEST_METHOD"] == "GET" else "405 No"
        start_response(found, [("Content-Type", "text/plain")])
        return [b""]

    http = requests.Session()
    for prefix in ("https://", "http://localhost"):
        http.mount(prefix, WSGIAdapter(app))
    return http


WELL = {"/qbwc": "200 OK", "/support": "200 OK"}


def test_a_good_qwc_file_makes_a_connector() -> None:
    connector = add(qwc(), CompanyFile(), "secret", site(WELL))
    shown = (connector.url, connector.user, connector.password, connector.owner_id, connector.file_id)
    assert shown == (FIELDS["AppURL"], "acme", "secret", OWNER, FIELDS["FileID"])


def test_localhost_needs_no_https() -> None:
    local = {"AppURL": "http://localhost:8000/qbwc", "AppSupport": "http://localhost:8000/support"}
    assert add(qwc(**local), CompanyFile(), "secret", site(WELL)).url == local["AppURL"]


@pytest.mark.parametrize(
    ("changes", "statuses", "code"),
    [
        ({"AppURL": "http://qbwc.example.com/qbwc"}, WELL, "QBWC1010"),
        ({"AppURL": "https://10.0.0.1/qbwc"}, WELL, "QBWC1001"),
        ({"AppSupport": "https://10.0.0.1/support"}, WELL, "QBWC1002"),
        ({"AppSupport": "https://www.example.com/support"}, WELL, "QBWC1000"),
        ({}, {"/support": "200 OK", "/qbwc": "405 Method Not Allowed"}, "QBWC1048"),
        ({}, {"/support": "200 OK", "/qbwc": "302 Found"}, "QBWC1048"),
        ({"CertURL": "https://qbwc.example.com/nowhere"}, WELL, "QBWC1048"),
        ({}, {"/qbwc": "200 OK"}, "QBWC1003"),
        ({"OwnerID": OWNER.strip("{}")}, WELL, "QBWC1039"),
        ({"FileID": ""}, WELL, "QBWC1039"),
        ({"QBType": "QBXX"}, WELL, "QBWC1039"),
    ],
)
def test_a_bad_qwc_file_is_refused(changes: dict[str, str], statuses: dict[str, str], code: str) -> None:
    with pytest.raises(NotAdded) as refused:
        add(qwc(**changes), CompanyFile(), "secret", site(statuses))
    assert refused.value.code == code


def test_a_re_issued_file_with_another_file_id_is_refused() -> None:
    company = CompanyFile()
    company.data_exts[OWNER, "FileID"] = "{11111111-2222-4333-8444-555555555555}"
    with pytest.raises(NotAdded) as refused:
        add(qwc(), company, "secret", site(WELL))
    assert refused.value.code == "QBWC1039"


def service(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """A SOAP service that never has work."""
    method = environ["HTTP_SOAPACTION"].strip('"').rpartition("/")[2]
    strings = "<string>t</string><string>none</string>" if method == "authenticate" else ""
    start_response("200 OK", [("Content-Type", "text/xml")])
    return [
        (
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
            f'<{method}Response xmlns="http://developer.intuit.com/"><{method}Result>{strings}</{method}Result>'
            f"</{method}Response></e:Body></e:Envelope>"
        ).encode()
    ]


class Door:
    """Calls the admin door."""

    def __init__(self) -> None:
        self.http = requests.Session()
        self.http.mount("http://office.test", WSGIAdapter(Office()))

    def get(self, path: str) -> Any:
        return self.http.get(f"http://office.test/_emulator/{path}", timeout=5).json()

    def post(self, path: str, **body: Any) -> requests.Response:
        return self.http.post(f"http://office.test/_emulator/{path}", json=body, timeout=5)


def test_the_door_adds_companies_shows_books_and_works_by_hand() -> None:
    door = Door()
    new = {"url": "http://127.0.0.1:1/", "user": "u", "password": "p", "sales_tax": False, "closing_date": "2026-01-31"}
    assert door.post("companies", name="acme", **new).status_code == 200
    assert door.get("health") == {"status": "ok", "companies": ["acme"]}
    door.post("companies/acme/by-hand", action="enter", kind="Customer", fields={"Name": "Acme"})
    lines = [{"ItemRef": {"FullName": "Labor"}, "Amount": "12.50"}]
    fields = {"CustomerRef": {"FullName": "Acme"}, "InvoiceLineAdd": lines}
    entered = door.post("companies/acme/by-hand", action="enter", kind="Invoice", fields=fields).json()["result"]
    door.post("companies/acme/by-hand", action="receive", id=entered["TxnID"], amount="2.50")
    (invoice,) = door.get("companies/acme/Invoice")["Invoice"]
    assert (invoice["Subtotal"], invoice["BalanceRemaining"]) == ("12.50", "10.00")
    (customer,) = door.get("companies/acme/Customer")["Customer"]
    assert customer["Balance"] == "10.00"
    assert door.post("companies/acme/by-hand", action="enter", kind="Customer", fields={"Name": "Acme"}).json() == {
        "status": 3100,
        "error": 'The name "Acme" of the list element is already in use.',
    }
    assert door.post("companies/acme/settings", colour="red").status_code == 400
    assert door.post("companies/nobody/run").status_code == 404


def test_the_door_runs_a_session_on_request() -> None:
    door = Door()
    with running(make(service, "127.0.0.1", 0)) as url:
        door.post("companies", name="acme", url=url, user="u", password="p")
        report = door.post("companies/acme/run").json()
    assert (report["outcome"], report["calls"]) == ("none", ["serverVersion", "clientVersion", "authenticate"])
    assert report["exchanges"] == []


def test_a_report_says_of_each_message_set_what_was_asked_and_answered() -> None:
    company = CompanyFile()
    asked = (
        '<?xml version="1.0"?><?qbxml version="13.0"?><QBXML><QBXMLMsgsRq onError="continueOnError">'
        "<TermsQueryRq/><CustomerAddRq><CustomerAdd><Name>Acme</Name></CustomerAdd></CustomerAddRq>"
        "<CustomerAddRq><CustomerAdd><Name>Acme</Name></CustomerAdd></CustomerAddRq></QBXMLMsgsRq></QBXML>"
    )
    exchanges = [Exchange(asked, company.process(asked)), Exchange("", "", "0x80040400")]
    assert as_json(Report(exchanges=exchanges))["exchanges"] == [
        {"requests": ["TermsQuery", "CustomerAdd", "CustomerAdd"], "statuses": [0, 0, 3100], "hresult": ""},
        {"requests": [], "statuses": [], "hresult": "0x80040400"},
    ]


def test_the_command_line_runs_one_session() -> None:
    with running(make(service, "127.0.0.1", 0)) as url:
        command = [sys.executable, "-m", "emulators.quickbooks_desktop", "--url", url, "--user", "u", "--password", "p"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["outcome"] == "none"
