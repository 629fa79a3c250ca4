"""`Engine`: waits for sockets, and gives each event to the part of the engine that handles it.

``Engine(listeners, application, …)`` runs in the thread that calls `run`, until `stop` is called
(in any thread, or in a signal handler), or until a `drain` is complete. An `Application` reads and
answers requests, by handler classes or a WSGI application. It may block.

One thread leads: it waits for sockets, receives, and calls the application itself. If that blocks,
a thread of the pool begins to lead (`leader`). Only the thread that leads touches the state of the
loop. A connection belongs to the loop or, while it is BUSY, to the thread that runs its
application, so nothing here needs the GIL to be correct. With ``threads=False`` there is no watcher
and no pool: everything runs in the thread that calls `run`, one request at a time.

Each request runs in a context of its own (`contextvars`), so a context variable that one request
sets is not set for the next. The context is empty at first, as a thread's is; without threads it is
a copy of the context in which `run` was called.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextvars import Context, copy_context
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...net.nonblocking import wants_more
from .acceptor import Acceptor
from .application import BUSY_RESPONSE, FAREWELL, Application, EngineLimits
from .connection import (
    AWAITING,
    BUSY,
    COLLECTING,
    HANDSHAKING,
    LINGERING,
    NEVER,
    SENDING,
    Connection,
)
from .connections import ConnectionTable
from .exchange import Exchange
from .http1 import Http1
from .http1_exchange import Http1Exchange
from .leader import TICK
from .receiving import Receiving
from .runner import NotLeader, Runner
from .sending import Sending
from .threads import ThreadPool, only_pool_threads_are_left

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = ["Engine"]

#: Bytes to read at once: nearly every head fits, and several that arrive together. A read allocates
#: this much and then shrinks the block, and malloc keeps the rest of it for the thread: with 16 KiB
#: a worker grew for an hour.
READ_SIZE = 4096

#: Connections past their deadline that are handled before other sockets get their turn.
EXPIRE_BURST = 16

#: In the place of what was received of the next request: the application has left an outbox, and
#: still runs.
_OUTBOX: Any = object()


class Engine:
    """Serves `application` on `listeners`, which are bound and listening.

    `threads` says whether applications may run in a pool of threads (see the module); `daemon`
    whether these are daemons. `tls` is the context for connections of all listeners; a handshake
    delays no other connection. `verify`, `on_error` and `accept_instead` are called as `Acceptor`
    says; `on_error` also for an exception that a request raised. `busy_response` is sent where a
    limit is reached.
    """

    def __init__(
        self,
        listeners: Iterable[socket.socket],
        application: Application,
        *,
        limits: EngineLimits | None = None,
        threads: bool = True,
        tls: ssl.SSLContext | None = None,
        verify: Callable[[Any, Any], bool] | None = None,
        on_error: Callable[[Any, Any], None] | None = None,
        accept_instead: Callable[[], Callable[[], None] | None] | None = None,
        busy_response: bytes = BUSY_RESPONSE,
        daemon: bool = True,
    ) -> None:
        self.application = application
        self.limits = limits = limits or EngineLimits()
        self.threads = threads
        self._table = table = ConnectionTable()
        table.loop = self
        self._connections = table.connections
        self._wheel = table.wheel
        self._poller = table.poller
        self._close = table.close
        self._pool = ThreadPool(
            limits.max_threads, limits.max_waiting, daemon=daemon, name="nethttp handler"
        )
        self._runner = runner = Runner(
            application,
            self._pool,
            threads=threads,
            on_error=on_error,
            take_back=self._take_back,
            turn_away=self._turn_away,
            close=table.close,
            new_exchange=Http1Exchange,
        )
        self._leader_lock = runner.leader_lock
        self._returned = runner.returned
        runner.on_return = self._on_return
        self._receiving = Receiving(
            Http1(application, table.wheel), runner, table, lambda: self._now
        )
        self._sending = Sending(table, take_back=self._take_back, cut_off=self._cut_off)
        idle = application.idle_timeout
        self._idle_seconds = NEVER if idle is None else idle
        self._acceptor = Acceptor(
            table,
            listeners,
            most=limits.max_connections,
            tls=tls,
            handshake_timeout=limits.handshake_timeout,
            idle=self._idle_seconds,
            busy_response=busy_response,
            verify=None if verify is None else lambda *peer: runner.base.copy().run(verify, *peer),
            on_error=lambda *peer: runner.base.copy().run(runner.on_error, *peer),
            accept_instead=accept_instead,
        )
        self._now = time.monotonic()
        self._stopping = False
        self._draining = False
        self._drain_until = NEVER
        # When a drain next looks for idle connections.
        self._farewell_at = NEVER
        self._finished = threading.Event()
        self._failure: BaseException | None = None

    # --- life ---

    def run(
        self, poll_interval: float = 0.5, service_actions: Callable[[], None] = lambda: None
    ) -> None:
        """Serve until `stop`, or until a drain is complete.

        `service_actions` is called about every `poll_interval` seconds, in this thread. An
        exception of the loop itself is raised here, whichever thread leads.
        """
        if not self.threads or getattr(sys.flags, "thread_inherit_context", False):
            self._runner.base = copy_context()
        self._poller.register(self._returned.fileno())
        self._acceptor.open()
        try:
            if self.threads:
                self._pool.submit(self._lead_loop, urgent=True)
                if not self._pool.daemon and threading.current_thread().daemon:
                    service_actions = self._ending_with_the_program(service_actions)
                self._leader_lock.watch(self._hand_over, poll_interval, service_actions)
            else:
                self._loop(poll_interval, service_actions, None)
        finally:
            self._end()
        if self._failure is not None:
            raise self._failure

    def _ending_with_the_program(self, service_actions: Callable[[], None]) -> Callable[[], None]:
        """Return `service_actions` that also stop the engine once the program has ended.

        The interpreter waits at its end for every thread that is not a daemon, and the leader is
        one of them if the pool's threads are not daemons. But the thread that serves is a daemon,
        so the process must not wait for another client.
        """

        def act() -> None:
            service_actions()
            if not threading.main_thread().is_alive() and only_pool_threads_are_left():
                self.stop()

        return act

    def stop(self) -> None:
        """Stop as soon as possible: only requests that already run are still answered."""
        self._stopping = True
        self._returned.wake()
        self._leader_lock.stop_watching()

    def drain(self, timeout: float) -> None:
        """Stop accepting, finish running requests, close idle connections; then `run` returns.

        After `timeout` seconds `run` returns even if requests still run. This method returns at
        once.
        """
        self._drain_until = time.monotonic() + timeout
        self._farewell_at = 0.0
        self._draining = True
        self.application.closing = True
        self._returned.wake()
        self._leader_lock.wake_watcher()

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context of new connections; it may be replaced while the engine runs."""
        return self._acceptor.tls

    @tls.setter
    def tls(self, context: ssl.SSLContext | None) -> None:
        self._acceptor.tls = context

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def busy_threads(self) -> int:
        """How many threads the engine has for handlers."""
        return self._pool.threads

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the threads whose handlers still run; return whether all have ended.

        It takes `timeout` seconds at most; None: as long as it takes.
        """
        return self._pool.join(timeout)

    def _end(self) -> None:
        self._stopping = True
        self._returned.wake()
        if self.threads:
            # The leader ends by itself, unless its handler runs.
            self._leader_lock.seize()
        self._finished.set()
        self.application.log.release()
        for connection in list(self._connections.values()):
            if connection.stage == SENDING:
                # The rest of a response is sent, as requests that run are still answered.
                finish = partial(self._sending.send_all, connection)
                if not (self.threads and self._pool.submit(finish)):
                    finish()
            elif connection.stage != BUSY:
                self._close(connection)
        self._pool.close()
        self._take_returned()
        self._acceptor.close()
        self._table.forget_fd(self._returned.fileno())
        self._poller.close()
        self._returned.close()

    # --- the loop ---

    def _hand_over(self, exchange: Exchange | None, turn: int) -> None:
        """Have a thread of the pool lead instead of the thread whose handler blocks."""
        self._runner.hand_over(exchange, self._lead_loop, turn)

    def _lead_loop(self) -> None:
        """Lead until another thread does, or until the end. The lock is held at the beginning."""
        # The last leader may have left in the middle of its turn, with log lines gathered.
        self.application.log.release()
        runner = self._runner
        runner.begin_to_lead()
        try:
            goes_on = True
            while goes_on:
                runner.context = context = runner.base.copy()
                watched = None if context else context
                goes_on = context.run(self._loop, 3600.0, None, watched)
        except NotLeader:
            return
        except BaseException as error:
            self._failure = error
        self._leader_lock.resign()

    def _loop(
        self,
        poll_interval: float,
        service_actions: Callable[[], None] | None,
        context: Context | None,
    ) -> bool:
        """Serve until the end; return True earlier if a request has set a variable in `context`.

        Raises:
            NotLeader: another thread leads now.
        """
        poll = self._poller.poll
        connections = self._connections
        wheel = self._wheel
        read_head = self.application.read_head
        idle_seconds = self._idle_seconds
        runner = self._runner
        respond = runner.respond
        receive = self._receiving.receive
        acceptor = self._acceptor
        log = self.application.log
        while not self._stopping:
            now = time.monotonic()
            if now >= wheel.next:
                self._expire(now)
            if self._draining and self._is_drained(now):
                return False
            due = min(
                wheel.next,
                acceptor.retry_at,
                acceptor.accept_until,
                self._farewell_at,
                self._drain_until,
            )
            events = poll(max(0.0, min(due - now, poll_interval)))
            self._now = now = time.monotonic()
            if len(events) > 1:
                log.gather()
            for fd, _ in events:
                connection = connections.get(fd)
                if connection is None:
                    self._on_other_event(fd)
                    continue
                try:
                    if connection.stage != AWAITING:
                        self._on_event(connection)
                        continue
                    connection.readable_since = now
                    data = connection.recv(READ_SIZE)
                    # Nearly always `data` is one whole head, and nothing else.
                    if data[-4:] == b"\r\n\r\n" and not connection.buffer:
                        exchange = runner.exchange
                        if read_head(exchange, data) and not exchange.length:
                            exchange.connection = connection
                            if respond(connection, exchange):
                                idle = connection.idle
                                if idle is idle_seconds:
                                    connection.deadline = now + idle
                                else:
                                    wheel.put(connection, now + idle)
                            continue
                    receive(connection, data)
                except OSError as error:
                    if not wants_more(error):
                        self._close(connection)
            log.release()
            if now >= acceptor.retry_at:
                acceptor.reopen()
            if service_actions is not None:
                service_actions()
            if context:
                return True
        return False

    # --- connections whose application has returned ---

    def give_back(self, connection: Connection, left: bytes | None, /) -> None:
        """Take a connection back from any thread: see `Loop`."""
        self._runner.give_back(connection, left)

    def _on_return(self) -> None:
        """Have the loop look at a connection that a thread has returned. Any thread may call."""
        if self._finished.is_set():
            self._take_returned()
        else:
            self._returned.wake()

    def on_outbox(self, connection: Connection, /) -> None:
        """Send the end of a response that a thread has left, and that may still run."""
        self._returned.put((connection, _OUTBOX))
        self._returned.wake()

    def _take_returned(self) -> None:
        while (returned := self._returned.take()) is not None:
            connection, left = returned
            if left is _OUTBOX:
                if connection.stage == BUSY and connection.outbox is not None:
                    self._table.watch_room(connection)
            elif self._finished.is_set():
                self._sending.send_all(connection)
            else:
                self._take_back(connection, left)

    def _take_back(self, connection: Connection, left: bytes | None) -> None:
        """Wait for the next request of a connection, or close the connection."""
        if connection.outbox is not None:
            self._sending.begin(connection, connection.outbox, left)
            return
        if left is None:
            self._finish(connection)
            return
        connection.stage = AWAITING
        if not self._table.watch(connection):
            return
        self._wheel.put(connection, self._now + connection.idle)
        rest = bytes(left) + bytes(connection.buffer)
        connection.buffer = b""
        if rest:
            self._receiving.receive(connection, rest)

    def _cut_off(self, connection: Connection, error: OSError) -> None:
        """Have the application log, which may block, that the peer was too slow or has closed."""
        self._runner.run_in_place(
            connection, lambda: self.application.response_cut_off(connection, error)
        )

    # --- events ---

    def _on_event(self, connection: Connection) -> None:
        """Handle an event of a connection that does not wait for a request."""
        stage = connection.stage
        if stage == COLLECTING:
            self._receiving.collect(connection)
        elif stage == SENDING:
            self._sending.go_on(connection)
        elif stage == BUSY and connection.outbox is not None:
            self._sending.go_on_beside(connection)
        elif stage == BUSY:
            # The poller is level-triggered: it would report the connection in every turn.
            self._table.unwatch(connection)
        elif stage == LINGERING:
            self._table.discard_input(connection)
        elif stage == HANDSHAKING:
            self._acceptor.shake_hands(connection, self._now)

    # --- the end of a connection ---

    def _finish(self, connection: Connection) -> None:
        """Close a connection after its last response, so that the peer can still read that."""
        try:
            left = bool(connection.buffer) or self.application.has_unread_content(connection)
            if not left:
                left = bool(connection.recv(READ_SIZE))
        except OSError:
            left = False
        if not left or self._stopping:
            self._close(connection)
            return
        self._table.linger(connection, self._now)

    def _turn_away(self, connection: Connection) -> None:
        """Answer 503: no thread is free for the request, and the queue is full."""
        self._acceptor.reject(connection)
        self._finish(connection)

    def _expire(self, now: float) -> None:
        """Handle connections whose deadline has passed, at most `EXPIRE_BURST` in one turn.

        Raises:
            NotLeader: another thread leads now.
        """
        for connection in islice(self._wheel.due(now), EXPIRE_BURST):
            stage = connection.stage
            if stage == BUSY:
                self._wheel.put(connection, now + 5.0)
            elif stage == AWAITING and not connection.buffer:
                if connection.has_input():
                    # The peer sent in time; the loop has not read it yet.
                    self._wheel.put(connection, now + TICK)
                else:
                    self._close(connection)
            elif stage == SENDING:
                self._sending.check(connection, now)
            elif stage in (AWAITING, COLLECTING):
                self._time_out_request(connection)
            else:
                self._close(connection)

    def _time_out_request(self, connection: Connection) -> None:
        """Answer a request that did not arrive completely in time.

        The answer is sent in this thread: thousands may be due at once, and a switch to the pool
        for each costs more.
        """
        connection.exchange = None
        connection.buffer = b""
        self._runner.run_in_place(
            connection, lambda: self.application.request_timed_out(connection)
        )

    def _on_other_event(self, fd: int) -> None:
        """Handle an event of a listener, or of the queue of returned connections."""
        if fd == self._returned.fileno():
            self._returned.clear_wakeup()
            self._take_returned()
        else:
            self._acceptor.accept(fd, self._now)

    # --- the end ---

    def _is_drained(self, now: float) -> bool:
        """Return whether a drain is complete; until then, have idle connections close soon."""
        shut = self._acceptor.drain(now)
        if now >= self._farewell_at:
            # Not in every turn: thousands of connections may be open.
            self._farewell_at = now + FAREWELL / 10
            for connection in list(self._connections.values()):
                if connection.stage == AWAITING and connection.deadline > now + FAREWELL:
                    self._wheel.put(connection, now + FAREWELL)
        return (shut and not self._connections) or now >= self._drain_until
