"""Usual requests, whose clients repeat themselves: what was found out of one is used for the next.

The field lines of a client hardly change from request to request, and many clients send the same.
So what a field section was found to say is kept, and found again by its bytes. It follows from
these bytes alone, whichever client sent them before. A section is kept when it comes for the second
time, and only if it is short: a client that sends others each time makes nothing grow, displaces
nothing, and pays for one search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ..environ import Environ, environ_of_line
from ..limits import DEFAULT_LIMITS, Limits
from . import head

__all__ = ["repeated_request", "usual_environ", "usual_request"]

KEPT: Final = 1024
"""How many pieces of one kind are kept; one more, and the others are forgotten."""

LONGEST_KEPT: Final = 2048
"""A longer piece, in bytes, is read anew each time."""

Said = TypeVar("Said")


class Kept(Generic[Said]):
    """What pieces of bytes say, of those that have come before. Threads may share it: each step is
    one of a dict or a list, and a mark that is lost costs one more reading."""

    def __init__(self) -> None:
        self.said: dict[bytes, Said] = {}
        self.get: Callable[[bytes], Said | None] = self.said.get
        """Return what a piece says, None if it is not kept."""
        self._marks = [0] * KEPT

    def note(self, piece: bytes) -> bool:
        """Return whether a piece is to be kept, since it has come before."""
        if len(piece) > LONGEST_KEPT:
            return False
        mark = hash(piece)
        place = mark % KEPT
        if self._marks[place] != mark:
            self._marks[place] = mark
            return False
        if len(self.said) >= KEPT:
            self.said.clear()
        return True


class Section:
    """What a field section says, behind a request line of this version."""

    __slots__ = ("based", "environ", "length", "lines", "persistent", "version")

    def __init__(
        self, version: int, length: int, persistent: bool, lines: int, environ: Environ
    ) -> None:
        self.version = version
        self.length = length
        self.persistent = persistent
        self.lines = lines
        self.environ = environ
        self.based: tuple[Environ, Environ] = environ, environ
        """A base, and what it is with the environ put over it: the last that was asked for, as a
        server has one. To put both together anew took 0.3 us of 3."""

    def over(self, base: Environ) -> Environ:
        """Return `base` with the environ put over it, and keep both."""
        whole = base | self.environ
        self.based = base, whole  # One store: another thread sees both or neither.
        return whole

    def is_usual(self, version: int, size: int, limits: Limits) -> bool:
        """Return whether it says so too as a part of a head of `size` bytes."""
        return (
            version == self.version
            and size <= limits.max_start_line
            and size <= limits.max_field_line
            and size <= limits.max_field_section
            and self.lines <= limits.max_fields
        )


_lines: Kept[tuple[str, str, int, str]] = Kept()
_environs: Kept[tuple[int, Environ]] = Kept()
"""Of request lines."""
_sections: Kept[Section] = Kept()


def _read_line(line: bytes) -> tuple[str, str, int, str] | None:
    """Return what `head.usual_line` does."""
    request = head.usual_line(line)
    if request is not None and _lines.note(line):
        _lines.said[line] = request
    return request


def _read_line_environ(line: bytes) -> tuple[int, Environ] | None:
    """Return (version, environ) of a usual request line."""
    request = head.usual_line(line)
    if request is None:
        return None
    method, target, version, _ = request
    found = version, environ_of_line(method, target, version)
    if _environs.note(line):
        _environs.said[line] = found
    return found


def _keep_section(block: bytes, section: bytes, version: int, limits: Limits) -> None:
    """Keep what the section of a usual head says."""
    usual = head.usual_environ(block, {}, limits)
    assert usual is not None
    length, persistent, environ = usual
    for key in environ_of_line("", "", version):
        del environ[key]
    lines = section.count(b"\n") - 1
    _sections.said[section] = Section(version, length, persistent, lines, environ)


def repeated_request(
    block: bytes, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, bool, str, str, int, str] | None:
    """Return what `head.usual_request` does.

    >>> repeated_request(b"GET /a HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n")
    (0, True, 'GET', '/a', 11, 'GET /a HTTP/1.1')
    """
    line, _, section = block.partition(b"\r\n")
    said = _sections.get(section)
    if said is not None:
        request = _lines.get(line) or _read_line(line)
        if request is None:
            return None
        method, target, version, text = request
        if said.is_usual(version, len(block), limits):
            return said.length, said.persistent, method, target, version, text
    usual = head.usual_request(block, limits)
    if usual is not None and said is None and _sections.note(section):
        _keep_section(block, section, usual[4], limits)
    return usual


def usual_environ(
    block: bytes, base: Environ, limits: Limits = DEFAULT_LIMITS, /
) -> tuple[int, bool, Environ] | None:
    """Return what `head.usual_environ` does. `base` must stay as it is.

    >>> usual_environ(b"GET /a%20b?c HTTP/1.1\\r\\nHost: d\\r\\n\\r\\n", {})[2]["PATH_INFO"]
    '/a b'
    """
    line, _, section = block.partition(b"\r\n")
    said = _sections.get(section)
    if said is not None:
        request = _environs.get(line) or _read_line_environ(line)
        if request is None:
            return None
        version, environ = request
        if said.is_usual(version, len(block), limits):
            known, whole = said.based
            if known is not base:
                whole = said.over(base)
            return said.length, said.persistent, whole | environ
    usual = head.usual_environ(block, base, limits)
    if usual is not None and said is None and _sections.note(section):
        version = 11 if usual[2]["SERVER_PROTOCOL"] == "HTTP/1.1" else 10
        _keep_section(block, section, version, limits)
    return usual


# What a handler needs, the C twin reads as quickly as it would be found here; an environ it builds.
usual_request = repeated_request if head.TWIN == "pure" else head.usual_request
