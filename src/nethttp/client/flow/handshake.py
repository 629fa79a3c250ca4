"""The TLS handshake on a link, which may have TLS already, to a proxy before the server.

The handshake is a flow like any other, so both runners, and a script, run the same one.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ...errors import TLSError
from ...net.effects import Call, Exchange, Flow, Link, Read, Write
from ...net.trust import TLSSettings, context_for, made_context_for

if TYPE_CHECKING:
    import ssl

    from ...net.tlslayer import TLSLayer

__all__ = ["start_tls"]


def start_tls(
    link: Link, settings: TLSSettings, server_hostname: str, deadline: float
) -> Flow[None]:
    """Return nothing, once `link` passes all bytes through TLS and the server has proved its name.

    `server_hostname` is sent (SNI), and is what the certificate must be valid for: a name, or an
    address without brackets, which is not sent (RFC 6066 section 3).

    Raises:
        TLSError: the handshake failed; `CertificateError` if the certificate is not valid.
        TimeoutError: the deadline has passed.
        OSError: the connection is broken, or a file of the settings cannot be read.
    """
    context: ssl.SSLContext | None = made_context_for(settings)
    if context is None:
        context = yield from _make_context(settings, deadline)
    from ...net.tlslayer import TLSLayer  # start-up: it imports ssl

    layer = TLSLayer(context, server_hostname, link.layer)
    yield from _shake_hands(link, layer, deadline)
    if layer.protocol not in (None, "http/1.1"):
        raise TLSError(
            f"expected {server_hostname!r} to choose http/1.1 (ALPN), got {layer.protocol!r}: let"
            " the ssl.SSLContext offer http/1.1 alone",
            phase="tls",
        )
    link.ahead = layer.pending()
    link.layer = layer


def _make_context(settings: TLSSettings, deadline: float) -> Flow[ssl.SSLContext]:
    try:
        context: ssl.SSLContext = yield Call(partial(context_for, settings), deadline)
    except TimeoutError:
        raise
    except OSError as error:  # of a file, or of what is in it: ssl.SSLError
        raise TLSError(
            f"expected PEM certificates as verify={settings.verify!r} and cert={settings.cert!r}:"
            f" {error}",
            phase="tls",
        ) from error
    return context


def _shake_hands(link: Link, layer: TLSLayer, deadline: float) -> Flow[None]:
    received = b""
    while True:
        try:
            answer = layer.handshake(received)
        except TLSError:
            # The server's log is then to say why, too. An error of sending it is of no interest.
            with suppress(OSError):
                yield Write(link, layer.refusal(), deadline)
            raise
        if layer.established:
            if answer:
                yield Write(link, answer, deadline)
            return
        if answer:
            received = yield Exchange(link, answer, deadline)
        else:
            received = yield Read(link, deadline)
        if not received:
            raise TLSError(
                f"{layer.host!r} ended the connection within the TLS handshake; look into the"
                " server's log: a firewall, or a server that does not know this name, does so",
                phase="tls",
            )
