"""Where Intuit sends browsers (facts: QBO 2.10). Open to everybody, and nothing here changes anything.

A browser that Intuit redirects carries no bearer token, and a callback that trusted `state` alone would let somebody
have another person consent for his account. So the code is handed on to the console's page, which finishes with
`POST /connection` as the person who is signed in there.
"""

from html import escape
from typing import Annotated
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from syncro_quickbooks.console.app import TheDeployment

router = Router()

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the page's own address holds the code
}


@router.get("/oauth/callback", include_in_schema=False)
def callback(
    deployment: TheDeployment,
    code: Annotated[str, Query(max_length=2048)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    realm_id: Annotated[str, Query(alias="realmId", max_length=32)] = "",
    error: Annotated[str, Query(max_length=100)] = "",
) -> "Response[str]":
    """Back from Intuit: on to the console's page with what the browser brought."""
    brought = {"code": code, "state": state, "realmId": realm_id, "error": error}
    if deployment.console_url:
        query = urlencode({name: value for name, value in brought.items() if value})
        separator = "&" if "?" in deployment.console_url else "?"
        return Response(303, "text/plain", "", {"Location": f"{deployment.console_url}{separator}{query}", **_HEADERS})
    if error or not code:
        return _page(
            "QuickBooks was not connected",
            "Intuit did not give its consent. Nothing was changed: start connecting again from the settings in Syncro.",
        )
    return _page(
        "One step is left",
        "Go back to Syncro, where you are signed in, and finish connecting QuickBooks there "
        "(POST /connection with code, state and realmId of this page's address). It is good for some minutes.",
    )


@router.get("/oauth/disconnected", include_in_schema=False)
def disconnected(deployment: TheDeployment) -> "Response[str]":
    """Intuit's "disconnect URL": somebody has disconnected the app inside QuickBooks."""
    return _page(
        "QuickBooks is disconnected from Syncro",
        "Nothing is sent to QuickBooks any more. What happens in Syncro is kept, and sent once QuickBooks is connected "
        "again; what was posted stays in QuickBooks.",
        deployment.console_url,
    )


@router.get("/oauth/reconnect", include_in_schema=False)
def reconnect(deployment: TheDeployment) -> "Response[str]":
    """Intuit's "Reconnect URL", which it shows before a consent ends."""
    return _page(
        "Connect QuickBooks again",
        "Open the QuickBooks settings in Syncro, choose Reconnect and sign in to the same company. "
        "Nothing is lost meanwhile.",
        deployment.console_url,
    )


def _page(title: str, text: str, link: str = "") -> "Response[str]":
    further = f'<p><a href="{escape(link)}">Open the settings in Syncro</a></p>' if link else ""
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<body style="font-family: sans-serif; max-width: 40em; margin: 4em auto">'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{further}</body></html>"
    )
    return Response(200, "text/html; charset=utf-8", html, dict(_HEADERS))
