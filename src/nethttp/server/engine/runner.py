"""`Runner`: calls the application, in the thread that leads or in one of the pool.

Each call has a context of its own (`contextvars`), and an exception that it raises ends at most its
connection. While the application runs in the leader's thread, another thread may begin to lead; the
connection is then given back to the loop through a queue, as it is from the threads of the pool.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Hashable
from contextvars import Context
from typing import Any

from ..logs.lines import write_stderr
from .application import Application
from .connection import AWAITING, BUSY, Connection
from .exchange import NOTHING, Exchange
from .leader import LeaderLock
from .slow_kinds import SlowKinds
from .threads import ThreadPool
from .wakeup import WakeupQueue

__all__ = ["NotLeader", "Returned", "Runner"]

Returned = tuple[Connection, bytes | None]
"""A connection whose application has returned, and what was received of its next request; None: the
connection is to be closed."""


class NotLeader(Exception):
    """Raised in a thread that led, when another thread leads instead."""


class Runner:
    """Runs `application`; without `threads`, only in the leader's thread.

    The leader calls `take_back(connection, left)` once the application has returned, and
    `turn_away(connection)` for a request that finds no thread. `on_error(socket, address)` is
    called while an exception that a request raised is handled. `close(connection)` is called when a
    request raised an exception that ends the program. `new_exchange()` returns an exchange of the
    connections' version of HTTP.
    """

    def __init__(
        self,
        application: Application,
        pool: ThreadPool,
        *,
        threads: bool,
        on_error: Callable[[Any, Any], None] | None,
        take_back: Callable[[Connection, bytes | None], None],
        turn_away: Callable[[Connection], None],
        close: Callable[[Connection], None],
        new_exchange: Callable[[], Exchange],
    ) -> None:
        self._application = application
        self._pool = pool
        self._threads = threads
        self._report = on_error or _print_error
        self._take_back = take_back
        self._turn_away = turn_away
        self._close = close
        self._slow_kinds = SlowKinds()
        self.leader_lock = LeaderLock()
        self.base = Context()
        """The context that is copied for each call."""
        self.context: Context | bool = True
        """The leader's own context: requests run in it while it is empty. True: each has a copy."""
        self.new_exchange = new_exchange
        self.exchange = new_exchange()
        """The leader's exchange, for the next request; replaced when a request keeps it."""
        self.returned: WakeupQueue[Returned] = WakeupQueue()
        self.on_return: Callable[[], None] = self.returned.wake
        """Called once a connection is in `returned`."""

    def begin_to_lead(self) -> None:
        """Use a new exchange in a thread that begins to lead; the last leader still has its own."""
        self.leader_lock.begin()
        self.exchange = self.new_exchange()

    def hand_over(self, exchange: Exchange | None, lead_on: Callable[[], None], turn: int) -> None:
        """Have a thread of the pool call `lead_on`, because the leader's handler blocks.

        The handler's request, `exchange`, was the `turn`th of all requests.
        """
        if exchange is not None:
            kind = self._application.pacing_key(exchange)
            self._slow_kinds.record_block(kind, turn, time.monotonic())
        self._pool.submit(lead_on, urgent=True)

    # --- in the leader's thread ---

    def respond(self, connection: Connection, exchange: Exchange) -> bool:
        """Have a complete request answered; return whether the connection waits for the next.

        Raises:
            NotLeader: another thread leads now.
        """
        if self._slow_kinds.active and self._threads:
            kind = self._application.pacing_key(exchange)
            if self._slow_kinds.is_slow(kind, time.monotonic()):
                self._respond_in_pool(connection, exchange, kind)
                return False
        connection.stage = BUSY
        keep: bool | None = False
        epoch = self.leader_lock.release_for(exchange)
        try:
            if self.context:
                keep = self.base.copy().run(self._application.respond, exchange)
            else:
                # Few programs set context variables, and to enter a context costs 0.1 us.
                keep = self._application.respond(exchange)
        except BaseException as error:
            self._on_crash(connection, error)
        finally:
            if keep is not None:
                # `release`, without the call.
                exchange.connection = exchange.environ = NOTHING
                exchange.content = b""
            if not self.leader_lock.reacquire(epoch):
                if keep is not None:
                    self.give_back(connection, b"" if keep else None)
                raise NotLeader
        if keep and connection.outbox is None:
            connection.stage = AWAITING
            return True
        if keep is None:
            self._renew(exchange)
            return False
        self._take_back(connection, b"" if keep else None)
        return False

    def respond_blocking(self, connection: Connection, data: bytes) -> None:
        """Have a request read and answered by an application that may wait for its bytes."""
        connection.buffer = b""
        respond = self._application.respond_blocking
        if self._threads:
            self._run_in_pool(connection, lambda: self._call(connection, respond, data))
        else:
            self.run_in_place(connection, lambda: respond(connection, data))

    def run_in_place(self, connection: Connection, call: Callable[[], bytes | None]) -> None:
        """Call in this thread what may block, and take the connection back.

        Raises:
            NotLeader: another thread leads now.
        """
        connection.stage = BUSY
        left: bytes | None = None
        context = self.base.copy()
        epoch = self.leader_lock.release_for(None)
        try:
            left = context.run(call)
        except BaseException as error:
            context.run(self._on_crash, connection, error)
        finally:
            if not self.leader_lock.reacquire(epoch):
                self.give_back(connection, left)
                raise NotLeader
        self._take_back(connection, left)

    def _renew(self, exchange: Exchange) -> None:
        """Make another exchange for the leader, if the application keeps the leader's."""
        if exchange is self.exchange:
            self.exchange = self.new_exchange()

    # --- in threads of the pool ---

    def _respond_in_pool(self, connection: Connection, exchange: Exchange, kind: Hashable) -> None:
        self._renew(exchange)

        def work() -> None:
            began = time.monotonic()
            keep: bool | None = False
            context = self.base.copy()
            try:
                keep = context.run(self._application.respond, exchange)
            except BaseException as error:
                context.run(self._on_crash, connection, error)
            finally:
                now = time.monotonic()
                self._slow_kinds.record_duration(kind, now - began, now)
                if keep is not None:
                    self.give_back(connection, b"" if keep else None)

        self._run_in_pool(connection, work)

    def _call(
        self,
        connection: Connection,
        respond: Callable[[Connection, bytes], bytes | None],
        data: bytes,
    ) -> None:
        left: bytes | None = None
        context = self.base.copy()
        try:
            left = context.run(respond, connection, data)
        except BaseException as error:
            context.run(self._on_crash, connection, error)
        finally:
            self.give_back(connection, left)

    def _run_in_pool(self, connection: Connection, work: Callable[[], None]) -> None:
        """Have a thread of the pool do `work` for a request of `connection`, or answer 503."""
        connection.stage = BUSY
        self.leader_lock.note_request()
        if not self._pool.submit(work):
            self._turn_away(connection)

    def give_back(self, connection: Connection, left: bytes | None) -> None:
        """Give a BUSY connection back to the loop. Any thread may call."""
        self.returned.put((connection, left))
        self.on_return()

    # --- errors ---

    def on_error(self, sock: Any, address: Any) -> None:
        """Report the exception that is handled. A report that raises ends no thread."""
        try:
            self._report(sock, address)
        except Exception:
            _print_error(sock, address)

    def _on_crash(self, connection: Connection, error: BaseException) -> None:
        """Report an exception of the application; with threads it ends only its connection."""
        if isinstance(error, Exception):
            self.on_error(connection.sock, connection.address)
        elif self._threads:
            _report_thread_end(error)
        else:
            self._close(connection)
            raise error


def _report_thread_end(error: BaseException) -> None:
    """Report an exception that would end a thread, by the hook that programs may replace."""
    if isinstance(error, SystemExit):
        return  # A thread that ends itself is no error.
    thread = threading.current_thread()
    try:
        threading.excepthook(
            threading.ExceptHookArgs((type(error), error, error.__traceback__, thread))
        )
    except Exception:
        write_stderr(f"{thread.name}: {error!r}\n")


def _print_error(_sock: Any, address: Any) -> None:
    write_stderr(f"{address}: {sys.exc_info()[1]!r}\n")
