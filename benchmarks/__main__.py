"""Measures and writes docs/benchmarks.md: `python -m benchmarks BUILD_DIR INIT_TIMES LOAD`."""

import json
import platform
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from benchmarks import prices
from benchmarks.flows import Cost, measured
from benchmarks.packages import largest_parts, packages

DOCUMENT = Path(__file__).resolve().parent.parent / "docs/benchmarks.md"
_HEAD = """\
# Benchmarks

Written by `make bench`, which repeats all of it on your machine: {machine}, {day}.
Calls, reads and request units are counted and come out the same everywhere; milliseconds do not. What counts must not
exceed is asserted in `tests/integration/push/test_budgets.py`, init times in `make rie`.
"""


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """A table in Markdown."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join('---' if place == 0 else '---:' for place in range(len(columns)))}|"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def flows(costs: Sequence[Cost]) -> Iterator[str]:
    """What each flow costs, for one document."""
    yield "## What a flow costs, per document\n"
    yield "Calls count a batch of 30 once, or every member should Intuit count so (unpublished). Metered reads are"
    yield "CorePlus reads. CPU is our own code's, without the emulators and without boto3's wire.\n"
    columns = ("flow", "documents", "calls", "by member", "metered reads", "CPU ms", "read units", "write units")
    yield from table((*columns, "table calls", "messages"), [_flow(cost) for cost in costs])


def _flow(cost: Cost) -> list[object]:
    each = cost.documents

    def per(number: float, digits: int = 1) -> str:
        return f"{number / each:.{digits}f}"

    calls = [per(cost.calls, 3), per(cost.by_member, 1), per(cost.metered_reads)]
    units = [per(cost.read_units), per(cost.write_units), per(cost.table_calls), per(cost.messages, 2)]
    return [cost.name, each, *calls, per(cost.cpu * 1000), *units]


def money(costs: Sequence[Cost]) -> Iterator[str]:
    """What a thousand documents cost."""
    yield "\n## Cost of 1,000 documents, US dollars\n"
    yield "AWS list prices, us-east-1, arm64, November 2026; durations worked out as `benchmarks/prices.py` says"
    yield f"({prices.ANSWER} s a QuickBooks answer, {prices.MEMBER} s for every further member of a batch)."
    yield "Free tiers, logs and what an idle deployment costs (KMS key, alarms) are left out.\n"
    services = list(prices.dollars(costs[0]))
    rows = []
    for cost in costs:
        parts = prices.dollars(cost)
        thousand = [part * 1000 / cost.documents for part in parts.values()]
        rows.append([cost.name, *(f"{part:.4f}" for part in thousand), f"**{sum(thousand, Decimal(0)):.3f}**"])
    yield from table(("flow", *services, "all"), rows)


def load(found: Path) -> Iterator[str]:
    """What `make load` noted."""
    noted = json.loads(found.read_text(encoding="utf-8"))
    yield "\n## Load, in virtual time\n"
    yield "By `make load`: ten-line invoices of one account whose customers and products QuickBooks knows, against the"
    yield "emulator's limits (500 requests and 40 batches a minute, 10 requests a second), with ten workers for all"
    yield "accounts and answers after 0.8 s and 0.15 s for each further member of a batch, three tenths more or less."
    yield "Minutes are those from the first event to the last settled record, with quiet time. What a batch counts is"
    yield "not published: so the share of 40 full batches a minute, and the busiest minute's of 500 members.\n"
    yield from table(("scenario", *noted["columns"]), noted["rows"])


def init_times(found: Path) -> Iterator[str]:
    """What the run on the runtime emulator noted."""
    noted = json.loads(found.read_text(encoding="utf-8"))
    yield "\n## Init time and memory on AWS's runtime emulator, ms\n"
    yield f"{noted['runs']} cold starts each, byte-compiled, in turns, and the first call with the init in it (median)."
    yield "x: times a handler that only makes a DynamoDB client. The budget is for the minimums: on a machine that"
    yield "others use, everything above is noise. MB: the most memory that the runtime held.\n"
    yield from table(noted["columns"], noted["rows"])


def sizes(build: Path) -> Iterator[str]:
    """How large the packages are."""
    yield "\n## Package sizes, KB\n"
    rows = [(each.name, _kilobytes(each.unpacked), _kilobytes(each.zipped)) for each in packages(build)]
    yield from table(("package", "unpacked", "zipped"), rows)
    parts = ", ".join(f"{name} {_kilobytes(size)}" for name, size in largest_parts(build / "CommonLayer"))
    yield f"\nThe largest parts of the layer, unpacked: {parts}."


def _kilobytes(octets: int) -> str:
    return f"{octets / 1024:,.0f}"


def main() -> int:
    """Writes the document. Returns the exit code."""
    build, init, noted = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    costs = measured()
    head = _HEAD.format(
        machine=f"{platform.machine()}, Python {platform.python_version()}", day=f"{datetime.now(UTC):%Y-%m-%d}"
    )
    lines = [head, *flows(costs), *money(costs), *load(noted), *init_times(init), *sizes(build)]
    DOCUMENT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{DOCUMENT} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
