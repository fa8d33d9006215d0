"""What a decision or an answer makes of a document's record and state. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.explanations import named
from syncro_quickbooks.online.mapping.prediction import compare_answer
from syncro_quickbooks.online.work import Settled
from syncro_quickbooks.sync.model import Attention, Problem, RecordKey, Skip, Status, Totals, Wait
from syncro_quickbooks.sync.records import RealmState, without_attempt
from syncro_quickbooks.sync.store import Verdict

FORECAST = "predicted_"
"""Codes of warnings that only foretell what QuickBooks will compute; its answer replaces them."""

_STATUS = {Skip: Status.SKIPPED, Attention: Status.NEEDS_ATTENTION, Wait: Status.WAITING}


def verdict_of(decision: Skip | Attention | Wait) -> Verdict:
    """How a record stands by a decision that sends nothing."""
    return Verdict(_STATUS[type(decision)], (decision.problem,))


def done(warnings: Sequence[Problem]) -> Verdict:
    """How a record stands once QuickBooks has it."""
    return Verdict(Status.SYNCED_WITH_WARNING if warnings else Status.SYNCED, tuple(warnings))


def final_warnings(
    warnings: Sequence[Problem], expected: Totals | None, posted: JsonObject, key: RecordKey
) -> tuple[Problem, ...]:
    """What to warn of once QuickBooks' own figures are known: they replace what was foretold of them."""
    kept = tuple(warning for warning in warnings if not warning.code.startswith(FORECAST))
    return kept if expected is None else kept + compare_answer(expected, posted, named(key, posted))


def applied_state(answer: Settled, stored: JsonObject, *, gone: bool = False) -> RealmState:
    """The record's state after QuickBooks carried a member out and answered with `stored`."""
    member = answer.member
    return replace(
        without_attempt(answer.view.state),
        entity=member.entity,
        qbo_id=str(stored.get("Id") or answer.view.state.qbo_id),
        sync_token=str(stored.get("SyncToken") or answer.view.state.sync_token),
        generation=member.generation,
        applied_stamp=member.stamp,
        applied_digest=member.digest,
        object=stored,
        gone=gone,
        doubt="",
        release_to="",
        kept=0,
    )
