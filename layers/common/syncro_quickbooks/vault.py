"""Tokens at rest: encrypted with KMS, readable only for whom they were sealed."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_KMS_LIMIT = 4096  # bytes KMS encrypts at once; an access token alone may have as many


class Vault(Protocol):
    """Seals and opens secrets; `owner` names whose they are, for example account and company."""

    def seal(self, owner: Mapping[str, str], secret: bytes) -> list[bytes]:
        """`secret` encrypted, in parts."""
        ...

    def open(self, owner: Mapping[str, str], parts: Sequence[bytes]) -> bytes:
        """What `seal` sealed for the same owner; fails for another one."""
        ...


class KmsVault:
    """Encrypts with one KMS key; the owner and the part's place are the encryption context."""

    def __init__(self, kms: "Callable[[], KMSClient]", key_id: str) -> None:
        self._make = kms
        self._key_id = key_id
        self._kms: KMSClient | None = None

    def seal(self, owner: Mapping[str, str], secret: bytes) -> list[bytes]:
        """`secret` encrypted, in parts of at most 4096 bytes. Raises botocore's ClientError."""
        pieces = [secret[start : start + _KMS_LIMIT] for start in range(0, len(secret), _KMS_LIMIT)]
        return [
            self._client().encrypt(
                KeyId=self._key_id, Plaintext=piece, EncryptionContext=_context(owner, place, len(pieces))
            )["CiphertextBlob"]
            for place, piece in enumerate(pieces, start=1)
        ]

    def open(self, owner: Mapping[str, str], parts: Sequence[bytes]) -> bytes:
        """What `seal` sealed for the same owner. Raises botocore's ClientError, also for another owner."""
        return b"".join(
            self._client().decrypt(
                KeyId=self._key_id, CiphertextBlob=part, EncryptionContext=_context(owner, place, len(parts))
            )["Plaintext"]
            for place, part in enumerate(parts, start=1)
        )

    def _client(self) -> "KMSClient":
        if self._kms is None:
            self._kms = self._make()
        return self._kms


def _context(owner: Mapping[str, str], place: int, parts: int) -> Mapping[str, str]:
    return {**owner, "part": f"{place}/{parts}"}
