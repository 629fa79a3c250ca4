"""TLS contexts: TLS 1.2 and later, the system's trusted certificates, the host's name checked.

`ssl` is imported when the first context is made: most programs that import the client or the server
never need it, and its import takes longer than both.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Sequence
    from os import PathLike
    from types import ModuleType

__all__ = [
    "UNSPOKEN",
    "makes_contexts_as_it_came",
    "new_client_context",
    "server_context",
    "wrap_client_socket",
]

UNSPOKEN = frozenset({"h2", "h3"})
"""Versions of HTTP, by their names in ALPN, that nethttp does not speak."""


def new_client_context(make: Callable[[], ssl.SSLContext] | None = None) -> ssl.SSLContext:
    """Return a new context for a client, which the caller may change.

    `make` creates it, or else ``ssl._create_default_https_context``, which many programs replace to
    change every default context (PEP 476). A context that a program creates keeps its own versions
    of TLS.
    """
    import ssl  # start-up: see above

    context = (make or ssl._create_default_https_context)()
    if (
        make is None
        and makes_contexts_as_it_came()
        and context.minimum_version < ssl.TLSVersion.TLSv1_2
    ):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A server may ask for the client's certificate after the handshake (RFC 8446 section 4.6.2).
    if context.post_handshake_auth is not None:
        context.post_handshake_auth = True
    return context


def wrap_client_socket(
    sock: socket.socket, server_hostname: str, own: Callable[[], ssl.SSLContext]
) -> ssl.SSLSocket:
    """Return `sock` with TLS, by a context like the one that `own` makes.

    Making a context takes about 15 ms, of which reading the system's certificates takes all but
    0.2 ms (gh-95031). So connections share one context until the program reads the `context` of a
    socket: then the socket calls `own` and returns its result, and no program ever sees the shared
    context. If a program has replaced a part of the ssl module, `own` is called at once.
    """
    if not _ssl_is_original():
        return own().wrap_socket(sock, server_hostname=server_hostname)
    wrapped = _shared_context(_trust()).wrap_socket(sock, server_hostname=server_hostname)
    vars(wrapped)["_own"] = own
    return wrapped


def makes_contexts_as_it_came() -> bool:
    """Return whether ``ssl._create_default_https_context`` is the ssl module's own.

    If a program has replaced it, the client must call the replacement, because the program relies
    on its certificates.
    """
    ssl = sys.modules.get("ssl")
    if ssl is None:
        return True
    make: Any = ssl._create_default_https_context
    name: str = getattr(make, "__name__", "")
    return name == "create_default_context" and _is_part_of(ssl, make)


def _ssl_is_original() -> bool:
    """Whether every part of the ssl module that makes and uses a context is its own.

    gevent and truststore put their classes into that module, and a program's method in a class
    there would receive the shared context as its `self`.
    """
    import ssl  # start-up: see above

    kind = ssl.SSLContext
    return makes_contexts_as_it_came() and all(
        _is_part_of(ssl, part) for part in (kind, *vars(kind).values()) if callable(part)
    )


def _is_part_of(module: ModuleType, part: Any) -> bool:
    """Whether a class or function was defined in `module`; decorators copy `__module__` alone."""
    part = getattr(part, "__func__", part)
    if isinstance(part, type):
        return part.__module__ == module.__name__
    return getattr(part, "__globals__", None) is vars(module)


def _trust() -> tuple[object, ...]:
    """Return what the shared context depends on: when the value changes, a new one is made.

    Programs point OpenSSL to other certificates, and the system renews its own.
    """
    import ssl  # start-up: see above

    paths = ssl.get_default_verify_paths()
    changed = [os.stat(path).st_mtime_ns for path in (paths.cafile, paths.capath) if path]
    return ssl.SSLContext, paths, *changed, os.environ.get("SSLKEYLOGFILE")


@lru_cache(maxsize=4)
def _shared_context(_trust: tuple[object, ...]) -> ssl.SSLContext:
    context = new_client_context()
    context.sslsocket_class = _socket_class()
    return context


@lru_cache(maxsize=1)
def _socket_class() -> type[ssl.SSLSocket]:
    """Return the class of sockets that use the shared context, and show programs another one."""
    import ssl  # start-up: see above

    class SSLSocket(ssl.SSLSocket):
        _own: Callable[[], ssl.SSLContext] = staticmethod(new_client_context)
        _own_context: ssl.SSLContext | None = None

        @property
        def context(self) -> ssl.SSLContext:
            if self._own_context is None:
                self._own_context = self._own()
            return self._own_context

        @context.setter
        def context(self, context: ssl.SSLContext) -> None:
            self._own_context = self._sslobj.context = context  # type: ignore[attr-defined]  # not in typeshed

    # So that a program that prints a socket sees the usual name.
    SSLSocket.__module__, SSLSocket.__qualname__ = "ssl", "SSLSocket"
    return SSLSocket


def server_context(
    certfile: str | PathLike[str],
    keyfile: str | PathLike[str] | None,
    password: str | bytes | None,
    alpn_protocols: Sequence[str],
    client_ca: str | PathLike[str] | None = None,
) -> ssl.SSLContext:
    """Return a server's TLS context with its certificate, its private key and the key's password.

    TLS 1.2 is the oldest version (RFC 9325 section 3.1). The client chooses from `alpn_protocols`
    (RFC 7301), of which those in `UNSPOKEN` are not offered. With `client_ca`, a PEM file, a client
    must have a certificate that one of the authorities in the file issued.

    Raises:
        OSError: a file cannot be read; `ssl.SSLError` if it has no PEM certificate or key.
    """
    import ssl  # start-up: see above

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certfile, keyfile, password)
    context.set_alpn_protocols([name for name in alpn_protocols if name not in UNSPOKEN])
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
