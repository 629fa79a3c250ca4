"""A self-signed certificate for one run of the server: HTTPS while developing."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
from collections.abc import Iterable

__all__ = ["write_certificate"]

VALID = datetime.timedelta(days=30)

_LOCAL = ("localhost", "127.0.0.1", "::1")


def write_certificate(path: str, hosts: Iterable[str] = ()) -> str:
    """Write a certificate for this machine and its key to `path`; return its SHA-256 fingerprint.

    It is valid for 30 days, for localhost and its addresses, the machine's name and `hosts`. Only
    this user can read the file, because it has the key.

    Raises:
        ImportError: without the library `cryptography`.
    """
    from cryptography import x509  # an extra
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    names = dict.fromkeys([*_LOCAL, socket.gethostname(), *(host for host in hosts if host)])
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nethttp self-signed")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _general_name(name: str):  # type: ignore[no-untyped-def]  # of a library that may be missing
    from cryptography import x509  # an extra

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
