"""TLS contexts: version 1.2 and later, the system's trust, the host's name checked.

`ssl` is imported when a context is first made: most programs that import the client or the server
never need it, and it costs more than both.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from os import PathLike

__all__ = ["client_context", "server_context"]


def client_context() -> ssl.SSLContext:
    """Return the context that clients share: making one takes about 15 ms (gh-95031).

    A new one is made when a program has replaced ``ssl._create_default_https_context``, as many do
    to change every default context, or points OpenSSL to other certificates.
    """
    import ssl  # start-up: see above

    trust = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    return _shared_context(ssl._create_default_https_context, trust)


@lru_cache(maxsize=4)
def _shared_context(
    make: Callable[[], ssl.SSLContext], _trust: tuple[str | None, str | None]
) -> ssl.SSLContext:
    return _harden(make())


def new_client_context() -> ssl.SSLContext:
    """Return a client's context of its own, to be changed by whoever asked for it."""
    import ssl  # start-up: see above

    return _harden(ssl._create_default_https_context())


def _harden(context: ssl.SSLContext) -> ssl.SSLContext:
    import ssl  # start-up: see above

    if context.minimum_version < ssl.TLSVersion.TLSv1_2:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # A server may ask for the client's certificate after the handshake (RFC 8446 section 4.6.2).
    context.post_handshake_auth = True
    return context


def server_context(
    certfile: str | PathLike[str],
    keyfile: str | PathLike[str] | None,
    password: str | bytes | None,
    alpn_protocols: Sequence[str],
    client_ca: str | PathLike[str] | None = None,
) -> ssl.SSLContext:
    """Return a server's context with its certificate.

    With `client_ca`, a PEM file, clients must show a certificate that one of its authorities
    issued.

    Raises:
        OSError: a file cannot be read; `ssl.SSLError` if it is no PEM certificate or key.
    """
    import ssl  # start-up: see above

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certfile, keyfile, password)
    context.set_alpn_protocols(list(alpn_protocols))
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
