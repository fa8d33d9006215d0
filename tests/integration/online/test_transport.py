"""Real sockets: what drops, stalls or lies on the wire becomes Unavailable, and nothing is sent twice."""

import gzip
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from syncro_quickbooks.online.faults import Unavailable
from syncro_quickbooks.online.http import Answer, Outgoing, Transport, new_session

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nintuit_tid: 1-abc\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def server(answer: bytes | None, *, keep_open: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """Answers every connection with these bytes, then closes; with None it never answers."""
    received: list[bytes] = []
    held: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            received.append(connection.recv(65536))
            if answer is None or keep_open:
                held.append(connection)
            if answer is not None:
                connection.sendall(answer)
            if not keep_open and answer is not None:
                connection.close()

    Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    finally:
        listener.close()
        for connection in held:
            connection.close()


def send(url: str, *, read_timeout: float = 5.0) -> Answer:
    transport = Transport(new_session, logging.getLogger("wire-under-test"), {"account_id": "acme"})
    headers = {"Content-Type": "application/json"}
    return transport.send(Outgoing("POST", url + "/invoice", "/invoice", b"{}", headers, "Bearer s3cret", read_timeout))


def test_a_complete_answer_is_read() -> None:
    with server(OK) as (url, received):
        answer = send(url)
    assert (answer.status, answer.body, answer.tid) == (200, b"{}", "1-abc")
    assert b"Authorization: Bearer s3cret\r\n" in received[0]


def test_a_compressed_answer_is_unpacked() -> None:
    body = gzip.compress(b'{"a":1}')
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with server(head + body) as (url, _):
        assert send(url).body == b'{"a":1}'


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a"',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip!",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
def test_a_dropped_or_broken_answer_is_unavailable_and_not_repeated(answer: bytes) -> None:
    with server(answer) as (url, received):
        with pytest.raises(Unavailable) as caught:
            send(url)
        assert (caught.value.reason, caught.value.answered) == ("connection_lost", False)
        assert len(received) == 1


def test_a_compressed_answer_cut_short_does_not_pass_as_whole() -> None:
    body = gzip.compress(b'{"QueryResponse":{},"padding":"' + bytes(range(32, 127)) * 40 + b'"}')[:-20]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with server(head + body) as (url, _):
        try:
            answer = send(url)
        except Unavailable:
            return
    from syncro_quickbooks.online.faults import Unreadable, parse_faults

    assert isinstance(parse_faults(answer.status, answer.content_type, answer.body), Unreadable)


def test_a_server_that_never_answers_is_given_up() -> None:
    with server(None) as (url, received):
        with pytest.raises(Unavailable) as caught:
            send(url, read_timeout=0.2)
        assert (caught.value.reason, len(received)) == ("read_timeout", 1)


def test_nobody_listening_is_unavailable() -> None:
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    with pytest.raises(Unavailable) as caught:
        send(f"http://127.0.0.1:{port}")
    assert caught.value.reason == "connection_lost"


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with server(OK) as (elsewhere, received_elsewhere):
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/x\r\nContent-Length: 0\r\n\r\n".encode()
        with server(moved) as (url, _):
            assert send(url).status == 302
        assert received_elsewhere == []


def test_cookies_of_one_answer_do_not_go_into_the_next_request() -> None:
    # The server says that it closes, else the client may still take the connection for open when it sends again.
    cookie = b"Connection: close\r\nSet-Cookie: realm=9130357; Path=/\r\n"
    answer = OK.replace(b"intuit_tid", cookie + b"intuit_tid")
    with server(answer) as (url, received):
        transport = Transport(new_session, logging.getLogger("wire-under-test"), {})
        for _ in range(2):
            transport.send(Outgoing("GET", url + "/query", "/query", None, {}, "Bearer s3cret", 5.0))
    assert len(received) == 2
    assert b"ookie" not in received[1]


def test_a_netrc_entry_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with server(OK) as (url, received):
        send(url)
    assert b"Authorization: Bearer s3cret\r\n" in received[0]
