"""Which file of a TLS server is wrong, and how."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import trustme

from nethttp.errors import reason_of
from nethttp.server.process.certificate import TLSFiles


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    for name in ("one", "two"):
        issued = authority.issue_cert("localhost")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
    from cryptography.hazmat.primitives import serialization as pem

    key = pem.load_pem_private_key((folder / "one.key").read_bytes(), None)
    encrypted = key.private_bytes(
        pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.BestAvailableEncryption(b"secret")
    )
    (folder / "encrypted.key").write_bytes(encrypted)
    (folder / "junk").write_text("junk")
    (folder / "damaged.pem").write_text(
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    )
    return folder


@pytest.mark.parametrize(
    ("certificate", "key", "password", "authorities", "said"),
    [
        ("away.pem", "one.key", None, None, "{0}/away.pem cannot be read"),
        ("one.pem", "away.key", None, None, "{0}/away.key cannot be read"),
        ("junk", None, None, None, "{0}/junk has no certificate in PEM format"),
        (
            *("one.pem", None, None, None),
            "{0}/one.pem has no private key in PEM format; --tls-key names the file that has it",
        ),
        ("one.pem", "junk", None, None, "{0}/junk has no private key in PEM format"),
        (
            *("one.pem", "two.key", None, None),
            "the private key in {0}/two.key is not that of the certificate in {0}/one.pem",
        ),
        (
            *("one.pem", "encrypted.key", None, None),
            "the private key in {0}/encrypted.key needs a password (--tls-password-file)",
        ),
        (
            *("one.pem", "encrypted.key", b"wrong", None),
            "the password does not open the private key in {0}/encrypted.key",
        ),
        ("one.pem", "one.key", None, "junk", "{0}/junk has no certificate in PEM format"),
        ("damaged.pem", "one.key", None, None, "{0}/damaged.pem or {0}/one.key is damaged: "),
    ],
)
def test_the_file_that_is_wrong_is_named(folder, certificate, key, password, authorities, said):
    files = TLSFiles(
        str(folder / certificate),
        key and str(folder / key),
        password,
        authorities and str(folder / authorities),
    )
    with pytest.raises(OSError) as refused:  # of several types
        files.context()
    said = "cannot use the certificate: " + said.format(folder)
    assert reason_of(refused.value).startswith(said)


def test_good_files_are_used(folder):
    TLSFiles(str(folder / "one.pem"), str(folder / "encrypted.key"), b"secret").context()


def test_a_renewal_says_it_too_and_the_old_certificate_is_used(folder, tmp_path):
    certificate = tmp_path / "cert.pem"
    certificate.write_bytes((folder / "one.pem").read_bytes())
    command = [sys.executable, "-m", "nethttp.server", "--port", "0", "--directory", str(tmp_path)]
    files = ["--tls-cert", str(certificate), "--tls-key", str(folder / "one.key")]
    process = subprocess.Popen(
        [*command, *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert "https://" in process.stdout.readline()
        certificate.write_text("junk")
        process.send_signal(signal.SIGHUP)
        reason, verdict = process.stderr.readline(), process.stderr.readline()
    finally:
        process.terminate()
        process.communicate(timeout=30)
    said = f"cannot use the certificate: {certificate} has no certificate in PEM format\n"
    assert reason.endswith(said)
    assert verdict.endswith("the new workers cannot start; the old ones go on\n")
    assert process.returncode == 0
