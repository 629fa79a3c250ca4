"""A socket as a raw binary file whose waits have a deadline.

`io.BufferedReader` makes of it the `rfile` of a connection. The socket's own timeout bounds every
single wait; a deadline bounds all waits for one head together, so that a peer that sends a byte now
and then is cut off too.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable

__all__ = ["SocketReader"]


class SocketReader(io.RawIOBase):
    """Reads from `sock`; every wait takes at most `timeout` seconds (None: as long as it takes).

    `before_wait` is called before the socket is waited for: whatever the peer must see first is to
    be sent there. `clock` returns seconds and never goes back. `ahead` was read off the socket
    before, and comes first.
    """

    def __init__(
        self,
        sock: socket.socket,
        timeout: float | None,
        *,
        before_wait: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        ahead: bytes = b"",
    ) -> None:
        self._sock = sock
        self._before_wait = before_wait
        self._clock = clock
        self._timeout = timeout
        self._budget: float | None = None
        self._deadline: float | None = None
        self._ahead = ahead
        self._stopped = False
        self.timed_out = False
        """Whether a wait has ended without a byte."""
        sock.settimeout(timeout)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._sock.fileno()

    @property
    def timeout(self) -> float | None:
        """The longest single wait, in seconds."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout = seconds
        self._sock.settimeout(seconds)

    def begin(self, budget: float | None) -> None:
        """From the next byte on, all waits together may take `budget` seconds, until `end`.

        The wait for that byte itself is bounded by `timeout` alone.
        """
        self._budget = budget
        self._deadline = None

    def end(self) -> None:
        """What had a deadline has come whole."""
        self._budget = self._deadline = None

    @property
    def begun(self) -> bool:
        """Whether the deadline runs: a byte has come since `begin`."""
        return self._deadline is not None

    def stop(self) -> bytes:
        """Read nothing more from the socket; return what came ahead and was not read."""
        self._stopped = True
        ahead, self._ahead = self._ahead, b""
        return ahead

    def _take_ahead(self, buffer: memoryview) -> int:
        count = min(len(buffer), len(self._ahead))
        buffer[:count] = self._ahead[:count]
        self._ahead = self._ahead[count:]
        if self._budget is not None and self._deadline is None:
            self._deadline = self._clock() + self._budget
        return count

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]
        """Read once into `buffer` and return how many bytes came; 0 at the end.

        None once it was told to `stop`.

        Raises:
            TimeoutError: nothing came in time.
        """
        if self._ahead:
            return self._take_ahead(buffer)
        if self._stopped:
            return None
        self._before_wait()
        try:
            if self._deadline is not None:
                return self._read_until(self._deadline, buffer)
            count = self._sock.recv_into(buffer)
        except TimeoutError:
            self.timed_out = True
            raise
        if self._budget is not None:
            self._deadline = self._clock() + self._budget
        return count

    def _read_until(self, deadline: float, buffer: memoryview) -> int:
        left = deadline - self._clock()
        if left <= 0:
            raise TimeoutError(f"expected a whole head within {self._budget:g} s")
        self._sock.settimeout(left if self._timeout is None else min(left, self._timeout))
        try:
            return self._sock.recv_into(buffer)
        finally:
            self._sock.settimeout(self._timeout)
