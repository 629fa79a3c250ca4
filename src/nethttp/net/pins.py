"""Pins: the public keys that a program expects of a server, beside a valid certificate.

A pin is the SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 5280 section 4.1), in base64 after
``sha256/``: the form of RFC 7469, of curl (``sha256//``) and of OkHttp. It stays the same when a
certificate is renewed with its key.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, TypeAlias

__all__ = ["PinSource", "Pins", "pin_of", "pins_for", "pins_of"]

PinSource: TypeAlias = str | Iterable[str] | Mapping[str, str | Iterable[str]]
"""A pin or several, of all servers; or those of each host. ``*.example.com`` stands for all names
below ``example.com``."""

Pins: TypeAlias = tuple[tuple[str, frozenset[str]], ...]
"""Hosts and their pins, as settings keep them."""

_PIN: Final = re.compile("sha256//?([A-Za-z0-9+/]{43}=)")


def pins_of(given: PinSource) -> Pins:
    """Return pins as settings keep them.

    >>> pins_of({"Example.com": "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="})
    (('example.com', frozenset({'sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='})),)

    Raises:
        TypeError: it is none of the forms of `PinSource`.
        ValueError: a pin is malformed, or a host has none.
    """
    if isinstance(given, str) or not isinstance(given, Mapping):
        given = {"*": given}
    return tuple((_host(host), _checked(host, pins)) for host, pins in given.items())


def _host(host: str) -> str:
    if not isinstance(host, str):
        raise TypeError(f"expected pins by names of hosts, got {host!r:.80}")
    return host.lower().removesuffix(".")


def _checked(host: str, pins: str | Iterable[str]) -> frozenset[str]:
    found = [pins] if isinstance(pins, str) else pins
    if not isinstance(found, Iterable):
        raise TypeError(f"expected pins as 'sha256/...' or a list of these, got {found!r:.80}")
    checked = set()
    for pin in found:
        match = _PIN.fullmatch(pin) if isinstance(pin, str) else None
        if match is None:
            raise ValueError(
                f"expected a pin as 'sha256/' and the base64 of 32 bytes, got {pin!r:.80}"
            )
        checked.add(f"sha256/{match[1]}")
    if not checked:
        raise ValueError(f"expected at least one pin for {host!r}, got none")
    return frozenset(checked)


def pins_for(pins: Pins, host: str) -> frozenset[str]:
    """Return the pins of which a server at `host` must have one; none: it may have any key.

    >>> pins = pins_of({"*.b.de": "sha256/" + 43 * "A" + "=", "b.de": "sha256/" + 43 * "B" + "="})
    >>> [len(pins_for(pins, host)) for host in ("a.b.de", "b.de", "c.de")]
    [1, 1, 0]
    """
    name = host.lower().removesuffix(".")
    found: frozenset[str] = frozenset()
    for pattern, expected in pins:
        if pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:])):
            found |= expected
    return found


def pin_of(certificate: bytes) -> str:
    """Return the pin of a certificate in DER.

    Raises:
        ValueError: it is no certificate.
    """
    return "sha256/" + b64encode(sha256(_public_key_info(certificate)).digest()).decode()


#: The fields of a certificate's first part before its key, without the optional version: serial
#: number, signature, issuer, validity, subject. RFC 5280 section 4.1.
_BEFORE_THE_KEY: Final = 5
_VERSION: Final = 0xA0


def _public_key_info(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a certificate, both in DER."""
    try:
        at, _ = _inside(certificate, 0)  # the certificate
        at, _ = _inside(certificate, at)  # its first part, which is what is signed
        if certificate[at] == _VERSION:
            at = _inside(certificate, at)[1]
        for _ in range(_BEFORE_THE_KEY):
            at = _inside(certificate, at)[1]
        end = _inside(certificate, at)[1]
    except IndexError:
        raise ValueError("expected a certificate in DER, got something else") from None
    return certificate[at:end]


def _inside(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the DER element at a place begins, and where it ends.

    X.690 section 8.1.3: a length of up to 127 is one byte; else that byte says of how many it is.
    """
    length = data[at + 1]
    start = at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count], "big")
        start += count
    if start + length > len(data):
        raise IndexError(at)
    return start, start + length
