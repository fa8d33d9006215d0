"""Virtual time that several tasks share: whoever sleeps lets the one that is due first go on.

The tasks are threads, but only the one that holds the baton runs, and who gets it next depends on virtual time alone:
a run comes out the same every time.
"""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Semaphore, Thread
from typing import Generic, TypeVar

from tests.support.clock import ManualClock

Result = TypeVar("Result")


class Task:
    """Something that takes virtual time."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._mine = Semaphore(0)
        self._back = Semaphore(0)
        self._thread = Thread(target=self._run, daemon=True)
        self._failure: BaseException | None = None

    def go_on(self) -> None:
        """Let it run until it waits for something. Raises what it raised."""
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._mine.release()
        self._back.acquire()
        if self._failure is not None:
            raise self._failure

    def pause(self) -> None:
        """Called by the task itself: give the baton back until somebody lets it go on."""
        self._back.release()
        self._mine.acquire()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as failure:  # noqa: BLE001 - it is raised where it is noticed
            self._failure = failure
        self._back.release()


class SharedClock(ManualClock):
    """The clock of all tasks."""

    def __init__(self, start: datetime = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)) -> None:
        super().__init__(start)
        self._order = count()
        self._due: list[tuple[datetime, int, Task | Callable[[], None]]] = []
        self._running: Task | None = None

    def sleep(self, seconds: float) -> None:
        """Let virtual time pass; what others have to do until then is done meanwhile."""
        until = self._now + timedelta(seconds=seconds)
        if self._running is None or not self._due or self._due[0][0] > until:
            self._now = until
            return
        self._push(until, self._running)
        self._running.pause()

    def at(self, moment: datetime, do: Callable[[], None]) -> None:
        """Do something then, in no time."""
        self._push(moment, do)

    def start(self, work: Callable[[], object]) -> None:
        """Begin something that takes time."""
        self._push(self._now, Task(work))

    def wait(self) -> Callable[[], None]:
        """What wakes the running task up again, once it has called `pause`."""
        task = self._running
        assert task is not None, "only a task can wait"
        return lambda: self._push(self._now, task)

    def pause(self) -> None:
        """The running task waits until it is woken up."""
        assert self._running is not None
        self._running.pause()

    def run(self, end: datetime) -> None:
        """Let everything happen that is due until then."""
        while self._due and self._due[0][0] <= end:
            moment, _, due = heapq.heappop(self._due)
            self._now = max(self._now, moment)
            if isinstance(due, Task):
                self._running = due
                try:
                    due.go_on()
                finally:
                    self._running = None
            else:
                due()
        self._now = max(self._now, end)

    def _push(self, moment: datetime, due: Task | Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), due))


class Carried(Generic[Result]):
    """A call that is being made by a task of its own."""

    def __init__(self, clock: SharedClock, call: Callable[[], Result]) -> None:
        self._clock = clock
        self._made: Result | None = None
        self._failure: Exception | None = None
        self._is_done = False
        self._wake: Callable[[], None] | None = None
        clock.start(lambda: self._make(call))

    def done(self) -> bool:
        """Whether it is over."""
        return self._is_done

    def result(self) -> Result:
        """Wait for it."""
        while not self._is_done:
            self._wake = self._clock.wait()
            self._clock.pause()
        if self._failure is not None:
            raise self._failure
        return self._made  # type: ignore[return-value]  # None only where the call returned it

    def _make(self, call: Callable[[], Result]) -> None:
        try:
            self._made = call()
        except Exception as failure:  # noqa: BLE001 - for whoever asks for the result
            self._failure = failure
        self._is_done = True
        if self._wake is not None:
            self._wake()


class VirtualCouriers:
    """Requests that are on their way at the same virtual time."""

    def __init__(self, clock: SharedClock) -> None:
        self._clock = clock

    def submit(self, call: Callable[[], Result], /) -> Carried[Result]:
        """Have the call made by a task of its own."""
        return Carried(self._clock, call)
