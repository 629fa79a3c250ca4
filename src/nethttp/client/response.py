"""`HTTPResponse`: one response, read from its connection as a file.

The attributes, and the methods that subclasses override, are the standard library's, private names
included. The reading position is in `fp`, `length`, `chunked` and `chunk_left`, which a program may
set at any time, even without calling `__init__`. `wire` decides what a head and the lines between
chunks mean.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from ..errors import (
    BadStatusLine,
    IncompleteRead,
    LineTooLong,
    RemoteDisconnected,
    RemoteProtocolError,
    ResponseNotReady,
    UnknownProtocol,
)
from ..overrides import Bypassed
from ..status import HTTPStatus
from ..wire.fields import FieldLines
from ..wire.h1.block import read_field_block
from ..wire.h1.body import MAX_PIECE, LenientChunkLines
from ..wire.h1.framing import CHUNKED, may_frame
from ..wire.h1.head import (
    parse_lenient_field_section,
    parse_response_head,
    parse_status_line,
    usual_response,
)
from ..wire.h1.rules import (
    INTERIM,
    InterimResponses,
    ResponseVerdict,
    judge_response,
    keeps_alive,
    kind_of,
)
from ..wire.limits import Limits
from .seams import head_limits, replaced, say

if TYPE_CHECKING:
    # For type checkers this class is a subclass of the stdlib's, so both fit the same parameters.
    from http.client import HTTPResponse as _File

    from _typeshed import WriteableBuffer

    from ..message import HTTPMessage
else:
    _File = io.BufferedIOBase

__all__ = ["HTTPResponse"]

UNKNOWN: Any = "UNKNOWN"
"""The value of an attribute before `begin` is called."""

_T = TypeVar("_T")


class MakesFile(Protocol):
    """The part of a socket's interface that a response uses."""

    def makefile(self, mode: Any, /) -> Any: ...


_Section = tuple[FieldLines, list[str] | None]
"""The result of `parse_lenient_field_section`: fields, and the lines that are not fields."""

_VERSION_NAMES = {10: "HTTP/1.0", 11: "HTTP/1.1"}


class _Headers:
    """`headers` and `msg`, made when they are first read, since that imports email.

    A value that a program sets is an attribute of the object, which takes precedence.
    """

    def __get__(self, response: HTTPResponse | None, owner: type) -> Any:
        if response is None:
            return self
        attributes = vars(response)
        if response._head is not None:
            limits = response._limits or head_limits()
            response._fields = parse_response_head(response._head, limits)[3]
            response._head = None
        if response._fields is None:
            return attributes.get("headers")
        message = _message_maker()(response._fields, unread=response._unread)
        response._fields = None
        attributes.setdefault("msg", message)
        return attributes.setdefault("headers", message)


@cache  # an import statement takes 0.7 us each time, as long as making the message
def _message_maker() -> Callable[..., Any]:
    from ..message import message_from_fields  # start-up: it loads email

    return message_from_fields


_MADE_WHEN_ASKED: Any = _Headers()


class HTTPResponse(_File):
    """The response to a request, as a readable file.

    `status`, `reason`, `version` (10 or 11) and `headers` (also `msg`) describe it. `length` is the
    number of bytes left of a body whose length is known, `chunked` says whether the body is sent in
    chunks, `will_close` whether the connection ends with it. With a `debuglevel` above 0 the head
    is printed. `HTTPConnection.getresponse` makes a response and calls `begin`.
    """

    fp: io.BufferedReader
    """The connection's file; None after the body was read to its end."""

    length: int | None
    """Bytes of the body still to be read; None if unknown."""

    code: int
    """The same as `status`."""

    chunk_left: int | None
    """Bytes of the current chunk still to be read, 0 at its end; None before a size line."""

    if TYPE_CHECKING:
        headers: HTTPMessage
        msg: HTTPMessage
    else:
        headers = msg = _MADE_WHEN_ASKED

    _method: str | None = None
    _head: bytes | None = None
    """A usual head, of which only what frames the content was read."""
    _fields: FieldLines | None = None
    _unread: list[str] | None = None
    _verdict: ResponseVerdict | None = None
    _limits: Limits | None = None
    _lines: LenientChunkLines | None = None
    _sound = True
    """Whether all received lines were strictly valid: only then may another response follow."""

    def __init__(
        self,
        sock: MakesFile,
        debuglevel: int = 0,
        method: str | None = None,
        url: str | None = None,
    ) -> None:
        self.fp = sock.makefile("rb")
        self.debuglevel = debuglevel
        self._method = method
        self.version: int = UNKNOWN
        self.status: int = UNKNOWN
        self.reason: str = UNKNOWN
        self.chunked: bool = UNKNOWN
        self.chunk_left = UNKNOWN
        self.length = UNKNOWN
        self.will_close: bool = UNKNOWN
        self.url: str = url  # type: ignore[assignment]  # None until urllib.request sets it

    def __getstate__(self) -> dict[str, Any]:
        """Return the attributes that the stdlib's responses have too, for copies and pickles."""
        _ = self.headers
        return {
            name: value
            for name, value in vars(self).items()
            if name not in ("_head", "_fields", "_unread", "_verdict", "_limits", "_lines")
        }

    # --- the head ---

    def _read_status(self) -> tuple[str, int, str]:
        """Return (version, status, reason) of the status line, and leave the fields unread.

        `begin` calls this method. Programs override it if they have already read the line, or for
        servers that send another kind of line.
        """
        limits = head_limits()
        longest = limits.max_start_line
        line: bytes = self.fp.readline(longest + 1)
        if len(line) > longest:
            raise LineTooLong("status line", longest)
        if self.debuglevel > 0:
            say("reply:", repr(str(line, "iso-8859-1")))
        if not line:
            raise RemoteDisconnected("Remote end closed connection without response")
        try:
            version, status, reason, strict = parse_status_line(line, limits)
        except BadStatusLine:
            self._close_conn()
            raise
        if not strict:
            self._sound = False
        return _VERSION_NAMES[version], status, reason

    _READ_STATUS = Bypassed("_read_status")

    def _is_interim(self, status: int) -> bool:
        """Return whether another response follows one with this status. RFC 9110 section 15.2."""
        if kind_of(self._method, status) != INTERIM or status == HTTPStatus.CONTINUE:
            return status == HTTPStatus.CONTINUE
        # A program's own `_read_status` may decide which responses `begin` sees: programs that wait
        # for 100 Continue return another status for it.
        return self._READ_STATUS.left_alone(self)

    def _read_final_status(self, limits: Limits) -> tuple[str, int, str, _Section | None]:
        """Return (version, status, reason, None) of the first response that is not interim.

        If the connection ends after an interim response, that one is returned; its fields, which
        are already read, are the fourth item.
        """
        interim = InterimResponses(limits)
        version, status, reason = self._read_status()
        while self._is_interim(status):
            interim.take()
            section = self._read_section(limits)
            if not judge_response(self._method, 11, status, section[0]).sound:
                self._sound = False
            if self.debuglevel > 0:
                say("headers:", section[0])
            try:
                version, status, reason = self._read_status()
            except RemoteDisconnected:
                if status == HTTPStatus.CONTINUE:
                    raise
                self._sound = False
                return version, status, reason, section
        return version, status, reason, None

    def _read_section(self, limits: Limits) -> _Section:
        """Return the fields of a head, and the lines that are not fields."""
        try:
            block = read_field_block(self.fp.readline, limits)
        except IncompleteRead as error:
            # The connection ended in the head. Complete lines count; one that was cut off does not.
            whole, newline, cut = error.partial.rpartition(b"\n")
            if cut and may_frame(cut):
                raise
            self._sound = False
            fields, unread = parse_lenient_field_section(whole + newline + b"\r\n", limits)
            return fields, [*(unread or ()), *([cut.decode("latin-1")] if cut else ())]
        section = parse_lenient_field_section(block, limits)
        if section[1] is not None:
            self._sound = False
        return section

    def begin(self, *, _max_headers: int | None = None) -> None:
        """Read the head, skipping interim responses.

        Raises:
            RemoteDisconnected: the connection ended before the first byte.
            HTTPException: the received bytes are not an HTTP/1.x response.
        """
        if self._fields is not None or self.headers is not None:
            return
        limits = self._limits = head_limits(_max_headers)
        if self._begin_usually(limits):
            return
        version, status, reason, section = self._read_final_status(limits)
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = _version_number(version)
        fields = self._take_fields(limits, section)
        if self.debuglevel > 0:
            for name, value in fields:
                say("header:", name + ":", value)
        verdict = judge_response(self._method, self.version, status, fields)
        self._take_framing(verdict.framing)
        self._verdict = verdict
        closes = self._check_close()
        self._verdict = None
        self.will_close = closes or not (verdict.sound and self._sound)

    # If these are original, a usual head is read in one step, without calling them.
    _HEAD_STEPS = Bypassed("_read_status", "_check_close")

    # `headers` are made only when a program reads them.
    _HEADERS = Bypassed("headers")

    def _begin_usually(self, limits: Limits) -> bool:
        """Read a usual head, if it was received whole; return False otherwise, with nothing read.

        Of the time from `begin` to the end of a short body this saves a half: nothing is made of
        the fields.
        """
        fp = self.fp
        if (
            type(fp) is not io.BufferedReader
            or self.debuglevel > 0
            or not self._HEAD_STEPS.left_alone(self)
            or not self._HEADERS.left_alone_by(type(self))
            or replaced("parse_headers")
        ):
            return False
        usual = usual_response(self._method, fp.peek(), limits)
        if usual is None:
            return False
        size, status, reason, framing, persistent, _ = usual
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = 11
        self._head = fp.read(size)
        self._forget_headers()
        self._take_framing(framing)
        self.will_close = not persistent
        return True

    def _take_framing(self, framing: int) -> None:
        self.chunked = framing == CHUNKED
        if self.chunked:
            self.chunk_left = None
        self.length = framing if framing >= 0 else None

    def _take_fields(self, limits: Limits, section: _Section | None) -> FieldLines:
        """Return the fields, read now unless `section` has them, and store them for `headers`."""
        if parse_headers := replaced("parse_headers"):
            self.headers = self.msg = parse_headers(self.fp)
            return list(self.headers.items())
        self._fields, self._unread = section or self._read_section(limits)
        fields = self._fields
        self._forget_headers()
        if not self._HEADERS.left_alone_by(type(self)):
            # A subclass stores `headers` in its own way.
            self.headers = self.msg = _MADE_WHEN_ASKED.__get__(self, type(self))
        return fields

    def _forget_headers(self) -> None:
        """Remove what a program has set as `headers` before the head was read."""
        attributes = vars(self)
        attributes.pop("headers", None)
        attributes.pop("msg", None)

    def _check_close(self) -> bool:
        """Return whether, by its head, the connection ends with this response."""
        if self._verdict is not None:
            return not self._verdict.persistent
        return not keeps_alive(self.version, self.headers.items())

    @overload
    def getheader(self, name: str) -> str | None: ...
    @overload
    def getheader(self, name: str, default: _T) -> str | _T: ...
    def getheader(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, several joined by ", "; `default` if the field is missing.

        Raises:
            ResponseNotReady: `begin` was not called.
        """
        if self.headers is None:
            raise ResponseNotReady
        values = self.headers.get_all(name) or default
        if type(values) is not list and (
            isinstance(values, str) or not isinstance(values, Iterable)
        ):
            return values
        return ", ".join(values)

    def getheaders(self) -> list[tuple[str, str]]:
        """Return all fields as (name, value) pairs.

        Raises:
            ResponseNotReady: `begin` was not called.
        """
        if self.headers is None:
            raise ResponseNotReady
        return list(self.headers.items())

    def info(self) -> HTTPMessage:
        """Return `headers`."""
        return self.headers

    def geturl(self) -> str:
        """Return `url`, which `urllib.request` sets."""
        return self.url

    def getcode(self) -> int:
        """Return `status`."""
        return self.status

    # --- the file ---

    def _close_conn(self) -> None:
        gone: Any = None
        fp, self.fp = self.fp, gone
        fp.close()

    def close(self) -> None:
        """Close the file; the rest of the body can no longer be read."""
        try:
            super().close()
        finally:
            if self.fp:
                self._close_conn()

    def flush(self) -> None:
        super().flush()
        if self.fp:
            self.fp.flush()

    def readable(self) -> bool:
        """Return True."""
        return True

    def isclosed(self) -> bool:
        """Return whether the body was read to its end, or the response closed."""
        return self.fp is None

    def fileno(self) -> int:
        """Return the descriptor of the connection's socket."""
        descriptor: int = self.fp.fileno()
        return descriptor

    def __iter__(self) -> HTTPResponse:
        # The method of `io` would raise ValueError if the file is closed.
        return self

    # --- the body ---

    def _has_no_more(self) -> bool:
        """Return whether nothing is left to read; after HEAD, also release the connection."""
        if self.fp is None:
            return True
        if self._method == "HEAD":
            self._close_conn()
            return True
        return False

    def _note_read(self, count: int, wanted: int) -> None:
        """Count `count` received bytes of a body without chunks; at its end, release its file.

        If a program reads a given amount, a body that is shorter than its length ends like a file,
        without an error: programs rely on that.
        """
        if not count and wanted:
            self._close_conn()
        elif self.length is not None:
            self.length -= count
            if not self.length:
                self._close_conn()

    def read(self, amt: int | None = None) -> bytes:
        """Return the rest of the body, or up to `amt` bytes of it.

        Raises:
            IncompleteRead: the connection ended first, and `amt` was not given or the body is sent
                in chunks.
        """
        if self._has_no_more():
            return b""
        if amt is not None and amt < 0:
            amt = None
        if self.chunked:
            return self._read_chunked(amt)
        if amt is not None:
            if self.length is not None and amt > self.length:
                amt = self.length
            data = self._read_amount(amt)
            self._note_read(len(data), amt)
            return data
        if self.length is None:
            data = self.fp.read()
        else:
            try:
                data = self._safe_read(self.length)
            except IncompleteRead:
                self._close_conn()
                raise
            self.length = 0
        self._close_conn()
        return data

    def readinto(self, b: WriteableBuffer) -> int:
        """Fill `b` from the body and return how many bytes were read; 0 at its end.

        Raises:
            IncompleteRead: the connection ended inside a chunk.
        """
        if self._has_no_more():
            return 0
        view = memoryview(b).cast("B")
        if self.chunked:
            return self._readinto_chunked(view)
        if self.length is not None:
            view = view[: self.length]
        count: int = self.fp.readinto(view)
        self._note_read(count, len(view))
        return count

    def read1(self, n: int = -1) -> bytes:
        """Return up to `n` bytes with one read of the connection; b"" at the end.

        Raises:
            IncompleteRead: the connection ended first; what was received is in `partial`.
        """
        if self._has_no_more():
            return b""
        if self.chunked:
            return self._read1_chunked(n)
        if self.length is not None and not 0 <= n <= self.length:
            n = min(self.length, MAX_PIECE)
        data: bytes = self.fp.read1(n)
        self._note_read(len(data), n)
        return data

    def peek(self, n: int = -1) -> bytes:
        """Return received bytes of the body without consuming them.

        The file decides how many; `n` is a hint to it, in bytes.
        """
        if self._has_no_more():
            return b""
        if self.chunked:
            return self._peek_chunked(n)
        data: bytes = self.fp.peek(n)
        return data if self.length is None else data[: self.length]

    def readline(self, limit: int | None = -1) -> bytes:
        """Return the body up to and including the next LF, at most `limit` bytes.

        Raises:
            IncompleteRead: the connection ended first; what was received is in `partial`.
        """
        if self._has_no_more():
            return b""
        if limit is None:
            limit = -1
        if self.chunked:
            return self._readline_chunked(limit)
        if self.length is not None and not 0 <= limit <= self.length:
            limit = min(self.length, sys.maxsize)
        line: bytes = self.fp.readline(limit)
        self._note_read(len(line), limit)
        return line

    def _read_amount(self, amt: int) -> bytes:
        """Return up to `amt` bytes of the file: one read for each `MAX_PIECE` bytes.

        So a large `amt` does not reserve more memory than the peer sends.
        """
        data: bytes = self.fp.read(min(amt, MAX_PIECE))
        if amt <= MAX_PIECE or len(data) < MAX_PIECE:
            return data
        pieces = [data]
        while len(data) == MAX_PIECE and (amt := amt - MAX_PIECE):
            data = self.fp.read(min(amt, MAX_PIECE))
            pieces.append(data)
        return b"".join(pieces)

    def _safe_read(self, amt: int) -> bytes:
        """Return exactly `amt` bytes of the connection, framing included.

        urllib3 parses chunks itself, and reads their content with this method.

        Raises:
            IncompleteRead: the connection ended first.
        """
        data: bytes = self.fp.read(min(amt, MAX_PIECE))
        if len(data) == amt:
            return data
        pieces = [data]
        left = amt - len(data)
        while data and left:
            data = self.fp.read(min(left, MAX_PIECE))
            pieces.append(data)
            left -= len(data)
        data = b"".join(pieces)
        if left:
            raise IncompleteRead(data, left)
        return data

    def _safe_readinto(self, b: Any) -> int:
        """Fill `b` and return its size in bytes; otherwise as `_safe_read`."""
        view = memoryview(b).cast("B")
        filled = 0
        while filled < len(view):
            count = self.fp.readinto(view[filled:])
            if not count:
                raise IncompleteRead(bytes(view[:filled]), len(view) - filled)
            filled += count
        return filled

    # --- chunks ---

    def _chunk_lines(self) -> LenientChunkLines:
        """Return the parser of the lines between this body's chunks."""
        if self._lines is None:
            self._lines = LenientChunkLines(self._limits or head_limits())
        return self._lines

    def _read_next_chunk_size(self) -> int:
        """Read the next chunk's size line and return the size in bytes; 0: the last chunk.

        Raises:
            LineTooLong: the line has no end within its bound.
            ValueError: the line is not a size line, or is missing.
        """
        lines = self._chunk_lines()
        line = self.fp.readline(lines.limits.max_chunk_line)
        try:
            return lines.take_size(line)
        except LineTooLong:
            raise
        except RemoteProtocolError as error:
            # From here on, the bytes of the connection have no certain meaning.
            self._close_conn()
            raise ValueError(str(error)) from error

    _SAFE_READ = Bypassed("_safe_read")

    def _read_chunk_end(self) -> None:
        """Read the line end behind a chunk's content."""
        if not self._SAFE_READ.left_alone(self):
            self._safe_read(2)
            return
        try:
            self._chunk_lines().take_end(self.fp.readline(2))
        except RemoteProtocolError as error:
            # Programs catch this class for malformed chunks; its cause has the reason.
            raise IncompleteRead(b"") from error

    def _read_and_discard_trailer(self) -> None:
        """Read the lines behind the last chunk, up to and including the empty line."""
        lines = self._chunk_lines()
        while line := self.fp.readline(lines.limits.max_trailer_section):
            if lines.take_trailer(line):
                return
        # The connection has ended. All content was received, so this is not an error.

    def _get_chunk_left(self) -> int | None:
        """Return how many bytes of the current or next chunk are left; None at the body's end."""
        left: int | None = self.chunk_left
        if not left:
            if left is not None:
                self._read_chunk_end()
            try:
                left = self._read_next_chunk_size()
            except ValueError as error:
                raise IncompleteRead(b"") from error.__cause__ or error
            if left == 0:
                self._read_and_discard_trailer()
                if not self._chunk_lines().sound:
                    # The start of the next response is uncertain.
                    self.will_close = True
                self._close_conn()
                left = None
            self.chunk_left = left
        return left

    # If these are original, buffered whole chunks are read in one step, without calling them.
    _CHUNK_STEPS = Bypassed("_get_chunk_left", "_read_next_chunk_size", "_safe_read")

    def _take_small_chunks(self, room: int) -> bytes:
        """Return the content of whole chunks that the file has buffered, at most `room` bytes.

        b"": the next chunk must be read step by step.
        """
        left, fp = self.chunk_left, self.fp
        peek = None if left else getattr(fp, "peek", None)
        if peek is None:
            return b""
        data = peek(1)
        if left is not None and data[:2] != b"\r\n":
            return b""
        lines = self._lines or self._chunk_lines()
        content, size = lines.take_chunks(data, 0 if left is None else 2, room)
        if size:
            fp.read(size)
            self.chunk_left = None
        return content

    def _read_chunked(self, amt: int | None = None) -> bytes:
        pieces: list[bytes] = []
        itself = self._CHUNK_STEPS.left_alone(self)
        try:
            while amt is None or amt:
                room = MAX_PIECE if amt is None else amt
                data = self._take_small_chunks(room) if itself else b""
                if not data:
                    left = self._get_chunk_left()
                    if left is None:
                        break
                    count = left if amt is None else min(left, amt)
                    data = self._safe_read(count)
                    self.chunk_left = left - count
                pieces.append(data)
                if amt is not None:
                    amt -= len(data)
        except IncompleteRead as error:
            pieces.append(error.partial)
            raise IncompleteRead(b"".join(pieces), error.expected) from error.__cause__
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _readinto_chunked(self, b: Any) -> int:
        view = memoryview(b).cast("B")
        filled = 0
        try:
            while filled < len(view) and (left := self._get_chunk_left()) is not None:
                count = self._safe_readinto(view[filled : filled + left])
                self.chunk_left = left - count
                filled += count
        except IncompleteRead as error:
            filled += len(error.partial)
            raise IncompleteRead(bytes(view[:filled]), error.expected) from error.__cause__
        return filled

    def _read1_chunked(self, n: int) -> bytes:
        if n and self._CHUNK_STEPS.left_alone(self):
            content = self._take_small_chunks(MAX_PIECE if n < 0 else n)
            if content:
                return content
        left = self._get_chunk_left()
        if left is None or n == 0:
            return b""
        data: bytes = self.fp.read1(n if 0 <= n <= left else min(left, MAX_PIECE))
        if not data:
            raise IncompleteRead(b"")
        self.chunk_left = left - len(data)
        return data

    def _peek_chunked(self, n: int) -> bytes:
        try:
            left = self._get_chunk_left()
        except IncompleteRead:
            return b""  # the next read raises it
        if left is None:
            return b""
        data: bytes = self.fp.peek(min(left, MAX_PIECE))
        return data[:left]

    def _readline_chunked(self, limit: int) -> bytes:
        pieces: list[bytes] = []
        try:
            while limit and (left := self._get_chunk_left()) is not None:
                wanted = min(left, sys.maxsize)
                data: bytes = self.fp.readline(wanted if limit < 0 else min(wanted, limit))
                if not data:
                    raise IncompleteRead(b"", left)
                self.chunk_left = left - len(data)
                pieces.append(data)
                if data.endswith(b"\n"):
                    break
                if limit > 0:
                    limit -= len(data)
        except IncompleteRead as error:
            raise IncompleteRead(b"".join(pieces), error.expected) from error.__cause__
        return b"".join(pieces)


def _version_number(name: str) -> int:
    """Return `version` as a number: 10 for HTTP/1.0 and HTTP/0.9, else 11.

    Raises:
        UnknownProtocol: the version is not HTTP/0.9 or HTTP/1.x.
    """
    if name in ("HTTP/1.0", "HTTP/0.9"):
        return 10
    if name.startswith("HTTP/1."):
        return 11
    raise UnknownProtocol(name)
