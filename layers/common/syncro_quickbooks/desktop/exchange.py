"""What the SOAP service asks of the work behind a session: which qbXML to send, and what to make of the answers."""

from typing import Protocol

from syncro_quickbooks.desktop.sessions import Session

DONE = 100
FAILED = -1


class Exchange(Protocol):
    """The work of one deployment's Desktop accounts.

    Calls of one session never overlap, but each may reach another process, and after any of them nothing more may
    come: what must survive is stored before a method returns. `session.memory` is kept between the calls of a session
    and stored after each one; it is for counters and iterators, not for documents. A write is frozen before its
    request is returned, in a transaction that carries `session.lease.check()`: then a session that was superseded
    meanwhile writes nothing.

    What a method raises ends the session with a general apology; LeaseLost with the news that another one took over.
    """

    def has_work(self, account_id: str) -> bool:
        """Whether a session for the account would have anything to do; what was sent and never answered is to do."""
        ...

    def begin(self, session: Session, company: str) -> None:
        """A session has passed the check of its company file; `company` is QuickBooks' own description of host,
        company and preferences (qbXML), as the Web Connector hands it over with its first question."""
        ...

    def next_request(self, session: Session) -> str:
        """The next message set (qbXML, pure ASCII), or nothing when all is done."""
        ...

    def take_response(self, session: Session, response: str, hresult: str, message: str) -> int:
        """What became of the request that `next_request` returned last: QuickBooks' answer, or none and an HRESULT
        with its message. Returns the progress in per cent: below DONE another request follows, at DONE none does,
        FAILED ends the session."""
        ...

    def last_error(self, session: Session) -> str:
        """Why the session ended early, in words for the person in front of the Web Connector; empty if it did not."""
        ...

    def close(self, session: Session) -> str:
        """The session is over. Returns its outcome in a few words, shown in the Web Connector's status column."""
        ...
