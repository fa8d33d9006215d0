"""Message sets: what is planned becomes one set, frozen before anybody can send it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from syncro_quickbooks.clock import to_millis
from syncro_quickbooks.desktop import explanations
from syncro_quickbooks.desktop.qbxml.writing import GO_ON, STOP_ON_ERROR, Request, message_set, written
from syncro_quickbooks.desktop.work import CREDIT_APPLICATION, Work, request_name
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.storage.packing import TooLarge
from syncro_quickbooks.sync.attempts import Planned, attempting
from syncro_quickbooks.sync.dispatches import Dispatch, Member
from syncro_quickbooks.sync.model import Operation, RecordKey, Status
from syncro_quickbooks.sync.store import Changed, Verdict

MOST_MEMBERS = 40
"""Facts (QBD 1.3) advise 20 to 50 writes; one transaction freezes the set and each of its members."""

LARGEST_ANSWER = 1_500_000
"""Bytes. Lambda takes 6 MB and API Gateway 10 MB, but the SOAP envelope and a slow line want room (facts: QBD 1.3)."""

# What a document comes back as, beside what was sent: ids, names of all references, addresses twice.
_HEAD_OF_ANSWER = 4_000
_LINE_OF_ANSWER = 700


@dataclass(slots=True)
class Batch:
    """What goes into the next set, in order: customers before their invoices before their payments."""

    most: int
    planned: dict[RecordKey, Planned] = field(default_factory=dict)
    texts: dict[RecordKey, str] = field(default_factory=dict)
    answer_bytes: int = 0
    closed: bool = False

    @property
    def full(self) -> bool:
        """Whether nothing more should be planned; a document may bring its customer along."""
        return self.closed or len(self.planned) >= self.most

    def add(self, item: Planned) -> None:
        """Put a write into the set. Raises Unwritable."""
        key = item.view.key
        text = written(_request(item), str(len(self.planned) + 1))
        self.planned[key], self.texts[key] = item, text
        self.answer_bytes += 2 * len(text) + _HEAD_OF_ANSWER + _LINE_OF_ANSWER * item.write.lines

    def takes(self, lines: int) -> bool:
        """Whether a document with that many lines still fits, as far as can be told before it is written.

        What does not fit closes the set: it comes first in the next one.
        """
        expected = self.answer_bytes + 2 * _HEAD_OF_ANSWER + 3 * _LINE_OF_ANSWER * lines
        self.closed = bool(self.planned) and expected > LARGEST_ANSWER
        return not self.closed

    @property
    def names_new_customers(self) -> bool:
        """Whether documents refer to customers that the set itself makes, by name."""
        writes = [item.write for item in self.planned.values()]
        makes = any(write.entity == "Customer" and write.operation is Operation.CREATE for write in writes)
        return makes and any(write.entity != "Customer" for write in writes)


def macro_of(key: RecordKey) -> str:
    """The name under which later requests of a set refer to a document that it makes (facts: QBD 2.5)."""
    return f"TxnID:{key.kind}{key.id}"


def freeze(work: Work, batch: Batch) -> Dispatch | None:
    """Store the set and its members' attempts. None if that was not possible; the next pass sees why."""
    set_id = _set_id(work)
    text = message_set(
        list(batch.texts.values()),
        work.company.version,
        # A name that a customer could not be given may be another customer's: then nothing may follow.
        on_error=STOP_ON_ERROR if batch.names_new_customers else GO_ON,
        set_id=set_id,
        old_set_id=work.memory.text("last_set"),
    )
    now = work.clock.now()
    dispatch = Dispatch(
        id=set_id,
        realm_id=work.realm_id,
        request={"set": text},
        members=tuple(_member(str(place), item) for place, item in enumerate(batch.planned.values(), start=1)),
        first_sent_at=now,
        last_sent_at=now,
        due=now,
    )
    items = list(batch.planned.values())
    try:
        work.store.freeze(dispatch, [attempting(item, set_id) for item in items])
    except Changed:
        return None
    except TooLarge:
        return _smaller(work, items)
    return dispatch


def _smaller(work: Work, items: Sequence[Planned]) -> Dispatch | None:
    """Half of them; the others stay in the outbox. One that is too large alone is somebody's to look at."""
    if len(items) == 1:
        view = items[0].view
        work.store.conclude(view, Verdict(Status.NEEDS_ATTENTION, (explanations.too_large(view),)))
        return None
    half = Batch(MOST_MEMBERS)
    for item in items[: len(items) // 2]:
        half.add(item)
    return freeze(work, half)


def _set_id(work: Work) -> str:
    """20 hex characters, of the 23 that fit, in order of time (facts: QBD 2.4)."""
    return f"{to_millis(work.clock.now()):012x}{uuid4().hex[:8]}"


def _request(item: Planned) -> Request:
    write = item.write
    makes_txn = write.operation is Operation.CREATE and write.entity not in ("Customer", CREDIT_APPLICATION)
    macro = macro_of(item.view.key) if makes_txn else ""
    return Request(request_name(write.entity, write.operation), write.body, macro)


def _member(bid: str, item: Planned) -> Member:
    body: JsonObject = item.write.body
    return Member(
        bid=bid,
        key=item.view.key,
        entity=item.write.entity,
        operation=item.write.operation,
        generation=item.generation,
        stamp=item.view.record.stamp,
        digest=item.write.digest,
        body=body,
        expected=item.write.expected,
        warnings=item.write.warnings,
    )
