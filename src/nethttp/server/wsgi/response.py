"""A WSGI application's response: its status, fields and content. PEP 3333.

This module knows nothing of servers, and of the request only that it has an exchange to answer.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...errors import LocalProtocolError, excerpt
from ...wire import grammar

if TYPE_CHECKING:
    from ...wire.environ import Environ
    from ..engine.exchange import Exchange, PreparedHead

__all__ = ["ENDED", "App", "FileWrapper", "Response"]


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


ENDED: Any = None
"""In the place of the exchange of a response that is complete."""


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


def _prepare(exchange: Exchange, status: str, fields: Iterable[tuple[str, str]]) -> PreparedHead:
    """Return the head of a response with `status`, as "200 OK", and `fields`.

    Raises:
        TypeError: one of them has another type than PEP 3333 says.
        LocalProtocolError: they cannot be sent.
    """
    if not isinstance(status, str):
        raise TypeError(f"expected the status as str, got {type(status).__name__} (PEP 3333)")
    if (
        len(status) < 4
        or not status[:3].isdecimal()
        or not "1" <= status[0] <= "9"
        or status[3] != " "
        or not grammar.FIELD_VALUE.fullmatch(status)
    ):
        raise LocalProtocolError(f"expected a status as '200 OK', got {excerpt(status)}")
    pairs = [tuple(pair) if isinstance(pair, list) else pair for pair in fields]
    for pair in pairs:
        if not isinstance(pair, tuple) or [isinstance(text, str) for text in pair] != [True, True]:
            raise TypeError(
                f"expected fields as pairs of str, got {excerpt(repr(pair))} (PEP 3333)"
            )
    return exchange.prepare(int(status[:3]), status[4:], pairs)


def _head_of(exchange: Exchange, status: str, fields: list[tuple[str, str]]) -> PreparedHead:
    """Return what `_prepare` returns, which is kept since programs repeat their heads.

    A look into the cache takes a thirtieth of the time of `_prepare`.
    """
    heads = exchange.heads
    try:
        key = (status, tuple(fields))
        head: PreparedHead | None = heads.get(key)
    except TypeError:
        # They are not hashable: a pair is a list, or the like.
        return _prepare(exchange, status, fields)
    if head is None:
        head = _prepare(exchange, status, fields)
        if heads.admits(key, head.size):
            # The entry has the fields as the program gave them, and their lines twice.
            heads.put(key, head, 800 + 3 * head.size + 150 * len(fields))
    return head


class Response:
    """The response of a WSGI application to `exchange`."""

    __slots__ = ("_head", "exchange")

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        """What is answered; `ENDED` once it is, because it is used again for other requests."""
        self._head: PreparedHead | None = None

    @property
    def status(self) -> int:
        """The status code; 0 before `start_response` is called."""
        return 0 if self._head is None else self._head.status

    @property
    def sent(self) -> int:
        """Bytes of content that were sent."""
        return self.exchange.sent

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
                if self.exchange is ENDED or self.exchange.begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._head is not None:
            raise AssertionError("start_response was called before; expected exc_info")
        self._head = _head_of(self.exchange, status, response_headers)
        return self.write

    def write(self, data: bytes) -> None:
        """Send content at once, after the head if that is not sent yet.

        Content behind the end of the response is dropped.

        Raises:
            TypeError: `data` is not bytes.
            AssertionError: `start_response` has not been called.
        """
        if data:
            data = _as_content(data)
            if self.exchange is not ENDED:
                self._begin(None)
                self.exchange.write(data)

    def _begin(self, length: int | None) -> None:
        """Begin the response, if it has not begun; `length` is that of its content, if known."""
        if not self.exchange.begun:
            if self._head is None:
                raise AssertionError(
                    "expected start_response to be called before the first content"
                )
            self.exchange.begin(self._head, length)

    def run(self, app: App, environ: Environ) -> None:
        """Call `app`, send what it returns, and call its `close` in any case.

        Raises:
            TypeError: a piece of the content is not bytes.
            Exception: the application raised it.
        """
        result = app(environ, self.start_response)
        exchange = self.exchange
        # The everyday case. A list has no `close`.
        if type(result) is list and len(result) == 1 and not exchange.begun:
            content, head = result[0], self._head
            if type(content) is bytes and head is not None:
                exchange.send(head, content)
                return
        try:
            # A subclass may iterate in its own way, so only the class itself is sent as a file.
            if type(result) is FileWrapper and not exchange.begun:
                self._send_file(result)
            else:
                self._send_each(result)
            self._begin(0)
            exchange.end()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _send_each(self, result: Iterable[bytes]) -> None:
        try:
            # A generator has no length, and raising for it would take longer than all else here.
            sized = type(result) is list or hasattr(result, "__len__")
            only = sized and len(result) <= 1  # type: ignore[arg-type]  # it has a length
        except TypeError:
            only = False
        exchange = self.exchange
        for data in result:
            if type(data) is not bytes:
                data = _as_content(data)
            if data:
                self._begin(len(data) if only else None)
                exchange.write(data)

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
        self._begin(size)
        self.exchange.send_file(file, offset, size)

    def _send_small(self, wrapper: FileWrapper, size: int) -> None:
        """Send a file by reading it, with its head if it has `size` bytes and that is not 0."""
        data = wrapper.filelike.read(MAX_READ) if size else b""
        if data:
            more = wrapper.filelike.read(1)
            self._begin(None if more else len(data))
            self.exchange.write(data)
            if more:
                self.exchange.write(more)
        self._send_each(wrapper)

    def crash(self) -> None:
        """Answer 500 if nothing was sent yet; else have the connection closed."""
        exchange = self.exchange
        if exchange.begun:
            exchange.abort()
            return
        self._head = _head_of(
            exchange, "500 Internal Server Error", [("Content-Type", "text/plain")]
        )
        exchange.send(self._head, _CRASHED)
