"""A session's part in the nightly comparison: it asks for the documents of these months, after all other work.

One message set asks for the first page of every kind, further ones for what is left of them. Documents that the
comparison misses are then asked for by id. The comparison itself is made elsewhere, see `DesktopBooks`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import uuid4

from syncro_quickbooks.desktop.night_reading import Reading, Readings, place_of
from syncro_quickbooks.desktop.qbxml.reading import Answer, Reply, section, text
from syncro_quickbooks.desktop.qbxml.writing import Request, message_set, written
from syncro_quickbooks.desktop.reading_back import NOT_FOUND
from syncro_quickbooks.desktop.work import Work
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.sync.nights import first_day

READ = {
    "Invoice": ("TxnID", "RefNumber", "Subtotal", "SalesTaxTotal", "BalanceRemaining", "Memo"),
    "ReceivePayment": ("TxnID", "RefNumber", "TotalAmount", "Memo"),
    "CreditMemo": ("TxnID", "RefNumber", "TotalAmount", "Memo"),
}
"""The kinds of documents that are compared, and what is needed of each; the queries know these names of theirs."""

_IDS_AT_ONCE = 100
_MOST_REFUSALS = 3
_LONGEST_MEMO = 300


class Night:
    """Reads for one account, for one call.

    The session's memory has its iterators, which live as long as it does (facts: QBD 2.5), and how far it has come; a
    session without that begins anew.
    """

    def __init__(self, work: Work, readings: Readings) -> None:
        self._work = work
        self._readings = readings
        self._memory = work.memory.table("night")

    def wanted(self) -> Reading | None:
        """What this session has to read, if anything."""
        return None if self._memory.get("off") else self._readings.wanted()

    def request(self) -> str:
        """The next question; empty if there is none."""
        reading = self.wanted()
        if reading is None:
            return ""
        queries = self._of_missing(reading) if reading.missing else self._of_months(reading)
        return message_set([written(query, bid) for bid, query in queries], self._work.company.version)

    def take(self, answer: Answer) -> None:
        """QuickBooks has answered: keep what it says. After a refusal this session asks no more."""
        reading = self.wanted()
        if reading is None or self._memory.get("pages") != reading.pages:
            return
        replies = {reply.request_id: reply for reply in answer.replies}
        refusal = self._missing_came(reading, replies) if reading.missing else self._months_came(reading, replies)
        if refusal is not None:
            self._refused(reading, refusal)

    # -- these months --------------------------------------------------------------------------------------------------

    def _of_months(self, reading: Reading) -> Iterator[tuple[str, Request]]:
        if reading.read_at is None or self._memory.get("pages") != reading.pages:
            since = first_day(self._work.clock.now(), self._work.settings.time_zone)
            reading = self._readings.begin(reading, uuid4().hex[:8], since)
            self._memory.update({"pages": reading.pages, "page": 0, "iterators": {}})
        iterators = section(self._memory, "iterators")
        for name in list(iterators) or list(READ):
            body: JsonObject = {
                "MaxReturned": reading.rows,
                "TxnDateRangeFilter": {"FromTxnDate": reading.since.isoformat() if reading.since else None},
                "IncludeRetElement": list(READ[name]),
            }
            step = "Continue" if iterators else "Start"
            yield name, Request(f"{name}Query", body, iterator=step, iterator_id=text(iterators, name))

    def _months_came(self, reading: Reading, replies: Mapping[str, Reply]) -> str | None:
        """Keep a page of each kind that was asked for. Returns why that is not possible."""
        left: dict[str, Json] = {}
        rows: list[tuple[str, JsonObject]] = []
        for name in list(section(self._memory, "iterators")) or list(READ):
            reply = replies.get(name)
            if reply is None or not reply.done or (reply.remaining and not reply.iterator_id):
                return _why(name, reply)
            rows += _rows(name, reply)
            if reply.remaining:
                left[name] = reply.iterator_id
        page = self._memory.get("page")
        number = page if isinstance(page, int) else 0
        self._readings.keep(reading, f"{number:05d}", rows)
        self._work.memory.add("read", len(rows))
        self._memory.update({"page": number + 1, "iterators": left})
        if not left:
            self._readings.end(reading)
        return None

    # -- by id ---------------------------------------------------------------------------------------------------------

    def _of_missing(self, reading: Reading) -> Iterator[tuple[str, Request]]:
        if self._memory.get("pages") != reading.pages:
            self._memory.update({"pages": reading.pages, "from": 0})
        start = self._start()
        for bid, (entity, txn_id) in enumerate(reading.missing[start : start + _IDS_AT_ONCE]):
            # One id a query: of several, QuickBooks may refuse all for one that is not there (facts: QBD 2.3).
            body: JsonObject = {"TxnID": txn_id, "IncludeRetElement": list(READ[entity])}
            yield str(bid), Request(f"{entity}Query", body)

    def _missing_came(self, reading: Reading, replies: Mapping[str, Reply]) -> str | None:
        """Keep those that are there. Returns why that is not possible."""
        start = self._start()
        end = start + _IDS_AT_ONCE
        rows: list[tuple[str, JsonObject]] = []
        for bid, place in enumerate(reading.missing[start:end]):
            reply = replies.get(str(bid))
            if reply is None or not (reply.done or reply.code in NOT_FOUND):
                return _why(place[0], reply)
            rows += [each for each in _rows(place[0], reply) if place_of(*each) == place]
        self._readings.keep(reading, f"id{start:05d}", rows)
        self._work.memory.add("read", len(rows))
        self._memory["from"] = end
        if end >= len(reading.missing):
            self._readings.end(reading)
        return None

    def _start(self) -> int:
        start = self._memory.get("from")
        return start if isinstance(start, int) else 0

    # -- refusals ------------------------------------------------------------------------------------------------------

    def _refused(self, reading: Reading, why: str) -> None:
        self._memory["off"] = True
        refusals = reading.refusals + 1
        fields = {"account_id": self._work.account_id, "reason": why, "refusals": refusals}
        self._work.log.warning("Nothing read for the nightly comparison", extra=fields)
        if refusals < _MOST_REFUSALS:
            self._readings.save(replace(reading, refusals=refusals))
        else:
            self._readings.give_up()


def _rows(entity: str, reply: Reply) -> list[tuple[str, JsonObject]]:
    """The documents in a reply: what is compared of them."""
    return [
        (entity, {name: value[:_LONGEST_MEMO] for name in READ[entity] if (value := text(ret, name))})
        for _, ret in reply.objects
    ]


def _why(entity: str, reply: Reply | None) -> str:
    return f"{entity}: no answer" if reply is None else f"{entity}: {reply.code} {reply.message}"
