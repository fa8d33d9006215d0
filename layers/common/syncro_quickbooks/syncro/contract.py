"""The contract for publishers of Syncro events, as JSON Schema: `python -m <this module> docs/events` writes it."""

import json
import sys
from pathlib import Path

from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.syncro.events import EVENT_TYPES, FORCE_UPDATE, ForceUpdateEvent, SnapshotElsewhere
from syncro_quickbooks.syncro.models import SyncroModel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# These come from the event's detail-type, not from its detail.
_FROM_DETAIL_TYPE = ("change", "kind")


def schemas() -> dict[str, JsonObject]:
    """The JSON Schema of every event detail that is read, by file name. Amounts, rates and quantities are strings."""
    found = {f"{kind}.schema.json": _change_schema(kind) for kind in EVENT_TYPES}
    force: JsonObject = {"$schema": _DIALECT, **ForceUpdateEvent.model_json_schema()}
    return {**found, "force_update.schema.json": {**force, "title": f"Detail of {FORCE_UPDATE}"}}


def _change_schema(kind: str) -> JsonObject:
    """Either the thing itself, or a reference to where its detail lies because it was too large for the bus."""
    whole, elsewhere = _detail(EVENT_TYPES[kind]), _detail(SnapshotElsewhere)
    definitions = {**_object(whole.pop("$defs", {})), **_object(elsewhere.pop("$defs", {}))}
    return {
        "$schema": _DIALECT,
        "title": f"Detail of {kind}.created, {kind}.updated and {kind}.deleted",
        "anyOf": [whole, elsewhere],
        "$defs": definitions,
    }


def _detail(model: type[SyncroModel]) -> JsonObject:
    schema: JsonObject = model.model_json_schema()
    properties = _object(schema["properties"])
    required = schema["required"]
    schema["properties"] = {key: value for key, value in properties.items() if key not in _FROM_DETAIL_TYPE}
    if isinstance(required, list):
        schema["required"] = [key for key in required if key not in _FROM_DETAIL_TYPE]
    return schema


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def write(folder: Path) -> None:
    """Write every schema to `folder`, one file each, in a form that only changes when the contract does."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (folder / name).write_text(as_text(schema), encoding="utf-8")


def as_text(schema: JsonObject) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
