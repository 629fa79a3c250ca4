"""The standard library's errors of HTTP, and whose fault an invalid message is."""

from __future__ import annotations

import sys

from .quoting import MAX_EXCERPT, excerpt

__all__ = [
    "BadStatusLine",
    "CannotSendHeader",
    "CannotSendRequest",
    "HTTPException",
    "ImproperConnectionState",
    "IncompleteRead",
    "InvalidURL",
    "LineTooLong",
    "LocalProtocolError",
    "NotConnected",
    "RemoteDisconnected",
    "RemoteProtocolError",
    "ResponseNotRead",
    "ResponseNotReady",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "UnimplementedFileMode",
    "UnknownProtocol",
    "UnknownTransferEncoding",
]


class HTTPException(Exception):
    """The base of the errors of HTTP: a message is invalid, or a call is out of order."""

    # A subclass's __init__ need not fill `args`; str() must still work.


class NotConnected(HTTPException):
    """The connection has no socket and may not open one."""


class InvalidURL(HTTPException):
    """A host, port or target that cannot be put on the wire."""


class UnimplementedFileMode(HTTPException):
    """Kept for programs that catch it; nethttp never raises it."""


class ImproperConnectionState(HTTPException):
    """A method was called out of order."""


class CannotSendRequest(ImproperConnectionState):
    """A request cannot start now: the previous response is still to be read."""


class CannotSendHeader(ImproperConnectionState):
    """A field cannot be sent now: no request was started, or its head has been sent."""


class ResponseNotReady(ImproperConnectionState):
    """A response cannot be read now: no request was sent, or the last one is unread."""


class StreamError(ImproperConnectionState, RuntimeError):
    """A response's body was asked for in a state in which it cannot be read."""


class StreamConsumed(StreamError):
    """The body has been read already, piece by piece: it was not kept."""


class StreamClosed(StreamError):
    """The response was closed before its body was read."""


class ResponseNotRead(StreamError):
    """The body of a streamed response was used before ``read()``."""


class LocalProtocolError(ValueError):
    """This program tried to send an invalid message; nothing was sent.

    The standard library raises a plain `ValueError` instead. For characters outside ISO-8859-1 or
    ASCII both raise a `UnicodeEncodeError`.
    """


class RemoteProtocolError(HTTPException):
    """The peer broke the protocol. `status_hint` is the status a server answers with."""

    status_hint: int = 400

    def __init__(self, *args: object, status_hint: int = 400) -> None:
        super().__init__(*args)
        self.status_hint = status_hint


class UnknownProtocol(RemoteProtocolError):
    """The response names a protocol version this client does not speak: `version`."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


class UnknownTransferEncoding(RemoteProtocolError):
    """The message has a transfer coding that is not implemented."""


class IncompleteRead(RemoteProtocolError):
    """The connection ended inside a body, after `partial`; `expected` more bytes are missing."""

    def __init__(self, partial: bytes, expected: int | None = None) -> None:
        super().__init__(partial)
        self.partial = partial
        self.expected = expected

    def __repr__(self) -> str:
        more = "" if self.expected is None else f", {self.expected} more expected"
        return f"{type(self).__name__}({len(self.partial)} bytes read{more})"

    __str__ = object.__str__


class LineTooLong(RemoteProtocolError):
    """A line of the message is longer than its bound, `limit` bytes."""

    def __init__(self, line_type: str, limit: int | None = None, *, status_hint: int = 431) -> None:
        if limit is None:
            # A program has raised it in the stdlib's way, for a line over the client's bound.
            limit = getattr(sys.modules.get("nethttp.client"), "_MAXLINE", 65536)
        super().__init__(
            f"got more than {limit} bytes when reading {line_type}", status_hint=status_hint
        )


class BadStatusLine(RemoteProtocolError):
    """The first line of a response is not a status line; `line` is the received text."""

    def __init__(self, line: str) -> None:
        if not line:
            line = repr(line)
        super().__init__(line)
        self.line = line

    def __str__(self) -> str:
        plain = self.line.isprintable() and len(self.line) <= MAX_EXCERPT
        return self.line if plain else excerpt(self.line)


class RemoteDisconnected(ConnectionResetError, BadStatusLine):
    """The peer closed the connection before the first byte of a response."""

    def __init__(self, *args: object) -> None:
        BadStatusLine.__init__(self, "")
        ConnectionResetError.__init__(self, *args)
