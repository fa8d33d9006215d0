"""Who is calling: a bearer token (JWT) of the configured issuer says which account and which person.

The claim `account_id` alone decides whose data a request reads and changes; no path and no body names an account.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from syncro_quickbooks.console.problems import ApiProblem
from syncro_quickbooks.sync.model import Who

if TYPE_CHECKING:
    from jwt import PyJWK, PyJWKClient

ALGORITHMS = ("RS256", "ES256")
"""Signed with a private key only the issuer has. What a token itself says about its algorithm chooses among these."""

REQUIRED_CLAIMS = ("iss", "aud", "exp", "sub", "account_id")
CLOCK_DIFFERENCE = 30  # seconds between the issuer's clock and ours
KEYS_KEPT = 600  # seconds: a key that the issuer takes back counts no longer than that
KEY_LOOK = 3  # seconds to wait for the issuer's keys

logger = Logger()

_ACCOUNT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")  # as in the events
_LONGEST_SUBJECT = 255  # OpenID Connect Core, section 2


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified person: `account_id` is whose data it is about, `user_id` who acts, for the audit."""

    account_id: str
    user_id: str


class Callers:
    """Verifies tokens of one issuer for one audience; its keys are fetched once in a while and kept."""

    def __init__(self, *, issuer: str, audience: str, jwks_url: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._jwks_url = jwks_url

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Callers":
        """As JWT_ISSUER, JWT_AUDIENCE and JWKS_URL say."""
        return cls(
            issuer=environ["JWT_ISSUER"],
            audience=environ["JWT_AUDIENCE"],
            jwks_url=environ["JWKS_URL"],
        )

    def verify(self, authorization: str) -> Caller:
        """The caller whom the Authorization header proves.

        Raises ApiProblem: 401 without a valid token, 503 when the issuer's keys cannot be had.
        """
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unauthorized("missing_token", "The request has no bearer token.", error="")
        return self._caller(token.strip())

    def _caller(self, token: str) -> Caller:
        import jwt  # noqa: PLC0415 - with cryptography 60 ms, which only the API's functions need

        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise _invalid()
            claims = jwt.decode(
                token,
                self._key(str(header.get("kid", ""))),
                algorithms=list(ALGORITHMS),
                issuer=self._issuer,
                audience=self._audience,
                leeway=CLOCK_DIFFERENCE,
                options={"require": list(REQUIRED_CLAIMS)},
            )
        except jwt.ExpiredSignatureError:
            raise _unauthorized("expired_token", "The token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid() from None
        account_id, user_id = claims["account_id"], claims["sub"]
        if not isinstance(account_id, str) or not _ACCOUNT_ID.fullmatch(account_id):
            raise _invalid()
        if not isinstance(user_id, str) or not 0 < len(user_id) <= _LONGEST_SUBJECT:
            raise _invalid()
        return Caller(account_id, user_id)

    @cached_property
    def _keys(self) -> "PyJWKClient":
        from jwt import PyJWKClient  # noqa: PLC0415 - see above

        return PyJWKClient(self._jwks_url, lifespan=KEYS_KEPT, timeout=KEY_LOOK)

    def _key(self, key_id: str) -> "PyJWK":
        """The issuer's key of that name; an unknown one is asked for again, but not for every forged token."""
        from jwt import PyJWKClientConnectionError, PyJWTError  # noqa: PLC0415 - see above

        try:
            self._keys.get_signing_keys()
            return self._keys.get_signing_key(key_id)
        except (PyJWKClientConnectionError, OSError) as error:
            raise self._no_keys(error) from error
        except (PyJWTError, ValueError) as error:
            if self._have_keys():
                raise _invalid() from None
            raise self._no_keys(error) from error

    def _no_keys(self, error: Exception) -> ApiProblem:
        logger.error("The issuer's keys cannot be had", extra={"jwks_url": self._jwks_url, "reason": str(error)})
        return ApiProblem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "issuer_unreachable",
            "The token cannot be checked at the moment: the keys of its issuer are out of reach. Nothing was done.",
            "Try again in a minute.",
            who=Who.SUPPORT,
            headers={"Retry-After": "60"},
        )

    def _have_keys(self) -> bool:
        cache = self._keys.jwk_set_cache
        return cache is not None and cache.get() is not None


def _invalid() -> ApiProblem:
    return _unauthorized("invalid_token", "The token is not valid here.")


def _unauthorized(code: str, detail: str, *, error: str = "invalid_token") -> ApiProblem:
    # RFC 6750, section 3: without a token no error is named.
    challenge = f'Bearer error="{error}", error_description="{detail}"' if error else "Bearer"
    return ApiProblem(
        HTTPStatus.UNAUTHORIZED, code, detail, "Sign in to Syncro again.", headers={"WWW-Authenticate": challenge}
    )
