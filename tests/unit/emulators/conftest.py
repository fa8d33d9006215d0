"""A caller of the emulated API that speaks HTTP like any client, and companies to call."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from emulators.quickbooks_online import Company, Emulator
from emulators.wsgi_adapter import WSGIAdapter

HOST = "http://qbo.test"


class VirtualTime:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Answer:
    """Status and parsed body of an answer; numbers with fractions are Decimal."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        """The code of the first error of the Fault."""
        return str(self.body["Fault"]["Error"][0]["code"])

    @property
    def detail(self) -> str:
        return str(self.body["Fault"]["Error"][0]["Detail"])


class Caller:
    """Calls one company's API."""

    def __init__(self, emu: Emulator, company: Company, time: VirtualTime) -> None:
        self.emu, self.company, self.time = emu, company, time
        self.session = requests.Session()
        self.session.mount(HOST, WSGIAdapter(emu))
        self.token = emu.issue_tokens(company.realm).access_token

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        data = body if isinstance(body, str | bytes) else json.dumps(body, default=float) if body is not None else None
        url = f"{HOST}/v3/company/{self.company.realm}/{path}"
        answer = self.session.request(method, url, params=query, data=data, headers=headers)
        return Answer(answer.status_code, json.loads(answer.content, parse_float=Decimal), answer.headers)

    def post(self, path: str, body: Any, **query: str) -> Answer:
        return self.call("POST", path, body, **query)

    def make(self, entity: str, body: Any, **query: str) -> Any:
        """Create something that must succeed; returns the object."""
        answer = self.post(entity.lower(), body, **query)
        assert answer.status == 200, answer.body
        return answer.body[entity]

    def refusal(self, entity: str, body: Any, **query: str) -> str:
        """Send something that must be refused; returns the code."""
        answer = self.post(entity.lower(), body, **query)
        assert answer.status == 400, answer.body
        return answer.code

    def query(self, statement: str) -> Any:
        answer = self.call("GET", "query", query=statement)
        assert answer.status == 200, answer.body
        return answer.body["QueryResponse"]

    def query_refusal(self, statement: str) -> str:
        answer = self.call("GET", "query", query=statement)
        assert answer.status == 400
        return answer.code

    def ids(self, statement: str) -> list[str]:
        rows = self.query(statement)
        return [row["Id"] for rows_of in rows.values() if isinstance(rows_of, list) for row in rows_of]

    def customer(self, name: str = "Acme", **more: Any) -> str:
        return str(self.make("Customer", {"DisplayName": name, **more})["Id"])

    def invoice(self, customer: str, *amounts: str, code: str = "NON", **more: Any) -> Any:
        lines = [sale(amount, code=code) for amount in amounts]
        return self.make("Invoice", {"CustomerRef": {"value": customer}, "Line": lines, **more})

    def payment(self, customer: str, total: str, **applied: str) -> Any:
        return self.make("Payment", payment_body(customer, total, **applied))


def sale(amount: str, *, code: str = "NON", item: str = "1", **detail: Any) -> Any:
    """A sales line."""
    return {
        "Amount": Decimal(amount),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": item}, "TaxCodeRef": {"value": code}, **detail},
    }


def payment_body(customer: str, total: str, **applied: str) -> Any:
    """A payment; `applied` is Invoice_3="10.00" or CreditMemo_1="5.00"."""
    lines = []
    for target, amount in applied.items():
        kind, _, txn_id = target.partition("_")
        lines.append({"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": txn_id, "TxnType": kind}]})
    return {"CustomerRef": {"value": customer}, "TotalAmt": Decimal(total), "Line": lines}


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def emu(time: VirtualTime) -> Emulator:
    return Emulator(clock=time)


@pytest.fixture
def us(emu: Emulator, time: VirtualTime) -> Caller:
    """A US company with manual tax: tax code 2 is 8 %, tax code 3 is 7.1 % and 2 %."""
    return Caller(emu, emu.add_company("1001"), time)


@pytest.fixture
def automated(emu: Emulator, time: VirtualTime) -> Caller:
    """A US company with automated sales tax, which always chooses 7.1 % and 2 %."""
    return Caller(emu, emu.add_company("1002", tax_mode="automated"), time)


@pytest.fixture
def ca(emu: Emulator, time: VirtualTime) -> Caller:
    """A Canadian company: tax code 1 is GST 5 % and QST 9.975 %, 2 is HST 13 %, 4 is zero-rated, 5 exempt."""
    return Caller(emu, emu.add_company("1003", country="CA"), time)


@pytest.fixture
def gb(emu: Emulator, time: VirtualTime) -> Caller:
    """A British company: tax code 1 is VAT 20 %."""
    return Caller(emu, emu.add_company("1004", country="GB"), time)
