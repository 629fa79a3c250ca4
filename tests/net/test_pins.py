"""Pins: the same that other programs make of a certificate, and never an error of another kind."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from nethttp.net.pins import pin_of, pins_for, pins_of

A, B = ("sha256/" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def certificate(key, names=1):
    subject = x509.Name(
        [x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "x" * 60)] * names
    )
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


KEYS = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("names", [1, 2, 1200])
def test_a_pin_is_the_hash_of_the_key(kind, names):
    key = KEYS[kind]()
    info = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    expected = base64.b64encode(hashlib.sha256(info).digest()).decode()
    assert pin_of(certificate(key, names)) == f"sha256/{expected}"


SOUND = certificate(KEYS["ed25519"]())


@given(st.binary() | st.integers(0, len(SOUND) - 1).map(lambda end: SOUND[:end]))
def test_what_is_no_certificate_is_refused(data):
    with pytest.raises(ValueError, match="expected a certificate"):
        pin_of(data)


def test_hosts_have_pins():
    pins = pins_of({"a.de": A, "*.a.de": [B], "B.de.": {A, B}})
    assert pins_for(pins, "A.de.") == {A}
    assert pins_for(pins, "x.y.a.de") == {B}
    assert pins_for(pins, "xa.de") == frozenset()
    assert pins_for(pins, "b.de") == {A, B}
    assert pins_for(pins_of(A), "any") == pins_for(pins_of([A]), "any") == {A}
    assert hash(pins) == hash(pins_of({"a.de": [A], "*.a.de": B, "b.de": [B, A]}))


def test_curls_form_is_the_same():
    assert pins_of(A.replace("/", "//", 1)) == pins_of(A)


@pytest.mark.parametrize(
    ("given_pins", "error"),
    [
        ("sha1/" + A[7:], ValueError),
        (A[:-1], ValueError),
        (A[7:], ValueError),
        ([], ValueError),
        ({"a.de": []}, ValueError),
        ([b"x"], ValueError),
        (7, TypeError),
        ({7: A}, TypeError),
        ({"a.de": None}, TypeError),
    ],
)
def test_what_is_no_pin_is_refused(given_pins, error):
    with pytest.raises(error, match="expected"):
        pins_of(given_pins)
