"""What the environment can tell a local run."""

import pytest

from local.config import from_environment
from local.processes import StartFailed


def test_ports_come_from_the_environment() -> None:
    ports = {"LOCAL_AWS_PORT": "5001", "LOCAL_QBO_PORT": "5002", "LOCAL_SYNCRO_PORT": "5003", "LOCAL_QBD_PORT": "5004"}
    config = from_environment(ports)
    assert config.aws_url == "http://127.0.0.1:5001"
    assert config.qbo_url == "http://127.0.0.1:5002"
    assert config.intuit_token_url == "http://127.0.0.1:5002/oauth2/v1/tokens/bearer"
    assert config.syncro_url == "http://127.0.0.1:5003"
    assert config.qbd_url == "http://127.0.0.1:5004"
    assert {variable: str(port) for port, variable in config.own_ports()} == ports


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1", "80.5"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(StartFailed, match="LOCAL_QBO_PORT"):
        from_environment({"LOCAL_QBO_PORT": text})


def test_somebody_elses_quickbooks_is_used_when_the_emulator_is_off() -> None:
    config = from_environment(
        {
            "QBO_EMULATOR": "off",
            "QBO_API_BASE_URL": "https://sandbox.example",
            "INTUIT_TOKEN_URL": "https://tokens.example",
        }
    )
    assert (config.qbo_url, config.intuit_token_url) == ("https://sandbox.example", "https://tokens.example")
    assert "LOCAL_QBO_PORT" not in [variable for _, variable in config.own_ports()]


@pytest.mark.parametrize("missing", ["QBO_API_BASE_URL", "INTUIT_TOKEN_URL"])
def test_an_emulator_that_is_off_needs_the_address_of_its_replacement(missing: str) -> None:
    env = {
        "QBO_EMULATOR": "off",
        "QBO_API_BASE_URL": "https://sandbox.example",
        "INTUIT_TOKEN_URL": "https://t.example",
    }
    del env[missing]
    with pytest.raises(StartFailed, match=missing):
        from_environment(env)
