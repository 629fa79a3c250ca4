"""`TimerWheel`: finds the connections that are due without a look at the others.

A connection is in one slot, for a time that is not after its deadline. Nearly every request moves
its connection's deadline to a later time, so it only sets `connection.deadline`; when the slot is
due, the wheel moves the connection to the slot of the new deadline. An earlier deadline must be set
with `put`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .connection import NEVER, Connection

__all__ = ["TimerWheel"]

#: A slot's width in seconds: how late a deadline may be noticed.
WIDTH = 0.05


class TimerWheel:
    """Connections by the time at which each is due, in seconds by `time.monotonic`.

    `put` takes the same short time however many connections there are.
    """

    def __init__(self) -> None:
        self._slots: dict[int, dict[int, Connection]] = {}
        self.next = NEVER
        """When the next slot is due, by `time.monotonic`."""

    def put(self, connection: Connection, deadline: float) -> None:
        """Set a connection's deadline; `due` yields the connection once it has passed."""
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
        """Take a connection out of the wheel."""
        if connection.timer_slot:
            self._take_out(connection)
            connection.timer_slot = 0

    def _take_out(self, connection: Connection) -> None:
        in_slot = self._slots.get(connection.timer_slot)
        # Another connection may have the same descriptor by now.
        if in_slot is not None and in_slot.get(connection.fd) is connection:
            del in_slot[connection.fd]

    def due(self, now: float) -> Iterator[Connection]:
        """Yield the connections whose deadline has passed at the time `now`, and take them out.

        If the caller stops before the last, the next call yields the others.
        """
        while self.next <= now:
            slot = min(self._slots)
            in_slot = self._slots[slot]
            while in_slot:
                _, connection = in_slot.popitem()
                connection.timer_slot = 0
                if connection.deadline <= now:
                    yield connection
                else:
                    self.put(connection, connection.deadline)
            del self._slots[slot]
            self.next = min(self._slots) * WIDTH if self._slots else NEVER
