"""`Engine`: one poller loop under handlers that block when they like.

The interface that servers need:

* ``Engine(listeners, application, …)``, then `run` in a thread of one's choice, until `stop` (from
  any thread, or a signal handler) or until `drain` has let the last request be answered.
* An `Application` says how a request is read and answered; `handling` has the one for handler
  classes, `wsgi` the one for WSGI applications. It is blocking Python.

One thread leads: it waits for sockets, reads, and runs handlers in place; where one blocks, another
thread of the crew leads on (`lead`). Only the leading thread touches the state of the loop. A
connection is touched by the loop or, while it is BUSY, by the thread that has it: nothing here
needs the GIL to be correct.

With ``threads=0`` there is no watcher and no crew: everything runs in the thread that calls `run`,
one request at a time.

Each request runs in a context of its own (`contextvars`), whichever thread it runs in: what one
client's request has set is not there for the next client's. It begins empty, as a thread's does;
without threads it begins as a copy of what `run` was called in.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from ...net.nonblocking import wants_more
from ..logs.lines import write_stderr
from .acceptor import Acceptor
from .application import BUSY_RESPONSE, FAREWELL, Application, EngineLimits
from .connection import (
    AWAITING,
    BUSY,
    CLOSED,
    COLLECTING,
    HANDSHAKING,
    LINGERING,
    NEVER,
    SENDING,
    Connection,
)
from .connections import ConnectionTable
from .exchange import Exchange
from .http1 import Http1, Outcome
from .leader import TICK, LeaderLock
from .slow_kinds import SlowKinds
from .threads import ThreadPool, only_pool_threads_are_left
from .wakeup import WakeupQueue

if TYPE_CHECKING:
    import socket
    import ssl

__all__ = ["Engine"]

#: Read at once, in bytes: nearly every head fits, and several that come together. What comes is cut
#: down in the place that was made for it, and keeps the rest of that place from the next read for
#: as long as malloc keeps it for its thread: with 16 KiB a worker grew for an hour.
READ_SIZE = 4096

#: Read at once of content.
CONTENT_SIZE = 16384

#: Connections whose time is up that are attended to before other sockets get their turn.
EXPIRE_BURST = 16


#: Stands for what a thread has read ahead: it has not returned yet, and has left an outbox.
_OUTBOX: Any = object()


class _NotLeader(Exception):
    """Another thread leads by now."""


class Engine:
    """Serves `application` on `listeners`, which are bound and listening.

    `threads` says whether handlers may run in threads of their own (see the module). `tls` is for
    connections of all listeners; handshakes delay no other. `verify` is asked for each connection
    (socket, address). `on_error` is told of what went wrong with one, as an exception being
    handled. `other_way` is asked before a connection is accepted for what is to accept and handle
    it instead. `daemon` is for the threads.
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
        other_way: Callable[[], Callable[[], None] | None] | None = None,
        busy_response: bytes = BUSY_RESPONSE,
        daemon: bool = True,
    ) -> None:
        self.application = application
        self.limits = limits = limits or EngineLimits()
        self.threads = threads
        self._verify = verify
        self._tell = on_error or _print_error
        # What the context of each request is a copy of.
        self._base = Context()
        # The leader's own context: requests run in it while it is empty. True: none do.
        self._context: Context | bool = True
        self._table = table = ConnectionTable()
        table.on_outbox = self._on_outbox
        self._connections = table.connections
        self._wheel = table.wheel
        self._poller = table.poller
        self._close = table.close
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
            verify=None if verify is None else self._admits,
            tell=lambda sock, address: self._base.copy().run(self._on_error, sock, address),
            other_way=other_way,
        )
        self._returned: WakeupQueue[tuple[Connection, bytes | None]] = WakeupQueue()
        self._pool = ThreadPool(
            limits.max_threads, limits.max_waiting, daemon=daemon, name="nethttp handler"
        )
        self._slow_kinds = SlowKinds()
        self._http1 = Http1(application, table.wheel)
        # The leader's, until a request keeps it.
        self._exchange = Exchange()
        self._now = time.monotonic()
        self._lead = LeaderLock()
        self._stopping = False
        self._draining = False
        self._drain_until = NEVER
        # When those that are idle are looked for again.
        self._farewell_at = NEVER
        self._finished = threading.Event()
        self._failure: BaseException | None = None

    # --- life ---

    def run(
        self, poll_interval: float = 0.5, service_actions: Callable[[], None] = lambda: None
    ) -> None:
        """Serve until `stop`, or until a drain is complete.

        `service_actions` is called about every `poll_interval` seconds, in this thread. What goes
        wrong in the loop itself, whichever thread leads, is raised here.
        """
        if not self.threads or getattr(sys.flags, "thread_inherit_context", False):
            self._base = copy_context()
        self._poller.register(self._returned.fileno())
        self._acceptor.open()
        try:
            if self.threads:
                self._pool.submit(self._lead_loop, urgent=True)
                if not self._pool.daemon and threading.current_thread().daemon:
                    service_actions = self._ending_with_the_program(service_actions)
                self._lead.watch(self._hand_over, poll_interval, service_actions)
            else:
                self._loop(poll_interval, service_actions, None)
        finally:
            self._end()
        if self._failure is not None:
            raise self._failure

    def _ending_with_the_program(self, service_actions: Callable[[], None]) -> Callable[[], None]:
        """Return `service_actions` that also stop the engine once nothing else keeps the process.

        The interpreter waits at its end for every thread that is no daemon, and the leader is such
        a thread where handlers are to be waited for. The thread that serves is a daemon: the
        process is not to go on for the sake of the next client.
        """

        def act() -> None:
            service_actions()
            if not threading.main_thread().is_alive() and only_pool_threads_are_left():
                self.stop()

        return act

    def stop(self) -> None:
        """Stop as soon as can be: handlers that run finish, nothing else does."""
        self._stopping = True
        self._returned.wake()
        self._lead.stop_watching()

    def drain(self, timeout: float) -> None:
        """Stop accepting, let what runs finish, close what is idle; then `run` returns.

        After `timeout` seconds it returns whatever still runs. Returns at once.
        """
        self._drain_until = time.monotonic() + timeout
        self._farewell_at = 0.0
        self._draining = True
        self.application.closing = True
        self._returned.wake()
        self._lead.wake_watcher()

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What new connections shake hands by; may be replaced while the engine runs."""
        return self._acceptor.tls

    @tls.setter
    def tls(self, context: ssl.SSLContext | None) -> None:
        self._acceptor.tls = context

    @property
    def draining(self) -> bool:
        """Whether the engine accepts nothing more: responses end their connections."""
        return self._draining

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    @property
    def busy_threads(self) -> int:
        """How many threads the engine has for handlers."""
        return self._pool.threads

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the threads whose handlers still run; return whether all have ended."""
        return self._pool.join(timeout)

    def _end(self) -> None:
        self._stopping = True
        self._returned.wake()
        if self.threads:
            # The leader ends by itself, unless its handler blocks.
            self._lead.seize()
        self._finished.set()
        self.application.log.release()
        for connection in list(self._connections.values()):
            if connection.stage == SENDING:
                # As the threads of handlers that run, this one ends its response.
                finish = partial(self._send_all, connection)
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

    def _hand_over(self, exchange: Any, turn: int) -> None:
        """Let a follower lead instead of the thread whose handler blocks."""
        if exchange is not None:
            self._slow_kinds.record_block(
                self.application.pacing_key(exchange), turn, time.monotonic()
            )
        self._pool.submit(self._lead_loop, urgent=True)

    def _lead_loop(self) -> None:
        """LeaderLock until another thread does, or until the end. Begins with the lead."""
        # The leader before left in the middle of its turn: its log lines are not written yet, and
        # its exchange is in use.
        self.application.log.release()
        self._exchange = Exchange()
        try:
            goes_on = True
            while goes_on:
                self._context = context = self._base.copy()
                watched = None if context else context
                goes_on = context.run(self._loop, 3600.0, None, watched)
        except _NotLeader:
            return
        except BaseException as error:
            self._failure = error
        self._lead.resign()

    def _loop(
        self,
        poll_interval: float,
        service_actions: Callable[[], None] | None,
        context: Context | None,
    ) -> bool:
        """Serve until the end; return True before it if a request has set something in `context`.

        Raises:
            _NotLeader: another thread leads now.
        """
        poll = self._poller.poll
        connections = self._connections
        wheel = self._wheel
        read_head = self.application.read_head
        idle_seconds = self._idle_seconds
        respond = self._respond
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
                    # Nearly always one whole head has come, and nothing else.
                    if data[-4:] == b"\r\n\r\n" and not connection.buffer:
                        exchange = self._exchange
                        if read_head(exchange, data) and not exchange.length:
                            exchange.connection = connection
                            if respond(connection, exchange):
                                idle = connection.idle
                                if idle is idle_seconds:
                                    connection.deadline = now + idle
                                else:
                                    wheel.put(connection, now + idle)
                            continue
                    self._receive(connection, data)
                except OSError as error:
                    self._on_read_error(connection, error)
            log.release()
            if now >= acceptor.retry_at:
                acceptor.reopen()
            if service_actions is not None:
                service_actions()
            if context:
                return True
        return False

    def _respond(self, connection: Connection, exchange: Exchange) -> bool:
        """Have a complete request answered; return whether the connection awaits the next.

        Raises:
            _NotLeader: another thread leads now.
        """
        if self._slow_kinds.active and self.threads:
            kind = self.application.pacing_key(exchange)
            if self._slow_kinds.is_slow(kind, self._now):
                self._respond_in_pool(connection, exchange, kind)
                return False
        connection.stage = BUSY
        keep = False
        epoch = self._lead.release_for(exchange)
        try:
            if self._context:
                respond = self.application.respond
                keep = self._base.copy().run(respond, exchange)
            else:
                # Few programs set anything, and to enter a context costs 0.1 us.
                keep = self.application.respond(exchange)
        except BaseException as error:
            self._on_crash(connection, error)
        finally:
            exchange.release()
            if not self._lead.reacquire(epoch):
                self._return(connection, b"" if keep else None)
                raise _NotLeader
        if connection.outbox is not None:
            self._await_room(connection, b"" if keep else None)
            return False
        if keep:
            connection.stage = AWAITING
            return True
        self._finish(connection)
        return False

    def _respond_blocking(self, connection: Connection, data: bytes) -> None:
        """Have a request read and answered by a handler that may wait for its bytes."""
        connection.stage = BUSY
        connection.buffer = b""
        if self.threads:
            self._run_in_pool(connection, lambda: self._respond_blocking_in_pool(connection, data))
            return
        self._run_in_place(connection, lambda: self.application.respond_blocking(connection, data))

    def _run_in_place(self, connection: Connection, call: Callable[[], bytes | None]) -> None:
        """Call in this thread what may block, and take the connection back.

        Raises:
            _NotLeader: another thread leads now.
        """
        connection.stage = BUSY
        left: bytes | None = None
        context = self._base.copy()
        epoch = self._lead.release_for(None)
        try:
            left = context.run(call)
        except BaseException as error:
            context.run(self._on_crash, connection, error)
        finally:
            if not self._lead.reacquire(epoch):
                self._return(connection, left)
                raise _NotLeader
        self._take_back(connection, left)

    def _admits(self, sock: Any, address: Any) -> bool:
        assert self._verify is not None
        return self._base.copy().run(self._verify, sock, address)

    def _on_error(self, sock: Any, address: Any) -> None:
        """Tell of the error that is being handled. A program that fails at it ends no thread."""
        try:
            self._tell(sock, address)
        except Exception:
            _print_error(sock, address)

    def _on_crash(self, connection: Connection, error: BaseException) -> None:
        """A handler has raised. What would end its thread ends the connection."""
        if isinstance(error, Exception):
            self._on_error(connection.sock, connection.address)
        elif self.threads:
            _report_thread_end(error)
        else:
            self._close(connection)
            raise error

    # --- what other threads do ---

    def _respond_in_pool(self, connection: Connection, exchange: Exchange, kind: Hashable) -> None:
        connection.stage = BUSY
        if exchange is self._exchange:
            self._exchange = Exchange()

        def work() -> None:
            began = time.monotonic()
            keep = False
            context = self._base.copy()
            try:
                keep = context.run(self.application.respond, exchange)
            except BaseException as error:
                context.run(self._on_crash, connection, error)
            finally:
                now = time.monotonic()
                self._slow_kinds.record_duration(kind, now - began, now)
                self._return(connection, b"" if keep else None)

        self._run_in_pool(connection, work)

    def _run_in_pool(self, connection: Connection, work: Callable[[], None]) -> None:
        """Let a thread of the pool do `work`, a request of `connection`, or answer 503."""
        self._lead.note_request()
        if not self._pool.submit(work):
            self._turn_away(connection)

    def _respond_blocking_in_pool(self, connection: Connection, data: bytes) -> None:
        left: bytes | None = None
        context = self._base.copy()
        try:
            left = context.run(self.application.respond_blocking, connection, data)
        except BaseException as error:
            context.run(self._on_crash, connection, error)
        finally:
            self._return(connection, left)

    def _return(self, connection: Connection, left: bytes | None) -> None:
        """Give a BUSY connection back to the loop; None: it is to be closed."""
        self._returned.put((connection, left))
        if self._finished.is_set():
            self._take_returned()
        else:
            self._returned.wake()

    def _take_returned(self) -> None:
        while (returned := self._returned.take()) is not None:
            connection, left = returned
            if left is _OUTBOX:
                # The thread that has filled it may run on.
                if connection.stage == BUSY and connection.outbox is not None:
                    self._table.watch_room(connection)
            elif self._finished.is_set():
                self._send_all(connection)
            else:
                self._take_back(connection, left)

    def _take_back(self, connection: Connection, left: bytes | None) -> None:
        """Let the loop wait for the next request of a connection, or close it."""
        if connection.outbox is not None:
            self._await_room(connection, left)
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
            self._receive(connection, rest)

    # --- what is received ---

    def _receive(self, connection: Connection, data: bytes) -> None:
        """Take what a connection that awaits a request has received: less, or more, than one."""
        outcome = self._http1.receive(connection, data, self._exchange, self._now)
        if outcome is Outcome.COMPLETE:
            self._respond_to_all(connection, self._exchange)
        elif outcome is not Outcome.MORE:
            self._read_elsewhere(connection, outcome)
        elif connection.exchange is not None:
            self._exchange = Exchange()

    def _collect(self, connection: Connection) -> None:
        """Receive content of the request that a connection keeps."""
        exchange = connection.exchange
        assert exchange is not None
        outcome = self._http1.collect(connection, connection.recv(CONTENT_SIZE), self._now)
        if outcome is Outcome.COMPLETE:
            self._respond_to_all(connection, exchange)
        elif outcome is not Outcome.MORE:
            self._read_elsewhere(connection, outcome)

    def _respond_to_all(self, connection: Connection, exchange: Exchange) -> None:
        """Have a complete request answered, and those that were received behind it."""
        while self._respond(connection, exchange):
            # The connection may have been due earlier, for the rest of the request.
            self._wheel.put(connection, self._now + connection.idle)
            data, connection.buffer = bytes(connection.buffer), b""
            if not data:
                return
            exchange = self._exchange
            outcome = self._http1.receive(connection, data, exchange, self._now)
            if outcome is not Outcome.COMPLETE:
                if outcome is not Outcome.MORE:
                    self._read_elsewhere(connection, outcome)
                elif connection.exchange is not None:
                    self._exchange = Exchange()
                return

    def _read_elsewhere(self, connection: Connection, outcome: Outcome) -> None:
        """Have the application read the request that a connection has begun, or close it."""
        if outcome is Outcome.READER:
            self._respond_blocking(connection, bytes(connection.buffer))
        else:
            self._close(connection)

    def _on_read_error(self, connection: Connection, error: OSError) -> None:
        if wants_more(error):
            return
        self._close(connection)

    def _on_event(self, connection: Connection) -> None:
        """Something has come for a connection that does not await a request."""
        stage = connection.stage
        if stage == COLLECTING:
            self._collect(connection)
        elif stage == SENDING:
            self._send(connection)
        elif stage == BUSY and connection.outbox is not None:
            self._send_beside(connection)
        elif stage == BUSY:
            # It is level-triggered: unheard, it would be said again and again.
            self._table.unwatch(connection)
        elif stage == LINGERING:
            self._table.discard_input(connection)
        elif stage == HANDSHAKING:
            self._acceptor.shake_hands(connection, self._now)

    # --- what the peer has not taken yet ---

    def _on_outbox(self, connection: Connection) -> None:
        """A thread has left the end of a response to the loop, and may run on."""
        self._returned.put((connection, _OUTBOX))
        self._returned.wake()

    def _await_room(self, connection: Connection, left: bytes | None) -> None:
        """Send the rest of a response as the peer takes it; then `left` is as in `_take_back`."""
        outbox = connection.outbox
        assert outbox is not None
        outbox.left = left
        connection.stage = SENDING
        if self._table.watch_room(connection, not outbox.must_read):
            self._wheel.put(connection, outbox.due)

    def _send(self, connection: Connection) -> None:
        """Send more of an outbox; cut the peer off if it is too slow."""
        outbox = connection.outbox
        assert outbox is not None
        must_read = outbox.must_read
        try:
            done = outbox.send()
            if not done:
                outbox.check(self._now)
        except OSError as error:
            with suppress(Exception):
                self._base.copy().run(self.application.response_cut_off, connection, error)
            self._close(connection)
            return
        if done:
            connection.outbox = None
            if self._table.watch_room(connection, False):
                self._take_back(connection, outbox.left)
            return
        if must_read != outbox.must_read:
            self._table.watch_room(connection, must_read)
        self._wheel.put(connection, outbox.due)

    def _send_beside(self, connection: Connection) -> None:
        """Send more of an outbox while the application still runs."""
        outbox = connection.outbox
        assert outbox is not None
        with suppress(OSError):  # It is met again when the application has returned.
            if not outbox.send():
                if outbox.must_read:
                    # Nothing reads meanwhile; the poller would report room again and again.
                    self._table.unwatch(connection)
                return
            connection.outbox = None
        if self._table.watch_room(connection, False):
            self._table.unwatch(connection)

    def _send_all(self, connection: Connection) -> None:
        """Send what is left of a response, in this thread, and close the connection."""
        outbox = connection.outbox
        if outbox is not None and connection.stage != CLOSED:
            with suppress(OSError):
                outbox.send_all()
        self._close(connection)

    # --- the end of a connection ---

    def _finish(self, connection: Connection) -> None:
        """Close a connection after its last response, in a way that the peer can read it."""
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
        """Answer 503: there is no thread for the request, nor a place to wait."""
        self._acceptor.reject(connection)
        self._finish(connection)

    def _expire(self, now: float) -> None:
        """Attend to the connections whose time is up, to so many that the others get their turn.

        Raises:
            _NotLeader: another thread leads now.
        """
        for connection in islice(self._wheel.due(now), EXPIRE_BURST):
            stage = connection.stage
            if stage == BUSY:
                self._wheel.put(connection, now + 5.0)
            elif stage == AWAITING and not connection.buffer:
                if connection.has_input():
                    # The peer was in time; it is the loop that has not read yet.
                    self._wheel.put(connection, now + TICK)
                else:
                    self._close(connection)
            elif stage == SENDING:
                self._send(connection)
            elif stage in (AWAITING, COLLECTING):
                self._time_out_request(connection)
            else:
                self._close(connection)

    def _time_out_request(self, connection: Connection) -> None:
        """Have the peer told that its request did not come whole in time.

        In place, as a handler: thousands may be due at once, and a thread for each costs more.
        """
        connection.exchange = None
        connection.buffer = b""
        self._run_in_place(connection, lambda: self.application.request_timed_out(connection))

    def _on_other_event(self, fd: int) -> None:
        """Something has come from a listener, or from another thread."""
        if fd == self._returned.fileno():
            self._returned.clear_wakeup()
            self._take_returned()
        else:
            self._acceptor.accept(fd, self._now)

    # --- the end ---

    def _is_drained(self, now: float) -> bool:
        """Close what is idle while the engine drains; return whether nothing is left."""
        shut = self._acceptor.drain(now)
        if now >= self._farewell_at:
            # Not in each turn: there may be thousands.
            self._farewell_at = now + FAREWELL / 10
            for connection in list(self._connections.values()):
                if connection.stage == AWAITING and connection.deadline > now + FAREWELL:
                    self._wheel.put(connection, now + FAREWELL)
        return (shut and not self._connections) or now >= self._drain_until


def _report_thread_end(error: BaseException) -> None:
    """Have told what would end a thread, by the hook that programs may replace."""
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
