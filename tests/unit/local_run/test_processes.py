"""Whatever a local run starts is stopped again, and what cannot be started says why."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from local.processes import StartFailed, require_free_port, running

SERVER = """
import http.server, sys
http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1')
"""
# Starts the server as a child of its own and ignores the polite request to stop.
STUBBORN_PARENT = f"""
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, '-c', {SERVER!r}, sys.argv[1]])
time.sleep(600)
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def run(source: str, port: int, folder: Path, patience: float = 20) -> AbstractContextManager[None]:
    return running(
        "the server",
        [sys.executable, "-c", source, str(port)],
        env={"PATH": os.environ["PATH"]},
        log=folder / "server.log",
        health_url=f"http://127.0.0.1:{port}/",
        cwd=folder,
        patience=patience,
    )


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_free_port_is_accepted(port: int) -> None:
    require_free_port(port, "LOCAL_AWS_PORT")


def test_a_busy_port_is_named_together_with_the_variable_that_chooses_another(busy_port: int) -> None:
    with pytest.raises(StartFailed, match=rf"Port {busy_port} .* LOCAL_AWS_PORT=<port>"):
        require_free_port(busy_port, "LOCAL_AWS_PORT")


def test_a_process_is_up_inside_the_block_and_gone_after_it(port: int, tmp_path: Path) -> None:
    with run(SERVER, port, tmp_path):
        assert listens(port)
    assert not listens(port)


def test_a_process_is_stopped_when_the_block_fails(port: int, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), run(SERVER, port, tmp_path):
        _ = 1 / 0
    assert not listens(port)


def test_children_of_a_process_that_ignores_sigterm_are_stopped_too(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.processes._SECONDS_TO_STOP", 0.5)
    with run(STUBBORN_PARENT, port, tmp_path):
        assert listens(port)
    # Killed, but not our child to wait for: the kernel needs a moment.
    give_up = time.monotonic() + 5
    while listens(port) and time.monotonic() < give_up:
        time.sleep(0.02)
    assert not listens(port)


def test_a_process_that_dies_is_reported_with_its_exit_code_and_last_words(port: int, tmp_path: Path) -> None:
    with (
        pytest.raises(StartFailed, match=r"(?s)exit code 3.*no licence"),
        run("import sys; print('no licence'); sys.exit(3)", port, tmp_path),
    ):
        pytest.fail("entered the block")


def test_a_process_that_never_answers_is_given_up_and_stopped(port: int, tmp_path: Path) -> None:
    source = "import pathlib, os, time; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
    with pytest.raises(StartFailed, match="did not answer in time"), run(source, port, tmp_path, patience=1.5):
        pytest.fail("entered the block")
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_sigterm_ends_a_run_like_ctrl_c(tmp_path: Path) -> None:
    source = """
import pathlib, time
from local.processes import stop_on_sigterm
stop_on_sigterm()
try:
    pathlib.Path('ready').touch()
    time.sleep(60)
except KeyboardInterrupt:
    print('cleaned up')
"""
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", source], cwd=tmp_path, env={"PYTHONPATH": root}, stdout=subprocess.PIPE, text=True
    ) as process:
        give_up = time.monotonic() + 20
        while not (tmp_path / "ready").exists() and time.monotonic() < give_up:
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20)[0] == "cleaned up\n"
