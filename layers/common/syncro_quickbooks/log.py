"""The logger that the layer's classes are given."""

from collections.abc import Mapping
from typing import Protocol


class Log(Protocol):
    """What we need of a logger; both logging.Logger and Powertools' Logger are one."""

    def info(self, msg: object, *args: object, extra: Mapping[str, object] | None = None) -> None:
        """Log `msg` with the fields of `extra`."""
        ...

    def warning(self, msg: object, *args: object, extra: Mapping[str, object] | None = None) -> None:
        """Log `msg` with the fields of `extra`, as something to look at."""
        ...

    def exception(self, msg: object, *args: object, extra: Mapping[str, object] | None = None) -> None:
        """Log `msg` with the fields of `extra` and the exception being handled."""
        ...
