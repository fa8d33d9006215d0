"""The shape of parsed JSON, so that nothing at the borders is `Any`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "str | int | float | Decimal | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]
ReadOnlyJsonObject: TypeAlias = Mapping[str, Json]
