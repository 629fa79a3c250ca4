"""`Timing`: how long each phase of a request took; `Marks`: the moments it is made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Marks", "Timing"]


class Timing(NamedTuple):
    """Seconds that each phase took; None: the phase was not needed, or is not over.

    A reused connection has no `dns`, `connect` and `tls`.

    >>> Timing(queue=0.0, wait=0.02, receive=0.01).dns is None
    True
    """

    queue: float | None = None
    """Waiting for a connection of the pool."""
    dns: float | None = None
    connect: float | None = None
    tls: float | None = None
    send: float | None = None
    """Sending the request. A short one is sent at once; then `wait` begins with it."""
    wait: float | None = None
    """From the request's last byte to the response's head."""
    receive: float | None = None
    """From the head to the last byte."""


class Marks:
    """The moments of one exchange, by the runner's clock; 0: not reached."""

    # Without slots, so that the moments need not be set: most requests reach half of them.
    acquired = 0.0
    """A slot of the pool was free."""
    dns = 0.0
    """Seconds that the resolver took."""
    tls = 0.0
    """Seconds that the handshake took."""
    connected = 0.0
    """A new connection was ready."""
    sent = 0.0
    """The last byte of a long request was sent."""
    head = 0.0
    """The response's head was received."""
    ended = 0.0
    """The response's last byte was received."""

    def __init__(self, clock: Callable[[], float], began: float) -> None:
        self.clock = clock
        self.began = began
        """The call."""

    def end(self) -> None:
        """Mark the end of the response."""
        if not self.ended:
            self.ended = self.clock()

    def elapsed(self) -> float:
        """Return the seconds from the call to the last byte, or to the head."""
        return (self.ended or self.head or self.began) - self.began

    def timing(self) -> Timing:
        """Return the phases in seconds."""
        if not self.acquired:
            return Timing()
        connect = None
        if self.connected:
            connect = self.connected - self.acquired - self.dns - self.tls
        ready = self.connected or self.acquired
        return Timing(
            self.acquired - self.began,
            self.dns or None,
            connect,
            self.tls or None,
            self.sent - ready if self.sent else None,
            self.head - (self.sent or ready) if self.head else None,
            self.ended - self.head if self.ended else None,
        )
