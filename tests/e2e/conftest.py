"""One stack for all end-to-end tests: template.yaml on MiniStack with the emulators, on free ports."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.config import Config, from_environment
from local.stack import Stack, stack


def free_ports(count: int) -> list[int]:
    """Ports nobody uses. All are held until the last is found, so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def local_environment(state: Path) -> dict[str, str]:
    """The environment of a local run that disturbs no other."""
    names = ("LOCAL_AWS_PORT", "LOCAL_QBO_PORT", "LOCAL_SYNCRO_PORT", "LOCAL_QBD_PORT")
    ports = dict(zip(names, map(str, free_ports(len(names))), strict=True))
    layer = Path(__file__).parents[2] / "layers/common"
    return {**ports, "LOCAL_STATE_DIR": str(state), "PYTHONPATH": str(layer)}


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return from_environment(local_environment(tmp_path_factory.mktemp("stack")))


@pytest.fixture(scope="session")
def up(config: Config) -> Iterator[Stack]:
    with stack(config, print) as running_stack:
        yield running_stack


@pytest.fixture
def free_local_environment(tmp_path: Path) -> dict[str, str]:
    return local_environment(tmp_path)
