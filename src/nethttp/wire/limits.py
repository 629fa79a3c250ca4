"""`Limits`: every bound of a message on the wire, in one place.

Parsers take their bounds from here alone. Each bound has a test that reaches it. `Limits` is a
named tuple since importing `dataclasses` would cost more than the rest of this package's start-up.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_LIMITS", "MAX_EMPTY_LINES", "SERVER_LIMITS", "Limits", "limits_for"]

MAX_EMPTY_LINES = 5
"""Empty lines before a request that are ignored (one more: 400). RFC 9112 section 2.2."""


class Limits(NamedTuple):
    """The bounds of one connection's messages; sizes are in bytes.

    The C twin reads the first four by their places.

    >>> Limits(max_fields=50).max_fields
    50
    """

    max_start_line: int = 65536
    """A request line (then 414) or a status line, with its line end."""

    max_field_line: int = 65536
    """One field line with its line end (then 431)."""

    max_field_section: int = 65536 * 4
    """All field lines of a head together (then 431)."""

    max_fields: int = 100
    """Field lines in a head (then 431)."""

    max_chunk_line: int = 4096
    """A chunk's size line, its extensions included (then 400)."""

    max_chunk_extensions: int = 16384
    """All the chunk extensions of one body together (then 400)."""

    max_trailer_section: int = 8192
    """All trailer lines of one body together (then 431)."""

    max_trailers: int = 100
    """Trailer fields of one body (then 431)."""

    max_body: int | None = None
    """Content of one message (then 413); None: unbounded."""

    max_interim_responses: int = 100
    """1xx responses before the final one."""

    max_drain: int = 256 * 1024
    """Content that a server reads and throws away to keep a connection alive."""


DEFAULT_LIMITS = Limits()
"""The bounds of clients and of sans-I/O connections, unless a program sets others."""


SERVER_LIMITS = DEFAULT_LIMITS._replace(max_field_section=65536, max_fields=200)
"""The bounds of servers, unless a program sets others."""


def limits_for(max_fields: int | None) -> Limits:
    """Return the default limits with `max_fields` as the bound on fields; None: the default.

    >>> limits_for(5).max_fields, limits_for(None).max_fields
    (5, 100)
    """
    return DEFAULT_LIMITS if max_fields is None else DEFAULT_LIMITS._replace(max_fields=max_fields)
