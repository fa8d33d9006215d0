"""The demo's part about one-time jobs: QuickBooks' customers come into Syncro, after a report of what collides."""

import requests
from rich.console import Console
from rich.table import Table

from local import accounts
from local.books import sample, until
from local.cloudformation import Template, mapping, mappings
from local.stack import Stack
from syncro_quickbooks.online.tokens import ConnectionKey

KIND = "import_organizations"
SECONDS = 90
_TIMEOUT = 30
_SYNCRO_TOKEN = "syncro-token"  # noqa: S105 - what the emulator takes
_SHARED_MAIL = "front-desk@hillcountry.example"
_IN_QUICKBOOKS = (
    {"DisplayName": "Lakeway Yoga", "PrimaryEmailAddr": {"Address": "hello@lakeway.example"}},
    {"DisplayName": "Hill Country Vets (old)", "PrimaryEmailAddr": {"Address": _SHARED_MAIL}},
)
_IN_SYNCRO: Template = {"id": 9_000_001, "business_name": "Hill Country Vets", "email": _SHARED_MAIL, "disabled": False}


def run(up: Stack, console: Console) -> bool:
    """Imports the first account's customers over the REST API. True if the new one is in Syncro, the other reported."""
    return ImportDemo(up, console).run()


class ImportDemo:
    """One import: a customer that is new, one whose e-mail address somebody else has, and the story's own."""

    def __init__(self, up: Stack, console: Console) -> None:
        self._up = up
        self._console = console
        self._account = up.config.accounts[0]
        self._headers = {"Authorization": f"Bearer {up.issuer.token(self._account.account_id)}"}

    def run(self) -> bool:
        """As the module's `run`."""
        self._console.rule(f"Import of QuickBooks' customers: {self._account.account_id}")
        self._prepare()
        self._api("POST", f"jobs/{KIND}")
        job = self._waits_until("reported")
        report = {str(row["name"]): row for row in mappings(self._api("GET", f"jobs/{KIND}/rows")["rows"])}
        self._console.print(_shown(report))
        self._api("POST", f"jobs/{KIND}/{job['id']}/confirm")
        done = self._waits_until("done")
        made = [str(each["business_then_name"]) for each in self._organizations()]
        self._console.print(f"Confirmed: {done['done']} made or linked. Organizations in Syncro: {', '.join(made)}")
        outcomes = {name: str(row["outcome"]) for name, row in report.items()}
        expected = {"Lakeway Yoga": "new", "Hill Country Vets (old)": "collides"}
        return outcomes.items() >= expected.items() and done["done"] == 1 and made.count("Lakeway Yoga") == 1

    def _prepare(self) -> None:
        """Customers that a bookkeeper has entered, and what Syncro itself would have."""
        realm_id = self._account.realm_id
        token = accounts.deployed(self._up).tokens.access_token(ConnectionKey(self._account.account_id, realm_id)).value
        for customer in _IN_QUICKBOOKS:
            answer = requests.post(
                f"{self._up.config.qbo_url}/v3/company/{realm_id}/customer",
                json=customer,
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                timeout=_TIMEOUT,
            )
            answer.raise_for_status()
        story = mapping(mapping(sample("customer_updated.json")["detail"])["customer"])
        other: Template = {**_IN_SYNCRO, "business_then_name": _IN_SYNCRO["business_name"]}
        things = {"customers": [story, other]}
        requests.post(f"{self._up.config.syncro_url}/_emulator/load", json=things, timeout=_TIMEOUT).raise_for_status()
        self._api("PUT", "syncro-access", {"subdomain": "demo", "token": _SYNCRO_TOKEN})

    def _waits_until(self, state: str) -> Template:
        """The job once it is in this state. Raises RuntimeError if it does not get there."""
        job: Template = {}
        for _ in until(SECONDS):
            job = self._api("GET", f"jobs/{KIND}")
            if job["state"] == state:
                return job
        raise RuntimeError(f"the import is not {state}: {job}")

    def _organizations(self) -> list[Template]:
        headers = {"Authorization": f"Bearer {_SYNCRO_TOKEN}"}
        answer = requests.get(f"{self._up.config.syncro_url}/api/v1/customers", headers=headers, timeout=_TIMEOUT)
        return [mapping(each) for each in mappings(answer.json()["customers"])]

    def _api(self, method: str, path: str, body: "Template | None" = None) -> Template:
        answer = requests.request(
            method, f"{self._up.api_url}/{path}", json=body, headers=self._headers, timeout=_TIMEOUT
        )
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return mapping(answer.json())


def _shown(report: dict[str, Template]) -> Table:
    table = Table(title="The report, before anything is written", title_justify="left")
    for column in ("QuickBooks' customer", "outcome", "why, and what to do"):
        table.add_column(column)
    for name, row in report.items():
        problem = mapping(row["problem"] or {})
        table.add_row(name, str(row["outcome"]), f"{problem.get('message', '')} {problem.get('fix', '')}".strip())
    return table
