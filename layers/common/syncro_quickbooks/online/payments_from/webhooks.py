"""Intuit's webhooks: who changed something, never what. All they do is make the next poll of those accounts due.

Signature, both forms of the body, retries: Intuit, "Webhooks" (facts: QBO 2.6). A delivery may mix companies.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from http import HTTPStatus

from syncro_quickbooks import exact_json
from syncro_quickbooks.json_types import Json
from syncro_quickbooks.log import Log
from syncro_quickbooks.storage.table import Item, Key, Table
from syncro_quickbooks.sync.polls import Polls

LARGEST_BODY = 256 * 1024
"""Bytes; a delivery is a list of ids."""


def is_signed(body: bytes, signature: str, verifier: str) -> bool:
    """Whether Intuit signed these bytes: HMAC-SHA256 with the app's verifier token, compared in constant time."""
    expected = b64encode(hmac.digest(verifier.encode(), body, sha256))
    return hmac.compare_digest(expected, signature.strip().encode(errors="replace"))


def changed_realms(body: bytes) -> dict[str, bool]:
    """The companies in a delivery, and whether payments of theirs changed. Raises ValueError for an unknown form."""
    found: dict[str, bool] = {}
    for realm_id, entity in _changes(exact_json.loads(body)):
        found[realm_id] = found.get(realm_id, False) or entity == "payment"
    return found


def _changes(delivery: Json) -> Iterator[tuple[str, str]]:
    """Company and kind of thing of each change, in the old form or as CloudEvents."""
    if isinstance(delivery, list):
        for event in delivery:
            source, realm_id = _text(event, "type").split("."), _text(event, "intuitaccountid")
            if len(source) < 3 or not realm_id:
                raise ValueError("an event without type or company")
            yield realm_id, source[1].lower()
        return
    for notification in _list(delivery, "eventNotifications"):
        realm_id = _text(notification, "realmId")
        if not realm_id or not isinstance(notification, dict):
            raise ValueError("a notification without its company")
        for entity in _list(notification.get("dataChangeEvent"), "entities"):
            yield realm_id, _text(entity, "name").lower()


def _list(parent: Json, name: str) -> list[Json]:
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, list):
        raise ValueError(f"{name} is missing")  # noqa: TRY004 - one kind of error for every unknown form
    return value


def _text(parent: Json, name: str) -> str:
    value = parent.get(name) if isinstance(parent, dict) else None
    return value if isinstance(value, str) else ""


class Webhooks:
    """Takes deliveries in."""

    def __init__(self, table: Table, polls: Polls, verifier: Callable[[], str], log: Log) -> None:
        self._table = table
        self._polls = polls
        self._verifier = verifier
        self._log = log

    def take(self, body: bytes, signature: str) -> HTTPStatus:
        """Make the polls of the companies' accounts due. Returns the status to answer with."""
        if len(body) > LARGEST_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if not is_signed(body, signature, self._verifier()):
            self._log.warning("Webhook refused: its signature is not Intuit's")
            return HTTPStatus.UNAUTHORIZED
        try:
            realms = changed_realms(body)
        except ValueError as error:
            self._log.warning("Webhook refused: its form is unknown", extra={"reason": str(error)})
            return HTTPStatus.BAD_REQUEST
        owners = self._table.get_many([Key(f"realm#{realm_id}", "owner") for realm_id in realms])
        due = [self._announce(item, realms) for item in owners.values()]
        self._log.info("Webhook taken in", extra={"companies": len(realms), "polls_due": sum(due)})
        return HTTPStatus.OK

    def _announce(self, owner: Item, realms: dict[str, bool]) -> bool:
        realm_id = str(owner["pk"]).removeprefix("realm#")
        return self._polls.announced(str(owner["account_id"]), realm_id, about_payments=realms[realm_id])
