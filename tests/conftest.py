"""One moto for the whole process; every world has a table and a company of its own."""

from collections.abc import Iterator

import pytest

from tests.support import aws, recording


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs on the one stack runs in one process."""
    for item in items:
        if "e2e" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session", autouse=True)
def _recorded_answers() -> Iterator[None]:
    with recording.answers():
        yield


@pytest.fixture(scope="session")
def aws_services() -> Iterator[None]:
    with aws.moto():
        aws.client("s3").create_bucket(Bucket="inbox", CreateBucketConfiguration={"LocationConstraint": aws.REGION})
        aws.client("secretsmanager").create_secret(
            Name="intuit", SecretString='{"client_id": "test-client", "client_secret": "test-secret"}'
        )
        yield
