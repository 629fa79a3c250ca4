"""Connections in memory, for `ScriptedNetwork`."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Final

from .effects import Flow
from .link import Address, Link

__all__ = ["NOT_YET", "ScriptedAttempt", "ScriptedLink", "Server"]

WINDOW: Final = 65536
"""How many bytes are under way before a sender must wait for the receiver."""

Server = Callable[[Link], Flow[object]]
"""A server's side of one connection, as a flow; when it ends, the connection is closed."""

NOT_YET: Final = object()
"""The result of an effect that has to wait."""


class ScriptedLink(Link):
    """One end of a connection in memory.

    >>> near, far = ScriptedLink.pair(Address(2, ("192.0.2.1", 80)))
    >>> near.give(b"hello")
    >>> far.take(), far.take() is NOT_YET
    (b'hello', True)
    """

    __slots__ = ("_arrived", "_ended", "_failure", "_other")

    def __init__(self, address: Address) -> None:
        super().__init__(address)
        self._other: ScriptedLink | None = None
        self._arrived = bytearray()
        self._ended = False
        self._failure: OSError | None = None

    @classmethod
    def pair(cls, address: Address) -> tuple[ScriptedLink, ScriptedLink]:
        """Return both ends of a connection to `address`: the client's, then the server's."""
        near, far = cls(address), cls(address)
        near._other, far._other = far, near
        return near, far

    def is_stale(self) -> bool:
        return self.closed or self.readable()

    def close(self) -> None:
        if self.closed:
            return
        other = self._other
        assert other is not None
        if self.layer is not None and not other.closed:
            other._arrived += self.layer.farewell()
        self.closed = True
        other._ended = True

    def forget(self) -> None:
        self.closed = True

    def end(self) -> None:
        """Send nothing more, as by ``shutdown``; what the other end sends is still received."""
        assert self._other is not None
        self._other._ended = True

    def reset(self) -> None:
        """End the connection by a reset: the other end meets it once it has read what arrived."""
        self.closed = True
        assert self._other is not None
        self._other._failure = ConnectionResetError(104, "Connection reset by peer")

    def readable(self) -> bool:
        """Return whether a `Read` has a result at once. What TLS itself says is taken in."""
        while not (self.ahead or self._failure is not None or self._layer_ended()):
            if not self._arrived:
                return self._ended
            if self.layer is None:
                return True
            plain = self.received(self._take())
            if plain is not None:
                self.ahead = plain
        return True

    def _layer_ended(self) -> bool:
        return self.layer is not None and self.layer.ended

    def _take(self) -> bytes:
        data = bytes(self._arrived)
        self._arrived.clear()
        return data

    def take(self) -> bytes | object:
        """Return what has arrived, b"" at the end; `NOT_YET` if there is neither.

        Raises:
            OSError: the connection was reset.
        """
        if not self.readable():
            return NOT_YET
        if self.ahead:
            data, self.ahead = self.ahead, b""
            return data
        if self._arrived and not self._layer_ended():
            return self._take()
        if self._failure is not None:
            raise self._failure
        if self.layer is not None and not self.layer.ended:
            self.received(b"")
        return b""

    def room(self) -> int:
        """Return how many bytes may be sent now.

        Raises:
            OSError: the other end is closed.
        """
        assert self._other is not None
        if self._failure is not None:
            raise self._failure
        if self.closed or self._other.closed:
            raise BrokenPipeError(32, "Broken pipe")
        return max(0, WINDOW - len(self._other._arrived))

    def give(self, data: bytes | memoryview) -> None:
        """Send `data`."""
        assert self._other is not None
        carried = data if self.layer is None else self.layer.send(data)
        self._other._arrived += carried
        self.sent += len(carried)


class ScriptedAttempt:
    """A connection that is being made: it ends with a link, or an error, at the moment `at`.

    `at` is in the script's seconds; infinity: never.
    """

    __slots__ = ("address", "at", "error", "link", "server")

    def __init__(self, address: Address, at: float, outcome: Server | OSError) -> None:
        self.address = address
        self.at = at
        self.link: Link | None = None
        self.error = outcome if isinstance(outcome, OSError) else None
        self.server = None if isinstance(outcome, OSError) else outcome

    def close(self) -> None:
        self.at = inf
        if self.link is not None:
            self.link.close()
            self.link = None
