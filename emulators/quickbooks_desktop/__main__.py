"""A Web Connector with an in-memory company file.

`python -m emulators.quickbooks_desktop --url http://localhost:4566/qbwc --user acme --password secret` runs one
session and prints what it did; with `--port 9103` it serves the admin door instead (see office.py) and runs sessions
on request.
"""

import argparse
import json
import sys

from ..quickbooks_online.serve import until_interrupted
from .company import CompanyFile
from .office import Office, as_json
from .web_connector import WebConnector


def main() -> int:
    """One session, or the admin door until interrupted. The exit code is 1 when the session failed."""
    parser = argparse.ArgumentParser(prog="python -m emulators.quickbooks_desktop", description=__doc__)
    parser.add_argument("--url", help="the SOAP service; required without --port")
    parser.add_argument("--user", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--port", type=int, help="serve the admin door here")
    parser.add_argument("--host", default="127.0.0.1")
    arguments = parser.parse_args()
    if arguments.url is None and arguments.port is None:
        parser.error("--url or --port is needed")
    if arguments.url is None:
        return until_interrupted(Office(), arguments.host, arguments.port, "QuickBooks Desktop")
    connector = WebConnector(company=CompanyFile(), url=arguments.url, user=arguments.user, password=arguments.password)
    if arguments.port is not None:
        office = Office()
        office.connectors[arguments.user or "company"] = connector
        return until_interrupted(office, arguments.host, arguments.port, "QuickBooks Desktop")
    report = connector.run()
    sys.stdout.write(json.dumps(as_json(report), indent=2) + "\n")
    return int(report.outcome in ("failed", "refused"))


if __name__ == "__main__":
    sys.exit(main())
