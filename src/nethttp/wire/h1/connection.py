"""One HTTP/1.1 connection: bytes in, events out; events in, bytes out (RFC 9112).

`Connection` has what both roles share: buffering, bodies, the order of calls, keep-alive.
`ServerConnection` and `ClientConnection` add what differs: which head is received, which is sent,
and how a body is framed in each direction.

A cycle is one request and its responses. Each direction passes through these states::

    IDLE ──head──> BODY ──end──> DONE ──next_cycle──> IDLE
      └──────────────┴───────────> CLOSED (the peer or a message ended the connection)
      └──────────────┴───────────> ERROR (the peer broke the protocol; nothing more is read)
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from ...errors import (
    IncompleteRead,
    LineTooLong,
    LocalProtocolError,
    RemoteProtocolError,
    excerpt,
)
from ..events import (
    NEED_DATA,
    PAUSED,
    Closed,
    Data,
    EndOfMessage,
    Event,
    NoEvent,
    Request,
    Response,
)
from ..limits import DEFAULT_LIMITS, MAX_EMPTY_LINES, Limits
from .block import is_hopeless
from .body import Decoder, body_decoder, response_decoder
from .encoder import BodyEncoder
from .head import (
    parse_request_head,
    parse_response_head,
    serialise_request_head,
    serialise_response_head,
)
from .rules import (
    FINAL,
    INTERIM,
    InterimResponses,
    judge_own_request,
    judge_own_response,
    judge_request,
    judge_response,
)

__all__ = ["ClientConnection", "Connection", "ServerConnection", "State"]


class State(Enum):
    """Where one direction of a connection is: the head, the body, or the end of a message.

    In ERROR nothing more is read, since the boundaries of messages are no longer certain.
    """

    IDLE = "IDLE"
    BODY = "BODY"
    DONE = "DONE"
    CLOSED = "CLOSED"
    ERROR = "ERROR"


_EMPTY_LINE: Final = b"\r\n\r\n"


class Connection:
    """The base of `ServerConnection` and `ClientConnection`; use one of these.

    `receiving` and `sending` are the states of the two directions. After a message that ends the
    connection, `reusable` is False and `next_cycle` raises an error.
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self.receiving = State.IDLE
        self.sending = State.IDLE
        self.reusable = True
        self._buffer = bytearray()
        self._searched = 0
        self._empty_lines = 0
        self._ended = False
        self._incoming: Decoder | None = None
        self._outgoing = BodyEncoder(0)

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} receiving={self.receiving.value} "
            f"sending={self.sending.value} buffered={len(self._buffer)}>"
        )

    # --- in ---

    def receive(self, data: bytes) -> None:
        """Take bytes that were received; b"" says that the peer has ended the connection."""
        if data:
            self._buffer += data
        else:
            self._ended = True

    @property
    def buffered(self) -> bytes:
        """Bytes that were received and not consumed: after an upgrade, the new protocol's."""
        return bytes(self._buffer)

    def next_event(self) -> Event | NoEvent:
        """Return the next event in the received bytes, NEED_DATA or PAUSED.

        Receive from the peer only on NEED_DATA: the buffer then holds no more than one head or one
        piece, and TCP's flow control stops a peer that pipelines without end.

        Raises:
            RemoteProtocolError: the peer broke the protocol. `status_hint` is the status for a
                server to respond with; the connection cannot be used any further.
        """
        if self.receiving is State.ERROR:
            raise RemoteProtocolError("expected no more reading: the peer broke the protocol")
        try:
            if self.receiving is State.IDLE:
                return self._next_head()
            if self.receiving is State.BODY:
                return self._next_of_body()
        except RemoteProtocolError:
            self.receiving = State.ERROR
            self.reusable = False
            raise
        return Closed() if self._ended and not self._buffer else PAUSED

    def _next_head(self) -> Event | NoEvent:
        block = self._take_block()
        if block is None:
            if not self._ended:
                return NEED_DATA
            self.reusable = False
            if self._buffer:
                raise IncompleteRead(bytes(self._buffer))
            self.receiving = State.CLOSED
            return Closed()
        return self._read_head(block)

    def _read_head(self, block: bytes) -> Event:
        raise AssertionError("a role says which head is received")

    def _find_block_end(self, start: int) -> int:
        """Return the length of the head at the buffer's start, its empty line included, or -1.

        -1: the empty line has not been received. Earlier calls searched the first `start` bytes.
        """
        raise AssertionError("a role says how a head's lines end")

    def _take_block(self) -> bytes | None:
        """Remove the head at the buffer's start and return it; None if it is incomplete.

        Each byte is searched once, even if a head arrives in small pieces.
        """
        buffer = self._buffer
        # A CRLF before a request is ignored (RFC 9112 section 2.2), and so is one after a response
        # body: old servers add it.
        while buffer.startswith(b"\r\n"):
            del buffer[:2]
            self._searched = 0
            self._empty_lines += 1
            if self._empty_lines > MAX_EMPTY_LINES:
                raise RemoteProtocolError(
                    f"expected a message, got more than {MAX_EMPTY_LINES} empty lines "
                    "(RFC 9112 section 2.2)"
                )
        end = self._find_block_end(self._searched)
        if end < 0:
            self._searched = len(buffer)
            self._check_unfinished_head()
            return None
        block = bytes(buffer[:end])
        del buffer[:end]
        self._searched = self._empty_lines = 0
        return block

    def _check_unfinished_head(self) -> None:
        """Refuse a head that is over its bounds before it is received whole."""
        size = len(self._buffer)
        limits = self.limits
        if size <= limits.max_start_line and size <= limits.max_field_section:
            return
        first = self._buffer.find(b"\n")
        if first < 0 and size > limits.max_start_line:
            raise LineTooLong("start line", limits.max_start_line, status_hint=414)
        if size - first > limits.max_field_section:
            raise LineTooLong("field section", limits.max_field_section)

    def _begin_body(self, decoder: Decoder) -> None:
        self._incoming = decoder
        self.receiving = State.BODY
        self.reusable = self.reusable and decoder.sound

    def _next_of_body(self) -> Event | NoEvent:
        decoder = self._incoming
        assert decoder is not None
        buffer = self._buffer
        while decoder.wants_line:
            content, size = decoder.take_chunks(buffer, len(buffer))
            if content:
                del buffer[:size]
                self._searched = 0
                return Data(content)
            end = buffer.find(b"\n", self._searched) + 1
            if not end and len(buffer) < decoder.max_line:
                self._searched = len(buffer)
                if self._ended:
                    decoder.eof()
                return NEED_DATA
            self._searched = 0
            line = bytes(buffer[: end or decoder.max_line])
            del buffer[: len(line)]
            decoder.take_line(line)
        if decoder.complete:
            return self._end_of_message(decoder)
        if buffer:
            with memoryview(buffer) as view:  # slicing the buffer itself would copy once more
                content = bytes(view[: decoder.remaining])
            del buffer[: len(content)]
            decoder.take(len(content))
            return Data(content)
        if not self._ended:
            return NEED_DATA
        decoder.eof()
        return self._end_of_message(decoder)

    def _end_of_message(self, decoder: Decoder) -> EndOfMessage:
        self.receiving = State.DONE
        self.reusable = self.reusable and decoder.sound
        self._incoming = None
        return EndOfMessage(decoder.trailers)

    # --- out ---

    def send_data(self, content: bytes) -> bytes:
        """Return the bytes that carry a piece of content.

        Raises:
            LocalProtocolError: no head was sent, or the content exceeds the declared length.
        """
        if self.sending is not State.BODY:
            raise LocalProtocolError(
                f"expected a head before content, in state {self.sending.value}"
            )
        body = self._outgoing
        if len(content) > (room := body.room(len(content))):
            raise LocalProtocolError(
                f"expected at most {room} more bytes of content, got {len(content)}"
            )
        return body.encode(content)

    def send_end(self, trailers: Sequence[tuple[str, str]] = ()) -> bytes:
        """Return the bytes that end the message.

        Raises:
            LocalProtocolError: no head was sent, content is missing from the declared length, or
                there are trailers for a body that is not chunked.
        """
        if self.sending is not State.BODY:
            raise LocalProtocolError(f"expected a message to end, in state {self.sending.value}")
        body = self._outgoing
        if trailers and not body.in_chunks:
            raise LocalProtocolError("expected trailers with a chunked body only")
        if body.left:
            raise LocalProtocolError(f"expected {body.left} more bytes of content")
        self.sending = State.CLOSED if body.ends_with_connection else State.DONE
        return body.end(list(trailers))

    def next_cycle(self) -> None:
        """Begin the next request and response on this connection.

        Raises:
            LocalProtocolError: the request or the response is not complete, or the connection ends
                with them.
        """
        if not (self.receiving is self.sending is State.DONE) or not self.reusable:
            raise LocalProtocolError(
                f"expected a complete exchange on a connection that lives on, got {self!r}"
            )
        self.receiving = self.sending = State.IDLE


class ServerConnection(Connection):
    """A connection that receives requests and sends responses.

    >>> connection = ServerConnection()
    >>> connection.receive(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    >>> connection.next_event().target, type(connection.next_event()).__name__
    ('/', 'EndOfMessage')
    >>> connection.send_response(Response(204, "No Content", []))
    b'HTTP/1.1 204 No Content\\r\\n\\r\\n'
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        self._method: str | None = None
        self._version = 11

    def _find_block_end(self, start: int) -> int:
        buffer = self._buffer
        found = buffer.find(_EMPTY_LINE, max(0, start - 3))
        if found >= 0:
            return found + 4
        if is_hopeless(buffer, start):
            # The parser raises the reason, without the rest of the head.
            parse_request_head(bytes(buffer) + _EMPTY_LINE, self.limits)
            raise RemoteProtocolError(
                f"expected a request head, got {excerpt(bytes(buffer))} (RFC 9112 section 3)"
            )
        return -1

    def _read_head(self, block: bytes) -> Request:
        method, target, version, fields = parse_request_head(block, self.limits)
        verdict = judge_request(method, target, version, fields, self.limits)
        self._method = method
        self._version = version
        self.reusable = self.reusable and verdict.persistent
        self._begin_body(body_decoder(verdict.framing, self.limits))
        return Request(method, target, fields, version, verdict.expects_continue)

    def send_response(self, response: Response) -> bytes:
        """Return the bytes of a response head; its fields say how the body is framed.

        Without Content-Length or Transfer-Encoding the body ends with the connection. If the fields
        lack Connection, it is added where the peer needs it.

        Raises:
            LocalProtocolError: the call is out of order, a field is invalid, or the response is
                chunked and the peer speaks HTTP/1.0.
        """
        if self.sending is not State.IDLE or self.receiving is State.IDLE:
            raise LocalProtocolError(
                f"expected a request before a response, in state {self.sending.value}"
            )
        status, reason, fields, _ = response
        plan = judge_own_response(self._method, self._version, status, fields, self.reusable)
        head = serialise_response_head(status, reason, fields)
        if plan.kind == INTERIM:
            return head
        self.reusable = plan.persistent and plan.kind == FINAL
        self._outgoing.begin(plan.framing)
        self.sending = State.BODY
        return b"%b%b\r\n" % (head[:-2], plan.lines) if plan.lines else head


class ClientConnection(Connection):
    """A connection that sends requests and receives responses.

    >>> connection = ClientConnection()
    >>> connection.send_request(Request("GET", "/", [("Host", "a")]))
    b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'
    >>> connection.receive(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    >>> connection.next_event().status
    204
    """

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        super().__init__(limits)
        self._method: str | None = None
        self._interim = InterimResponses(limits)

    def _find_block_end(self, start: int) -> int:
        # Either line end counts here, since no other message shares a client's buffer.
        buffer = self._buffer
        position = buffer.find(b"\n", max(0, start - 2))
        while position >= 0:
            after = bytes(buffer[position + 1 : position + 3])
            if after.startswith(b"\n"):
                return position + 2
            if after == b"\r\n":
                return position + 3
            position = buffer.find(b"\n", position + 1)
        return -1

    def _read_head(self, block: bytes) -> Response:
        if self.sending is State.IDLE:
            raise RemoteProtocolError(
                f"expected nothing before a request was sent, got {excerpt(block)}"
            )
        version, status, reason, fields, unread = parse_response_head(block, self.limits)
        response = Response(status, reason, fields, version)
        verdict = judge_response(self._method, version, status, fields)
        if unread is not None or not verdict.sound:
            self.reusable = False
        if verdict.kind == INTERIM:
            self._interim.take()
            return response
        self._interim.end()
        self.reusable = self.reusable and verdict.persistent and verdict.kind == FINAL
        self._begin_body(response_decoder(verdict.framing, self.limits))
        return response

    def send_request(self, request: Request) -> bytes:
        """Return the bytes of a request head; its fields say how the body is framed.

        Raises:
            LocalProtocolError: the call is out of order, Host is missing, or a field is invalid.
        """
        if self.sending is not State.IDLE:
            raise LocalProtocolError(
                f"expected the exchange before to be complete, in state {self.sending.value}"
            )
        verdict = judge_own_request(request.fields)
        data = serialise_request_head(request.method, request.target, request.fields)
        self._method = request.method
        self._outgoing.begin(verdict.framing)
        self.sending = State.BODY
        self.reusable = self.reusable and verdict.persistent
        return data
