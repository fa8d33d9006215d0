"""Whoever writes a record's status writes, in the same expression, where the index lists it."""

import ast
from pathlib import Path

LAYER = Path(__file__).parents[2] / "layers/common/syncro_quickbooks"


def test_no_status_is_written_without_its_listing() -> None:
    changes = [
        (path.name, node.value)
        for path in LAYER.rglob("*.py")
        if path.name != "rehearsal.py"  # what it writes stays in its own memory
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith("SET ") and "#status = :" in node.value
    ]
    assert len(changes) >= 8
    assert [change for change in changes if "#listed_in = :" not in change[1]] == []
