"""The client of Syncro's API: one account, one call at a time, and no guess about what an answer means.

It never repeats a request: Syncro knows no idempotency key (facts: Syncro 2), so whether something may be sent again
is for the caller to find out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.syncro_api.access import SyncroAccess
from syncro_quickbooks.syncro_api.errors import (
    NoSyncroAccess,
    SyncroRefused,
    SyncroThrottled,
    SyncroUnavailable,
    messages_of,
)
from syncro_quickbooks.syncro_api.pace import Pace

if TYPE_CHECKING:
    import requests

DEFAULT_BASE_URL = "https://{subdomain}.syncromsp.com"
_API = "/api/v1"
_CONNECT_TIMEOUT = 5.0
_READ_TIMEOUT = 60.0
_PAUSE = 60.0  # seconds: the limit is per minute
_NOTHING_DONE = frozenset({400, 401, 403, 404, 405, 406, 410, 413, 415, 422})


class Things(StrEnum):
    """A kind of thing in Syncro, by the name of its list; `one` is what a single one of them comes under."""

    CUSTOMERS = "customers"
    INVOICES = "invoices"
    PAYMENTS = "payments"
    PRODUCTS = "products"
    VENDORS = "vendors"

    @property
    def one(self) -> str:
        return self.value.removesuffix("s")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `pages` is how many there are, None where Syncro does not tell (vendors)."""

    things: list[JsonObject]
    pages: int | None


class SyncroClient:
    """Talks to one account's Syncro. `patience` is how long a call may wait for its turn in the shared pace.

    Every method raises SyncroThrottled (nothing was done), NoSyncroAccess (the token is not accepted, or lacks the
    permission), SyncroRefused (a definite refusal) and SyncroUnavailable (nothing is known). Numbers come and go
    as Decimal.
    """

    def __init__(
        self,
        *,
        base_url: str,
        account_id: str,
        access: SyncroAccess,
        session_factory: "Callable[[], requests.Session]",
        pace: Pace,
        logger: Log,
        patience: timedelta = timedelta(seconds=30),
    ) -> None:
        self._url = base_url.replace("{subdomain}", access.subdomain).rstrip("/") + _API
        self._account_id = account_id
        self._access = access
        self._session_factory = session_factory
        self._session: requests.Session | None = None
        self._pace = pace
        self._logger = logger
        self._patience = patience

    def check(self) -> None:
        """Ask whom the token belongs to."""
        self._call("GET", "/me")

    def get(self, things: Things, id: str) -> JsonObject | None:
        """One thing by its id; None only if Syncro says that it is not there."""
        try:
            body = self._call("GET", f"/{things}/{int(id)}")
        except SyncroRefused as refusal:
            if refusal.status == 404 and refusal.messages:
                return None
            raise
        return _one(things, body, id)

    def create(self, things: Things, fields: JsonObject) -> JsonObject:
        """Make one and return it as Syncro stored it. SyncroUnavailable leaves open whether it was made."""
        return _one(things, self._call("POST", f"/{things}", fields=fields))

    def page(self, things: Things, number: int = 1, **filters: str) -> Page:
        """A page of the list, numbered from 1, as filtered by Syncro's own parameters (`query`, `email` …)."""
        body = self._call("GET", f"/{things}", query={**filters, "page": str(number)})
        found, meta = body.get(things), body.get("meta")
        if not isinstance(found, list):
            raise SyncroUnavailable(f"the answer holds no list of {things}")
        rows = [row for row in found if isinstance(row, dict)]
        pages = meta.get("total_pages") if isinstance(meta, dict) else None
        return Page(rows, pages if isinstance(pages, int) else None)

    def all(self, things: Things, **filters: str) -> Iterator[JsonObject]:
        """Every thing of the list, read page by page as they are consumed.

        Pages shift while Syncro is in use: a thing can come twice or be missed (facts: Syncro 2.1).
        """
        number, before = 1, None
        while True:
            page = self.page(things, number, **filters)
            ids = [row.get("id") for row in page.things]
            if not ids or ids == before:  # without a page count, the end is empty or the last page again
                return
            yield from page.things
            if page.pages is not None and number >= page.pages:
                return
            number, before = number + 1, ids

    def _call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, fields: JsonObject | None = None
    ) -> JsonObject:
        self._pace.take(self._patience)
        status, content = self._send(method, path, query, fields)
        try:
            body: Json = exact_json.loads(content)
        except ValueError:
            body = None
        messages = messages_of(body)
        if status == 429 or any("high number of requests" in message for message in messages):
            self._pace.hold(_PAUSE)
            raise SyncroThrottled(_PAUSE)
        if status in (401, 403):
            raise NoSyncroAccess(f"Syncro does not accept the API token for {method} {path} (HTTP {status})")
        if status in _NOTHING_DONE or (200 <= status < 300 and messages):
            raise SyncroRefused(status, messages)
        if not 200 <= status < 300 or not isinstance(body, dict):
            raise SyncroUnavailable(f"HTTP {status}")
        return body

    def _send(
        self, method: str, path: str, query: Mapping[str, str] | None, fields: JsonObject | None
    ) -> tuple[int, bytes]:
        import requests  # noqa: PLC0415 - start-up that handlers without calls to Syncro do not pay

        started = monotonic()
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if fields is not None else {})
        status: object = "connection_lost"
        try:
            if self._session is None:
                self._session = self._session_factory()
            answer = self._session.request(
                method,
                self._url + path + (f"?{urlencode(query)}" if query else ""),
                data=None if fields is None else exact_json.dumps(fields).encode(),
                headers=headers,
                auth=self._authorize,
                timeout=(_CONNECT_TIMEOUT, _READ_TIMEOUT),
                allow_redirects=False,  # a redirected POST would be repeated as a GET
            )
            status, content = answer.status_code, answer.content
        except requests.RequestException as error:
            # The original text holds the URL with its query: names and e-mail addresses. It stays out of the chain.
            raise SyncroUnavailable(type(error).__name__) from None
        finally:
            extra = {"account_id": self._account_id, "http_method": method, "http_path": path, "http_status": status}
            self._logger.info("call to Syncro", extra={**extra, "duration_ms": round((monotonic() - started) * 1000)})
        return answer.status_code, content

    def _authorize(self, prepared: "requests.PreparedRequest") -> "requests.PreparedRequest":
        # A plain header would lose against a matching entry in the machine's .netrc.
        prepared.headers["Authorization"] = f"Bearer {self._access.token}"
        return prepared


def _one(things: Things, body: JsonObject, id: str | None = None) -> JsonObject:
    found = body.get(things.one)
    if not isinstance(found, dict) or "id" not in found or (id is not None and str(found["id"]) != id):
        raise SyncroUnavailable(f"the answer does not hold the {things.one} that was asked for")
    return found
