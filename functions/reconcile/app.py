"""Door of the nightly comparison: every hour the accounts whose night it is, each then by a message of its own."""

from typing import TypedDict

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment

logger = Logger()
metrics = Metrics()


class Message(TypedDict):
    """The part of an SQS message this door reads."""

    body: str  # the account's id


class ReconcileEvent(TypedDict, total=False):
    """`Records` from the queue; absent when the schedule calls."""

    Records: list[Message]


@logger.inject_lambda_context(clear_state=True)
def handler(event: ReconcileEvent, _context: LambdaContext) -> None:
    """Asks for the comparisons that are due, or makes one (BatchSize 1). What it raises SQS hands out again."""
    if "Records" not in event:
        due = deployment().nights.due()
        for account_id in due:
            deployment().ask_for_comparison(account_id)
        logger.info("Comparisons asked for", extra={"due": len(due)})
        return
    for message in event["Records"]:
        _compare(message["body"])


def _compare(account_id: str) -> None:
    logger.append_keys(account_id=account_id)
    found = deployment().nightly.run(account_id)
    if found is None:
        return
    # Doubles first, should there be more than a line holds.
    named = sorted(found.unexplained, key=lambda each: not each.double)
    unexplained = [{"record": str(each.key), "reason": each.reason, "double": each.double} for each in named]
    logger.info("Compared", extra={"documents_that_differ": len(found.listed), "unexplained": unexplained[:50]})
    metrics.add_metadata("account_id", account_id)
    doubles = sum(each.double for each in found.unexplained)
    metrics.add_metric("ReconciliationUnexplained", MetricUnit.Count, len(unexplained) - doubles)
    metrics.add_metric("ReconciliationDoubles", MetricUnit.Count, doubles)
    metrics.flush_metrics()
