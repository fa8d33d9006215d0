"""A deployment whose Syncro is the emulator, in one process and in the clock's time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from emulators.syncro_api import SyncroAccount, SyncroEmulator
from emulators.wsgi_adapter import WSGIAdapter
from syncro_quickbooks.bootstrap import Deployment
from syncro_quickbooks.syncro_api.access import SyncroAccess
from tests.support import aws
from tests.support.clock import ManualClock

URL = "http://{subdomain}.syncro.test"
TOKEN = "T1-of-demo-account"


@dataclass
class Setup:
    """What a test needs of one deployment."""

    deployment: Deployment
    emulator: SyncroEmulator
    account: SyncroAccount
    clock: ManualClock


@pytest.fixture(scope="package", autouse=True)
def _moto() -> Iterator[None]:
    with aws.moto():
        yield


@pytest.fixture
def setup() -> Setup:
    clock = ManualClock()
    emulator = SyncroEmulator(clock=clock.now)
    account = emulator.add_account(TOKEN, "demo")

    def session() -> requests.Session:
        made = requests.Session()
        made.trust_env = False
        made.mount("http://demo.syncro.test", WSGIAdapter(emulator))
        return made

    environ: dict[str, str] = {
        "TABLE_NAME": aws.new_table(),
        "TOKEN_KEY_ID": aws.kms_key(),
        "SYNCRO_API_BASE_URL": URL,
    }
    clients: Any = Clients()
    return Setup(Deployment(environ, clock=clock, aws=clients, session_factory=session), emulator, account, clock)


@pytest.fixture
def connected(setup: Setup) -> Setup:
    setup.deployment.syncro_access.save("acme", SyncroAccess("demo", TOKEN))
    setup.emulator.journal.clear()
    return setup


class Clients:
    """moto's."""

    @property
    def dynamodb(self) -> Any:
        return aws.client("dynamodb")

    @property
    def kms(self) -> Any:
        return aws.client("kms")
