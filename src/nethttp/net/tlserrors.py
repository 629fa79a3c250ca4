"""What a failure of TLS means, and what to do about it, in one sentence each."""

from __future__ import annotations

from typing import Final

from ..errors import CertificateError, TLSError

__all__ = ["late_error", "tls_error"]

#: By the code of X509_verify_cert_error_string(3): what is wrong, and what to do.
_CERTIFICATE: Final = {
    9: (
        "is not valid yet",
        "check this machine's clock; if it is right, the server's certificate was issued too early",
    ),
    10: (
        "has expired",
        "the server's administrator must renew it; check this machine's clock too",
    ),
    18: (
        "is signed by itself, not by an authority",
        "if it is yours, pass its file as verify=",
    ),
    19: (
        "is signed by an authority that this machine does not trust",
        "if it is your company's or your proxy's, pass its certificate's file as verify=",
    ),
    20: (
        "is signed by an authority that this machine does not know",
        "pass its certificate's file as verify=; or else the server must send its intermediates",
    ),
    21: (
        "cannot be traced to an authority",
        "the server must send its intermediates; or pass the authority's file as verify=",
    ),
    23: ("was revoked", "the server's administrator must replace it"),
    26: (
        "is not one for servers",
        "the server's administrator must have one issued whose purpose is TLS servers",
    ),
    62: (
        "is for another host",
        "check the host's spelling; else the server's administrator must add this name",
    ),
    64: (
        "is for another address",
        "use the host's name; else the server's administrator must add this address",
    ),
    66: ("has a key that is too weak", "the server's administrator must use a longer one"),
    67: (
        "is signed by an authority whose key is too weak",
        "the authority must issue it with a longer key",
    ),
    68: (
        "is signed with a hash that is too weak",
        "the authority must issue it with SHA-256 or better",
    ),
}  # fmt: skip
_CERTIFICATE_BY_DEFAULT: Final = (
    "cannot be verified",
    "the server's administrator must mend it",
)

_OLD: Final = (
    "speaks no version of TLS from 1.2 on",
    "its administrator must turn on TLS 1.3; for an old device pass an ssl.SSLContext as verify=",
)
_NOT_TLS: Final = (
    "does not speak TLS at this port",
    "check the port, or whether the URL should begin with http://",
)
_WANTS_CERTIFICATE: Final = (
    "wants a certificate of this client",
    "pass the certificate's and the key's file as cert=",
)
_REFUSES_CERTIFICATE: Final = (
    "refuses this client's certificate",
    "check that the one passed as cert= is valid, and issued by an authority the server trusts",
)
_CUT: Final = (
    "ended the connection within the handshake",
    "look into the server's log; a firewall, or a server that does not know this name, does so",
)

#: By the reason that OpenSSL gives.
_REASONS: Final = {
    "WRONG_VERSION_NUMBER": _NOT_TLS,
    "HTTP_REQUEST": _NOT_TLS,
    "HTTPS_PROXY_REQUEST": _NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": _NOT_TLS,
    "RECORD_LAYER_FAILURE": _NOT_TLS,
    "UNKNOWN_PROTOCOL": _NOT_TLS,
    "UNSUPPORTED_PROTOCOL": _OLD,
    "NO_PROTOCOLS_AVAILABLE": _OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _OLD,
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": _OLD,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "found no cipher, key or certificate that both sides accept",
        "if it wants a certificate of this client, pass it as cert=",
    ),
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": (
        "found this client's ciphers too weak",
        "if you pass an ssl.SSLContext, let it offer stronger ciphers",
    ),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _WANTS_CERTIFICATE,
    "SSLV3_ALERT_BAD_CERTIFICATE": _REFUSES_CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _REFUSES_CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_REVOKED": _REFUSES_CERTIFICATE,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _REFUSES_CERTIFICATE,
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": _REFUSES_CERTIFICATE,
    "TLSV1_ALERT_UNKNOWN_CA": _REFUSES_CERTIFICATE,
    "TLSV1_ALERT_DECRYPT_ERROR": _REFUSES_CERTIFICATE,
    "TLSV1_ALERT_ACCESS_DENIED": _REFUSES_CERTIFICATE,
    "TLSV1_UNRECOGNIZED_NAME": (
        "does not serve a host of this name",
        "check the name; behind a proxy or by address, pass the right one as server_hostname",
    ),
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": (
        "does not offer HTTP/1.1 over TLS (ALPN)",
        "its administrator must turn on HTTP/1.1 beside HTTP/2",
    ),
    "DH_KEY_TOO_SMALL": (
        "uses a key exchange that is too weak",
        "its administrator must turn on ECDHE, or Diffie-Hellman of 2048 bits",
    ),
    "BAD_DH_VALUE": (
        "uses a key exchange that is not sound",
        "its administrator must renew the server's TLS library",
    ),
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": (
        "lacks secure renegotiation (RFC 5746)",
        "its administrator must renew the server's TLS library",
    ),
    "UNEXPECTED_EOF_WHILE_READING": _CUT,
}


_DAMAGED: Final = (
    "sent a TLS record that is damaged",
    "something between it and this client changes bytes, or the server has a fault",
)

#: What a reason means after the handshake, where that is something else.
_LATE: Final = {
    # This client does not negotiate twice (RFC 5246 section 7.4.1.1): TLS 1.3 has abolished it.
    "SSLV3_ALERT_HANDSHAKE_FAILURE": (
        "broke TLS off after the handshake",
        "if it negotiates again, as some do for a client's certificate, it must turn on TLS 1.3",
    ),
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": _DAMAGED,
    "RECORD_LAYER_FAILURE": _DAMAGED,
    "WRONG_VERSION_NUMBER": _DAMAGED,
}


def late_error(error: Exception, host: str) -> TLSError:
    """Return the error for a failure of TLS after the handshake, with what to do about it.

    Most are those of the handshake: with TLS 1.3 a server judges the client's certificate after it
    (RFC 8446 section 4.4.2.4).
    """
    late = _LATE.get(getattr(error, "reason", None) or "")
    if late is None:
        return tls_error(error, host)
    what, remedy = late
    return TLSError(f"{host!r} {what}; {remedy}", phase="tls")


def tls_error(error: Exception, host: str) -> TLSError:
    """Return the error for one of the ssl module's, which met `host`, with what to do about it.

    >>> import ssl
    >>> failure = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    >>> failure.reason = "WRONG_VERSION_NUMBER"
    >>> str(tls_error(failure, "example.com")).partition(";")[0]
    "'example.com' does not speak TLS at this port (wrong version number)"
    """
    kind = TLSError
    reason = getattr(error, "reason", None) or _reason_in(str(error))
    detail = str(getattr(error, "verify_message", "")) or reason.lower().replace("_", " ")
    code = getattr(error, "verify_code", None)
    if code is not None:
        kind = CertificateError
        what, remedy = _CERTIFICATE.get(code, _CERTIFICATE_BY_DEFAULT)
        what = f"'s certificate {what}"
    elif reason in _REASONS:
        what, remedy = _REASONS[reason]
        what = f" {what}"
    else:
        what = " and this client could not agree on TLS"
        remedy = "look into the server's log"
        detail = detail or str(error)
    raised = kind(f"{host!r}{what} ({detail}); {remedy}", phase="tls")
    raised.errno = getattr(error, "errno", None)
    return raised


def _reason_in(message: str) -> str:
    """Return the reason that a message spells out: OpenSSL has more of them than Python knows."""
    words = message.upper().replace(" ", "_")
    return next((reason for reason in _REASONS if reason in words), "")
