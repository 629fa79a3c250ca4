"""`HTTPSConnection`: `HTTPConnection` over TLS."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from ..net import tls
from .connection import NO_TIMEOUT, HTTPConnection

if TYPE_CHECKING:
    import ssl

__all__ = ["HTTPSConnection"]

HTTPS_PORT = 443


class HTTPSConnection(HTTPConnection):
    """`HTTPConnection` over TLS 1.2 and later; the host's certificate and name are checked.

    `context` replaces the default, which all connections share. `key_file`, `cert_file` and
    `check_hostname` are accepted as they were until Python 3.11; put them into a context instead.
    """

    default_port = HTTPS_PORT

    def __init__(
        self,
        host: str,
        port: int | str | None = None,
        key_file: str | None = None,
        cert_file: str | None = None,
        timeout: float | None = NO_TIMEOUT,
        source_address: tuple[str, int] | None = None,
        *,
        context: ssl.SSLContext | None = None,
        check_hostname: bool | None = None,
        blocksize: int = 8192,
        max_response_headers: int | None = None,
    ) -> None:
        super().__init__(
            host,
            port,
            timeout,
            source_address,
            blocksize=blocksize,
            max_response_headers=max_response_headers,
        )
        if key_file is not None or cert_file is not None or check_hostname is not None:
            import warnings  # start-up: only a deprecated call needs it

            warnings.warn(
                "key_file, cert_file and check_hostname are deprecated, use a custom context "
                "instead.",
                DeprecationWarning,
                stacklevel=2,
            )
            context = tls.new_client_context() if context is None else context
            if cert_file or key_file:
                context.load_cert_chain(cert_file or "", key_file)
                context.post_handshake_auth = True
            if check_hostname is not None:
                context.check_hostname = check_hostname
        self.key_file, self.cert_file = key_file, cert_file
        self._context = tls.client_context() if context is None else context

    def connect(self) -> None:
        """Connect, through the tunnel if there is one, and shake hands.

        Raises:
            OSError: no connection; `ssl.SSLError` if the peer is not who it should be.
        """
        super().connect()
        name = self._tunnel_host or self.host
        try:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=name)
        except BaseException:
            with suppress(OSError):
                self.close()
            raise
