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


def changed_realms(body: bytes) -> tuple[dict[str, bool], int]:
    """The companies in a delivery, and whether payments of theirs changed; and how many entries are of unknown form.

    One such entry must not cost the others their poll: a refused delivery comes again as a whole, and may hold back
    later ones (facts: QBO 2.6). Raises ValueError if nothing in it can be understood.
    """
    found: dict[str, bool] = {}
    unknown = 0
    for change in _changes(exact_json.loads(body)):
        if change is None:
            unknown += 1
        else:
            realm_id, entity = change
            found[realm_id] = found.get(realm_id, False) or entity == "payment"
    if unknown and not found:
        raise ValueError(f"none of its {unknown} entries names a company and a kind of thing")
    return found, unknown


def _changes(delivery: Json) -> Iterator[tuple[str, str] | None]:
    """Company and kind of thing of each change, in the old form or as CloudEvents; None for what is neither."""
    if isinstance(delivery, list):
        for event in delivery:
            source, realm_id = _text(event, "type").split("."), _text(event, "intuitaccountid")
            yield (realm_id, source[1].lower()) if len(source) >= 3 and realm_id else None
        return
    notifications = _list(delivery, "eventNotifications")
    if notifications is None:
        raise ValueError("it is neither a list nor has it eventNotifications")
    for notification in notifications:
        realm_id = _text(notification, "realmId")
        changed = notification.get("dataChangeEvent") if isinstance(notification, dict) else None
        entities = _list(changed, "entities")
        if not realm_id or entities is None:
            yield None
        else:
            yield from ((realm_id, _text(entity, "name").lower()) for entity in entities)


def _list(parent: Json, name: str) -> list[Json] | None:
    value = parent.get(name) if isinstance(parent, dict) else None
    return value if isinstance(value, list) else None


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
            realms, unknown = changed_realms(body)
        except ValueError as error:
            self._log.warning("Webhook refused: its form is unknown", extra={"reason": str(error)})
            return HTTPStatus.BAD_REQUEST
        if unknown:
            self._log.warning("Part of a webhook is of unknown form; the next poll sees it", extra={"entries": unknown})
        owners = self._table.get_many([Key(f"realm#{realm_id}", "owner") for realm_id in realms])
        due = [self._announce(item, realms) for item in owners.values()]
        self._log.info("Webhook taken in", extra={"companies": len(realms), "polls_due": sum(due)})
        return HTTPStatus.OK

    def _announce(self, owner: Item, realms: dict[str, bool]) -> bool:
        realm_id = str(owner["pk"]).removeprefix("realm#")
        return self._polls.announced(str(owner["account_id"]), realm_id, about_payments=realms[realm_id])
