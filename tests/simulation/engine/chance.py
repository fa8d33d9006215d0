"""One source of chance for everything in a history, the product's own included."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def seeded(seed: int) -> Iterator[random.Random]:
    """Inside, ids, jitter and secrets come from `seed`, too. Yields the generator for everything else."""
    ours, theirs = random.Random(f"history {seed}"), random.Random(f"product {seed}")
    before = random.getstate()
    random.seed(seed)
    with (
        patch.object(os, "urandom", theirs.randbytes),
        patch.object(random, "_urandom", theirs.randbytes),  # what `secrets` draws from
    ):
        try:
            yield ours
        finally:
            random.setstate(before)
