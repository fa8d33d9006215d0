"""Cursors of pages: opaque to the caller, and only ever a place among the caller's own records."""

import base64
import json
import re
from http import HTTPStatus
from typing import Annotated, TypeAlias

from aws_lambda_powertools.event_handler.openapi.params import Query

from syncro_quickbooks.console.problems import ApiProblem, FieldBody
from syncro_quickbooks.sync.listings import Place
from syncro_quickbooks.sync.model import RecordKey, Status

Cursor: TypeAlias = Annotated[
    str | None, Query(max_length=500, description="`next` of the page before; without it the first page.")
]


_RECORD = re.compile(r"[a-z_]{1,40}#[A-Za-z0-9_-]{1,64}")
_ENTRY = re.compile(r"([0-9]{15}#[0-9a-z]{1,40})?")


def to_cursor(place: Place | None) -> str | None:
    """`place` as text; None at the end."""
    if place is None:
        return None
    parts = [str(place.record), place.at, str(place.status or ""), place.entry]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def from_cursor(text: str | None) -> Place | None:
    """What `to_cursor` made; it names no account. Raises ApiProblem (422) for anything else."""
    if text is None:
        return None
    try:
        record, at, status, entry = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not _RECORD.fullmatch(record) or not isinstance(at, int) or not 0 <= at < 10**15:
            raise unknown_cursor()
        if not _ENTRY.fullmatch(entry):
            raise unknown_cursor()
        return Place(RecordKey.parse(record), at, Status(status) if status else None, entry)
    except (ValueError, TypeError, RecursionError):
        raise unknown_cursor() from None


def unknown_cursor() -> ApiProblem:
    """422: a cursor that was made up, or belongs to another listing."""
    return ApiProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_cursor",
        "The cursor is none of ours.",
        "Begin with the first page, and pass on `next` as it is.",
        fields=[FieldBody(field="query.cursor", message="unknown cursor")],
    )
