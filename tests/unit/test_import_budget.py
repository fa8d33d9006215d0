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
    "sweep": NOT_AT_START,
    "qbo_push": NOT_AT_START,
    "qbo_payment_poll": NOT_AT_START,
    "qbo_webhook": NOT_AT_START,
    "one_time_jobs": NOT_AT_START,
    "qbd_soap": NOT_AT_START,
    "console": OF_THE_API,
    "measure": NOT_AT_START,
    "retry_failed": NOT_AT_START,
    "reconcile": NOT_AT_START,
    "qbo_connect": OF_THE_API,
    "upkeep": NOT_AT_START,
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
