"""`make event EVENT=invoice_created`: puts an event of events/ on the bus of the stack that `make local` keeps up."""

import json
import os
import sys
from collections.abc import Sequence

from local.books import put, sample
from local.cloudformation import ROOT
from local.config import from_environment

OF_SYNCRO = "syncro"
"""The source of Syncro's events; the other files in events/ are for functions, not for the bus."""


def main(arguments: Sequence[str]) -> int:
    """Sends the named event. Returns the exit code: 1 if there is no such event, or no stack to send it to."""
    files = sorted((ROOT / "events").glob("*.json"))
    samples = {file.stem: sample(file.name) for file in files}
    events = {name: each for name, each in samples.items() if each.get("source") == OF_SYNCRO}
    event = events.get(arguments[0]) if arguments else None
    if event is None:
        print(f"EVENT=<name> says which event: {', '.join(events)}", file=sys.stderr)
        return 1
    stack_file = from_environment(os.environ).state / "stack.json"
    if not stack_file.exists():
        print(f"No stack is up: {stack_file} is missing. Run `make local` in another terminal first.", file=sys.stderr)
        return 1
    described = json.loads(stack_file.read_text(encoding="utf-8"))
    put(described["aws_endpoint_url"], described["event_bus"], [event])
    print(f"{event['detail-type']} is on the bus {described['event_bus']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
