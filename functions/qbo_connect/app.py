"""Door of connecting: the console API's paths about the connection, and the pages that Intuit sends browsers to."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from syncro_quickbooks.bootstrap import deployment
from syncro_quickbooks.console.app import Api
from syncro_quickbooks.console.routers import connect_api

logger = Logger()


@cache
def _api() -> Api:
    return connect_api(deployment(), os.environ)


@logger.inject_lambda_context(clear_state=True)
def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answers one HTTP request."""
    return _api().answer(event, context)
