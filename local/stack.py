"""The whole stack on this machine: MiniStack plays AWS and runs template.yaml itself, emulators QuickBooks and Syncro.

`python -m local.stack` keeps it up until Ctrl-C and says in .local/stack.json where everything is.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from local import accounts, deployment, desktop
from local.cloudformation import ROOT, Node
from local.config import Config, from_environment
from local.issuer import Issuer, serving
from local.processes import StartFailed, require_free_port, running, stop_on_sigterm

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack: where its parts are. `outputs` are the template's own, `file_ids` the Desktop accounts'.

    `issuer` makes the tokens that its API takes.
    """

    config: Config
    outputs: Mapping[str, str]
    issuer: Issuer
    file_ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def qbwc_url(self) -> str:
        """Where a Web Connector on this machine calls; the output's own address exists only on AWS."""
        # By name: the Web Connector takes no IP address, and http only from localhost (facts: QBD 1.4).
        return self._execute_api(self.outputs["QbwcUrl"])

    @property
    def api_url(self) -> str:
        """Where the REST API for people answers on this machine."""
        return self._execute_api(self.outputs["ConsoleApiUrl"])

    def _execute_api(self, address: str) -> str:
        host, _, path = address.removeprefix("https://").partition("/")
        return f"http://localhost:{self.config.aws_port}/_aws/execute-api/{host.partition('.')[0]}/{path}"

    def describe(self) -> dict[str, Node]:
        """What .local/stack.json says; `api_token` is the first account's, every account has its own."""
        described = [
            *(account.describe() for account in self.config.accounts),
            *(
                account.describe(self.qbwc_url, self.file_ids[account.account_id])
                for account in self.config.desktop_accounts
            ),
        ]
        for account in described:
            account["api_token"] = self.issuer.token(str(account["account_id"]))
        return {
            "aws_endpoint_url": self.config.aws_url,
            "region": deployment.REGION,
            "event_bus": self.outputs["EventBusName"],
            "table": self.outputs["TableName"],
            "api_url": self.api_url,
            "api_token": described[0]["api_token"],
            "qbo_emulator_url": self.config.qbo_url,
            "syncro_emulator_url": self.config.syncro_url,
            "qbd_emulator_url": self.config.qbd_url,
            "accounts": [*described],
        }


@contextmanager
def stack(config: Config, say: Say) -> Iterator[Stack]:
    """Brings the stack up, and down again whatever happens. Raises StartFailed."""
    config.state.mkdir(exist_ok=True)
    stack_file = config.state / "stack.json"
    with ExitStack() as parts:
        # All ports first: a busy one should be known before anything runs, or a running stack loses its file.
        for port, variable in config.own_ports():
            require_free_port(port, variable)
        stack_file.unlink(missing_ok=True)
        parts.enter_context(_ministack(config))
        say(f"AWS (MiniStack) answers at {config.aws_url}")
        parts.enter_context(_emulators(config, say))
        issuer = parts.enter_context(serving())
        outputs, changes = deployment.deploy(config, issuer)
        differences = config.state / "differences.txt"
        differences.write_text("".join(f"{change}\n" for change in changes), encoding="utf-8")
        say(f"template.yaml is deployed; what MiniStack runs differs from it in {len(changes)} places: {differences}")
        up = Stack(config, outputs, issuer)
        if config.intuit_authorize_url:
            accounts.connect(up)
            say("Connected: " + ", ".join(f"{a.account_id} to realm {a.realm_id}" for a in config.accounts))
        else:
            say("INTUIT_AUTHORIZE_URL is not set, so no account is connected")
        up = replace(up, file_ids=desktop.connect(up))
        say(f"Set up in a first session: {', '.join(up.file_ids)}; a Web Connector finds its service at {up.qbwc_url}")
        say(f"The REST API answers at {up.api_url}, its description at /openapi.json, a page to try it out at /docs")
        parts.callback(stack_file.unlink, missing_ok=True)
        stack_file.write_text(json.dumps(up.describe(), indent=2) + "\n", encoding="utf-8")
        say(f"The stack is up; {stack_file} says where everything is")
        yield up
        say("Stopping")


@contextmanager
def _ministack(config: Config) -> Iterator[None]:
    env = {
        **_bare_environment(),
        "BIND_HOST": "127.0.0.1",  # it would listen on every interface
        "GATEWAY_PORT": str(config.aws_port),
        "MINISTACK_REGION": deployment.REGION,
        "LAMBDA_EXECUTOR": "local",
        # Permissions are enforced, so a right the template forgot to give shows here. The key is root's.
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": deployment.ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": deployment.ACCESS_KEY,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }
    command = [str(Path(sys.executable).with_name("ministack"))]
    health = f"{config.aws_url}/_ministack/health"
    with running(
        "MiniStack", command, env=env, log=config.state / "ministack.log", health_url=health, cwd=config.state
    ):
        yield


@contextmanager
def _emulators(config: Config, say: Say) -> Iterator[None]:
    with ExitStack() as parts:
        if config.qbo_emulator:
            companies = config.state / "companies.json"
            companies.write_text(json.dumps([account.company() for account in config.accounts]), encoding="utf-8")
            parts.enter_context(_emulator(config, "quickbooks_online", config.qbo_port, "--companies", str(companies)))
            say(f"QuickBooks Online (emulator) answers at {config.qbo_url}")
        if config.syncro_emulator:
            parts.enter_context(_emulator(config, "syncro_api", config.syncro_port))
            say(f"Syncro's API (emulator) answers at {config.syncro_url}")
        parts.enter_context(_emulator(config, "quickbooks_desktop", config.qbd_port))
        say(f"QuickBooks Desktop (emulator) answers at {config.qbd_url}")
        yield


@contextmanager
def _emulator(config: Config, name: str, port: int, *options: str) -> Iterator[None]:
    command = [sys.executable, "-m", f"emulators.{name}", "--port", str(port), *options]
    health = f"http://127.0.0.1:{port}/_emulator/health"
    with running(name, command, env=_bare_environment(), log=config.state / f"{name}.log", health_url=health, cwd=ROOT):
        yield


def _bare_environment() -> dict[str, str]:
    # MiniStack hands its own environment to the functions. They must see only what the template gives them.
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}


def main() -> int:
    """Keeps the stack up until Ctrl-C or SIGTERM. Returns the exit code."""
    stop_on_sigterm()
    try:
        with stack(from_environment(os.environ), print) as up:
            print(f"For {up.config.accounts[0].account_id}; the tokens of the other accounts are in the file:")
            described = up.describe()
            print(f"  API={described['api_url']}\n  TOKEN={described['api_token']}")
            print(
                "`make event EVENT=invoice_created` in another terminal sends it an event. Ctrl-C stops it.", flush=True
            )
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except StartFailed as failure:
        print(f"The stack could not be started. {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
