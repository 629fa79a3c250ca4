"""`Outbox`: what is not sent yet of a response that is complete.

A response is sent at once where the socket has room for it. The rest waits in an outbox, and no
thread waits for it: the loop sends the rest when the poller reports room, and closes the connection
of a peer that receives it too slowly.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque
from math import inf
from typing import TYPE_CHECKING

from ...net.allowance import Allowance
from ...net.nonblocking import can_go_on, must_read, none_sent

if TYPE_CHECKING:
    from ...net.nonblocking import Timeouts

__all__ = ["MAX_KEPT", "FilePart", "Outbox"]

MAX_KEPT = 64 * 1024
"""Bytes that an outbox holds at most, beside parts of files. A thread that writes a longer piece
first sends it down to this size."""

#: Bytes to send before other sockets get their turn.
MAX_TURN = 1 << 20

#: Bytes to read at once of a file that the kernel cannot send.
READ_SIZE = 64 * 1024


class FilePart:
    """A part of a file, with a descriptor of its own.

    So the program may close its own file before the part is sent.
    """

    __slots__ = ("count", "descriptor", "offset")

    def __init__(self, descriptor: int, offset: int, count: int) -> None:
        """Refer to `count` bytes from `offset` on of the file with the open `descriptor`.

        Raises:
            OSError: the process has no descriptor left.
        """
        self.descriptor = os.dup(descriptor)
        self.offset = offset
        self.count = count

    def __del__(self) -> None:
        os.close(self.descriptor)


class Outbox:
    """Pieces of a response, for one socket. The loop and the application's thread may both send."""

    __slots__ = (
        "_allowance",
        "_lock",
        "_pause",
        "_pieces",
        "_sendfile",
        "_since",
        "_sock",
        "due",
        "left",
        "must_read",
    )

    def __init__(self, sock: socket.socket, timeouts: Timeouts, allowance: Allowance) -> None:
        self._sock = sock
        self._pause = timeouts.timeout
        self._allowance = allowance
        # TLS needs the bytes here, and some systems have no `sendfile`.
        self._sendfile = getattr(os, "sendfile", None) if type(sock) is socket.socket else None
        self._pieces: deque[memoryview | FilePart] = deque()
        self._lock = threading.Lock()
        self._since = time.monotonic()
        self.due = self._since + allowance.next_wait(self._pause)
        """When the peer must have received more, by `time.monotonic`."""
        self.must_read = False
        """Whether TLS must receive something before it can send."""
        self.left: bytes | None = None
        """What was received of the next request; None: the connection is to be closed."""

    def add(self, data: bytes | memoryview) -> None:
        """Add a copy of `data`."""
        self._pieces.append(memoryview(bytes(data)))

    def add_file(self, part: FilePart) -> None:
        """Add a part of a file."""
        self._pieces.append(part)

    def send(self) -> bool:
        """Send as much as the socket has room for; return whether the outbox is empty.

        Raises:
            OSError: the peer has closed the connection or is too slow, or a file became shorter.
        """
        with self._lock:
            now = time.monotonic()
            self._count_wait(now)
            before = self._allowance.moved
            most = before + MAX_TURN
            self.must_read = False
            try:
                while self._pieces and self._allowance.moved < most:
                    self._send_first()
            except OSError as error:
                none_sent(error)
                self.must_read = must_read(error)
            # A response that is complete has no deadline any more.
            if self._pieces and self._allowance.moved > before:
                self.due = now + self._allowance.next_wait(self._pause)
            return not self._pieces

    def _send_first(self) -> None:
        """Send some of the first piece."""
        piece = self._pieces[0]
        if isinstance(piece, FilePart):
            self._send_file(piece)
            return
        sent = self._sock.send(piece)
        self._allowance.moved += sent
        if sent == len(piece):
            self._pieces.popleft()
        else:
            self._pieces[0] = piece[sent:]

    def _send_file(self, part: FilePart) -> None:
        if self._sendfile is None:
            data = os.pread(part.descriptor, min(part.count, READ_SIZE), part.offset)
            sent = self._sock.send(data) if data else 0
        else:
            count = min(part.count, MAX_TURN)
            sent = self._sendfile(self._sock.fileno(), part.descriptor, part.offset, count)
        if not sent:
            raise ConnectionError(f"the file ends {part.count} bytes before its response")
        part.offset += sent
        part.count -= sent
        self._allowance.moved += sent
        if not part.count:
            self._pieces.popleft()

    def _count_wait(self, now: float) -> None:
        self._allowance.waited += now - self._since
        self._since = now

    def check(self, now: float) -> None:
        """Check, at the time `now` by `time.monotonic`, that the peer is not too slow.

        Raises:
            TimeoutError: it has received too little until now.
        """
        if now >= self.due:
            self._count_wait(now)
            self._allowance.left()
            if self._pause is None:
                raise self._allowance.exceeded()
            raise TimeoutError(f"expected room to send within {self._pause:g} s")

    def send_all(self) -> None:
        """Send everything in this thread, which waits for room.

        Raises:
            OSError: the peer has closed the connection.
            TimeoutError: the peer is too slow.
        """
        while not self.send():
            left = self.due - time.monotonic()
            if not can_go_on(self._sock, self.must_read, None if left == inf else max(0.0, left)):
                self.check(max(self.due, time.monotonic()))
