"""WSGI applications on the engine: PEP 3333."""

from __future__ import annotations

import gzip
import io
import os
import select
import socket
import sys
from wsgiref.validate import validator

import pytest

from nethttp.client import HTTPSConnection
from nethttp.server.wsgi import FileWrapper, WSGIHandler, WSGIServer, WSGISServer
from nethttp.wire.events import Data, EndOfMessage, Request
from nethttp.wire.h1.connection import ClientConnection

GET = b"GET /a%20b?c=d HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def serve_app(serve):
    """Return a function that serves a WSGI application."""

    def run(app):
        return serve(app, WSGIServer)

    return run


def parse_whole(answer):
    """Return the content of a response after which the server has closed."""
    connection = ClientConnection()
    connection.send_request(Request("GET", "/", [("Host", "a")]))
    connection.send_end()
    connection.receive(answer)
    connection.receive(b"")
    content = b""
    while not isinstance(event := connection.next_event(), EndOfMessage):
        content += event.content if isinstance(event, Data) else b""
    return content


def text(start_response, *fields):
    return start_response("200 OK", [("Content-Type", "text/plain"), *fields])


def test_the_environ_says_what_the_request_says(serve_app, connect):
    seen = {}

    def app(environ, start_response):
        seen.update(environ)
        text(start_response)
        return [environ["wsgi.input"].read()]

    served = serve_app(app)
    with connect(served.address) as raw:
        raw.send(
            b"POST /a%20b?c=d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: x/y\r\n"
            b"X-Z: 1\r\nX-Z: 2\r\nX_Z: 3\r\nProxy: u\r\n\r\nhi"
        )
        assert raw.response()[2] == b"hi"
        port = raw.sock.getsockname()[1]
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/a b",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "c=d",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_PORT": str(served.port),
        "CONTENT_LENGTH": "2",
        "CONTENT_TYPE": "x/y",
        "HTTP_X_Z": "1,2",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": str(port),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.url_scheme": "http",
    }
    assert {key: seen[key] for key in expected} == expected
    assert "HTTP_PROXY" not in seen


@pytest.mark.parametrize(
    "request_head",
    [
        GET,
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ],
    ids=["get", "http-1.0", "length", "chunked"],
)
def test_wsgiref_finds_nothing_to_complain_of(serve_app, connect, request_head):
    def app(environ, start_response):
        content = environ["wsgi.input"].read(3)
        text(start_response)
        return [b"got ", content]

    with connect(serve_app(validator(app)).address) as raw:
        raw.send(request_head)
        status, fields, body = raw.response()
        assert status == 200, raw.rest()
        if fields.get("transfer-encoding") != "chunked":
            assert (body or raw.rest()).startswith(b"got ")


def test_content_of_unknown_length_is_chunked(serve_app, connect):
    def app(environ, start_response):
        text(start_response)
        yield b"one "
        yield b""
        yield b"two"

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        assert raw.response()[1]["transfer-encoding"] == "chunked"
        assert raw.file.read(22) == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"
        raw.send(b"GET / HTTP/1.0\r\n\r\n")
        _, fields, _ = raw.response()
        assert fields["connection"] == "close"
        assert raw.rest() == b"one two"


def test_write_and_what_is_returned_are_sent_in_order(serve_app, connect):
    def app(environ, start_response):
        write = text(start_response, ("Content-Length", "6"))
        write(b"abc")
        return [b"def"]

    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[2] == b"abcdef"


def test_close_is_called_whatever_happens(capfd, serve_app, connect):
    closed = []

    class Body:
        def __init__(self, breaks):
            self.breaks = breaks

        def __iter__(self):
            if self.breaks:
                raise RuntimeError("broke")
            return iter([b"fine"])

        def close(self):
            closed.append(self.breaks)

    def app(environ, start_response):
        text(start_response, ("Content-Length", "4"))
        return Body(environ["PATH_INFO"] == "/breaks")

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        assert raw.response()[2] == b"fine"
        raw.send(b"GET /breaks HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.response()[0] == 500
        raw.send(GET)
        assert raw.response()[2] == b"fine"
    # The last may be closed after its response has been read.
    assert closed[:2] == [False, True]
    assert "RuntimeError: broke" in capfd.readouterr().err


def test_an_error_handler_replaces_the_head_or_raises(capfd, serve_app, connect):
    def app(environ, start_response):
        write = text(start_response)
        if environ["PATH_INFO"] == "/late":
            write(b"begun")
        try:
            raise ValueError("mine")
        except ValueError:
            start_response("503 Busy", [("Content-Length", "4")], sys.exc_info())
        return [b"busy"]

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        assert raw.response()[::2] == (503, b"busy")
        raw.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        assert raw.response()[0] == 200
        assert raw.rest() == b"5\r\nbegun\r\n"
    assert "ValueError: mine" in capfd.readouterr().err


def test_a_file_is_sent_as_it_is(serve_app, connect, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789" * 50_000)

    def app(environ, start_response):
        file = path.open("rb")
        file.seek(3)
        text(start_response)
        return environ["wsgi.file_wrapper"](file)

    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[2] == path.read_bytes()[3:]


def test_what_is_no_file_is_read():
    wrapper = FileWrapper(io.BytesIO(b"abcde"), 2)
    assert list(wrapper) == [b"ab", b"cd", b"e"]
    wrapper.close()
    assert wrapper.filelike.closed


class Shouting(io.BufferedReader):
    def read(self, size=-1, /):
        return super().read(size).upper()


class Twice(FileWrapper):
    def __iter__(self):
        for block in super().__iter__():
            yield block * 2


def _gzip(path):
    with gzip.open(path, "wb") as file:
        file.write(b"content")
    return gzip.open(path)


def _read(path):
    path.write_bytes(b"content")
    file = path.open("r+b")
    assert file.read(3) == b"con"
    return file


def _written(path):
    file = path.open("w+b")
    file.write(b"..content")
    file.seek(2)
    return file


def _pipe(_path):
    reader, writer = os.pipe()
    os.write(writer, b"content")
    os.close(writer)
    return open(reader, "rb")


def _shouting(path):
    path.write_bytes(b"content" * 10_000)
    return Shouting(io.FileIO(path))


@pytest.mark.parametrize(
    ("make", "content"),
    [
        (_gzip, b"content"),
        (_read, b"tent"),
        (_written, b"content"),
        (_pipe, b"content"),
        (_shouting, b"CONTENT" * 10_000),
        (lambda _path: io.FileIO("/proc/self/status"), b"Name:"),
        (lambda path: path.open("x+b", buffering=0), b""),
    ],
)
def test_a_file_wrapper_gives_what_reading_its_file_gives(
    serve_app, connect, tmp_path, make, content
):
    path = tmp_path / "file"

    def app(environ, start_response):
        text(start_response)
        return environ["wsgi.file_wrapper"](make(path))

    with connect(serve_app(app).address) as raw:
        raw.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
        got = parse_whole(raw.rest())
    assert got.startswith(content)
    assert got == content or content == b"Name:"


def test_a_file_wrapper_of_the_programs_own_is_iterated(serve_app, connect, tmp_path):
    (tmp_path / "file").write_bytes(b"ab")

    def app(_environ, start_response):
        text(start_response)
        return Twice((tmp_path / "file").open("rb"), 1)

    with connect(serve_app(app).address) as raw:
        raw.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
        assert parse_whole(raw.rest()) == b"aabb"


def test_text_in_a_file_wrapper_is_a_crash(capfd, serve_app, connect, tmp_path):
    (tmp_path / "file").write_text("text")

    def app(environ, start_response):
        text(start_response)
        return environ["wsgi.file_wrapper"]((tmp_path / "file").open())

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        assert raw.response()[0] == 500
    assert "expected content as bytes, got str" in capfd.readouterr().err


def _generator(*pieces):
    yield from pieces


@pytest.mark.parametrize("chunked", [False, True], ids=["as it comes", "through a handler"])
@pytest.mark.parametrize(
    "result",
    [
        *(["text"], [""], ["a", "b"], "text", b"bytes", [5], [None], None, 5),
        *((b"", "text"), {"a": b""}),
    ],
)
def test_content_that_is_no_bytes_is_500(capfd, serve_app, connect, result, chunked):
    def app(_environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return result

    request = GET.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost") + b"0\r\n\r\n"
    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(request if chunked else GET)
            assert raw.response()[0] == 500
    assert "TypeError" in capfd.readouterr().err


@pytest.mark.parametrize("chunked", [False, True], ids=["as it comes", "through a handler"])
@pytest.mark.parametrize("fails", [False, True])
def test_an_error_is_told_before_500_is_sent(capfd, serve, connect, chunked, fails):
    answered = []

    class Telling(WSGIServer):
        def handle_error(self, request, client_address):
            answered.append(bool(select.select([raw.sock], [], [], 0)[0]))
            if fails:
                raise RuntimeError("this too")

    request = GET.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost") + b"0\r\n\r\n"
    with connect(serve(lambda _environ, _start: 1 / 0, Telling).address) as raw:
        raw.send(request if chunked else GET)
        assert raw.response()[0] == 500
        assert answered[0] is False
        if fails:
            assert raw.is_closed()


@pytest.mark.parametrize(
    "piece", [bytearray(b"ok"), memoryview(b"ok"), type("B", (bytes,), {})(b"ok")]
)
@pytest.mark.parametrize("fields", [[], [("Content-Length", "2")]])
def test_content_may_be_of_any_kind_of_bytes(serve_app, connect, piece, fields):
    def app(_environ, start_response):
        start_response("200 OK", fields)
        return [piece]

    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[2] == b"ok"


def test_a_generator_that_raises_before_its_first_piece_is_500(capfd, serve_app, connect):
    def app(_environ, start_response):
        start_response("200 OK", [])
        yield b""
        raise ValueError("mine")

    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[0] == 500
    assert capfd.readouterr().err.count("ValueError: mine") == 2


@pytest.mark.parametrize("later", ["text", ValueError("mine")])
def test_what_fails_behind_the_first_piece_ends_the_connection(capfd, serve_app, connect, later):
    def app(_environ, start_response):
        start_response("200 OK", [])
        yield b"first"
        if isinstance(later, Exception):
            raise later
        yield later

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        whole = raw.rest()
    assert b"5\r\nfirst\r\n" in whole
    assert not whole.endswith(b"0\r\n\r\n"), "the client sees that something is missing"
    assert "Error" in capfd.readouterr().err


def test_a_close_that_raises_is_told_and_ends_the_connection(capfd, serve_app, connect):
    class Result(list):
        def close(self):
            raise ValueError("at close")

    def app(_environ, start_response):
        start_response("200 OK", [])
        return Result([b"ok"])

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        assert raw.response()[2] == b"ok"
        assert raw.is_closed()
    assert "ValueError: at close" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda _start: None, "AssertionError"),
        (lambda start: (start("200 OK", []), start("200 OK", [])), "AssertionError"),
        (lambda start: start("200 OK"), "TypeError"),
        (lambda start: start(200, []), "TypeError"),
        (lambda start: start(b"200 OK", []), "TypeError"),
        (lambda start: start("200 OK", None), "TypeError"),
        (lambda start: start("200 OK", [("A", 5)]), "TypeError"),
        (lambda start: start("200 OK", [("Content-Length", 5)]), "TypeError"),
        (lambda start: start("200 OK", [("A", b"b")]), "TypeError"),
        (lambda start: start("200 OK", [(b"A", "b")]), "TypeError"),
        (lambda start: start("200 OK", [("A",)]), "TypeError"),
        (lambda start: start("200 OK", {"TE": "b"}), "TypeError"),
        (lambda start: start("200 OK", [])("text"), "TypeError"),
        (lambda start: start("200 OK", [("A", "\u2603")]), "EncodeError"),
    ],
)
def test_a_wrong_start_response_is_500(capfd, serve_app, connect, call, error):
    def app(_environ, start_response):
        call(start_response)
        return [b"ok"]

    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(GET)
            assert raw.response()[0] == 500
    assert f"{error}: " in capfd.readouterr().err


@pytest.mark.parametrize(
    ("status", "fields"),
    [
        ("200", []),
        ("200 OK\r\nX: y", []),
        ("200 OK", [("A", "b\r\nX: y")]),
        ("200 OK", [("Transfer-Encoding", "chunked")]),
    ],
)
def test_what_cannot_be_sent_is_a_crash(capfd, serve_app, connect, status, fields):
    def app(environ, start_response):
        start_response(status, fields)
        return [b""]

    with connect(serve_app(app).address) as raw:
        raw.send(GET)
        answered, got, _ = raw.response()
        assert answered == 500
        assert "x" not in got
    assert "LocalProtocolError" in capfd.readouterr().err


def test_more_or_less_than_declared_keeps_nobody_in_doubt(serve_app, connect):
    def app(environ, start_response):
        text(start_response, ("Content-Length", "5"))
        return [b"hello, world"] if environ["PATH_INFO"] == "/more" else [b"he"]

    served = serve_app(app)
    for path, content in ((b"/more", b"hello"), (b"/less", b"he")):
        with connect(served.address) as raw:
            raw.send(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            assert raw.response()[2] == content
            assert raw.is_closed()


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
def test_a_response_without_content_has_none(serve_app, connect, method):
    def app(environ, start_response):
        start_response("204 No Content" if environ["REQUEST_METHOD"] == "GET" else "200 OK", [])
        return [b"content"]

    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(method + GET[3:])
            head = b"".join(iter(raw.file.readline, b"\r\n"))
            assert head.startswith(b"HTTP/1.1 20")


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"], ids=["usual", "read"])
def test_head_without_a_length_ends_no_connection_of_http_1_0(serve_app, connect, expect):
    def app(environ, start_response):
        start_response("200 OK", [])
        return iter([b"a", b"b"])

    head = b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n" + expect + b"\r\n"
    with connect(serve_app(app).address) as raw:
        for _ in range(2):
            raw.send(head)
            status, fields, _ = raw.response()
            assert (status, fields["connection"]) == (200, "keep-alive")


@pytest.mark.parametrize("fields", [[("Content-Length", "5")], []], ids=["declared", "measured"])
def test_what_is_written_behind_the_end_is_not_sent(serve_app, connect, fields):
    kept = []

    def app(environ, start_response):
        for write in kept:
            write(b"behind the end")
        kept[:] = [start_response("200 OK", fields)]
        return [b"whole"]

    with connect(serve_app(app).address) as raw:
        for _ in range(3):
            raw.send(GET)
            status, sent, content = raw.response()
            assert (status, sent["content-length"], content) == (200, "5", b"whole")


def test_every_response_is_told_of(serve, connect):
    told = []

    class Telling(WSGIServer):
        def answered(self, environ, response):
            told.append((environ["PATH_INFO"], response.status, response.sent))

    def app(environ, start_response):
        text(start_response)
        return [b"hello"]

    with connect(serve(app, Telling).address) as raw:
        raw.send(GET)
        raw.response()
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        raw.response()
        raw.send(GET)
        raw.response()
    assert told[:2] == [("/a b", 200, 5), ("/", 200, 5)]


# --- over TLS ---

BIG = bytes(range(256)) * 20_000


def big_or_echo(environ, start_response):
    content = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/big":
        text(start_response, ("Content-Length", str(len(BIG))))
        return [BIG]
    if environ["PATH_INFO"] == "/pieces":
        text(start_response)
        return (BIG[i : i + 100_000] for i in range(0, len(BIG), 100_000))
    if environ["PATH_INFO"] == "/file":
        text(start_response)
        return FileWrapper(io.BytesIO(BIG))
    text(start_response)
    return [environ["wsgi.url_scheme"].encode() + b" " + content]


def test_an_application_over_tls_is_asked_again_and_again_on_one_connection(
    serve, certificate, trusting
):
    cert, key = certificate
    served = serve(big_or_echo, WSGISServer, certfile=cert, keyfile=key)
    with HTTPSConnection("localhost", served.port, timeout=10, context=trusting) as connection:
        connection.connect()
        sock = connection.sock
        for path in ("/", "/big", "/pieces", "/file", "/"):
            connection.request("GET", path)
            content = connection.getresponse().read()
            assert content == (b"https " if path == "/" else BIG)
        for size in (10, 65_536, 1_000_000):
            connection.request("POST", "/", body=b"x" * size)
            assert connection.getresponse().read() == b"https " + b"x" * size
        assert connection.sock is sock


@pytest.mark.parametrize("path", [b"/", b"/big", b"/pieces", b"/file"])
def test_the_end_of_a_response_over_tls_cannot_be_forged(serve, certificate, trusting, path):
    """What ends with the connection ends with close_notify. RFC 9112 section 9.8."""
    cert, key = certificate
    served = serve(big_or_echo, WSGISServer, certfile=cert, keyfile=key)
    with (
        socket.create_connection(served.address, timeout=10) as sock,
        trusting.wrap_socket(
            sock, server_hostname="localhost", suppress_ragged_eofs=False
        ) as wrapped,
    ):
        wrapped.sendall(b"GET %b HTTP/1.0\r\n\r\n" % path)
        answer = b""
        while piece := wrapped.recv(65536):
            answer += piece
    assert answer.partition(b"\r\n\r\n")[2] == (b"https " if path == b"/" else BIG)


def test_a_handler_class_and_an_application_of_the_programs_are_obeyed(serve, connect):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Length", "3")])
        return [b"app"]

    def other(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return [environ.get("mine", b"other")]

    class Handler(WSGIHandler):
        def run_application(self):
            called.append(self.path)
            super().run_application()

    called = []
    request = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
    for handler, calls in ((WSGIHandler, []), (Handler, ["/x", "/x"])):
        served = serve(app, WSGIServer, handler_class=handler)
        with connect(served.address) as raw:
            raw.send(request)
            assert raw.response()[2] == b"app"
            served.server.application = other
            raw.send(request)
            assert raw.response()[2] == b"other"
        assert called == calls
