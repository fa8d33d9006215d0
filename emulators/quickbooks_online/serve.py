"""A real HTTP server around the emulator."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from .app import Emulator


class QuietHandler(WSGIRequestHandler):
    """No access log; a dropped connection closes the socket without a byte."""

    def log(self, type: str, message: str, *args: object) -> None:  # werkzeug's signature
        """Say nothing: the journal has it all."""

    def connection_dropped(self, error: BaseException, environ: "WSGIEnvironment | None" = None) -> None:
        """Close the connection instead of waiting for its next request."""
        del error, environ
        self.close_connection = True


def make(app: "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]", host: str, port: int) -> BaseWSGIServer:
    """A threaded server for any WSGI application; raises OSError when the port is taken."""
    return make_server(host, port, app, threaded=True, request_handler=QuietHandler)


def until_interrupted(
    app: "Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]", host: str, port: int, called: str
) -> int:
    """Serve from the command line and say where; returns the exit code."""
    try:
        server = make(app, host, port)
    except (OSError, SystemExit):
        sys.stderr.write(f"Port {port} on {host} is taken or not allowed; choose another with --port.\n")
        return 1
    sys.stdout.write(f"{called} emulator on http://{host}:{server.server_port}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


@contextmanager
def running(server: BaseWSGIServer) -> Iterator[str]:
    """Serve in the background; yields the base URL."""
    thread = threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://{server.host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serve(emu: "Emulator", host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve an emulator on a real port (0: any free one); yields the base URL. Late commits then come by timer."""
    emu.use_timers = True
    try:
        with running(make(emu, host, port)) as url:
            yield url
    finally:
        emu.use_timers = False
