"""KMS, Secrets Manager and S3 in memory: just what the layer asks of them."""

import json
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError


class MemoryKms:
    """Keeps what it sealed readable only under the same key and encryption context, like KMS."""

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: Mapping[str, str]) -> dict[str, Any]:
        sealed = [KeyId, sorted(EncryptionContext.items()), Plaintext.hex()]
        return {"CiphertextBlob": json.dumps(sealed).encode()[::-1]}

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: Mapping[str, str]) -> dict[str, Any]:
        key, context, plain = json.loads(bytes(CiphertextBlob)[::-1])
        if key != KeyId or [tuple(pair) for pair in context] != sorted(EncryptionContext.items()):
            raise ClientError({"Error": {"Code": "InvalidCiphertextException", "Message": ""}}, "Decrypt")
        return {"Plaintext": bytes.fromhex(plain)}


class MemorySecrets:
    """Secrets by name."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:
        return {"SecretString": self._secrets[SecretId]}


class MemoryS3:
    """Objects by bucket and key."""

    def __init__(self) -> None:
        self._objects: dict[tuple[str, str], bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> dict[str, Any]:
        self._objects[Bucket, Key] = Body
        return {}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if (Bucket, Key) not in self._objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": f"no {Key}"}}, "GetObject")
        return {"Body": BytesIO(self._objects[Bucket, Key])}


class MemorySqs:
    """Takes messages and delivers none."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_message(self, **message: Any) -> dict[str, Any]:
        self.sent.append(message)
        return {}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.sent += [{"QueueUrl": QueueUrl, **entry} for entry in Entries]
        return {}
