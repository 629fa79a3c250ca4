"""`Receiving`: finds the requests in what connections receive, and has them answered.

Only the thread that leads calls anything here.
"""

from __future__ import annotations

from collections.abc import Callable

from .connection import Connection
from .connections import ConnectionTable
from .exchange import Exchange
from .http1 import Http1, Outcome
from .runner import Runner

__all__ = ["Receiving"]

#: Bytes of content to receive at once.
CONTENT_SIZE = 16384


class Receiving:
    """Has `http1` find the requests, and `runner` answer them.

    `clock` returns the time of the loop's turn, in seconds by `time.monotonic`.
    """

    def __init__(
        self, http1: Http1, runner: Runner, table: ConnectionTable, clock: Callable[[], float]
    ) -> None:
        self._http1 = http1
        self._runner = runner
        self._table = table
        self._clock = clock

    def receive(self, connection: Connection, data: bytes) -> None:
        """Handle what a connection that waits for a request received: part of one, or several.

        Raises:
            NotLeader: another thread leads now.
        """
        runner = self._runner
        while True:
            exchange = runner.exchange
            outcome = self._http1.receive(connection, data, exchange, self._clock())
            if outcome is not Outcome.COMPLETE:
                self._on_incomplete(connection, outcome)
                return
            data = self._respond(connection, exchange)
            if not data:
                return

    def collect(self, connection: Connection) -> None:
        """Receive more of the content of a connection's request.

        Raises:
            NotLeader: another thread leads now.
        """
        exchange = connection.exchange
        assert exchange is not None
        outcome = self._http1.collect(connection, connection.recv(CONTENT_SIZE), self._clock())
        if outcome is not Outcome.COMPLETE:
            self._on_incomplete(connection, outcome)
        elif data := self._respond(connection, exchange):
            self.receive(connection, data)

    def _respond(self, connection: Connection, exchange: Exchange) -> bytes:
        """Have a complete request answered; return what was received after it.

        It returns b"" while the connection does not wait for a request.
        """
        if not self._runner.respond(connection, exchange):
            return b""
        # Its deadline may still be the earlier one for the rest of the request.
        self._table.wheel.put(connection, self._clock() + connection.idle)
        data, connection.buffer = bytes(connection.buffer), b""
        return data

    def _on_incomplete(self, connection: Connection, outcome: Outcome) -> None:
        """Wait for more, have the application read the request itself, or close the connection."""
        if outcome is Outcome.MORE:
            if connection.exchange is not None:
                self._runner.exchange = self._runner.new_exchange()
        elif outcome is Outcome.READER:
            self._runner.respond_blocking(connection, bytes(connection.buffer))
        else:
            self._table.close(connection)
