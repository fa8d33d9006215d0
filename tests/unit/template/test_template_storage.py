"""What cfn-lint does not see: nothing that holds state is lost with the stack or lies open."""

import pytest

from local.cloudformation import load, mapping, mappings, properties, resources

RESOURCES = resources(load())
STATEFUL_TYPES = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup")
TABLE = properties(RESOURCES["Table"])
BUCKET = properties(RESOURCES["InboxBucket"])


@pytest.mark.parametrize("name", [name for name, r in RESOURCES.items() if r["Type"] in STATEFUL_TYPES])
def test_what_holds_state_outlives_the_stack(name: str) -> None:
    assert RESOURCES[name]["DeletionPolicy"] == "Retain"
    assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain"


def test_the_table_is_encrypted_recoverable_and_cannot_be_deleted_by_mistake() -> None:
    assert TABLE["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert TABLE["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert TABLE["DeletionProtectionEnabled"] is True


def test_the_table_has_the_keys_and_the_indexes_the_store_uses() -> None:
    assert TABLE["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert TABLE["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "due",
            "KeySchema": [
                {"AttributeName": "due_shard", "KeyType": "HASH"},
                {"AttributeName": "next_due", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
        {
            "IndexName": "listed",
            "KeySchema": [
                {"AttributeName": "listed_in", "KeyType": "HASH"},
                {"AttributeName": "changed_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ]
    assert TABLE["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_the_token_key_rotates_and_only_this_aws_account_manages_it() -> None:
    key = properties(RESOURCES["TokenKey"])
    (statement,) = mappings(mapping(key["KeyPolicy"])["Statement"])
    assert key["EnableKeyRotation"] is True
    assert statement["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}


def test_the_inbox_is_private_encrypted_and_forgets_only_what_cannot_be_replayed() -> None:
    assert set(mapping(BUCKET["PublicAccessBlockConfiguration"]).values()) == {True}
    assert len(mapping(BUCKET["PublicAccessBlockConfiguration"])) == 4
    assert "BucketEncryption" in BUCKET
    assert BUCKET["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = mappings(mapping(BUCKET["LifecycleConfiguration"])["Rules"])
    expiration_days = rule["ExpirationInDays"]
    assert isinstance(expiration_days, int)
    assert expiration_days > 30 == properties(RESOURCES["EventArchive"])["RetentionDays"]


def test_the_inbox_refuses_what_does_not_come_over_tls() -> None:
    policy = properties(RESOURCES["InboxBucketPolicy"])
    (statement,) = mappings(mapping(policy["PolicyDocument"])["Statement"])
    assert policy["Bucket"] == {"Ref": "InboxBucket"}
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
