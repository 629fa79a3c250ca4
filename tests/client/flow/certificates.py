"""Certificates for tests: sound ones of an authority, and one for each way of not being sound."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Authority:
    """An authority of tests, whose certificate a client trusts by the file `path`."""

    def __init__(self, folder: Path) -> None:
        self.ca = trustme.CA()
        self.folder = folder
        self.path = folder / "authority.pem"
        self.ca.cert_pem.write_to_path(self.path)

    def server(self, *names: str, **given: object) -> ssl.SSLContext:
        """Return a server's context whose certificate for `names` is sound but for `given`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names, **given).configure_cert(context)  # type: ignore[arg-type]
        return context

    def client_files(self) -> tuple[str, str]:
        """Return the files of a client's certificate and of its key."""
        issued = self.ca.issue_cert("client@example.test")
        certificate, key = self.folder / "client.pem", self.folder / "client.key"
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        return str(certificate), str(key)


def built(folder: Path, issuer: Authority | None = None, **given: object) -> ssl.SSLContext:
    """Return a server's context with a certificate of which `given` says what is unusual.

    `names` (of SAN; default ``localhost``), `common_name`, `bits` of the key, `purpose`. It is
    signed by itself without `issuer`.
    """
    key = _key(given.get("bits", 2048))  # type: ignore[arg-type]
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, str(given.get("common_name", "test")))]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    names = given.get("names", ["localhost"])
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]),  # type: ignore[attr-defined]
            critical=False,
        )
    purpose = given.get("purpose", ExtendedKeyUsageOID.SERVER_AUTH)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)  # type: ignore[list-item]
    signer = key
    if issuer is None:
        builder = builder.issuer_name(subject)
    else:
        authority = x509.load_pem_x509_certificate(issuer.ca.cert_pem.bytes())
        builder = builder.issuer_name(authority.subject)
        signer = serialization.load_pem_private_key(issuer.ca.private_key_pem.bytes(), None)  # type: ignore[assignment]
    certificate = builder.sign(signer, hashes.SHA256())
    path = folder / f"{certificate.serial_number}.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(path)
    return context


@cache
def _key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def tls_peer(
    context: ssl.SSLContext, script: Callable[[ssl.SSLSocket], object]
) -> Callable[[object], None]:
    """Return a script that speaks TLS, and then runs `script`; a client may refuse it."""

    def serve(connection: object) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:  # type: ignore[arg-type]
                script(secured)
        except OSError:
            pass  # the client has refused the certificate, or has closed the connection

    return serve
