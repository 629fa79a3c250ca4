"""Where a message's body ends: RFC 9112 section 6.3, as two functions and the rules they share.

A *framing* is an int: a length in bytes, or one of `CHUNKED` and `UNTIL_CLOSE`.
`version` is 10 for HTTP/1.0 and 11 for HTTP/1.1.
"""

from __future__ import annotations

from typing import Final

from ...errors import LocalProtocolError, RemoteProtocolError, excerpt
from .. import grammar
from ..limits import DEFAULT_LIMITS, Limits
from ..values import parse_list

__all__ = [
    "CHUNKED",
    "UNTIL_CLOSE",
    "Selected",
    "declared_framing",
    "may_frame",
    "request_framing",
    "response_framing",
    "response_has_body",
]

CHUNKED: Final = -1
"""The body is sent in chunks, the last of which ends it."""

UNTIL_CLOSE: Final = -2
"""The body ends with the connection."""

#: 2**63 - 1 has 19 digits, 2**64 has 20; a longer length is invalid. Other servers may read a
#: request's length in 63 bits; nothing else reads a response's.
MAX_LENGTH_DIGITS = 19
MAX_RESPONSE_LENGTH_DIGITS = 20

Selected = dict[str, list[str]]
"""The values of some fields by their lower-case names, as `fields.select_fields` returns them."""


def request_framing(
    method: str, version: int, selected: Selected, limits: Limits = DEFAULT_LIMITS
) -> int:
    """Return the framing of a request's body: a length (0 if none is declared) or `CHUNKED`.

    `version` is 10 (HTTP/1.0, which has no chunks) or 11.

    Raises:
        RemoteProtocolError: with `status_hint` 400; 501 for a transfer coding other than chunked;
            413 for a length over `limits.max_body`. RFC 9112 section 6.

    >>> request_framing("POST", 11, {"content-length": ["5"]})
    5
    """
    lengths = selected.get("content-length")
    codings = selected.get("transfer-encoding")
    _refuse_both(lengths, codings)
    if method == "CONNECT" and (codings is not None or lengths not in (None, ["0"])):
        # Some servers take what follows for content, others for the tunnel's first bytes.
        raise RemoteProtocolError(
            "expected no content in a CONNECT request (RFC 9110 section 9.3.6)"
        )
    if codings is not None:
        if version < 11:
            raise RemoteProtocolError(
                "expected no Transfer-Encoding in HTTP/1.0 (RFC 9112 section 6.1)"
            )
        _check_codings(codings)
        return CHUNKED
    if lengths is None:
        return 0
    if len(lengths) > 1:
        raise RemoteProtocolError(
            f"expected one Content-Length, got {len(lengths)} (RFC 9112 section 6.3)"
        )
    length = _read_length(lengths[0])
    if limits.max_body is not None and length > limits.max_body:
        raise RemoteProtocolError(
            f"expected at most {limits.max_body} bytes of content, got a Content-Length of "
            f"{length} (RFC 9110 section 15.5.14)",
            status_hint=413,
        )
    return length


def response_framing(
    method: str | None, version: int, status: int, selected: Selected
) -> tuple[int, bool]:
    """Return the framing of the response to a `method` request, and whether it is sound.

    RFC 9112 section 6.3 decides wherever the end of the message is unambiguous. If the framing is
    not sound, the bytes behind the message may not be another one; close the connection.

    Raises:
        RemoteProtocolError: lengths differ, or one is not a number.

    >>> response_framing("GET", 11, 200, {})
    (-2, True)
    >>> response_framing("GET", 11, 200, {"transfer-encoding": ["gzip, chunked"]})
    (-1, False)
    """
    if method == "CONNECT" and 200 <= status < 300:
        return 0, True
    lengths = selected.get("content-length")
    codings = selected.get("transfer-encoding")
    if not response_has_body(method, status):
        # In a response to HEAD and in a 304 they describe another message. A 204 or 1xx must not
        # have them, and a server that sends them may send content too.
        announced = codings is not None or lengths not in (None, ["0"])
        return 0, method == "HEAD" or status == 304 or not announced
    if codings is not None:
        listed = parse_list(",".join(codings).lower())
        # "identity" is no coding any more; RFC 2616 had it.
        if applied := [coding for coding in listed if coding != "identity"]:
            sound = (
                version >= 11 and lengths is None and len(codings) == 1 and listed == ["chunked"]
            )
            return CHUNKED if applied[-1] == "chunked" else UNTIL_CLOSE, sound
    if lengths is None:
        return UNTIL_CLOSE, codings is None
    if len(lengths) > 1 or "," in lengths[0]:
        lengths = parse_list(",".join(lengths)) or lengths
    return _read_equal_lengths(lengths, MAX_RESPONSE_LENGTH_DIGITS), codings is None


def may_frame(start: bytes) -> bool:
    """Return whether a field line that begins with `start` may frame the message.

    >>> may_frame(b"Content-Len"), may_frame(b"Content-Length: 1"), may_frame(b"Content-Type: a")
    (True, True, False)
    """
    name = start.partition(b":")[0].strip(b" \t\r").decode("latin-1").lower()
    return any(field.startswith(name) for field in ("content-length", "transfer-encoding"))


def response_has_body(method: str | None, status: int) -> bool:
    """Return whether a response may have content at all. RFC 9110 section 6.4.1.

    >>> response_has_body("GET", 304), response_has_body("HEAD", 200)
    (False, False)
    """
    return not (method == "HEAD" or status < 200 or status == 204 or status == 304)


def declared_framing(selected: Selected) -> int | None:
    """Return the framing that this program's own fields declare, None without such a field.

    >>> declared_framing({"content-length": ["5"]}), declared_framing({})
    (5, None)

    Raises:
        LocalProtocolError: there are both fields, or values that a peer would have to refuse.
    """
    lengths = selected.get("content-length")
    codings = selected.get("transfer-encoding")
    try:
        _refuse_both(lengths, codings)
        if codings is not None:
            _check_codings(codings)
            return CHUNKED
        if lengths is None:
            return None
        return _read_equal_lengths(lengths)
    except RemoteProtocolError as error:
        raise LocalProtocolError(*error.args) from None


def _refuse_both(lengths: list[str] | None, codings: list[str] | None) -> None:
    """Return nothing unless a message has both fields that frame it."""
    if lengths is not None and codings is not None:
        raise RemoteProtocolError(
            "expected Content-Length or Transfer-Encoding, got both (RFC 9112 section 6.3)"
        )


def _read_equal_lengths(values: list[str], digits: int = MAX_LENGTH_DIGITS) -> int:
    """Return the length if all values are identical; other recipients may read "03" unlike "3"."""
    for other in values[1:]:
        if other != values[0]:
            raise RemoteProtocolError(
                f"expected one Content-Length, got {excerpt(values[0])} and {excerpt(other)} "
                "(RFC 9112 section 6.3)"
            )
    return _read_length(values[0], digits)


def _read_length(value: str, digits: int = MAX_LENGTH_DIGITS) -> int:
    if len(value) > digits or not grammar.DIGITS.fullmatch(value):
        raise RemoteProtocolError(
            f"expected Content-Length to be 1*DIGIT, got {excerpt(value)} (RFC 9110 section 8.6)"
        )
    return int(value)


def _check_codings(values: list[str]) -> None:
    """Return nothing if the transfer coding is ``chunked`` alone.

    Empty list elements are ignored (RFC 9110 section 5.6.1.2). A second line is refused even if it
    is empty: other recipients take it for a coding.
    """
    if len(values) == 1 and values[0].lower() == "chunked":
        return
    codings = [coding.lower() for coding in parse_list(",".join(values))]
    if codings == ["chunked"] and len(values) == 1:
        return
    shown = excerpt(", ".join(values))
    if len(codings) > 1 and codings[-1] == "chunked" and codings.count("chunked") == 1:
        raise RemoteProtocolError(
            f"expected the transfer coding 'chunked' alone, got {shown} (RFC 9112 section 6.1)",
            status_hint=501,
        )
    raise RemoteProtocolError(
        f"expected the one transfer coding 'chunked', last, got {shown} (RFC 9112 section 6.3)",
        status_hint=501 if codings and "chunked" not in codings else 400,
    )
