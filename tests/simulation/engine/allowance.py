"""The last hours of a month whose reads are nearly used up: what can wait does, what keeps the books right goes on."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from emulators.quickbooks_online.journal import JournalEntry
from tests.simulation.engine.world import SimulatedWorld

LAST_EVENING, NEW_MONTH = datetime(2026, 11, 30, 20, 0, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
READS = 1_000
_A_PROOF = 5
POLLS, LOOKUPS = 600, 800
"""Polls and comparisons stop at 60 %, lookups for new names at 80 % (docs/runbook.md, "Read allowance")."""

_HELD_UP = ("stalls", "meanwhile")


class Allowance:
    """A thousand reads a month, of which others have used so many that this evening's may be too many."""

    def __init__(self, world: SimulatedWorld, rng: Random) -> None:
        self._world = world
        mark = rng.choice([POLLS, LOOKUPS, LOOKUPS, READS, READS])
        self._before = mark - rng.randrange(0, 12)
        self._from = len(world.emulator.journal)
        world.with_read_allowance(READS, self._before)

    def until_the_new_month(self, accounts: list[str]) -> None:
        """It is quiet. Nothing is given up in these accounts, and while any reads are left proofs are made."""
        world = self._world
        world.go_on(NEW_MONTH - timedelta(seconds=1))
        records = [
            item for account in accounts for item in world.items(f"acct#{account}#") if item["sk"]["S"] == "record"
        ]
        for item in records:
            given_up = item["status"]["S"] == "needs_attention" and not _waits_for_a_round(item, records)
            assert not given_up, f"{item['pk']['S']} is given up: {item.get('problems')}"
        if world.reads_counted() < READS - _A_PROOF and not world.paused_accounts():
            dispatches = [f"acct#{account}#dispatch#" for account in world.companies]  # on Desktop nothing is metered
            unproven = [each["pk"]["S"] for place in dispatches for each in world.items(place)]
            assert unproven == [], f"not proven, though there are reads left for that: {unproven}"
        world.mishaps.tell(f"-- a new month, {world.reads_counted()} reads were counted")
        world.go_on(NEW_MONTH + timedelta(seconds=1))

    def check(self) -> None:
        """Raises AssertionError if a read was made for which there was no allowance any more."""
        used = self._before
        # One that was held up after it had been counted comes after others that were counted later.
        struck = self._world.mishaps.struck
        in_order = not any(call.startswith("qbo.") and kind in _HELD_UP for call, kind in struck)
        for entry in self._world.emulator.journal[self._from :]:
            if _is_metered(entry) and entry.time < NEW_MONTH:
                most = _share(entry) if in_order else READS
                used += entry.reads
                assert used <= most, f"{entry.operation} {entry.query} is read {used} of {most}"


def _waits_for_a_round(item: dict[str, Any], records: list[dict[str, Any]]) -> bool:
    """Whether a round of retries brings it back, or the payment that holds it fast."""
    if "payments_hold_invoice" in str(item.get("problems")):
        account = item["pk"]["S"].partition("#invoice#")[0]
        return any(_is_troubled(each) for each in records if each["pk"]["S"].startswith(f"{account}#payment#"))
    return _is_troubled(item)


def _is_troubled(item: dict[str, Any]) -> bool:
    return "troubled" in str(item.get("due_shard"))


def _is_metered(entry: JournalEntry) -> bool:
    return entry.reads > 0 and (entry.status == 200 or (entry.status is None and entry.note != "dropped before"))


def _share(entry: JournalEntry) -> int:
    asked = entry.query.get("query", "")
    if "/cdc" in entry.path or "TxnDate >=" in asked or "LastUpdatedTime" in asked:
        return POLLS
    return LOOKUPS if "PrimaryEmailAddr =" in asked or entry.operation.startswith("batch") else READS
