"""Sets the local Online accounts up like a customer: consent at Intuit, items and tax codes, settings naming them."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import parse_qs, urlsplit

import requests

from local import deployment
from local.cloudformation import Template, mapping, mappings
from local.config import Account
from local.processes import StartFailed
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.online.tokens import ConnectionKey
from syncro_quickbooks.sync.settings import MethodKind, PaymentMethod, Ref, Settings, dump_settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

    from local.stack import Stack

ADMIN = "admin-1"  # who connects, for the audit trail
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
    """The stack's own parts, built from the environment of the function that connects, outside any function."""
    environ = deployment.function_environment(up.config, "QboConnectFunction")
    return Deployment(environ, aws=LocalClients(up.config.aws_url))


def connect(up: "Stack") -> None:
    """Connects every account of the run and saves its settings. Raises StartFailed, and what the connector raises."""
    parts = deployed(up)
    try:
        for account in up.config.accounts:
            _set_up(parts, up.config.qbo_url, account)
    except requests.RequestException as error:
        raise StartFailed(f"The accounts could not be set up in QuickBooks at {up.config.qbo_url}: {error}") from error


def _set_up(parts: Deployment, qbo_url: str, account: Account) -> None:
    _consent(parts, account)
    books = Books(qbo_url, account.realm_id, _token(parts, account))
    settings = settings_for(account, books)
    parts.accounts.save_settings(account.account_id, dump_settings(settings), version=0)


def _consent(parts: Deployment, account: Account) -> None:
    """What happens in the browser: off to Intuit, "Connect", and back with a code. The emulator approves at once."""
    connector = parts.connector
    address = connector.authorize_url(connector.new_state(account.account_id, ADMIN))
    # Which company is the user's choice on Intuit's page; the emulator takes it as a hint.
    answer = requests.get(address, params={"login_hint": account.realm_id}, allow_redirects=False, timeout=_SECONDS)
    answer.raise_for_status()
    back = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    connector.complete(account.account_id, ADMIN, back["code"], back["state"], back["realmId"])


def _token(parts: Deployment, account: Account) -> str:
    return parts.tokens.access_token(ConnectionKey(account.account_id, account.realm_id)).value


class Books:
    """The company, as its bookkeeper reaches it. Raises what requests raises."""

    def __init__(self, qbo_url: str, realm_id: str, token: str) -> None:
        self._company = f"{qbo_url}/v3/company/{realm_id}"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        self._lists: dict[str, dict[str, Ref]] = {}

    def item(self, name: str, income: Ref, expense: Ref | None = None) -> Ref:
        """An item that the settings need, made if it is not there: a service, or with `expense` what is bought, too."""
        if found := self._list("Item").get(name):
            return found
        bought = {"ExpenseAccountRef": {"value": expense.id}} if expense else {}
        kind = "NonInventory" if expense else "Service"
        body = {"Name": name, "Type": kind, "IncomeAccountRef": {"value": income.id}, **bought}
        return Ref(id=str(mapping(self._post("item", body)["Item"])["Id"]), name=name)

    def tax_code(self, name: str, percent: float) -> Ref:
        """A tax code of one rate of the same name, made if it is not there. A rate's name has at most 10 characters."""
        if found := self._list("TaxCode").get(name):
            return found
        rate = {"TaxRateName": name, "RateValue": percent, "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
        made = self._post("taxservice/taxcode", {"TaxCode": name, "TaxRateDetails": [rate]})
        return Ref(id=str(made["TaxCodeId"]), name=name)

    def ref(self, entity: str, name: str) -> Ref:
        """The entry of a list by its name. Raises StartFailed if there is none."""
        if found := self._list(entity).get(name):
            return found
        raise StartFailed(f"The company in QuickBooks has no {entity} named {name!r}, which the settings need.")

    def _list(self, entity: str) -> dict[str, Ref]:
        """A list of the company as it was when it was first asked for."""
        if entity not in self._lists:
            query = {"query": f"select * from {entity} maxresults 1000"}  # noqa: S608 - our own words
            answer = requests.get(f"{self._company}/query", params=query, headers=self._headers, timeout=_SECONDS)
            answer.raise_for_status()
            entries = mappings(mapping(mapping(answer.json())["QueryResponse"]).get(entity) or [])
            self._lists[entity] = {str(e["Name"]): Ref(id=str(e["Id"]), name=str(e["Name"])) for e in entries}
        return self._lists[entity]

    def _post(self, resource: str, body: Mapping[str, object]) -> Template:
        answer = requests.post(f"{self._company}/{resource}", json=body, headers=self._headers, timeout=_SECONDS)
        answer.raise_for_status()
        return mapping(answer.json())


def settings_for(account: Account, books: Books) -> Settings:
    """What the customer picked in the settings: everything on, every kind of document with a place to go.

    The items that QuickBooks needs for it are added first, as the bookkeeper would.
    """
    services, goods = books.ref("Account", "Services"), books.ref("Account", "Sales of Product Income")
    costs, discounts = books.ref("Account", "Cost of Goods Sold"), books.ref("Account", "Discounts given")
    checking = books.ref("Account", "Checking")
    deposits = books.item("Deposits", books.ref("Account", "Customer Deposits"))
    return Settings(
        sync_store_credit=True,
        sync_purchase_orders=True,
        convert_finished_pos_to_bills=True,
        sync_customer_purchases=True,
        start_date=date(2026, 1, 1),
        quiet_seconds=1,  # nobody wants to watch ten quiet seconds
        fallback_item=books.ref("Item", "Services"),
        discount_item=books.item("Discounts", discounts),
        deposit_item=deposits,
        category_items={"Pre-Pay Hours": deposits},
        income_account_service=services,
        income_account_stocked=goods,
        expense_account=costs,
        payment_methods=_payment_methods(books),
        deposit_account=books.ref("Account", "Undeposited Funds"),
        store_credit_item=books.item("Store Credit", discounts),
        # QuickBooks sells items into income accounts only (facts: QBO 1.3), so a bad debt lowers income.
        bad_debt_item=books.item("Bad Debt", discounts),
        ap_account=books.ref("Account", "Accounts Payable (A/P)"),
        purchase_account=checking,
        purchase_item=books.item("Used Goods", goods, costs),
        **(_canadian_taxes(books) if account.country == "CA" else _texan_taxes(books)),
    )


def _payment_methods(books: Books) -> dict[str, PaymentMethod]:
    """Syncro's default methods (facts: Syncro 1.8), and what each is in the books."""
    in_quickbooks = {
        "Cash": "Cash",
        "Check": "Check",
        "Credit Card": "Visa",
        "Offline CC": "Visa",
        "ACH": "Direct Deposit",
        "Quick": "Cash",
    }
    money = {
        name: PaymentMethod(kind=MethodKind.MONEY, method=books.ref("PaymentMethod", method))
        for name, method in in_quickbooks.items()
    }
    return {
        **money,
        "Other": PaymentMethod(kind=MethodKind.MONEY),
        "Store Credit": PaymentMethod(kind=MethodKind.STORE_CREDIT),
        "Bad Debt": PaymentMethod(kind=MethodKind.WRITE_OFF),
    }


class _Taxes(TypedDict, total=False):
    """The settings that depend on where the customer is."""

    time_zone: str
    tax_codes: dict[int, Ref]
    zero_tax_code: Ref
    exempt_tax_code: Ref
    out_of_scope_tax_code: Ref


def _texan_taxes(books: Books) -> _Taxes:
    """Rate 1 of the sample events; untaxed is untaxed in the United States."""
    untaxed = Ref(id="NON", name="NON")
    return {
        "time_zone": "America/Chicago",
        "tax_codes": {1: books.tax_code("Austin TX", 8.25)},
        "zero_tax_code": untaxed,
        "exempt_tax_code": untaxed,
    }


def _canadian_taxes(books: Books) -> _Taxes:
    """Rate 1 is GST, 2 is QST, 3 the group of both; QuickBooks has no code for QST alone before somebody adds it."""
    return {
        "time_zone": "America/Toronto",
        "tax_codes": {
            1: books.ref("TaxCode", "GST"),
            2: books.tax_code("QST only", 9.975),
            3: books.ref("TaxCode", "GST/QST QC - 9.975"),
        },
        "zero_tax_code": books.ref("TaxCode", "Zero-rated"),
        "exempt_tax_code": books.ref("TaxCode", "Exempt"),
        "out_of_scope_tax_code": books.ref("TaxCode", "Out of Scope"),
    }
