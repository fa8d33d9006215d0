"""Deploys template.yaml to MiniStack: uploads the repository's code, creates the stack, returns its outputs.

What MiniStack 1.5.33 does like AWS, tried with this template: rules, FIFO groups and redrive, delays per message, the
scheduler, KMS with its context, Secrets Manager, the sparse index, the functions' permissions (AUTH=true).
What it does not: a function that fails on a rule's event is neither called again nor heard of at its on-failure
destination (it is after an asynchronous Invoke), a rule's own retries and dead letters do not exist, KMS encrypts
more than 4,096 bytes, and what a REST API itself refuses (an unknown path, a flood) comes as its own JSON: it does not
read the gateway responses that SAM writes into the API's definition, and answers OPTIONS without the headers in it.
"""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from local.cloudformation import ROOT, code_folders, for_local_run, load
from local.config import REDIRECT_URI, Config
from local.issuer import AUDIENCE, Issuer
from local.processes import StartFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

REGION = "us-east-1"
ACCESS_KEY = "local"
STACK_NAME = "syncro-quickbooks-local"
CREDENTIALS_SECRET = "syncro-quickbooks/intuit-local"  # noqa: S105 - a secret's name, not a secret
WEBHOOK_VERIFIER = "local-webhook-verifier"
_CODE_BUCKET = "code"
_SECONDS_TO_DEPLOY = 120


def session() -> boto3.Session:
    """A boto3 session for MiniStack, which takes any credentials."""
    return boto3.Session(region_name=REGION, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY)


def deploy(config: Config, issuer: Issuer) -> tuple[dict[str, str], list[str]]:
    """Creates the stack. Returns its outputs and, in words, what differs from template.yaml. Raises StartFailed."""
    aws = session()
    secrets = aws.client("secretsmanager", endpoint_url=config.aws_url)
    secrets.create_secret(
        Name=CREDENTIALS_SECRET,
        SecretString=json.dumps(
            {"client_id": "local-client", "client_secret": "local-secret", "webhook_verifier": WEBHOOK_VERIFIER}
        ),
    )
    s3 = aws.client("s3", endpoint_url=config.aws_url)
    s3.create_bucket(Bucket=_CODE_BUCKET)
    template = load()
    uploaded: dict[str, str] = {}
    for folder in code_folders(template):
        key = folder.strip("/").replace("/", "-") + ".zip"
        # Layers are unpacked to /opt, whose python/ is on the path. The dependencies come from this environment.
        s3.put_object(
            Bucket=_CODE_BUCKET, Key=key, Body=_zipped(ROOT / folder, "python/" if "layers" in folder else "")
        )
        uploaded[folder] = f"s3://{_CODE_BUCKET}/{key}"
    local_template, changes = for_local_run(template, uploaded)
    s3.put_object(Bucket=_CODE_BUCKET, Key="template.json", Body=json.dumps(local_template).encode())
    return _create(aws.client("cloudformation", endpoint_url=config.aws_url), config, issuer), changes


def function_environment(config: Config, logical_id: str) -> dict[str, str]:
    """A deployed function's environment as the stack resolved it, its limits included under Lambda's names for them."""
    functions = session().client("lambda", endpoint_url=config.aws_url)
    function = functions.get_function_configuration(FunctionName=physical_name(config, logical_id))
    return {
        **function["Environment"]["Variables"],
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function["Timeout"]),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function["MemorySize"]),
    }


def physical_name(config: Config, logical_id: str) -> str:
    """What the stack calls a resource."""
    resource = (
        session()
        .client("cloudformation", endpoint_url=config.aws_url)
        .describe_stack_resource(StackName=STACK_NAME, LogicalResourceId=logical_id)
    )
    return resource["StackResourceDetail"]["PhysicalResourceId"]


def _zipped(folder: Path, prefix: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in sorted(folder.rglob("*.py")):
            archive.write(file, prefix + file.relative_to(folder).as_posix())
    return buffer.getvalue()


def _create(cloudformation: "CloudFormationClient", config: Config, issuer: Issuer) -> dict[str, str]:
    parameters = {
        "QboApiBaseUrl": config.qbo_url,
        "IntuitTokenUrl": config.intuit_token_url,
        "IntuitAuthorizeUrl": config.intuit_authorize_url,
        "IntuitRevokeUrl": config.intuit_revoke_url,
        "OAuthRedirectUri": REDIRECT_URI,
        "IntuitCredentialsSecret": CREDENTIALS_SECRET,
        "SyncroApiBaseUrl": config.syncro_url,
        "JwtIssuer": issuer.url,
        "JwtAudience": AUDIENCE,
        "JwksUrl": issuer.jwks_url,
        "AwsEndpointUrl": config.aws_url,
    }
    cloudformation.create_stack(
        StackName=STACK_NAME,
        TemplateURL=f"{config.aws_url}/{_CODE_BUCKET}/template.json",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    give_up = time.monotonic() + _SECONDS_TO_DEPLOY
    while time.monotonic() < give_up:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        status = stack["StackStatus"]
        if status == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if not status.endswith("IN_PROGRESS"):
            events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
            failures = [
                f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}"
                for e in events
                if "FAILED" in e["ResourceStatus"]
            ]
            raise StartFailed(f"MiniStack could not create the stack ({status}):\n" + "\n".join(failures))
        time.sleep(0.1)
    raise StartFailed(f"MiniStack had not created the stack after {_SECONDS_TO_DEPLOY} s.")
