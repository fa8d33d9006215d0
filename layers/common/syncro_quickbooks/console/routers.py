"""Which function serves which routes. A new topic is named here, and its paths in template.yaml."""

from collections.abc import Mapping, Sequence

from aws_lambda_powertools.event_handler.api_gateway import Router

from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.console.app import Api
from syncro_quickbooks.console.caller import Callers

OPEN_PATHS = frozenset({"/openapi.json", "/docs"})
"""What the console function answers without a token."""


PAGES = frozenset({"/oauth/callback", "/oauth/disconnected", "/oauth/reconnect"})
"""What the function `qbo_connect` answers without a token: Intuit sends browsers there."""


def console_routers() -> Sequence[Router]:
    """The routers of the function `console`."""
    from syncro_quickbooks.console.routes import (  # noqa: PLC0415 - each function loads its own
        actions,
        document,
        health,
        jobs,
        payments_from,
        plans,
        reconciliation,
        records,
        settings,
    )

    return (
        actions.router,
        document.router,
        health.router,
        jobs.router,
        plans.router,
        payments_from.router,
        reconciliation.router,
        records.router,
        settings.router,
    )


def connect_routers() -> Sequence[Router]:
    """The routers of the function `qbo_connect`."""
    from syncro_quickbooks.console.routes import connection, desktop, oauth_pages, offboarding  # noqa: PLC0415 - see above

    return (connection.router, desktop.router, offboarding.router, oauth_pages.router)


def every_router() -> Sequence[Router]:
    """The routers of all functions behind the API: what the OpenAPI document describes."""
    return (*console_routers(), *connect_routers())


def console_api(deployment: Deployment, environ: Mapping[str, str]) -> Api:
    """What the function `console` answers."""
    return Api(
        console_routers(),
        deployment,
        Callers.from_env(environ),
        open_paths=OPEN_PATHS,
        origin=environ.get("CONSOLE_ORIGIN", ""),
    )


def connect_api(deployment: Deployment, environ: Mapping[str, str]) -> Api:
    """What the function `qbo_connect` answers."""
    return Api(
        connect_routers(),
        deployment,
        Callers.from_env(environ),
        open_paths=PAGES,
        origin=environ.get("CONSOLE_ORIGIN", ""),
    )
