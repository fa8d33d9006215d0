"""Checks recorded bodies and answers against Intuit's schemas: `conformance.py SCHEMAS BODIES ANSWERS`.

SCHEMAS is the folder beside the project that holds the schemas and their checker; the other two are what the tests
recorded (tests/support/recording.py). One process for all files: reading the schemas takes longer than checking with
them.
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def main() -> int:
    """Print every error; 1 if there is one, or nothing was recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("schemas", "bodies", "answers"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    checker = _checker(arguments.schemas)
    documented = checker.Schema(arguments.schemas / "xsd", arguments.schemas / "doc_fields.json")
    plain = checker.Schema(arguments.schemas / "xsd")
    bad = 0
    for folder in (arguments.bodies, arguments.answers):
        files = sorted(folder.glob("*.json"))
        if not files:
            sys.stderr.write(f"The tests recorded nothing in {folder}\n")
            return 1
        wrong = [file for file in files if _wrong(file, documented, plain)]
        sys.stdout.write(f"{len(files) - len(wrong)} of {len(files)} {folder.name} conform\n")
        bad += len(wrong)
    return 1 if bad else 0


def _checker(schemas: Path) -> ModuleType:
    path = schemas / "check_json_against_xsd.py"
    spec = importlib.util.spec_from_file_location("check_json_against_xsd", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.dont_write_bytecode = True  # nothing is left beside the schemas
    spec.loader.exec_module(module)
    return module


def _wrong(file: Path, documented: Any, plain: Any) -> bool:
    """True if the file does not conform; what is sent must keep the documented limits too, answers the exact types.

    A body's file is named `<Entity>.<operation>.<hash>.json`; voids and deletes carry only what names the document.
    """
    root, operation = file.name.split(".")[:2]
    body = json.loads(file.read_text())
    if operation in ("create", "update"):
        problems = documented.check(root, body, op=operation)
    else:
        problems = plain.check(root, body, strict=root in ("IntuitResponse", "TaxService"))
    errors = [problem for problem in problems if problem.level == "error"]
    for error in errors:
        sys.stdout.write(f"{file.name}: {error}\n")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
