"""`make demo`: brings the stack up, lets Syncro tell a story event by event, and shows the books before and after.

Last comes an account on QuickBooks Desktop, see desktop_demo.py.
"""

import os
import sys
import time

from rich.console import Console

from local import demo_tables, desktop_demo, import_demo, payments_demo
from local.books import calls, entities, publish, sample, until
from local.cloudformation import Template
from local.config import Account, from_environment
from local.demo_tables import ENTITIES, Books
from local.processes import StartFailed, stop_on_sigterm
from local.records import Records, has_arrived, said_of
from local.stack import Stack, stack
from local.story import STEPS, SyncroSide, subject
from syncro_quickbooks.sync.model import Kind, RecordKey, Status
from syncro_quickbooks.sync.records import Record

SECONDS_TO_ARRIVE = 60
_SETTLED = (
    Status.SYNCED,
    Status.SYNCED_WITH_WARNING,
    Status.SKIPPED,
    Status.DORMANT,
    Status.NEEDS_ATTENTION,
)


def run(up: Stack, console: Console) -> bool:
    """Tells the story to QuickBooks Online, its beginning to Desktop. True if both then say what Syncro says.

    Between them a payment comes the other way, and last customers do, where the run has Syncro's emulator.
    """
    online = Demo(up, console).run()
    both = up.config.syncro_emulator and up.config.qbo_emulator
    back = payments_demo.run(up, console) if both else True
    desktop = desktop_demo.run(up, console)
    imported = import_demo.run(up, console) if both else True
    return online and back and desktop and imported


class Demo:
    """One telling of the story, on the stack's first account, which uses QuickBooks Online."""

    def __init__(self, up: Stack, console: Console) -> None:
        self._up = up
        self._console = console
        self._account: Account = up.config.accounts[0]
        self._records = Records(up, self._account.account_id)

    def run(self) -> bool:
        """As the module's `run`."""
        before, made_before = self._books(), len(self._calls())
        syncro = SyncroSide()
        events = [sample(name) for name, _ in STEPS]
        for event, (_, what) in zip(events, STEPS, strict=True):
            syncro.hear(event)
            if not self._send(event, what):
                return False
        # A Force Update, the last step, sends the invoice's payments again after the invoice.
        statuses = self._at_rest(events)
        after = self._books()
        self._console.print(demo_tables.holdings(before, after))
        for invoice in after["Invoice"][:1]:
            self._console.print(demo_tables.invoice_lines(invoice))
        table, equal = demo_tables.comparison(syncro, after)
        self._console.print(table, demo_tables.records(statuses))
        self._console.print(demo_tables.calls(self._calls()[made_before:]))
        return equal

    def _send(self, event: Template, what: str) -> bool:
        """Publishes one event and waits until its record is settled. False if it is not, or needs attention."""
        kind, thing_id = subject(event)
        name = f"{event['detail-type']} {thing_id} ({what})"
        start = time.monotonic()
        publish(self._up, [event])
        record = Record(RecordKey(Kind(kind), thing_id))
        with self._console.status(f"{name} is on the bus") as status:
            for gone in until(SECONDS_TO_ARRIVE):
                record = self._records.of(kind, thing_id)
                if has_arrived(record, event) and record.status in _SETTLED:
                    break
                status.update(f"{name}, {gone:.0f} s")
        failed = record.status not in _SETTLED or record.status is Status.NEEDS_ATTENTION
        said = " ".join(problem.message for problem in record.problems) if failed else ""
        seconds = f"{time.monotonic() - start:.1f} s"
        self._console.print(f"{name}: {record.status} after {seconds} {said}".strip(), style="red" if failed else "")
        return not failed

    def _at_rest(self, events: list[Template]) -> dict[str, tuple[str, str]]:
        """Status and note of every record of the story and of its bills, once nothing is under way any more."""
        subjects = dict.fromkeys(subject(event) for event in events)
        bills = [(str(Kind.BILL), thing_id) for kind, thing_id in subjects if kind == Kind.PURCHASE_ORDER]
        records: dict[str, Record] = {}
        for _ in until(SECONDS_TO_ARRIVE):
            records = {" ".join(place): self._records.of(*place) for place in [*subjects, *bills]}
            if all(record.status in _SETTLED for record in records.values()):
                break
        return {place: said_of(record) for place, record in records.items()}

    def _calls(self) -> list[Template]:
        return [call for call in calls(self._up) if f"/{self._account.realm_id}/" in str(call["path"])]

    def _books(self) -> Books:
        return {entity: entities(self._up, self._account.realm_id, entity) for entity in ENTITIES}


def main() -> int:
    """Returns the exit code: 1 if the books do not say what Syncro says."""
    stop_on_sigterm()
    console = Console()
    try:
        with stack(from_environment(os.environ), console.print) as up:
            return 0 if run(up, console) else 1
    except KeyboardInterrupt:
        return 130
    except StartFailed as failure:
        print(f"The stack could not be started. {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
