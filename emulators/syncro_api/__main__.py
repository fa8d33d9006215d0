"""Run it alone: `python -m emulators.syncro_api --port 9102 [--data file.json] [--token syncro-token]`."""

import argparse
import json
import sys
from pathlib import Path

from ..quickbooks_online.serve import until_interrupted
from .app import SyncroEmulator


def main() -> int:
    """Serve until interrupted; the data file is {"customers": [...], "invoices": [...], ...}."""
    parser = argparse.ArgumentParser(prog="python -m emulators.syncro_api", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--token", default="syncro-token")
    arguments = parser.parse_args()
    emulator = SyncroEmulator(arguments.token)
    if arguments.data:
        for kind, things in json.loads(arguments.data.read_text()).items():
            emulator.accounts[arguments.token].load(kind, *things)
    return until_interrupted(emulator, arguments.host, arguments.port, "Syncro API")


if __name__ == "__main__":
    sys.exit(main())
