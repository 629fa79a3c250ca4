"""`Users`: names with the hashes of their passwords, from the command line or from a file."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping

from .passwords import MAX_PASSWORD, UnknownHash, verifier

__all__ = ["RESERVED", "Users", "check_name", "read_user", "read_users"]

RESERVED = "users"
"""The name that means each user in a rule, so that no user has it."""

MAX_FILE = 1 << 20
"""Bytes of a file of users."""


def read_user(line: str) -> tuple[str, str]:
    """Return the name and the hash in ``name:hash``.

    The messages never have the line: it may hold a password.

    >>> read_user("ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=")[0]
    'ann'

    Raises:
        ValueError: there is no such name or hash.
    """
    name, colon, text = line.strip().partition(":")
    if not colon or not name:
        raise ValueError("expected USER:HASH, as nethttp passwd prints it")
    check_name(name)
    try:
        verifier(text)
    except UnknownHash as error:
        hint = "; a shell changes $ outside of single quotes" if "$" not in text else ""
        raise ValueError(f"user {name}: {error}{hint}") from None
    return name, text


def check_name(name: str) -> None:
    """Check that a user may have a name.

    Raises:
        ValueError: it is empty or reserved, has a character that a rule or a log line needs, or
            would begin a comment in a file.
    """
    if (
        not name
        or name == RESERVED
        or name.startswith("#")
        or not name.isprintable()
        or set(name) & set(",=@: ")
    ):
        raise ValueError(
            "expected a user's name without blank, comma, colon, = and @, with no # in front, and "
            f"not {RESERVED!r}, got {name!r}"
        )


def read_users(path: str) -> dict[str, str]:
    """Return names and hashes of a file with ``name:hash`` lines, such as htpasswd's.

    Empty lines and those that begin with ``#`` mean nothing.

    Raises:
        ValueError: a line is none, or a name occurs twice.
        OSError: the file cannot be read.
    """
    with open(path, encoding="utf-8") as file:
        try:
            text = file.read(MAX_FILE + 1)
        except UnicodeDecodeError:
            raise ValueError(f"{path}: expected UTF-8, got other bytes") from None
    if len(text) > MAX_FILE:
        raise ValueError(f"{path}: expected at most {MAX_FILE} characters")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            name, hashed = read_user(line)
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
        if name in found:
            raise ValueError(f"{path}, line {number}: the user {name} occurs twice")
        found[name] = hashed
    return found


class Users:
    """Users by name; `hashes` has one of each.

    >>> users = Users({"ann": "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="})
    >>> users.check("ann", b"test"), users.check("ann", b"x"), users.check("bob", b"test")
    (True, False, False)

    Raises:
        ValueError: there are none, or one of the hashes cannot be read.
    """

    def __init__(self, hashes: Mapping[str, str]) -> None:
        if not hashes:
            raise ValueError("expected at least one user")
        self._verifiers = {name: verifier(text) for name, text in hashes.items()}
        self._stamps = {
            name: hashlib.blake2b(text.encode(), digest_size=16).digest()
            for name, text in hashes.items()
        }
        self._names = sorted(hashes)
        self._key = os.urandom(32)

    def __iter__(self) -> Iterable[str]:
        """Return an iterator over the names."""
        return iter(self._names)

    def stamp(self, name: str) -> bytes | None:
        """Return what changes with a user's password; None for no user."""
        return self._stamps.get(name)

    def check(self, name: str, password: bytes) -> bool:
        """Return whether it is the user's password.

        For a name that nobody has, the same work is done: the password is compared with the hash of
        a user that belongs to this name while the process runs.
        """
        if not 0 < len(password) <= MAX_PASSWORD:
            return False
        verify = self._verifiers.get(name)
        known = verify is not None
        if verify is None:
            place = hmac.digest(self._key, name.encode("utf-8", "surrogateescape"), "sha256")
            number = int.from_bytes(place, "big") % len(self._names)
            verify = self._verifiers[self._names[number]]
        return verify(password) and known
