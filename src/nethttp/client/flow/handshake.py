"""The TLS handshake on a link, which may have TLS already, to a proxy before the server.

The handshake is a flow like any other, so both runners, and a script, run the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from ...errors import CertificateError, TLSError
from ...net.effects import Call, Exchange, Flow, Link, Read, Write
from ...net.pem import name_of
from ...net.trust import TLSSettings, context_for, made_context_for

if TYPE_CHECKING:
    import ssl

    from ...net.pins import Pins
    from ...net.sessions import Sessions
    from ...net.tlslayer import TLSLayer

__all__ = ["start_tls"]

HTTPS_PORT: Final = 443


def start_tls(
    link: Link,
    settings: TLSSettings,
    server_hostname: str,
    deadline: float,
    sessions: Sessions | None = None,
    port: int = HTTPS_PORT,
) -> Flow[None]:
    """Return nothing, once `link` passes all bytes through TLS and the server has proved its name.

    `server_hostname` is sent (SNI), and is what the certificate must be valid for: a name, or an
    address without brackets, which is not sent (RFC 6066 section 3). A session with this server at
    this `port` that is among `sessions` is resumed, and the new one kept there.

    Raises:
        TLSError: the handshake failed; `CertificateError` if the certificate is not valid, or its
            key is none of the pins.
        TimeoutError: the deadline has passed.
        OSError: the connection is broken, or a file of the settings cannot be read.
    """
    context: ssl.SSLContext | None = made_context_for(settings)
    if context is None:
        context = yield from _make_context(settings, deadline)
    from ...net.tlslayer import TLSLayer  # start-up: it imports ssl

    offered = None
    if sessions is not None:
        offered = sessions.of(context, settings, server_hostname, port)
    layer = TLSLayer(context, server_hostname, link.layer, offered)
    yield from _shake_hands(link, layer, deadline)
    if settings.pins and not layer.resumed:
        _check_pins(settings.pins, layer)
    if layer.protocol not in (None, "http/1.1"):
        raise TLSError(
            f"expected {server_hostname!r} to choose http/1.1 (ALPN), got {layer.protocol!r}: let"
            " the ssl.SSLContext offer http/1.1 alone",
            phase="tls",
        )
    link.ahead = layer.pending()
    link.layer = layer
    if sessions is not None:
        sessions.keep(layer, settings, port)


def _check_pins(pins: Pins, layer: TLSLayer) -> None:
    """Raise an error if the server has none of the keys that it must have one of."""
    from ...net.pins import pin_of, pins_for  # start-up: few programs pin keys

    expected = pins_for(pins, layer.host)
    if not expected:
        return
    found = [pin_of(certificate) for certificate in layer.verified]
    if expected.isdisjoint(found):
        raise CertificateError(
            f"expected {layer.host!r} to have a key of {_listed(expected)}, got"
            f" {_listed(found)}; if its key was renewed, pass the new pin as pins=, else do not"
            " trust this network",
            phase="tls",
        )


def _listed(pins: Iterable[str]) -> str:
    return " or ".join(sorted(pins)) or "none"


def _make_context(settings: TLSSettings, deadline: float) -> Flow[ssl.SSLContext]:
    try:
        context: ssl.SSLContext = yield Call(partial(context_for, settings), deadline)
    except TimeoutError:
        raise
    except OSError as error:  # of a file, or of what is in it: ssl.SSLError
        raise TLSError(
            f"expected PEM certificates as {_files_of(settings)}: {error}", phase="tls"
        ) from error
    return context


def _files_of(settings: TLSSettings) -> str:
    """Return what the settings name, but no key or password that is in them."""
    cert = settings.cert if isinstance(settings.cert, tuple) else (settings.cert,)
    shown = [name_of(part) for part in cert[:2] if part is not None]
    verify = name_of(settings.verify) if isinstance(settings.verify, str) else settings.verify
    return f"verify={verify} and cert={', '.join(shown) or None}"


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
