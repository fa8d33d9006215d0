"""What goes wrong between us and Syncro's API: what is definite, and what leaves everything open.

Syncro's errors are irregular (facts: Syncro 2.1): `{"error": ".."}`, `{"error": [..]}`, `{"errors": ".." | [..] |
{field: [..]}}`, `{"success": false, "message": [..]}` and `{"message": ".."}`, not always with the status to it.
"""

from collections.abc import Iterator

from syncro_quickbooks.json_types import Json, JsonObject


class SyncroError(Exception):
    """Something between us and Syncro's API did not work. The text never holds tokens."""


class NoSyncroAccess(SyncroError):
    """The account has stored no API token, or one that nobody accepts."""


class SyncroThrottled(SyncroError):
    """Too many requests for now: nothing was done. `retry_after` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Syncro's limit of requests is used up; the next is possible in {retry_after:.0f} s")
        self.retry_after = retry_after


class SyncroRefused(SyncroError):
    """A definite refusal: nothing was done. `messages` are Syncro's own words."""

    def __init__(self, status: int, messages: tuple[str, ...]) -> None:
        super().__init__(f"Syncro refused the request (HTTP {status}): {'; '.join(messages) or 'no reason given'}")
        self.status = status
        self.messages = messages


class SyncroUnavailable(SyncroError):
    """No answer, or none that tells what happened: nothing is known about what was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Syncro is not available ({reason})")
        self.reason = reason


def messages_of(body: Json) -> tuple[str, ...]:
    """The error texts of an answer in any of Syncro's shapes; empty if it is no error."""
    if not isinstance(body, dict):
        return ()
    texts = [text for name in ("error", "errors") for text in _texts(body.get(name))]
    if not texts and _only_tells(body):
        texts = list(_texts(body.get("message")))
    return tuple(texts) or (("no reason given",) if body.get("success") is False else ())


def _only_tells(body: JsonObject) -> bool:
    return body.get("success") is False or set(body) <= {"message", "status", "success"}


def _texts(value: Json, field: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, field)
    elif value not in (None, "", False):
        yield f"{field} {value}".strip()
