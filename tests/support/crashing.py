"""A history, interrupted at every one of its calls in turn: afterwards the books must say the same each time."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.support.boundaries import Boundaries, Mode
from tests.support.world import World

SDK_REPEATS = ("put_item", "update_item", "delete_item", "send_message")


@dataclass(frozen=True)
class History:
    """What happens, and what must be true afterwards. `begin` is not interrupted, `go_on` is."""

    name: str
    begin: Callable[[World], None]
    go_on: Callable[[World], None]
    check: Callable[[World], None]

    def fresh(self) -> World:
        """A world of this history, just before what is interrupted."""
        world = World()
        world.connect(number_check=False, everything=True)
        self.begin(world)
        world.run()
        return world

    def calls(self) -> list[str]:
        """The calls of the uninterrupted history, after which everything must be as it should, too."""
        world = self.fresh()
        world.start(Boundaries())
        self.go_on(world)
        self.check(world)
        return world.boundaries.calls

    def interrupted(self, at: int, mode: Mode, call: str) -> None:
        """Run it with the call number `at` interrupted. Raises AssertionError naming the call."""
        world = self.fresh()
        world.start(Boundaries(at=at, mode=mode))
        try:
            self.go_on(world)
            assert world.boundaries.hit == call
            self.check(world)
        except AssertionError as error:
            raise AssertionError(f"{self.name}, call {at} ({call}) {mode}: {error}") from error

    def interrupted_everywhere(self, mode: Mode, slice_: int = 0, slices: int = 1) -> None:
        """Interrupt each call that `mode` does something of its own to, or every `slices`th of them."""
        calls = self.calls()
        meets = [at for at, call in enumerate(calls) if mode is not Mode.REPEATED or call.endswith(SDK_REPEATS)]
        if mode is Mode.LATE:
            meets = [at for at, call in enumerate(calls) if call.startswith("qbo.POST") and "query" not in call]
        assert meets
        for at in meets[slice_::slices]:
            self.interrupted(at, mode, calls[at])
