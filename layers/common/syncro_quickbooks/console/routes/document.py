"""The API's own description, for programs and for people. Open to everybody: it says nothing of any account."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

router = Router()


@router.get("/openapi.json", include_in_schema=False, enable_validation=False)
def read_document() -> "Response[str]":
    """The OpenAPI document."""
    from syncro_quickbooks.console.openapi import document_text  # noqa: PLC0415 - describes the other functions, too

    return Response(200, "application/json", document_text())


@router.get("/docs", include_in_schema=False, enable_validation=False)
def read_page() -> "Response[str]":
    """The document as a page to try the API out."""
    from syncro_quickbooks.console.openapi import page  # noqa: PLC0415 - see above

    return Response(200, "text/html; charset=utf-8", page())
