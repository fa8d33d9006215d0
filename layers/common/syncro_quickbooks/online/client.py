"""The QuickBooks Online client: one company, and no guess about what an answer means.

It never repeats a request, except once with the same request id after a 401 (a token refused is a request not done).
Everything else that is not a clean answer is raised; deciding when to try again belongs to the dispatch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote as percent

from syncro_quickbooks.clock import Clock
from syncro_quickbooks.json_types import Json, JsonObject
from syncro_quickbooks.log import Log
from syncro_quickbooks.online import verdict
from syncro_quickbooks.online.faults import (
    Clean,
    Faulted,
    NotEnoughTime,
    Reading,
    RequestRefused,
    Throttled,
    Unavailable,
    Unreadable,
    fault_of,
    parse_faults,
)
from syncro_quickbooks.online.frozen import (
    MINOR_VERSION,
    FrozenRequest,
    batch_request,
    query_batch,
    single_request,
)
from syncro_quickbooks.online.http import (
    READ_TIMEOUT,
    WRITE_TIMEOUT,
    Answer,
    Couriers,
    Outgoing,
    Pending,
    Transport,
)
from syncro_quickbooks.online.outcomes import (
    Done,
    MemberOutcome,
    Refused,
    Unclear,
    answers_by_bid,
    batch_outcomes,
    entity_in,
    single_outcome,
)
from syncro_quickbooks.online.rate import RateLimiter
from syncro_quickbooks.online.read_budget import ReadBudget, ReadPurpose
from syncro_quickbooks.online.tokens import AccessToken, ConnectionKey, TokenSource

if TYPE_CHECKING:
    import requests

__all__ = [
    "Client",
    "Done",
    "FrozenRequest",
    "MemberOutcome",
    "Posted",
    "Refused",
    "Unclear",
    "batch_request",
    "quote",
    "select",
    "single_request",
]

TIME_FOR_A_WRITE = timedelta(seconds=140)  # connecting, Intuit's 120 s and the way back
PAGE = 1000  # the most rows of a query (Intuit, "Data queries")
_LONGEST_GET = 1500  # characters of a statement; longer ones go as POST (facts: QBO 2.1)


def quote(value: str) -> str:
    """`value` as a literal of the query language, with its quotes: `Amy's` → `'Amy\\'s'`.

    The backslash is escaped as well ([G] in facts QBO 2.4: an unescaped one could end the literal early).
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def select(entity: str, where: str) -> str:
    """A statement of QuickBooks' query language; values in `where` are quoted by `quote`."""
    return f"SELECT * FROM {entity} WHERE {where}"  # noqa: S608 - no SQL: QuickBooks' own read-only language


class Client:
    """Talks to one company for one account. Keeps no state but its connection and limiter; safe for several threads."""

    def __init__(
        self,
        *,
        base_url: str,
        account_id: str,
        realm_id: str,
        tokens: TokenSource,
        session_factory: "Callable[[], requests.Session]",
        clock: Clock,
        reads: ReadBudget,
        limiter: RateLimiter,
        logger: Log,
        couriers: Couriers,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self.connection = ConnectionKey(account_id, realm_id)
        self._company_url = f"{base_url.rstrip('/')}/v3/company/{percent(realm_id, safe='')}"
        self._tokens = tokens
        self._transport = Transport(session_factory, logger, {"account_id": account_id, "realm_id": realm_id})
        self._clock = clock
        self._reads = reads
        self._limiter = limiter
        self._couriers = couriers
        self._read_timeout = read_timeout

    @property
    def most_in_flight(self) -> int:
        """How many writes may be on their way to the company at once; changes with every answer."""
        return self._limiter.in_flight

    def send(self, request: FrozenRequest, bids: Sequence[str], deadline: datetime) -> Mapping[str, MemberOutcome]:
        """Send a frozen write and say for each member what became of it; a single request has the one member "1".

        Raises NotEnoughTime (not sent: fewer than 140 s before `deadline`), Throttled, Reconnect, AccountBlocked,
        Unavailable (nothing is known), and RequestRefused for a batch refused as a whole.
        """
        return self.post(request, bids, deadline).outcomes()

    def post(self, request: FrozenRequest, bids: Sequence[str], deadline: datetime) -> "Posted":
        """Send a frozen write, as soon as the rate allows, and do not wait for the answer.

        Only the HTTP request is left to the couriers; token, rate and deadline are seen to before. Raises
        NotEnoughTime, and for the token Reconnect and Unavailable.
        """
        call = _Call(request, WRITE_TIMEOUT, deadline, len(bids))
        token = self._tokens.access_token(self.connection)
        outgoing = self._cleared(call, token)

        def carry() -> _Carried:
            begun = self._clock.now()
            answer = self._transport.send(outgoing)
            return _Carried(answer, self._clock.now() - begun)

        pending = self._couriers.submit(carry)
        return Posted(pending.done, lambda: self._outcomes(call, bids, token, pending))

    def _outcomes(
        self, call: "_Call", bids: Sequence[str], token: AccessToken, pending: "Pending[_Carried]"
    ) -> Mapping[str, MemberOutcome]:
        try:
            carried = pending.result()
            reading = self._judged(call, token, carried.answer)
        except Throttled:
            self._limiter.throttled()
            raise
        except Unavailable:
            self._limiter.overloaded()
            raise
        self._limiter.answered(carried.took)
        if not call.request.is_batch:
            return dict.fromkeys(bids, single_outcome(call.request, reading))
        return batch_outcomes(call.request, bids, _clean(reading).body)

    def query(self, statement: str, entity: str, purpose: ReadPurpose) -> list[JsonObject]:
        """The rows of one query; QuickBooks gives 100 unless the statement says MAXRESULTS (≤ 1000).

        An empty list means that QuickBooks said "none". Raises ReadAllowanceExhausted (not asked), Throttled,
        Reconnect, AccountBlocked, RequestRefused (the query is wrong) and Unavailable for anything that is not a
        complete answer.
        """
        return _rows(self._query(statement, purpose), entity)

    def query_together(self, queries: Sequence[tuple[str, str]], purpose: ReadPurpose) -> list[list[JsonObject]]:
        """The rows of each (statement, entity), asked in one call; each is a metered read. Raises like `query`."""
        if len(queries) == 1:
            return [self.query(*queries[0], purpose)]
        for _ in queries[1:]:
            self._reads.spend(purpose)
        body = _clean(self._read(query_batch([statement for statement, _ in queries]), purpose, len(queries))).body
        answers = answers_by_bid(body)
        return [_rows(_response(answers.get(str(bid), [])), entity) for bid, (_, entity) in enumerate(queries, start=1)]

    def query_all(self, entity: str, where: str, purpose: ReadPurpose) -> list[JsonObject]:
        """Every row of `entity` that meets `where` ("" for all), each once, in order of Id. Raises like `pages`."""
        return [row for page in self.pages(entity, where, purpose) for row in page]

    def pages(self, entity: str, where: str, purpose: ReadPurpose) -> Iterator[list[JsonObject]]:
        """The rows of `query_all` page by page, read as they are consumed.

        Pages by Id, because offsets lose rows while the company is in use (facts: QBO 2.4). Raises like `query`; a page
        that is cut off or out of order raises Unavailable, so whoever comes to the end has seen every row.
        """
        last = ""
        while True:
            page = self.page(entity, where, last, purpose)
            yield page
            if len(page) < PAGE:
                return
            last = str(page[-1]["Id"])

    def page(self, entity: str, where: str, last: str, purpose: ReadPurpose) -> list[JsonObject]:
        """The next PAGE rows of `entity` that meet `where`, in order of Id, after the Id `last` ("": from the first).

        Fewer than PAGE are the end. Raises like `query_all`.
        """
        conditions = [part for part in (where, f"Id > {quote(last)}" if last else "") if part]
        clause = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        statement = f"SELECT * FROM {entity}{clause} ORDERBY Id MAXRESULTS {PAGE}"  # noqa: S608 - no SQL; see quote()
        page = self.query(statement, entity, purpose)
        if len(page) == PAGE:
            _check_order(page, last)
        return page

    def count(self, entity: str, where: str, purpose: ReadPurpose) -> int:
        """How many `entity` meet `where` ("" for all). Raises like `query`."""
        clause = f" WHERE {where}" if where else ""
        statement = f"SELECT COUNT(*) FROM {entity}{clause}"  # noqa: S608 - no SQL; see quote()
        total = self._query(statement, purpose).get("totalCount")
        if not isinstance(total, int):
            raise _unreadable("the answer holds no totalCount")
        return total

    def changes(self, entity: str, since: datetime, purpose: ReadPurpose) -> list[JsonObject]:
        """CDC: what of `entity` changed since then, at most 30 days back; deleted ones with `status` "Deleted" only.

        1,000 are the most QuickBooks tells: then there may be more (facts: QBO 2.5). Raises like `query`.
        """
        query = (("entities", entity), ("changedSince", since.isoformat()), ("minorversion", MINOR_VERSION))
        body = _clean(self._read(FrozenRequest("GET", "/cdc", query, b""), purpose)).body
        answers = body.get("CDCResponse")
        first = answers[0] if isinstance(answers, list) and answers else None
        responses = first.get("QueryResponse") if isinstance(first, dict) else None
        # One element for each entity that was asked for.
        if not isinstance(responses, list) or len(responses) != 1 or not isinstance(responses[0], dict):
            raise _unreadable("the answer holds no list of changes")
        # Whether maxResults counts the deleted ones is not documented, so here the rows alone are checked.
        return _rows({name: value for name, value in responses[0].items() if name == entity}, entity, counted=False)

    def read(self, entity: str, id: str, purpose: ReadPurpose) -> JsonObject | None:
        """One object by its Id; None only when QuickBooks says that it does not exist (610) or was deleted.

        Raises like `query`; every other answer than the object itself raises.
        """
        path = f"/{entity.lower()}/{percent(id, safe='')}"
        reading = self._read(FrozenRequest("GET", path, (("minorversion", MINOR_VERSION),), b""), purpose)
        if isinstance(reading, Faulted) and all(fault.code == "610" for fault in reading.faults):
            return None
        found = entity_in(_clean(reading).body, entity)
        # CompanyInfo is asked for by realm and answers with its own Id.
        if found is None or (found["Id"] != id and entity != "CompanyInfo"):
            raise _unreadable(f"the answer does not hold the {entity} that was asked for")
        return None if found.get("status") == "Deleted" else found

    def _query(self, statement: str, purpose: ReadPurpose) -> JsonObject:
        version = ("minorversion", MINOR_VERSION)
        if len(statement) > _LONGEST_GET:
            request = FrozenRequest("POST", "/query", (version,), statement.encode(), "application/text")
        else:
            request = FrozenRequest("GET", "/query", (("query", statement), version), b"")
        return _query_response(_clean(self._read(request, purpose)).body)

    def _read(self, request: FrozenRequest, purpose: ReadPurpose, members: int = 1) -> Clean | Faulted:
        self._reads.spend(purpose)
        try:
            return self._call(_Call(request, self._read_timeout, None, members))
        except Throttled:
            self._reads.throttled(self.connection.realm_id)
            raise

    def _call(self, call: "_Call") -> Clean | Faulted:
        token = self._tokens.access_token(self.connection)
        return self._judged(call, token, self._transport.send(self._cleared(call, token)))

    def _judged(self, call: "_Call", token: AccessToken, answer: Answer) -> Clean | Faulted:
        reading = _read(answer)
        if verdict.is_token_refused(answer.status, reading) and not verdict.is_throttled(answer.status, reading):
            # A refused token is a request not done: the same bytes and request id go out once more.
            token = self._tokens.refresh(self.connection, token)
            answer = self._transport.send(self._cleared(call, token))
            reading = _read(answer)
        return verdict.judge(answer.status, reading, answer.retry_after)

    def _cleared(self, call: "_Call", token: AccessToken) -> Outgoing:
        """The request, once the rate lets it go out. Raises NotEnoughTime."""
        if token.connection != self.connection:
            raise ValueError("the access token belongs to another connection")
        self._limiter.take(batch=call.request.is_batch, members=call.members)
        if call.deadline is not None and call.deadline - self._clock.now() < TIME_FOR_A_WRITE:
            raise NotEnoughTime("not sent: its answer could come after this run ends; the next run sends it")
        request = call.request
        headers = {"Accept": "application/json"}
        if request.body:
            headers["Content-Type"] = request.content_type
        return Outgoing(
            method=request.method,
            url=self._company_url + request.target,
            label=request.path,
            body=request.body or None,
            headers=headers,
            authorization=f"Bearer {token.value}",
            read_timeout=call.read_timeout,
        )


class Posted:
    """A write on its way."""

    def __init__(self, is_answered: Callable[[], bool], outcomes: Callable[[], Mapping[str, MemberOutcome]]) -> None:
        self.is_answered = is_answered
        self.outcomes = outcomes
        """Waits for the answer; returns and raises as `Client.send`."""


@dataclass(frozen=True, slots=True)
class _Carried:
    answer: Answer
    took: timedelta


@dataclass(frozen=True, slots=True)
class _Call:
    request: FrozenRequest
    read_timeout: float
    deadline: datetime | None
    members: int


def _read(answer: Answer) -> Reading:
    return parse_faults(answer.status, answer.content_type, answer.body)


def _clean(reading: Clean | Faulted) -> Clean:
    """The clean answer of a read or a batch. Raises Unavailable for the server's own faults, else RequestRefused."""
    if isinstance(reading, Clean):
        return reading
    undecided = verdict.undecided_code(reading.faults)
    if undecided is not None:
        raise Unavailable(f"fault_{undecided}", status=reading.status, faults=reading.faults)
    raise RequestRefused(reading.faults)


def _unreadable(explanation: str) -> Unavailable:
    return Unavailable("unreadable", status=200, explanation=explanation)


def _query_response(body: JsonObject) -> JsonObject:
    response = body.get("QueryResponse")
    if not isinstance(response, dict):
        raise _unreadable("the answer holds no QueryResponse")
    return response


def _response(answers: Sequence[JsonObject]) -> JsonObject:
    """The QueryResponse in what a batch answered for one of its queries. Raises like `query`."""
    if len(answers) != 1:
        raise _unreadable(f"the answer has {len(answers)} members for one query")
    fault = fault_of(answers[0])
    if isinstance(fault, Unreadable):
        raise _unreadable(fault.explanation)
    return _query_response(_clean(verdict.judge(200, fault or Clean(answers[0]), None)).body)


def _rows(response: Mapping[str, Json], entity: str, *, counted: bool = True) -> list[JsonObject]:
    """The rows of a QueryResponse. An empty one is `{}`; anything between that and a full one raises Unavailable."""
    raw = next((value for key, value in response.items() if key.lower() == entity.lower()), None)
    if raw is None and not set(response) - {"startPosition", "maxResults", "totalCount"}:
        raw = []
    if not isinstance(raw, list):
        raise _unreadable(f"the answer holds no list of {entity}")
    rows = [row for row in raw if isinstance(row, dict) and isinstance(row.get("Id"), str)]
    told = response.get("maxResults", len(raw))  # the number of rows in this answer
    if len(rows) != len(raw) or (counted and told != len(raw)):
        raise _unreadable(f"the list of {entity} is not complete")
    return rows


def _check_order(page: Sequence[JsonObject], previous: str) -> None:
    """Raises Unavailable if the page is not in ascending order: going on would lose rows."""
    ids = [str(row["Id"]) for row in page]
    if not all(id_.isdigit() for id_ in ids):
        raise _unreadable("a page cannot be continued: its Ids are not numbers")
    numbers = [int(previous or 0), *map(int, ids)]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise _unreadable("a page is not in order of Id")
