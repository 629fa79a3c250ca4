"""The server of `test_pool_proof`: a program of its own, so that its sockets are not the client's.

It prints its port without TLS, its port with it, and that of a proxy (CONNECT, or SOCKS 5 where the
first byte says so); it serves until its input ends. What it does
is what the path says; `/meet` answers when as many requests as its query says are there at once.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

BODY = b"hello, world"

MEETING = threading.Condition()
present: list[int] = []


def answer(status: str, body: bytes = BODY, *fields: str) -> bytes:
    lines = "".join(f"{field}\r\n" for field in (f"Content-Length: {len(body)}", *fields))
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


ANSWERS = {
    "/plain": answer("200 OK"),
    "/empty": answer("204 No Content", b"")[:-4].replace(b"Content-Length: 0", b"") + b"\r\n",
    "/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
    b"7\r\n, world\r\n0\r\nX-Sum: 1\r\n\r\n",
    "/close": answer("200 OK", BODY, "Connection: close"),
    "/until-close": b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
    "/interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer("200 OK"),
    "/gzip": answer("200 OK", gzip.compress(BODY), "Content-Encoding: gzip"),
    "/cookie": answer("200 OK", BODY, "Set-Cookie: a=b; Path=/"),
    "/redirect": answer("302 Found", BODY, "Location: /plain"),
    "/large": answer("200 OK", b"x" * 300_000),
    "/malformed": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "/cut": answer("200 OK", b"x" * 100)[:-50],
    "/stale": answer("200 OK"),
    "/unauthorised": answer("401 No", BODY, "WWW-Authenticate: Basic realm=x"),
    "/busy": answer("503 Busy", BODY, "Retry-After: 0"),
}
ENDS = {"/close", "/until-close", "/malformed", "/cut", "/stale", "/refuse"}


def serve(connection: socket.socket) -> None:
    path = ""
    with suppress(OSError, ValueError), connection:
        connection.settimeout(20)
        with connection.makefile("rb") as source:
            while line := source.readline():
                fields = {}
                while (field := source.readline().strip()) != b"":
                    name, _, value = field.partition(b":")
                    fields[name.lower()] = value.strip().lower()
                method, target, _ = line.decode().split()
                path, _, query = target.partition("?")
                if path == "/refuse":
                    connection.sendall(answer("413 Too Large"))
                    source.read(1000)
                    break
                if fields.get(b"expect") == b"100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                if b"content-length" in fields:
                    source.read(int(fields[b"content-length"]))
                if fields.get(b"transfer-encoding") == b"chunked":
                    while size := int(source.readline(), 16):
                        source.read(size + 2)
                    source.readline()
                if path == "/meet":
                    meet(int(query))
                    path = "/plain"
                reply = ANSWERS[path]
                if method == "HEAD":
                    reply = reply[: -len(BODY)]
                connection.sendall(reply)
                if path in ENDS:
                    break
        if isinstance(connection, ssl.SSLSocket) and path != "/cut":
            connection.unwrap()


def meet(count: int) -> None:
    """Wait until so many requests are here at once."""
    with MEETING:
        present.append(1)
        number = (len(present) + count - 1) // count * count
        MEETING.notify_all()
        MEETING.wait_for(lambda: len(present) >= number, 10)


def proxy(connection: socket.socket) -> None:
    """Open a tunnel to the port that the client asks for, and carry bytes both ways."""
    with suppress(OSError, IndexError), connection:  # a client that is stopped asks for nothing
        connection.settimeout(20)
        with connection.makefile("rb", buffering=0) as source:
            if source.read(1) == b"\x05":
                methods = source.read(1)
                source.read(methods[0])
                connection.sendall(b"\x05\x00")
                source.read(4 + 4)
                port = int.from_bytes(source.read(2), "big")
                connection.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
            else:
                port = int(source.readline().split()[1].rpartition(b":")[2])
                while source.readline().strip():
                    pass
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=carry, args=(server, connection), daemon=True)
            back.start()
            carry(connection, server)
            back.join()


def carry(here: socket.socket, there: socket.socket) -> None:
    try:
        while data := here.recv(65536):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (here, there):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def listen(target: Callable[[socket.socket], None]) -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=200)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            # Else a reset would overtake what the system still holds back.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=target, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


if __name__ == "__main__":
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(sys.argv[1])

    def secured(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.settimeout(20)
            serve(tls.wrap_socket(connection, server_side=True))

    print(listen(serve), listen(secured), listen(proxy), flush=True)
    sys.stdin.read()
