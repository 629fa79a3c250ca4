"""TLS contexts: version 1.2 and later, the system's trust, the host's name checked.

`ssl` is imported when a context is first made: most programs that import the client or the server
never need it, and it costs more than both.
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
    """Return a client's context of its own, which the caller may change.

    `make` makes it, or else ``ssl._create_default_https_context``, which many programs replace to
    change every default context (PEP 476); what a program makes keeps its own versions of TLS.
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
    """Return `sock` over TLS, by a context like the one that `own` makes.

    To make a context takes about 15 ms, all but 0.2 of it to read the system's certificates
    (gh-95031). So connections whose program never looks at a context have one in common, and no
    program gets hold of that one: the socket's `context` is what `own` returns, called when
    somebody asks. Where a part of the ssl module was replaced, `own` is called at once.
    """
    if not _is_as_it_came():
        return own().wrap_socket(sock, server_hostname=server_hostname)
    wrapped = _common_context(_trust()).wrap_socket(sock, server_hostname=server_hostname)
    vars(wrapped)["_own"] = own
    return wrapped


def makes_contexts_as_it_came() -> bool:
    """Return whether ``ssl._create_default_https_context`` is the ssl module's own.

    If a program has replaced it, the client must call it, since the program expects so.
    """
    ssl = sys.modules.get("ssl")
    if ssl is None:
        return True
    make: Any = ssl._create_default_https_context
    name: str = getattr(make, "__name__", "")
    return name == "create_default_context" and _is_part_of(ssl, make)


def _is_as_it_came() -> bool:
    """Whether all that makes and uses a context is the ssl module's own.

    gevent and truststore put their classes into that module. A method that a program puts into a
    class there would get hold of the common context as its `self`.
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
    """Return what the common context depends on: another value, another context.

    Programs point OpenSSL to other certificates, and the system's are renewed.
    """
    import ssl  # start-up: see above

    paths = ssl.get_default_verify_paths()
    changed = [os.stat(path).st_mtime_ns for path in (paths.cafile, paths.capath) if path]
    return ssl.SSLContext, paths, *changed, os.environ.get("SSLKEYLOGFILE")


@lru_cache(maxsize=4)
def _common_context(_trust: tuple[object, ...]) -> ssl.SSLContext:
    context = new_client_context()
    context.sslsocket_class = _socket_class()
    return context


@lru_cache(maxsize=1)
def _socket_class() -> type[ssl.SSLSocket]:
    """Return the class of sockets that have the common context, and give another to programs."""
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

    # What programs print of a socket is the same as ever.
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

    TLS 1.2 is the oldest version, as RFC 9325 section 3.1 asks. Of `alpn_protocols`, which clients
    choose from (RFC 7301), those that are `UNSPOKEN` are not offered. With `client_ca`, a PEM file,
    clients must show a certificate that one of its authorities issued.

    Raises:
        OSError: a file cannot be read; `ssl.SSLError` if it is no PEM certificate or key.
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
