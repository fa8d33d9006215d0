"""The deployed stack, seen from outside: who may do what, and what happens to what cannot be done."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests

from local import accounts, deployment
from local.books import publish, sample, until
from local.config import Config
from local.stack import Stack
from syncro_quickbooks.online.company import Company
from syncro_quickbooks.sync.settings import MethodKind, Settings, load_settings, missing_choices

ROOT = Path(__file__).parents[2]


def dead_letters(up: Stack, seconds: float, wanted: str, queue: str = "EventsDeadLetterQueue") -> list[dict[str, Any]]:
    """The messages in the queue that contain `wanted`, waiting up to `seconds` for the first."""
    sqs = deployment.session().client("sqs", endpoint_url=up.config.aws_url)
    url = up.outputs[f"{queue}Url"]
    for _ in until(seconds):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        found = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        hits = [letter for letter in found if wanted in json.dumps(letter)]
        if hits:
            return hits
    return []


def test_the_stack_says_where_its_parts_are(up: Stack, config: Config) -> None:
    described = json.loads((config.state / "stack.json").read_text(encoding="utf-8"))
    assert set(described) == {
        "aws_endpoint_url",
        "region",
        "event_bus",
        "table",
        "api_url",
        "api_token",
        "qbo_emulator_url",
        "syncro_emulator_url",
        "qbd_emulator_url",
        "accounts",
    }
    assert described["event_bus"] == "syncro"
    assert described["aws_endpoint_url"] == f"http://127.0.0.1:{config.aws_port}"
    assert set(described["accounts"][0]) == {
        "account_id",
        "edition",
        "realm_id",
        "qbwc_url",
        "qbwc_user",
        "qbwc_password",
        "api_token",
    }


def test_the_api_answers_each_account_about_itself(up: Stack) -> None:
    described: dict[str, Any] = up.describe()
    for account in described["accounts"]:
        headers = {"Authorization": f"Bearer {account['api_token']}"}
        shown = requests.get(f"{described['api_url']}/connection", headers=headers, timeout=30)
        assert shown.status_code == 200
        assert shown.json()["edition"] == account["edition"]
        assert shown.json()["realm_id"] == account["realm_id"]
    refused = requests.get(f"{described['api_url']}/connection", timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (401, "missing_token")


def test_the_settings_of_every_account_are_complete_and_could_be_saved_by_a_person(up: Stack) -> None:
    described: dict[str, Any] = up.describe()
    for account in described["accounts"]:
        headers = {"Authorization": f"Bearer {account['api_token']}"}
        read = requests.get(f"{described['api_url']}/settings", headers=headers, timeout=30).json()
        assert (read["checklist"], read["refused"]) == ([], [])
        check = {"settings": read["settings"]}
        checked = requests.post(f"{described['api_url']}/settings/check", json=check, headers=headers, timeout=30)
        assert (checked.status_code, checked.json()) == (200, {"refused": []})
        accounts = f"{described['api_url']}/pick-lists/accounts?setting=deposit_account&query=undeposited"
        (usual,) = requests.get(accounts, headers=headers, timeout=30).json()["entries"]
        assert usual["name"] == read["settings"]["deposit_account"]["name"] == "Undeposited Funds"


def test_the_api_describes_itself_to_anybody(up: Stack) -> None:
    published = requests.get(f"{up.api_url}/openapi.json", timeout=30)
    assert published.json() == json.loads((ROOT / "docs/api/openapi.json").read_text(encoding="utf-8"))
    page = requests.get(f"{up.api_url}/docs", timeout=30)
    assert (page.status_code, "/connection/health" in page.text) == (200, True)


def test_both_accounts_are_told_of_and_lack_nothing_to_sync_everything(up: Stack, config: Config) -> None:
    described = json.loads((config.state / "stack.json").read_text(encoding="utf-8"))
    assert [(a["account_id"], a["realm_id"]) for a in described["accounts"] if a["edition"] == "online"] == [
        ("demo-msp", "9130350000000001"),
        ("acme-it", "9130350000000002"),
    ]
    deployed = accounts.deployed(up).accounts
    for account, country in (("demo-msp", "US"), ("acme-it", "CA")):
        for _ in until(30):  # the push reads the company when the settings are saved
            connection = deployed.connection(account)
            if connection and connection.company:
                break
        assert connection is not None
        assert connection.company is not None
        assert connection.settings is not None
        company, settings = Company.from_json(connection.company), load_settings(connection.settings)
        assert company.country == country
        assert missing_choices(settings, company) == ()
        assert settings.sync_store_credit
        assert settings.convert_finished_pos_to_bills
        assert settings.sync_customer_purchases
        for method in ("Cash", "Check", "Credit Card", "Offline CC", "Quick", "Other", "ACH"):
            assert kind_of(settings, method) is MethodKind.MONEY
        assert kind_of(settings, "Store Credit") is MethodKind.STORE_CREDIT
        assert kind_of(settings, "Bad Debt") is MethodKind.WRITE_OFF


def kind_of(settings: Settings, method: str) -> MethodKind:
    """What a payment method stands for; somebody must have chosen that."""
    chosen = settings.payment_method(method)
    assert chosen is not None
    return chosen.kind


def test_events_of_every_kind_are_taken_in_by_the_deployed_functions(up: Stack) -> None:
    # Only deployed functions have their role's permissions; sent for the account that no other test looks at.
    events = sorted(path.name for path in (ROOT / "events").glob("*_*.json"))
    told: list[dict[str, Any]] = [sample(name) for name in events if "_created" in name or "_updated" in name]
    for event in told:
        event["detail"]["account_id"] = "acme-it"
    publish(up, told)
    wanted = {(kind := event["detail-type"].partition(".")[0], str(event["detail"][kind]["id"])) for event in told}
    table = deployment.session().client("dynamodb", endpoint_url=up.config.aws_url)
    missing = set(wanted)
    for _ in until(60):
        missing = {
            (kind, thing_id)
            for kind, thing_id in missing
            if "version" not in stored(table, up.outputs["TableName"], f"acct#acme-it#{kind}#{thing_id}")
        }
        if not missing:
            break
    assert not missing

    force: dict[str, Any] = sample("force_update_requested.json")
    force["detail"] |= {"account_id": "acme-it", "request_id": "force-e2e"}
    publish(up, [force])
    # The payments of the invoice are found by a query, which only this function may make.
    forced = "acct#acme-it#payment#7001"
    for _ in until(30):
        if stored(table, up.outputs["TableName"], forced)["force"]["S"] == "force-e2e":
            break
    assert stored(table, up.outputs["TableName"], forced)["force"]["S"] == "force-e2e"
    assert dead_letters(up, 1, "acme-it") == dead_letters(up, 1, "acme-it", "RefusedEventsQueue") == []


def stored(table: Any, name: str, record: str) -> dict[str, Any]:
    """A record's item, empty if there is none."""
    return dict(table.get_item(TableName=name, Key={"pk": {"S": record}, "sk": {"S": "record"}}).get("Item", {}))


def test_an_event_that_can_never_be_right_is_kept_with_the_reason(up: Stack) -> None:
    broken: dict[str, Any] = sample("invoice_updated.json")
    del broken["detail"]["invoice"]["customer_id"]
    broken["detail"]["event_id"] = "11111111-2222-4333-8444-555555555555"
    publish(up, [broken])
    (letter,) = dead_letters(up, 30, "11111111-2222-4333-8444-555555555555", "RefusedEventsQueue")
    assert "customer_id" in letter["reason"]
    assert letter["event"]["detail-type"] == "invoice.updated"


def test_an_event_the_function_fails_on_ends_in_the_dead_letter_queue(up: Stack) -> None:
    # Through an asynchronous call: MiniStack runs a rule's target once and forgets the failure, AWS does not.
    aws = deployment.session()
    stack = aws.client("cloudformation", endpoint_url=up.config.aws_url)
    name = stack.describe_stack_resource(StackName=deployment.STACK_NAME, LogicalResourceId="OnInvoiceUpdatedFunction")[
        "StackResourceDetail"
    ]["PhysicalResourceId"]
    functions = aws.client("lambda", endpoint_url=up.config.aws_url)
    functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"no": "detail", "mark": "0f0e0d0c"}')
    (letter,) = dead_letters(up, 60, "0f0e0d0c")
    assert letter["requestContext"]["condition"] == "RetriesExhausted"


def test_an_alarm_that_goes_off_has_the_dead_letters_taken_in_by_the_deployed_function(up: Stack) -> None:
    aws = deployment.session()
    sqs = aws.client("sqs", endpoint_url=up.config.aws_url)
    events = aws.client("events", endpoint_url=up.config.aws_url)
    told: dict[str, Any] = sample("vendor_created.json")
    told["detail"] |= {"account_id": "acme-it", "event_id": "77777777-2222-4333-8444-555555555555"}
    told["detail"]["vendor"]["id"] = 7_777
    letter = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": told}
    sqs.send_message(QueueUrl=up.outputs["EventsDeadLetterQueueUrl"], MessageBody=json.dumps(letter))

    alarm: dict[str, Any] = sample("alarm_dead_letters.json")
    alarm["detail"]["alarmName"] = f"{deployment.STACK_NAME}-dead-letters-events"
    # Only AWS itself may put events of `aws.*`: the rule is asked whether it takes it, and its function called with it.
    rules = [rule for rule in events.list_rules()["Rules"] if "aws.cloudwatch" in rule.get("EventPattern", "")]
    (pattern,) = (rule["EventPattern"] for rule in rules)
    assert events.test_event_pattern(EventPattern=pattern, Event=json.dumps(alarm))["Result"]
    other = {**alarm, "detail": {**alarm["detail"], "alarmName": "another-stack-dead-letters-events"}}
    assert not events.test_event_pattern(EventPattern=pattern, Event=json.dumps(other))["Result"]
    (target,) = events.list_targets_by_rule(Rule=rules[0]["Name"])["Targets"]
    functions = aws.client("lambda", endpoint_url=up.config.aws_url)
    functions.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=json.dumps(alarm).encode())

    table = aws.client("dynamodb", endpoint_url=up.config.aws_url)
    for _ in until(60):
        if stored(table, up.outputs["TableName"], "acct#acme-it#vendor#7777"):
            break
    assert stored(table, up.outputs["TableName"], "acct#acme-it#vendor#7777")["status"]["S"] == "dormant"
    assert dead_letters(up, 1, "77777777-2222") == []


def test_two_runs_do_not_share_a_port(up: Stack, config: Config, free_local_environment: dict[str, str]) -> None:
    ours = {"LOCAL_AWS_PORT": str(config.aws_port), "LOCAL_STATE_DIR": str(config.state)}
    env = {**os.environ, **free_local_environment, **ours}
    second = subprocess.run(
        [sys.executable, "-m", "local.stack"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"Port {config.aws_port}" in second.stderr
    assert "LOCAL_AWS_PORT" in second.stderr
    assert (config.state / "stack.json").exists(), "the first run lost the file that says where it is"


def test_a_person_can_send_one_of_the_sample_events(
    up: Stack, config: Config, free_local_environment: dict[str, str]
) -> None:
    env = {**os.environ, **free_local_environment, "LOCAL_STATE_DIR": str(config.state)}
    run = subprocess.run(
        [sys.executable, "-m", "local.send", "vendor_created"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "vendor.created is on the bus syncro\n")
    table = deployment.session().client("dynamodb", endpoint_url=up.config.aws_url)
    for _ in until(60):
        if stored(table, up.outputs["TableName"], "acct#demo-msp#vendor#510"):
            break
    assert stored(table, up.outputs["TableName"], "acct#demo-msp#vendor#510")


def test_sigterm_stops_everything_a_run_started(free_local_environment: dict[str, str]) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "local.stack"], cwd=ROOT, env={**os.environ, **free_local_environment}
    )
    stack_file = Path(free_local_environment["LOCAL_STATE_DIR"]) / "stack.json"
    for _ in until(60):
        if stack_file.exists():
            break
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    assert run.wait(30) == 0
    assert not stack_file.exists()
