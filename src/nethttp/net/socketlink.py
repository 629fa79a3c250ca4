"""Non-blocking sockets, at which a thread waits by `poll` until a deadline.

An operation is tried first, and the thread waits only if the system has nothing, or no room. After
a request was sent the answer cannot be there yet: there the wait comes first, which saves a call
and an exception.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from math import ceil
from typing import BinaryIO, TypeAlias

from .effects import READ_SIZE, Address, Socket
from .link import Link
from .sockets import open_socket, self_connected

__all__ = ["LONGEST_WAIT", "SocketAttempt", "SocketLink", "first_to_connect", "wait"]

PIECE = 262144
"""How many bytes are given to the system, or encrypted, at a time."""

LONGEST_WAIT = 86400.0
"""Seconds of one wait at most: systems refuse to wait for weeks."""

IN_PROGRESS = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EALREADY})
"""What a non-blocking `connect` reports while it goes on."""


class SocketLink(Link):
    """A link on a connected non-blocking socket, which it owns.

    It keeps its pollers, since registering a socket costs as much as polling it.
    """

    __slots__ = ("_can_read", "_can_write", "_failure", "_unsent", "sock")

    def __init__(self, sock: socket.socket, address: Address) -> None:
        super().__init__(address)
        self.sock = sock
        self._can_read = _poller(sock, to_read=True)
        self._can_write: Ready | None = None
        self._failure: OSError | None = None  # of sending, raised once nothing is left to read
        self._unsent = memoryview(b"")  # the rest of TLS records that an upload has begun to send

    @property
    def can_send_files(self) -> bool:
        return self.layer is None and hasattr(os, "sendfile")

    def is_stale(self) -> bool:
        if self.closed or self._unsent:
            return True
        try:
            return self._speaks()
        except OSError:
            return True

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self.layer is not None:
            with suppress(OSError, ValueError):
                self.sock.send(self.layer.farewell())
        self.sock.close()

    def forget(self) -> None:
        self.closed = True
        self.sock.close()

    def receive(self, size: int, deadline: float) -> bytes:
        """Return plain bytes, at least one; b"" at the end. About `size` are received at a time.

        Raises:
            TimeoutError: the deadline has passed.
            OSError: the connection is broken.
        """
        if self.ahead:
            data, self.ahead = self.ahead, b""
            return data
        while True:
            if self.layer is not None and self.layer.ended:
                return b""
            try:
                data = self.sock.recv(size)
            except BlockingIOError:
                if self._failure is not None:
                    raise self._failure from None
                self._wait_to_read(deadline)
                continue
            if not data and self._failure is not None:
                raise self._failure
            if self.layer is None:
                return data
            plain = self.received(data)
            if answer := self.layer.output():
                self._push_all(answer, deadline)
            if plain is not None:
                return plain

    def exchange(self, data: bytes | memoryview, size: int, deadline: float) -> bytes:
        """Send `data`, then return the first plain bytes that the peer sends; b"" at the end.

        About `size` bytes are received at a time.

        Raises:
            TimeoutError: the deadline has passed.
            OSError: the connection is broken, and nothing was received before.
        """
        try:
            self.send_all(data, deadline)
        except TimeoutError:
            raise
        except OSError as error:
            self._failure = error
        else:
            if not self._has_more():
                self._wait_to_read(deadline)
        return self.receive(size, deadline)

    def send_all(self, data: bytes | memoryview, deadline: float) -> None:
        """Send all of `data`.

        Raises:
            TimeoutError: the deadline has passed.
            OSError: the connection is broken.
        """
        while self._unsent:
            self._send_rest(deadline, to_write=True)
        layer = self.layer
        if layer is None:
            self._push_all(data, deadline)
            return
        if len(data) <= PIECE:
            self._push_all(layer.send(data), deadline)
            return
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            self._push_all(layer.send(view[start : start + PIECE]), deadline)

    def upload(self, data: bytes | memoryview, deadline: float) -> int:
        """Send `data` while the peer is silent; return how many of its bytes were taken.

        Raises:
            TimeoutError: the deadline has passed.
        """
        view = memoryview(data)
        taken = 0
        try:
            while (taken < len(view) or self._unsent) and not self._speaks():
                if self._unsent:
                    self._send_rest(deadline, to_read=True, to_write=True)
                    continue
                piece = view[taken : taken + PIECE]
                if self.layer is not None:
                    # A record that was begun is sent whole, if need be by what is called next.
                    self._unsent = memoryview(self.layer.send(piece))
                    taken += len(piece)
                elif count := self._push(piece):
                    taken += count
                else:
                    self._wait(deadline, to_read=True, to_write=True)
        except TimeoutError:
            raise
        except OSError as error:
            self._failure = error
        return taken

    def send_file(self, file: BinaryIO, offset: int, count: int, deadline: float) -> int:
        """Send a part of a file while the peer is silent; return how many bytes were sent.

        The part has `count` bytes and begins at `offset`, in bytes.

        Raises:
            TimeoutError: the deadline has passed.
        """
        done = 0
        try:
            while done < count and not self._speaks():
                try:
                    sent = os.sendfile(
                        self.sock.fileno(), file.fileno(), offset + done, count - done
                    )
                except BlockingIOError:
                    self._wait(deadline, to_read=True, to_write=True)
                    continue
                if not sent:
                    break
                done += sent
                self.sent += sent
        except TimeoutError:
            raise
        except OSError as error:
            self._failure = error
        return done

    def _speaks(self) -> bool:
        """Whether there is something to `Read`."""
        if self._has_more():
            return True
        while self._can_read(0.0):
            if self.layer is None:
                return True
            # It may be TLS's own talk, of which nothing is to be read.
            plain = self.received(self.sock.recv(READ_SIZE))
            if plain is not None:
                self.ahead = plain
                return True
        return False

    def _has_more(self) -> bool:
        """Whether a `Read` ends at once, whatever the socket has."""
        ended = self.layer is not None and self.layer.ended
        return bool(self.ahead) or ended or self._failure is not None

    def _push_all(self, data: bytes | memoryview, deadline: float) -> None:
        """Send all of `data` as it is."""
        length = len(data)
        count = self._push(data)
        if count == length:
            return
        view = memoryview(data)
        while count < length:
            self._wait(deadline, to_write=True)
            count += self._push(view[count : count + PIECE])

    def _push(self, data: bytes | memoryview) -> int:
        """Return how many bytes of `data` the system took; 0 if it has no room."""
        try:
            count = self.sock.send(data)
        except BlockingIOError:
            return 0
        self.sent += count
        return count

    def _send_rest(self, deadline: float, to_read: bool = False, to_write: bool = False) -> None:
        """Send more of the records that were begun; if there is no room, wait once."""
        count = self._push(self._unsent)
        self._unsent = self._unsent[count:]
        if not count:
            self._wait(deadline, to_read=to_read, to_write=to_write)

    def _wait_to_read(self, deadline: float) -> None:
        """Wait until there is something to receive, or an error of the connection."""
        while self._unsent and not self._can_read(0.0):
            self._send_rest(deadline, to_read=True, to_write=True)
        if not wait(self._can_read, deadline):
            raise TimeoutError("expected bytes from the peer in time")

    def _wait(self, deadline: float, to_read: bool = False, to_write: bool = False) -> None:
        """Wait until there is room to send, or something to receive; or an error."""
        if to_read:
            ready = _poller(self.sock, to_read=True, to_write=to_write)
        elif self._can_write is None:
            ready = self._can_write = _poller(self.sock, to_write=True)
        else:
            ready = self._can_write
        if not wait(ready, deadline):
            raise TimeoutError("expected the peer to take bytes in time")


class SocketAttempt:
    """A socket that is being connected.

    It connects without blocking, so one thread can wait for several of them: RFC 8305 section 5.
    """

    __slots__ = ("address", "error", "link", "sock")

    def __init__(self, address: Address, settings: Socket) -> None:
        self.address = address
        self.link: Link | None = None
        self.error: OSError | None = None
        self.sock: socket.socket | None = None
        try:
            self.sock = sock = open_socket(address, settings)
            code = sock.connect_ex(address.sockaddr)
            if code not in IN_PROGRESS or not isinstance(address.sockaddr, tuple):
                self._end(sock, code)
        except OSError as error:
            self._fail(error)

    @property
    def ended(self) -> bool:
        """Whether there is a link or an error."""
        return self.sock is None

    def end(self) -> None:
        """Make the link, or the error, now that `connect` has ended."""
        sock = self.sock
        assert sock is not None
        try:
            self._end(sock, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        except OSError as error:
            self._fail(error)

    def _end(self, sock: socket.socket, code: int) -> None:
        code = code or self_connected(sock)
        if code:
            raise OSError(code, os.strerror(code))
        self.sock = None
        self.link = SocketLink(sock, self.address)

    def _fail(self, error: OSError) -> None:
        self.close()
        self.error = error

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None
        if self.link is not None:
            self.link.close()
            self.link = None


Ready: TypeAlias = Callable[[float], bool]
"""Waits at most so many seconds, and says whether the socket is ready."""


def _poller(sock: socket.socket, to_read: bool = False, to_write: bool = False) -> Ready:
    """Return a function that waits for one socket."""
    if not hasattr(select, "poll"):
        readers, writers = [sock] if to_read else [], [sock] if to_write else []
        return lambda seconds: any(map(bool, select.select(readers, writers, [sock], seconds)))
    poller = select.poll()
    poller.register(sock, (to_read and select.POLLIN) | (to_write and select.POLLOUT))
    poll = poller.poll
    return lambda seconds: bool(poll(ceil(seconds * 1000)))


def wait(ready: Ready, deadline: float) -> bool:
    """Call `ready` until it returns True, or the deadline has passed; return which.

    It is called once even after the deadline, so that what is there already is not missed.

    >>> wait(lambda seconds: True, 0.0), wait(lambda seconds: False, 0.0)
    (True, False)
    """
    while (left := deadline - time.monotonic()) > 0:
        if ready(min(left, LONGEST_WAIT)):
            return True
    return ready(0.0)


def first_to_connect(attempts: Sequence[SocketAttempt], deadline: float) -> SocketAttempt | None:
    """Return the first attempt that has ended, after a wait for it; None at the deadline.

    Then the next address is dialled beside it: RFC 8305 section 5.
    """
    for attempt in attempts:
        if attempt.ended:
            return attempt
    by_number = {attempt.sock.fileno(): attempt for attempt in attempts if attempt.sock is not None}
    ready: list[int] = []

    def one_is_ready(seconds: float) -> bool:
        ready[:] = _connected(by_number, seconds)
        return bool(ready)

    if not wait(one_is_ready, deadline):
        return None
    by_number[ready[0]].end()
    return by_number[ready[0]]


def _connected(numbers: Iterable[int], seconds: float) -> list[int]:
    """Return the descriptors whose sockets have connected or failed, after a wait for the first."""
    if not hasattr(select, "poll"):
        _, written, failed = select.select([], list(numbers), list(numbers), seconds)
        return [*written, *failed]
    poller = select.poll()
    for number in numbers:
        poller.register(number, select.POLLOUT)
    return [number for number, _ in poller.poll(ceil(seconds * 1000))]
