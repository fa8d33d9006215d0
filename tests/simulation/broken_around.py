"""The rules around the push, each broken in its own way: retries, nights, payments back, a person's hand, reads."""

from tests.simulation.mutant import Change, Mutant

DESKTOP_FORGETS = (
    "tests/integration/desktop/test_recovery.py::test_quickbooks_dies_in_the_middle_and_remembers_nothing[2]"
)
DESKTOP_NIGHTS = "tests/integration/operations/test_reconciliation_desktop.py"
DESKTOP_RETRIES = "tests/integration/operations/test_retry_desktop.py"
HANDS = "tests/integration/push/test_bookkeepers_hand.py"
BACK = "tests/simulation/test_crash_payments_from.py"
RACES = "tests/integration/payments_from/test_races.py"
RETRIES = "tests/integration/operations/test_retry_failed.py"
LETTERS = "tests/integration/operations/test_retry_letters.py"
NIGHTS = "tests/integration/operations/test_reconciliation.py"
SWITCHED = "tests/integration/payments_from/test_night_after_the_switch.py"
RECOVERY = "tests/simulation/test_recovery.py"

MUTANTS = (
    Mutant(
        "ra the rest is tried although the canary failed",
        (Change("sync/dead_letters.py", "reason or not outcome.failure  #", "True  #"),),
        (f"{LETTERS}::test_if_the_canary_fails_nothing_else_is_tried_and_all_stay",),
    ),
    Mutant(
        "rb what was refused for good is tried again",
        (Change("sync/dead_letters.py", ', str(letter["reason"])\n', ', ""\n'),),
        (f"{LETTERS}::test_what_was_refused_with_a_reason_is_moved_as_it_is_and_never_tried_again",),
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
            f"{LETTERS}::test_killed_in_the_middle_nothing_is_lost_and_nothing_booked_twice",
            f"{LETTERS}::test_killed_while_it_moves_a_refused_letter_it_keeps_it",
        ),
    ),
    Mutant(
        "rf a step whose records have all moved on counts as a canary",
        (Change("sync/retries.py", "            if retried:", "            if True:"),),
        (f"{RETRIES}::test_a_step_whose_records_have_all_moved_on_is_no_canary",),
    ),
    Mutant(
        "na what was changed by hand passes for work in hand",
        (
            Change(
                "sync/reconciling.py",
                "if now is not None and self._slim(now) != self._views[document.key]:",
                "if now is not None:",
            ),
        ),
        (f"{NIGHTS}::test_every_difference_is_explained_or_named",),
    ),
    Mutant(
        "nl what was imported leaves its invoice open at night",
        (Change("sync/reconciling.py", " or payer.key in self._imported", ""),),
        (f"{SWITCHED}::test_an_imported_payment_pays_its_invoice_in_both_books",),
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
        "nj a push notes only at its end that its account is due for the night",
        (Change("online/push.py", "begin = partial(self._note_for_tonight, report)", "begin = print"),),
        (f"{NIGHTS}::test_whoever_is_killed_while_it_pushes_leaves_the_account_due",),
        in_histories=True,
    ),
    Mutant(
        "nk what is being written when the night comes is judged",
        (Change("sync/reconciling.py", "view.state.attempt is not None or ", ""),),
        (f"{NIGHTS}::test_what_is_being_written_when_the_night_comes_is_no_difference",),
    ),
    Mutant(
        "pa after a lost answer of Syncro the payment is sent again unseen",
        (
            Change(
                "online/payments_from/posting.py",
                "found = self._marked([*on_invoice, *self._search(each.marker)], each)",
                "found = list[JsonObject]()",
            ),
        ),
        (f"{BACK}::test_interrupted_at_any_call_the_payment_is_in_syncro_once",),
        in_histories=True,
    ),
    Mutant(
        "pb nobody notes that a payment is about to be sent to Syncro",
        (
            Change(
                "online/payments_from/posting.py",
                "each = self.store(replace(each, posting=Posting(share, sent_at, sends, first_at), due=due))",
                "each = replace(each, posting=Posting(share, sent_at, sends, first_at), due=due)",
            ),
        ),
        (f"{BACK}::test_while_syncro_may_still_be_at_the_first_request_nothing_is_sent_again",),
        in_histories=True,
    ),
    Mutant(
        "pc the reference is not looked for in Syncro's list of payments",
        (
            Change(
                "online/payments_from/posting.py",
                "self._marked([*on_invoice, *self._search(each.marker)], each)",
                "self._marked(on_invoice, each)",
            ),
        ),
        (f"{BACK}::test_what_never_arrived_is_sent_again_after_it_was_looked_for_twice_over",),
    ),
    Mutant(
        "pd the posting stop is not read before something is sent to Syncro",
        (Change("online/payments_from/poll.py", "if reason is not None:", "if False:"),),
        (f"{RACES}::test_a_posting_stop_holds_payments_for_syncro_too_and_loses_none",),
    ),
    Mutant(
        "ha what a person changed in QuickBooks is overwritten",
        (Change("online/documents/settling.py", "        if differences:\n", "        if False:\n"),),
        (f"{HANDS}::test_an_edit_of_money_or_lines_is_shown_and_asked_about",),
        in_histories=True,
    ),
    Mutant(
        "gn the generation never rises",
        (Change("sync/attempts.py", "return state.generation if state.linked else state.generation + 1", "return 1"),),
        (f"{RECOVERY}::test_three_equal_server_errors_lead_to_the_proof",),
    ),
    Mutant(
        "aa reads are made although none are left for them",
        (
            Change(
                "online/read_budget.py",
                "cap = self._allowance * SHARE_PERCENT[purpose] // 100",
                "cap = self._allowance",
            ),
        ),
        ("tests/integration/online/test_read_budget.py",),
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
        (DESKTOP_FORGETS,),
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
        (DESKTOP_FORGETS,),
    ),
    Mutant(
        "rg two rounds of retries at once",
        (Change("sync/retries.py", 'Key(_STATE, "round")', "Key(_STATE, uuid4().hex)"),),
        (f"{RETRIES}::test_two_rounds_at_once_are_one",),
    ),
    Mutant(
        "ch what somebody changed in QuickBooks still counts as written",
        (Change("sync/records.py", 'return replace(state, applied_digest="")', "return state"),),
        (f"{HANDS}::test_a_document_voided_or_deleted_by_hand_is_asked_about_and_not_recreated",),
    ),
)
