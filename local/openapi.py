"""Prints the API's OpenAPI document, or writes it into the file that is named: `python -m local.openapi [FILE]`."""

import sys
from pathlib import Path

from syncro_quickbooks.console.openapi import document_text


def main() -> int:
    """Returns the exit code."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(document_text(), encoding="utf-8")
    else:
        sys.stdout.write(document_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
