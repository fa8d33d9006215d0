"""`make simulate SEEDS=0-1999` runs the histories of these seeds, `make simulate SEEDS=1234` tells one.

Exit code 1 if what must be true was not, with the seeds to replay.
"""

import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context

from tests.simulation.engine.history import Told, run

MOST_SHOWN = 20
_CHUNK = 25
_TOLD_EVERY = 5_000


def main() -> int:
    """Run the seeds given on the command line."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of a set must be the same in every process
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - ourselves
    logging.disable(logging.CRITICAL)
    first, _, last = sys.argv[1].partition("-")
    if not last:
        return tell(run(int(first)))
    return summary(range(int(first), int(last) + 1), stop_at_first="--first" in sys.argv)


def tell(told: Told) -> int:
    """Print one history."""
    print("\n".join(told.story))
    print(told.violation or "everything is as it must be")
    return 1 if told.violation else 0


def summary(seeds: range, *, stop_at_first: bool) -> int:
    """Run many histories on all cores; print what was covered and what was violated."""
    began, processes = time.monotonic(), os.cpu_count() or 1
    struck: Counter[tuple[str, str]] = Counter()
    ingredients: Counter[str] = Counter()
    violated: list[Told] = []
    calls, hours, done = 0, 0.0, 0
    with get_context("fork").Pool(processes) as pool:
        for told in pool.imap_unordered(run_in_short, seeds, chunksize=_CHUNK):
            struck += told.struck
            ingredients += told.ingredients
            calls, hours, done = calls + told.calls, hours + told.virtual_hours, done + 1
            if told.violation:
                violated.append(told)
                print(f"VIOLATED by seed {told.seed}: {told.violation[:300]}", flush=True)
                if stop_at_first:
                    return 1
            if done % _TOLD_EVERY == 0 and done < len(seeds):
                print(f"{done:,} histories, {len(violated)} violations", flush=True)
    took = time.monotonic() - began
    print(f"{done:,} histories, {calls:,} calls and {hours:,.0f} virtual hours in {took:,.0f} s")
    print("of them with " + ", ".join(f"{name}: {count:,}" for name, count in sorted(ingredients.items())))
    print(f"{len(struck):,} crash points covered by {struck.total():,} mishaps:")
    print("by service " + ", ".join(_by_service(struck)))
    print("\n".join(_table(struck)))
    print(f"{len(violated)} violations")
    for told in sorted(violated, key=lambda told: told.seed)[:MOST_SHOWN]:
        print(f"  make simulate SEEDS={told.seed}")
    return 1 if violated else 0


def run_in_short(seed: int) -> Told:
    """A history without its story, which is long."""
    told = run(seed)
    told.story.clear()
    return told


def _by_service(struck: Counter[tuple[str, str]]) -> Iterator[str]:
    points, mishaps = Counter(call.partition(".")[0] for call, _ in struck), Counter[str]()
    for (call, _), count in struck.items():
        mishaps[call.partition(".")[0]] += count
    for service in sorted(points):
        yield f"{service}: {points[service]:,} ({mishaps[service]:,} mishaps)"


def _table(struck: Counter[tuple[str, str]]) -> Iterator[str]:
    kinds = sorted({kind for _, kind in struck})
    calls = sorted({call for call, _ in struck})
    widest = max(map(len, calls), default=0)
    yield f"  {'':<{widest}}" + "".join(f"{kind:>12}" for kind in kinds)
    for call in calls:
        yield f"  {call:<{widest}}" + "".join(f"{struck[call, kind] or '-':>12}" for kind in kinds)


if __name__ == "__main__":
    sys.exit(main())
