"""`Sending`: connections whose response is complete, but not completely sent.

Only the thread that leads calls these methods, except for `send_all`, which any thread may call.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from .connection import CLOSED, SENDING, Connection
from .connections import ConnectionTable
from .outbox import Outbox

__all__ = ["Sending"]


class Sending:
    """Sends the outboxes of connections in `table`.

    `take_back(connection, left)` is called once an outbox is empty, with what the application
    returned; `cut_off(connection, error)`, which ends the connection, if the peer has closed it or
    is too slow.
    """

    def __init__(
        self,
        table: ConnectionTable,
        *,
        take_back: Callable[[Connection, bytes | None], None],
        cut_off: Callable[[Connection, OSError], None],
    ) -> None:
        self._table = table
        self._take_back = take_back
        self._cut_off = cut_off

    def begin(self, connection: Connection, outbox: Outbox, left: bytes | None) -> None:
        """Send the rest of a response whenever the socket has room; then give back `left`."""
        outbox.left = left
        connection.stage = SENDING
        if self._table.watch_room(connection, not outbox.must_read):
            self._table.wheel.put(connection, outbox.due)

    def go_on(self, connection: Connection) -> None:
        """Send more of an outbox, because the socket has room.

        Raises:
            NotLeader: another thread leads now.
        """
        outbox = connection.outbox
        assert outbox is not None
        must_read = outbox.must_read
        try:
            done = outbox.send()
        except OSError as error:
            self._give_up(connection, error)
            return
        if done:
            connection.outbox = None
            if self._table.watch_room(connection, False):
                self._take_back(connection, outbox.left)
            return
        if must_read != outbox.must_read:
            self._table.watch_room(connection, must_read)
        self._table.wheel.put(connection, outbox.due)

    def check(self, connection: Connection, now: float) -> None:
        """Cut the peer off if at the time `now` it has received too little.

        This method does not try to send: a system may take a little more of a peer that reads
        nothing, whenever it is asked.

        Raises:
            NotLeader: another thread leads now.
        """
        outbox = connection.outbox
        assert outbox is not None
        try:
            outbox.check(now)
        except OSError as error:
            self._give_up(connection, error)
        else:
            self._table.wheel.put(connection, outbox.due)

    def _give_up(self, connection: Connection, error: OSError) -> None:
        connection.outbox = None
        if self._table.watch_room(connection, False):
            self._cut_off(connection, error)

    def go_on_beside(self, connection: Connection) -> None:
        """Send more of an outbox while the application still runs."""
        outbox = connection.outbox
        assert outbox is not None
        with suppress(OSError):  # `go_on` meets it again, once the application has returned.
            if not outbox.send():
                if outbox.must_read:
                    # Sending waits for input, so the poller would report room in every turn.
                    self._table.unwatch(connection)
                return
            connection.outbox = None
        if self._table.watch_room(connection, False):
            self._table.unwatch(connection)

    def send_all(self, connection: Connection) -> None:
        """Send the rest of a response in this thread, and close the connection."""
        outbox = connection.outbox
        if outbox is not None and connection.stage != CLOSED:
            with suppress(OSError):
                outbox.send_all()
        self._table.close(connection)
