"""Who carries a run's requests to QuickBooks in tests: no threads, so that a history comes out the same each time."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

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
