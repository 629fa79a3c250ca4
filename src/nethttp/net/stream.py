"""A socket as a raw binary file whose waits have a deadline.

`io.BufferedReader` makes the `rfile` of a connection from it. The timeout bounds each single wait.
A deadline bounds all waits for one head together, and an allowance all waits for content, so that a
peer that sends one byte now and then meets a limit too.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from math import inf

from .allowance import Allowance

__all__ = ["SocketReader"]

_NOTHING = memoryview(b"")


def _wait_plainly() -> None:
    """Do nothing before a wait."""


class SocketReader(io.RawIOBase):
    """Reads from `sock`; every wait takes at most `timeout` seconds (None: no limit).

    If the program sets a timeout on the socket itself, that one replaces `timeout`. `before_wait`
    is called before each wait, and sends what the peer must receive first. `clock` returns seconds
    and never runs backwards. `ahead` was received before, and is read first.
    """

    __slots__ = (
        "_ahead",
        "_allowance",
        "_before_wait",
        "_bound",
        "_budget",
        "_clock",
        "_deadline",
        "_sock",
        "_stopped",
        "_timeout",
        "timed_out",
    )

    def __init__(
        self,
        sock: socket.socket,
        timeout: float | None,
        *,
        before_wait: Callable[[], None] = _wait_plainly,
        clock: Callable[[], float] = time.monotonic,
        ahead: bytes = b"",
    ) -> None:
        self._sock = sock
        #: The timeout that this reader set on the socket. Another value there is the program's.
        self._bound = sock.gettimeout()
        self._before_wait = before_wait
        self._clock = clock
        self._timeout = timeout
        self._budget: float | None = None
        self._deadline: float | None = None
        self._allowance: Allowance | None = None
        self._ahead = memoryview(ahead)
        self._stopped = False
        self.timed_out = False
        """Whether a wait has ended without a byte."""
        self._set_timeout(timeout)

    def close(self) -> None:
        # The object that is called before a wait nearly always holds this file: a reference cycle.
        self._before_wait = _wait_plainly
        super().close()

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        # The program may give it to another process, which does not wait at a non-blocking socket.
        self.lend(None)
        return self._sock.fileno()

    @property
    def timeout(self) -> float | None:
        """The longest single wait, in seconds; None: no limit."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        if not self._program_set_timeout():
            self._timeout = seconds
            self._set_timeout(seconds)

    def _set_timeout(self, seconds: float | None) -> None:
        """Set the timeout of the socket itself."""
        self._sock.settimeout(seconds)
        self._bound = seconds

    def _program_set_timeout(self) -> bool:
        """Whether the program has set a timeout on the socket; if so, obey it."""
        own = self._sock.gettimeout()
        if own == self._bound:
            return False
        self._timeout = own
        return True

    def lend(self, seconds: float | None) -> None:
        """Set the socket's timeout for the program; the waits of this reader keep their own."""
        if not self._program_set_timeout():
            self._sock.settimeout(seconds)
            self._bound = seconds

    def wait_at_most(self, seconds: float | None) -> None:
        """Bound each wait of this reader to `seconds`, without a change of the socket's timeout."""
        if not self._program_set_timeout():
            self._timeout = seconds

    def begin(self, budget: float | None) -> None:
        """Bound all waits after the next byte, together, to `budget` seconds, until `end`.

        Only `timeout` bounds the wait for that byte itself.
        """
        self._budget = budget
        self._deadline = self._allowance = None

    def allow(self, rate: float, grace: float) -> None:
        """Bound all waits together to `grace` seconds, plus 1 second for every `rate` bytes read.

        This holds until `begin` or `end`. Time between waits does not count.
        """
        self._allowance = Allowance(rate, grace)

    def end(self) -> None:
        """End the deadline and the allowance: the head, or the content, is complete."""
        self._budget = self._deadline = self._allowance = None

    @property
    def begun(self) -> bool:
        """Whether the deadline runs: a byte was received since `begin`."""
        return self._deadline is not None

    def stop(self) -> bytes:
        """Read nothing more from the socket; return what is left of `ahead`."""
        self._stopped = True
        ahead, self._ahead = bytes(self._ahead), _NOTHING
        return ahead

    def _take_ahead(self, buffer: memoryview) -> int:
        # A view, so that reading byte by byte does not copy the rest each time.
        ahead = self._ahead
        count = min(len(buffer), len(ahead))
        buffer[:count] = ahead[:count]
        self._ahead = ahead[count:] if count < len(ahead) else _NOTHING
        if self._allowance is not None:
            self._allowance.moved += count
        if self._budget is not None and self._deadline is None:
            self._deadline = self._clock() + self._budget
        return count

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]
        """Read once into `buffer` and return how many bytes were read; 0 at the end.

        It returns None after `stop`.

        Raises:
            TimeoutError: nothing was received in time.
        """
        if self._ahead:
            return self._take_ahead(buffer)
        if self._stopped:
            return None
        count = self._wait(buffer)
        if self._allowance is not None:
            self._allowance.moved += count
        return count

    def _wait(self, buffer: memoryview, flags: int = 0) -> int:
        """Receive once into `buffer`, within all bounds; return how many bytes were received."""
        self._before_wait()
        self._program_set_timeout()
        allowance = self._allowance
        began = self._clock()
        try:
            count = self._receive(buffer, self._longest_wait(began), flags)
        except TimeoutError:
            self.timed_out = True
            raise
        finally:
            if allowance is not None:
                allowance.waited += self._clock() - began
        if self._budget is not None and self._deadline is None:
            self._deadline = self._clock() + self._budget
        return count

    def _longest_wait(self, now: float) -> float | None:
        """Return how many seconds the next wait may take; None: no limit.

        Raises:
            TimeoutError: the deadline has passed, or the allowance is used up.
        """
        longest = self._timeout
        if self._deadline is not None:
            left = self._deadline - now
            if left <= 0:
                raise TimeoutError(f"expected a whole head within {self._budget:g} s")
            longest = left if longest is None else min(left, longest)
        if self._allowance is not None:
            left = self._allowance.left()
            if left != inf:
                longest = left if longest is None else min(left, longest)
        return longest

    def _receive(self, buffer: memoryview, seconds: float | None, flags: int) -> int:
        """Receive once, after a wait of at most `seconds`.

        Raises:
            TimeoutError: nothing was received.
        """
        own = self._sock.gettimeout()
        # The size is given: gevent's TLS sockets read 0 as no bytes, not as the buffer's length.
        if own == seconds:
            return self._sock.recv_into(buffer, len(buffer), flags)
        self._sock.settimeout(seconds)
        try:
            return self._sock.recv_into(buffer, len(buffer), flags)
        finally:
            self._sock.settimeout(own)
