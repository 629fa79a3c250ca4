"""The second property: nethttp is never laxer than its oracles, and frames as they do.

nethttp, llhttp and h11 each give a `Reading` of the first message in one stream of bytes. Then:

* if both oracles refuse the message, nethttp refuses it too;
* if nethttp and an oracle accept it, both find the same body and the same end;
* nethttp's result does not depend on the pieces in which the bytes arrive, and its client reads
  what the sans-I/O connection reads.

`ABSTENTIONS` and `DIFFERENCES` list all exceptions, each with its reason.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

from nethttp.errors import RemoteProtocolError
from nethttp.wire.fields import select_fields
from nethttp.wire.grammar import DIGITS, TOKEN
from nethttp.wire.h1.body import LenientChunkLines
from nethttp.wire.h1.framing import CHUNKED, response_has_body
from nethttp.wire.h1.head import parse_response_head, serialise_response_head
from nethttp.wire.h1.rules import judge_response

from .readings import Reading, State, by_h11, by_llhttp, by_nethttp, by_response

__all__ = ["ABSTENTIONS", "DIFFERENCES", "check_stream"]

ORACLES: dict[str, Callable[[bytes, str], Reading]] = {"llhttp": by_llhttp, "h11": by_h11}


class Abstention(NamedTuple):
    """A refusal that shows a limit of the oracle, not a fault of the message."""

    oracle: str
    refusal: str
    reason: str


ABSTENTIONS = (
    Abstention(
        "llhttp",
        r"Invalid method encountered",
        "llhttp knows a fixed list of methods; any token may be one (RFC 9110 section 9.1)",
    ),
)


class Difference(NamedTuple):
    """Messages that nethttp and an oracle may read differently."""

    oracle: str
    role: str
    applies: Callable[[bytes, Reading], bool]
    reason: str


DIFFERENCES = (
    Difference(
        "llhttp",
        "server",
        lambda data, theirs: theirs.body == b"" and _asks_for_upgrade(data),
        "httptools leaves what follows a head with Upgrade to whoever upgrades; a request's "
        "content is the request's, whether or not the server then switches (RFC 9110 section 7.8)",
    ),
    Difference(
        "llhttp",
        "client",
        lambda data, theirs: theirs.state is State.BODY_INCOMPLETE and _has_tab_after_coding(data),
        "llhttp takes a tab behind 'chunked' for a part of the coding's name and reads until the "
        "connection closes; it is white space (RFC 9110 section 5.6.3)",
    ),
)


def _asks_for_upgrade(data: bytes) -> bool:
    head = data.partition(b"\r\n\r\n")[0].lower()
    return b"\r\nupgrade:" in head and re.search(rb"\r\nconnection:.*upgrade", head) is not None


def _has_tab_after_coding(data: bytes) -> bool:
    return re.search(rb"(?i)\ntransfer-encoding:[^\n]*\t[ \t]*\r?\n", data) is not None


def _abstains(oracle: str, reading: Reading) -> bool:
    return reading.state is State.REFUSED and any(
        rule.oracle == oracle and re.search(rule.refusal, reading.why) for rule in ABSTENTIONS
    )


def _may_differ(oracle: str, role: str, data: bytes, theirs: Reading) -> bool:
    return any(
        rule.oracle == oracle and rule.role == role and rule.applies(data, theirs)
        for rule in DIFFERENCES
    )


def check_stream(data: bytes, role: str) -> None:
    """Compare the readings of what a "server" or a "client" receives."""
    data = _without_empty_lines(data)
    if role == "client":
        came, data = data, _strictly_written(data)
        before, after = by_nethttp(came, role), by_nethttp(data, role)
        assert before[:2] == after[:2], (
            f"{came!r}\n  {before}\nwritten strictly\n{data!r}\n  {after}"
        )
        _check_response(came, before)
    data = _without_optional_elements(data)
    ours = by_nethttp(data, role)
    parted = by_nethttp(data, role, cut=zlib.crc32(data) % (len(data) + 1))
    # The two refusals may name different faults: in pieces, the parser sees the first fault first.
    assert ours[:3] == parted[:3], f"nethttp reads {data!r} as {ours}, in two pieces as {parted}"
    theirs = {name: read(data, role) for name, read in ORACLES.items()}
    votes = [reading for name, reading in theirs.items() if not _abstains(name, reading)]
    if ours.state is State.MESSAGE:
        assert not votes or any(vote.state is not State.REFUSED for vote in votes), (
            f"nethttp is laxer: {_shown(data, ours, theirs)}"
        )
    for name, reading in theirs.items():
        assert _agree(ours, reading) or _may_differ(name, role, data, reading), (
            f"nethttp and {name} differ: {_shown(data, ours, theirs)}"
        )


def _check_response(data: bytes, expected: Reading) -> None:
    """Compare what `HTTPResponse` reads with what the sans-I/O connection reads.

    Where the sans-I/O connection waits for more bytes, `HTTPResponse` finds the end of the
    connection. It refuses an empty line before a status line, as the standard library does.
    """
    read = by_response(data)
    if read.why in ("'\\r\\n'", "'\\n'"):
        return
    if expected.state is State.MESSAGE:
        assert read[:2] == expected[:2], f"HTTPResponse reads {data!r} as {read}, not {expected}"
    elif expected.state is State.REFUSED:
        assert read.state is State.REFUSED, f"HTTPResponse takes {data!r}: {read}, not {expected}"


def _without_empty_lines(data: bytes) -> bytes:
    """Return a message without the CRLFs before it, which all parsers but h11 ignore.

    RFC 9112 section 2.2.
    """
    while data.startswith(b"\r\n"):
        data = data[2:]
    return data


#: Valid parts without a meaning, which both oracles refuse, or take for another coding:
#: blanks before an extension (RFC 9112 section 7.1.1), empty elements of a list (RFC 9110 section
#: 5.6.1.2). Each with its replacement.
_OPTIONAL = (
    (re.compile(rb"(?m)^([0-9A-Fa-f]{1,16})[ \t]+(?=;)"), rb"\1"),
    (re.compile(rb"(?im)^(transfer-encoding:)[ \t,]*(chunked)[ \t,]*(?=\r?\n)"), rb"\1 \2"),
)


def _without_optional_elements(data: bytes) -> bytes:
    """Return a message without these parts, if nethttp reads it alike with and without them.

    Content may change too; then it changes for all parsers.
    """
    for pattern, plain in _OPTIONAL:
        data = pattern.sub(plain, data)
    return data


def _agree(ours: Reading, theirs: Reading) -> bool:
    if State.REFUSED in (ours.state, theirs.state):
        return True
    if State.MESSAGE in (ours.state, theirs.state):
        return ours[:3] == theirs[:3]
    return True


def _shown(data: bytes, ours: Reading, theirs: dict[str, Reading]) -> str:
    readings = {"nethttp": ours, **theirs}
    return f"{data!r}\n" + "\n".join(f"  {name:8}{reading}" for name, reading in readings.items())


# --- responses -----------------------------------------------------------------------------------


def _strictly_written(data: bytes) -> bytes:
    """Return a response with its leniently read parts written strictly, the rest unchanged.

    A client accepts what the RFC lets a recipient accept (a bare LF, folded lines, a coding and a
    length, blanks around a chunk's size), ignores a line that is not a field, and drops an invalid
    trailer. That is safe, since no other message shares its buffer; but without these parts, the
    oracles must read the same message as nethttp.
    """
    written = b""
    while (end := _head_end(data)) >= 0:
        head, data = data[:end], data[end:]
        try:
            version, status, reason, fields, unread = parse_response_head(head)
            framing = judge_response("GET", version, status, fields).framing
        except RemoteProtocolError:
            return written + head + data
        if unread is None and _frames_strictly(status, fields):
            written += head
        else:
            written += _write_head(version, status, reason, fields, framing)
        if status >= 200 or status == 101:
            return written + (_write_chunks(data) if framing == CHUNKED else data)
        data = _without_empty_lines(data)
    return written + data


def _frames_strictly(status: int, fields: list[tuple[str, str]]) -> bool:
    """Return whether the body is framed in one way, and only where there is one."""
    selected = select_fields(fields, frozenset({"content-length", "transfer-encoding"}))
    lengths, codings = selected.get("content-length"), selected.get("transfer-encoding")
    if lengths is None and codings is None:
        return True
    if not response_has_body("GET", status) or None not in (lengths, codings):
        return False
    value, *more = lengths or codings or []
    return not more and (DIGITS.fullmatch(value) is not None or value.lower() == "chunked")


def _write_head(
    version: int, status: int, reason: str, fields: list[tuple[str, str]], framing: int
) -> bytes:
    kept = [
        (name, _CONTROLS.sub(" ", value))
        for name, value in fields
        if name.lower() not in ("content-length", "transfer-encoding") and TOKEN.fullmatch(name)
    ]
    if framing == CHUNKED:
        kept.append(("Transfer-Encoding", "chunked"))
    elif framing >= 0 and response_has_body("GET", status):
        kept.append(("Content-Length", str(framing)))
    head = serialise_response_head(status, _CONTROLS.sub(" ", reason), kept)
    return head if version == 11 else head.replace(b"HTTP/1.1", b"HTTP/1.0", 1)


_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")


def _write_chunks(data: bytes) -> bytes:
    """Return a chunked body with its lines written strictly, and the bytes behind it unchanged."""
    source, written, lines = io.BytesIO(data), b"", LenientChunkLines()
    done = 0
    try:
        while size := lines.take_size(line := source.readline()):
            content = source.read(size)
            lines.take_end(source.readline(2))
            written += (line if lines.sound else b"%x\r\n" % size) + content + b"\r\n"
            lines.sound = True
            done = source.tell()
        written += line if lines.sound else b"0\r\n"
        lines.sound = True
        done = source.tell()
        while not lines.take_trailer(source.readline()):
            pass
    except RemoteProtocolError:
        return written + data[done:]
    section = data[done : source.tell()] if lines.sound else b"\r\n"
    return written + section + source.read()


def _head_end(data: bytes) -> int:
    ends = [data.find(sign) + len(sign) for sign in (b"\n\r\n", b"\n\n") if sign in data]
    return min(ends, default=-1)
