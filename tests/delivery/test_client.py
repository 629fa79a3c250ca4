"""Every response of the corpus through `HTTPResponse`: whole, byte by byte, with more behind."""

from __future__ import annotations

import io
import socket
import threading

import pytest

from nethttp import errors
from nethttp.client import HTTPConnection

BEHIND = b"HTTP/1.1 404 Behind\r\nContent-Length: 0\r\n\r\n"


def respond(sock: socket.socket, data: bytes, delivery: str, *, ends: bool) -> None:
    """Take a request's head and answer it with `data`."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += sock.recv(65536)
    step = 1 if delivery == "bytes" and len(data) < 3000 else 1 + len(data) // 50
    try:
        if delivery == "bytes":
            for start in range(0, len(data), step):
                sock.sendall(data[start : start + step])
        else:
            sock.sendall(data)
        if ends:
            sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # The client has had enough.


@pytest.mark.parametrize("delivery", ["whole", "bytes", "behind"])
def test_the_client_reads_as_the_corpus_says(client_message, delivery):
    outcome = client_message.outcome
    ours, theirs = socket.socketpair()
    behind = delivery == "behind" and not outcome.get("ends_with_connection")
    data = client_message.data + (BEHIND if behind and client_message.valid else b"")
    thread = threading.Thread(target=respond, args=(theirs, data, delivery), kwargs={"ends": True})
    connection = HTTPConnection("a", timeout=10)
    connection.sock = ours
    with connection, theirs:
        thread.start()
        connection.request(outcome["request_method"], "/")
        if not client_message.valid:
            expected = getattr(errors, outcome["error"])
            with pytest.raises(expected), connection.getresponse() as response:
                response.read()
            ours.close()
            thread.join()
            return
        with connection.getresponse() as response:
            assert response.status == outcome["status"]
            assert response.reason == outcome["reason"]
            assert response.version == outcome["version"]
            assert [list(field) for field in response.getheaders()] == outcome["fields"]
            assert response.read().decode("latin-1") == outcome["body"]
            assert response.isclosed()
            assert response.will_close is not outcome["keep_alive"]
        thread.join()
        ours.close()


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_any_buffer_reads_the_same(client_message, size):
    """Read in small pieces, whatever the file below has buffered."""
    outcome = client_message.outcome
    if not client_message.valid:
        return
    from nethttp.client import HTTPResponse

    class Sock:
        def makefile(self, mode: str) -> io.BufferedReader:
            return io.BufferedReader(io.BytesIO(client_message.data), size + 1)

    response = HTTPResponse(Sock(), method=outcome["request_method"])
    response.begin()
    pieces = iter(lambda: response.read(size), b"")
    assert b"".join(pieces).decode("latin-1") == outcome["body"]
    response.close()
