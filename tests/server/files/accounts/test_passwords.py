"""Hashes of passwords: what is made is read, and what other programs made."""

from __future__ import annotations

import sys

import argon2
import bcrypt
import pytest

from nethttp.server.files.accounts.passwords import UnknownHash, hash_password, verifier

HASHES = {
    "scrypt": hash_password("sesame", cost=4),
    "bcrypt": bcrypt.hashpw(b"sesame", bcrypt.gensalt(4)).decode(),
    "htpasswd -B": bcrypt.hashpw(b"sesame", bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$"),
    "argon2": argon2.PasswordHasher(time_cost=1, memory_cost=64).hash("sesame"),
}


@pytest.mark.parametrize("kind", ["scrypt", "bcrypt", "htpasswd -B", "argon2"])
def test_the_right_password_and_wrong_ones(kind):
    verify = verifier(HASHES[kind])
    assert verify(b"sesame")
    assert not verify(b"sesame ")
    assert not verify(b"")
    assert not verify(b"x" * 500)
    assert not verify(b"\xff\0")


def test_sha():
    verify = verifier("{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=")
    assert verify(b"test")
    assert not verify(b"Test")


def test_sha_crypt_with_and_without_rounds():
    text = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
    assert verifier(text)(b"Hello world!")
    with_rounds = verifier("$5$rounds=1000$saltstring$" + "." * 43)
    assert not with_rounds(b"Hello world!")


def test_each_hash_has_a_salt_of_its_own():
    assert hash_password("a", cost=4) != hash_password("a", cost=4)


@pytest.mark.parametrize("password", ["", "x" * 1025])
def test_a_password_that_is_empty_or_too_long(password):
    with pytest.raises(ValueError, match="1 to 1024 bytes"):
        hash_password(password)


def test_a_password_that_is_no_text():
    with pytest.raises(ValueError, match="expected a password in UTF-8"):
        hash_password("\udcff")


@pytest.mark.parametrize(
    "text",
    [
        *("", "sesame", "scrypt.15.8.1.x.y", "$1$salt$hash", "$apr1$a$b", "{SHA}x", "$2b$04$x"),
        "scrypt.21.8.1.AAAAAAAAAAAAAAAAAAAAAA." + "A" * 43,
        "scrypt.15.0.1.AAAAAAAAAAAAAAAAAAAAAA." + "A" * 43,
        "$5$rounds=999$salt$" + "." * 43,
        "$6$rounds=9999999$salt$" + "." * 86,
        "$2b$03$" + "." * 53,
        "$2b$17$" + "." * 53,
        pytest.param("$2b$04$" + "." * 21 + "/" + "." * 31, id="a salt that bcrypt refuses"),
        pytest.param(HASHES["scrypt"] + "\n", id="a line end behind a hash"),
    ],
)
def test_what_is_no_hash(text):
    with pytest.raises(UnknownHash):
        verifier(text)


@pytest.mark.parametrize(("library", "kind"), [("bcrypt", "bcrypt"), ("argon2", "argon2")])
def test_a_missing_library_is_named(monkeypatch, library, kind):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UnknownHash, match=r"nethttp\[passwords\]"):
        verifier(HASHES[kind])
