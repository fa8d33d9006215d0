"""Cold start: what a function imports before its first event. Milliseconds vary, the list of modules does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Measured on the runtime emulator, ms: zeep 180, the X-Ray SDK 110, requests 110, lxml 45. The rest is for tests alone.
NEVER = {
    "zeep",
    "lxml",
    "aws_xray_sdk",
    "moto",
    "ministack",
    "pytest",
    "hypothesis",
    "werkzeug",
    "rich",
    "yaml",
    "emulators",
}
NOT_AT_START = NEVER | {"requests", "http.server", "xml.dom", "defusedxml", "aws_lambda_powertools.utilities.parser"}
NOT_AT_START |= {"jwt", "cryptography", "aws_lambda_powertools.event_handler"}
# Pydantic and the events' models are 60 ms, which only the doors of events need before their first call.
WITHOUT_MODELS = NOT_AT_START | {"pydantic"}
# The API's functions route with Powertools; tokens are verified, and the document is made, once they are asked for.
OF_THE_API = NOT_AT_START - {"aws_lambda_powertools.event_handler"} | {"syncro_quickbooks.console.openapi"}
FORBIDDEN = {
    "on_invoice_updated": NOT_AT_START,
    "on_payment_updated": NOT_AT_START,
    "on_store_credit_updated": NOT_AT_START,
    "on_product_updated": NOT_AT_START,
    "on_customer_updated": NOT_AT_START,
    "on_vendor_updated": NOT_AT_START,
    "on_purchase_order_updated": NOT_AT_START,
    "on_customer_purchase_updated": NOT_AT_START,
    "on_force_update_requested": NOT_AT_START,
    "sweep": WITHOUT_MODELS,
    "qbo_push": WITHOUT_MODELS,
    "qbo_payment_poll": WITHOUT_MODELS,
    "qbo_webhook": WITHOUT_MODELS,
    "one_time_jobs": WITHOUT_MODELS,
    "qbd_soap": WITHOUT_MODELS,
    "console": OF_THE_API,
    "measure": WITHOUT_MODELS,
    "retry_failed": WITHOUT_MODELS,
    "reconcile": WITHOUT_MODELS,
    "qbo_connect": OF_THE_API,
    "upkeep": WITHOUT_MODELS,
}

IMPORT = "import json, sys; sys.path.insert(0, sys.argv[1]); import app; print(json.dumps(sorted(sys.modules)))"


def imported_by(function: str) -> set[str]:
    """The modules that are loaded once the function's module has been imported, by a fresh interpreter."""
    result = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", IMPORT, str(ROOT / "functions" / function)],
        env={"PYTHONPATH": str(ROOT / "layers/common"), "PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


def test_every_function_has_a_budget() -> None:
    assert {path.parent.name for path in (ROOT / "functions").glob("*/app.py")} == set(FORBIDDEN)


@pytest.mark.parametrize("function", FORBIDDEN)
def test_a_function_imports_nothing_it_does_not_need_to_start(function: str) -> None:
    imported = imported_by(function)
    assert "aws_lambda_powertools" in imported
    assert imported & FORBIDDEN[function] == set()
