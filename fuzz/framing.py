"""The second property: nethttp is never laxer than its oracles, and frames as they do.

Of one stream of bytes, nethttp, llhttp and h11 each give a `Reading` of the first message. Then:

* what both oracles refuse, nethttp does not accept;
* what nethttp accepts, an oracle that accepts it too reads with the same body and the same end;
* nethttp reads the same, however the bytes arrive.

`ABSTENTIONS` and `DIFFERENCES` are all the exceptions, each with its reason.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

from nethttp.errors import RemoteProtocolError
from nethttp.wire.head import (
    parse_field_section,
    parse_response_head,
    serialise_response_head,
)

from .readings import Reading, State, by_h11, by_llhttp, by_nethttp

__all__ = ["ABSTENTIONS", "DIFFERENCES", "check_stream"]

ORACLES: dict[str, Callable[[bytes, str], Reading]] = {"llhttp": by_llhttp, "h11": by_h11}


class Abstention(NamedTuple):
    """A refusal that says nothing about the message, only about what an oracle is made for."""

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
    """Messages of which nethttp and an oracle may think differently."""

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
        data = _strictly_written(data)
    ours = by_nethttp(data, role)
    parted = by_nethttp(data, role, cut=zlib.crc32(data) % (len(data) + 1))
    # A refusal may name another fault: in pieces, the one that came first is seen first.
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


def _without_empty_lines(data: bytes) -> bytes:
    """Return a message without the CRLFs before it, over which all but h11 pass.

    RFC 9112 section 2.2.
    """
    while data.startswith(b"\r\n"):
        data = data[2:]
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
    """Return a response as it is, or with the heads that nethttp read leniently written strictly.

    A client takes a bare LF for a line's end, joins folded lines, and passes over a line that is no
    field (CPython's own tests ask for the last). No peer shares its buffer, so what matters is that
    the message means to others what it means to nethttp once that is taken away.
    """
    written = b""
    while (end := _head_end(data)) >= 0:
        head, data = data[:end], data[end:]
        try:
            _, status, reason, fields = parse_response_head(head)
        except RemoteProtocolError:
            return written + head + data
        written += head if _is_strict(head) else serialise_response_head(status, reason, fields)
        if status >= 200 or status == 101:
            break
        data = _without_empty_lines(data)
    return written + data


def _head_end(data: bytes) -> int:
    ends = [data.find(sign) + len(sign) for sign in (b"\n\r\n", b"\n\n") if sign in data]
    return min(ends, default=-1)


def _is_strict(head: bytes) -> bool:
    line, _, section = head.partition(b"\r\n")
    try:
        parse_field_section(section)
    except RemoteProtocolError:
        return False
    return b"\n" not in line
