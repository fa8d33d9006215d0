"""`make load`: every scenario at its full size; prints the figures and leaves them for docs/benchmarks.md.

`python -m tests.simulation.load [OUTPUT]`. Fails if a scenario does not hold what it must.
"""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import monotonic, process_time

from rich.console import Console
from rich.table import Table

from tests.simulation.load import scenarios
from tests.simulation.load.scenarios import Figures
from tests.support import aws

MANY, OTHERS = 10_000, 200
GOAL = 10.0
"""Minutes that the month end may take."""

SCENARIOS: tuple[Callable[[], Figures], ...] = (
    lambda: scenarios.month_end(MANY, OTHERS),
    lambda: scenarios.month_end(MANY // 4, OTHERS // 4, members_count=True),
    lambda: scenarios.members_counted_unawares(MANY // 4, OTHERS // 4),
    lambda: scenarios.outage(500),
    lambda: scenarios.throttled(500),
    lambda: scenarios.slow(2_000),
    lambda: scenarios.refused(300),
    lambda: scenarios.failing(300),
)


def shown(found: list[Figures]) -> Table:
    """The figures as a table."""
    table = Table(title="Load, in virtual time, at QuickBooks' limits")
    columns = ("", *scenarios.COLUMNS)
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    for each in found:
        table.add_row(each.name, *each.cells())
    return table


def main() -> int:
    """Returns the exit code: 1 if the month end takes longer than it may."""
    logging.disable(logging.CRITICAL)
    console = Console(width=170)
    found: list[Figures] = []
    with aws.moto():
        for run in SCENARIOS:
            begun, cpu = monotonic(), process_time()
            found.append(run())
            took = f"{process_time() - cpu:.0f} s of CPU, {monotonic() - begun:.0f} s"
            console.print(f"{found[-1].name}: {found[-1].minutes:.1f} virtual minutes ({took})")
    console.print(shown(found))
    if len(sys.argv) > 1:
        rows = [[each.name, *each.cells()] for each in found]
        text = json.dumps({"columns": list(scenarios.COLUMNS), "rows": rows, "figures": [asdict(f) for f in found]})
        output = Path(sys.argv[1])
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    if found[0].minutes > GOAL:
        console.print(f"the month end took {found[0].minutes:.1f} minutes, more than {GOAL:.0f}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
