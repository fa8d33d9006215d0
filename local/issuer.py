"""Who signs people in on this machine: a key made at start, its public half over HTTP, tokens for the demo accounts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

AUDIENCE = "syncro-quickbooks-local"
LIFETIME = timedelta(hours=24)
_KEY_ID = "local"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Makes tokens; its public key is at `jwks_url` while it is served."""

    url: str
    key: RSAPrivateKey

    @property
    def jwks_url(self) -> str:
        """Where its public key is."""
        return f"{self.url}/.well-known/jwks.json"

    def token(self, account_id: str) -> str:
        """A bearer token for somebody of that account, good for a day."""
        now = datetime.now(UTC)
        claims = {"iss": self.url, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + LIFETIME}
        claims |= {"sub": f"{account_id}-admin", "account_id": account_id}
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": _KEY_ID})


@contextmanager
def serving() -> Iterator[Issuer]:
    """An issuer with a new key, served on a free port of 127.0.0.1 until the block ends."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    document = json.dumps({"keys": [{**public, "kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        """Answers every GET with the public key."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            """Nothing: the terminal is the stack's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Issuer(f"http://127.0.0.1:{server.server_port}", key)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
