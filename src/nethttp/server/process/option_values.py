"""The kinds of values that options have: how the command line writes them, and their bounds."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ...commandline import seconds
from ...wire import grammar

__all__ = [
    "ADDRESS",
    "BYTES",
    "COUNT",
    "FIELD",
    "FIELD_VALUE",
    "FILE",
    "HOST_NAME",
    "MODE",
    "ORIGIN",
    "PATH",
    "PORT",
    "PROTOCOL",
    "PROXY",
    "RIGHTS",
    "SECONDS",
    "USER",
    "WORD",
    "Kind",
    "is_origin",
]


class Kind(NamedTuple):
    """A kind of value."""

    metavar: str
    """What the help writes for a value: its unit, if it has one."""
    read: Callable[[str], Any] = str
    """Return the value that a word of the command line writes.

    Raises:
        argparse.ArgumentTypeError: it writes none.
    """
    least: float | None = None
    """The smallest number that a program may pass; None: values are not numbers."""


_ORIGIN = re.compile(r"\*|null|[a-z][a-z0-9+.-]*://[^/?#\s]+")


def is_origin(text: str) -> bool:
    """Return whether `text` is an origin, ``null``, or ``*`` for all.

    >>> is_origin("https://app.example"), is_origin("media")
    (True, False)
    """
    return _ORIGIN.fullmatch(text) is not None


def _origin(text: str) -> str:
    if not is_origin(text):
        raise argparse.ArgumentTypeError(
            f"expected an origin such as https://app.example, got {text!r}"
        )
    return text


#: Of what a browser sends, the port and the brackets are cut off, and no address needs an option.
_HOST_NAME = re.compile(r"\*|[A-Za-z0-9_][A-Za-z0-9_.-]*")


def _host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            "expected a name such as files.example.org, without scheme and port, or * for any, "
            f"got {text!r}"
        )
    return text


#: Fields that say how long a content is, which each response says for itself.
_FRAMING = ("content-length", "content-range", "transfer-encoding")


def _protocol(text: str) -> str:
    if text not in ("HTTP/1.0", "HTTP/1.1"):
        hint = f"; a port is written --port {text}" if text.isdecimal() else ""
        raise argparse.ArgumentTypeError(f"expected HTTP/1.0 or HTTP/1.1, got {text!r}{hint}")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def _proxy(text: str) -> str:
    from .proxies import TrustedProxies  # start-up: only some servers have one

    try:
        TrustedProxies([text])
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected an address, a network such as 10.0.0.0/8, or unix, got {text!r}"
        ) from None
    return text


def _path(text: str) -> str:
    if not text.startswith("/"):
        raise argparse.ArgumentTypeError(f"expected a path such as /alive, got {text!r}")
    return text


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return int(text)


def _size(text: str) -> int:
    """Return a size in bytes; K, M and G are powers of 1024."""
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
    digits = text if unit == 1 else text[:-1]
    if not (digits.isascii() and digits.isdigit()):
        raise argparse.ArgumentTypeError(f"expected bytes, such as 4096 or 10M, got {text!r}")
    return int(digits) * unit


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise argparse.ArgumentTypeError(f"expected three octal digits, such as 660, got {text!r}")
    return mode


def _field(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    value = value.strip(" \t")
    if not colon or not grammar.TOKEN.fullmatch(name) or not grammar.FIELD_VALUE.fullmatch(value):
        raise argparse.ArgumentTypeError(f"expected NAME:VALUE, got {text!r}")
    if name.lower() in _FRAMING:
        raise argparse.ArgumentTypeError(f"{name} is a field of each response's own")
    return name, value


def _field_value(text: str) -> str:
    if not grammar.FIELD_VALUE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"expected the value of a field, got {text!r}")
    return text


def _rights(text: str) -> tuple[Any, ...]:
    from ..files.accounts.grants import grants_of  # start-up: only a directory with rights has any

    try:
        return grants_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _user(text: str) -> tuple[str, str | None]:
    """Return a user's name and hash; without a hash it is a name alone."""
    from ..files.accounts.users import check_name, read_user  # start-up: only accounts need it

    try:
        if ":" not in text:
            check_name(text)
            return text, None
        return read_user(text)
    except ValueError as error:
        hint = "; a name alone has a password made for it"
        raise argparse.ArgumentTypeError(f"{error}{hint}") from None


WORD = Kind("WORD")
FILE = Kind("FILE")
HOST_NAME = Kind("NAME", _host_name)
PATH = Kind("PATH", _path)
FIELD = Kind("NAME:VALUE", _field)
FIELD_VALUE = Kind("VALUE", _field_value)
ORIGIN = Kind("=ORIGIN", _origin)
PROTOCOL = Kind("VERSION", _protocol)
PORT = Kind("PORT", _port)
PROXY = Kind("ADDRESS", _proxy)
RIGHTS = Kind("RIGHTS", _rights)
USER = Kind("USER[:HASH]", _user)
ADDRESS = Kind("ADDRESS")
SECONDS = Kind("SECONDS", seconds, 0)
BYTES = Kind("BYTES", _size, 0)
COUNT = Kind("N", _positive, 0)
MODE = Kind("MODE", _mode, 0)
