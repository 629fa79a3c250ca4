"""Bind a server to an address, say where it can be opened, and serve until it is told to stop."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..files.handler import SimpleHTTPRequestHandler
from ..handlers.handler import BaseHTTPRequestHandler
from ..servers.http import ThreadingHTTPServer

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["best_family", "make_server", "serve_until_stopped", "test"]


def best_family(host: str | None, port: int) -> tuple[socket.AddressFamily, Any]:
    """Return the family and socket address that this machine prefers for `host` and `port`.

    The first result of `getaddrinfo` counts, because it is sorted by RFC 6724.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, sockaddr = next(iter(found))
    return family, sockaddr


@contextmanager
def _stopping_on_sigterm(server: Any) -> Iterator[None]:
    """Let SIGTERM end `serve_forever`, as Ctrl-C does, while this is entered."""

    def stop(_signal: int, _frame: Any) -> None:
        # `shutdown` waits for the loop that this handler interrupts.
        threading.Thread(target=server.shutdown).start()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def serve_until_stopped(server: Any, announcement: str) -> None:
    """Print `announcement`, and serve until Ctrl-C or SIGTERM."""
    with _stopping_on_sigterm(server):
        try:
            print(announcement, flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nKeyboard interrupt received, exiting.")


def make_server(
    HandlerClass: Any = BaseHTTPRequestHandler,  # the stdlib's names
    ServerClass: Any = ThreadingHTTPServer,
    protocol: str = "HTTP/1.0",
    port: int = 8000,
    bind: str | None = None,
    tls_cert: str | None = None,
    tls_key: str | None = None,
    tls_password: str | None = None,
    default_content_type: str = "application/octet-stream",
) -> Any:
    """Return a `ServerClass` with `HandlerClass`, bound to `port`.

    Both classes are changed, because the standard library changes them: the server's address
    family, the handler's version and media type.

    Raises:
        OSError: the address cannot be bound, or the certificate not be read.
    """
    ServerClass.address_family, address = best_family(bind, port)
    HandlerClass.protocol_version = protocol
    HandlerClass.default_content_type = default_content_type
    if not tls_cert:
        return ServerClass(address, HandlerClass)
    return ServerClass(
        address, HandlerClass, certfile=tls_cert, keyfile=tls_key, password=tls_password
    )


def test(
    HandlerClass: Any = SimpleHTTPRequestHandler,  # the stdlib's names
    ServerClass: Any = ThreadingHTTPServer,
    protocol: str = "HTTP/1.0",
    port: int = 8000,
    bind: str | None = None,
    content_type: str = "application/octet-stream",
    tls_cert: str | None = None,
    tls_key: str | None = None,
    tls_password: str | None = None,
) -> None:
    """Serve `HandlerClass` on `port` until stopped.

    Raises:
        OSError: the address cannot be bound, or the certificate not be read.
    """
    from .listeners import url_at  # start-up: few programs call this

    with make_server(
        HandlerClass=HandlerClass,
        ServerClass=ServerClass,
        protocol=protocol,
        port=port,
        bind=bind,
        tls_cert=tls_cert,
        tls_key=tls_key,
        tls_password=tls_password,
        default_content_type=content_type,
    ) as server:
        host, real_port = server.socket.getsockname()[:2]
        scheme = "https" if tls_cert else "http"
        serve_until_stopped(
            server,
            f"Serving {scheme.upper()} on {host} port {real_port} "
            f"({url_at(host, real_port, scheme)}) ...",
        )


test.__test__ = False  # type: ignore[attr-defined]  # its name makes test runners collect it
