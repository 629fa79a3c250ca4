"""A WSGI application's response: what `start_response` says of it, and how it is sent. PEP 3333.

A program's status and fields are the same again and again, so what they come to is kept. Here is
nothing of servers or of the request but its method and version.
"""

from __future__ import annotations

import io
import os
import socket
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...caching import SecondTimeCache
from ...errors import LocalProtocolError, excerpt
from ...net.nonblocking import Timeouts, none_sent
from ...wire import grammar
from ...wire.environ import Environ
from ...wire.h1.body import LAST_CHUNK, encode_chunk
from ...wire.h1.framing import declared_framing, response_has_body
from ...wire.h1.head import serialise_fields
from ...wire.values import has_list_member
from ..engine.connection import Connection
from ..handlers.dated_head import DatedHead, FixedHead
from ..handlers.response import Responder
from ..handlers.writer import MAX_JOINED, NonblockingWriter

__all__ = ["App", "FileWrapper", "Response"]


App = Callable[..., Iterable[bytes]]

#: Fields that belong to one connection; they are the server's to send.
_HOP_BY_HOP = frozenset(
    {"keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers"}
    | {"transfer-encoding", "upgrade"}
)

#: Up to this size a file is read, not given to the kernel: some that the system makes up (below
#: /sys) have fewer bytes than they say, none of them more than a page.
MAX_READ = 16384

_CRASHED = b"Internal Server Error\n"


class FileWrapper:
    """`wsgi.file_wrapper`: a file as an iterable of blocks, which the kernel sends where it can."""

    def __init__(self, filelike: Any, block_size: int = 65536) -> None:
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.filelike.read(self.block_size), b"")


def _as_content(data: Any) -> bytes:
    """Return a piece of content as bytes.

    Raises:
        TypeError: it is text, or no content at all.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise TypeError(f"expected content as bytes, got {type(data).__name__} (PEP 3333)")


def _is_plain_file(file: Any) -> bool:
    """Return whether reading `file` gives the bytes of its descriptor: no more, nothing else.

    A subclass may read in its own way, and what only has a `fileno` (`gzip.open`, for one) does.
    """
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
    return type(raw) is io.FileIO


def _rest_of(file: Any) -> tuple[int, int]:
    """Return how many bytes of a regular file are left, and from where on; (0, 0) of another."""
    if type(file) is io.BufferedRandom:
        file.flush()
    about = os.fstat(file.fileno())
    if not stat.S_ISREG(about.st_mode):
        return 0, 0
    offset = file.tell()
    return max(0, about.st_size - offset), offset


class _Head:
    """What a response's status and fields come to; the same ones come again and again."""

    __slots__ = ("begun", "close", "has_body", "length", "size", "status")

    def __init__(self, status: str, fields: Iterable[tuple[str, str]]) -> None:
        if not isinstance(status, str):
            raise TypeError(f"expected the status as str, got {type(status).__name__} (PEP 3333)")
        if len(status) < 4 or not status[:3].isdecimal() or not "1" <= status[0] <= "9":
            raise LocalProtocolError(f"expected a status as '200 OK', got {excerpt(status)}")
        if status[3] != " " or not grammar.FIELD_VALUE.fullmatch(status):
            raise LocalProtocolError(f"expected a status as '200 OK', got {excerpt(status)}")
        pairs = [tuple(pair) if isinstance(pair, list) else pair for pair in fields]
        for pair in pairs:
            if not isinstance(pair, tuple) or [isinstance(text, str) for text in pair] != [
                True,
                True,
            ]:
                raise TypeError(
                    f"expected fields as pairs of str, got {excerpt(repr(pair))} (PEP 3333)"
                )
        names = {name.lower() for name, _ in pairs}
        if refused := names & _HOP_BY_HOP:
            raise LocalProtocolError(
                f"expected no field of the connection, got {', '.join(sorted(refused))} (PEP 3333)"
            )
        self.status = int(status[:3])
        self.has_body = response_has_body(None, self.status)
        lengths = [value for name, value in pairs if name.lower() == "content-length"]
        self.length = declared_framing({"content-length": lengths} if lengths else {})
        told = ",".join(value for name, value in pairs if name.lower() == "connection")
        self.close = has_list_member(told, "close")
        kept = [pair for pair in pairs if pair[0].lower() != "connection"]
        lines = f"HTTP/1.1 {status}\r\n".encode("latin-1") + serialise_fields(kept)
        if "server" not in names:
            lines += f"Server: {Responder.server_version}\r\n".encode("latin-1")
        self.size = len(lines)
        """Bytes of its lines, without the Date that is put in."""
        self.begun: DatedHead | FixedHead = (
            FixedHead(lines) if "date" in names else DatedHead(lines + b"Date: ", b"\r\n")
        )
        """The head so far, ready for more lines."""


_KNOWN_HEADS: SecondTimeCache[tuple[str, tuple[tuple[str, str], ...]], _Head] = SecondTimeCache(512)
"""A look here takes a thirtieth of the time that `_Head` takes to check fields and write them."""


def _head_of(status: str, fields: list[tuple[str, str]]) -> _Head:
    try:
        key = (status, tuple(fields))
        head = _KNOWN_HEADS.get(key)
    except TypeError:
        return _Head(status, fields)  # Pairs that are lists, for one, cannot be looked up.
    if head is None:
        head = _Head(status, fields)
        if _KNOWN_HEADS.admits(key, head.size):
            # The fields are there as they were given, and twice as lines.
            _KNOWN_HEADS.put(key, head, 800 + 3 * head.size + 150 * len(fields))
    return head


class Response:
    """One response: what `start_response` says of it, and what is sent of it.

    `timeouts` bounds the waits for room in `sock`. The end of a response that there is no room for
    is left to the loop of `connection`, if there is one.
    """

    __slots__ = (
        "_chunked",
        "_connection",
        "_head",
        "_late",
        "_left",
        "_method",
        "_sock",
        "_timeouts",
        "_version",
        "keep",
        "sent",
        "started",
    )

    def __init__(
        self,
        sock: socket.socket,
        timeouts: Timeouts,
        method: str,
        version: int,
        keep: bool,
        connection: Connection | None,
    ) -> None:
        self._sock = sock
        self._connection = connection
        self._timeouts = timeouts
        self._late: NonblockingWriter | None = None
        self._method = method
        self._version = version
        self._head: _Head | None = None
        self._left: int | None = None
        self._chunked = False
        self.keep = keep
        """Whether the connection outlives the response."""
        self.started = False
        """Whether anything was sent."""
        self.sent = 0
        """Bytes of content that were sent."""

    def _send(self, data: bytes) -> None:
        if self._late is not None:
            self._late.send(data)
            return
        try:
            sent = self._sock.send(data)
        except OSError as error:
            sent = none_sent(error)
        if sent != len(data):
            self._make_late(len(data)).send_rest(data, sent)

    def _send_last(self, data: bytes) -> None:
        """Send the last bytes of the response; the loop sends what the socket has no room for."""
        if self._late is not None:
            self._late.send_last(data)
            return
        try:
            sent = self._sock.send(data)
        except OSError as error:
            sent = none_sent(error)
        if sent != len(data):
            self._make_late(len(data)).leave_rest(data, sent)

    def _make_late(self, size: int) -> NonblockingWriter:
        """Return a writer for `size` bytes that there is no room for. Few responses need one."""
        given = max(0, self.sent - size)
        self._late = late = NonblockingWriter(self._sock, self._timeouts, given, self._connection)
        return late

    @property
    def status(self) -> int:
        """The status code, 0 as long as there is none."""
        return 0 if self._head is None else self._head.status

    def start_response(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Note status and fields, and return `write`. PEP 3333.

        Raises:
            AssertionError: called again without `exc_info`.
            LocalProtocolError: a status or field that cannot be sent.
        """
        if exc_info:
            try:
                if self.started:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError("start_response was called before; expected exc_info")
        self._head = _head_of(status, response_headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send content at once, behind the head if that has not been sent."""
        if data:
            self._write(_as_content(data), None)

    def _open(self, length: int | None) -> bytes:
        """Return the head; the content has `length` bytes if the fields do not say."""
        head = self._head
        if head is None:
            raise AssertionError("expected start_response to be called before the first content")
        lines = head.begun.now()
        if head.close:
            self.keep = False
        declared = head.length
        if declared is not None:
            self._left = declared
        elif not head.has_body:
            self._left = 0
        elif length is not None:
            self._left = length
            if self._method != "HEAD" or length:
                lines += b"Content-Length: %d\r\n" % length
        elif self._version < 11:
            self.keep = False
        else:
            self._chunked = True
            lines += b"Transfer-Encoding: chunked\r\n"
        if not head.has_body or self._method == "HEAD":
            self._left, self._chunked = 0, False
        if not self.keep:
            return lines + b"Connection: close\r\n\r\n"
        if self._version < 11:
            return lines + b"Connection: keep-alive\r\n\r\n"
        return lines + b"\r\n"

    def _write(self, data: bytes, length: int | None) -> None:
        head = b"" if self.started else self._open(length)
        self.started = True
        left = self._left
        if self._chunked:
            self.sent += len(data)
            data = encode_chunk(data)
        elif left is not None:
            if len(data) > left:
                # More than was declared would be read as the next response.
                if self._method != "HEAD" and self._head is not None and self._head.has_body:
                    self.keep = False
                data = data[:left]
            self._left = left - len(data)
            self.sent += len(data)
        else:
            self.sent += len(data)
        if head and len(data) > MAX_JOINED:
            self._send(head)
            head = b""
        if head or data:
            whole = head + data if head else data
            # Nothing may follow that is sent: more than is declared is cut off.
            if self._left == 0 and not self._chunked:
                self._send_last(whole)
            else:
                self._send(whole)

    def run(self, app: App, environ: Environ) -> None:
        """Call `app` and send what it returns; `close` is called whatever happens.

        Raises:
            Exception: what the application raised.
        """
        result = app(environ, self.start_response)
        # A list has no `close`.
        if type(result) is list and len(result) == 1 and self._send_whole(result[0]):
            return
        try:
            # A subclass may have its own way to give the content.
            if type(result) is FileWrapper and not self.started:
                self._send_file(result)
            else:
                self._send_each(result)
            if not self.started:
                self._write(b"", 0)
            if self._chunked:
                self._send_last(LAST_CHUNK)
            elif self._left:
                self.keep = False
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _send_whole(self, body: bytes) -> bool:
        """Send head and content at once, where neither needs a decision; return whether it was."""
        if type(body) is not bytes:
            return False
        head, size = self._head, len(body)
        if (
            head is None
            or head.length != size
            or head.close
            or not (head.has_body and self.keep)
            or self.started
            or self._version < 11
            or self._method == "HEAD"
            or size > MAX_JOINED
        ):
            return False
        self.started = True
        self.sent = size
        self._send_last(head.begun.now() + b"\r\n" + body)
        return True

    def _send_each(self, result: Iterable[bytes]) -> None:
        try:
            only = len(result) <= 1  # type: ignore[arg-type]
        except TypeError:
            only = False
        for data in result:
            if type(data) is not bytes:
                data = _as_content(data)
            if data:
                self._write(data, len(data) if only else None)

    def _send_file(self, wrapper: FileWrapper) -> None:
        """Send a file through the kernel, where what lies behind it is what reading it gives."""
        file, size = wrapper.filelike, 0
        if _is_plain_file(file):
            try:
                size, offset = _rest_of(file)
            except OSError:
                pass  # It can be read all the same.
        if size <= MAX_READ:
            self._send_small(wrapper, size)
            return
        self._write(b"", size)
        count = min(size, self._left or 0)
        if count:
            late = self._late or self._make_late(0)
            late.begin(b"", count, has_body=True, hold=True)
            sent = late.sendfile(file, offset, count)
            self._left = (self._left or 0) - sent
            self.sent += sent

    def _send_small(self, wrapper: FileWrapper, size: int) -> None:
        """Send a file by reading it; one of `size` bytes, if that is not 0, at once."""
        data = wrapper.filelike.read(MAX_READ) if size else b""
        if data:
            more = wrapper.filelike.read(1)
            self._write(data, None if more else len(data))
            if more:
                self._write(more, None)
        self._send_each(wrapper)

    def crash(self) -> None:
        """Answer 500, if nothing was sent yet."""
        if self.started:
            self.keep = False
            return
        self._head = _head_of("500 Internal Server Error", [("Content-Type", "text/plain")])
        self._write(_CRASHED, len(_CRASHED))
