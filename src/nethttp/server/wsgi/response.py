"""A WSGI application's response: its status and fields, and how it is sent. PEP 3333.

A program sends the same status and fields many times, so the heads made from them are cached. This
module knows nothing of servers, and of the request only its method and version.
"""

from __future__ import annotations

import io
import os
import socket
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from ...caching import SecondTimeCache
from ...errors import LocalProtocolError, excerpt
from ...net.nonblocking import Timeouts, none_sent
from ...wire import grammar
from ...wire.environ import Environ
from ...wire.fields import select_fields
from ...wire.h1.encoder import LAST_CHUNK, CountsContent
from ...wire.h1.framing import CHUNKED
from ...wire.h1.head import serialise_fields
from ...wire.h1.rules import (
    CONNECTION_FIELDS,
    FINAL,
    OWN_RESPONSE_FIELDS,
    ResponsePlan,
    declared_response,
    plan_response,
)
from ..engine.connection import Connection
from ..handlers.dated_head import DatedHead, FixedHead
from ..handlers.response import Responder
from ..handlers.writer import MAX_JOINED, NonblockingWriter

__all__ = ["App", "FileWrapper", "Response"]


App = Callable[..., Iterable[bytes]]

#: Files of at most this many bytes are read, not sent by the kernel: some files below /sys have
#: fewer bytes than the system says, and none of them more than a page.
MAX_READ = 16384

_CRASHED = b"Internal Server Error\n"


class FileWrapper:
    """`wsgi.file_wrapper`: a file as blocks of `block_size` bytes. PEP 3333.

    Where possible the kernel sends the file.
    """

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
        TypeError: `data` has another type than bytes, bytearray or memoryview.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise TypeError(f"expected content as bytes, got {type(data).__name__} (PEP 3333)")


def _is_plain_file(file: Any) -> bool:
    """Return whether reading `file` returns exactly the bytes of its descriptor.

    A subclass may read in its own way, and so may other objects with a `fileno` (as `gzip.open`).
    """
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
    return type(raw) is io.FileIO


def _rest_of(file: Any) -> tuple[int, int]:
    """Return the number of bytes left in a regular file, and its position; (0, 0) for others."""
    if type(file) is io.BufferedRandom:
        file.flush()
    about = os.fstat(file.fileno())
    if not stat.S_ISREG(about.st_mode):
        return 0, 0
    offset = file.tell()
    return max(0, about.st_size - offset), offset


_NONE: Final = -1
_ANY: Final = -2


class _Head:
    """A response's status and fields, checked and written; cached, since programs repeat them."""

    __slots__ = ("_closes", "_declared", "begun", "everyday", "known", "size", "status", "whole")

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
        if refused := names & CONNECTION_FIELDS:
            raise LocalProtocolError(
                f"expected no field of the connection, got {', '.join(sorted(refused))} (PEP 3333)"
            )
        self.status = int(status[:3])
        found = declared_response(select_fields(pairs, OWN_RESPONSE_FIELDS))
        self._declared, _, self._closes, _ = found
        self.known: tuple[tuple[str, int, bool, bool], ResponsePlan]
        """The arguments and the result of the last call of `plan`; most calls have the same."""
        self.everyday = plan = self.plan("GET", 11, True, True)
        """The plan for an everyday request, if all of the content is known at once."""
        self.whole = _NONE
        """The one length of content, in bytes, for which the head needs no more lines in answer to
        an everyday request; _ANY if a line with the length is added; _NONE if there is neither."""
        if plan.measured and plan.persistent:
            self.whole = _ANY
        elif plan.has_body and not plan.measured and not plan.lines:
            self.whole = plan.framing
        kept = [pair for pair in pairs if pair[0].lower() != "connection"]
        lines = f"HTTP/1.1 {status}\r\n".encode("latin-1") + serialise_fields(kept)
        if "server" not in names:
            lines += f"Server: {Responder.server_version}\r\n".encode("latin-1")
        self.size = len(lines)
        """Bytes of its lines, without the Date that is added."""
        self.begun: DatedHead | FixedHead = (
            FixedHead(lines) if "date" in names else DatedHead(lines + b"Date: ", b"\r\n")
        )
        """The head with a current Date, to which the lines of the plan and the end are added."""

    def plan(self, method: str, version: int, persistent: bool, measured: bool) -> ResponsePlan:
        """Return the plan of the response to such a request, and store it in `known`."""
        closes, declared = self._closes, self._declared
        plan = plan_response(
            method, version, self.status, declared, persistent and not closes, False, measured, True
        )
        self.known = (method, version, persistent, measured), plan  # at once, for other threads
        return plan


_KNOWN_HEADS: SecondTimeCache[tuple[str, tuple[tuple[str, str], ...]], _Head] = SecondTimeCache(512)
"""A lookup takes a thirtieth of the time in which `_Head` checks the fields and writes them."""


def _head_of(status: str, fields: list[tuple[str, str]]) -> _Head:
    try:
        key = (status, tuple(fields))
        head = _KNOWN_HEADS.get(key)
    except TypeError:
        return _Head(status, fields)  # They are not hashable: a pair is a list, or the like.
    if head is None:
        head = _Head(status, fields)
        if _KNOWN_HEADS.admits(key, head.size):
            # The entry has the fields as the program gave them, and their lines twice.
            _KNOWN_HEADS.put(key, head, 800 + 3 * head.size + 150 * len(fields))
    return head


class Response(CountsContent):
    """One response: its status and fields, and how much of it is sent.

    `version` is the request's, 10 or 11. `timeouts` bounds the waits for room in `sock`. If `sock`
    has no room for the end of the response, the loop of `connection` sends it; with `connection`
    None, this thread does.
    """

    __slots__ = (
        "_connection",
        "_has_body",
        "_head",
        "_late",
        "_method",
        "_sock",
        "_timeouts",
        "_version",
        "in_chunks",
        "keep",
        "left",
        "overrun",
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
        self.left = None
        self.in_chunks = False
        self.overrun = self.sent = 0
        self.keep = keep
        """Whether the connection stays open after the response."""
        self.started = False
        """Whether anything of the response was sent."""

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
        """Return a writer that waits, for `size` bytes that `sock` has no room for.

        Few responses need one.
        """
        given = max(0, self.sent - size)
        self._late = late = NonblockingWriter(self._sock, self._timeouts, given, self._connection)
        return late

    @property
    def status(self) -> int:
        """The status code; 0 before `start_response` is called."""
        return 0 if self._head is None else self._head.status

    def start_response(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Set status and fields, and return `write`. PEP 3333.

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
        """Send content at once, after the head if that is not sent yet.

        Raises:
            TypeError: `data` is not bytes.
            AssertionError: `start_response` has not been called.
        """
        if data:
            self._write(_as_content(data), None)

    def _open(self, length: int | None) -> bytes:
        """Return the head; the content has `length` bytes if the fields do not declare a length."""
        head = self._head
        if head is None:
            raise AssertionError("expected start_response to be called before the first content")
        lines = head.begun.now()
        asked = self._method, self._version, self.keep, length is not None
        known, plan = head.known
        if known != asked:
            plan = head.plan(*asked)
        framing, more = plan.framing, plan.lines
        if length is not None and plan.measured:
            framing, more = plan.with_length(length)
        # After an interim status, or a response to CONNECT, an application cannot send a final one.
        self.keep = plan.persistent and plan.kind == FINAL
        self._has_body = plan.has_body
        self.left = framing if framing >= 0 else None
        self.in_chunks = framing == CHUNKED
        return lines + more + b"\r\n" if more else lines + b"\r\n"

    def _write(self, data: bytes, length: int | None) -> None:
        head = b"" if self.started else self._open(length)
        self.started = True
        if len(data) == self.left:
            self.left, self.sent = 0, self.sent + len(data)  # Mostly `data` is all content.
        else:
            data = self.encode(data)
        if head and len(data) > MAX_JOINED:
            self._send(head)
            head = b""
        if head or data:
            whole = head + data if head else data
            # These are the last bytes: what exceeds the declared length is not sent.
            if self.left == 0:
                self._send_last(whole)
            else:
                self._send(whole)

    def run(self, app: App, environ: Environ) -> None:
        """Call `app`, send what it returns, and call its `close` in any case.

        Raises:
            TypeError: a piece of the content is not bytes.
            Exception: the application raised it.
        """
        result = app(environ, self.start_response)
        # A list has no `close`.
        if type(result) is list and len(result) == 1 and self._send_whole(result[0]):
            return
        try:
            # A subclass may iterate in its own way, so only the class itself is sent as a file.
            if type(result) is FileWrapper and not self.started:
                self._send_file(result)
            else:
                self._send_each(result)
            if not self.started:
                self._write(b"", 0)
            if self.in_chunks:
                self._send_last(LAST_CHUNK)
            elif self.left or (self.overrun and self._has_body):
                # The content is not as long as declared.
                self.keep = False
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _send_whole(self, body: bytes) -> bool:
        """Send head and content at once in the everyday case; return False in any other."""
        if type(body) is not bytes:
            return False
        head, size = self._head, len(body)
        if (
            head is None
            or (head.whole != size and head.whole != _ANY)
            or not self.keep
            or self.started
            or self._version < 11
            or self._method == "HEAD"
            or self._method == "CONNECT"
            or size > MAX_JOINED
        ):
            return False
        self.started = True
        self.left, self.sent = 0, size
        lines = head.begun.now()
        if head.whole == _ANY:
            lines += head.everyday.with_length(size)[1]
        self._send_last(lines + b"\r\n" + body)
        return True

    def _send_each(self, result: Iterable[bytes]) -> None:
        try:
            # A generator has no length, and raising for it would take longer than all else here.
            sized = type(result) is list or hasattr(result, "__len__")
            only = sized and len(result) <= 1  # type: ignore[arg-type]  # it has a length
        except TypeError:
            only = False
        for data in result:
            if type(data) is not bytes:
                data = _as_content(data)
            if data:
                self._write(data, len(data) if only else None)

    def _send_file(self, wrapper: FileWrapper) -> None:
        """Send a file by the kernel, if reading it returns exactly the bytes of its descriptor."""
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
        count = self.room(size)
        if count:
            late = self._late or self._make_late(0)
            late.begin(b"", count, has_body=True, hold=True)
            sent = late.sendfile(file, offset, count)
            self.passed(sent)

    def _send_small(self, wrapper: FileWrapper, size: int) -> None:
        """Send a file by reading it, with its head if it has `size` bytes and that is not 0."""
        data = wrapper.filelike.read(MAX_READ) if size else b""
        if data:
            more = wrapper.filelike.read(1)
            self._write(data, None if more else len(data))
            if more:
                self._write(more, None)
        self._send_each(wrapper)

    def crash(self) -> None:
        """Answer 500 if nothing was sent yet; else have the connection closed."""
        if self.started:
            self.keep = False
            return
        self._head = _head_of("500 Internal Server Error", [("Content-Type", "text/plain")])
        self._write(_CRASHED, len(_CRASHED))
