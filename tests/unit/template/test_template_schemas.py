"""The schema registry says what the code checks."""

import json

import pytest
from jsonschema import Draft4Validator  # type: ignore[import-untyped]  # no stubs in the lock file

from local.cloudformation import ROOT, TEMPLATE, Template, load, properties, resources
from local.schemas import REGISTERED, with_schemas

RESOURCES = resources(load())
SCHEMAS = {
    kind: json.loads(str(properties(RESOURCES[f"{kind.title().replace('_', '')}EventSchema"])["Content"]))
    for kind in REGISTERED
}
SAMPLES = {
    path.name: event
    for path in sorted((ROOT / "events").glob("*.json"))
    if (event := json.loads(path.read_text(encoding="utf-8"))).get("source") == "syncro"
}


def schema_of(event: Template) -> Draft4Validator:
    return Draft4Validator(SCHEMAS[str(event["detail-type"]).partition(".")[0]])


def test_the_template_holds_the_exported_contract() -> None:
    template = TEMPLATE.read_text(encoding="utf-8")
    assert with_schemas(template) == template, "run `make schemas`"


def test_what_the_contract_describes_is_registered() -> None:
    published = {path.name.removesuffix(".schema.json") for path in (ROOT / "docs/events").glob("*.schema.json")}
    assert published == set(SCHEMAS)
    described = properties(RESOURCES["ForceUpdateEventSchema"])["Description"]
    assert described == "Detail of force_update.requested."


@pytest.mark.parametrize("kind", REGISTERED)
def test_a_registered_schema_is_a_draft_4_schema(kind: str) -> None:
    assert SCHEMAS[kind]["$schema"] == "http://json-schema.org/draft-04/schema#"
    Draft4Validator.check_schema(SCHEMAS[kind])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_event_satisfies_the_registered_schema(name: str) -> None:
    assert list(schema_of(SAMPLES[name]).iter_errors(SAMPLES[name]["detail"])) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_an_event_that_lacks_what_we_need_does_not_satisfy_the_registered_schema(name: str) -> None:
    whole = SAMPLES[name]["detail"]
    for field in whole:
        lacking = {other: value for other, value in whole.items() if other != field}
        assert not schema_of(SAMPLES[name]).is_valid(lacking), field
