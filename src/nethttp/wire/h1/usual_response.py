"""What the head of a usual response decides, in a fraction of the time of `rules.judge_response`.

Nearly every response is of HTTP/1.1, has each field once, and either a plain length or chunks. The
decision is that of `judge_response`; for any other head there is none here, and that function is
asked. (The server's counterpart is `head.usual_request`.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .framing import CHUNKED
from .rules import FINAL, ResponseVerdict

__all__ = ["usual_verdict"]

#: Connection as it is usually sent, and whether the connection persists; None: there is no field.
_PERSISTS: Final = {None: True, "keep-alive": True, "Keep-Alive": True, "close": False}

MAX_DIGITS: Final = 18
"""A longer Content-Length is not usual."""


def usual_verdict(
    method: str | None, version: int, status: int, index: Mapping[str, str]
) -> ResponseVerdict | None:
    """Return what the head of the response to a `method` request decides, None if it is not usual.

    `version` is 11 for HTTP/1.1. `index` has all fields by their lower-case names; so no name
    occurs twice. RFC 9112 section 6.3.

    >>> usual_verdict("GET", 11, 200, {"content-length": "5"})[:3]
    (5, True, True)
    >>> usual_verdict("HEAD", 11, 200, {"content-length": "5"}) is None
    True
    """
    if version != 11 or status < 200 or status in (204, 304) or method in ("HEAD", "CONNECT"):
        return None
    persistent = _PERSISTS.get(index.get("connection"))
    if persistent is None:
        return None
    length = index.get("content-length")
    coding = index.get("transfer-encoding")
    if coding is None and length is not None:
        # In ISO-8859-1 nothing but "0" to "9" is decimal.
        if len(length) <= MAX_DIGITS and length.isdecimal():
            return ResponseVerdict(int(length), True, persistent, FINAL)
    elif coding == "chunked" and length is None:
        return ResponseVerdict(CHUNKED, True, persistent, FINAL)
    return None
