"""`Receiving`: what connections receive, to the requests in it, to the application.

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

#: Received at once of content, in bytes.
CONTENT_SIZE = 16384


class Receiving:
    """Has `http1` find the requests, and `runner` answer them. `clock` is the loop's time."""

    def __init__(
        self, http1: Http1, runner: Runner, table: ConnectionTable, clock: Callable[[], float]
    ) -> None:
        self._http1 = http1
        self._runner = runner
        self._table = table
        self._clock = clock

    def receive(self, connection: Connection, data: bytes) -> None:
        """Take what a connection that awaits a request has received: less, or more, than one.

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
        """Receive content of the request that a connection keeps.

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
        """Have a complete request answered; return what was received behind it and is to be read.

        That is nothing as long as the connection does not await a request.
        """
        if not self._runner.respond(connection, exchange):
            return b""
        # The connection may have been due earlier, for the rest of the request.
        self._table.wheel.put(connection, self._clock() + connection.idle)
        data, connection.buffer = bytes(connection.buffer), b""
        return data

    def _on_incomplete(self, connection: Connection, outcome: Outcome) -> None:
        """Wait for more, have the application read the request itself, or close the connection."""
        if outcome is Outcome.MORE:
            if connection.exchange is not None:
                self._runner.exchange = Exchange()
        elif outcome is Outcome.READER:
            self._runner.respond_blocking(connection, bytes(connection.buffer))
        else:
            self._table.close(connection)
