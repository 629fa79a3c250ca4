"""The pure twin: writes heads, RFC 9112 sections 3 to 5, and refuses invalid ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NoReturn

from ...errors import LocalProtocolError, excerpt
from .. import grammar
from ..fields import FieldLines

__all__ = [
    "serialise_fields",
    "serialise_request_fields",
    "serialise_request_head",
    "serialise_response_head",
]

_FIELD_OCTETS = bytes(c for c in range(256) if c == 9 or (c >= 0x20 and c != 0x7F))
_UNDANGEROUS_OCTETS = bytes(c for c in range(256) if c not in b"\r\n\0")


@lru_cache(maxsize=1024)
def _check_name(name: str) -> None:
    if not grammar.TOKEN.fullmatch(name):
        raise LocalProtocolError(
            f"Invalid header name {excerpt(name)}: expected a token (RFC 9110 section 5.1)"
        )


def serialise_fields(fields: FieldLines, /) -> bytes:
    """Return the field lines as bytes, each with its CRLF, without the final empty line.

    Raises:
        LocalProtocolError: a name is not a token, or a value has a control character. RFC 9110
            section 5.5.
        UnicodeEncodeError: a value has characters outside ISO-8859-1.

    >>> serialise_fields([("Host", "a"), ("Accept", "*/*")])
    b'Host: a\\r\\nAccept: */*\\r\\n'
    """
    return _serialise(fields, _FIELD_OCTETS, "visible characters, spaces and tabs of ISO-8859-1")


def serialise_request_fields(fields: FieldLines, /) -> bytes:
    """Return what `serialise_fields` does; a value may have any octet except CR, LF and NUL.

    A client returns a cookie unchanged, and some servers set cookies with control characters. RFC
    9110 section 5.5 lets a recipient keep those.

    Raises:
        LocalProtocolError: a name is not a token, or a value has CR, LF or NUL.
        UnicodeEncodeError: a value has characters outside ISO-8859-1.

    >>> serialise_request_fields([("Cookie", "a=EnS\\x01ok")])
    b'Cookie: a=EnS\\x01ok\\r\\n'
    """
    return _serialise(fields, _UNDANGEROUS_OCTETS, "no CR, LF or NUL")


def _serialise(fields: FieldLines, octets: bytes, expected: str) -> bytes:
    lines = tuple(fields)  # what is checked is what is written, whatever another thread changes
    for name, _ in lines:
        _check_name(name)
    try:
        data = "".join([f"{name}: {value}\r\n" for name, value in lines]).encode("latin-1")
    except UnicodeEncodeError:
        _refuse_values(lines, octets, expected)
    # Without the valid octets, only the line ends that were added here may be left.
    if data.translate(None, octets) != b"\r\n" * len(lines):
        _refuse_values(lines, octets, expected)
    return data


def _refuse_values(fields: Iterable[tuple[str, str]], octets: bytes, expected: str) -> NoReturn:
    for name, value in fields:
        try:
            data = value.encode("latin-1")
        except UnicodeEncodeError as error:
            raise UnicodeEncodeError(
                error.encoding,
                error.object,
                error.start,
                error.end,
                f"the value of {name} goes in ISO-8859-1 (RFC 9110 section 5.5): encode it first",
            ) from None
        if data.translate(None, octets):
            raise LocalProtocolError(
                f"Invalid header value {excerpt(value)} of {name}: expected {expected} "
                "(RFC 9110 section 5.5)"
            )
    raise AssertionError("a field section with only valid values was refused")


def serialise_request_head(method: str, target: str, fields: FieldLines, /) -> bytes:
    """Return the head of an HTTP/1.1 request as bytes, its empty line included.

    Raises:
        LocalProtocolError: the method is not a token, the target has characters other than visible
            ASCII, or as `serialise_fields`. RFC 9112 section 3.

    >>> serialise_request_head("GET", "/", [("Host", "a")])
    b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'
    """
    if not grammar.TOKEN.fullmatch(method):
        raise LocalProtocolError(
            f"Invalid method {excerpt(method)}: expected a token (RFC 9110 section 9.1)"
        )
    if not grammar.TARGET.fullmatch(target):
        raise LocalProtocolError(
            f"Invalid target {excerpt(target)}: expected visible ASCII, the rest percent-encoded "
            "(RFC 9112 section 3.2)"
        )
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (
        method.encode("ascii"),
        target.encode("ascii"),
        serialise_fields(fields),
    )


def serialise_response_head(status: int, reason: str, fields: FieldLines, /) -> bytes:
    """Return the head of an HTTP/1.1 response as bytes, its empty line included.

    Raises:
        LocalProtocolError: the status does not have three digits, the reason has a control
            character, or as `serialise_fields`. RFC 9112 section 4.

    >>> serialise_response_head(204, "No Content", [])
    b'HTTP/1.1 204 No Content\\r\\n\\r\\n'
    """
    if not 100 <= status <= 999:
        raise LocalProtocolError(
            f"Invalid status {status}: expected three digits (RFC 9110 section 15)"
        )
    if not grammar.FIELD_VALUE.fullmatch(reason):
        raise LocalProtocolError(
            f"Invalid reason {excerpt(reason)}: expected visible characters, spaces and tabs of "
            "ISO-8859-1 (RFC 9112 section 4)"
        )
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (
        status,
        reason.encode("latin-1"),
        serialise_fields(fields),
    )
