"""An account's records, as somebody who may look into the table sees them."""

from local import accounts
from local.cloudformation import Template, mapping
from local.stack import Stack
from syncro_quickbooks.sync.keys import Keys
from syncro_quickbooks.sync.model import Kind, RecordKey
from syncro_quickbooks.sync.records import Record, record_from_item


class Records:
    """The records of one account of a running stack."""

    def __init__(self, up: Stack, account_id: str) -> None:
        self._table = accounts.deployed(up).table
        self._keys = Keys(account_id)

    def of(self, kind: str, thing_id: str) -> Record:
        """A thing's record; an empty one if no event has come."""
        key = RecordKey(Kind(kind), thing_id)
        return record_from_item(key, self._table.get(self._keys.record(key)))


def has_arrived(record: Record, event: Template) -> bool:
    """Whether the record knows of the event."""
    detail = mapping(event["detail"])
    if "request_id" in detail:
        return record.force == detail["request_id"]
    return record.version >= int(str(detail["version"]))


def said_of(record: Record) -> tuple[str, str]:
    """Its status and what is to be said of it."""
    return str(record.status), "\n".join(problem.message for problem in record.problems)
