"""The shape of parsed JSON, so that nothing at the borders is `Any`."""

from collections.abc import Mapping
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | None | list[Json] | dict[str, Json]"
JsonObject: TypeAlias = dict[str, Json]
ReadOnlyJsonObject: TypeAlias = Mapping[str, Json]
