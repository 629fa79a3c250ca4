"""Hashes of passwords: `hash_password` makes one, `verifier` reads it and those of other programs.

``scrypt.15.8.1.SALT.HASH`` is made here, by RFC 7914. It has no character that a shell changes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

from .sha_crypt import sha_crypt

__all__ = [
    "MAX_PASSWORD",
    "UnknownHash",
    "Verify",
    "hash_password",
    "make_password",
    "verifier",
]

MAX_PASSWORD = 1024
"""Bytes of a password at most: a longer one is wrong before any work is done for it."""

#: 32 MiB and a tenth of a second of one core, the parameters that OWASP advises against stolen
#: files; log2(N), r, p.
_SCRYPT = (15, 8, 1)

MAX_SCRYPT = 20
"""log2(N) that a file may ask for: 1 GiB."""

MAX_ROUNDS = 1_000_000
"""Rounds of SHA-crypt that a file may ask for: about two seconds."""

MAX_BCRYPT = 16
"""log2 of the rounds of bcrypt that a file may ask for: about four seconds."""

Verify = Callable[[bytes], bool]
"""Return whether a password is the right one."""


#: Letters and digits that nobody mistakes for others; a phone's keyboard has them in lower case.
_TYPED = "abcdefghijkmnpqrstuvwxyz23456789"


class UnknownHash(ValueError):
    """A text is no hash that can be read here."""


def make_password() -> str:
    """Return a new password of 60 random bits, which people can type.

    >>> len(make_password()), make_password()[4]
    (14, '-')
    """
    return "-".join("".join(secrets.choice(_TYPED) for _ in range(4)) for _ in range(3))


def hash_password(password: str, *, cost: int = _SCRYPT[0]) -> str:
    """Return a hash of a password by scrypt, with a new salt; `cost` is log2(N).

    >>> verifier(hash_password("sesame", cost=4))(b"sesame")
    True

    Raises:
        ValueError: the password is empty, longer than `MAX_PASSWORD`, or was typed in no UTF-8.
    """
    try:
        encoded = password.encode()
    except UnicodeEncodeError:
        raise ValueError("expected a password in UTF-8, got other bytes") from None
    if not 0 < len(encoded) <= MAX_PASSWORD:
        raise ValueError(f"expected a password of 1 to {MAX_PASSWORD} bytes, got {len(encoded)}")
    salt = os.urandom(16)
    _, r, p = _SCRYPT
    derived = _scrypt(encoded, salt, cost, r, p)
    return f"scrypt.{cost}.{r}.{p}.{_text(salt)}.{_text(derived)}"


def verifier(text: str) -> Verify:
    """Return what compares passwords with a hash: scrypt, bcrypt, argon2, SHA-crypt or {SHA}.

    Raises:
        UnknownHash: it is none of them, or its library is missing.
    """
    for form in _FORMS:
        found = form.pattern.fullmatch(text)
        if found is not None:
            return form.read(found)
    kinds = "scrypt, bcrypt, argon2, SHA-crypt ($5$, $6$) or {SHA}"
    raise UnknownHash(f"expected a hash by {kinds}, as nethttp passwd makes it")


def _scrypt(password: bytes, salt: bytes, cost: int, r: int, p: int) -> bytes:
    memory = 128 * r * ((1 << cost) + p) + (1 << 20)
    return hashlib.scrypt(password, salt=salt, n=1 << cost, r=r, p=p, maxmem=memory, dklen=32)


def _read_scrypt(found: re.Match[str]) -> Verify:
    cost, r, p = map(int, found.group("cost", "r", "p"))
    if not (1 <= cost <= MAX_SCRYPT and 1 <= r <= 32 and 1 <= p <= 16):
        raise UnknownHash(f"expected parameters of scrypt up to {MAX_SCRYPT}.32.16")
    salt, derived = _octets(found["salt"]), _octets(found["hash"])
    return lambda password: hmac.compare_digest(_scrypt(password, salt, cost, r, p), derived)


def _read_sha_crypt(found: re.Match[str]) -> Verify:
    rounds = int(found["rounds"] or 5000)
    if not 1000 <= rounds <= MAX_ROUNDS:
        raise UnknownHash(f"expected 1000 to {MAX_ROUNDS} rounds, got {rounds}")
    algorithm = {"5": "sha256", "6": "sha512"}[found["kind"]]
    salt, digest = found["salt"].encode(), found["hash"]
    return lambda password: hmac.compare_digest(
        sha_crypt(password, salt, rounds, algorithm), digest
    )


def _read_sha(found: re.Match[str]) -> Verify:
    digest = base64.b64decode(found["hash"])
    return lambda password: hmac.compare_digest(hashlib.sha1(password).digest(), digest)


def _read_bcrypt(found: re.Match[str]) -> Verify:
    try:
        import bcrypt  # of the extra
    except ImportError:
        raise _missing("bcrypt") from None
    cost = int(found["cost"])
    if not 4 <= cost <= MAX_BCRYPT:
        raise UnknownHash(f"expected a cost of bcrypt from 4 to {MAX_BCRYPT}, got {cost}")
    hashed = found[0].encode()
    # bcrypt itself ends at 72 bytes, and the library refuses more.
    return lambda password: bcrypt.checkpw(password[:72], hashed)


def _read_argon2(found: re.Match[str]) -> Verify:
    try:
        import argon2  # of the extra
    except ImportError:
        raise _missing("argon2-cffi") from None
    hashed, hasher = found[0], argon2.PasswordHasher()

    def verify(password: bytes) -> bool:
        try:
            return hasher.verify(hashed, password)
        except argon2.exceptions.Argon2Error:
            return False

    return verify


def _missing(library: str) -> UnknownHash:
    return UnknownHash(f"this hash needs {library}: pip install 'nethttp[passwords]'")


class _Form(NamedTuple):
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Verify]


_FORMS = (
    _Form(
        re.compile(
            r"scrypt\.(?P<cost>\d{1,2})\.(?P<r>\d{1,2})\.(?P<p>\d{1,2})"
            r"\.(?P<salt>[\w-]{11,64})\.(?P<hash>[\w-]{43})",
            re.ASCII,
        ),
        _read_scrypt,
    ),
    _Form(
        re.compile(
            # Of the salt's last character two bits count, and the library refuses others.
            r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}",
            re.ASCII,
        ),
        _read_bcrypt,
    ),
    _Form(re.compile(r"\$argon2(?:id|i|d)\$[\w$,=+/.-]{20,300}", re.ASCII), _read_argon2),
    _Form(
        re.compile(
            r"\$(?P<kind>[56])\$(?:rounds=(?P<rounds>\d{1,9})\$)?(?P<salt>[^$:\s]{0,16})"
            r"\$(?P<hash>[./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})"
        ),
        _read_sha_crypt,
    ),
    _Form(re.compile(r"\{SHA\}(?P<hash>[A-Za-z0-9+/]{27}=)"), _read_sha),
)


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
