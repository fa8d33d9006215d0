"""Every row of docs/features.md names tests, and they exist."""

import re

import pytest

from local.cloudformation import ROOT

ROWS = [
    line
    for line in (ROOT / "docs/features.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not re.match(r"\|[\s|-]+$", line)
]
NAMED = sorted({name for row in ROWS for name in re.findall(r"`([\w./-]*test_\w+\.py)`", row)})
TESTS = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}


def test_there_are_rows_and_tests_to_look_at() -> None:
    assert len(ROWS) > 50
    assert len(NAMED) > 30


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_a_feature_names_exists(name: str) -> None:
    assert [path for path in TESTS if path.endswith(f"/{name.removeprefix('tests/')}")] != []
