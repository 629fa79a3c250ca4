"""SHA-crypt: the hashes ``$5$`` and ``$6$`` of Unix password files, which `hashlib` does not have.

The algorithm is Ulrich Drepper's of 2007, in 22 steps; comments give their numbers.
"""

from __future__ import annotations

import hashlib
from itertools import cycle, islice

__all__ = ["sha_crypt"]

_DIGITS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

#: For each algorithm: the step from one group of three octets to the next, octets in such groups,
#: and the octets of the last group.
_ORDERS = {"sha256": (21, 30, (31, 30)), "sha512": (22, 63, (63,))}


def sha_crypt(password: bytes, salt: bytes, rounds: int, algorithm: str) -> str:
    """Return the hash of a password, as the last part of a line has it.

    `algorithm` is "sha256" for ``$5$``, "sha512" for ``$6$``; `salt` has 16 bytes at most. Each of
    `rounds` is one digest; 5000 are usual.

    >>> sha_crypt(b"Hello world!", b"saltstring", 5000, "sha256")
    '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'
    """

    def digest(*parts: bytes) -> bytes:
        return hashlib.new(algorithm, b"".join(parts)).digest()

    length = len(password)
    other = digest(password, salt, password)  # 4 to 8
    parts = [password, salt, _filled(other, length)]  # 1 to 3, 9, 10
    while length:  # 11
        parts.append(other if length & 1 else password)
        length >>= 1
    current = digest(*parts)  # 12
    repeated = _filled(digest(password * len(password)), len(password))  # 13 to 16
    salting = _filled(digest(salt * (16 + current[0])), len(salt))  # 17 to 20
    for number in range(rounds):  # 21
        current = digest(
            repeated if number & 1 else current,
            salting if number % 3 else b"",
            repeated if number % 7 else b"",
            current if number & 1 else repeated,
        )
    return _encoded(current, algorithm)  # 22


def _filled(block: bytes, length: int) -> bytes:
    return bytes(islice(cycle(block), length))


def _encoded(digest: bytes, algorithm: str) -> str:
    step, grouped, last = _ORDERS[algorithm]
    third = grouped // 3
    text = ""
    first = 0
    for _ in range(third):
        places = [(first + offset) % grouped for offset in (0, third, 2 * third)]
        text += _digits([digest[place] for place in places], 4)
        first = (first + step) % grouped
    return text + _digits([digest[place] for place in last], len(last) + 1)


def _digits(octets: list[int], count: int) -> str:
    """Return octets, the highest first, in `count` digits of 64, the lowest first."""
    value = int.from_bytes(bytes(octets), "big")
    return "".join(_DIGITS[value >> 6 * place & 63] for place in range(count))
