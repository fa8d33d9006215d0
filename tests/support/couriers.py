"""Who carries a run's requests to QuickBooks in tests: no threads, so that a history comes out the same each time."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Result = TypeVar("Result")


class AtOnce:
    """Each call is made when it is handed over, before anything else happens."""

    def submit(self, call: Callable[[], Result], /) -> "Future[Result]":
        """Make the call. A Crash, which is no Exception, is the death of the whole process."""
        made: Future[Result] = Future()
        try:
            made.set_result(call())
        except Exception as error:  # noqa: BLE001 - as concurrent.futures does, for whoever asks for the result
            made.set_exception(error)
        return made


class WhenAsked:
    """Each call is made when its result is asked for: everything is under way at once, and as late as can be."""

    def submit(self, call: Callable[[], Result], /) -> "Asked[Result]":
        """Keep the call."""
        return Asked(call)


class Asked(Generic[Result]):
    """A call that is still to be made."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self.result = call

    def done(self) -> bool:
        """Never before it is asked."""
        return False
