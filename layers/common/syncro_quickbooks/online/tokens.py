"""Access tokens of the connected companies: who hands them out."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ConnectionKey:
    """One account's link to one QuickBooks company; everything about tokens is asked and stored per connection."""

    account_id: str
    realm_id: str


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A bearer token and the connection it is for. `version` counts the refreshes; the value never shows in a repr."""

    connection: ConnectionKey
    value: str = field(repr=False)
    version: int = 0


class TokenSource(Protocol):
    """Where a client gets its access tokens."""

    def access_token(self, connection: ConnectionKey) -> AccessToken:
        """A token that is good for at least some minutes. Raises Reconnect when there is none to be had."""
        ...

    def refresh(self, connection: ConnectionKey, rejected: AccessToken) -> AccessToken:
        """A token newer than `rejected`, which QuickBooks answered with 401. Raises Reconnect, Unavailable."""
        ...
