"""Runs every built function on AWS's Runtime Interface Emulator: the real runtime client, the real artefact, no Docker.

`python -m local.rie BUILD_DIR` (see `make rie`) calls each function with its event against a local stack, and compares
its init time with that of an empty handler and of a handler that only makes a DynamoDB client. From the environment:
RIE_BINARY is the emulator, RIE_PYTHON a Python that has awslambdaric and nothing else, so that what the layer lacks
is missed.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

from rich.console import Console
from rich.table import Table

from local import deployment
from local.cloudformation import ROOT
from local.config import from_environment
from local.processes import StartFailed, peak_memory, require_free_port, stop_on_sigterm
from local.stack import Stack, stack

RUNS, MOST_ROUNDS = 9, 3
NOTED = ROOT / ".local/init.json"
COLUMNS = ("function", "min", "x", "budget", "median", "x (median)", "first call", "x (first call)", "MB")
_PATH = "/2015-03-31/functions/function/invocations"
# The REPORT line's "Init Duration" is the emulator's own; this one is the runtime's.
_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
_SECONDS_TO_ANSWER = 60
_NOT_OK = re.compile(r'"statusCode":(?! ?200)')

OTHER_DOORS = {
    "OnPaymentUpdatedFunction": "payment_created",
    "OnStoreCreditUpdatedFunction": "store_credit_created",
    "OnProductUpdatedFunction": "product_updated",
    "OnCustomerUpdatedFunction": "customer_updated",
    "OnVendorUpdatedFunction": "vendor_updated",
    "OnPurchaseOrderUpdatedFunction": "purchase_order_updated",
    "OnCustomerPurchaseUpdatedFunction": "customer_purchase_updated",
    "OnForceUpdateRequestedFunction": "force_update_requested",
}

EMPTY_HANDLER = "def handler(event, context):\n    return None\n"
DYNAMODB_HANDLER = "import boto3\n\nclient = boto3.client('dynamodb')\n\n\n" + EMPTY_HANDLER


class CallFailed(Exception):
    """A function did not answer, or answered with an error."""


@dataclass(slots=True)
class Case:
    """A handler in the folder `code`; its init may take `budget` times the DynamoDB handler's (None: any time)."""

    name: str
    code: Path
    event: bytes = b"{}"
    budget: float | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    init_ms: list[float] = field(default_factory=list)
    first_call_ms: list[float] = field(default_factory=list)
    memory_mb: float = 0.0

    def ratio(self, reference: "Case") -> float:
        """How its init time compares: minimums, since on a machine that others use everything above is noise."""
        return min(self.init_ms) / min(reference.init_ms)

    def is_over(self, reference: "Case") -> bool:
        """Whether it takes longer than it may."""
        return self.budget is not None and self.ratio(reference) > self.budget

    def run(self, layer: Path, port: int) -> None:
        """Starts a new runtime, calls the handler once, notes the times and the memory. Raises CallFailed."""
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "rie.log"
            with _emulator(self, layer, port, log) as process:
                milliseconds = _call(f"http://127.0.0.1:{port}{_PATH}", self.event, log)
                self.memory_mb = max(self.memory_mb, peak_memory(process.pid))
            found = _INIT.search(_text(log))
        if found is None:
            raise CallFailed("the emulator reported no init time")
        self.init_ms.append(float(found[1]))
        self.first_call_ms.append(milliseconds)


@contextmanager
def _emulator(case: Case, layer: Path, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": tempfile.gettempdir(),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(case.code),
        "_HANDLER": "app.handler",
        "PYTHONPATH": f"{case.code}:{layer}",
        # The code is read-only on Lambda, so nothing gets compiled for the next cold start.
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_FUNCTION_NAME": case.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": deployment.REGION,
        "AWS_DEFAULT_REGION": deployment.REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        **case.env,
    }
    addresses = [
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{port + 1}",
    ]
    runtime = [os.environ["RIE_PYTHON"], "-m", "awslambdaric", "app.handler"]
    command = [os.environ["RIE_BINARY"], *addresses, "--log-level", "info", *runtime]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=case.code, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def _call(url: str, event: bytes, log: Path) -> float:
    give_up = time.monotonic() + _SECONDS_TO_ANSWER
    while time.monotonic() < give_up:
        start = time.monotonic()
        # An OSError here is "not listening yet".
        with suppress(OSError), urlopen(Request(url, data=event), timeout=_SECONDS_TO_ANSWER) as answer:  # noqa: S310 - 127.0.0.1
            body: str = answer.read().decode()
            # The emulator answers 200 to a failed function, too; a function behind an API says so in its answer.
            if '"errorMessage"' in body or _NOT_OK.search(body):
                raise CallFailed(f"{body}\n{_text(log)}")
            return (time.monotonic() - start) * 1000
        time.sleep(0.02)
    raise CallFailed(f"no answer within {_SECONDS_TO_ANSWER} s\n{_text(log)}")


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")


def _reference(folder: Path, name: str, source: str, up: Stack) -> Case:
    code = folder / name
    code.mkdir()
    (code / "app.py").write_text(source, encoding="utf-8")
    return Case(name, code, env={"AWS_ENDPOINT_URL": up.config.aws_url})


def _built(build: Path, up: Stack) -> list[Case]:
    cases = [
        Case("OnInvoiceUpdatedFunction", build, _event("invoice_updated"), 1.7),
        *(Case(name, build, _event(event), 1.7) for name, event in OTHER_DOORS.items()),
        Case("QboPushFunction", build, _event("push_wake_up"), 2.0),
        Case("OneTimeJobsFunction", build, _event("jobs_wake_up"), 2.0),
        Case("QboPaymentPollFunction", build, _event("payment_poll")),
        Case("QboWebhookFunction", build, _event("webhook_intuit")),
        Case("QbdSoapFunction", build, _event("qbd_soap_authenticate"), 2.0),
        Case("ConsoleFunction", build, _health_request(up)),
        Case("QboConnectFunction", build, _event("oauth_callback")),
        Case("SweepFunction", build, _event("sweep_schedule"), 1.7),
        Case("UpkeepFunction", build, _event("upkeep_schedule")),
        Case("MeasureFunction", build, _event("measure_schedule")),
        Case("RetryFailedFunction", build, _event("alarm_dead_letters")),
        Case("ReconcileFunction", build, _event("reconcile_message")),
    ]
    for case in cases:
        case.code = build / case.name
        case.env = deployment.function_environment(up.config, case.name)
    return cases


def _event(name: str) -> bytes:
    return (ROOT / f"events/{name}.json").read_bytes()


def _health_request(up: Stack) -> bytes:
    """With a token that is good: verifying it is what needs the most of the layer."""
    request = json.loads(_event("console_health"))
    request["headers"]["Authorization"] = f"Bearer {up.describe()['api_token']}"
    return json.dumps(request).encode()


def _require_no_refusal(up: Stack) -> None:
    """A door that refuses its event answers as if all were well. Raises CallFailed."""
    sqs = deployment.session().client("sqs", endpoint_url=up.config.aws_url)
    refused = sqs.receive_message(QueueUrl=up.outputs["RefusedEventsQueueUrl"], MaxNumberOfMessages=10)
    if refused.get("Messages"):
        raise CallFailed("Sample events were refused:\n" + "\n".join(m["Body"] for m in refused["Messages"]))


def measure(build: Path, up: Stack, console: Console) -> bool:
    """Runs every case in turns, prints the times; says whether all kept their budget. Raises CallFailed."""
    port = int(os.environ.get("LOCAL_RIE_PORT", "9180"))
    for number in (port, port + 1):
        require_free_port(number, "LOCAL_RIE_PORT")
    with tempfile.TemporaryDirectory() as folder:
        empty = _reference(Path(folder), "empty", EMPTY_HANDLER, up)
        dynamodb = _reference(Path(folder), "dynamodb-client-only", DYNAMODB_HANDLER, up)
        cases = [empty, dynamodb, *_built(build, up)]
        to_run = cases
        for _ in range(MOST_ROUNDS):
            for case in to_run * RUNS:
                case.run(build / "CommonLayer/python", port)
            over = [case for case in cases if case.is_over(dynamodb)]
            if not over:
                break
            to_run = [dynamodb, *over]  # something else may have been busy at the time
    _require_no_refusal(up)
    return _report(cases, dynamodb, console)


def _report(cases: list[Case], reference: Case, console: Console) -> bool:
    table = Table(title=f"Init time, ms: {RUNS} cold starts each, byte-compiled, x: times a DynamoDB client's")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == COLUMNS[0] else "right")
    first_call = statistics.median(reference.first_call_ms)
    rows: list[list[str]] = []
    for case in cases:
        median, called = statistics.median(case.init_ms), statistics.median(case.first_call_ms)
        row = [
            case.name,
            f"{min(case.init_ms):.0f}",
            f"{case.ratio(reference):.2f}" + (" OVER" if case.is_over(reference) else ""),
            "" if case.budget is None else f"{case.budget}",
            f"{median:.0f}",
            f"{median / statistics.median(reference.init_ms):.2f}",
            f"{called:.0f}",
            f"{called / first_call:.2f}",
            f"{case.memory_mb:.0f}" if case.memory_mb else "",
        ]
        rows.append(row)
        table.add_row(*row)
    console.print(table)
    # `make bench` takes it into docs/benchmarks.md.
    NOTED.write_text(json.dumps({"runs": RUNS, "columns": COLUMNS, "rows": rows}), encoding="utf-8")
    return not any(case.is_over(reference) for case in cases)


def main() -> int:
    """Returns the exit code: 1 if a function failed or took too long to start."""
    stop_on_sigterm()
    build, console = Path(sys.argv[1]).resolve(), Console(width=120)
    try:
        with stack(from_environment(os.environ), console.print) as up:
            return 0 if measure(build, up, console) else 1
    except (CallFailed, StartFailed) as failure:
        print(failure, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
