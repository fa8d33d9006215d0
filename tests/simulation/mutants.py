"""Breaks the sync core on purpose, one rule at a time, and shows that the simulation notices.

Run it with `make mutants`. Each mutant is applied to a copy of the project; the smallest selection of tests that must
fail is run there. Exit code 1 if one survives, or if the tests do not pass on the unbroken copy.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYER = Path("layers/common/syncro_quickbooks")
COPIED = ("layers/common/syncro_quickbooks", "emulators", "local", "tests", "pyproject.toml", "template.yaml")
HISTORIES = "0-1999"
TIME_LIMIT = 300.0  # seconds for one selection; a mutant may well run for ever, and that is noticed too


@dataclass(frozen=True)
class Change:
    """A text of a source file, there exactly once, and what it becomes."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A rule that is broken, how, and the tests that must notice."""

    name: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...] = ()
    in_histories: bool = False
    """Whether the histories of `make simulate` must notice it, too."""


def answered_as_refused(error: str) -> tuple[Change, ...]:
    """An answer that says nothing about the record is taken for QuickBooks' definite no."""
    call = "            reading = self._judged(call, token, carried.answer)\n"
    mutated = (
        "            try:\n"
        f"    {call}"
        "            except Exception as error:\n"
        f"                if type(error).__name__ != {error!r}:\n"
        "                    raise\n"
        "                return dict.fromkeys(bids, Refused((verdict.Fault('6000', 'refused'),)))\n"
    )
    return (Change("online/client.py", call, mutated),)


RETRIES = "tests/integration/operations/test_retry_failed.py"
NIGHTS = "tests/integration/operations/test_reconciliation.py"
DESKTOP_NIGHTS = "tests/integration/operations/test_reconciliation_desktop.py"
DESKTOP_RETRIES = "tests/integration/operations/test_retry_desktop.py"
CRASH = "tests/simulation/test_crash_everywhere.py"
FIVE_XX = "tests/simulation/test_recovery.py::test_three_equal_server_errors_lead_to_the_proof"
WORKERS = "tests/simulation/test_two_workers.py::test_a_second_worker_at_any_call_of_the_first_changes_nothing"
BOUNDARY = f"{CRASH}::test_interrupted_at_any_call_the_newest_invoice_is_booked_once"
READS = "tests/simulation/test_failing_reads.py::test_a_read_that_fails_for_long_creates_and_unmaps_nothing"
HOLDING = "tests/simulation/test_holding_back.py"
CONSENT = f"{HOLDING}::test_a_consent_taken_back_in_the_middle_of_a_write_loses_nothing"
THROTTLED = f"{HOLDING}::test_429_pauses_the_account_for_a_minute_and_fails_no_record"
ACCOUNTS = "tests/simulation/test_two_accounts.py::test_an_account_pushed_at_any_call_of_another_stays_apart"
PAYMENTS = "tests/integration/push/test_payments.py"
CREDITS = "tests/integration/push/test_store_credits.py"
RECOVERY = "tests/simulation/test_recovery.py"
KILLED = f"{RECOVERY}::test_a_worker_killed_at_any_call_is_replaced_in_time_by_the_sweep_alone"

MUTANTS = (
    Mutant(
        "a  a new request id for each send",
        (
            Change(
                "online/sending.py",
                "        request = request_from_json(dispatch.request)\n",
                "        request = request_from_json(dispatch.request)\n"
                "        fresh = tuple((n, uuid4().hex if n == 'requestid' else v) for n, v in request.query)\n"
                "        request = replace(request, query=fresh)\n",
            ),
        ),
        tuple(f"{BOUNDARY}[one-after-the-other-the answer is lost-{part}]" for part in range(4)),
        in_histories=True,
    ),
    Mutant(
        "b  no wait before the proof",
        (Change("sync/dispatches.py", "REQUEST_LIFE + timedelta(seconds=80)", "timedelta(0)"),),
        (f"{RECOVERY}::test_a_request_still_in_work_is_proven_after_150_seconds",),
        in_histories=True,
    ),
    Mutant(
        "c  a failed proof read counts as absent",
        (Change("online/proof.py", "NotKnown() if made is None", "Absent() if made is None"),),
        (f"{READS}[proof that a create was done-500]",),
    ),
    Mutant(
        "d  settled whatever version is desired by then",
        (
            Change(
                "sync/store.py",
                '    parts = ["#version = :version AND #force = :force"]\n'
                '    values: dict[str, Value] = {":version": int(version), ":force": force}\n',
                '    parts = ["attribute_exists(#pk)"]\n    values: dict[str, Value] = {}\n',
            ),
            Change(
                "sync/store.py",
                "operations.append(Delete(self.keys.outbox_entry(view.key), same))",
                "operations.append(Delete(self.keys.outbox_entry(view.key)))",
            ),
        ),
        (f"{CRASH}::test_a_newer_event_at_any_call_of_the_push_is_booked_once_and_in_the_end",),
        in_histories=True,
    ),
    Mutant(
        "e  frozen only after it was sent",
        (
            Change(
                "online/sending.py",
                "            self._work.store.freeze(dispatch, [attempting(item, dispatch.id) for item in group])\n",
                "            pass\n",
            ),
            Change(
                "online/sending.py",
                "            posted = self._work.client.post(request, bids, deadline=self._work.deadline)\n",
                "            posted = self._work.client.post(request, bids, deadline=self._work.deadline)\n"
                "            if dispatch.sends == 1:\n"
                "                self._work.store.freeze(dispatch, list(live.values()))\n",
            ),
        ),
        tuple(f"{BOUNDARY}[one-after-the-other-dies after the call took effect-{part}]" for part in range(4)),
        in_histories=True,
    ),
    Mutant(
        "f  transactions without the lease's fence",
        (
            Change(
                "sync/lease.py",
                'Condition("#fence = :fence", {":fence": self.fence})',
                'Condition("attribute_exists(#pk)")',
            ),
        ),
        (f"{WORKERS}[create-after_the_lease]",),
        in_histories=True,
    ),
    Mutant(
        "g  the outbox entry written after the desired state",
        (
            Change(
                "sync/intake.py",
                "            operations.append(Put(outbox_item(keys, newer, due)))\n"
                "        self._table.transact(operations)\n",
                "            self._table.transact(operations)\n"
                "            operations = [Put(outbox_item(keys, newer, due))]\n"
                "        self._table.transact(operations)\n",
            ),
        ),
        tuple(f"{BOUNDARY}[one-after-the-other-dies before the call-{part}]" for part in range(4)),
        in_histories=True,
    ),
    Mutant("h1 401 taken for a refusal", answered_as_refused("Reconnect"), (CONSENT,), in_histories=True),
    Mutant("h2 429 taken for a refusal", answered_as_refused("Throttled"), (THROTTLED,), in_histories=True),
    Mutant("h3 5xx taken for a refusal", answered_as_refused("Unavailable"), (FIVE_XX,), in_histories=True),
    Mutant(
        "i  a look-alike without our mark counts as absent",
        (Change("online/proof.py", "and _looks_like(candidate, member.body)", "and False"),),
        (f"{RECOVERY}::test_a_document_like_it_without_our_mark_is_asked_about",),
    ),
    Mutant(
        "j  one account's token used for the other",
        (
            Change("online/token_store.py", "held = self._held.get(connection)", "held = self._held.get('any')"),
            Change(
                "online/token_store.py",
                "            self._held[connection] = held\n        return held.access\n",
                "            self._held['any'] = held\n        return replace(held.access, connection=connection)\n",
            ),
        ),
        (f"{ACCOUNTS}[acme-globex-1]",),
    ),
    Mutant(
        "k  the posting stop is not read before a send",
        (Change("online/drain.py", "if reason is not None:", "if False:"),),
        (f"{HOLDING}::test_a_posting_stop_holds_everything_and_nothing_is_lost[all]",),
    ),
    Mutant(
        "l  no guard for a worker that dies",
        (Change("sync/wake.py", "_GUARD = LEASE_LIFE + timedelta(seconds=10)", "_GUARD = timedelta(days=1)"),),
        (f"{KILLED}[create-dies before the call]",),
    ),
    Mutant(
        "m  whoever begins to wait meanwhile is overlooked",
        (Change("sync/store.py", "if has_waiters is False:", "if False:"),),
        (f"{CREDITS}::test_a_rest_that_is_used_before_its_payment_was_sent_is_noticed_to_be_done",),
    ),
    Mutant(
        "n  what was put back into the outbox is not looked at again",
        (Change("online/drain.py", "if self._work.dependents.stirred():", "if False:"),),
        (f"{PAYMENTS}::test_an_invoice_whose_payment_stays_in_syncro_says_by_how_much_it_is_open",),
    ),
    Mutant(
        "o  an invoice shrinks below its payments without taking them off",
        (Change("online/documents/invoices.py", "return allowed if allowed < applied else None", "return None"),),
        (f"{PAYMENTS}::test_an_invoice_that_falls_below_what_is_paid_is_changed_and_paid_again",),
    ),
    Mutant(
        "p  payments know nothing of each other",
        (
            Change(
                "online/documents/ledger.py",
                "return None if capacity is None else capacity - self._applied(place, self._others(key, payer))",
                "return capacity",
            ),
        ),
        (f"{PAYMENTS}::test_payments_that_together_are_more_than_an_invoice_are_cut_without_asking_quickbooks",),
    ),
    Mutant(
        "q  a credit from an overpayment is booked again as a credit memo",
        (Change("online/documents/store_credits.py", "if is_elsewhere and not view.state.linked:", "if False:"),),
        (f"{CREDITS}::test_a_credit_from_an_overpayment_is_booked_once",),
    ),
    Mutant(
        "ra the rest is tried although the canary failed",
        (Change("sync/dead_letters.py", "reason or not outcome.failure  #", "True  #"),),
        (f"{RETRIES}::test_if_the_canary_fails_nothing_else_is_tried_and_all_stay",),
    ),
    Mutant(
        "rb what was refused for good is tried again",
        (Change("sync/dead_letters.py", ', str(letter["reason"])\n', ', ""\n'),),
        (f"{RETRIES}::test_what_was_refused_with_a_reason_is_moved_as_it_is_and_never_tried_again",),
    ),
    Mutant(
        "rc records go on although the canary was refused again",
        (Change("sync/retries.py", "            if bad:\n", "            if False:\n"),),
        (f"{RETRIES}::test_if_the_canary_is_refused_again_no_other_record_is_touched_and_the_next_canary_is_another",),
    ),
    Mutant(
        "rd retries do not ask whether posting is stopped",
        (
            Change(
                "sync/troubles.py",
                "if self._accounts.posting_stopped(account_id, connection.edition) is not None:",
                "if False:",
            ),
        ),
        (f"{RETRIES}::test_where_posting_is_stopped_nothing_is_retried",),
    ),
    Mutant(
        "re a letter is deleted before its event is taken in or kept elsewhere",
        (
            Change(
                "sync/dead_letters.py",
                '            event, reason = _read(letter["Body"])\n',
                '            event, reason = _read(letter["Body"])\n            self._box.delete(letter)\n',
            ),
        ),
        (
            f"{RETRIES}::test_killed_in_the_middle_nothing_is_lost_and_nothing_booked_twice",
            f"{RETRIES}::test_killed_while_it_moves_a_refused_letter_it_keeps_it",
        ),
    ),
    Mutant(
        "rf a step whose records have all moved on counts as a canary",
        (Change("sync/retries.py", "            if retried:", "            if True:"),),
        (f"{RETRIES}::test_a_step_whose_records_have_all_moved_on_is_no_canary",),
    ),
    Mutant(
        "rg two rounds of retries at once",
        (Change("sync/retries.py", 'Key(_STATE, "round")', "Key(_STATE, uuid4().hex)"),),
        (f"{RETRIES}::test_two_rounds_at_once_are_one",),
    ),
    Mutant(
        "na what was changed by hand passes for work in hand",
        (
            Change(
                "sync/reconciling.py",
                "if differs and self._listings.view(document.key) != self._views[document.key]:",
                "if differs:",
            ),
        ),
        (f"{NIGHTS}::test_every_difference_is_explained_or_named",),
    ),
    Mutant(
        "nb an idle account is read every night",
        (Change("sync/nightly.py", "if not self._nights.is_due(account_id):", "if False:"),),
        (f"{NIGHTS}::test_an_account_where_nothing_happens_costs_no_read_for_four_weeks",),
    ),
    Mutant(
        "nc documents without a linked record are overlooked",
        (Change("sync/reconciling.py", "*self._orphans(rows)", "*()"),),
        (f"{NIGHTS}::test_a_second_document_with_our_marker_is_found_although_no_record_is_linked_to_it",),
    ),
    Mutant(
        "nd half of a company file's reading passes for all of it",
        (Change("desktop/night.py", "        if not left:", "        if True:"),),
        (f"{DESKTOP_NIGHTS}::test_more_documents_than_a_page_holds_come_in_pages_of_one_session",),
    ),
    Mutant(
        "ne what was decided after a company file was read is judged by it",
        (Change("sync/reconciling.py", " or view.record.changed_at > to_millis(self._books.read_at)", ""),),
        (f"{DESKTOP_NIGHTS}::test_what_happens_between_reading_and_comparing_is_not_taken_for_a_difference",),
    ),
    Mutant(
        "nf a reading of a company file is good for ever",
        (Change("desktop/night_reading.py", "reading.read_at < GOOD_FOR", "reading.read_at < GOOD_FOR * 999"),),
        (f"{DESKTOP_NIGHTS}::test_a_reading_that_nobody_compared_in_time_is_done_again",),
    ),
    Mutant(
        "ng what a company file lacks is not asked for by its id",
        (Change("desktop/reconciling.py", "if missing and not reading.missing:", "if False:"),),
        (
            f"{DESKTOP_NIGHTS}::test_a_document_of_another_month_in_quickbooks_is_asked_for_by_its_id_and_is_the_same_money",
        ),
    ),
    Mutant(
        "nh Desktop's retries grow without a look at what became of the last",
        (Change("sync/later_retries.py", "if worked else self._canary()", "if True else 0"),),
        (f"{DESKTOP_RETRIES}::test_while_it_is_refused_each_round_tries_one_and_another_one_each_time",),
    ),
    Mutant(
        "ni Desktop's retries do not wait for the session",
        (Change("sync/later_retries.py", "if any(status in _IN_HAND for status in statuses):", "if False:"),),
        (f"{DESKTOP_RETRIES}::test_an_account_that_is_not_seen_gets_no_more_and_no_round_comes_twice_in_an_hour",),
    ),
    Mutant(
        "ta tokens are refreshed without the lock",
        (
            Change(
                "online/token_store.py",
                'free = "#version = :read AND (attribute_not_exists(#lock_until) OR #lock_until <= :now)"',
                'free = "#version = :read AND (attribute_not_exists(#lock_until) OR NOT #lock_until = :now)"',
            ),
        ),
        in_histories=True,
    ),
    Mutant(
        "tb an older event replaces a newer one",
        (
            Change(
                "sync/intake.py",
                "if desired.version <= record.version and not roused:",
                "if desired.version == record.version and not roused:",
            ),
        ),
        in_histories=True,
    ),
    Mutant(
        "tc after a lost answer the write is planned anew",
        (
            Change(
                "online/sending.py",
                "            self._work.store.note_send(again)\n"
                "            under_way = self._post(again, live)\n"
                "            if under_way is not None:\n"
                "                self._receive(under_way)\n",
                "            for view in live.values():\n"
                "                self._work.store.release(view, without_attempt(view.state))\n"
                "            self._work.store.forget(dispatch)\n",
            ),
        ),
        in_histories=True,
    ),
    Mutant(
        "va on Desktop a lost answer means that nothing was done",
        (
            Change(
                "desktop/recovery.py",
                "        if not dispatch.prove and dispatch.same_answers < MOST_QUESTIONS:\n",
                "        for view in members.values():\n"
                "            self._work.store.release(view, without_attempt(view.state))\n"
                "        self._work.store.forget(dispatch)\n"
                "        if members:\n"
                '            return ""\n'
                "        if not dispatch.prove and dispatch.same_answers < MOST_QUESTIONS:\n",
            ),
        ),
        in_histories=True,
    ),
    Mutant(
        "vb on Desktop what was looked up is not known by its mark",
        (
            Change(
                "desktop/recovery.py",
                "        if found is not None:\n"
                "            self._done(member, view, found)\n"
                "            return True\n"
                "        number =",
                "        number =",
            ),
        ),
        in_histories=True,
    ),
)


def copy_of_the_project(folder: Path) -> None:
    for part in COPIED:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def breaking(mutant: Mutant, unbroken: Path, folder: Path) -> Path:
    """A copy in `folder` with the mutant in it."""
    shutil.copytree(unbroken, folder)
    for change in mutant.changes:
        apply(change, folder)
    return folder


def apply(change: Change, folder: Path) -> None:
    """Raises ValueError when the source is no longer what the mutant was written for."""
    path = folder / LAYER / change.path
    text = path.read_text(encoding="utf-8")
    if text.count(change.old) != 1:
        raise ValueError(f"{change.path} does not hold exactly once: {change.old.strip()}")
    path.write_text(text.replace(change.old, change.new), encoding="utf-8")


def failures(tests: tuple[str, ...], folder: Path) -> str:
    """The last words of the first failure; empty if all tests pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "--show-capture=no", "--tb=line"]
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            [*command, "-p", "no:cacheprovider", *tests],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {TIME_LIMIT:.0f} s"
    if done.returncode == 0:
        return ""
    if done.returncode != 1:
        raise RuntimeError(f"pytest could not run the tests:\n{done.stdout}{done.stderr}")
    said = [line for line in done.stdout.splitlines() if "Error" in line or "assert" in line]
    return said[0].strip()[-150:] if said else "failed"


def violation(folder: Path) -> str:
    """The first violation that the histories find; empty if they find none."""
    command = [sys.executable, "-m", "tests.simulation.engine", HISTORIES, "--first"]
    paths = {"PYTHONPATH": os.pathsep.join((".", "layers/common"))}
    done = subprocess.run(command, cwd=folder, env={**os.environ, **paths}, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    said = [line for line in done.stdout.splitlines() if line.startswith("VIOLATED")]
    if done.returncode and not said:
        raise RuntimeError(f"the histories could not be run:\n{done.stdout}{done.stderr}")
    return said[0][:150] if said else ""


def main() -> int:
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        unbroken = Path(name) / "unbroken"
        copy_of_the_project(unbroken)
        broken = [breaking(mutant, unbroken, Path(name) / str(number)) for number, mutant in enumerate(MUTANTS)]
        every = tuple(dict.fromkeys(test for mutant in MUTANTS for test in mutant.tests))
        if said := failures(every, unbroken):
            print(f"The tests do not pass before anything is broken: {said}")
            return 1
        for mutant, folder in zip(MUTANTS, broken, strict=True):
            found = [failures(mutant.tests, folder)] if mutant.tests else []
            found += [violation(folder)] if mutant.in_histories else []
            survivors += "" in found
            for said in found:
                print(f"{'noticed ' if said else 'SURVIVED'}  {mutant.name:<52}  {said}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
