"""The functions' handlers as Lambda calls them, for one connected account: HTTP is real, AWS is moto."""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from emulators.quickbooks_online import Company, Emulator, serve
from emulators.quickbooks_online.special import create_tax_code
from syncro_quickbooks.bootstrap import deployment
from tests.support import aws
from tests.support.world import ready_settings

ROOT = Path(__file__).parents[2]
ACCOUNT, REALM = "demo-msp", "9130077"
_numbers = count(1)


@dataclass
class Context:
    """What Lambda tells a handler about its invocation."""

    function_name: str = "function-under-test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-central-1:123456789012:function:function-under-test"
    aws_request_id: str = "8f5a0c2e-0000-4000-8000-000000000000"
    seconds_left: int = 600

    def get_remaining_time_in_millis(self) -> int:
        return self.seconds_left * 1000


@dataclass
class Stack:
    """One deployment in this process."""

    company: Company
    emulator: Emulator
    push_queue: str
    later_queue: str
    dead_letters: str
    refused_events: str
    doors: dict[str, ModuleType] = field(default_factory=dict)

    def call(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function with an event as it comes over the wire."""
        if function not in self.doors:
            self.doors[function] = load(function)
        handler: Callable[[dict[str, Any], Context], Any] = self.doors[function].handler
        return handler(json.loads(json.dumps(event)), Context())

    def refused(self) -> list[dict[str, Any]]:
        """The events that no retry can help."""
        return [json.loads(body) for body in taken(self.refused_events)]


def taken(queue_url: str) -> list[str]:
    """The bodies of a queue's messages, which are then gone."""
    sqs = aws.client("sqs")
    messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return [message["Body"] for message in messages]


def load(function: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"door_{function}", ROOT / "functions" / function / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample(name: str) -> dict[str, Any]:
    event = json.loads((ROOT / "events" / f"{name}.json").read_text())
    assert isinstance(event, dict)
    return event


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The demo account, connected through Intuit's consent to an emulator that really listens."""
    number = next(_numbers)
    emulator = Emulator()
    company = emulator.add_company(REALM)
    queues = {
        name: aws.queue(f"doors-{number}-{name}")
        for name in ("push.fifo", "jobs.fifo", "later", "dead-letters", "refused", "poll.fifo")
    }
    with serve(emulator) as url:
        environment = {
            "AWS_DEFAULT_REGION": aws.REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "TABLE_NAME": aws.new_table(),
            "PUSH_QUEUE_URL": queues["push.fifo"],
            "WAKE_LATER_QUEUE_URL": queues["later"],
            "JOBS_QUEUE_URL": queues["jobs.fifo"],
            "POLL_QUEUE_URL": queues["poll.fifo"],
            "EVENTS_DLQ_URL": queues["dead-letters"],
            "REFUSED_EVENTS_QUEUE_URL": queues["refused"],
            "TOKEN_KEY_ID": aws.kms_key(),
            "INBOX_BUCKET": "inbox",
            "QBO_API_BASE_URL": url,
            "INTUIT_TOKEN_URL": f"{url}/oauth2/v1/tokens/bearer",
            "INTUIT_AUTHORIZE_URL": f"{url}/connect/oauth2",
            "INTUIT_REVOKE_URL": f"{url}/v2/oauth2/tokens/revoke",
            "INTUIT_CREDENTIALS_SECRET": "intuit",
            "RECONCILE_QUEUE_URL": aws.queue(f"doors-{number}-reconcile"),
            "OAUTH_REDIRECT_URI": "https://example.com/callback",
            "POWERTOOLS_METRICS_NAMESPACE": "Tests",
            "POWERTOOLS_SERVICE_NAME": "syncro-quickbooks",
            "PUSH_DLQ_URL": aws.queue(f"doors-{number}-push-dead-letters.fifo"),
            "JOBS_DLQ_URL": aws.queue(f"doors-{number}-jobs-dead-letters.fifo"),
            "POLL_DLQ_URL": aws.queue(f"doors-{number}-poll-dead-letters.fifo"),
            "RECONCILE_DLQ_URL": aws.queue(f"doors-{number}-reconcile-dead-letters"),
            "RETRY_FAILED_DLQ_URL": aws.queue(f"doors-{number}-retry-dead-letters"),
            "WAKE_LATER_DLQ_URL": aws.queue(f"doors-{number}-later-dead-letters"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        deployment.cache_clear()
        connect(company)
        made = Stack(company, emulator, queues["push.fifo"], queues["later"], queues["dead-letters"], queues["refused"])
        made.call("qbo_push", sample("push_wake_up"))  # whoever connects and saves settings wakes the account
        taken(made.push_queue)
        yield made
        deployment.cache_clear()


def connect(company: Company) -> None:
    """The admin connects the company and chooses the settings; its tax code is the events' 8.25 %."""
    rate = {"TaxRateName": "Austin", "RateValue": Decimal("8.25"), "TaxAgencyId": "1", "TaxApplicableOn": "Sales"}
    create_tax_code(company, {"TaxCode": "Austin, TX", "TaxRateDetails": [rate]})
    connector = deployment().connector
    state = connector.new_state(ACCOUNT, "user-1")
    url = f"{connector.authorize_url(state)}&login_hint={REALM}"
    answer = requests.get(url, allow_redirects=False, timeout=10)
    back = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    connector.complete(ACCOUNT, "user-1", back["code"], back["state"], back["realmId"])
    settings = ready_settings(company, tax_codes=austin(company), quiet_seconds=0)
    deployment().accounts.save_settings(ACCOUNT, settings, version=0)


def austin(company: Company) -> dict[str, dict[str, str]]:
    """The tax code of the sample events' rate, as settings name it."""
    (code,) = (code["Id"] for code in company.entities("TaxCode") if code["Name"] == "Austin, TX")
    return {"1": {"id": code}}


def record(kind: str, record_id: int) -> dict[str, Any] | None:
    key = {"pk": {"S": f"acct#{ACCOUNT}#{kind}#{record_id}"}, "sk": {"S": "record"}}
    item = aws.client("dynamodb").get_item(TableName=os.environ["TABLE_NAME"], Key=key).get("Item")
    return None if item is None else {name: next(iter(value.values())) for name, value in item.items()}


def status(kind: str, record_id: int) -> str:
    found = record(kind, record_id)
    assert found is not None
    return str(found["status"])
