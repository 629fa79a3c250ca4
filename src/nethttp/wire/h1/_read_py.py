"""The pure twin: parses heads and the lines of chunks, RFC 9112 sections 2 to 7, in Python.

A *block* is a whole head as received: start line, field lines, empty line. Parsers take a block and
return plain tuples and lists, since this is the hottest code of the package; text is ISO-8859-1.

One call of one pattern splits all field lines of a block. Every match starts at the CRLF that ends
the previous line and stops before its own, so if there are as many matches as lines, nothing was
skipped between them. That is three times as fast as a loop over lines.
"""

from __future__ import annotations

import re
from typing import NoReturn

from ...errors import (
    BadStatusLine,
    LineTooLong,
    RemoteProtocolError,
    UnknownProtocol,
    excerpt,
)
from .. import grammar
from ..fields import FieldLines
from ..limits import DEFAULT_LIMITS, Limits

__all__ = [
    "parse_chunk_line",
    "parse_chunks",
    "parse_field_section",
    "parse_lenient_field_section",
    "parse_request_head",
    "parse_request_line",
    "parse_response_head",
    "parse_status_line",
]

_REQUEST_LINE = re.compile(rf"([{grammar.TCHAR}]++) ([\x21-\x7e]++) HTTP/([0-9])\.([0-9])(?=\r\n)")
# A status line may lack its reason and the SP before it: not RFC 9112, but common.
_STATUS_LINE = re.compile(
    r"HTTP/([0-9]\.[0-9]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*+))?\r\n"
)
# "a recipient MAY instead parse on whitespace-delimited word boundaries": RFC 9112 section 4.
_ODD_STATUS_LINE = re.compile(
    r"HTTP/([^\s]++)[ \t\v\f]++0*+([1-9][0-9]{2})(?:[ \t\v\f]++([^\0\r\n]*+))?(?:\r?\n|\r?\Z)"
)
_FIELD_LINE = re.compile(rf"\r\n([{grammar.TCHAR}]++):[ \t]*+([\t\x20-\x7e\x80-\xff]*+)(?=\r\n)")
_LINE_END = re.compile(r"\r?\n")
# A match must begin at the first blank of a run: an attempt from each blank would make the time
# quadratic.
_OBS_FOLD = re.compile(r"(?<![ \t])[ \t]*+\r\n[ \t]++")

_MAX_PLAIN_CHUNK_LINE = 18

#: Fields that decide where a message ends: a malformed line that looks like one is never ignored.
_FRAMING_NAMES = ("content-length", "transfer-encoding")


def parse_request_head(
    block: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[str, str, int, FieldLines]:
    """Return (method, target, version, fields) of a request head; version 11 is HTTP/1.1.

    Raises:
        RemoteProtocolError: with `status_hint` 400, 414, 431 or 505. RFC 9112 sections 3 and 5.

    >>> parse_request_head(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    ('GET', '/', 11, [('Host', 'a')])
    """
    text = block.decode("latin-1")
    method, target, version, end = _parse_request_line(text, limits)
    return method, target, version, _parse_strictly(text, end, limits)


#: A request line whose target is a path that begins with one "/", without its CRLF.
def parse_request_line(line: bytes, limits: Limits = DEFAULT_LIMITS, /) -> tuple[str, str, int]:
    """Return (method, target, version) of a request line with its CRLF.

    For callers that read line by line, and must refuse this line before they wait for the next.

    Raises:
        RemoteProtocolError: with `status_hint` 400, 414 or 505. RFC 9112 section 3.

    >>> parse_request_line(b"GET / HTTP/1.0\\r\\n")
    ('GET', '/', 10)
    """
    return _parse_request_line(line.decode("latin-1"), limits)[:3]


def _parse_request_line(text: str, limits: Limits) -> tuple[str, str, int, int]:
    """Return method, target, version, and the index of the line's CRLF."""
    m = _REQUEST_LINE.match(text)
    if m is None:
        _refuse_request_line(text, limits)
    method, target, major, minor = m.groups()
    end = m.end()
    if end + 2 > limits.max_start_line:
        raise LineTooLong("request line", limits.max_start_line, status_hint=414)
    if major != "1":
        raise RemoteProtocolError(
            f"expected HTTP/1.0 or HTTP/1.1, got HTTP/{major}.{minor} (RFC 9112 section 2.3)",
            status_hint=505,
        )
    return method, target, 11 if minor != "0" else 10, end


def parse_response_head(
    block: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, int, str, FieldLines, list[str] | None]:
    """Return (version, status, reason, fields, unread) of a response head.

    `unread` is None if the head is strictly valid. Otherwise it lists the lines that are not
    fields, and the connection should not be used again: the start of the next response is
    uncertain. `parse_status_line` and `parse_lenient_field_section` say what is accepted.

    Raises:
        BadStatusLine: the first line is not a status line.
        UnknownProtocol: a version other than 1.x.
        RemoteProtocolError: the field section is malformed. RFC 9112 sections 4 and 5.

    >>> parse_response_head(b"HTTP/1.1 200 OK\\r\\nVia: a\\r\\n\\r\\n")
    (11, 200, 'OK', [('Via', 'a')], None)
    """
    text = block.decode("latin-1")
    version, status, reason, strict, end = _parse_status_line(text, limits)
    if strict:
        fields, unread = _parse_leniently(text, end - 2, limits)
    else:
        fields, unread = _parse_leniently("\r\n" + text[end:], 0, limits)
    return version, status, reason, fields, unread if strict else unread or []


def parse_status_line(
    line: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, int, str, bool]:
    """Return (version, status, reason, strict) of a status line with its line end.

    `strict` says whether it is strictly valid. Otherwise any white space separates the words, and
    zeros may precede the code.

    Raises:
        BadStatusLine: the line is not a status line.
        LineTooLong: it has more than `limits.max_start_line` bytes.
        UnknownProtocol: a version other than 1.x. RFC 9112 section 4.

    >>> parse_status_line(b"HTTP/1.1 404 Not Found\\r\\n")
    (11, 404, 'Not Found', True)
    >>> parse_status_line(b"HTTP/1.0\\t404\\n")
    (10, 404, '', False)
    """
    return _parse_status_line(line.decode("latin-1"), limits)[:4]


def _parse_status_line(text: str, limits: Limits) -> tuple[int, int, str, bool, int]:
    """Return version, status, reason, whether the line is strictly valid, and where it ends."""
    m = _STATUS_LINE.match(text)
    strict = m is not None
    if m is None:
        m = _ODD_STATUS_LINE.match(text)
        if m is None:
            _refuse_status_line(text, limits)
    number, status, reason = m.groups()
    if m.end() > limits.max_start_line:
        raise LineTooLong("status line", limits.max_start_line)
    version = _VERSIONS.get(number) or _later_version(number)
    return version, int(status), reason.strip(" \t") if reason else "", strict, m.end()


# A server that sends a status line speaks HTTP/1.0 even if it names 0.9.
_VERSIONS = {"1.1": 11, "1.0": 10, "0.9": 10}


def _later_version(number: str) -> int:
    if not number.startswith("1."):
        raise UnknownProtocol(f"HTTP/{number}")
    return 11


def parse_lenient_field_section(
    block: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[FieldLines, list[str] | None]:
    """Return (fields, unread) of a response's block without its start line, read leniently.

    No other message shares a client's buffer, so a bare LF may end a line, a folded line continues
    the previous one after one space, and a value keeps control characters other than CR, LF and NUL
    (RFC 9110 section 5.5). A line that is not a field is put into `unread`, but raises an error if
    it looks like a field that frames the message. `unread` is None if all lines are strictly valid.

    Raises:
        RemoteProtocolError: as `parse_response_head`.

    >>> parse_lenient_field_section(b"A: b\\n c\\nd\\n\\n")
    ([('A', 'b c')], ['d'])
    """
    return _parse_leniently("\r\n" + block.decode("latin-1"), 0, limits)


def parse_field_section(block: bytes, limits: Limits = DEFAULT_LIMITS, /) -> FieldLines:
    """Return the fields of a block without a start line (a trailer section), read strictly.

    Raises:
        RemoteProtocolError: as `parse_request_head`. RFC 9112 section 5.

    >>> parse_field_section(b"Digest: x\\r\\n\\r\\n")
    [('Digest', 'x')]
    """
    return _parse_strictly("\r\n" + block.decode("latin-1"), 0, limits)


def _parse_strictly(text: str, start: int, limits: Limits) -> FieldLines:
    """Return the field lines of `text` from the CRLF at `start` to its final empty line."""
    fields: FieldLines = _FIELD_LINE.findall(text, start)
    # Each match started at a line end; the two at the end of the block start none.
    if text.count("\r\n", start) != len(fields) + 2 or not text.endswith("\r\n\r\n"):
        _refuse_field_section(text, start, limits)
    _check_bounds(text, start, len(fields), limits)
    if " \r\n" in text or "\t\r\n" in text:
        return [(name, value.rstrip(" \t")) for name, value in fields]
    return fields


def _check_bounds(text: str, start: int, count: int, limits: Limits) -> None:
    if count > limits.max_fields:
        raise RemoteProtocolError(f"got more than {limits.max_fields} headers", status_hint=431)
    size = len(text) - start - 4
    if size > limits.max_field_line or size > limits.max_field_section:
        if size > limits.max_field_section:
            raise LineTooLong("field section", limits.max_field_section)
        if max(map(len, text[start + 2 :].split("\r\n"))) + 2 > limits.max_field_line:
            raise LineTooLong("header line", limits.max_field_line)


def _parse_leniently(text: str, start: int, limits: Limits) -> tuple[FieldLines, list[str] | None]:
    """Return the fields from the CRLF at `start` on: as `_parse_strictly`, else line by line."""
    fields: FieldLines = _FIELD_LINE.findall(text, start)
    if text.count("\r\n", start) == len(fields) + 2 and text.endswith("\r\n\r\n"):
        _check_bounds(text, start, len(fields), limits)
        if " \r\n" in text or "\t\r\n" in text:
            return [(name, value.rstrip(" \t")) for name, value in fields], None
        return fields, None
    section = _LINE_END.sub("\r\n", text[start:])
    lines = [line for line in _OBS_FOLD.sub(" ", section[2:]).split("\r\n") if line]
    _check_bounds(section, 0, len(lines), limits)
    unread: list[str] = []
    fields = []
    for line in lines:
        if pair := _read_leniently(line):
            fields.append(pair)
        else:
            unread.append(line)
    return fields, unread


def _read_leniently(line: str) -> tuple[str, str] | None:
    """Return the field of a response's line, or None if the line is not a field."""
    if found := grammar.NEVER_IN_A_LINE.search(line):
        raise RemoteProtocolError(
            f"expected a field line, got {excerpt(line)}: {found[0]!r} in it (RFC 9110 section 5.5)"
        )
    name, colon, value = line.partition(":")
    if colon and grammar.TOKEN.fullmatch(name):
        return name, value.strip(" \t")
    if line.lstrip().lower().startswith(_FRAMING_NAMES):
        raise RemoteProtocolError(
            f"expected a field line, got {excerpt(line)}: a malformed field that frames the "
            "message (RFC 9112 section 5.1)"
        )
    name = name.rstrip(" \t")
    # Some servers send names with brackets and other characters that a token must not have.
    if colon and grammar.TARGET.fullmatch(name):
        return name, value.strip(" \t")
    return None


# --- refusals: the slow path, which finds the reason for the error -------------------------------


def _refuse_request_line(text: str, limits: Limits) -> NoReturn:
    line, newline, _ = text.partition("\n")
    if len(line) + 1 > limits.max_start_line:
        raise LineTooLong("request line", limits.max_start_line, status_hint=414)
    if newline and not line.endswith("\r"):
        problem = "a bare LF ends it"
    elif "\r" in line[:-1]:
        problem = "a bare CR in it"
    elif not grammar.VERSION.fullmatch(line.rstrip("\r").rpartition(" ")[2]):
        problem = "no HTTP-version at its end"
    else:
        problem = "not three words with one space between them"
    raise RemoteProtocolError(
        "expected a request line 'method SP request-target SP HTTP-version CRLF', got "
        f"{excerpt(line)}: {problem} (RFC 9112 section 3)"
    )


def _refuse_status_line(text: str, limits: Limits) -> NoReturn:
    line, newline, _ = text.partition("\n")
    if len(line) + 1 > limits.max_start_line:
        raise LineTooLong("status line", limits.max_start_line)
    raise BadStatusLine(line + newline)


def _refuse_field_section(text: str, start: int, limits: Limits) -> NoReturn:
    section = text[start + 2 :]
    if section.count("\n") > limits.max_fields + 1:
        _check_bounds(text, start, limits.max_fields + 1, limits)
    for line in section.split("\r\n"):
        problem = _field_line_problem(line)
        if len(line) + 2 > limits.max_field_line:
            raise LineTooLong("header line", limits.max_field_line)
        if problem:
            raise RemoteProtocolError(
                f"expected 'name: value', got {excerpt(line)}: {problem} (RFC 9112 section 5)"
            )
    raise RemoteProtocolError(
        "expected field lines and an empty line, got a head that ends early (RFC 9112 section 2.1)"
    )


def _field_line_problem(line: str) -> str | None:
    name, colon, value = line.partition(":")
    if not line:
        return None
    if "\n" in line:
        return "a bare LF ends the line"
    if "\r" in line:
        return "a bare CR"
    if line[0] in " \t":
        return "obs-fold, a folded line"
    if not colon:
        return "no colon"
    if not name:
        return "an empty name"
    if name != name.rstrip(" \t"):
        return "white space before the colon"
    if not grammar.TOKEN.fullmatch(name):
        return "a name that is no token"
    if grammar.FORBIDDEN_IN_VALUE.search(value):
        return "a control character in the value"
    return None


# --- chunk lines: RFC 9112 section 7.1 -----------------------------------------------------------


def parse_chunk_line(line: bytes, /) -> tuple[int, int]:
    """Return (chunk size, length of the extensions) of a chunk's size line with its CRLF.

    Extensions are checked and not interpreted.

    Raises:
        RemoteProtocolError: not ``1*HEXDIG *( ";" … ) CRLF``, or 2**64 and more.

    >>> parse_chunk_line(b"1a;name=value\\r\\n")
    (26, 11)
    """
    m = grammar.CHUNK_LINE.match(line)
    if m is None or line[m.end() :] != b"\r\n":
        raise RemoteProtocolError(
            f"expected a chunk size in hexadecimal and CRLF, got {excerpt(line)} "
            "(RFC 9112 section 7.1)"
        )
    return int(m[1], 16), len(m[2])


def parse_chunks(data: bytes | bytearray, start: int, room: int, /) -> tuple[bytes, int]:
    """Return (content, end) of the whole chunks that stand in `data` from `start` on.

    It reads many small chunks at once, and stops before a chunk that has extensions, is the last,
    is incomplete or malformed, or would make the content longer than `room` bytes. The caller
    continues from there with `parse_chunk_line`, which raises the errors.

    >>> parse_chunks(b"3\\r\\nabc\\r\\n1\\r\\nd\\r\\n0\\r\\n\\r\\n", 0, 100)
    (b'abcd', 14)
    """
    pieces = []
    while True:
        begin = data.find(b"\r\n", start, start + _MAX_PLAIN_CHUNK_LINE) + 2
        size_line = data[start:begin]
        if not grammar.PLAIN_CHUNK_LINE.fullmatch(size_line):
            break
        size = int(size_line, 16)
        end = begin + size
        if not size or size > room or data[end : end + 2] != b"\r\n":
            break
        pieces.append(data[begin:end])
        room -= size
        start = end + 2
    return b"".join(pieces), start
