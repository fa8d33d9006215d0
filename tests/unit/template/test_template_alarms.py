"""What cfn-lint does not see: whoever an alarm wakes is told what to do, and no alarm is missing."""

import json
import re

import pytest

from local.alarms import dead_letter_queues, functions, kept_queues, with_alarms
from local.cloudformation import ROOT, TEMPLATE, Template, load, mapping, mappings, properties, resources

LOADED = load()
RESOURCES = resources(LOADED)
ALARMS = {name: properties(r) for name, r in RESOURCES.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
FILTERS = {name: properties(r) for name, r in RESOURCES.items() if r["Type"] == "AWS::Logs::MetricFilter"}
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
CHAPTER = RUNBOOK.partition("## When an alarm goes off\n")[2].partition("\n## ")[0]
OURS = {"Fn::Sub": "SyncroQuickBooks/${AWS::StackName}"}
SHIPPED = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "layers/common/syncro_quickbooks").rglob("*.py")]

COUNTED_LINES = {
    "DesktopRecordsDecided": ("QbdSoapLogGroup", "desktop/drain.py", "RecordsDecided", "$.decided"),
    "DesktopRecordsFailed": ("QbdSoapLogGroup", "desktop/drain.py", "RecordsFailed", "$.failed"),
    "DesktopExchangesFailed": ("QbdSoapLogGroup", "desktop/service.py", "DesktopFailures", "1"),
    "DesktopCallsFailed": ("QbdSoapLogGroup", "desktop/endpoint.py", "DesktopFailures", "1"),
    "DesktopLeftOver": ("QbdSoapLogGroup", "desktop/service.py", "DesktopLeftWaiting", "$.left_over_s"),
    "SignInsLostAtPush": ("QboPushLogGroup", "online/idle.py", "SignInsLost", "1"),
    "SignInsLostAtPoll": ("QboPaymentPollLogGroup", "online/idle.py", "SignInsLost", "1"),
    "SignInsLostAtUpkeep": ("UpkeepLogGroup", "online/idle.py", "SignInsLost", "1"),
    "SyncroAccessLostAtPoll": ("QboPaymentPollLogGroup", "syncro_api/access.py", "SyncroAccessLost", "1"),
    "SyncroAccessLostAtJobs": ("OneTimeJobsLogGroup", "syncro_api/access.py", "SyncroAccessLost", "1"),
}
"""By the filter: whose log, where the line is written, which metric it adds to, and how much."""


def sections() -> dict[str, str]:
    """The sections of the runbook's chapter on alarms by their anchors, as GitHub makes them."""
    parts = re.split(r"^### (.+)$", CHAPTER, flags=re.MULTILINE)[1:]
    anchors = [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in parts[::2]]
    return dict(zip(anchors, parts[1::2], strict=True))


def anchor_of(alarm: Template) -> str:
    found = re.search(r"See docs/runbook\.md#([a-z0-9-]+)$", str(alarm["AlarmDescription"]))
    assert found is not None
    return found[1]


def metrics_of(alarm: Template) -> list[Template]:
    """What the alarm looks at: its own metric, or those of its formula."""
    if "Metrics" not in alarm:
        return [alarm]
    parts = mappings(alarm["Metrics"])
    return [mapping(mapping(part["MetricStat"])["Metric"]) for part in parts if "MetricStat" in part]


def test_there_are_alarms_and_a_chapter_to_look_at() -> None:
    assert len(ALARMS) > 15
    assert len(sections()) > 5


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_an_alarm() -> None:
    assert {anchor_of(alarm) for alarm in ALARMS.values()} == set(sections())


@pytest.mark.parametrize("anchor", sections())
def test_a_section_says_what_it_means_what_to_look_at_what_to_do_and_whom_to_wake(anchor: str) -> None:
    said = re.findall(r"^\*\*(.+?)\*\*", sections()[anchor], flags=re.MULTILINE)
    assert said == ["It means.", "Look at.", "Do.", "Wake."]


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_and_its_end_reach_the_topic_under_a_name_of_this_stack(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
    assert re.fullmatch(r"\$\{AWS::StackName\}-[a-z0-9-]+", str(mapping(alarm["AlarmName"])["Fn::Sub"]))
    assert len({str(each["AlarmName"]) for each in ALARMS.values()}) == len(ALARMS)


def test_every_function_and_every_dead_letter_queue_has_an_alarm_as_written_by_make_alarms() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert with_alarms(text, LOADED) == text, "run `make alarms`"
    watched = json.dumps([alarm["Dimensions"] for alarm in ALARMS.values() if "Dimensions" in alarm])
    for function in functions(LOADED):
        assert json.dumps({"Ref": function}) in watched
    for queue in kept_queues(LOADED):
        assert json.dumps({"Fn::GetAtt": [queue, "QueueName"]}) in watched


@pytest.mark.parametrize("queue", dead_letter_queues(LOADED))
def test_the_runbook_says_what_a_dead_letter_of_each_queue_is(queue: str) -> None:
    assert f"`{queue}`" in sections()["dead-letters"]


def test_our_own_metrics_are_the_ones_that_the_functions_write() -> None:
    asked = {
        (str(metric["MetricName"]), json.dumps(metric["Dimensions"]))
        for alarm in ALARMS.values()
        for metric in metrics_of(alarm)
        if metric["Namespace"] == OURS
    }
    variables = mapping(mapping(mapping(mapping(LOADED["Globals"])["Function"])["Environment"])["Variables"])
    service = json.dumps([{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}])
    written = {name for path in SHIPPED for name in re.findall(r'add_metric\(\s*"(\w+)"', path.read_text())}
    written |= {name for _, _, name, _ in COUNTED_LINES.values()}
    assert asked == {(name, service) for name in written}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == OURS


def test_alarms_travel_encrypted_and_only_cloudwatch_publishes() -> None:
    topic = properties(RESOURCES["AlarmTopic"])
    assert topic["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
    (may_publish,) = mappings(mapping(properties(RESOURCES["AlarmTopicPolicy"])["PolicyDocument"])["Statement"])
    assert may_publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert may_publish["Action"] == "sns:Publish"
    _, may_use = mappings(mapping(properties(RESOURCES["AlarmKey"])["KeyPolicy"])["Statement"])
    # Without these two CloudWatch publishes nothing, and says so to nobody.
    assert may_use["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert may_use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert "Condition" not in may_use
    source = mapping(mapping(may_publish["Condition"])["ArnLike"])["aws:SourceArn"]
    assert ":alarm:${AWS::StackName}-*" in str(mapping(source)["Fn::Sub"])


def test_the_dashboard_is_json_and_shows_what_the_alarms_look_at() -> None:
    body = json.loads(str(mapping(properties(RESOURCES["Dashboard"])["DashboardBody"])["Fn::Sub"]))
    shown = json.dumps(body["widgets"])
    looked_at = {str(metric["MetricName"]) for alarm in ALARMS.values() for metric in metrics_of(alarm)}
    assert [name for name in looked_at if name not in shown] == []


def test_the_dashboard_names_every_function_and_dead_letter_queue_instead_of_searching_for_them() -> None:
    # A search takes a name in quotes for a whole one, and the stack's name is only the beginning of theirs.
    body = str(mapping(properties(RESOURCES["Dashboard"])["DashboardBody"])["Fn::Sub"])
    assert "SEARCH(" not in body
    shown = {widget["properties"]["title"]: widget["properties"]["metrics"] for widget in json.loads(body)["widgets"]}
    queue = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"]
    assert shown["Dead letters"] == [[*queue, f"${{{name}.QueueName}}"] for name in dead_letter_queues(LOADED)]
    function = ["AWS/Lambda", "Errors", "FunctionName"]
    assert shown["Errors of functions"] == [[*function, f"${{{name}}}"] for name in functions(LOADED)]


@pytest.mark.parametrize("name", FILTERS)
def test_log_lines_are_counted_into_the_same_metrics(name: str) -> None:
    (counts,) = mappings(FILTERS[name]["MetricTransformations"])
    assert counts["MetricNamespace"] == OURS
    assert counts["Dimensions"] == [{"Key": "service", "Value": "$.service"}]
    logged_by = mapping(FILTERS[name]["LogGroupName"])["Ref"]
    message = re.fullmatch(r'\{ \$\.message = "([^"]+)" \}', str(FILTERS[name]["FilterPattern"]))
    assert message is not None
    assert COUNTED_LINES[name][:1] + COUNTED_LINES[name][2:] == (logged_by, counts["MetricName"], counts["MetricValue"])
    source = (ROOT / "layers/common/syncro_quickbooks" / COUNTED_LINES[name][1]).read_text(encoding="utf-8")
    assert re.search(rf'_?log\.\w+\(\s*"{message[1]}"', source)
    value = str(counts["MetricValue"])
    assert value == "1" or f'"{value.removeprefix("$.")}": ' in source


def test_every_counted_line_is_listed_here() -> None:
    assert FILTERS.keys() == COUNTED_LINES.keys()


@pytest.mark.parametrize("api", [name for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Api"])
def test_every_apis_failures_raise_an_alarm_and_are_shown(api: str) -> None:
    """What is answered is no error to Lambda, whatever it says."""
    name = properties(RESOURCES[api])["Name"]
    failures = [alarm for alarm in ALARMS.values() if alarm.get("MetricName") == "5XXError"]
    assert [{"Name": "ApiName", "Value": name}, {"Name": "Stage", "Value": {"Ref": "Stage"}}] in [
        alarm["Dimensions"] for alarm in failures
    ]
    body = str(mapping(properties(RESOURCES["Dashboard"])["DashboardBody"])["Fn::Sub"])
    shown = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"]["metrics"]]
    assert ["AWS/ApiGateway", "5XXError", "ApiName", mapping(name)["Fn::Sub"], "Stage", "${Stage}"] in shown
