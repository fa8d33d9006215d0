"""The deployed stack, seen from outside: who may do what, and what happens to what cannot be done."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from local import deployment
from local.books import publish, sample, until
from local.config import Config
from local.stack import Stack

ROOT = Path(__file__).parents[2]


def dead_letters(up: Stack, seconds: float, wanted: str) -> list[dict]:
    """The messages in the events' dead-letter queue that contain `wanted`, waiting up to `seconds` for the first."""
    sqs = deployment.session().client("sqs", endpoint_url=up.config.aws_url)
    url = up.outputs["EventsDeadLetterQueueUrl"]
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
    }


def test_an_event_that_can_never_be_right_ends_in_the_dead_letter_queue_with_the_reason(up: Stack) -> None:
    broken = sample("invoice_updated.json")
    del broken["detail"]["invoice"]["customer_id"]
    broken["detail"]["event_id"] = "11111111-2222-4333-8444-555555555555"
    publish(up, [broken])
    (letter,) = dead_letters(up, 30, "11111111-2222-4333-8444-555555555555")
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


def test_two_runs_do_not_share_a_port(up: Stack, config: Config, free_local_environment: dict[str, str]) -> None:
    env = {**os.environ, **free_local_environment, "LOCAL_AWS_PORT": str(config.aws_port)}
    second = subprocess.run(
        [sys.executable, "-m", "local.stack"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert f"Port {config.aws_port}" in second.stderr
    assert "LOCAL_AWS_PORT" in second.stderr


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
