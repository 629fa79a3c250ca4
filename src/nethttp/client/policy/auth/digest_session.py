"""The computations of Digest: what a challenge becomes, and the answers to it. RFC 7616 section 3.

A `Session` is what one challenge has opened: its nonce, how often it was used, and the hash of the
password. It computes the credentials of each request and checks the server's proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from hmac import compare_digest
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import quote

from ....wire.values import parse_list
from .challenges import Challenge, credentials, quoted

__all__ = ["Session", "Use", "strongest"]

#: The hash of each algorithm, the strongest last. RFC 7616 section 6.1.
_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_STRENGTH = {name: place for place, name in enumerate(_HASHES)}

CNONCE = 8
"""How many random bytes the client's nonce has: at least 64 bits of entropy, section 5.12."""

MAX_COUNT = 0xFFFF_FFFF
"""How often a nonce can be used: its count has eight hexadecimal digits."""


class Use(NamedTuple):
    """One use of a nonce: what a request's credentials and the server's proof are computed from."""

    nonce: str
    uses: str
    """How often the nonce was used until now, in eight hexadecimal digits."""
    cnonce: str
    qop: str
    target: str


def strongest(challenges: Iterable[Challenge], qop: str | None) -> Challenge | None:
    """Return the Digest challenge of the strongest algorithm that can be answered, or None.

    With `qop` only those that offer this quality of protection count. RFC 7616 section 3.7.
    """
    able = [each for each in challenges if _is_answerable(each, qop)]
    return max(able, key=lambda each: _STRENGTH[_algorithm(each.parameters)[0]], default=None)


def _is_answerable(challenge: Challenge, qop: str | None) -> bool:
    parameters = challenge.parameters
    return (
        challenge.scheme == "digest"
        and "nonce" in parameters
        and "realm" in parameters
        and _hash_name(_algorithm(parameters)[0]) is not None
        and _chosen_qop(parameters, qop) is not None
    )


def _algorithm(parameters: Mapping[str, str]) -> tuple[str, bool]:
    """Return the algorithm's name in upper case without -SESS, and whether it had that."""
    name = parameters.get("algorithm", "MD5").upper()
    return name.removesuffix("-SESS"), name.endswith("-SESS")


def _hash_name(algorithm: str) -> str | None:
    """Return hashlib's name of an algorithm's hash, None if this machine does not have it."""
    name = _HASHES.get(algorithm)
    return name if name in hashlib.algorithms_available else None


def _chosen_qop(parameters: Mapping[str, str], wanted: str | None) -> str | None:
    """Return the quality of protection to answer with: "" for RFC 2069's, None if none is known.

    "auth" is preferred: its proof needs no body.
    """
    if "qop" not in parameters:
        return None if wanted else ""
    offered = [each.lower() for each in parse_list(parameters["qop"])]
    return next((q for q in ("auth", "auth-int") if q in offered and wanted in (None, q)), None)


class Session:
    """What a challenge has opened, for one user: credentials for requests, until a new challenge.

    The owner holds its lock while it calls `use` or `renew`.
    """

    __slots__ = (
        *("_challenge", "_cnonce", "_hash_name", "_secret", "_username"),
        *("count", "nonce", "paths", "qop"),
    )

    def __init__(
        self,
        challenge: Challenge,
        username: bytes,
        password: bytes,
        paths: tuple[str, ...] = (),
        qop: str | None = None,
    ) -> None:
        parameters = challenge.parameters
        algorithm, is_sess = _algorithm(parameters)
        hash_name = _hash_name(algorithm)
        chosen = _chosen_qop(parameters, qop)
        assert hash_name is not None  # `strongest` has seen to it
        assert chosen is not None
        self._challenge = parameters
        self._hash_name = hash_name
        self.qop = chosen
        self.paths = paths
        """What the targets of the protection space begin with; empty: all targets are in it."""
        self.nonce = parameters["nonce"]
        self.count = 0
        """How many requests were given credentials of this nonce."""
        realm = parameters["realm"].encode("latin-1", "replace")
        self._username = self._username_parameters(username, realm)
        secret = self._hash(b"%b:%b:%b" % (username, realm, password))
        # With -sess the hash is made once, of the first nonces, and outlives them: section 3.4.2.
        self._cnonce = token_hex(CNONCE) if is_sess else None
        if self._cnonce is not None:
            secret = self._hash(_joined(secret, self.nonce, self._cnonce))
        self._secret = secret

    def _username_parameters(self, username: bytes, realm: bytes) -> dict[str, str]:
        """Return the user's name as the challenge wants it: plain, encoded or hashed. 3.4.4."""
        if self._challenge.get("userhash", "").lower() == "true":
            hashed = self._hash(b"%b:%b" % (username, realm))
            return {"username": quoted(hashed), "userhash": "true"}
        if username.isascii():
            return {"username": quoted(username.decode("ascii"))}
        if self._challenge.get("charset", "").lower() == "utf-8":
            return {"username*": f"UTF-8''{quote(username, safe='')}"}
        return {"username": quoted(username.decode("latin-1"))}

    @property
    def is_used_up(self) -> bool:
        """Whether the nonce cannot be counted further."""
        return self.count >= MAX_COUNT

    def use(self, target: str) -> Use:
        """Count a request to `target`, and return what its credentials are computed from."""
        self.count += 1
        cnonce = self._cnonce or token_hex(CNONCE)
        return Use(self.nonce, f"{self.count:08x}", cnonce, self.qop, target)

    def hasher(self) -> hashlib._Hash:
        """Return a hash of the session's algorithm, for the body that auth-int protects."""
        return hashlib.new(self._hash_name, usedforsecurity=False)

    def credentials(self, given: Use, method: str, body_hash: str) -> str:
        """Return the Authorization value of a request; auth-int alone uses `body_hash`. 3.4.1."""
        response = self._response(given, method, body_hash)
        parameters = {
            **self._username,
            "realm": quoted(self._challenge["realm"]),
            "nonce": quoted(given.nonce),
            "uri": quoted(given.target),
            "response": quoted(response),
        }
        if "algorithm" in self._challenge:
            parameters["algorithm"] = self._challenge["algorithm"]
        if "opaque" in self._challenge:
            parameters["opaque"] = quoted(self._challenge["opaque"])
        if given.qop:
            parameters |= {"qop": given.qop, "nc": given.uses, "cnonce": quoted(given.cnonce)}
        elif self._cnonce is not None:
            parameters["cnonce"] = quoted(given.cnonce)
        return credentials("Digest", parameters)

    def is_proof(self, told: Mapping[str, str], given: Use, body_hash: str) -> bool:
        """Return whether the ``rspauth`` that the server told shows that it knows the password.

        `body_hash` is of the response's body. RFC 7616 section 3.5.
        """
        same = all(
            told.get(name, expected).lower() == expected.lower()
            for name, expected in (("cnonce", given.cnonce), ("nc", given.uses))
        )
        # The server's proof is computed as if the method were empty.
        expected = self._response(given, "", body_hash).encode()
        return same and compare_digest(told["rspauth"].lower().encode("latin-1"), expected)

    def renew(self, nonce: str) -> None:
        """Count from 1 again, with the server's next `nonce`. RFC 7616 section 3.5."""
        if nonce != self.nonce:
            self.nonce = nonce
            self.count = 0

    def _hash(self, data: bytes) -> str:
        state = self.hasher()
        state.update(data)
        return state.hexdigest()

    def _response(self, given: Use, method: str, body_hash: str) -> str:
        parts: tuple[str, ...] = (method, given.target)
        if given.qop == "auth-int":
            parts += (body_hash,)
        resource = self._hash(_joined(*parts))
        if not given.qop:  # RFC 2069, as RFC 2617 section 3.2.2.1 keeps it
            return self._hash(_joined(self._secret, given.nonce, resource))
        return self._hash(
            _joined(self._secret, given.nonce, given.uses, given.cnonce, given.qop, resource)
        )


def _joined(*parts: str) -> bytes:
    """Return `parts` with colons between them, as the bytes that are on the wire."""
    return ":".join(parts).encode("latin-1", "replace")
