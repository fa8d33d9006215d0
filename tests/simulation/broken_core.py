"""The rules of sending, settling and recovering, each broken in its own way."""

from tests.simulation.mutant import Change, Mutant


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
RESTS = "tests/integration/push/test_rests_of_payments.py"
ROOM = "tests/integration/push/test_payments_and_room.py"
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
        in_histories=True,
    ),
    Mutant(
        "l  no guard for a worker that dies",
        (Change("sync/wake.py", "_GUARD = LEASE_LIFE + timedelta(seconds=10)", "_GUARD = timedelta(days=1)"),),
        (f"{KILLED}[create-dies before the call]",),
    ),
    Mutant(
        "m  whoever begins to wait meanwhile is overlooked",
        (Change("sync/store.py", "if has_waiters is False:", "if False:"),),
        (f"{RESTS}::test_a_rest_that_is_used_before_its_payment_was_sent_is_noticed_to_be_done",),
    ),
    Mutant(
        "n  what was put back into the outbox is not looked at again",
        (Change("online/drain.py", "if self._work.dependents.stirred():", "if False:"),),
        (f"{PAYMENTS}::test_an_invoice_whose_payment_stays_in_syncro_says_by_how_much_it_is_open",),
    ),
    Mutant(
        "o  an invoice shrinks below its payments without taking them off",
        (Change("online/documents/invoices.py", "return allowed if allowed < applied else None", "return None"),),
        (f"{ROOM}::test_an_invoice_that_falls_below_what_is_paid_is_changed_and_paid_again",),
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
        (f"{ROOM}::test_payments_that_together_are_more_than_an_invoice_are_cut_without_asking_quickbooks",),
    ),
    Mutant(
        "q  a credit from an overpayment is booked again as a credit memo",
        (Change("online/documents/store_credits.py", "if is_elsewhere and not view.state.linked:", "if False:"),),
        (f"{CREDITS}::test_a_credit_from_an_overpayment_is_booked_once",),
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
        "td what is reopened while its write is under way is not planned again",
        (Change("sync/store.py", "    if dispatch_id:\n", "    if False:\n"),),
        (f"{RESTS}::test_a_rest_that_is_used_while_its_payment_is_being_sent_is_used_once_that_is_over",),
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
)
