"""`HTTPResponse`: one response, read from its connection as a file.

The documented attributes and methods are the standard library's. The head is parsed and the body
framed by `wire`; `headers` becomes an `HTTPMessage` when it is first asked for.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import (
    BadStatusLine,
    IncompleteRead,
    LineTooLong,
    RemoteDisconnected,
    RemoteProtocolError,
    ResponseNotReady,
    excerpt,
)
from ..status import HTTPStatus
from ..wire.block import read_field_block
from ..wire.body import ChunkedDecoder, LengthDecoder, body_decoder
from ..wire.fields import FieldLines, select_fields
from ..wire.framing import (
    CHUNKED,
    FRAMING_FIELDS,
    UNTIL_CLOSE,
    keeps_alive,
    response_framing,
)
from ..wire.head import parse_response_head
from ..wire.limits import Limits, limits_for
from ..wire.reader import BodyReader

if TYPE_CHECKING:
    from email.message import Message

__all__ = ["HTTPResponse"]

UNKNOWN = "UNKNOWN"
"""What an attribute holds before `begin`."""

_T = TypeVar("_T")


class _Body(BodyReader):
    """A response's body; the end of the connection may stand for a last empty line."""

    def _advance(self) -> int:
        try:
            return super()._advance()
        except (IncompleteRead, LineTooLong):
            raise
        except RemoteProtocolError as error:
            # What programs catch for chunks that cannot be read; the cause says what was wrong.
            raise IncompleteRead(b"") from error

    def _ended(self) -> None:
        decoder = self.decoder
        if isinstance(decoder, ChunkedDecoder) and decoder.content_complete:
            # All content is there, and there is no next message that could be taken for a trailer.
            decoder.complete = True
        else:
            super()._ended()


class HTTPResponse(io.BufferedIOBase):
    """The response to a request, as a readable file.

    `status`, `reason`, `version` (10 or 11), `headers` (also `msg`) describe it; `length` is what
    is left of a body whose length is known, `chunked` whether it comes in chunks, `will_close`
    whether the connection ends with it. `HTTPConnection.getresponse` makes and begins it.
    """

    def __init__(
        self, sock: Any, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        self._fp: Any = sock.makefile("rb")
        self.debuglevel = debuglevel
        self._method = method
        self._fields: FieldLines | None = None
        self._headers: Any = None
        self._msg: Any = None
        self._body: _Body | None = None
        self.version: Any = UNKNOWN
        self.status: Any = UNKNOWN
        self.code: Any = UNKNOWN
        self.reason: Any = UNKNOWN
        self.chunked: Any = UNKNOWN
        self.will_close: Any = UNKNOWN
        self.url: Any = url

    @property
    def fp(self) -> Any:
        """The connection's file, None once the body was read to its end."""
        return self._fp

    @fp.setter
    def fp(self, fp: Any) -> None:
        self._fp = fp
        if self._body is not None and fp is not None:
            self._body.source = fp

    # --- the head ---

    def _read_start(self) -> bytes:
        """Return the first line of a head, with its line end."""
        longest = 65536
        line: bytes = self.fp.readline(longest + 1)
        if len(line) > longest:
            raise LineTooLong("status line", longest)
        if self.debuglevel > 0:
            print("reply:", repr(str(line, "iso-8859-1")))
        if not line:
            raise RemoteDisconnected("Remote end closed connection without response")
        if not line.startswith(b"HTTP/"):
            # Nobody waits for the fields of what is no response.
            self._close_conn()
            raise BadStatusLine(excerpt(line.rstrip(b"\r\n")))
        return line

    def _read_status(self) -> tuple[str, int, str]:
        """Return (version, status, reason) of the status line, and leave the fields unread."""
        line = self._read_start().rstrip(b"\r\n")
        version, status, reason, _ = parse_response_head(line + b"\r\n\r\n")
        return f"HTTP/1.{version - 10}", status, reason

    def _read_block(self, start: bytes, limits: Limits) -> tuple[bytes, bool]:
        """Return a head, and whether the connection ended in it: after a whole line, it counts."""
        try:
            return read_field_block(self.fp.readline, limits, start=start), False
        except IncompleteRead as error:
            if error.partial != start and not error.partial.endswith(b"\n"):
                raise
            return error.partial.rstrip(b"\r\n") + b"\r\n\r\n", True

    def _read_head(self, limits: Limits) -> tuple[int, int, str, FieldLines, bool]:
        """Return (version, status, reason, fields) of the next head, and whether it is the last."""
        block, ended = self._read_block(self._read_start(), limits)
        version, status, reason, fields = parse_response_head(block, limits)
        if self.debuglevel > 0:
            for name, value in fields:
                print("header:", name + ":", value)
        return version, status, reason, fields, ended

    def begin(self, *, _max_headers: int | None = None) -> None:
        """Read the head, past interim responses.

        Raises:
            RemoteDisconnected: the connection ended before the first byte.
            HTTPException: anything that is no HTTP/1.x response.
        """
        if self._fields is not None or self._headers is not None:
            return
        limits = limits_for(_max_headers)
        version, status, reason, fields, ended = self._read_head(limits)
        for _ in range(limits.max_interim_responses):
            if status >= 200 or status == 101 or ended:
                break
            # It frames nothing, but must not try to.
            response_framing(self._method, status, select_fields(fields, FRAMING_FIELDS))
            try:
                version, status, reason, fields, ended = self._read_head(limits)
            except RemoteDisconnected:
                if status == HTTPStatus.CONTINUE:
                    raise
                # The peer has said no more than this: it is the answer.
                ended = True
        else:
            raise RemoteProtocolError(
                f"got more than {limits.max_interim_responses} interim responses "
                "(RFC 9110 section 15.2)"
            )
        self.version, self.code, self.status, self.reason = version, status, status, reason
        self._fields = fields
        selected = select_fields(fields, FRAMING_FIELDS)
        framing = response_framing(self._method, status, selected)
        self.chunked = framing == CHUNKED
        alive = framing != UNTIL_CLOSE and keeps_alive(version, selected)
        self.will_close = ended or not alive
        self._body = _Body(self.fp, body_decoder(framing, limits))

    @property
    def headers(self) -> Any:
        """The fields as an `HTTPMessage`; None before `begin`."""
        if self._headers is None and self._fields is not None:
            from ..message import message_from_fields  # start-up: it loads email

            self._headers = message_from_fields(self._fields)
        return self._headers

    @headers.setter
    def headers(self, headers: Any) -> None:
        self._headers = headers

    @property
    def msg(self) -> Any:
        """The same as `headers`, unless a program has put something else here."""
        return self.headers if self._msg is None else self._msg

    @msg.setter
    def msg(self, msg: Any) -> None:
        self._msg = msg

    def getheader(self, name: str, default: Any = None) -> Any:
        """Return the value of a field, several joined by ", "; `default` if there is none.

        Raises:
            ResponseNotReady: `begin` was not called.
        """
        if self.headers is None:
            raise ResponseNotReady
        values = self.headers.get_all(name) or default
        if isinstance(values, str) or not isinstance(values, Iterable):
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

    def info(self) -> Message | None:
        """Return `headers`."""
        headers: Message | None = self.headers
        return headers

    def geturl(self) -> Any:
        """Return `url`, which `urllib.request` sets."""
        return self.url

    def getcode(self) -> Any:
        """Return `status`."""
        return self.status

    # --- the body ---

    @property
    def length(self) -> Any:
        """Bytes of the body still to be read; None if only reading will tell."""
        if self._body is None:
            return UNKNOWN
        decoder = self._body.decoder
        return decoder.remaining if isinstance(decoder, LengthDecoder) else None

    @property
    def chunk_left(self) -> Any:
        """Bytes of the current chunk still to be read; None between chunks."""
        if self._body is None:
            return UNKNOWN
        return self._body.decoder.remaining or None if self.chunked else None

    def _close_conn(self) -> None:
        fp, self.fp = self.fp, None
        if fp is not None:
            fp.close()

    def close(self) -> None:
        """Close the file; what was not read of the body is lost to the connection."""
        try:
            super().close()
        finally:
            self._close_conn()

    def flush(self) -> None:
        super().flush()
        if self.fp is not None:
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

    def _take(self, read: Callable[[_Body], _T], nothing: _T) -> _T:
        """Return what `read` makes of the body, `nothing` after its end; let go at its end."""
        body = self._body
        if self.fp is None or body is None:
            return nothing
        try:
            return nothing if body.complete else read(body)
        except IncompleteRead:
            self._close_conn()
            raise
        finally:
            if body.complete:
                self._close_conn()

    def _cut_off(self, error: IncompleteRead) -> bytes:
        """Return what came before a body with a length was cut off.

        Reading a given amount ends there as at the end of a file, which programs rely on; reading
        all of it raises, and so does any reading inside a chunk.
        """
        if self.chunked:
            raise error
        return error.partial

    def read(self, amt: int | None = None, /) -> bytes:
        """Return the rest of the body, or up to `amt` bytes of it.

        Raises:
            IncompleteRead: the connection ended first, and `amt` was not given or the body comes
                in chunks.
        """
        if amt is None or amt < 0:
            return self._take(_Body.read, b"")
        try:
            return self._take(lambda body: body.read(amt), b"")
        except IncompleteRead as error:
            return self._cut_off(error)

    def readinto(self, b: Any, /) -> int:
        """Fill `b` from the body and return how many bytes came; 0 at its end.

        Raises:
            IncompleteRead: the connection ended inside a chunk.
        """
        try:
            return self._take(lambda body: body.readinto(b), 0)
        except IncompleteRead as error:
            return len(self._cut_off(error))

    def read1(self, n: int = -1, /) -> bytes:
        """Return up to `n` bytes with one read of the connection; b"" at the end."""
        try:
            return self._take(lambda body: body.read1(n), b"")
        except IncompleteRead as error:
            return self._cut_off(error)

    def readinto1(self, b: Any, /) -> int:
        """Read once into `b` and return how many bytes came; 0 at the end."""
        data = self.read1(len(memoryview(b).cast("B")))
        memoryview(b).cast("B")[: len(data)] = data
        return len(data)

    def peek(self, n: int = -1, /) -> bytes:
        """Return what has come of the body, without taking it."""
        return self._take(lambda body: body.peek(n), b"")

    def readline(self, limit: int | None = -1, /) -> bytes:
        """Return the body up to and including the next LF, at most `limit` bytes."""
        try:
            return self._take(lambda body: body.readline(limit), b"")
        except IncompleteRead as error:
            return self._cut_off(error)

    def _safe_read(self, amt: int) -> bytes:
        """Return exactly `amt` bytes of the connection, framing and all.

        urllib3 takes chunks apart itself, and reads their content with this.
        """
        data: bytes = self.fp.read(amt)
        if len(data) < amt:
            raise IncompleteRead(data, amt - len(data))
        return data
