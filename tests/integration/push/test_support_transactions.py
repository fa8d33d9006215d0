"""The harness's quick transactions: all of a transaction or nothing, as DynamoDB promises."""

import pytest
from botocore.exceptions import ClientError

from tests.support import aws

pytestmark = pytest.mark.usefixtures("aws_services")


def item(key: str, value: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": key}, "sk": {"S": "a"}, "v": {"S": value}}


def test_a_cancelled_transaction_leaves_every_item_as_it_was() -> None:
    table, dynamodb = aws.new_table(), aws.client("dynamodb")
    dynamodb.transact_write_items(
        TransactItems=[{"Put": {"TableName": table, "Item": item(key, "old")}} for key in ("changed", "deleted")]
    )
    change = {
        "Update": {
            "TableName": table,
            "Key": {"pk": {"S": "changed"}, "sk": {"S": "a"}},
            "UpdateExpression": "SET v = :v",
            "ExpressionAttributeValues": {":v": {"S": "new"}},
        }
    }
    create = {"Put": {"TableName": table, "Item": item("created", "new")}}
    delete = {"Delete": {"TableName": table, "Key": {"pk": {"S": "deleted"}, "sk": {"S": "a"}}}}
    refused = {
        "ConditionCheck": {
            "TableName": table,
            "Key": {"pk": {"S": "nowhere"}, "sk": {"S": "a"}},
            "ConditionExpression": "attribute_exists(pk)",
        }
    }

    with pytest.raises(ClientError, match="TransactionCanceledException"):
        dynamodb.transact_write_items(TransactItems=[change, create, delete, refused])
    assert {each["pk"]["S"]: each["v"]["S"] for each in dynamodb.scan(TableName=table)["Items"]} == {
        "changed": "old",
        "deleted": "old",
    }

    dynamodb.transact_write_items(TransactItems=[change, create, delete])
    assert {each["pk"]["S"]: each["v"]["S"] for each in dynamodb.scan(TableName=table)["Items"]} == {
        "changed": "new",
        "created": "new",
    }
