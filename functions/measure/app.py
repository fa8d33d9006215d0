"""Door of the gauges: every five minutes, what no single event tells the alarms."""

from datetime import timedelta

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.desktop.registrations import GONE_AFTER, UNSEEN
from syncro_quickbooks.online.token_store import IDLE
from syncro_quickbooks.sync.wake import JOBS_SCHEDULE

TOKEN_OVERDUE = timedelta(days=7)
"""Refreshed a week after their last use; a week later that has failed for longer than any outage lasts."""

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(_event: object, _context: LambdaContext) -> None:
    """Measures once. What it raises shows as an error of this function; the next run is five minutes away."""
    gauges = deployment().gauges
    waiting, standing = gauges.oldest_waiting(), gauges.oldest_waiting(JOBS_SCHEDULE)
    unseen = gauges.overdue(UNSEEN, gone_after=GONE_AFTER)
    # Not even the oldest is left out: a consent dies on its 100th day without a refresh, and is not due any more then.
    stale = gauges.overdue(IDLE, TOKEN_OVERDUE)
    metrics.add_metric("OldestWaiting", MetricUnit.Seconds, waiting.total_seconds())
    metrics.add_metric("OldestJob", MetricUnit.Seconds, standing.total_seconds())
    metrics.add_metric("ReadAllowanceUsed", MetricUnit.Percent, deployment().read_budget.used_percent())
    metrics.add_metric("DesktopNotSeen", MetricUnit.Count, len(unseen))
    metrics.add_metric("TokensNotRefreshed", MetricUnit.Count, len(stale))
    fields = {"oldest_waiting_s": waiting.total_seconds(), "oldest_job_s": standing.total_seconds()}
    logger.info("Measured", extra={**fields, "desktop_not_seen": unseen[:50], "tokens_not_refreshed": stale[:50]})
