"""`TimerWheel`: which connections are due, without a look at the others.

A connection lies in one slot, the earliest at which it may be due. Most deadlines move on with
every request, so a request only notes the new one in the connection; the wheel finds out when the
slot comes round, and moves the connection to where it belongs by then. A deadline that comes closer
must be told with `put`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .connection import NEVER, Connection

__all__ = ["TimerWheel"]

#: A slot's width in seconds: how late a deadline may be noticed.
WIDTH = 0.05


class TimerWheel:
    """Connections by the time at which each is due, in seconds by `time.monotonic`.

    To put one in takes the same short time however many there are. A deadline that is set in the
    connection itself, and is later, needs no change here: it is read when the earlier one has
    passed.
    """

    def __init__(self) -> None:
        self._slots: dict[int, dict[int, Connection]] = {}
        self.next = NEVER
        """When the next slot is due."""

    def put(self, connection: Connection, deadline: float) -> None:
        """Set a connection's deadline, and see that it is looked at by then."""
        connection.deadline = deadline
        slot = int(deadline / WIDTH) + 1 if deadline != NEVER else 0
        before = connection.timer_slot
        if before and (not slot or before <= slot):
            return
        if before:
            self._take_out(connection)
        connection.timer_slot = slot
        if slot:
            self._slots.setdefault(slot, {})[connection.fd] = connection
            self.next = min(self.next, slot * WIDTH)

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        if connection.timer_slot:
            self._take_out(connection)
            connection.timer_slot = 0

    def _take_out(self, connection: Connection) -> None:
        lying = self._slots.get(connection.timer_slot)
        # A descriptor's number may have been given to another connection.
        if lying is not None and lying.get(connection.fd) is connection:
            del lying[connection.fd]

    def due(self, now: float) -> Iterator[Connection]:
        """Yield the connections whose deadline has passed at the time `now`, and take them out.

        A caller that stops before the last is given the others the next time.
        """
        while self.next <= now:
            slot = min(self._slots)
            lying = self._slots[slot]
            while lying:
                _, connection = lying.popitem()
                connection.timer_slot = 0
                if connection.deadline <= now:
                    yield connection
                else:
                    self.put(connection, connection.deadline)
            del self._slots[slot]
            self.next = min(self._slots) * WIDTH if self._slots else NEVER
