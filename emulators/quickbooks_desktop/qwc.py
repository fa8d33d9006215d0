"""Adding an application to the Web Connector from its .qwc file (facts: QBD 1.4, 1.5, 1.6)."""

import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests

from .company import CompanyFile
from .web_connector import WebConnector

_REQUIRED = ("AppName", "AppURL", "AppDescription", "AppSupport", "UserName", "OwnerID", "FileID", "QBType")
_GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
_IP_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|.*:.*")


class NotAdded(Exception):
    """The Web Connector refuses the .qwc file; `code` is QBWC1039 and the like."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


def add(text: str, company: CompanyFile, password: str, http: requests.Session) -> WebConnector:
    """Open a .qwc file with QuickBooks running; the user types the password. Raises NotAdded."""
    fields = _fields(text)
    url, support = fields["AppURL"], fields["AppSupport"]
    _check_addresses(url, support)
    _check_answer(http, fields.get("CertURL") or url, (200,), "QBWC1048")
    _check_answer(http, support, (200, 202), "QBWC1003")
    owner_id, file_id = fields["OwnerID"], fields["FileID"]
    known = company.data_exts.get((owner_id, "FileID"))
    if known not in (None, file_id):
        raise NotAdded("QBWC1039", "this company file knows the application by another FileID")
    return WebConnector(
        company=company,
        url=url,
        user=fields["UserName"],
        password=password,
        owner_id=owner_id,
        file_id=file_id,
        http=http,
    )


def _fields(text: str) -> dict[str, str]:
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  # written by the test's own service
    except ElementTree.ParseError as error:
        raise NotAdded("QBWC1039", f"not XML: {error}") from error
    fields = {one.tag: (one.text or "").strip() for one in root}
    wanting = [name for name in _REQUIRED if not fields.get(name)] + [name for name in ("AppID",) if name not in fields]
    if root.tag != "QBWCXML" or wanting:
        raise NotAdded("QBWC1039", f"missing {', '.join(wanting) or 'QBWCXML'}")
    for name in ("OwnerID", "FileID"):
        if not _GUID.fullmatch(fields[name]):
            raise NotAdded("QBWC1039", f"{name} is not a GUID in braces")
    if fields["QBType"] != "QBFS":
        raise NotAdded("QBWC1039", f"QBType {fields['QBType']}")
    return fields


def _check_addresses(url: str, support: str) -> None:
    hosts = [urlsplit(one).hostname or "" for one in (url, support)]
    for host, code in zip(hosts, ("QBWC1001", "QBWC1002"), strict=True):
        if _IP_ADDRESS.fullmatch(host):
            raise NotAdded(code, f"{host} is an IP address")
    if urlsplit(url).scheme != "https" and hosts[0] != "localhost":
        raise NotAdded("QBWC1010", f"{url} is not https")
    if hosts[0] != hosts[1]:
        raise NotAdded("QBWC1000", "AppURL and AppSupport have different domains")


def _check_answer(http: requests.Session, url: str, wanted: tuple[int, ...], code: str) -> None:
    try:
        status = http.get(url, allow_redirects=False, timeout=30).status_code
    except requests.RequestException as error:
        raise NotAdded(code, f"GET {url}: {error}") from error
    if status not in wanted:
        raise NotAdded(code, f"GET {url} answered {status}")
