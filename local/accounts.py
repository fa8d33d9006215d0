"""Sets the local accounts up like a customer: consent at Intuit, a tax code, settings that name QuickBooks' lists."""

from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import requests

from local import deployment
from local.cloudformation import Template, mapping
from local.config import Account
from local.processes import StartFailed
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.accounts import Edition
from syncro_quickbooks.sync.settings import Ref, Settings, dump_settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from local.stack import Stack

REDIRECT_URI = "http://127.0.0.1/connected"
TAX_RATE_ID, TAX_NAME, TAX_PERCENT = 1, "Austin TX", 8.25
"""The tax rate of the sample events; QuickBooks takes a rate name of at most 10 characters."""
_SECONDS = 20


class LocalClients:
    """The stack's AWS services, for code that runs outside it."""

    def __init__(self, aws_url: str) -> None:
        self._session = deployment.session()
        self._url = aws_url

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """The table's service."""
        return self._session.client("dynamodb", endpoint_url=self._url)

    @cached_property
    def sqs(self) -> "SQSClient":
        """The queues' service."""
        return self._session.client("sqs", endpoint_url=self._url)

    @cached_property
    def kms(self) -> "KMSClient":
        """The token key's service."""
        return self._session.client("kms", endpoint_url=self._url)

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        """The Intuit credentials' service."""
        return self._session.client("secretsmanager", endpoint_url=self._url)

    @cached_property
    def s3(self) -> "S3Client":
        """The inbox' service."""
        return self._session.client("s3", endpoint_url=self._url)


def deployed(up: "Stack") -> Deployment:
    """The stack's own parts, built from the environment of its push function, outside any function."""
    environ = deployment.function_environment(up.config, "QboPushFunction")
    environ["INTUIT_AUTHORIZE_URL"] = up.config.intuit_authorize_url
    return Deployment(environ, aws=LocalClients(up.config.aws_url))


def connect(up: "Stack") -> None:
    """Connects every account of the run and saves its settings. Raises StartFailed, and what the connector raises."""
    parts = deployed(up)
    try:
        for account in up.config.accounts:
            _set_up(parts, up.config.qbo_url, account)
    except requests.RequestException as error:
        raise StartFailed(f"QuickBooks at {up.config.qbo_url} did not let the accounts connect: {error}") from error


def register_for_desktop(up: "Stack") -> dict[str, str]:
    """Gives every Desktop account its user, password and GUIDs. Returns the FileIDs by account."""
    registrations, file_ids = deployed(up).registrations, {}
    for account in up.config.desktop_accounts:
        file_ids[account.account_id] = registrations.register(account.account_id, account.user).file_id
        registrations.set_password(account.account_id, account.password)
    return file_ids


def _set_up(parts: Deployment, qbo_url: str, account: Account) -> None:
    _consent(parts, account)
    books = _Books(qbo_url, account.realm_id, _token(parts, account))
    books.add_tax_code()
    parts.accounts.connect(account.account_id, Edition.ONLINE, account.realm_id)
    parts.accounts.save_settings(account.account_id, dump_settings(settings_for(books)), version=0)


def _consent(parts: Deployment, account: Account) -> None:
    """What happens in the browser: off to Intuit, "Connect", and back with a code. The emulator approves at once."""
    connector = parts.connector(REDIRECT_URI)
    address = connector.authorize_url(connector.new_state(account.account_id))
    # Which company is the user's choice on Intuit's page; the emulator takes it as a hint.
    answer = requests.get(address, params={"login_hint": account.realm_id}, allow_redirects=False, timeout=_SECONDS)
    answer.raise_for_status()
    back = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    connector.complete(account.account_id, back["code"], back["state"], back["realmId"])


def _token(parts: Deployment, account: Account) -> str:
    return parts.tokens.access_token(ConnectionKey(account.account_id, account.realm_id)).value


class _Books:
    """The company, as its bookkeeper reaches it."""

    def __init__(self, qbo_url: str, realm_id: str, token: str) -> None:
        self._company = f"{qbo_url}/v3/company/{realm_id}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def add_tax_code(self) -> None:
        """The rate the bookkeeper has set up in QuickBooks."""
        rate = {"TaxRateName": TAX_NAME, "RateValue": TAX_PERCENT, "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
        body = {"TaxCode": TAX_NAME, "TaxRateDetails": [rate]}
        address = f"{self._company}/taxservice/taxcode"
        requests.post(address, json=body, headers=self._headers, timeout=_SECONDS).raise_for_status()

    def ref(self, entity: str, name: str) -> Ref:
        """The entry of a list by its name. Raises LookupError if there is none."""
        query = {"query": f"select * from {entity} maxresults 1000"}  # noqa: S608 - our own words
        answer = requests.get(f"{self._company}/query", params=query, headers=self._headers, timeout=_SECONDS)
        answer.raise_for_status()
        entries: list[Template] = mapping(mapping(answer.json())["QueryResponse"]).get(entity) or []  # type: ignore[assignment]  # QBO: a list of objects
        for entry in entries:
            if entry["Name"] == name:
                return Ref(id=str(entry["Id"]), name=name)
        raise LookupError(f"QuickBooks has no {entity} named {name!r}")


def settings_for(books: _Books) -> Settings:
    """What the customer picked in the settings for the sample invoices."""
    return Settings(
        start_date=date(2026, 1, 1),
        time_zone="America/Chicago",
        quiet_seconds=1,  # nobody wants to watch ten quiet seconds
        tax_codes={TAX_RATE_ID: books.ref("TaxCode", TAX_NAME)},
        zero_tax_code=Ref(id="NON", name="NON"),
        exempt_tax_code=Ref(id="NON", name="NON"),
        fallback_item=books.ref("Item", "Services"),
        income_account_service=books.ref("Account", "Services"),
        income_account_stocked=books.ref("Account", "Sales of Product Income"),
        expense_account=books.ref("Account", "Cost of Goods Sold"),
    )
