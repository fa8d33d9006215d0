"""A Web Connector with an in-memory company file.

`python -m emulators.quickbooks_desktop --url http://localhost:4566/qbwc --user acme --password secret` runs one
session and prints what it did; with `--port 9103` it serves the admin door instead (see office.py) and runs sessions
on request.
"""

import argparse
import json
import sys

from ..quickbooks_online.serve import make
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
        return _serve(Office(), arguments.host, arguments.port)
    connector = WebConnector(company=CompanyFile(), url=arguments.url, user=arguments.user, password=arguments.password)
    if arguments.port is not None:
        office = Office()
        office.connectors[arguments.user or "company"] = connector
        return _serve(office, arguments.host, arguments.port)
    report = connector.run()
    sys.stdout.write(json.dumps(as_json(report), indent=2) + "\n")
    return int(report.outcome in ("failed", "refused"))


def _serve(office: Office, host: str, port: int) -> int:
    try:
        server = make(office, host, port)
    except (OSError, SystemExit):
        sys.stderr.write(f"Port {port} on {host} is taken or not allowed; choose another with --port.\n")
        return 1
    sys.stdout.write(f"QuickBooks Desktop emulator on http://{host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
