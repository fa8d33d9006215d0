"""Door of the gauges: every five minutes, what no single event tells the alarms."""

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.desktop.registrations import UNSEEN

logger = Logger()
metrics = Metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(_event: object, _context: LambdaContext) -> None:
    """Measures once. What it raises shows as an error of this function; the next run is five minutes away."""
    gauges = deployment().gauges
    waiting = gauges.oldest_waiting()
    unseen = gauges.overdue(UNSEEN)
    metrics.add_metric("OldestWaiting", MetricUnit.Seconds, waiting.total_seconds())
    metrics.add_metric("ReadAllowanceUsed", MetricUnit.Percent, deployment().read_budget.used_percent())
    metrics.add_metric("DesktopNotSeen", MetricUnit.Count, len(unseen))
    logger.info("Measured", extra={"oldest_waiting_s": waiting.total_seconds(), "desktop_not_seen": unseen[:50]})
