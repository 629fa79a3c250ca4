"""Holes that were found in other HTTP parsers, one test each, named after them.

Those of reading messages; client, server, cookies and jar have theirs beside their tests. Requests
are refused by all that read requests: the sans-I/O connection, and servers of handlers and of a
WSGI application, which are sent the bytes.
"""

from __future__ import annotations

import io
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from nethttp.errors import IncompleteRead, LocalProtocolError, RemoteProtocolError
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from nethttp.server.wsgi import WSGIHandler, WSGIServer
from nethttp.wire.events import Data, EndOfMessage, Request, Response
from nethttp.wire.h1.body import ChunkedDecoder, LengthDecoder
from nethttp.wire.h1.connection import ServerConnection
from nethttp.wire.h1.head import (
    parse_chunk_line,
    parse_request_head,
    parse_response_head,
    serialise_fields,
    serialise_request_head,
    serialise_response_head,
)
from nethttp.wire.h1.reader import BodyReader
from nethttp.wire.limits import DEFAULT_LIMITS
from nethttp.wire.values import parse_byte_ranges, parse_media_type

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

Exchange = Callable[[bytes], tuple[list[int], list[tuple[str, bytes]]]]
"""Sends requests, and returns the statuses that came back, and targets and contents that were
seen."""


def core_exchange(data: bytes) -> tuple[list[int], list[tuple[str, bytes]]]:
    """Give the bytes to the sans-I/O connection, and answer each request with 200."""
    connection = ServerConnection()
    connection.receive(data)
    statuses: list[int] = []
    seen: list[tuple[str, bytes]] = []
    target, content = "", b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, Request):
                target, content = event.target, b""
            elif isinstance(event, Data):
                content += event.content
            elif isinstance(event, EndOfMessage):
                seen.append((target, content))
                connection.send_response(Response(200, "OK", [("Content-Length", "0")]))
                connection.send_end()
                statuses.append(200)
                if not connection.reusable:
                    break
                connection.next_cycle()
            else:
                break
    except RemoteProtocolError as error:
        statuses.append(error.status_hint)
        # Nothing more is read.
        with pytest.raises(RemoteProtocolError):
            connection.next_event()
    return statuses, seen


#: More than the system's buffers hold.
LARGE = b"x" * (8 << 20)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The bounds of the sans-I/O connection; a server's own are wider.
    limits = DEFAULT_LIMITS
    seen: list[tuple[str, bytes]] = []

    def do_POST(self):
        self.seen.append((self.path, self.rfile.read()))
        body = LARGE if self.path == "/large" else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_CONNECT = do_POST

    def log_message(self, format, *args):
        pass


class ReadsContent(WSGIHandler):
    limits = DEFAULT_LIMITS

    def log_message(self, format, *args):
        pass


def application(environ, start_response):
    Handler.seen.append((environ["PATH_INFO"], environ["wsgi.input"].read()))
    body = LARGE if environ["PATH_INFO"] == "/large" else b""
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture(scope="module")
def addresses(watch_threads) -> Iterator[dict[str, Any]]:
    """Start a server of handlers and one of a WSGI application, and give their addresses."""
    with (
        watch_threads(),
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as handlers,
        WSGIServer(("127.0.0.1", 0), application, handler_class=ReadsContent) as wsgi,
    ):
        servers = {"handler": handlers, "wsgi": wsgi}
        threads = [
            threading.Thread(target=server.serve_forever, args=(0.01,))
            for server in servers.values()
        ]
        for thread in threads:
            thread.start()
        yield {name: server.server_address for name, server in servers.items()}
        for server in servers.values():
            server.shutdown()
        for thread in threads:
            thread.join()


@pytest.fixture(autouse=True)
def no_thread_is_left(addresses):
    """Nothing: the tests here share servers, and `addresses` looks for what they leave."""


@pytest.fixture(params=["core", "handler", "wsgi"])
def exchange(request, addresses) -> Exchange:
    """Return each reader of requests in turn."""
    if request.param == "core":
        return core_exchange
    address = addresses[request.param]

    def served(data: bytes) -> tuple[list[int], list[tuple[str, bytes]]]:
        Handler.seen.clear()
        answer = b""
        with socket.create_connection(address, timeout=10) as sock:
            # A server that has had enough resets; its answer is there to be read.
            with suppress(OSError):
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                while piece := sock.recv(65536):
                    answer += piece
        statuses = [int(status) for status in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]
        return statuses, list(Handler.seen)

    return served


@pytest.fixture
def refused(exchange) -> Callable[..., int]:
    """Return a function that gives the status with which a request is refused."""

    def refuse(*lines: bytes, body: bytes = b"", head: bytes = HEAD) -> int:
        data = head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body
        # What an attacker would smuggle in.
        statuses, seen = exchange(data + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(statuses) == 1, "one refusal, and nothing after it"
        assert seen == []
        return statuses[0]

    return refuse


@pytest.fixture
def chunked_refused(exchange) -> Callable[[bytes], None]:
    """Return a function that fails if chunked content is not refused."""

    def refuse(body: bytes) -> None:
        statuses, seen = exchange(CHUNKED + body)
        assert len(statuses) == 1
        assert 400 <= statuses[0] < 500
        assert seen == []

    return refuse


# --- CPython ---


def test_gh_150499_framing(refused):
    assert refused(b"Content-Length: 4", b"Content-Length: 5") == 400
    assert refused(b"Content-Length: 4", b"Transfer-Encoding: chunked") == 400


@pytest.mark.parametrize("length", [b"+4", b"-4", b"4_0", b"0x4", b" 4 4", b"\xb2", b"\xd9\xa4"])
def test_gh_150751_lengths(refused, length):
    assert refused(b"Content-Length: " + length) == 400


def test_gh_87979_huge_method(exchange):
    assert exchange(b"A" * 100_000 + b" / HTTP/1.1\r\nHost: a\r\n\r\n") == ([414], [])


def test_gh_150743_endless_trailers():
    class Endless(io.BytesIO):
        def readline(self, limit: int | None = -1, /) -> bytes:
            return super().readline(limit) or b"A: b\r\n"

    with pytest.raises(RemoteProtocolError):
        BodyReader(Endless(b"0\r\n"), ChunkedDecoder()).read()


def test_cve_2025_13836_a_huge_length_preallocates_nothing():
    # A read of the whole length at once would raise MemoryError.
    with pytest.raises(IncompleteRead):
        BodyReader(io.BufferedReader(io.BytesIO(b"x")), LengthDecoder(2**62)).read()


@pytest.mark.parametrize("text", ["\r\nX: y", "\n", "\r", "\0"])
def test_cve_2019_9740_9947_18348_2020_26116_line_ends_in_what_is_sent(text):
    for write in (
        lambda: serialise_request_head("GET" + text, "/", []),
        lambda: serialise_request_head("GET", "/" + text, []),
        lambda: serialise_fields([("A" + text, "b")]),
        lambda: serialise_fields([("A", "b" + text)]),
        lambda: serialise_response_head(200, "OK" + text, []),
    ):
        with pytest.raises(LocalProtocolError):
            write()


def test_gh_136063_parameters_take_linear_time():
    media_type = parse_media_type("a/b" + ';x="' * 300_000)
    assert media_type is not None


# --- aiohttp ---


def test_aiohttp_2023_47627_nul_in_a_value_and_space_before_the_colon(refused):
    for line in (b"A: b\0c", b"A: b\rc", b"A : b"):
        assert refused(line) == 400


def test_aiohttp_2023_47641_length_and_coding(refused):
    assert refused(b"Transfer-Encoding: chunked", b"Content-Length: 0", body=b"0\r\n\r\n") == 400


def test_aiohttp_2023_49081_49082_line_ends_in_version_and_method(refused):
    with pytest.raises(LocalProtocolError):
        serialise_request_head("GET / HTTP/1.1\r\nX: y\r\n\r\nGET", "/", [])
    assert refused(head=b"GET\r / HTTP/1.1\r\nHost: a\r\n") == 400
    assert refused(head=b"GET / HTTP/1.1\rX\r\nHost: a\r\n") == 400


def test_aiohttp_2024_52304_newline_in_a_chunk_extension(chunked_refused):
    chunked_refused(b"2;\nxx\r\n4c\r\n0\r\n\r\n")
    chunked_refused(b"2;a=\nb\r\nxx\r\n0\r\n\r\n")


def test_aiohttp_2025_53643_trailers_are_read_as_trailers(exchange):
    data = b"1\r\na\r\n0\r\nX: GET /smuggled HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n"
    assert exchange(CHUNKED + data) == ([200, 200], [("/", b"a"), ("/next", b"")])
    source = io.BytesIO(data)
    body = BodyReader(source, ChunkedDecoder())
    assert body.read() == b"a"
    assert body.trailers == [("X", "GET /smuggled HTTP/1.1")]
    assert source.read().startswith(b"GET /next")


def test_aiohttp_2025_69224_non_ascii_digits_and_spaces(refused, chunked_refused):
    assert refused(b"Content-Length: \xd9\xa1") == 400
    assert refused(b"Transfer-Encoding: chunked\xa0") == 501
    assert refused(head="POST / HTTP/1.\u00b9\r\nHost: a\r\n".encode("latin-1")) == 400
    chunked_refused("\u00b9\r\na\r\n0\r\n\r\n".encode("latin-1"))


def test_aiohttp_2025_69225_non_ascii_digits_in_range():
    assert parse_byte_ranges("bytes=\u0661-\u0662", 10) is None


def test_aiohttp_2026_22815_unlimited_trailers(chunked_refused):
    chunked_refused(b"0\r\n" + b"A: b\r\n" * 100_000 + b"\r\n")


def test_aiohttp_2026_34520_nul_in_a_response_field():
    with pytest.raises(RemoteProtocolError, match=r"'\\x00' in it"):
        parse_response_head(b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n")


def test_aiohttp_2026_34525_duplicate_host(refused):
    assert refused(b"Host: b") == 400


def test_aiohttp_2026_54273_pipelined_requests_wait_in_the_connection():
    connection = ServerConnection()
    connection.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
    events = [connection.next_event() for _ in range(4)]
    assert [type(event).__name__ for event in events] == [
        *("Request", "EndOfMessage"),
        *("NoEvent", "NoEvent"),
    ]


@pytest.mark.parametrize("server", ["handler", "wsgi"])
def test_aiohttp_2026_54273_pipelined_requests_wait_in_the_socket(addresses, server):
    """A client that reads no answer is soon kept from sending: the system's buffers are full."""
    requests = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n" * 1000
    sent = 0
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        sock.settimeout(1)
        sock.connect(addresses[server])
        with pytest.raises(TimeoutError):
            while sent < 64 << 20:
                sent += sock.send(requests)


def test_aiohttp_2025_69227_69228_69229_a_million_chunks_take_linear_time_and_no_memory():
    class Chunks(io.RawIOBase):
        """A million chunks of one byte, made as they are read."""

        left = 1_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            count = min(len(buffer) // 6, self.left)
            self.left -= count
            data = b"1\r\nx\r\n" * count if count else b"0\r\n\r\n"
            buffer[: len(data)] = data
            return len(data)

    body = BodyReader(io.BufferedReader(Chunks(), 60_000), ChunkedDecoder())
    assert sum(len(piece) for piece in iter(lambda: body.read1(65536), b"")) == 1_000_000
    assert body.complete


# --- gunicorn, waitress, h11, tornado, twisted, starlette ---


def test_gunicorn_2024_1135_conflicting_codings(refused):
    assert refused(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") == 400


def test_gunicorn_2024_6827_an_invalid_coding_never_falls_back_to_the_length(refused):
    assert refused(b"Transfer-Encoding: xchunked", b"Content-Length: 5") == 400
    assert refused(b"Transfer-Encoding: cow") == 501


def test_gunicorn_bare_cr_in_a_chunk_extension(chunked_refused):
    chunked_refused(b"1;a\rb\r\na\r\n0\r\n\r\n")


def test_gunicorn_stacked_chunked(refused):
    assert refused(b"Transfer-Encoding: chunked, chunked") == 400


def test_gunicorn_chunked_on_http_1_0(refused):
    assert refused(b"Transfer-Encoding: chunked", head=b"POST / HTTP/1.0\r\nHost: a\r\n") == 400


def test_gunicorn_length_as_a_list(refused):
    assert refused(b"Content-Length: 5, 5") == 400


def test_gunicorn_forbidden_trailer_names(chunked_refused):
    source = io.BytesIO(b"0\r\nAuthorization: x\r\nHost: b\r\nOk: 1\r\n\r\n")
    body = BodyReader(source, ChunkedDecoder())
    body.read()
    assert body.trailers == [("Ok", "1")]
    for name in (b"Content-Length: 9", b"Transfer-Encoding: x"):
        chunked_refused(b"0\r\n" + name + b"\r\nOk: 1\r\n\r\n")


def test_gunicorn_misuse_of_authority_and_asterisk_form(refused):
    for line in (b"GET a:80", b"GET *", b"CONNECT /", b"POST a:80"):
        assert refused(head=line + b" HTTP/1.1\r\nHost: a\r\n") == 400


def test_gunicorn_missing_final_crlf_after_the_last_chunk(chunked_refused):
    chunked_refused(b"1\r\na\r\n0\r\nGET / HTTP/1.1\r\n\r\n")
    with pytest.raises(IncompleteRead):
        BodyReader(io.BytesIO(b"1\r\na\r\n0\r\n"), ChunkedDecoder()).read()


def test_waitress_2019_16785_bare_lf(refused):
    assert refused(b"A: b\nX: y") == 400


def test_waitress_2019_16786_2019_16789_codings_are_parsed_as_a_list_without_odd_white_space(
    refused,
):
    assert refused(b"Transfer-Encoding: gzip, chunked") == 501
    assert refused(b"Transfer-Encoding: \x0bchunked") == 400
    assert refused(b"Transfer-Encoding: \x0cchunked") == 400


def test_waitress_2019_16792_duplicate_lengths(refused):
    assert refused(b"Content-Length: 5", b"Content-Length: 5", body=b"hello") == 400


def test_waitress_2020_5236_a_field_takes_linear_time(refused):
    # 200 KB of spaces: a pattern that backtracks over them would not come back.
    value = b" " * 60_000 + b"x"
    head = HEAD + b"A:" + value + b" " * 5000 + b"\r\n\r\n"
    assert parse_request_head(head)[3][1] == ("A", "x")
    assert refused(b"A:" + value + b"\x01") == 400


def test_waitress_2022_24761_plus_and_prefix(refused):
    for line in (b"+a\r\n", b"0xa\r\n", b"a_0\r\n", b"-1\r\n"):
        with pytest.raises(RemoteProtocolError):
            parse_chunk_line(line)
    assert refused(b"Content-Length: +10") == 400


def test_waitress_2024_49768_nothing_behind_an_invalid_request_is_served(exchange):
    behind = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
    assert exchange(b"GET / HTTP/1.1\r\n\r\n" + behind) == ([400], [])
    assert exchange(CHUNKED + b"x\r\n" + behind) == ([400], [])


def test_h11_2025_43859_two_arbitrary_bytes_after_chunk_data(chunked_refused):
    chunked_refused(b"1\r\naXX0\r\n\r\n")


def test_h11_a_length_of_a_million_digits(refused):
    with pytest.raises(RemoteProtocolError):
        parse_request_head(HEAD + b"Content-Length: " + b"1" * 1_000_000 + b"\r\n\r\n")
    assert refused(b"Content-Length: " + b"1" * 60_000) == 400


def test_twisted_2020_10108_10109_two_lengths_length_and_coding(refused):
    assert refused(b"Content-Length: 0", b"Content-Length: 5") == 400
    assert refused(b"Content-Length: 5", b"Transfer-Encoding: chunked") == 400


def test_twisted_2023_46137_a_request_is_read_after_the_answer_to_the_one_before(exchange):
    connection = ServerConnection()
    data = HEAD + b"Content-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    connection.receive(data)
    assert connection.next_event().target == "/"
    assert connection.next_event() == Data(b"a")
    assert connection.next_event() == EndOfMessage([])
    assert not isinstance(connection.next_event(), Request)
    assert exchange(data) == ([200, 200], [("/", b"a"), ("/2", b"")])


def test_starlette_2025_62727_many_ranges():
    assert parse_byte_ranges("bytes=" + ",".join(f"{i}-{i}" for i in range(100_000)), 10**6) is None


def test_starlette_2026_48710_host_with_delimiters(refused):
    for host in (b"a/b", b"a?b", b"a#b", b"a@b"):
        assert refused(head=b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n") == 400
