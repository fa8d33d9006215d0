"""Child processes of a local run: started with a log file, waited for, and always stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from urllib.request import urlopen

_SECONDS_TO_STOP = 5.0
_LOG_LINES_SHOWN = 15


class StartFailed(Exception):
    """Something of the local run could not be started; the message says what and what to do."""


def require_free_port(port: int, variable: str) -> None:
    """Raises StartFailed if `port`, which the environment's `variable` sets, is in use on this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StartFailed(
                f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}). "
                f"Stop what uses it, or choose another: {variable}=<port> make ..."
            ) from error


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    health_url: str,
    cwd: Path,
    patience: float = 30.0,
) -> Iterator[None]:
    """Runs `command` until the block ends, entering it once `health_url` answers.

    Its output goes to `log`. Raises StartFailed with the log's end if it dies or does not
    answer within `patience` seconds.
    """
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches us alone, and stopping reaches the child's children too.
        process = subprocess.Popen(
            command,
            env=dict(env),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=cwd,
            start_new_session=True,
        )
        try:
            _wait_until_healthy(name, process, health_url, log, patience)
            yield
        finally:
            _stop(process)


def _wait_until_healthy(name: str, process: subprocess.Popen[bytes], url: str, log: Path, patience: float) -> None:
    give_up = time.monotonic() + patience
    while process.poll() is None and time.monotonic() < give_up:
        # An OSError here is "not listening yet"; what the loop gives up on is reported below.
        with suppress(OSError), urlopen(url, timeout=1):  # noqa: S310 - our own http address on 127.0.0.1
            return
        time.sleep(0.05)
    state = "did not answer in time" if process.poll() is None else f"ended with exit code {process.returncode}"
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES_SHOWN:])
    raise StartFailed(f"{name} {state}. The end of {log}:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # Twice, to the whole group: the second reaches children that outlived their parent or ignored the first.
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_STOP)


def stop_on_sigterm() -> None:
    """Makes SIGTERM end the program like Ctrl-C does, so that `running` stops its child."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def peak_memory(pid: int) -> float:
    """The most memory in MB that a process or one of its children has held so far; 0 on systems other than Linux."""
    process = Path(f"/proc/{pid}")
    if not process.exists():
        return 0
    status = (process / "status").read_text(encoding="utf-8").splitlines()
    held = next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    children = " ".join(each.read_text(encoding="utf-8") for each in process.glob("task/*/children"))
    return max([held / 1024, *(peak_memory(int(child)) for child in children.split())])
