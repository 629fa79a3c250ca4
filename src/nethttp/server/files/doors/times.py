"""When a file that is uploaded was last modified, as clients say it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ....wire.values import parse_http_date
from ..refusal import Refusal

__all__ = ["modified_of"]

#: Seconds since 1970, as ownCloud's clients and rclone send them.
_SECONDS = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,9})[0-9]*)?")


def modified_of(fields: Mapping[str, str]) -> int | None:
    """Return the time of modification in nanoseconds since 1970, None if the request has none.

    X-OC-Mtime has seconds since 1970, Last-Modified an HTTP date.

    >>> modified_of({"x-oc-mtime": "1700000000.5"})
    1700000000500000000

    Raises:
        Refusal: 400, a time that cannot be read.
    """
    given = fields.get("x-oc-mtime")
    if given is not None:
        m = _SECONDS.fullmatch(given.strip())
        if m is None:
            raise Refusal(400, "X-OC-Mtime is expected to be seconds since 1970")
        return int(m[1]) * 1_000_000_000 + int((m[2] or "").ljust(9, "0"))
    date = fields.get("last-modified")
    if date is None:
        return None
    seconds = parse_http_date(date.strip())
    if seconds is None or seconds < 0:
        raise Refusal(400, "Last-Modified is expected to be an HTTP date")
    return seconds * 1_000_000_000
