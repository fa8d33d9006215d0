"""The other end of the pipe: publishes events like Syncro, and looks into the emulator's books like a bookkeeper."""

import json
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from urllib.request import urlopen

from local import deployment
from local.cloudformation import ROOT, Template, mapping, mappings
from local.stack import Stack

_EVENTS_A_CALL = 10  # PutEvents takes no more


def sample(name: str) -> Template:
    """A sample event of the repository, as the bus delivers it."""
    return mapping(json.loads((ROOT / "events" / name).read_text(encoding="utf-8")))


def publish(up: Stack, events: Sequence[Template]) -> None:
    """Puts the events on the stack's bus, in order. Raises RuntimeError if the bus refuses one."""
    put(up.config.aws_url, up.outputs["EventBusName"], events)


def put(aws_url: str, bus_name: str, events: Sequence[Template]) -> None:
    """As `publish`, for somebody who knows the stack by its addresses only."""
    bus = deployment.session().client("events", endpoint_url=aws_url)
    for start in range(0, len(events), _EVENTS_A_CALL):
        answer = bus.put_events(
            Entries=[
                {
                    "EventBusName": bus_name,
                    "Source": str(event["source"]),
                    "DetailType": str(event["detail-type"]),
                    "Detail": json.dumps(event["detail"]),
                }
                for event in events[start : start + _EVENTS_A_CALL]
            ]
        )
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"the bus refused events: {answer['Entries']}")


def entities(up: Stack, realm_id: str, entity: str) -> list[Template]:
    """What the company's books hold of an entity ("Invoice", "Customer"), as QuickBooks would return it."""
    address = f"{up.config.qbo_url}/_emulator/companies/{realm_id}/{entity}"
    with urlopen(address, timeout=10) as answer:  # noqa: S310 - the emulator's http address
        # Money stays exact: 448.40 must not pass through a float.
        return [mapping(found) for found in json.load(answer, parse_float=Decimal)[entity]]


def calls(up: Stack) -> list[Template]:
    """Every call to QuickBooks' API so far, oldest first."""
    with urlopen(f"{up.config.qbo_url}/_emulator/journal", timeout=10) as answer:  # noqa: S310 - as above
        return [call for call in mappings(json.load(answer)["journal"]) if "/v3/company/" in str(call["path"])]


def until(seconds: float, every: float = 0.2) -> Iterator[float]:
    """Yields, every so often, the seconds gone by, until `seconds` are over: for polling with an end."""
    start = time.monotonic()
    while (gone := time.monotonic() - start) < seconds:
        yield gone
        time.sleep(every)
