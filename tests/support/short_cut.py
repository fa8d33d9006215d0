"""The same moto tables without the wire: a call goes to moto's own handler, not through botocore, HTTP and two parsers.

A simulated history makes hundreds of calls, and the way there and back costs more than what moto does with them.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import JsonRESTError
from moto.dynamodb.responses import DynamoHandler


class ShortCut:
    """Answers like boto3's DynamoDB client, for the operations that the layer uses."""

    def __init__(self, region: str) -> None:
        self._region = region

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **arguments: self._call(operation, arguments)

    def _call(self, operation: str, arguments: dict[str, Any]) -> Any:
        handler = DynamoHandler()
        handler.region, handler.current_account = self._region, DEFAULT_ACCOUNT_ID
        handler.body = handler.params = _as_sent(arguments)
        try:
            return _as_received(getattr(handler, operation)().result)
        except JsonRESTError as refused:
            told = json.loads(refused.description)
            error = {"Code": refused.relative_error_type, "Message": refused.message}
            reasons = {"CancellationReasons": told["CancellationReasons"]} if "CancellationReasons" in told else {}
            raise ClientError({"Error": error, **reasons}, operation) from None


def _as_sent(value: Any) -> Any:
    """A copy with binary values as they are on the wire."""
    if isinstance(value, dict):
        return {name: _as_sent(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_as_sent(member) for member in value]
    if isinstance(value, Binary):
        value = value.value
    return base64.b64encode(value).decode() if isinstance(value, bytes | bytearray) else value


def _as_received(value: Any) -> Any:
    """A copy with binary values as bytes; moto leaves some as they were on the wire."""
    if isinstance(value, dict):
        if set(value) == {"B"} and isinstance(value["B"], str):
            return {"B": base64.b64decode(value["B"])}
        return {name: _as_received(member) for name, member in value.items()}
    return [_as_received(member) for member in value] if isinstance(value, list) else value
