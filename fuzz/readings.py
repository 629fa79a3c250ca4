"""One question to three parsers: what is the first message of these bytes, and where does it end?

The answer is a `Reading`; nethttp's own connection, llhttp (through httptools) and h11 each give
one, and so does `HTTPResponse`, which reads from a file in its own steps. A parser sees one
connection, fed whole or octet by octet, as its interface allows.
"""

from __future__ import annotations

import io
from enum import Enum
from typing import Any, NamedTuple

import h11
import httptools

from nethttp.client import HTTPResponse
from nethttp.errors import HTTPException, RemoteProtocolError
from nethttp.wire.events import Data, EndOfMessage, NoEvent, Request, Response
from nethttp.wire.h1.connection import ClientConnection, Connection, ServerConnection

__all__ = ["Reading", "State", "by_h11", "by_llhttp", "by_nethttp", "by_response"]


class State(Enum):
    """How far a parser got."""

    REFUSED = "refused"
    HEAD_INCOMPLETE = "waits for more of the head"
    BODY_INCOMPLETE = "waits for more of the body"
    MESSAGE = "read a message"


class Reading(NamedTuple):
    """A parser's result: the body, and, once it is complete, where the next message begins."""

    state: State
    body: bytes = b""
    end: int = 0
    why: str = ""


def by_nethttp(data: bytes, role: str, *, cut: int = 0) -> Reading:
    """Return the reading of `wire.h1`; with `cut`, the bytes arrive in two pieces, cut there.

    A response is read as one to a GET.
    """
    connection: Connection = ServerConnection()
    if role == "client":
        connection = ClientConnection()
        connection.send_request(Request("GET", "/", [("Host", "a")]))
        connection.send_end()
    # An empty piece would mean the end of the connection.
    pieces = [piece for piece in (data[:cut], data[cut:]) if piece]
    received = 0
    head, body = False, b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, Request) or (isinstance(event, Response) and event.status >= 200):
                head = True
            elif isinstance(event, Data):
                body += event.content
            elif isinstance(event, EndOfMessage):
                return Reading(State.MESSAGE, body, received - len(connection.buffered))
            elif isinstance(event, NoEvent):
                if not pieces:
                    break
                received += len(pieces[0])
                connection.receive(pieces.pop(0))
    except RemoteProtocolError as error:
        return Reading(State.REFUSED, why=str(error))
    return Reading(State.BODY_INCOMPLETE if head else State.HEAD_INCOMPLETE, body)


class _Socket:
    """A socket for a response: its file has all bytes that the peer sent."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str, /) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self.data))


def by_response(data: bytes) -> Reading:
    """Return the reading of `HTTPResponse`: a response to a GET, after which the peer closes."""
    response = HTTPResponse(_Socket(data), method="GET")
    try:
        response.begin()
        return Reading(State.MESSAGE, response.read())
    except HTTPException as error:
        return Reading(State.REFUSED, why=str(error))
    finally:
        response.close()


class _Collector:
    """The callbacks that httptools calls."""

    def __init__(self) -> None:
        self.body = b""
        self.status_of: Any = None
        self.head = self.complete = False

    def on_headers_complete(self) -> None:
        self.head = self.status_of is None or self.status_of() >= 200

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        # llhttp counts an interim response as a separate message.
        self.complete = self.complete or self.head


def by_llhttp(data: bytes, role: str) -> Reading:
    """Return llhttp's reading."""
    seen = _Collector()
    if role == "client":
        parser: Any = httptools.HttpResponseParser(seen)
        seen.status_of = parser.get_status_code
    else:
        parser = httptools.HttpRequestParser(seen)
    try:
        # Octet by octet, since llhttp does not report where a complete message ended.
        for place in range(len(data)):
            parser.feed_data(data[place : place + 1])
            if seen.complete:
                return Reading(State.MESSAGE, seen.body, place + 1)
    except httptools.HttpParserUpgrade:
        return Reading(State.MESSAGE, seen.body, place + 1)
    except httptools.HttpParserError as error:
        if "Pause on CONNECT/Upgrade" in str(error):  # how it says so of a response
            return Reading(State.MESSAGE, seen.body, place + 1)
        return Reading(State.REFUSED, why=repr(error))
    return Reading(State.BODY_INCOMPLETE if seen.head else State.HEAD_INCOMPLETE, seen.body)


def by_h11(data: bytes, role: str) -> Reading:
    """Return h11's reading."""
    if role == "client":
        connection = h11.Connection(h11.CLIENT)
        # h11 accepts a 101 only if the request asked for an upgrade.
        headers = [("Host", "a"), ("Upgrade", "x"), ("Connection", "upgrade")]
        connection.send(h11.Request(method="GET", target="/", headers=headers))
        connection.send(h11.EndOfMessage())
    else:
        connection = h11.Connection(h11.SERVER)
    head, body = False, b""
    try:
        if data:
            connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request | h11.Response):
                head = True
            elif isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                return Reading(State.MESSAGE, b"", len(data) - len(connection.trailing_data[0]))
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                rest = connection.trailing_data[0]
                return Reading(State.MESSAGE, body, len(data) - len(rest))
            elif event in (h11.NEED_DATA, h11.PAUSED):
                break
    except h11.RemoteProtocolError as error:
        return Reading(State.REFUSED, why=str(error))
    return Reading(State.BODY_INCOMPLETE if head else State.HEAD_INCOMPLETE, body)
