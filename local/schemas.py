"""`make schemas`: the events' contract, as the code states it, into docs/events and the template's schema registry."""

import json
import re
import subprocess
import sys
from pathlib import Path

from local.cloudformation import ROOT, TEMPLATE

REGISTERED = (
    "invoice",
    "payment",
    "store_credit",
    "product",
    "customer",
    "vendor",
    "purchase_order",
    "customer_purchase",
    "force_update",
)
"""The kinds this stack listens to, in the order of the template."""

_BEGIN = "  # Written by `make schemas`: the draft-4 form of docs/events, which is what the registry takes.\n"
_END = "  # End of what `make schemas` wrote.\n"
_LAYER = ROOT / "layers/common"


def draft_4(schema: str) -> str:
    """The JSON Schema text in one line, as draft 4: EventBridge's registry knows no newer one.

    Our contract uses nothing whose meaning changed since, only the names of the dialect and of the definitions.
    """
    parsed = json.loads(schema.replace("#/$defs/", "#/definitions/"))
    parsed["definitions"] = parsed.pop("$defs", {})
    parsed["$schema"] = "http://json-schema.org/draft-04/schema#"
    return json.dumps(parsed, sort_keys=True, separators=(",", ":"))


def resource(kind: str, schema: str) -> str:
    """The registry's entry for a kind of event, as it stands in the template."""
    content = draft_4(schema).replace("'", "''")
    return f"""  {kind.title().replace("_", "")}EventSchema:
    Type: AWS::EventSchemas::Schema
    Properties:
      RegistryName: !GetAtt SchemaRegistry.RegistryName
      SchemaName: syncro@{kind}
      Description: {json.loads(schema)["title"]}.
      Type: JSONSchemaDraft4
      Content: '{content}'
"""


def with_schemas(template: str) -> str:
    """The template's text with its schemas as docs/events has them. Raises ValueError if their place is not marked."""
    schemas = {kind: (ROOT / f"docs/events/{kind}.schema.json").read_text(encoding="utf-8") for kind in REGISTERED}
    written = "".join(resource(kind, schema) for kind, schema in schemas.items())
    between = re.compile(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", re.DOTALL)
    if not between.search(template):
        raise ValueError(f"template.yaml lacks the lines {_BEGIN!r} and {_END!r}")
    return between.sub(lambda _: written, template)


def main(template: Path) -> None:
    """Writes both places."""
    export = [sys.executable, "-m", "syncro_quickbooks.syncro.contract", str(ROOT / "docs/events")]
    subprocess.run(export, cwd=_LAYER, check=True)
    template.write_text(with_schemas(template.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(TEMPLATE)
