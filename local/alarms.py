"""`make alarms`: what watches every function and every dead-letter queue, into template.yaml: alarms and dashboard."""

import json
import re
from pathlib import Path

from local.cloudformation import TEMPLATE, Template, load, properties, resources

RUNBOOK = "docs/runbook.md"
_BEGIN = "  # Written by `make alarms`: one for every function and every dead-letter queue.\n"
_END = "  # End of what `make alarms` wrote.\n"


def functions(template: Template) -> list[str]:
    """The functions by logical id, in the order of the template."""
    return [name for name, each in resources(template).items() if each["Type"] == "AWS::Serverless::Function"]


def dead_letter_queues(template: Template) -> list[str]:
    """The queues that keep what another one, a rule or a function could not deliver, by logical id."""
    return [name for name in kept_queues(template) if name.endswith("DeadLetterQueue")]


def kept_queues(template: Template) -> list[str]:
    """The queues that no function works off, by logical id: somebody must hear that something came."""
    queues = [name for name, each in resources(template).items() if each["Type"] == "AWS::SQS::Queue"]
    return [name for name in queues if "RedrivePolicy" not in properties(resources(template)[name])]


def dashed(logical_id: str) -> str:
    """`QboPush` as `qbo-push`, the form that names have in AWS."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", logical_id).lower()


def errors_alarm(function: str) -> str:
    """The alarm of a function that fails again and again; once is nothing, everything is tried again."""
    name = function.removesuffix("Function")
    return f"""  {name}ErrorsAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub "${{AWS::StackName}}-errors-{dashed(name)}"
      AlarmDescription: "{name} fails again and again. See {RUNBOOK}#function-errors"
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions: [{{Name: FunctionName, Value: !Ref {function}}}]
      Statistic: Sum
      Period: 900
      EvaluationPeriods: 1
      Threshold: 3
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref AlarmTopic]
      OKActions: [!Ref AlarmTopic]
"""


def dead_letters_alarm(queue: str) -> str:
    """The alarm of a dead-letter queue that holds something."""
    name = queue.removesuffix("DeadLetterQueue")
    return f"""  {name}DeadLettersAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub "${{AWS::StackName}}-dead-letters-{dashed(name)}"
      AlarmDescription: "{queue} holds messages. See {RUNBOOK}#dead-letters"
      Namespace: AWS/SQS
      MetricName: ApproximateNumberOfMessagesVisible
      Dimensions: [{{Name: QueueName, Value: !GetAtt {queue}.QueueName}}]
      Statistic: Maximum
      Period: 300
      EvaluationPeriods: 1
      Threshold: 1
      ComparisonOperator: GreaterThanOrEqualToThreshold
      TreatMissingData: notBreaching
      AlarmActions: [!Ref AlarmTopic]
      OKActions: [!Ref AlarmTopic]
"""


def with_alarms(text: str, template: Template) -> str:
    """The template's text with the alarms and the dashboard's lines of what is in it.

    Raises ValueError if their place is not marked.
    """
    alarms = [dead_letters_alarm(queue) for queue in dead_letter_queues(template)]
    alarms += [errors_alarm(function) for function in functions(template)]
    between = re.compile(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", re.DOTALL)
    if not between.search(text):
        raise ValueError(f"template.yaml lacks the lines {_BEGIN!r} and {_END!r}")
    text = between.sub(lambda _: "\n".join(alarms) + "\n", text)
    names = [f"{queue}.QueueName" for queue in dead_letter_queues(template)]
    text = with_widget(text, "Dead letters", ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"), names)
    return with_widget(text, "Errors of functions", ("AWS/Lambda", "Errors", "FunctionName"), functions(template))


def with_widget(text: str, title: str, metric: tuple[str, ...], values: list[str]) -> str:
    """The template's text with a line for each value of the metric's dimension in the dashboard's widget `title`.

    The names are listed: a search of CloudWatch takes a name in quotes for a whole one, and without them finds other
    stacks' too. Raises ValueError if there is no such widget.
    """
    lines = ",\n".join("            " + json.dumps([*metric, f"${{{value}}}"]) for value in values)
    between = re.compile(rf'(?<="title": "{title}")([^\n]*"metrics": \[\n).*?(?=\]\}}\}})', re.DOTALL)
    if not between.search(text):
        raise ValueError(f"the dashboard of template.yaml lacks the widget {title!r}")
    return between.sub(lambda found: found[1] + lines, text, count=1)


def main(template: Path) -> None:
    """Writes the template."""
    text = template.read_text(encoding="utf-8")
    template.write_text(with_alarms(text, load(template)), encoding="utf-8")


if __name__ == "__main__":
    main(TEMPLATE)
