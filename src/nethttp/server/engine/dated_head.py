"""`DatedHead`: a head that is sent for many responses, each time with the current Date."""

from __future__ import annotations

import time
from typing import Self

from ..logs.clock import http_date

__all__ = ["DatedHead", "FixedHead"]


class DatedHead:
    """A head whose Date is set when it is sent, at most once a second.

    >>> head = DatedHead(b"HTTP/1.1 200 OK\\r\\nDate: ", b"\\r\\n\\r\\n").now()
    >>> head[:23], len(head), head[-8:]
    (b'HTTP/1.1 200 OK\\r\\nDate: ', 56, b' GMT\\r\\n\\r\\n')
    """

    __slots__ = ("_after", "_before", "_dated")

    def __init__(self, before: bytes, after: bytes) -> None:
        """Join `before`, the value of Date, and `after`."""
        self._before = before
        self._after = after
        self._dated = (-1, b"")

    @classmethod
    def of(cls, head: bytes) -> Self:
        """Return a `DatedHead` for `head`, which has a Date of 29 characters."""
        before, name, after = head.partition(b"\r\nDate: ")
        return cls(before + name, after[29:])

    def now(self) -> bytes:
        """Return the head with the current date."""
        second, head = self._dated
        now = int(time.time())
        if second != now:
            head = self._before + http_date(now).encode("ascii") + self._after
            self._dated = (now, head)  # One store: another thread sees both or neither.
        return head


class FixedHead:
    r"""A head that stays as it is, since the program has set its date itself.

    >>> FixedHead(b"HTTP/1.1 204 No Content\r\n\r\n").now()
    b'HTTP/1.1 204 No Content\r\n\r\n'
    """

    __slots__ = ("_head",)

    def __init__(self, head: bytes) -> None:
        self._head = head

    def now(self) -> bytes:
        """Return the head as it is."""
        return self._head
