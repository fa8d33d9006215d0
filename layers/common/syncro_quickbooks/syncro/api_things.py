"""What Syncro's public API says of organizations, products, vendors and invoices, as the snapshots that events carry.

The API leaves out what only documents need, and gives no version (facts: Syncro 2.3): such a snapshot stands in until
an event brings the thing, which every document's does with what it refers to.
"""

from pydantic import ValidationError

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.syncro.models import Customer, InvoiceSnapshot, Product, SyncroModel, Vendor

_MODELS: dict[str, type[SyncroModel]] = {
    "customer": Customer,
    "product": Product,
    "vendor": Vendor,
    "invoice": InvoiceSnapshot,
}
# Tax decides about documents only, and no document is sent on the word of the API: its event brings the organization.
_LEFT_OUT: dict[str, JsonObject] = {"customer": {"tax_free": False}}
# Nor is an invoice: it can only be linked to one that QuickBooks has.
_LEFT_OUT_OF_INVOICE: JsonObject = {"tax_rate_id": None, "notax": False, "is_draft": False, "is_refund": False}


def from_api(kind: str, thing: JsonObject) -> JsonObject:
    """The snapshot of a thing of the API. Raises ValueError if it lacks what we need."""
    try:
        told = _invoice(thing) if kind == "invoice" else thing
        model = _MODELS[kind].model_validate({**_LEFT_OUT.get(kind, {}), **told})
    except ValidationError as error:
        fields = ", ".join(sorted({str(part) for each in error.errors() for part in each["loc"]}))
        raise ValueError(f"a {kind} of Syncro's API cannot be read: {fields}") from None
    snapshot: JsonObject = model.model_dump(mode="json")
    return snapshot


def _invoice(thing: JsonObject) -> JsonObject:
    """As in its event, beside the tax rates, which the API does not tell."""
    told, lines = {**_LEFT_OUT_OF_INVOICE, **thing}, thing.get("line_items")
    if isinstance(lines, list):
        told["line_items"] = [{"tax_rate_id": None, **line} for line in lines if isinstance(line, dict)]
    return {"invoice": told, "tax_rates": []}
