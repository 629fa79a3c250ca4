"""The first property: the pure twin and the C twin have the same results and exceptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nethttp.errors import LocalProtocolError, RemoteProtocolError
from nethttp.wire.h1 import _head_c, _head_py
from nethttp.wire.limits import Limits

__all__ = ["check_block", "check_cookie_field", "check_writing", "outcome"]

PARSERS = (
    "parse_request_head",
    "parse_request_line",
    "parse_response_head",
    "parse_status_line",
    "parse_field_section",
    "parse_lenient_field_section",
    "usual_request",
)

#: Bounds that short messages reach.
NARROW = Limits(max_start_line=32, max_field_line=24, max_field_section=64, max_fields=3)


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[Any, ...]:
    """Return the result of a call: its value and type, or its exception's type and content."""
    try:
        value = function(*arguments)
    except (RemoteProtocolError, LocalProtocolError, UnicodeEncodeError) as error:
        return type(error), error.args, str(error), vars(error)
    return type(value), value


def _same(name: str, *arguments: Any) -> tuple[Any, ...]:
    """Return the outcome if both twins agree, else fail; undocumented errors are passed on."""
    pure = outcome(getattr(_head_py, name), *arguments)
    compiled = outcome(getattr(_head_c, name), *arguments)
    assert pure == compiled, f"{name}{arguments}\n pure: {pure}\n    C: {compiled}"
    return pure


def check_block(data: bytes) -> None:
    """Read `data` as every kind of head, with two sets of bounds, and write what was read."""
    for name in PARSERS:
        _same(name, data)
        _same(name, data, NARROW)
    for method in ("GET", "HEAD", None):
        _same("usual_response", method, data)
        _same("usual_response", method, data, NARROW)
    _same("usual_environ", data, {"HTTP_A": "x"})
    _same("usual_line", data.partition(b"\r\n")[0])
    _same("usual_line", data)
    for line in (data, data[:20], data.partition(b"\n")[2]):
        _same("parse_chunk_line", line)
        for room in (1 << 20, 4):
            _same("parse_chunks", bytearray(line), 0, room)
            _same("parse_chunks", line, len(line) // 3, room)
    _check_request_round_trip(data)
    _check_response_round_trip(data)


def _check_request_round_trip(data: bytes) -> None:
    read = _same("parse_request_head", data)
    if read[0] is not tuple:
        return
    method, target, _, fields = read[1]
    _, written = _same("serialise_request_head", method, target, fields)
    assert written == _canonical(data), f"{data!r} was written as {written!r}"
    assert _head_py.parse_request_head(written) == (method, target, 11, fields)


def _canonical(head: bytes) -> bytes:
    """Return a valid request head with the white space and the version that nethttp writes."""
    line, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    pairs = [line.split(b":", 1) for line in lines]
    written = [line[:-1] + b"1", *(name + b": " + value.strip(b" \t") for name, value in pairs)]
    return b"\r\n".join(written) + b"\r\n\r\n"


def _check_response_round_trip(data: bytes) -> None:
    read = _same("parse_response_head", data)
    if read[0] is not tuple:
        return
    _, status, reason, fields, _ = read[1]
    kind, written = _same("serialise_response_head", status, reason, fields)[:2]
    # A leniently read value may have characters that must not be written.
    if kind is bytes:
        assert _head_py.parse_response_head(written) == (11, status, reason, fields, None)


def check_writing(method: str, target: str, status: int, fields: list[tuple[str, str]]) -> None:
    """Write heads from a program's input: they are refused, or read back as that input."""
    kind, head = _same("serialise_request_head", method, target, fields)[:2]
    stripped = [(name, value.strip(" \t")) for name, value in fields]
    if kind is bytes:
        assert _head_py.parse_request_head(head) == (method, target, 11, stripped)
    kind, head = _same("serialise_response_head", status, target, fields)[:2]
    if kind is bytes:
        read = (11, status, target.strip(" \t"), stripped, None)
        assert _head_py.parse_response_head(head) == read
    kind, lines = _same("serialise_fields", fields)[:2]
    if kind is bytes:
        assert _head_py.parse_field_section(lines + b"\r\n") == stripped
    kind, laxer = _same("serialise_request_fields", fields)[:2]
    if kind is bytes:
        assert laxer.count(b"\r\n") == laxer.count(b"\r") == laxer.count(b"\n") == len(fields)
        assert b"\0" not in laxer


def check_cookie_field(field: str) -> None:
    """Split a Cookie field."""
    _same("split_cookie_field", field)
