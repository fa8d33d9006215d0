"""The short cut to moto answers like boto3's own client, so histories run on it prove as much."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support import aws
from tests.support.short_cut import ShortCut

pytestmark = pytest.mark.usefixtures("aws_services")

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
ITEM = {**KEY, "n": {"N": "1"}, "b": {"B": b"\x00\xff"}, "m": {"M": {"l": {"L": [{"BOOL": True}, {"B": b"x"}]}}}}
UPDATE = {
    "Key": KEY,
    "UpdateExpression": "SET #a = :a ADD #n :n",
    "ConditionExpression": "attribute_exists(#n)",
    "ExpressionAttributeNames": {"#a": "a", "#n": "n"},
    "ExpressionAttributeValues": {":a": {"B": b"new"}, ":n": {"N": "2"}},
}
NEVER = {"ConditionExpression": "attribute_not_exists(#pk)", "ExpressionAttributeNames": {"#pk": "pk"}}


def outcome(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
    try:
        answer = getattr(client, operation)(**arguments)
    except ClientError as refused:
        codes = [reason["Code"] for reason in refused.response.get("CancellationReasons", [])]
        return refused.response["Error"]["Code"], codes
    return {name: value for name, value in answer.items() if name in ("Item", "Items", "Attributes", "Responses")}


def answers(client: Any) -> list[Any]:
    table = {"TableName": aws.new_table()}
    by_partition = {
        "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ExpressionAttributeValues": {":pk": {"S": "p"}},
    }
    refused = [{"Put": {**table, "Item": ITEM, **NEVER}}, {"Put": {**table, "Item": {**ITEM, "sk": {"S": "3"}}}}]
    taken = [
        {"Put": {**table, "Item": {**ITEM, "sk": {"S": "2"}}, **NEVER}},
        {"ConditionCheck": {**table, "Key": KEY, **NEVER, "ConditionExpression": "attribute_exists(#pk)"}},
    ]
    calls = [
        ("update_item", {**table, **UPDATE}),
        ("put_item", {**table, "Item": ITEM, **NEVER}),
        ("put_item", {**table, "Item": ITEM, **NEVER}),
        ("update_item", {**table, **UPDATE, "ReturnValues": "ALL_NEW"}),
        ("transact_write_items", {"TransactItems": refused}),
        ("transact_write_items", {"TransactItems": taken}),
        ("get_item", {**table, "Key": KEY, "ConsistentRead": True}),
        ("query", {**table, **by_partition, "Limit": 1, "ConsistentRead": True}),
        ("delete_item", {**table, "Key": KEY}),
        ("query", {**table, **by_partition}),
    ]
    got = [outcome(client, operation, arguments) for operation, arguments in calls]
    name = table["TableName"]
    many = client.batch_get_item(RequestItems={name: {"Keys": [KEY, {**KEY, "sk": {"S": "2"}}]}})
    return [*got, many["Responses"][name]]


def test_every_operation_answers_alike() -> None:
    by_wire = answers(aws.client("dynamodb"))
    assert answers(ShortCut(aws.REGION)) == by_wire
    assert by_wire[0] == ("ConditionalCheckFailedException", [])
    assert by_wire[4] == ("TransactionCanceledException", ["ConditionalCheckFailed", "None"])
    assert by_wire[6]["Item"]["n"] == {"N": "3"}
