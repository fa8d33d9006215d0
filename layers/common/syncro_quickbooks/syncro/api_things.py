"""What Syncro's public API says of organizations, products and vendors, as the snapshots that events carry.

The API leaves out what only documents need, and gives no version (facts: Syncro 2.3): such a snapshot stands in until
an event brings the thing, which every document's does with what it refers to.
"""

from pydantic import ValidationError

from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.syncro.models import Customer, Product, SyncroModel, Vendor

_MODELS: dict[str, type[SyncroModel]] = {"customer": Customer, "product": Product, "vendor": Vendor}
# Tax decides about documents only, and no document is sent on the word of the API: its event brings the organization.
_LEFT_OUT: dict[str, JsonObject] = {"customer": {"tax_free": False}}


def from_api(kind: str, thing: JsonObject) -> JsonObject:
    """The snapshot of a customer, product or vendor of the API. Raises ValueError if it lacks what we need."""
    try:
        model = _MODELS[kind].model_validate({**_LEFT_OUT.get(kind, {}), **thing})
    except ValidationError as error:
        fields = ", ".join(sorted({str(part) for each in error.errors() for part in each["loc"]}))
        raise ValueError(f"a {kind} of Syncro's API cannot be read: {fields}") from None
    snapshot: JsonObject = model.model_dump(mode="json")
    return snapshot
