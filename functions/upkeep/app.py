"""Door of the upkeep: every hour idle consents are kept alive, and the data of accounts that have left is deleted."""

from datetime import UTC, datetime, timedelta

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment

_TO_END_IN = timedelta(seconds=30)  # for what is under way when the time is up: one refresh, one page of the table

logger = Logger()


@logger.inject_lambda_context(clear_state=True)
def handler(_event: object, context: LambdaContext) -> None:
    """Does what is due until the time is up; the rest is due in an hour. One half failing does not keep the other."""
    deadline = datetime.now(UTC) + timedelta(milliseconds=context.get_remaining_time_in_millis()) - _TO_END_IN
    try:
        erased = deployment().offboarding.erase_due(deadline)
    finally:
        refreshed = deployment().idle_connections.refresh_due(deadline)
    logger.info("Upkeep done", extra={"erased": erased, "refreshed": refreshed})
