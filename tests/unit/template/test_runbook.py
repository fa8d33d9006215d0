"""Whoever was woken at night pastes the runbook's commands: what they name is there."""

import re
from fnmatch import fnmatch

import pytest

from local.alarms import dead_letter_queues
from local.cloudformation import ROOT, load, mapping, properties, resources
from syncro_quickbooks.online.push import PushReport

LOADED = load()
RESOURCES = resources(LOADED)
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"`logs\s+([^\s`]+)(?:\s+([^`]+?))?`", RUNBOOK)
OUTPUTS = mapping(LOADED["Outputs"])
LOG_GROUPS = [
    str(mapping(properties(each)["LogGroupName"])["Fn::Sub"])
    for each in RESOURCES.values()
    if each["Type"] == "AWS::Logs::LogGroup"
]
WRITTEN = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in ("functions", "layers/common/syncro_quickbooks")
    for path in (ROOT / folder).rglob("*.py")
)
OF_LAMBDA_OR_THE_LOGGER = {"ERROR", "timeout", "GET", "$.message", "$.errorType"}


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 25
    assert len(re.findall(r"\$\(output \w+\)", RUNBOOK)) > 4


@pytest.mark.parametrize("function", sorted({name for name, _ in COMMANDS if name != "FUNCTION"}))
def test_every_log_that_is_looked_into_exists(function: str) -> None:
    assert f"/aws/lambda/${{AWS::StackName}}-{function}" in LOG_GROUPS


@pytest.mark.parametrize("pattern", sorted({pattern.strip("'") for _, pattern in COMMANDS if pattern}))
def test_what_is_looked_for_in_a_log_is_written_by_us(pattern: str) -> None:
    fields = [f"$.{name}" for name in re.findall(r"\$\.(\w+)", pattern)]
    words = re.findall(r'"([^"*]+)"', pattern) or ([] if fields else [pattern])
    for each in fields + words:
        if each not in OF_LAMBDA_OR_THE_LOGGER | {"ACCOUNT"}:
            assert each.removeprefix("$.") in WRITTEN


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\$\(output (\w+)\)", RUNBOOK))))
def test_every_output_that_is_used_exists(name: str) -> None:
    assert name in OUTPUTS


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`item\s+'acct#ACCOUNT'\s+([a-z-]+)`", RUNBOOK))))
def test_every_item_that_is_looked_at_is_written_under_this_name(name: str) -> None:
    assert f'"{name}"' in WRITTEN


@pytest.mark.parametrize("queue", dead_letter_queues(LOADED))
def test_an_output_says_where_each_dead_letter_queue_is(queue: str) -> None:
    assert mapping(OUTPUTS[f"{queue}Url"])["Value"] == {"Ref": queue}


def test_functions_are_called_by_their_outputs_and_without_waiting_for_rounds_longer_than_the_command_waits() -> None:
    calls = re.findall(r"`aws lambda invoke\s+([^`]+)`", RUNBOOK)
    assert calls
    for call in calls:
        name = re.search(r"--function-name \$\(output (\w+)\)", call)
        assert name is not None
        assert mapping(OUTPUTS[name[1]])["Value"] == {"Ref": "RetryFailedFunction"}
        assert "--invocation-type Event" in call


def test_the_pattern_for_throttled_runs_matches_them_alone() -> None:
    (pattern,) = re.findall(r'\$\.report = "([^"]+)"', RUNBOOK)
    assert fnmatch(str(PushReport("acme", throttled=True)), pattern)
    assert not fnmatch(str(PushReport("acme")), pattern)
