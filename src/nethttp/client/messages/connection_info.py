"""`ConnectionInfo`: where a response came from, and how the way there was encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ...net.link import Link

__all__ = ["ConnectionInfo", "TLSInfo"]


class TLSInfo(NamedTuple):
    """How a connection is encrypted.

    >>> TLSInfo("TLSv1.3", "TLS_AES_256_GCM_SHA384").resumed
    False
    """

    version: str | None = None
    """As the ssl module names it: ``TLSv1.3``."""
    cipher: str | None = None
    protocol: str | None = None
    """What the server chose to speak (ALPN, RFC 7301); None: nothing."""
    resumed: bool = False
    """Whether an earlier session was resumed; the certificate is that of its first handshake."""
    certificate: bytes | None = None
    """The server's, in DER: `ssl.DER_cert_to_PEM_cert` makes PEM text of it."""

    @property
    def pin(self) -> str | None:
        """The pin of the certificate's key, as `pins` of a client takes it."""
        from ...net.pins import pin_of  # start-up: few programs pin keys

        return None if self.certificate is None else pin_of(self.certificate)


class ConnectionInfo(NamedTuple):
    """The connection that a response came on.

    >>> ConnectionInfo("192.0.2.1:80").tls is None
    True
    """

    address: str
    """The address and port that the client has connected to: of the server or of its proxy; or the
    path of a Unix socket."""
    tls: TLSInfo | None = None
    """TLS with the server, also through a tunnel; with the proxy, if that forwards the request."""

    @classmethod
    def of(cls, link: Link) -> ConnectionInfo:
        """Return what `link` is."""
        layer: Any = link.layer
        tls = None
        if layer is not None:
            cipher = layer.cipher
            tls = TLSInfo(
                layer.version,
                cipher and cipher[0],
                layer.protocol,
                layer.resumed,
                layer.certificate,
            )
        return cls(str(link.address), tls)
