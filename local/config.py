"""What a local run can be told through the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.cloudformation import ROOT, Node
from local.processes import StartFailed


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the local run and the QuickBooks company it belongs to."""

    account_id: str
    realm_id: str
    company_name: str
    country: str = "US"

    def describe(self) -> dict[str, Node]:
        """Its entry in .local/stack.json."""
        return {
            "account_id": self.account_id,
            "edition": "online",
            "realm_id": self.realm_id,
            "qbwc_url": None,
            "qbwc_user": None,
            "qbwc_password": None,
        }

    def company(self) -> dict[str, Node]:
        """Its company as the QuickBooks Online emulator wants it."""
        return {"realm": self.realm_id, "name": self.company_name, "country": self.country, "tax_mode": "manual"}


@dataclass(frozen=True, slots=True)
class DesktopAccount:
    """An account of the local run that uses QuickBooks Desktop, with what a Web Connector logs in with."""

    account_id: str
    user: str
    password: str
    company_name: str

    def describe(self, qbwc_url: str, file_id: str) -> dict[str, Node]:
        """Its entry in .local/stack.json: a company file stands where Online has a realm."""
        return {
            "account_id": self.account_id,
            "edition": "desktop",
            "realm_id": file_id,
            "qbwc_url": qbwc_url,
            "qbwc_user": self.user,
            "qbwc_password": self.password,
        }


ACCOUNTS = (
    Account("demo-msp", "9130350000000001", "Demo MSP Books"),
    Account("acme-it", "9130350000000002", "Acme IT Services", country="CA"),
)
DESKTOP_ACCOUNTS = (DesktopAccount("demo-desktop", "demo-desktop", "only-for-this-machine", "Demo Desktop Books"),)
REDIRECT_URI = "http://127.0.0.1/oauth/callback"
"""What is registered with Intuit's emulator, which takes any; nothing has to answer there."""


@dataclass(frozen=True, slots=True)
class Config:
    """Ports on 127.0.0.1, and whose QuickBooks and Syncro to use."""

    aws_port: int
    qbo_port: int
    syncro_port: int
    qbd_port: int
    qbo_emulator: bool = True
    syncro_emulator: bool = True
    qbo_url: str = ""
    intuit_token_url: str = ""
    intuit_authorize_url: str = ""
    intuit_revoke_url: str = ""
    syncro_url: str = ""
    accounts: tuple[Account, ...] = ACCOUNTS
    desktop_accounts: tuple[DesktopAccount, ...] = DESKTOP_ACCOUNTS
    state: Path = ROOT / ".local"

    @property
    def aws_url(self) -> str:
        """Where every AWS service answers."""
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def qbd_url(self) -> str:
        """Where the emulated office of the Desktop accounts lets others look into its books and run sessions."""
        return f"http://127.0.0.1:{self.qbd_port}"

    def own_ports(self) -> list[tuple[int, str]]:
        """The ports this run will listen at, each with the variable that chooses it."""
        ports = [(self.aws_port, "LOCAL_AWS_PORT"), (self.qbd_port, "LOCAL_QBD_PORT")]
        if self.qbo_emulator:
            ports.append((self.qbo_port, "LOCAL_QBO_PORT"))
        if self.syncro_emulator:
            ports.append((self.syncro_port, "LOCAL_SYNCRO_PORT"))
        return ports


def from_environment(env: Mapping[str, str]) -> Config:
    """The configuration `env` asks for.

    LOCAL_AWS_PORT, LOCAL_QBO_PORT, LOCAL_SYNCRO_PORT and LOCAL_QBD_PORT choose ports. QBO_EMULATOR=off uses the
    servers at QBO_API_BASE_URL and INTUIT_TOKEN_URL, and connects the accounts if INTUIT_AUTHORIZE_URL is given, too
    (INTUIT_REVOKE_URL is where consents are taken back);
    SYNCRO_EMULATOR=off uses the one at SYNCRO_API_BASE_URL. LOCAL_STATE_DIR is where logs and stack.json go, .local
    unless told otherwise.
    Raises StartFailed for what makes no sense.
    """
    qbo_port, syncro_port = _port(env, "LOCAL_QBO_PORT", 9101), _port(env, "LOCAL_SYNCRO_PORT", 9102)
    qbo_emulator, syncro_emulator = env.get("QBO_EMULATOR") != "off", env.get("SYNCRO_EMULATOR") != "off"
    own_qbo, own_syncro = f"http://127.0.0.1:{qbo_port}", f"http://127.0.0.1:{syncro_port}"
    return Config(
        aws_port=_port(env, "LOCAL_AWS_PORT", 4566),
        qbo_port=qbo_port,
        syncro_port=syncro_port,
        qbd_port=_port(env, "LOCAL_QBD_PORT", 9103),
        qbo_emulator=qbo_emulator,
        syncro_emulator=syncro_emulator,
        qbo_url=own_qbo if qbo_emulator else _required(env, "QBO_API_BASE_URL"),
        intuit_token_url=f"{own_qbo}/oauth2/v1/tokens/bearer" if qbo_emulator else _required(env, "INTUIT_TOKEN_URL"),
        intuit_authorize_url=f"{own_qbo}/connect/oauth2" if qbo_emulator else env.get("INTUIT_AUTHORIZE_URL", ""),
        intuit_revoke_url=f"{own_qbo}/v2/oauth2/tokens/revoke" if qbo_emulator else env.get("INTUIT_REVOKE_URL", ""),
        syncro_url=own_syncro if syncro_emulator else _required(env, "SYNCRO_API_BASE_URL"),
        state=Path(env.get("LOCAL_STATE_DIR") or ROOT / ".local"),
    )


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise StartFailed(f"{name} is {text!r}; a port is a number from 1 to 65535.")
    return int(text)


def _required(env: Mapping[str, str], name: str) -> str:
    if not env.get(name):
        raise StartFailed(f"{name} is not set, and the emulator that would stand in for it is switched off.")
    return env[name]
