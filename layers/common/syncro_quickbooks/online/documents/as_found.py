"""An invoice that was linked as both books had it: left alone until Syncro changes it."""

from syncro_quickbooks.online import explanations
from syncro_quickbooks.sync import problems
from syncro_quickbooks.sync.attempts import is_forced
from syncro_quickbooks.sync.model import Attention, Nothing, Problem
from syncro_quickbooks.sync.records import View
from syncro_quickbooks.syncro.invoices import content_of
from syncro_quickbooks.syncro.models import Invoice


def is_as_found(view: View, invoice: Invoice) -> bool:
    """Whether Syncro still says what it said when the invoice was linked, and nothing was written since."""
    found = view.state.as_found
    if found is None or not view.state.linked or view.state.applied_digest or is_forced(view):
        return False
    return not invoice.is_draft and not invoice.is_refund and content_of(invoice) == found.content


def told_by_api_only(view: View) -> Nothing | Attention:
    """Somebody wants an invoice sent that no event has brought: how it is taxed is not known."""
    message = (
        f"{explanations.named(view.key, view.state.object or {})} is known from Syncro's public API only, which does "
    )
    message += "not say how it is taxed, so it cannot be sent."
    fix = "Save it once in Syncro; it is then sent whole."
    if view.state.linked:
        return Nothing((problems.warning("told_by_api_only", message, fix),))
    return Attention(Problem("told_by_api_only", message, fix, actions=(problems.RETRY, problems.SKIP)))
