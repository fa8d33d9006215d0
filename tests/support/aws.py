"""AWS in this process: moto, with the table as template.yaml defines it and clients that are made once."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any

import boto3
from moto import mock_aws

from local.cloudformation import load, mapping, resources

REGION = "eu-central-1"
_numbers = count(1)


@contextmanager
def moto() -> Iterator[None]:
    """AWS services of moto for the whole process."""
    environment = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": REGION}
    with mock_aws(config={"core": {"reset_boto3_session": False}}), _environ(environment):
        yield


@cache
def client(service: str) -> Any:
    """The process's one client of a service: making one takes longer than most tests."""
    make: Any = boto3.client
    return make(service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


def new_table() -> str:
    """A new, empty table with the keys and indexes of template.yaml. Returns its name."""
    definition = _table_definition()
    name = f"table-{next(_numbers)}"
    client("dynamodb").create_table(
        TableName=name,
        **{
            key: definition[key]
            for key in ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        },
    )
    return name


@cache
def _table_definition() -> Any:
    return mapping(resources(load())["Table"]["Properties"])


@cache
def queue(name: str) -> str:
    """The URL of a queue; FIFO if its name says so."""
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    return str(client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


@cache
def kms_key() -> str:
    """The id of a KMS key."""
    return str(client("kms").create_key()["KeyMetadata"]["KeyId"])


@contextmanager
def _environ(values: Mapping[str, str]) -> Iterator[None]:
    import os

    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
