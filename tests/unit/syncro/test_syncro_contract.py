"""The published contract is the one that the code keeps."""

import json
from pathlib import Path

import pytest

from syncro_quickbooks.syncro import contract
from syncro_quickbooks.syncro.events import EVENT_TYPES

PUBLISHED = Path(__file__).parents[3] / "docs" / "events"


def test_the_published_schemas_are_current() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.glob("*.schema.json")}
    assert published == {name: contract.as_text(schema) for name, schema in contract.schemas().items()}, (
        "run: python -m syncro_quickbooks.syncro.contract docs/events"
    )


def test_writing_the_schemas_makes_one_file_for_each(tmp_path: Path) -> None:
    contract.write(tmp_path / "events")
    assert sorted(path.name for path in (tmp_path / "events").iterdir()) == [
        "customer.schema.json",
        "customer_purchase.schema.json",
        "force_update.schema.json",
        "invoice.schema.json",
        "payment.schema.json",
        "product.schema.json",
        "purchase_order.schema.json",
        "store_credit.schema.json",
        "vendor.schema.json",
    ]


def test_the_contract_demands_tax_fields_and_wants_amounts_as_strings() -> None:
    schema = json.loads((PUBLISHED / "invoice.schema.json").read_text(encoding="utf-8"))
    invoice, line = schema["$defs"]["Invoice"], schema["$defs"]["InvoiceLine"]
    assert {"tax", "tax_rate_id", "notax", "is_draft", "is_refund"} <= set(invoice["required"])
    assert {"taxable", "tax_rate_id", "product_id"} <= set(line["required"])
    assert invoice["properties"]["total"]["type"] == "string"


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_what_the_detail_type_says_is_not_asked_for_in_the_detail(kind: str) -> None:
    whole, elsewhere = json.loads((PUBLISHED / f"{kind}.schema.json").read_text(encoding="utf-8"))["anyOf"]
    assert kind in whole["required"]
    assert "snapshot_ref" in elsewhere["required"]
    assert not {"change", "kind"} & {*whole["properties"], *elsewhere["properties"]}
