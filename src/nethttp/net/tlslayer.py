"""`TLSLayer`: TLS for a link, without a socket: bytes in, bytes out.

The event loops and the blocking sockets of the standard library each have TLS of their own. With
this layer both runners have the same, TLS inside TLS is one layer below another, and a test without
a network runs it too.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from threading import Lock
from typing import Any

from ..errors import TLSError
from .link import Layer
from .tlserrors import late_error, tls_error

__all__ = ["TLSLayer"]

RECORD = 16384
"""How many plain bytes are decrypted at a time: those of a whole record, RFC 8446 section 5.1."""

_DER = 2
"""The encoding of a certificate for `public_bytes`; ssl names it `_ssl.ENCODING_DER`."""

_SYSTEM_VERIFIES = Lock()
"""Held while a context that asks macOS or Windows makes an object or a step of a handshake.

truststore turns a shared context's own verification off while it makes an object, and reads that
setting when it verifies: two threads at once could leave it off (truststore#209).
"""


class TLSLayer:
    """The client's side of one TLS connection, above the layer `below` if there is one.

    `context` is what encrypts and verifies. `server_hostname` is sent (SNI, RFC 6066 section 3) and
    is what the certificate must be valid for; the dot that ends a full name is left out of both.

    First `handshake` is called until `established`; from then on the layer is a link's `layer`.
    A `session` of the same context is offered to the server, who may resume it.
    """

    __slots__ = (
        "__weakref__",
        "_incoming",
        "_lock",
        "_object",
        "_outgoing",
        "at_end",
        "below",
        "certificate",
        "context",
        "cut",
        "ended",
        "established",
        "host",
    )

    def __init__(
        self,
        context: ssl.SSLContext,
        server_hostname: str,
        below: Layer | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        self.context = context
        self.below = below
        self.at_end: Callable[[ssl.SSLSession], object] | None = None
        """Is given the session when the layer ends."""
        self.host = server_hostname
        self.ended = False
        self.cut = False
        self.established = False
        self.certificate: bytes | None = None
        """The certificate of the peer, in DER; None if it has shown none."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._lock = _SYSTEM_VERIFIES if type(context).__module__.startswith("truststore") else None
        offered: dict[str, Any] = {} if session is None else {"session": session}
        self._object: ssl.SSLObject = self._locked(
            lambda: context.wrap_bio(
                self._incoming,
                self._outgoing,
                server_hostname=server_hostname.removesuffix(".") or None,
                **offered,
            )
        )

    def _locked(self, call: Any) -> Any:
        if self._lock is None:
            return call()
        with self._lock:
            return call()

    @property
    def version(self) -> str | None:
        """The version of TLS, as the ssl module names it: ``TLSv1.3``."""
        return self._object.version()

    @property
    def protocol(self) -> str | None:
        """What the server chose to speak by ALPN (RFC 7301); None if it chose nothing."""
        return self._object.selected_alpn_protocol()

    @property
    def cipher(self) -> tuple[str, str, int] | None:
        """The cipher's name, the version that defined it, and its secret bits."""
        return self._object.cipher()

    @property
    def verified(self) -> list[bytes]:
        """The certificates of the peer and of the authorities up to the trusted one, in DER.

        That of the peer alone where nothing was verified, or the ssl module does not say more.
        """
        certificate = self.certificate
        if certificate is None:
            return []
        # Public from Python 3.13 on.
        tls: Any = self._object if hasattr(self._object, "get_verified_chain") else None
        tls = tls or getattr(self._object, "_sslobj", None)
        if self.context.verify_mode is not ssl.CERT_REQUIRED or tls is None:
            return [certificate]
        chain = tls.get_verified_chain() or ()
        others = [each if isinstance(each, bytes) else each.public_bytes(_DER) for each in chain]
        return [certificate, *others[1:]]

    @property
    def resumed(self) -> bool:
        """Whether the server has resumed an earlier session, so that nothing was verified anew."""
        return bool(self._object.session_reused)

    @property
    def session(self) -> ssl.SSLSession | None:
        """What a later connection may resume; None: nothing.

        The system's verification, by truststore, is not part of a session.
        """
        session = None if self._lock is not None else self._object.session
        return session if session is not None and (session.has_ticket or session.id) else None

    def handshake(self, data: bytes) -> bytes:
        """Take bytes that the peer sent; return those to send to it. `established` says if it is.

        Both are bytes of this layer, which the layer below does not touch yet.

        Raises:
            TLSError: the handshake failed. `refusal` has what to send to the peer then.
        """
        self._incoming.write(data)
        try:
            self._locked(self._object.do_handshake)
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLError, ssl.CertificateError, ValueError) as error:
            raise tls_error(error, self.host) from error
        else:
            self.established = True
            # Now, since the ssl module gives it only until the end of the connection.
            self.certificate = self._object.getpeercert(binary_form=True)
        return self._outgoing.read()

    def refusal(self) -> bytes:
        """Return the alert that says to the peer why the handshake failed, perhaps b""."""
        return self._outgoing.read()

    def pending(self) -> bytes:
        """Return plain bytes that arrived together with the end of the handshake."""
        return self._decrypt()

    def receive(self, data: bytes) -> bytes:
        """Return the plain bytes that `data` completes, perhaps none; b"" ends the input.

        Raises:
            TLSError: the peer broke TLS off, or sent a damaged record.
        """
        if self.below is not None:
            data = self.below.receive(data)
            if not data and not self.below.ended:
                return b""
        if data:
            self._incoming.write(data)
            return self._decrypt()
        # Nothing is lost here: all whole records have been decrypted. OpenSSL does not learn of the
        # end, since after one without close_notify it would resume the session no more, which
        # RFC 5246 section 7.2.1 no longer requires: many servers end their connections like that.
        if not self.ended:
            self.cut = self.ended = True
        return b""

    def _decrypt(self) -> bytes:
        parts: list[bytes] = []
        tls, incoming = self._object, self._incoming
        try:
            while part := tls.read(RECORD):
                parts.append(part)
                # To be told "not yet" by an exception would cost as much as the rest.
                if not incoming.pending and not tls.pending():
                    break
            else:
                self.ended = True
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            self.ended = True
        except ssl.SSLError as error:
            self.ended = True
            raise late_error(error, self.host) from error
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def send(self, data: bytes | memoryview) -> bytes:
        """Return the bytes that carry `data`.

        Raises:
            TLSError: the peer wants to negotiate again, or TLS has been broken off.
        """
        if data:
            try:
                self._object.write(data)
            except ssl.SSLWantReadError:
                raise TLSError(
                    f"expected {self.host!r} to keep its TLS session, got a renegotiation in it"
                ) from None
            except ssl.SSLError as error:
                raise late_error(error, self.host) from error
        return self.output()

    def output(self) -> bytes:
        """Return what TLS itself has to say to the peer; mostly b""."""
        data = self._outgoing.read() if self._outgoing.pending else b""
        if self.below is None:
            return data
        return self.below.send(data) if data else self.below.output()

    def farewell(self) -> bytes:
        """Return the bytes of TLS's own end: RFC 8446 section 6.1."""
        at_end, self.at_end = self.at_end, None
        if at_end is not None and (session := self.session) is not None:
            at_end(session)
        try:
            self._object.unwrap()
        except (ssl.SSLError, ValueError):
            pass  # it waits for the peer's own end, which nobody reads any more
        return self.output()
