"""A link of an event loop: its transport calls the link's methods as things happen.

No task belongs to a connection, and one timer, which is armed once for many requests: it looks at
the deadline that counts when it fires. A timer for each read would cost more than the read.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from threading import get_ident
from typing import Any, BinaryIO, cast

from .effects import Socket
from .link import Address, Link
from .sockets import open_socket, self_connected

__all__ = ["LoopAttempt", "LoopLink"]

PIECE = 262144
"""How many bytes are encrypted, or given to the event loop, at a time."""

RECEIVE_SIZE = 114688
"""How many bytes asyncio's transport asks the system for at a time, in place of its 262144.

malloc maps memory of its own for a request of 128 KiB or more, so that each receive maps, faults,
shrinks and unmaps: a fifth of the CPU time of a GET of 1 KB, a quarter of one of 100 KB. (uvloop
has a buffer of its own, and no such attribute.)
"""

MAX_BUFFERED = 524288
"""The link stops reading while it holds more received bytes, until a flow takes them."""


class LoopLink(Link, asyncio.Protocol):
    """A link on a transport of the running event loop.

    It stops reading while `MAX_BUFFERED` bytes wait for the flow, so a fast peer fills no memory.
    """

    __slots__ = (
        "_answer", "_changed", "_deadline", "_ended", "_failure", "_is_paused", "_loop", "_lost",
        "_must_wait", "_parts", "_size", "_thread", "_timer", "_timer_at", "_transport", "_unseen",
    )  # fmt: skip

    def __init__(self, address: Address, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(address)
        self._loop = loop
        self._thread = get_ident()
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []  # received, and not taken
        self._size = 0
        self._is_paused = False  # reading is
        self._must_wait = False  # the transport holds enough bytes to send
        self._unseen = 0  # sent since the event loop last had its turn
        self._ended = False
        self._lost = False
        self._failure: Exception | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._changed: asyncio.Future[bool] | None = None
        self._deadline = inf
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf

    # --- called by the transport ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, once it is connected."""
        if hasattr(transport, "max_size"):
            transport.max_size = RECEIVE_SIZE
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what the peer sent, decrypted, for the next `take`; wake the flow that waits."""
        if self.layer is not None:
            try:
                plain = self.received(data)
            except OSError as error:
                self._fail(error)
                return
            if (reply := self.layer.output()) and not self._lost:
                self._give(reply)
            if plain is None:
                return
            self._ended = self.layer.ended
            data = plain
        answer = self._answer
        if answer is not None and data and not answer.done():
            answer.set_result(data)  # nothing else is there, since a flow waits for it
            return
        if data:
            self._parts.append(data)
            self._size += len(data)
        if self._size > MAX_BUFFERED and not self._is_paused and not self._lost:
            self._is_paused = True
            cast("asyncio.Transport", self._transport).pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Note the peer's end; return True, so that the transport stays open for sending."""
        if self.layer is not None and not self._ended:
            self.data_received(b"")
        self._ended = True
        self._wake()
        return True  # the peer may still read: it is this side that closes the connection

    def pause_writing(self) -> None:
        """Note that the transport holds enough unsent bytes: `room` waits from now on."""
        self._must_wait = True

    def resume_writing(self) -> None:
        """Note that there is room to send again, and wake the flow that waits for it."""
        self._must_wait = False
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end of the connection; bytes that arrived before are still taken."""
        self._lost = True
        self._must_wait = False
        self._disarm()
        if exc is None:
            self._ended = True
        elif not self.closed:
            self._read_what_is_left()
            self._fail(exc)
        self._wake()

    def _read_what_is_left(self) -> None:
        """Take what the peer sent before sending to it failed: the event loop would drop it."""
        sock = self._socket()
        if sock is None or self._ended or self._failure is not None:
            return
        with suppress(OSError), sock.dup() as copy:
            while self._size <= MAX_BUFFERED and (data := copy.recv(65536)):
                self.data_received(data)

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
        self._wake()

    def _wake(self) -> None:
        changed, answer = self._changed, self._answer
        if changed is not None and not changed.done():
            changed.set_result(True)
        if answer is not None and not answer.done():
            try:
                data = self.take()
            except OSError as error:
                answer.set_exception(error)
            else:
                if data is not None:
                    answer.set_result(data)

    # --- called by the runner ---

    def ask(self, data: bytes | memoryview, deadline: float) -> asyncio.Future[bytes]:
        """Send at most `PIECE` bytes on a quiet link; return the future of the answer's first."""
        if self.layer is not None:
            data = self.layer.send(data)
        assert self._transport is not None
        self._transport.write(data)
        self.sent += len(data)
        return self.answer(deadline)

    def answer(self, deadline: float) -> asyncio.Future[bytes]:
        """Return a future of what the next `take` would return; nothing may be there yet.

        At the deadline it raises a TimeoutError. One future carries the bytes from the transport to
        the flow: a coroutine that waits for a change and then looks takes 2 us more a request.
        """
        self._unseen = 0
        answer = self._answer = self._loop.create_future()
        self._deadline = deadline
        if deadline < self._timer_at:
            self._arm(deadline - time.monotonic())
        return answer

    def change(self, deadline: float) -> asyncio.Future[bool]:
        """Return a future that says True when anything has changed, False at the deadline."""
        self._unseen = 0
        changed = self._changed = self._loop.create_future()
        self._deadline = deadline
        if deadline < self._timer_at:
            self._arm(deadline - time.monotonic())
        return changed

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer_at = self._deadline
        self._timer = self._loop.call_later(max(seconds, 0.0), self._look_at_deadline)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_at = inf

    def _look_at_deadline(self) -> None:
        self._timer = None
        self._timer_at = inf
        changed, answer = self._changed, self._answer
        awaits_change = changed is not None and not changed.done()
        awaits_answer = answer is not None and not answer.done()
        if self._deadline == inf or not (awaits_change or awaits_answer):
            return  # nothing waits: the next wait arms the timer again
        left = self._deadline - time.monotonic()
        if left > 0:
            self._arm(left)
            return
        if changed is not None and awaits_change:
            changed.set_result(False)
        if answer is not None and awaits_answer:
            answer.set_exception(TimeoutError("expected bytes from the peer in time"))

    def take(self) -> bytes | None:
        """Return the plain bytes that were received, b"" at the end, None if none are there yet.

        Raises:
            OSError: the connection is broken, and everything before that was taken.
        """
        if self.ahead:
            data, self.ahead = self.ahead, b""
            return data
        parts = self._parts
        if parts:
            data = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
            self._size = 0
            if self._is_paused and not self._lost:
                self._is_paused = False
                cast("asyncio.Transport", self._transport).resume_reading()
            return data
        if self._failure is not None:
            raise self._failure
        if self._ended:
            return b""
        self.check()
        return None

    @property
    def speaks(self) -> bool:
        """Whether there is something to `Read`."""
        return bool(self._parts or self.ahead or self._ended or self._failure is not None)

    @property
    def is_quiet(self) -> bool:
        """Whether the connection is sound, and nothing waits to be sent or to be taken."""
        return not (
            self._parts
            or self._unseen
            or self._must_wait
            or self._ended
            or self.closed
            or self.ahead
            or self._failure is not None
        )

    def give(self, data: bytes | memoryview) -> None:
        """Give plain bytes, at most `PIECE`, to the event loop to send."""
        self._give(data if self.layer is None else self.layer.send(data))

    def _give(self, data: bytes | memoryview) -> None:
        assert self._transport is not None
        self._transport.write(data)
        self.sent += len(data)
        self._unseen += len(data)

    async def room(self, deadline: float, or_bytes: bool = False) -> None:
        """Wait until the event loop takes more, or with `or_bytes` until there is a `Read`.

        Raises:
            TimeoutError: the deadline has passed.
            OSError: the connection is broken, and `or_bytes` is false.
        """
        while self._must_wait and not (or_bytes and self.speaks):
            if not await self.change(deadline):
                raise TimeoutError("expected the peer to take bytes in time")
        if self._unseen > PIECE:
            # Bytes that the system takes at once would keep the event loop from all others.
            self._unseen = 0
            await asyncio.sleep(0)
        if not or_bytes:
            self.check()

    def check(self) -> None:
        """Refuse a link whose connection is broken.

        Raises:
            OSError: it is.
            ConnectionAbortedError: this program has closed it.
        """
        if self._failure is not None:
            raise self._failure
        if self.closed:
            raise ConnectionAbortedError("this program has closed the connection")

    async def send_file(self, file: BinaryIO, offset: int, count: int, deadline: float) -> int:
        """Send a part of a file while the peer is silent; return how many bytes were sent.

        The part has `count` bytes and begins at `offset`, in bytes.

        Raises:
            TimeoutError: the deadline has passed.
        """
        transport, sock = self._transport, self._socket()
        assert transport is not None
        assert sock is not None
        done = 0
        low, high = transport.get_write_buffer_limits()
        transport.set_write_buffer_limits(0)
        # The event loop watches the descriptor itself, so a copy of it is watched for room.
        copy = sock.dup()
        try:
            await self.room(deadline, or_bytes=True)
            while done < count and not self.speaks:
                try:
                    sent = os.sendfile(
                        copy.fileno(), file.fileno(), offset + done, min(count - done, PIECE)
                    )
                except BlockingIOError:
                    self._must_wait = True
                    self._loop.add_writer(copy.fileno(), self.resume_writing)
                    try:
                        await self.room(deadline, or_bytes=True)
                    finally:
                        self._loop.remove_writer(copy.fileno())
                        self._must_wait = False
                    continue
                if not sent:
                    break
                done += sent
                self.sent += sent
                self._unseen += sent
                await self.room(deadline, or_bytes=True)
        except TimeoutError:
            raise
        except OSError as error:
            self._fail(error)
        finally:
            copy.close()
            if not self._lost:
                transport.set_write_buffer_limits(high, low)
        return done

    def _socket(self) -> Any:
        """The transport's socket; None if there is none."""
        return None if self._transport is None else self._transport.get_extra_info("socket")

    # --- called by flows ---

    @property
    def can_send_files(self) -> bool:
        return self.layer is None and hasattr(os, "sendfile")

    def is_stale(self) -> bool:
        # One thread runs one event loop at a time. `get_running_loop` would say the same in four
        # times the time: it asks the system for the process's number, up to Python 3.11.
        return (
            self.closed
            or self.speaks
            or self._must_wait
            or get_ident() != self._thread
            or not self._loop.is_running()
        )

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if asyncio._get_running_loop() is self._loop:
            self._close()
        elif not self._loop.is_closed():
            with suppress(RuntimeError):  # it has been closed meanwhile
                self._loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        self._disarm()
        transport = self._transport
        if transport is None or self._lost:
            return
        if self.layer is not None and self._failure is None:
            with suppress(OSError, ValueError):
                transport.write(self.layer.farewell())
        # A peer that does not read would keep a transport with unsent bytes open for ever.
        if transport.get_write_buffer_size():
            transport.abort()
        else:
            transport.close()
        self._wake()

    def forget(self) -> None:
        # The child shares the parent's poller: taking the descriptor out of it would disturb the
        # parent. So the child keeps the descriptor as long as it keeps its copy of the event loop.
        self.closed = True
        self._transport = None


class LoopAttempt:
    """A connection that a task makes: a few loop turns long, and only for new connections."""

    __slots__ = ("_task", "address", "error", "link")

    def __init__(self, address: Address, settings: Socket) -> None:
        self.address = address
        self.link: Link | None = None
        self.error: OSError | None = None
        self._task = asyncio.get_running_loop().create_task(self._connect(settings))

    @property
    def ended(self) -> bool:
        """Whether there is a link or an error."""
        return self._task.done()

    def when_ended(self, tell: Callable[[object], None]) -> None:
        """Have `tell` called once the attempt has ended."""
        self._task.add_done_callback(tell)

    def no_more(self, tell: Callable[[object], None]) -> None:
        """Do not call `tell` any more."""
        self._task.remove_done_callback(tell)

    async def _connect(self, settings: Socket) -> None:
        loop = asyncio.get_running_loop()
        link = LoopLink(self.address, loop)
        try:
            sock = open_socket(self.address, settings)
            try:
                await loop.sock_connect(sock, self.address.sockaddr)
                if code := self_connected(sock):
                    raise OSError(code, os.strerror(code))
                if isinstance(self.address.sockaddr, tuple):
                    await loop.create_connection(lambda: link, sock=sock)
                else:
                    await loop.create_unix_connection(lambda: link, sock=sock)
            except BaseException:
                link.close()
                sock.close()
                raise
        except OSError as error:
            # asyncio's own text has the address instead of the reason.
            number = error.errno
            self.error = OSError(number, os.strerror(number)) if number else error
        else:
            self.link = link

    def close(self) -> None:
        # The task closes its own socket: the event loop may still be watching the descriptor.
        self._task.cancel()
        if self.link is not None:
            self.link.close()
            self.link = None
