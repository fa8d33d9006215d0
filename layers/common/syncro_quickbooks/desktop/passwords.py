"""Passwords of the Web Connector's users: kept as scrypt hashes, each with the cost it was made with."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

SHORTEST = 12

# OWASP's figures for scrypt: 32 MB and about a quarter of a second of a full CPU.
_COST, _BLOCK, _PARALLEL = 2**15, 8, 3
_MOST_MEMORY = 128 * 2**20


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A hash and what it was made with, so that the cost can be raised without locking anybody out."""

    salt: bytes
    digest: bytes
    cost: int
    block: int
    parallel: int

    @classmethod
    def of(cls, password: str) -> "PasswordHash":
        """The hash of a new password. Raises ValueError for one that could be guessed by trying."""
        if len(password) < SHORTEST:
            raise ValueError(f"a password has at least {SHORTEST} characters")
        salt = secrets.token_bytes(16)
        return cls(salt, _scrypt(password, salt, _COST, _BLOCK, _PARALLEL), _COST, _BLOCK, _PARALLEL)

    def fits(self, password: str) -> bool:
        """Whether `password` is the one that was hashed."""
        found = _scrypt(password, self.salt, self.cost, self.block, self.parallel)
        return hmac.compare_digest(found, self.digest)


def waste_time(password: str) -> None:
    """Take as long as a check takes, so that the answer's delay does not tell which users exist."""
    _scrypt(password, b"nobody's salt...", _COST, _BLOCK, _PARALLEL)


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=block, p=parallel, maxmem=_MOST_MEMORY, dklen=32)
