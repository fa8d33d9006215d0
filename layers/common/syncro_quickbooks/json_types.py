"""The shape of parsed JSON, so that nothing at the borders is `Any`."""

from decimal import Decimal
from typing import TypeAlias

Json: TypeAlias = "str | int | float | Decimal | bool | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]
