"""The schema registry says what the code checks."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from local.cloudformation import ROOT, TEMPLATE, load, properties, resources
from local.schemas import with_schemas

SCHEMA = json.loads(str(properties(resources(load())["InvoiceEventSchema"])["Content"]))
SAMPLES = sorted((ROOT / "events").glob("invoice_*.json"))


def test_the_template_holds_the_exported_contract() -> None:
    template = TEMPLATE.read_text(encoding="utf-8")
    assert with_schemas(template) == template, "run `make schemas`"


def test_the_registered_schema_is_a_draft_4_schema() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-04/schema#"
    Draft4Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_a_sample_event_satisfies_the_registered_schema(path: Path) -> None:
    detail = json.loads(path.read_text(encoding="utf-8"))["detail"]
    assert list(Draft4Validator(SCHEMA).iter_errors(detail)) == []


@pytest.mark.parametrize("field", ["account_id", "version", "invoice", "customer"])
def test_an_event_that_lacks_what_we_need_does_not_satisfy_the_registered_schema(field: str) -> None:
    detail = json.loads(SAMPLES[0].read_text(encoding="utf-8"))["detail"]
    del detail[field]
    assert not Draft4Validator(SCHEMA).is_valid(detail)
