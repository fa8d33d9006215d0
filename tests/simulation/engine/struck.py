"""How workers reach QuickBooks, Syncro and the time: through the mishaps."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import requests

from emulators.quickbooks_online import Fault
from emulators.wsgi_adapter import WSGIAdapter
from tests.support.world import Queues

if TYPE_CHECKING:
    from tests.simulation.engine.world import SimulatedWorld

SYNCRO_URL = "http://syncro.test"


class StruckAdapter(WSGIAdapter):
    """HTTP to the emulator, through the mishaps."""

    def __init__(self, world: "SimulatedWorld") -> None:
        super().__init__(world.emulator)
        self._world = world

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # passes requests' own options on
        url = request.url or ""
        _, of_company, rest = url.partition("?")[0].partition("/v3/company/")
        what = rest.partition("/")[2] if of_company else "token"
        is_write = "requestid=" in url

        def late() -> None:
            self._world.emulator.faults.add(Fault(kind="late", delay=115))
            with suppress(requests.ConnectionError, requests.Timeout):
                super(StruckAdapter, self).send(request, **options)
            self._world.clock.sleep(5)

        return self._world.mishaps.pass_through(
            f"qbo.{request.method} {what}",
            lambda: super(StruckAdapter, self).send(request, **options),
            lambda: requests.exceptions.ReadTimeout(request=request),
            late=late if is_write else None,
        )


class StruckSyncroAdapter(WSGIAdapter):
    """HTTP to Syncro's API, through the mishaps."""

    def __init__(self, world: "SimulatedWorld") -> None:
        super().__init__(world.syncro)
        self._world = world

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # passes requests' own options on
        path = (request.url or "").removeprefix(f"{SYNCRO_URL}/api/v1/").partition("?")[0]

        def late() -> None:
            self._world.syncro.faults.add(Fault(kind="late", method="POST", delay=240))
            with suppress(requests.ConnectionError, requests.Timeout):
                super(StruckSyncroAdapter, self).send(request, **options)

        return self._world.mishaps.pass_through(
            f"syncro.{request.method} {path}",
            lambda: super(StruckSyncroAdapter, self).send(request, **options),
            lambda: requests.exceptions.ReadTimeout(request=request),
            late=late if request.method == "POST" else None,
        )


class SimulatedQueues(Queues):
    """SQS with its dead-letter queues, from which letters can be taken, too."""

    def __init__(self, world: "SimulatedWorld") -> None:
        super().__init__(world)
        self._letters = world.letters

    def send_message(self, **arguments: Any) -> dict[str, Any]:
        if not self._letters.has(arguments["QueueUrl"]):
            return super().send_message(**arguments)
        self._letters.put(arguments["QueueUrl"], arguments["MessageBody"])
        return {}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int, VisibilityTimeout: int) -> dict[str, Any]:  # noqa: N803 - SQS's names
        return self._letters.receive(QueueUrl, MaxNumberOfMessages, VisibilityTimeout)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803
        (name,) = AttributeNames
        return {"Attributes": {name: str(self._letters.visible(QueueUrl))}}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> dict[str, Any]:  # noqa: N803
        self._letters.delete(QueueUrl, ReceiptHandle)
        return {}

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> dict[str, Any]:  # noqa: N803
        self._letters.show_again(QueueUrl, ReceiptHandle, VisibilityTimeout)
        return {}


class WorkersClock:
    """The time as workers have it; a worker that waits may not live to see the end of it."""

    def __init__(self, world: "SimulatedWorld") -> None:
        self._world = world

    def now(self) -> datetime:
        return self._world.clock.now()

    def sleep(self, seconds: float) -> None:
        self._world.mishaps.sleep(seconds)
