"""What cfn-lint does not see: nothing on its way through the stack may get lost."""

import json
import re

import jmespath  # type: ignore[import-untyped]  # no stubs in the lock file; boto3 brings it
import pytest

from local.cloudformation import ROOT, Template, load, mapping, mappings, properties, resources

RESOURCES = resources(load())
QUEUES = {name: properties(r) for name, r in RESOURCES.items() if r["Type"] == "AWS::SQS::Queue"}
FUNCTIONS = {name: properties(r) for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
TRIGGERS = {
    f"{function}.{name}": mapping(trigger)
    for function, body in FUNCTIONS.items()
    for name, trigger in mapping(body["Events"]).items()
}
ALL_RULES = {name: properties(t) for name, t in TRIGGERS.items() if t["Type"] == "EventBridgeRule"}
# Alarms are told on the bus that AWS itself has.
OF_ALARMS = "RetryFailedFunction.AlarmChanged"
RULES = {name: rule for name, rule in ALL_RULES.items() if name != OF_ALARMS}
QUEUE_TRIGGERS = {name: properties(t) for name, t in TRIGGERS.items() if t["Type"] == "SQS"}
THINGS = (
    "invoice",
    "payment",
    "store_credit",
    "product",
    "customer",
    "vendor",
    "purchase_order",
    "customer_purchase",
)
DETAIL_TYPES = {f"{thing}.{change}" for thing in THINGS for change in ("created", "updated", "deleted")}
REFUSED_EVENTS = "RefusedEventsQueue"
TWO_WEEKS = 14 * 24 * 3600


def arn_of(name: str) -> Template:
    return {"Fn::GetAtt": [name, "Arn"]}


def dead_letter_queues() -> set[str]:
    """Everything a queue, a rule or an on-failure destination names as the place for what failed."""
    text = json.dumps([RULES, FUNCTIONS, QUEUES])
    return {
        name
        for name in QUEUES
        if any(json.dumps({key: arn_of(name)})[1:-1] in text for key in ("deadLetterTargetArn", "Arn", "Destination"))
    }


def samples() -> dict[str, Template]:
    """The sample events that come from Syncro."""
    read = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "events").glob("*.json")}
    return {name: event for name, event in read.items() if event.get("source") == "syncro"}


def matching_rules(event: Template) -> list[str]:
    """The rules whose pattern, a list of exact values a field, takes the event."""
    return [
        name
        for name, rule in RULES.items()
        if all(event[field] in wanted for field, wanted in mapping(rule["Pattern"]).items() if isinstance(wanted, list))
    ]


def test_there_are_queues_rules_and_triggers_to_look_at() -> None:
    assert set(QUEUE_TRIGGERS) == {
        "QboPushFunction.WakeUp",
        "QboPaymentPollFunction.Poll",
        "OneTimeJobsFunction.WakeUp",
        "SweepFunction.WakeLater",
        "ReconcileFunction.Comparison",
    }
    assert len(RULES) == 9
    assert dead_letter_queues() == {
        "EventsDeadLetterQueue",
        "PushDeadLetterQueue",
        "PollDeadLetterQueue",
        "JobsDeadLetterQueue",
        "WakeLaterDeadLetterQueue",
        "ReconcileDeadLetterQueue",
        "RetryFailedDeadLetterQueue",
    }


@pytest.mark.parametrize("name", QUEUES)
def test_a_fifo_queue_is_named_fifo_and_no_other_is(name: str) -> None:
    queue_name = json.dumps(QUEUES[name].get("QueueName", ""))
    assert (".fifo" in queue_name) == bool(QUEUES[name].get("FifoQueue"))


@pytest.mark.parametrize("name", sorted(set(QUEUES) - dead_letter_queues() - {REFUSED_EVENTS}))
def test_a_queue_that_is_worked_off_has_a_dead_letter_queue_of_its_own_kind(name: str) -> None:
    policy = mapping(QUEUES[name]["RedrivePolicy"])
    target = next(other for other in QUEUES if policy["deadLetterTargetArn"] == arn_of(other))
    assert QUEUES[target].get("FifoQueue") == QUEUES[name].get("FifoQueue")
    assert int(str(policy["maxReceiveCount"])) >= 3


@pytest.mark.parametrize("name", sorted(dead_letter_queues() | {REFUSED_EVENTS}))
def test_dead_letters_are_kept_as_long_as_sqs_can(name: str) -> None:
    assert QUEUES[name]["MessageRetentionPeriod"] == TWO_WEEKS


@pytest.mark.parametrize("name", QUEUES)
def test_queues_are_encrypted(name: str) -> None:
    assert QUEUES[name]["SqsManagedSseEnabled"] is True


@pytest.mark.parametrize("name", QUEUE_TRIGGERS)
def test_a_message_stays_hidden_until_half_a_minute_after_its_function_must_have_ended(name: str) -> None:
    queue = next(other for other in QUEUES if QUEUE_TRIGGERS[name]["Queue"] == arn_of(other))
    function = FUNCTIONS[name.partition(".")[0]]
    assert int(str(QUEUES[queue]["VisibilityTimeout"])) >= int(str(function["Timeout"])) + 30


@pytest.mark.parametrize(
    ("queue", "trigger"), [("PushQueue", "QboPushFunction.WakeUp"), ("PollQueue", "QboPaymentPollFunction.Poll")]
)
def test_messages_of_one_account_run_one_after_the_other_and_one_at_a_time(queue: str, trigger: str) -> None:
    assert QUEUES[queue]["DeduplicationScope"] == "messageGroup"
    assert QUEUES[queue]["FifoThroughputLimit"] == "perMessageGroupId"
    assert QUEUE_TRIGGERS[trigger]["BatchSize"] == 1
    # The dedup id is unique by design; content alone would swallow an account's second message of five minutes.
    assert "ContentBasedDeduplication" not in QUEUES[queue]


def test_work_from_queues_leaves_half_of_the_default_concurrency_to_what_takes_events_in() -> None:
    many = ("QboPushFunction.WakeUp", "QboPaymentPollFunction.Poll", "ReconcileFunction.Comparison")
    at_once = [properties({"Properties": QUEUE_TRIGGERS[name]["ScalingConfig"]}) for name in many]
    assert sum(int(str(each["MaximumConcurrency"])) for each in at_once) <= 500


def test_a_batch_of_wake_ups_fails_message_by_message() -> None:
    assert QUEUE_TRIGGERS["SweepFunction.WakeLater"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize("name", RULES)
def test_a_rule_tries_again_and_then_keeps_the_event(name: str) -> None:
    assert RULES[name]["EventBusName"] == {"Ref": "EventBus"}
    assert RULES[name]["DeadLetterConfig"] == {"Arn": arn_of("EventsDeadLetterQueue")}
    assert mapping(RULES[name]["RetryPolicy"])["MaximumEventAgeInSeconds"] == 24 * 3600


@pytest.mark.parametrize("name", sorted({rule.partition(".")[0] for rule in RULES}))
def test_a_function_called_asynchronously_has_somewhere_to_put_what_it_cannot_do(name: str) -> None:
    destination = mapping(mapping(FUNCTIONS[name]["EventInvokeConfig"])["DestinationConfig"])
    assert destination["OnFailure"] == {"Type": "SQS", "Destination": arn_of("EventsDeadLetterQueue")}


def test_what_an_alarm_says_is_not_lost_if_its_function_cannot_be_called_or_fails() -> None:
    kept = arn_of("RetryFailedDeadLetterQueue")
    assert ALL_RULES[OF_ALARMS]["DeadLetterConfig"] == {"Arn": kept}
    invoked = mapping(FUNCTIONS["RetryFailedFunction"]["EventInvokeConfig"])
    assert mapping(invoked["DestinationConfig"])["OnFailure"] == {"Type": "SQS", "Destination": kept}
    assert invoked["MaximumRetryAttempts"] == 2
    policy = properties(RESOURCES["RetryFailedDeadLetterQueuePolicy"])
    (statement,) = mappings(mapping(policy["PolicyDocument"])["Statement"])
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    name = str(mapping(ALL_RULES[OF_ALARMS]["RuleName"])["Fn::Sub"])
    (rule,) = mapping(mapping(statement["Condition"])["ArnEquals"]).values()
    assert str(mapping(rule)["Fn::Sub"]).endswith(f":rule/{name}")


@pytest.mark.parametrize("name", sorted({name for name, t in TRIGGERS.items() if t["Type"] == "ScheduleV2"}))
def test_a_schedule_says_how_often_lambda_repeats_a_failed_run_and_never_longer_than_until_the_next(name: str) -> None:
    """The scheduler's own retries are only for runs it could not start."""
    schedule = properties(TRIGGERS[name])
    every, unit = str(schedule["ScheduleExpression"]).removeprefix("rate(").removesuffix(")").split()
    period = int(every) * {"minute": 60, "hour": 3600}[unit.removesuffix("s")]
    invoked = mapping(FUNCTIONS[name.partition(".")[0]]["EventInvokeConfig"])
    assert invoked["MaximumEventAgeInSeconds"] == period
    # The alarm of errors wants three failures in 15 minutes: a rare run reaches them by Lambda's repeats alone.
    assert invoked["MaximumRetryAttempts"] == (0 if period < 3600 else 2)
    assert schedule["RetryPolicy"] == {"MaximumRetryAttempts": 0}


def test_the_bus_may_write_to_the_dead_letter_queue_and_nobody_else() -> None:
    policy = properties(RESOURCES["EventsDeadLetterQueuePolicy"])
    assert policy["Queues"] == [{"Ref": "EventsDeadLetterQueue"}]
    (statement,) = mappings(mapping(policy["PolicyDocument"])["Statement"])
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert list(mapping(statement["Condition"])) == ["ArnLike"]


@pytest.mark.parametrize("detail_type", sorted(DETAIL_TYPES | {"force_update.requested"}))
def test_an_event_goes_to_one_rule(detail_type: str) -> None:
    assert len(matching_rules({"source": "syncro", "detail-type": detail_type})) == 1
    assert matching_rules({"source": "somebody-else", "detail-type": detail_type}) == []


def test_no_rule_asks_for_events_that_nobody_sends() -> None:
    asked = {str(t) for rule in RULES.values() for t in mapping(rule["Pattern"])["detail-type"]}  # type: ignore[union-attr]  # a list
    assert asked == DETAIL_TYPES | {"force_update.requested"}


def test_there_is_a_sample_for_every_rule() -> None:
    assert {rule for event in samples().values() for rule in matching_rules(event)} == set(RULES)


def test_every_event_that_ever_came_can_be_replayed() -> None:
    archive = properties(RESOURCES["EventArchive"])
    assert archive["SourceArn"] == arn_of("EventBus")
    assert "EventPattern" not in archive


def test_the_runbooks_replay_goes_to_every_rule_but_that_of_force_updates() -> None:
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"list-rules .*--query '(.+?)' --output", runbook)
    rules = [
        {"Arn": name, "Name": f"prod-{name}", "EventPattern": json.dumps(rule["Pattern"])}
        for name, rule in RULES.items()
    ]
    others = [
        {"Arn": "archive", "Name": "prod-", "EventPattern": '{"replay-name":[{"exists":false}]}', "ManagedBy": "AWS"},
        {"Arn": "billing", "Name": "billing-1", "EventPattern": '{"source":["syncro"]}'},
    ]
    chosen = jmespath.search(query.replace("'$STACK'", "prod"), {"Rules": [*rules, *others]})
    (of_force_updates,) = (each["Arn"] for each in rules if "force_update.requested" in each["EventPattern"])
    assert sorted(chosen) == sorted(set(RULES) - {of_force_updates})


def test_refused_events_keep_no_alarm_red_that_something_is_tried_again_for() -> None:
    """No rule sends there, and a second refusal is heard of although the first still lies there."""
    assert arn_of(REFUSED_EVENTS) not in [mapping(rule["DeadLetterConfig"])["Arn"] for rule in RULES.values()]
    alarm = properties(RESOURCES["RefusedEventsAlarm"])
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": {"Fn::GetAtt": [REFUSED_EVENTS, "QueueName"]}}]
    assert alarm["MetricName"] == "NumberOfMessagesSent"
    names = mapping(mapping(ALL_RULES[OF_ALARMS]["Pattern"])["detail"])["alarmName"]
    assert "refused" not in json.dumps(names)


def test_a_refused_event_that_nobody_cares_for_is_heard_of_days_before_it_is_gone() -> None:
    kept = properties(RESOURCES[REFUSED_EVENTS])["MessageRetentionPeriod"]
    alarm = properties(RESOURCES["RefusedEventsKeptAlarm"])
    assert alarm["Dimensions"] == properties(RESOURCES["RefusedEventsAlarm"])["Dimensions"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("ApproximateNumberOfMessagesVisible", 1)
    assert isinstance(alarm["EvaluationPeriods"], int)
    assert isinstance(alarm["Period"], int)
    assert (alarm["EvaluationPeriods"] * alarm["Period"], kept) == (7 * 86_400, 14 * 86_400)


def test_alarms_that_something_can_be_tried_again_for_reach_the_function_that_does() -> None:
    rule = ALL_RULES[OF_ALARMS]
    assert "EventBusName" not in rule
    pattern = mapping(rule["Pattern"])
    sample = json.loads((ROOT / "events/alarm_dead_letters.json").read_text(encoding="utf-8"))
    assert [sample["source"]] == pattern["source"]
    assert [sample["detail-type"]] == pattern["detail-type"]
    alarms = [properties(r) for r in RESOURCES.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    names = [str(mapping(alarm["AlarmName"])["Fn::Sub"]) for alarm in alarms]
    wanted = mapping(pattern["detail"])["alarmName"]
    assert isinstance(wanted, list)
    prefixes = [str(mapping(mapping(each)["prefix"])["Fn::Sub"]) for each in wanted if "prefix" in mapping(each)]
    exact = [str(mapping(each)["Fn::Sub"]) for each in wanted if "prefix" not in mapping(each)]
    matched = {name for name in names if name in exact or name.startswith(tuple(prefixes))}
    assert matched >= {f"${{AWS::StackName}}-{name}" for name in ("failure-rate", "oldest-waiting")}
    assert len([name for name in matched if "-dead-letters-" in name]) == len(dead_letter_queues())
    assert matched >= set(exact)
