"""What the push tells people about a record: what happened, what it means, what to do, and the actions for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from syncro_quickbooks import money
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.mapping import bodies
from syncro_quickbooks.online.mapping.hand import Difference
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.catalogue_entries import RETRY, SKIP
from syncro_quickbooks.sync.choices import Choice
from syncro_quickbooks.sync.dispatches import Member
from syncro_quickbooks.sync.model import DEFECT, Action, Kind, Problem, RecordKey, Who
from syncro_quickbooks.sync.records import View

MOST_DIFFERENCES = 10


def settings_may_help(problem: Problem) -> bool:
    """Whether other settings, or other choices in them, could make the record go through."""
    return any(action.name == "open_settings" for action in problem.actions)


_CALLED = {
    Kind.INVOICE: "Invoice",
    Kind.PAYMENT: "Payment",
    Kind.STORE_CREDIT: "Store credit",
    Kind.WRITE_OFF: "Credit memo of the write-off",
    Kind.REVERSAL: "Credit memo of the deleted invoice",
    Kind.REVERSAL_USE: "Use of the credit memo of the deleted invoice",
    Kind.PURCHASE_ORDER: "Purchase order",
    Kind.BILL: "Bill of purchase order",
    Kind.CUSTOMER_PURCHASE: "Customer purchase",
}


def named(key: RecordKey, document: Mapping[str, object]) -> str:
    """How a document is called in messages: by its number if it has one."""
    return f"{_CALLED.get(key.kind, f'The {key.kind}')} {document.get('DocNumber') or key.id} ({key})"


def entry_named(member: Member) -> str:
    """How a list entry is called in messages: by the name it was sent with."""
    body = member.body
    name = body.get("DisplayName") or body.get("Name") or body.get("TaxCode")
    what = {"TaxService": "tax code"}.get(member.entity, member.entity)
    return f"{what} '{name}' ({member.key})" if name else f"{what} of {member.key}"


def defect(key: RecordKey, error: Exception) -> Problem:
    return Problem(
        DEFECT,
        f"{key} could not be prepared because of a defect on our side ({type(error).__name__}).",
        "Contact support; everything else goes on.",
        who=Who.SUPPORT,
        actions=(Action("retry", "Try again"),),
    )


def not_read(key: RecordKey, error: Exception) -> Problem:
    return Problem(
        "lookup_failed",
        f"{key} could not be looked up in QuickBooks: {error}",
        "Nothing to do: it is tried again by itself.",
        who=Who.NOBODY,
    )


def snapshot_too_large(key: RecordKey) -> Problem:
    return Problem(
        "snapshot_too_large",
        f"{key} is too large to be kept, even compressed.",
        "Split it into smaller invoices in Syncro.",
    )


def still_doubtful(view: View) -> Problem:
    return Problem(
        "possible_duplicate",
        view.state.doubt,
        "Decide about the document that was found; until then nothing is posted for this invoice.",
        actions=(Action("link", "Link the document that was found"), Action("create", "It is another one: post again")),
    )


def voided_by_us(view: View) -> Problem:
    return Problem(
        "voided_after_deletion",
        f"{view.key} was deleted or failed in Syncro, so it was voided in QuickBooks; now Syncro has changed it again.",
        "Post it again as a new document, or stop syncing it.",
        actions=(Action("recreate", "Post it again"), Action("stop", "Stop syncing")),
    )


def posted_elsewhere(key: RecordKey) -> Problem:
    """Moving to another company re-posts nothing by itself."""
    return Problem(
        "posted_in_another_company",
        f"{key} was posted in the QuickBooks company that was connected before; this company does not have it.",
        "Post it here too, or leave it in the books of the other company.",
        actions=(Action("push_anyway", "Post it here too"), Action("skip", "Leave it where it is")),
    )


def gone_by_hand(view: View, now: JsonObject | None) -> Problem:
    done = "voided" if now is not None else "deleted"
    return Problem(
        f"{done}_in_quickbooks",
        f"{named(view.key, view.state.object or {})} was {done} in QuickBooks; Syncro still has it.",
        "Recreate it in QuickBooks, or stop syncing it.",
        actions=(Action("recreate", "Recreate in QuickBooks"), Action("stop", "Stop syncing")),
    )


def edited_by_hand(view: View, differences: Sequence[Difference], now: JsonObject) -> Problem:
    """`now` is the document that the differences were seen in: only on top of that one it may be overwritten."""
    shown = [str(difference) for difference in differences[:MOST_DIFFERENCES]]
    if len(differences) > MOST_DIFFERENCES:
        shown.append(f"and {len(differences) - MOST_DIFFERENCES} more")
    return Problem(
        "edited_in_quickbooks",
        f"{named(view.key, view.state.object or {})} was changed in QuickBooks since it was last sent: "
        + "; ".join(shown),
        "Overwrite it with Syncro's, keep QuickBooks', or stop syncing it.",
        who=Who.BOOKKEEPER,
        actions=(
            Action("overwrite", "Overwrite with Syncro's", {"sync_token": bodies.text(now, "SyncToken")}),
            Action("keep", "Keep QuickBooks'"),
            Action("unlink", "Stop syncing"),
        ),
    )


def edited_and_deleted(view: View, differences: Sequence[Difference], now: JsonObject) -> Problem:
    """Deleted in Syncro after a person changed it in QuickBooks."""
    edited = edited_by_hand(view, differences, now)
    seen = {"sync_token": bodies.text(now, "SyncToken")}
    return replace(
        edited,
        code="deleted_but_edited",
        message=f"{view.key} was deleted in Syncro, but: {edited.message}",
        fix="Void it in QuickBooks, or leave it there.",
        actions=(Action("void", "Void it in QuickBooks", seen), Action("skip", "Leave it in QuickBooks")),
    )


def today_is_closed(view: View, now: JsonObject, today: date, closed: date) -> Problem:
    """A reversal is dated today, whatever the invoice's month."""
    return Problem(
        "reversal_day_closed",
        f"{named(view.key, now)} cannot be reversed with a credit memo today, {today.isoformat()}: the books are "
        f"closed up to {closed.isoformat()}.",
        "Reverse it on an open day, or have the closing date moved first.",
        actions=(problems.reverse_action(bodies.text(now, "SyncToken")), SKIP),
    )


def being_reversed(view: View) -> Problem:
    return Problem(
        "being_reversed",
        f"{named(view.key, view.state.object or {})} is being reversed with a credit memo.",
        "Nothing to do: it goes on by itself.",
        who=Who.NOBODY,
    )


def _credit_memo(memo: View) -> str:
    there = memo.state.object or {}
    return f"credit memo {bodies.text(there, 'DocNumber') or f'with QuickBooks id {memo.state.qbo_id}'}"


def reversed_by(
    view: View, memo: View, applied: Decimal, left: Decimal, differences: Sequence[str]
) -> tuple[Problem, ...]:
    """A credit memo takes the deleted invoice back: how much of it is applied, what is left, what does not agree."""
    there, what = memo.state.object or {}, _credit_memo(memo)
    currency = bodies.ref_value(there, "CurrencyRef") or "USD"
    who = named(view.key, view.state.object or {})
    total = money.show(bodies.amount(there, "TotalAmt") or Decimal(0), currency)
    message = (
        f"{who} was deleted in Syncro and could not be voided in QuickBooks, so {what} of {total}, dated "
        f"{bodies.text(there, 'TxnDate')}, reverses it."
    )
    if applied:
        message += f" {money.show(applied, currency)} of it is applied to the invoice."
    warnings = [problems.warning("reversed_with_credit_memo", message)]
    if left:
        message = f"{who}: {money.show(left, currency)} of {what} is left unapplied on the customer."
        fix = "Apply it to another invoice in QuickBooks, or refund it there."
        warnings.append(problems.warning("reversal_unapplied", message, fix))
    if differences:
        message = f"{who}: {what} does not agree with the invoice: {'; '.join(differences)}."
        warnings.append(problems.warning("reversal_differs", message, "Correct the credit memo in QuickBooks."))
    return tuple(warnings)


def reversed_but_there(view: View, memo: View) -> Problem:
    """Syncro has the invoice (again) that was reversed as a deleted one."""
    return Problem(
        "reversed_but_in_syncro",
        f"{named(view.key, view.state.object or {})} was reversed in QuickBooks by {_credit_memo(memo)}, but Syncro "
        "has it.",
        "Post it again as a new document, or stop syncing it.",
        actions=(Action("recreate", "Post it again"), Action("stop", "Stop syncing")),
    )


def override_ignored(key: RecordKey) -> Problem:
    """QuickBooks' automated sales tax computes its own figure; taxed invoices wait for a choice."""
    return Problem(
        "sales_tax_override_ignored",
        f"{key} is taxed, and QuickBooks' automated sales tax replaced Syncro's figure on an earlier invoice.",
        "Choose in the settings: accept QuickBooks' tax, or send Syncro's tax as a line on an item of your own.",
        who=Who.BOOKKEEPER,
        actions=(Action("open_settings", "Open settings", {"setting": "ast_policy"}),),
    )


def outcome_unknown(key: RecordKey) -> Problem:
    return Problem(
        "outcome_unknown",
        f"QuickBooks has not answered about {key} yet; it is being found out what became of it.",
        "Nothing to do: it is tried again by itself.",
    )


def never_seen(key: RecordKey) -> Problem:
    return Problem(
        f"{key.kind}_unknown",
        f"No event has brought {key} yet.",
        f"Save the {key.kind} once in Syncro, so that it is sent again.",
    )


def taken_by_another(key: RecordKey, found: Mapping[str, object], owner: str) -> Problem:
    name = found.get("DisplayName") or found.get("Name") or found.get("Id")
    return Problem(
        "linked_to_another",
        f"{key} would be QuickBooks' {name!r}, but that already belongs to {owner} in Syncro.",
        "Rename one of the two in Syncro, or create this one in QuickBooks with a suffix.",
        actions=(Action("create_with_suffix", "Create with a suffix"),),
    )


def looks_alike(member: Member, candidate: JsonObject) -> Problem:
    found = f"{member.entity} {candidate.get('DocNumber') or candidate.get('Id')}"
    return Problem(
        "possible_duplicate",
        f"The answer to posting {member.key} was lost, and QuickBooks holds {found}, which looks like it but does not "
        "carry our marker. Posting again could book it twice.",
        f"Look at {found} in QuickBooks: link it if it is this one, else post again.",
        actions=(
            Action("link", f"Link {found}", {"entity": member.entity, "id": str(candidate.get("Id", ""))}),
            Action("create", "It is another one: post again"),
        ),
    )


def releasing(view: View, shown: str, payments: Sequence[View]) -> Problem:
    """A payment has to come off an invoice while that is changed."""
    return Problem(
        "payments_released",
        f"{shown} of payment {', '.join(each.key.id for each in payments)} is taken off "
        f"{named(view.key, view.state.object or {})} while it is changed, and put back as far as it still fits.",
        "Nothing to do: it goes on by itself.",
        who=Who.NOBODY,
    )


def cannot_be_released(view: View, payments: Sequence[View]) -> Problem:
    """A payment that holds an invoice fast cannot be changed."""
    ids = ", ".join(each.key.id for each in payments)
    return Problem(
        "payments_hold_invoice",
        f"{named(view.key, view.state.object or {})} cannot be changed in QuickBooks, because payment {ids} on it "
        "cannot be taken off: it is part of a bank deposit, or needs attention itself.",
        f"In QuickBooks take payment {ids} out of its bank deposit (open the deposit, untick the payment, save), or "
        "settle what that payment needs; then press Try again.",
        actions=(Action("retry", "Try again"), Action("skip", "Leave QuickBooks as it is")),
    )


def application_steps(
    before: Mapping[tuple[str, str], Decimal], wanted: Mapping[tuple[str, str], Decimal], currency: str
) -> str:
    """The clicks that turn what a payment applies into what it should."""
    steps: list[str] = []
    for place in sorted(before.keys() | wanted.keys()):
        entity, qbo_id = place
        amount = wanted.get(place, Decimal(0))
        if amount == before.get(place, Decimal(0)):
            continue
        what = f"{entity} with QuickBooks id {qbo_id}"
        steps.append(f"apply {money.show(amount, currency)} to {what}" if amount else f"untick {what}")
    return " and ".join(steps)


# -- what people decided -----------------------------------------------------------------------------------------------


def refused(view: View, choice: Choice) -> Problem:
    """Somebody decided that the record is not to be sent (any more)."""
    left = view.state.linked and not view.state.gone
    return problems.skipped_by_choice(named(view.key, view.state.object or {}), choice, left=left)


def kept(view: View) -> Problem:
    """Somebody decided that QuickBooks is right as it is."""
    now = view.state.object or {}
    return problems.kept(named(view.key, now), bodies.amount(now, "TotalAmt"))


def left_in_quickbooks(view: View) -> Problem:
    """It was deleted in Syncro, and somebody decided that QuickBooks keeps it."""
    return problems.left_in_quickbooks(named(view.key, view.state.object or {}))


def still_there(view: View, now: JsonObject) -> Problem:
    """It is to be made again, but the first one is there."""
    return Problem(
        "not_gone",
        f"{named(view.key, now)} is still in QuickBooks, so making it again would book it twice.",
        "Delete or void it in QuickBooks first, then press 'Post it again'; or try again with the one that is there.",
        actions=(Action("recreate", "Post it again"), RETRY, SKIP),
    )


def cannot_be_linked(view: View, entity: str, qbo_id: str, why: str) -> Problem:
    """The document that somebody named is not one that the record can be."""
    return Problem(
        "link_refused",
        f"{view.key} cannot be linked to QuickBooks' {entity} with id {qbo_id}: {why}.",
        "Name another one, or try again once that is mended.",
        actions=(Action("link", "Link to another one", {"entity": entity}), RETRY, SKIP),
    )


def named_is_inactive(view: View, entity: str, now: JsonObject) -> Problem:
    """The entry that somebody named has to be made active first."""
    refused_ = cannot_be_linked(view, entity, bodies.text(now, "Id"), "it is inactive")
    active = Action(
        "reactivate", "Make it active again in QuickBooks", {"entity": entity, "id": bodies.text(now, "Id")}
    )
    return replace(refused_, actions=(active, *refused_.actions))


def entry_gone(view: View, entity: str, qbo_id: str) -> Problem:
    """What was to be made active again is not inactive but gone."""
    return Problem(
        "entry_gone",
        f"{view.key}: the {entity.lower()} with id {qbo_id} is not in QuickBooks any more, so it stays inactive.",
        "Try again, to be shown what there is instead.",
        actions=(RETRY, SKIP),
    )


def of_entry(key: RecordKey, problem: Problem) -> Problem:
    """The problem of a list entry on the document that waits for it: its actions are run on the entry's record."""
    actions = tuple(
        replace(action, params={"record": str(key), **action.params})
        for action in problem.actions
        if action.name != "skip"
    )
    return replace(problem, actions=actions)


def with_own_entry(view: View, problem: Problem) -> Problem:
    """What is to be made active again or linked instead, where the problem is about the record's own entry."""
    if not view.state.linked:
        return problem
    entry = {"entity": view.state.entity, "id": view.state.qbo_id}
    instead = {"reactivate": Action("reactivate", "Make it active again in QuickBooks", entry)}
    if problem.code in _ENTRY_GONE:  # no setting names it
        instead["open_settings"] = Action("link", "Link to another entry", {"entity": view.state.entity})
    actions = tuple(action if action.params else instead.get(action.name, action) for action in problem.actions)
    return replace(problem, actions=actions)


_ENTRY_GONE = ("qbo_610", "qbo_2500")
