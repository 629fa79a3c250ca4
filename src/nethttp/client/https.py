"""`HTTPSConnection`: `HTTPConnection` over TLS."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..net import tls
from ..overrides import Bypassed
from . import seams
from .connection import NO_TIMEOUT, HTTPConnection

if TYPE_CHECKING:
    import ssl

__all__ = ["HTTPSConnection", "create_https_context"]

HTTPS_PORT = 443


def create_https_context(_http_version: int) -> ssl.SSLContext:
    """Return a new default context; `urllib.request` calls this function too.

    Each connection gets its own context, so that a program may change it.
    """
    module = seams.replaced("ssl")
    return tls.new_client_context(module and module._create_default_https_context)


def _new_context(http_version: int) -> ssl.SSLContext:
    make = seams.replaced("_create_https_context") or create_https_context
    context: ssl.SSLContext = make(http_version)
    return context


class _OwnContext:
    """A connection's `_context`: made when it is first read, from then on a plain attribute."""

    def __get__(self, connection: HTTPSConnection | None, _owner: Any = None) -> Any:
        if connection is None:
            return self
        context = vars(connection)["_context"] = _new_context(connection._http_vsn)
        return context


class HTTPSConnection(HTTPConnection):
    """`HTTPConnection` over TLS 1.2 and later; the host's certificate and name are checked.

    `context` replaces the default. `key_file`, `cert_file` and `check_hostname` are accepted as in
    Python 3.11; set them in a context instead.
    """

    default_port = HTTPS_PORT
    _context = _OwnContext()

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
            context = _new_context(self._http_vsn) if context is None else context
            if cert_file or key_file:
                context.load_cert_chain(cert_file or "", key_file)
                context.post_handshake_auth = True
            if check_hostname is not None:
                context.check_hostname = check_hostname
        self.key_file, self.cert_file = key_file, cert_file
        if context is None and self._makes_contexts_now():
            context = _new_context(self._http_vsn)
        if context is not None:
            self._context = context

    _CONTEXT = Bypassed("_context")

    @classmethod
    def _makes_contexts_now(cls) -> bool:
        """Return whether a program has replaced what makes contexts: then one is made at once.

        A replacement may count its calls, or be removed again before the connection is made.
        """
        return (
            not cls._CONTEXT.left_alone_by(cls)
            or seams.replaced("_create_https_context") is not None
            or seams.replaced("ssl") is not None
            or not tls.makes_contexts_as_it_came()
        )

    def connect(self) -> None:
        """Connect, through the tunnel if there is one, and do the TLS handshake.

        Raises:
            OSError: the connection could not be made; `ssl.SSLError`: the handshake failed, or the
                certificate is not trusted or not of this host.
        """
        super().connect()
        name = self._tunnel_host or self.host
        try:
            if "_context" in vars(self) or self._makes_contexts_now():
                self.sock = self._context.wrap_socket(self.sock, server_hostname=name)
            else:
                self.sock = tls.wrap_client_socket(self.sock, name, _context_of(self))
        except BaseException:
            with suppress(OSError):
                self.close()
            raise


def _context_of(connection: HTTPSConnection) -> Any:
    """Return a function that returns the connection's context, a new one if it was deleted."""
    import weakref  # start-up: few programs need it

    found = weakref.ref(connection)

    def own() -> ssl.SSLContext:
        connection = found()
        return tls.new_client_context() if connection is None else connection._context

    return own
