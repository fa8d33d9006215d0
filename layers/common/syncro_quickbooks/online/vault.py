"""Tokens at rest: encrypted with KMS, readable only for the account and company they belong to."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from syncro_quickbooks.online.tokens import ConnectionKey

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_KMS_LIMIT = 4096  # bytes KMS encrypts at once; an access token alone may have as many


class Vault(Protocol):
    """Seals and opens secrets of one connection."""

    def seal(self, connection: ConnectionKey, secret: bytes) -> list[bytes]:
        """`secret` encrypted, in parts."""
        ...

    def open(self, connection: ConnectionKey, parts: Sequence[bytes]) -> bytes:
        """What `seal` sealed for the same connection; fails for another one."""
        ...


class KmsVault:
    """Encrypts with one KMS key; account, realm and the part's place are the encryption context."""

    def __init__(self, kms: "Callable[[], KMSClient]", key_id: str) -> None:
        self._make = kms
        self._key_id = key_id
        self._kms: KMSClient | None = None

    def seal(self, connection: ConnectionKey, secret: bytes) -> list[bytes]:
        """`secret` encrypted, in parts of at most 4096 bytes. Raises botocore's ClientError."""
        pieces = [secret[start : start + _KMS_LIMIT] for start in range(0, len(secret), _KMS_LIMIT)]
        return [
            self._client().encrypt(
                KeyId=self._key_id, Plaintext=piece, EncryptionContext=_context(connection, place, len(pieces))
            )["CiphertextBlob"]
            for place, piece in enumerate(pieces, start=1)
        ]

    def open(self, connection: ConnectionKey, parts: Sequence[bytes]) -> bytes:
        """What `seal` sealed for the same connection. Raises botocore's ClientError, also for another connection."""
        return b"".join(
            self._client().decrypt(
                KeyId=self._key_id, CiphertextBlob=part, EncryptionContext=_context(connection, place, len(parts))
            )["Plaintext"]
            for place, part in enumerate(parts, start=1)
        )

    def _client(self) -> "KMSClient":
        if self._kms is None:
            self._kms = self._make()
        return self._kms


def _context(connection: ConnectionKey, place: int, parts: int) -> Mapping[str, str]:
    return {"account_id": connection.account_id, "realm_id": connection.realm_id, "part": f"{place}/{parts}"}
