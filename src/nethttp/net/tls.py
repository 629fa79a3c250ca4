"""TLS contexts: version 1.2 and later, the system's trust, the host's name checked.

`ssl` is imported when a context is first made: most programs that import the client or the server
never need it, and it costs more than both.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from os import PathLike

__all__ = ["client_context", "server_context"]


@lru_cache(maxsize=1)
def client_context() -> ssl.SSLContext:
    """Return the context that clients share: making one takes about 15 ms (gh-95031)."""
    return new_client_context()


def new_client_context() -> ssl.SSLContext:
    """Return a client's context of its own, to be changed by whoever asked for it."""
    import ssl  # start-up: see above

    # The name is the stdlib's seam: programs replace it to change every default context.
    context = ssl._create_default_https_context()
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    context.set_alpn_protocols(["http/1.1"])
    return context


def server_context(
    certfile: str | PathLike[str],
    keyfile: str | PathLike[str] | None,
    password: str | bytes | None,
    alpn_protocols: Sequence[str],
) -> ssl.SSLContext:
    """Return a server's context with its certificate.

    Raises:
        OSError: a file cannot be read; `ssl.SSLError` if it is no PEM certificate or key.
    """
    import ssl  # start-up: see above

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certfile, keyfile, password)
    context.set_alpn_protocols(list(alpn_protocols))
    return context
