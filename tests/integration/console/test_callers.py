"""Who gets in: nobody without a valid token, and with one everybody only to their own account."""

import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.issuer import AUDIENCE, Issuer
from tests.support.console import Console
from tests.support.events import ACCOUNT
from tests.support.world import World

PATH = "/connection"
NOW = datetime.now(UTC)
STRANGERS_KEY = generate_private_key(public_exponent=65537, key_size=2048)


def claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    """Those of a valid token, changed; None leaves one out."""
    valid = {"iss": issuer.url, "aud": AUDIENCE, "sub": "u-1", "account_id": ACCOUNT, "exp": NOW + timedelta(hours=1)}
    return {name: value for name, value in {**valid, **changes}.items() if value is not None}


def signed(issuer: Issuer, key: Any = None, algorithm: str = "RS256", kid: str | None = "local", **changes: Any) -> str:
    headers = {"kid": kid} if kid is not None else None
    return jwt.encode(claims(issuer, **changes), key or issuer.key, algorithm=algorithm, headers=headers)


def test_the_pattern_of_these_tokens_is_a_valid_one(console: Console, issuer: Issuer) -> None:
    assert console.request("GET", PATH, token=signed(issuer)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://somebody.else.example"},
        {"aud": "another-application"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"sub": None},
        {"sub": ""},
        {"account_id": None},
        {"account_id": ""},
        {"account_id": 7},
        {"account_id": ["acme"]},
        {"account_id": "acme#connection"},
        {"account_id": "x" * 64},
        {"exp": NOW - timedelta(minutes=5)},
        {"nbf": NOW + timedelta(minutes=5)},
    ],
)
def test_a_token_that_does_not_say_what_it_must(console: Console, issuer: Issuer, changes: dict[str, Any]) -> None:
    refused(console.request("GET", PATH, token=signed(issuer, **changes)))


def test_forged_tokens(console: Console, issuer: Issuer) -> None:
    genuine = signed(issuer)
    head, body, signature = genuine.split(".")
    others_body = signed(issuer, account_id="somebody-else").split(".")[1]
    for token in (
        signed(issuer, STRANGERS_KEY),
        signed(issuer, STRANGERS_KEY, kid="unheard-of"),
        signed(issuer, kid=None),
        jwt.encode(claims(issuer), "", algorithm="none", headers={"kid": "local"}),
        signed_with_the_public_key(issuer),
        signed(issuer, algorithm="RS512"),
        f"{head}.{others_body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "not-a-token",
        "..",
    ):
        refused(console.request("GET", PATH, token=token))


def signed_with_the_public_key(issuer: Issuer) -> str:
    """As if it were a shared secret: works where a token's own word for its algorithm is believed."""
    public = issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    genuine = signed(issuer).split(".")[1]
    head = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT","kid":"local"}').decode().rstrip("=")
    signature = hmac.digest(public, f"{head}.{genuine}".encode(), "sha256")
    return f"{head}.{genuine}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "Token abc"])
def test_no_token_at_all(console: Console, header: str) -> None:
    answer = console.request("GET", PATH, token="", headers={"Authorization": header})
    assert refused(answer)["code"] == "missing_token"


def test_an_expired_token_is_called_so(console: Console, issuer: Issuer) -> None:
    answer = console.request("GET", PATH, token=signed(issuer, exp=NOW - timedelta(minutes=5)))
    assert refused(answer)["code"] == "expired_token"


def test_the_claim_says_whose_account_it_is(world: World, console: Console) -> None:
    world.connect()
    world.connect("neighbour", "9130002")
    assert console.get(PATH)["realm_id"] == "9130001"
    assert console.get(PATH, account="neighbour")["realm_id"] == "9130002"
    assert console.get(f"{PATH}?account_id=neighbour", headers={"X-Account-Id": "neighbour"})["realm_id"] == "9130001"


def refused(answer: Any) -> Any:
    """The problem of a 401."""
    assert answer.status_code == 401, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    problem = answer.json()
    assert (problem["status"], problem["title"]) == (401, "Unauthorized")
    assert problem["fix"]
    return problem
