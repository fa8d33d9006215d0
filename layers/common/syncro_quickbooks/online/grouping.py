"""Which writes go into one request, who its members are, and the request in the form that is stored."""

from collections.abc import Sequence
from uuid import uuid4

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import JsonObject
from syncro_quickbooks.online.client import FrozenRequest, batch_request, single_request
from syncro_quickbooks.online.frozen import MAX_BATCH_BYTES, TAX_SERVICE
from syncro_quickbooks.sync.attempts import Planned
from syncro_quickbooks.sync.dispatches import Member

MAX_LINES = 1_000
"""Lines of all documents in one batch: keeps it well within the 120 s that Intuit works on a request."""

_WRAPPER_BYTES = 200  # what a batch puts around a member, and its share of what is around them all


def groups(planned: Sequence[Planned], most_members: int) -> list[list[Planned]]:
    """`planned` in as few groups as the limits of a batch allow, in order (facts: QBO 2.3); TaxService takes none."""
    alone = [[item] for item in planned if item.write.entity == TAX_SERVICE]
    groups: list[list[Planned]] = []
    size = lines = 0
    for item in planned:
        if item.write.entity == TAX_SERVICE:
            continue
        weight = len(exact_json.dumps(item.write.body)) + _WRAPPER_BYTES
        full = groups and (
            len(groups[-1]) >= most_members or size + weight > MAX_BATCH_BYTES or lines + item.write.lines > MAX_LINES
        )
        if not groups or full:
            groups.append([])
            size = lines = 0
        groups[-1].append(item)
        size, lines = size + weight, lines + item.write.lines
    return [*alone, *groups]


def member_of(bid: str, item: Planned) -> Member:
    """The part of `item` in a dispatch."""
    return Member(
        bid=bid,
        key=item.view.key,
        entity=item.write.entity,
        operation=item.write.operation,
        generation=item.generation,
        stamp=item.view.record.stamp,
        digest=item.write.digest,
        body=item.write.body,
        expected=item.write.expected,
        warnings=item.write.warnings,
    )


def request_for(members: Sequence[Member]) -> FrozenRequest:
    """The one request that carries all `members`, under a request id of its own (36 characters, as a batch allows)."""
    request_id = str(uuid4())
    if len(members) == 1:
        (only,) = members
        return single_request(only.entity, only.operation, only.body, request_id)
    return batch_request([(m.bid, m.entity, m.operation, m.body) for m in members], request_id)


def request_to_json(request: FrozenRequest) -> JsonObject:
    """`request` as it is stored."""
    return {
        "method": request.method,
        "path": request.path,
        "query": [[name, value] for name, value in request.query],
        "body": request.body.decode(),
        "content_type": request.content_type,
    }


def request_from_json(stored: JsonObject) -> FrozenRequest:
    """The request that `request_to_json` wrote, byte for byte."""
    query = stored["query"]
    return FrozenRequest(
        method=str(stored["method"]),
        path=str(stored["path"]),
        query=tuple((str(pair[0]), str(pair[1])) for pair in query if isinstance(pair, list))
        if isinstance(query, list)
        else (),
        body=str(stored["body"]).encode(),
        content_type=str(stored["content_type"]),
    )
