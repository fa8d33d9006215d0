"""The AWS services a deployment uses, each made when it is first used."""

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient


_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 4})


class AwsClients(Protocol):
    """The AWS services a deployment uses."""

    @property
    def dynamodb(self) -> "DynamoDBClient": ...
    @property
    def sqs(self) -> "SQSClient": ...
    @property
    def kms(self) -> "KMSClient": ...
    @property
    def secretsmanager(self) -> "SecretsManagerClient": ...
    @property
    def s3(self) -> "S3Client": ...


class Boto3Clients:
    """boto3's clients, each made when it is first used. Time limits are far below every function's own."""

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return boto3.client("dynamodb", config=_CONFIG)

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", config=_CONFIG)

    @cached_property
    def kms(self) -> "KMSClient":
        return boto3.client("kms", config=_CONFIG)

    @cached_property
    def secretsmanager(self) -> "SecretsManagerClient":
        return boto3.client("secretsmanager", config=_CONFIG)

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3", config=_CONFIG)
