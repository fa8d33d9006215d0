"""Keeps every body the tests send to QuickBooks in `$QBO_BODIES_DIR`, for a check against Intuit's own schemas.

Files are named `<Entity>.<operation>.<hash>.json`, so each different body is there once.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ENTITIES = {"customer": "Customer", "item": "Item", "invoice": "Invoice"}


def record(method: str, url: str, body: bytes | None) -> None:
    """Keep the body or, of a batch, each member's, if anybody wants them."""
    folder = os.environ.get("QBO_BODIES_DIR")
    path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
    if not folder or method != "POST" or not body or "/v3/company/" not in path or "requestid" not in query:
        return
    sent = json.loads(body)
    resource = path.rpartition("/")[2]
    if resource == "batch":
        for member in sent["BatchItemRequest"]:
            (entity,) = set(member) - {"bId", "operation", "optionsData"}
            _keep(Path(folder), entity, str(member.get("optionsData") or member["operation"]), member[entity])
    else:
        plain = "update" if "Id" in sent else "create"
        _keep(Path(folder), ENTITIES[resource], query.get("operation", [plain])[0], sent)


def _keep(folder: Path, entity: str, operation: str, body: dict[str, Any]) -> None:
    text = json.dumps(body, indent=1)
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    (folder / f"{entity}.{operation}.{name}.json").write_text(text)
