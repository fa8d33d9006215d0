"""Run the emulator by itself: `python -m emulators.quickbooks_online --port 9101 [--companies file.json]`."""

import argparse
import sys
from datetime import date
from pathlib import Path

from .app import Emulator
from .json_text import Obj, loads
from .serve import until_interrupted


def main() -> int:
    """Serve until interrupted; the companies file is a list of {"realm": ..., settings of add_company}."""
    parser = argparse.ArgumentParser(prog="python -m emulators.quickbooks_online", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--companies", type=Path, help="JSON list of companies; without it one US company, realm 9130357"
    )
    arguments = parser.parse_args()
    emu = Emulator()
    emu.use_timers = True
    for company in _companies(arguments.companies):
        emu.add_company(**company)
    return until_interrupted(emu, arguments.host, arguments.port, "QuickBooks Online")


def _companies(path: Path | None) -> list[Obj]:
    if path is None:
        return [{"realm": "9130357"}]
    companies: list[Obj] = loads(path.read_bytes())
    for company in companies:
        if company.get("book_close_date"):
            company["book_close_date"] = date.fromisoformat(company["book_close_date"])
    return companies


if __name__ == "__main__":
    sys.exit(main())
