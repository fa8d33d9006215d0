"""The flows that are measured, each where everything it refers to is known, unless it says otherwise."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.meter import MeteredDynamoDB
from emulators.quickbooks_online.web import Request, Response
from tests.integration.push.spending import spending
from tests.support.events import customer, invoice_detail, line
from tests.support.payment_events import allocation, payment_detail, store_credit_detail
from tests.support.purchase_events import order_detail, order_line
from tests.support.world import World

TEN_LINES = [line(number, number) for number in range(11, 21)]
TEN_LINES_TOTALS = ("1000.00", "80.00", "1080.00")
BACKLOG = 300


@dataclass(frozen=True, slots=True)
class Cost:
    """What a flow cost in all. `documents` is how many it booked or looked at, `cpu` seconds of our own code."""

    name: str
    documents: int
    calls: int
    by_member: int
    metered_reads: int
    cpu: float
    read_units: float
    write_units: int
    table_calls: int
    messages: int


class Bench:
    """A world with one ready account that counts what is done in it."""

    def __init__(self) -> None:
        self.table = MeteredDynamoDB()
        self.world = World(self.table)
        self.world.connect(everything=True)
        self._emulator_time = 0.0
        self._messages = 0
        self._watch_emulator()
        self._watch_queues()

    def ten_lines(self, invoice_id: int, **fields: Any) -> None:
        """Publish an invoice of ten lines."""
        detail = {"lines": TEN_LINES, "totals": TEN_LINES_TOTALS, **fields}
        self.world.publish("invoice.created", invoice_detail(invoice_id, **detail))

    def measure(self, name: str, documents: int, work: Callable[[], None]) -> Cost:
        """Do `work`, bring everything into the books, and say what it cost."""
        gc.collect()
        table = self.table
        before = (table.reads, table.writes, table.calls, self._messages, self._emulator_time)
        start = time.process_time()
        with spending(self.world) as spent:
            work()
            self.world.run()
        spent_cpu = time.process_time() - start - (self._emulator_time - before[4])
        return Cost(
            name=name,
            documents=documents,
            calls=spent.calls,
            by_member=spent.by_member,
            metered_reads=spent.reads,
            cpu=spent_cpu,
            read_units=table.reads - before[0],
            write_units=table.writes - before[1],
            table_calls=table.calls - before[2],
            messages=self._messages - before[3],
        )

    def _watch_emulator(self) -> None:
        """QuickBooks' own time is not ours."""
        handle = self.world.emulator.handle

        def timed(request: Request) -> Response:
            start = time.process_time()
            try:
                return handle(request)
            finally:
                self._emulator_time += time.process_time() - start

        self.world.emulator.handle = timed  # type: ignore[method-assign]  # the stop-watch around it

    def _watch_queues(self) -> None:
        sent = self.world.sent

        def counted(arguments: dict[str, Any]) -> None:
            self._messages += 1
            sent(arguments)

        self.world.sent = counted  # type: ignore[method-assign]  # the counter around it


def measured() -> list[Cost]:
    """Every flow once, in an order in which each finds what it needs."""
    bench = Bench()
    publish = bench.world.publish
    costs = [
        bench.measure("invoice, new customer and 10 new items", 1, lambda: bench.ten_lines(1)),
        bench.measure("invoice, everything known", 1, lambda: bench.ten_lines(2)),
        bench.measure("the same event again", 1, lambda: bench.ten_lines(2)),
        bench.measure("newer event without a change", 1, lambda: bench.ten_lines(2, version=2)),
        bench.measure("payment of a known invoice", 1, lambda: publish("payment.created", _payment(2, {2: "1080.00"}))),
    ]

    def backlog() -> None:
        for number in range(100, 100 + BACKLOG):
            bench.ten_lines(number)

    def payments() -> None:
        for number in range(100, 100 + BACKLOG):
            publish("payment.created", _payment(number, {number: "1080.00"}))

    costs += [
        bench.measure(f"backlog of {BACKLOG} invoices, everything known", BACKLOG, backlog),
        bench.measure(f"backlog of {BACKLOG} payments", BACKLOG, payments),
    ]
    for number in range(500, 505):
        bench.ten_lines(number)
    bench.world.run()
    split = _payment(500, dict.fromkeys(range(500, 505), "1080.00"), amount="5400.00")
    costs.append(bench.measure("payment split over 5 invoices", 1, lambda: publish("payment.created", split)))
    credit = store_credit_detail(259, "40.00")
    costs.append(bench.measure("store credit as credit memo", 1, lambda: publish("store_credit.created", credit)))
    order = order_detail(
        707, lines=[order_line(1, 27, "12", "4010", received="12")], total="481.20", status="Finished", **_NO_EXTRAS
    )
    costs.append(bench.measure("finished order: new vendor, item, order, bill", 2, lambda: _order(bench, order)))
    return costs


_NO_EXTRAS: dict[str, Any] = {"shipping": "0.0", "other": "0.0", "finished_at": "2026-11-18T15:00:00.000Z"}


def _order(bench: Bench, order: dict[str, Any]) -> None:
    bench.world.publish("purchase_order.created", order)


def _payment(payment_id: int, invoices: dict[int, str], amount: str = "1080.00") -> dict[str, Any]:
    return payment_detail(
        payment_id, amount, [allocation(invoice, part) for invoice, part in invoices.items()], owner=customer()
    )
